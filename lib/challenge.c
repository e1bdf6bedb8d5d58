/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/challenge.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/rand.h>

#include "lib/base64.h"
#include "lib/json.h"

#define TYPE_CHALLENGE "hallmark-challenge"
#define TYPE_SECRET    "hallmark-challenge-secret"

static int draw(uint8_t *ret, size_t size)
{
        if (RAND_bytes(ret, (int)size) == 1)
                return 0;
        ERR_clear_error();
        return -ENOMEM;
}

int challenge_make(const struct certificate *certificate, const struct tpm_name *attestation_key,
                   struct challenge *ret, struct challenge_secret *ret_secret)
{
        struct challenge challenge = {.attestation_key = *attestation_key,
                                      .certificate = *certificate_fingerprint(certificate)};
        struct challenge_secret secret = {.attestation_key = *attestation_key,
                                          .certificate = challenge.certificate};
        struct view spki = certificate_spki(certificate);
        int r = credential_endorsement(spki, &challenge.endorsement);

        if (r == 0)
                r = draw(secret.nonce, sizeof(secret.nonce));
        if (r == 0)
                r = draw(secret.secret, sizeof(secret.secret));
        if (r == 0)
                r = credential_make(spki, tpm_name_view(attestation_key),
                                    view_of(secret.secret, sizeof(secret.secret)),
                                    &challenge.credential);
        if (r < 0)
                return r;
        memcpy(challenge.nonce, secret.nonce, sizeof(secret.nonce));
        *ret = challenge;
        *ret_secret = secret;
        return 0;
}

void challenge_done(struct challenge *challenge)
{
        credential_done(&challenge->credential);
}

static int set(json_t *object, const char *name, json_t *value)
{
        return json_object_set_new(object, name, value);
}

static int set_hex(json_t *object, const char *name, struct view bytes)
{
        char text[HEX_SIZE(TPM_NAME_SIZE)];

        return set(object, name, json_string(hex_encode(bytes, text)));
}

static int set_base64(json_t *object, const char *name, struct view bytes)
{
        _cleanup_(buf_done) struct buf text = {};

        base64_encode(&text, bytes);
        return buf_error(&text)
                       ? -1
                       : set(object, name, json_stringn((const char *)text.data, text.size));
}

static int put_object(struct buf *buf, json_t *object, int failed)
{
        if (object && !failed) {
                json_put(buf, object);
                buf_put_u8(buf, '\n');
        }
        failed = failed || !object;
        json_decref(object);
        return failed ? -ENOMEM : buf_error(buf);
}

int challenge_put(struct buf *buf, const struct challenge *challenge)
{
        json_t *object = json_object();
        int r = object ? 0 : -1;

        r |= set_hex(object, "attestationKey", tpm_name_view(&challenge->attestation_key));
        r |= set_base64(object, "credentialBlob", buf_view(&challenge->credential.blob));
        r |= set_base64(object, "encryptedSecret", buf_view(&challenge->credential.encrypted));
        r |= set_hex(object, "endorsementCertificate", sha256_view(&challenge->certificate));
        r |= set(object, "endorsementKey", json_string(challenge->endorsement->name));
        r |= set_hex(object, "nonce", view_of(challenge->nonce, sizeof(challenge->nonce)));
        r |= set(object, "type", json_string(TYPE_CHALLENGE));
        r |= set(object, "v", json_integer(1));
        return put_object(buf, object, r < 0);
}

int challenge_secret_put(struct buf *buf, const struct challenge_secret *secret)
{
        json_t *object = json_object();
        int r = object ? 0 : -1;

        r |= set_hex(object, "attestationKey", tpm_name_view(&secret->attestation_key));
        r |= set_hex(object, "endorsementCertificate", sha256_view(&secret->certificate));
        r |= set_hex(object, "nonce", view_of(secret->nonce, sizeof(secret->nonce)));
        r |= set_hex(object, "secret", view_of(secret->secret, sizeof(secret->secret)));
        r |= set(object, "type", json_string(TYPE_SECRET));
        r |= set(object, "v", json_integer(1));
        return put_object(buf, object, r < 0);
}

static int bad_member(struct problem *problem, const char *name)
{
        return problem_set(problem, -EBADMSG, "challenge: %s: not as it must be", name);
}

static int read_hex(const json_t *object, const char *name, uint8_t *ret, size_t size,
                    struct problem *problem)
{
        return hex_decode(view_string(json_member_string(object, name)), ret, size) < 0
                       ? bad_member(problem, name)
                       : 0;
}

static int read_base64(const json_t *object, const char *name, struct buf *ret,
                       struct problem *problem)
{
        int r = base64_decode(ret, view_string(json_member_string(object, name)));

        if (r == -ENOMEM)
                return r;
        return r < 0 || ret->size == 0 ? bad_member(problem, name) : 0;
}

/* Members of both files. */
static int read_common(const json_t *object, const char *type, struct challenge_secret *ret,
                       struct problem *problem)
{
        int r = 0;

        if (!string_equal(json_member_string(object, "type"), type))
                return problem_set(problem, -EBADMSG, "type: expected %s", type);
        if (json_member_integer(object, "v", 0) != 1)
                return bad_member(problem, "v");
        r = read_hex(object, "attestationKey", ret->attestation_key.bytes, TPM_NAME_SIZE, problem);
        if (r == 0)
                r = read_hex(object, "endorsementCertificate", ret->certificate.bytes, SHA256_SIZE,
                             problem);
        return r < 0 ? r : read_hex(object, "nonce", ret->nonce, sizeof(ret->nonce), problem);
}

static int read_object(struct view text, const struct json_member *members, size_t count,
                       json_t **ret, struct problem *problem)
{
        json_t *object = NULL;
        int r;

        if (text.size > CHALLENGE_TEXT_MAX)
                return problem_set(problem, -EBADMSG, "challenge: longer than %zu bytes",
                                   CHALLENGE_TEXT_MAX);
        r = json_parse_object(text, &object, problem);
        if (r == 0)
                r = json_check_members(object, "challenge", members, count, problem);
        if (r < 0)
                json_decref(object);
        else
                *ret = object;
        return r;
}

static int read_challenge(const json_t *object, struct challenge *ret, struct problem *problem)
{
        struct challenge_secret common;
        int r = read_common(object, TYPE_CHALLENGE, &common, problem);

        if (r < 0)
                return r;
        ret->attestation_key = common.attestation_key;
        ret->certificate = common.certificate;
        memcpy(ret->nonce, common.nonce, sizeof(ret->nonce));
        ret->endorsement = endorsement_find(json_member_string(object, "endorsementKey"));
        if (!ret->endorsement)
                return bad_member(problem, "endorsementKey");
        r = read_base64(object, "credentialBlob", &ret->credential.blob, problem);
        return r < 0 ? r
                     : read_base64(object, "encryptedSecret", &ret->credential.encrypted, problem);
}

int challenge_parse(struct view text, struct challenge *ret, struct problem *problem)
{
        static const struct json_member members[] = {
                {"attestationKey", JSON_STRING, 1},
                {"credentialBlob", JSON_STRING, 1},
                {"encryptedSecret", JSON_STRING, 1},
                {"endorsementCertificate", JSON_STRING, 1},
                {"endorsementKey", JSON_STRING, 1},
                {"nonce", JSON_STRING, 1},
                {"type", JSON_STRING, 1},
                {"v", JSON_INTEGER, 1},
        };
        json_t *object = NULL;
        int r;

        *ret = (struct challenge){.credential = {.blob = BUF_INIT(CREDENTIAL_SIZE_MAX),
                                                 .encrypted = BUF_INIT(CREDENTIAL_SIZE_MAX)}};
        r = read_object(text, members, ARRAY_SIZE(members), &object, problem);
        if (r < 0)
                return r;
        r = read_challenge(object, ret, problem);
        json_decref(object);
        return r;
}

int challenge_secret_parse(struct view text, struct challenge_secret *ret, struct problem *problem)
{
        static const struct json_member members[] = {
                {"attestationKey", JSON_STRING, 1}, {"endorsementCertificate", JSON_STRING, 1},
                {"nonce", JSON_STRING, 1},          {"secret", JSON_STRING, 1},
                {"type", JSON_STRING, 1},           {"v", JSON_INTEGER, 1},
        };
        struct challenge_secret secret;
        json_t *object = NULL;
        int r = read_object(text, members, ARRAY_SIZE(members), &object, problem);

        if (r < 0)
                return r;
        r = read_common(object, TYPE_SECRET, &secret, problem);
        if (r == 0)
                r = read_hex(object, "secret", secret.secret, sizeof(secret.secret), problem);
        json_decref(object);
        if (r == 0)
                *ret = secret;
        return r;
}
