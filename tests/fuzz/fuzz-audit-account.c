/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/audit-account.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>

/* An `audit` record of any content: its claim is read, and its commands are checked all the same.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        const struct keyring empty = {};
        struct tree_window window = {};
        const struct audit_context context = {"example.org/host42", &empty, &window};
        struct audit_account account = {.known = 1};
        struct audit_claim claim;
        struct problem problem = {}, other = {};
        struct record record;
        int r;

        if (record_scan(view_of(data, size), &record) < 0 || !record_is(&record, "audit"))
                return 0;
        r = audit_claim_read(&record, &context, &claim, &problem);
        assert(r == 0 || r == -EBADMSG || r == -EKEYREJECTED);
        assert((r == 0) == (problem.text[0] == '\0'));
        r = audit_account_check(&account, &record, &claim, &context, &other);
        assert(r == -EBADMSG || r == -EKEYREJECTED);
        assert(other.text[0] != '\0');
        audit_account_begin(&account, 1, &claim, 1);
        audit_claim_done(&claim);
        audit_account_done(&account);
        tree_window_done(&window);
        return 0;
}
