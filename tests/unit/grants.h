/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Configurations that have grants and little else.
 */

#include "agent/config.h"

#define GRANTS_HEAD                                                                                \
        "[Agent]\nOrigin=x\n[Token t]\nDriver=tpm\nTCTI=x\n"                                       \
        "[Key log]\nToken=t\nAlgorithm=ecdsa-p256\nPurpose=log\n"

static inline struct config *grants_parse(const char *grants)
{
        _cleanup_(buf_done) struct buf text = {};
        struct config *config = NULL;
        struct problem problem = {};

        buf_put_string(&text, GRANTS_HEAD);
        buf_put_string(&text, grants);
        if (config_parse("f", buf_view(&text), &config, &problem) < 0) {
                (void)fprintf(stderr, "%s\n", problem.text);
                abort();
        }
        return config;
}
