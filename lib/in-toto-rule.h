/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * One rule about artifacts, as in-toto's layouts have it (in-toto specification v1.0 §4.3.3):
 *
 *     ["MATCH",P,"IN",SOURCE,"WITH","PRODUCTS","IN",DESTINATION,"FROM",STEP]
 *     ["CREATE"|"DELETE"|"MODIFY"|"ALLOW"|"DISALLOW"|"REQUIRE",P]
 *
 * Words are of either case.
 */

#include "lib/json.h"

#define IN_TOTO_PATTERN_MAX 1024 /* bytes */
#define IN_TOTO_WORDS_MAX   10   /* of a rule */

enum in_toto_rule_type {
        RULE_MATCH,
        RULE_CREATE,
        RULE_DELETE,
        RULE_MODIFY,
        RULE_ALLOW,
        RULE_DISALLOW,
        RULE_REQUIRE,
};

/* The strings are borrowed from the JSON. */
struct in_toto_rule {
        const json_t *words; /* as in the layout */
        enum in_toto_rule_type type;
        const char *pattern;            /* of RULE_REQUIRE: a path */
        const char *source_prefix;      /* of RULE_MATCH; may be "" */
        const char *destination_prefix; /* of RULE_MATCH; may be "" */
        int with_products;              /* of RULE_MATCH: and not materials */
        const char *step;               /* of RULE_MATCH: where the destination is */
};

/* -EBADMSG: no such rule, with the reason. */
int in_toto_rule_parse(const json_t *words, struct in_toto_rule *ret,
                       struct problem *problem) _must_use_;

/* Appends the rule on one line. */
void in_toto_rule_put(const struct in_toto_rule *rule, struct buf *buf);
