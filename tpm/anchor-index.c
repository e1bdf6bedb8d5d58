/* SPDX-License-Identifier: Apache-2.0 */
#include "tpm/anchor-index.h"

#include "tpm/owner.h"

#include <errno.h>
#include <tss2/tss2_mu.h>

void anchor_index_close(struct device *device, struct anchor_index *index)
{
        if (index->handle != ESYS_TR_NONE)
                (void)Esys_TR_Close(device->esys, &index->handle); /* only ESAPI's: cannot fail */
        index->handle = ESYS_TR_NONE;
}

/* Which of a journal's counters has that Name. 1: none. */
static int name_kind(struct anchor_index *index, struct view name)
{
        for (unsigned kind = 0; kind <= ANCHOR_KIND_LAST; kind++) {
                struct tpm_name expected;
                int r = anchor_name(index->number, index->origin, (enum anchor_kind)kind,
                                    &expected);

                if (r < 0)
                        return r;
                if (!view_equal(name, tpm_name_view(&expected)))
                        continue;
                index->kind = (enum anchor_kind)kind;
                return 0;
        }
        return 1;
}

static int read_kind(struct device *device, struct anchor_index *index, struct problem *problem)
{
        _cleanup_(esys_freep) TPM2B_NAME *name = NULL;
        TSS2_RC rc = Esys_TR_GetName(device->esys, index->handle, &name);

        if (rc)
                return device_error(rc, "reading the Name of a counter", problem);
        return name_kind(index,
                         view_of(name->name, name->size <= sizeof(name->name) ? name->size : 0));
}

/* 1: there is nothing, or something else. */
int anchor_index_open(struct device *device, struct anchor_index *index, struct problem *problem)
{
        unsigned attempts = 0;
        TSS2_RC rc;
        int r;

        do
                rc = Esys_TR_FromTPMPublic(device->esys, index->number, ESYS_TR_NONE, ESYS_TR_NONE,
                                           ESYS_TR_NONE, &index->handle);
        while (device_busy(rc, &attempts));
        if (rc)
                index->handle = ESYS_TR_NONE;
        if (device_code(rc) == TPM2_RC_HANDLE)
                return 1;
        if (rc)
                return device_error(rc, "finding the counter of the journal", problem);
        r = read_kind(device, index, problem);
        rc = r == 0 ? Esys_TR_SetAuth(device->esys, index->handle, &device->authorization)
                    : TPM2_RC_SUCCESS;
        if (rc)
                r = device_error(rc, "setting the authorization of a counter", problem);
        if (r != 0)
                anchor_index_close(device, index);
        return r;
}

static int define_error(TSS2_RC rc, struct problem *problem)
{
        switch (device_code(rc)) {
        case TPM2_RC_ATTRIBUTES:
        case TPM2_RC_RESERVED_BITS:
        case TPM2_RC_VALUE:
                return problem_set(problem, -EOPNOTSUPP,
                                   "Anchor=: this TPM takes no index of type counter (0x%x)", rc);
        default:
                return device_error(rc, "defining the counter of the journal", problem);
        }
}

static int make_public(const struct anchor_index *index, TPM2B_NV_PUBLIC *ret)
{
        _cleanup_(buf_done) struct buf bytes = BUF_INIT(0);

        anchor_put_public(&bytes, index->number, index->origin, index->kind);
        if (buf_error(&bytes))
                return buf_error(&bytes);
        *ret = (TPM2B_NV_PUBLIC){0};
        return Tss2_MU_TPMS_NV_PUBLIC_Unmarshal(bytes.data, bytes.size, NULL, &ret->nvPublic) ? -EIO
                                                                                              : 0;
}

int anchor_index_define(struct device *device, struct anchor_index *index, struct problem *problem)
{
        unsigned attempts = 0;
        TPM2B_NV_PUBLIC public;
        ESYS_TR session;
        TSS2_RC rc;
        int r = make_public(index, &public);

        if (r == 0)
                r = owner_begin(device, &session, problem);
        if (r < 0)
                return r;
        do
                rc = Esys_NV_DefineSpace(device->esys, ESYS_TR_RH_OWNER, session, ESYS_TR_NONE,
                                         ESYS_TR_NONE, &device->authorization, &public,
                                         &index->handle);
        while (device_busy(rc, &attempts));
        if (rc)
                index->handle = ESYS_TR_NONE;
        r = rc ? define_error(rc, problem) : 0;
        owner_end(device, session, r);
        return r;
}

int anchor_index_undefine(struct device *device, struct anchor_index *index,
                          struct problem *problem)
{
        unsigned attempts = 0;
        ESYS_TR session;
        TSS2_RC rc;
        int r = owner_begin(device, &session, problem);

        if (r < 0)
                return r;
        do
                rc = Esys_NV_UndefineSpace(device->esys, ESYS_TR_RH_OWNER, index->handle, session,
                                           ESYS_TR_NONE, ESYS_TR_NONE);
        while (device_busy(rc, &attempts));
        r = rc ? device_error(rc, "removing a counter", problem) : 0;
        owner_end(device, session, r);
        if (r < 0)
                anchor_index_close(device, index);
        index->handle = ESYS_TR_NONE;
        return r;
}

int anchor_index_increment(struct device *device, const struct anchor_index *index,
                           struct problem *problem)
{
        unsigned attempts = 0;
        TSS2_RC rc;

        do
                rc = Esys_NV_Increment(device->esys, index->handle, index->handle, ESYS_TR_PASSWORD,
                                       ESYS_TR_NONE, ESYS_TR_NONE);
        while (device_busy(rc, &attempts));
        return rc ? device_error(rc, "counting the journal's counter up", problem) : 0;
}

int anchor_index_read(struct device *device, const struct anchor_index *index, uint64_t *ret,
                      struct problem *problem)
{
        _cleanup_(esys_freep) TPM2B_MAX_NV_BUFFER *data = NULL;
        unsigned attempts = 0;
        struct reader reader;
        TSS2_RC rc;

        do
                rc = Esys_NV_Read(device->esys, index->handle, index->handle, ESYS_TR_PASSWORD,
                                  ESYS_TR_NONE, ESYS_TR_NONE, ANCHOR_COUNTER_SIZE, 0, &data);
        while (device_busy(rc, &attempts));
        if (rc)
                return device_error(rc, "reading the counter of the journal", problem);
        if (data->size != ANCHOR_COUNTER_SIZE)
                return problem_set(problem, -EIO, "a counter has %u bytes", data->size);
        reader = reader_init(view_of(data->buffer, data->size));
        *ret = reader_u64(&reader);
        return *ret <= ANCHOR_COUNTER_MAX ? 0
                                          : problem_set(problem, -EIO, "the counter is at %llu",
                                                        (unsigned long long)*ret);
}
