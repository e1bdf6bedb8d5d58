/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A gate in key rings, in key.create records and on the socket: the members `useCounter` (handle of
 * the counter), `attestationKey` (of the counter) and `witness` (its key), each if there is one.
 * Keys are DER SubjectPublicKeyInfo in base64.
 */

#include "lib/gate.h"
#include "lib/json.h"

/* Adds the members to @object. -ENOMEM. */
int gate_to_json(const struct gate *gate, json_t *object) _must_use_;

/* Reads them. -EBADMSG with the reason, -ENOMEM. */
int gate_from_json(const json_t *object, struct gate *ret, struct problem *problem) _must_use_;
