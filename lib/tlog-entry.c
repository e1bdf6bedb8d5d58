/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/tlog-entry.h"

#include <errno.h>

#include "lib/base64.h"
#include "lib/hashedrekord.h"

void tlog_entry_done(struct tlog_entry *entry)
{
        if (!entry)
                return;
        buf_done(&entry->checkpoint);
        buf_done(&entry->body);
        *entry = (struct tlog_entry){};
}

static void put_base64(struct buf *buf, const char *before, struct view bytes)
{
        buf_put_string(buf, before);
        base64_encode(buf, bytes);
        buf_put_u8(buf, '"');
}

/* The checkpoint is UTF-8 without control characters but newlines, by lib/note.h. */
static void put_proof(struct buf *buf, const struct tlog_entry *entry)
{
        json_t *envelope =
                json_stringn((const char *)entry->checkpoint.data, entry->checkpoint.size);

        buf_put_format(buf, "\"inclusionProof\":{\"logIndex\":\"%llu\"",
                       (unsigned long long)entry->index);
        put_base64(buf, ",\"rootHash\":\"", sha256_view(&entry->root));
        buf_put_format(buf, ",\"treeSize\":\"%llu\",\"hashes\":[", (unsigned long long)entry->size);
        for (size_t i = 0; i < entry->path.count; i++)
                put_base64(buf, i > 0 ? ",\"" : "\"", sha256_view(&entry->path.hash[i]));
        buf_put_string(buf, "],\"checkpoint\":{\"envelope\":");
        json_put(buf, envelope);
        buf_put_string(buf, "}}");
        json_decref(envelope);
}

int tlog_entry_put(struct buf *buf, const struct tlog_entry *entry)
{
        buf_put_format(buf, "{\"logIndex\":\"%llu\"", (unsigned long long)entry->index);
        put_base64(buf, ",\"logId\":{\"keyId\":\"", sha256_view(&entry->log_id));
        buf_put_string(buf,
                       "},\"kindVersion\":{\"kind\":\"" HASHEDREKORD_KIND
                       "\",\"version\":\"" HASHEDREKORD_VERSION "\"},\"integratedTime\":\"0\",");
        put_proof(buf, entry);
        put_base64(buf, ",\"canonicalizedBody\":\"", buf_view(&entry->body));
        buf_put_u8(buf, '}');
        return buf_error(buf);
}

static int read_base64(const json_t *object, const char *name, struct buf *ret,
                       struct problem *problem)
{
        int r = base64_decode(ret, view_string(json_member_string(object, name)));

        if (r == -EMSGSIZE)
                return problem_set(problem, -EBADMSG, "log entry: %s: longer than %zu bytes", name,
                                   ret->limit);
        if (r == -EBADMSG)
                return problem_set(problem, r, "log entry: %s: no standard base64", name);
        return r;
}

static int take_hash(const char *text, const char *name, struct sha256 *ret,
                     struct problem *problem)
{
        _cleanup_(buf_done) struct buf bytes = BUF_INIT(SHA256_SIZE);
        int r = base64_decode(&bytes, view_string(text));

        if (r == -ENOMEM)
                return r;
        if (r < 0 || bytes.size != SHA256_SIZE)
                return problem_set(problem, -EBADMSG,
                                   "log entry: %s: expected the base64 of %d bytes", name,
                                   SHA256_SIZE);
        memcpy(ret->bytes, bytes.data, SHA256_SIZE);
        return 0;
}

/* int64 is a string in protobuf's JSON. */
static int read_number(const json_t *object, const char *name, uint64_t *ret,
                       struct problem *problem)
{
        const char *text = json_member_string(object, name);

        if (view_parse_decimal(view_string(text), ret) < 0 || *ret > INT64_MAX)
                return problem_set(problem, -EBADMSG, "log entry: %s: \"%.24s\" is no number", name,
                                   text);
        return 0;
}

static int read_hashes(const json_t *hashes, struct merkle_proof *ret, struct problem *problem)
{
        size_t i;
        json_t *value;
        int r;

        if (json_array_size(hashes) > MERKLE_PROOF_MAX)
                return problem_set(problem, -EBADMSG, "log entry: hashes: more than %d",
                                   MERKLE_PROOF_MAX);
        json_array_foreach ((json_t *)(uintptr_t)hashes, i, value) {
                if (!json_is_string(value))
                        return problem_set(problem, -EBADMSG,
                                           "log entry: hashes: expected strings");
                r = take_hash(json_string_value(value), "hashes", &ret->hash[ret->count++],
                              problem);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int read_proof(const json_t *proof, struct tlog_entry *ret, struct problem *problem)
{
        static const struct json_member members[] = {
                {"logIndex", JSON_STRING, 1},   {"rootHash", JSON_STRING, 1},
                {"treeSize", JSON_STRING, 1},   {"hashes", JSON_ARRAY, 0},
                {"checkpoint", JSON_OBJECT, 1},
        };
        static const struct json_member checkpoint_members[] = {{"envelope", JSON_STRING, 1}};
        const json_t *checkpoint = json_object_get(proof, "checkpoint");
        uint64_t index = 0;
        int r = json_check_members(proof, "inclusionProof", members, ARRAY_SIZE(members), problem);

        if (r == 0)
                r = json_check_members(checkpoint, "checkpoint", checkpoint_members, 1, problem);
        if (r == 0)
                r = read_number(proof, "logIndex", &index, problem);
        if (r == 0 && index != ret->index)
                r = problem_set(problem, -EBADMSG,
                                "log entry: logIndex: %llu in the proof, %llu beside it",
                                (unsigned long long)index, (unsigned long long)ret->index);
        if (r == 0)
                r = read_number(proof, "treeSize", &ret->size, problem);
        if (r == 0)
                r = take_hash(json_member_string(proof, "rootHash"), "rootHash", &ret->root,
                              problem);
        if (r == 0)
                r = read_hashes(json_object_get(proof, "hashes"), &ret->path, problem);
        if (r < 0)
                return r;
        buf_put_string(&ret->checkpoint, json_member_string(checkpoint, "envelope"));
        if (buf_error(&ret->checkpoint) == -EMSGSIZE)
                return problem_set(problem, -EBADMSG,
                                   "log entry: checkpoint: longer than %zu bytes",
                                   ret->checkpoint.limit);
        return buf_error(&ret->checkpoint);
}

static int check_kind(const json_t *kind_version, struct problem *problem)
{
        static const struct json_member members[] = {
                {"kind", JSON_STRING, 1},
                {"version", JSON_STRING, 1},
        };
        const char *kind, *version;
        int r = json_check_members(kind_version, "kindVersion", members, ARRAY_SIZE(members),
                                   problem);

        if (r < 0)
                return r;
        kind = json_member_string(kind_version, "kind");
        version = json_member_string(kind_version, "version");
        if (string_equal(kind, HASHEDREKORD_KIND) && string_equal(version, HASHEDREKORD_VERSION))
                return 0;
        return problem_set(problem, -EOPNOTSUPP,
                           "log entry: kindVersion: expected " HASHEDREKORD_KIND
                           " " HASHEDREKORD_VERSION ", found %.32s %.32s",
                           kind, version);
}

/* What only the log's word for an integrated time would make true. */
static int check_no_promise(const json_t *object, struct problem *problem)
{
        const char *time = json_member_string(object, "integratedTime");

        if (json_is_object(json_object_get(object, "inclusionPromise")))
                return problem_set(problem, -EOPNOTSUPP,
                                   "log entry: inclusionPromise: not read here");
        if (time && !string_equal(time, "0"))
                return problem_set(problem, -EBADMSG,
                                   "log entry: integratedTime: nobody signed it, expected 0");
        return 0;
}

static int read_entry(const json_t *object, struct tlog_entry *ret, struct problem *problem)
{
        static const struct json_member members[] = {
                {"logIndex", JSON_STRING, 1},          {"logId", JSON_OBJECT, 1},
                {"kindVersion", JSON_OBJECT, 1},       {"integratedTime", JSON_STRING, 0},
                {"inclusionPromise", JSON_OBJECT, 0},  {"inclusionProof", JSON_OBJECT, 1},
                {"canonicalizedBody", JSON_STRING, 1},
        };
        static const struct json_member id_members[] = {{"keyId", JSON_STRING, 1}};
        const json_t *id = json_object_get(object, "logId");
        int r = json_check_members(object, "log entry", members, ARRAY_SIZE(members), problem);

        if (r == 0)
                r = check_kind(json_object_get(object, "kindVersion"), problem);
        if (r == 0)
                r = check_no_promise(object, problem);
        if (r == 0)
                r = json_check_members(id, "logId", id_members, 1, problem);
        if (r == 0)
                r = take_hash(json_member_string(id, "keyId"), "logId", &ret->log_id, problem);
        if (r == 0)
                r = read_number(object, "logIndex", &ret->index, problem);
        if (r == 0)
                r = read_proof(json_object_get(object, "inclusionProof"), ret, problem);
        if (r == 0)
                r = read_base64(object, "canonicalizedBody", &ret->body, problem);
        return r;
}

int tlog_entry_parse(const json_t *object, struct tlog_entry *ret, struct problem *problem)
{
        _cleanup_(tlog_entry_done) struct tlog_entry entry = {
                .checkpoint = BUF_INIT(NOTE_SIZE_MAX),
                .body = BUF_INIT(HASHEDREKORD_SIZE_MAX),
        };
        int r;

        if (!json_is_object(object))
                return problem_set(problem, -EBADMSG, "log entry: expected an object");
        r = read_entry(object, &entry, problem);
        if (r < 0)
                return r;
        *ret = entry;
        entry = (struct tlog_entry){};
        return 0;
}

/* One of the log keys of the ring must have signed the checkpoint. */
static int open_proof(const struct tlog_proof *proof, const struct keyring *ring,
                      struct tlog_entry *ret, struct problem *problem)
{
        const struct keyring_key *key = NULL;
        struct checkpoint head = {};
        int r = tlog_proof_verify(proof, ring, &head, &key, problem);

        if (r < 0)
                return r;
        ret->log_id = *pubkey_fingerprint(key->pubkey);
        ret->size = head.size;
        ret->root = head.root;
        return 0;
}

int tlog_entry_from_proof(struct view text, const struct keyring *ring, struct tlog_entry *ret,
                          struct problem *problem)
{
        _cleanup_(tlog_entry_done) struct tlog_entry entry = {};
        _cleanup_(tlog_proof_done) struct tlog_proof proof = {};
        int r = tlog_proof_parse(text, &proof, problem);

        if (r == 0)
                r = open_proof(&proof, ring, &entry, problem);
        if (r < 0)
                return r;
        entry.index = proof.index;
        entry.path = proof.path;
        buf_put_view(&entry.body, buf_view(&proof.extra));
        buf_put_view(&entry.checkpoint, proof.checkpoint);
        if (buf_error(&entry.body) || buf_error(&entry.checkpoint))
                return -ENOMEM;
        *ret = entry;
        entry = (struct tlog_entry){};
        return 0;
}

static int find_log_key(const struct tlog_entry *entry, const struct keyring *ring,
                        struct pubkey **ret, struct problem *problem)
{
        const struct keyring_key *key = keyring_find_fingerprint(ring, &entry->log_id);

        if (!key || key->purpose != KEY_LOG)
                return problem_set(problem, -ENOKEY,
                                   "log entry: logId: not a log key of \"%s\" in the key ring",
                                   ring->origin);
        *ret = key->pubkey;
        return 0;
}

static int check_head(const struct tlog_entry *entry, const struct checkpoint *head,
                      struct problem *problem)
{
        if (entry->size != head->size)
                return problem_set(problem, -EKEYREJECTED,
                                   "log entry: treeSize: %llu, the checkpoint has %llu",
                                   (unsigned long long)entry->size, (unsigned long long)head->size);
        if (!view_equal(sha256_view(&entry->root), sha256_view(&head->root)))
                return problem_set(problem, -EKEYREJECTED,
                                   "log entry: rootHash: not the one of the checkpoint");
        return 0;
}

int tlog_entry_verify(const struct tlog_entry *entry, const struct keyring *ring,
                      const struct tlog_statement *statement, struct problem *problem)
{
        struct sha256 leaf = merkle_leaf(buf_view(&entry->body));
        struct checkpoint head = {};
        struct pubkey *key = NULL;
        int r = find_log_key(entry, ring, &key, problem);

        if (r < 0)
                return r;
        r = checkpoint_open(buf_view(&entry->checkpoint), ring->origin, key, &head, problem);
        if (r == 0) /* and no other log key contradicts */
                r = log_keys_open_in(buf_view(&entry->checkpoint), ring, &head, NULL, problem);
        if (r < 0)
                return problem_prefix(problem, r, "log entry");
        r = check_head(entry, &head, problem);
        if (r < 0)
                return r;
        r = merkle_verify_inclusion(&leaf, entry->index, &entry->path, head.size, &head.root);
        if (r < 0)
                return problem_set(problem, r,
                                   "log entry: it is not entry %llu of the %llu in the checkpoint",
                                   (unsigned long long)entry->index, (unsigned long long)head.size);
        r = hashedrekord_restates(buf_view(&entry->body), statement->key, statement->algorithm,
                                  statement->digest, statement->signature, problem);
        return r < 0 ? problem_prefix(problem, r, "log entry") : 0;
}
