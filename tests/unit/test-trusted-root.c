/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/trusted-root.h"
#include "tests/unit/entry.h"

static void test_text(void)
{
        _cleanup_(made_entry_done) struct made_entry made = {};
        _cleanup_(buf_done) struct buf text = {};
        json_t *root = NULL;
        const char *media_type, *url, *details, *start;

        made_entry_init(&made);
        expect_integer(trusted_root_put(&text, &made.ring, NULL, NULL), 0);
        expect_integer(json_parse_object(buf_view(&text), &root, NULL), 0);
        expect_integer(json_array_size(json_object_get(root, "tlogs")), 1);
        expect_integer(json_unpack(root, "{s:s, s:[{s:s, s:{s:s, s:{s:s}}}]}", "mediaType",
                                   &media_type, "tlogs", "baseUrl", &url, "publicKey", "keyDetails",
                                   &details, "validFor", "start", &start),
                       0);
        expect(string_equal(media_type,
                            "application/vnd.dev.sigstore.trustedroot+json;version=0.1"));
        expect(string_equal(url, "https://" ENTRY_ORIGIN));
        expect(string_equal(details, "PKIX_ECDSA_P256_SHA_256"));
        expect(string_equal(start, "2026-11-22T10:00:00.000000Z"));
        json_decref(root);
}

static const struct {
        const char *url;
        int error;
        const char *reason;
} urls[] = {
        {"https://logs.example/example.org/host42", 0, ""},
        {ENTRY_ORIGIN, 0, ""},
        {"https://example.org/", -EINVAL, "expected it to have the origin"},
        {"", -EINVAL, "expected it to have the origin"},
        {"https://" ENTRY_ORIGIN "\"", -EINVAL, "is no URL"},
        {"https://" ENTRY_ORIGIN "\\", -EINVAL, "is no URL"},
        {"https://" ENTRY_ORIGIN " x", -EINVAL, "is no URL"},
};

static void test_urls(void)
{
        _cleanup_(made_entry_done) struct made_entry made = {};

        made_entry_init(&made);
        for (size_t i = 0; i < ARRAY_SIZE(urls); i++) {
                _cleanup_(buf_done) struct buf text = {};
                struct problem problem = {};

                test_label = urls[i].url;
                expect_integer(trusted_root_put(&text, &made.ring, urls[i].url, &problem),
                               urls[i].error);
                expect_contains(problem.text, urls[i].reason);
        }
        test_label = "";
}

static void test_no_log_key(void)
{
        _cleanup_(made_entry_done) struct made_entry made = {};
        _cleanup_(buf_done) struct buf text = {};
        struct problem problem = {};

        made_entry_init(&made);
        made.keys[0].state = KEY_REVOKED;
        expect_integer(trusted_root_put(&text, &made.ring, NULL, &problem), -ENOKEY);
        expect_contains(problem.text, "no log key");
}

int main(void)
{
        test_text();
        test_urls();
        test_no_log_key();
        return test_result();
}
