/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The rules of a layout applied to what the steps have attested (in-toto specification v1.0
 * §4.3.3.1): a list of rules takes artifacts from a queue, and what is left may be disallowed.
 *
 * Beyond the specification, and unless it is asked for nothing else: what goes into a step out of
 * another one must be there, and must be the same. A MATCH rule alone demands neither.
 */

#include "lib/in-toto-layout.h"

/* A step or inspection and what it took and made. */
struct chain_evidence {
        const struct layout_item *item;
        const struct artifacts *materials, *products;
};

struct chain_rules {
        const struct chain_evidence *evidence; /* of all the rules can be about */
        size_t count;
        int specification_only;
};

/* Whether something must flow into @item out of the step @from, or out of any other if that is
 * NULL.
 */
int chain_rules_take(const struct layout_item *item, const char *from);

/* Whether there is anything that its rules would not let pass. */
int chain_rules_demand(const struct layout_item *item);

/* 0 if and only if both lists of rules of @subject are fulfilled. -EKEYREJECTED with list, rule,
 * path and reason, and @ret_rule set; -ENOMEM. */
int chain_check_rules(const struct chain_rules *rules, const struct chain_evidence *subject,
                      const struct in_toto_rule **ret_rule, struct problem *problem) _must_use_;
