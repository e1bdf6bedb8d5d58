/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The agent's end of a driver's socket, for tests: starts the program with descriptor 3 and speaks
 * frames. Each call returns the status of the answer, or CLIENT_LOST when there was none.
 */

#include "lib/driver.h"

#include <sys/types.h>

#define CLIENT_LOST     (-1)
#define CLIENT_WAIT_MAX 60 /* seconds for one answer: a test ends, whatever happens */
#define CLIENT_TEXT_MAX 512

struct client {
        int fd;
        pid_t pid;
        uint64_t next_id;
        char reason[CLIENT_TEXT_MAX]; /* of the last answer with a status other than FRAME_OK */
};

/* Starts @program; ends the test when that is not possible. */
void client_start(struct client *client, const char *program);

/* Closes the socket and waits: the exit status, or 128 + the signal that ended the driver. */
int client_stop(struct client *client);

/* Sends the bytes as they are. */
void client_send(struct client *client, struct view bytes);

/* Receives one frame; @ret keeps its bytes. 0, or CLIENT_LOST. */
int client_receive(struct client *client, struct buf *ret, struct frame *ret_frame);

/* A request without waiting for its answer. */
void client_request(struct client *client, enum frame_operation operation, struct view fields);

/* The answer's fields go to @ret_fields. */
int client_call(struct client *client, enum frame_operation operation, struct view fields,
                struct buf *ret_fields);

/* @settings: name, value, …, NULL. @ret_facts may be NULL. */
int client_open(struct client *client, const char *token, const char *const *settings,
                struct facts *ret_facts);
int client_generate(struct client *client, const char *algorithm, const char *label,
                    struct buf *ret_handle, struct buf *ret_spki);

/* A key made with @options: name, value, …, NULL. */
struct client_key {
        uint8_t outside[SHA256_SIZE]; /* given */
        struct buf handle, spki, creation;
        struct facts facts;
};

int client_generate_with(struct client *client, const char *algorithm, const char *const *options,
                         struct client_key *ret);
void client_key_done(struct client_key *key);
int client_load(struct client *client, const char *algorithm, struct view handle,
                uint32_t *ret_slot, struct buf *ret_spki);
int client_sign(struct client *client, uint32_t slot, struct view digest,
                struct buf *ret_signature);
int client_sign_with(struct client *client, uint32_t slot, struct view digest,
                     struct view authorization, struct buf *ret_signature);
int client_count(struct client *client, uint32_t slot, struct view qualifying, uint32_t *ret,
                 struct buf *ret_attest, struct buf *ret_signature);
int client_attest(struct client *client, uint32_t slot, const struct evidence_question *question,
                  struct buf *ret_text);
int client_destroy(struct client *client, const char *algorithm, struct view handle);
int client_probe(struct client *client, struct facts *ret_facts);

/* The request fields of SIGN, without an authorization. */
void client_put_sign(struct buf *fields, uint32_t slot, struct view digest);
