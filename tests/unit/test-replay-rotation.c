/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Forged key.rotate records: a successor that was not named by the version before it, or does not
 * say so itself.
 */

#include "lib/base64.h"
#include "lib/replay.h"
#include "lib/rotation.h"
#include "tests/unit/edit.h"
#include "tests/unit/replay-rig.h"

#include <stdio.h>

enum { LOG, FIRST, SECOND, THIRD, OTHER, KEYS };

struct rig {
        struct made_journal made;
        EVP_PKEY *pairs[KEYS];
        struct keyring_key keys[KEYS];
        char origin[sizeof(MADE_ORIGIN)];
};

/* What the record says, and what was signed for it. */
struct forgery {
        const char *origin;    /* of the statement; NULL: the right one */
        int statement[2];      /* the versions that it is about */
        int signers[2];        /* who signed it: for the old one, for the new one */
        int previous;          /* named by the record; -1: none */
        int without;           /* bit 1: the signature of the old one; 2: of the new one */
        const char *name;      /* that the record calls the key; NULL: the right one */
        const char *signature; /* instead of the old one's; NULL: that */
        const char *overlap;   /* for which the old one goes on; NULL: not */
        int without_create;    /* of the version before */
        int after_retire;      /* the version before was retired on its own */
};

static void rig_init(struct rig *rig)
{
        static const struct {
                const char *name;
                uint32_t version;
        } names[] = {{"log", 1}, {"model", 1}, {"model", 2}, {"model", 3}, {"other", 1}};

        *rig = (struct rig){.origin = MADE_ORIGIN};
        made_init(&rig->made);
        rig->keys[LOG] = rig->made.log_key;
        for (size_t i = FIRST; i < KEYS; i++) {
                rig->pairs[i] = key_new(rig->made.log_key.algorithm);
                rig->keys[i] = (struct keyring_key){.token = "tpm0",
                                                    .created = "2026-11-22T10:00:00.000000Z",
                                                    .version = names[i].version,
                                                    .algorithm = rig->made.log_key.algorithm,
                                                    .purpose = KEY_MODEL,
                                                    .state = i == FIRST ? KEY_RETIRED : KEY_ACTIVE,
                                                    .pubkey = key_public(rig->pairs[i])};
                (void)snprintf(rig->keys[i].name, sizeof(rig->keys[i].name), "%s", names[i].name);
        }
        rig->made.ring.keys = rig->keys;
        rig->made.ring.count = KEYS;
}

static void rig_done(struct rig *rig)
{
        for (size_t i = FIRST; i < KEYS; i++) {
                EVP_PKEY_free(rig->pairs[i]);
                pubkey_free(rig->keys[i].pubkey);
        }
        made_done(&rig->made);
}

static json_t *begin(const struct keyring_key *key, const char *type)
{
        json_t *record = record_begin(type);

        record_set_key(record, key);
        return record;
}

static void describe(json_t *record, const struct keyring_key *key)
{
        record_set_made(record, key);
        record_set_text(record, "token", "tpm0");
}

static void add_create(struct rig *rig, int key)
{
        json_t *record = begin(&rig->keys[key], "key.create");

        describe(record, &rig->keys[key]);
        made_add_record(&rig->made, record);
}

static void sign(struct rig *rig, const struct forgery *forgery, int side, json_t *record)
{
        const struct keyring_key *old = &rig->keys[forgery->statement[0]];
        const struct keyring_key *new = &rig->keys[forgery->statement[1]];
        const struct keyring_key *signer = &rig->keys[forgery->signers[side]];
        _cleanup_(buf_done) struct buf statement = {}, signature = {}, text = {};
        struct sha256 digest;

        rotation_put(&statement, forgery->origin ? forgery->origin : MADE_ORIGIN, old, new);
        digest = sha256_of(buf_view(&statement));
        key_sign(rig->pairs[forgery->signers[side]], signer->algorithm, sha256_view(&digest),
                 &signature);
        base64_encode(&text, buf_view(&signature));
        buf_put_u8(&text, '\0');
        record_set_text(record, side == 0 ? "previousSignature" : "ownSignature",
                        side == 0 && forgery->signature ? forgery->signature
                                                        : (const char *)text.data);
}

static void add_rotate(struct rig *rig, const struct forgery *forgery)
{
        json_t *record = begin(&rig->keys[SECOND], "key.rotate");

        describe(record, &rig->keys[SECOND]);
        record_set_asked(record, 1000);
        if (forgery->name)
                record_set_text(record, "key", forgery->name);
        if (forgery->overlap)
                record_set_text(record, "overlap", forgery->overlap);
        if (forgery->previous >= 0)
                record_set_fingerprint(record, "previousFingerprint",
                                       rig->keys[forgery->previous].pubkey);
        for (int side = 0; side < 2; side++)
                if (!(forgery->without & 1 << side))
                        sign(rig, forgery, side, record);
        made_add_record(&rig->made, record);
}

#define GOOD {FIRST, SECOND}, {FIRST, SECOND}, FIRST
#define OLD_MISSING                                                                                \
        "key.rotate: previousSignature: version 1 has not signed that version 2 follows "
#define NEW_MISSING "key.rotate: ownSignature: version 2 has not signed that version 2 follows "

static const struct {
        const char *label;
        struct forgery forgery;
        const char *text; /* of the first finding; NULL: nothing is found */
} rows[] = {
        {"good", {NULL, GOOD}, NULL},
        {"no signature of the old version", {NULL, GOOD, .without = 1}, OLD_MISSING "version 1"},
        {"no signature of the new version", {NULL, GOOD, .without = 2}, NEW_MISSING "version 1"},
        {"no signature at all", {NULL, GOOD, .without = 3}, OLD_MISSING "version 1"},
        {"the new version names itself",
         {NULL, {FIRST, SECOND}, {SECOND, SECOND}, FIRST},
         OLD_MISSING "version 1"},
        {"the old version alone wants it",
         {NULL, {FIRST, SECOND}, {FIRST, FIRST}, FIRST},
         NEW_MISSING "version 1"},
        {"signatures exchanged",
         {NULL, {FIRST, SECOND}, {SECOND, FIRST}, FIRST},
         OLD_MISSING "version 1"},
        {"the statement turned round",
         {NULL, {SECOND, FIRST}, {FIRST, SECOND}, FIRST},
         OLD_MISSING "version 1"},
        {"the statement of another successor",
         {NULL, {FIRST, THIRD}, {FIRST, SECOND}, FIRST},
         OLD_MISSING "version 1"},
        {"the statement for another origin", {"example.org/other", GOOD}, OLD_MISSING "version 1"},
        {"the statement of another key",
         {NULL, {OTHER, SECOND}, {OTHER, SECOND}, OTHER},
         "key.rotate: previousFingerprint: of no earlier version of the key"},
        {"after a later version",
         {NULL, {THIRD, SECOND}, {THIRD, SECOND}, THIRD},
         "key.rotate: previousFingerprint: of no earlier version of the key"},
        {"after itself",
         {NULL, {SECOND, SECOND}, {SECOND, SECOND}, SECOND},
         "key.rotate: previousFingerprint: of no earlier version of the key"},
        {"not base64", {NULL, GOOD, .signature = "*"}, OLD_MISSING "version 1"},
        {"empty", {NULL, GOOD, .signature = ""}, OLD_MISSING "version 1"},
        {"beside an active version",
         {NULL, {FIRST, SECOND}, {FIRST, SECOND}, -1},
         "key.rotate: version 1 of the key is active as well"},
        {"after a version that was never made",
         {NULL, GOOD, .without_create = 1},
         "key.rotate: version 1 was not active"},
        {"after a version that had ended",
         {NULL, GOOD, .after_retire = 1},
         "key.rotate: version 1 was not active"},
        {"after nothing, when nothing is active",
         {NULL, {FIRST, SECOND}, {FIRST, SECOND}, -1, .after_retire = 1},
         NULL},
        {"under another name",
         {NULL, GOOD, .name = "release"},
         "key.rotate: the ring calls the key \"model\" version 2"},
};

static void test_rows(void)
{
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                const struct forgery *forgery = &rows[i].forgery;
                struct replay_result result;
                struct found found;
                struct rig rig;

                test_label = rows[i].label;
                rig_init(&rig);
                made_add_records(&rig.made, 1);
                if (!forgery->without_create)
                        add_create(&rig, FIRST);
                if (forgery->after_retire) {
                        json_t *record = begin(&rig.keys[FIRST], "key.retire");

                        record_set_asked(record, 1000);
                        made_add_record(&rig.made, record);
                }
                add_rotate(&rig, forgery);
                found_replay(&rig.made, NULL, &found, &result);
                expect((found.count > 0) == (rows[i].text != NULL));
                expect_text(view_string(found.text), rows[i].text ? rows[i].text : "");
                rig_done(&rig);
        }
        test_label = "";
}

#define MADE    "2026-11-22T10:00:01.000000Z"
#define OVERLAP "2026-11-22T11:00:00.000000Z"
#define BEFORE  "2026-11-22T10:59:59.999999Z"
#define LATER   "2026-11-22T11:00:00.000001Z"

/* What the version before does beside the new one: by the record, and by the ring. */
static const struct {
        const char *label, *recorded, *ring;
        const char *then[2], *at[2]; /* types and times of the records after it */
        const char *text;            /* of the first finding; NULL: nothing is found */
} overlaps[] = {
        {"it signs until then", OVERLAP, OVERLAP, {"sign"}, {OVERLAP}, NULL},
        {"and ends", OVERLAP, OVERLAP, {"sign", "key.lapse"}, {BEFORE, LATER}, NULL},
        {"an attempt", OVERLAP, OVERLAP, {"intent"}, {LATER}, NULL},
        {"it signs later", OVERLAP, OVERLAP, {"sign"}, {LATER}, "sign: after " OVERLAP ", up to"},
        {"it signs later, logged",
         OVERLAP,
         OVERLAP,
         {"sign.logged"},
         {LATER},
         "sign.logged: after " OVERLAP ", up to"},
        {"it signs after its end",
         OVERLAP,
         OVERLAP,
         {"key.lapse", "sign"},
         {LATER, LATER},
         "sign: after the end of its key"},
        {"it is retired before",
         OVERLAP,
         OVERLAP,
         {"key.retire", "sign"},
         {MADE, BEFORE},
         "sign: after the end of its key"},
        {"it ends too early",
         OVERLAP,
         OVERLAP,
         {"key.lapse"},
         {BEFORE},
         "key.lapse: before " OVERLAP ", the end of the overlap"},
        {"it ends without an overlap",
         NULL,
         "",
         {"key.lapse"},
         {LATER},
         "key.lapse: the key had no overlap"},
        {"no overlap", NULL, "", {"sign"}, {BEFORE}, "sign: after the end of its key"},
        {"the ring knows of none",
         OVERLAP,
         "",
         {"sign"},
         {BEFORE},
         "key.rotate: overlap: the ring has \"\", found \"" OVERLAP "\""},
        {"the record has none",
         NULL,
         OVERLAP,
         {"sign"},
         {BEFORE},
         "key.rotate: overlap: the ring has \"" OVERLAP "\", found \"\""},
        {"the ring has another",
         OVERLAP,
         LATER,
         {"sign"},
         {OVERLAP},
         "key.rotate: overlap: the ring has \"" LATER "\", found \"" OVERLAP "\""},
};

#define DIGEST "sha256:0000000000000000000000000000000000000000000000000000000000000000"

static void set_signature(struct rig *rig, json_t *record)
{
        static const uint8_t digest[SHA256_SIZE];
        _cleanup_(buf_done) struct buf signature = {}, text = {};

        key_sign(rig->pairs[FIRST], rig->keys[FIRST].algorithm, view_of(digest, sizeof(digest)),
                 &signature);
        base64_encode(&text, buf_view(&signature));
        buf_put_u8(&text, '\0');
        record_set_text(record, "signature", (const char *)text.data);
}

static void add_then(struct rig *rig, const char *type, const char *time)
{
        json_t *record = begin(&rig->keys[FIRST], type);

        record_set_text(record, "time", time);
        if (string_equal(type, "key.lapse")) {
                record_set_text(record, "overlap", rig->keys[FIRST].overlap);
                made_add_record(&rig->made, record);
                return;
        }
        record_set_asked(record, 1000);
        if (string_equal(type, "sign.logged"))
                (void)json_object_set_new(record, "digests", json_pack("[s]", DIGEST));
        if (string_equal(type, "sign"))
                set_signature(rig, record);
        if (string_equal(type, "intent")) {
                record_set_text(record, "outcome", "withheld");
                record_set_text(record, "reason", "late");
        }
        if (string_equal(type, "sign") || string_equal(type, "intent")) {
                record_set_text(record, "algorithm", rig->keys[FIRST].algorithm->name);
                record_set_text(record, "digest", DIGEST);
        }
        made_add_record(&rig->made, record);
}

static void test_overlaps(void)
{
        for (size_t i = 0; i < ARRAY_SIZE(overlaps); i++) {
                const struct forgery forgery = {NULL, GOOD, .overlap = overlaps[i].recorded};
                struct replay_result result;
                struct found found;
                struct rig rig;

                test_label = overlaps[i].label;
                rig_init(&rig);
                (void)snprintf(rig.keys[FIRST].overlap, KEY_TIME_SIZE, "%s", overlaps[i].ring);
                made_add_records(&rig.made, 1);
                add_create(&rig, FIRST);
                add_rotate(&rig, &forgery);
                for (size_t j = 0; j < 2 && overlaps[i].then[j]; j++)
                        add_then(&rig, overlaps[i].then[j], overlaps[i].at[j]);
                found_replay(&rig.made, NULL, &found, &result);
                expect((found.count > 0) == (overlaps[i].text != NULL));
                expect_contains(found.text, overlaps[i].text ? overlaps[i].text : "");
                rig_done(&rig);
        }
        test_label = "";
}

int main(void)
{
        test_rows();
        test_overlaps();
        return test_result();
}
