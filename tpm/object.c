/* SPDX-License-Identifier: Apache-2.0 */
#include "tpm/object.h"

#include <errno.h>

static void flush(struct device *device, ESYS_TR handle)
{
        /* The TPM may have been reset or gone: then the object is as well, and only ESAPI knows it.
         */
        if (Esys_FlushContext(device->esys, handle) != 0)
                (void)Esys_TR_Close(device->esys, &handle);
}

static void evict(struct device *device, size_t place)
{
        struct object *object = device->resident[place];

        device->resident[place] = NULL;
        flush(device, object->handle);
        object->handle = ESYS_TR_NONE;
}

static int place_of(const struct device *device, const struct object *object, size_t *ret)
{
        for (size_t i = 0; i < DEVICE_RESIDENT_MAX; i++)
                if (device->resident[i] == object) {
                        *ret = i;
                        return 1;
                }
        return 0;
}

static int evict_oldest(struct device *device, const struct object *keep)
{
        size_t oldest = DEVICE_RESIDENT_MAX;

        for (size_t i = 0; i < DEVICE_RESIDENT_MAX; i++) {
                const struct object *object = device->resident[i];

                if (!object || object == keep)
                        continue;
                if (oldest == DEVICE_RESIDENT_MAX || object->used < device->resident[oldest]->used)
                        oldest = i;
        }
        if (oldest == DEVICE_RESIDENT_MAX)
                return 0;
        evict(device, oldest);
        return 1;
}

/* ESAPI knows the authorization of a handle as long as there is the handle. */
static int note_resident(struct device *device, struct object *object, ESYS_TR handle,
                         struct problem *problem)
{
        size_t place;
        int found = place_of(device, NULL, &place);
        TSS2_RC rc;

        assert(found); /* object_make_room() came before */
        device->resident[place] = object;
        object->handle = handle;
        object->used = ++device->uses;
        if (!object->authorization)
                return 0;
        rc = Esys_TR_SetAuth(device->esys, handle, object->authorization);
        if (!rc)
                return 0;
        evict(device, place);
        return device_error(rc, "setting the authorization of a key", problem);
}

void object_make_room(struct device *device, const struct object *keep)
{
        size_t place;

        if (!place_of(device, NULL, &place))
                (void)evict_oldest(device, keep); /* there are others than @keep when all is full */
}

int object_again(struct device *device, const struct object *keep, TSS2_RC rc, unsigned *attempts)
{
        TSS2_RC code = device_code(rc);

        if (code == TPM2_RC_OBJECT_MEMORY || code == TPM2_RC_MEMORY)
                return evict_oldest(device, keep);
        return device_busy(rc, attempts);
}

int object_adopt(struct device *device, struct object *object, ESYS_TR handle,
                 struct problem *problem)
{
        unsigned attempts = 0;
        TSS2_RC rc;

        do
                rc = Esys_ContextSave(device->esys, handle, &object->saved);
        while (object_again(device, NULL, rc, &attempts));
        if (rc) {
                flush(device, handle);
                return device_error(rc, "saving an object of the TPM", problem);
        }
        object_make_room(device, NULL);
        return note_resident(device, object, handle, problem);
}

static int bring_back(struct device *device, struct object *object, struct problem *problem)
{
        unsigned attempts = 0;
        ESYS_TR handle;
        TSS2_RC rc;

        object_make_room(device, NULL);
        do
                rc = Esys_ContextLoad(device->esys, object->saved, &handle);
        while (object_again(device, NULL, rc, &attempts));
        if (device_code(rc) == TPM2_RC_INTEGRITY)
                return problem_set(problem, -ENODEV, "the TPM was reset while keys were in use");
        if (rc)
                return device_error(rc, "bringing a key back into the TPM", problem);
        return note_resident(device, object, handle, problem);
}

int object_use(struct device *device, struct object *object, struct problem *problem)
{
        if (object->handle == ESYS_TR_NONE)
                return bring_back(device, object, problem);
        object->used = ++device->uses;
        return 0;
}

void object_rest(struct device *device, struct object *object)
{
        size_t place;

        if (place_of(device, object, &place))
                evict(device, place);
}

void object_done(struct device *device, struct object *object)
{
        if (!object)
                return;
        object_rest(device, object);
        Esys_Free(object->saved);
        object->saved = NULL;
}
