/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/caller.h"
#include "tests/test.h"

#include <errno.h>

#define DIGITS_80 "01234567890123456789012345678901234567890123456789012345678901234567890123456789"
#define UNIT_255  "a" DIGITS_80 DIGITS_80 DIGITS_80 "123456.service"

static const struct {
        const char *text, *cgroup, *unit, *slice;
} cgroup_rows[] = {
        {"0::/system.slice/train-1.service\n", "/system.slice/train-1.service", "train-1.service",
         "system.slice"},
        {"0::/system.slice/train-1.service/evil.service\n",
         "/system.slice/train-1.service/evil.service", "train-1.service", "system.slice"},
        {"0::/system.slice/evil.service/system.slice/train-1.service\n",
         "/system.slice/evil.service/system.slice/train-1.service", "evil.service", "system.slice"},
        {"0::/user.slice/user-1000.slice/user@1000.service/app.slice/train-1.service\n",
         "/user.slice/user-1000.slice/user@1000.service/app.slice/train-1.service",
         "user@1000.service", "user-1000.slice"},
        {"0::/user.slice/user-1000.slice/session-3.scope\n",
         "/user.slice/user-1000.slice/session-3.scope", "session-3.scope", "user-1000.slice"},
        {"0::/kubepods/burstable/pod1/train-1.service\n",
         "/kubepods/burstable/pod1/train-1.service", "", ""},
        {"0::/kubepods.slice/kubepods-pod1.slice/cri-containerd-ab.scope/train-1.service\n",
         "/kubepods.slice/kubepods-pod1.slice/cri-containerd-ab.scope/train-1.service",
         "cri-containerd-ab.scope", "kubepods-pod1.slice"},
        {"0::/system.slice/docker-ab.scope/init.scope\n",
         "/system.slice/docker-ab.scope/init.scope", "docker-ab.scope", "system.slice"},
        {"0::/init.scope\n", "/init.scope", "init.scope", ""},
        {"0::/system.slice/tmp.mount/train-1.service\n", "/system.slice/tmp.mount/train-1.service",
         "", "system.slice"},
        {"0::/system.slice\n", "/system.slice", "", "system.slice"},
        {"0::/\n", "/", "", ""},
        /* No unit is called just ".service", and ".slice" ends what comes before. */
        {"0::/.slice/train-1.service\n", "/.slice/train-1.service", "", ""},
        {"0::/system.slice/.service\n", "/system.slice/.service", "", "system.slice"},
        {"0::/system.slice/train-1.service (deleted)\n", "/system.slice/train-1.service (deleted)",
         "", "system.slice"},
        {"0::/../system.slice/train-1.service\n", "/../system.slice/train-1.service", "", ""},
        {"0:://train-1.service\n", "//train-1.service", "", ""},
        /* What PID 1 escapes. */
        {"0::/system.slice/_cpu.service\n", "/system.slice/_cpu.service", "cpu.service",
         "system.slice"},
        {"0::/system.slice/__x.service\n", "/system.slice/__x.service", "_x.service",
         "system.slice"},
        {"0::/system.slice/a\\x2db@1:2.service\n", "/system.slice/a\\x2db@1:2.service",
         "a\\x2db@1:2.service", "system.slice"},
        {"0::/system.slice/tr\xff"
         "ain.service\n",
         "/system.slice/tr\xff"
         "ain.service",
         "", "system.slice"},
        {"0::/tr\xc3\xa4in.slice/x.service\n", "/tr\xc3\xa4in.slice/x.service", "", ""},
        {"0::/" UNIT_255 "\n", "/" UNIT_255, UNIT_255, ""},
        {"0::/x" UNIT_255 "\n", "/x" UNIT_255, "", ""},
        /* Version 1, and both. */
        {"12:cpu,cpuacct:/x.service\n1:name=systemd:/system.slice/train-1.service\n",
         "/system.slice/train-1.service", "train-1.service", "system.slice"},
        {"1:name=systemd:/system.slice/old.service\n0::/system.slice/new.service\n",
         "/system.slice/new.service", "new.service", "system.slice"},
        {"2:name=systemd2:/a.service\n3:name=systemd:/b.service", "/b.service", "b.service", ""},
        /* Only the first line of a kind, whatever a name may contain. */
        {"0::/a.service/0::/b.service\n0::/c.service\n", "/a.service/0::/b.service", "a.service",
         ""},
};

static void test_cgroups(void)
{
        static_assert(sizeof(UNIT_255) - 1 == CALLER_NAME_MAX - 1, "the longest unit name");
        for (size_t i = 0; i < ARRAY_SIZE(cgroup_rows); i++) {
                char cgroup[CALLER_PATH_MAX], unit[CALLER_NAME_MAX], slice[CALLER_NAME_MAX];

                test_label = cgroup_rows[i].text;
                expect_integer(
                        caller_parse_cgroup(view_string(cgroup_rows[i].text), cgroup, unit, slice),
                        0);
                expect_text(view_string(cgroup), cgroup_rows[i].cgroup);
                expect_text(view_string(unit), cgroup_rows[i].unit);
                expect_text(view_string(slice), cgroup_rows[i].slice);
        }
        test_label = "";
}

static void test_bad_cgroups(void)
{
        static const char *const rows[] = {
                "",
                "\n",
                "0::",
                "0::\n",
                "0::relative\n",
                "1::/system.slice/a.service\n",
                "00::/system.slice/a.service\n",
                " 0::/system.slice/a.service\n",
                "0:cpu:/system.slice/a.service\n",
                "1:name=systemd\n",
                ":name=systemd:/a.service\n",
                "1:name=systemd,cpu:/a.service\n",
        };
        static const char nul[] = "0::/system.slice/a\0.service\n";
        char cgroup[CALLER_PATH_MAX], unit[CALLER_NAME_MAX], slice[CALLER_NAME_MAX];

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                test_label = rows[i];
                expect_integer(caller_parse_cgroup(view_string(rows[i]), cgroup, unit, slice),
                               -EBADMSG);
                expect(!cgroup[0] && !unit[0] && !slice[0]);
        }
        test_label = "";
        expect_integer(caller_parse_cgroup(view_of(nul, sizeof(nul) - 1), cgroup, unit, slice),
                       -EBADMSG);
}

/* However deep somebody hides, the unit is at the front. */
static void test_deep_cgroup(void)
{
        char cgroup[CALLER_PATH_MAX], unit[CALLER_NAME_MAX], slice[CALLER_NAME_MAX];
        _cleanup_(buf_done) struct buf text = {};

        buf_put_string(&text, "0::/system.slice/a.service");
        while (text.size < 3000)
                buf_put_string(&text, "/train-1.service");
        buf_put_string(&text, "\n");
        expect_integer(caller_parse_cgroup(buf_view(&text), cgroup, unit, slice), 0);
        expect_text(view_string(unit), "a.service");
        expect_view(view_string(cgroup), view_of(text.data + 3, CALLER_PATH_MAX - 1));
}

#define STAT_20 "S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 "

static void test_stat(void)
{
        static const struct {
                const char *text;
                int error;
                uint64_t start;
        } rows[] = {
                {"7 (cat) " STAT_20 "4711 20 21\n", 0, 4711},
                {"7 (a) S 1 2 ) " STAT_20 "4711 20\n", 0, 4711},
                {"7 (x) " STAT_20 "99 20 21) 3\n", -EBADMSG, 0},
                {"7 () " STAT_20 "18446744073709551615 2\n", 0, UINT64_MAX},
                {"7 (cat) " STAT_20 "18446744073709551616 2\n", -EBADMSG, 0},
                {"7 (cat) " STAT_20 "4711", -EBADMSG, 0},
                {"7 (cat) " STAT_20, -EBADMSG, 0},
                {"7 (cat) " STAT_20 "-1 2", -EBADMSG, 0},
                {"7 (cat)" STAT_20 "4711 2", -EBADMSG, 0},
                {"7 cat " STAT_20 "4711 2", -EBADMSG, 0},
                {"", -EBADMSG, 0},
                {")", -EBADMSG, 0},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                uint64_t start = 0;

                test_label = rows[i].text;
                expect_integer(caller_parse_stat(view_string(rows[i].text), &start), rows[i].error);
                expect(start == rows[i].start);
        }
        test_label = "";
}

int main(void)
{
        test_cgroups();
        test_bad_cgroups();
        test_deep_cgroup();
        test_stat();
        return test_result();
}
