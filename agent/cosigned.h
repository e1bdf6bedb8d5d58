/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A signed checkpoint of our own, and which of the configured witnesses have cosigned it.
 */

#include "agent/config.h"
#include "lib/checkpoint.h"

struct cosigned {
        struct checkpoint checkpoint;
        struct buf note;  /* with all its signature lines; empty when there is no checkpoint */
        size_t text_size; /* of the three lines */
        uint32_t by;      /* bit i: the witness that is number i in the configuration */
};

static_assert(CONFIG_WITNESSES_MAX <= 32, "struct cosigned has a bit for each");

void cosigned_done(struct cosigned *cosigned);

/* Takes a copy of a signed checkpoint; cosignatures count that verify. The log's own signature is
 * not looked at. -EBADMSG: none of @config's origin; -ENOMEM. On failure it is as it was. */
int cosigned_set(struct cosigned *cosigned, struct view note, const struct config *config,
                 struct problem *problem) _must_use_;

/* -ENOMEM, and @to is as it was. */
int cosigned_copy(const struct cosigned *from, struct cosigned *to) _must_use_;

/* Appends the line of a verified cosignature, in the place of an earlier one by that witness.
 * -ENOMEM, and it is as it was. */
int cosigned_add(struct cosigned *cosigned, size_t witness, const struct vkey *key,
                 struct view line) _must_use_;

int cosigned_is_of(const struct cosigned *cosigned, uint64_t size);
int cosigned_has(const struct cosigned *cosigned, size_t witness);
unsigned cosigned_count(const struct cosigned *cosigned);
struct view cosigned_text(const struct cosigned *cosigned);
