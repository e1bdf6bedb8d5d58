/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/frame.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

static const struct {
        enum frame_status status;
        int error;
} status_map[] = {
        {FRAME_OK, 0},
        {FRAME_BAD_REQUEST, -EBADMSG},
        {FRAME_UNSUPPORTED, -EOPNOTSUPP},
        {FRAME_NO_KEY, -ENOKEY},
        {FRAME_MISMATCH, -EKEYREJECTED},
        {FRAME_GONE, -ENODEV},
        {FRAME_WRONG_PIN, -EACCES},
        {FRAME_LOCKED_OUT, -EBUSY},
        {FRAME_TOKEN_FAILED, -EIO},
        {FRAME_EXISTS, -EEXIST},
        {FRAME_REFUSED, -EPERM},
};

static const char *const operation_names[] = {
        [FRAME_OPEN] = "open",     [FRAME_GENERATE] = "generate", [FRAME_LOAD] = "load",
        [FRAME_SIGN] = "sign",     [FRAME_DESTROY] = "destroy",   [FRAME_PROBE] = "probe",
        [FRAME_COUNT] = "count",   [FRAME_AUDIT] = "audit",       [FRAME_ATTEST] = "attest",
        [FRAME_ANCHOR] = "anchor", [FRAME_MEASURE] = "measure",
};

void frame_put_head(struct buf *buf, enum frame_operation operation, uint64_t id,
                    enum frame_status status)
{
        buf_put_u8(buf, FRAME_VERSION);
        buf_put_u8(buf, (uint8_t)operation);
        buf_put_u64(buf, id);
        buf_put_u8(buf, (uint8_t)status);
}

int frame_decode(struct view bytes, struct frame *ret)
{
        struct reader reader = reader_init(bytes);
        uint8_t version = reader_u8(&reader);
        uint8_t operation = reader_u8(&reader);
        uint64_t id = reader_u64(&reader);
        uint8_t status = reader_u8(&reader);

        if (reader.bad || version != FRAME_VERSION || operation < FRAME_OPEN ||
            operation > FRAME_OPERATION_LAST || status > FRAME_STATUS_LAST)
                return -EBADMSG;
        *ret = (struct frame){
                .operation = (enum frame_operation)operation,
                .id = id,
                .status = (enum frame_status)status,
                .fields = reader_rest(&reader),
        };
        return 0;
}

enum frame_status frame_status_of(int error)
{
        for (size_t i = 0; i < ARRAY_SIZE(status_map); i++)
                if (status_map[i].error == error)
                        return status_map[i].status;
        return FRAME_TOKEN_FAILED;
}

int frame_error_of(enum frame_status status)
{
        for (size_t i = 0; i < ARRAY_SIZE(status_map); i++)
                if (status_map[i].status == status)
                        return status_map[i].error;
        return -EIO;
}

const char *frame_operation_name(enum frame_operation operation)
{
        return operation >= FRAME_OPEN && operation <= FRAME_OPERATION_LAST
                       ? operation_names[operation]
                       : "unknown";
}

void facts_done(struct facts *facts)
{
        if (!facts)
                return;
        for (size_t i = 0; i < facts->count; i++) {
                free(facts->pair[i].name);
                free(facts->pair[i].value);
        }
        facts->count = 0;
}

int facts_add(struct facts *facts, const char *name, const char *value)
{
        char *name_copy, *value_copy;

        if (facts->count == FRAME_FACTS_MAX)
                return -EMSGSIZE;
        name_copy = strdup(name);
        value_copy = strdup(value);
        if (!name_copy || !value_copy) {
                free(name_copy);
                free(value_copy);
                return -ENOMEM;
        }
        facts->pair[facts->count].name = name_copy;
        facts->pair[facts->count].value = value_copy;
        facts->count++;
        return 0;
}

int facts_add_format(struct facts *facts, const char *name, const char *format, ...)
{
        _cleanup_(freep) char *value = NULL;
        va_list arguments;
        int length;

        va_start(arguments, format);
        length = vasprintf(&value, format, arguments);
        va_end(arguments);
        if (length < 0) {
                value = NULL; /* vasprintf() leaves it undefined */
                return -ENOMEM;
        }
        return facts_add(facts, name, value);
}

const char *facts_get(const struct facts *facts, const char *name)
{
        for (size_t i = 0; i < facts->count; i++)
                if (string_equal(facts->pair[i].name, name))
                        return facts->pair[i].value;
        return NULL;
}

void frame_put_facts(struct buf *buf, const struct facts *facts)
{
        for (size_t i = 0; i < facts->count; i++) {
                buf_put_sized(buf, view_string(facts->pair[i].name));
                buf_put_sized(buf, view_string(facts->pair[i].value));
        }
}

static int view_is_text(struct view view)
{
        return view.size == 0 || !memchr(view.data, '\0', view.size);
}

int frame_read_facts(struct reader *reader, struct facts *ret)
{
        while (!reader->bad && reader->left > 0) {
                _cleanup_(freep) char *name = NULL, *value = NULL;
                struct view name_view = reader_sized(reader), value_view = reader_sized(reader);
                int r;

                if (reader->bad || !view_is_text(name_view) || !view_is_text(value_view))
                        return -EBADMSG;
                name = view_dup(name_view);
                value = view_dup(value_view);
                if (!name || !value)
                        return -ENOMEM;
                if (facts_get(ret, name))
                        return -EBADMSG;
                r = facts_add(ret, name, value);
                if (r < 0)
                        return r == -EMSGSIZE ? -EBADMSG : r;
        }
        return reader_end(reader);
}
