/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/attestation.h"
#include "tests/test.h"
#include "tests/unit/edit.h"
#include "tests/unit/folder.h"
#include "tests/unit/forged-tpm.h"

#include <errno.h>

static void make(struct buf *ret)
{
        _cleanup_(forged_done) struct forged_tpm tpm;
        _cleanup_(evidence_done) struct evidence evidence;
        struct keyring_key key;

        forged_start(&tpm);
        evidence_init(&evidence);
        forged_make(&tpm, &evidence);
        key = tpm.key; /* borrows */
        key.evidence = evidence_to_json(&evidence);
        expect_integer(attestation_put(ret, &key), 0);
        json_decref(key.evidence);
}

static void test_round_trip(void)
{
        _cleanup_(attestation_done) struct attestation attestation;
        _cleanup_(evidence_proof_done) struct evidence_proof proof = {};
        _cleanup_(buf_done) struct buf text = {}, again = {};

        make(&text);
        expect_integer(attestation_parse(buf_view(&text), &attestation, NULL), 0);
        expect_integer(attestation_put(&again, &attestation.key), 0);
        expect_view(buf_view(&again), buf_view(&text));
        expect_text(view_string(attestation.key.name), "model");
        expect_integer(evidence_check(&attestation.evidence, &attestation.key, &proof, NULL), 0);
}

static const struct {
        const char *from, *to;
        int error;
        const char *reason; /* part of it */
} edits[] = {
        {"hallmark-attestation", "hallmark-keyring", -EBADMSG,
         "type: expected hallmark-attestation"},
        {"\"v\":1}", "\"v\":2}", -EBADMSG, "v: expected 1, found 2"},
        {"\"v\":1}", "\"v\":1,\"w\":1}", -EBADMSG, "unknown member \"w\""},
        {"}\n", "}", -EBADMSG, "not canonical JSON"},
        {"{\"key\"", "{ \"key\"", -EBADMSG, "not canonical JSON"},
        {"\"evidence\":", "\"witness\":", -EBADMSG, "witness"},
        {"\"kind\":\"tpm2\"", "\"kind\":\"vault\"", -EBADMSG, "kind: expected tpm2 or pkcs11"},
        {"ecdsa-p256", "ml-dsa", -EOPNOTSUPP, "unknown algorithm \"ml-dsa\""},
        {"\"name\":\"model\"", "\"name\":\"../model\"", -EBADMSG, "member \"name\""},
};

static void test_edits(void)
{
        _cleanup_(buf_done) struct buf text = {};

        make(&text);
        for (size_t i = 0; i < ARRAY_SIZE(edits); i++) {
                _cleanup_(attestation_done) struct attestation attestation;
                _cleanup_(buf_done) struct buf edited = {};
                struct problem problem = {};

                test_label = edits[i].to;
                edit_first(&edited, buf_view(&text), edits[i].from, edits[i].to);
                expect_integer(attestation_parse(buf_view(&edited), &attestation, &problem),
                               edits[i].error);
                expect_contains(problem.text, edits[i].reason);
        }
        test_label = "";
}

/* A key of which nobody has asked its token. */
static void test_without_evidence(void)
{
        _cleanup_(attestation_done) struct attestation attestation;
        _cleanup_(forged_done) struct forged_tpm tpm;
        _cleanup_(buf_done) struct buf text = {};
        struct problem problem = {};

        forged_start(&tpm);
        expect_integer(attestation_put(&text, &tpm.key), 0);
        expect_integer(attestation_parse(buf_view(&text), &attestation, &problem), -EBADMSG);
        expect_text(view_string(problem.text), "key model: there is no evidence");
}

static void test_file(void)
{
        _cleanup_(buf_done) struct buf text = {};
        struct attestation attestation;
        struct folder folder = folder_new();
        struct problem problem = {};
        char path[128];

        make(&text);
        (void)snprintf(path, sizeof(path), "%s/said", folder.path);
        expect_integer(attestation_load(path, &attestation, &problem), -ENOENT);
        attestation_done(&attestation);
        folder_write(&folder, "said", buf_view(&text));
        expect_integer(attestation_load(path, &attestation, NULL), 0);
        attestation_done(&attestation);
        folder_write(&folder, "said", view_of(text.data, text.size - 9));
        problem = (struct problem){};
        expect_integer(attestation_load(path, &attestation, &problem), -EBADMSG);
        expect_contains(problem.text, "/said: ");
        attestation_done(&attestation);
        folder_done(&folder);
}

int main(void)
{
        test_round_trip();
        test_edits();
        test_without_evidence();
        test_file();
        return test_result();
}
