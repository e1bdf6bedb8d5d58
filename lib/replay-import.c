/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Keys that operators brought: each has its key.import, which says of it what the ring says, and is
 * called imported by the ring, so that nobody takes it for one that was made in a token. No token
 * here has it: there is no record that would take one. That it signs nothing is seen in each
 * signature by itself.
 */

#include "lib/replay-rule.h"

static int begin(struct replay *replay, void **ret_state)
{
        *ret_state = replay;
        return 0;
}

static void expect_member(struct replay *replay, const struct replay_leaf *leaf, const char *member,
                          const char *expected)
{
        struct view found = record_string(leaf->record, member);

        if (found.data ? !view_is(found, expected) : expected[0] != '\0')
                replay_report_leaf(
                        replay, leaf, "key.import: %s: the ring has \"%s\", found \"%.*s\"", member,
                        expected, (int)found.size, found.data ? (const char *)found.data : "");
}

/* What was said of its end when it came stays; what the journal says later, other rules compare. */
static void expect_end(struct replay *replay, const struct replay_leaf *leaf,
                       const struct keyring_key *key)
{
        if (record_string(leaf->record, "ended").data)
                expect_member(replay, leaf, "ended", key->ended);
        if (view_is(record_string(leaf->record, "state"), key_state_name(KEY_REVOKED)))
                expect_member(replay, leaf, "revoked", key->revoked);
        if (key->state == KEY_ACTIVE)
                expect_member(replay, leaf, "state", key_state_name(KEY_ACTIVE));
}

static void take_import(struct replay *replay, const struct replay_leaf *leaf,
                        const struct keyring_key *key)
{
        if (!key) {
                replay_report_leaf(replay, leaf, "key.import: the key is not in the ring");
                return;
        }
        if (!key->imported[0]) {
                replay_report_leaf(replay, leaf,
                                   "key.import: the ring does not say that the key was imported");
                return;
        }
        expect_member(replay, leaf, "time", key->imported);
        expect_member(replay, leaf, "algorithm", key->algorithm->name);
        expect_member(replay, leaf, "created", key->created);
        expect_member(replay, leaf, "purpose", key_purpose_name(key->purpose));
        expect_end(replay, leaf, key);
}

static int take(void *state, const struct replay_leaf *leaf)
{
        static const char *const types[] = {"intent",     "key.attest",  "key.count",
                                            "key.create", "key.destroy", "key.rotate"};
        const struct keyring_key *key = leaf->key;

        if (leaf->record && record_is(leaf->record, "key.import"))
                take_import(state, leaf, key);
        for (size_t i = 0; key && key->imported[0] && i < ARRAY_SIZE(types); i++)
                if (record_is(leaf->record, types[i]))
                        replay_report_leaf(state, leaf,
                                           "%s: the key was imported, and no token here has it",
                                           types[i]);
        return 0;
}

static int end(void *state)
{
        return 0;
}

static void nothing_free(void *state)
{
}

REPLAY_RULE(import, begin, take, end, nothing_free, replay_save_nothing, replay_restore_nothing);
