/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The SLSA provenance v1 of a run: what the agent has observed of it, and, apart from that and
 * marked, what the step says. hallmark-protocol(7) has its members.
 *
 * From the step come the subjects, the materials and its claims, and nothing else.
 */

#include "lib/predicate.h"

#define PROVENANCE_BUILD_UNIT   "https://hallmark.io/run/unit/v1"
#define PROVENANCE_BUILD_CALLER "https://hallmark.io/run/caller/v1"

/* All is borrowed. */
struct provenance {
        const char *builder; /* its id */
        const char *run;     /* invocationId */
        const char *started, *finished;
        const char *origin, *boot, *host;
        const char *grant;
        const json_t *caller;     /* as in records */
        const json_t *unit;       /* of struct observer; NULL: not observed */
        const json_t *measured;   /* of struct measuring; or NULL */
        const json_t *parameters; /* by whoever a grant lets describe them; or NULL */
        const char *described_by; /* that grant; or NULL */
        const json_t *materials;  /* of the step: an array of descriptors; or NULL */
        const json_t *claims;     /* of the step: an object; or NULL */
};

/* The predicate. NULL without memory. */
json_t *provenance_predicate(const struct provenance *provenance) _must_use_;
