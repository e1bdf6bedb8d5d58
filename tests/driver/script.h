/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The faults that the fake driver shows: one rule per line, `OPERATION N ACTION [ARGUMENT]`.
 *
 * OPERATION is open, generate, load, sign, destroy, probe or attest. N is which call of that
 * operation in this process, counted from 1, or * for each. The first rule that fits counts. Empty
 * lines and lines with # are skipped. Actions:
 *
 *     error STATUS   answer BAD_REQUEST, UNSUPPORTED, NO_KEY, MISMATCH, GONE, WRONG_PIN,
 * LOCKED_OUT, TOKEN_FAILED or EXISTS hang           never answer exit           end the process
 * with status 1 crash          end it by SIGSEGV delay MS       answer after so many milliseconds
 *     garbage        sign: bytes that are no signature; attest: what no TPM says
 *     wrong-key      sign: with another key; load: another public key
 *     truncate       answer with half a frame
 *     wrong-id       answer with the id of another request
 */

#include "lib/frame.h"

#define SCRIPT_RULES_MAX 64

enum script_action {
        SCRIPT_NOTHING = 0,
        SCRIPT_ERROR,
        SCRIPT_HANG,
        SCRIPT_EXIT,
        SCRIPT_CRASH,
        SCRIPT_DELAY,
        SCRIPT_GARBAGE,
        SCRIPT_WRONG_KEY,
        SCRIPT_TRUNCATE,
        SCRIPT_WRONG_ID,
};

struct script {
        size_t count;
        struct {
                enum frame_operation operation;
                uint64_t call; /* 0: each */
                enum script_action action;
                uint64_t argument; /* a status or milliseconds */
        } rule[SCRIPT_RULES_MAX];
        uint64_t calls[FRAME_OPERATION_LAST + 1];
};

/* -EBADMSG with the line number: no such rule. -EIO: cannot be read. */
int script_read(const char *path, struct script *ret, struct problem *problem) _must_use_;

/* Counts one call, does what does not concern the answer (hang, exit, crash, delay), and says what
 * the answer is to be. @ret_error is set for SCRIPT_ERROR. */
enum script_action script_next(struct script *script, enum frame_operation operation,
                               int *ret_error);
