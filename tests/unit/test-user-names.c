/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/user-names.h"
#include "tests/test.h"
#include "tests/unit/folder.h"

#define GOOD                                                                                       \
        "[Agent]\nOrigin=x\n[Token t]\nDriver=tpm\nTCTI=x\n"                                       \
        "[Key log]\nToken=t\nAlgorithm=ecdsa-p256\nPurpose=log\n"

static struct user_names *read_names(const struct folder *folder, const char *more)
{
        _cleanup_(config_freep) struct config *config = NULL;
        _cleanup_(buf_done) struct buf text = {};
        struct user_names *names = NULL;
        char path[128];

        buf_put_string(&text, GOOD);
        buf_put_string(&text, more);
        expect_integer(config_parse("f", buf_view(&text), &config, NULL), 0);
        (void)snprintf(path, sizeof(path), "%s/passwd", folder->path);
        expect_integer(user_names_new(path, config, &names), 0);
        return names;
}

static void expect_name(const struct user_names *names, uid_t uid, const char *expected)
{
        const char *found = user_names_find(names, uid);

        expect_text(view_string(found ? found : "(none)"), expected ? expected : "(none)");
}

static void test_file(void)
{
        struct folder folder = folder_new();
        _cleanup_(user_names_freep) struct user_names *names = NULL;

        folder_write(&folder, "passwd",
                     view_string("zed:x:900:900::/:/bin/sh\n"
                                 "no line\n"
                                 "alice:x:700:700:Alice:/home/alice:/bin/sh\n"
                                 "second:x:900:900::/:/bin/sh\n"
                                 "third:x:900:900::/:/bin/sh\n"
                                 "bob:x:4294967294:1::/:\n"));
        names = read_names(&folder, "");
        expect_name(names, 700, "alice");
        expect_name(names, 900, "zed"); /* the first, as the name service has it */
        expect_name(names, 4294967294, "bob");
        expect_name(names, 701, NULL);
        expect_name(names, 0, NULL);
        folder_done(&folder);
}

/* Whom a grant names is looked up then, wherever the name service has him. */
static void test_granted(void)
{
        struct folder folder = folder_new();
        _cleanup_(user_names_freep) struct user_names *names = NULL;

        names = read_names(&folder, "[Grant g]\nKey=k\nMethods=Sign\nUser=root 4242\n");
        expect_name(names, 0, "root");
        expect_name(names, 4242, NULL);
        expect_name(NULL, 0, NULL);
        folder_done(&folder);
}

int main(void)
{
        test_file();
        test_granted();
        return test_result();
}
