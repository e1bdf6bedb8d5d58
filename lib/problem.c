/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/problem.h"
#include "lib/utf8.h"

#include <stdarg.h>
#include <stdio.h>

#undef problem_set
#undef problem_prefix

int problem_set(struct problem *problem, int error, const char *format, ...)
{
        va_list arguments;

        if (!problem || problem->text[0])
                return error;
        va_start(arguments, format);
        (void)vsnprintf(problem->text, sizeof(problem->text), format, arguments);
        va_end(arguments);
        utf8_make_printable(problem->text); /* a limit may have cut a character */
        return error;
}

int problem_prefix(struct problem *problem, int error, const char *format, ...)
{
        char prefix[PROBLEM_TEXT_MAX], inner[PROBLEM_TEXT_MAX];
        va_list arguments;

        if (!problem)
                return error;
        va_start(arguments, format);
        (void)vsnprintf(prefix, sizeof(prefix), format, arguments);
        va_end(arguments);
        utf8_make_printable(prefix);
        (void)snprintf(inner, sizeof(inner), "%s", problem_text(problem, error));
        problem->text[0] = '\0';
        return problem_set(problem, error, "%.200s: %.300s", prefix, inner);
}

const char *problem_text(const struct problem *problem, int error)
{
        return problem && problem->text[0] ? problem->text : strerror(-error);
}
