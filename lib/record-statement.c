/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/record.h"
#include "lib/statement.h"

#include <errno.h>

int record_digest_is_sha256(struct view text)
{
        struct reader reader = reader_init(text);
        uint8_t digest[SHA256_SIZE];

        reader_expect(&reader, "sha256:");
        return !reader.bad && hex_decode(reader_rest(&reader), digest, sizeof(digest)) == 0;
}

/* A URI has no characters that a record would escape. */
int record_statement_is_valid(const struct record_statement *statement)
{
        char type[STATEMENT_URI_MAX + 1] = "";

        if (statement->predicate_type.size >= sizeof(type))
                return 0;
        memcpy(type, statement->predicate_type.data, statement->predicate_type.size);
        return strlen(type) == statement->predicate_type.size && statement_type_is_valid(type) &&
               record_digest_is_sha256(statement->payload) &&
               record_digest_is_sha256(statement->subjects) && statement->subject_count > 0;
}

int record_statement_verify(const json_t *record, struct problem *problem)
{
        const struct record_statement statement = {
                .payload = view_string(json_member_string(record, "payload")),
                .subjects = view_string(json_member_string(record, "subjects")),
                .predicate_type = view_string(json_member_string(record, "predicateType")),
                .subject_count = json_member_integer(record, "subjectCount", 0),
        };
        const json_t *digest;
        size_t i;

        if (!record_statement_is_valid(&statement))
                return problem_set(problem, -EBADMSG,
                                   "attest: expected digests of payload and subjects, a type and "
                                   "at least one subject");
        json_array_foreach (json_object_get(record, "digests"), i, digest)
                if (i >= RECORD_SUBJECTS_MAX || !json_is_string(digest) ||
                    !record_digest_is_sha256(view_string(json_string_value(digest))))
                        return problem_set(problem, -EBADMSG,
                                           "attest: digest %zu: expected SHA-256 of one of at "
                                           "most %d subjects",
                                           i, RECORD_SUBJECTS_MAX);
        return 0;
}
