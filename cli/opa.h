/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A decision of an Open Policy Agent that runs on this machine: `POST /v1/data/RULE` over its Unix
 * socket.
 */

#include "lib/json.h"

#define OPA_SECONDS 10L

/* 0 if and only if the rule at @address, `unix:PATH:RULE`, is true of the input. -EKEYREJECTED: it
 * is something else, or undefined; -EINVAL: no such address; -ETIME, -EIO, -EBADMSG: no good
 * answer; -EOPNOTSUPP: no libcurl; -ENOMEM. */
int opa_decide(const char *address, json_t *input, struct problem *problem) _must_use_;
