/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "lib/audit-account.h"
#include "lib/base64.h"
#include "lib/replay-field.h"

static const struct field account_fields[] = {
        FIELD(struct audit_account, token, FIELD_TEXT),
        FIELD(struct audit_account, newest, FIELD_NUMBER),
        FIELD(struct audit_account, before, FIELD_NUMBER),
        FIELD(struct audit_account, known, FIELD_FLAG),
        FIELD(struct audit_account, settled, FIELD_NUMBER),
        FIELD(struct audit_account, restarted, FIELD_FLAG),
        FIELD(struct audit_account, digest, FIELD_HASH),
        FIELD(struct audit_account, counter, FIELD_NUMBER),
        FIELD(struct audit_account, key, FIELD_HASH),
};

static const struct field waiting_fields[] = {
        FIELD(struct audit_waiting, index, FIELD_NUMBER),
        FIELD(struct audit_waiting, named, FIELD_FLAG),
        FIELD(struct audit_waiting, excused, FIELD_FLAG),
};

static json_t *base64_to_json(const void *data, size_t size)
{
        _cleanup_(buf_done) struct buf text = {};

        if (size == 0)
                return json_string("");
        base64_encode(&text, view_of(data, size));
        return buf_error(&text) ? NULL : json_stringn((const char *)text.data, text.size);
}

static int save_waiting(const struct audit_waiting *waiting, const struct keyring *ring,
                        json_t *list)
{
        json_t *object = json_object();

        if (json_array_append_new(list, object) < 0 ||
            json_object_set_new(object, "key", json_integer(waiting->key - ring->keys)) < 0 ||
            json_object_set_new(
                    object, "message",
                    base64_to_json(waiting->message, waiting->key->algorithm->digest_size)) < 0 ||
            json_object_set_new(object, "response",
                                base64_to_json(waiting->response, waiting->response_size)) < 0)
                return -ENOMEM;
        return field_save(waiting_fields, ARRAY_SIZE(waiting_fields), waiting, object);
}

int audit_account_save(const struct audit_account *account, const struct keyring *ring, json_t *ret)
{
        json_t *list = json_array();
        int r = field_save(account_fields, ARRAY_SIZE(account_fields), account, ret);

        if (json_object_set_new(ret, "waiting", list) < 0)
                return -ENOMEM;
        for (size_t i = 0; i < account->count && r == 0; i++)
                r = save_waiting(&account->waiting[i], ring, list);
        return r;
}

static int read_base64(const json_t *object, const char *name, size_t least, size_t most,
                       uint8_t *ret, size_t *ret_size)
{
        _cleanup_(buf_done) struct buf bytes = BUF_INIT(most);
        const char *text = json_member_string(object, name);
        int r = text ? base64_decode(&bytes, view_string(text)) : -EBADMSG;

        if (r == -ENOMEM)
                return r;
        if (r < 0 || bytes.size < least)
                return -EBADMSG;
        if (bytes.size > 0)
                memcpy(ret, bytes.data, bytes.size);
        *ret_size = bytes.size;
        return 0;
}

static int restore_waiting(struct audit_waiting *waiting, const struct keyring *ring,
                           const json_t *object, struct problem *problem)
{
        json_int_t key = json_member_integer(object, "key", -1);
        size_t digest_size, size = 0;
        int r = field_restore(waiting_fields, ARRAY_SIZE(waiting_fields), 3, object, waiting,
                              problem);

        if (r < 0)
                return r;
        if (key < 0 || (uint64_t)key >= ring->count)
                return problem_set(problem, -EBADMSG, "a signature of a key that the ring has not");
        waiting->key = &ring->keys[key];
        digest_size = waiting->key->algorithm->digest_size;
        r = read_base64(object, "message", digest_size, digest_size, waiting->message, &size);
        if (r == 0)
                r = read_base64(object, "response", waiting->excused ? 0 : 1,
                                sizeof(waiting->response), waiting->response, &size);
        waiting->response_size = (uint16_t)size;
        return r < 0 ? problem_set(problem, r, "a signature that waits is malformed") : 0;
}

int audit_account_restore(struct audit_account *account, const struct keyring *ring,
                          const json_t *saved, struct problem *problem)
{
        const json_t *list = json_object_get(saved, "waiting"), *object;
        int r = field_restore(account_fields, ARRAY_SIZE(account_fields), 1, saved, account,
                              problem);
        size_t i;

        if (r < 0)
                return r;
        if (!json_is_array(list) || json_array_size(list) > AUDIT_ACCOUNT_WAITING_MAX)
                return problem_set(problem, -EBADMSG, "expected the signatures that wait");
        if (json_array_size(list) > 0 && !account->waiting)
                account->waiting = calloc(AUDIT_ACCOUNT_WAITING_MAX, sizeof(*account->waiting));
        if (json_array_size(list) > 0 && !account->waiting)
                return -ENOMEM;
        json_array_foreach (list, i, object) {
                struct audit_waiting *waiting = &account->waiting[i];

                *waiting = (struct audit_waiting){};
                r = restore_waiting(waiting, ring, object, problem);
                /* A record has two at most. */
                if (r == 0 && i > 0 &&
                    (waiting->index < waiting[-1].index ||
                     (i > 1 && waiting->index == waiting[-2].index)))
                        r = problem_set(problem, -EBADMSG, "signatures that wait: not in order");
                if (r < 0)
                        return r;
                account->count++;
        }
        return 0;
}
