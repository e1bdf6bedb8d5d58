/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The disk alone: raw-sync FOLDER COUNT
 *
 * Appends 800 bytes to a file and calls fdatasync(), COUNT times. Prints the latency in
 * microseconds at the 50th percentile.
 */
#include <fcntl.h>
#include <stdio.h>

#include "tests/bench/sample.h"

int main(int argc, char **argv)
{
        static const char block[800];
        size_t count = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;
        _cleanup_(freep) char *path = NULL;
        _cleanup_(fd_closep) int fd = -1;

        if (count == 0 || asprintf(&path, "%s/raw-sync", argv[1]) < 0) {
                (void)fprintf(stderr, "usage: raw-sync FOLDER COUNT\n");
                return 2;
        }
        fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        for (size_t i = 0; i < count; i++) {
                double before = now();

                if (write(fd, block, sizeof(block)) != sizeof(block) || fdatasync(fd) < 0) {
                        perror("raw-sync");
                        return EXIT_FAILURE;
                }
                sample_add(now() - before);
        }
        (void)unlink(path);
        (void)printf("%.0f\n", sample_percentile(50));
        return EXIT_SUCCESS;
}
