/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What a driver test runs against: a private folder, a software TPM, a SoftHSM token.
 *
 * Functions that cannot do their work end the test: with status 77 and a reason when a tool is
 * missing.
 */

#include "lib/buf.h"

#include <sys/types.h>

#define EQUIPMENT_PATH_MAX 256
#define EQUIPMENT_SKIPPED  77

/* A new folder below $TMPDIR or /tmp, removed with all it holds when the test ends. */
const char *equipment_folder(void);

/* The path of @name in the folder; the room is the caller's. */
const char *equipment_path(char room[EQUIPMENT_PATH_MAX], const char *name);

/* Writes a file with that mode into the folder. */
void equipment_write(const char *name, mode_t mode, const char *text);
void equipment_write_bytes(const char *name, mode_t mode, struct view bytes);

/* Ends the test as skipped if @program is not in $PATH. */
void equipment_need(const char *program);

/* Runs a program of $PATH, its output to standard error: the exit status, or 128 + signal. */
int equipment_run(const char *const *arguments);

struct swtpm {
        pid_t pid;
        char tcti[EQUIPMENT_PATH_MAX];
        char log[EQUIPMENT_PATH_MAX]; /* name in the folder */
};

/* Starts a software TPM with its state in the folder @name (kept from an earlier start) and returns
 * when it answers. It is killed when the test ends. */
void swtpm_start(struct swtpm *swtpm, const char *name);
void swtpm_stop(struct swtpm *swtpm);

/* Runs a program that reaches this TPM through tpm2-tools or OpenSSL's tpm2 provider, as
 * equipment_run(). */
int swtpm_run(const struct swtpm *swtpm, const char *const *arguments);

/* How many commands with this code (TPM 2.0 Part 2 §6.5.2) the TPM was sent since its state is
 * there. */
unsigned swtpm_count(const struct swtpm *swtpm, uint32_t code);

/* The path of SoftHSM's module. */
const char *softhsm_module(void);

/* Makes SoftHSM keep its tokens in the folder, and a new token with that label and user PIN. */
void softhsm_add_token(const char *label, const char *pin);
