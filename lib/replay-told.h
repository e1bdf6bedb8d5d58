/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What a replay has told: each fault is told once, however often the replay comes by. It reads the
 * write-ahead file and the newest bundle of a journal that grows again and again.
 */

#include "lib/digest.h"
#include "lib/replay.h"

#define REPLAY_TOLD_MAX 65536 /* findings that are remembered; further ones may be told twice */

struct told {
        struct sha256 *hashes;
        size_t count;
};

void told_done(struct told *told);

/* Whether it was told before; from now on it was. Without memory nothing is remembered. */
int told_before(struct told *told, const struct replay_finding *finding);
