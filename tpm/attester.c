/* SPDX-License-Identifier: Apache-2.0 */
#include "tpm/attester.h"

#include "tpm/object.h"
#include "tpm/template.h"

#include <errno.h>

struct attester {
        struct object object;
        struct buf spki;
};

static const TPM2B_SENSITIVE_CREATE no_sensitive;
static const TPM2B_DATA no_outside_info;
static const TPML_PCR_SELECTION no_pcrs;

int attester_create(struct device *device, ESYS_TR *ret, TPM2B_PUBLIC **ret_public,
                    struct problem *problem)
{
        const TPM2B_PUBLIC template = template_attestation();
        unsigned attempts = 0;
        TSS2_RC rc;

        object_make_room(device, NULL);
        do
                rc = Esys_CreatePrimary(device->esys, ESYS_TR_RH_ENDORSEMENT, ESYS_TR_PASSWORD,
                                        ESYS_TR_NONE, ESYS_TR_NONE, &no_sensitive, &template,
                                        &no_outside_info, &no_pcrs, ret, ret_public, NULL, NULL,
                                        NULL);
        while (object_again(device, NULL, rc, &attempts));
        return rc ? device_error(rc, "creating the attestation key in the endorsement hierarchy",
                                 problem)
                  : 0;
}

static int open_new(struct device *device, struct attester *attester, struct problem *problem)
{
        _cleanup_(esys_freep) TPM2B_PUBLIC *public = NULL;
        ESYS_TR handle;
        int r = attester_create(device, &handle, &public, problem);

        if (r < 0)
                return r;
        r = object_adopt(device, &attester->object, handle, problem);
        if (r < 0)
                return r;
        object_rest(device, &attester->object);
        return template_put_spki(&attester->spki, algorithm_find("ecdsa-p256"), public, problem);
}

static void attester_free(struct device *device, struct attester *attester)
{
        object_done(device, &attester->object);
        buf_done(&attester->spki);
        free(attester);
}

int attester_open(struct device *device, struct problem *problem)
{
        struct attester *attester;
        int r;

        if (device->attester)
                return 0;
        attester = malloc(sizeof(*attester));
        if (!attester)
                return -ENOMEM;
        *attester = (struct attester){.object = OBJECT_INIT, .spki = BUF_INIT(0)};
        r = open_new(device, attester, problem);
        if (r < 0)
                attester_free(device, attester);
        else
                device->attester = attester;
        return r;
}

void attester_done(struct device *device)
{
        if (device->attester)
                attester_free(device, device->attester);
        device->attester = NULL;
}

void attester_put_spki(const struct device *device, struct buf *buf)
{
        buf_put_view(buf, buf_view(&device->attester->spki));
}

struct object *attester_object(struct device *device)
{
        return &device->attester->object;
}
