/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Without libFuzzer, a fuzz target is a test: it takes the empty input and then each file of the
 * folder given. A folder without files is a mistake and fails.
 */

#include "lib/file.h"
#include "tests/fuzz/fuzz.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>

#define INPUT_MAX ((size_t)16 << 20)

static void closedirp(DIR **folder)
{
        if (*folder)
                (void)closedir(*folder);
}

/* A copy of exactly the input's size, so that a sanitizer sees the first byte read past it. */
static int replay_bytes(struct view input)
{
        _cleanup_(freep) uint8_t *exact = malloc(input.size > 0 ? input.size : 1);

        if (!exact)
                return -1;
        if (input.size > 0)
                memcpy(exact, input.data, input.size);
        return LLVMFuzzerTestOneInput(exact, input.size);
}

static int replay_file(int folder, const char *name)
{
        _cleanup_(buf_done) struct buf input = BUF_INIT(INPUT_MAX);
        struct problem problem = {};
        int r = file_read(folder, name, &input, &problem);

        if (r < 0) {
                (void)fprintf(stderr, "%s\n", problem_text(&problem, r));
                return r;
        }
        return replay_bytes(buf_view(&input));
}

/* How many files were replayed, or -1. */
static long replay_folder(const char *path)
{
        _cleanup_(closedirp) DIR *folder = opendir(path);
        struct dirent *entry;
        long count = 0;

        if (!folder) {
                perror(path);
                return -1;
        }
        while ((entry = readdir(folder))) {
                if (entry->d_name[0] == '.')
                        continue;
                if (replay_file(dirfd(folder), entry->d_name) != 0) {
                        (void)fprintf(stderr, "%s/%s: not replayed\n", path, entry->d_name);
                        return -1;
                }
                count++;
        }
        return count;
}

int main(int argc, char **argv)
{
        long count;

        if (argc != 2) {
                (void)fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
                return EXIT_FAILURE;
        }
        if (LLVMFuzzerTestOneInput((const uint8_t *)"", 0) != 0)
                return EXIT_FAILURE;
        count = replay_folder(argv[1]);
        if (count == 0)
                (void)fprintf(stderr, "%s: no seeds\n", argv[1]);
        return count > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
