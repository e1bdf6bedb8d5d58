/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A TCTI in front of the real one that keeps the last response as the TPM gave it: what a command
 * audit hashes are these bytes, and no structure made from them is sure to become them again.
 */

#include "lib/buf.h"

#include <tss2/tss2_tcti.h>

struct capture {
        TSS2_TCTI_CONTEXT_COMMON_V2 common; /* what ESAPI sees; first of all */
        TSS2_TCTI_CONTEXT *real;            /* borrowed */
        uint8_t response[4096];
        size_t size; /* 0: no response was received since the last command */
};

/* Makes @capture one that passes everything on to @real. */
void capture_init(struct capture *capture, TSS2_TCTI_CONTEXT *real);

TSS2_TCTI_CONTEXT *capture_tcti(struct capture *capture);

/* The parameters of the last response, which had a session and no handles. -EBADMSG: it was none of
 * success. */
int capture_parameters(const struct capture *capture, struct view *ret) _must_use_;
