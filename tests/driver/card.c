/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A PKCS#11 module that stands before another one, $CARD_MODULE, and gives its tokens what software
 * tokens do not have: a counter of PINs that may still be wrong, as cards have, in the file
 * $CARD_TRIES. Each login is a byte in $CARD_TRIES.logins. Never installed.
 */

#include <dlfcn.h>
#include <fcntl.h>
#include <p11-kit/pkcs11.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define TRIES_MAX 3

static CK_FUNCTION_LIST *real, ours;

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

static CK_RV login(CK_SESSION_HANDLE session, CK_USER_TYPE user, CK_UTF8CHAR *pin, CK_ULONG size)
{
        int left = tries();
        CK_RV rv;

        count_login();
        if (left == 0)
                return CKR_PIN_LOCKED;
        rv = real->C_Login(session, user, pin, size);
        if (rv == CKR_PIN_INCORRECT)
                set_tries(left - 1);
        else if (rv == CKR_OK)
                set_tries(TRIES_MAX);
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
        *ret = &ours;
        return CKR_OK;
}
