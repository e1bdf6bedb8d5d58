/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/in-toto-key.h"
#include "tests/test.h"
#include "tests/unit/edit.h"
#include "tests/unit/in-toto-made.h"

#include <errno.h>

#define ID      "4cea6d9df3f75cd75d2f7c86cc20368062e059c5dab895e3403c03246e6e2c2c"
#define ED25519 "dab38b915542bc230f1be6b864bde5887923f645d44be3aa1f912abc5f44897b"

static int parse(const char *text, struct in_toto_key *ret, struct problem *problem)
{
        return in_toto_key_parse_file(view_string(text), ret, problem);
}

/* The id that in-toto gave the key, read or computed. */
static void test_ids(void)
{
        _cleanup_(in_toto_key_done) struct in_toto_key key = {}, pem = {}, ed = {}, other = {};

        expect_integer(parse(made_key, &key, NULL), 0);
        expect(string_equal(key.id, ID));
        expect(string_equal(key.algorithm->name, "ecdsa-p256"));
        expect_integer(parse(made_key_pem, &pem, NULL), 0);
        expect(string_equal(pem.id, ID) && in_toto_key_is_same(&key, &pem));
        expect_integer(parse(made_key_ed25519, &ed, NULL), 0);
        expect(!ed.algorithm && !ed.pubkey && !in_toto_key_is_same(&key, &ed));
        expect_integer(
                parse("{\"keytype\":\"ed25519\",\"scheme\":\"ed25519\",\"keyval\":{\"public\":\"" ED25519
                      "\"}}",
                      &other, NULL),
                0);
        expect(string_equal(other.id, ed.id) && in_toto_key_is_same(&other, &ed));
}

static void test_rsa(void)
{
        _cleanup_(in_toto_key_done) struct in_toto_key key = {}, ours = {};

        expect_integer(parse(made_key_rsa, &key, NULL), 0);
        expect(string_equal(key.algorithm->name, "rsa-3072-pss"));
        expect_integer(in_toto_key_of(key.pubkey, NULL, &ours), 0);
        expect(string_equal(ours.id, key.id));
        in_toto_key_done(&ours);
        expect_integer(in_toto_key_of(key.pubkey, algorithm_find("rsa-3072"), &ours), 0);
        expect(!string_equal(ours.id, key.id) && in_toto_key_is_same(&ours, &key));
}

/* By in-toto 1.3.1: sha256 of {"keyid_hash_algorithms":["sha256","sha512"],"keytype":…}. */
static void test_old_id(void)
{
        _cleanup_(in_toto_key_done) struct in_toto_key key = {};
        char id[HEX_SIZE(SHA256_SIZE)];

        expect_integer(parse(made_key, &key, NULL), 0);
        expect_integer(in_toto_key_old_id(&key, id), 0);
        expect_text(view_string(id),
                    "9baf133688664e06e3d6623af8f96c0d980cc248a3de6031423181d6923c3cdc");
}

static const struct {
        const char *from, *to;
        int error;
        const char *reason;
} edits[] = {
        {"{", "{", 0, ""},
        {"\"keyid\": \"4c", "\"keyid\": \"4C", -EBADMSG, "lowercase hexadecimal"},
        {"\"keyid\"", "\"keyId\"", -EBADMSG, "unknown member \"keyId\""},
        {"\"keytype\"", "\"subkeys\": {}, \"keytype\"", -EOPNOTSUPP, "GnuPG"},
        {"\"ecdsa\"", "\"dsa\"", -EOPNOTSUPP, "dsa keys of scheme"},
        {"nistp256", "nistp521", -EOPNOTSUPP, "nistp521 are not verified"},
        {"nistp256", "nistp384", -EOPNOTSUPP, "none for ecdsa-sha2-nistp384"},
        {"BEGIN PUBLIC", "BEGIN PRIVATE", -EBADMSG, "expected a PEM public key"},
        {"\"public\"", "\"private\": \"x\", \"public\"", -EBADMSG, "private key"},
        {"\"public\"", "\"private\": \"\", \"public\"", 0, ""},
        {"\"public\"", "\"public\": \"\", \"public\"", -EBADMSG, "duplicate"},
        {"\"scheme\"", "\"schema\"", -EBADMSG, "unknown member"},
};

static void test_edits(void)
{
        for (size_t i = 0; i < ARRAY_SIZE(edits); i++) {
                _cleanup_(in_toto_key_done) struct in_toto_key key = {};
                _cleanup_(buf_done) struct buf text = {};
                struct problem problem = {};

                test_label = edits[i].to;
                edit_first(&text, view_string(made_key), edits[i].from, edits[i].to);
                expect_integer(in_toto_key_parse_file(buf_view(&text), &key, &problem),
                               edits[i].error);
                expect_contains(problem.text, edits[i].reason);
        }
        test_label = "";
}

static void test_files(void)
{
        _cleanup_(in_toto_key_done) struct in_toto_key key = {};
        struct problem problem = {};

        expect_integer(parse("", &key, &problem), -EBADMSG);
        expect_contains(problem.text, "expected a public key");
        problem = (struct problem){};
        expect_integer(
                parse("{\"keytype\":\"ed25519\",\"scheme\":\"ed25519\",\"keyval\":{\"public\":\"ab\"}}",
                      &key, &problem),
                -EBADMSG);
        expect_contains(problem.text, "expected 64 hexadecimal digits");
        problem = (struct problem){};
        expect_integer(
                parse("{\"keytype\":\"ed25519\",\"scheme\":\"ed25519\",\"keyval\":{\"public\":"
                      "\"0100000000000000000000000000000000000000000000000000000000000000\"}}",
                      &key, &problem),
                -EBADMSG);
        expect_contains(problem.text, "anybody could sign");
}

int main(void)
{
        test_ids();
        test_rsa();
        test_old_id();
        test_edits();
        test_files();
        return test_result();
}
