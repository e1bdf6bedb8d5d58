/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/driver.h"

#include <errno.h>

#define ANCHOR_BYTES_MAX ((size_t)1024) /* of a key, an attestation or a signature */

static void anchor_done(struct driver_anchor *anchor)
{
        buf_done(&anchor->spki);
        buf_done(&anchor->attest);
        buf_done(&anchor->signature);
}

static int read_wish(struct reader *fields, struct driver_anchor_wish *ret, char **ret_origin,
                     struct problem *problem)
{
        uint8_t step = reader_u8(fields);
        struct view origin;

        ret->index = reader_u32(fields);
        origin = reader_sized(fields);
        ret->qualifying = reader_sized(fields);
        if (reader_end(fields) < 0 || step > ANCHOR_STEP_LAST || origin.size == 0 ||
            origin.size > DRIVER_LABEL_MAX || memchr(origin.data, '\0', origin.size) ||
            ret->qualifying.size != (step == ANCHOR_ADVANCE ? SHA256_SIZE : 0))
                return problem_set(problem, -EBADMSG, "the fields of the request make no sense");
        ret->step = (enum anchor_step)step;
        *ret_origin = view_dup(origin);
        ret->origin = *ret_origin;
        return *ret_origin ? 0 : -ENOMEM;
}

static int put_anchor(struct buf *answer, const struct driver_anchor *anchor)
{
        buf_put_u8(answer, (uint8_t)anchor->kind);
        buf_put_u32(answer, anchor->index);
        buf_put_u64(answer, anchor->counter);
        buf_put_sized(answer, buf_view(&anchor->spki));
        buf_put_sized(answer, buf_view(&anchor->attest));
        buf_put_sized(answer, buf_view(&anchor->signature));
        if (buf_error(&anchor->spki))
                return buf_error(&anchor->spki);
        return buf_error(&anchor->attest) ? buf_error(&anchor->attest)
                                          : buf_error(&anchor->signature);
}

int driver_step_anchor(const struct driver *driver, void *device, struct reader *fields,
                       struct buf *answer, struct problem *problem)
{
        _cleanup_(anchor_done) struct driver_anchor anchor = {
                .spki = BUF_INIT(ANCHOR_BYTES_MAX),
                .attest = BUF_INIT(ANCHOR_BYTES_MAX),
                .signature = BUF_INIT(ANCHOR_BYTES_MAX),
        };
        _cleanup_(freep) char *origin = NULL;
        struct driver_anchor_wish wish = {};
        int r = read_wish(fields, &wish, &origin, problem);

        if (r < 0)
                return r;
        if (!driver->anchor)
                return problem_set(problem, -EOPNOTSUPP,
                                   "this token has no counter to anchor a journal with");
        r = driver->anchor(device, &wish, &anchor, problem);
        return r < 0 ? r : put_anchor(answer, &anchor);
}
