/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Paths as links record them: a file by its path, a directory by the paths of all files below it,
 * each with its SHA-256.
 */

#include "lib/json.h"

#define RECORDED_PATHS_MAX 1024

/* @path is recorded in its shortest form: `./a//b/` as `a/b`, and only ".." stays.
 *
 * Adds `PATH:{"sha256":HEX}` to @object for the file, or for each file of the directory. Symbolic
 * links are not followed. -EINVAL: what is neither, or has a name that is no UTF-8; the errno of
 * what cannot be read. */
int recorded_add(json_t *object, const char *path, struct problem *problem) _must_use_;
