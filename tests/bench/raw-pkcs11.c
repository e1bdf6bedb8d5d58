/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The HSM alone: raw-pkcs11 MODULE TOKEN_LABEL PIN_FILE SECONDS
 *
 * A loop of C_SignInit() and C_Sign() in one session with the token's first private EC key. Prints
 * signatures per second and the latency in microseconds at the 50th percentile.
 */
#include <dlfcn.h>
#include <p11-kit/pkcs11.h>
#include <stdio.h>

#include "tests/bench/sample.h"

#define SLOTS_MAX 64

static void check(CK_RV rv, const char *what)
{
        if (rv == CKR_OK)
                return;
        (void)fprintf(stderr, "raw-pkcs11: %s: 0x%lx\n", what, rv);
        exit(EXIT_FAILURE);
}

static CK_FUNCTION_LIST *load(const char *module)
{
        CK_FUNCTION_LIST *functions = NULL;
        void *library = dlopen(module, RTLD_NOW);
        CK_C_GetFunctionList get;

        if (!library) {
                (void)fprintf(stderr, "raw-pkcs11: %s\n", dlerror());
                exit(EXIT_FAILURE);
        }
        *(void **)&get = dlsym(library, "C_GetFunctionList");
        check(get ? get(&functions) : CKR_FUNCTION_FAILED, "C_GetFunctionList");
        check(functions->C_Initialize(NULL), "C_Initialize");
        return functions;
}

static CK_SLOT_ID find_slot(CK_FUNCTION_LIST *functions, const char *label)
{
        CK_SLOT_ID slots[SLOTS_MAX];
        CK_ULONG count = SLOTS_MAX;

        check(functions->C_GetSlotList(CK_TRUE, slots, &count), "C_GetSlotList");
        for (CK_ULONG i = 0; i < count; i++) {
                CK_TOKEN_INFO info;

                if (functions->C_GetTokenInfo(slots[i], &info) == CKR_OK &&
                    memcmp(info.label, label, strlen(label)) == 0)
                        return slots[i];
        }
        check(CKR_TOKEN_NOT_PRESENT, label);
        return 0;
}

static CK_SESSION_HANDLE log_in(CK_FUNCTION_LIST *functions, CK_SLOT_ID slot, const char *pin_file)
{
        CK_SESSION_HANDLE session;
        unsigned char pin[256];
        FILE *file = fopen(pin_file, "re");
        size_t size = file ? fread(pin, 1, sizeof(pin), file) : 0;

        while (size > 0 && pin[size - 1] == '\n')
                size--;
        if (file)
                (void)fclose(file); /* read only */
        check(functions->C_OpenSession(slot, CKF_SERIAL_SESSION, NULL, NULL, &session),
              "C_OpenSession");
        check(functions->C_Login(session, CKU_USER, pin, size), "C_Login");
        return session;
}

static CK_OBJECT_HANDLE find_key(CK_FUNCTION_LIST *functions, CK_SESSION_HANDLE session)
{
        CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
        CK_KEY_TYPE type = CKK_EC;
        CK_ATTRIBUTE wanted[] = {{CKA_CLASS, &class, sizeof(class)},
                                 {CKA_KEY_TYPE, &type, sizeof(type)}};
        CK_OBJECT_HANDLE key;
        CK_ULONG count = 0;

        check(functions->C_FindObjectsInit(session, wanted, ARRAY_SIZE(wanted)),
              "C_FindObjectsInit");
        check(functions->C_FindObjects(session, &key, 1, &count), "C_FindObjects");
        check(functions->C_FindObjectsFinal(session), "C_FindObjectsFinal");
        check(count == 1 ? CKR_OK : CKR_KEY_NEEDED, "no EC key");
        return key;
}

static void measure(CK_FUNCTION_LIST *functions, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key,
                    double seconds)
{
        CK_MECHANISM mechanism = {CKM_ECDSA, NULL, 0};
        double start = now(), before = start;
        size_t count = 0;

        while (before < start + seconds) {
                unsigned char digest[32] = {}, signature[128];
                CK_ULONG size = sizeof(signature);
                double after;

                memcpy(digest, &count, sizeof(count));
                check(functions->C_SignInit(session, &mechanism, key), "C_SignInit");
                check(functions->C_Sign(session, digest, sizeof(digest), signature, &size),
                      "C_Sign");
                after = now();
                sample_add(after - before);
                count++;
                before = after;
        }
        (void)printf("%.0f %.0f\n", (double)count / (before - start), sample_percentile(50));
}

int main(int argc, char **argv)
{
        CK_FUNCTION_LIST *functions;
        CK_SESSION_HANDLE session;

        if (argc != 5) {
                (void)fprintf(stderr, "usage: raw-pkcs11 MODULE TOKEN_LABEL PIN_FILE SECONDS\n");
                return 2;
        }
        functions = load(argv[1]);
        session = log_in(functions, find_slot(functions, argv[2]), argv[3]);
        measure(functions, session, find_key(functions, session), strtod(argv[4], NULL));
        check(functions->C_Finalize(NULL), "C_Finalize");
        return EXIT_SUCCESS;
}
