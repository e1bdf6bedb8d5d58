/* SPDX-License-Identifier: Apache-2.0 */
#include "tpm/activation.h"

#include "tpm/attester.h"
#include "tpm/object.h"
#include "tpm/session.h"
#include "tpm/template.h"

#include <errno.h>

static const TPM2B_SENSITIVE_CREATE no_sensitive;
static const TPM2B_DATA no_outside_info;
static const TPML_PCR_SELECTION no_pcrs;

/* The endorsement key: one that is always in the TPM, or one that is made for the occasion. */
struct endorser {
        const struct endorsement *row;
        ESYS_TR persistent; /* ESYS_TR_NONE: there is none */
        struct object object;
};

/* A refused authorization of the endorsement hierarchy is not that of the token's secret. */
static int endorsement_error(TSS2_RC rc, const char *what, struct problem *problem)
{
        int r = device_error(rc, what, NULL);

        if (r == -EACCES)
                return problem_set(problem, -EOPNOTSUPP,
                                   "%s: the endorsement hierarchy has an authorization", what);
        return device_error(rc, what, problem);
}

static int is_template(const TPM2B_PUBLIC *found, const struct endorsement *row)
{
        const TPM2B_PUBLIC template = template_endorsement(row);
        const TPMT_PUBLIC *a = &found->publicArea, *b = &template.publicArea;

        return a->type == b->type && a->nameAlg == b->nameAlg &&
               a->objectAttributes == b->objectAttributes &&
               a->authPolicy.size == b->authPolicy.size &&
               a->authPolicy.size <= sizeof(a->authPolicy.buffer) &&
               memcmp(a->authPolicy.buffer, b->authPolicy.buffer, a->authPolicy.size) == 0;
}

/* 1: a key by this template is always in the TPM. */
static int find_persistent(struct device *device, struct endorser *endorser)
{
        _cleanup_(esys_freep) TPM2B_PUBLIC *public = NULL;
        unsigned attempts = 0;
        ESYS_TR handle;
        TSS2_RC rc;

        do
                rc = Esys_TR_FromTPMPublic(device->esys, endorser->row->persistent, ESYS_TR_NONE,
                                           ESYS_TR_NONE, ESYS_TR_NONE, &handle);
        while (device_busy(rc, &attempts));
        if (rc)
                return 0;
        do
                rc = Esys_ReadPublic(device->esys, handle, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                     &public, NULL, NULL);
        while (device_busy(rc, &attempts));
        if (!rc && is_template(public, endorser->row)) {
                endorser->persistent = handle;
                return 1;
        }
        (void)Esys_TR_Close(device->esys, &handle); /* only ESAPI's: nothing can fail */
        return 0;
}

static int create(struct device *device, struct endorser *endorser, struct problem *problem)
{
        const TPM2B_PUBLIC template = template_endorsement(endorser->row);
        unsigned attempts = 0;
        ESYS_TR handle;
        TSS2_RC rc;

        object_make_room(device, NULL);
        do
                rc = Esys_CreatePrimary(device->esys, ESYS_TR_RH_ENDORSEMENT, ESYS_TR_PASSWORD,
                                        ESYS_TR_NONE, ESYS_TR_NONE, &no_sensitive, &template,
                                        &no_outside_info, &no_pcrs, &handle, NULL, NULL, NULL,
                                        NULL);
        while (object_again(device, NULL, rc, &attempts));
        if (rc)
                return endorsement_error(rc, "making the endorsement key", problem);
        return object_adopt(device, &endorser->object, handle, problem);
}

static int open_endorser(struct device *device, struct endorser *endorser, struct problem *problem)
{
        return find_persistent(device, endorser) ? 0 : create(device, endorser, problem);
}

static void close_endorser(struct device *device, struct endorser *endorser)
{
        if (endorser->persistent != ESYS_TR_NONE)
                (void)Esys_TR_Close(device->esys, &endorser->persistent); /* as above */
        object_done(device, &endorser->object);
}

/* Endorsement keys obey the endorsement hierarchy's authorization. */
static int satisfy(struct device *device, ESYS_TR session, struct problem *problem)
{
        unsigned attempts = 0;
        TSS2_RC rc;

        do
                rc = Esys_PolicySecret(device->esys, ESYS_TR_RH_ENDORSEMENT, session,
                                       ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, NULL, NULL,
                                       NULL, 0, NULL, NULL);
        while (device_busy(rc, &attempts));
        return rc ? endorsement_error(rc, "using the endorsement key", problem) : 0;
}

static int begin(struct device *device, const struct endorser *endorser, ESYS_TR *ret,
                 struct problem *problem)
{
        const TPM2B_PUBLIC template = template_endorsement(endorser->row);
        int r;

        *ret = ESYS_TR_PASSWORD;
        if (template.publicArea.objectAttributes & TPMA_OBJECT_USERWITHAUTH)
                return 0;
        r = session_start(device, TPM2_SE_POLICY, ret, problem);
        if (r < 0)
                return r;
        r = satisfy(device, *ret, problem);
        if (r < 0)
                session_end(device, *ret, r);
        return r;
}

/* Whatever the TPM dislikes about what it was given, it was not made for it. A warning is about the
 * state of the TPM. */
static int activation_error(TSS2_RC rc, struct problem *problem)
{
        int r = device_error(rc, "activating a credential", NULL);
        int warned = !(rc & TPM2_RC_FMT1) && (rc & TPM2_RC_WARN) == TPM2_RC_WARN;

        if (r == -ENODEV || r == -EBUSY || r == -EACCES || warned)
                return endorsement_error(rc, "activating a credential", problem);
        return problem_set(problem, -EKEYREJECTED,
                           "the challenge is not for this TPM and its attestation key");
}

/* Also what is always in a TPM needs the room of an object while it is used. */
static int again(struct device *device, const struct endorser *endorser, TSS2_RC rc,
                 unsigned *attempts)
{
        return endorser->persistent != ESYS_TR_NONE
                       ? object_again(device, attester_object(device), rc, attempts)
                       : device_busy(rc, attempts);
}

static int activate(struct device *device, const struct endorser *endorser, ESYS_TR session,
                    const struct evidence_question *question, struct buf *ret,
                    struct problem *problem)
{
        _cleanup_(esys_freep) TPM2B_DIGEST *secret = NULL;
        TPM2B_ENCRYPTED_SECRET encrypted = {.size = (UINT16)question->encrypted.size};
        TPM2B_ID_OBJECT blob = {.size = (UINT16)question->blob.size};
        ESYS_TR handle = endorser->persistent != ESYS_TR_NONE ? endorser->persistent
                                                              : endorser->object.handle;
        unsigned attempts = 0;
        TSS2_RC rc;

        memcpy(blob.credential, question->blob.data, blob.size);
        memcpy(encrypted.secret, question->encrypted.data, encrypted.size);
        do
                rc = Esys_ActivateCredential(device->esys, attester_object(device)->handle, handle,
                                             ESYS_TR_PASSWORD, session, ESYS_TR_NONE, &blob,
                                             &encrypted, &secret);
        while (again(device, endorser, rc, &attempts));
        if (rc)
                return activation_error(rc, problem);
        if (secret->size > sizeof(secret->buffer))
                return problem_set(problem, -EIO, "a secret of %u bytes", secret->size);
        buf_put(ret, secret->buffer, secret->size);
        return buf_error(ret);
}

static int answer(struct device *device, struct endorser *endorser,
                  const struct evidence_question *question, struct buf *ret,
                  struct problem *problem)
{
        ESYS_TR session;
        int r = object_use(device, attester_object(device), problem);

        if (r == 0 && endorser->persistent == ESYS_TR_NONE)
                r = object_use(device, &endorser->object, problem);
        if (r == 0)
                r = begin(device, endorser, &session, problem);
        if (r < 0)
                return r;
        r = activate(device, endorser, session, question, ret, problem);
        if (session != ESYS_TR_PASSWORD)
                session_end(device, session, r);
        return r;
}

int activation_answer(struct device *device, const struct evidence_question *question,
                      struct buf *ret, struct problem *problem)
{
        struct endorser endorser = {.row = endorsement_find(question->endorsement),
                                    .persistent = ESYS_TR_NONE,
                                    .object = OBJECT_INIT};
        int r;

        if (question->blob.size > sizeof(((TPM2B_ID_OBJECT *)NULL)->credential) ||
            question->encrypted.size > sizeof(((TPM2B_ENCRYPTED_SECRET *)NULL)->secret))
                return problem_set(problem, -EKEYREJECTED, "the challenge is too long");
        r = open_endorser(device, &endorser, problem);
        if (r == 0)
                r = answer(device, &endorser, question, ret, problem);
        close_endorser(device, &endorser);
        object_rest(device, attester_object(device));
        return r;
}
