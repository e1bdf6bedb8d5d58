/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What was measured when this machine was started: the registers of the first TPM of the
 * configuration, read by its driver.
 */

#include "agent/agent.h"

struct measuring;

/* @measured is the function's: an object with `bank`, `registers` and `token`, or with `token` and
 * `problem` when the registers cannot be had; NULL without memory. */
typedef void (*measuring_function)(void *context, json_t *measured);

/* NULL: there is no TPM, or no memory; @done is not called. Else it is called once, later, unless
 * measuring_forget() comes before. */
struct measuring *measure(struct agent *agent, measuring_function done, void *context);
void measuring_forget(struct measuring *measuring);
