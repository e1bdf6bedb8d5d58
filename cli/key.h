/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Keys as the command names and shows them.
 */

#include "cli/verb.h"
#include "lib/keyring.h"

/* The words for options; each ended by NULL. */
extern const char *const key_algorithms[];
extern const char *const key_purposes[];

/* -EINVAL: @name cannot be the name of a key. */
int key_check_name(const char *name, struct problem *problem) _must_use_;

/* Appends `key NAME version N (ALGORITHM, purpose P, token T), SHA-256 HEX` and a newline. One
 * that was imported is in no token. */
void key_put_line(struct buf *buf, const struct keyring_key *key);

/* Calls a method of operators that answers with a key, that of the first operand, and prints what
 * has been done with it: "DONE key NAME version N …". Takes @parameters over. */
enum answer key_call(const struct invocation *invocation, const char *method, json_t *parameters,
                     const char *done, struct problem *problem);

/* Reads `--version N`: a number from 1; 0 for NULL. -EINVAL. */
int key_parse_version(const char *text, uint32_t *ret, struct problem *problem) _must_use_;
