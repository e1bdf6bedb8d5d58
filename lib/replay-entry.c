/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Sigstore entries: each stands directly after the record of the signature that it is of, and each
 * signature of a transparent key has one.
 */

#include <errno.h>
#include <stdio.h>

#include "lib/base64.h"
#include "lib/hashedrekord.h"
#include "lib/replay-rule.h"

struct entries {
        struct replay *replay;
        struct buf expected; /* the entry that must come next; empty: none may */
        uint64_t index;      /* of the record that it belongs to */
        char where[64];
};

static int begin(struct replay *replay, void **ret_state)
{
        struct entries *entries = calloc(1, sizeof(*entries));

        if (!entries)
                return -ENOMEM;
        entries->replay = replay;
        *ret_state = entries;
        return 0;
}

static void expect_none(struct entries *entries)
{
        if (entries->expected.size > 0)
                replay_report(entries->replay, entries->index, entries->where,
                              "sign: expected its Sigstore entry directly after it");
        buf_clear(&entries->expected);
}

static int read_digest(struct view text, const struct algorithm *algorithm,
                       uint8_t ret[DIGEST_SIZE_MAX])
{
        struct reader reader = reader_init(text);

        reader_expect(&reader, algorithm->hash);
        reader_expect(&reader, ":");
        return hex_decode(reader_rest(&reader), ret, algorithm->digest_size);
}

/* The record is good by itself: -EBADMSG does not happen. */
static int expect_entry_of(struct entries *entries, const struct replay_leaf *leaf,
                           const struct keyring_key *key)
{
        _cleanup_(buf_done) struct buf signature = BUF_INIT(SPKI_SIZE_MAX);
        uint8_t digest[DIGEST_SIZE_MAX];
        int r = read_digest(record_string(leaf->record, "digest"), key->algorithm, digest);

        if (r == 0)
                r = base64_decode(&signature, record_string(leaf->record, "signature"));
        if (r == 0)
                r = hashedrekord_put(&entries->expected, key->pubkey, key->algorithm,
                                     view_of(digest, key->algorithm->digest_size),
                                     buf_view(&signature));
        entries->index = leaf->index;
        (void)snprintf(entries->where, sizeof(entries->where), "%s", leaf->where);
        return r == -EBADMSG ? 0 : r;
}

static int take_record(struct entries *entries, const struct replay_leaf *leaf)
{
        const struct keyring_key *key;

        expect_none(entries);
        if (!leaf->record || !record_type_signs(leaf->record->type->name))
                return 0;
        key = leaf->key;
        if (!key || key->transparency != TRANSPARENCY_REKOR)
                return 0;
        return expect_entry_of(entries, leaf, key);
}

static int take_entry(struct entries *entries, const struct replay_leaf *leaf)
{
        _cleanup_(hashedrekord_done) struct hashedrekord found = {};
        int equal = view_equal(buf_view(&entries->expected), leaf->bytes);
        int expected = entries->expected.size > 0, r;
        struct problem reason = {};

        buf_clear(&entries->expected);
        if (equal) /* one signature has one text */
                return 0;
        r = hashedrekord_parse(leaf->bytes, &found, &reason);
        if (r == -ENOMEM)
                return r;
        if (r < 0)
                replay_report_leaf(entries->replay, leaf, "%s", problem_text(&reason, r));
        else if (expected)
                replay_report_leaf(entries->replay, leaf,
                                   "hashedrekord: not of the signature before it");
        else
                replay_report_leaf(entries->replay, leaf,
                                   "hashedrekord: no signature of a transparent key is before it");
        return 0;
}

static int take(void *state, const struct replay_leaf *leaf)
{
        struct entries *entries = state;

        if (!leaf->bytes.data) {
                buf_clear(&entries->expected); /* who knows what this leaf is */
                return 0;
        }
        return hashedrekord_is(leaf->bytes) ? take_entry(entries, leaf)
                                            : take_record(entries, leaf);
}

/* A record and its entry are durable together: no torn tail parts them. */
static int end(void *state)
{
        expect_none(state);
        return 0;
}

static void entries_free(void *state)
{
        struct entries *entries = state;

        if (entries)
                buf_done(&entries->expected);
        free(entries);
}

static const struct field fields[] = {
        FIELD(struct entries, index, FIELD_NUMBER),
        FIELD(struct entries, where, FIELD_TEXT),
};

/* Between a signature and its entry, what must come next is saved with the rest. */
static int save(const void *state, json_t *ret)
{
        const struct entries *entries = state;
        json_t *expected =
                json_stringn(entries->expected.size > 0 ? (const char *)entries->expected.data : "",
                             entries->expected.size);

        if (json_object_set_new(ret, "expected", expected) < 0)
                return -ENOMEM;
        return field_save(fields, ARRAY_SIZE(fields), entries, ret);
}

static int restore(void *state, const json_t *saved, struct problem *problem)
{
        const json_t *expected = json_object_get(saved, "expected");
        struct entries *entries = state;

        if (!json_is_string(expected) || json_string_length(expected) > ENTRY_SIZE_MAX)
                return problem_set(problem, -EBADMSG, "expected an entry");
        buf_put(&entries->expected, json_string_value(expected), json_string_length(expected));
        if (buf_error(&entries->expected))
                return buf_error(&entries->expected);
        return field_restore(fields, ARRAY_SIZE(fields), 1, saved, entries, problem);
}

REPLAY_RULE(entry, begin, take, end, entries_free, save, restore);
