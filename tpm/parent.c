/* SPDX-License-Identifier: Apache-2.0 */
#include "tpm/key.h"
#include "tpm/object.h"
#include "tpm/owner.h"
#include "tpm/template.h"

#include <errno.h>

static const TPM2B_SENSITIVE_CREATE no_sensitive;
static const TPM2B_DATA no_outside_info;
static const TPML_PCR_SELECTION no_pcrs;

static int create_primary(struct device *device, ESYS_TR session, ESYS_TR *ret,
                          struct problem *problem)
{
        const TPM2B_PUBLIC template = template_parent();
        unsigned attempts = 0;
        TSS2_RC rc;

        do
                rc = Esys_CreatePrimary(device->esys, ESYS_TR_RH_OWNER, session, ESYS_TR_NONE,
                                        ESYS_TR_NONE, &no_sensitive, &template, &no_outside_info,
                                        &no_pcrs, ret, NULL, NULL, NULL, NULL);
        while (object_again(device, NULL, rc, &attempts));
        return rc ? device_error(rc, "creating the storage parent in the owner hierarchy", problem)
                  : 0;
}

static int create(struct device *device, struct object *parent, struct problem *problem)
{
        ESYS_TR session, handle;
        int r = owner_begin(device, &session, problem);

        if (r < 0)
                return r;
        r = create_primary(device, session, &handle, problem);
        owner_end(device, session, r);
        return r < 0 ? r : object_adopt(device, parent, handle, problem);
}

int parent_create(struct device *device, struct problem *problem)
{
        _cleanup_(freep) struct object *parent = malloc(sizeof(*parent));
        int r;

        if (!parent)
                return -ENOMEM;
        *parent = OBJECT_INIT;
        r = create(device, parent, problem);
        if (r < 0)
                return r;
        object_rest(device, parent);
        device->parent = TAKE_PTR(parent);
        return 0;
}

void parent_done(struct device *device)
{
        object_done(device, device->parent);
        free(device->parent);
        device->parent = NULL;
}
