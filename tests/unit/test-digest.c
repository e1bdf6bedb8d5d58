/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/digest.h"
#include "tests/test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define MILLION 1000000

/* The examples that NIST gives with FIPS 180-4. */
static const struct {
        const char *hash, *message, *hex;
} vectors[] = {
        {"sha256", "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"sha256", "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"sha256", "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
        {"sha384", "abc",
         "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
         "8086072ba1e7cc2358baeca134c825a7"},
        {"sha512", "abc",
         "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
         "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"},
};

static void test_sha256(void)
{
        for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
                struct view message = view_string(vectors[i].message);
                char hex[HEX_SIZE(SHA256_SIZE)];
                struct sha256 digest;

                if (!string_equal(vectors[i].hash, "sha256"))
                        continue;
                digest = sha256_of(message);
                expect_text(view_string(hex_encode(sha256_view(&digest), hex)), vectors[i].hex);
        }
}

static void test_parts(void)
{
        const struct view parts[] = {view_string("a"), view_of(NULL, 0), view_string("b"),
                                     view_string("c")};
        struct sha256 whole = sha256_of(view_string("abc")),
                      digest = sha256_of_parts(parts, ARRAY_SIZE(parts)),
                      none = sha256_of_parts(NULL, 0), nothing = sha256_of(view_of(NULL, 0));

        expect_view(sha256_view(&digest), sha256_view(&whole));
        expect_view(sha256_view(&none), sha256_view(&nothing));
}

/* A file without a name that holds @content @times times over, read from its beginning. */
static int open_file_of(const char *content, size_t times)
{
        FILE *file = tmpfile();
        int fd;

        assert(file);
        for (size_t i = 0; i < times; i++)
                assert(fputs(content, file) >= 0);
        assert(fflush(file) == 0);
        fd = dup(fileno(file));
        assert(fd >= 0 && lseek(fd, 0, SEEK_SET) == 0);
        assert(fclose(file) == 0);
        return fd;
}

static void expect_digest_of_fd(int fd, const char *hash, const char *expected)
{
        uint8_t digest[DIGEST_SIZE_MAX];
        char hex[HEX_SIZE(DIGEST_SIZE_MAX)];
        size_t size = 0;

        expect_integer(digest_of_fd(hash, fd, digest, &size), 0);
        expect_text(view_string(hex_encode(view_of(digest, size), hex)), expected);
}

static void test_files(void)
{
        for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
                _cleanup_(fd_closep) int fd = open_file_of(vectors[i].message, 1);

                test_label = vectors[i].hash;
                expect_digest_of_fd(fd, vectors[i].hash, vectors[i].hex);
        }
        test_label = "";
}

/* More than one block of reading: NIST's example of a million times "a", and thrice that. */
static void test_large_files(void)
{
        _cleanup_(fd_closep) int million = open_file_of("a", MILLION);
        _cleanup_(fd_closep) int three = open_file_of("aaa", MILLION);
        _cleanup_(freep) uint8_t *content = malloc(3 * MILLION);
        char hex[HEX_SIZE(SHA256_SIZE)];
        struct sha256 digest;

        assert(content);
        memset(content, 'a', 3 * MILLION);
        digest = sha256_of(view_of(content, 3 * MILLION));
        expect_digest_of_fd(million, "sha256",
                            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
        expect_digest_of_fd(three, "sha256", hex_encode(sha256_view(&digest), hex));
}

/* Only from where the descriptor stands. */
static void test_rest_of_a_file(void)
{
        _cleanup_(fd_closep) int fd = open_file_of("xyzabc", 1);

        expect_integer(lseek(fd, 3, SEEK_SET), 3);
        expect_digest_of_fd(fd, "sha256", vectors[1].hex);
}

static void test_other_hashes_are_refused(void)
{
        static const char *const names[] = {"",         "md5",       "sha1",    "sha224",
                                            "sha3-256", "SHA256",    "sha-256", "sha512-256",
                                            "shake128", "RSA-SHA256"};
        _cleanup_(fd_closep) int fd = open_file_of("abc", 1);

        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                uint8_t digest[DIGEST_SIZE_MAX];
                size_t size = 77;

                test_label = names[i];
                expect_integer(digest_of_fd(names[i], fd, digest, &size), -EOPNOTSUPP);
                expect_integer(size, 77);
        }
        test_label = "";
}

static void test_unreadable(void)
{
        _cleanup_(fd_closep) int directory = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        uint8_t digest[DIGEST_SIZE_MAX];
        size_t size = 77;

        expect_integer(digest_of_fd("sha256", directory, digest, &size), -EISDIR);
        expect_integer(digest_of_fd("sha256", -1, digest, &size), -EBADF);
        expect_integer(size, 77);
}

static void test_hex(void)
{
        static const char *const refused[] = {"",     "0",       "00",   "000",  "0000000", "00000",
                                              "00gg", "00AA",    "00 0", "0x00", "00/0",    "00:0",
                                              "00`0", "00\xff!", "-000", "000\n"};
        static const uint8_t bytes[] = {0x00, 0x19, 0xaf, 0xff};
        char hex[HEX_SIZE(sizeof(bytes))];
        uint8_t back[sizeof(bytes)];

        expect_text(view_string(hex_encode(view_of(bytes, sizeof(bytes)), hex)), "0019afff");
        expect_integer(hex_decode(view_string("0019afff"), back, sizeof(back)), 0);
        expect_view(view_of(back, sizeof(back)), view_of(bytes, sizeof(bytes)));
        expect_text(view_string(hex_encode(view_of(NULL, 0), hex)), "");
        expect_integer(hex_decode(view_of(NULL, 0), back, 0), 0);
        for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
                test_label = refused[i];
                expect_integer(hex_decode(view_string(refused[i]), back, 2), -EBADMSG);
        }
        test_label = "";
        expect_integer(hex_decode(view_of("00\0a", 4), back, 2), -EBADMSG);
}

#define ABC256 "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

static void test_parse(void)
{
        static const struct {
                const char *algorithm, *text;
                int r;
                const char *problem;
        } rows[] = {
                {"ecdsa-p256", "sha256:" ABC256, 0, ""},
                {"rsa-2048-pss", "sha256:" ABC256, 0, ""},
                {"ecdsa-p384", "sha256:" ABC256, -EBADMSG,
                 "digest \"sha256:ba7816bf8f01c\": expected \"sha384:\" and hexadecimal digits, as "
                 "algorithm ecdsa-p384 signs"},
                {"ecdsa-p256", ABC256, -EBADMSG,
                 "digest \"ba7816bf8f01cfea4141\": expected \"sha256:\" and hexadecimal digits, as "
                 "algorithm ecdsa-p256 signs"},
                {"ecdsa-p256", "", -EBADMSG,
                 "digest \"\": expected \"sha256:\" and hexadecimal digits, as algorithm ecdsa-p256 "
                 "signs"},
                {"ecdsa-p256", "sha256", -EBADMSG,
                 "digest \"sha256\": expected \"sha256:\" and hexadecimal digits, as algorithm "
                 "ecdsa-p256 signs"},
                {"ecdsa-p256", "SHA256:" ABC256, -EBADMSG,
                 "digest \"SHA256:ba7816bf8f01c\": expected \"sha256:\" and hexadecimal digits, as "
                 "algorithm ecdsa-p256 signs"},
                {"ecdsa-p256", "sha2567:" ABC256, -EBADMSG,
                 "digest \"sha2567:ba7816bf8f01\": expected \"sha256:\" and hexadecimal digits, as "
                 "algorithm ecdsa-p256 signs"},
                {"ecdsa-p256", "sha256:", -EBADMSG,
                 "digest: expected 64 hexadecimal digits after \"sha256:\", found 0"},
                {"ecdsa-p256", "sha256:" ABC256 "0", -EBADMSG,
                 "digest: expected 64 hexadecimal digits after \"sha256:\", found 65"},
                {"ecdsa-p256",
                 "sha256:BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD",
                 -EBADMSG, "digest: expected lowercase hexadecimal digits after \"sha256:\""},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                const struct algorithm *algorithm = algorithm_find(rows[i].algorithm);
                struct problem problem = {};
                uint8_t digest[DIGEST_SIZE_MAX];
                struct sha256 abc = sha256_of(view_string("abc"));

                test_label = rows[i].text;
                expect_integer(digest_parse(rows[i].text, algorithm, digest, &problem), rows[i].r);
                expect_text(view_string(problem.text), rows[i].problem);
                if (rows[i].r == 0)
                        expect_view(view_of(digest, SHA256_SIZE), sha256_view(&abc));
        }
        test_label = "";
}

static void test_put(void)
{
        _cleanup_(buf_done) struct buf buf = {};
        struct sha256 digest = sha256_of(view_string("abc"));

        digest_put(&buf, "sha256", sha256_view(&digest));
        expect_text(buf_view(&buf), "sha256:" ABC256);
}

int main(void)
{
        test_sha256();
        test_parts();
        test_files();
        test_large_files();
        test_rest_of_a_file();
        test_other_hashes_are_refused();
        test_unreadable();
        test_hex();
        test_parse();
        test_put();
        return test_result();
}
