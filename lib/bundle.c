/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/bundle.h"

#include <errno.h>

#include "lib/base64.h"

#define MEDIA_TYPE         "application/vnd.dev.sigstore.bundle.v0.3+json"
#define SIGNATURE_SIZE_MAX ((size_t)4096) /* far over any row of lib/algorithm.h */

char *bundle_hint(const struct pubkey *key, char ret[BUNDLE_HINT_SIZE])
{
        _cleanup_(buf_done) struct buf text = {};

        base64_encode(&text, sha256_view(pubkey_fingerprint(key)));
        assert(!buf_error(&text) && text.size == BUNDLE_HINT_SIZE - 1);
        memcpy(ret, text.data, text.size);
        ret[text.size] = '\0';
        return ret;
}

/* Names and base64 need no escapes, and readers want this order of members for the eye. */
static int put_material(struct buf *buf, const char *hint, const struct tlog_entry *entry)
{
        int r = 0;

        buf_put_string(buf, "{\"mediaType\":\"" MEDIA_TYPE "\",\"verificationMaterial\":"
                            "{\"publicKey\":{\"hint\":\"");
        buf_put_string(buf, hint);
        buf_put_string(buf, "\"}");
        if (entry) {
                buf_put_string(buf, ",\"tlogEntries\":[");
                r = tlog_entry_put(buf, entry);
                buf_put_u8(buf, ']');
        }
        buf_put_u8(buf, '}');
        return r;
}

int bundle_put_envelope(struct buf *buf, const char *hint, const struct buf *payload,
                        const struct tlog_statement *statement, const struct tlog_entry *entry)
{
        int r = put_material(buf, hint, entry);

        buf_put_string(buf, ",\"dsseEnvelope\":");
        dsse_put(buf, DSSE_IN_TOTO, payload, statement->signature);
        buf_put_string(buf, "}\n");
        return r < 0 ? r : buf_error(buf);
}

int bundle_put(struct buf *buf, const struct tlog_statement *statement,
               const struct tlog_entry *entry)
{
        char hint[BUNDLE_HINT_SIZE];
        int r = put_material(buf, bundle_hint(statement->key, hint), entry);

        buf_put_string(buf, ",\"messageSignature\":{\"messageDigest\":{\"algorithm\":\"");
        buf_put_string(buf, digest_find_hash(statement->algorithm->hash)->sigstore_name);
        buf_put_string(buf, "\",\"digest\":\"");
        base64_encode(buf, statement->digest);
        buf_put_string(buf, "\"},\"signature\":\"");
        base64_encode(buf, statement->signature);
        buf_put_string(buf, "\"}}\n");
        return r < 0 ? r : buf_error(buf);
}

static int read_base64(const json_t *object, const char *what, const char *name, struct buf *ret,
                       struct problem *problem)
{
        int r = base64_decode(ret, view_string(json_member_string(object, name)));

        if (r == -ENOMEM)
                return r;
        if (r == -EMSGSIZE)
                return problem_set(problem, -EBADMSG, "%s: member \"%s\": longer than %zu bytes",
                                   what, name, ret->limit);
        if (r < 0)
                return problem_set(problem, -EBADMSG, "%s: member \"%s\": no standard base64", what,
                                   name);
        return 0;
}

static int read_digest(const json_t *object, struct bundle *ret, struct problem *problem)
{
        static const struct json_member members[] = {
                {"algorithm", JSON_STRING, 1},
                {"digest", JSON_STRING, 1},
        };
        _cleanup_(buf_done) struct buf digest = BUF_INIT(DIGEST_SIZE_MAX);
        const struct digest_hash *hash;
        const char *name;
        int r = json_check_members(object, "messageDigest", members, ARRAY_SIZE(members), problem);

        if (r < 0)
                return r;
        name = json_member_string(object, "algorithm");
        hash = digest_find_sigstore(name);
        if (!hash)
                return problem_set(problem, -EOPNOTSUPP,
                                   "messageDigest: unknown hash algorithm \"%.32s\"", name);
        r = read_base64(object, "messageDigest", "digest", &digest, problem);
        if (r < 0)
                return r;
        if (digest.size != hash->size)
                return problem_set(problem, -EBADMSG, "messageDigest: %s has %zu bytes, found %zu",
                                   name, hash->size, digest.size);
        memcpy(ret->digest, digest.data, digest.size);
        ret->digest_size = digest.size;
        ret->hash = hash->name;
        return 0;
}

static int read_signature(const json_t *object, struct bundle *ret, struct problem *problem)
{
        static const struct json_member members[] = {
                {"messageDigest", JSON_OBJECT, 1},
                {"signature", JSON_STRING, 1},
        };
        int r = json_check_members(object, "messageSignature", members, ARRAY_SIZE(members),
                                   problem);

        if (r == 0)
                r = read_digest(json_object_get(object, "messageDigest"), ret, problem);
        if (r == 0)
                r = read_base64(object, "messageSignature", "signature", &ret->signature, problem);
        if (r == 0 && ret->signature.size == 0)
                r = problem_set(problem, -EBADMSG, "messageSignature: the signature is empty");
        return r;
}

/* Timestamps that nobody checked must not look as if they had been. */
static int expect_empty(const json_t *material, const char *name, struct problem *problem)
{
        const json_t *value = json_object_get(material, name);

        if (json_array_size(value) == 0 && json_object_size(value) == 0)
                return 0;
        return problem_set(problem, -EOPNOTSUPP,
                           "verificationMaterial: member \"%s\": such evidence is not read here",
                           name);
}

static int read_entries(const json_t *entries, struct bundle *ret, struct problem *problem)
{
        size_t count = json_array_size(entries);

        if (count > BUNDLE_ENTRIES_MAX)
                return problem_set(problem, -EBADMSG, "tlogEntries: more than %d",
                                   BUNDLE_ENTRIES_MAX);
        if (count == 0)
                return 0;
        ret->entries = calloc(count, sizeof(*ret->entries));
        if (!ret->entries)
                return -ENOMEM;
        while (ret->entry_count < count) {
                int r = tlog_entry_parse(json_array_get(entries, ret->entry_count),
                                         &ret->entries[ret->entry_count], problem);

                if (r < 0)
                        return r;
                ret->entry_count++;
        }
        return 0;
}

static int read_material(const json_t *object, struct bundle *ret, struct problem *problem)
{
        static const struct json_member members[] = {
                {"publicKey", JSON_OBJECT, 0},
                {"certificate", JSON_OBJECT, 0},
                {"x509CertificateChain", JSON_OBJECT, 0},
                {"tlogEntries", JSON_ARRAY, 0},
                {"timestampVerificationData", JSON_OBJECT, 0},
        };
        static const struct json_member key_members[] = {{"hint", JSON_STRING, 0}};
        const json_t *key = json_object_get(object, "publicKey");
        const char *hint;
        int r = json_check_members(object, "verificationMaterial", members, ARRAY_SIZE(members),
                                   problem);

        if (r == 0 && !json_is_object(key))
                r = problem_set(problem, -EOPNOTSUPP,
                                "verificationMaterial: expected \"publicKey\"; certificates are "
                                "not read here");
        if (r == 0 && (json_is_object(json_object_get(object, "certificate")) ||
                       json_is_object(json_object_get(object, "x509CertificateChain"))))
                r = problem_set(problem, -EBADMSG,
                                "verificationMaterial: both a public key and a certificate");
        if (r == 0)
                r = json_check_members(key, "publicKey", key_members, 1, problem);
        if (r == 0)
                r = expect_empty(object, "timestampVerificationData", problem);
        if (r == 0)
                r = read_entries(json_object_get(object, "tlogEntries"), ret, problem);
        if (r < 0)
                return r;
        hint = json_member_string(key, "hint");
        ret->hint = strdup(hint ? hint : "");
        return ret->hint ? 0 : -ENOMEM;
}

static int read_bundle(const json_t *object, struct bundle *ret, struct problem *problem)
{
        static const struct json_member members[] = {
                {"mediaType", JSON_STRING, 1},
                {"verificationMaterial", JSON_OBJECT, 1},
                {"messageSignature", JSON_OBJECT, 0},
                {"dsseEnvelope", JSON_OBJECT, 0},
        };
        const json_t *envelope = json_object_get(object, "dsseEnvelope");
        const json_t *signature = json_object_get(object, "messageSignature");
        int r = json_check_members(object, "bundle", members, ARRAY_SIZE(members), problem);

        if (r < 0)
                return r;
        if (!string_equal(json_member_string(object, "mediaType"), MEDIA_TYPE))
                return problem_set(problem, -EBADMSG,
                                   "bundle: mediaType: expected \"" MEDIA_TYPE
                                   "\", found \"%.80s\"",
                                   json_member_string(object, "mediaType"));
        if (json_is_object(envelope) == json_is_object(signature))
                return problem_set(problem, -EBADMSG,
                                   "bundle: expected either member \"messageSignature\" or "
                                   "\"dsseEnvelope\"");
        r = read_material(json_object_get(object, "verificationMaterial"), ret, problem);
        if (r < 0)
                return r;
        if (json_is_object(envelope))
                return dsse_parse(envelope, &ret->envelope, problem);
        return read_signature(signature, ret, problem);
}

int bundle_parse(struct view text, struct bundle *ret, struct problem *problem)
{
        _cleanup_(bundle_done) struct bundle bundle = {.signature = BUF_INIT(SIGNATURE_SIZE_MAX)};
        json_t *object = NULL;
        int r;

        if (text.size > BUNDLE_ENVELOPE_SIZE_MAX)
                return problem_set(problem, -EBADMSG, "bundle: longer than %zu bytes",
                                   BUNDLE_ENVELOPE_SIZE_MAX);
        r = json_parse_object(text, &object, problem);
        if (r < 0)
                return problem_prefix(problem, r, "bundle");
        r = read_bundle(object, &bundle, problem);
        json_decref(object);
        if (r == 0 && bundle.hash && text.size > BUNDLE_SIZE_MAX)
                r = problem_set(problem, -EBADMSG, "bundle: longer than %zu bytes",
                                BUNDLE_SIZE_MAX);
        if (r < 0)
                return r;
        *ret = bundle;
        bundle = (struct bundle){};
        return 0;
}

void bundle_done(struct bundle *bundle)
{
        if (!bundle)
                return;
        free(bundle->hint);
        buf_done(&bundle->signature);
        dsse_done(&bundle->envelope);
        for (size_t i = 0; i < bundle->entry_count; i++)
                tlog_entry_done(&bundle->entries[i]);
        free(bundle->entries);
        *bundle = (struct bundle){};
}

/* The same entry twice would look like two logs' word. */
static int is_repeated(const struct bundle *bundle, size_t index)
{
        const struct tlog_entry *entry = &bundle->entries[index];

        for (size_t i = 0; i < index; i++)
                if (bundle->entries[i].index == entry->index &&
                    view_equal(sha256_view(&bundle->entries[i].log_id),
                               sha256_view(&entry->log_id)))
                        return 1;
        return 0;
}

int bundle_verify_entries(const struct bundle *bundle, const struct keyring *ring,
                          const struct tlog_statement *statement, struct problem *problem)
{
        for (size_t i = 0; i < bundle->entry_count; i++) {
                int r = tlog_entry_verify(&bundle->entries[i], ring, statement, problem);

                if (r < 0)
                        return r;
                if (is_repeated(bundle, i))
                        return problem_set(problem, -EBADMSG, "log entry %llu is there twice",
                                           (unsigned long long)bundle->entries[i].index);
        }
        return 0;
}
