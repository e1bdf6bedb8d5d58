/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What somebody sees who reads a journal as hallmark-journal(5) and C2SP tlog-tiles describe it,
 * without verifying anything: written for this, and shares no code with lib/journal.h and
 * lib/replay.h.
 *
 * Two folders with the same digest say the same. So a change that is in a copy of what is there
 * anyway, or in a file that nobody reads, changes nothing.
 */

#include "lib/digest.h"
#include "tests/tamper/image.h"

struct sha256 view_digest(const struct image *image);
