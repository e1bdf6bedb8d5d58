/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/quorum.h"

#include <errno.h>

#include "cli/output.h"
#include "lib/record.h"
#include "lib/tlog-proof.h"

#define USEC_PER_SEC    ((uint64_t)1000000)
#define TIME_SHOWN_MOST ((uint64_t)253402300799) /* the last second of the year 9999 */

void quorum_done(struct quorum *quorum)
{
        if (quorum)
                quorum->policy = policy_free(quorum->policy);
}

int quorum_load(const char *path, struct quorum *ret, struct problem *problem)
{
        *ret = (struct quorum){};
        return policy_load(path, &ret->policy, problem);
}

int quorum_verify(struct quorum *quorum, struct view checkpoint, struct problem *problem)
{
        _cleanup_(note_done) struct note note = {};
        int r = note_parse(checkpoint, &note, problem);

        return r < 0 ? r : policy_verify(quorum->policy, &note, quorum->times, problem);
}

int quorum_verify_proof(struct quorum *quorum, struct view text, struct problem *problem)
{
        _cleanup_(tlog_proof_done) struct tlog_proof proof = {};
        int r = tlog_proof_parse(text, &proof, problem);

        if (r == 0)
                r = quorum_verify(quorum, proof.checkpoint, problem);
        return r == -EBADMSG || r == -EMSGSIZE ? -EKEYREJECTED : r;
}

uint64_t quorum_time(const struct quorum *quorum)
{
        return quorum->policy ? policy_decided_at(quorum->policy, quorum->times) : 0;
}

static const char *name_time(uint64_t seconds, char ret[RECORD_TIME_SIZE])
{
        return record_time((seconds < TIME_SHOWN_MOST ? seconds : TIME_SHOWN_MOST) * USEC_PER_SEC,
                           ret);
}

void quorum_put_witnesses(struct buf *text, const struct quorum *quorum)
{
        const char *separator = "";
        char time[RECORD_TIME_SIZE];

        for (size_t i = 0; i < quorum->policy->node_count; i++) {
                if (quorum->times[i] == 0)
                        continue;
                buf_put_string(text, separator);
                output_put_text(text, view_string(quorum->policy->nodes[i].name));
                buf_put_format(text, " (%s)", name_time(quorum->times[i], time));
                separator = ", ";
        }
        if (!separator[0])
                buf_put_string(text, "nobody");
}

/* A name that is no UTF-8 is shown as it is printed. */
static json_t *witness_to_json(const char *name, uint64_t seconds)
{
        _cleanup_(buf_done) struct buf text = {};
        char time[RECORD_TIME_SIZE];

        output_put_text(&text, view_string(name));
        if (buf_error(&text))
                return NULL;
        return json_pack("{s:s%, s:s}", "name", (const char *)text.data, text.size, "time",
                         name_time(seconds, time));
}

json_t *quorum_to_json(const struct quorum *quorum)
{
        json_t *list = json_array();

        for (size_t i = 0; list && i < quorum->policy->node_count; i++)
                if (quorum->times[i] > 0 &&
                    json_array_append_new(list, witness_to_json(quorum->policy->nodes[i].name,
                                                                quorum->times[i])) < 0) {
                        json_decref(list);
                        return NULL;
                }
        return list;
}
