/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * From sections to a configuration. Private to agent/config*.c: config-load.c reads the files,
 * config.c makes sense of them.
 */

#include "agent/config-file.h"
#include "agent/config.h"

/* @name stands for the whole in messages; @digests are those of all files. Errors as config_load().
 */
int config_build(const char *name, const struct config_file *file, struct view digests,
                 struct config **ret, struct problem *problem) _must_use_;
