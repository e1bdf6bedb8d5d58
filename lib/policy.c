/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/policy.h"

#include <errno.h>
#include <fcntl.h>

#include "lib/file.h"

#define TIME_UNKNOWN ((uint64_t)1) /* for a cosignature of 1970, since 0 stands for none */

struct policy *policy_free(struct policy *policy)
{
        if (!policy)
                return NULL;
        for (size_t i = 0; i < policy->log_count; i++)
                vkey_done(&policy->logs[i]);
        for (size_t i = 0; i < policy->node_count; i++) {
                free(policy->nodes[i].name);
                vkey_done(&policy->nodes[i].key);
        }
        free(policy);
        return NULL;
}

int policy_load(const char *path, struct policy **ret, struct problem *problem)
{
        _cleanup_(buf_done) struct buf text = BUF_INIT(POLICY_SIZE_MAX);
        int r = file_read(AT_FDCWD, path, &text, problem);

        if (r < 0)
                return r;
        r = policy_parse(buf_view(&text), ret, problem);
        return r < 0 ? problem_prefix(problem, r, "%s", path) : 0;
}

/* A group comes after its members, so one walk settles all of them. */
int policy_decides(const struct policy *policy, const uint64_t *times)
{
        size_t witnessed[POLICY_NODES_MAX] = {};

        if (policy->quorum == POLICY_NONE)
                return 1;
        for (size_t i = 0; i < policy->node_count; i++) {
                const struct policy_node *node = &policy->nodes[i];
                int holds = node->threshold > 0 ? witnessed[i] >= node->threshold : times[i] > 0;

                if (i == policy->quorum)
                        return holds;
                if (holds && node->parent != POLICY_NONE)
                        witnessed[node->parent]++;
        }
        return 0;
}

/* Whether those who cosigned by @time are the quorum. */
static int is_decided_at(const struct policy *policy, const uint64_t *times, uint64_t time)
{
        uint64_t until[POLICY_NODES_MAX] = {};

        for (size_t i = 0; i < policy->node_count; i++)
                if (times[i] > TIME_UNKNOWN && times[i] <= time)
                        until[i] = times[i];
        return policy_decides(policy, until);
}

uint64_t policy_decided_at(const struct policy *policy, const uint64_t *times)
{
        uint64_t earliest = 0;

        if (policy->quorum == POLICY_NONE)
                return 0;
        for (size_t i = 0; i < policy->node_count; i++)
                if (times[i] > TIME_UNKNOWN && (earliest == 0 || times[i] < earliest) &&
                    is_decided_at(policy, times, times[i]))
                        earliest = times[i];
        return earliest;
}

static struct view origin_of(const struct note *note)
{
        struct reader reader = reader_init(note->text);

        return reader_until(&reader, '\n');
}

static int verify_log(const struct policy *policy, const struct note *note, struct problem *problem)
{
        int r = -ENOKEY;

        for (size_t i = 0; i < policy->log_count; i++) {
                if (!view_is(origin_of(note), policy->logs[i].name))
                        continue;
                r = vkey_verify(&policy->logs[i], note, NULL, problem);
                if (r != -ENOKEY)
                        return r;
                if (problem)
                        *problem = (struct problem){}; /* the next log key may have signed */
        }
        if (policy->log_count == 0)
                return 0;
        return problem_set(problem, -EKEYREJECTED, "not signed by a log of the policy");
}

/* The witnesses that the quorum depends on, near or far. */
static int counts(const struct policy *policy, size_t node)
{
        while (node != POLICY_NONE && node != policy->quorum)
                node = policy->nodes[node].parent;
        return node != POLICY_NONE;
}

static int refuse(const struct policy *policy, const uint64_t *times, struct problem *problem)
{
        _cleanup_(buf_done) struct buf missing = {};

        for (size_t i = 0; i < policy->node_count; i++)
                if (policy->nodes[i].threshold == 0 && times[i] == 0 && counts(policy, i))
                        buf_put_format(&missing, " %s", policy->nodes[i].name);
        return problem_set(problem, -EKEYREJECTED, "quorum %s not reached: no cosignature of%.*s",
                           policy->nodes[policy->quorum].name, (int)missing.size,
                           (const char *)missing.data);
}

static int verify_witnesses(const struct policy *policy, const struct note *note,
                            uint64_t *ret_times, struct problem *problem)
{
        for (size_t i = 0; i < policy->node_count; i++) {
                const struct policy_node *node = &policy->nodes[i];
                struct problem reason = {};
                int r;

                ret_times[i] = 0;
                if (node->threshold > 0)
                        continue;
                r = vkey_verify(&node->key, note, &ret_times[i], &reason);
                if (r == -ENOKEY)
                        continue;
                if (r < 0)
                        return problem_set(problem, r, "witness %s: %s", node->name,
                                           problem_text(&reason, r));
                if (ret_times[i] == 0)
                        ret_times[i] = TIME_UNKNOWN;
        }
        return 0;
}

int policy_verify(const struct policy *policy, const struct note *note,
                  uint64_t ret_times[POLICY_NODES_MAX], struct problem *problem)
{
        int r = verify_log(policy, note, problem);

        if (r == 0)
                r = verify_witnesses(policy, note, ret_times, problem);
        if (r == 0 && !policy_decides(policy, ret_times))
                r = refuse(policy, ret_times, problem);
        return r < 0 ? problem_prefix(problem, r, "policy") : 0;
}
