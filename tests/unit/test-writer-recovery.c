/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/written-quickly.h"

static struct view wal_bytes(const struct written *written, uint64_t first, struct buf *ret)
{
        char place[192], path[WAL_NAME_SIZE];

        (void)snprintf(place, sizeof(place), "%s/%s", written->path, wal_path(first, path));
        expect_integer(file_read(AT_FDCWD, place, ret, NULL), 0);
        return buf_view(ret);
}

static void write_wal(const struct written *written, uint64_t first, struct view bytes)
{
        char place[192], path[WAL_NAME_SIZE];
        int fd;

        (void)snprintf(place, sizeof(place), "%s/%s", written->path, wal_path(first, path));
        fd = open(place, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        expect_integer(file_write_all(fd, bytes), 0);
        expect_integer(close(fd), 0);
}

/* Bytes of batches, without the room behind them. */
static size_t wal_used(struct view bytes)
{
        while (bytes.size > 0 && bytes.data[bytes.size - 1] == 0)
                bytes.size--;
        return bytes.size;
}

/* Cut anywhere in its last batch, or with rubbish behind it, the write-ahead file gives back
 * exactly the batches before. */
static void test_torn_tail(void)
{
        _cleanup_(buf_done) struct buf whole = {}, torn = {};
        struct written written;
        size_t before, step;
        struct view bytes;

        written_init(&written, 8);
        expect_open(&written, 0, 0);
        append_noise(&written, 5, 30);
        before = wal_used(wal_bytes(&written, 0, &whole));
        buf_clear(&whole);
        append_noise(&written, 5, 30);
        written.writer = writer_free(written.writer);
        bytes = wal_bytes(&written, 0, &whole);
        step = 1;
        for (size_t size = before; size < bytes.size; size += step) {
                write_wal(&written, 0, view_of(bytes.data, size));
                written.durable = 5;
                expect_open(&written, 5, wal_used(view_of(bytes.data, size)) - before);
                written.writer = writer_free(written.writer);
                expect_open(&written, 5, 0); /* it has been cut off */
                written.writer = writer_free(written.writer);
        }
        buf_put_view(&torn, bytes);
        buf_put_string(&torn, "HMwb rubbish");
        write_wal(&written, 0, buf_view(&torn));
        written.durable = 10;
        expect_open(&written, 10, 12);
        append_noise(&written, 0, 0);
        written_done(&written);
}

static void test_damage(void)
{
        static const struct {
                const char *label, *path;
                int remove;
                size_t from_end; /* the byte to change; 0: the first one */
                int r;
                const char *problem;
        } rows[] = {
                {"batch", "wal/00000000000000000256", 0, 126, -EBADMSG,
                 "wal/00000000000000000256: damaged at byte "},
                {"checkpoint", "checkpoint", 0, 0, -EKEYREJECTED, "checkpoint: "},
                {"sealed record", "tile/entries/001.p/34", 0, 1, -EBADMSG,
                 "root over the 290 records of the checkpoint: expected "},
                {"full tile", "tile/0/000", 0, 700, -EBADMSG,
                 "root over the 290 records of the checkpoint: expected "},
                {"no full tile", "tile/0/000", 1, 0, -ENOENT, "tile/0/000: not there"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_(buf_done) struct buf content = {};
                struct written written;
                struct folder folder;

                test_label = rows[i].label;
                written_init(&written, 9);
                expect_open(&written, 0, 0);
                append_noise(&written, 290, 20);
                expect_published(&written);
                append_noise(&written, 3, 20);
                append_noise(&written, 3, 20);
                written.writer = writer_free(written.writer);
                folder.fd = open(written.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
                expect_integer(file_read(folder.fd, rows[i].path, &content, NULL), 0);
                if (rows[i].remove)
                        expect_integer(unlinkat(folder.fd, rows[i].path, 0), 0);
                assert(content.size > rows[i].from_end);
                content.data[rows[i].from_end ? content.size - rows[i].from_end : 0] ^= 1;
                if (!rows[i].remove)
                        folder_write(&folder, rows[i].path, buf_view(&content));
                expect_integer(written_open(&written), rows[i].r);
                expect(!written.writer);
                expect_contains(written.problem.text, rows[i].problem);
                (void)close(folder.fd);
                written_done(&written);
        }
        test_label = "";
}

static void test_missing_records(void)
{
        struct written written;
        char place[192];

        written_init(&written, 10);
        expect_open(&written, 0, 0);
        append_noise(&written, 300, 20);
        expect_integer(writer_prepare(written.writer, &written.problem), 0);
        append_noise(&written, 5, 20);
        written.writer = writer_free(written.writer);
        (void)snprintf(place, sizeof(place), "%s/tile/entries/000", written.path);
        expect_integer(unlink(place), 0);
        expect_integer(written_open(&written), -EBADMSG);
        expect_contains(written.problem.text,
                        "records 0 to 255 are missing before the newest of wal/");
        written_done(&written);
}

/* A checkpoint by the log key over other records, or more than there are. */
static void test_other_checkpoint(void)
{
        struct written written;

        written_init(&written, 11);
        for (unsigned i = 0; i < 3; i++) {
                _cleanup_(buf_done) struct buf note = {};
                struct checkpoint other;

                expect_open(&written, 0, 0);
                append_noise(&written, 20, 20);
                expect_published(&written);
                other = writer_head(written.writer);
                other.size += i == 0;
                other.size = i == 2 ? (uint64_t)1 << 63 : other.size;
                other.root.bytes[7] ^= i == 1;
                written_put_checkpoint(&written, &other, &note);
                expect_integer(writer_publish(written.writer, buf_view(&note), NULL), 0);
                written.writer = writer_free(written.writer);
                expect_integer(written_open(&written), i < 2 ? -EBADMSG : -ENOENT);
                expect(strlen(written.problem.text) > 0);
                written_forget(&written);
        }
        written_done(&written);
}

static void test_keys(void)
{
        struct written written;
        struct pubkey *stranger;

        written_init(&written, 12);
        expect_open(&written, 0, 0);
        append_noise(&written, 20, 20);
        expect_published(&written);
        written.writer = writer_free(written.writer);
        stranger = written.log_key;
        written.log_key = NULL;
        expect_integer(written_open(&written), -ENOKEY);
        expect_text(view_string(written.problem.text),
                    "checkpoint: there is a checkpoint, but no log key that could have signed it");
        written.log_key = stranger;
        expect_integer(writer_open(written.event,
                                   &(struct writer_options){written.path, "example.org/other",
                                                            written.log_key},
                                   &written.writer, &written.recovery, &written.problem),
                       -ENOKEY);
        expect(!written.writer);
        written_done(&written);
}

/* The published checkpoint with the signature of a second log key, over @text or what is there. */
static void sign_again(struct written *written, EVP_PKEY *pair, const char *text)
{
        _cleanup_(pubkey_freep) struct pubkey *key = key_public(pair);
        _cleanup_(buf_done) struct buf bytes = BUF_INIT(NOTE_SIZE_MAX), signature = {};
        _cleanup_(note_done) struct note note = {};

        expect_integer(writer_read_checkpoint(written->writer, &bytes, NULL), 0);
        expect_integer(note_parse(buf_view(&bytes), &note, NULL), 0);
        key_sign_message(pair, text ? view_string(text) : note.text, &signature);
        expect_integer(note_put_signature(&bytes, WRITTEN_ORIGIN, key, buf_view(&signature)), 0);
        expect_integer(writer_republish(written->writer, buf_view(&bytes), NULL), 0);
}

static int open_with_second(struct written *written, struct pubkey *second)
{
        written->writer = writer_free(written->writer);
        written->problem = (struct problem){};
        return writer_open(
                written->event,
                &(struct writer_options){written->path, WRITTEN_ORIGIN, written->log_key, second},
                &written->writer, &written->recovery, &written->problem);
}

/* Where there are two signatures, both count. */
static void test_second_key(void)
{
        _cleanup_(key_freep) EVP_PKEY *pair = key_new(algorithm_find("ed25519"));
        _cleanup_(pubkey_freep) struct pubkey *second = key_public(pair);
        struct written written;

        written_init(&written, 13);
        expect_open(&written, 0, 0);
        append_noise(&written, 20, 20);
        expect_published(&written);
        expect_integer(open_with_second(&written, second), 0); /* there is one signature */
        sign_again(&written, pair, NULL);
        expect_integer(open_with_second(&written, second), 0);
        expect_integer(written.recovery.sealed, 20);
        sign_again(&written, pair, "another text\n");
        expect_integer(open_with_second(&written, second), -EKEYREJECTED);
        expect_contains(written.problem.text,
                        "checkpoint: signature of \"" WRITTEN_ORIGIN "\" does not verify");
        expect_integer(open_with_second(&written, NULL), 0); /* nobody knows whose it is */
        written_done(&written);
}

static void test_two_writers(void)
{
        struct writer *second = NULL;
        struct writer_recovery recovery;
        struct problem problem = {};
        struct written written;

        written_init(&written, 7);
        expect_open(&written, 0, 0);
        expect_integer(
                writer_open(written.event,
                            &(struct writer_options){written.path, WRITTEN_ORIGIN, written.log_key},
                            &second, &recovery, &problem),
                -EBUSY);
        expect(!second);
        expect_text(view_string(problem.text), "wal/lock: another agent writes this journal");
        append_noise(&written, 3, 10);
        reopen(&written);
        written_done(&written);
}

/* A bundle that no checkpoint covers yet: as long as the write-ahead file has the records, too,
 * those are believed, and the bundle is written again. After that, bundle and hashes must agree. */
static void test_damaged_unsealed_bundle(void)
{
        static const char segment[] = "wal/00000000000000000000", bundle[] = "tile/entries/001";

        for (int trimmed = 0; trimmed < 2; trimmed++) {
                _cleanup_(buf_done) struct buf content = {}, kept = {};
                struct written written;
                struct folder folder;

                written_init(&written, 15);
                expect_open(&written, 0, 0);
                append_noise(&written, 100, 50);
                expect_published(&written);
                append_noise(&written, 500, 50);
                folder.fd = open(written.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
                expect_integer(file_read(folder.fd, segment, &kept, NULL), 0);
                expect_integer(writer_prepare(written.writer, &written.problem), 0);
                written.writer = writer_free(written.writer);
                if (!trimmed)
                        folder_write(&folder, segment, buf_view(&kept));
                expect_integer(file_read(folder.fd, bundle, &content, NULL), 0);
                content.data[content.size - 1] ^= 1;
                folder_write(&folder, bundle, buf_view(&content));
                if (!trimmed) {
                        expect_open(&written, 500, 0);
                        expect_published(&written);
                        written_expect_tiles(&written, 0);
                } else {
                        expect_integer(written_open(&written), -EBADMSG);
                        expect_text(view_string(written.problem.text),
                                    "record 511: its hash is not the one in tile/0/001");
                }
                (void)close(folder.fd);
                written_done(&written);
        }
}

/* A crash may come before a new segment has its name. */
static void test_unfinished_segment(void)
{
        struct written written;
        struct folder folder;
        struct stat status;

        written_init(&written, 16);
        expect_open(&written, 0, 0);
        append_noise(&written, 300, 20);
        written.writer = writer_free(written.writer);
        folder.fd = open(written.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        folder_write(&folder, "wal/00000000000000000256.tmp", view_string("HMwb"));
        expect_open(&written, 300, 0);
        expect_integer(fstatat(folder.fd, "wal/00000000000000000256.tmp", &status, 0), -1);
        expect_integer(errno, ENOENT);
        (void)close(folder.fd);
        written_done(&written);
}

int main(void)
{
        test_second_key();
        test_two_writers();
        test_torn_tail();
        test_damage();
        test_missing_records();
        test_other_checkpoint();
        test_keys();
        test_damaged_unsealed_bundle();
        test_unfinished_segment();
        return test_result();
}
