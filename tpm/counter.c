/* SPDX-License-Identifier: Apache-2.0 */
#include "tpm/counter.h"

#include "lib/gate.h"
#include "tpm/attester.h"
#include "tpm/object.h"
#include "tpm/owner.h"
#include "tpm/session.h"
#include "tpm/signature.h"

#include <errno.h>
#include <tss2/tss2_mu.h>

#define COUNTER_DATA_SIZE 8
#define REVISION_PIN_PASS 138

static const TPMT_SIG_SCHEME scheme_of_key = {.scheme = TPM2_ALG_NULL};

/* Which of the counter's policies, in the order of gate_counter_branches(). */
enum branch { BRANCH_WRITE, BRANCH_READ, BRANCH_CERTIFY };

static int check_support(struct device *device, struct problem *problem)
{
        _cleanup_(esys_freep) TPMS_CAPABILITY_DATA *found = NULL;
        const TPML_TAGGED_TPM_PROPERTY *properties;
        int r = device_capability(device, TPM2_CAP_TPM_PROPERTIES, TPM2_PT_REVISION, 1, &found,
                                  problem);

        if (r < 0)
                return r;
        properties = &found->data.tpmProperties;
        if (properties->count == 0 || properties->tpmProperty[0].property != TPM2_PT_REVISION ||
            properties->tpmProperty[0].value < REVISION_PIN_PASS)
                return problem_set(problem, -EOPNOTSUPP,
                                   "UseCounter=: this TPM is older than revision 1.38, "
                                   "which brought indices of type PIN_PASS");
        return 0;
}

/* The list is in the order of the handles. */
static int find_free(struct device *device, uint32_t *ret, struct problem *problem)
{
        _cleanup_(esys_freep) TPMS_CAPABILITY_DATA *found = NULL;
        uint32_t counter = GATE_COUNTER_FIRST;
        const TPML_HANDLE *handles;
        int r = device_capability(device, TPM2_CAP_HANDLES, GATE_COUNTER_FIRST,
                                  TPM2_MAX_CAP_HANDLES, &found, problem);

        if (r < 0)
                return r;
        handles = &found->data.handles;
        for (UINT32 i = 0; i < handles->count && i < ARRAY_SIZE(handles->handle); i++)
                if (handles->handle[i] == counter)
                        counter++;
        if (counter > GATE_COUNTER_LAST)
                return problem_set(problem, -EIO, "the TPM has a use counter at each of %u handles",
                                   GATE_COUNTER_LAST - GATE_COUNTER_FIRST + 1);
        *ret = counter;
        return 0;
}

int counter_facts(struct device *device, struct facts *facts, struct problem *problem)
{
        _cleanup_(esys_freep) TPMS_CAPABILITY_DATA *found = NULL;
        _cleanup_(buf_done) struct buf text = BUF_INIT(0);
        const TPML_HANDLE *handles;
        int r = device_capability(device, TPM2_CAP_HANDLES, GATE_COUNTER_FIRST,
                                  TPM2_MAX_CAP_HANDLES, &found, problem);

        if (r < 0)
                return r;
        handles = &found->data.handles;
        for (UINT32 i = 0; i < handles->count && i < ARRAY_SIZE(handles->handle); i++) {
                char handle[GATE_COUNTER_TEXT];

                if (handles->handle[i] > GATE_COUNTER_LAST)
                        break;
                buf_put_format(&text, "%s%s", text.size > 0 ? " " : "",
                               gate_counter_text(handles->handle[i], handle));
        }
        if (text.size == 0)
                return 0;
        buf_put_u8(&text, '\0');
        return buf_error(&text) ? buf_error(&text)
                                : facts_add(facts, "use-counters", (const char *)text.data);
}

static int make_public(uint32_t counter, TPM2B_NV_PUBLIC *ret)
{
        _cleanup_(buf_done) struct buf bytes = BUF_INIT(0);

        gate_put_counter(&bytes, counter, 0);
        if (buf_error(&bytes))
                return buf_error(&bytes);
        *ret = (TPM2B_NV_PUBLIC){0};
        return Tss2_MU_TPMS_NV_PUBLIC_Unmarshal(bytes.data, bytes.size, NULL, &ret->nvPublic) ? -EIO
                                                                                              : 0;
}

static int define_error(TSS2_RC rc, struct problem *problem)
{
        switch (device_code(rc)) {
        case TPM2_RC_ATTRIBUTES:
        case TPM2_RC_RESERVED_BITS:
        case TPM2_RC_VALUE:
                return problem_set(problem, -EOPNOTSUPP,
                                   "UseCounter=: this TPM takes no index of type PIN_PASS (0x%x)",
                                   rc);
        default:
                return device_error(rc, "defining a use counter", problem);
        }
}

static int define(struct device *device, uint32_t counter, ESYS_TR *ret, struct problem *problem)
{
        unsigned attempts = 0;
        TPM2B_NV_PUBLIC public;
        ESYS_TR session;
        TSS2_RC rc;
        int r = make_public(counter, &public);

        if (r == 0)
                r = owner_begin(device, &session, problem);
        if (r < 0)
                return r;
        do
                rc = Esys_NV_DefineSpace(device->esys, ESYS_TR_RH_OWNER, session, ESYS_TR_NONE,
                                         ESYS_TR_NONE, &device->authorization, &public, ret);
        while (device_busy(rc, &attempts));
        r = rc ? define_error(rc, problem) : 0;
        owner_end(device, session, r);
        return r;
}

static void fill_branches(TPML_DIGEST *ret)
{
        struct sha256 branches[GATE_BRANCHES];

        gate_counter_branches(branches);
        *ret = (TPML_DIGEST){.count = GATE_BRANCHES};
        for (size_t i = 0; i < GATE_BRANCHES; i++) {
                ret->digests[i].size = SHA256_SIZE;
                memcpy(ret->digests[i].buffer, branches[i].bytes, SHA256_SIZE);
        }
}

static TSS2_RC satisfy(struct device *device, enum branch branch, ESYS_TR session)
{
        static const TPM2_CC codes[] = {TPM2_CC_NV_Write, TPM2_CC_NV_Read, TPM2_CC_NV_Certify};
        TPML_DIGEST branches;
        TSS2_RC rc = TPM2_RC_SUCCESS;

        fill_branches(&branches);
        if (branch == BRANCH_WRITE)
                rc = Esys_PolicyNvWritten(device->esys, session, ESYS_TR_NONE, ESYS_TR_NONE,
                                          ESYS_TR_NONE, TPM2_NO);
        if (!rc)
                rc = Esys_PolicyCommandCode(device->esys, session, ESYS_TR_NONE, ESYS_TR_NONE,
                                            ESYS_TR_NONE, codes[branch]);
        return rc ? rc
                  : Esys_PolicyOR(device->esys, session, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                  &branches);
}

static int start(struct device *device, enum branch branch, ESYS_TR *ret, struct problem *problem)
{
        TSS2_RC rc;
        int r = session_start(device, TPM2_SE_POLICY, ret, problem);

        if (r < 0)
                return r;
        rc = satisfy(device, branch, *ret);
        if (!rc)
                return 0;
        session_end(device, *ret, -1);
        return device_error(rc, "satisfying the policy of a use counter", problem);
}

static int write_zero(struct device *device, ESYS_TR index, struct problem *problem)
{
        static const TPM2B_MAX_NV_BUFFER zero = {
                .size = COUNTER_DATA_SIZE,
                .buffer = {0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff}, /* pinCount, GATE_PIN_LIMIT */
        };
        unsigned attempts = 0;
        ESYS_TR session;
        TSS2_RC rc;
        int r = start(device, BRANCH_WRITE, &session, problem);

        if (r < 0)
                return r;
        do
                rc = Esys_NV_Write(device->esys, index, index, session, ESYS_TR_NONE, ESYS_TR_NONE,
                                   &zero, 0);
        while (device_busy(rc, &attempts));
        r = rc ? device_error(rc, "writing the zero of a use counter", problem) : 0;
        session_end(device, session, r);
        return r;
}

int counter_create(struct device *device, uint32_t *ret, struct problem *problem)
{
        ESYS_TR index;
        int r = check_support(device, problem);

        if (r == 0)
                r = find_free(device, ret, problem);
        if (r == 0)
                r = define(device, *ret, &index, problem);
        if (r < 0)
                return r;
        r = write_zero(device, index, problem);
        counter_close(device, index);
        if (r < 0)
                (void)counter_remove(device, *ret, NULL); /* the reason is known already */
        return r;
}

/* Its public area is read from the TPM. */
static int find(struct device *device, uint32_t counter, ESYS_TR *ret, struct problem *problem)
{
        unsigned attempts = 0;
        TSS2_RC rc;

        do
                rc = Esys_TR_FromTPMPublic(device->esys, counter, ESYS_TR_NONE, ESYS_TR_NONE,
                                           ESYS_TR_NONE, ret);
        while (device_busy(rc, &attempts));
        if (device_code(rc) == TPM2_RC_HANDLE)
                return problem_set(problem, -ENOKEY, "the TPM has no use counter at 0x%08x",
                                   counter);
        return rc ? device_error(rc, "finding a use counter", problem) : 0;
}

int counter_remove(struct device *device, uint32_t counter, struct problem *problem)
{
        unsigned attempts = 0;
        ESYS_TR index, session;
        TSS2_RC rc;
        int r = find(device, counter, &index, problem);

        if (r == -ENOKEY)
                return 0;
        if (r < 0)
                return r;
        r = owner_begin(device, &session, problem);
        if (r < 0) {
                counter_close(device, index);
                return r;
        }
        do
                rc = Esys_NV_UndefineSpace(device->esys, ESYS_TR_RH_OWNER, index, session,
                                           ESYS_TR_NONE, ESYS_TR_NONE);
        while (device_busy(rc, &attempts));
        r = rc ? device_error(rc, "removing a use counter", problem) : 0;
        owner_end(device, session, r);
        if (r < 0)
                counter_close(device, index);
        return r;
}

static int check_name(struct device *device, ESYS_TR index, uint32_t counter,
                      struct problem *problem)
{
        _cleanup_(esys_freep) TPM2B_NAME *found = NULL;
        struct tpm_name expected;
        TSS2_RC rc = Esys_TR_GetName(device->esys, index, &found);

        if (rc)
                return device_error(rc, "reading the Name of a use counter", problem);
        if (gate_counter_name(counter, &expected) < 0)
                return -ENOMEM;
        if (found->size > sizeof(found->name) ||
            !view_equal(view_of(found->name, found->size), tpm_name_view(&expected)))
                return problem_set(problem, -EKEYREJECTED,
                                   "what the TPM has at 0x%08x is no use counter", counter);
        return 0;
}

int counter_open(struct device *device, uint32_t counter, const TPM2B_AUTH *authorization,
                 ESYS_TR *ret, struct problem *problem)
{
        ESYS_TR index;
        TSS2_RC rc = TPM2_RC_SUCCESS;
        int r = find(device, counter, &index, problem);

        if (r < 0)
                return r;
        r = check_name(device, index, counter, problem);
        if (r == 0 && authorization)
                rc = Esys_TR_SetAuth(device->esys, index, authorization);
        if (rc)
                r = device_error(rc, "setting the authorization of a use counter", problem);
        if (r < 0)
                counter_close(device, index);
        else
                *ret = index;
        return r;
}

void counter_close(struct device *device, ESYS_TR index)
{
        (void)Esys_TR_Close(device->esys, &index); /* only ESAPI's: nothing can fail */
}

int counter_read(struct device *device, ESYS_TR index, uint32_t *ret, struct problem *problem)
{
        _cleanup_(esys_freep) TPM2B_MAX_NV_BUFFER *data = NULL;
        unsigned attempts = 0;
        struct reader reader;
        ESYS_TR session;
        TSS2_RC rc;
        int r = start(device, BRANCH_READ, &session, problem);

        if (r < 0)
                return r;
        do
                rc = Esys_NV_Read(device->esys, index, index, session, ESYS_TR_NONE, ESYS_TR_NONE,
                                  COUNTER_DATA_SIZE, 0, &data);
        while (device_busy(rc, &attempts));
        r = rc ? device_error(rc, "reading a use counter", problem) : 0;
        session_end(device, session, r);
        if (r < 0)
                return r;
        if (data->size != COUNTER_DATA_SIZE)
                return problem_set(problem, -EIO, "a use counter has %u bytes", data->size);
        reader = reader_init(view_of(data->buffer, data->size));
        *ret = reader_u32(&reader);
        return 0;
}

static int put_attestation(const TPM2B_ATTEST *attest, const TPMT_SIGNATURE *signature,
                           struct buf *ret_attest, struct buf *ret_signature,
                           struct problem *problem)
{
        if (attest->size > sizeof(attest->attestationData))
                return problem_set(problem, -EIO, "an attestation of %u bytes", attest->size);
        buf_put(ret_attest, attest->attestationData, attest->size);
        return signature_put(ret_signature, algorithm_find("ecdsa-p256"), signature, problem);
}

int counter_certify(struct device *device, ESYS_TR index, struct view qualifying,
                    struct buf *ret_attest, struct buf *ret_signature, struct problem *problem)
{
        _cleanup_(esys_freep) TPM2B_ATTEST *attest = NULL;
        _cleanup_(esys_freep) TPMT_SIGNATURE *signature = NULL;
        struct object *key = attester_object(device);
        TPM2B_DATA data = {.size = (UINT16)qualifying.size};
        unsigned attempts = 0;
        ESYS_TR session;
        TSS2_RC rc;
        int r = object_use(device, key, problem);

        if (r == 0)
                r = start(device, BRANCH_CERTIFY, &session, problem);
        if (r < 0)
                return r;
        memcpy(data.buffer, qualifying.data, qualifying.size);
        do
                rc = Esys_NV_Certify(device->esys, key->handle, index, index, ESYS_TR_PASSWORD,
                                     session, ESYS_TR_NONE, &data, &scheme_of_key,
                                     COUNTER_DATA_SIZE, 0, &attest, &signature);
        while (device_busy(rc, &attempts));
        r = rc ? device_error(rc, "certifying a use counter", problem) : 0;
        session_end(device, session, r);
        object_rest(device, key);
        return r < 0 ? r : put_attestation(attest, signature, ret_attest, ret_signature, problem);
}
