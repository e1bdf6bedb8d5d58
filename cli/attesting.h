/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A statement that the agent signs: from its text to the file.
 */

#include "cli/signing.h"
#include "lib/format.h"

struct attesting {
        const struct invocation *invocation;
        const struct format *format; /* one of statements */
        char *output;                /* "-" for standard output */
        int with_proof;              /* gets one beside it */
        struct format_signer signer;
        struct signing signing;
        struct signature signature; /* its attributes are the statement */
};

void attesting_done(struct attesting *attesting);

/* Reads --format, --output and --with-proof, by their places in the table of the verb. The file is
 * beside @path, unless --output says another; NULL: there is no such. -EINVAL. */
int attesting_set_output(struct attesting *attesting, const size_t options[3], const char *path,
                         struct problem *problem) _must_use_;

/* Sets the digest that the key, which is known, signs of the statement. */
int attesting_find_digest(struct attesting *attesting, struct problem *problem) _must_use_;

/* Has the agent sign the statement with that key, checks the reply and writes the file. */
enum answer attesting_run(struct attesting *attesting, const char *key,
                          struct problem *problem) _must_use_;

/* Writes the file, and says what is in it, once the reply has been checked. */
int attesting_publish(struct attesting *attesting, struct problem *problem) _must_use_;
