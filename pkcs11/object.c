/* SPDX-License-Identifier: Apache-2.0 */
#include "pkcs11/object.h"

#include <errno.h>

/* PKCS#11 templates have no const; the module only reads them here. */
static void *unconst(const void *data)
{
        return (void *)(uintptr_t)data;
}

int object_find(struct token *token, CK_OBJECT_CLASS class, CK_ATTRIBUTE_TYPE type,
                struct view value, struct objects *ret, struct problem *problem)
{
        CK_BBOOL yes = CK_TRUE;
        CK_ATTRIBUTE template[] = {
                {CKA_CLASS, &class, sizeof(class)},
                {CKA_TOKEN, &yes, sizeof(yes)},
                {type, unconst(value.data), value.size},
        };
        CK_FUNCTION_LIST *module = token->module;
        CK_RV rv = module->C_FindObjectsInit(token->session, template, ARRAY_SIZE(template));

        *ret = (struct objects){0};
        if (rv == CKR_OK) {
                rv = module->C_FindObjects(token->session, ret->handle, OBJECT_FOUND_MAX,
                                           &ret->count);
                (void)module->C_FindObjectsFinal(token->session); /* the first error counts */
        }
        if (rv != CKR_OK)
                return token_error(rv, "looking for a key", problem);
        return ret->count > OBJECT_FOUND_MAX
                       ? problem_set(problem, -EIO,
                                     "the module found more keys than it was asked for")
                       : 0;
}

int object_read(struct token *token, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type,
                struct buf *ret, struct problem *problem)
{
        uint8_t *room = buf_reserve(ret, OBJECT_ATTRIBUTE_MAX);
        CK_ATTRIBUTE attribute = {type, room, OBJECT_ATTRIBUTE_MAX};
        CK_RV rv;

        if (!room)
                return buf_error(ret);
        rv = token->module->C_GetAttributeValue(token->session, object, &attribute, 1);
        if (rv == CKR_ATTRIBUTE_TYPE_INVALID || rv == CKR_BUFFER_TOO_SMALL ||
            rv == CKR_ATTRIBUTE_SENSITIVE ||
            (rv == CKR_OK && attribute.ulValueLen > OBJECT_ATTRIBUTE_MAX))
                return problem_set(problem, -EKEYREJECTED,
                                   "attribute 0x%lx of the key cannot be read",
                                   (unsigned long)type);
        if (rv != CKR_OK)
                return token_error(rv, "reading an attribute of a key", problem);
        buf_grown(ret, attribute.ulValueLen);
        return 0;
}

int object_read_flag(struct token *token, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type,
                     int fallback, int *ret)
{
        CK_BBOOL value = CK_FALSE;
        CK_ATTRIBUTE attribute = {type, &value, sizeof(value)};
        CK_RV rv = token->module->C_GetAttributeValue(token->session, object, &attribute, 1);

        if (rv != CKR_OK && rv != CKR_ATTRIBUTE_TYPE_INVALID && rv != CKR_ATTRIBUTE_SENSITIVE)
                return token_error(rv, "reading an attribute of a key", NULL);
        *ret = rv == CKR_OK && attribute.ulValueLen == sizeof(value) ? value != CK_FALSE : fallback;
        return 0;
}
