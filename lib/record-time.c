/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/record.h"

#include <time.h>

#define USEC_PER_SEC ((uint64_t)1000000)

static char *put_digits(char *at, int value, size_t digits, char end)
{
        for (size_t i = digits; i > 0; i--) {
                at[i - 1] = (char)('0' + value % 10);
                value /= 10;
        }
        at[digits] = end;
        return at + digits + 1;
}

/* Each logged signature asks for the time twice, so not through printf. */
char *record_time(uint64_t usec, char ret[RECORD_TIME_SIZE])
{
        time_t seconds = (time_t)(usec / USEC_PER_SEC);
        struct tm utc = {};
        char *at = ret;

        if (!gmtime_r(&seconds, &utc) || utc.tm_year > 9999 - 1900)
                utc = (struct tm){.tm_year = 9999 - 1900,
                                  .tm_mon = 11,
                                  .tm_mday = 31,
                                  .tm_hour = 23,
                                  .tm_min = 59,
                                  .tm_sec = 59};
        at = put_digits(at, utc.tm_year + 1900, 4, '-');
        at = put_digits(at, utc.tm_mon + 1, 2, '-');
        at = put_digits(at, utc.tm_mday, 2, 'T');
        at = put_digits(at, utc.tm_hour, 2, ':');
        at = put_digits(at, utc.tm_min, 2, ':');
        at = put_digits(at, utc.tm_sec, 2, '.');
        at = put_digits(at, (int)(usec % USEC_PER_SEC), 6, 'Z');
        *at = '\0';
        return ret;
}

int record_time_is_valid(const char *text)
{
        return record_time_has_shape(view_string(text));
}

int record_time_has_shape(struct view text)
{
        static const char shape[] = "dddd-dd-ddTdd:dd:dd.ddddddZ";

        if (text.size != strlen(shape))
                return 0;
        for (size_t i = 0; shape[i]; i++)
                if (shape[i] == 'd' ? text.data[i] < '0' || text.data[i] > '9'
                                    : text.data[i] != (uint8_t)shape[i])
                        return 0;
        return 1;
}
