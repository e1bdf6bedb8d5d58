/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/gate-json.h"
#include "lib/keyring-history.h"
#include "tests/unit/sealed-ring.h"

#include <errno.h>
#include <stdio.h>

#define T(day) "2026-11-" day "T10:00:00.000000Z"

enum { LOG, MODEL_1, MODEL_2, KEYS };

static struct keyring_key keys[KEYS];
static EVP_PKEY *log_pair;

static struct keyring_key make_key(const char *name, uint32_t version, enum key_purpose purpose,
                                   EVP_PKEY *given)
{
        _cleanup_(key_freep) EVP_PKEY *made = given ? NULL : key_new(algorithm_find("ecdsa-p256"));
        struct keyring_key key = {
                .token = "hsm",
                .version = version,
                .algorithm = algorithm_find("ecdsa-p256"),
                .purpose = purpose,
                .pubkey = key_public(given ? given : made),
        };

        (void)snprintf(key.name, sizeof(key.name), "%s", name);
        return key;
}

static void set(char ret[KEY_TIME_SIZE], const char *time)
{
        (void)snprintf(ret, KEY_TIME_SIZE, "%s", time);
}

/* A record about a key as the agent writes it, with what is special about it. */
static void add(struct sealed_records *records, const struct keyring_key *key, const char *day,
                const char *type, json_t *more)
{
        char fingerprint[HEX_SIZE(SHA256_SIZE)];
        _cleanup_(buf_done) struct buf text = {};
        json_t *record = json_pack(
                "{s:s, s:s, s:s, s:s, s:i, s:s, s:I}", "boot", SEALED_BOOT, "fingerprint",
                hex_encode(sha256_view(pubkey_fingerprint(key->pubkey)), fingerprint), "key",
                key->name, "type", type, "v", 1, "time", day, "version", (json_int_t)key->version);

        assert(record);
        if (more)
                (void)json_object_update_new(record, more);
        json_put(&text, record);
        buf_put_u8(&text, '\0');
        sealed_add(records, (const char *)text.data);
        json_decref(record);
}

static json_t *caller(void)
{
        return json_pack("{s:i, s:i, s:s, s:i, s:s}", "gid", 0, "pid", 1, "identity", "pidfd",
                         "uid", 0, "user", "root");
}

static json_t *asked(void)
{
        return json_pack("{s:o, s:s, s:s}", "caller", caller(), "grant", "tests", "request", "1.1");
}

static json_t *made(const struct keyring_key *key)
{
        json_t *record =
                json_pack("{s:s, s:s, s:s, s:s}", "algorithm", key->algorithm->name, "publicKey",
                          "AAAA", "purpose", key_purpose_name(key->purpose), "token", key->token);

        expect_integer(gate_to_json(&key->gate, record), 0);
        return record;
}

static json_t *both(json_t *one, json_t *two)
{
        (void)json_object_update_new(one, two);
        return one;
}

static json_t *follows(const struct keyring_key *old, const struct keyring_key *key)
{
        char fingerprint[HEX_SIZE(SHA256_SIZE)];

        return both(
                both(made(key), asked()),
                json_pack("{s:s}", "previousFingerprint",
                          hex_encode(sha256_view(pubkey_fingerprint(old->pubkey)), fingerprint)));
}

static json_t *said, *said_later;

static json_t *saying(json_t *evidence)
{
        return both(asked(), json_pack("{s:O}", "evidence", evidence));
}

/* A life: made, rotated, the first version revoked and destroyed, the second attested. */
static void put_life(struct sealed_records *records)
{
        add(records, &keys[LOG], T("10"), "key.create", made(&keys[LOG]));
        add(records, &keys[MODEL_1], T("11"), "key.create", both(made(&keys[MODEL_1]), asked()));
        add(records, &keys[MODEL_2], T("12"), "key.rotate",
            follows(&keys[MODEL_1], &keys[MODEL_2]));
        add(records, &keys[MODEL_1], T("13"), "key.revoke",
            both(asked(), json_pack("{s:s, s:s}", "reason", "lost", "revoked", T("09"))));
        add(records, &keys[MODEL_1], T("14"), "key.destroy",
            both(asked(), json_pack("{s:s}", "reason", "gone")));
        add(records, &keys[MODEL_2], T("15"), "key.attest", saying(said));
}

static void set_keys(struct keyring_key ret[KEYS])
{
        memcpy(ret, keys, sizeof(keys));
        set(ret[LOG].created, T("10"));
        set(ret[MODEL_1].created, T("11"));
        set(ret[MODEL_2].created, T("12"));
        ret[MODEL_1].state = KEY_REVOKED;
        set(ret[MODEL_1].ended, T("12"));
        set(ret[MODEL_1].revoked, T("09"));
        set(ret[MODEL_1].destroyed, T("14"));
        (void)snprintf(ret[MODEL_1].reason, sizeof(ret[MODEL_1].reason), "gone");
        ret[MODEL_2].evidence = said;
}

/* Signs the ring of these keys after the records, and holds it against them. */
static void expect_held(const struct keyring_key *ring_keys, size_t count,
                        struct sealed_records *records, size_t later, const char *says)
{
        const struct sealed_ring_spec spec = {SEALED_ORIGIN, "keyring", NULL, log_pair,
                                              &ring_keys[0]};
        _cleanup_(keyring_history_freep) struct keyring_history *history = NULL;
        _cleanup_(buf_done) struct buf line = {}, text = {};
        _cleanup_(keyring_done) struct keyring ring = {};
        struct problem problem = {};
        uint64_t newer = 0;
        int r = 0;

        expect_integer(keyring_put(&line, SEALED_ORIGIN, ring_keys, count), 0);
        sealed_put(records, buf_view(&line), &spec, &text);
        expect_integer(keyring_parse(buf_view(&text), &ring, &problem), 0);
        expect_text(view_string(problem.text), "");
        if (!ring.seal)
                return;
        for (size_t i = 0; i < later; i++)
                add(records, &keys[MODEL_2], T("20"), "key.retire", asked());
        expect_integer(keyring_history_new(&ring, &history), 0);
        for (size_t i = 0; i < records->count && r == 0; i++)
                r = keyring_history_take(history, i, buf_view(&records->text[i]), &problem);
        if (r == 0)
                r = keyring_history_end(history, &newer, &problem);
        expect_integer(r, says ? -EKEYREJECTED : 0);
        expect_contains(problem.text, says ? says : "");
        if (!says)
                expect_integer(newer, later);
}

static void test_good(void)
{
        struct sealed_records records = {};
        struct keyring_key ring[KEYS];

        set_keys(ring);
        put_life(&records);
        expect_held(ring, KEYS, &records, 2, NULL);
        sealed_records_done(&records);
}

static void change_state(struct keyring_key *ring)
{
        ring[MODEL_1].state = KEY_RETIRED;
        ring[MODEL_1].revoked[0] = ring[MODEL_1].destroyed[0] = '\0';
}

static void change_revoked(struct keyring_key *ring)
{
        set(ring[MODEL_1].revoked, T("13"));
}

static void change_ended(struct keyring_key *ring)
{
        set(ring[MODEL_1].ended, T("11"));
}

static void change_destroyed(struct keyring_key *ring)
{
        ring[MODEL_1].destroyed[0] = '\0';
}

static void change_reason(struct keyring_key *ring)
{
        ring[MODEL_1].reason[0] = '\0';
}

static void change_created(struct keyring_key *ring)
{
        set(ring[MODEL_2].created, T("13"));
}

static void change_created_later(struct keyring_key *ring)
{
        set(ring[LOG].created, T("11"));
}

static void change_purpose(struct keyring_key *ring)
{
        ring[MODEL_2].purpose = KEY_DATASET;
}

static void change_token(struct keyring_key *ring)
{
        set(ring[MODEL_2].token, "tpm");
}

static void change_version(struct keyring_key *ring)
{
        ring[MODEL_2].version = 3;
}

static void change_name(struct keyring_key *ring)
{
        set(ring[MODEL_2].name, "other");
}

static void change_transparency(struct keyring_key *ring)
{
        ring[MODEL_2].transparency = TRANSPARENCY_REKOR;
}

static void change_gate(struct keyring_key *ring)
{
        ring[MODEL_2].gate = (struct gate){};
}

static void change_witness(struct keyring_key *ring)
{
        ring[MODEL_2].gate.witness = keys[MODEL_1].pubkey;
}

static void change_no_witness(struct keyring_key *ring)
{
        ring[MODEL_2].gate.witness = NULL;
}

static void change_counter(struct keyring_key *ring)
{
        ring[MODEL_2].gate.counter = GATE_COUNTER_LAST;
}

static void change_attester(struct keyring_key *ring)
{
        ring[MODEL_2].gate.attester = NULL;
}

static void change_open_gate(struct keyring_key *ring)
{
        ring[MODEL_1].gate.counter = GATE_COUNTER_LAST;
}

static void change_evidence(struct keyring_key *ring)
{
        ring[MODEL_2].evidence = said_later;
}

static void change_attested(struct keyring_key *ring)
{
        ring[LOG].evidence = said;
}

static const struct {
        const char *label;
        void (*change)(struct keyring_key *ring);
        const char *says;
} lies[] = {
        {"state", change_state,
         "key model version 1: state: the ring has \"retired\", the records have \"revoked\""},
        {"revoked", change_revoked,
         "key model version 1: revoked: the ring has \"" T("13") "\", the records have \"" T("09")},
        {"ended", change_ended, "key model version 1: ended: the ring has \"" T("11")},
        {"destroyed", change_destroyed, "key model version 1: destroyed: the ring has \"\""},
        {"reason", change_reason,
         "key model version 1: reason: the ring has \"\", the records have \"gone\""},
        {"created", change_created,
         "record 2: key model version 2: created: the ring has \"" T("13")},
        {"created after its record", change_created_later,
         "record 0: key log version 1: created: the ring has \"" T("11")},
        {"purpose", change_purpose,
         "record 2: key model version 2: purpose: the ring has \"dataset\""},
        {"token", change_token, "record 2: key model version 2: token: the ring has \"tpm\""},
        {"version", change_version, "record 2: key model version 3: the records call it version 2"},
        {"name", change_name, "record 2: key other version 2: key: the ring has \"other\""},
        {"transparency", change_transparency, "transparency: the ring has \"rekor\""},
        {"gate", change_gate, "record 2: key model version 2: attestationKey: the ring has \"\""},
        {"witness", change_witness, "record 2: key model version 2: witness: the ring has \"MF"},
        {"no witness", change_no_witness,
         "record 2: key model version 2: witness: the ring has \"\", the records have \"MF"},
        {"counter", change_counter,
         "record 2: key model version 2: useCounter: the ring has \"0x01d103ff\", the records have "
         "\"0x01d10300\""},
        {"attestation key", change_attester,
         "record 2: key model version 2: attestationKey: the ring has \"\""},
        {"gate of one that had none", change_open_gate,
         "record 1: key model version 1: useCounter: the ring has \"0x01d103ff\", the records have "
         "\"\""},
        {"evidence", change_evidence, "key model version 2: evidence: no record has it"},
        {"of another key", change_attested, "key log version 1: evidence: no record has it"},
};

static void test_lies(void)
{
        for (size_t i = 0; i < ARRAY_SIZE(lies); i++) {
                struct sealed_records records = {};
                struct keyring_key ring[KEYS];

                test_label = lies[i].label;
                set_keys(ring);
                lies[i].change(ring);
                put_life(&records);
                expect_held(ring, KEYS, &records, 0, lies[i].says);
                sealed_records_done(&records);
        }
        test_label = "";
}

/* A version goes on beside the next one, until it ends by itself or is ended. */
static void test_overlap(void)
{
        static const struct {
                const char *label, *record; /* of its end; NULL: none */
                const char *overlap, *ended;
                enum key_state state;
                const char *says;
        } rows[] = {
                {"goes on", NULL, T("14"), "", KEY_ACTIVE, NULL},
                {"ends", "key.lapse", T("14"), T("14"), KEY_RETIRED, NULL},
                {"is retired", "key.retire", T("14"), T("13"), KEY_RETIRED, NULL},
                {"another time", NULL, T("15"), "", KEY_ACTIVE,
                 "key model version 1: overlap: the ring has \"" T(
                         "15") "\", the records have \"" T("14")},
                {"has ended, says the ring", NULL, T("14"), T("14"), KEY_RETIRED,
                 "key model version 1: state: the ring has \"retired\", the records have \"active\""},
                {"goes on, says the ring", "key.lapse", T("14"), "", KEY_ACTIVE,
                 "key model version 1: state: the ring has \"active\", the records have \"retired\""},
                {"ended early, says the ring", "key.lapse", T("14"), T("13"), KEY_RETIRED,
                 "key model version 1: ended: the ring has \"" T("13") "\", the records have \"" T(
                         "14")},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                struct sealed_records records = {};
                struct keyring_key ring[KEYS];

                test_label = rows[i].label;
                set_keys(ring);
                ring[MODEL_1].state = rows[i].state;
                ring[MODEL_1].revoked[0] = ring[MODEL_1].destroyed[0] = '\0';
                ring[MODEL_1].reason[0] = '\0';
                ring[MODEL_2].evidence = NULL;
                set(ring[MODEL_1].overlap, rows[i].overlap);
                set(ring[MODEL_1].ended, rows[i].ended);
                add(&records, &keys[LOG], T("10"), "key.create", made(&keys[LOG]));
                add(&records, &keys[MODEL_1], T("11"), "key.create",
                    both(made(&keys[MODEL_1]), asked()));
                add(&records, &keys[MODEL_2], T("12"), "key.rotate",
                    both(follows(&keys[MODEL_1], &keys[MODEL_2]),
                         json_pack("{s:s}", "overlap", T("14"))));
                if (rows[i].record)
                        add(&records, &keys[MODEL_1],
                            string_equal(rows[i].record, "key.lapse") ? T("15") : T("13"),
                            rows[i].record,
                            string_equal(rows[i].record, "key.lapse")
                                    ? json_pack("{s:s}", "overlap", T("14"))
                                    : asked());
                expect_held(ring, KEYS, &records, 0, rows[i].says);
                sealed_records_done(&records);
        }
        test_label = "";
}

/* A key that an operator brought is as he said, and as the ring says. */
static void test_imported(void)
{
        static const struct {
                const char *label, *created, *time, *state;
                const char *says;
        } rows[] = {
                {"good", T("01"), T("11"), "retired", NULL},
                {"not imported", NULL, T("11"), "retired",
                 "key model version 1: no record says that it was made"},
                {"created otherwise", T("02"), T("11"), "retired",
                 "record 1: key model version 1: created: the ring has \"" T("01")},
                {"at another time", T("01"), T("12"), "retired",
                 "record 1: key model version 1: imported: the ring has \"" T("11")},
                {"active", T("01"), T("11"), "active",
                 "key model version 1: state: the ring has \"retired\", the records have \"active\""},
                {"no state", T("01"), T("11"), "gone",
                 "record 1: key model version 1: state: the ring has \"retired\""},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                struct sealed_records records = {};
                struct keyring_key ring[KEYS];

                test_label = rows[i].label;
                set_keys(ring);
                ring[MODEL_1].token[0] = ring[MODEL_1].reason[0] = '\0';
                ring[MODEL_1].revoked[0] = ring[MODEL_1].destroyed[0] = '\0';
                ring[MODEL_1].state = KEY_RETIRED;
                set(ring[MODEL_1].imported, T("11"));
                set(ring[MODEL_1].created, T("01"));
                set(ring[MODEL_1].ended, T("03"));
                add(&records, &keys[LOG], T("10"), "key.create", made(&keys[LOG]));
                if (rows[i].created)
                        add(&records, &keys[MODEL_1], rows[i].time, "key.import",
                            both(asked(),
                                 json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "algorithm",
                                           "ecdsa-p256", "created", rows[i].created, "ended",
                                           T("03"), "publicKey", "AAAA", "purpose",
                                           key_purpose_name(keys[MODEL_1].purpose), "state",
                                           rows[i].state)));
                expect_held(ring, MODEL_2, &records, 0, rows[i].says);
                sealed_records_done(&records);
        }
        test_label = "";
}

/* A key that was made and is not there; one that is there and was not made. */
static void test_missing(void)
{
        struct sealed_records records = {}, fewer = {}, undone = {};
        struct keyring_key ring[KEYS];

        set_keys(ring);
        put_life(&records);
        expect_held(ring, KEYS - 1, &records, 0, "1 keys that were made are not in the ring");
        add(&fewer, &keys[LOG], T("10"), "key.create", made(&keys[LOG]));
        expect_held(ring, KEYS, &fewer, 0, "key model version 1: no record says that it was made");
        /* A creation that came to nothing is no key. */
        add(&undone, &keys[LOG], T("10"), "key.create", made(&keys[LOG]));
        add(&undone, &keys[MODEL_1], T("11"), "key.create", made(&keys[MODEL_1]));
        add(&undone, &keys[MODEL_1], T("12"), "key.destroy",
            json_pack("{s:s}", "reason", "its creation was interrupted"));
        expect_held(ring, 1, &undone, 0, NULL);
        sealed_records_done(&records);
        sealed_records_done(&fewer);
        sealed_records_done(&undone);
}

/* Records that the checkpoint does not cover are not what the ring is held against. */
static void test_other_journal(void)
{
        const struct sealed_ring_spec spec = {SEALED_ORIGIN, "keyring", NULL, log_pair, &keys[LOG]};
        _cleanup_(keyring_history_freep) struct keyring_history *edited = NULL, *cut = NULL;
        _cleanup_(buf_done) struct buf line = {}, text = {};
        _cleanup_(keyring_done) struct keyring signed_ring = {};
        struct problem problem = {}, missing = {};
        struct sealed_records records = {};
        struct keyring_key ring[KEYS];
        uint64_t newer;
        int r = 0;

        set_keys(ring);
        put_life(&records);
        expect_integer(keyring_put(&line, SEALED_ORIGIN, ring, KEYS), 0);
        sealed_put(&records, buf_view(&line), &spec, &text);
        expect_integer(keyring_parse(buf_view(&text), &signed_ring, NULL), 0);
        expect_integer(keyring_history_new(&signed_ring, &cut), 0);
        for (size_t i = 0; i + 1 < records.count; i++)
                expect_integer(keyring_history_take(cut, i, buf_view(&records.text[i]), NULL), 0);
        expect_integer(keyring_history_end(cut, &newer, &missing), -EKEYREJECTED);
        expect_contains(missing.text,
                        "the journal has a checkpoint of 7 records, the ring one of 8: some are "
                        "missing, or not published yet");
        records.text[0].data[2] ^= 1;
        expect_integer(keyring_history_new(&signed_ring, &edited), 0);
        for (size_t i = 1; i < records.count && r == 0; i++)
                r = keyring_history_take(edited, i - 1, buf_view(&records.text[i]), &problem);
        if (r == 0)
                r = keyring_history_take(edited, records.count - 1, view_string("more"), &problem);
        expect_integer(r, -EKEYREJECTED);
        expect_contains(problem.text, "the first 8 records are not those of the ring's checkpoint");
        sealed_records_done(&records);
}

int main(void)
{
        log_pair = key_new(algorithm_find("ecdsa-p256"));
        keys[LOG] = make_key("log", 1, KEY_LOG, log_pair);
        keys[MODEL_1] = make_key("model", 1, KEY_MODEL, NULL);
        keys[MODEL_2] = make_key("model", 2, KEY_MODEL, NULL);
        keys[MODEL_2].gate =
                (struct gate){GATE_COUNTER_FIRST, key_public(log_pair), key_public(log_pair)};
        said = json_pack("{s:s, s:{}}", "kind", "pkcs11", "selfAsserted");
        said_later =
                json_pack("{s:s, s:{s:s}}", "kind", "pkcs11", "selfAsserted", "CKA_LOCAL", "true");
        test_good();
        test_lies();
        test_overlap();
        test_imported();
        test_missing();
        test_other_journal();
        for (size_t i = 0; i < KEYS; i++)
                keyring_key_done(&keys[i]);
        json_decref(said);
        json_decref(said_later);
        EVP_PKEY_free(log_pair);
        keyring_history_free(NULL);
        return test_result();
}
