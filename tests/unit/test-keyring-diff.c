/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/keyring-diff.h"
#include "tests/unit/sealed-ring.h"

#include <errno.h>
#include <stdio.h>

#define T(day) "2026-11-" day "T10:00:00.000000Z"

static struct keyring_key log_key, model[2], other;
static EVP_PKEY *log_pair;
static char origin[] = SEALED_ORIGIN, another_origin[] = "example.org/other";

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
        (void)snprintf(key.created, sizeof(key.created), T("10"));
        return key;
}

static struct keyring_key with(struct keyring_key key, enum key_state state, const char *ended,
                               const char *revoked, const char *destroyed)
{
        key.state = state;
        (void)snprintf(key.ended, sizeof(key.ended), "%s", ended);
        (void)snprintf(key.revoked, sizeof(key.revoked), "%s", revoked);
        (void)snprintf(key.destroyed, sizeof(key.destroyed), "%s", destroyed);
        return key;
}

/* The ring of these keys: they stay the caller's. */
static struct keyring ring_of(struct keyring_key *keys, size_t count)
{
        return (struct keyring){origin, keys, count, NULL};
}

struct succession {
        const char *label;
        struct keyring_key old, new;
        const char *says; /* NULL: it may be */
};

static void expect_successor(const struct succession *row)
{
        struct keyring_key before = row->old, after = row->new;
        const struct keyring old = ring_of(&before, 1), new = ring_of(&after, 1);
        struct problem problem = {};

        test_label = row->label;
        expect_integer(keyring_check_successor(&old, &new, &problem),
                       row->says ? -EKEYREJECTED : 0);
        expect_text(view_string(problem.text), row->says ? row->says : "");
}

/* The same, in no token. */
static struct keyring_key imported_like(struct keyring_key key)
{
        key.token[0] = '\0';
        (void)snprintf(key.imported, sizeof(key.imported), T("11"));
        return key;
}

/* The version before goes on: not longer than was said. */
static void test_overlaps(void)
{
        static const struct {
                const char *was, *is, *says;
        } rows[] = {
                {"", T("14"), NULL},
                {T("14"), T("14"), NULL},
                {T("14"), T("15"),
                 "key model version 1: overlap was \"" T("14") "\", and is \"" T("15") "\""},
                {T("14"), "", "key model version 1: overlap was \"" T("14") "\", and is \"\""},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                struct keyring_key before = model[0], after = model[0];
                const struct keyring old = ring_of(&before, 1), new = ring_of(&after, 1);
                struct problem problem = {};

                (void)snprintf(before.overlap, sizeof(before.overlap), "%s", rows[i].was);
                (void)snprintf(after.overlap, sizeof(after.overlap), "%s", rows[i].is);
                expect_integer(keyring_check_successor(&old, &new, &problem),
                               rows[i].says ? -EKEYREJECTED : 0);
                expect_text(view_string(problem.text), rows[i].says ? rows[i].says : "");
        }
}

static void test_states(void)
{
        const struct keyring_key active = model[0];
        const struct keyring_key retired = with(active, KEY_RETIRED, T("12"), "", "");
        const struct keyring_key revoked = with(active, KEY_REVOKED, T("12"), T("11"), "");
        const struct keyring_key destroyed = with(active, KEY_DESTROYED, T("12"), "", T("13"));
        const struct keyring_key imported = imported_like(active);
        const struct succession rows[] = {
                {"the same", active, active, NULL},
                {"retired", active, retired, NULL},
                {"revoked", active, revoked, NULL},
                {"destroyed", retired, destroyed, NULL},
                {"revoked after its end", retired, with(active, KEY_REVOKED, T("12"), T("11"), ""),
                 NULL},
                {"revoked when it was destroyed", destroyed,
                 with(active, KEY_REVOKED, T("12"), T("11"), T("13")), NULL},
                {"destroyed when it was revoked", revoked,
                 with(active, KEY_REVOKED, T("12"), T("11"), T("14")), NULL},
                {"revoked, active again", revoked, active,
                 "key model version 1: was revoked, and is active again"},
                {"revoked, retired again", revoked, retired,
                 "key model version 1: was revoked, and is retired again"},
                {"retired, active again", retired, active,
                 "key model version 1: was retired, and is active again"},
                {"destroyed, retired again", destroyed, retired,
                 "key model version 1: was destroyed, and is retired again"},
                {"revoked later than before", revoked,
                 with(active, KEY_REVOKED, T("12"), T("12"), ""),
                 "key model version 1: revoked was \"" T("11") "\", and is \"" T("12") "\""},
                {"ended later than before", retired, with(active, KEY_RETIRED, T("14"), "", ""),
                 "key model version 1: ended was \"" T("12") "\", and is \"" T("14") "\""},
                {"ended nobody knows when", retired, with(active, KEY_RETIRED, "", "", ""),
                 "key model version 1: ended was \"" T("12") "\", and is \"\""},
                {"imported, says the new one", active, imported,
                 "key model version 1: token was \"hsm\", and is \"\""},
                {"in a token, says the new one", imported, active,
                 "key model version 1: token was \"\", and is \"hsm\""},
                {"another key", active, with(other, KEY_ACTIVE, "", "", ""),
                 "key model version 1: is another public key"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                expect_successor(&rows[i]);
        test_label = "";
}

/* What has ended may count for less, and never for more. */
static void test_windows(void)
{
        const struct keyring_key active = model[0];
        const struct keyring_key retired = with(active, KEY_RETIRED, T("12"), "", "");
        const struct keyring_key revoked = with(active, KEY_REVOKED, T("12"), T("11"), "");
        const struct keyring_key destroyed = with(active, KEY_DESTROYED, T("12"), "", T("13"));
        const struct succession rows[] = {
                {"retired nobody knew when", with(active, KEY_RETIRED, "", "", ""), retired,
                 "key model version 1: counted up to \"\", and does up to \"" T("12") "\""},
                {"revoked nobody knew when", with(active, KEY_REVOKED, "", "", ""), revoked,
                 "key model version 1: counted up to \"\", and does up to \"" T("11") "\""},
                {"destroyed, ended later", with(active, KEY_DESTROYED, "", "", T("13")),
                 with(active, KEY_DESTROYED, T("14"), "", T("13")),
                 "key model version 1: counted up to \"" T("13") "\", and does up to \"" T(
                         "14") "\""},
                {"destroyed, ended before", with(active, KEY_DESTROYED, "", "", T("13")), destroyed,
                 NULL},
                {"revoked later than it ended", retired,
                 with(active, KEY_REVOKED, T("12"), T("14"), ""), NULL},
                {"destroyed, revoked later", with(active, KEY_DESTROYED, "", "", T("13")),
                 with(active, KEY_REVOKED, "", T("14"), T("13")), NULL},
                {"destroyed, revoked later, ended between",
                 with(active, KEY_DESTROYED, "", "", T("13")),
                 with(active, KEY_REVOKED, T("14"), T("15"), T("13")),
                 "key model version 1: counted up to \"" T("13") "\", and does up to \"" T(
                         "14") "\""},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                expect_successor(&rows[i]);
        test_label = "";
}

static void test_keys(void)
{
        struct keyring_key one[] = {model[0]}, two[] = {model[0], model[1]}, renamed[] = {model[0]};
        struct keyring first = ring_of(one, 1), second = ring_of(two, 2), third;
        struct problem problem = {}, missing = {}, elsewhere = {};

        expect_integer(keyring_check_successor(&first, &second, &problem), 0);
        expect_integer(keyring_check_successor(&second, &first, &missing), -EKEYREJECTED);
        expect_text(view_string(missing.text), "key model version 2: is missing");
        third = first;
        third.origin = another_origin;
        expect_integer(keyring_check_successor(&first, &third, &elsewhere), -EKEYREJECTED);
        expect_text(view_string(elsewhere.text),
                    "it is of origin example.org/other, not " SEALED_ORIGIN);
        for (size_t i = 0; i < 3; i++) {
                static const char *const says[] = {"purpose was \"model\", and is \"general\"",
                                                   "token was \"hsm\", and is \"tpm\"",
                                                   "created was \"" T("10") "\", and is"};
                struct problem changed = {};

                renamed[0] = model[0];
                if (i == 0)
                        renamed[0].purpose = KEY_GENERAL;
                else if (i == 1)
                        (void)snprintf(renamed[0].token, sizeof(renamed[0].token), "tpm");
                else
                        (void)snprintf(renamed[0].created, sizeof(renamed[0].created), T("09"));
                third = ring_of(renamed, 1);
                expect_integer(keyring_check_successor(&first, &third, &changed), -EKEYREJECTED);
                expect_contains(changed.text, says[i]);
        }
}

/* What a TPM demands of a key stays what it was: neither less nor more, nor of somebody else. */
static void test_gates(void)
{
        struct pubkey *one = other.pubkey, *two = model[1].pubkey;
        const struct gate whole = {GATE_COUNTER_FIRST, one, two};
        const struct {
                const char *label;
                struct gate old, new;
                const char *says; /* NULL: it may be */
        } rows[] = {
                {"the same", whole, whole, NULL},
                {"no gate",
                 whole,
                 {},
                 "key model version 1: useCounter was \"0x01d10300\", and is"},
                {"no counter",
                 {GATE_COUNTER_FIRST, one, NULL},
                 {0, one, NULL},
                 "key model version 1: useCounter was \"0x01d10300\", and is \"\""},
                {"another counter",
                 whole,
                 {GATE_COUNTER_LAST, one, two},
                 "useCounter was \"0x01d10300\", and is \"0x01d103ff\""},
                {"no witness",
                 whole,
                 {GATE_COUNTER_FIRST, NULL, two},
                 "key model version 1: witness was \"MF"},
                {"another witness",
                 whole,
                 {GATE_COUNTER_FIRST, two, two},
                 "key model version 1: witness was \"MF"},
                {"a witness", {}, {0, one, NULL}, "key model version 1: witness was \"\", and is"},
                {"no attester",
                 whole,
                 {GATE_COUNTER_FIRST, one, NULL},
                 "key model version 1: attestationKey was \"MF"},
                {"another attester",
                 whole,
                 {GATE_COUNTER_FIRST, one, one},
                 "key model version 1: attestationKey was \"MF"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                struct keyring_key before = model[0], after = model[0];
                const struct keyring old = ring_of(&before, 1), new = ring_of(&after, 1);
                struct problem problem = {};

                test_label = rows[i].label;
                before.gate = rows[i].old;
                after.gate = rows[i].new;
                expect_integer(keyring_check_successor(&old, &new, &problem),
                               rows[i].says ? -EKEYREJECTED : 0);
                expect_contains(problem.text, rows[i].says ? rows[i].says : "");
        }
        test_label = "";
}

struct seen {
        char text[1024];
        size_t count, stop_at;
};

static int note(const struct keyring_change *change, void *context)
{
        struct seen *seen = context;
        size_t size = strlen(seen->text);

        (void)snprintf(seen->text + size, sizeof(seen->text) - size, "%s %u %s;", change->new->name,
                       change->new->version, change->old ? change->member : "new");
        return ++seen->count == seen->stop_at ? -ECANCELED : 0;
}

static void test_changes(void)
{
        struct keyring_key before[] = {log_key, model[0]};
        struct keyring_key after[] = {log_key, with(model[0], KEY_REVOKED, T("12"), T("11"), ""),
                                      model[1]};
        const struct keyring old = ring_of(before, 2), new = ring_of(after, 3);
        struct seen seen = {}, none = {}, stopped = {.stop_at = 2};

        expect_integer(keyring_diff(&old, &new, note, &seen), 0);
        expect_text(view_string(seen.text),
                    "model 1 state;model 1 ended;model 1 revoked;model 2 new;");
        expect_integer(keyring_diff(&old, &old, note, &none), 0);
        expect_integer(none.count, 0);
        expect_integer(keyring_diff(&old, &new, note, &stopped), -ECANCELED);
}

static int note_texts(const struct keyring_change *change, void *context)
{
        struct seen *seen = context;
        size_t size = strlen(seen->text);

        (void)snprintf(seen->text + size, sizeof(seen->text) - size, "%s %.12s>%.12s;",
                       change->member, change->was, change->is);
        return 0;
}

/* The gate and the evidence of a key are among what has changed; evidence may. */
static void test_details(void)
{
        _cleanup_(json_decrefp) json_t *said = json_pack("{s:s}", "kind", "pkcs11");
        _cleanup_(json_decrefp) json_t *later = json_pack("{s:s}", "kind", "tpm2");
        struct keyring_key before = model[0], after = model[0];
        const struct keyring old = ring_of(&before, 1), new = ring_of(&after, 1);
        struct seen changed = {}, removed = {}, same = {};

        before.gate = (struct gate){GATE_COUNTER_FIRST, other.pubkey, other.pubkey};
        before.evidence = said;
        expect_integer(keyring_diff(&old, &new, note_texts, &removed), 0);
        expect_text(view_string(removed.text),
                    "useCounter 0x01d10300>;attestationKey MFkwEwYHKoZI>;"
                    "witness MFkwEwYHKoZI>;evidence sha256:c2059>;");
        after.gate = before.gate;
        after.evidence = later;
        expect_integer(keyring_diff(&old, &new, note_texts, &changed), 0);
        expect_text(view_string(changed.text), "evidence sha256:c2059>sha256:05dbe;");
        expect_integer(keyring_check_successor(&old, &new, NULL), 0);
        after.evidence = said;
        expect_integer(keyring_diff(&old, &new, note_texts, &same), 0);
        expect_text(view_string(same.text), "");
}

/* A ring that is signed after so many records, of which the last but @apart are the same. */
static void seal(size_t records, const char *kind, struct keyring_key *keys, size_t count,
                 struct keyring *ret)
{
        const struct sealed_ring_spec spec = {SEALED_ORIGIN, "keyring", NULL, log_pair, &keys[0]};
        _cleanup_(buf_done) struct buf line = {}, text = {};
        struct sealed_records before = {};

        for (size_t i = 0; i < records; i++)
                sealed_add(&before, kind);
        expect_integer(keyring_put(&line, SEALED_ORIGIN, keys, count), 0);
        sealed_put(&before, buf_view(&line), &spec, &text);
        expect_integer(keyring_parse(buf_view(&text), ret, NULL), 0);
        sealed_records_done(&before);
}

static void expect_place(const struct keyring *old, const struct keyring *new, const char *says)
{
        struct problem problem = {};

        expect_integer(keyring_check_successor(old, new, &problem), says ? -EKEYREJECTED : 0);
        expect_contains(problem.text, says ? says : "");
}

static void test_places(void)
{
        struct keyring_key keys[] = {log_key, model[0]}, strange[] = {other, model[0]};
        _cleanup_(keyring_done) struct keyring early = {}, late = {}, fork = {}, known = {};
        struct keyring bare = ring_of(keys, 2), without = ring_of(strange, 2);

        seal(3, "a", keys, 2, &early);
        seal(5, "a", keys, 2, &late);
        seal(3, "b", keys, 2, &fork);
        seal(3, "a", keys, 1, &known);
        expect_place(&early, &early, NULL);
        expect_place(&early, &late, NULL);
        expect_place(&bare, &late, NULL);
        expect_place(&late, &early,
                     "it is older: record 3 with a checkpoint of 5, after record 5 "
                     "with a checkpoint of 7");
        expect_place(&early, &fork, "two checkpoints of 5 records with different roots");
        expect_place(&early, &bare, "it is unsigned, and the one before was signed");
        expect_place(&without, &late,
                     "it is signed by log key log version 1, which the one before "
                     "does not have");
        without.keys[0] = log_key;
        without.keys[0].purpose = KEY_GENERAL;
        expect_place(&without, &late,
                     "it is signed by log key log version 1, which the one before "
                     "does not have");
        without.keys[0] = other;
        without.seal = early.seal;
        expect_place(&without, &late,
                     "it is signed by log key log version 1, which the one before "
                     "does not have");
}

/* A log key that was revoked, or had ended before, takes no ring's place; nor does one that the new
 * ring itself says so of. The ring is sealed at T("30"). */
static void test_log_key_ended(void)
{
        const struct {
                const char *label;
                struct keyring_key old, new;
                const char *says; /* NULL: it may be */
        } rows[] = {
                {"retired later", log_key,
                 with(log_key, KEY_RETIRED, "2026-11-30T12:00:00.000000Z", "", ""), NULL},
                {"revoked before", with(log_key, KEY_REVOKED, T("12"), T("12"), ""), log_key,
                 "it is signed by log key log version 1, which is revoked since " T(
                         "12") ", and nothing proves that it was signed before"},
                {"retired before", with(log_key, KEY_RETIRED, T("12"), "", ""), log_key,
                 "it is signed by log key log version 1, which is retired since " T(
                         "12") ", and it was recorded at " T("30")},
                {"revoked now", log_key, with(log_key, KEY_REVOKED, T("12"), T("12"), ""),
                 "it is signed by log key log version 1, which is revoked since " T("12")},
                {"retired now", log_key, with(log_key, KEY_RETIRED, T("12"), "", ""),
                 "it is signed by log key log version 1, which is retired since " T("12")},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                struct keyring_key before[] = {rows[i].old, model[0]};
                struct keyring_key after[] = {rows[i].new, model[0]};
                _cleanup_(keyring_done) struct keyring new = {};
                struct keyring old = ring_of(before, 2);

                test_label = rows[i].label;
                seal(3, "a", after, 2, &new);
                expect_place(&old, &new, rows[i].says);
        }
        test_label = "";
}

int main(void)
{
        log_pair = key_new(algorithm_find("ecdsa-p256"));
        log_key = make_key("log", 1, KEY_LOG, log_pair);
        model[0] = make_key("model", 1, KEY_MODEL, NULL);
        model[1] = make_key("model", 2, KEY_MODEL, NULL);
        other = make_key("model", 1, KEY_MODEL, NULL);
        test_states();
        test_windows();
        test_overlaps();
        test_keys();
        test_gates();
        test_changes();
        test_details();
        test_places();
        test_log_key_ended();
        keyring_key_done(&log_key);
        keyring_key_done(&model[0]);
        keyring_key_done(&model[1]);
        keyring_key_done(&other);
        EVP_PKEY_free(log_pair);
        return test_result();
}
