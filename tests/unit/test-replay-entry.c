/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base64.h"
#include "lib/replay-entry.h"
#include "tests/unit/edit.h"
#include "tests/unit/key.h"

#include <errno.h>

/* One key of each kind, and a signature of each: its record, and its entry. */
enum { CLEAR, OPAQUE, KINDS };

static struct {
        struct keyring_key keys[KINDS];
        struct keyring ring;
        json_t *records[KINDS];
        json_t *other; /* a record of another type */
        struct buf entries[KINDS];
} made;

static void make(unsigned kind, const char *name, enum key_transparency transparency)
{
        static const uint8_t zeros[SHA256_SIZE];
        const struct algorithm *algorithm = algorithm_find("ecdsa-p256");
        _cleanup_(key_freep) EVP_PKEY *pair = key_new(algorithm);
        _cleanup_(buf_done) struct buf digest = {}, signature = {}, base64 = {};
        struct keyring_key *key = &made.keys[kind];
        int r;

        *key = (struct keyring_key){.version = 1, .algorithm = algorithm};
        key->transparency = transparency;
        key->pubkey = key_public(pair);
        memcpy(key->name, name, strlen(name) + 1);
        digest_put(&digest, "sha256", view_of(zeros, sizeof(zeros)));
        key_sign(pair, algorithm, view_of(zeros, sizeof(zeros)), &signature);
        base64_encode(&base64, buf_view(&signature));
        made.records[kind] = json_pack("{s:s, s:s, s:i, s:s%, s:s%}", "type", "sign", "key", name,
                                       "version", 1, "digest", digest.data, digest.size,
                                       "signature", base64.data, base64.size);
        r = hashedrekord_put(&made.entries[kind], key->pubkey, algorithm,
                             view_of(zeros, sizeof(zeros)), buf_view(&signature));
        assert(r == 0 && made.records[kind]);
}

/* The leaves of a journal: C and O are signatures of a transparent and of another key, c and o
 * their entries, t another record, x no record at all, b a bad entry. */
static const struct {
        const char *leaves;
        const char
                *found; /* one for each leaf and one for the end: - or a character of the reason */
} journals[] = {
        {"", "-"},       {"Cc", "---"},   {"tCcOtCcCct", "-----------"},
        {"C", "-m"},     {"Ct", "-m-"},   {"CCc", "-m--"},
        {"Cx", "-m-"},   {"COc", "-mn-"}, {"Ctc", "-mn-"},
        {"Ccc", "--n-"}, {"c", "n-"},     {"Oo", "-n-"},
        {"Co", "-d-"},   {"Cb", "-b-"},   {"b", "b-"},
        {"Coc", "-dn-"}, {"xc", "-n-"},
};

static int take(struct replay_entry *entry, char leaf, struct problem *problem)
{
        switch (leaf) {
        case 'C':
                return replay_entry_take_record(entry, made.records[CLEAR], problem);
        case 'O':
                return replay_entry_take_record(entry, made.records[OPAQUE], problem);
        case 't':
                return replay_entry_take_record(entry, made.other, problem);
        case 'x':
                return replay_entry_take_record(entry, NULL, problem);
        case 'c':
                return replay_entry_take(entry, buf_view(&made.entries[CLEAR]), problem);
        case 'o':
                return replay_entry_take(entry, buf_view(&made.entries[OPAQUE]), problem);
        case 'b':
                return replay_entry_take(entry, view_string("{\"apiVersion\":\"0.0.2\"}"), problem);
        default:
                return replay_entry_end(entry, problem);
        }
}

static const char *reason_of(char found)
{
        switch (found) {
        case 'm':
                return "expected the Sigstore entry of the signature before it";
        case 'n':
                return "no signature of a transparent key is before it";
        case 'd':
                return "not of the signature before it";
        case 'b':
                return "not the canonical text";
        default:
                return "";
        }
}

static void test_journals(void)
{
        for (size_t i = 0; i < ARRAY_SIZE(journals); i++) {
                _cleanup_(replay_entry_done) struct replay_entry entry = {.ring = &made.ring};

                test_label = journals[i].leaves;
                for (size_t j = 0; j <= strlen(journals[i].leaves); j++) {
                        char found = journals[i].found[j];
                        struct problem problem = {};

                        expect_integer(take(&entry, journals[i].leaves[j], &problem),
                                       found == '-' ? 0 : -EBADMSG);
                        expect_contains(problem.text, reason_of(found));
                }
        }
        test_label = "";
}

int main(void)
{
        make(CLEAR, "clear", TRANSPARENCY_REKOR);
        make(OPAQUE, "opaque", TRANSPARENCY_NONE);
        made.ring = (struct keyring){.keys = made.keys, .count = KINDS};
        made.other = json_pack("{s:s}", "type", "token");
        test_journals();
        for (unsigned i = 0; i < KINDS; i++) {
                json_decref(made.records[i]);
                buf_done(&made.entries[i]);
                keyring_key_done(&made.keys[i]);
        }
        json_decref(made.other);
        return test_result();
}
