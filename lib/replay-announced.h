/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * How many uses of a key the journal had announced when its tree had so many records, so that a
 * count is held against the tree that was attested with it: what was announced since then does not
 * excuse what the TPM counted before.
 *
 * Not all of the past is known, but all that an agent needs whose token answers in order.
 */

#include "lib/replay-field.h"

#define REPLAY_ANNOUNCED_MAX 8192 /* changes that are kept; half as many at least */

struct announced_change {
        uint64_t index; /* of the record that changes it … */
        int64_t before; /* … from this */
};

struct announced {
        uint64_t known; /* the sizes from this one on */
        struct announced_change *changes;
        size_t count;
};

void announced_done(struct announced *announced);

/* Record @index changes what is announced; it was @before. -ENOMEM. */
int announced_add(struct announced *announced, uint64_t index, int64_t before) _must_use_;

/* What was announced in the first @size records; @now is what is. -ENODATA: too long ago. */
int announced_at(const struct announced *announced, uint64_t size, int64_t now,
                 int64_t *ret) _must_use_;

/* Nobody will ask for fewer than @size records any more. */
void announced_forget(struct announced *announced, uint64_t size);

/* As a member of @ret, and back into an empty one, when the tree has @size records. -ENOMEM;
 * -EBADMSG with the reason. */
int announced_save(const struct announced *announced, json_t *ret) _must_use_;
int announced_restore(struct announced *announced, uint64_t size, const json_t *saved,
                      struct problem *problem) _must_use_;
