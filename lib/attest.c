/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/attest.h"

#include <errno.h>

/* TPM 2.0 Part 2 §6.2, §6.9 */
#define TPM_GENERATED            0xff544347
#define TPM_ATTEST_COMMAND_AUDIT 0x8015
#define TPM_ATTEST_NV            0x8014

struct view attest_read_sized(struct reader *reader)
{
        return reader_bytes(reader, reader_u16(reader));
}

int attest_read_head(struct reader *reader, uint16_t kind, const char *what,
                     struct attest_head *ret, struct problem *problem)
{
        uint32_t magic = reader_u32(reader);
        uint16_t found = reader_u16(reader);

        if (reader->bad || magic != TPM_GENERATED)
                return problem_set(problem, -EBADMSG,
                                   "attestation: does not begin as what a TPM makes");
        if (found != kind)
                return problem_set(problem, -EBADMSG,
                                   "attestation: expected one of %s (0x%x), found type 0x%x", what,
                                   kind, found);
        ret->signer = attest_read_sized(reader);
        ret->qualifying = attest_read_sized(reader);
        ret->clock = reader_u64(reader);
        ret->reset_count = reader_u32(reader);
        ret->restart_count = reader_u32(reader);
        ret->safe = reader_u8(reader);
        ret->firmware = reader_u64(reader);
        if (reader->bad || ret->safe > 1)
                return problem_set(problem, -EBADMSG, "attestation: malformed");
        return 0;
}

int attest_read_end(struct reader *reader, struct view bytes, struct problem *problem)
{
        if (reader_end(reader) < 0 || bytes.size > ATTEST_SIZE_MAX)
                return problem_set(problem, -EBADMSG, "attestation: malformed");
        return 0;
}

int attest_parse_audit(struct view bytes, struct attest_audit *ret, struct problem *problem)
{
        struct reader reader = reader_init(bytes);
        struct attest_audit attest = {};
        int r = attest_read_head(&reader, TPM_ATTEST_COMMAND_AUDIT, "audited commands",
                                 &attest.head, problem);

        if (r < 0)
                return r;
        attest.counter = reader_u64(&reader);
        attest.algorithm = reader_u16(&reader);
        attest.digest = attest_read_sized(&reader);
        attest.commands = attest_read_sized(&reader);
        r = attest_read_end(&reader, bytes, problem);
        if (r == 0)
                *ret = attest;
        return r;
}

/* Up to the contents, which are 8 bytes for all that is certified here. */
static int read_index(struct reader *reader, struct attest_head *ret_head, struct view *ret_index,
                      struct problem *problem)
{
        int r = attest_read_head(reader, TPM_ATTEST_NV, "an NV index", ret_head, problem);

        if (r < 0)
                return r;
        *ret_index = attest_read_sized(reader);
        if (reader_u16(reader) != 0)
                reader_fail(reader); /* offset */
        if (reader_u16(reader) != 8)
                reader_fail(reader); /* size */
        return 0;
}

int attest_parse_count(struct view bytes, struct attest_count *ret, struct problem *problem)
{
        struct reader reader = reader_init(bytes);
        struct attest_count attest = {};
        int r = read_index(&reader, &attest.head, &attest.index, problem);

        if (r < 0)
                return r;
        attest.uses = reader_u32(&reader);
        attest.limit = reader_u32(&reader);
        r = attest_read_end(&reader, bytes, problem);
        if (r == 0)
                *ret = attest;
        return r;
}

int attest_parse_counter(struct view bytes, struct attest_counter *ret, struct problem *problem)
{
        struct reader reader = reader_init(bytes);
        struct attest_counter attest = {};
        int r = read_index(&reader, &attest.head, &attest.index, problem);

        if (r < 0)
                return r;
        attest.value = reader_u64(&reader);
        r = attest_read_end(&reader, bytes, problem);
        if (r == 0)
                *ret = attest;
        return r;
}
