/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a journal that has grown is as fast as a small one: rates of appending, memory, and the
 * time that a start takes, at each doubling.
 *
 * growth FOLDER [RECORDS [RECORD_SIZE]]: makes FOLDER/journal, and leaves it there. Ten million
 * records of 300 bytes take 3.5 GB.
 */
#include "tests/bench/journal.h"

#include <errno.h>

#define BATCH  ((size_t)250)
#define WINDOW ((uint64_t)50000) /* records of which the rate is taken */
#define EACH   ((uint64_t)5000)  /* records a checkpoint */

static void grow(struct bench_journal *journal, uint64_t records)
{
        for (uint64_t end = journal->appended + records; journal->appended < end;) {
                bench_append(journal, BATCH);
                if (journal->appended % EACH == 0)
                        bench_publish(journal);
        }
}

/* Microseconds of processor time that a record takes: others may be at work, too. */
static double cost(struct bench_journal *journal, double *ret_rate)
{
        double start = bench_now(), processor = bench_processor();

        grow(journal, WINDOW);
        *ret_rate = (double)WINDOW / (bench_now() - start);
        return (bench_processor() - processor) / (double)WINDOW * 1e6;
}

static void measure(struct bench_journal *journal, double *first)
{
        double rate, now = cost(journal, &rate), start;

        if (*first == 0)
                *first = now;
        journal->writer = writer_free(journal->writer);
        start = bench_open(journal);
        (void)printf("%9llu records: %7.0f/s, %.2f us a record = %.2f of the first; memory %llu "
                     "kB; start %.1f ms\n",
                     (unsigned long long)journal->appended, rate, now, now / *first,
                     (unsigned long long)bench_proc("/proc/self/status", "VmRSS:"), start * 1000);
        (void)fflush(stdout);
}

int main(int argc, char **argv)
{
        uint64_t records = 10000000, size = 300;
        struct bench_journal journal;
        char path[4096];
        double first = 0;

        if (argc < 2 || (argc > 2 && view_parse_decimal(view_string(argv[2]), &records) < 0) ||
            (argc > 3 && view_parse_decimal(view_string(argv[3]), &size) < 0) || size < 8 ||
            size > ENTRY_SIZE_MAX || records < WINDOW) {
                (void)fprintf(stderr, "usage: growth FOLDER [RECORDS [RECORD_SIZE]]\n");
                return 2;
        }
        (void)snprintf(path, sizeof(path), "%s/journal", argv[1]);
        bench_init(&journal, path, size);
        for (uint64_t next = 2 * WINDOW; journal.appended + WINDOW < records; next *= 2) {
                measure(&journal, &first);
                grow(&journal, (next < records ? next : records) - journal.appended - WINDOW);
        }
        measure(&journal, &first);
        bench_done(&journal);
        return EXIT_SUCCESS;
}
