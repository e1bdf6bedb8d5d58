/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/log-keys.h"
#include "lib/vkey.h"
#include "tests/test.h"
#include "tests/unit/edit.h"
#include "tests/unit/key.h"

#include <errno.h>

#define ORIGIN "example.org/host42"
#define TEXT   ORIGIN "\n3\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
#define OTHER  ORIGIN "\n4\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"

/* A ring with both log keys, and one that signs artifacts. */
enum { SECOND, PRIMARY, MODEL, KEYS };

struct logs {
        EVP_PKEY *pairs[KEYS];
        struct keyring_key keys[KEYS];
        struct keyring ring;
};

static void logs_init(struct logs *logs)
{
        static char origin[] = ORIGIN;
        static const char *const algorithms[KEYS] = {"ed25519", "ecdsa-p256", "ecdsa-p256"};

        *logs = (struct logs){.ring = {.origin = origin, .keys = logs->keys, .count = KEYS}};
        for (size_t i = 0; i < KEYS; i++) {
                const struct algorithm *algorithm = algorithm_find(algorithms[i]);

                logs->pairs[i] = key_new(algorithm);
                logs->keys[i] = (struct keyring_key){
                        .name = {(char)('a' + i)},
                        .version = 1,
                        .algorithm = algorithm,
                        .purpose = i == MODEL ? KEY_MODEL : KEY_LOG,
                        .pubkey = key_public(logs->pairs[i]),
                };
        }
}

static void logs_done(struct logs *logs)
{
        for (size_t i = 0; i < KEYS; i++) {
                pubkey_free(logs->keys[i].pubkey);
                EVP_PKEY_free(logs->pairs[i]);
        }
}

static void put_line(struct buf *note, const struct logs *logs, size_t signer, const char *text)
{
        _cleanup_(buf_done) struct buf signature = {};
        struct sha256 digest = note_digest(view_string(text));
        const struct keyring_key *key = &logs->keys[signer];

        if (algorithm_signs_messages(key->algorithm))
                key_sign_message(logs->pairs[signer], view_string(text), &signature);
        else
                key_sign(logs->pairs[signer], key->algorithm, sha256_view(&digest), &signature);
        expect_integer(note_put_signature(note, ORIGIN, key->pubkey, buf_view(&signature)), 0);
}

static void test_who_has_signed(void)
{
        static const struct {
                const char *label;
                struct {
                        size_t signer;
                        const char *text; /* that was signed */
                } lines[3];
                int r;
                size_t key; /* that is given back */
                const char *problem;
        } rows[] = {
                {"the primary", {{PRIMARY, TEXT}}, 0, PRIMARY, ""},
                {"the second", {{SECOND, TEXT}}, 0, SECOND, ""},
                {"both", {{PRIMARY, TEXT}, {SECOND, TEXT}}, 0, PRIMARY, ""},
                {"both the other way", {{SECOND, TEXT}, {PRIMARY, TEXT}}, 0, PRIMARY, ""},
                {"a stranger as well", {{MODEL, OTHER}, {PRIMARY, TEXT}}, 0, PRIMARY, ""},
                {"a stranger alone",
                 {{MODEL, TEXT}},
                 -ENOKEY,
                 0,
                 "no signature of \"" ORIGIN "\" by the log key"},
                {"the second wrongly",
                 {{PRIMARY, TEXT}, {SECOND, OTHER}},
                 -EKEYREJECTED,
                 0,
                 "signature of \"" ORIGIN "\" does not verify"},
                {"the primary wrongly",
                 {{PRIMARY, OTHER}, {SECOND, TEXT}},
                 -EKEYREJECTED,
                 0,
                 "signature of \"" ORIGIN "\" does not verify"},
                {"the second once well and once wrongly",
                 {{PRIMARY, TEXT}, {SECOND, TEXT}, {SECOND, OTHER}},
                 -EKEYREJECTED,
                 0,
                 "signature of \"" ORIGIN "\" does not verify"},
        };
        struct logs logs;

        logs_init(&logs);
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_(buf_done) struct buf bytes = {};
                const struct keyring_key *key = NULL;
                struct checkpoint checkpoint = {};
                struct problem problem = {};

                test_label = rows[i].label;
                buf_put_string(&bytes, TEXT "\n");
                for (size_t line = 0; line < 3 && rows[i].lines[line].text; line++)
                        put_line(&bytes, &logs, rows[i].lines[line].signer,
                                 rows[i].lines[line].text);
                expect_integer(
                        log_keys_open_in(buf_view(&bytes), &logs.ring, &checkpoint, &key, &problem),
                        rows[i].r);
                expect_text(view_string(problem.text), rows[i].problem);
                expect(key == (rows[i].r == 0 ? &logs.keys[rows[i].key] : NULL));
                expect_integer(checkpoint.size, rows[i].r == 0 ? 3 : 0);
        }
        test_label = "";
        logs_done(&logs);
}

/* Whatever bit of a checkpoint with two signatures is flipped, it is refused. */
static void test_every_flipped_bit(void)
{
        _cleanup_(buf_done) struct buf bytes = {};
        struct checkpoint checkpoint;
        struct logs logs;
        size_t accepted = 0;

        logs_init(&logs);
        buf_put_string(&bytes, TEXT "\n");
        put_line(&bytes, &logs, PRIMARY, TEXT);
        put_line(&bytes, &logs, SECOND, TEXT);
        for (size_t bit = 0; bit < 8 * bytes.size; bit++) {
                int r;

                bytes.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
                r = log_keys_open_in(buf_view(&bytes), &logs.ring, &checkpoint, NULL, NULL);
                /* A line under another name or key ID is a stranger's. */
                expect(r == 0 || r == -EBADMSG || r == -ENOKEY || r == -EKEYREJECTED);
                accepted += r == 0;
                bytes.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
        /* The name twice, and both key IDs with the base64 around them: nothing else is free. */
        expect(accepted <= 8 * 2 * (strlen(ORIGIN) + 6));
        expect_integer(log_keys_open_in(buf_view(&bytes), &logs.ring, &checkpoint, NULL, NULL), 0);
        logs_done(&logs);
}

static int verify_with(struct view word, const struct note *note)
{
        _cleanup_(vkey_done) struct vkey key = {};
        int r = vkey_parse(word, &key, NULL);

        return r < 0 ? r : vkey_verify(&key, note, NULL, NULL);
}

/* The words that are written are those with which others verify. */
static void test_put(void)
{
        _cleanup_(buf_done) struct buf bytes = {}, words = {}, one = {}, none = {};
        _cleanup_(note_done) struct note note = {};
        struct problem problem = {};
        struct reader lines;
        struct logs logs;

        logs_init(&logs);
        buf_put_string(&bytes, TEXT "\n");
        put_line(&bytes, &logs, PRIMARY, TEXT);
        put_line(&bytes, &logs, SECOND, TEXT);
        expect_integer(note_parse(buf_view(&bytes), &note, NULL), 0);
        expect_integer(log_keys_put(&words, &logs.ring, NULL), 0);
        lines = reader_init(buf_view(&words));
        expect_integer(verify_with(reader_until(&lines, '\n'), &note), 0);
        expect_integer(verify_with(reader_until(&lines, '\n'), &note), 0);
        expect_integer(reader_end(&lines), 0);
        logs.keys[PRIMARY].state = KEY_REVOKED;
        expect_integer(log_keys_put(&one, &logs.ring, NULL), 0);
        lines = reader_init(buf_view(&one));
        expect_integer(verify_with(reader_until(&lines, '\n'), &note), 0);
        expect_integer(reader_end(&lines), 0);
        logs.keys[SECOND].state = KEY_REVOKED;
        expect_integer(log_keys_put(&none, &logs.ring, &problem), -ENOKEY);
        expect_text(view_string(problem.text), "the key ring has no log key");
        logs_done(&logs);
}

/* Of two that have signed, the one whose word counts for more. */
static void test_preferred(void)
{
        static const struct {
                const char *label;
                enum key_state primary, second;
                size_t key;
        } rows[] = {
                {"both active", KEY_ACTIVE, KEY_ACTIVE, PRIMARY},
                {"primary revoked", KEY_REVOKED, KEY_ACTIVE, SECOND},
                {"primary retired", KEY_RETIRED, KEY_ACTIVE, SECOND},
                {"revoked and retired", KEY_REVOKED, KEY_RETIRED, SECOND},
                {"destroyed and revoked", KEY_DESTROYED, KEY_REVOKED, PRIMARY},
                {"both revoked", KEY_REVOKED, KEY_REVOKED, PRIMARY},
        };
        _cleanup_(buf_done) struct buf bytes = {};
        struct logs logs;

        logs_init(&logs);
        buf_put_string(&bytes, TEXT "\n");
        put_line(&bytes, &logs, PRIMARY, TEXT);
        put_line(&bytes, &logs, SECOND, TEXT);
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                const struct keyring_key *key = NULL;
                struct checkpoint checkpoint;

                test_label = rows[i].label;
                logs.keys[PRIMARY].state = rows[i].primary;
                logs.keys[SECOND].state = rows[i].second;
                expect_integer(
                        log_keys_open_in(buf_view(&bytes), &logs.ring, &checkpoint, &key, NULL), 0);
                expect(key == &logs.keys[rows[i].key]);
        }
        test_label = "";
        logs_done(&logs);
}

#define DAY(day) "2026-11-" day "T10:00:00.000000Z"

/* A log key says itself when it recorded something; that it was not yet revoked then, others say.
 */
static void test_check(void)
{
        static const struct {
                const char *label;
                enum key_state state;
                const char *recorded, *seen; /* empty: not proved */
                const char *problem;
        } rows[] = {
                {"active", KEY_ACTIVE, "", "", ""},
                {"retired, recorded before", KEY_RETIRED, DAY("21"), "", ""},
                {"retired, recorded after", KEY_RETIRED, DAY("23"), DAY("21"),
                 "signed by log key log version 3, which is retired since " DAY(
                         "22") ", and it was "
                               "recorded at " DAY("23")},
                {"retired, no time", KEY_RETIRED, "", "",
                 "signed by log key log version 3, which is retired since " DAY(
                         "22") ", and nothing "
                               "proves that it was signed before"},
                {"revoked, says that it was before", KEY_REVOKED, DAY("21"), "",
                 "signed by log key log version 3, which is revoked since " DAY(
                         "22") ", and nothing "
                               "proves that it was signed before"},
                {"revoked, seen before", KEY_REVOKED, DAY("21"), DAY("21"), ""},
                {"revoked, seen after", KEY_REVOKED, DAY("21"), DAY("23"),
                 "signed by log key log version 3, which is revoked since " DAY(
                         "22") ", and it was "
                               "seen first at " DAY("23")},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                struct keyring_key key = {.name = "log",
                                          .version = 3,
                                          .state = rows[i].state,
                                          .created = DAY("20"),
                                          .ended = DAY("22"),
                                          .revoked = DAY("22")};
                struct key_moment recorded, seen = {};
                struct problem problem = {};

                test_label = rows[i].label;
                key_moment_recorded(rows[i].recorded, &recorded);
                (void)snprintf(seen.at, sizeof(seen.at), "%s", rows[i].seen);
                expect_integer(log_key_check(&key, &recorded, &seen, &problem),
                               rows[i].problem[0] ? -EKEYREJECTED : 0);
                expect_text(view_string(problem.text), rows[i].problem);
        }
        test_label = "";
}

int main(void)
{
        test_preferred();
        test_check();
        test_who_has_signed();
        test_every_flipped_bit();
        test_put();
        return test_result();
}
