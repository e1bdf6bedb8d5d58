/* SPDX-License-Identifier: Apache-2.0 */
#include "tpm/key.h"
#include "tpm/object.h"
#include "tpm/owner.h"
#include "tpm/template.h"

#include <errno.h>
#include <tss2/tss2_mu.h>

static const TPM2B_SENSITIVE_CREATE no_sensitive;
static const TPM2B_DATA no_outside_info;
static const TPML_PCR_SELECTION no_pcrs;

static int create_primary(struct device *device, ESYS_TR session, ESYS_TR *ret,
                          TPM2B_PUBLIC **ret_public, struct problem *problem)
{
        const TPM2B_PUBLIC template = template_parent();
        unsigned attempts = 0;
        TSS2_RC rc;

        do
                rc = Esys_CreatePrimary(device->esys, ESYS_TR_RH_OWNER, session, ESYS_TR_NONE,
                                        ESYS_TR_NONE, &no_sensitive, &template, &no_outside_info,
                                        &no_pcrs, ret, ret_public, NULL, NULL, NULL);
        while (object_again(device, NULL, rc, &attempts));
        return rc ? device_error(rc, "creating the storage parent in the owner hierarchy", problem)
                  : 0;
}

static int keep_public(struct device *device, const TPM2B_PUBLIC *public, struct problem *problem)
{
        uint8_t bytes[sizeof(TPMT_PUBLIC)];
        size_t size = 0;

        if (Tss2_MU_TPMT_PUBLIC_Marshal(&public->publicArea, bytes, sizeof(bytes), &size))
                return problem_set(problem, -EIO, "the TPM gave a malformed public area");
        buf_put(&device->parent_public, bytes, size);
        return buf_error(&device->parent_public);
}

static int create(struct device *device, struct object *parent, struct problem *problem)
{
        _cleanup_(esys_freep) TPM2B_PUBLIC *public = NULL;
        ESYS_TR session, handle;
        int r = owner_begin(device, &session, problem);

        if (r < 0)
                return r;
        r = create_primary(device, session, &handle, &public, problem);
        owner_end(device, session, r);
        if (r == 0)
                r = object_adopt(device, parent, handle, problem);
        return r < 0 ? r : keep_public(device, public, problem);
}

int parent_create(struct device *device, struct problem *problem)
{
        _cleanup_(freep) struct object *parent = malloc(sizeof(*parent));
        int r;

        if (!parent)
                return -ENOMEM;
        *parent = OBJECT_INIT;
        r = create(device, parent, problem);
        if (r < 0) {
                object_done(device, parent);
                return r;
        }
        object_rest(device, parent);
        device->parent = TAKE_PTR(parent);
        return 0;
}

void parent_done(struct device *device)
{
        object_done(device, device->parent);
        free(device->parent);
        buf_done(&device->parent_public);
        device->parent = NULL;
}
