/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/progress.h"

#include <stdio.h>
#include <time.h>

#define BAR_WIDTH 24
#define LINE_SIZE 160

static uint64_t now_usec(void)
{
        struct timespec now = {};

        (void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail */
        return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

char *bytes_text(uint64_t bytes, char ret[BYTES_TEXT_SIZE])
{
        static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
        size_t unit = 0;
        uint64_t tenths = bytes * 10;

        if (bytes >= UINT64_MAX / 10)
                tenths = UINT64_MAX;
        while (tenths >= 9995 && unit + 1 < ARRAY_SIZE(units)) {
                tenths = (tenths + 500) / 1000;
                unit++;
        }
        if (unit > 0 && tenths < 100)
                (void)snprintf(ret, BYTES_TEXT_SIZE, "%u.%u %s", (unsigned)(tenths / 10),
                               (unsigned)(tenths % 10), units[unit]);
        else
                (void)snprintf(ret, BYTES_TEXT_SIZE, "%u %s", (unsigned)((tenths + 5) / 10),
                               units[unit]);
        return ret;
}

struct progress progress_begin(void)
{
        return (struct progress){.shown = isatty(STDERR_FILENO), .began_usec = now_usec()};
}

static void write_line(const char *line, int length)
{
        /* A bar that cannot be shown is no failure of what it tells about. */
        if (length > 0 && write(STDERR_FILENO, line, (size_t)length) < 0)
                return;
}

void progress_show(void *context, const struct hash_progress *state)
{
        const struct progress *progress = context;
        char line[LINE_SIZE], bar[BAR_WIDTH + 1], done[BYTES_TEXT_SIZE], all[BYTES_TEXT_SIZE],
                rate[BYTES_TEXT_SIZE];
        uint64_t usec = now_usec() - progress->began_usec, left;
        double share =
                state->bytes_in_all > 0 ? (double)state->bytes / (double)state->bytes_in_all : 1;
        double per_second = (double)state->bytes * 1e6 / (double)(usec > 0 ? usec : 1);

        if (!progress->shown)
                return;
        for (int i = 0; i < BAR_WIDTH; i++)
                bar[i] = i < (int)(share * BAR_WIDTH) ? '#' : '.';
        bar[BAR_WIDTH] = '\0';
        left = per_second > 0
                       ? (uint64_t)((double)(state->bytes_in_all - state->bytes) / per_second)
                       : 0;
        write_line(line,
                   snprintf(line, sizeof(line),
                            "\r[%s] %3d %%  %s of %s, %zu of %zu files, %s/s, %llu:%02llu "
                            "left \033[K",
                            bar, (int)(share * 100), bytes_text(state->bytes, done),
                            bytes_text(state->bytes_in_all, all), state->files, state->files_in_all,
                            bytes_text((uint64_t)per_second, rate), (unsigned long long)(left / 60),
                            (unsigned long long)(left % 60)));
}

void progress_end(const struct progress *progress)
{
        static const char wipe[] = "\r\033[K";

        if (progress->shown)
                write_line(wipe, (int)strlen(wipe));
}
