/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/dsse.h"

#include <errno.h>

#include "lib/base64.h"
#include "lib/spool.h"

#define SIGNATURE_SIZE_MAX ((size_t)4096) /* far over any row of lib/algorithm.h */

void dsse_done(struct dsse *dsse)
{
        if (!dsse)
                return;
        free(dsse->payload_type);
        buf_done(&dsse->payload);
        buf_done(&dsse->signature);
        *dsse = (struct dsse){};
}

static void put_pae_head(struct buf *buf, const char *payload_type, size_t size)
{
        buf_put_string(buf, "DSSEv1 ");
        buf_put_decimal(buf, strlen(payload_type));
        buf_put_u8(buf, ' ');
        buf_put_string(buf, payload_type);
        buf_put_u8(buf, ' ');
        buf_put_decimal(buf, size);
        buf_put_u8(buf, ' ');
}

void dsse_put_pae(struct buf *buf, const char *payload_type, struct view payload)
{
        put_pae_head(buf, payload_type, payload.size);
        buf_put_view(buf, payload);
}

int dsse_digest(const char *hash, const char *payload_type, struct view payload, uint8_t *ret,
                size_t *ret_size)
{
        _cleanup_(buf_done) struct buf head = {};
        int r;

        put_pae_head(&head, payload_type, payload.size);
        r = buf_error(&head);
        if (r < 0)
                return r;
        return digest_of_parts(hash, (const struct view[]){buf_view(&head), payload}, 2, ret,
                               ret_size);
}

int dsse_digest_of(const char *hash, const char *payload_type, const struct buf *payload,
                   uint8_t *ret, size_t *ret_size)
{
        _cleanup_(digest_stream_done) struct digest_stream stream = digest_stream_begin(hash);
        _cleanup_(buf_done) struct buf head = {};
        struct view slice;

        put_pae_head(&head, payload_type, payload->size);
        if (buf_error(&head))
                return buf_error(&head);
        digest_stream_put(&stream, buf_view(&head));
        for (size_t i = 0; (slice = spool_slice(payload, i)).size > 0; i += slice.size)
                digest_stream_put(&stream, slice);
        return digest_stream_end(&stream, ret, ret_size);
}

static void put_base64(struct buf *buf, const struct buf *bytes)
{
        struct view slice;

        for (size_t i = 0; (slice = spool_slice(bytes, i)).size > 0; i += slice.size)
                base64_encode(buf, slice);
}

void dsse_put(struct buf *buf, const char *payload_type, const struct buf *payload,
              struct view signature)
{
        buf_put_string(buf, "{\"payload\":\"");
        put_base64(buf, payload);
        buf_put_string(buf, "\",\"payloadType\":\"");
        buf_put_string(buf, payload_type);
        buf_put_string(buf, "\",\"signatures\":[{\"sig\":\"");
        base64_encode(buf, signature);
        buf_put_string(buf, "\",\"keyid\":\"\"}]}");
}

int dsse_read_base64(const json_t *object, const char *name, struct buf *ret,
                     struct problem *problem)
{
        _cleanup_(base64_stream_done) struct base64_stream stream = {.ret = ret};
        int r = base64_stream_put(&stream, view_string(json_member_string(object, name)));

        if (r == 0)
                r = base64_stream_end(&stream);
        if (r == -EMSGSIZE)
                return problem_set(problem, -EBADMSG, "envelope: member \"%s\": too long", name);
        if (r == -EBADMSG)
                return problem_set(problem, r, "envelope: member \"%s\": no base64", name);
        return r;
}

static int read_signature(const json_t *signatures, struct dsse *ret, struct problem *problem)
{
        static const struct json_member members[] = {
                {"sig", JSON_STRING, 1},
                {"keyid", JSON_STRING, 0},
        };
        const json_t *signature = json_array_get(signatures, 0);
        int r;

        if (json_array_size(signatures) != 1)
                return problem_set(problem, -EBADMSG,
                                   "envelope: expected exactly one signature, found %zu",
                                   json_array_size(signatures));
        if (!json_is_object(signature))
                return problem_set(problem, -EBADMSG, "envelope: the signature is no object");
        r = json_check_members(signature, "envelope: signature", members, ARRAY_SIZE(members),
                               problem);
        if (r == 0)
                r = dsse_read_base64(signature, "sig", &ret->signature, problem);
        if (r == 0 && ret->signature.size == 0)
                r = problem_set(problem, -EBADMSG, "envelope: the signature is empty");
        return r;
}

int dsse_parse(const json_t *object, struct dsse *ret, struct problem *problem)
{
        static const struct json_member members[] = {
                {"payload", JSON_STRING, 1},
                {"payloadType", JSON_STRING, 1},
                {"signatures", JSON_ARRAY, 1},
        };
        int r = json_check_members(object, "envelope", members, ARRAY_SIZE(members), problem);

        if (r < 0)
                return r;
        ret->payload.limit = DSSE_PAYLOAD_SIZE_MAX;
        ret->signature.limit = SIGNATURE_SIZE_MAX;
        ret->payload_type = strdup(json_member_string(object, "payloadType"));
        if (!ret->payload_type)
                return -ENOMEM;
        r = dsse_read_base64(object, "payload", &ret->payload, problem);
        return r < 0 ? r : read_signature(json_object_get(object, "signatures"), ret, problem);
}
