/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A journal on a web server: checkpoint and tiles, as a plain server gives them.
 *
 * Each file is asked for with bounds of size and time. A server that fails, stops in the middle or
 * leads away from HTTP is an error that names the URL; a file that it does not have is missing, as
 * in a folder.
 */

#include "lib/journal.h"

/* Whether the operand of a verb is a URL and no folder. */
int http_is_url(const char *text);

/* -EINVAL: not such a URL; -EOPNOTSUPP: no libcurl; -ENOMEM. Nothing is asked for yet. */
int http_journal_open(const char *url, struct journal **ret, struct problem *problem) _must_use_;
