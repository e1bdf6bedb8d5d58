/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/file.h"
#include "tests/tamper/replayed.h"
#include "tests/unit/folder.h"

#include <errno.h>

/*
 * Changes a real journal, one byte or one file at a time, and expects `journal verify` to find each
 * change and to name the record or the file. Small files are changed at every byte.
 *
 * usage: mutate JOURNAL KEYRING MUTATIONS
 */

#define FILES_MAX  512
#define SMALL_FILE ((size_t)700)
#define FILE_LIMIT ((size_t)64 << 20)

struct file {
        char path[80]; /* relative to the journal */
        struct buf content;
};

static struct {
        const char *path;
        struct folder folder;
        struct keyring ring;
        struct file files[FILES_MAX];
        size_t count;
        struct checkpoint checkpoint;
        size_t mutations, random;
} journal;

static size_t next_random(size_t below)
{
        journal.random = journal.random * 6364136223846793005u + 1442695040888963407u;
        return (journal.random >> 33) % below;
}

static int note_file(const char *path, const struct stat *status, int type, struct FTW *place)
{
        struct file *file = &journal.files[journal.count];

        if (type != FTW_F || string_equal(path + place->base, "lock"))
                return 0; /* whether the lock is there, and what it holds, means nothing */
        assert(journal.count < FILES_MAX);
        (void)snprintf(file->path, sizeof(file->path), "%s", path + strlen(journal.path) + 1);
        file->content.limit = FILE_LIMIT;
        journal.count++;
        return file_read(AT_FDCWD, path, &file->content, NULL);
}

static void report(const struct file *file, const char *change, size_t offset,
                   const struct replayed *replayed, const char *what)
{
        test_failures++;
        (void)fprintf(stderr, "%s: %s at %zu of %zu: %s\n", file->path, change, offset,
                      file->content.size, what);
        replayed_print(replayed);
}

/* Which tile of the lowest level a file with hashes or entries belongs to, or -1. */
static long bundle_of(const char *path)
{
        unsigned number = 0;

        return sscanf(path, "tile/entries/%3u", &number) == 1 ||
                               sscanf(path, "tile/0/%3u", &number) == 1
                       ? (long)number
                       : -1;
}

/* The file itself, or for a record its number or the hash that it no longer has. */
static int names_file(const struct replayed *replayed, const struct file *file)
{
        long bundle = bundle_of(file->path);

        for (size_t i = 0; i < replayed->count && i < REPLAYED_KEPT; i++) {
                uint64_t index = replayed->findings[i].index;

                if (string_equal(replayed->findings[i].where, file->path))
                        return 1;
                if (bundle >= 0 && index != REPLAY_NO_INDEX &&
                    index / TILE_WIDTH == (uint64_t)bundle)
                        return 1;
        }
        return 0;
}

/* Replays and puts the file back. */
static void expect_found(const struct file *file, const char *change, size_t offset)
{
        struct replayed replayed;

        journal.mutations++;
        if (replayed_run(journal.path, &journal.ring, view_of(NULL, 0), &replayed) < 0)
                report(file, change, offset, &replayed, "no answer");
        else if (replayed.count == 0)
                report(file, change, offset, &replayed, "not found");
        else if (!names_file(&replayed, file))
                report(file, change, offset, &replayed, "not named");
        folder_write(&journal.folder, file->path, buf_view(&file->content));
}

static void flip(const struct file *file, size_t offset)
{
        uint8_t change = (uint8_t)(1 + next_random(255));

        file->content.data[offset] ^= change;
        folder_write(&journal.folder, file->path, buf_view(&file->content));
        file->content.data[offset] ^= change;
        expect_found(file, "changed", offset);
}

/* Every byte of the small files, the first and last of the others, and the rest of @mutations
 * anywhere in these. */
static void flip_bytes(size_t mutations)
{
        size_t large = 0;

        for (size_t i = 0; i < journal.count; i++) {
                const struct file *file = &journal.files[i];

                for (size_t at = 0; file->content.size <= SMALL_FILE && at < file->content.size;
                     at++)
                        flip(file, at);
                if (file->content.size <= SMALL_FILE)
                        continue;
                large += file->content.size;
                flip(file, 0);
                flip(file, file->content.size - 1);
        }
        while (journal.mutations < mutations) {
                size_t at = next_random(large), i = 0;

                for (;; i++) {
                        if (journal.files[i].content.size <= SMALL_FILE)
                                continue;
                        if (at < journal.files[i].content.size)
                                break;
                        at -= journal.files[i].content.size;
                }
                flip(&journal.files[i], at);
        }
}

/* A segment that ends between two batches is as good as one that never got more: what is missing
 * had no checkpoint, or is in the bundles. */
static int ends_between_batches(struct view segment, const char *path)
{
        _cleanup_(freep) struct wal_entry *entries = calloc(WAL_BATCH_COUNT, sizeof(*entries));
        uint64_t index = 0;
        enum wal_found found;
        uint32_t count = 0;
        size_t offset = 0;

        assert(entries && sscanf(path, "wal/%20llu", (unsigned long long *)&index) == 1);
        while ((found = wal_read_batch(segment, &offset, index, entries, &count)) == WAL_BATCH)
                index += count;
        return found == WAL_END;
}

static void cut(const struct file *file, size_t size)
{
        if (strncmp(file->path, "wal/", 4) == 0 &&
            ends_between_batches(view_of(file->content.data, size), file->path))
                return;
        folder_write(&journal.folder, file->path, view_of(file->content.data, size));
        expect_found(file, "cut", size);
}

static void cut_and_lengthen(void)
{
        for (size_t i = 0; i < journal.count; i++) {
                struct file *file = &journal.files[i];

                if (file->content.size == 0)
                        continue; /* a segment that nothing was written to yet */
                cut(file, file->content.size - 1);
                cut(file, 0);
                for (unsigned j = 0; j < 5; j++)
                        cut(file, next_random(file->content.size));
                for (unsigned byte = 0; byte < 256; byte += 85) {
                        if (byte == 0 && strncmp(file->path, "wal/", 4) == 0)
                                continue; /* room for batches, as there may be */
                        buf_put_u8(&file->content, (uint8_t)byte);
                        folder_write(&journal.folder, file->path, buf_view(&file->content));
                        file->content.size--;
                        expect_found(file, "lengthened", file->content.size);
                }
        }
}

/* Files that a complete copy can do without: the write-ahead file, whose sealed records are in the
 * bundles (what is not sealed nobody can miss without a receipt), and partial tiles of checkpoints
 * before the newest. */
static int may_be_absent(const char *path)
{
        const char *partial = strstr(path, ".p/");
        unsigned level = 0;

        if (strncmp(path, "wal/", 4) == 0)
                return 1;
        if (!partial)
                return 0;
        (void)sscanf(path, "tile/%1u", &level); /* stays 0 for entries */
        return strtoull(partial + 3, NULL, 10) !=
               tile_hashes((int)level, journal.checkpoint.size) % TILE_WIDTH;
}

static void remove_files(void)
{
        for (size_t i = 0; i < journal.count; i++) {
                const struct file *file = &journal.files[i];

                expect_integer(unlinkat(journal.folder.fd, file->path, 0), 0);
                if (!may_be_absent(file->path)) {
                        expect_found(file, "removed", 0);
                        continue;
                }
                (void)printf("may be absent: %s\n", file->path);
                folder_write(&journal.folder, file->path, buf_view(&file->content));
        }
}

/* Something of the same name that is no file. It must neither be taken for one nor waited for. */
static void replace_files(void)
{
        for (size_t i = 0; i < journal.count; i++) {
                const struct file *file = &journal.files[i];

                for (unsigned kind = 0; kind < 4; kind++) {
                        int r, is_folder = kind == 0;

                        expect_integer(unlinkat(journal.folder.fd, file->path, 0), 0);
                        if (is_folder)
                                r = mkdirat(journal.folder.fd, file->path, 0700);
                        else if (kind == 1)
                                r = mkfifoat(journal.folder.fd, file->path, 0600);
                        else
                                r = symlinkat(kind == 2 ? "/dev/zero" : "/dev/full",
                                              journal.folder.fd, file->path);
                        expect_integer(r, 0);
                        test_label = file->path;
                        {
                                struct replayed replayed;

                                journal.mutations++;
                                r = replayed_run(journal.path, &journal.ring, view_of(NULL, 0),
                                                 &replayed);
                                if (r < 0 || replayed.count == 0 || !names_file(&replayed, file))
                                        report(file, "replaced", kind, &replayed, "not found");
                        }
                        test_label = "";
                        expect_integer(unlinkat(journal.folder.fd, file->path,
                                                is_folder ? AT_REMOVEDIR : 0),
                                       0);
                        folder_write(&journal.folder, file->path, buf_view(&file->content));
                }
        }
}

/* Whole folders that have become files. */
static void replace_folders(void)
{
        static const char *const folders[] = {"tile", "tile/0", "tile/entries", "wal"};

        for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
                struct replayed replayed;

                test_label = folders[i];
                expect_integer(renameat(journal.folder.fd, folders[i], journal.folder.fd, "aside"),
                               0);
                folder_write(&journal.folder, folders[i], view_string("no folder"));
                journal.mutations++;
                expect_integer(
                        replayed_run(journal.path, &journal.ring, view_of(NULL, 0), &replayed), 0);
                expect(replayed.count > 0);
                expect_integer(unlinkat(journal.folder.fd, folders[i], 0), 0);
                expect_integer(renameat(journal.folder.fd, "aside", journal.folder.fd, folders[i]),
                               0);
                test_label = "";
        }
}

static void expect_good(void)
{
        struct replayed replayed;

        expect_integer(replayed_run(journal.path, &journal.ring, view_of(NULL, 0), &replayed), 0);
        expect_integer(replayed.count, 0);
        replayed_print(&replayed);
        journal.checkpoint = replayed.result.checkpoint;
        (void)printf("%llu records, %llu signatures, %llu sealed, %llu unsealed\n",
                     (unsigned long long)replayed.result.records,
                     (unsigned long long)replayed.result.signatures,
                     (unsigned long long)replayed.result.checkpoint.size,
                     (unsigned long long)replayed.result.unsealed);
        expect(journal.checkpoint.size > TILE_WIDTH && replayed.result.signatures > TILE_WIDTH);
}

int main(int argc, char **argv)
{
        struct problem problem = {};
        uint64_t mutations;
        int r;

        if (argc != 4 || view_parse_decimal(view_string(argv[3]), &mutations) < 0) {
                (void)fprintf(stderr, "usage: mutate JOURNAL KEYRING MUTATIONS\n");
                return 2;
        }
        journal.path = argv[1];
        journal.random = 1;
        journal.folder.fd = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        r = keyring_load(argv[2], &journal.ring, &problem);
        if (r < 0 || nftw(argv[1], note_file, 16, FTW_PHYS) != 0 || journal.count == 0) {
                (void)fprintf(stderr, "%s: cannot be read: %s\n", argv[1], problem.text);
                return 2;
        }
        expect_good();
        flip_bytes(mutations);
        cut_and_lengthen();
        remove_files();
        replace_files();
        replace_folders();
        expect_good();
        (void)printf("%zu mutations of %zu files, %d not found\n", journal.mutations, journal.count,
                     test_failures);
        for (size_t i = 0; i < journal.count; i++)
                buf_done(&journal.files[i].content);
        keyring_done(&journal.ring);
        (void)close(journal.folder.fd);
        return test_result();
}
