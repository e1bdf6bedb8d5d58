/* SPDX-License-Identifier: Apache-2.0 */
#include "tpm/signature.h"

#include "lib/pubkey.h"
#include "lib/spki.h"

#include <errno.h>

static int put_ecdsa(struct buf *buf, const TPMS_SIGNATURE_ECDSA *signature)
{
        const TPM2B_ECC_PARAMETER *r = &signature->signatureR, *s = &signature->signatureS;

        if (r->size > sizeof(r->buffer) || s->size > sizeof(s->buffer))
                return -EBADMSG;
        return ecdsa_put_der(buf, view_of(r->buffer, r->size), view_of(s->buffer, s->size));
}

/* The length is the modulus' by RFC 8017; a TPM that drops leading zeros gets them back. */
static int put_rsa(struct buf *buf, const struct algorithm *algorithm,
                   const TPMS_SIGNATURE_RSA *signature)
{
        const TPM2B_PUBLIC_KEY_RSA *bytes = &signature->sig;
        size_t size = algorithm->bits / 8;

        if (bytes->size > sizeof(bytes->buffer) || bytes->size > size)
                return -EBADMSG;
        for (size_t i = bytes->size; i < size; i++)
                buf_put_u8(buf, 0);
        buf_put(buf, bytes->buffer, bytes->size);
        return buf_error(buf);
}

int signature_put(struct buf *buf, const struct algorithm *algorithm,
                  const TPMT_SIGNATURE *signature, struct problem *problem)
{
        int r = -EBADMSG;

        if (signature->sigAlg == TPM2_ALG_ECDSA && algorithm->kind == ALGORITHM_ECDSA)
                r = put_ecdsa(buf, &signature->signature.ecdsa);
        else if (signature->sigAlg == TPM2_ALG_RSASSA && algorithm->kind == ALGORITHM_RSA_PKCS1)
                r = put_rsa(buf, algorithm, &signature->signature.rsassa);
        else if (signature->sigAlg == TPM2_ALG_RSAPSS && algorithm->kind == ALGORITHM_RSA_PSS)
                r = put_rsa(buf, algorithm, &signature->signature.rsapss);
        return r == -EBADMSG ? problem_set(problem, -EIO,
                                           "what the TPM gave as a signature is no %s signature",
                                           algorithm->name)
                             : r;
}
