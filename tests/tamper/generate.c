/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/file.h"
#include "tests/tamper/mutation.h"
#include "tests/tamper/replayed.h"
#include "tests/tamper/view.h"

#include <errno.h>
#include <inttypes.h>
#include <sys/wait.h>

/*
 * Tampers with a real journal in ways drawn by chance, and expects a replay to find each one.
 *
 * A mutation counts when somebody who reads the journal sees something else than before (view.h).
 * Each has a number, and is made from the seed and this number alone: `generate … SEED N 1` makes
 * the N-th again.
 *
 * usage: generate JOURNAL FORK KEYRING SEED FIRST COUNT EARLIER_CHECKPOINT...
 */

#define WORKERS   2
#define TRIES_MAX 1000
#define KINDS_MAX 80

static const struct mutation *kinds[KINDS_MAX];
static size_t kind_count;

struct outcome {
        size_t found[KINDS_MAX], missed[KINDS_MAX];
        size_t unchanged; /* drawn, but nobody would see a difference */
};

static struct material material;
static struct image mutated;
static struct sha256 genuine;

size_t material_random(struct material *from, size_t below)
{
        from->random = from->random * 6364136223846793005u + 1442695040888963407u;
        return (from->random >> 33) % below;
}

struct image_file *material_pick(struct material *from, struct image *image, const char *folder)
{
        for (;;) {
                size_t i = material_random(from, image->count);

                if (strncmp(image->files[i].path, folder, strlen(folder)) == 0)
                        return &image->files[i];
        }
}

static void add_kinds(const struct mutation *table)
{
        for (; table->name; table++) {
                assert(kind_count < KINDS_MAX);
                kinds[kind_count++] = table;
        }
}

/* Far from each other, however close the numbers are. */
static uint64_t scatter(uint64_t value)
{
        value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
        value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
        return value ^ (value >> 31);
}

/* Makes the mutation; returns its kind. */
static size_t mutate(uint64_t seed, uint64_t number, struct outcome *outcome)
{
        material.random = scatter(seed + scatter(number));
        for (unsigned tries = 0; tries < TRIES_MAX; tries++) {
                size_t kind = material_random(&material, kind_count);
                struct sha256 digest;

                image_copy(&mutated, &material.real);
                kinds[kind]->apply(&material, &mutated);
                digest = view_digest(&mutated);
                if (!view_equal(sha256_view(&digest), sha256_view(&genuine)))
                        return kind;
                outcome->unchanged++;
        }
        assert(!"nothing can be changed");
        return 0;
}

/* The tile of level 0 that a file with hashes or entries belongs to, or -1. */
static long bundle_of(const char *path)
{
        unsigned number = 0;

        return sscanf(path, "tile/entries/%3u", &number) == 1 ||
                               sscanf(path, "tile/0/%3u", &number) == 1
                       ? (long)number
                       : -1;
}

static int is_about_path(const struct replayed *replayed, size_t i, const char *path)
{
        uint64_t index = replayed->findings[i].index;
        long bundle = bundle_of(path);
        const char *where = replayed->findings[i].where;

        /* The folder of partial files stands for the one in it. */
        if (strncmp(where, path, strlen(where)) == 0)
                return 1;
        /* Tile and bundle may have been changed alike: then it is the level above that tells. */
        if (bundle >= 0 && strncmp(where, "tile/1/", 7) == 0)
                return 1;
        return bundle >= 0 && index != REPLAY_NO_INDEX && index / TILE_WIDTH == (uint64_t)bundle;
}

static int names_what_was_changed(const struct replayed *replayed)
{
        for (size_t i = 0; i < replayed->count && i < REPLAYED_KEPT; i++) {
                for (size_t file = 0; file < mutated.count; file++)
                        if (!image_same(&mutated, &material.real, mutated.files[file].path) &&
                            is_about_path(replayed, i, mutated.files[file].path))
                                return 1;
                for (size_t file = 0; file < material.real.count; file++)
                        if (!image_same(&mutated, &material.real, material.real.files[file].path) &&
                            is_about_path(replayed, i, material.real.files[file].path))
                                return 1;
        }
        return 0;
}

static int names_head(const struct replayed *replayed)
{
        for (size_t i = 0; i < replayed->count && i < REPLAYED_KEPT; i++)
                if (string_equal(replayed->findings[i].where, "checkpoint") ||
                    string_equal(replayed->findings[i].where, "earlier checkpoint"))
                        return 1;
        return 0;
}

static int is_found(const struct mutation *mutation, const struct replayed *replayed)
{
        switch (mutation->expects) {
        case EXPECT_NAMED:
                return names_what_was_changed(replayed);
        case EXPECT_EITHER:
                return names_what_was_changed(replayed) || names_head(replayed);
        case EXPECT_HEAD:
                /* Findings at the end may be more than are kept. */
                return names_head(replayed) || replayed->count > REPLAYED_KEPT;
        default:
                return replayed->count > 0 || replayed->result.unsealed > 0;
        }
}

static void try_one(const struct folder *folder, uint64_t seed, uint64_t number,
                    struct outcome *outcome)
{
        size_t kind = mutate(seed, number, outcome);
        struct replayed replayed;
        int r;

        image_store(&mutated, &material.real, folder);
        r = replayed_run(folder->path, &material.ring,
                         buf_view(image_find(&material.real, "checkpoint")), &replayed);
        if (r == 0 && is_found(kinds[kind], &replayed)) {
                outcome->found[kind]++;
        } else {
                outcome->missed[kind]++;
                (void)fprintf(stderr, "seed %" PRIu64 ", mutation %" PRIu64 ", %s: %s\n", seed,
                              number, kinds[kind]->name,
                              r < 0                ? "no answer"
                              : replayed.count > 0 ? "not named"
                                                   : "not found");
                for (size_t i = 0; i < mutated.count; i++)
                        if (!image_same(&mutated, &material.real, mutated.files[i].path))
                                (void)fprintf(stderr, "    changed: %s\n", mutated.files[i].path);
                replayed_print(&replayed);
        }
        image_store(&material.real, &mutated, folder);
}

static struct outcome work(uint64_t seed, uint64_t first, uint64_t end, uint64_t step)
{
        static const struct image nothing;
        struct folder folder = folder_new();
        struct outcome outcome = {};
        struct replayed replayed;

        image_store(&material.real, &nothing, &folder);
        for (uint64_t number = first; number < end; number += step)
                try_one(&folder, seed, number, &outcome);
        /* After all that, it is as it was. */
        expect_integer(replayed_run(folder.path, &material.ring,
                                    buf_view(image_find(&material.real, "checkpoint")), &replayed),
                       0);
        expect_integer(replayed.count, 0);
        folder_done(&folder);
        return outcome;
}

/* Half of the numbers each; what they found comes back through a pipe. */
static void work_in_parallel(uint64_t seed, uint64_t first, uint64_t count, struct outcome *ret)
{
        int pipes[2], status;
        struct outcome outcome;

        assert(pipe2(pipes, O_CLOEXEC) == 0);
        for (unsigned i = 0; i < WORKERS; i++) {
                pid_t pid = fork();

                assert(pid >= 0);
                if (pid > 0)
                        continue;
                outcome = work(seed, first + i, first + count, WORKERS);
                assert(write(pipes[1], &outcome, sizeof(outcome)) == sizeof(outcome));
                _exit(test_result());
        }
        for (unsigned i = 0; i < WORKERS; i++) {
                expect_integer(wait(&status) > 0, 1);
                expect_integer(status, 0);
                if (status != 0)
                        continue;
                assert(read(pipes[0], &outcome, sizeof(outcome)) == sizeof(outcome));
                ret->unchanged += outcome.unchanged;
                for (size_t kind = 0; kind < kind_count; kind++) {
                        ret->found[kind] += outcome.found[kind];
                        ret->missed[kind] += outcome.missed[kind];
                }
        }
        (void)close(pipes[0]);
        (void)close(pipes[1]);
}

static uint64_t size_of(struct view checkpoint)
{
        struct reader reader = reader_init(checkpoint);
        uint64_t size = 0;

        (void)reader_until(&reader, '\n');
        return view_parse_decimal(reader_until(&reader, '\n'), &size) < 0 ? 0 : size;
}

static void load(char **argv)
{
        struct problem problem = {};
        int r = keyring_load(argv[3], &material.ring, &problem);

        image_load(&material.real, argv[1]);
        image_load(&material.fork, argv[2]);
        material.size = size_of(buf_view(image_find(&material.real, "checkpoint")));
        material.fork_size = size_of(buf_view(image_find(&material.fork, "checkpoint")));
        records_read(&material.records, &material.real, material.size);
        records_read(&material.fork_records, &material.fork, material.fork_size);
        for (char **path = argv + 7; *path && r == 0; path++) {
                struct buf *text = &material.earlier[material.earlier_count];

                assert(material.earlier_count < EARLIER_MAX);
                r = file_read(AT_FDCWD, *path, text, &problem);
                material.earlier_size[material.earlier_count++] = size_of(buf_view(text));
        }
        if (r < 0) {
                (void)fprintf(stderr, "%s\n", problem_text(&problem, r));
                exit(2);
        }
        /* Two full tiles, and something in each partial one. */
        assert(material.size > 2 * TILE_WIDTH + 20 && material.size % TILE_WIDTH > 20 &&
               material.earlier_count > 0);
        material.stranger = key_new(algorithm_find("ecdsa-p256"));
        genuine = view_digest(&material.real);
}

static void tell(const struct outcome *outcome, uint64_t seed)
{
        size_t found = 0, missed = 0;

        for (size_t kind = 0; kind < kind_count; kind++) {
                (void)printf("%6zu of %6zu found: %s\n", outcome->found[kind],
                             outcome->found[kind] + outcome->missed[kind], kinds[kind]->name);
                found += outcome->found[kind];
                missed += outcome->missed[kind];
        }
        (void)printf("seed %" PRIu64
                     ": %zu mutations, %zu not found; drawn beside them and without "
                     "effect: %zu\n",
                     seed, found + missed, missed, outcome->unchanged);
        expect_integer(missed, 0);
}

int main(int argc, char **argv)
{
        struct outcome outcome = {};
        uint64_t seed, first, count;

        if (argc < 8 || view_parse_decimal(view_string(argv[4]), &seed) < 0 ||
            view_parse_decimal(view_string(argv[5]), &first) < 0 ||
            view_parse_decimal(view_string(argv[6]), &count) < 0) {
                (void)fprintf(stderr, "usage: generate JOURNAL FORK KEYRING SEED FIRST COUNT "
                                      "EARLIER_CHECKPOINT...\n");
                return 2;
        }
        (void)printf("seed %" PRIu64 "\n", seed);
        (void)fflush(stdout);
        add_kinds(mutations_of_bytes);
        add_kinds(mutations_of_tiles);
        add_kinds(mutations_of_wal);
        add_kinds(mutations_of_records);
        add_kinds(mutations_of_checkpoints);
        load(argv);
        work_in_parallel(seed, first, count, &outcome);
        tell(&outcome, seed);
        return test_result();
}
