/* SPDX-License-Identifier: Apache-2.0 */
#include "tpm/pcr.h"

#include <errno.h>

#include "tpm/device.h"

#define REGISTERS     24 /* of a PC Client TPM */
#define ATTEMPTS_MAX  8
#define SELECT_OCTETS 3

/* The selection without the registers before @first. */
static TPML_PCR_SELECTION select_from(unsigned first)
{
        TPML_PCR_SELECTION selection = {
                .count = 1,
                .pcrSelections = {{.hash = TPM2_ALG_SHA256, .sizeofSelect = SELECT_OCTETS}},
        };

        for (unsigned i = first; i < REGISTERS; i++)
                selection.pcrSelections[0].pcrSelect[i / 8] |= (BYTE)(1u << i % 8);
        return selection;
}

static int is_selected(const TPMS_PCR_SELECTION *selection, unsigned number)
{
        return number / 8 < selection->sizeofSelect &&
               selection->pcrSelect[number / 8] >> number % 8 & 1;
}

/* Whether the selection is of exactly @count registers of the bank, from @first on. */
static int is_selection(const TPML_PCR_SELECTION *given, unsigned first, unsigned count)
{
        const TPMS_PCR_SELECTION *selection = &given->pcrSelections[0];

        if (given->count != 1 || selection->hash != TPM2_ALG_SHA256 ||
            selection->sizeofSelect > TPM2_PCR_SELECT_MAX)
                return 0;
        for (unsigned i = 0; i < 8 * TPM2_PCR_SELECT_MAX; i++)
                if (is_selected(selection, i) != (i >= first && i < first + count))
                        return 0;
        return 1;
}

/* A digest is of that register whose turn it is only if the TPM left none out. */
static int check_answer(const TPML_PCR_SELECTION *given, const TPML_DIGEST *digests, unsigned first,
                        struct problem *problem)
{
        if (digests->count == 0)
                return problem_set(problem, -EOPNOTSUPP,
                                   "this TPM has no SHA-256 bank of %d registers", REGISTERS);
        if (digests->count > ARRAY_SIZE(digests->digests) ||
            !is_selection(given, first, digests->count))
                return problem_set(problem, -EIO,
                                   "TPM2_PCR_Read: the TPM answered for other registers than "
                                   "those from %u on that it was asked for",
                                   first);
        for (UINT32 i = 0; i < digests->count; i++)
                if (digests->digests[i].size != TPM2_SHA256_DIGEST_SIZE)
                        return problem_set(problem, -EIO,
                                           "TPM2_PCR_Read: register %u: a digest of %u bytes, "
                                           "expected %d",
                                           first + i, digests->digests[i].size,
                                           TPM2_SHA256_DIGEST_SIZE);
        return 0;
}

/* As many as the TPM gives at once, from @first on. */
static int read_some(struct device *device, unsigned first, UINT32 *ret_counter,
                     TPML_DIGEST **ret_digests, struct problem *problem)
{
        const TPML_PCR_SELECTION wanted = select_from(first);
        _cleanup_(esys_freep) TPML_PCR_SELECTION *given = NULL;
        unsigned attempts = 0;
        TSS2_RC rc;

        do
                rc = Esys_PCR_Read(device->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &wanted,
                                   ret_counter, &given, ret_digests);
        while (device_busy(rc, &attempts));
        return rc == TSS2_RC_SUCCESS ? check_answer(given, *ret_digests, first, problem)
                                     : device_error(rc, "TPM2_PCR_Read", problem);
}

/* 1: the registers changed between two answers. */
static int read_all(struct device *device, struct buf *ret, struct problem *problem)
{
        UINT32 counter = 0, now = 0;

        for (unsigned next = 0; next < REGISTERS;) {
                _cleanup_(esys_freep) TPML_DIGEST *digests = NULL;
                int r = read_some(device, next, &now, &digests, problem);

                if (r < 0)
                        return r;
                if (next > 0 && now != counter)
                        return 1;
                counter = now;
                for (UINT32 i = 0; i < digests->count; i++)
                        buf_put_sized(
                                ret, view_of(digests->digests[i].buffer, digests->digests[i].size));
                next += digests->count;
        }
        return 0;
}

int pcr_read(void *device, struct buf *ret, struct problem *problem)
{
        for (unsigned attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
                int r;

                buf_clear(ret);
                r = read_all(device, ret, problem);
                if (r <= 0)
                        return r;
        }
        return problem_set(problem, -EAGAIN, "the registers changed while they were read");
}
