/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/keyring-set.h"
#include "tests/unit/folder.h"
#include "tests/unit/sealed-ring.h"

#include <errno.h>
#include <stdio.h>

#define A "a.example/log"
#define B "b.example/log"
/* A name that a log can have, and with which the line of a ring begins. */
#define BRACE "{\"keys\":[]"

static struct keyring_key make_key(const char *name, enum key_purpose purpose, EVP_PKEY *given)
{
        _cleanup_(key_freep) EVP_PKEY *made = given ? NULL : key_new(algorithm_find("ecdsa-p256"));
        struct keyring_key key = {
                .token = "hsm",
                .created = "2026-11-10T10:00:00.000000Z",
                .version = 1,
                .algorithm = algorithm_find("ecdsa-p256"),
                .purpose = purpose,
                .pubkey = key_public(given ? given : made),
        };

        (void)snprintf(key.name, sizeof(key.name), "%s", name);
        return key;
}

/* Appends the ring of an origin with these keys, unsigned. */
static void put(struct buf *buf, const char *origin, const struct keyring_key *keys, size_t count)
{
        expect_integer(keyring_put(buf, origin, keys, count), 0);
}

/* Signed, after so many records. */
static void put_signed(struct buf *buf, const char *origin, EVP_PKEY *log_pair,
                       const struct keyring_key *keys, size_t count, size_t records)
{
        const struct sealed_ring_spec spec = {origin, "keyring", NULL, log_pair, &keys[0]};
        _cleanup_(buf_done) struct buf line = {};
        struct sealed_records before = {};

        for (size_t i = 0; i < records; i++)
                sealed_add(&before, "a record");
        put(&line, origin, keys, count);
        sealed_put(&before, buf_view(&line), &spec, buf);
        sealed_records_done(&before);
}

static void expect_set(const struct buf *text, size_t count)
{
        _cleanup_(keyring_set_done) struct keyring_set set = {};
        _cleanup_(buf_done) struct buf again = {};
        struct problem problem = {};

        expect_integer(keyring_set_parse(buf_view(text), &set, &problem), 0);
        expect_text(view_string(problem.text), "");
        expect_integer(set.count, count);
        expect_integer(keyring_set_put(&again, &set), 0);
        expect_view(buf_view(&again), buf_view(text));
}

static void expect_refused(const struct buf *text, const char *says)
{
        _cleanup_(keyring_set_done) struct keyring_set set = {};
        struct problem problem = {};

        expect_integer(keyring_set_parse(buf_view(text), &set, &problem), -EBADMSG);
        expect_contains(problem.text, says);
}

static void test_parse(void)
{
        EVP_PKEY *pair = key_new(algorithm_find("ecdsa-p256"));
        EVP_PKEY *other_pair = key_new(algorithm_find("ecdsa-p256"));
        struct keyring_key keys[] = {make_key("log", KEY_LOG, pair),
                                     make_key("model", KEY_MODEL, NULL)};
        struct keyring_key others[] = {make_key("log", KEY_LOG, other_pair),
                                       make_key("model", KEY_MODEL, NULL)};
        struct keyring_key shared[] = {others[0], keys[1]};
        _cleanup_(buf_done) struct buf one = {}, two = {}, brace = {}, order = {}, same = {},
                                       mixed = {}, cut = {};
        _cleanup_(keyring_done) struct keyring ring = {};
        struct problem problem = {};

        put(&one, A, keys, 2);
        expect_set(&one, 1);
        put_signed(&two, A, pair, keys, 2, 3);
        put_signed(&two, B, other_pair, others, 2, 4);
        expect_set(&two, 2);
        put_signed(&mixed, A, pair, keys, 2, 3);
        put(&mixed, B, others, 2);
        expect_set(&mixed, 2);
        put(&brace, A, keys, 2);
        put_signed(&brace, BRACE, other_pair, others, 2, 4);
        expect_set(&brace, 2);
        put(&order, B, others, 2);
        put(&order, A, keys, 2);
        expect_refused(&order, "rings must be ordered by origin, each once");
        put(&same, A, keys, 2);
        put(&same, B, shared, 2);
        expect_refused(&same, "key model version 1 of " A " and key model version 1 of " B
                              " are the same key");
        buf_put(&cut, two.data, two.size - 10);
        expect_refused(&cut, "key ring: ");
        expect_integer(keyring_parse(buf_view(&two), &ring, &problem), -EBADMSG);
        for (size_t i = 0; i < 2; i++) {
                keyring_key_done(&keys[i]);
                keyring_key_done(&others[i]);
        }
        EVP_PKEY_free(pair);
        EVP_PKEY_free(other_pair);
}

static int merge(const struct buf *into, const struct buf *more, struct keyring_set *ret,
                 struct problem *problem)
{
        struct keyring_set set = {};

        expect_integer(keyring_set_parse(buf_view(into), ret, NULL), 0);
        expect_integer(keyring_set_parse(buf_view(more), &set, NULL), 0);
        return keyring_set_merge(ret, &set, problem);
}

static void expect_merged(const struct buf *into, const struct buf *more,
                          const struct buf *expected)
{
        _cleanup_(keyring_set_done) struct keyring_set set = {};
        _cleanup_(buf_done) struct buf text = {};
        struct problem problem = {};

        expect_integer(merge(into, more, &set, &problem), 0);
        expect_text(view_string(problem.text), "");
        expect_integer(keyring_set_put(&text, &set), 0);
        expect_view(buf_view(&text), buf_view(expected));
}

static void expect_conflict(const struct buf *into, const struct buf *more, const char *says)
{
        _cleanup_(keyring_set_done) struct keyring_set set = {};
        struct problem problem = {};

        expect_integer(merge(into, more, &set, &problem), -EKEYREJECTED);
        expect_contains(problem.text, says);
}

static void test_merge(void)
{
        EVP_PKEY *pair = key_new(algorithm_find("ecdsa-p256"));
        struct keyring_key keys[] = {make_key("log", KEY_LOG, pair),
                                     make_key("model", KEY_MODEL, NULL)};
        struct keyring_key others[] = {make_key("model", KEY_MODEL, NULL)};
        struct keyring_key revoked[] = {keys[0], keys[1]}, shared[] = {keys[1]};
        _cleanup_(buf_done) struct buf a = {}, b = {}, both = {}, later = {}, bare = {},
                                       changed = {}, same = {}, fork = {};

        put_signed(&a, A, pair, keys, 1, 3);
        put(&b, B, others, 1);
        buf_put_view(&both, buf_view(&a));
        buf_put_view(&both, buf_view(&b));
        expect_merged(&a, &b, &both);
        expect_merged(&b, &a, &both);
        expect_merged(&both, &a, &both);
        expect_merged(&a, &both, &both);
        /* The later one stays, whichever comes first, and a signed one rather than a bare one. */
        put_signed(&later, A, pair, keys, 2, 5);
        expect_merged(&a, &later, &later);
        expect_merged(&later, &a, &later);
        put(&bare, A, keys, 1);
        expect_merged(&bare, &a, &a);
        expect_merged(&a, &bare, &a);
        revoked[1].state = KEY_REVOKED;
        put(&changed, A, revoked, 2);
        expect_conflict(&later, &changed, "two rings of " A ", and neither goes on from the other");
        put(&same, B, shared, 1);
        expect_conflict(&later, &same,
                        "key model version 1 of " A " and key model version 1 of " B
                        " are the same key");
        expect_conflict(&same, &later, "are the same key");
        put(&fork, A, others, 1);
        expect_conflict(&bare, &fork, "key log version 1: is missing");
        for (size_t i = 0; i < 2; i++)
                keyring_key_done(&keys[i]);
        keyring_key_done(&others[0]);
        EVP_PKEY_free(pair);
}

static void test_keep(void)
{
        struct keyring_key keys[] = {make_key("model", KEY_MODEL, NULL)};
        struct keyring_key others[] = {make_key("model", KEY_MODEL, NULL)};
        static const struct {
                const char *pattern, *first; /* NULL: none is left */
                size_t count;
        } rows[] = {
                {A, A, 1},       {B, B, 1},           {"*", A, 2}, {"?.example/log", A, 2},
                {"[b]*", B, 1},  {"a.example", NULL}, {"", NULL},  {"A.example/log", NULL},
                {"*\xff", NULL}, {"c*", NULL},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_(keyring_set_done) struct keyring_set set = {};
                _cleanup_(buf_done) struct buf text = {};

                test_label = rows[i].pattern;
                put(&text, A, keys, 1);
                put(&text, B, others, 1);
                expect_integer(keyring_set_parse(buf_view(&text), &set, NULL), 0);
                expect_integer(keyring_set_keep(&set, rows[i].pattern),
                               rows[i].first ? 0 : -ENOKEY);
                expect_integer(set.count, rows[i].count);
                if (set.count > 0)
                        expect_text(view_string(set.rings[0].origin), rows[i].first);
        }
        test_label = "";
        keyring_key_done(&keys[0]);
        keyring_key_done(&others[0]);
}

/* A ring that is signed by a log key which does not count any more is read, and not believed. */
static void test_load(void)
{
        EVP_PKEY *pair = key_new(algorithm_find("ecdsa-p256"));
        struct keyring_key keys[] = {make_key("log", KEY_LOG, pair)};
        struct folder folder = folder_new();
        char path[sizeof(folder.path) + sizeof("/ring")];

        (void)snprintf(path, sizeof(path), "%s/ring", folder.path);
        for (size_t i = 0; i < 3; i++) {
                static const enum key_state states[] = {KEY_ACTIVE, KEY_REVOKED, KEY_RETIRED};
                _cleanup_(keyring_set_done) struct keyring_set set = {};
                _cleanup_(keyring_done) struct keyring read = {}, loaded = {};
                _cleanup_(buf_done) struct buf text = {};
                struct problem problem = {};

                keys[0].state = states[i];
                (void)snprintf(keys[0].ended, KEY_TIME_SIZE, "%s",
                               i == 0 ? "" : "2026-11-11T10:00:00.000000Z");
                (void)snprintf(keys[0].revoked, KEY_TIME_SIZE, "%s",
                               i != 1 ? "" : "2026-11-11T10:00:00.000000Z");
                put_signed(&text, A, pair, keys, 1, 3);
                folder_write(&folder, "ring", buf_view(&text));
                expect_integer(keyring_read(path, &read, NULL), 0);
                expect_integer(keyring_load(path, &loaded, NULL), i == 0 ? 0 : -EKEYREJECTED);
                expect_integer(keyring_set_load(path, &set, &problem), i == 0 ? 0 : -EKEYREJECTED);
                expect_contains(problem.text, i == 0 ? ""
                                                     : "/ring: key ring of " A
                                                       ": signed by log key log version 1, "
                                                       "which is ");
        }
        folder_done(&folder);
        keyring_key_done(&keys[0]);
        EVP_PKEY_free(pair);
}

int main(void)
{
        test_load();
        test_keep();
        test_parse();
        test_merge();
        keyring_set_done(NULL);
        return test_result();
}
