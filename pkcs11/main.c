/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/driver.h"
#include "lib/pin-turn.h"
#include "pkcs11/key.h"
#include "pkcs11/mechanism.h"

#include <errno.h>

static const char *const settings_known[] = {"Module", "TokenLabel", "TokenSerial", "PinFile",
                                             NULL};

static void close_token(void *pointer)
{
        struct token *token = pointer;

        if (!token)
                return;
        keys_done(token);
        token_done(token);
        free(token);
}

static void close_tokenp(struct token **token)
{
        close_token(*token);
}

static int check_settings(const struct facts *settings, struct problem *problem)
{
        const char *module = facts_get(settings, "Module");

        if (!module || module[0] != '/')
                return problem_set(problem, -EBADMSG,
                                   "Module= must be the absolute path of a PKCS#11 module");
        if (!facts_get(settings, "TokenLabel") && !facts_get(settings, "TokenSerial"))
                return problem_set(problem, -EBADMSG, "TokenLabel= or TokenSerial= is missing");
        return 0;
}

/* A PIN that cannot be right is not tried: PINs are text. */
static int log_in(struct token *token, const char *name, const struct facts *settings,
                  struct problem *problem)
{
        const char *final_try = facts_get(settings, DRIVER_FINAL_TRY);
        struct secret *pin = &token->pin;
        int r = secret_read(name, SECRET_PIN, settings, pin, problem);

        if (r == -ENOENT)
                return problem_set(problem, -EACCES, "no credential %s.pin and no PinFile=", name);
        if (r < 0)
                return problem_set(problem, -EACCES, "the PIN cannot be read: %s", strerror(-r));
        if (memchr(pin->data, '\0', pin->size))
                return problem_set(problem, -EACCES, "the PIN has a zero byte");
        return token_log_in(token, final_try && string_equal(final_try, "yes"), problem);
}

static int pin_fd(const struct facts *settings)
{
        const char *shared = facts_get(settings, DRIVER_PIN_TURN);

        return shared && string_equal(shared, "yes") ? DRIVER_PIN_FD : PIN_TURN_NONE;
}

static int open_token(const char *name, const struct facts *settings, void **ret_device,
                      struct facts *ret_facts, struct problem *problem)
{
        _cleanup_(close_tokenp) struct token *token = NULL;
        int r = check_settings(settings, problem);

        if (r < 0)
                return r;
        token = calloc(1, sizeof(*token));
        if (!token)
                return -ENOMEM;
        token->pin_fd = pin_fd(settings);
        r = token_find(token, facts_get(settings, "Module"), facts_get(settings, "TokenLabel"),
                       facts_get(settings, "TokenSerial"), problem);
        if (r == 0)
                r = log_in(token, name, settings, problem);
        if (r == 0 || r == -EACCES || r == -EBUSY) {
                int error = token_facts(token, ret_facts, problem);

                r = r < 0 ? r : error;
        }
        if (r == 0)
                r = mechanism_facts(token, ret_facts, problem);
        if (r < 0)
                return r;
        *ret_device = TAKE_PTR(token);
        return 0;
}

/* A session that expired or a token that was taken out shows here, before a caller waits for it. */
static int probe(void *device, struct facts *ret_facts, struct problem *problem)
{
        int r = token_check_session(device, problem);

        return r < 0 ? r : token_facts(device, ret_facts, problem);
}

static const struct driver driver = {
        .name = "hallmark-pkcs11",
        .settings = settings_known,
        .open = open_token,
        .close = close_token,
        .generate = key_generate,
        .load = key_load,
        .sign = key_sign,
        .destroy = key_destroy,
        .probe = probe,
        .attest = key_attest,
};

int main(int argc, char **argv)
{
        return driver_main(&driver, argc, argv);
}
