/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/record.h"

#include <errno.h>

#include "lib/base64.h"
#include "lib/signed-message.h"
#include "lib/tile.h"

static const struct json_member common_members[] = {
        {"boot", JSON_STRING, 1},
        {"time", JSON_STRING, 1},
        {"type", JSON_STRING, 1},
        {"v", JSON_INTEGER, 1},
};

static const struct json_member caller_members[] = {
        {"cgroup", JSON_STRING, 0},        {"container", JSON_STRING, 0},
        {"gid", JSON_INTEGER, 1},          {"identity", JSON_STRING, 1},
        {"invocation", JSON_STRING, 0},    {"job", JSON_STRING, 0},
        {"pid", JSON_INTEGER, 1},          {"pod", JSON_STRING, 0},
        {"slice", JSON_STRING, 0},         {"uid", JSON_INTEGER, 1},
        {"unit", JSON_STRING, 0},          {"user", JSON_STRING, 0},
        {"userNamespace", JSON_STRING, 0},
};

static const struct json_member agent_start_members[] = {
        {"config", JSON_STRING, 1},  {"dropped", JSON_INTEGER, 1},   {"origin", JSON_STRING, 1},
        {"program", JSON_STRING, 1}, {"recovered", JSON_INTEGER, 1}, {"twoPerson", JSON_STRING, 0},
};

static const struct json_member agent_stop_members[] = {
        {"reason", JSON_STRING, 1},
};

static const struct json_member anchor_members[] = {
        {"attestation", JSON_STRING, 1}, {"attestationKey", JSON_STRING, 1},
        {"counter", JSON_INTEGER, 1},    {"index", JSON_STRING, 1},
        {"signature", JSON_STRING, 1},   {"size", JSON_INTEGER, 1},
        {"token", JSON_STRING, 1},
};

static const struct json_member anchor_acknowledge_members[] = {
        {"attestationKey", JSON_STRING, 1}, {"caller", JSON_OBJECT, 1},
        {"counter", JSON_INTEGER, 1},       {"expected", JSON_INTEGER, 1},
        {"grant", JSON_STRING, 1},          {"index", JSON_STRING, 1},
        {"reason", JSON_STRING, 1},         {"request", JSON_STRING, 1},
        {"token", JSON_STRING, 1},
};

static const struct json_member anchor_intent_members[] = {
        {"counter", JSON_INTEGER, 1},
        {"index", JSON_STRING, 1},
        {"token", JSON_STRING, 1},
};

static const struct json_member checkpoint_witness_members[] = {
        {"cosignature", JSON_STRING, 1},
        {"root", JSON_STRING, 1},
        {"size", JSON_INTEGER, 1},
        {"witness", JSON_STRING, 1},
};

static const struct json_member clock_members[] = {
        {"before", JSON_STRING, 1},
};

static const struct json_member attest_members[] = {
        {"algorithm", JSON_STRING, 1},     {"authorization", JSON_STRING, 0},
        {"builder", JSON_STRING, 0},       {"caller", JSON_OBJECT, 1},
        {"claims", JSON_OBJECT, 0},        {"decision", JSON_STRING, 0},
        {"digest", JSON_STRING, 1},        {"digests", JSON_ARRAY, 0},
        {"fingerprint", JSON_STRING, 1},   {"grant", JSON_STRING, 1},
        {"key", JSON_STRING, 1},           {"payload", JSON_STRING, 1},
        {"predicateType", JSON_STRING, 1}, {"request", JSON_STRING, 1},
        {"run", JSON_STRING, 0},           {"signature", JSON_STRING, 1},
        {"subjectCount", JSON_INTEGER, 1}, {"subjects", JSON_STRING, 1},
        {"version", JSON_INTEGER, 1},
};

static const struct json_member audit_members[] = {
        {"attestationKey", JSON_STRING, 1}, {"attestationName", JSON_STRING, 1},
        {"commands", JSON_ARRAY, 1},        {"names", JSON_OBJECT, 1},
        {"outcome", JSON_STRING, 1},        {"reason", JSON_STRING, 1},
        {"response", JSON_STRING, 1},       {"size", JSON_INTEGER, 1},
        {"token", JSON_STRING, 1},
};

static const struct json_member config_members[] = {
        {"caller", JSON_OBJECT, 0},
        {"config", JSON_STRING, 1},
        {"twoPerson", JSON_STRING, 0},
};

static const struct json_member freeze_members[] = {
        {"caller", JSON_OBJECT, 1}, {"grant", JSON_STRING, 1},  {"id", JSON_STRING, 0},
        {"key", JSON_STRING, 0},    {"reason", JSON_STRING, 1}, {"request", JSON_STRING, 1},
};

static const struct json_member pending_members[] = {
        {"approval", JSON_STRING, 1},    {"caller", JSON_OBJECT, 1},   {"decision", JSON_STRING, 0},
        {"fingerprint", JSON_STRING, 0}, {"frozen", JSON_STRING, 0},   {"grant", JSON_STRING, 1},
        {"id", JSON_STRING, 0},          {"key", JSON_STRING, 0},      {"method", JSON_STRING, 1},
        {"reason", JSON_STRING, 0},      {"request", JSON_STRING, 1},  {"revoked", JSON_STRING, 0},
        {"until", JSON_STRING, 1},       {"version", JSON_INTEGER, 0},
};

static const struct json_member thaw_members[] = {
        {"approval", JSON_STRING, 0}, {"approver", JSON_OBJECT, 0}, {"caller", JSON_OBJECT, 1},
        {"decision", JSON_STRING, 0}, {"grant", JSON_STRING, 1},    {"id", JSON_STRING, 0},
        {"key", JSON_STRING, 0},      {"reason", JSON_STRING, 0},   {"request", JSON_STRING, 1},
};

static const struct json_member key_create_members[] = {
        {"algorithm", JSON_STRING, 1},    {"attestationKey", JSON_STRING, 0},
        {"caller", JSON_OBJECT, 0},       {"decision", JSON_STRING, 0},
        {"fingerprint", JSON_STRING, 1},  {"grant", JSON_STRING, 0},
        {"id", JSON_STRING, 0},           {"key", JSON_STRING, 1},
        {"publicKey", JSON_STRING, 1},    {"purpose", JSON_STRING, 1},
        {"request", JSON_STRING, 0},      {"token", JSON_STRING, 1},
        {"transparency", JSON_STRING, 0}, {"useCounter", JSON_STRING, 0},
        {"version", JSON_INTEGER, 1},     {"witness", JSON_STRING, 0},
};

static const struct json_member key_attest_members[] = {
        {"caller", JSON_OBJECT, 1},      {"decision", JSON_STRING, 0}, {"evidence", JSON_OBJECT, 1},
        {"fingerprint", JSON_STRING, 1}, {"grant", JSON_STRING, 1},    {"id", JSON_STRING, 0},
        {"key", JSON_STRING, 1},         {"nonce", JSON_STRING, 0},    {"request", JSON_STRING, 1},
        {"version", JSON_INTEGER, 1},
};

static const struct json_member key_count_members[] = {
        {"attestation", JSON_STRING, 0}, {"count", JSON_INTEGER, 1},
        {"fingerprint", JSON_STRING, 1}, {"key", JSON_STRING, 1},
        {"signature", JSON_STRING, 0},   {"size", JSON_INTEGER, 0},
        {"version", JSON_INTEGER, 1},
};

static const struct json_member key_destroy_members[] = {
        {"approval", JSON_STRING, 0}, {"approver", JSON_OBJECT, 0},    {"caller", JSON_OBJECT, 0},
        {"decision", JSON_STRING, 0}, {"fingerprint", JSON_STRING, 1}, {"grant", JSON_STRING, 0},
        {"id", JSON_STRING, 0},       {"key", JSON_STRING, 1},         {"reason", JSON_STRING, 1},
        {"request", JSON_STRING, 0},  {"version", JSON_INTEGER, 1},
};

static const struct json_member key_due_members[] = {
        {"due", JSON_STRING, 1},
        {"fingerprint", JSON_STRING, 1},
        {"key", JSON_STRING, 1},
        {"version", JSON_INTEGER, 1},
};

static const struct json_member key_retire_members[] = {
        {"caller", JSON_OBJECT, 1}, {"decision", JSON_STRING, 0}, {"fingerprint", JSON_STRING, 1},
        {"grant", JSON_STRING, 1},  {"id", JSON_STRING, 0},       {"key", JSON_STRING, 1},
        {"reason", JSON_STRING, 0}, {"request", JSON_STRING, 1},  {"version", JSON_INTEGER, 1},
};

static const struct json_member key_revoke_members[] = {
        {"approval", JSON_STRING, 0}, {"approver", JSON_OBJECT, 0},    {"caller", JSON_OBJECT, 1},
        {"decision", JSON_STRING, 0}, {"fingerprint", JSON_STRING, 1}, {"grant", JSON_STRING, 1},
        {"id", JSON_STRING, 0},       {"key", JSON_STRING, 1},         {"reason", JSON_STRING, 1},
        {"request", JSON_STRING, 1},  {"revoked", JSON_STRING, 1},     {"version", JSON_INTEGER, 1},
};

/* What an operator says of a key that is held elsewhere. */
static const struct json_member key_import_members[] = {
        {"algorithm", JSON_STRING, 1}, {"caller", JSON_OBJECT, 1},  {"created", JSON_STRING, 1},
        {"decision", JSON_STRING, 0},  {"ended", JSON_STRING, 0},   {"fingerprint", JSON_STRING, 1},
        {"grant", JSON_STRING, 1},     {"id", JSON_STRING, 0},      {"key", JSON_STRING, 1},
        {"publicKey", JSON_STRING, 1}, {"purpose", JSON_STRING, 1}, {"reason", JSON_STRING, 0},
        {"request", JSON_STRING, 1},   {"revoked", JSON_STRING, 0}, {"state", JSON_STRING, 1},
        {"version", JSON_INTEGER, 1},
};

static const struct json_member key_lapse_members[] = {
        {"fingerprint", JSON_STRING, 1},
        {"key", JSON_STRING, 1},
        {"overlap", JSON_STRING, 1},
        {"version", JSON_INTEGER, 1},
};

static const struct json_member keyring_members[] = {
        {"digest", JSON_STRING, 1},
};

/* Those of a key.create, and what makes the new version the successor of the old one. */
static const struct json_member key_rotate_members[] = {
        {"algorithm", JSON_STRING, 1},
        {"attestationKey", JSON_STRING, 0},
        {"caller", JSON_OBJECT, 1},
        {"decision", JSON_STRING, 0},
        {"fingerprint", JSON_STRING, 1},
        {"grant", JSON_STRING, 1},
        {"id", JSON_STRING, 0},
        {"key", JSON_STRING, 1},
        {"overlap", JSON_STRING, 0},
        {"ownSignature", JSON_STRING, 0},
        {"previousFingerprint", JSON_STRING, 0},
        {"previousSignature", JSON_STRING, 0},
        {"publicKey", JSON_STRING, 1},
        {"purpose", JSON_STRING, 1},
        {"request", JSON_STRING, 1},
        {"token", JSON_STRING, 1},
        {"transparency", JSON_STRING, 0},
        {"useCounter", JSON_STRING, 0},
        {"version", JSON_INTEGER, 1},
        {"witness", JSON_STRING, 0},
};

static const struct json_member sign_members[] = {
        {"algorithm", JSON_STRING, 1},   {"authorization", JSON_STRING, 0},
        {"caller", JSON_OBJECT, 1},      {"claims", JSON_OBJECT, 0},
        {"decision", JSON_STRING, 0},    {"digest", JSON_STRING, 1},
        {"fingerprint", JSON_STRING, 1}, {"grant", JSON_STRING, 1},
        {"key", JSON_STRING, 1},         {"message", JSON_STRING, 0},
        {"request", JSON_STRING, 1},     {"signature", JSON_STRING, 1},
        {"version", JSON_INTEGER, 1},
};

static const struct json_member sign_logged_members[] = {
        {"caller", JSON_OBJECT, 1}, {"claims", JSON_OBJECT, 0},      {"decision", JSON_STRING, 0},
        {"digests", JSON_ARRAY, 1}, {"fingerprint", JSON_STRING, 1}, {"grant", JSON_STRING, 1},
        {"key", JSON_STRING, 1},    {"request", JSON_STRING, 1},     {"version", JSON_INTEGER, 1},
};

static const struct json_member intent_members[] = {
        {"algorithm", JSON_STRING, 1},   {"caller", JSON_OBJECT, 1},
        {"decision", JSON_STRING, 0},    {"digest", JSON_STRING, 1},
        {"fingerprint", JSON_STRING, 1}, {"grant", JSON_STRING, 1},
        {"key", JSON_STRING, 1},         {"outcome", JSON_STRING, 1},
        {"reason", JSON_STRING, 1},      {"request", JSON_STRING, 1},
        {"version", JSON_INTEGER, 1},
};

static const struct json_member refuse_members[] = {
        {"caller", JSON_OBJECT, 1}, {"count", JSON_INTEGER, 1}, {"error", JSON_STRING, 1},
        {"key", JSON_STRING, 0},    {"method", JSON_STRING, 1}, {"reason", JSON_STRING, 1},
};

/* A state with its reason, or what the token says of its tries and counters. */
static const struct json_member token_members[] = {
        {"health", JSON_OBJECT, 0},
        {"reason", JSON_STRING, 0},
        {"state", JSON_STRING, 0},
        {"token", JSON_STRING, 1},
};

static const struct json_member token_unlock_members[] = {
        {"caller", JSON_OBJECT, 1},  {"grant", JSON_STRING, 1}, {"reason", JSON_STRING, 1},
        {"request", JSON_STRING, 1}, {"state", JSON_STRING, 1}, {"token", JSON_STRING, 1},
};

#define TYPE(name, members)                                                                        \
        {                                                                                          \
                name, members, ARRAY_SIZE(members)                                                 \
        }

static const struct record_type record_types[] = {
        TYPE("agent.start", agent_start_members),
        TYPE("agent.stop", agent_stop_members),
        TYPE("anchor", anchor_members),
        TYPE("anchor.acknowledge", anchor_acknowledge_members),
        TYPE("anchor.intent", anchor_intent_members),
        TYPE("attest", attest_members),
        TYPE("audit", audit_members),
        TYPE("checkpoint.witness", checkpoint_witness_members),
        TYPE("clock", clock_members),
        TYPE("config", config_members),
        TYPE("freeze", freeze_members),
        TYPE("intent", intent_members),
        TYPE("key.attest", key_attest_members),
        TYPE("key.count", key_count_members),
        TYPE("key.create", key_create_members),
        TYPE("key.destroy", key_destroy_members),
        TYPE("key.due", key_due_members),
        TYPE("key.import", key_import_members),
        TYPE("key.lapse", key_lapse_members),
        TYPE("key.retire", key_retire_members),
        TYPE("key.revoke", key_revoke_members),
        TYPE("key.rotate", key_rotate_members),
        TYPE("keyring", keyring_members),
        TYPE("pending", pending_members),
        TYPE("refuse", refuse_members),
        TYPE("sign", sign_members),
        TYPE("sign.logged", sign_logged_members),
        TYPE("thaw", thaw_members),
        TYPE("token", token_members),
        TYPE("token.unlock", token_unlock_members),
};

const struct record_type record_common = {"record", common_members, ARRAY_SIZE(common_members)};
const struct record_type record_caller = {"caller", caller_members, ARRAY_SIZE(caller_members)};

const struct record_type *record_type_find(struct view name)
{
        for (size_t i = 0; i < ARRAY_SIZE(record_types); i++)
                if (view_is(name, record_types[i].name))
                        return &record_types[i];
        return NULL;
}

int record_type_signs(const char *type)
{
        return string_equal(type, "sign") || string_equal(type, "attest");
}

int record_type_is_known(const char *type)
{
        return record_type_find(view_string(type)) != NULL;
}

/* The one text that this value can have as a record. */
static int is_canonical(const json_t *record, struct view entry)
{
        _cleanup_(buf_done) struct buf text = BUF_INIT(ENTRY_SIZE_MAX);

        json_put(&text, record);
        return !buf_error(&text) && view_equal(buf_view(&text), entry);
}

static int check_type_members(const json_t *record, const struct record_type *type,
                              struct problem *problem)
{
        struct json_member members[RECORD_MEMBERS_MAX];

        assert(ARRAY_SIZE(common_members) + type->count <= RECORD_MEMBERS_MAX);
        memcpy(members, common_members, sizeof(common_members));
        memcpy(members + ARRAY_SIZE(common_members), type->members,
               type->count * sizeof(*type->members));
        return json_check_members(record, type->name, members,
                                  ARRAY_SIZE(common_members) + type->count, problem);
}

static int check_digests(const json_t *digests, struct problem *problem)
{
        const json_t *digest;
        size_t i;

        if (json_array_size(digests) < 1 || json_array_size(digests) > RECORD_DIGESTS_MAX)
                return problem_set(problem, -EBADMSG,
                                   "sign.logged: expected 1 to %d digests, found %zu",
                                   RECORD_DIGESTS_MAX, json_array_size(digests));
        json_array_foreach (digests, i, digest)
                if (!json_is_string(digest))
                        return problem_set(problem, -EBADMSG,
                                           "sign.logged: digest %zu: expected a string", i);
        return 0;
}

int record_check(const json_t *record, struct problem *problem)
{
        const char *name = json_member_string(record, "type");
        const struct record_type *type = name ? record_type_find(view_string(name)) : NULL;
        const json_t *caller = json_object_get(record, "caller");
        const json_t *approver = json_object_get(record, "approver");
        int r;

        if (!type)
                return problem_set(problem, -EBADMSG, "record: unknown type \"%.64s\"",
                                   name ? name : "");
        r = check_type_members(record, type, problem);
        if (r == 0 && caller)
                r = json_check_members(caller, "caller", caller_members, ARRAY_SIZE(caller_members),
                                       problem);
        if (r == 0 && approver)
                r = json_check_members(approver, "approver", caller_members,
                                       ARRAY_SIZE(caller_members), problem);
        if (r == 0 && string_equal(name, "sign.logged"))
                r = check_digests(json_object_get(record, "digests"), problem);
        if (r < 0)
                return r;
        if (json_member_integer(record, "v", 0) != RECORD_VERSION)
                return problem_set(problem, -EBADMSG, "%s: expected version %d", name,
                                   RECORD_VERSION);
        if (!record_time_is_valid(json_member_string(record, "time")))
                return problem_set(problem, -EBADMSG, "%s: time is not RFC 3339 in microseconds",
                                   name);
        return 0;
}

int record_parse(struct view entry, json_t **ret, struct problem *problem)
{
        _cleanup_(json_decrefp) json_t *record = NULL;
        int r;

        if (entry.size > ENTRY_SIZE_MAX)
                return problem_set(problem, -EBADMSG, "record: longer than %zu bytes",
                                   ENTRY_SIZE_MAX);
        r = json_parse_object(entry, &record, problem);
        if (r < 0)
                return problem_prefix(problem, r, "record");
        if (!json_is_plain(record))
                return problem_set(problem, -EBADMSG, "record: only strings and integers expected");
        if (!is_canonical(record, entry))
                return problem_set(problem, -EBADMSG, "record: not in canonical form");
        r = record_check(record, problem);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(record);
        return 0;
}

/* The key of the ring that a record names, if it may have signed. */
static int find_signer(const json_t *record, const struct keyring *ring, struct keyring_key **ret,
                       struct problem *problem)
{
        const char *fingerprint = json_member_string(record, "fingerprint");
        const char *type = json_member_string(record, "type");
        const char *name = json_member_string(record, "key");
        struct keyring_key *key;
        struct sha256 hash;

        if (hex_decode(view_string(fingerprint), hash.bytes, SHA256_SIZE) < 0)
                return problem_set(problem, -EBADMSG, "%s: fingerprint is no SHA-256", type);
        key = keyring_find_fingerprint(ring, &hash);
        if (!key)
                return problem_set(problem, -ENOKEY,
                                   "%s: key \"%.64s\" (%.16s…) is not in the ring", type, name,
                                   fingerprint);
        if (!string_equal(key->name, name) ||
            (json_int_t)key->version != json_member_integer(record, "version", 0))
                return problem_set(problem, -EBADMSG,
                                   "%s: the ring calls the signing key \"%s\" version %u", type,
                                   key->name, key->version);
        if (key->purpose == KEY_LOG)
                return problem_set(problem, -EKEYREJECTED, "%s: signed by the log key", type);
        if (key->imported[0])
                return problem_set(problem, -EKEYREJECTED,
                                   "%s: by a key that was imported, and that no token here has",
                                   type);
        *ret = key;
        return 0;
}

/* What let the key sign, where the ring says that something had to. */
static int verify_authorization(const json_t *record, const struct keyring_key *key,
                                struct view digest, struct problem *problem)
{
        _cleanup_(buf_done) struct buf authorization = BUF_INIT(SPKI_SIZE_MAX);
        const char *text = json_member_string(record, "authorization");
        int r;

        if (!text && !key->gate.witness)
                return 0;
        if (!text)
                return problem_set(problem, -EKEYREJECTED,
                                   "sign: the key has a witness, and there is no authorization");
        if (!key->gate.witness)
                return problem_set(problem, -EBADMSG,
                                   "sign: an authorization, and the key has no witness");
        if (base64_decode(&authorization, view_string(text)) < 0)
                return problem_set(problem, -EBADMSG, "sign: authorization is no base64");
        r = gate_verify(&key->gate, key->pubkey, key->algorithm, digest, buf_view(&authorization));
        return r < 0 ? problem_set(problem, r,
                                   "sign: the authorization is not the witness's for this digest")
                     : 0;
}

static int verify_signature(const json_t *record, const struct keyring_key *key,
                            struct problem *problem)
{
        _cleanup_(buf_done) struct buf signature = BUF_INIT(SPKI_SIZE_MAX), message = {};
        const char *text = json_member_string(record, "message");
        uint8_t bytes[DIGEST_SIZE_MAX];
        struct view digest = view_of(bytes, key->algorithm->digest_size);
        int r;

        if (!string_equal(key->algorithm->name, json_member_string(record, "algorithm")))
                return problem_set(problem, -EBADMSG, "sign: expected algorithm %s",
                                   key->algorithm->name);
        r = digest_parse(json_member_string(record, "digest"), key->algorithm, bytes, problem);
        if (r < 0)
                return r;
        r = signed_message_read(text ? view_string(text) : view_of(NULL, 0), key->algorithm, digest,
                                &message, problem);
        if (r < 0)
                return problem_prefix(problem, r, "sign");
        if (base64_decode(&signature, view_string(json_member_string(record, "signature"))) < 0)
                return problem_set(problem, -EBADMSG, "sign: signature is no base64");
        r = signed_message_verify(key->pubkey, key->algorithm, digest, buf_view(&message),
                                  buf_view(&signature));
        if (r < 0)
                return problem_set(problem, r, "sign: the signature does not verify");
        return verify_authorization(record, key, digest, problem);
}

/* The checkpoint is the signature: there is none in the record. */
static int verify_digests(const json_t *record, const struct keyring_key *key,
                          struct problem *problem)
{
        const json_t *digest;
        size_t i;

        json_array_foreach (json_object_get(record, "digests"), i, digest) {
                uint8_t bytes[DIGEST_SIZE_MAX];
                int r = digest_parse(json_string_value(digest), key->algorithm, bytes, problem);

                if (r < 0)
                        return problem_prefix(problem, r, "sign.logged: digest %zu", i);
        }
        return 0;
}

int record_verify(const json_t *record, const struct keyring *ring, struct problem *problem)
{
        const char *type = json_member_string(record, "type");
        int logged = string_equal(type, "sign.logged");
        struct keyring_key *key = NULL;
        int r;

        if (!logged && !record_type_signs(type))
                return 0;
        r = find_signer(record, ring, &key, problem);
        if (r < 0)
                return r;
        if (logged && gate_is_closed(&key->gate))
                return problem_set(problem, -EKEYREJECTED,
                                   "sign.logged: by a key with a use counter or a witness, which "
                                   "this passes by");
        if (r == 0 && string_equal(type, "attest"))
                r = record_statement_verify(record, problem);
        if (r < 0)
                return r;
        return logged ? verify_digests(record, key, problem)
                      : verify_signature(record, key, problem);
}

static int lists(const json_t *digests, const char *digest)
{
        const json_t *one;
        size_t i;

        json_array_foreach (digests, i, one)
                if (string_equal(json_string_value(one), digest))
                        return 1;
        return 0;
}

int record_signs(struct view entry, const char *digest)
{
        _cleanup_(json_decrefp) json_t *record = NULL;
        const char *type;

        if (!memmem(entry.data, entry.size, digest, strlen(digest)) ||
            record_parse(entry, &record, NULL) < 0)
                return 0;
        type = json_member_string(record, "type");
        if (record_type_signs(type))
                return string_equal(json_member_string(record, "digest"), digest);
        return string_equal(type, "sign.logged") &&
               lists(json_object_get(record, "digests"), digest);
}
