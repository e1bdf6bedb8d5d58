/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Artifacts as statements name them: by path and SHA-256. A directory is one artifact: its digest
 * is that of the subject in a signature of it as a model (lib/oms.h), without what git keeps there
 * and without that signature.
 */

#include "cli/model.h"

/* SHA-256 of what is at @path. -EINVAL: a directory that is no model; or the errno of what cannot
 * be read. */
int subject_digest(const char *path, struct sha256 *ret, struct problem *problem) _must_use_;

/* The same of a directory that is open. */
int subject_digest_model(struct model *model, struct sha256 *ret,
                         struct problem *problem) _must_use_;

/* The descriptor of what is at @path. -EINVAL: the path is no UTF-8; as subject_digest(). */
int subject_describe(const char *path, json_t **ret, struct problem *problem) _must_use_;

/* The descriptors of all that an option that repeats names. -EINVAL: twice the same name. */
int subjects_read(const struct invocation *invocation, size_t option, json_t **ret,
                  struct problem *problem) _must_use_;
