/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What cannot be undone is asked for twice.
 */

#include "cli/verb.h"

/* Asks on the terminal whether that is meant, unless @yes says so. ANSWER_NO: it is not;
 * ANSWER_UNKNOWN: there is no terminal to ask on. */
enum answer confirm(int yes, const char *question, struct problem *problem);
