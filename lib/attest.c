/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/attest.h"

#include <errno.h>

/* TPM 2.0 Part 2 §6.2, §6.9 */
#define TPM_GENERATED            0xff544347
#define TPM_ATTEST_COMMAND_AUDIT 0x8015
#define TPM_ATTEST_NV            0x8014

/* TPM2B: uint16 size, then that many bytes. */
static struct view read_sized(struct reader *reader)
{
        return reader_bytes(reader, reader_u16(reader));
}

int attest_parse_audit(struct view bytes, struct attest_audit *ret, struct problem *problem)
{
        struct reader reader = reader_init(bytes);
        uint32_t magic = reader_u32(&reader);
        uint16_t type = reader_u16(&reader);
        struct attest_audit attest = {};
        uint8_t safe;

        if (reader.bad || magic != TPM_GENERATED)
                return problem_set(problem, -EBADMSG,
                                   "attestation: does not begin as what a TPM makes");
        if (type != TPM_ATTEST_COMMAND_AUDIT)
                return problem_set(problem, -EBADMSG,
                                   "attestation: expected one of audited commands (0x%x), found "
                                   "type 0x%x",
                                   TPM_ATTEST_COMMAND_AUDIT, type);
        attest.signer = read_sized(&reader);
        attest.qualifying = read_sized(&reader);
        attest.clock = reader_u64(&reader);
        attest.reset_count = reader_u32(&reader);
        attest.restart_count = reader_u32(&reader);
        safe = reader_u8(&reader);
        attest.safe = safe;
        attest.firmware = reader_u64(&reader);
        attest.counter = reader_u64(&reader);
        attest.algorithm = reader_u16(&reader);
        attest.digest = read_sized(&reader);
        attest.commands = read_sized(&reader);
        if (reader_end(&reader) < 0 || safe > 1 || bytes.size > ATTEST_SIZE_MAX)
                return problem_set(problem, -EBADMSG, "attestation: malformed");
        *ret = attest;
        return 0;
}

int attest_parse_count(struct view bytes, struct attest_count *ret, struct problem *problem)
{
        struct reader reader = reader_init(bytes);
        uint32_t magic = reader_u32(&reader);
        uint16_t type = reader_u16(&reader), offset, size;
        struct attest_count attest = {};

        if (reader.bad || magic != TPM_GENERATED || type != TPM_ATTEST_NV)
                return problem_set(problem, -EBADMSG,
                                   "attestation: expected one of an NV index, made by a TPM");
        attest.signer = read_sized(&reader);
        (void)read_sized(&reader); /* qualifying data */
        attest.clock = reader_u64(&reader);
        attest.reset_count = reader_u32(&reader);
        (void)reader_u32(&reader); /* restart count */
        if (reader_u8(&reader) > 1)
                reader_fail(&reader);
        (void)reader_u64(&reader); /* firmware */
        attest.index = read_sized(&reader);
        offset = reader_u16(&reader);
        size = reader_u16(&reader);
        attest.uses = reader_u32(&reader);
        attest.limit = reader_u32(&reader);
        if (reader_end(&reader) < 0 || offset != 0 || size != 8 || bytes.size > ATTEST_SIZE_MAX)
                return problem_set(problem, -EBADMSG, "attestation: malformed");
        *ret = attest;
        return 0;
}
