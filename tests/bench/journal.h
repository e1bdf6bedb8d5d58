/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A journal written without an agent, as fast as agent/writer.h lets, with a log key in software.
 */

#include "agent/writer.h"
#include "lib/tile.h"
#include "tests/unit/folder.h"
#include "tests/unit/key.h"

#include <time.h>

#define BENCH_ORIGIN "bench.invalid/journal"

struct bench_journal {
        const char *path;
        sd_event *event;
        EVP_PKEY *log_pair;
        struct pubkey *log_key;
        struct writer *writer;
        char record[65536];
        size_t record_size;
        uint64_t appended, durable, record_bytes;
};

static void bench_need(int r, const char *what)
{
        if (r >= 0)
                return;
        (void)fprintf(stderr, "%s: %s\n", what, strerror(-r));
        exit(EXIT_FAILURE);
}

static double bench_clock(clockid_t clock)
{
        struct timespec now;

        (void)clock_gettime(clock, &now); /* cannot fail with these clocks */
        return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static inline double bench_now(void)
{
        return bench_clock(CLOCK_MONOTONIC);
}

static inline double bench_processor(void)
{
        return bench_clock(CLOCK_PROCESS_CPUTIME_ID);
}

/* Opens it, again perhaps; returns the seconds that took. */
static double bench_open(struct bench_journal *journal)
{
        struct writer_options options = {journal->path, BENCH_ORIGIN, journal->log_key};
        struct writer_recovery recovery;
        struct problem problem = {};
        double start = bench_now();
        int r;

        r = writer_open(journal->event, &options, &journal->writer, &recovery, &problem);
        bench_need(r, problem_text(&problem, r));
        return bench_now() - start;
}

static void bench_init(struct bench_journal *journal, const char *path, size_t record_size)
{
        *journal = (struct bench_journal){.path = path, .record_size = record_size};
        memset(journal->record, 'r', sizeof(journal->record));
        journal->log_pair = key_new(algorithm_find("ecdsa-p256"));
        journal->log_key = key_public(journal->log_pair);
        bench_need(sd_event_new(&journal->event), "event loop");
        (void)bench_open(journal);
}

static void bench_done(struct bench_journal *journal)
{
        journal->writer = writer_free(journal->writer);
        pubkey_free(journal->log_key);
        EVP_PKEY_free(journal->log_pair);
        sd_event_unref(journal->event);
}

static void bench_answer(void *context, int error, uint64_t index)
{
        struct bench_journal *journal = context;

        bench_need(error, "append");
        journal->durable++;
}

/* @count records that are told apart by their number, in one batch if that holds them. */
static inline void bench_append(struct bench_journal *journal, size_t count)
{
        for (size_t i = 0; i < count; i++) {
                struct view record = view_of(journal->record, journal->record_size);

                memcpy(journal->record, &journal->appended, sizeof(journal->appended));
                bench_need(writer_append(journal->writer, record, bench_answer, journal), "append");
                journal->appended++;
                journal->record_bytes += record.size;
        }
        while (journal->durable < journal->appended)
                bench_need(sd_event_run(journal->event, UINT64_MAX), "event loop");
}

/* A checkpoint of everything, signed and published. */
static void bench_publish(struct bench_journal *journal)
{
        _cleanup_(buf_done) struct buf note = {}, signature = {};
        struct problem problem = {};
        struct checkpoint head;
        struct sha256 digest;
        int r;

        r = writer_prepare(journal->writer, &problem);
        bench_need(r, problem_text(&problem, r));
        head = writer_head(journal->writer);
        checkpoint_put_text(&note, BENCH_ORIGIN, &head);
        digest = note_digest(buf_view(&note));
        key_sign(journal->log_pair, algorithm_find("ecdsa-p256"), sha256_view(&digest), &signature);
        buf_put_u8(&note, '\n');
        r = note_put_signature(&note, BENCH_ORIGIN, journal->log_key, buf_view(&signature));
        bench_need(r, "checkpoint");
        r = writer_publish(journal->writer, buf_view(&note), &problem);
        bench_need(r, problem_text(&problem, r));
}

/* A number out of a file of /proc/self, the one after @name. */
static uint64_t bench_proc(const char *path, const char *name)
{
        uint64_t value = 0;
        char line[256];
        FILE *file = fopen(path, "re");

        while (file && fgets(line, sizeof(line), file))
                if (strncmp(line, name, strlen(name)) == 0)
                        value = strtoull(line + strlen(name), NULL, 10);
        if (file)
                (void)fclose(file);
        return value;
}
