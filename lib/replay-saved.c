/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/replay-saved.h"

#include <errno.h>
#include <stdio.h>

#include "lib/replay-field.h"

#define WHERE_SIZE 128 /* the longest is a path in a journal */
#define OTHERS     5   /* members of the file that are no fields */

/* As it is kept. */
struct kept_finding {
        uint64_t index;
        char where[WHERE_SIZE];
        char text[PROBLEM_TEXT_MAX];
};

static const struct field saved_fields[] = {
        FIELD(struct replay_saved, origin, FIELD_TEXT),
        FIELD(struct replay_saved, keyring, FIELD_HASH),
        FIELD(struct replay_saved, tree, FIELD_TREE),
        FIELD(struct replay_saved, checkpoint, FIELD_TEXT),
        FIELD(struct replay_saved, records, FIELD_NUMBER),
        FIELD(struct replay_saved, signatures, FIELD_NUMBER),
        FIELD(struct replay_saved, findings, FIELD_NUMBER),
        FIELD(struct replay_saved, ranges, FIELD_NUMBER),
};

static const struct field finding_fields[] = {
        FIELD(struct kept_finding, index, FIELD_NUMBER),
        FIELD(struct kept_finding, where, FIELD_TEXT),
        FIELD(struct kept_finding, text, FIELD_TEXT),
};

static const struct field range_fields[] = {
        FIELD(struct replay_range, of, FIELD_TEXT),
        FIELD(struct replay_range, first, FIELD_NUMBER),
        FIELD(struct replay_range, end, FIELD_NUMBER),
        FIELD(struct replay_range, broken, FIELD_FLAG),
};

struct replay_saved *replay_saved_new(void)
{
        struct replay_saved *saved = calloc(1, sizeof(*saved));

        if (!saved)
                return NULL;
        saved->found = json_array();
        saved->reached = json_array();
        saved->rules = json_object();
        if (saved->found && saved->reached && saved->rules)
                return saved;
        return replay_saved_free(saved);
}

struct replay_saved *replay_saved_free(struct replay_saved *saved)
{
        if (!saved)
                return NULL;
        json_decref(saved->found);
        json_decref(saved->reached);
        json_decref(saved->rules);
        free(saved);
        return NULL;
}

int replay_saved_add(struct replay_saved *saved, const struct replay_finding *finding)
{
        struct kept_finding kept = {.index = finding->index};
        json_t *object;

        saved->findings++;
        if (json_array_size(saved->found) == REPLAY_SAVED_FINDINGS)
                return 0;
        (void)snprintf(kept.where, sizeof(kept.where), "%s", finding->where);
        (void)snprintf(kept.text, sizeof(kept.text), "%s", finding->text);
        object = json_object();
        if (json_array_append_new(saved->found, object) < 0)
                return -ENOMEM;
        return field_save(finding_fields, ARRAY_SIZE(finding_fields), &kept, object);
}

void replay_saved_findings(const struct replay_saved *saved,
                           void (*take)(const struct replay_finding *finding, void *context),
                           void *context)
{
        uint64_t more = saved->findings - json_array_size(saved->found);
        struct problem text = {};
        const json_t *object;
        size_t i;

        json_array_foreach (saved->found, i, object) {
                struct kept_finding kept = {};

                if (field_restore(finding_fields, ARRAY_SIZE(finding_fields), 0, object, &kept,
                                  NULL) == 0)
                        take(&(struct replay_finding){kept.index, kept.where, kept.text, 1},
                             context);
        }
        if (more == 0)
                return;
        (void)problem_set(&text, 0, "and %llu more", (unsigned long long)more);
        take(&(struct replay_finding){REPLAY_NO_INDEX, "state", text.text, 1}, context);
}

int replay_saved_set_ranges(struct replay_saved *saved, const struct replay_result *result)
{
        saved->ranges = result->range_count;
        (void)json_array_clear(saved->reached); /* it is an array */
        for (size_t i = 0; i < result->range_count && i < REPLAY_RANGES_MAX; i++) {
                const struct replay_range *range = &result->ranges[i];
                json_t *object = json_object();

                if (json_array_append_new(saved->reached, object) < 0 ||
                    json_object_set_new(object, "level",
                                        json_string(replay_level_name(range->level))) < 0 ||
                    field_save(range_fields, ARRAY_SIZE(range_fields), range, object) < 0)
                        return -ENOMEM;
        }
        return 0;
}

static int read_range(const json_t *object, struct replay_range *ret)
{
        const char *name = json_member_string(object, "level");
        int level = 0;

        if (!name ||
            field_restore(range_fields, ARRAY_SIZE(range_fields), 1, object, ret, NULL) < 0)
                return -EBADMSG;
        while (level < REPLAY_LEVELS &&
               !string_equal(name, replay_level_name((enum replay_level)level)))
                level++;
        if (level == REPLAY_LEVELS)
                return -EBADMSG;
        ret->level = (enum replay_level)level;
        return 0;
}

void replay_saved_get_ranges(const struct replay_saved *saved, struct replay_result *ret)
{
        const json_t *object;
        size_t i;

        ret->range_count = saved->ranges;
        json_array_foreach (saved->reached, i, object)
                (void)read_range(object, &ret->ranges[i]); /* it was read before, to be checked */
}

/* All but the digest. The arrays and objects are shared with @saved. */
static json_t *to_json(const struct replay_saved *saved)
{
        json_t *object = json_pack("{s:O, s:O, s:O, s:s, s:i}", "found", saved->found, "reached",
                                   saved->reached, "rules", saved->rules, "type", REPLAY_SAVED_TYPE,
                                   "v", REPLAY_SAVED_VERSION);

        if (object && field_save(saved_fields, ARRAY_SIZE(saved_fields), saved, object) == 0)
                return object;
        json_decref(object);
        return NULL;
}

static int digest_of(const json_t *object, char ret[HEX_SIZE(SHA256_SIZE)])
{
        _cleanup_(buf_done) struct buf text = BUF_INIT(REPLAY_SAVED_MAX);
        struct sha256 digest;

        json_put(&text, object);
        if (buf_error(&text))
                return buf_error(&text);
        digest = sha256_of(buf_view(&text));
        (void)hex_encode(sha256_view(&digest), ret);
        return 0;
}

int replay_saved_put(struct buf *buf, const struct replay_saved *saved)
{
        _cleanup_(json_decrefp) json_t *object = to_json(saved);
        char digest[HEX_SIZE(SHA256_SIZE)];
        int r;

        if (!object)
                return -ENOMEM;
        r = digest_of(object, digest);
        if (r < 0)
                return r;
        if (json_object_set_new(object, "digest", json_string(digest)) < 0)
                return -ENOMEM;
        json_put(buf, object);
        buf_put_u8(buf, '\n');
        return buf_error(buf);
}

/* What it is, before it is asked whether it is whole. */
static int check_kind(const json_t *object, struct problem *problem)
{
        const char *type = json_member_string(object, "type");
        json_int_t version = json_member_integer(object, "v", 0);

        if (!type || !string_equal(type, REPLAY_SAVED_TYPE))
                return problem_set(problem, -EBADMSG, "damaged: expected type " REPLAY_SAVED_TYPE);
        if (version != REPLAY_SAVED_VERSION)
                return problem_set(problem, -EOPNOTSUPP,
                                   "of another version: expected %d, found %lld",
                                   REPLAY_SAVED_VERSION, (long long)version);
        return 0;
}

/* Takes the digest out. */
static int check_digest(json_t *object, struct problem *problem)
{
        char expected[HEX_SIZE(SHA256_SIZE)], found[HEX_SIZE(SHA256_SIZE)] = "";
        const char *text = json_member_string(object, "digest");
        int r;

        (void)snprintf(found, sizeof(found), "%s", text ? text : "");
        (void)json_object_del(object, "digest");
        r = digest_of(object, expected);
        if (r < 0)
                return r;
        return string_equal(expected, found)
                       ? 0
                       : problem_set(problem, -EBADMSG, "damaged: its digest is %s", expected);
}

static int check_lists(const struct replay_saved *saved, struct problem *problem)
{
        uint64_t found = json_array_size(saved->found), reached = json_array_size(saved->reached);
        struct kept_finding finding;
        struct replay_range range;
        const json_t *object;
        size_t i;

        if (found != (saved->findings < REPLAY_SAVED_FINDINGS ? saved->findings
                                                              : REPLAY_SAVED_FINDINGS) ||
            reached != (saved->ranges < REPLAY_RANGES_MAX ? saved->ranges : REPLAY_RANGES_MAX))
                return problem_set(problem, -EBADMSG, "damaged: findings or ranges are missing");
        json_array_foreach (saved->found, i, object)
                if (field_restore(finding_fields, ARRAY_SIZE(finding_fields), 0, object, &finding,
                                  NULL) < 0)
                        return problem_set(problem, -EBADMSG, "damaged: finding %zu", i);
        json_array_foreach (saved->reached, i, object)
                if (read_range(object, &range) < 0)
                        return problem_set(problem, -EBADMSG, "damaged: range %zu", i);
        return 0;
}

static int take_array(const json_t *object, const char *name, json_t **ret)
{
        json_t *value = json_object_get(object, name);

        if (!json_is_array(value))
                return -EBADMSG;
        json_decref(*ret);
        *ret = json_incref(value);
        return 0;
}

static int read_members(const json_t *object, struct replay_saved *ret, struct problem *problem)
{
        json_t *rules = json_object_get(object, "rules");
        int r = field_restore(saved_fields, ARRAY_SIZE(saved_fields), OTHERS, object, ret, problem);

        if (r < 0)
                return problem_prefix(problem, r, "damaged");
        if (take_array(object, "found", &ret->found) < 0 ||
            take_array(object, "reached", &ret->reached) < 0 || !json_is_object(rules))
                return problem_set(problem, -EBADMSG, "damaged: members are missing");
        json_decref(ret->rules);
        ret->rules = json_incref(rules);
        return check_lists(ret, problem);
}

/* One state has one text. */
static int check_canonical(const struct replay_saved *saved, struct view text,
                           struct problem *problem)
{
        _cleanup_(buf_done) struct buf again = BUF_INIT(REPLAY_SAVED_MAX);
        int r = replay_saved_put(&again, saved);

        if (r < 0)
                return r;
        return view_equal(buf_view(&again), text)
                       ? 0
                       : problem_set(problem, -EBADMSG, "damaged: not canonical JSON");
}

int replay_saved_parse(struct view text, struct replay_saved **ret, struct problem *problem)
{
        _cleanup_(replay_saved_freep) struct replay_saved *saved = replay_saved_new();
        _cleanup_(json_decrefp) json_t *object = NULL;
        int r;

        if (!saved)
                return -ENOMEM;
        r = json_parse_object(text, &object, problem);
        if (r < 0)
                return problem_prefix(problem, r, "damaged");
        r = check_kind(object, problem);
        if (r == 0)
                r = check_digest(object, problem);
        if (r == 0)
                r = read_members(object, saved, problem);
        if (r == 0)
                r = check_canonical(saved, text, problem);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(saved);
        return 0;
}
