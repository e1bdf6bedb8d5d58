/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/bundle.h"
#include "tests/unit/entry.h"

static int parse(struct view text, struct tlog_entry *ret, struct problem *problem)
{
        json_t *object = NULL;
        int r = json_parse_object(text, &object, problem);

        if (r == 0)
                r = tlog_entry_parse(object, ret, problem);
        json_decref(object);
        return r;
}

static void test_round_trip(void)
{
        _cleanup_(made_entry_done) struct made_entry made = {};
        _cleanup_(tlog_entry_done) struct tlog_entry entry = {};
        _cleanup_(buf_done) struct buf text = {}, again = {};
        struct tlog_statement statement;

        made_entry_init(&made);
        statement = made_statement(&made);
        expect_integer(tlog_entry_put(&text, &made.entry), 0);
        expect_integer(parse(buf_view(&text), &entry, NULL), 0);
        expect_integer(tlog_entry_put(&again, &entry), 0);
        expect_view(buf_view(&again), buf_view(&text));
        expect_integer(tlog_entry_verify(&entry, &made.ring, &statement, NULL), 0);
}

static const struct {
        const char *from, *to;
        int error;
        const char *reason;
} edits[] = {
        {"{\"logIndex\":\"3\"", "{\"logIndex\":\"2\"", -EBADMSG, "3 in the proof, 2 beside it"},
        {"{\"logIndex\":\"3\"", "{\"logIndex\":3", -EBADMSG, "expected a string"},
        {"{\"logIndex\":\"3\"", "{\"logIndex\":\"03\"", -EBADMSG, "\"03\" is no number"},
        {"{\"logIndex\":\"3\"", "{\"logIndex\":\"-3\"", -EBADMSG, "\"-3\" is no number"},
        {"{\"logIndex\":\"3\"", "{\"logIndex\":\"9223372036854775808\"", -EBADMSG, "is no number"},
        {"\"keyId\":\"", "\"keyId\":\"A", -EBADMSG, "logId: expected the base64 of 32 bytes"},
        {"\"kind\":\"hashedrekord\"", "\"kind\":\"dsse\"", -EOPNOTSUPP, "found dsse 0.0.2"},
        {"\"version\":\"0.0.2\"", "\"version\":\"0.0.1\"", -EOPNOTSUPP, "hashedrekord 0.0.1"},
        {"\"integratedTime\":\"0\"", "\"integratedTime\":\"1\"", -EBADMSG, "integratedTime"},
        {"\"integratedTime\":\"0\",", "", 0, ""},
        {"\"integratedTime\":\"0\"", "\"inclusionPromise\":null", 0, ""},
        {"\"integratedTime\":\"0\"", "\"inclusionPromise\":{}", -EOPNOTSUPP, "inclusionPromise"},
        {"\"integratedTime\":\"0\"", "\"time\":\"0\"", -EBADMSG, "unknown member \"time\""},
        {"\"treeSize\":\"6\"", "\"treeSize\":\"x\"", -EBADMSG, "treeSize"},
        {"\"rootHash\":\"", "\"rootHash\":\"A", -EBADMSG, "rootHash: expected the base64"},
        {"\"hashes\":[", "\"hashes\":[\"\",", -EBADMSG, "hashes: expected the base64"},
        {"\"hashes\":[", "\"hashes\":[1,", -EBADMSG, "hashes: expected strings"},
        {"{\"envelope\"", "{\"note\"", -EBADMSG, "unknown member \"note\""},
        {",\"canonicalizedBody\":\"", ",\"canonicalizedBody\":\"-", -EBADMSG,
         "canonicalizedBody: no standard base64"},
        {",\"canonicalizedBody\"", ",\"body\"", -EBADMSG, "unknown member \"body\""},
        {"\"inclusionProof\":{", "\"inclusionProof\":{\"x\":1,", -EBADMSG, "unknown member \"x\""},
};

static void test_edits(void)
{
        _cleanup_(made_entry_done) struct made_entry made = {};
        _cleanup_(buf_done) struct buf text = {};
        int r;

        made_entry_init(&made);
        r = tlog_entry_put(&text, &made.entry);
        assert(r == 0);
        for (size_t i = 0; i < ARRAY_SIZE(edits); i++) {
                _cleanup_(tlog_entry_done) struct tlog_entry entry = {};
                _cleanup_(buf_done) struct buf edited = {};
                struct problem problem = {};

                test_label = edits[i].to;
                edit_first(&edited, buf_view(&text), edits[i].from, edits[i].to);
                expect_integer(parse(buf_view(&edited), &entry, &problem), edits[i].error);
                expect_contains(problem.text, edits[i].reason);
        }
        test_label = "";
}

/* Each thing that a forger can change has a reason of its own. */
enum spoilt {
        LOG_ID,
        LOG_ID_OF_SIGNER,
        INDEX,
        INDEX_PAST,
        SIZE,
        ROOT,
        HASH,
        HASHES_FEWER,
        HASHES_MORE,
        CHECKPOINT,
        CHECKPOINT_NAME,
        CHECKPOINT_OLD,
        BODY,
        BODY_OF_OTHER_SIGNATURE,
};

static const struct {
        enum spoilt what;
        int error;
        const char *reason;
} spoils[] = {
        {LOG_ID, -ENOKEY, "logId: not a log key of \"" ENTRY_ORIGIN "\""},
        {LOG_ID_OF_SIGNER, -ENOKEY, "logId: not a log key"},
        {INDEX, -EKEYREJECTED, "it is not entry 2 of the 6"},
        {INDEX_PAST, -EKEYREJECTED, "it is not entry 6 of the 6"},
        {SIZE, -EKEYREJECTED, "treeSize: 7, the checkpoint has 6"},
        {ROOT, -EKEYREJECTED, "rootHash: not the one of the checkpoint"},
        {HASH, -EKEYREJECTED, "it is not entry 3 of the 6"},
        {HASHES_FEWER, -EKEYREJECTED, "it is not entry 3 of the 6"},
        {HASHES_MORE, -EKEYREJECTED, "it is not entry 3 of the 6"},
        {CHECKPOINT, -EKEYREJECTED, "does not verify"},
        {CHECKPOINT_NAME, -ENOKEY, "log entry: "},
        {CHECKPOINT_OLD, -EKEYREJECTED, "it is not entry 3 of the 2"},
        {BODY, -EKEYREJECTED, "it is not entry 3 of the 6"},
        {BODY_OF_OTHER_SIGNATURE, -EKEYREJECTED, "hashedrekord: of another digest"},
};

static void spoil_checkpoint(struct made_entry *made, enum spoilt what)
{
        struct tlog_entry *entry = &made->entry;
        _cleanup_(buf_done) struct buf text = {};
        struct sha256 hashes[2] = {made->leaves[0], made->leaves[1]};

        if (what == CHECKPOINT)
                edit_first(&text, buf_view(&entry->checkpoint), "\n6\n", "\n7\n");
        if (what == CHECKPOINT_NAME)
                edit_first(&text, buf_view(&entry->checkpoint), "\x94 example", "\x94 exbmple");
        if (what == CHECKPOINT_OLD) {
                entry->size = 2;
                entry->root = merkle_node(&hashes[0], &hashes[1]);
                made_put_checkpoint(made, &(struct checkpoint){2, entry->root}, &text);
        }
        buf_clear(&entry->checkpoint);
        buf_put_view(&entry->checkpoint, buf_view(&text));
}

static void spoil(struct made_entry *made, enum spoilt what)
{
        struct tlog_entry *entry = &made->entry;

        switch (what) {
        case LOG_ID:
                entry->log_id.bytes[0] ^= 1;
                break;
        case LOG_ID_OF_SIGNER:
                entry->log_id = *pubkey_fingerprint(made->keys[1].pubkey);
                break;
        case INDEX:
                entry->index = 2;
                break;
        case INDEX_PAST:
                entry->index = 6;
                break;
        case SIZE:
                entry->size = 7;
                break;
        case ROOT:
                entry->root.bytes[31] ^= 1;
                break;
        case HASH:
                entry->path.hash[1].bytes[0] ^= 1;
                break;
        case HASHES_FEWER:
                entry->path.count--;
                break;
        case HASHES_MORE:
                entry->path.count++;
                break;
        case CHECKPOINT:
        case CHECKPOINT_NAME:
        case CHECKPOINT_OLD:
                spoil_checkpoint(made, what);
                break;
        case BODY:
                entry->body.data[entry->body.size - 20] ^= 1;
                break;
        case BODY_OF_OTHER_SIGNATURE:
                made->digest[0] ^= 1;
                break;
        }
}

static void test_spoilt(void)
{
        for (size_t i = 0; i < ARRAY_SIZE(spoils); i++) {
                _cleanup_(made_entry_done) struct made_entry made = {};
                struct tlog_statement statement;
                struct problem problem = {};

                test_label = spoils[i].reason;
                made_entry_init(&made);
                spoil(&made, spoils[i].what);
                statement = made_statement(&made);
                expect_integer(tlog_entry_verify(&made.entry, &made.ring, &statement, &problem),
                               spoils[i].error);
                expect_contains(problem.text, spoils[i].reason);
        }
        test_label = "";
}

static void put_proof(const struct made_entry *made, struct buf *ret)
{
        struct tlog_proof proof = {
                .extra = made->entry.body, /* borrowed */
                .has_extra = 1,
                .index = made->entry.index,
                .path = made->entry.path,
                .checkpoint = buf_view(&made->entry.checkpoint),
        };
        int r = tlog_proof_put(ret, &proof);

        assert(r == 0);
}

static void test_from_proof(void)
{
        _cleanup_(made_entry_done) struct made_entry made = {};
        _cleanup_(tlog_entry_done) struct tlog_entry entry = {};
        _cleanup_(buf_done) struct buf proof = {}, edited = {}, expected = {}, found = {};
        struct problem problem = {};

        made_entry_init(&made);
        put_proof(&made, &proof);
        expect_integer(tlog_entry_from_proof(buf_view(&proof), &made.ring, &entry, NULL), 0);
        expect_integer(tlog_entry_put(&expected, &made.entry), 0);
        expect_integer(tlog_entry_put(&found, &entry), 0);
        expect_view(buf_view(&found), buf_view(&expected));
        edit_first(&edited, buf_view(&proof), "index 3", "index 4");
        expect_integer(tlog_entry_from_proof(buf_view(&edited), &made.ring, &entry, &problem),
                       -EKEYREJECTED);
        expect_contains(problem.text, "not entry 4");
        problem.text[0] = '\0';
        made.ring.count = 0;
        expect_integer(tlog_entry_from_proof(buf_view(&proof), &made.ring, &entry, &problem),
                       -ENOKEY);
        expect_contains(problem.text, "not signed by a log key");
}

/* A bundle with such an entry; with two of the same. */
static void test_bundle(void)
{
        _cleanup_(made_entry_done) struct made_entry made = {};
        _cleanup_(bundle_done) struct bundle bundle = {};
        _cleanup_(buf_done) struct buf text = {};
        struct tlog_statement statement;
        struct tlog_entry twice[2];
        struct problem problem = {};

        made_entry_init(&made);
        statement = made_statement(&made);
        expect_integer(bundle_put(&text, &statement, &made.entry), 0);
        expect_integer(bundle_parse(buf_view(&text), &bundle, NULL), 0);
        expect_integer(bundle.entry_count, 1);
        expect_integer(bundle_verify_entries(&bundle, &made.ring, &statement, NULL), 0);
        twice[0] = twice[1] = made.entry;
        expect_integer(bundle_verify_entries(&(struct bundle){.entries = twice, .entry_count = 2},
                                             &made.ring, &statement, &problem),
                       -EBADMSG);
        expect_contains(problem.text, "log entry 3 is there twice");
        twice[1].index = 2;
        expect_integer(bundle_verify_entries(&(struct bundle){.entries = twice, .entry_count = 2},
                                             &made.ring, &statement, NULL),
                       -EKEYREJECTED);
}

int main(void)
{
        test_round_trip();
        test_edits();
        test_spoilt();
        test_from_proof();
        test_bundle();
        return test_result();
}
