/* SPDX-License-Identifier: Apache-2.0 */
#include "tpm/audit.h"

#include "lib/base64.h"
#include "lib/command-audit.h"
#include "tpm/attester.h"
#include "tpm/capture.h"
#include "tpm/object.h"
#include "tpm/owner.h"
#include "tpm/template.h"

#include <errno.h>

/* Ascending, as the TPM lists them. It always audits the second one. */
static const TPM2_CC audited[] = {TPM2_CC_GetCommandAuditDigest, TPM2_CC_SetCommandCodeAuditStatus,
                                  TPM2_CC_Sign};

static const TPMT_SIG_SCHEME scheme_of_key = {.scheme = TPM2_ALG_NULL};

static int is_wanted(TPM2_CC code)
{
        for (size_t i = 0; i < ARRAY_SIZE(audited); i++)
                if (audited[i] == code)
                        return 1;
        return 0;
}

/* The audited commands that shall not be; *@ret_missing: one that shall be is not. */
static int list_strangers(struct device *device, TPML_CC *ret, int *ret_missing,
                          struct problem *problem)
{
        _cleanup_(esys_freep) TPMS_CAPABILITY_DATA *found = NULL;
        const TPML_CC *list;
        size_t wanted = 0;
        int r = device_capability(device, TPM2_CAP_AUDIT_COMMANDS, TPM2_CC_FIRST, TPM2_MAX_CAP_CC,
                                  &found, problem);

        if (r < 0)
                return r;
        list = &found->data.auditCommands;
        *ret = (TPML_CC){};
        for (UINT32 i = 0; i < list->count && i < ARRAY_SIZE(list->commandCodes); i++)
                if (is_wanted(list->commandCodes[i]))
                        wanted++;
                else
                        ret->commandCodes[ret->count++] = list->commandCodes[i];
        *ret_missing = wanted < ARRAY_SIZE(audited);
        return 0;
}

static int set_status(struct device *device, TPM2_ALG_ID algorithm, const TPML_CC *set,
                      const TPML_CC *clear, struct problem *problem)
{
        unsigned attempts = 0;
        ESYS_TR session;
        TSS2_RC rc;
        int r = owner_begin(device, &session, problem);

        if (r < 0)
                return r;
        do
                rc = Esys_SetCommandCodeAuditStatus(device->esys, ESYS_TR_RH_OWNER, session,
                                                    ESYS_TR_NONE, ESYS_TR_NONE, algorithm, set,
                                                    clear);
        while (device_busy(rc, &attempts));
        owner_end(device, session, rc ? -EIO : 0);
        return rc ? device_error(rc, "choosing the commands that the TPM audits", problem) : 0;
}

/* Algorithm and list cannot be changed in one command. */
static int set_up(struct device *device, const TPML_CC *strangers, struct problem *problem)
{
        static const TPML_CC none;
        TPML_CC wanted = {.count = ARRAY_SIZE(audited)};
        int r;

        memcpy(wanted.commandCodes, audited, sizeof(audited));
        r = set_status(device, TPM2_ALG_SHA256, &none, &none, problem);
        return r < 0 ? r : set_status(device, TPM2_ALG_NULL, &wanted, strangers, problem);
}

static int add_facts(const TPM2B_PUBLIC *public, struct facts *facts, struct problem *problem)
{
        _cleanup_(buf_done) struct buf spki = BUF_INIT(0), text = BUF_INIT(0);
        char name_text[HEX_SIZE(COMMAND_AUDIT_NAME_SIZE)];
        TPM2B_NAME name;
        int r = template_put_spki(&spki, algorithm_find("ecdsa-p256"), public, problem);

        if (r == 0)
                r = template_name(public, &name);
        if (r < 0)
                return r;
        base64_encode(&text, buf_view(&spki));
        buf_put_u8(&text, '\0');
        if (buf_error(&text))
                return buf_error(&text);
        r = facts_add(facts, "attestation-key", (const char *)text.data);
        if (r == 0)
                r = facts_add(facts, "attestation-name",
                              hex_encode(view_of(name.name, COMMAND_AUDIT_NAME_SIZE), name_text));
        return r;
}

static int make_key(struct device *device, struct facts *facts, struct problem *problem)
{
        _cleanup_(freep) struct object *key = malloc(sizeof(*key));
        _cleanup_(esys_freep) TPM2B_PUBLIC *public = NULL;
        ESYS_TR handle;
        int r;

        if (!key)
                return -ENOMEM;
        *key = OBJECT_INIT;
        r = attester_create(device, &handle, &public, problem);
        if (r == 0)
                r = object_adopt(device, key, handle, problem);
        if (r < 0)
                return r;
        object_rest(device, key);
        device->attestation_key = TAKE_PTR(key);
        return add_facts(public, facts, problem);
}

int audit_open(struct device *device, struct facts *facts, struct problem *problem)
{
        const char *able = facts_get(facts, "audit");
        TPML_CC strangers;
        int missing, r;

        if (!able || !string_equal(able, "yes"))
                return problem_set(problem, -EOPNOTSUPP,
                                   "Audit=yes, but this TPM has no command audit");
        r = list_strangers(device, &strangers, &missing, problem);
        if (r == 0 && (missing || strangers.count > 0))
                r = set_up(device, &strangers, problem);
        return r < 0 ? r : make_key(device, facts, problem);
}

void audit_done(struct device *device)
{
        object_done(device, device->attestation_key);
        free(device->attestation_key);
        device->attestation_key = NULL;
}

static int put_parameters(const struct device *device, struct buf *ret, struct problem *problem)
{
        struct view parameters;

        if (capture_parameters(device->capture, &parameters) < 0)
                return problem_set(problem, -EIO, "the TPM's answer has no parameters");
        buf_put_view(ret, parameters);
        return buf_error(ret);
}

static int look(struct device *device, ESYS_TR key, const TPM2B_DATA *qualifying,
                struct problem *problem)
{
        _cleanup_(esys_freep) TPM2B_ATTEST *attest = NULL;
        _cleanup_(esys_freep) TPMT_SIGNATURE *signature = NULL;
        unsigned attempts = 0;
        TSS2_RC rc;

        do
                rc = Esys_GetCommandAuditDigest(device->esys, ESYS_TR_RH_ENDORSEMENT, key,
                                                ESYS_TR_PASSWORD, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                                                qualifying, &scheme_of_key, &attest, &signature);
        while (device_busy(rc, &attempts));
        return rc ? device_error(rc, "asking the TPM for its audit digest", problem) : 0;
}

int audit_look(void *context, int sign, struct view qualifying, struct buf *ret_response,
               struct problem *problem)
{
        struct device *device = context;
        TPM2B_DATA data = {.size = (UINT16)qualifying.size};
        ESYS_TR key = ESYS_TR_RH_NULL;
        int r = 0;

        if (!device->attestation_key)
                return problem_set(problem, -EOPNOTSUPP, "the token was opened without Audit=yes");
        if (qualifying.size > SHA256_SIZE)
                return problem_set(problem, -EBADMSG, "a TPM attests %d bytes of others at most",
                                   SHA256_SIZE);
        memcpy(data.buffer, qualifying.data, qualifying.size);
        if (sign) {
                r = object_use(device, device->attestation_key, problem);
                key = device->attestation_key->handle;
        }
        if (r == 0)
                r = look(device, key, &data, problem);
        if (r == 0)
                r = put_parameters(device, ret_response, problem);
        if (sign)
                object_rest(device, device->attestation_key);
        return r;
}

int audit_put_evidence(void *context, struct buf *fields, struct problem *problem)
{
        const struct device *device = context;
        _cleanup_(buf_done) struct buf response = BUF_INIT(COMMAND_AUDIT_RESPONSE_MAX);
        int r;

        if (!device->attestation_key)
                return 0;
        r = put_parameters(device, &response, problem);
        if (r < 0)
                return r;
        buf_put_sized(fields, view_of(device->signer->name, device->signer->size));
        buf_put_sized(fields, buf_view(&response));
        return buf_error(fields);
}
