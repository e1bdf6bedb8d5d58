/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/caller.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>

static int begins_with(const char *text, const char *beginning)
{
        return strncmp(text, beginning, strlen(beginning)) == 0;
}

/* What PID 1 does not control, below the unit, never changes the unit. */
static void check_below(const char *cgroup, const char *unit, const char *slice)
{
        static const char below[] = "/x.slice/evil.service\n";
        char again[CALLER_PATH_MAX], unit_again[CALLER_NAME_MAX], slice_again[CALLER_NAME_MAX];
        _cleanup_(buf_done) struct buf text = {};
        int r;

        buf_put_string(&text, "0::");
        buf_put_string(&text, cgroup);
        buf_put_string(&text, below);
        r = caller_parse_cgroup(buf_view(&text), again, unit_again, slice_again);
        assert(r == 0 && begins_with(again, cgroup));
        assert(string_equal(unit, unit_again) && string_equal(slice, slice_again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        char cgroup[CALLER_PATH_MAX], unit[CALLER_NAME_MAX], slice[CALLER_NAME_MAX];
        struct view text = view_of(data, size);
        uint64_t start;
        int r;

        r = caller_parse_stat(text, &start);
        assert(r == 0 || r == -EBADMSG);
        r = caller_parse_cgroup(text, cgroup, unit, slice);
        assert(r == 0 || r == -EBADMSG);
        if (r < 0) {
                assert(!cgroup[0] && !unit[0] && !slice[0]);
                return 0;
        }
        assert(cgroup[0] == '/' && !strchr(cgroup, '\n'));
        assert(!strchr(unit, '/') && !strchr(slice, '/'));
        if (unit[0] && strlen(cgroup) < CALLER_PATH_MAX - 1)
                check_below(cgroup, unit, slice);
        return 0;
}
