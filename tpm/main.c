/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/driver.h"
#include "tpm/anchor.h"
#include "tpm/attester.h"
#include "tpm/audit.h"
#include "tpm/counter.h"
#include "tpm/device.h"
#include "tpm/key.h"
#include "tpm/pcr.h"

#include <errno.h>

static void close_device(void *pointer)
{
        struct device *device = pointer;

        if (!device)
                return;
        keys_done(device);
        audit_done(device);
        attester_done(device);
        parent_done(device);
        device_disconnect(device);
        free(device);
}

static void close_devicep(struct device **device)
{
        close_device(*device);
}

static int keep_settings(struct device *device, const char *token, const struct facts *settings)
{
        int r = 0;

        device->token = strdup(token);
        if (!device->token)
                return -ENOMEM;
        for (size_t i = 0; r == 0 && i < settings->count; i++)
                r = facts_add(&device->settings, settings->pair[i].name, settings->pair[i].value);
        return r;
}

static int wants_audit(const struct facts *settings)
{
        const char *value = facts_get(settings, "Audit");

        return value && string_equal(value, "yes");
}

static int open_device(const char *token, const struct facts *settings, void **ret_device,
                       struct facts *ret_facts, struct problem *problem)
{
        _cleanup_(close_devicep) struct device *device = NULL;
        int r;

        if (!facts_get(settings, "TCTI"))
                return problem_set(problem, -EBADMSG, "TCTI= is missing");
        device = calloc(1, sizeof(*device));
        if (!device)
                return -ENOMEM;
        r = keep_settings(device, token, settings);
        if (r == 0)
                r = device_connect(device, facts_get(settings, "TCTI"), problem);
        if (r == 0)
                r = device_facts(device, ret_facts, problem);
        if (r == 0)
                r = key_algorithms(device, ret_facts, problem);
        if (r == 0)
                r = counter_facts(device, ret_facts, problem);
        if (r == 0)
                r = device_take_authorization(device, problem);
        if (r == 0)
                r = parent_create(device, problem);
        if (r == 0 && wants_audit(settings))
                r = audit_open(device, ret_facts, problem);
        if (r < 0)
                return r;
        *ret_device = TAKE_PTR(device);
        return 0;
}

static int probe(void *device, struct facts *ret_facts, struct problem *problem)
{
        return device_health(device, ret_facts, problem);
}

static const char *const settings_known[] = {"TCTI", "PinFile", "OwnerFile", "Audit", NULL};

static const struct driver driver = {
        .name = "hallmark-tpm",
        .settings = settings_known,
        .open = open_device,
        .close = close_device,
        .generate = key_generate,
        .load = key_load,
        .sign = key_sign,
        .destroy = key_destroy,
        .probe = probe,
        .count = key_count,
        .look = audit_look,
        .attest = key_attest,
        .anchor = anchor_step,
        .measure = pcr_read,
        .put_evidence = audit_put_evidence,
};

int main(int argc, char **argv)
{
        /* The libraries below print what we return as errors; whoever wants that too says so. */
        if (setenv("TSS2_LOG", "all+NONE", 0) < 0)
                return EXIT_FAILURE;
        return driver_main(&driver, argc, argv);
}
