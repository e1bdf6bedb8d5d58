/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/anchor-claim.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>

/* An `anchor` record of any content, about the tree of one leaf: what is good in it is what it
 * says. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        const struct merkle_tree empty = {};
        const struct sha256 leaf = merkle_leaf(view_string("intent"));
        struct tree_window window = {};
        struct anchor_claim claim = {};
        struct problem problem = {};
        struct record record;
        char text[ANCHOR_INDEX_TEXT];
        int r;

        if (record_scan(view_of(data, size), &record) < 0 || !record_is(&record, "anchor"))
                return 0;
        tree_window_begin(&window, &empty);
        r = tree_window_add(&window, &leaf);
        assert(r == 0);
        r = anchor_claim_read(&record, "example.org/host42", &window, &claim, &problem);
        assert(r == 0 || r == -EBADMSG || r == -EKEYREJECTED);
        assert((r == 0) == (problem.text[0] == '\0'));
        if (r == 0) {
                assert(claim.size <= 1 && claim.counter <= ANCHOR_COUNTER_MAX);
                assert(view_is(record_string(&record, "index"),
                               anchor_index_text(claim.index, text)));
        }
        tree_window_done(&window);
        return 0;
}
