/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/tlog-entry.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>

/* What is read is written, and read again as the same. */
static void check_again(const struct tlog_entry *entry)
{
        _cleanup_(tlog_entry_done) struct tlog_entry copy = {};
        _cleanup_(buf_done) struct buf text = {}, again = {};
        json_t *object = NULL;
        int r = tlog_entry_put(&text, entry);

        assert(r == 0);
        r = json_parse_object(buf_view(&text), &object, NULL);
        assert(r == 0);
        r = tlog_entry_parse(object, &copy, NULL);
        json_decref(object);
        assert(r == 0);
        r = tlog_entry_put(&again, &copy);
        assert(r == 0 && view_equal(buf_view(&again), buf_view(&text)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_(tlog_entry_done) struct tlog_entry entry = {};
        char origin[] = "origin";
        const struct keyring ring = {.origin = origin};
        struct problem problem = {};
        json_t *object = NULL;
        int r;

        if (json_parse_object(view_of(data, size), &object, NULL) < 0)
                return 0;
        r = tlog_entry_parse(object, &entry, &problem);
        json_decref(object);
        assert(r == 0 || r == -EBADMSG || r == -EOPNOTSUPP);
        assert((r == 0) == (problem.text[0] == '\0'));
        if (r < 0)
                return 0;
        check_again(&entry);
        r = tlog_entry_verify(&entry, &ring, &(struct tlog_statement){}, NULL);
        assert(r == -ENOKEY); /* nobody is trusted */
        return 0;
}
