/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/file.h"
#include "lib/replay-told.h"
#include "tests/test.h"
#include "tests/unit/edit.h"
#include "tests/unit/made-journal.h"

struct findings {
        uint64_t count;
        char text[PROBLEM_TEXT_MAX]; /* of the last one */
};

static void note_finding(const struct replay_finding *finding, void *context)
{
        struct findings *findings = context;

        findings->count++;
        (void)snprintf(findings->text, sizeof(findings->text), "%s", finding->text);
}

static void expect_findings(const struct made_journal *made, uint64_t count, const char *text)
{
        _cleanup_(journal_freep) struct journal *journal = made_open(made);
        struct findings findings = {};
        const struct replay_options options = {.finding = note_finding, .context = &findings};
        struct replay_result result;

        expect_integer(replay_journal(journal, &made->ring, &options, &result, NULL), 0);
        expect_integer(findings.count, count);
        expect_integer(result.findings, count);
        expect_contains(findings.text, text);
}

/* As an agent that runs does. */
static int hold_lock(const struct made_journal *made)
{
        struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
        int fd;

        folder_write(&made->folder, JOURNAL_LOCK, view_of(NULL, 0));
        fd = openat(made->folder.fd, JOURNAL_LOCK, O_RDWR | O_CLOEXEC);
        expect_integer(fcntl(fd, F_OFD_SETLK, &lock), 0);
        return fd;
}

/* 300 records, 290 of them sealed. */
static void make_journal(struct made_journal *made)
{
        made_init(made);
        made_add_records(made, 300);
        made_publish(made, 290);
}

static void edit_records(struct made_journal *made, size_t first, size_t end)
{
        for (size_t i = first; i < end; i++)
                buf_put_u8(&made->entries[i], ' ');
}

static void damage_late_byte(const struct made_journal *made, const char *path)
{
        _cleanup_(buf_done) struct buf content = {};

        expect_integer(file_read(made->folder.fd, path, &content, NULL), 0);
        content.data[content.size / 4 * 3] ^= 1;
        folder_write(&made->folder, path, buf_view(&content));
}

/* While an agent writes, the replay reads the write-ahead file again as long as there is more: what
 * it finds there is told once. */
static void test_live(void)
{
        static const struct {
                const char *label, *text;
                size_t edited, end, segment;
                int damaged;
                uint64_t count;
        } rows[] = {
                {"the newest bundle", "is not the record in tile/entries", 270, 271, 256, 0, 1},
                {"an older bundle", "is not the record in tile/entries", 17, 18, 0, 0, 1},
                {"many", "is not the record in tile/entries", 0, 290, 0, 0, 290},
                {"damage after what is new", "damaged at byte", 0, 0, 256, 1, 1},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                struct made_journal made;
                char path[WAL_NAME_SIZE];
                int fd;

                test_label = rows[i].label;
                make_journal(&made);
                edit_records(&made, rows[i].edited, rows[i].end);
                made_write_segment(&made, rows[i].segment, 300, 7);
                if (rows[i].damaged)
                        damage_late_byte(&made, wal_path(rows[i].segment, path));
                fd = hold_lock(&made);
                expect_findings(&made, rows[i].count, rows[i].text);
                expect_integer(close(fd), 0);
                made_done(&made);
        }
        test_label = "";
}

/* Nor twice without an agent: a bundle is tried again whose tile does not help out. */
static void test_cut_short(void)
{
        _cleanup_(buf_done) struct buf content = {};
        struct made_journal made;

        make_journal(&made);
        made_publish(&made, 256);
        expect_integer(file_read(made.folder.fd, "tile/entries/000", &content, NULL), 0);
        content.size -= 10;
        folder_write(&made.folder, "tile/entries/000", buf_view(&content));
        expect_integer(unlinkat(made.folder.fd, "tile/0/000", 0), 0);
        expect_findings(&made, 2, "only 255 are there"); /* and the bundle is cut short */
        made_done(&made);
}

static int is_told(struct told *told, uint64_t index, const char *where, const char *text)
{
        return told_before(told, &(struct replay_finding){index, where, text, 0});
}

/* All that tells two findings apart; and no more of them are remembered than there is room for. */
static void test_told(void)
{
        struct told told = {};

        for (int again = 0; again < 2; again++) {
                expect_integer(is_told(&told, 1, "a", "b"), again);
                expect_integer(is_told(&told, 2, "a", "b"), again);
                expect_integer(is_told(&told, 1, "ab", ""), again);
                expect_integer(is_told(&told, 1, "", "ab"), again);
        }
        for (uint64_t i = 3; told.count < REPLAY_TOLD_MAX; i++)
                expect_integer(is_told(&told, i, "a", "b"), 0);
        for (int again = 0; again < 2; again++)
                expect_integer(is_told(&told, 0, "a", "b"), 0);
        expect_integer(is_told(&told, 1, "a", "b"), 1);
        told_done(&told);
}

int main(void)
{
        test_live();
        test_cut_short();
        test_told();
        return test_result();
}
