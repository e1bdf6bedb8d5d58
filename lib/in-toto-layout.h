/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A layout: which steps a product must have gone through, who may attest each, and how what goes
 * into one comes out of another (in-toto specification v1.0 §4.3).
 *
 *     {"_type":"layout","expires":"2027-01-01T00:00:00Z","inspect":[],"keys":{ID:KEY…},"readme":"",
 *      "steps":[{"_type":"step","name":NAME,"threshold":1,"pubkeys":[ID…],"expected_command":[],
 *                "expected_materials":[RULE…],"expected_products":[RULE…]}…]}
 *
 * The parser takes nothing that this project would then not check, and refuses what can never be
 * fulfilled.
 */

#include "lib/in-toto-key.h"
#include "lib/in-toto-link.h"
#include "lib/in-toto-rule.h"

#define LAYOUT_STEPS_MAX 256
#define LAYOUT_KEYS_MAX  256
#define LAYOUT_RULES_MAX 1024 /* in one list */

struct layout_rules {
        struct in_toto_rule *items;
        size_t count;
};

/* A step, or an inspection: that has a command to run in the place of keys. */
struct layout_item {
        const char *name;
        struct layout_rules materials, products;
        const json_t *command; /* expected of the step; to be run for the inspection */
        const json_t *keys;    /* ids; NULL: an inspection */
        size_t threshold;
};

struct layout {
        json_t *object;
        uint64_t expires; /* seconds */
        struct in_toto_key *keys;
        size_t key_count;
        struct layout_item *items; /* the steps, then the inspections */
        size_t step_count, item_count;
};

void layout_done(struct layout *layout);

/* Reads a layout, of which a reference is taken. -EBADMSG, with step, rule and reason; -EOPNOTSUPP:
 * a kind of key that is not verified here; -ENOMEM. */
int layout_parse(json_t *object, struct layout *ret, struct problem *problem) _must_use_;

/* The step or inspection of that name, or NULL. */
const struct layout_item *layout_find(const struct layout *layout, const char *name);

/* The key with that id, or NULL. */
const struct in_toto_key *layout_find_key(const struct layout *layout, const char *id);
