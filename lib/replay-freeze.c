/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What is frozen signs nothing: between a `freeze` and the `thaw` of the same key, or of
 * everything, there is no signature by it, nor its word that another version follows it.
 */

#include <errno.h>

#include "lib/hashedrekord.h"
#include "lib/replay-rule.h"

/* Since which record; and 0 is no record of a freeze, since the first one is agent.start. */
struct freezes {
        struct replay *replay;
        int lost; /* some records are not known: a freeze may have been among them, or a thaw */
        uint64_t all;
        uint64_t *keys; /* of the ring, in its order: those of one name are frozen together */
};

static void freezes_free(void *state)
{
        struct freezes *freezes = state;

        if (freezes)
                free(freezes->keys);
        free(freezes);
}

static int begin(struct replay *replay, void **ret_state)
{
        struct freezes *freezes = calloc(1, sizeof(*freezes));

        *ret_state = freezes;
        if (!freezes)
                return -ENOMEM;
        freezes->replay = replay;
        freezes->keys = calloc(replay_ring(replay)->count + 1, sizeof(*freezes->keys));
        return freezes->keys ? 0 : -ENOMEM;
}

/* Sets that of each version of the key; whether there is one, and whether it was set before. */
static int set_key(struct freezes *freezes, struct view name, uint64_t since, int *ret_was)
{
        const struct keyring *ring = replay_ring(freezes->replay);
        int found = 0;

        *ret_was = 0;
        for (size_t i = 0; i < ring->count; i++) {
                if (!view_is(name, ring->keys[i].name))
                        continue;
                found = 1;
                *ret_was |= freezes->keys[i] > 0;
                freezes->keys[i] = since;
        }
        return found;
}

static void take_freeze(struct freezes *freezes, const struct replay_leaf *leaf)
{
        struct view name = record_string(leaf->record, "key");
        int was;

        if (!name.data)
                freezes->all = leaf->index;
        else if (!set_key(freezes, name, leaf->index, &was))
                replay_report_leaf(freezes->replay, leaf,
                                   "freeze: there is no key \"%.*s\" in the ring", (int)name.size,
                                   (const char *)name.data);
}

static void take_thaw(struct freezes *freezes, const struct replay_leaf *leaf)
{
        struct view name = record_string(leaf->record, "key");
        int was = freezes->all > 0;

        if (!name.data)
                freezes->all = 0;
        else if (!set_key(freezes, name, 0, &was))
                return;
        if (!was && !freezes->lost)
                replay_report_leaf(freezes->replay, leaf, "thaw: what it is about was not frozen");
}

static void expect_not_frozen(struct freezes *freezes, const struct replay_leaf *leaf,
                              const struct keyring_key *key)
{
        uint64_t since = freezes->keys[key - replay_ring(freezes->replay)->keys];

        if (since == 0)
                since = freezes->all;
        if (since > 0)
                replay_report_leaf(freezes->replay, leaf,
                                   "%s: signed while key \"%s\" was frozen, by record %llu",
                                   leaf->record->type->name, key->name, (unsigned long long)since);
}

static void take_signature(struct freezes *freezes, const struct replay_leaf *leaf)
{
        const struct keyring_key *key = leaf->key;

        if (key)
                expect_not_frozen(freezes, leaf, key);
}

/* Of a version that signs no statement (it has a counter or a witness) nothing is said. */
static void take_rotate(struct freezes *freezes, const struct replay_leaf *leaf)
{
        const struct keyring_key *key = leaf->key;

        if (key && record_string(leaf->record, "previousSignature").data)
                expect_not_frozen(freezes, leaf, key);
}

static const struct {
        const char *type;
        void (*take)(struct freezes *freezes, const struct replay_leaf *leaf);
} events[] = {
        {"attest", take_signature}, {"freeze", take_freeze},         {"key.rotate", take_rotate},
        {"sign", take_signature},   {"sign.logged", take_signature}, {"thaw", take_thaw},
};

static int take(void *state, const struct replay_leaf *leaf)
{
        struct freezes *freezes = state;

        if (!leaf->record) {
                if (leaf->bytes.data && hashedrekord_is(leaf->bytes))
                        return 0;
                freezes->lost = 1;
                freezes->all = 0;
                memset(freezes->keys, 0,
                       replay_ring(freezes->replay)->count * sizeof(*freezes->keys));
                return 0;
        }
        for (size_t i = 0; i < ARRAY_SIZE(events); i++)
                if (record_is(leaf->record, events[i].type))
                        events[i].take(freezes, leaf);
        return 0;
}

static int end(void *state)
{
        return 0;
}

static const struct field fields[] = {
        FIELD(struct freezes, lost, FIELD_FLAG),
        FIELD(struct freezes, all, FIELD_NUMBER),
};

static const struct field key_fields[] = {{"since", FIELD_NUMBER, 0, sizeof(uint64_t)}};

static int save(const void *state, json_t *ret)
{
        const struct freezes *freezes = state;
        json_t *keys = json_array();

        if (json_object_set_new(ret, "keys", keys) < 0)
                return -ENOMEM;
        for (size_t i = 0; i < replay_ring(freezes->replay)->count; i++) {
                json_t *object = json_object();

                if (json_array_append_new(keys, object) < 0 ||
                    field_save(key_fields, 1, &freezes->keys[i], object) < 0)
                        return -ENOMEM;
        }
        return field_save(fields, ARRAY_SIZE(fields), freezes, ret);
}

static int restore(void *state, const json_t *saved, struct problem *problem)
{
        const json_t *keys = json_object_get(saved, "keys"), *object;
        struct freezes *freezes = state;
        int r = field_restore(fields, ARRAY_SIZE(fields), 1, saved, freezes, problem);
        size_t i;

        if (r == 0 &&
            (!json_is_array(keys) || json_array_size(keys) != replay_ring(freezes->replay)->count))
                r = problem_set(problem, -EBADMSG,
                                "expected whether each key of the ring is frozen");
        if (r < 0)
                return r;
        json_array_foreach (keys, i, object) {
                r = field_restore(key_fields, 1, 0, object, &freezes->keys[i], problem);
                if (r < 0)
                        return r;
        }
        return 0;
}

REPLAY_RULE(freeze, begin, take, end, freezes_free, save, restore);
