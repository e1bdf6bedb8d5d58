/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/sealed-ring.h"

#include <errno.h>

#define OTHER_DIGEST "sha256:0000000000000000000000000000000000000000000000000000000000000000"

struct rig {
        EVP_PKEY *pairs[3]; /* of the log, of a second log key, of a stranger */
        struct keyring_key keys[3];
        struct keyring_key stranger;
        struct buf line;
};

static struct keyring_key make_key(const char *name, enum key_purpose purpose, EVP_PKEY *pair)
{
        struct keyring_key key = {
                .token = "hsm",
                .created = "2026-11-22T10:00:00.000000Z",
                .version = 1,
                .algorithm = algorithm_find("ecdsa-p256"),
                .purpose = purpose,
                .pubkey = key_public(pair),
        };

        memcpy(key.name, name, strlen(name) + 1);
        return key;
}

static void rig_init(struct rig *rig)
{
        _cleanup_(key_freep) EVP_PKEY *model = key_new(algorithm_find("ecdsa-p256"));

        *rig = (struct rig){};
        for (size_t i = 0; i < ARRAY_SIZE(rig->pairs); i++)
                rig->pairs[i] = key_new(algorithm_find("ecdsa-p256"));
        rig->keys[0] = make_key("log", KEY_LOG, rig->pairs[0]);
        rig->keys[1] = make_key("log-2", KEY_LOG, rig->pairs[1]);
        rig->keys[2] = make_key("model", KEY_MODEL, model);
        rig->stranger = make_key("log", KEY_LOG, rig->pairs[2]);
        expect_integer(keyring_put(&rig->line, SEALED_ORIGIN, rig->keys, 3), 0);
}

static void rig_done(struct rig *rig)
{
        for (size_t i = 0; i < ARRAY_SIZE(rig->pairs); i++)
                EVP_PKEY_free(rig->pairs[i]);
        for (size_t i = 0; i < ARRAY_SIZE(rig->keys); i++)
                keyring_key_done(&rig->keys[i]);
        keyring_key_done(&rig->stranger);
        buf_done(&rig->line);
}

static void put(const struct rig *rig, const struct sealed_ring_spec *spec, struct buf *ret)
{
        struct sealed_records records = {};

        for (size_t i = 0; i < 5; i++)
                sealed_add(&records, "a record before");
        sealed_put(&records, buf_view(&rig->line), spec, ret);
        sealed_records_done(&records);
}

static struct sealed_ring_spec spec_of(const struct rig *rig, size_t log_key)
{
        return (struct sealed_ring_spec){SEALED_ORIGIN, "keyring", NULL, rig->pairs[log_key],
                                         &rig->keys[log_key]};
}

static void expect_refused(const struct buf *text, const char *says)
{
        _cleanup_(keyring_done) struct keyring ring = {};
        struct problem problem = {};

        expect_integer(keyring_parse(buf_view(text), &ring, &problem), -EBADMSG);
        expect_contains(problem.text, says);
}

static void test_good(const struct rig *rig)
{
        for (size_t i = 0; i < 2; i++) {
                _cleanup_(keyring_done) struct keyring ring = {};
                _cleanup_(buf_done) struct buf text = {}, again = {};
                const struct sealed_ring_spec spec = spec_of(rig, i);
                struct problem problem = {};

                put(rig, &spec, &text);
                expect_integer(keyring_parse(buf_view(&text), &ring, &problem), 0);
                expect_text(view_string(problem.text), "");
                expect(ring.seal != NULL);
                if (!ring.seal)
                        continue;
                expect(ring.seal->log_key == &ring.keys[i]);
                expect_integer(ring.seal->index, 5);
                expect_integer(ring.seal->checkpoint.size, 7);
                expect_text(view_string(ring.seal->time), "2026-11-30T10:00:00.000000Z");
                expect_integer(keyring_put(&again, ring.origin, ring.keys, ring.count), 0);
                expect_view(buf_view(&again), buf_view(&rig->line));
                buf_put_view(&again, buf_view(&ring.seal->text));
                expect_view(buf_view(&again), buf_view(&text));
        }
}

/* Good proofs by whoever may not give them, or of something else. */
static void test_others(const struct rig *rig)
{
        const struct {
                const char *label;
                struct sealed_ring_spec spec;
                const char *says;
        } rows[] = {
                {"a stranger's journal",
                 {SEALED_ORIGIN, "keyring", NULL, rig->pairs[2], &rig->stranger},
                 "proof: not signed by a log key of the ring"},
                {"a key that is no log key",
                 {SEALED_ORIGIN, "keyring", NULL, rig->pairs[2], &rig->keys[2]},
                 "proof: not signed by a log key of the ring"},
                {"another origin",
                 {"example.org/other", "keyring", NULL, rig->pairs[0], &rig->keys[0]},
                 "proof: not signed by a log key of the ring"},
                {"the log key's id, not its signature",
                 {SEALED_ORIGIN, "keyring", NULL, rig->pairs[2], &rig->keys[0]},
                 "does not verify"},
                {"another ring",
                 {SEALED_ORIGIN, "keyring", OTHER_DIGEST, rig->pairs[0], &rig->keys[0]},
                 "proof: of another ring: digest: expected sha256:"},
                {"not hexadecimal",
                 {SEALED_ORIGIN, "keyring", "sha256:", rig->pairs[0], &rig->keys[0]},
                 "proof: of another ring"},
                {"a record that is no keyring",
                 {SEALED_ORIGIN, "config", NULL, rig->pairs[0], &rig->keys[0]},
                 "config: "},
                {"no record",
                 {SEALED_ORIGIN, "none", NULL, rig->pairs[0], &rig->keys[0]},
                 "record: unknown type \"none\""},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_(buf_done) struct buf text = {};

                test_label = rows[i].label;
                put(rig, &rows[i].spec, &text);
                expect_refused(&text, rows[i].says);
        }
        test_label = "";
}

/* A checkpoint is not a ring, and a ring without its proof is one that nobody vouches for. */
static void test_pieces(const struct rig *rig)
{
        _cleanup_(keyring_done) struct keyring ring = {};
        _cleanup_(buf_done) struct buf text = {}, piece = {}, edited = {};
        const struct sealed_ring_spec spec = spec_of(rig, 0);

        put(rig, &spec, &text);
        expect_integer(keyring_parse(buf_view(&rig->line), &ring, NULL), 0);
        expect(ring.seal == NULL);
        buf_put(&piece, text.data + rig->line.size, text.size - rig->line.size);
        expect_refused(&piece, "key ring: ");
        edit_first(&edited, buf_view(&text), "@v1\nextra", "@v2\nextra");
        expect_refused(&edited, "key ring: proof: expected first line");
        buf_clear(&edited);
        edit_first(&edited, buf_view(&text), "\"state\":\"active\"", "\"state\":\"retired\"");
        expect_refused(&edited, "key ring: proof: of another ring");
        buf_clear(&edited);
        edit_first(&edited, buf_view(&text), "index 5", "index 4");
        expect_refused(&edited, "proof: the record is not entry 4 of the 7");
}

/* No byte after the ring is free, and none may be missing. */
static void test_every_byte(const struct rig *rig)
{
        _cleanup_(buf_done) struct buf text = {};
        const struct sealed_ring_spec spec = spec_of(rig, 0);

        put(rig, &spec, &text);
        for (size_t i = rig->line.size; i < text.size; i++) {
                _cleanup_(keyring_done) struct keyring flipped = {}, cut = {};

                text.data[i] ^= 1;
                expect(keyring_parse(buf_view(&text), &flipped, NULL) < 0);
                text.data[i] ^= 1;
                expect((keyring_parse(view_of(text.data, i), &cut, NULL) == 0) ==
                       (i == rig->line.size));
        }
}

static void check(const struct rig *rig, enum key_state state, const char *seen, const char *says)
{
        _cleanup_(keyring_done) struct keyring ring = {};
        _cleanup_(buf_done) struct buf text = {};
        const struct sealed_ring_spec spec = spec_of(rig, 0);
        struct problem problem = {};
        struct key_moment moment = {};
        struct keyring_key *key;

        put(rig, &spec, &text);
        expect_integer(keyring_parse(buf_view(&text), &ring, NULL), 0);
        key = &ring.keys[ring.seal->log_key - ring.keys];
        key->state = state;
        (void)snprintf(key->ended, sizeof(key->ended), "2026-11-29T10:00:00.000000Z");
        (void)snprintf(key->revoked, sizeof(key->revoked), "2026-11-30T12:00:00.000000Z");
        (void)snprintf(moment.at, sizeof(moment.at), "%s", seen);
        expect_integer(keyring_seal_check(&ring, &moment, &problem), says ? -EKEYREJECTED : 0);
        expect_contains(problem.text, says ? says : "");
}

/* Whether the word of the log key counts. The ring was recorded on the 30th at 10. */
static void test_check(const struct rig *rig)
{
        struct keyring bare = {};

        check(rig, KEY_ACTIVE, "", NULL);
        check(rig, KEY_RETIRED, "",
              "signed by log key log version 1, which is retired since "
              "2026-11-29T10:00:00.000000Z, and it was recorded at 2026-11-30T10:00:00.000000Z");
        check(rig, KEY_REVOKED, "", "and nothing proves that it was signed before");
        check(rig, KEY_REVOKED, "2026-11-29T09:00:00.999999Z", NULL);
        check(rig, KEY_REVOKED, "2026-11-30T12:00:00.999999Z", "and it was seen first at");
        expect_integer(keyring_seal_check(&bare, &(struct key_moment){}, NULL), 0);
}

int main(void)
{
        struct rig rig;

        rig_init(&rig);
        test_good(&rig);
        test_others(&rig);
        test_pieces(&rig);
        test_every_byte(&rig);
        test_check(&rig);
        rig_done(&rig);
        keyring_seal_free(NULL);
        return test_result();
}
