/* SPDX-License-Identifier: Apache-2.0 */
#include "tpm/creation.h"

#include "lib/tpm-public.h"
#include "tpm/attester.h"
#include "tpm/evidence.h"
#include "tpm/object.h"

#include <errno.h>
#include <tss2/tss2_mu.h>

static const TPMT_SIG_SCHEME scheme_of_key = {.scheme = TPM2_ALG_NULL};

TPML_PCR_SELECTION creation_registers(void)
{
        return (TPML_PCR_SELECTION){
                .count = 1,
                .pcrSelections = {
                        {.hash = TPM2_ALG_SHA256, .sizeofSelect = 3, .pcrSelect = {0xff, 0, 0}}}};
}

void creation_answer_done(struct creation_answer *answer)
{
        Esys_Free(answer->data);
        Esys_Free(answer->hash);
        Esys_Free(answer->ticket);
        *answer = (struct creation_answer){};
}

static int check_data(const struct creation_answer *answer, struct view bytes, struct view parent,
                      struct view outside, struct problem *problem)
{
        struct sha256 hash = sha256_of(bytes);
        struct tpm_name name = tpm_name_of(parent);
        struct creation creation;

        if (creation_parse(bytes, &creation, NULL) < 0)
                return problem_set(problem, -EIO, "the TPM gave malformed creation data");
        if (answer->hash->size > sizeof(answer->hash->buffer) ||
            !view_equal(view_of(answer->hash->buffer, answer->hash->size), sha256_view(&hash)))
                return problem_set(problem, -EIO,
                                   "the TPM gave creation data with the hash of others");
        if (!view_equal(creation.parent, tpm_name_view(&name)) ||
            !view_equal(creation.outside, outside))
                return problem_set(problem, -EIO, "the TPM gave the creation data of another key");
        return 0;
}

int creation_keep(const struct creation_answer *answer, struct view parent, struct view outside,
                  struct buf *ret, struct problem *problem)
{
        uint8_t data[sizeof(TPMS_CREATION_DATA)], ticket[sizeof(TPMT_TK_CREATION)];
        size_t data_size = 0, ticket_size = 0;
        int r;

        if (Tss2_MU_TPMS_CREATION_DATA_Marshal(&answer->data->creationData, data, sizeof(data),
                                               &data_size) ||
            Tss2_MU_TPMT_TK_CREATION_Marshal(answer->ticket, ticket, sizeof(ticket), &ticket_size))
                return problem_set(problem, -EIO, "the TPM gave malformed creation data");
        r = check_data(answer, view_of(data, data_size), parent, outside, problem);
        if (r < 0)
                return r;
        buf_put_sized(ret, view_of(data, data_size));
        buf_put_sized(ret, view_of(ticket, ticket_size));
        return buf_error(ret);
}

/* What is kept of the key, as the TPM wants it. */
struct kept {
        struct view data;
        TPM2B_DIGEST hash;
        TPMT_TK_CREATION ticket;
};

static int read_kept(struct view bytes, struct kept *ret)
{
        struct reader reader = reader_init(bytes);
        struct view ticket;
        struct sha256 hash;
        size_t offset = 0;

        *ret = (struct kept){.data = reader_sized(&reader)};
        ticket = reader_sized(&reader);
        if (reader_end(&reader) < 0 || ret->data.size == 0 ||
            Tss2_MU_TPMT_TK_CREATION_Unmarshal(ticket.data, ticket.size, &offset, &ret->ticket) ||
            offset != ticket.size)
                return -EBADMSG;
        hash = sha256_of(ret->data);
        ret->hash.size = SHA256_SIZE;
        memcpy(ret->hash.buffer, hash.bytes, SHA256_SIZE);
        return 0;
}

static TSS2_RC certify(struct device *device, const struct object *key, const TPM2B_DATA *nonce,
                       const struct kept *kept, TPM2B_ATTEST **ret_attest,
                       TPMT_SIGNATURE **ret_signature)
{
        unsigned attempts = 0;
        TSS2_RC rc;

        do
                rc = Esys_CertifyCreation(device->esys, attester_object(device)->handle,
                                          key->handle, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE,
                                          nonce, &kept->hash, &scheme_of_key, &kept->ticket,
                                          ret_attest, ret_signature);
        while (device_busy(rc, &attempts));
        return rc;
}

static int put_certified(struct device *device, const struct object *key, struct view nonce,
                         const struct kept *kept, struct evidence *ret, struct problem *problem)
{
        _cleanup_(esys_freep) TPM2B_ATTEST *attest = NULL;
        _cleanup_(esys_freep) TPMT_SIGNATURE *signature = NULL;
        TPM2B_DATA data = {.size = (UINT16)nonce.size};
        TSS2_RC rc;
        int r;

        memcpy(data.buffer, nonce.data, nonce.size);
        rc = certify(device, key, &data, kept, &attest, &signature);
        if (device_code(rc) == TPM2_RC_TICKET)
                return problem_set(problem, -EKEYREJECTED,
                                   "the TPM does not take the ticket of the creation for its own");
        if (rc)
                return device_error(rc, "certifying the creation of a key", problem);
        r = evidence_put_attestation(attest, signature, &ret->parts[EVIDENCE_CREATION_ATTESTATION],
                                     &ret->parts[EVIDENCE_CREATION_SIGNATURE], problem);
        if (r < 0)
                return r;
        buf_put_view(&ret->parts[EVIDENCE_CREATION], kept->data);
        buf_put_view(&ret->parts[EVIDENCE_PARENT], buf_view(&device->parent_public));
        r = buf_error(&ret->parts[EVIDENCE_CREATION]);
        return r < 0 ? r : buf_error(&ret->parts[EVIDENCE_PARENT]);
}

int creation_certify(struct device *device, struct object *key,
                     const struct evidence_question *question, struct evidence *ret,
                     struct problem *problem)
{
        struct problem reason = {};
        struct kept kept;
        int r;

        r = read_kept(question->creation, &kept);
        if (r < 0)
                r = problem_set(&reason, r, "what was kept of the creation is malformed");
        else
                r = put_certified(device, key, question->nonce, &kept, ret, &reason);
        if (r == 0)
                return 0;
        if (r == -ENODEV || r == -ENOMEM)
                return problem_set(problem, r, "%s", problem_text(&reason, r));
        return evidence_drop_creation(ret, problem_text(&reason, r));
}
