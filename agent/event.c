/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/event.h"

#define SD_JOURNAL_SUPPRESS_LOCATION
#include <stdarg.h>
#include <stdio.h>
#include <systemd/sd-journal.h>

#define EVENT_LINE_MAX 1024

void event_log(int priority, const char *id, const char *format, ...)
{
        char line[EVENT_LINE_MAX];
        va_list arguments;
        int r = -1;

        va_start(arguments, format);
        (void)vsnprintf(line, sizeof(line), format, arguments);
        va_end(arguments);
        if (getenv("JOURNAL_STREAM"))
                r = sd_journal_send("MESSAGE=%s", line, "PRIORITY=%i", priority,
                                    id ? "MESSAGE_ID=%s" : NULL, id, NULL);
        if (r < 0)
                (void)fprintf(stderr, "hallmarkd: %s\n", line);
}
