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

/* As many as the TPM gives at once, from @first on. */
static int read_some(struct device *device, unsigned first, UINT32 *ret_counter,
                     TPML_DIGEST **ret_digests, struct problem *problem)
{
        const TPML_PCR_SELECTION wanted = select_from(first);
        TPML_PCR_SELECTION *given = NULL;
        unsigned attempts = 0;
        TSS2_RC rc;

        do
                rc = Esys_PCR_Read(device->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &wanted,
                                   ret_counter, &given, ret_digests);
        while (device_busy(rc, &attempts));
        Esys_Free(given);
        return rc == TSS2_RC_SUCCESS ? 0 : device_error(rc, "TPM2_PCR_Read", problem);
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
                if (digests->count == 0 || digests->count > REGISTERS - next)
                        return problem_set(problem, -EOPNOTSUPP,
                                           "this TPM has no SHA-256 bank of %d registers",
                                           REGISTERS);
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
