/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/keyring-history.h"

#include <errno.h>
#include <stdio.h>

#include "lib/gate-json.h"
#include "lib/keyring-seal.h"
#include "lib/record.h"

#define STRANGERS_MAX 1024 /* created, and neither in the ring nor destroyed yet */

/* What the records say of a key of the ring. */
struct life {
        int is_made;
        enum key_state state;
        char overlap[KEY_TIME_SIZE], ended[KEY_TIME_SIZE], revoked[KEY_TIME_SIZE],
                destroyed[KEY_TIME_SIZE];
        char reason[KEY_REASON_MAX + 1];
        int is_attested; /* a record has the evidence of the ring */
};

struct keyring_history {
        const struct keyring *ring;
        struct life *lives; /* of the keys of the ring, in its order */
        struct merkle_tree tree;
        struct sha256 strangers[STRANGERS_MAX];
        size_t stranger_count;
        uint64_t newer;
};

int keyring_history_new(const struct keyring *ring, struct keyring_history **ret)
{
        _cleanup_(keyring_history_freep) struct keyring_history *history =
                calloc(1, sizeof(*history));

        assert(ring->seal);
        if (!history)
                return -ENOMEM;
        history->ring = ring;
        history->lives = calloc(ring->count + 1, sizeof(*history->lives));
        if (!history->lives)
                return -ENOMEM;
        *ret = TAKE_PTR(history);
        return 0;
}

struct keyring_history *keyring_history_free(struct keyring_history *history)
{
        if (!history)
                return NULL;
        free(history->lives);
        free(history);
        return NULL;
}

static void set_text(char *ret, size_t size, const char *text)
{
        if (text)
                (void)snprintf(ret, size, "%s", text);
}

static const struct keyring_key *find_key(const struct keyring_history *history,
                                          const char *fingerprint)
{
        struct sha256 hash;

        if (!fingerprint || hex_decode(view_string(fingerprint), hash.bytes, SHA256_SIZE) < 0)
                return NULL;
        return keyring_find_fingerprint(history->ring, &hash);
}

static struct life *life_of(const struct keyring_history *history, const struct keyring_key *key)
{
        return &history->lives[key - history->ring->keys];
}

static int refuse(const struct keyring_key *key, const char *member, const char *ring,
                  const char *records, struct problem *problem)
{
        return problem_set(problem, -EKEYREJECTED,
                           "key %s version %u: %s: the ring has \"%s\", the records have \"%s\"",
                           key->name, key->version, member, ring, records);
}

/* What a record and the ring both say of a key. */
static int compare_names(const struct keyring_key *key, const json_t *record,
                         struct problem *problem)
{
        const struct {
                const char *member, *ring;
        } names[] = {
                {"key", key->name},
                {"algorithm", key->algorithm->name},
                {"purpose", key_purpose_name(key->purpose)},
                {"token", key->token},
                {"transparency", key_transparency_name(key->transparency)},
        };

        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                const char *found = json_member_string(record, names[i].member);
                const char *expected = names[i].ring ? names[i].ring : "";

                if (!string_equal(found ? found : "", expected))
                        return refuse(key, names[i].member, expected, found ? found : "", problem);
        }
        if (json_member_integer(record, "version", 0) != (json_int_t)key->version)
                return problem_set(problem, -EKEYREJECTED,
                                   "key %s version %u: the records call it version %lld", key->name,
                                   key->version,
                                   (long long)json_member_integer(record, "version", 0));
        return 0;
}

/* What the TPM demands of a key is fixed when it is made, and only the record of that has it. */
static int compare_gate(const struct keyring_key *key, const json_t *record,
                        struct problem *problem)
{
        static const char *const names[] = {"attestationKey", "useCounter", "witness"};
        _cleanup_(json_decrefp) json_t *gate = json_object();

        if (!gate || gate_to_json(&key->gate, gate) < 0)
                return -ENOMEM;
        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                const char *expected = json_member_string(gate, names[i]);
                const char *found = json_member_string(record, names[i]);

                expected = expected ? expected : "";
                found = found ? found : "";
                if (!string_equal(found, expected))
                        return refuse(key, names[i], expected, found, problem);
        }
        return 0;
}

/* One that is not in the ring has to be destroyed again. */
static int note_stranger(struct keyring_history *history, const json_t *record,
                         struct problem *problem)
{
        struct sha256 *stranger = &history->strangers[history->stranger_count];
        const char *fingerprint = json_member_string(record, "fingerprint");

        if (history->stranger_count == STRANGERS_MAX ||
            hex_decode(view_string(fingerprint), stranger->bytes, SHA256_SIZE) < 0)
                return problem_set(problem, -EKEYREJECTED,
                                   "key %.64s version %lld: is not in the ring",
                                   json_member_string(record, "key"),
                                   (long long)json_member_integer(record, "version", 0));
        history->stranger_count++;
        return 0;
}

static void forget_stranger(struct keyring_history *history, const json_t *record)
{
        const char *fingerprint = json_member_string(record, "fingerprint");
        struct sha256 hash;

        if (hex_decode(view_string(fingerprint), hash.bytes, SHA256_SIZE) < 0)
                return;
        for (size_t i = 0; i < history->stranger_count; i++)
                if (view_equal(sha256_view(&history->strangers[i]), sha256_view(&hash)))
                        history->strangers[i--] = history->strangers[--history->stranger_count];
}

static int take_create(struct keyring_history *history, const json_t *record,
                       struct problem *problem)
{
        const struct keyring_key *key =
                find_key(history, json_member_string(record, "fingerprint"));
        const char *time = json_member_string(record, "time");
        int r;

        if (!key)
                return note_stranger(history, record, problem);
        r = compare_names(key, record, problem);
        if (r == 0)
                r = compare_gate(key, record, problem);
        if (r == 0 && strcmp(key->created, time) > 0)
                r = refuse(key, "created", key->created, time, problem);
        life_of(history, key)->is_made = 1;
        return r;
}

/* The version before is retired at the very moment at which this one is active, or goes on beside
 * it for as long as the record says. */
static int take_rotate(struct keyring_history *history, const json_t *record,
                       struct problem *problem)
{
        const struct keyring_key *key =
                find_key(history, json_member_string(record, "fingerprint"));
        const struct keyring_key *previous =
                find_key(history, json_member_string(record, "previousFingerprint"));
        const char *time = json_member_string(record, "time");

        if (key && !string_equal(key->created, time))
                return refuse(key, "created", key->created, time, problem);
        if (previous) {
                struct life *life = life_of(history, previous);

                set_text(life->overlap, sizeof(life->overlap),
                         json_member_string(record, "overlap"));
                life->state = life->overlap[0] ? KEY_ACTIVE : KEY_RETIRED;
                set_text(life->ended, sizeof(life->ended), life->overlap[0] ? NULL : time);
        }
        return take_create(history, record, problem);
}

static int take_end(struct keyring_history *history, const json_t *record, struct problem *problem)
{
        const struct keyring_key *key =
                find_key(history, json_member_string(record, "fingerprint"));
        const char *type = json_member_string(record, "type");
        const char *time = json_member_string(record, "time");
        struct life *life;

        (void)problem;
        if (!key)
                return 0;
        life = life_of(history, key);
        if (life->state == KEY_ACTIVE)
                set_text(life->ended, sizeof(life->ended),
                         life->overlap[0] && strcmp(life->overlap, time) < 0 ? life->overlap
                                                                             : time);
        if (string_equal(type, "key.revoke")) {
                life->state = KEY_REVOKED;
                set_text(life->revoked, sizeof(life->revoked),
                         json_member_string(record, "revoked"));
        } else if (life->state != KEY_REVOKED) {
                life->state = string_equal(type, "key.retire") ? KEY_RETIRED : KEY_DESTROYED;
        }
        if (string_equal(type, "key.destroy"))
                set_text(life->destroyed, sizeof(life->destroyed), time);
        set_text(life->reason, sizeof(life->reason), json_member_string(record, "reason"));
        return 0;
}

/* The end that the rotation has set. */
static int take_lapse(struct keyring_history *history, const json_t *record,
                      struct problem *problem)
{
        const struct keyring_key *key =
                find_key(history, json_member_string(record, "fingerprint"));
        struct life *life = key ? life_of(history, key) : NULL;

        (void)problem;
        if (!key || life->state != KEY_ACTIVE)
                return 0;
        life->state = KEY_RETIRED;
        memcpy(life->ended, life->overlap, sizeof(life->ended));
        return 0;
}

/* What an operator said of it, which is all that there is. */
static int take_import(struct keyring_history *history, const json_t *record,
                       struct problem *problem)
{
        const struct keyring_key *key =
                find_key(history, json_member_string(record, "fingerprint"));
        const char *time = json_member_string(record, "time");
        const char *created = json_member_string(record, "created");
        struct life *life;
        int r;

        if (!key)
                return problem_set(problem, -EKEYREJECTED, "key %.64s: is not in the ring",
                                   json_member_string(record, "key"));
        life = life_of(history, key);
        r = compare_names(key, record, problem);
        if (r == 0 && !string_equal(key->imported, time))
                r = refuse(key, "imported", key->imported, time, problem);
        if (r == 0 && !string_equal(key->created, created))
                r = refuse(key, "created", key->created, created, problem);
        if (r == 0 && key_state_parse(json_member_string(record, "state"), &life->state) < 0)
                r = refuse(key, "state", key_state_name(key->state),
                           json_member_string(record, "state"), problem);
        set_text(life->ended, sizeof(life->ended), json_member_string(record, "ended"));
        set_text(life->revoked, sizeof(life->revoked), json_member_string(record, "revoked"));
        set_text(life->reason, sizeof(life->reason), json_member_string(record, "reason"));
        life->is_made = 1;
        return r;
}

/* What a token said may have been recorded, and not kept: but not the other way round. */
static int take_attest(struct keyring_history *history, const json_t *record,
                       struct problem *problem)
{
        const struct keyring_key *key =
                find_key(history, json_member_string(record, "fingerprint"));

        (void)problem;
        if (key && key->evidence && json_equal(key->evidence, json_object_get(record, "evidence")))
                life_of(history, key)->is_attested = 1;
        return 0;
}

static const struct {
        const char *type;
        int (*take)(struct keyring_history *history, const json_t *record, struct problem *problem);
} events[] = {
        {"key.create", take_create}, {"key.rotate", take_rotate}, {"key.retire", take_end},
        {"key.revoke", take_end},    {"key.destroy", take_end},   {"key.attest", take_attest},
        {"key.import", take_import}, {"key.lapse", take_lapse},
};

/* The ring is what the records before its own say. A key of which it knew nothing may be destroyed
 * later, when it was never finished. */
static int take_record(struct keyring_history *history, uint64_t index, const json_t *record,
                       struct problem *problem)
{
        const char *type = json_member_string(record, "type");

        for (size_t i = 0; i < ARRAY_SIZE(events); i++) {
                if (!string_equal(type, events[i].type))
                        continue;
                if (string_equal(type, "key.destroy"))
                        forget_stranger(history, record);
                if (index < history->ring->seal->index)
                        return events[i].take(history, record, problem);
                history->newer++;
        }
        return 0;
}

/* Records have one text, and so has the beginning of their types. */
static int may_be_about_keys(struct view entry)
{
        static const char text[] = "\"type\":\"key.";

        return memmem(entry.data, entry.size, text, sizeof(text) - 1) != NULL;
}

static int add_leaf(struct keyring_history *history, struct view entry, struct problem *problem)
{
        const struct checkpoint *expected = &history->ring->seal->checkpoint;
        struct sha256 completed[MERKLE_HEIGHT_MAX], leaf, root;

        if (history->tree.size >= expected->size)
                return 0;
        leaf = merkle_leaf(entry);
        (void)merkle_push(&history->tree, &leaf, completed);
        if (history->tree.size < expected->size)
                return 0;
        root = merkle_root(&history->tree);
        if (view_equal(sha256_view(&root), sha256_view(&expected->root)))
                return 0;
        return problem_set(problem, -EKEYREJECTED,
                           "the first %llu records are not those of the ring's checkpoint",
                           (unsigned long long)expected->size);
}

int keyring_history_take(struct keyring_history *history, uint64_t index, struct view entry,
                         struct problem *problem)
{
        _cleanup_(json_decrefp) json_t *record = NULL;
        struct problem reason = {};
        int r = add_leaf(history, entry, problem);

        if (r < 0 || !may_be_about_keys(entry))
                return r;
        r = record_parse(entry, &record, &reason);
        if (r == 0)
                r = take_record(history, index, record, &reason);
        if (r == -ENOMEM || r == 0)
                return r;
        return problem_set(problem, -EKEYREJECTED, "record %llu: %s", (unsigned long long)index,
                           problem_text(&reason, r));
}

static int compare(const struct keyring_key *key, const struct life *life, struct problem *problem)
{
        const struct {
                const char *name, *ring, *records;
        } members[] = {
                {"state", key_state_name(key->state), key_state_name(life->state)},
                {"overlap", key->overlap, life->overlap},
                {"ended", key->ended, life->ended},
                {"revoked", key->revoked, life->revoked},
                {"destroyed", key->destroyed, life->destroyed},
                {"reason", key->reason, life->reason},
        };

        if (!life->is_made)
                return problem_set(problem, -EKEYREJECTED,
                                   "key %s version %u: no record says that it was made", key->name,
                                   key->version);
        if (key->evidence && !life->is_attested)
                return problem_set(problem, -EKEYREJECTED,
                                   "key %s version %u: evidence: no record has it", key->name,
                                   key->version);
        for (size_t i = 0; i < ARRAY_SIZE(members); i++)
                if (!string_equal(members[i].ring, members[i].records))
                        return refuse(key, members[i].name, members[i].ring, members[i].records,
                                      problem);
        return 0;
}

int keyring_history_end(const struct keyring_history *history, uint64_t *ret_newer,
                        struct problem *problem)
{
        const struct keyring *ring = history->ring;
        int r = 0;

        if (history->tree.size < ring->seal->checkpoint.size)
                return problem_set(problem, -EKEYREJECTED,
                                   "the journal has a checkpoint of %llu records, the ring one of "
                                   "%llu: some are missing, or not published yet",
                                   (unsigned long long)history->tree.size,
                                   (unsigned long long)ring->seal->checkpoint.size);
        for (size_t i = 0; i < ring->count && r == 0; i++)
                r = compare(&ring->keys[i], &history->lives[i], problem);
        if (r == 0 && history->stranger_count > 0)
                r = problem_set(problem, -EKEYREJECTED,
                                "%zu keys that were made are not in the ring",
                                history->stranger_count);
        if (r == 0)
                *ret_newer = history->newer;
        return r;
}
