/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base64.h"
#include "tests/test.h"

#include <errno.h>

/* RFC 4648 §10 and both characters that the URL-safe alphabet replaces. */
static const struct {
        const char *bytes, *text;
} vectors[] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
        {"\xfb\xff\xfe", "+//+"},
        {"\xff\xff\xff", "////"},
};

static void test_vectors(void)
{
        for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
                _cleanup_(buf_done) struct buf text = {}, bytes = {};

                test_label = vectors[i].text;
                base64_encode(&text, view_string(vectors[i].bytes));
                expect_integer(buf_error(&text), 0);
                expect_text(buf_view(&text), vectors[i].text);
                expect_integer(text.size, BASE64_SIZE(strlen(vectors[i].bytes)));
                expect_integer(base64_decode(&bytes, view_string(vectors[i].text)), 0);
                expect_text(buf_view(&bytes), vectors[i].bytes);
        }
        test_label = "";
}

static void test_refused(void)
{
        static const char *const texts[] = {
                "=",     "==",     "===",     "====",     "A",        "A=",         "A==",
                "A===",  "AA",     "AA=",     "AAA",      "AB=C",     "A=BC",       "=ABC",
                "AAAA=", "AAAA==", "AAAA===", "AAAA====", "AA==AAAA", "AAA=AAAA",   "Zg==Zg==",
                "Zh==",  "Zm9=",   "Zm8==",   "/x==",     "AA=A",     "Zm9v\n",     "Zm9v\r\n",
                " Zm9v", "Zm 9",   "Zm9-",    "Zm9_",     "Zm9.",     "Zm9@",       "Zm9[",
                "Zm9`",  "Zm9{",   "Zm9:",    "Zm9\x80",  "Zm9\xff",  "\xc3\xa9Zm",
        };

        for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
                _cleanup_(buf_done) struct buf bytes = {};

                test_label = texts[i];
                expect_integer(base64_decode(&bytes, view_string(texts[i])), -EBADMSG);
        }
        test_label = "";
}

/* A NUL is no character of the alphabet, wherever it stands. */
static void test_nul_inside(void)
{
        for (size_t i = 0; i < 4; i++) {
                _cleanup_(buf_done) struct buf bytes = {};
                char text[] = {'Z', 'm', '9', 'v'};

                text[i] = '\0';
                expect_integer(base64_decode(&bytes, view_of(text, sizeof(text))), -EBADMSG);
        }
}

/* A caller may decode behind what it has already: a refused text leaves that as it was. */
static void test_refused_appends_nothing(void)
{
        _cleanup_(buf_done) struct buf bytes = {};

        buf_put_string(&bytes, "before");
        expect_integer(base64_decode(&bytes, view_string("Zm9vYmF_")), -EBADMSG);
        expect_text(buf_view(&bytes), "before");
        expect_integer(base64_decode(&bytes, view_string("Zm9vYh==")), -EBADMSG);
        expect_text(buf_view(&bytes), "before");
        expect_integer(base64_decode(&bytes, view_string("Zm9v")), 0);
        expect_text(buf_view(&bytes), "beforefoo");
}

/* Of all texts of the form XY== and XYZ= exactly those with zero bits to spare decode. */
static void test_spare_bits(void)
{
        static const char digits[] =
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

        for (size_t i = 0; i < 64; i++) {
                char two[] = {'A', digits[i], '=', '='}, one[] = {'A', 'A', digits[i], '='};
                _cleanup_(buf_done) struct buf bytes = {};

                expect_integer(base64_decode(&bytes, view_of(two, 4)), i % 16 ? -EBADMSG : 0);
                expect_integer(base64_decode(&bytes, view_of(one, 4)), i % 4 ? -EBADMSG : 0);
        }
}

static void test_round_trip_of_every_length(void)
{
        uint8_t input[300];

        for (size_t size = 0; size <= sizeof(input); size++) {
                _cleanup_(buf_done) struct buf text = {}, bytes = {};

                if (size > 0)
                        input[size - 1] = (uint8_t)(size * 167 + 13);
                base64_encode(&text, view_of(input, size));
                expect_integer(base64_decode(&bytes, buf_view(&text)), 0);
                expect_view(buf_view(&bytes), view_of(input, size));
        }
}

static void test_limit_of_the_buf(void)
{
        struct buf text = BUF_INIT(7), bytes = BUF_INIT(2);

        base64_encode(&text, view_string("foob"));
        expect_integer(buf_error(&text), -EMSGSIZE);
        expect_integer(base64_decode(&bytes, view_string("Zm9v")), -EMSGSIZE);
        buf_done(&text);
        buf_done(&bytes);
}

/* In pieces of any size, in either alphabet. */
static void expect_stream(const char *text, size_t piece, int error, const char *bytes)
{
        _cleanup_(buf_done) struct buf ret = {};
        _cleanup_(base64_stream_done) struct base64_stream stream = {.ret = &ret};
        size_t size = strlen(text);
        int r = 0;

        test_label = text;
        for (size_t i = 0; r == 0 && i < size; i += piece)
                r = base64_stream_put(&stream,
                                      view_of(text + i, size - i < piece ? size - i : piece));
        if (r == 0)
                r = base64_stream_end(&stream);
        expect_integer(r, error);
        if (error == 0)
                expect_text(buf_view(&ret), bytes);
        test_label = "";
}

static void test_stream(void)
{
        _cleanup_(buf_done) struct buf text = {}, bytes = {};

        for (size_t piece = 1; piece < 6; piece++) {
                expect_stream("Zm9v", piece, 0, "foo");
                expect_stream("Zm9vYg==", piece, 0, "foob");
                expect_stream("Zm9vYg", piece, 0, "foob");
                expect_stream("_-8=", piece, 0, "\xff\xef");
                expect_stream("/+8=", piece, 0, "\xff\xef");
                expect_stream("_-8", piece, 0, "\xff\xef");
                expect_stream("/+8", piece, -EBADMSG, "");
                expect_stream("/-8=", piece, -EBADMSG, "");
                expect_stream("Zg==Zg==", piece, -EBADMSG, "");
                expect_stream("Zm9vY", piece, -EBADMSG, "");
                expect_stream("Zm9 v", piece, -EBADMSG, "");
        }
        for (int i = 0; i < 200001; i++)
                buf_put_u8(&bytes, (uint8_t)(i % 251 + 1));
        base64_encode(&text, buf_view(&bytes));
        buf_put_u8(&text, '\0');
        buf_put_u8(&bytes, '\0');
        for (size_t piece = 1; piece < 100000; piece = piece * 7 + 3)
                expect_stream((const char *)text.data, piece, 0, (const char *)bytes.data);
}

int main(void)
{
        test_stream();
        test_vectors();
        test_refused();
        test_nul_inside();
        test_refused_appends_nothing();
        test_spare_bits();
        test_round_trip_of_every_length();
        test_limit_of_the_buf();
        return test_result();
}
