/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What the tests of the configuration share: a good beginning to spoil, and the message, all of it,
 * that says what was spoilt.
 */

#include "agent/config.h"
#include "tests/test.h"

#include <errno.h>

/* Lines 1 to 12, after which a case goes on. */
#define GOOD                                                                                       \
        "[Agent]\n"                                                                                \
        "Origin=example.org/host\n"                                                                \
        "[Token tpm0]\n"                                                                           \
        "Driver=tpm\n"                                                                             \
        "TCTI=device:/dev/tpmrm0\n"                                                                \
        "[Key log]\n"                                                                              \
        "Token=tpm0\n"                                                                             \
        "Algorithm=ecdsa-p256\n"                                                                   \
        "Purpose=log\n"                                                                            \
        "\n"                                                                                       \
        "# comment\n"                                                                              \
        "; comment\n"

#define KEY(algorithm, purpose)                                                                    \
        "[Key k]\nToken=tpm0\nAlgorithm=" algorithm "\nPurpose=" purpose "\n"
#define GRANT  "[Grant g]\nKey=*\nMethods=Sign\n"
#define PKCS11 "[Token h]\nDriver=pkcs11\nModule=/m.so\n"
#define NAME64 "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ._"

#define RATE_TEXT "expected 1 to 1000000 in a unit of time, such as 10/s, 600/min, 5/h or 100/d"

struct row {
        const char *label;
        const char *text;
        const char *message; /* all of it */
};

static inline int parse(struct view text, struct config **ret, struct problem *problem)
{
        return config_parse("f", text, ret, problem);
}

static inline void expect_refused(const char *label, struct view text, const char *message)
{
        _cleanup_(config_freep) struct config *config = NULL;
        struct problem problem = {};

        test_label = label;
        expect_integer(parse(text, &config, &problem), -EBADMSG);
        expect(config == NULL);
        expect_text(view_string(problem.text), message);
        test_label = "";
}

static inline void expect_rows(const struct row *rows, size_t count)
{
        for (size_t i = 0; i < count; i++)
                expect_refused(rows[i].label, view_string(rows[i].text), rows[i].message);
}
