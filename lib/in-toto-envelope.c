/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/in-toto-envelope.h"

#include <errno.h>

#include "lib/base64.h"
#include "lib/bundle.h"
#include "lib/canonical-json.h"
#include "lib/dsse.h"

#define SIGNATURE_SIZE_MAX ((size_t)4096)
#define KEY_ID_SIZE_MAX    256 /* other programs have other ids */

static const char *const methods[] = {"other_headers", "signature", "method"};

void in_toto_envelope_done(struct in_toto_envelope *envelope)
{
        if (!envelope)
                return;
        json_decref(envelope->payload);
        buf_done(&envelope->message);
        for (size_t i = 0; i < envelope->count; i++) {
                free(envelope->signatures[i].id);
                buf_done(&envelope->signatures[i].value);
        }
        *envelope = (struct in_toto_envelope){};
}

int in_toto_envelope_sign(struct in_toto_envelope *envelope, const char *id, struct view signature)
{
        struct in_toto_signature *added = &envelope->signatures[envelope->count];

        if (envelope->count == IN_TOTO_SIGNATURES_MAX)
                return -EMSGSIZE;
        *added = (struct in_toto_signature){.id = strdup(id)};
        if (!added->id)
                return -ENOMEM;
        envelope->count++;
        buf_put_view(&added->value, signature);
        return buf_error(&added->value);
}

/* Pairs of hexadecimal digits, of either case. */
static int read_hex(const char *text, struct buf *ret)
{
        size_t size = strlen(text);

        if (size == 0 || size % 2 != 0 || size > 2 * SIGNATURE_SIZE_MAX ||
            strspn(text, "0123456789abcdefABCDEF") != size)
                return -EBADMSG;
        for (size_t i = 0; i < size; i += 2) {
                uint8_t byte = 0;

                for (size_t j = i; j < i + 2; j++)
                        byte = (uint8_t)(byte << 4 |
                                         (text[j] <= '9' ? text[j] - '0' : (text[j] & 0xf) + 9));
                buf_put_u8(ret, byte);
        }
        return buf_error(ret);
}

static int read_value(const struct in_toto_envelope *envelope, const json_t *signature,
                      struct buf *ret, struct problem *problem)
{
        int r;

        if (envelope->kind == IN_TOTO_DSSE)
                return dsse_read_base64(signature, "sig", ret, problem);
        r = read_hex(json_member_string(signature, "sig"), ret);
        if (r == -EBADMSG)
                return problem_set(problem, r, "envelope: member \"sig\": no hexadecimal digits");
        return r;
}

/* GnuPG's are signed differently, by keys that are not verified here. */
static int is_foreign(const json_t *signature)
{
        for (size_t i = 0; i < ARRAY_SIZE(methods); i++)
                if (json_object_get(signature, methods[i]))
                        return 1;
        return 0;
}

static int read_signature(struct in_toto_envelope *envelope, const json_t *signature,
                          struct problem *problem)
{
        static const struct json_member members[] = {
                {"keyid", JSON_STRING, 0},
                {"sig", JSON_STRING, 1},
        };
        _cleanup_(buf_done) struct buf value = BUF_INIT(SIGNATURE_SIZE_MAX);
        const char *id;
        int r;

        if (!json_is_object(signature))
                return problem_set(problem, -EBADMSG, "envelope: a signature is no object");
        if (is_foreign(signature))
                return 0;
        r = json_check_members(signature, "envelope: signature", members, ARRAY_SIZE(members),
                               problem);
        if (r == 0)
                r = read_value(envelope, signature, &value, problem);
        if (r < 0)
                return r;
        id = json_member_string(signature, "keyid");
        if (value.size == 0 || (id && strlen(id) > KEY_ID_SIZE_MAX))
                return problem_set(problem, -EBADMSG, "envelope: signature: %s",
                                   value.size == 0 ? "it is empty" : "the key id is too long");
        return in_toto_envelope_sign(envelope, id ? id : "", buf_view(&value));
}

static int read_signatures(struct in_toto_envelope *envelope, const json_t *signatures,
                           struct problem *problem)
{
        const json_t *signature;
        size_t i;
        int r;

        if (json_array_size(signatures) > IN_TOTO_SIGNATURES_MAX)
                return problem_set(problem, -EBADMSG, "envelope: more than %d signatures",
                                   IN_TOTO_SIGNATURES_MAX);
        json_array_foreach (signatures, i, signature) {
                r = read_signature(envelope, signature, problem);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int read_dsse(const json_t *object, struct in_toto_envelope *ret, struct problem *problem)
{
        static const struct json_member members[] = {
                {"payload", JSON_STRING, 1},
                {"payloadType", JSON_STRING, 1},
                {"signatures", JSON_ARRAY, 1},
        };
        _cleanup_(buf_done) struct buf payload = BUF_INIT(IN_TOTO_SIZE_MAX);
        const char *type;
        int r = json_check_members(object, "envelope", members, ARRAY_SIZE(members), problem);

        if (r < 0)
                return r;
        type = json_member_string(object, "payloadType");
        if (!string_equal(type, DSSE_IN_TOTO))
                return problem_set(problem, -EBADMSG,
                                   "envelope: payloadType: expected " DSSE_IN_TOTO ", found %.100s",
                                   type);
        r = dsse_read_base64(object, "payload", &payload, problem);
        if (r == 0)
                r = json_parse_object(buf_view(&payload), &ret->payload, problem);
        if (r < 0)
                return problem_prefix(problem, r, "payload");
        ret->message.limit = 2 * IN_TOTO_SIZE_MAX;
        dsse_put_pae(&ret->message, DSSE_IN_TOTO, buf_view(&payload));
        ret->digest = sha256_of(buf_view(&payload));
        return buf_error(&ret->message);
}

static int set_canonical(struct in_toto_envelope *envelope, json_t *payload,
                         struct problem *problem)
{
        int r;

        envelope->payload = json_incref(payload);
        envelope->message.limit = 2 * IN_TOTO_SIZE_MAX;
        r = canonical_json_put(&envelope->message, payload, problem);
        envelope->digest = sha256_of(buf_view(&envelope->message));
        return r;
}

static int read_metablock(const json_t *object, struct in_toto_envelope *ret,
                          struct problem *problem)
{
        static const struct json_member members[] = {
                {"signed", JSON_OBJECT, 1},
                {"signatures", JSON_ARRAY, 1},
        };
        int r = json_check_members(object, "envelope", members, ARRAY_SIZE(members), problem);

        return r < 0 ? r : set_canonical(ret, json_object_get(object, "signed"), problem);
}

/* Sets @inner to the envelope: a Sigstore bundle is looked into, having been read as strictly as
 * anywhere. */
static int unwrap(struct view text, const json_t *object, const json_t **inner,
                  struct problem *problem)
{
        struct bundle bundle = {};
        int r;

        *inner = object;
        if (!json_object_get(object, "dsseEnvelope"))
                return 0;
        r = bundle_parse(text, &bundle, problem);
        bundle_done(&bundle);
        *inner = json_object_get(object, "dsseEnvelope");
        return r == -EOPNOTSUPP ? -EBADMSG : r;
}

static int read_envelope(const json_t *object, struct in_toto_envelope *ret,
                         struct problem *problem)
{
        int r;

        ret->kind = json_object_get(object, "signed") ? IN_TOTO_METABLOCK : IN_TOTO_DSSE;
        r = ret->kind == IN_TOTO_DSSE ? read_dsse(object, ret, problem)
                                      : read_metablock(object, ret, problem);
        return r < 0 ? r : read_signatures(ret, json_object_get(object, "signatures"), problem);
}

int in_toto_envelope_parse(struct view text, struct in_toto_envelope *ret, struct problem *problem)
{
        const json_t *inner;
        json_t *object = NULL;
        int r;

        if (text.size > IN_TOTO_SIZE_MAX)
                return problem_set(problem, -EBADMSG, "envelope: longer than %zu bytes",
                                   IN_TOTO_SIZE_MAX);
        r = json_parse_object(text, &object, problem);
        if (r < 0)
                return r;
        r = unwrap(text, object, &inner, problem);
        if (r == 0)
                r = read_envelope(inner, ret, problem);
        json_decref(object);
        return r;
}

int in_toto_envelope_verify(const struct in_toto_envelope *envelope, const struct in_toto_key *key)
{
        for (size_t i = 0; i < envelope->count; i++) {
                int r = in_toto_key_verify(key, buf_view(&envelope->message),
                                           buf_view(&envelope->signatures[i].value));

                if (r != -EKEYREJECTED)
                        return r;
        }
        return -EKEYREJECTED;
}

int in_toto_envelope_make(enum in_toto_envelope_kind kind, json_t *payload,
                          struct in_toto_envelope *ret, struct problem *problem)
{
        _cleanup_(buf_done) struct buf text = BUF_INIT(IN_TOTO_SIZE_MAX);

        ret->kind = kind;
        if (kind == IN_TOTO_METABLOCK)
                return set_canonical(ret, payload, problem);
        ret->payload = json_incref(payload);
        ret->message.limit = 2 * IN_TOTO_SIZE_MAX;
        json_put(&text, payload);
        dsse_put_pae(&ret->message, DSSE_IN_TOTO, buf_view(&text));
        ret->digest = sha256_of(buf_view(&text));
        return buf_error(&text) ? buf_error(&text) : buf_error(&ret->message);
}

static int put_value(const struct in_toto_envelope *envelope, struct view value, struct buf *ret)
{
        char hex[HEX_SIZE(SIGNATURE_SIZE_MAX)];

        if (envelope->kind == IN_TOTO_DSSE)
                base64_encode(ret, value);
        else if (value.size <= SIGNATURE_SIZE_MAX)
                buf_put_string(ret, hex_encode(value, hex));
        buf_put_u8(ret, '\0');
        return buf_error(ret);
}

static json_t *signatures_to_json(const struct in_toto_envelope *envelope)
{
        json_t *list = json_array();

        for (size_t i = 0; list && i < envelope->count; i++) {
                const struct in_toto_signature *signature = &envelope->signatures[i];
                _cleanup_(buf_done) struct buf value = {};

                if (put_value(envelope, buf_view(&signature->value), &value) < 0 ||
                    json_array_append_new(list, json_pack("{s:s, s:s}", "keyid", signature->id,
                                                          "sig", (const char *)value.data)) < 0) {
                        json_decref(list);
                        return NULL;
                }
        }
        return list;
}

static json_t *to_json(const struct in_toto_envelope *envelope)
{
        _cleanup_(buf_done) struct buf text = BUF_INIT(IN_TOTO_SIZE_MAX);
        _cleanup_(buf_done) struct buf encoded = BUF_INIT(2 * IN_TOTO_SIZE_MAX);

        if (envelope->kind == IN_TOTO_METABLOCK)
                return json_pack("{s:O, s:o}", "signed", envelope->payload, "signatures",
                                 signatures_to_json(envelope));
        json_put(&text, envelope->payload);
        base64_encode(&encoded, buf_view(&text));
        buf_put_u8(&encoded, '\0');
        if (buf_error(&text) || buf_error(&encoded))
                return NULL;
        return json_pack("{s:s, s:s, s:o}", "payload", (const char *)encoded.data, "payloadType",
                         DSSE_IN_TOTO, "signatures", signatures_to_json(envelope));
}

int in_toto_envelope_put(const struct in_toto_envelope *envelope, struct buf *buf)
{
        json_t *object = to_json(envelope);

        if (!object)
                return -ENOMEM;
        json_put(buf, object);
        json_decref(object);
        buf_put_u8(buf, '\n');
        return buf_error(buf);
}
