/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/replay-state.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>

/* Gives any object the digest that it would need. */
static int sign(struct view text, struct buf *ret)
{
        _cleanup_(json_decrefp) json_t *object = NULL;
        _cleanup_(buf_done) struct buf body = {};
        char digest[HEX_SIZE(SHA256_SIZE)];
        struct sha256 hash;

        if (json_parse_object(text, &object, NULL) < 0)
                return -EBADMSG;
        (void)json_object_del(object, "digest");
        json_put(&body, object);
        hash = sha256_of(buf_view(&body));
        (void)json_object_set_new(object, "digest",
                                  json_string(hex_encode(sha256_view(&hash), digest)));
        json_put(ret, object);
        buf_put_u8(ret, '\n');
        return 0;
}

static int nothing_read(void *context, const char *path, struct buf *ret, struct problem *problem)
{
        return -ENOENT;
}

/* What the rules take, they would have saved. */
static void restore(const struct replay_saved *saved)
{
        struct keyring_key keys[2] = {{.name = "log", .version = 1},
                                      {.name = "model", .version = 1}};
        const struct keyring ring = {(char *)(uintptr_t) "example.org/host42", keys, 2};
        const struct journal_source source = {nothing_read, NULL, NULL};
        _cleanup_(journal_freep) struct journal *journal = NULL;
        _cleanup_(json_decrefp) json_t *again = json_object();
        const struct replay_options options = {};
        struct replay_result result = {};
        struct replay replay = {.ring = &ring, .options = &options, .result = &result};
        struct problem problem = {};
        int r;

        keys[0].algorithm = keys[1].algorithm = algorithm_find("ecdsa-p256");
        r = journal_open_source("nothing", &source, &journal);
        assert(r == 0);
        replay.journal = journal;
        replay.tree = saved->tree;
        r = replay_rules_begin(&replay);
        assert(r == 0);
        r = replay_rules_restore(&replay, saved->rules, &problem);
        assert(r == 0 || r == -EBADMSG || r == -EKEYREJECTED);
        assert((r == 0) == (problem.text[0] == '\0'));
        if (r == 0) {
                r = replay_rules_save(&replay, again);
                assert(r == 0 && json_equal(again, saved->rules));
        }
        replay_rules_free(&replay);
        buf_done(&replay.bundle);
        buf_done(&replay.tile);
}

static void parse(struct view text)
{
        _cleanup_(replay_saved_freep) struct replay_saved *saved = NULL;
        _cleanup_(buf_done) struct buf again = {};
        struct problem problem = {};
        int r = replay_saved_parse(text, &saved, &problem);

        assert(r == 0 || r == -EBADMSG || r == -EOPNOTSUPP);
        assert((r == 0) == (problem.text[0] == '\0'));
        if (r < 0)
                return;
        r = replay_saved_put(&again, saved);
        assert(r == 0 && view_equal(buf_view(&again), text));
        restore(saved);
}

/* A state has one text, and so has what each rule knows. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_(buf_done) struct buf text = {};

        parse(view_of(data, size));
        if (sign(view_of(data, size), &text) == 0)
                parse(buf_view(&text));
        return 0;
}
