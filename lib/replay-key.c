/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Keys: each has its key.create or key.rotate before it is used, with the names that the key ring
 * has for it, and is not used after its end. One version of a name is active at a time, but for
 * those in their overlap, and the one before it has named it its successor. What was created is in
 * the ring, or was destroyed again. A key that was imported is not created: it has its key.import
 * (lib/replay-import.c).
 */

#include <errno.h>

#include "lib/base64.h"
#include "lib/hashedrekord.h"
#include "lib/replay-rule.h"
#include "lib/rotation.h"

#define STRANGERS_MAX 1024 /* created, and not in the ring: as a rule none at the end */

enum life { NOT_CREATED, CREATED, ENDED, DESTROYED, OVERLAPS, LIVES };

struct stranger {
        uint64_t index; /* of its key.create */
        struct sha256 fingerprint;
};

struct keys {
        struct replay *replay;
        int lost;         /* some records are not known: a key may have been created in them */
        enum life *lives; /* of the keys of the ring, in its order */
        struct stranger strangers[STRANGERS_MAX];
        size_t stranger_count;
};

static void keys_free(void *state)
{
        struct keys *keys = state;

        if (keys)
                free(keys->lives);
        free(keys);
}

static int begin(struct replay *replay, void **ret_state)
{
        struct keys *keys = calloc(1, sizeof(*keys));

        *ret_state = keys;
        if (!keys)
                return -ENOMEM;
        keys->replay = replay;
        keys->lives = calloc(replay_ring(replay)->count + 1, sizeof(*keys->lives));
        return keys->lives ? 0 : -ENOMEM;
}

static enum life *life_of(const struct keys *keys, const struct keyring_key *key)
{
        return &keys->lives[key - replay_ring(keys->replay)->keys];
}

static void expect_name(struct keys *keys, const struct replay_leaf *leaf, const char *member,
                        const char *expected)
{
        struct view found = record_string(leaf->record, member);

        if (expected ? !found.data || !view_is(found, expected) : found.data != NULL)
                replay_report_leaf(keys->replay, leaf,
                                   "%s: %s: the ring has \"%s\", found \"%.*s\"",
                                   leaf->record->type->name, member, expected ? expected : "",
                                   (int)found.size, found.data ? (const char *)found.data : "");
}

static int is_before(const struct record *record, const char *time)
{
        struct view at = record_string(record, "time");

        return at.size == strlen(time) && memcmp(at.data, time, at.size) < 0;
}

static int is_after(const struct record *record, const char *time)
{
        struct view at = record_string(record, "time");

        return at.size == strlen(time) && memcmp(at.data, time, at.size) > 0;
}

static int is_named(const struct record *record, const struct keyring_key *key)
{
        int64_t version = 0;

        return view_is(record_string(record, "key"), key->name) &&
               record_integer(record, "version", &version) == 0 && version == (int64_t)key->version;
}

static void expect_names(struct keys *keys, const struct replay_leaf *leaf,
                         const struct keyring_key *key)
{
        if (!is_named(leaf->record, key))
                replay_report_leaf(keys->replay, leaf,
                                   "%s: the ring calls the key \"%s\" version %u",
                                   leaf->record->type->name, key->name, key->version);
}

static void expect_fingerprint(struct keys *keys, const struct replay_leaf *leaf)
{
        _cleanup_(buf_done) struct buf spki = BUF_INIT(SPKI_SIZE_MAX);
        char fingerprint[HEX_SIZE(SHA256_SIZE)] = "";
        struct sha256 hash;

        if (base64_decode(&spki, record_string(leaf->record, "publicKey")) == 0) {
                hash = sha256_of(buf_view(&spki));
                (void)hex_encode(sha256_view(&hash), fingerprint);
        }
        if (!view_is(record_string(leaf->record, "fingerprint"), fingerprint))
                replay_report_leaf(keys->replay, leaf, "%s: fingerprint: publicKey has \"%s\"",
                                   leaf->record->type->name, fingerprint);
}

static size_t find_stranger(const struct keys *keys, const struct record *record)
{
        struct sha256 fingerprint;
        size_t i = 0;

        if (hex_decode(record_string(record, "fingerprint"), fingerprint.bytes, SHA256_SIZE) < 0)
                return keys->stranger_count;
        while (i < keys->stranger_count &&
               !view_equal(sha256_view(&keys->strangers[i].fingerprint), sha256_view(&fingerprint)))
                i++;
        return i;
}

static void report_stranger(struct keys *keys, uint64_t index)
{
        replay_report(keys->replay, index, "key ring",
                      "key.create: the key is not in the ring, and was not destroyed again");
}

static void note_stranger(struct keys *keys, const struct replay_leaf *leaf)
{
        struct stranger *stranger = &keys->strangers[keys->stranger_count];

        if (keys->stranger_count == STRANGERS_MAX ||
            hex_decode(record_string(leaf->record, "fingerprint"), stranger->fingerprint.bytes,
                       SHA256_SIZE) < 0) {
                report_stranger(keys, leaf->index);
                return;
        }
        stranger->index = leaf->index;
        keys->stranger_count++;
}

/* The version of that name, other than @key, that is active; NULL: none of the ring. */
static const struct keyring_key *find_active(const struct keys *keys, const struct keyring_key *key)
{
        const struct keyring *ring = replay_ring(keys->replay);

        for (size_t i = 0; i < ring->count; i++)
                if (&ring->keys[i] != key && keys->lives[i] == CREATED &&
                    string_equal(ring->keys[i].name, key->name))
                        return &ring->keys[i];
        return NULL;
}

/* A version that is made beside an active one has not been named by it. */
static void expect_alone(struct keys *keys, const struct replay_leaf *leaf)
{
        const struct keyring_key *key = leaf->key;
        const struct keyring_key *other = key ? find_active(keys, key) : NULL;

        if (other)
                replay_report_leaf(keys->replay, leaf,
                                   "%s: version %u of the key is active as well",
                                   leaf->record->type->name, other->version);
}

static int take_create(struct keys *keys, const struct replay_leaf *leaf)
{
        const struct keyring_key *key = leaf->key;
        int again = key ? *life_of(keys, key) != NOT_CREATED
                        : find_stranger(keys, leaf->record) < keys->stranger_count;

        expect_fingerprint(keys, leaf);
        if (again) {
                replay_report_leaf(keys->replay, leaf, "%s: the key was created before",
                                   leaf->record->type->name);
                return 0;
        }
        if (!key) {
                note_stranger(keys, leaf);
                return 0;
        }
        *life_of(keys, key) = CREATED;
        expect_names(keys, leaf, key);
        expect_name(keys, leaf, "algorithm", key->algorithm->name);
        expect_name(keys, leaf, "purpose", key_purpose_name(key->purpose));
        expect_name(keys, leaf, "token", key->token);
        expect_name(keys, leaf, "transparency", key_transparency_name(key->transparency));
        expect_alone(keys, leaf);
        return 0;
}

/* Another active version of the name is as little allowed as beside one that is made. */
static int take_import(struct keys *keys, const struct replay_leaf *leaf)
{
        const struct keyring_key *key = leaf->key;
        int is_active = view_is(record_string(leaf->record, "state"), key_state_name(KEY_ACTIVE));

        expect_fingerprint(keys, leaf);
        if (!key)
                return 0;
        if (*life_of(keys, key) != NOT_CREATED)
                replay_report_leaf(keys->replay, leaf, "key.import: the key was there before");
        else
                *life_of(keys, key) = is_active ? CREATED : ENDED;
        expect_names(keys, leaf, key);
        if (is_active)
                expect_alone(keys, leaf);
        return 0;
}

/* 0: it is there and good. A key that its TPM does not let sign without a witness, or whose uses
 * are counted, signs no statement. */
static int expect_signature(struct keys *keys, const struct replay_leaf *leaf, const char *member,
                            const struct keyring_key *const sides[2],
                            const struct keyring_key *signer)
{
        struct view text = record_string(leaf->record, member);
        _cleanup_(buf_done) struct buf signature = BUF_INIT(SPKI_SIZE_MAX);
        int r;

        if (!text.data && gate_is_closed(&signer->gate))
                return 0;
        r = text.data ? base64_decode(&signature, text) : -EBADMSG;
        if (r == 0)
                r = rotation_verify(replay_ring(keys->replay)->origin, sides[0], sides[1], signer,
                                    buf_view(&signature));
        if (r == -ENOMEM)
                return r;
        if (r < 0)
                replay_report_leaf(keys->replay, leaf,
                                   "%s: %s: version %u has not signed that version %u follows "
                                   "version %u",
                                   leaf->record->type->name, member, signer->version,
                                   sides[1]->version, sides[0]->version);
        return 0;
}

/* How long the version before goes on beside the new one, which the ring knows as well. */
static enum life after_rotation(struct keys *keys, const struct replay_leaf *leaf,
                                const struct keyring_key *previous)
{
        struct view overlap = record_string(leaf->record, "overlap");

        if (!overlap.data && !previous->overlap[0])
                return ENDED;
        expect_name(keys, leaf, "overlap", previous->overlap);
        return previous->overlap[0] ? OVERLAPS : ENDED;
}

/* Who takes over from whom, and that both say so. */
static int take_succession(struct keys *keys, const struct replay_leaf *leaf,
                           const struct keyring_key *key)
{
        struct view text = record_string(leaf->record, "previousFingerprint");
        const struct keyring_key *previous = NULL;
        struct sha256 fingerprint;
        int r;

        if (text.data && hex_decode(text, fingerprint.bytes, SHA256_SIZE) == 0)
                previous = keyring_find_fingerprint(replay_ring(keys->replay), &fingerprint);
        if (!previous || !string_equal(previous->name, key->name) ||
            previous->version >= key->version) {
                if (text.data)
                        replay_report_leaf(keys->replay, leaf,
                                           "key.rotate: previousFingerprint: of no earlier version "
                                           "of the key");
                return 0;
        }
        if (*life_of(keys, previous) != CREATED && !keys->lost)
                replay_report_leaf(keys->replay, leaf, "key.rotate: version %u was not active",
                                   previous->version);
        *life_of(keys, previous) = after_rotation(keys, leaf, previous);
        r = expect_signature(keys, leaf, "previousSignature",
                             (const struct keyring_key *[]){previous, key}, previous);
        return r < 0 ? r
                     : expect_signature(keys, leaf, "ownSignature",
                                        (const struct keyring_key *[]){previous, key}, key);
}

static int take_rotate(struct keys *keys, const struct replay_leaf *leaf)
{
        const struct keyring_key *key = leaf->key;
        int r = key ? take_succession(keys, leaf, key) : 0;

        return r < 0 ? r : take_create(keys, leaf);
}

static void expect_created(struct keys *keys, const struct replay_leaf *leaf,
                           const struct keyring_key *key)
{
        if (*life_of(keys, key) == NOT_CREATED && !keys->lost)
                replay_report_leaf(keys->replay, leaf, "%s: before the key.create of its key",
                                   leaf->record->type->name);
        expect_names(keys, leaf, key);
}

static int take_retire(struct keys *keys, const struct replay_leaf *leaf)
{
        const struct keyring_key *key = leaf->key;

        if (!key)
                return 0;
        expect_created(keys, leaf, key);
        if (*life_of(keys, key) == ENDED || *life_of(keys, key) == DESTROYED)
                replay_report_leaf(keys->replay, leaf, "key.retire: the key had ended before");
        *life_of(keys, key) = ENDED;
        return 0;
}

/* The agent says that an overlap is over: not before it is. */
static int take_lapse(struct keys *keys, const struct replay_leaf *leaf)
{
        const struct keyring_key *key = leaf->key;

        if (!key)
                return 0;
        expect_created(keys, leaf, key);
        if (*life_of(keys, key) != OVERLAPS && !keys->lost)
                replay_report_leaf(keys->replay, leaf, "key.lapse: the key had no overlap");
        expect_name(keys, leaf, "overlap", key->overlap);
        if (is_before(leaf->record, key->overlap))
                replay_report_leaf(keys->replay, leaf,
                                   "key.lapse: before %s, the end of the overlap", key->overlap);
        *life_of(keys, key) = ENDED;
        return 0;
}

/* A ring from before that would go on believing the key. */
static int take_revoke(struct keys *keys, const struct replay_leaf *leaf)
{
        const struct keyring_key *key = leaf->key;

        if (!key)
                return 0;
        expect_created(keys, leaf, key);
        if (key->state != KEY_REVOKED)
                replay_report_leaf(keys->replay, leaf,
                                   "key.revoke: the ring calls the key %s: take a newer one",
                                   key_state_name(key->state));
        else if (key->revoked[0] && !view_is(record_string(leaf->record, "revoked"), key->revoked))
                replay_report_leaf(keys->replay, leaf, "key.revoke: revoked: the ring has %s",
                                   key->revoked);
        if (*life_of(keys, key) == CREATED || *life_of(keys, key) == OVERLAPS)
                *life_of(keys, key) = ENDED;
        return 0;
}

/* One that is not in the ring may have no key.create: its creation ended before that. */
static int take_destroy(struct keys *keys, const struct replay_leaf *leaf)
{
        const struct keyring_key *key = leaf->key;
        size_t stranger = find_stranger(keys, leaf->record);

        if (key && (*life_of(keys, key) == NOT_CREATED || *life_of(keys, key) == DESTROYED) &&
            !keys->lost)
                replay_report_leaf(keys->replay, leaf,
                                   "key.destroy: no key.create of the key "
                                   "before it");
        if (key) {
                expect_names(keys, leaf, key);
                *life_of(keys, key) = DESTROYED;
        } else if (stranger < keys->stranger_count) {
                keys->strangers[stranger] = keys->strangers[--keys->stranger_count];
        }
        return 0;
}

/* What is gone has nothing said of it. A key that has ended may be attested, and so may the log
 * key.
 */
static int take_attest(struct keys *keys, const struct replay_leaf *leaf)
{
        const struct keyring_key *key = leaf->key;

        if (!key) {
                replay_report_leaf(keys->replay, leaf, "key.attest: the key is not in the ring");
                return 0;
        }
        expect_created(keys, leaf, key);
        if (*life_of(keys, key) == DESTROYED)
                replay_report_leaf(keys->replay, leaf,
                                   "key.attest: after the key.destroy of its key");
        return 0;
}

/* A record of a use of a key, or of an attempt at one. */
static int take_use(struct keys *keys, const struct replay_leaf *leaf)
{
        const char *type = leaf->record->type->name;
        const struct keyring_key *key = leaf->key;

        if (!key) {
                replay_report_leaf(keys->replay, leaf, "%s: the key is not in the ring", type);
                return 0;
        }
        expect_names(keys, leaf, key);
        if (key->purpose == KEY_LOG)
                replay_report_leaf(keys->replay, leaf,
                                   "%s: by the log key, which signs checkpoints alone", type);
        if (*life_of(keys, key) == NOT_CREATED && !keys->lost)
                replay_report_leaf(keys->replay, leaf, "%s: before the key.create of its key",
                                   type);
        if (*life_of(keys, key) == DESTROYED)
                replay_report_leaf(keys->replay, leaf, "%s: after the key.destroy of its key",
                                   type);
        if (*life_of(keys, key) == ENDED && !string_equal(type, "key.count"))
                replay_report_leaf(keys->replay, leaf, "%s: after the end of its key", type);
        if (*life_of(keys, key) == OVERLAPS && !string_equal(type, "key.count") &&
            !string_equal(type, "intent") && is_after(leaf->record, key->overlap))
                replay_report_leaf(keys->replay, leaf,
                                   "%s: after %s, up to when its key was to sign beside the next "
                                   "version",
                                   type, key->overlap);
        return 0;
}

static const struct {
        const char *type;
        int (*take)(struct keys *keys, const struct replay_leaf *leaf);
} events[] = {
        {"sign", take_use},          {"sign.logged", take_use},     {"attest", take_use},
        {"intent", take_use},        {"key.attest", take_attest},   {"key.count", take_use},
        {"key.create", take_create}, {"key.destroy", take_destroy}, {"key.import", take_import},
        {"key.lapse", take_lapse},   {"key.retire", take_retire},   {"key.revoke", take_revoke},
        {"key.rotate", take_rotate},
};

static int take(void *state, const struct replay_leaf *leaf)
{
        struct keys *keys = state;

        if (!leaf->record) {
                keys->lost |= !leaf->bytes.data || !hashedrekord_is(leaf->bytes);
                return 0;
        }
        for (size_t i = 0; i < ARRAY_SIZE(events); i++)
                if (record_is(leaf->record, events[i].type))
                        return events[i].take(keys, leaf);
        return 0;
}

static int compare_strangers(const void *a, const void *b)
{
        const struct stranger *x = a, *y = b;

        return (x->index > y->index) - (x->index < y->index);
}

static int end(void *state)
{
        struct keys *keys = state;

        qsort(keys->strangers, keys->stranger_count, sizeof(*keys->strangers), compare_strangers);
        for (size_t i = 0; i < keys->stranger_count; i++)
                report_stranger(keys, keys->strangers[i].index);
        return 0;
}

static const struct field stranger_fields[] = {
        FIELD(struct stranger, index, FIELD_NUMBER),
        FIELD(struct stranger, fingerprint, FIELD_HASH),
};

static int save(const void *state, json_t *ret)
{
        const struct keys *keys = state;
        json_t *lives = json_array(), *strangers = json_array(), *object;
        int r = 0;

        if (json_object_set_new(ret, "lives", lives) < 0 ||
            json_object_set_new(ret, "strangers", strangers) < 0 ||
            json_object_set_new(ret, "lost", json_integer(keys->lost)) < 0)
                return -ENOMEM;
        for (size_t i = 0; i < replay_ring(keys->replay)->count && r == 0; i++)
                r = json_array_append_new(lives, json_integer(keys->lives[i]));
        for (size_t i = 0; i < keys->stranger_count && r == 0; i++) {
                object = json_object();
                r = json_array_append_new(strangers, object);
                if (r == 0)
                        r = field_save(stranger_fields, ARRAY_SIZE(stranger_fields),
                                       &keys->strangers[i], object);
        }
        return r < 0 ? -ENOMEM : 0;
}

static int restore_lives(struct keys *keys, const json_t *lives, struct problem *problem)
{
        const json_t *life;
        size_t i;

        if (!json_is_array(lives) || json_array_size(lives) != replay_ring(keys->replay)->count)
                return problem_set(problem, -EBADMSG, "expected the life of each key of the ring");
        json_array_foreach (lives, i, life) {
                if (!json_is_integer(life) || json_integer_value(life) < 0 ||
                    json_integer_value(life) >= LIVES)
                        return problem_set(problem, -EBADMSG, "key %zu: no such life", i);
                keys->lives[i] = (enum life)json_integer_value(life);
        }
        return 0;
}

static int restore(void *state, const json_t *saved, struct problem *problem)
{
        static const struct field fields[] = {FIELD(struct keys, lost, FIELD_FLAG)};
        const json_t *strangers = json_object_get(saved, "strangers"), *object;
        struct keys *keys = state;
        int r = field_restore(fields, ARRAY_SIZE(fields), 2, saved, keys, problem);
        size_t i;

        if (r == 0)
                r = restore_lives(keys, json_object_get(saved, "lives"), problem);
        if (r < 0)
                return r;
        if (!json_is_array(strangers) || json_array_size(strangers) > STRANGERS_MAX)
                return problem_set(problem, -EBADMSG, "expected keys that are not in the ring");
        json_array_foreach (strangers, i, object) {
                r = field_restore(stranger_fields, ARRAY_SIZE(stranger_fields), 0, object,
                                  &keys->strangers[i], problem);
                if (r < 0)
                        return r;
                keys->stranger_count++;
        }
        return 0;
}

REPLAY_RULE(key, begin, take, end, keys_free, save, restore);
