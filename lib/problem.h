/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The reason of a failure, in words for a person: what, where, what was expected, what was found.
 *
 * A function that can say more than an errno takes a struct problem, which may be NULL, and fills
 * it on failure. The first problem wins: the innermost function knows best.
 */

#include "lib/macro.h"

#define PROBLEM_TEXT_MAX 512

struct problem {
        char text[PROBLEM_TEXT_MAX]; /* empty: nothing was said */
};

/* Notes the reason unless one is there already, and returns @error, so that a failing function can
 * end with `return problem_set(problem, -EBADMSG, …)`. Control characters and whatever is no UTF-8
 * are replaced by '?': the text may hold what a stranger sent and goes to terminals, logs and JSON.
 */
int problem_set(struct problem *problem, int error, const char *format, ...) _printf_(3, 4);

/* Puts "what: " in front of a reason noted further inside, and returns @error. */
int problem_prefix(struct problem *problem, int error, const char *format, ...) _printf_(3, 4);

/* The noted reason, or what the errno says when there is none. */
const char *problem_text(const struct problem *problem, int error);

#ifdef __clang_analyzer__ /* it looks at one file at a time: here it sees that @error comes back   \
                           */
#define problem_set(problem, error, ...) ((void)problem_set(problem, error, __VA_ARGS__), (error))
#define problem_prefix(problem, error, ...)                                                        \
        ((void)problem_prefix(problem, error, __VA_ARGS__), (error))
#endif
