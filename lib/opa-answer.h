/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What the Open Policy Agent answers to a question: {"result":true,"decision_id":"…"}, and what
 * else it may put in there. Whatever is not exactly that is no yes, be it to the agent or to a
 * verifier.
 */

#include "lib/problem.h"
#include "lib/reader.h"

#define OPA_ANSWER_MAX ((size_t)65536) /* bytes */
#define OPA_ID_MAX     64
#define OPA_ID_SIZE    (OPA_ID_MAX + 1)

/* 0: the result is true. -EPERM: it is false, or the rule is undefined; -EBADMSG: anything else,
 * each with the reason. @ret_id is set when the answer is one, to its decision id or "". -ENOMEM.
 */
int opa_answer_parse(long status, struct view body, char ret_id[OPA_ID_SIZE],
                     struct problem *problem) _must_use_;
