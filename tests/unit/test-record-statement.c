/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/record.h"
#include "tests/test.h"

#define DIGEST "sha256:ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"

static const struct {
        const char *label, *payload, *subjects, *type;
        int64_t count;
        int valid;
} rows[] = {
        {"good", DIGEST, DIGEST, "https://slsa.dev/provenance/v1", 1, 1},
        {"no subject", DIGEST, DIGEST, "x:y", 0, 0},
        {"fewer than none", DIGEST, DIGEST, "x:y", -1, 0},
        {"no type", DIGEST, DIGEST, "", 1, 0},
        {"no URI", DIGEST, DIGEST, "provenance", 1, 0},
        {"an escape", DIGEST, DIGEST, "x:\\u0041", 1, 0},
        {"payload without hash", &DIGEST[7], DIGEST, "x:y", 1, 0},
        {"payload empty", "", DIGEST, "x:y", 1, 0},
        {"payload longer", DIGEST "00", DIGEST, "x:y", 1, 0},
        {"subjects of another hash", DIGEST, "sha384:ca97", "x:y", 1, 0},
        {"subjects in upper case", DIGEST, "sha256:CA97", "x:y", 1, 0},
};

int main(void)
{
        char longest[2048];

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                const struct record_statement statement = {
                        view_string(rows[i].payload), view_string(rows[i].subjects),
                        view_string(rows[i].type), rows[i].count};

                test_label = rows[i].label;
                expect_integer(record_statement_is_valid(&statement), rows[i].valid);
        }
        test_label = "a type without end";
        memset(longest, 'x', sizeof(longest));
        longest[1] = ':';
        expect_integer(record_statement_is_valid(
                               &(struct record_statement){view_string(DIGEST), view_string(DIGEST),
                                                          view_of(longest, sizeof(longest)), 1}),
                       0);
        return test_result();
}
