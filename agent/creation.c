/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/creation.h"

#include <errno.h>

#include "lib/base64.h"

#define VERSION 1

void key_creation_done(struct key_creation *creation)
{
        json_decref(creation->created_for);
        buf_done(&creation->proof);
        free(creation->reason);
        *creation = (struct key_creation){};
}

int key_creation_put(struct buf *buf, const struct key_creation *creation)
{
        _cleanup_(buf_done) struct buf proof = {};
        _cleanup_(json_decrefp) json_t *object = NULL;
        size_t before = buf->size;

        base64_encode(&proof, buf_view(&creation->proof));
        buf_put_u8(&proof, '\0');
        if (buf_error(&proof))
                return buf_error(&proof);
        object = json_pack("{s:O, s:s*, s:s*, s:i}", "createdFor", creation->created_for, "proof",
                           creation->proof.size > 0 ? (const char *)proof.data : NULL, "reason",
                           creation->reason, "v", VERSION);
        if (!object)
                return -ENOMEM;
        json_put(buf, object);
        buf_put_u8(buf, '\n');
        if (buf_error(buf))
                return buf_error(buf);
        return buf->size - before > KEY_CREATION_TEXT_MAX ? -EMSGSIZE : 0;
}

static int read_proof(const char *proof, struct buf *ret, struct problem *problem)
{
        int r = base64_decode(ret, view_string(proof));

        if (r == -ENOMEM)
                return r;
        return r < 0 || ret->size == 0 || ret->size > DRIVER_CREATION_MAX
                       ? problem_set(problem, -EBADMSG, "proof: expected 1 to %zu bytes in base64",
                                     DRIVER_CREATION_MAX)
                       : 0;
}

static int read_members(const json_t *object, struct key_creation *ret, struct problem *problem)
{
        static const struct json_member members[] = {
                {"createdFor", JSON_OBJECT, 1},
                {"proof", JSON_STRING, 0},
                {"reason", JSON_STRING, 0},
                {"v", JSON_INTEGER, 1},
        };
        const char *proof = json_member_string(object, "proof");
        const char *reason = json_member_string(object, "reason");
        int r = json_check_members(object, "creation", members, ARRAY_SIZE(members), problem);

        if (r < 0)
                return r;
        if (json_member_integer(object, "v", 0) != VERSION)
                return problem_set(problem, -EBADMSG, "v: expected %d, found %lld", VERSION,
                                   (long long)json_member_integer(object, "v", 0));
        if (!proof == !reason)
                return problem_set(problem, -EBADMSG, "expected either a proof or a reason");
        r = created_for_check(json_object_get(object, "createdFor"), problem);
        if (r == 0 && proof)
                r = read_proof(proof, &ret->proof, problem);
        if (r < 0)
                return r;
        ret->created_for = json_incref(json_object_get(object, "createdFor"));
        ret->reason = reason ? strdup(reason) : NULL;
        return reason && !ret->reason ? -ENOMEM : 0;
}

int key_creation_parse(struct view text, struct key_creation *ret, struct problem *problem)
{
        _cleanup_(json_decrefp) json_t *object = NULL;
        int r;

        *ret = (struct key_creation){.proof = BUF_INIT(DRIVER_CREATION_MAX + 1)};
        if (text.size > KEY_CREATION_TEXT_MAX)
                return problem_set(problem, -EBADMSG, "longer than %zu bytes",
                                   KEY_CREATION_TEXT_MAX);
        r = json_parse_object(text, &object, problem);
        return r < 0 ? r : read_members(object, ret, problem);
}
