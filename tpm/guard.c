/* SPDX-License-Identifier: Apache-2.0 */
#include "tpm/guard.h"

#include "tpm/counter.h"
#include "tpm/session.h"

#include <errno.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <tss2/tss2_mu.h>

#define COORDINATE_SIZE 32 /* bytes of r and s on P-256 */

static void ecdsa_sig_freep(ECDSA_SIG **signature)
{
        ECDSA_SIG_free(*signature);
}

static int witness_public(const struct pubkey *witness, TPM2B_PUBLIC *ret)
{
        _cleanup_(buf_done) struct buf bytes = BUF_INIT(0);
        int r = tpm_public_put_verifier(&bytes, witness);

        if (r == 0)
                r = buf_error(&bytes);
        if (r < 0)
                return r;
        *ret = (TPM2B_PUBLIC){0};
        return Tss2_MU_TPMT_PUBLIC_Unmarshal(bytes.data, bytes.size, NULL, &ret->publicArea) ? -EIO
                                                                                             : 0;
}

static int load_witness(struct device *device, struct guard *guard, struct problem *problem)
{
        unsigned attempts = 0;
        TPM2B_PUBLIC public;
        ESYS_TR handle;
        TSS2_RC rc;
        int r = witness_public(guard->gate.witness, &public);

        if (r < 0)
                return r;
        object_make_room(device, NULL);
        do
                rc = Esys_LoadExternal(device->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, NULL,
                                       &public, ESYS_TR_RH_OWNER, &handle);
        while (object_again(device, NULL, rc, &attempts));
        if (rc)
                return device_error(rc, "loading the public key of a witness", problem);
        r = object_adopt(device, &guard->witness, handle, problem);
        if (r == 0)
                object_rest(device, &guard->witness);
        return r;
}

int guard_open(struct device *device, struct guard *guard, const TPM2B_AUTH *authorization,
               struct problem *problem)
{
        int r = 0;

        if (guard->gate.witness)
                r = load_witness(device, guard, problem);
        if (r == 0 && guard->gate.counter)
                r = counter_open(device, guard->gate.counter, authorization, &guard->counter,
                                 problem);
        return r;
}

void guard_done(struct device *device, struct guard *guard)
{
        object_done(device, &guard->witness);
        if (guard->counter != ESYS_TR_NONE)
                counter_close(device, guard->counter);
        guard->counter = ESYS_TR_NONE;
        gate_done(&guard->gate);
}

static int put_number(const BIGNUM *number, TPM2B_ECC_PARAMETER *ret)
{
        ret->size = COORDINATE_SIZE;
        return BN_bn2binpad(number, ret->buffer, COORDINATE_SIZE) == COORDINATE_SIZE ? 0 : -EPERM;
}

/* DER of Ecdsa-Sig-Value, as the agent sent it. */
static int read_authorization(struct view der, TPMT_SIGNATURE *ret)
{
        const unsigned char *cursor = der.data;
        _cleanup_(ecdsa_sig_freep) ECDSA_SIG *pair = NULL;
        TPMS_SIGNATURE_ECDSA *ecdsa = &ret->signature.ecdsa;
        int r;

        *ret = (TPMT_SIGNATURE){.sigAlg = TPM2_ALG_ECDSA};
        ecdsa->hash = TPM2_ALG_SHA256;
        if (der.size > 0 && der.size <= FRAME_SIZE_MAX)
                pair = d2i_ECDSA_SIG(NULL, &cursor, (long)der.size);
        if (!pair || cursor != der.data + der.size)
                r = -EPERM;
        else
                r = put_number(ECDSA_SIG_get0_r(pair), &ecdsa->signatureR);
        if (r == 0)
                r = put_number(ECDSA_SIG_get0_s(pair), &ecdsa->signatureS);
        ERR_clear_error();
        return r;
}

static int signed_error(TSS2_RC rc, struct problem *problem)
{
        if (device_code(rc) == TPM2_RC_SIGNATURE || device_code(rc) == TPM2_RC_SIZE)
                return problem_set(problem, -EPERM,
                                   "the authorization is not the witness's for this digest");
        return device_error(rc, "checking the authorization of a witness", problem);
}

static int ask_witness(struct device *device, struct guard *guard, const TPM2B_DIGEST *digest,
                       struct view authorization, ESYS_TR session, struct problem *problem)
{
        TPM2B_DIGEST command = {.size = SHA256_SIZE};
        TPMT_SIGNATURE signature;
        struct sha256 hash;
        unsigned attempts = 0;
        TSS2_RC rc;
        int r = object_use(device, &guard->witness, problem);

        if (r == 0)
                r = gate_command(view_of(guard->key.name, guard->key.size),
                                 view_of(digest->buffer, digest->size), &hash);
        if (r < 0)
                return r;
        if (read_authorization(authorization, &signature) < 0)
                return problem_set(problem, -EPERM, "the key signs nothing without its witness");
        memcpy(command.buffer, hash.bytes, SHA256_SIZE);
        do
                rc = Esys_PolicySigned(device->esys, guard->witness.handle, session, ESYS_TR_NONE,
                                       ESYS_TR_NONE, ESYS_TR_NONE, NULL, &command, NULL, 0,
                                       &signature, NULL, NULL);
        while (object_again(device, &guard->witness, rc, &attempts));
        return rc ? signed_error(rc, problem) : 0;
}

static int count_use(struct device *device, struct guard *guard, ESYS_TR session,
                     struct problem *problem)
{
        unsigned attempts = 0;
        TSS2_RC rc;

        do
                rc = Esys_PolicySecret(device->esys, guard->counter, session, ESYS_TR_PASSWORD,
                                       ESYS_TR_NONE, ESYS_TR_NONE, NULL, NULL, NULL, 0, NULL, NULL);
        while (device_busy(rc, &attempts));
        return rc ? device_error(rc, "counting the use of a key", problem) : 0;
}

/* In the order of gate_policy(). */
static int satisfy(struct device *device, struct guard *guard, const TPM2B_DIGEST *digest,
                   struct view authorization, ESYS_TR session, struct problem *problem)
{
        TSS2_RC rc;
        int r = 0;

        if (guard->gate.witness)
                r = ask_witness(device, guard, digest, authorization, session, problem);
        if (r == 0 && guard->gate.counter)
                r = count_use(device, guard, session, problem);
        if (r < 0)
                return r;
        rc = Esys_PolicyCommandCode(device->esys, session, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                    TPM2_CC_Sign);
        return rc ? device_error(rc, "satisfying the policy of a key", problem) : 0;
}

int guard_satisfy(struct device *device, struct guard *guard, const TPM2B_DIGEST *digest,
                  struct view authorization, ESYS_TR *ret, struct problem *problem)
{
        ESYS_TR session;
        int r = session_start(device, TPM2_SE_POLICY, &session, problem);

        if (r < 0)
                return r;
        r = satisfy(device, guard, digest, authorization, session, problem);
        if (r < 0)
                session_end(device, session, r);
        else
                *ret = session;
        return r;
}
