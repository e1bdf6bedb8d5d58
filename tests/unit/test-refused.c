/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/refused.h"

#include "lib/file.h"
#include "tests/test.h"
#include "tests/unit/edit.h"
#include "tests/unit/folder.h"

#include <errno.h>

static void test_kept(void)
{
        struct folder folder = folder_new();
        struct problem reason = {};
        struct stat status;

        expect_integer(refused_read(folder.path, "card", &reason), 0);
        expect_text(view_string(reason.text), "");
        expect_integer(refused_note(folder.path, "card", -EACCES, "logging in: no\nand \x1b", NULL),
                       0);
        expect_integer(fstatat(folder.fd, "refused.card", &status, 0), 0);
        expect_integer(status.st_mode & 07777, 0600);
        expect_integer(refused_read(folder.path, "other", &reason), 0);
        expect_integer(refused_read(folder.path, "card", &reason), -EACCES);
        expect_text(view_string(reason.text), "logging in: no?and ?"); /* goes to terminals */
        reason = (struct problem){};
        expect_integer(refused_note(folder.path, "card", -EBUSY, "locked", NULL), 0);
        expect_integer(refused_read(folder.path, "card", &reason), -EBUSY);
        expect_text(view_string(reason.text), "locked");
        expect_integer(refused_forget(folder.path, "card", NULL), 0);
        expect_integer(refused_forget(folder.path, "card", NULL), 0);
        reason = (struct problem){};
        expect_integer(refused_read(folder.path, "card", &reason), 0);
        folder_done(&folder);
}

/* Whatever has become of the file: no PIN is tried because of that. */
static void test_damaged(void)
{
        static const char *const texts[] = {"",         "wrong-pin",  "ready x",
                                            "wrong-pi", "locked-out", "\xff\xff"};
        struct folder folder = folder_new();

        for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
                struct problem reason = {};

                test_label = texts[i];
                folder_write(&folder, "refused.card", view_string(texts[i]));
                expect_integer(refused_read(folder.path, "card", &reason), -EACCES);
                expect_contains(reason.text, "malformed");
        }
        test_label = "a folder";
        expect_integer(unlinkat(folder.fd, "refused.card", 0), 0);
        expect_integer(mkdirat(folder.fd, "refused.card", 0700), 0);
        expect_integer(refused_read(folder.path, "card", NULL), -EACCES);
        expect(refused_forget(folder.path, "card", NULL) < 0);
        folder_done(&folder);
        test_label = "no state folder";
        expect_integer(refused_read("/nonexistent", "card", NULL), 0);
        expect_integer(refused_note("/nonexistent", "card", -EACCES, "x", NULL), -ENOENT);
        test_label = "";
}

int main(void)
{
        test_kept();
        test_damaged();
        return test_result();
}
