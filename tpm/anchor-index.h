/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * An NV index in the range of anchors (lib/anchor.h), and the commands that it takes.
 */

#include "lib/anchor.h"
#include "tpm/device.h"

#define ANCHOR_COUNTER_SIZE 8

struct anchor_index {
        const char *origin; /* of the journal */
        uint32_t number;
        enum anchor_kind kind;
        ESYS_TR handle; /* ESYS_TR_NONE: not open */
};

/* Opens the one at this number, if it is of this journal. 1: there is nothing, or something else.
 */
int anchor_index_open(struct device *device, struct anchor_index *index,
                      struct problem *problem) _must_use_;
void anchor_index_close(struct device *device, struct anchor_index *index);

/* Makes one of that number and kind, and opens it. Needs the owner's authorization. -EOPNOTSUPP:
 * the TPM has no counters. */
int anchor_index_define(struct device *device, struct anchor_index *index,
                        struct problem *problem) _must_use_;

/* Removes it, and closes it in any case. Needs the owner's authorization. */
int anchor_index_undefine(struct device *device, struct anchor_index *index,
                          struct problem *problem) _must_use_;

/* Its first step gives it another Name: then it has to be opened anew. */
int anchor_index_increment(struct device *device, const struct anchor_index *index,
                           struct problem *problem) _must_use_;

int anchor_index_read(struct device *device, const struct anchor_index *index, uint64_t *ret,
                      struct problem *problem) _must_use_;
