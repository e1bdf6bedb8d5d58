/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/journal-filter.h"

#include <errno.h>

#include "lib/json.h"

/* Times of one shape are in the order of their text, and so are their fronts. */
static int check_time(const char *text, const char *option, struct problem *problem)
{
        static const char shape[] = "dddd-dd-ddTdd:dd:dd.dddddd";
        size_t size = text ? strlen(text) : 0, i = 0;

        if (size > 0 && text[size - 1] == 'Z' && size > strlen("dddd-dd-ddTdd:dd:d"))
                size--;
        while (i < size && shape[i] &&
               (shape[i] == 'd' ? text[i] >= '0' && text[i] <= '9' : text[i] == shape[i]))
                i++;
        if (!text || (size > 0 && i == size))
                return 0;
        return problem_set(problem, -EINVAL,
                           "--%s: expected a time as 2026-11-22T10:00:00Z, or the front of one, "
                           "found \"%.64s\"",
                           option, text);
}

int journal_filter_check(const struct journal_filter *filter, struct problem *problem)
{
        int r = check_time(filter->after, "after", problem);

        return r < 0 ? r : check_time(filter->before, "before", problem);
}

int journal_filter_is_set(const struct journal_filter *filter)
{
        return filter->key || filter->user || filter->unit || filter->digest || filter->type ||
               filter->after || filter->before;
}

static int has(const json_t *object, const char *name, const char *wanted)
{
        const char *found = object ? json_member_string(object, name) : NULL;

        return !wanted || (found && string_equal(found, wanted));
}

static int has_digest(const json_t *record, const char *wanted)
{
        const json_t *digest;
        size_t i;

        if (has(record, "digest", wanted))
                return 1;
        json_array_foreach (json_object_get(record, "digests"), i, digest)
                if (json_is_string(digest) && string_equal(json_string_value(digest), wanted))
                        return 1;
        return 0;
}

/* Without the Z of a time that is cut short, which would count as a character of it. */
static int compare_time(const char *time, const char *front)
{
        size_t size = strlen(front);

        return strncmp(time, front, front[size - 1] == 'Z' ? size - 1 : size);
}

int journal_filter_takes(const struct journal_filter *filter, const json_t *record)
{
        const json_t *caller = json_object_get(record, "caller");
        const char *time = json_member_string(record, "time");

        return has(record, "key", filter->key) && has(record, "type", filter->type) &&
               has(caller, "user", filter->user) && has(caller, "unit", filter->unit) &&
               has_digest(record, filter->digest) &&
               (!filter->after || (time && compare_time(time, filter->after) >= 0)) &&
               (!filter->before || (time && compare_time(time, filter->before) < 0));
}
