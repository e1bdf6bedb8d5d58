/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/armor.h"
#include "tests/test.h"

#include <errno.h>

#define BEGIN "-----BEGIN X-----\n"
#define END   "-----END X-----\n"

/* "foobar" and its CRC-24, as gpg --enarmor writes it. */
static const struct {
        const char *text;
        int error;
} cases[] = {
        {BEGIN "Zm9vYmFy\n" END, 0},
        {BEGIN "Zm9v\nYmFy\n" END, 0},
        {"-----BEGIN X-----\r\nZm9vYmFy\r\n-----END X-----\r\n", 0},
        {BEGIN "\nZm9vYmFy\n=czTe\n" END, 0},
        {BEGIN "Version: 1\nComment: x\n\nZm9vYmFy\n" END, 0},
        {BEGIN "\nZm9vYmFy\n=czTf\n" END, -EBADMSG},
        {BEGIN "\nZm9vYmFy\n=czTe\nZm9v\n" END, -EBADMSG},
        {BEGIN "Zm9vYmFy\n" END "x", -EBADMSG},
        {"x" BEGIN "Zm9vYmFy\n" END, -EBADMSG},
        {BEGIN "Zm9vYmF\n" END, -EBADMSG},
        {BEGIN "Zm9v YmFy\n" END, -EBADMSG},
        {BEGIN "Zm9vYmFy\n-----END Y-----\n", -EBADMSG},
        {BEGIN "Zm9vYmFy\n", -EBADMSG},
        {"", -EBADMSG},
};

int main(void)
{
        _cleanup_(buf_done) struct buf text = {}, openpgp = {};

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_(buf_done) struct buf bytes = {};

                test_label = cases[i].text;
                expect_integer(armor_parse(view_string(cases[i].text), "X", &bytes),
                               cases[i].error);
                if (cases[i].error == 0)
                        expect_text(buf_view(&bytes), "foobar");
        }
        test_label = "";
        armor_put(&text, "X", 5, view_string("foobar"));
        expect_text(buf_view(&text), BEGIN "Zm9vY\nmFy\n" END);
        armor_put_openpgp(&openpgp, "X", view_string("foobar"));
        expect_text(buf_view(&openpgp), BEGIN "\nZm9vYmFy\n=czTe\n" END);
        expect(armor_is(buf_view(&text), "X") && !armor_is(buf_view(&text), "XY"));
        return test_result();
}
