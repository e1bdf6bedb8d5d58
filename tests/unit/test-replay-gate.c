/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/gate-json.h"
#include "lib/replay-announced.h"
#include "lib/replay-rule.h"
#include "tests/test.h"
#include "tests/unit/edit.h"
#include "tests/unit/replay-rig.h"

#include <errno.h>

/*
 * Journals of one counted key, a letter for each record:
 *
 *     C  the key is made           a  an intent: asked          n  an intent: none
 *     u  an intent: unknown        s  a signature               l  a logged signature
 *     0-9  a count, attested       x  a count of 1, without attestation
 *     f  a count of 1, attested by another key     w  a count of 1, attested as 2
 *     i  a count of 1, attested of another index   o  a count of 1, attested earlier than others
 *     t  a count of 1, attested with another tree  p  a count of 1, attested with an earlier tree
 *     q  a count of 1, attested with a tree that does not come before it
 *     e  a count of 1, attested before the two newest records
 */
static const struct {
        const char *label, *records;
        uint64_t index;      /* of the one finding */
        const char *text;    /* NULL: nothing is found */
        uint64_t first, end; /* what the TPM vouches for, if anything */
} rows[] = {
        {"nothing signed", "C0", 0, NULL, 0, 1},
        {"as it should be", "C0asas2as3", 0, NULL, 0, 9},
        {"after the last count", "C0asas2as", 0, NULL, 0, 6},
        {"a crash before the use", "Caa1s", 0, NULL, 0, 3},
        {"a crash after the use", "Cas1a2as3", 0, NULL, 0, 8},
        {"unknown, and not used", "Casau1", 0, NULL, 0, 5},
        {"unknown, and used", "Casau2", 0, NULL, 0, 5},
        {"withdrawn", "Casan1", 0, NULL, 0, 5},
        {"never counted", "Casas", 0, NULL, 0, 0},
        {"one is missing", "Cas2", 3,
         "key.count: the TPM counted 2 uses, expected 1 to 1: 1 signatures are missing", 0, 0},
        {"five are missing, once", "C0as6as7", 4,
         "key.count: the TPM counted 6 uses, expected 1 to 1: 5 signatures are missing", 0, 1},
        {"withdrawn, and used", "Casan2", 5,
         "key.count: the TPM counted 2 uses, expected 1 to 1: 1 signatures are missing", 0, 0},
        {"set back", "Casas2as1", 8,
         "key.count: the TPM counted 1 uses, expected 3 to 3: the counter was set back", 0, 5},
        {"no intent", "Cs1", 1,
         "sign: the uses of the key are counted, and no intent announced this one", 0, 2},
        {"logged", "Cl0", 1,
         "sign.logged: by a key with a use counter or a witness, which this passes by", 0, 0},
        {"no attestation", "Casx", 3,
         "key.count: the TPM of the key attests counts, and there is no attestation", 0, 0},
        {"another's attestation", "Casf", 3,
         "key.count: the TPM did not attest this count of this key", 0, 0},
        {"another count attested", "Casw", 3,
         "key.count: the TPM did not attest this count of this key", 0, 0},
        {"another index attested", "Casi", 3,
         "key.count: the TPM did not attest this count of this key", 0, 0},
        {"an old attestation", "Cas11o", 5,
         "key.count: the attestation is no newer than one before it", 0, 4},
        {"an earlier tree", "Casaae", 0, NULL, 0, 3},
        {"an earlier tree, withdrawn since", "Caane", 0, NULL, 0, 2},
        {"announced, and withdrawn since", "Cane", 3,
         "key.count: the TPM counted 1 uses, expected 0 to 0: 1 signatures are missing", 0, 0},
        {"used before the journal says so", "Casp", 3,
         "key.count: the TPM counted 1 uses, and the 1 records whose tree it attested with that "
         "announce 0",
         0, 0},
        {"announced once it was attested", "C0aae", 4,
         "key.count: the TPM counted 1 uses, and the 2 records whose tree it attested with that "
         "announce 0",
         0, 1},
        {"signed once it was attested", "C0ase", 4,
         "key.count: the TPM counted 1 uses, and the 2 records whose tree it attested with that "
         "announce 0",
         0, 1},
        {"missing, and announced once more", "Cas2aa3as4", 3,
         "key.count: the TPM counted 2 uses, expected 1 to 1: 1 signatures are missing", 4, 9},
        {"a tree older than the last one", "Cas1p", 0, NULL, 0, 3},
        {"another tree", "Cast", 3, "key.count: attested with another tree than this journal had",
         0, 0},
        {"no tree of then", "Casq", 3,
         "key.count: attested with another tree than this journal had", 0, 0},
};

struct rig {
        struct replay_rig model;
        EVP_PKEY *attester;
        uint64_t clock;
};

static void rig_init(struct rig *rig)
{
        struct gate *gate = &rig->model.keys[RIG_MODEL].gate;
        _cleanup_(buf_done) struct buf spki = {};

        *rig = (struct rig){.attester = key_new(algorithm_find("ecdsa-p256"))};
        replay_rig_init(&rig->model);
        gate->counter = GATE_COUNTER_FIRST;
        key_put_spki(rig->attester, &spki);
        expect_integer(gate_set_attester(gate, buf_view(&spki)), 0);
}

static void rig_done(struct rig *rig)
{
        EVP_PKEY_free(rig->attester);
        replay_rig_done(&rig->model);
}

/* A record about the key, asked for by somebody or not. */
static json_t *begin_record(struct rig *rig, const char *type, int is_asked)
{
        json_t *record = record_begin(type);

        record_set_key(record, &rig->model.keys[RIG_MODEL]);
        if (is_asked)
                record_set_asked(record, 1000);
        return record;
}

static json_t *make_create(struct rig *rig)
{
        json_t *record = begin_record(rig, "key.create", 0);

        record_set_made(record, &rig->model.keys[RIG_MODEL]);
        record_set_text(record, "token", "tpm0");
        expect_integer(gate_to_json(&rig->model.keys[RIG_MODEL].gate, record), 0);
        return record;
}

static json_t *make_intent(struct rig *rig, const char *outcome)
{
        json_t *record = begin_record(rig, "intent", 1);

        record_set_text(record, "algorithm", "ecdsa-p256");
        record_set_text(record, "digest", MADE_DIGEST);
        record_set_text(record, "outcome", outcome);
        record_set_text(record, "reason", "");
        return record;
}

static json_t *make_sign(struct rig *rig)
{
        json_t *record = begin_record(rig, "sign", 1);

        record_set_signed(record, &rig->model.keys[RIG_MODEL], rig->model.pair);
        return record;
}

static json_t *make_logged(struct rig *rig)
{
        json_t *record = begin_record(rig, "sign.logged", 1);

        record_set(record, "digests", json_pack("[s]", MADE_DIGEST));
        return record;
}

/* TPMS_ATTEST of TPM2_NV_Certify() over a whole counter. */
static void put_attestation(struct buf *ret, uint32_t counter, uint64_t clock, uint32_t uses,
                            const struct sha256 *root)
{
        struct tpm_name name;

        expect_integer(gate_counter_name(counter, &name), 0);
        buf_put_u32(ret, 0xff544347);
        buf_put_u16(ret, 0x8014);
        buf_put_u16(ret, 2);
        buf_put_string(ret, "AK");
        buf_put_u16(ret, SHA256_SIZE);
        buf_put_view(ret, sha256_view(root));
        buf_put_u64(ret, clock);
        buf_put_u64(ret, 0);
        buf_put_u8(ret, 1);
        buf_put_u64(ret, 7);
        buf_put_u16(ret, TPM_NAME_SIZE);
        buf_put_view(ret, tpm_name_view(&name));
        buf_put_u16(ret, 0);
        buf_put_u16(ret, 8);
        buf_put_u32(ret, uses);
        buf_put_u32(ret, GATE_PIN_LIMIT);
}

static json_t *make_count(struct rig *rig, char kind)
{
        uint32_t count = kind >= '0' && kind <= '9' ? (uint32_t)(kind - '0') : 1;
        _cleanup_(buf_done) struct buf attestation = {}, signature = {};
        json_t *record = begin_record(rig, "key.count", 0);
        size_t size = kind == 'p' ? 1 : rig->model.made.count - (kind == 'e' ? 2 : 0);
        const struct merkle_tree tree = made_tree(&rig->model.made, 0, size);
        struct sha256 hash, root = merkle_root(&tree);

        rig->clock += 10;
        root.bytes[0] ^= kind == 't';
        put_attestation(&attestation, GATE_COUNTER_FIRST + (kind == 'i'),
                        kind == 'o' ? 1 : rig->clock, kind == 'w' ? 2 : count, &root);
        hash = sha256_of(buf_view(&attestation));
        key_sign(kind == 'f' ? rig->model.pair : rig->attester, algorithm_find("ecdsa-p256"),
                 sha256_view(&hash), &signature);
        record_set_number(record, "count", count);
        if (kind == 'x')
                return record;
        record_set_bytes(record, "attestation", buf_view(&attestation));
        record_set_bytes(record, "signature", buf_view(&signature));
        record_set_number(record, "size", kind == 'q' ? size + 1 : size);
        return record;
}

static json_t *make(struct rig *rig, char kind)
{
        switch (kind) {
        case 'C':
                return make_create(rig);
        case 'a':
                return make_intent(rig, "asked");
        case 'n':
                return make_intent(rig, "none");
        case 'u':
                return make_intent(rig, "unknown");
        case 's':
                return make_sign(rig);
        case 'l':
                return make_logged(rig);
        default:
                return make_count(rig, kind);
        }
}

static const struct replay_range *find_range(const struct replay_result *result,
                                             enum replay_level level)
{
        for (size_t i = 0; i < result->range_count; i++)
                if (result->ranges[i].level == level)
                        return &result->ranges[i];
        return NULL;
}

static void test_counts(void)
{
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                const struct replay_range *range;
                struct replay_result result;
                struct found found;
                struct rig rig;

                test_label = rows[i].label;
                rig_init(&rig);
                for (const char *kind = rows[i].records; *kind; kind++)
                        made_add_record(&rig.model.made, make(&rig, *kind));
                found_replay(&rig.model.made, &replay_rule_gate, &found, &result);
                found_expect(&found, rows[i].index, rows[i].text);
                range = find_range(&result, REPLAY_L2B);
                expect_integer(range != NULL, rows[i].end > 0);
                if (range) {
                        expect_text(view_string(range->of), "model");
                        expect_integer(range->first, rows[i].first);
                        expect_integer(range->end, rows[i].end);
                }
                rig_done(&rig);
        }
        test_label = "";
}

/* The ring says how the key was made; a record that says something else is one of another key. */
static void test_create(void)
{
        static const struct {
                const char *name, *value, *text;
        } changes[] = {
                {"useCounter", "0x01d10301",
                 "key.create: useCounter: the ring has \"0x01d10300\", found \"0x01d10301\""},
                {"useCounter", NULL,
                 "key.create: useCounter: the ring has \"0x01d10300\", found \"\""},
                {"witness", "MAA=", "key.create: witness: the ring has \"\", found \"MAA=\""},
                {"attestationKey", NULL, "key.create: attestationKey: the ring has \"MFkw"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
                struct replay_result result;
                struct found found;
                struct rig rig;
                json_t *record;

                test_label = changes[i].text;
                rig_init(&rig);
                record = make_create(&rig);
                if (changes[i].value)
                        record_set_text(record, changes[i].name, changes[i].value);
                else
                        (void)json_object_del(record, changes[i].name);
                made_add_record(&rig.model.made, record);
                found_replay(&rig.model.made, &replay_rule_gate, &found, &result);
                expect_integer(found.count, 1);
                expect_contains(found.text, changes[i].text);
                rig_done(&rig);
        }
        test_label = "";
}

/* What the witness signed, or what @signer signed in its place; NULL: nobody. */
static json_t *make_authorized(struct rig *rig, EVP_PKEY *signer)
{
        const struct keyring_key *key = &rig->model.keys[RIG_MODEL];
        static const uint8_t digest[SHA256_SIZE];
        _cleanup_(buf_done) struct buf signature = {};
        uint8_t request[GATE_REQUEST_SIZE];
        json_t *record = make_sign(rig);
        struct sha256 hash;

        if (!signer)
                return record;
        expect_integer(gate_request(&key->gate, key->pubkey, key->algorithm,
                                    view_of(digest, sizeof(digest)), request),
                       0);
        hash = sha256_of(view_of(request, sizeof(request)));
        key_sign(signer, key->algorithm, sha256_view(&hash), &signature);
        record_set_bytes(record, "authorization", buf_view(&signature));
        return record;
}

/* Each signature by a key with a witness has the witness's word, or there is no level. */
static void test_witness(void)
{
        enum { WITNESS, NOBODY, STRANGER };
        static const struct {
                const char *label, *text;
                int by;
        } signers[] = {
                {"the witness", NULL, WITNESS},
                {"nobody", "sign: the key has a witness, and there is no authorization", NOBODY},
                {"another", "sign: the authorization is not the witness's for this digest",
                 STRANGER},
        };

        for (size_t i = 0; i < ARRAY_SIZE(signers); i++) {
                _cleanup_(key_freep) EVP_PKEY *witness = key_new(algorithm_find("ecdsa-p256"));
                EVP_PKEY *by[] = {witness, NULL, NULL};
                _cleanup_(buf_done) struct buf spki = {};
                struct replay_result result;
                struct found found;
                struct rig rig;

                test_label = signers[i].label;
                rig_init(&rig);
                by[STRANGER] = rig.model.pair;
                gate_done(&rig.model.keys[RIG_MODEL].gate);
                rig.model.keys[RIG_MODEL].gate = (struct gate){};
                key_put_spki(witness, &spki);
                expect_integer(gate_set_witness(&rig.model.keys[RIG_MODEL].gate, buf_view(&spki)),
                               0);
                made_add_record(&rig.model.made, make_create(&rig));
                made_add_record(&rig.model.made, make_authorized(&rig, by[signers[i].by]));
                found_replay(&rig.model.made, &replay_rule_gate, &found, &result);
                found_expect(&found, 1, signers[i].text);
                expect_integer(find_range(&result, REPLAY_L3) != NULL, signers[i].text == NULL);
                rig_done(&rig);
        }
        test_label = "";
}

#define COUNTER 1u
#define WITNESS 2u

/* Two versions of the key, the second one with a pair and a gate of its own. */
struct versions {
        struct rig rig;
        struct keyring_key keys[RIG_KEYS + 1];
        EVP_PKEY *second;
};

static void set_gate(struct gate *gate, unsigned bits, uint32_t counter, struct view witness)
{
        gate_done(gate);
        if (bits & COUNTER)
                gate->counter = counter;
        if (bits & WITNESS)
                expect_integer(gate_set_witness(gate, witness), 0);
}

static void versions_init(struct versions *versions, const unsigned gates[2])
{
        const struct algorithm *algorithm = algorithm_find("ecdsa-p256");
        _cleanup_(key_freep) EVP_PKEY *witness = key_new(algorithm);
        struct keyring_key *keys = versions->keys;
        _cleanup_(buf_done) struct buf spki = {};

        *versions = (struct versions){.second = key_new(algorithm)};
        rig_init(&versions->rig);
        key_put_spki(witness, &spki);
        set_gate(&versions->rig.model.keys[RIG_MODEL].gate, gates[0], GATE_COUNTER_FIRST,
                 buf_view(&spki));
        keys[RIG_LOG] = versions->rig.model.keys[RIG_LOG];
        keys[RIG_MODEL] = versions->rig.model.keys[RIG_MODEL];
        keys[RIG_KEYS] = keys[RIG_MODEL];
        keys[RIG_KEYS].version = 2;
        keys[RIG_KEYS].pubkey = key_public(versions->second);
        keys[RIG_KEYS].gate = (struct gate){};
        set_gate(&keys[RIG_KEYS].gate, gates[1], GATE_COUNTER_FIRST + 1, buf_view(&spki));
        versions->rig.model.made.ring.keys = keys;
        versions->rig.model.made.ring.count = RIG_KEYS + 1;
}

static void versions_done(struct versions *versions)
{
        pubkey_free(versions->keys[RIG_KEYS].pubkey);
        gate_done(&versions->keys[RIG_KEYS].gate);
        EVP_PKEY_free(versions->second);
        rig_done(&versions->rig);
}

/* 1 and 2: that version is made; s: the first one signs; a: it is about to. */
static json_t *make_of_version(struct versions *versions, char kind)
{
        const struct keyring_key *key = &versions->keys[RIG_KEYS];
        json_t *record;

        if (kind != '2')
                return make(&versions->rig, kind == '1' ? 'C' : kind);
        record = record_begin("key.create");
        record_set_key(record, key);
        record_set_made(record, key);
        record_set_text(record, "token", "tpm0");
        expect_integer(gate_to_json(&key->gate, record), 0);
        return record;
}

/* A key does not get out of its gate by a new version, and what a version without one signs is no
 * part of a level. */
static const struct {
        const char *label, *records;
        unsigned gates[2];
        const char *text; /* at the second record */
        uint64_t first, end;
} succession[] = {
        {"neither", "12", {0, 0}, NULL, 0, 0},
        {"both count", "12", {COUNTER, COUNTER}, NULL, 0, 0},
        {"the first one counts",
         "12",
         {COUNTER, 0},
         "key.create: version 1 of the key has a use counter, and version 2 has none",
         0,
         0},
        {"the first one has a witness",
         "12",
         {WITNESS, 0},
         "key.create: version 1 of the key has a witness, and version 2 has none",
         0,
         2},
        {"the first one has all",
         "12",
         {COUNTER | WITNESS, 0},
         "key.create: version 1 of the key has a use counter and a witness, and version 2 "
         "has none",
         0,
         2},
        {"the second one counts only",
         "12",
         {COUNTER | WITNESS, COUNTER},
         "key.create: version 1 of the key has a witness, and version 2 has none",
         0,
         2},
        {"the second one has a witness", "12a", {0, WITNESS}, NULL, 1, 3},
        {"the second one has it, and the first one signs on", "12sasa", {0, WITNESS}, NULL, 5, 6},
        {"the first one signs last", "12s", {0, WITNESS}, NULL, 0, 0},
};

static void test_versions(void)
{
        for (size_t i = 0; i < ARRAY_SIZE(succession); i++) {
                const struct replay_range *range;
                struct replay_result result;
                struct versions versions;
                struct found found;

                test_label = succession[i].label;
                versions_init(&versions, succession[i].gates);
                for (const char *kind = succession[i].records; *kind; kind++)
                        made_add_record(&versions.rig.model.made,
                                        make_of_version(&versions, *kind));
                found_replay(&versions.rig.model.made, &replay_rule_gate, &found, &result);
                found_expect(&found, 1, succession[i].text);
                range = find_range(&result, REPLAY_L3);
                expect_integer(range != NULL, succession[i].end > 0);
                if (range) {
                        expect_integer(range->first, succession[i].first);
                        expect_integer(range->end, succession[i].end);
                }
                versions_done(&versions);
        }
        test_label = "";
}

/* Of a long past, the newest half at least is known. */
static void test_announced(void)
{
        struct announced announced = {};
        int64_t found = 0;

        for (int64_t i = 0; i <= REPLAY_ANNOUNCED_MAX; i++)
                expect_integer(announced_add(&announced, (uint64_t)(2 * i), i), 0);
        expect_integer(announced.count, REPLAY_ANNOUNCED_MAX / 2 + 1);
        expect_integer(announced_at(&announced, REPLAY_ANNOUNCED_MAX - 2, 0, &found), -ENODATA);
        expect_integer(announced_at(&announced, REPLAY_ANNOUNCED_MAX - 1, 0, &found), 0);
        expect_integer(found, REPLAY_ANNOUNCED_MAX / 2);
        expect_integer(announced_at(&announced, REPLAY_ANNOUNCED_MAX + 2, 0, &found), 0);
        expect_integer(found, REPLAY_ANNOUNCED_MAX / 2 + 1);
        expect_integer(announced_at(&announced, 2 * REPLAY_ANNOUNCED_MAX + 1,
                                    REPLAY_ANNOUNCED_MAX + 1, &found),
                       0);
        expect_integer(found, REPLAY_ANNOUNCED_MAX + 1);
        announced_forget(&announced, 2 * REPLAY_ANNOUNCED_MAX - 1);
        expect_integer(announced.count, 1);
        expect_integer(announced_at(&announced, 2 * REPLAY_ANNOUNCED_MAX - 2, 0, &found), -ENODATA);
        expect_integer(announced_at(&announced, 2 * REPLAY_ANNOUNCED_MAX - 1, 0, &found), 0);
        expect_integer(found, REPLAY_ANNOUNCED_MAX);
        announced_forget(&announced, 0); /* is forgotten already */
        expect_integer(announced.count, 1);
        announced_done(&announced);
}

/* What was never saved is not taken. */
static void test_restored(void)
{
        static const struct {
                const char *text, *problem;
        } saved[] = {
                {"{\"announced\":{\"changes\":[{\"before\":0,\"index\":\"7\"},{\"before\":1,"
                 "\"index\":\"8\"}],\"known\":\"7\"}}",
                 ""},
                {"{\"announced\":{\"changes\":[{\"before\":0,\"index\":\"7\"}],\"known\":\"8\"}}",
                 "announced in no record that it can be"},
                {"{\"announced\":{\"changes\":[{\"before\":0,\"index\":\"9\"}],\"known\":\"0\"}}",
                 "announced in no record that it can be"},
                {"{\"announced\":{\"changes\":[{\"before\":0,\"index\":\"7\"},{\"before\":1,"
                 "\"index\":\"7\"}],\"known\":\"0\"}}",
                 "announced in no record that it can be"},
                {"{\"announced\":{\"changes\":[],\"known\":\"10\"}}",
                 "expected the uses that were announced"},
                {"{\"announced\":{\"changes\":{},\"known\":\"0\"}}",
                 "expected the uses that were announced"},
                {"{\"announced\":{\"changes\":[{\"before\":0}],\"known\":\"0\"}}",
                 "expected an object of 2 members"},
                {"{\"announced\":{}}", "expected an object of 2 members"},
                {"{}", "expected an object of 2 members"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(saved); i++) {
                _cleanup_(json_decrefp) json_t *object = NULL;
                struct announced announced = {};
                struct problem problem = {};
                int good = saved[i].problem[0] == '\0';

                test_label = saved[i].text;
                expect_integer(json_parse_object(view_string(saved[i].text), &object, NULL), 0);
                expect_integer(announced_restore(&announced, 9, object, &problem),
                               good ? 0 : -EBADMSG);
                expect_text(view_string(problem.text), saved[i].problem);
                announced_done(&announced);
        }
        test_label = "";
}

int main(void)
{
        test_announced();
        test_restored();
        test_witness();
        test_versions();
        test_counts();
        test_create();
        return test_result();
}
