/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/driver.h"
#include "tpm/device.h"
#include "tpm/key.h"

#include <errno.h>

static void close_device(void *pointer)
{
        struct device *device = pointer;

        if (!device)
                return;
        keys_done(device);
        parent_done(device);
        device_disconnect(device);
        free(device);
}

static void close_devicep(struct device **device)
{
        close_device(*device);
}

/* Most TPMs have no owner authorization, so a missing secret is an empty one unless a file was
 * named. */
static int read_owner_secret(const char *token, const struct facts *settings, struct secret *ret,
                             struct problem *problem)
{
        const char *pin_file = facts_get(settings, "PinFile");
        int r = secret_read(token, pin_file, ret, pin_file ? problem : NULL);

        if (r == -ENOENT && !pin_file)
                return 0;
        return r < 0 ? problem_set(problem, -EACCES, "the owner's authorization cannot be read: %s",
                                   strerror(-r))
                     : 0;
}

static int check_settings(const struct facts *settings, struct problem *problem)
{
        for (size_t i = 0; i < settings->count; i++)
                if (!string_equal(settings->pair[i].name, "TCTI") &&
                    !string_equal(settings->pair[i].name, "PinFile"))
                        return problem_set(problem, -EBADMSG,
                                           "a TPM has no setting %s=", settings->pair[i].name);
        if (!facts_get(settings, "TCTI"))
                return problem_set(problem, -EBADMSG, "TCTI= is missing");
        return 0;
}

static int open_device(const char *token, const struct facts *settings, void **ret_device,
                       struct facts *ret_facts, struct problem *problem)
{
        _cleanup_(close_devicep) struct device *device = NULL;
        _cleanup_(secret_done) struct secret secret = {0};
        int r = check_settings(settings, problem);

        if (r < 0)
                return r;
        device = calloc(1, sizeof(*device));
        if (!device)
                return -ENOMEM;
        r = device_connect(device, facts_get(settings, "TCTI"), problem);
        if (r == 0)
                r = device_facts(device, ret_facts, problem);
        if (r == 0)
                r = key_algorithms(device, ret_facts, problem);
        if (r == 0)
                r = read_owner_secret(token, settings, &secret, problem);
        if (r == 0)
                r = parent_create(device, &secret, problem);
        if (r < 0)
                return r;
        *ret_device = TAKE_PTR(device);
        return 0;
}

static int probe(void *device, struct facts *ret_facts, struct problem *problem)
{
        return device_facts(device, ret_facts, problem);
}

static const struct driver driver = {
        .name = "hallmark-tpm",
        .open = open_device,
        .close = close_device,
        .generate = key_generate,
        .load = key_load,
        .sign = key_sign,
        .destroy = key_destroy,
        .probe = probe,
};

int main(int argc, char **argv)
{
        /* The libraries below print what we return as errors; whoever wants that too says so. */
        if (setenv("TSS2_LOG", "all+NONE", 0) < 0)
                return EXIT_FAILURE;
        return driver_main(&driver, argc, argv);
}
