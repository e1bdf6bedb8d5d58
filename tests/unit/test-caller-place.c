/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/caller.h"
#include "tests/test.h"
#include "tests/unit/folder.h"

#define INVOCATION "0123456789abcdef0123456789abcdef"
#define OURS       "         0          0 4294967295\n"
#define TRAIN      "0::/system.slice/train-1.service\n"

/* A host of which nothing is real: process 7, ourselves, and one unit. NULL: no such file. */
struct host {
        const char *cgroup, *uid_map, *own_uid_map, *invocation;
};

static void put(const struct folder *folder, const char *path, const char *text)
{
        if (text)
                folder_write(folder, path, view_string(text));
}

static int read_host(const struct host *host, struct caller *ret)
{
        _cleanup_(folder_done) struct folder folder = folder_new();
        struct caller_folders folders = {folder.path, folder.path};

        put(&folder, "7/cgroup", host->cgroup);
        put(&folder, "7/uid_map", host->uid_map);
        put(&folder, "self/uid_map", host->own_uid_map);
        if (host->invocation)
                expect_integer(symlinkat(host->invocation, folder.fd, "invocation:train-1.service"),
                               0);
        *ret = (struct caller){.pid = 7};
        return caller_read_place(&folders, ret);
}

static const struct {
        const char *label;
        struct host host;
        const char *unit, *invocation;
        enum caller_namespace user_namespace;
} rows[] = {
        {"a service",
         {TRAIN, OURS, OURS, INVOCATION},
         "train-1.service",
         INVOCATION,
         CALLER_NAMESPACE_OURS},
        {"another unit",
         {"0::/system.slice/other.service\n", OURS, OURS, INVOCATION},
         "other.service",
         "",
         CALLER_NAMESPACE_OURS},
        {"a look-alike",
         {"0::/user.slice/user-1.slice/user@1.service/system.slice/train-1.service\n", OURS, OURS,
          INVOCATION},
         "user@1.service",
         "",
         CALLER_NAMESPACE_OURS},
        {"no link", {TRAIN, OURS, OURS, NULL}, "train-1.service", "", CALLER_NAMESPACE_OURS},
        {"short", {TRAIN, OURS, OURS, "0123"}, "train-1.service", "", CALLER_NAMESPACE_OURS},
        {"long", {TRAIN, OURS, OURS, INVOCATION "0"}, "train-1.service", "", CALLER_NAMESPACE_OURS},
        {"no digits",
         {TRAIN, OURS, OURS, "0123456789abcdef0123456789abcdeF"},
         "train-1.service",
         "",
         CALLER_NAMESPACE_OURS},
        {"nothing known", {NULL, OURS, OURS, INVOCATION}, "", "", CALLER_NAMESPACE_OURS},
        {"nothing understood", {"x\n", OURS, OURS, INVOCATION}, "", "", CALLER_NAMESPACE_OURS},
        {"mapped",
         {TRAIN, "0 1000 1\n", OURS, NULL},
         "train-1.service",
         "",
         CALLER_NAMESPACE_OTHER},
        {"not mapped", {TRAIN, "", OURS, NULL}, "train-1.service", "", CALLER_NAMESPACE_OTHER},
        {"map hidden", {TRAIN, NULL, OURS, NULL}, "train-1.service", "", CALLER_NAMESPACE_UNKNOWN},
        {"agent not mapped",
         {TRAIN, "", "", NULL},
         "train-1.service",
         "",
         CALLER_NAMESPACE_UNKNOWN},
        {"no user namespaces",
         {TRAIN, NULL, NULL, NULL},
         "train-1.service",
         "",
         CALLER_NAMESPACE_OURS},
};

static void test_places(void)
{
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                struct caller caller;

                test_label = rows[i].label;
                expect_integer(read_host(&rows[i].host, &caller), 0);
                expect_text(view_string(caller.place.unit), rows[i].unit);
                expect_text(view_string(caller.invocation), rows[i].invocation);
                expect_integer(caller.user_namespace, rows[i].user_namespace);
        }
        test_label = "";
}

int main(void)
{
        test_places();
        return test_result();
}
