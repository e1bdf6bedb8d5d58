/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/test.h"
#include "lib/base64.h"
#include "lib/replay-rule.h"
#include "tests/unit/forged-tpm.h"
#include "tests/unit/made-journal.h"
#include "tests/unit/steps.h"

#include <errno.h>

/*
 * Journals of one key in a TPM, a letter for each record:
 *
 *     C  the key is made           a  attested; the TPM's clock has gone on
 *     r  attested after a reset    R  the same after a restart
 *     s  the last attestation again                    o  one that is older
 *     q  one that is older by a reset                  k  one of another key
 *     n  one that answers to another nonce             e  without nonce, for an empty one
 *     d  one of a key without noDA                     x  one with a signature that is not good
 *     t  one that is cut short
 */
static const struct {
        const char *label, *records;
        uint64_t index;   /* of the one finding */
        const char *text; /* NULL: nothing is found */
} rows[] = {
        {"never", "C", 0, NULL},
        {"once", "Ca", 0, NULL},
        {"several times", "Caaraara", 0, NULL},
        {"after a restart", "CaaRRra", 0, NULL},
        {"replayed", "Caas", 4, "key.attest: the attestation of record 3 again"},
        {"an older one", "Caao", 4, "key.attest: the attestation is older than that of record 3"},
        {"from before a reset",
         "Cara"
         "q",
         5, "key.attest: the attestation is older than that of record 4"},
        {"of another key", "Ck", 2,
         "key.attest: the evidence is about another key than model version 1"},
        {"another nonce", "Cn", 2, "key.attest: nonce: the attestation answers to another one"},
        {"no nonce", "Ce", 2, "key.attest: nonce: expected 8 to 32 bytes in hexadecimal"},
        {"no noDA", "Cd", 2, "key.attest: key: expected the attribute noDA set, found it clear"},
        {"not signed", "Cx", 2, "key.attest: the attestation is not signed by the attestation key"},
        {"cut short", "Ct", 2, "key.attest: attestation: malformed"},
        {"good after a bad one", "Cna", 2,
         "key.attest: nonce: the attestation answers to another one"},
};

struct rig {
        struct made_journal made;
        struct keyring_key keys[2];
        struct forged_tpm tpm;
        json_t *last; /* evidence */
        uint64_t clock;
        uint32_t reset, restart;
};

static void rig_init(struct rig *rig)
{
        *rig = (struct rig){.clock = 5000, .reset = 3, .restart = 1};
        made_init(&rig->made);
        forged_start(&rig->tpm);
        rig->keys[0] = rig->made.log_key;
        rig->keys[1] = rig->tpm.key;
        rig->keys[1].purpose = KEY_MODEL;
        rig->made.ring.keys = rig->keys;
        rig->made.ring.count = ARRAY_SIZE(rig->keys);
}

static void rig_done(struct rig *rig)
{
        json_decref(rig->last);
        forged_done(&rig->tpm);
        made_done(&rig->made);
}

static void set(json_t *record, const char *name, json_t *value)
{
        int r = json_object_set_new(record, name, value);

        assert(r == 0);
}

static json_t *begin_record(struct rig *rig, const char *type)
{
        char fingerprint[HEX_SIZE(SHA256_SIZE)];
        json_t *record = json_pack(
                "{s:s, s:s, s:s, s:i, s:s, s:s, s:i}", "boot", "0123456789abcdef0123456789abcdef",
                "time", "2026-11-25T10:00:01.000000Z", "type", type, "v", 1, "key", "model",
                "fingerprint",
                hex_encode(sha256_view(pubkey_fingerprint(rig->keys[1].pubkey)), fingerprint),
                "version", 1);

        assert(record);
        return record;
}

static json_t *make_create(struct rig *rig)
{
        json_t *record = begin_record(rig, "key.create");
        _cleanup_(buf_done) struct buf spki = {};

        base64_encode(&spki, pubkey_spki(rig->keys[1].pubkey));
        set(record, "algorithm", json_string("ecdsa-p256"));
        set(record, "publicKey", json_stringn((const char *)spki.data, spki.size));
        set(record, "purpose", json_string("model"));
        set(record, "token", json_string("tpm"));
        return record;
}

static void other_subject(struct forged_tpm *tpm)
{
        EVP_PKEY *key = key_new(algorithm_find("ecdsa-p256"));

        forged_point(key, tpm->points[1]); /* what the area borrows */
        EVP_PKEY_free(key);
}

/* Changes a copy: the next attestation is good again. */
static void change(char letter, struct rig *rig, struct forged_tpm *tpm)
{
        switch (letter) {
        case 'r':
                rig->reset++;
                rig->restart = 0;
                rig->clock += 10;
                break;
        case 'R':
                rig->restart++;
                break;
        case 'k':
                other_subject(tpm);
                break;
        case 'd':
                tpm->subject_area.attributes &= ~TPM_OBJECT_NO_DA;
                break;
        case 'n':
                tpm->nonce = view_string("another nonce");
                break;
        case 'e':
                tpm->nonce = view_of(NULL, 0);
                break;
        default:
                rig->clock += 10;
        }
        tpm->clock = letter == 'o' ? rig->clock - 20 : rig->clock;
        tpm->reset = letter == 'q' ? rig->reset - 1 : rig->reset;
        tpm->restart = rig->restart;
}

static json_t *make_evidence(struct rig *rig, char letter)
{
        _cleanup_(evidence_done) struct evidence evidence;
        struct forged_tpm tpm = rig->tpm;

        if (letter == 's')
                return json_incref(rig->last);
        evidence_init(&evidence);
        change(letter, rig, &tpm);
        tpm.subject_area.x = view_of(tpm.points[1], 32);
        tpm.subject_area.y = view_of(tpm.points[1] + 32, 32);
        forged_make(&tpm, &evidence);
        if (letter == 'x')
                evidence.parts[EVIDENCE_SIGNATURE].data[40] ^= 1;
        if (letter == 't')
                evidence.parts[EVIDENCE_ATTESTATION].size -= 4;
        json_decref(rig->last);
        rig->last = evidence_to_json(&evidence);
        assert(rig->last);
        return json_incref(rig->last);
}

static json_t *make_attest(struct rig *rig, char letter)
{
        json_t *record = begin_record(rig, "key.attest");
        char nonce[64];

        set(record, "caller",
            json_pack("{s:i, s:s, s:i, s:i}", "gid", 7, "identity", "pidfd", "pid", 42, "uid",
                      1000));
        set(record, "grant", json_string("operators"));
        set(record, "request", json_string("7.2"));
        set(record, "evidence", make_evidence(rig, letter));
        if (letter != 'e')
                set(record, "nonce", json_string(hex_encode(rig->tpm.nonce, nonce)));
        return record;
}

static void add(struct rig *rig, char letter)
{
        json_t *record = letter == 'C' ? make_create(rig) : make_attest(rig, letter);

        json_put(&rig->made.entries[rig->made.count++], record);
        json_decref(record);
}

static void expect_row(size_t row)
{
        struct steps_found found;
        struct buf state = {};
        struct rig rig;

        test_label = rows[row].label;
        rig_init(&rig);
        made_add_records(&rig.made, 1);
        for (const char *letter = rows[row].records; *letter; letter++)
                add(&rig, *letter);
        made_publish(&rig.made, rig.made.count);
        expect_integer(steps_visit(&rig.made, &state, &found, NULL), 0);
        expect_integer(found.count, rows[row].text != NULL);
        if (found.count > 0) {
                expect_integer(found.findings[0].index, rows[row].index);
                expect_text(view_string(found.findings[0].text),
                            rows[row].text ? rows[row].text : "");
        }
        steps_expect_same_anywhere(&rig.made);
        buf_done(&state);
        rig_done(&rig);
        test_label = "";
}

int main(void)
{
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                expect_row(i);
        return test_result();
}
