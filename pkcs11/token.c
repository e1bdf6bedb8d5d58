/* SPDX-License-Identifier: Apache-2.0 */
#include "pkcs11/token.h"

#include <dlfcn.h>
#include <errno.h>
#include <openssl/err.h>

#include "lib/driver.h"
#include "lib/harden.h"
#include "lib/pin-turn.h"
#include "lib/utf8.h"

static const struct {
        CK_RV rv;
        int error;
        const char *name;
} return_values[] = {
        {CKR_HOST_MEMORY, -EIO, "CKR_HOST_MEMORY"},
        {CKR_SLOT_ID_INVALID, -ENODEV, "CKR_SLOT_ID_INVALID"},
        {CKR_GENERAL_ERROR, -EIO, "CKR_GENERAL_ERROR"},
        {CKR_FUNCTION_FAILED, -EIO, "CKR_FUNCTION_FAILED"},
        {CKR_ATTRIBUTE_TYPE_INVALID, -EIO, "CKR_ATTRIBUTE_TYPE_INVALID"},
        {CKR_ATTRIBUTE_VALUE_INVALID, -EIO, "CKR_ATTRIBUTE_VALUE_INVALID"},
        {CKR_DATA_LEN_RANGE, -EIO, "CKR_DATA_LEN_RANGE"},
        {CKR_DEVICE_ERROR, -EIO, "CKR_DEVICE_ERROR"},
        {CKR_DEVICE_MEMORY, -EIO, "CKR_DEVICE_MEMORY"},
        {CKR_DEVICE_REMOVED, -ENODEV, "CKR_DEVICE_REMOVED"},
        {CKR_FUNCTION_NOT_SUPPORTED, -EOPNOTSUPP, "CKR_FUNCTION_NOT_SUPPORTED"},
        {CKR_KEY_HANDLE_INVALID, -ENOKEY, "CKR_KEY_HANDLE_INVALID"},
        {CKR_KEY_FUNCTION_NOT_PERMITTED, -EKEYREJECTED, "CKR_KEY_FUNCTION_NOT_PERMITTED"},
        {CKR_MECHANISM_INVALID, -EOPNOTSUPP, "CKR_MECHANISM_INVALID"},
        {CKR_MECHANISM_PARAM_INVALID, -EOPNOTSUPP, "CKR_MECHANISM_PARAM_INVALID"},
        {CKR_OBJECT_HANDLE_INVALID, -ENOKEY, "CKR_OBJECT_HANDLE_INVALID"},
        {CKR_OPERATION_ACTIVE, -EIO, "CKR_OPERATION_ACTIVE"},
        {CKR_PIN_INCORRECT, -EACCES, "CKR_PIN_INCORRECT"},
        {CKR_PIN_INVALID, -EACCES, "CKR_PIN_INVALID"},
        {CKR_PIN_LEN_RANGE, -EACCES, "CKR_PIN_LEN_RANGE"},
        {CKR_PIN_EXPIRED, -EACCES, "CKR_PIN_EXPIRED"},
        {CKR_PIN_LOCKED, -EBUSY, "CKR_PIN_LOCKED"},
        {CKR_SESSION_CLOSED, -ENODEV, "CKR_SESSION_CLOSED"},
        {CKR_SESSION_COUNT, -EIO, "CKR_SESSION_COUNT"},
        {CKR_SESSION_HANDLE_INVALID, -ENODEV, "CKR_SESSION_HANDLE_INVALID"},
        {CKR_SESSION_READ_ONLY, -EIO, "CKR_SESSION_READ_ONLY"},
        {CKR_TEMPLATE_INCONSISTENT, -EIO, "CKR_TEMPLATE_INCONSISTENT"},
        {CKR_TOKEN_NOT_PRESENT, -ENODEV, "CKR_TOKEN_NOT_PRESENT"},
        {CKR_TOKEN_NOT_RECOGNIZED, -ENODEV, "CKR_TOKEN_NOT_RECOGNIZED"},
        {CKR_TOKEN_WRITE_PROTECTED, -EIO, "CKR_TOKEN_WRITE_PROTECTED"},
        {CKR_USER_NOT_LOGGED_IN, -ENODEV, "CKR_USER_NOT_LOGGED_IN"},
        {CKR_USER_PIN_NOT_INITIALIZED, -EACCES, "CKR_USER_PIN_NOT_INITIALIZED"},
        {CKR_CRYPTOKI_NOT_INITIALIZED, -ENODEV, "CKR_CRYPTOKI_NOT_INITIALIZED"},
};

int token_error(CK_RV rv, const char *what, struct problem *problem)
{
        for (size_t i = 0; i < ARRAY_SIZE(return_values); i++)
                if (return_values[i].rv == rv)
                        return problem_set(problem, return_values[i].error, "%s: %s", what,
                                           return_values[i].name);
        return problem_set(problem, -EIO, "%s: PKCS#11 error 0x%lx", what, (unsigned long)rv);
}

/* libp11 speaks through libcrypto's error queue, which nobody else reads here. */
static int libp11_error(const char *what, struct problem *problem)
{
        const char *reason = ERR_reason_error_string(ERR_peek_last_error());
        int r = problem_set(problem, -ENODEV, "%s: %s", what, reason ? reason : "failed");

        ERR_clear_error();
        return r;
}

/* Before libp11, which would not say why a file is no module. */
static int load_library(struct token *token, const char *path, struct problem *problem)
{
        CK_C_GetFunctionList get_functions;
        CK_RV rv;

        token->library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
        if (!token->library)
                return problem_set(problem, -ENODEV, "Module=%s cannot be loaded: %s", path,
                                   dlerror());
        get_functions = (CK_C_GetFunctionList)dlsym(token->library, "C_GetFunctionList");
        if (!get_functions)
                return problem_set(problem, -ENODEV, "Module=%s is no PKCS#11 module", path);
        rv = get_functions(&token->module);
        if (rv == CKR_OK && token->module)
                return 0;
        token->module = NULL;
        return problem_set(problem, -ENODEV, "Module=%s gives no functions: PKCS#11 error 0x%lx",
                           path, (unsigned long)rv);
}

static int initialize(struct token *token, const char *path, struct problem *problem)
{
        PKCS11_CTX *context = PKCS11_CTX_new();

        if (!context)
                return -ENOMEM;
        if (PKCS11_CTX_load(context, path) < 0) {
                PKCS11_CTX_free(context);
                return libp11_error(path, problem);
        }
        token->context = context;
        if (PKCS11_enumerate_slots(context, &token->slots, &token->slot_count) < 0)
                return libp11_error("listing the slots", problem);
        return 0;
}

static int is_wanted(const PKCS11_TOKEN *token, const char *label, const char *serial)
{
        return token && token->initialized && (!label || string_equal(token->label, label)) &&
               (!serial || string_equal(token->serialnr, serial));
}

static void put_found(struct buf *buf, const struct token *token)
{
        for (unsigned i = 0; i < token->slot_count; i++) {
                const PKCS11_TOKEN *found = token->slots[i].token;

                if (found && found->initialized)
                        buf_put_format(buf, "%s\"%s\" (%s)", buf->size > 0 ? ", " : "",
                                       found->label, found->serialnr);
        }
}

static int no_token(const struct token *token, size_t matches, const char *label,
                    const char *serial, struct problem *problem)
{
        _cleanup_(buf_done) struct buf found = BUF_INIT(4096);

        put_found(&found, token);
        return problem_set(problem, -ENODEV, "%s token %s%s%s%s%s; the module has: %.*s",
                           matches == 0 ? "no" : "more than one", label ? "TokenLabel=" : "",
                           label ? label : "", label && serial ? " " : "",
                           serial ? "TokenSerial=" : "", serial ? serial : "",
                           found.size > 0 ? (int)found.size : 4,
                           found.size > 0 ? (const char *)found.data : "none");
}

int token_find(struct token *token, const char *module, const char *label, const char *serial,
               struct problem *problem)
{
        size_t matches = 0;
        int r = load_library(token, module, problem);

        if (r == 0)
                r = initialize(token, module, problem);
        if (r < 0)
                return r;
        for (unsigned i = 0; i < token->slot_count; i++)
                if (is_wanted(token->slots[i].token, label, serial)) {
                        token->slot = &token->slots[i];
                        matches++;
                }
        return matches == 1 ? 0 : no_token(token, matches, label, serial, problem);
}

static CK_SLOT_ID slot_id(const struct token *token)
{
        return PKCS11_get_slotid_from_slot(token->slot);
}

static int get_info(struct token *token, CK_TOKEN_INFO *ret, struct problem *problem)
{
        CK_RV rv = token->module->C_GetTokenInfo(slot_id(token), ret);

        return rv == CKR_OK ? 0 : token_error(rv, "asking the token for its state", problem);
}

static int open_session(struct token *token, struct problem *problem)
{
        CK_RV rv = token->module->C_OpenSession(slot_id(token), CKF_SERIAL_SESSION | CKF_RW_SESSION,
                                                NULL, NULL, &token->session);

        if (rv != CKR_OK)
                return token_error(rv, "opening a session", problem);
        token->has_session = 1;
        return 0;
}

int token_check_pin(struct token *token, int final_try, struct problem *problem)
{
        CK_TOKEN_INFO info;
        int r = get_info(token, &info, problem);

        if (token->refused)
                return problem_set(problem, -EACCES, "the token has refused this PIN before");
        if (r < 0)
                return r;
        if (info.flags & CKF_USER_PIN_LOCKED)
                return problem_set(problem, -EBUSY, "the token says that the user PIN is locked");
        if ((info.flags & CKF_USER_PIN_FINAL_TRY) && !final_try)
                return problem_set(problem, -EACCES,
                                   "the token locks with the next wrong PIN: it is not given one "
                                   "until an operator says that it is right");
        return 0;
}

/* SoftHSM writes its token at each login, not in one step: a kill then leaves half of it, and with
 * it goes every key. */
static int log_in(struct token *token, CK_USER_TYPE user, const char *what, struct problem *problem)
{
        CK_RV rv;
        int r = pin_turn_take(token->pin_fd, problem);

        if (r < 0)
                return r;
        harden_outlive_agent();
        rv = token->module->C_Login(token->session, user, token->pin.data, token->pin.size);
        if (rv != CKR_OK && rv != CKR_USER_ALREADY_LOGGED_IN)
                r = token_error(rv, what, problem);
        token->refused |= r == -EACCES;
        pin_turn_end(token->pin_fd, r == -EACCES);
        harden_end_with_agent(DRIVER_SOCKET_FD);
        return r;
}

int token_give_pin(struct token *token, struct problem *problem)
{
        return log_in(token, CKU_CONTEXT_SPECIFIC, "giving the PIN for a signature", problem);
}

int token_log_in(struct token *token, int final_try, struct problem *problem)
{
        int r = token_check_pin(token, final_try, problem);

        if (r == 0)
                r = open_session(token, problem);
        return r < 0 ? r : log_in(token, CKU_USER, "logging in", problem);
}

int token_check_session(struct token *token, struct problem *problem)
{
        CK_SESSION_INFO info;
        CK_RV rv = token->module->C_GetSessionInfo(token->session, &info);

        if (rv != CKR_OK)
                return token_error(rv, "asking for the state of the session", problem);
        return info.state == CKS_RW_USER_FUNCTIONS
                       ? 0
                       : problem_set(problem, -ENODEV, "the session is not logged in any more");
}

static const char *pin_state(CK_FLAGS flags)
{
        if (flags & CKF_USER_PIN_LOCKED)
                return "locked";
        if (flags & CKF_USER_PIN_FINAL_TRY)
                return "final-try";
        return flags & CKF_USER_PIN_COUNT_LOW ? "count-low" : "ok";
}

/* Fixed width, padded with blanks, not ended (PKCS#11 v2.40 §3.2). It should be UTF-8, and is not
 * with every vendor. */
static int add_padded(struct facts *facts, const char *name, const CK_UTF8CHAR *text, size_t size)
{
        _cleanup_(freep) char *value = strndup((const char *)text, size);
        size_t length = value ? strlen(value) : 0;

        if (!value)
                return -ENOMEM;
        while (length > 0 && value[length - 1] == ' ')
                length--;
        value[length] = '\0';
        utf8_make_printable(value);
        return facts_add(facts, name, value);
}

static int add_library(struct token *token, struct facts *facts, struct problem *problem)
{
        _cleanup_(facts_done) struct facts parts = {0};
        CK_INFO info;
        CK_RV rv = token->module->C_GetInfo(&info);
        int r;

        if (rv != CKR_OK)
                return token_error(rv, "asking the module for its version", problem);
        r = add_padded(&parts, "name", info.libraryDescription, sizeof(info.libraryDescription));
        return r < 0 ? r
                     : facts_add_format(facts, "library", "%s %u.%u", facts_get(&parts, "name"),
                                        info.libraryVersion.major, info.libraryVersion.minor);
}

int token_facts(struct token *token, struct facts *facts, struct problem *problem)
{
        CK_TOKEN_INFO info;
        int r = get_info(token, &info, problem);

        if (r == 0)
                r = add_padded(facts, "label", info.label, sizeof(info.label));
        if (r == 0)
                r = add_padded(facts, "manufacturer", info.manufacturerID,
                               sizeof(info.manufacturerID));
        if (r == 0)
                r = add_padded(facts, "model", info.model, sizeof(info.model));
        if (r == 0)
                r = add_padded(facts, "serial", info.serialNumber, sizeof(info.serialNumber));
        if (r == 0)
                r = facts_add_format(facts, "firmware", "%u.%u", info.firmwareVersion.major,
                                     info.firmwareVersion.minor);
        if (r == 0)
                r = facts_add(facts, "pin", pin_state(info.flags));
        return r < 0 ? r : add_library(token, facts, problem);
}

/* The libraries are not closed: what a vendor leaves running in threads or exit handlers would
 * find its code gone. The process ends here anyway. */
void token_done(struct token *token)
{
        if (token->has_session)
                (void)token->module->C_CloseSession(token->session);
        if (token->slots)
                PKCS11_release_all_slots(token->context, token->slots, token->slot_count);
        if (token->context) {
                PKCS11_CTX_unload(token->context);
                PKCS11_CTX_free(token->context);
        }
        secret_done(&token->pin);
}
