/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cosigned.h"
#include "tests/test.h"
#include "tests/unit/witness.h"

#include <errno.h>

#define DASH "\xe2\x80\x94 "
#define TEXT "tests.invalid/agent\n7\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"
#define NOTE TEXT "\n" DASH "tests.invalid/agent AAAAAAA=\n"

static struct witness keys[2];
static struct config_witness configured[2];
static struct config config = {.witnesses = configured, .witness_count = 2};

static void set_up(void)
{
        static char origin[] = "tests.invalid/agent";

        config.origin = origin;
        keys[0] = witness_new("a.invalid");
        keys[1] = witness_new("b.invalid");
        for (size_t i = 0; i < 2; i++)
                expect_integer(vkey_parse(view_string(keys[i].vkey), &configured[i].key, NULL), 0);
}

static void add(struct cosigned *cosigned, size_t witness, uint64_t time)
{
        _cleanup_(buf_done) struct buf line = {};

        witness_cosign(&keys[witness], time, TEXT, &line);
        expect_integer(cosigned_add(cosigned, witness, &configured[witness].key, buf_view(&line)),
                       0);
}

static void test_lines(void)
{
        _cleanup_(cosigned_done) struct cosigned cosigned = {}, copy = {}, again = {};
        size_t one;
        char *size;

        expect(!cosigned_is_of(&cosigned, 0));
        expect_integer(cosigned_set(&cosigned, view_string(NOTE), &config, NULL), 0);
        expect(cosigned_is_of(&cosigned, 7));
        expect_text(cosigned_text(&cosigned), TEXT);
        expect_integer(cosigned_count(&cosigned), 0);
        add(&cosigned, 1, 1000);
        expect(!cosigned_has(&cosigned, 0));
        expect(cosigned_has(&cosigned, 1));
        one = cosigned.note.size;
        /* Once more, in the place of the first. */
        add(&cosigned, 1, 1001);
        expect_integer(cosigned.note.size, one);
        add(&cosigned, 0, 1002);
        expect_integer(cosigned_count(&cosigned), 2);
        expect_integer(cosigned_copy(&cosigned, &copy), 0);
        expect_view(buf_view(&copy.note), buf_view(&cosigned.note));
        /* What is read from a file counts when it verifies. */
        expect_integer(cosigned_set(&again, buf_view(&cosigned.note), &config, NULL), 0);
        expect_integer(again.by, 3);
        size = memmem(again.note.data, again.note.size, "\n7\n", 3);
        expect(size != NULL);
        if (size)
                size[1] = '8';
        expect_integer(cosigned_set(&copy, buf_view(&again.note), &config, NULL), 0);
        expect_integer(copy.by, 0);
        expect(cosigned_is_of(&copy, 8));
}

static void test_refused(void)
{
        _cleanup_(cosigned_done) struct cosigned cosigned = {};
        struct problem problem = {};

        expect_integer(cosigned_set(&cosigned, view_string(TEXT), &config, &problem), -EBADMSG);
        expect_integer(cosigned_set(&cosigned, view_string("x" NOTE), &config, &problem), -EBADMSG);
        expect_integer(cosigned.note.size, 0);
}

int main(void)
{
        set_up();
        test_lines();
        test_refused();
        for (size_t i = 0; i < 2; i++) {
                witness_free(&keys[i]);
                vkey_done(&configured[i].key);
        }
        return test_result();
}
