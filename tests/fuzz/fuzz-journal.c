/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/replay.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/made-journal.h"

#include <errno.h>

/*
 * A whole journal folder, hostile in all its files, walked and replayed. The input is a list of
 * files (u8 which · u16 length · bytes); a checkpoint (size, root) is signed by the log key, as a
 * log that lies would.
 */

static const char *const paths[] = {
        "tile/entries/000",         "tile/entries/000.p/3",
        "tile/entries/001.p/2",     "tile/0/000",
        "tile/0/000.p/3",           "tile/1/000.p/1",
        "wal/00000000000000000000", "wal/00000000000000000002",
        "wal/00000000000000000256",
};

static struct made_journal made; /* only its folder and keys */

static void write_checkpoint(struct view content)
{
        _cleanup_(buf_done) struct buf note = {}, signature = {};
        struct reader reader = reader_init(content);
        struct checkpoint checkpoint = {.size = reader_u64(&reader)};
        struct view root = reader_bytes(&reader, SHA256_SIZE);
        struct sha256 digest;
        int r;

        if (root.size == SHA256_SIZE)
                memcpy(checkpoint.root.bytes, root.data, SHA256_SIZE);
        checkpoint_put_text(&note, MADE_ORIGIN, &checkpoint);
        digest = note_digest(buf_view(&note));
        buf_put_u8(&note, '\n');
        key_sign(made.log_pair, made.log_key.algorithm, sha256_view(&digest), &signature);
        r = note_put_signature(&note, MADE_ORIGIN, made.log_key.pubkey, buf_view(&signature));
        assert(r == 0);
        folder_write(&made.folder, "checkpoint", buf_view(&note));
}

static void write_files(struct view input)
{
        struct reader reader = reader_init(input);

        (void)unlinkat(made.folder.fd, "checkpoint", 0);
        for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
                (void)unlinkat(made.folder.fd, paths[i], 0);
        while (reader.left > 0) {
                size_t which = reader_u8(&reader) % (ARRAY_SIZE(paths) + 1);
                struct view content = reader_bytes(&reader, reader_u16(&reader));

                if (which == ARRAY_SIZE(paths))
                        write_checkpoint(content);
                else if (!reader.bad)
                        folder_write(&made.folder, paths[which], content);
        }
}

static int expect_next(uint64_t index, struct view bytes, void *context)
{
        uint64_t *next = context;

        assert(index == *next);
        (*next)++;
        return 0;
}

static void note_finding(const struct replay_finding *finding, void *context)
{
        size_t *count = context;

        assert(finding->where[0] && finding->text[0]);
        (*count)++;
}

static void remove_folder(void)
{
        made_done(&made);
}

static int init(void)
{
        made_init(&made);
        return atexit(remove_folder);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static int ready;
        struct journal *journal;
        struct replay_result result;
        uint64_t seen = 0, next = 0;
        size_t found = 0;
        const struct replay_options options = {.finding = note_finding, .context = &found};
        int r;

        if (!ready)
                ready = init() == 0;
        write_files(view_of(data, size));
        journal = made_open(&made);
        r = journal_walk(journal, 0, expect_next, &seen, &next, NULL);
        assert((r == 0 || r == -EBADMSG) && next == seen);
        seen = 0;
        r = journal_walk_unsealed(journal, 0, expect_next, &seen, &next, NULL);
        assert((r == 0 || r == -EBADMSG) && next == seen);
        r = replay_journal(journal, &made.ring, &options, &result, NULL);
        assert(r == 0 && found == result.findings);
        (void)journal_free(journal);
        return 0;
}
