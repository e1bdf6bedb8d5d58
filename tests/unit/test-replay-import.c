/* SPDX-License-Identifier: Apache-2.0 */

/*
 * key.import records that say another thing than the ring, and records that have a key that was
 * imported do what only a token can.
 */

#include "lib/replay.h"
#include "tests/unit/edit.h"
#include "tests/unit/made-record.h"
#include "tests/unit/steps.h"

#include <stdio.h>

#define CREATED "2025-01-01T00:00:00.000000Z"
#define ENDED   "2026-01-01T00:00:00.000000Z"

struct rig {
        struct made_journal made;
        struct keyring_key keys[2];
        EVP_PKEY *pair;
};

/* What of the record, and of the ring, is not as it should be. */
struct forgery {
        const char *member, *value;          /* of the key.import */
        int is_native, is_retired, is_alien; /* the key of the ring: made in a token; …; none */
        const char *then;                    /* the type of the record after it; or NULL */
        int twice;
};

static void rig_init(struct rig *rig, const struct forgery *forgery)
{
        const struct algorithm *algorithm = algorithm_find("ecdsa-p256");

        *rig = (struct rig){.pair = key_new(algorithm)};
        made_init(&rig->made);
        rig->keys[0] = rig->made.log_key;
        rig->keys[1] = (struct keyring_key){.name = "old",
                                            .created = CREATED,
                                            .version = 1,
                                            .algorithm = algorithm,
                                            .purpose = KEY_MODEL,
                                            .pubkey = key_public(rig->pair)};
        if (forgery->is_native)
                (void)snprintf(rig->keys[1].token, sizeof(rig->keys[1].token), "tpm0");
        else
                (void)snprintf(rig->keys[1].imported, KEY_TIME_SIZE, "%s", MADE_TIME);
        if (forgery->is_retired) {
                rig->keys[1].state = KEY_RETIRED;
                (void)snprintf(rig->keys[1].ended, KEY_TIME_SIZE, "%s", ENDED);
        }
        rig->made.ring.keys = rig->keys;
        rig->made.ring.count = forgery->is_alien ? 1 : 2;
}

static void rig_done(struct rig *rig)
{
        keyring_key_done(&rig->keys[1]);
        EVP_PKEY_free(rig->pair);
        made_done(&rig->made);
}

static json_t *begin(const struct rig *rig, const char *type)
{
        json_t *record = record_begin(type);

        record_set_key(record, &rig->keys[1]);
        record_set_asked(record, 1000);
        return record;
}

static void add_import(struct rig *rig, const struct forgery *forgery)
{
        json_t *record = begin(rig, "key.import");

        record_set_made(record, &rig->keys[1]);
        record_set_text(record, "created", CREATED);
        record_set_text(record, "state", forgery->is_retired ? "retired" : "active");
        if (forgery->is_retired)
                record_set_text(record, "ended", ENDED);
        if (forgery->member)
                record_set_text(record, forgery->member, forgery->value);
        made_add_record(&rig->made, record);
}

/* The members that such a record has to have, so that it is good by itself. */
static void complete(const struct rig *rig, json_t *record, const char *type)
{
        if (string_equal(type, "key.create") || string_equal(type, "key.rotate")) {
                record_set_made(record, &rig->keys[1]);
                record_set_text(record, "token", "tpm0");
        }
        if (string_equal(type, "key.destroy"))
                record_set_text(record, "reason", "gone");
        if (string_equal(type, "intent")) {
                record_set_text(record, "algorithm", "ecdsa-p256");
                record_set_text(record, "digest", MADE_DIGEST);
                record_set_text(record, "outcome", "unknown");
                record_set_text(record, "reason", "none");
        }
        if (string_equal(type, "sign.logged"))
                record_set(record, "digests", json_pack("[s]", MADE_DIGEST));
        if (string_equal(type, "key.count")) {
                record_set_number(record, "count", 1);
                (void)json_object_del(record, "caller");
                (void)json_object_del(record, "grant");
                (void)json_object_del(record, "request");
        }
}

static void add_then(struct rig *rig, const char *type)
{
        json_t *record = begin(rig, type);

        complete(rig, record, type);
        if (string_equal(type, "sign"))
                record_set_signed(record, &rig->keys[1], rig->pair);
        made_add_record(&rig->made, record);
}

/* All that was found, one after the other. */
struct found {
        size_t count;
        char text[2 * PROBLEM_TEXT_MAX];
};

static void note_finding(const struct replay_finding *finding, void *context)
{
        struct found *found = context;
        size_t length = strlen(found->text);

        found->count++;
        (void)snprintf(found->text + length, sizeof(found->text) - length, "%s\n", finding->text);
}

static void replay(struct rig *rig, struct found *ret)
{
        _cleanup_(journal_freep) struct journal *journal = NULL;
        const struct replay_options options = {.finding = note_finding, .context = ret};
        struct replay_result result;

        made_publish(&rig->made, rig->made.count);
        journal = made_open(&rig->made);
        expect_integer(replay_journal(journal, &rig->made.ring, &options, &result, NULL), 0);
        steps_expect_same_anywhere(&rig->made);
}

#define NOT_HERE ": the key was imported, and no token here has it"

static const struct {
        const char *label;
        struct forgery forgery;
        const char *text; /* one of the findings; NULL: nothing is found */
} rows[] = {
        {"good", {}, NULL},
        {"retired before", {.is_retired = 1}, NULL},
        {"retired later", {.then = "key.retire"}, NULL},
        {"not in the ring", {.is_alien = 1}, "key.import: the key is not in the ring"},
        {"made in a token, says the ring",
         {.is_native = 1},
         "key.import: the ring does not say that the key was imported"},
        {"at another time",
         {"time", "2026-11-22T10:00:02.000000Z"},
         "key.import: time: the ring has \"" MADE_TIME "\""},
        {"in use since another time",
         {"created", ENDED},
         "key.import: created: the ring has \"" CREATED "\""},
        {"for another purpose",
         {"purpose", "dataset"},
         "key.import: purpose: the ring has \"model\""},
        {"another algorithm",
         {"algorithm", "ecdsa-p384"},
         "key.import: algorithm: the ring has \"ecdsa-p256\""},
        {"another public key", {"publicKey", "AAAA"}, "key.import: fingerprint: publicKey has"},
        {"under another name",
         {"key", "new"},
         "key.import: the ring calls the key \"old\" version 1"},
        {"ended at another time",
         {"ended", CREATED, .is_retired = 1},
         "key.import: ended: the ring has \"" ENDED "\""},
        {"active in the ring, retired in the record",
         {"state", "retired"},
         "key.import: state: the ring has \"active\""},
        {"twice", {.twice = 1}, "key.import: the key was there before"},
        {"signs", {.then = "sign"}, "sign: by a key that was imported"},
        {"signs with a checkpoint",
         {.then = "sign.logged"},
         "sign.logged: by a key that was imported"},
        {"was asked to sign", {.then = "intent"}, "intent" NOT_HERE},
        {"is made", {.then = "key.create"}, "key.create" NOT_HERE},
        {"is rotated to", {.then = "key.rotate"}, "key.rotate" NOT_HERE},
        {"is destroyed", {.then = "key.destroy"}, "key.destroy" NOT_HERE},
        {"is counted", {.then = "key.count"}, "key.count" NOT_HERE},
};

static void test_rows(void)
{
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                const struct forgery *forgery = &rows[i].forgery;
                struct found found = {};
                struct rig rig;

                test_label = rows[i].label;
                rig_init(&rig, forgery);
                made_add_records(&rig.made, 1);
                add_import(&rig, forgery);
                if (forgery->twice)
                        add_import(&rig, forgery);
                if (forgery->then)
                        add_then(&rig, forgery->then);
                replay(&rig, &found);
                expect((found.count > 0) == (rows[i].text != NULL));
                if (rows[i].text)
                        expect_contains(found.text, rows[i].text);
                rig_done(&rig);
        }
        test_label = "";
}

int main(void)
{
        test_rows();
        return test_result();
}
