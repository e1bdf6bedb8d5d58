/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/statement.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>

/* What was read can be written, and what was written is read again as the same text. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_(statement_done) struct statement statement = {}, again = {};
        _cleanup_(buf_done) struct buf text = {}, text_again = {};
        struct problem problem = {};
        int r = statement_parse(view_of(data, size), &statement, &problem);

        assert(r == 0 || r == -EBADMSG || r == -EMSGSIZE);
        assert((r == 0) == (problem.text[0] == '\0'));
        if (r < 0)
                return 0;
        assert(json_array_size(statement.subjects) > 0 && json_is_object(statement.predicate));
        assert(statement_type_is_valid(statement.predicate_type));
        for (size_t i = 0; i < json_array_size(statement.subjects); i++)
                (void)statement_find_subject(&statement, json_array_get(statement.subjects, i));
        r = statement_put(&text, statement.subjects, statement.predicate_type, statement.predicate,
                          NULL);
        assert(r == 0);
        r = statement_parse(buf_view(&text), &again, NULL);
        assert(r == 0);
        r = statement_put(&text_again, again.subjects, again.predicate_type, again.predicate, NULL);
        assert(r == 0 && view_equal(buf_view(&text), buf_view(&text_again)));
        return 0;
}
