/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>

#include "cli/agent.h"
#include "cli/confirm.h"
#include "cli/key.h"
#include "cli/option.h"
#include "cli/output.h"

/* How a version of a key ends: three verbs that ask for the same in nearly the same way. */

enum { OPTION_VERSION, OPTION_REASON, OPTION_ID, OPTION_YES, OPTION_SINCE };

static json_t *parameters(const struct invocation *invocation, uint32_t version)
{
        json_t *object = json_pack("{s:s, s:s*, s:s*}", "name", invocation->operands[0], "reason",
                                   option_value(invocation, OPTION_REASON), "id",
                                   option_value(invocation, OPTION_ID));

        if (object && version > 0)
                (void)json_object_set_new(object, "version", json_integer(version));
        return object;
}

/* "Revoke version 2 of key release?" */
static enum answer ask(const struct invocation *invocation, const char *verb, uint32_t version,
                       const char *consequence, struct problem *problem)
{
        char question[256], number[32] = "the active version";

        if (version > 0)
                (void)snprintf(number, sizeof(number), "version %u", version);
        (void)snprintf(question, sizeof(question), "%s %s of key %.64s? %s", verb, number,
                       invocation->operands[0], consequence);
        return confirm(option_value(invocation, OPTION_YES) != NULL, question, problem);
}

static int check(const struct invocation *invocation, int needs_reason, uint32_t *ret_version,
                 struct problem *problem)
{
        int r = key_check_name(invocation->operands[0], problem);

        if (r == 0)
                r = key_parse_version(option_value(invocation, OPTION_VERSION), ret_version,
                                      problem);
        if (r == 0 && needs_reason && !option_value(invocation, OPTION_REASON))
                r = problem_set(problem, -EINVAL, "key %s: expected --reason",
                                invocation->verb->name);
        return r;
}

static enum answer run_retire(const struct invocation *invocation, struct problem *problem)
{
        uint32_t version = 0;

        if (check(invocation, 0, &version, problem) < 0)
                return ANSWER_UNKNOWN;
        return key_call(invocation, ADMIN ".RetireKey", parameters(invocation, version), "retired",
                        problem);
}

static enum answer run_revoke(const struct invocation *invocation, struct problem *problem)
{
        const char *since = option_value(invocation, OPTION_SINCE);
        enum answer answer;
        uint32_t version = 0;
        json_t *object;

        if (check(invocation, 1, &version, problem) < 0)
                return ANSWER_UNKNOWN;
        answer = ask(invocation, "Revoke", version,
                     "Its signatures are believed no more, for ever.", problem);
        if (answer != ANSWER_YES)
                return answer;
        object = parameters(invocation, version);
        if (object && since)
                (void)json_object_set_new(object, "since", json_string(since));
        return key_call(invocation, ADMIN ".RevokeKey", object, "revoked", problem);
}

static enum answer run_destroy(const struct invocation *invocation, struct problem *problem)
{
        enum answer answer;
        uint32_t version = 0;

        if (check(invocation, 1, &version, problem) < 0)
                return ANSWER_UNKNOWN;
        if (version == 0)
                return answer_of(problem_set(problem, -EINVAL, "key destroy: expected --version"),
                                 problem);
        answer = ask(invocation, "Destroy", version, "Its token will not have it any more.",
                     problem);
        if (answer != ANSWER_YES)
                return answer;
        return key_call(invocation, ADMIN ".DestroyKey", parameters(invocation, version),
                        "destroyed", problem);
}

#define VERSION_OPTION                                                                             \
        [OPTION_VERSION] = {"version", "n", "N", "that version instead of the active one"}
#define REASON_OPTION [OPTION_REASON] = {"reason", "r", "TEXT", "why: recorded, and in the ring"}
#define ID_OPTION                                                                                  \
        [OPTION_ID] = {"id", "i", "ID", "name the request: once more, it is only answered"}
#define YES_OPTION [OPTION_YES] = {"yes", "y", NULL, "do not ask"}

const struct verb verb_key_retire = {
        .group = "key",
        .name = "retire",
        .operands = "NAME",
        .help = "have a version of a key sign no more",
        .operands_min = 1,
        .operands_max = 1,
        .options = {VERSION_OPTION, REASON_OPTION, ID_OPTION},
        .run = run_retire,
};

const struct verb verb_key_revoke = {
        .group = "key",
        .name = "revoke",
        .operands = "NAME",
        .help = "say that a version of a key is not to be believed",
        .operands_min = 1,
        .operands_max = 1,
        .options = {VERSION_OPTION, REASON_OPTION, ID_OPTION, YES_OPTION,
                    [OPTION_SINCE] = {"since", "s", "TIME",
                                      "from that time on, as it is in records, instead of now"}},
        .run = run_revoke,
};

const struct verb verb_key_destroy = {
        .group = "key",
        .name = "destroy",
        .operands = "NAME",
        .help = "have the token destroy a version that has ended",
        .operands_min = 1,
        .operands_max = 1,
        .options = {[OPTION_VERSION] = {"version", "n", "N", "which"},
                    REASON_OPTION,
                    ID_OPTION,
                    YES_OPTION},
        .run = run_destroy,
};
