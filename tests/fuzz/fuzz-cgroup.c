/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/caller.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>

static int begins_with(const char *text, const char *beginning)
{
        return strncmp(text, beginning, strlen(beginning)) == 0;
}

/* What PID 1 does not control, below the unit, never changes the unit, and neither container nor
 * pod; nor does it make a job out of none. */
static void check_below(const struct caller_place *place)
{
        _cleanup_(buf_done) struct buf text = {};
        struct caller_place again;
        int r;

        buf_put_string(&text, "0::");
        buf_put_string(&text, place->cgroup);
        buf_put_string(&text, "/x.slice/docker/evil.service\n");
        r = caller_parse_cgroup(buf_view(&text), &again);
        assert(r == 0 && begins_with(again.cgroup, place->cgroup));
        assert(string_equal(place->unit, again.unit) && string_equal(place->slice, again.slice));
        assert(string_equal(place->container, again.container));
        assert(string_equal(place->pod, again.pod));
        assert(string_equal(place->job, again.job) || !again.job[0]); /* from another line */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct view text = view_of(data, size);
        struct caller_place place = {};
        uint64_t start;
        int r;

        r = caller_parse_stat(text, &start);
        assert(r == 0 || r == -EBADMSG);
        r = caller_parse_cgroup(text, &place);
        assert(r == 0 || r == -EBADMSG);
        if (r < 0) {
                assert(!place.cgroup[0] && !place.unit[0] && !place.job[0]);
                return 0;
        }
        assert(place.cgroup[0] == '/' && !strchr(place.cgroup, '\n'));
        assert(!strchr(place.unit, '/') && !strchr(place.slice, '/'));
        assert(strspn(place.job, "0123456789") == strlen(place.job));
        assert(strspn(place.pod, "0123456789abcdef-") == strlen(place.pod));
        assert(strlen(place.container) == 0 || strlen(place.container) == 64);
        if (place.unit[0] && strlen(place.cgroup) < CALLER_PATH_MAX - 1)
                check_below(&place);
        return 0;
}
