/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What grant_explain() says is what grant_decide() does, and what a plain reading of the grants
 * gives: the third opinion shares no code with either. HALLMARK_SEED draws other sets of grants.
 */

#include "agent/grant.h"
#include "tests/test.h"
#include "tests/unit/grants.h"

#include <errno.h>
#include <stdlib.h>

#define SETS        10000
#define GRANTS_MOST 6
#define REQUESTS    4 /* of a set */
#define NONE        SIZE_MAX
#define SECOND      UINT64_C(1000000)

/* A condition: the line that states it, and of which of the values below it holds (bits). */
struct choice {
        const char *line;
        unsigned holds;
};

static const char *const key_values[] = {"model-a", "model-b", "release", "log"};
static const struct choice key_choices[] = {
        {"Key=model-a", 1},         {"Key=model-*", 3},     {"Key=*", 15},
        {"Key=release model-b", 6}, {"Key=?odel-b l*", 10},
};
static const char *const method_values[] = {"Sign", "SignLogged", "CreateKey"};
static const struct choice method_choices[] = {
        {"Methods=Sign", 1},
        {"Methods=Sign SignLogged", 3},
        {"Methods=CreateKey", 4},
        {"Methods=SignLogged CreateKey", 6},
};
static const uid_t user_values[] = {0, 1000, 1001};
static const struct choice user_choices[] = {
        {"", 7},
        {"User=1000", 2},
        {"User=0 1001", 5},
        {"User=1001 1000 0", 7},
};
/* Group 50 by its primary group, 60 and 61 by the others. */
static const struct choice group_choices[] = {
        {"", 7},
        {"Group=50", 1},
        {"Group=60 50", 3},
        {"Group=61", 4},
};
static const char *const unit_values[] = {"", "train-1.service", "session-2.scope"};
static const struct choice unit_choices[] = {
        {"", 7},
        {"Unit=train-*.service", 2},
        {"Unit=*", 6},
        {"Unit=*.scope x.service", 4},
};
static const char *const slice_values[] = {"", "system.slice", "train-gpu.slice"};
static const struct choice slice_choices[] = {
        {"", 7},
        {"Slice=train.slice", 4},
        {"Slice=system.slice", 2},
        {"Slice=*.slice", 6},
};
static const char *const job_values[] = {"", "4711"};
static const struct choice job_choices[] = {{"", 3}, {"Job=47*", 2}, {"Job=12", 0}};
static const char *const claim_values[] = {"{}", "{\"run\":\"7\"}",
                                           "{\"run\":\"8\",\"set\":\"a\"}"};
static const struct choice claim_choices[] = {
        {"", 7},
        {"Claims=run", 6},
        {"Claims=run=7", 2},
        {"Claims=set run", 4},
};

enum { KEY, METHOD, USER, GROUP, UNIT, SLICE, JOB, CLAIM, CONDITIONS };

static const struct {
        const struct choice *choices;
        size_t choice_count, value_count;
} conditions[CONDITIONS] = {
        [KEY] = {key_choices, ARRAY_SIZE(key_choices), ARRAY_SIZE(key_values)},
        [METHOD] = {method_choices, ARRAY_SIZE(method_choices), ARRAY_SIZE(method_values)},
        [USER] = {user_choices, ARRAY_SIZE(user_choices), ARRAY_SIZE(user_values)},
        [GROUP] = {group_choices, ARRAY_SIZE(group_choices), 3},
        [UNIT] = {unit_choices, ARRAY_SIZE(unit_choices), ARRAY_SIZE(unit_values)},
        [SLICE] = {slice_choices, ARRAY_SIZE(slice_choices), ARRAY_SIZE(slice_values)},
        [JOB] = {job_choices, ARRAY_SIZE(job_choices), ARRAY_SIZE(job_values)},
        [CLAIM] = {claim_choices, ARRAY_SIZE(claim_choices), ARRAY_SIZE(claim_values)},
};

/* Xorshift: always the same. */
static uint64_t state = UINT64_C(0x9e3779b97f4a7c15);

static size_t draw(size_t count)
{
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        return (size_t)(state >> 33) % count;
}

struct set {
        size_t count;
        size_t choices[GRANTS_MOST][CONDITIONS];
        unsigned limit[GRANTS_MOST]; /* requests in a second; 0: as many as one likes */
};

static struct config *draw_set(struct set *set)
{
        _cleanup_(buf_done) struct buf text = {};

        set->count = draw(GRANTS_MOST + 1);
        for (size_t i = 0; i < set->count; i++) {
                set->limit[i] = (unsigned)draw(3);
                buf_put_format(&text, "[Grant g%zu]\n", i);
                for (size_t c = 0; c < CONDITIONS; c++) {
                        /* Most conditions are none, so that some grants apply. */
                        set->choices[i][c] =
                                c > METHOD && draw(3) > 0 ? 0 : draw(conditions[c].choice_count);
                        buf_put_format(&text, "%s\n",
                                       conditions[c].choices[set->choices[i][c]].line);
                }
                if (set->limit[i] > 0)
                        buf_put_format(&text, "Rate=%u/s\n", set->limit[i]);
        }
        buf_put_u8(&text, '\0');
        return grants_parse((const char *)text.data);
}

/* The number of the grant that decides about a request for these values. */
static size_t read_plainly(const struct set *set, const size_t *values)
{
        for (size_t i = 0; i < set->count; i++) {
                size_t c = 0;

                while (c < CONDITIONS &&
                       conditions[c].choices[set->choices[i][c]].holds & (1u << values[c]))
                        c++;
                if (c == CONDITIONS)
                        return i;
        }
        return NONE;
}

static struct caller caller_of(const size_t *values)
{
        struct caller caller = {.uid = user_values[values[USER]], .gid = 50};

        if (values[GROUP] > 0) {
                caller.gid = 99;
                caller.groups[0] = 7;
                caller.groups[1] = values[GROUP] == 1 ? 60 : 61;
                caller.group_count = 2;
        }
        (void)snprintf(caller.place.unit, CALLER_NAME_MAX, "%s", unit_values[values[UNIT]]);
        (void)snprintf(caller.place.slice, CALLER_NAME_MAX, "%s", slice_values[values[SLICE]]);
        (void)snprintf(caller.place.job, CALLER_ID_SIZE, "%s", job_values[values[JOB]]);
        return caller;
}

/* What the agent does with a granted request for its log key. */
static int after_grant(int r, const size_t *values)
{
        return r == 0 && values[KEY] == 3 && values[METHOD] < 2 ? -EPERM : r;
}

static void compare(const struct set *set, const struct config *config, struct grant_meter *meter,
                    const size_t *values, int used)
{
        struct caller caller = caller_of(values);
        _cleanup_(json_decrefp) json_t *claims = json_loads(claim_values[values[CLAIM]], 0, NULL);
        struct grant_request request = {&caller, method_values[values[METHOD]],
                                        key_values[values[KEY]], SECOND, claims};
        _cleanup_(json_decrefp) json_t *said = grant_explain(config, meter, &request);
        const char *grant = json_member_string(said, "grant");
        size_t plain = read_plainly(set, values);
        int expected = plain == NONE ? -EPERM : 0;
        struct grant_decision decision = {};
        char name[32] = "";
        int r = grant_decide(config, meter, &request, &decision, NULL);

        if (plain != NONE)
                (void)snprintf(name, sizeof(name), "g%zu", plain);
        if (plain != NONE && set->limit[plain] > 0 && (unsigned)used >= set->limit[plain])
                expected = -EAGAIN;
        expect_integer(r, expected);
        expect_text(view_string(decision.grant), name);
        expect_text(view_string(grant ? grant : ""), name);
        expect_integer(json_is_true(json_object_get(said, "allowed")), after_grant(r, values) == 0);
        expect_integer(json_object_get(said, "retryAfter") != NULL, r == -EAGAIN);
        expect_integer(json_array_size(json_object_get(said, "rules")), set->count);
}

static void test_sets(void)
{
        const char *seed = getenv("HALLMARK_SEED");
        uint64_t number;

        if (seed && view_parse_decimal(view_string(seed), &number) == 0)
                state ^= number;
        for (size_t i = 0; i < SETS; i++) {
                struct set set;
                _cleanup_(config_freep) struct config *config = draw_set(&set);
                char label[32];

                (void)snprintf(label, sizeof(label), "set %zu", i);
                test_label = label;
                for (size_t n = 0; n < REQUESTS; n++) {
                        _cleanup_(grant_meter_freep) struct grant_meter *meter = NULL;
                        size_t values[CONDITIONS];

                        if (grant_meter_new(&meter) < 0)
                                abort();
                        for (size_t c = 0; c < CONDITIONS; c++)
                                values[c] = draw(conditions[c].value_count);
                        for (int used = 0; used < 3; used++)
                                compare(&set, config, meter, values, used);
                }
        }
        test_label = "";
}

int main(void)
{
        test_sets();
        return test_result();
}
