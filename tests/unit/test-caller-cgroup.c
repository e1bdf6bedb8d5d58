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
        /* A host whose service manager uses version 1 and whose kernel knows of both. */
        {"1:name=systemd:/system.slice/old.service\n0::/\n", "/system.slice/old.service",
         "old.service", "system.slice"},
        {"1:name=systemd:/\n0::/system.slice/new.service\n", "/system.slice/new.service",
         "new.service", "system.slice"},
        {"5:name=systemd:relative\n0::/\n", "/", "", ""},
        /* Only the first line of a kind, whatever a name may contain. */
        {"0::/a.service/0::/b.service\n0::/c.service\n", "/a.service/0::/b.service", "a.service",
         ""},
};

static void test_cgroups(void)
{
        static_assert(sizeof(UNIT_255) - 1 == CALLER_NAME_MAX - 1, "the longest unit name");
        for (size_t i = 0; i < ARRAY_SIZE(cgroup_rows); i++) {
                struct caller_place place;

                test_label = cgroup_rows[i].text;
                expect_integer(caller_parse_cgroup(view_string(cgroup_rows[i].text), &place), 0);
                expect_text(view_string(place.cgroup), cgroup_rows[i].cgroup);
                expect_text(view_string(place.unit), cgroup_rows[i].unit);
                expect_text(view_string(place.slice), cgroup_rows[i].slice);
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
        struct caller_place place = {.unit = "as it was"};

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                test_label = rows[i];
                expect_integer(caller_parse_cgroup(view_string(rows[i]), &place), -EBADMSG);
                expect_text(view_string(place.unit), "as it was");
        }
        test_label = "";
        expect_integer(caller_parse_cgroup(view_of(nul, sizeof(nul) - 1), &place), -EBADMSG);
}

/* However deep somebody hides, the unit is at the front. */
static void test_deep_cgroup(void)
{
        struct caller_place place = {.unit = "as it was"};
        _cleanup_(buf_done) struct buf text = {};

        buf_put_string(&text, "0::/system.slice/a.service");
        while (text.size < 3000)
                buf_put_string(&text, "/train-1.service");
        buf_put_string(&text, "\n");
        expect_integer(caller_parse_cgroup(buf_view(&text), &place), 0);
        expect_text(view_string(place.unit), "a.service");
        expect_view(view_string(place.cgroup), view_of(text.data + 3, CALLER_PATH_MAX - 1));
}

#define ID        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define POD       "0a1b2c3d_0001_0002_0003_0123456789ab"
#define POD_UID   "0a1b2c3d-0001-0002-0003-0123456789ab"
#define STATIC    "0123456789abcdef0123456789abcdef"
#define KUBEPODS  "0::/kubepods.slice/"
#define POD_SLICE "kubepods-burstable.slice/kubepods-burstable-pod" POD ".slice/"

static const struct {
        const char *text, *container, *pod, *job;
} workload_rows[] = {
        {"0::/system.slice/docker-" ID ".scope\n", ID, "", ""},
        {"0::/system.slice/docker-" ID ".scope/init.scope\n", ID, "", ""},
        {"0::/machine.slice/libpod-" ID ".scope/container\n", ID, "", ""},
        {"0::/machine.slice/libpod-conmon-" ID ".scope\n", "", "", ""},
        {KUBEPODS POD_SLICE "cri-containerd-" ID ".scope\n", ID, POD_UID, ""},
        {KUBEPODS "kubepods-besteffort.slice/kubepods-besteffort-pod" POD ".slice/crio-" ID
                  ".scope/x\n",
         ID, POD_UID, ""},
        {KUBEPODS "kubepods-pod" STATIC ".slice/cri-containerd-" ID ".scope\n", ID, STATIC, ""},
        {"0::/kubepods/burstable/pod" POD_UID "/" ID "\n", ID, POD_UID, ""},
        {"0::/kubepods/pod" STATIC "/" ID "/below\n", ID, STATIC, ""},
        {"0::/docker/" ID "\n", ID, "", ""},
        {"0::/libpod_parent/libpod-" ID "\n", ID, "", ""},
        {"1:name=systemd:/docker/" ID "\n", ID, "", ""},
        /* Look-alikes: in what a service, a user's manager or a container was given. */
        {"0::/system.slice/a.service/docker-" ID ".scope\n", "", "", ""},
        {"0::/system.slice/a.service/docker/" ID "\n", "", "", ""},
        {"0::/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" ID ".scope\n", "",
         "", ""},
        {"0::/user.slice/user-1000.slice/user@1000.service/kubepods.slice/" POD_SLICE
         "cri-containerd-" ID ".scope\n",
         "", "", ""},
        {"0::/system.slice/docker-" ID ".scope/docker/" ID "\n", ID, "", ""},
        {"0::/system.slice/docker/" ID "\n", "", "", ""},
        {"0::/x.slice/" POD_SLICE "cri-containerd-" ID ".scope\n", ID, "", ""},
        {"0::/evil/docker/" ID "\n", "", "", ""},
        {"0::/kubepods/burstable/burstable/pod" POD_UID "/" ID "\n", "", "", ""},
        /* Not quite. */
        {"0::/system.slice/docker-" ID "0.scope\n", "", "", ""},
        {"0::/system.slice/docker-0" ID ".service\n", "", "", ""},
        {"0::/system.slice/xdocker-" ID ".scope\n", "", "", ""},
        {"0::/docker/" ID "x\n", "", "", ""},
        {"0::/docker/" STATIC "\n", "", "", ""},
        {KUBEPODS "kubepods-podshort.slice/crio-" ID ".scope\n", ID, "", ""},
        {"0::/kubepods/pod" POD_UID "x/" ID "\n", "", "", ""},
        /* Slurm, version 2. */
        {"0::/system.slice/slurmstepd.scope/job_4711/step_0/user/task_0\n", "", "", "4711"},
        {"0::/system.slice/node7_slurmstepd.scope/job_1/step_batch\n", "", "", "1"},
        {"0::/system.slice/slurmstepd.scope/system\n", "", "", ""},
        {"0::/system.slice/slurmstepd.scope/job_0\n", "", "", ""},
        {"0::/system.slice/slurmstepd.scope/job_\n", "", "", ""},
        {"0::/system.slice/slurmstepd.scope/job_12345678901\n", "", "", ""},
        {"0::/system.slice/slurmstepd.scope/job_1x\n", "", "", ""},
        {"0::/system.slice/slurmstepd.scope/x/job_4711\n", "", "", ""},
        {"0::/system.slice/a.service/slurmstepd.scope/job_4711\n", "", "", ""},
        {"0::/system.slice/a.service/job_4711\n", "", "", ""},
        {"0::/user.slice/user-1.slice/user@1.service/slurmstepd.scope/job_4711\n", "", "", ""},
        {"0::/user.slice/slurmstepd.scope/job_4711\n", "", "", ""},
        {"0::/system.slice/x.slice/slurmstepd.scope/job_4711\n", "", "", ""},
        /* Slurm, version 1: in the hierarchies of its controllers. */
        {"4:memory:/slurm/uid_1000/job_4711/step_0/task_0\n"
         "1:name=systemd:/system.slice/slurmd.service\n",
         "", "", "4711"},
        {"4:memory:/slurm_node7/uid_1000/job_4711\n3:cpu,cpuacct:/slurm_node7/uid_1000/job_4711\n"
         "2:pids:/\n0::/system.slice/slurmd.service\n",
         "", "", "4711"},
        {"4:memory:/slurm/uid_1000/job_4711\n3:cpuset:/slurm/uid_1000/job_4712\n"
         "1:name=systemd:/a.service\n",
         "", "", ""},
        {"4:memory:/x/slurm/uid_1000/job_4711\n1:name=systemd:/a.service\n", "", "", ""},
        {"4:memory:/slurmy/uid_1000/job_4711\n1:name=systemd:/a.service\n", "", "", ""},
        {"4:memory:/slurm/uid_x/job_4711\n1:name=systemd:/a.service\n", "", "", ""},
        {"4:memory:/slurm/uid_1000/step_1/job_4711\n1:name=systemd:/a.service\n", "", "", ""},
        /* Whoever may name a hierarchy may put himself anywhere in it. */
        {"4:name=mine:/slurm/uid_1000/job_4711\n1:name=systemd:/a.service\n", "", "", ""},
        {"0::/slurm/uid_1000/job_4711\n", "", "", ""},
};

static void test_workloads(void)
{
        for (size_t i = 0; i < ARRAY_SIZE(workload_rows); i++) {
                struct caller_place place;

                test_label = workload_rows[i].text;
                expect_integer(caller_parse_cgroup(view_string(workload_rows[i].text), &place), 0);
                expect_text(view_string(place.container), workload_rows[i].container);
                expect_text(view_string(place.pod), workload_rows[i].pod);
                expect_text(view_string(place.job), workload_rows[i].job);
        }
        test_label = "";
}

int main(void)
{
        test_cgroups();
        test_bad_cgroups();
        test_deep_cgroup();
        test_workloads();
        return test_result();
}
