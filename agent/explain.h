/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What the grants say to somebody who need not be there: the question is that of ExplainGrant.
 */

#include "agent/grant.h"

/* Answers @question, the parameters of io.hallmark.Admin.ExplainGrant, with its reply. @meter may
 * be NULL. -EBADMSG when there is no such caller; -ENOMEM. */
int explain_answer(const struct config *config, const struct grant_meter *meter,
                   const json_t *question, json_t **ret, struct problem *problem) _must_use_;

/* Answers a question given as words NAME=VALUE, about the configuration file, on standard output.
 * The exit status: 0 allowed, 1 not, 2 there is no answer. */
int explain_offline(const char *path, char *const *words);
