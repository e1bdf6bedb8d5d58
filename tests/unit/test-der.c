/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/der.h"
#include "tests/test.h"

#include <errno.h>

static const struct {
        const char *bytes;
        size_t size;
        int error; /* of an OCTET STRING that fills them */
} strings[] = {
        {"\x04\x00", 2, 0},
        {"\x04\x01x", 3, 0},
        {"\x05\x00", 2, -EBADMSG},
        {"\x04\x01", 2, -EBADMSG},
        {"\x04\x00x", 3, -EBADMSG},
        {"\x04\x81\x01x", 4, -EBADMSG},     /* not minimal */
        {"\x04\x82\x00\x01x", 5, -EBADMSG}, /* nor this */
        {"\x04\x80x\x00\x00", 5, -EBADMSG}, /* indefinite */
        {"\x04\x85\x01\x01\x01\x01\x01", 7, -EBADMSG},
        {"\x04\x84\xff\xff\xff\xff", 6, -EBADMSG},
        {"", 0, -EBADMSG},
};

static const struct {
        const char *bytes;
        size_t size;
        int error; /* of a positive INTEGER */
} integers[] = {
        {"\x02\x01\x00", 3, 0},
        {"\x02\x01\x7f", 3, 0},
        {"\x02\x02\x00\x80", 4, 0},
        {"\x02\x01\x80", 3, -EBADMSG},
        {"\x02\x02\x00\x7f", 4, -EBADMSG},
        {"\x02\x00", 2, -EBADMSG},
};

/* Lengths around each change of form come back. */
static void test_lengths(void)
{
        static const size_t sizes[] = {0, 1, 127, 128, 255, 256, 65535, 65536};
        static uint8_t zeros[65536];

        for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
                _cleanup_(buf_done) struct buf buf = {};
                struct reader reader;

                der_put(&buf, DER_OCTET_STRING, view_of(zeros, sizes[i]));
                reader = reader_init(buf_view(&buf));
                expect_integer(der_read(&reader, DER_OCTET_STRING).size, sizes[i]);
                expect_integer(reader_end(&reader), 0);
        }
}

int main(void)
{
        _cleanup_(buf_done) struct buf number = {};

        for (size_t i = 0; i < ARRAY_SIZE(strings); i++) {
                struct reader reader = reader_init(view_of(strings[i].bytes, strings[i].size));

                (void)der_read(&reader, DER_OCTET_STRING);
                expect_integer(reader_end(&reader), strings[i].error);
        }
        for (size_t i = 0; i < ARRAY_SIZE(integers); i++) {
                struct reader reader = reader_init(view_of(integers[i].bytes, integers[i].size));

                (void)der_read_unsigned(&reader);
                expect_integer(reader_end(&reader), integers[i].error);
        }
        test_lengths();
        der_put_unsigned(&number, view_of("\x00\x00\x80", 3));
        der_put_unsigned(&number, view_of("", 0));
        der_put_unsigned(&number, view_of("\x00\x01", 2));
        expect_view(buf_view(&number), view_of("\x02\x02\x00\x80\x02\x01\x00\x02\x01\x01", 10));
        return test_result();
}
