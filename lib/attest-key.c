/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/attest-key.h"

#include <errno.h>

#define TPM_GENERATED 0xff544347 /* TPM 2.0 Part 2 §6.2 */

/* TPM2B: uint16 size, then that many bytes. */
static struct view read_sized(struct reader *reader)
{
        return reader_bytes(reader, reader_u16(reader));
}

int attest_key_parse(struct view bytes, enum attest_key_type expected, struct attest_key *ret,
                     struct problem *problem)
{
        struct reader reader = reader_init(bytes);
        struct attest_key attest = {.type = expected};
        uint32_t magic = reader_u32(&reader);
        uint16_t type = reader_u16(&reader);
        uint8_t safe;

        if (reader.bad || magic != TPM_GENERATED)
                return problem_set(problem, -EBADMSG,
                                   "attestation: does not begin as what a TPM makes");
        if (type != expected)
                return problem_set(problem, -EBADMSG,
                                   "attestation: expected one of a key (0x%x), found type 0x%x",
                                   (unsigned)expected, type);
        attest.signer = read_sized(&reader);
        attest.qualifying = read_sized(&reader);
        attest.clock = reader_u64(&reader);
        attest.reset_count = reader_u32(&reader);
        attest.restart_count = reader_u32(&reader);
        safe = reader_u8(&reader);
        attest.safe = safe;
        attest.firmware = reader_u64(&reader);
        attest.name = read_sized(&reader);
        attest.further = read_sized(&reader);
        if (reader_end(&reader) < 0 || safe > 1 || bytes.size > ATTEST_SIZE_MAX)
                return problem_set(problem, -EBADMSG, "attestation: malformed");
        *ret = attest;
        return 0;
}
