/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/oms.h"
#include "tests/test.h"
#include "tests/unit/edit.h"

#include <errno.h>

/* SHA-256 of "a" and of nothing, by sha256sum. */
#define DIGEST_A     "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"
#define DIGEST_EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static const char *const ignored[] = {".git", "model.sig", NULL};

static void add(struct inventory *inventory, const char *name, const char *digest)
{
        struct inventory_file *file;
        int r = inventory_add(inventory, view_string(name), &file);

        assert(r == 0);
        r = hex_decode(view_string(digest), file->digest.bytes, SHA256_SIZE);
        assert(r == 0);
}

static void put(struct buf *ret)
{
        _cleanup_(inventory_done) struct inventory inventory = {};

        add(&inventory, "d/\"b\"", DIGEST_EMPTY);
        add(&inventory, "a", DIGEST_A);
        expect_integer(inventory_sort(&inventory, NULL), 0);
        expect_integer(oms_put(ret, "model", &inventory, ignored), 0);
}

static void test_round_trip(void)
{
        _cleanup_(buf_done) struct buf text = {};
        _cleanup_(oms_done) struct oms oms = {};
        char hex[HEX_SIZE(SHA256_SIZE)];
        uint8_t digests[2 * SHA256_SIZE];
        struct sha256 root;
        int r;

        put(&text);
        r = hex_decode(view_string(DIGEST_A DIGEST_EMPTY), digests, sizeof(digests));
        assert(r == 0);
        root = sha256_of(view_of(digests, sizeof(digests)));
        expect_integer(oms_parse(&text, &oms, NULL), 0);
        expect(oms.name && string_equal(oms.name, "model"));
        expect_integer(oms.resources.count, 2);
        expect(inventory_find(&oms.resources, "d/\"b\"") == &oms.resources.files[1]);
        expect_text(view_string(hex_encode(sha256_view(&oms.resources.files[0].digest), hex)),
                    DIGEST_A);
        expect_view(sha256_view(&oms.root), sha256_view(&root));
        expect(string_equal(oms.ignored[0], ".git") && string_equal(oms.ignored[1], "model.sig") &&
               !oms.ignored[2]);
}

static const struct {
        const char *from, *to;
        int error;
        const char *reason;
} edits[] = {
        {"{", "{", 0, ""},
        {"{", "{\"x\":1,", 0, ""},
        {"\"predicate\":{", "\"predicate\":{\"x\":[],", 0, ""},
        {"Statement/v1", "Statement/v0.1", -EBADMSG, "_type: expected"},
        {"signature/v1.0", "signature/v2.0", -EOPNOTSUPP, "predicateType: expected"},
        {"\"method\":\"files\"", "\"method\":\"shards\"", -EOPNOTSUPP, "expected files and sha256"},
        {"\"hash_type\":\"sha256\"", "\"hash_type\":\"blake3\"", -EOPNOTSUPP,
         "expected files and sha256"},
        {"\"algorithm\":\"sha256\"", "\"algorithm\":\"sha512\"", -EOPNOTSUPP, "found sha512"},
        {DIGEST_A, DIGEST_EMPTY, -EBADMSG, "not that of the resources"},
        {DIGEST_A, "ca97", -EBADMSG, "64 hexadecimal digits"},
        {"\"name\":\"a\"", "\"name\":\"../a\"", -EBADMSG, "\"..\" part"},
        {"\"name\":\"a\"", "\"name\":\"/a\"", -EBADMSG, "not relative"},
        {"\"name\":\"a\"", "\"name\":\"\"", -EBADMSG, "an empty name"},
        {"\"name\":\"a\"", "\"name\":\"a//b\"", -EBADMSG, "part"},
        {"\"name\":\"a\"", "\"name\":7", -EBADMSG, "of another type"},
        {"\"name\":\"a\"", "\"name\":\"d/\\\"b\\\"\"", -EBADMSG, "listed twice"},
        {"\"name\":\"a\"", "\"name\":\"a\",\"name\":\"a\"", -EBADMSG, "duplicate"},
        {"\"subject\":[", "\"subject\":[{},", -EBADMSG, "exactly one subject"},
        {"\"ignore_paths\":[", "\"ignore_paths\":[1,", -EBADMSG, "no string"},
        {"\"ignore_paths\"", "\"other\"", 0, ""},
        {"\"resources\"", "\"other\"", -EBADMSG, "\"resources\" is missing"},
};

static void test_edits(void)
{
        _cleanup_(buf_done) struct buf text = {};

        put(&text);
        for (size_t i = 0; i < ARRAY_SIZE(edits); i++) {
                _cleanup_(buf_done) struct buf edited = {};
                _cleanup_(oms_done) struct oms oms = {};
                struct problem problem = {};

                test_label = edits[i].to;
                edit_first(&edited, buf_view(&text), edits[i].from, edits[i].to);
                expect_integer(oms_parse(&edited, &oms, &problem), edits[i].error);
                expect_contains(problem.text, edits[i].reason);
        }
        test_label = "";
}

static void test_empty(void)
{
        static const char text[] =
                "{\"_type\":\"https://in-toto.io/Statement/v1\","
                "\"predicateType\":\"https://model_signing/signature/v1.0\","
                "\"subject\":[{\"name\":\"m\",\"digest\":{\"sha256\":\"" DIGEST_EMPTY "\"}}],"
                "\"predicate\":{\"serialization\":{\"method\":\"files\","
                "\"hash_type\":\"sha256\"},\"resources\":[]}}";
        const struct buf statement = spool_borrow(view_string(text));
        _cleanup_(oms_done) struct oms oms = {};
        struct problem problem = {};

        expect_integer(oms_parse(&statement, &oms, &problem), -EBADMSG);
        expect_contains(problem.text, "without any file");
}

int main(void)
{
        test_round_trip();
        test_edits();
        test_empty();
        return test_result();
}
