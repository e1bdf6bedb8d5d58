/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/replay-rule.h"

#include <errno.h>

#include "lib/replay-state.h"

const struct replay_rule *const replay_rules[] = {
        &replay_rule_run,
        &replay_rule_key,
        &replay_rule_caller,
        &replay_rule_entry,
        &replay_rule_gate,
        &replay_rule_attest,
        &replay_rule_witness,
        &replay_rule_audit,
        &replay_rule_anchor,
        &replay_rule_freeze,
        &replay_rule_approval,
        &replay_rule_import,
        NULL,
};

static_assert(ARRAY_SIZE(replay_rules) <= REPLAY_RULES_MAX, "each rule has a place for its state");

static const struct replay_rule *const *rules_of(const struct replay *replay)
{
        return replay->options->rules ? replay->options->rules : replay_rules;
}

int replay_rules_begin(struct replay *replay)
{
        const struct replay_rule *const *rules = rules_of(replay);
        int r = 0;

        for (size_t i = 0; rules[i] && r == 0; i++)
                r = rules[i]->begin(replay, &replay->rule_states[i]);
        return r;
}

int replay_rules_take(struct replay *replay, const struct replay_leaf *leaf)
{
        const struct replay_rule *const *rules = rules_of(replay);
        int r = 0;

        for (size_t i = 0; rules[i] && r == 0; i++)
                r = rules[i]->take(replay->rule_states[i], leaf);
        return r;
}

int replay_rules_end(struct replay *replay)
{
        const struct replay_rule *const *rules = rules_of(replay);
        int r = 0;

        for (size_t i = 0; rules[i] && r == 0; i++)
                r = rules[i]->end(replay->rule_states[i]);
        return r;
}

void replay_rules_free(struct replay *replay)
{
        const struct replay_rule *const *rules = rules_of(replay);

        for (size_t i = 0; rules[i]; i++)
                rules[i]->free(replay->rule_states[i]);
}

int replay_save_nothing(const void *state, json_t *ret)
{
        return 0;
}

int replay_restore_nothing(void *state, const json_t *saved, struct problem *problem)
{
        return field_restore(NULL, 0, 0, saved, NULL, problem);
}

int replay_rules_save(const struct replay *replay, json_t *ret)
{
        const struct replay_rule *const *rules = rules_of(replay);
        int r = 0;

        for (size_t i = 0; rules[i] && r == 0; i++) {
                json_t *saved = json_object();

                if (json_object_set_new(ret, rules[i]->name, saved) < 0)
                        return -ENOMEM;
                r = rules[i]->save(replay->rule_states[i], saved);
        }
        return r;
}

int replay_rules_restore(struct replay *replay, const json_t *saved, struct problem *problem)
{
        const struct replay_rule *const *rules = rules_of(replay);
        size_t count = 0;
        int r = 0;

        while (rules[count])
                count++;
        if (json_object_size(saved) != count)
                return problem_set(problem, -EBADMSG, "rules: expected %zu of them", count);
        for (size_t i = 0; i < count && r == 0; i++) {
                r = rules[i]->restore(replay->rule_states[i],
                                      json_object_get(saved, rules[i]->name), problem);
                if (r < 0)
                        (void)problem_prefix(problem, r, "rule %s", rules[i]->name);
        }
        return r;
}

const struct keyring *replay_ring(const struct replay *replay)
{
        return replay->ring;
}

const struct merkle_tree *replay_tree(const struct replay *replay)
{
        return &replay->tree;
}

const char *replay_level_name(enum replay_level level)
{
        static const char *const names[REPLAY_LEVELS] = {"L0", "L1", "L2a", "L2b", "L3"};

        return names[level];
}

/* The range that a new one goes on from, or NULL. */
/* The newest range of that kind, if it goes on at @next->first. */
static struct replay_range *find_range(struct replay_result *result,
                                       const struct replay_range *next)
{
        for (size_t i = result->range_count; i-- > 0;) {
                struct replay_range *range = &result->ranges[i];

                if (i < REPLAY_RANGES_MAX && range->level == next->level &&
                    range->broken == next->broken && string_equal(range->of, next->of))
                        return range->end == next->first ? range : NULL;
        }
        return NULL;
}

void replay_attested(struct replay *replay, enum replay_level level, const char *token,
                     const struct sha256 *key)
{
        struct replay_result *result = replay->result;
        struct replay_attester *attester = &result->attesters[result->attester_count];

        assert(result->attester_count < REPLAY_ATTESTERS_MAX); /* as many as rules have tokens */
        *attester = (struct replay_attester){.level = level, .key = *key};
        memcpy(attester->token, token, strnlen(token, sizeof(attester->token) - 1));
        result->attester_count++;
}

const struct sha256 *replay_find_attester(const struct replay *replay, const char *token)
{
        const struct replay_result *result = replay->result;

        for (size_t i = 0; i < result->attester_count; i++)
                if (string_equal(result->attesters[i].token, token))
                        return &result->attesters[i].key;
        return NULL;
}

static void add_range(struct replay_result *result, struct replay_range next, const char *of)
{
        struct replay_range *range;

        memcpy(next.of, of, strnlen(of, sizeof(next.of) - 1));
        range = find_range(result, &next);
        /* What no checkpoint covers yet, anybody may have written. */
        if (next.end > result->checkpoint.size)
                next.end = result->checkpoint.size;
        if (next.end <= next.first)
                return;
        if (range) {
                range->end = next.end;
                return;
        }
        if (result->range_count < REPLAY_RANGES_MAX)
                result->ranges[result->range_count] = next;
        result->range_count++;
}

void replay_reached(struct replay *replay, enum replay_level level, const char *of, uint64_t first,
                    uint64_t end)
{
        add_range(replay->result, (struct replay_range){.level = level, .first = first, .end = end},
                  of);
}

void replay_broken(struct replay *replay, enum replay_level level, const char *of, uint64_t first,
                   uint64_t end)
{
        add_range(replay->result,
                  (struct replay_range){.level = level, .first = first, .end = end, .broken = 1},
                  of);
}
