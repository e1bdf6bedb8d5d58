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

/* A secret that is not there is an empty one. */
static int read_secret(const char *token, enum secret_kind kind, const struct facts *settings,
                       struct secret *ret, struct problem *problem)
{
        int r = secret_read(token, kind, settings, ret, problem);

        if (r == -ENOENT)
                return 0;
        return r < 0 ? problem_set(problem, -EACCES, "an authorization cannot be read: %s",
                                   strerror(-r))
                     : 0;
}

static int take_secrets(struct device *device, const char *token, const struct facts *settings,
                        struct problem *problem)
{
        _cleanup_(secret_done) struct secret keys = {0}, owner = {0};
        int r = read_secret(token, SECRET_PIN, settings, &keys, problem);

        if (r == 0)
                r = device_set_authorization(device, &keys, problem);
        if (r == 0)
                r = read_secret(token, SECRET_OWNER, settings, &owner, problem);
        return r < 0 ? r : parent_create(device, &owner, problem);
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
        r = device_connect(device, facts_get(settings, "TCTI"), problem);
        if (r == 0)
                r = device_facts(device, ret_facts, problem);
        if (r == 0)
                r = key_algorithms(device, ret_facts, problem);
        if (r == 0)
                r = take_secrets(device, token, settings, problem);
        if (r < 0)
                return r;
        *ret_device = TAKE_PTR(device);
        return 0;
}

static int probe(void *device, struct facts *ret_facts, struct problem *problem)
{
        return device_facts(device, ret_facts, problem);
}

static const char *const settings_known[] = {"TCTI", "PinFile", "OwnerFile", NULL};

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
};

int main(int argc, char **argv)
{
        /* The libraries below print what we return as errors; whoever wants that too says so. */
        if (setenv("TSS2_LOG", "all+NONE", 0) < 0)
                return EXIT_FAILURE;
        return driver_main(&driver, argc, argv);
}
