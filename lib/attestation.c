/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/attestation.h"

#include <errno.h>
#include <fcntl.h>

#include "lib/file.h"

#define TYPE    "hallmark-attestation"
#define VERSION 1

void attestation_done(struct attestation *attestation)
{
        keyring_key_done(&attestation->key);
        evidence_done(&attestation->evidence);
}

int attestation_put(struct buf *buf, const struct keyring_key *key)
{
        json_t *object = json_pack("{s:o, s:s, s:i}", "key", keyring_key_to_json(key), "type", TYPE,
                                   "v", VERSION);

        if (!object)
                return -ENOMEM;
        json_put(buf, object);
        buf_put_u8(buf, '\n');
        json_decref(object);
        return buf_error(buf);
}

static int read_members(const json_t *object, struct attestation *ret, struct problem *problem)
{
        static const struct json_member members[] = {
                {"key", JSON_OBJECT, 1},
                {"type", JSON_STRING, 1},
                {"v", JSON_INTEGER, 1},
        };
        int r = json_check_members(object, "attestation", members, ARRAY_SIZE(members), problem);

        if (r < 0)
                return r;
        if (!string_equal(json_member_string(object, "type"), TYPE))
                return problem_set(problem, -EBADMSG, "type: expected " TYPE);
        if (json_member_integer(object, "v", 0) != VERSION)
                return problem_set(problem, -EBADMSG, "v: expected %d, found %lld", VERSION,
                                   (long long)json_member_integer(object, "v", 0));
        r = keyring_key_from_json(json_object_get(object, "key"), &ret->key, problem);
        if (r < 0)
                return r;
        if (!ret->key.evidence)
                return problem_set(problem, -EBADMSG, "key %s: there is no evidence",
                                   ret->key.name);
        return evidence_from_json(ret->key.evidence, &ret->evidence, problem);
}

/* One attestation has one text. */
static int check_canonical(const struct attestation *attestation, struct view text,
                           struct problem *problem)
{
        _cleanup_(buf_done) struct buf again = BUF_INIT(ATTESTATION_TEXT_MAX);
        int r = attestation_put(&again, &attestation->key);

        if (r == -ENOMEM)
                return r;
        return r == 0 && view_equal(buf_view(&again), text)
                       ? 0
                       : problem_set(problem, -EBADMSG, "attestation: not canonical JSON");
}

int attestation_parse(struct view text, struct attestation *ret, struct problem *problem)
{
        json_t *object = NULL;
        int r;

        *ret = (struct attestation){};
        evidence_init(&ret->evidence);
        if (text.size > ATTESTATION_TEXT_MAX)
                return problem_set(problem, -EBADMSG, "attestation: longer than %zu bytes",
                                   ATTESTATION_TEXT_MAX);
        r = json_parse_object(text, &object, problem);
        if (r == 0)
                r = read_members(object, ret, problem);
        json_decref(object);
        return r < 0 ? r : check_canonical(ret, text, problem);
}

int attestation_load(const char *path, struct attestation *ret, struct problem *problem)
{
        _cleanup_(buf_done) struct buf text = BUF_INIT(ATTESTATION_TEXT_MAX);
        struct problem reason = {};
        int r;

        *ret = (struct attestation){};
        r = file_read(AT_FDCWD, path, &text, problem);
        if (r < 0)
                return r;
        r = attestation_parse(buf_view(&text), ret, &reason);
        return r < 0 ? problem_set(problem, r, "%s: %s", path, problem_text(&reason, r)) : 0;
}
