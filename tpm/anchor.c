/* SPDX-License-Identifier: Apache-2.0 */
#include "tpm/anchor.h"

#include "tpm/anchor-index.h"
#include "tpm/attester.h"
#include "tpm/object.h"
#include "tpm/signature.h"

#include <errno.h>

static const TPMT_SIG_SCHEME scheme_of_key = {.scheme = TPM2_ALG_NULL};

static int check_support(struct device *device, struct problem *problem)
{
        static const TPM2_CC codes[] = {TPM2_CC_NV_Increment, TPM2_CC_NV_DefineSpace,
                                        TPM2_CC_NV_Certify};

        for (size_t i = 0; i < ARRAY_SIZE(codes); i++) {
                int has = 0, r = device_has_command(device, codes[i], &has, problem);

                if (r < 0)
                        return r;
                if (!has)
                        return problem_set(problem, -EOPNOTSUPP,
                                           "Anchor=: this TPM does not have command 0x%03x, which "
                                           "its counters need",
                                           codes[i]);
        }
        return 0;
}

static int list(struct device *device, TPMS_CAPABILITY_DATA **ret, struct problem *problem)
{
        return device_capability(device, TPM2_CAP_HANDLES, ANCHOR_INDEX_FIRST, TPM2_MAX_CAP_HANDLES,
                                 ret, problem);
}

/* The counter of the journal, wherever it is. @ret_free: the first handle without one, 0: there is
 * none. The list is in the order of the handles. 1: it is nowhere. */
static int search(struct device *device, struct anchor_index *index, uint32_t *ret_free,
                  struct problem *problem)
{
        _cleanup_(esys_freep) TPMS_CAPABILITY_DATA *found = NULL;
        const TPML_HANDLE *handles;
        uint32_t next = ANCHOR_INDEX_FIRST;
        int r = list(device, &found, problem);

        if (r < 0)
                return r;
        handles = &found->data.handles;
        for (UINT32 i = 0; i < handles->count && i < ARRAY_SIZE(handles->handle); i++) {
                if (handles->handle[i] > ANCHOR_INDEX_LAST)
                        break;
                next += handles->handle[i] == next;
                index->number = handles->handle[i];
                r = anchor_index_open(device, index, problem);
                if (r <= 0)
                        return r;
        }
        *ret_free = next <= ANCHOR_INDEX_LAST ? next : 0;
        return 1;
}

static int open_attester(struct device *device, struct driver_anchor *ret, struct problem *problem)
{
        int r = attester_open(device, problem);

        if (r == 0)
                attester_put_spki(device, &ret->spki);
        return r < 0 ? r : buf_error(&ret->spki);
}

static int look(struct device *device, const struct driver_anchor_wish *wish,
                struct driver_anchor *ret, struct problem *problem)
{
        struct anchor_index index = {
                .origin = wish->origin, .number = wish->index, .handle = ESYS_TR_NONE};
        uint32_t unused;
        int r = check_support(device, problem);

        if (r == 0)
                r = open_attester(device, ret, problem);
        if (r == 0)
                r = wish->index ? anchor_index_open(device, &index, problem)
                                : search(device, &index, &unused, problem);
        if (r != 0)
                return r < 0 ? r : 0; /* there is none */
        ret->kind = index.kind;
        if (index.kind == ANCHOR_COUNTER)
                r = anchor_index_read(device, &index, &ret->counter, problem);
        ret->index = index.number;
        anchor_index_close(device, &index);
        return r;
}

/* Takes the step of a scratch counter and removes it: the next one begins one above @ret. */
static int find_start(struct device *device, struct anchor_index *index, uint64_t *ret,
                      struct problem *problem)
{
        int r;

        index->kind = ANCHOR_SCRATCH;
        r = anchor_index_define(device, index, problem);
        if (r == 0)
                r = anchor_index_increment(device, index, problem);
        /* Its Name is another one now, which ESAPI has to learn. */
        anchor_index_close(device, index);
        if (r == 0)
                r = anchor_index_open(device, index, problem);
        if (r == 1)
                r = problem_set(problem, -EIO, "a counter is gone right after its definition");
        if (r == 0)
                r = anchor_index_read(device, index, ret, problem);
        if (r == 0)
                r = anchor_index_undefine(device, index, problem);
        anchor_index_close(device, index);
        return r;
}

static int prepare(struct device *device, const struct driver_anchor_wish *wish,
                   struct driver_anchor *ret, struct problem *problem)
{
        struct anchor_index index = {.origin = wish->origin, .handle = ESYS_TR_NONE};
        uint32_t number = 0;
        int r = search(device, &index, &number, problem);

        if (r < 0)
                return r;
        if (r == 0 && index.kind == ANCHOR_COUNTER) {
                anchor_index_close(device, &index);
                return problem_set(problem, -EKEYREJECTED,
                                   "the TPM has a counter of this journal already, at 0x%08x",
                                   index.number);
        }
        if (r == 0) { /* what a crash has left */
                number = index.number;
                r = anchor_index_undefine(device, &index, problem);
        } else if (number == 0) {
                r = problem_set(problem, -EIO, "the TPM has something at each handle of anchors");
        } else {
                r = 0;
        }
        index.number = number;
        if (r == 0)
                r = find_start(device, &index, &ret->counter, problem);
        if (r < 0)
                return r;
        ret->counter++;
        ret->index = number;
        ret->kind = index.kind = ANCHOR_NEW;
        r = anchor_index_define(device, &index, problem);
        anchor_index_close(device, &index);
        return r < 0 ? r : open_attester(device, ret, problem);
}

static int put_attestation(const TPM2B_ATTEST *attest, const TPMT_SIGNATURE *signature,
                           struct driver_anchor *ret, struct problem *problem)
{
        if (attest->size > sizeof(attest->attestationData))
                return problem_set(problem, -EIO, "an attestation of %u bytes", attest->size);
        buf_put(&ret->attest, attest->attestationData, attest->size);
        return signature_put(&ret->signature, algorithm_find("ecdsa-p256"), signature, problem);
}

static int certify(struct device *device, const struct anchor_index *index, struct view qualifying,
                   struct driver_anchor *ret, struct problem *problem)
{
        _cleanup_(esys_freep) TPM2B_ATTEST *attest = NULL;
        _cleanup_(esys_freep) TPMT_SIGNATURE *signature = NULL;
        struct object *key = attester_object(device);
        TPM2B_DATA data = {.size = (UINT16)qualifying.size};
        unsigned attempts = 0;
        TSS2_RC rc;
        int r = object_use(device, key, problem);

        if (r < 0)
                return r;
        memcpy(data.buffer, qualifying.data, qualifying.size);
        do
                rc = Esys_NV_Certify(device->esys, key->handle, index->handle, index->handle,
                                     ESYS_TR_PASSWORD, ESYS_TR_PASSWORD, ESYS_TR_NONE, &data,
                                     &scheme_of_key, ANCHOR_COUNTER_SIZE, 0, &attest, &signature);
        while (device_busy(rc, &attempts));
        r = rc ? device_error(rc, "having the counter of the journal attested", problem) : 0;
        object_rest(device, key);
        return r < 0 ? r : put_attestation(attest, signature, ret, problem);
}

/* What the TPM said is what was asked for. */
static int check(const struct driver_anchor_wish *wish, const struct driver_anchor *anchor,
                 struct problem *problem)
{
        const struct anchor_evidence evidence = {
                .origin = wish->origin,
                .index = anchor->index,
                .counter = anchor->counter,
                .root = wish->qualifying,
                .key = buf_view(&anchor->spki),
                .attestation = buf_view(&anchor->attest),
                .signature = buf_view(&anchor->signature),
        };

        return anchor_evidence_check(&evidence, problem);
}

static int attest(struct device *device, const struct driver_anchor_wish *wish,
                  struct anchor_index *index, struct driver_anchor *ret, struct problem *problem)
{
        int r = anchor_index_read(device, index, &ret->counter, problem);

        if (r == 0)
                r = certify(device, index, wish->qualifying, ret, problem);
        ret->kind = ANCHOR_COUNTER;
        ret->index = index->number;
        return r < 0 ? r : check(wish, ret, problem);
}

static int advance(struct device *device, const struct driver_anchor_wish *wish,
                   struct driver_anchor *ret, struct problem *problem)
{
        struct anchor_index index = {
                .origin = wish->origin, .number = wish->index, .handle = ESYS_TR_NONE};
        int r = anchor_index_open(device, &index, problem);

        if (r == 1 || (r == 0 && index.kind > ANCHOR_COUNTER))
                r = problem_set(problem, -ENOKEY,
                                "the TPM has no counter of this journal at 0x%08x", wish->index);
        if (r == 0)
                r = open_attester(device, ret, problem);
        if (r == 0)
                r = anchor_index_increment(device, &index, problem);
        if (r == 0 && index.kind == ANCHOR_NEW) { /* its Name changes with the first step */
                anchor_index_close(device, &index);
                r = anchor_index_open(device, &index, problem);
        }
        if (r == 0)
                r = attest(device, wish, &index, ret, problem);
        anchor_index_close(device, &index);
        return r > 0 ? problem_set(problem, -EIO, "a counter is gone right after its first step")
                     : r;
}

int anchor_step(void *context, const struct driver_anchor_wish *wish, struct driver_anchor *ret,
                struct problem *problem)
{
        static int (*const steps[])(struct device * device, const struct driver_anchor_wish *wish,
                                    struct driver_anchor *ret, struct problem *problem) = {
                [ANCHOR_LOOK] = look,
                [ANCHOR_PREPARE] = prepare,
                [ANCHOR_ADVANCE] = advance,
        };

        return steps[wish->step](context, wish, ret, problem);
}
