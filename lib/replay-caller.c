/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Who asked and what allowed it: a record with a grant has a caller and a request, and each is of
 * the form in which the agent writes it.
 */

#include <errno.h>

#include "lib/replay-rule.h"

#define PID_LIMIT ((int64_t)4194304) /* PID_MAX_LIMIT of Linux on 64 bits */

static int begin(struct replay *replay, void **ret_state)
{
        *ret_state = replay; /* nothing to remember */
        return 0;
}

static void expect_number(struct replay *replay, const struct replay_leaf *leaf,
                          const struct record *caller, const char *member, int64_t limit)
{
        int64_t found = -1;

        if (record_integer(caller, member, &found) < 0 || found < 0 || found >= limit)
                replay_report_leaf(replay, leaf, "caller: %s: expected 0 to %lld, found %lld",
                                   member, (long long)limit - 1, (long long)found);
}

static void check_caller(struct replay *replay, const struct replay_leaf *leaf,
                         const struct record *caller)
{
        struct view identity = record_string(caller, "identity");

        expect_number(replay, leaf, caller, "gid", UINT32_MAX);
        expect_number(replay, leaf, caller, "pid", PID_LIMIT + 1);
        expect_number(replay, leaf, caller, "uid", UINT32_MAX);
        if (!view_is(identity, "pidfd") && !view_is(identity, "best-effort"))
                replay_report_leaf(replay, leaf,
                                   "caller: identity: expected pidfd or best-effort, found "
                                   "\"%.*s\"",
                                   (int)identity.size, (const char *)identity.data);
}

static int is_name(struct view text)
{
        char name[KEY_NAME_MAX + 1] = "";

        if (text.size >= sizeof(name))
                return 0;
        memcpy(name, text.data, text.size);
        return strlen(name) == text.size && key_name_is_valid(name);
}

/* "7.2": the connection and the call on it, from 1. */
static int is_request(struct view text)
{
        struct reader reader = reader_init(text);
        struct view connection = reader_until(&reader, '.');
        uint64_t numbers[2] = {0, 0};

        return !reader.bad && view_parse_decimal(connection, &numbers[0]) == 0 &&
               view_parse_decimal(reader_bytes(&reader, reader.left), &numbers[1]) == 0 &&
               numbers[0] > 0 && numbers[1] > 0;
}

/* "opa" or "opa:ID" */
static int is_decision(struct view text)
{
        return text.size >= 3 && memcmp(text.data, "opa", 3) == 0 &&
               (text.size == 3 || (text.data[3] == ':' && text.size > 4));
}

static int take(void *state, const struct replay_leaf *leaf)
{
        struct replay *replay = state;
        struct record caller;
        struct view grant, request, decision;
        int has_caller;

        if (!leaf->record)
                return 0;
        has_caller = record_object(leaf->record, "caller", &caller) == 0;
        grant = record_string(leaf->record, "grant");
        request = record_string(leaf->record, "request");
        if (has_caller)
                check_caller(replay, leaf, &caller);
        if (request.data && !is_request(request))
                replay_report_leaf(replay, leaf,
                                   "%s: request: expected two numbers, as in 7.2, found \"%.*s\"",
                                   leaf->record->type->name, (int)request.size,
                                   (const char *)request.data);
        decision = record_string(leaf->record, "decision");
        if (decision.data && (!grant.data || !is_decision(decision)))
                replay_report_leaf(replay, leaf,
                                   "%s: decision: expected opa or opa:ID beside a grant, found "
                                   "\"%.*s\"",
                                   leaf->record->type->name, (int)decision.size,
                                   (const char *)decision.data);
        if (!grant.data)
                return 0;
        if (!is_name(grant))
                replay_report_leaf(replay, leaf, "%s: grant: \"%.*s\" is no name of a grant",
                                   leaf->record->type->name, (int)grant.size,
                                   (const char *)grant.data);
        if (!has_caller || !request.data)
                replay_report_leaf(replay, leaf, "%s: a grant without caller or request",
                                   leaf->record->type->name);
        return 0;
}

static int end(void *state)
{
        return 0;
}

static void nothing_free(void *state)
{
}

REPLAY_RULE(caller, begin, take, end, nothing_free, replay_save_nothing, replay_restore_nothing);
