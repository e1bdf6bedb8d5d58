/* SPDX-License-Identifier: Apache-2.0 */
#include "tpm/evidence.h"

#include "tpm/activation.h"
#include "tpm/attester.h"
#include "tpm/creation.h"
#include "tpm/nv-certificate.h"
#include "tpm/object.h"

#include <errno.h>
#include <tss2/tss2_mu.h>

static const TPMT_SIG_SCHEME scheme_of_key = {.scheme = TPM2_ALG_NULL};

static int put_public(struct device *device, ESYS_TR handle, struct buf *ret,
                      struct problem *problem)
{
        _cleanup_(esys_freep) TPM2B_PUBLIC *public = NULL;
        uint8_t bytes[sizeof(TPMT_PUBLIC)];
        unsigned attempts = 0;
        size_t size = 0;
        TSS2_RC rc;

        do
                rc = Esys_ReadPublic(device->esys, handle, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                     &public, NULL, NULL);
        while (device_busy(rc, &attempts));
        if (rc)
                return device_error(rc, "reading a public area", problem);
        if (Tss2_MU_TPMT_PUBLIC_Marshal(&public->publicArea, bytes, sizeof(bytes), &size))
                return problem_set(problem, -EIO, "the TPM gave a malformed public area");
        buf_put(ret, bytes, size);
        return buf_error(ret);
}

int evidence_put_attestation(const TPM2B_ATTEST *attest, const TPMT_SIGNATURE *signature,
                             struct buf *ret_attest, struct buf *ret_signature,
                             struct problem *problem)
{
        uint8_t bytes[sizeof(TPMT_SIGNATURE)];
        size_t size = 0;

        if (attest->size > sizeof(attest->attestationData) ||
            Tss2_MU_TPMT_SIGNATURE_Marshal(signature, bytes, sizeof(bytes), &size))
                return problem_set(problem, -EIO, "the TPM gave a malformed attestation");
        buf_put(ret_attest, attest->attestationData, attest->size);
        buf_put(ret_signature, bytes, size);
        return buf_error(ret_attest) ? buf_error(ret_attest) : buf_error(ret_signature);
}

static int certify(struct device *device, struct object *key, const TPM2B_DATA *nonce,
                   struct evidence *ret, struct problem *problem)
{
        _cleanup_(esys_freep) TPM2B_ATTEST *attest = NULL;
        _cleanup_(esys_freep) TPMT_SIGNATURE *signature = NULL;
        unsigned attempts = 0;
        TSS2_RC rc;

        do
                rc = Esys_Certify(device->esys, key->handle, attester_object(device)->handle,
                                  ESYS_TR_PASSWORD, ESYS_TR_PASSWORD, ESYS_TR_NONE, nonce,
                                  &scheme_of_key, &attest, &signature);
        while (device_busy(rc, &attempts));
        if (rc)
                return device_error(rc, "certifying a key", problem);
        return evidence_put_attestation(attest, signature, &ret->parts[EVIDENCE_ATTESTATION],
                                        &ret->parts[EVIDENCE_SIGNATURE], problem);
}

static int certify_loaded(struct device *device, struct object *key, struct view nonce,
                          struct evidence *ret, struct problem *problem)
{
        struct object *attester = attester_object(device);
        TPM2B_DATA data = {.size = (UINT16)nonce.size};
        int r = object_use(device, attester, problem);

        memcpy(data.buffer, nonce.data, nonce.size);
        if (r == 0)
                r = object_use(device, key, problem);
        if (r == 0)
                r = put_public(device, attester->handle, &ret->parts[EVIDENCE_ATTESTATION_KEY],
                               problem);
        if (r == 0)
                r = put_public(device, key->handle, &ret->parts[EVIDENCE_PUBLIC], problem);
        if (r == 0)
                r = certify(device, key, &data, ret, problem);
        object_rest(device, attester);
        return r;
}

/* Last of all: a TPM that answers nonsense to it has told the rest by then. */
static int certify_creation(struct device *device, struct object *key,
                            const struct evidence_question *question, struct evidence *ret,
                            struct problem *problem)
{
        struct object *attester = attester_object(device);
        int r;

        if (question->creation.size == 0)
                return 0;
        r = object_use(device, attester, problem);
        if (r == 0)
                r = object_use(device, key, problem);
        if (r == 0)
                r = creation_certify(device, key, question, ret, problem);
        object_rest(device, attester);
        return r;
}

/* What it says of itself where no attestation says it. */
static int add_self_asserted(struct device *device, struct facts *ret, struct problem *problem)
{
        static const char *const wanted[] = {"firmware", "manufacturer", "model", "revision"};
        _cleanup_(facts_done) struct facts facts = {};
        int r = device_facts(device, &facts, problem);

        for (size_t i = 0; r == 0 && i < ARRAY_SIZE(wanted); i++) {
                const char *value = facts_get(&facts, wanted[i]);

                if (value && value[0])
                        r = facts_add(ret, wanted[i], value);
        }
        return r;
}

int evidence_of_key(struct device *device, struct object *key,
                    const struct evidence_question *question, struct evidence *ret,
                    struct problem *problem)
{
        struct problem reason = {};
        int r = attester_open(device, &reason);

        if (r == -EACCES) /* not the token's secret */
                return problem_set(problem, -EOPNOTSUPP,
                                   "the endorsement hierarchy has an authorization");
        if (r < 0)
                return problem_set(problem, r, "%s", problem_text(&reason, r));
        ret->kind = EVIDENCE_TPM2;
        r = certify_loaded(device, key, question->nonce, ret, problem);
        if (r == 0)
                r = add_self_asserted(device, &ret->self_asserted, problem);
        if (r == 0)
                r = nv_certificates_add(device, ret, problem);
        if (r == 0 && question->endorsement)
                r = activation_answer(device, question, &ret->activated, problem);
        return r < 0 ? r : certify_creation(device, key, question, ret, problem);
}
