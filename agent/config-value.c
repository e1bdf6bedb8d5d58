/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/config-value.h"
#include "agent/config-file.h"

#include <errno.h>
#include <limits.h>

#define USEC_PER_MSEC ((uint64_t)1000)
#define USEC_PER_SEC  (1000 * USEC_PER_MSEC)
#define USEC_PER_MIN  (60 * USEC_PER_SEC)
#define USEC_PER_HOUR (60 * USEC_PER_MIN)
#define USEC_PER_DAY  (24 * USEC_PER_HOUR)

struct unit {
        const char *name;
        uint64_t usec;
};

static const struct unit duration_units[] = {
        {"ms", USEC_PER_MSEC}, {"s", USEC_PER_SEC}, {"min", USEC_PER_MIN},
        {"h", USEC_PER_HOUR},  {"d", USEC_PER_DAY}, {"", USEC_PER_SEC},
};

static const struct unit rate_units[] = {
        {"/s", USEC_PER_SEC},
        {"/min", USEC_PER_MIN},
        {"/h", USEC_PER_HOUR},
        {"/d", USEC_PER_DAY},
};

/* A number followed by one of the units. */
static int parse_amount(const char *text, const struct unit *units, size_t count, uint64_t *ret,
                        uint64_t *ret_usec)
{
        size_t digits = strspn(text, "0123456789");

        if (view_parse_decimal(view_of(text, digits), ret) < 0)
                return -EBADMSG;
        for (size_t i = 0; i < count; i++)
                if (string_equal(text + digits, units[i].name)) {
                        *ret_usec = units[i].usec;
                        return 0;
                }
        return -EBADMSG;
}

int value_duration(const char *text, uint64_t least, uint64_t most, uint64_t *ret)
{
        uint64_t number, unit, usec;

        if (parse_amount(text, duration_units, ARRAY_SIZE(duration_units), &number, &unit) < 0)
                return -EBADMSG;
        if (__builtin_mul_overflow(number, unit, &usec) || usec < least || usec > most)
                return -EBADMSG;
        *ret = usec;
        return 0;
}

int value_rate(const char *text, uint32_t *ret_count, uint64_t *ret_usec)
{
        uint64_t number, unit;

        if (parse_amount(text, rate_units, ARRAY_SIZE(rate_units), &number, &unit) < 0)
                return -EBADMSG;
        if (number < 1 || number > CONFIG_RATE_MAX)
                return -EBADMSG;
        *ret_count = (uint32_t)number;
        *ret_usec = unit;
        return 0;
}

int value_integer(const char *text, uint32_t least, uint32_t most, uint32_t *ret)
{
        uint64_t number;

        if (view_parse_decimal(view_string(text), &number) < 0)
                return -EBADMSG;
        if (number < least || number > most)
                return -EBADMSG;
        *ret = (uint32_t)number;
        return 0;
}

int value_is_path(const char *text)
{
        return text[0] == '/' && strlen(text) < PATH_MAX;
}

void words_done(struct words *words)
{
        for (size_t i = 0; i < words->count; i++)
                free(words->word[i]);
        free(words->word);
        *words = (struct words){};
}

static int add_word(struct words *words, struct view text)
{
        char **word;

        if (words->count == CONFIG_LIST_MAX)
                return -EBADMSG;
        word = config_array_add(&words->word, &words->count, sizeof(*word));
        if (!word)
                return -ENOMEM;
        *word = view_dup(text);
        return *word ? 0 : -ENOMEM;
}

int value_words(const char *text, struct words *ret)
{
        _cleanup_(words_done) struct words words = {};
        int r;

        while (text[0]) {
                size_t length = strcspn(text, " \t");

                if (length > 0) {
                        r = add_word(&words, view_of(text, length));
                        if (r < 0)
                                return r;
                }
                text += length;
                text += strspn(text, " \t");
        }
        if (words.count == 0)
                return -EBADMSG;
        *ret = words;
        words = (struct words){};
        return 0;
}
