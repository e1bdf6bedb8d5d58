/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The TPM alone: raw-tpm TCTI SECONDS
 *
 * A loop of Esys_Sign() with a loaded P-256 key and a password session, as the driver signs. Prints
 * signatures per second and the latency in microseconds at the 50th percentile.
 */
#include <stdio.h>
#include <tss2/tss2_esys.h>
#include <tss2/tss2_tctildr.h>

#include "tests/bench/sample.h"

static const TPM2B_PUBLIC template = {
        .publicArea =
                {
                        .type = TPM2_ALG_ECC,
                        .nameAlg = TPM2_ALG_SHA256,
                        .objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
                                            TPMA_OBJECT_SENSITIVEDATAORIGIN |
                                            TPMA_OBJECT_USERWITHAUTH | TPMA_OBJECT_NODA |
                                            TPMA_OBJECT_SIGN_ENCRYPT,
                        .parameters.eccDetail =
                                {
                                        .symmetric.algorithm = TPM2_ALG_NULL,
                                        .scheme = {.scheme = TPM2_ALG_ECDSA,
                                                   .details.ecdsa.hashAlg = TPM2_ALG_SHA256},
                                        .curveID = TPM2_ECC_NIST_P256,
                                        .kdf.scheme = TPM2_ALG_NULL,
                                },
                },
};

static TSS2_RC sign(ESYS_CONTEXT *esys, ESYS_TR key, uint32_t number)
{
        static const TPMT_SIG_SCHEME scheme = {.scheme = TPM2_ALG_NULL};
        static const TPMT_TK_HASHCHECK ticket = {.tag = TPM2_ST_HASHCHECK,
                                                 .hierarchy = TPM2_RH_NULL};
        TPM2B_DIGEST digest = {.size = 32};
        TPMT_SIGNATURE *signature = NULL;
        TSS2_RC rc;

        memcpy(digest.buffer, &number, sizeof(number));
        rc = Esys_Sign(esys, key, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, &digest, &scheme,
                       &ticket, &signature);
        Esys_Free(signature);
        return rc;
}

static TSS2_RC measure(ESYS_CONTEXT *esys, ESYS_TR key, double seconds)
{
        double start = now(), before = start;
        size_t count = 0;

        while (before < start + seconds) {
                TSS2_RC rc = sign(esys, key, (uint32_t)count);
                double after = now();

                if (rc)
                        return rc;
                sample_add(after - before);
                count++;
                before = after;
        }
        (void)printf("%.0f %.0f\n", (double)count / (before - start), sample_percentile(50));
        return 0;
}

int main(int argc, char **argv)
{
        static const TPM2B_SENSITIVE_CREATE sensitive;
        static const TPM2B_DATA outside;
        static const TPML_PCR_SELECTION pcrs;
        TSS2_TCTI_CONTEXT *tcti = NULL;
        ESYS_CONTEXT *esys = NULL;
        ESYS_TR key = ESYS_TR_NONE;
        TSS2_RC rc;

        if (argc != 3) {
                (void)fprintf(stderr, "usage: raw-tpm TCTI SECONDS\n");
                return 2;
        }
        rc = Tss2_TctiLdr_Initialize(argv[1], &tcti);
        if (!rc)
                rc = Esys_Initialize(&esys, tcti, NULL);
        if (!rc)
                rc = Esys_CreatePrimary(esys, ESYS_TR_RH_OWNER, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                                        ESYS_TR_NONE, &sensitive, &template, &outside, &pcrs, &key,
                                        NULL, NULL, NULL, NULL);
        if (!rc)
                rc = measure(esys, key, strtod(argv[2], NULL));
        if (rc)
                (void)fprintf(stderr, "raw-tpm: 0x%x\n", (unsigned)rc);
        if (key != ESYS_TR_NONE)
                (void)Esys_FlushContext(esys, key); /* the next one finds room */
        Esys_Finalize(&esys);
        Tss2_TctiLdr_Finalize(&tcti);
        return rc ? EXIT_FAILURE : EXIT_SUCCESS;
}
