/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A PKCS#11 module that stands before another one, $CARD_MODULE, and gives its tokens what software
 * tokens do not have: a counter of PINs that may still be wrong, as cards have, in the file
 * $CARD_TRIES. Each login is a byte in $CARD_TRIES.logins. While $CARD_TRIES.changed is there, the
 * token has another PIN than before, and with $CARD_ALWAYS set, its keys want theirs for each
 * signature. With $CARD_ORPHAN set, the agent is killed in the middle of a login, and that file
 * says that it was finished. With $CARD_ODD set, the name of its maker is no UTF-8. Never
 * installed.
 */

#include <dlfcn.h>
#include <fcntl.h>
#include <p11-kit/pkcs11.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define TRIES_MAX 3
#define PIN_MAX   64

static CK_FUNCTION_LIST *real, ours;
static CK_UTF8CHAR good_pin[PIN_MAX];
static CK_ULONG good_size;

static int tries(void)
{
        FILE *file = fopen(getenv("CARD_TRIES"), "re");
        int left = TRIES_MAX;

        if (file && fscanf(file, "%1d", &left) != 1)
                left = TRIES_MAX;
        if (file)
                (void)fclose(file);
        return left;
}

static void set_tries(int left)
{
        FILE *file = fopen(getenv("CARD_TRIES"), "we");

        if (!file || fprintf(file, "%d\n", left) < 0 || fclose(file) != 0)
                abort();
}

static int is_changed(void)
{
        char path[256];

        (void)snprintf(path, sizeof(path), "%s.changed", getenv("CARD_TRIES"));
        return access(path, F_OK) == 0;
}

static void count_login(void)
{
        char path[256];
        int fd;

        (void)snprintf(path, sizeof(path), "%s.logins", getenv("CARD_TRIES"));
        fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
        if (fd < 0 || write(fd, "x", 1) != 1)
                abort();
        (void)close(fd);
}

static CK_RV get_token_info(CK_SLOT_ID slot, CK_TOKEN_INFO *ret)
{
        CK_RV rv = real->C_GetTokenInfo(slot, ret);
        int left = tries();

        if (rv != CKR_OK)
                return rv;
        if (getenv("CARD_ODD"))
                memset(ret->manufacturerID, ' ', sizeof(ret->manufacturerID));
        if (getenv("CARD_ODD"))
                memcpy(ret->manufacturerID, "Schl\xfcssel\x1b[1m", 13);
        ret->flags &=
                ~(CK_FLAGS)(CKF_USER_PIN_COUNT_LOW | CKF_USER_PIN_FINAL_TRY | CKF_USER_PIN_LOCKED);
        if (left < TRIES_MAX)
                ret->flags |= CKF_USER_PIN_COUNT_LOW;
        if (left == 1)
                ret->flags |= CKF_USER_PIN_FINAL_TRY;
        if (left == 0)
                ret->flags |= CKF_USER_PIN_LOCKED;
        return rv;
}

/* The token behind checks the PIN once; for single signatures, where it does not know of them, it
 * is the same again or wrong. */
static CK_RV check_pin(CK_SESSION_HANDLE session, CK_USER_TYPE user, CK_UTF8CHAR *pin,
                       CK_ULONG size)
{
        CK_RV rv;

        if (is_changed())
                return CKR_PIN_INCORRECT;
        if (user == CKU_CONTEXT_SPECIFIC && getenv("CARD_ALWAYS"))
                return size == good_size && memcmp(pin, good_pin, size) == 0 ? CKR_OK
                                                                             : CKR_PIN_INCORRECT;
        rv = real->C_Login(session, user, pin, size);
        if (rv == CKR_OK && user == CKU_USER && size <= sizeof(good_pin)) {
                memcpy(good_pin, pin, size);
                good_size = size;
        }
        return rv;
}

static void kill_agent(const char *path)
{
        pid_t agent = getppid();
        struct pollfd end = {.fd = (int)syscall(SYS_pidfd_open, agent, 0), .events = POLLIN};
        int fd;

        if (end.fd < 0 || kill(agent, SIGKILL) < 0 || poll(&end, 1, -1) != 1)
                abort();
        (void)close(end.fd);
        fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        if (fd < 0)
                abort();
        (void)close(fd);
}

static CK_RV login(CK_SESSION_HANDLE session, CK_USER_TYPE user, CK_UTF8CHAR *pin, CK_ULONG size)
{
        int left = tries();
        CK_RV rv;

        count_login();
        if (getenv("CARD_ORPHAN"))
                kill_agent(getenv("CARD_ORPHAN"));
        if (left == 0)
                return CKR_PIN_LOCKED;
        rv = check_pin(session, user, pin, size);
        if (rv == CKR_PIN_INCORRECT)
                set_tries(left - 1);
        else if (rv == CKR_OK)
                set_tries(TRIES_MAX);
        return rv;
}

/* Keys that want their PIN for each signature, though the token behind does not know. */
static CK_RV get_attribute_value(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                                 CK_ATTRIBUTE *attributes, CK_ULONG count)
{
        CK_RV rv = real->C_GetAttributeValue(session, object, attributes, count);

        for (CK_ULONG i = 0; rv == CKR_OK && getenv("CARD_ALWAYS") && i < count; i++)
                if (attributes[i].type == CKA_ALWAYS_AUTHENTICATE && attributes[i].pValue)
                        *(CK_BBOOL *)attributes[i].pValue = CK_TRUE;
        return rv;
}

CK_RV C_GetFunctionList(CK_FUNCTION_LIST **ret)
{
        void *library = dlopen(getenv("CARD_MODULE"), RTLD_NOW | RTLD_LOCAL);
        CK_C_GetFunctionList get;

        if (!library)
                return CKR_GENERAL_ERROR;
        get = (CK_C_GetFunctionList)dlsym(library, "C_GetFunctionList");
        if (!get || get(&real) != CKR_OK)
                return CKR_GENERAL_ERROR;
        ours = *real;
        ours.C_GetTokenInfo = get_token_info;
        ours.C_Login = login;
        ours.C_GetAttributeValue = get_attribute_value;
        *ret = &ours;
        return CKR_OK;
}
