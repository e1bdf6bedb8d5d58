/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/attestation.h"

#include <errno.h>
#include <stdio.h>

#include "lib/json-text.h"

struct attestation *attestation_free(struct attestation *attestation)
{
        if (!attestation)
                return NULL;
        buf_done(&attestation->payload);
        buf_done(&attestation->digests);
        free(attestation->builder);
        free(attestation->run);
        free(attestation);
        return NULL;
}

static void name_digest(struct view bytes, char ret[72])
{
        char hex[HEX_SIZE(SHA256_SIZE)];
        struct sha256 digest = sha256_of(bytes);

        (void)snprintf(ret, 72, "sha256:%s", hex_encode(sha256_view(&digest), hex));
}

static int digest_subjects(const json_t *subjects, struct attestation *ret)
{
        _cleanup_(buf_done) struct buf text = BUF_INIT(STATEMENT_SIZE_MAX);

        json_put(&text, subjects);
        if (buf_error(&text))
                return buf_error(&text);
        name_digest(buf_view(&text), ret->subjects_digest);
        ret->subject_count = json_array_size(subjects);
        return 0;
}

/* So that the journal can be asked what was said about an artifact. */
static void list_digests(const json_t *subjects, struct buf *ret)
{
        const json_t *subject;
        size_t i;

        if (json_array_size(subjects) > RECORD_SUBJECTS_MAX)
                return;
        json_array_foreach (subjects, i, subject)
                if (!resource_digest(subject, "sha256"))
                        return;
        json_array_foreach (subjects, i, subject)
                buf_put_format(ret, "%s\"sha256:%s\"", i == 0 ? "[" : ",",
                               resource_digest(subject, "sha256"));
        buf_put_u8(ret, ']');
}

static int fill(struct view payload, struct attestation *ret, struct problem *problem)
{
        _cleanup_(statement_done) struct statement statement = {};
        int r = statement_parse(payload, &statement, problem);

        if (r < 0)
                return r;
        (void)snprintf(ret->predicate_type, sizeof(ret->predicate_type), "%s",
                       statement.predicate_type);
        name_digest(payload, ret->payload_digest);
        list_digests(statement.subjects, &ret->digests);
        r = digest_subjects(statement.subjects, ret);
        buf_put_view(&ret->payload, payload);
        if (r == 0)
                r = buf_error(&ret->digests);
        return r < 0 ? r : buf_error(&ret->payload);
}

int attestation_new(struct view payload, struct attestation **ret, struct problem *problem)
{
        _cleanup_(attestation_freep) struct attestation *attestation =
                calloc(1, sizeof(*attestation));
        int r = attestation ? fill(payload, attestation, problem) : -ENOMEM;

        if (r == 0)
                *ret = TAKE_PTR(attestation);
        return r;
}
