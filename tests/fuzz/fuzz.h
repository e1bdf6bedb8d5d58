/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A fuzz target is one function that takes any bytes. What must hold is said with assert(): the
 * oracle is as a rule that encode(decode(bytes)) gives the same bytes again.
 */

#include "lib/buf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
