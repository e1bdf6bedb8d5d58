/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What witnesses cosigned: no more than there was, and this journal. Whether a cosignature verifies
 * is a matter of a policy, which has the keys.
 *
 * The root of an earlier tree cannot be had from the present one. It is compared where the record
 * stands directly behind what was cosigned, or behind others of its kind there, as it does whenever
 * the journal is at rest; and two cosignatures of one size must be of one root.
 */

#include <errno.h>

#include "lib/base64.h"
#include "lib/replay-rule.h"

#define TYPE             "checkpoint.witness"
#define ROOT_PREFIX      "sha256:"
#define COSIGNATURE_SIZE ((size_t)(4 + 8 + 64)) /* key ID, time, Ed25519 */

struct seen {
        uint64_t size;
        struct sha256 root;
        int known;
};

struct state {
        struct replay *replay;
        struct seen begun; /* the tree before the run of such records that the rule is in */
        struct seen last;  /* what the record before named */
        int in_run;
};

static int begin(struct replay *replay, void **ret_state)
{
        struct state *state = calloc(1, sizeof(*state));

        if (!state)
                return -ENOMEM;
        state->replay = replay;
        *ret_state = state;
        return 0;
}

static int read_root(struct view text, struct sha256 *ret)
{
        struct reader reader = reader_init(text);

        reader_expect(&reader, ROOT_PREFIX);
        return reader.bad ? -EBADMSG : hex_decode(reader_rest(&reader), ret->bytes, SHA256_SIZE);
}

static int is_cosignature(struct view line)
{
        _cleanup_(buf_done) struct buf blob = {};
        struct reader reader = reader_init(line);
        size_t space = line.size;

        reader_expect(&reader, "\xe2\x80\x94 ");
        while (space > 0 && line.data[space - 1] != ' ')
                space--;
        return !reader.bad &&
               base64_decode(&blob, view_of(line.data + space, line.size - space)) == 0 &&
               blob.size == COSIGNATURE_SIZE;
}

static void compare(struct state *state, const struct replay_leaf *leaf,
                    const struct seen *expected, const struct seen *found)
{
        char text[HEX_SIZE(SHA256_SIZE)], other[HEX_SIZE(SHA256_SIZE)];

        if (!expected->known || expected->size != found->size ||
            view_equal(sha256_view(&expected->root), sha256_view(&found->root)))
                return;
        replay_report_leaf(state->replay, leaf,
                           TYPE ": root: the witness cosigned " ROOT_PREFIX
                                "%s, and %llu records have " ROOT_PREFIX "%s",
                           hex_encode(sha256_view(&found->root), text),
                           (unsigned long long)found->size,
                           hex_encode(sha256_view(&expected->root), other));
}

static void check(struct state *state, const struct replay_leaf *leaf)
{
        const struct record *record = leaf->record;
        struct seen found = {.known = 1};
        int64_t size = 0;

        if (record_integer(record, "size", &size) < 0 || size < 1 || (uint64_t)size > leaf->index) {
                replay_report_leaf(state->replay, leaf,
                                   TYPE ": size: expected 1 to %llu, found %lld",
                                   (unsigned long long)leaf->index, (long long)size);
                return;
        }
        if (!is_cosignature(record_string(record, "cosignature")))
                replay_report_leaf(state->replay, leaf,
                                   TYPE ": cosignature: expected the line of a witness");
        found.size = (uint64_t)size;
        if (read_root(record_string(record, "root"), &found.root) < 0) {
                replay_report_leaf(state->replay, leaf, TYPE ": root: expected " ROOT_PREFIX "HEX");
                return;
        }
        compare(state, leaf, &state->begun, &found);
        if (!state->begun.known || state->begun.size != found.size)
                compare(state, leaf, &state->last, &found);
        state->last = found;
}

static int take(void *context, const struct replay_leaf *leaf)
{
        struct state *state = context;

        if (!leaf->record || !record_is(leaf->record, TYPE)) {
                state->in_run = 0;
                return 0;
        }
        if (!state->in_run)
                state->begun =
                        (struct seen){leaf->index, merkle_root(replay_tree(state->replay)), 1};
        state->in_run = 1;
        check(state, leaf);
        return 0;
}

static int end(void *state)
{
        return 0;
}

static const struct field fields[] = {FIELD(struct state, in_run, FIELD_FLAG)};

static const struct field seen_fields[] = {
        FIELD(struct seen, size, FIELD_NUMBER),
        FIELD(struct seen, root, FIELD_HASH),
        FIELD(struct seen, known, FIELD_FLAG),
};

static int save_seen(const struct seen *seen, const char *name, json_t *ret)
{
        json_t *object = json_object();

        return json_object_set_new(ret, name, object) < 0
                       ? -ENOMEM
                       : field_save(seen_fields, ARRAY_SIZE(seen_fields), seen, object);
}

static int save(const void *context, json_t *ret)
{
        const struct state *state = context;
        int r = field_save(fields, ARRAY_SIZE(fields), state, ret);

        if (r == 0)
                r = save_seen(&state->begun, "begun", ret);
        return r < 0 ? r : save_seen(&state->last, "last", ret);
}

static int restore(void *context, const json_t *saved, struct problem *problem)
{
        struct state *state = context;
        int r = field_restore(fields, ARRAY_SIZE(fields), 2, saved, state, problem);

        if (r == 0)
                r = field_restore(seen_fields, ARRAY_SIZE(seen_fields), 0,
                                  json_object_get(saved, "begun"), &state->begun, problem);
        return r < 0 ? r
                     : field_restore(seen_fields, ARRAY_SIZE(seen_fields), 0,
                                     json_object_get(saved, "last"), &state->last, problem);
}

REPLAY_RULE(witness, begin, take, end, free, save, restore);
