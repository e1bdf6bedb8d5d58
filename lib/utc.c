/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/utc.h"

#include <errno.h>
#include <time.h>

#include "lib/record.h"

static int number(const char *text, size_t digits)
{
        int value = 0;

        for (size_t i = 0; i < digits; i++)
                value = 10 * value + (text[i] - '0');
        return value;
}

int utc_parse(const char *text, uint64_t *ret)
{
        struct tm parts = {};
        time_t seconds;

        if (!record_time_is_valid(text))
                return -EBADMSG;
        parts.tm_year = number(text, 4) - 1900;
        parts.tm_mon = number(text + 5, 2) - 1;
        parts.tm_mday = number(text + 8, 2);
        parts.tm_hour = number(text + 11, 2);
        parts.tm_min = number(text + 14, 2);
        parts.tm_sec = number(text + 17, 2);
        if (parts.tm_mon < 0 || parts.tm_mon > 11 || parts.tm_mday < 1 || parts.tm_mday > 31 ||
            parts.tm_hour > 23 || parts.tm_min > 59 || parts.tm_sec > 60)
                return -EBADMSG;
        seconds = timegm(&parts);
        if (seconds < 0)
                return -EBADMSG;
        *ret = (uint64_t)seconds;
        return 0;
}

#define SECONDS_LENGTH  strlen("2026-11-22T10:00:00")
#define FRACTION_DIGITS 6

int utc_parse_moment(const char *text, uint64_t *ret)
{
        char full[] = "2026-11-22T10:00:00.000000Z";
        char *fraction = full + SECONDS_LENGTH + 1;
        uint64_t seconds;
        size_t digits;

        if (strlen(text) <= SECONDS_LENGTH)
                return -EBADMSG;
        memcpy(full, text, SECONDS_LENGTH);
        text += SECONDS_LENGTH;
        digits = *text == '.' ? strspn(text + 1, "0123456789") : 0;
        if (*text == '.' && digits == 0)
                return -EBADMSG;
        if (digits > 0)
                memcpy(fraction, text + 1, digits < FRACTION_DIGITS ? digits : FRACTION_DIGITS);
        text += digits > 0 ? digits + 1 : 0;
        if (!string_equal(text, "Z") || utc_parse(full, &seconds) < 0)
                return -EBADMSG;
        *ret = seconds * 1000000 + (uint64_t)number(fraction, FRACTION_DIGITS);
        return 0;
}

void utc_put_digits(struct buf *buf, uint64_t seconds)
{
        time_t time = (time_t)seconds;
        struct tm parts = {};

        (void)gmtime_r(&time, &parts); /* fails only for years that no int holds */
        buf_put_format(buf, "%04d%02d%02d%02d%02d%02dZ", parts.tm_year + 1900, parts.tm_mon + 1,
                       parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
}
