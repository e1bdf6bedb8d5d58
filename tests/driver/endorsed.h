/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Software TPMs as a manufacturer makes them: with endorsement keys, and certificates for these by
 * an authority in the test's folder.
 */

#include "tests/driver/equipment.h"

/* Makes the state that swtpm_start(@name) finds. @authority is a folder too, made when it is not
 * there: its certificates are what a verifier has. */
void swtpm_manufacture(const char *name, const char *authority);
