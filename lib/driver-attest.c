/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/driver.h"

#include <errno.h>

#include "lib/endorsement.h"

static int malformed(struct problem *problem)
{
        return problem_set(problem, -EBADMSG, "the fields of the request make no sense");
}

/* Nothing to activate, or all that is needed for it. */
static int read_question(struct reader *fields, uint32_t *ret_slot, struct evidence_question *ret,
                         struct problem *problem)
{
        _cleanup_(freep) char *name = NULL;
        const struct endorsement *row;
        struct view kind;

        *ret_slot = reader_u32(fields);
        ret->nonce = reader_sized(fields);
        kind = reader_sized(fields);
        ret->blob = reader_sized(fields);
        ret->encrypted = reader_sized(fields);
        ret->creation = reader_sized(fields);
        if (reader_end(fields) < 0 || ret->nonce.size > EVIDENCE_NONCE_MAX ||
            ret->creation.size > DRIVER_CREATION_MAX || (kind.size == 0) != (ret->blob.size == 0) ||
            (kind.size == 0) != (ret->encrypted.size == 0))
                return malformed(problem);
        if (kind.size == 0)
                return 0;
        name = view_dup(kind);
        if (!name)
                return -ENOMEM;
        row = endorsement_find(name);
        if (!row || !view_is(kind, row->name))
                return problem_set(problem, -EOPNOTSUPP, "no such kind of endorsement key: %s",
                                   name);
        ret->endorsement = row->name;
        return 0;
}

int driver_attest(const struct driver *driver, void *device, struct reader *fields,
                  struct buf *answer, struct problem *problem)
{
        _cleanup_(buf_done) struct buf text = BUF_INIT(EVIDENCE_TEXT_MAX);
        _cleanup_(evidence_done) struct evidence evidence;
        struct evidence_question question = {};
        uint32_t slot;
        int r;

        evidence_init(&evidence);
        r = read_question(fields, &slot, &question, problem);
        if (r < 0)
                return r;
        if (!driver->attest)
                return problem_set(problem, -EOPNOTSUPP, "this token says nothing of its keys");
        r = driver->attest(device, slot, &question, &evidence, problem);
        if (r == 0)
                r = evidence_put(&text, &evidence);
        if (r == -EMSGSIZE)
                return problem_set(problem, -EIO, "what the token says of its key is too long");
        if (r < 0)
                return r;
        buf_put_sized(answer, buf_view(&text));
        return 0;
}
