/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How much disk a journal takes, and how much is written to it, for each byte of its records, at
 * several rhythms of requests. No time passes: what counts is how many records there are between
 * two checkpoints.
 *
 * disk [RECORD_SIZE [RECORDS]]
 */
#include "tests/bench/journal.h"
#include "tests/unit/occupied.h"

#define FROM ((uint64_t)10000) /* records: before, the constant part is not small */

/* Nothing has to survive: --wrap. */
int __wrap_fsync(int fd);
int __wrap_fdatasync(int fd);

int __wrap_fsync(int fd)
{
        return 0;
}

int __wrap_fdatasync(int fd)
{
        return 0;
}

static void measure(const char *rhythm, size_t each, size_t record_size, uint64_t records)
{
        struct folder folder = folder_new();
        struct bench_journal journal;
        double worst = 0, last = 0;
        char path[80];
        uint64_t written;

        (void)snprintf(path, sizeof(path), "%s/journal", folder.path);
        bench_init(&journal, path, record_size);
        written = bench_proc("/proc/self/io", "wchar:");
        while (journal.appended < records) {
                bench_append(&journal, each);
                bench_publish(&journal);
                if (journal.appended < FROM || (each < 8 && journal.appended % 5 != 0))
                        continue;
                last = (double)occupied_by(path) / (double)journal.record_bytes;
                worst = last > worst ? last : worst;
        }
        written = bench_proc("/proc/self/io", "wchar:") - written;
        (void)printf("%s: disk at most %.3f and in the end %.3f of the records; written %.1f of "
                     "them, %llu bytes a record\n",
                     rhythm, worst, last, (double)written / (double)journal.record_bytes,
                     (unsigned long long)(written / journal.appended));
        bench_done(&journal);
        folder_done(&folder);
}

int main(int argc, char **argv)
{
        uint64_t size = 550, records = 20000;

        if ((argc > 1 && view_parse_decimal(view_string(argv[1]), &size) < 0) ||
            (argc > 2 && view_parse_decimal(view_string(argv[2]), &records) < 0) || size < 8 ||
            size > ENTRY_SIZE_MAX) {
                (void)fprintf(stderr, "usage: disk [RECORD_SIZE [RECORDS]]\n");
                return 2;
        }
        measure("1 record a checkpoint", 1, size, records);
        measure("100 records a checkpoint", 100, size, records);
        measure("5000 records a checkpoint", 5000, size, records);
        return EXIT_SUCCESS;
}
