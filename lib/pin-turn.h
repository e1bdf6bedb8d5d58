/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Whose turn it is to give a PIN. All processes of a token have the same PIN, and a token counts
 * the wrong ones: a file in memory that they share has a lock, which one of them holds while it
 * gives the PIN, and a byte that says that it was refused, after which no other one gives it. A
 * process that ends gives its turn back.
 */

#include "lib/problem.h"

#define PIN_TURN_NONE (-1) /* nobody to share it with */

/* Makes the file. The descriptor is close-on-exec, and none of the first ten. Negative errno. */
int pin_turn_new(int *ret) _must_use_;

/* An operator says that the PIN is right: it is nobody's turn yet. */
void pin_turn_reset(int fd);

/* Waits until no other process gives the PIN. -EACCES, with the reason: it was refused to one, and
 * is not to be given. -EIO: there is no telling. */
int pin_turn_take(int fd, struct problem *problem) _must_use_;

/* Ends the turn. */
void pin_turn_end(int fd, int refused);
