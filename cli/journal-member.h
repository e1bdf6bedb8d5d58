/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Members of records, as columns and summaries name them.
 */

#include <jansson.h>

/* The member "key" of a record, or "user" of its caller for "caller.user", and so of its
 * approver, evidence and health. "digest" stands for the digests of a logged signature as well,
 * which are an array. NULL: it has none. */
const json_t *journal_member(const json_t *record, const char *name);
