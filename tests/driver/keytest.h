/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What must hold for a key in any token: the same steps for each driver and algorithm.
 */

#include "tests/driver/client.h"

/* A digest that @algorithm signs; as good a message as any, where it signs those. */
struct view keytest_digest(const struct algorithm *algorithm);

/* Signs with @slot and checks the signature with the public key; expects all of it to work. */
void keytest_sign(struct client *client, const struct algorithm *algorithm, uint32_t slot,
                  struct view spki);

/* Loads the handle, expects the public key to be @spki, and signs. */
void keytest_load_and_sign(struct client *client, const struct algorithm *algorithm,
                           struct view handle, struct view spki);

/* Every answer that does not depend on the token: wrong digests, slots, handles, algorithms. @slot
 * holds a key of @algorithm. */
void keytest_refusals(struct client *client, const struct algorithm *algorithm, uint32_t slot);

/* Requests out of order and frames that make no sense, against a driver started afresh. @settings
 * open its token. */
void keytest_protocol(const char *program, const char *const *settings);

/* Signs @count times with @depth requests on their way, and prints the rate. */
void keytest_speed(struct client *client, const struct algorithm *algorithm, uint32_t slot,
                   unsigned count, unsigned depth);

/* test_result() of the functions here: expectations are counted by file. */
int keytest_result(void);

/* True if @names, separated by spaces, has @name. */
int keytest_has_name(const char *names, const char *name);
