/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Starting a driver program.
 */

#include <sys/types.h>

#include "lib/macro.h"

/* Starts @program with @socket_fd as its descriptor DRIVER_SOCKET_FD and @pin_fd, which is none of
 * the first ten, as DRIVER_PIN_FD, no blocked signals, and the agent's environment without what
 * belongs to the service manager. Negative errno. */
int process_spawn(const char *program, int socket_fd, int pin_fd, pid_t *ret) _must_use_;
