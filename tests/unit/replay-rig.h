/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A journal with a key to sign with, and what its replay finds first. */

#include "lib/replay-rule.h"
#include "tests/unit/made-record.h"
#include "tests/unit/steps.h"

enum { RIG_LOG, RIG_MODEL, RIG_KEYS };

struct replay_rig {
        struct made_journal made;
        struct keyring_key keys[RIG_KEYS];
        EVP_PKEY *pair; /* of the key "model" */
};

static inline void replay_rig_init(struct replay_rig *rig)
{
        const struct algorithm *algorithm = algorithm_find("ecdsa-p256");

        *rig = (struct replay_rig){.pair = key_new(algorithm)};
        made_init(&rig->made);
        rig->keys[RIG_LOG] = rig->made.log_key;
        rig->keys[RIG_MODEL] = (struct keyring_key){.name = "model",
                                                    .token = "tpm0",
                                                    .created = "2026-11-22T10:00:00.000000Z",
                                                    .version = 1,
                                                    .algorithm = algorithm,
                                                    .purpose = KEY_MODEL,
                                                    .pubkey = key_public(rig->pair)};
        rig->made.ring.keys = rig->keys;
        rig->made.ring.count = RIG_KEYS;
}

static inline void replay_rig_done(struct replay_rig *rig)
{
        keyring_key_done(&rig->keys[RIG_MODEL]);
        EVP_PKEY_free(rig->pair);
        made_done(&rig->made);
}

/* How much was found, and the first of it. */
struct found {
        size_t count;
        uint64_t index;
        char text[PROBLEM_TEXT_MAX];
};

static inline void found_note(const struct replay_finding *finding, void *context)
{
        struct found *found = context;

        if (found->count++ > 0)
                return;
        found->index = finding->index;
        (void)snprintf(found->text, sizeof(found->text), "%s", finding->text);
}

/* Publishes the journal and replays it by @rule alone, or by every rule if it is NULL; and again by
 * every rule in steps. */
static inline void found_replay(struct made_journal *made, const struct replay_rule *rule,
                                struct found *ret, struct replay_result *ret_result)
{
        const struct replay_rule *const rules[] = {rule, NULL};
        _cleanup_(journal_freep) struct journal *journal = NULL;
        const struct replay_options options = {
                .finding = found_note, .context = ret, .rules = rule ? rules : NULL};

        *ret = (struct found){};
        made_publish(made, made->count);
        journal = made_open(made);
        expect_integer(replay_journal(journal, &made->ring, &options, ret_result, NULL), 0);
        steps_expect_same_anywhere(made);
}

/* One finding, @text at @index; or none if @text is NULL. */
static inline void found_expect(const struct found *found, uint64_t index, const char *text)
{
        expect_integer(found->count, text != NULL);
        expect_text(view_string(found->text), text ? text : "");
        expect_integer(found->index, text ? index : 0);
}
