/* SPDX-License-Identifier: Apache-2.0 */
#include "tpm/device.h"

#include <errno.h>

#define VENDOR_STRINGS 4

/* The value of a property, or 0 where the TPM has none. */
static UINT32 property_of(const TPML_TAGGED_TPM_PROPERTY *properties, TPM2_PT property)
{
        for (UINT32 i = 0; i < properties->count && i < ARRAY_SIZE(properties->tpmProperty); i++)
                if (properties->tpmProperty[i].property == property)
                        return properties->tpmProperty[i].value;
        return 0;
}

/* Four characters in one number, padded with NUL or blank, made by the vendor: printable ones only.
 */
static void put_characters(struct buf *buf, UINT32 value)
{
        for (int shift = 24; shift >= 0; shift -= 8) {
                char character = (char)(value >> shift & 0xff);

                if (character > ' ' && character < 0x7f)
                        buf_put(buf, &character, 1);
        }
}

static int add_characters(struct facts *facts, const char *name,
                          const TPML_TAGGED_TPM_PROPERTY *properties, TPM2_PT first, unsigned count)
{
        _cleanup_(buf_done) struct buf text = BUF_INIT(64);

        for (unsigned i = 0; i < count; i++)
                put_characters(&text, property_of(properties, first + i));
        buf_put_u8(&text, 0);
        return buf_error(&text) < 0 ? buf_error(&text)
                                    : facts_add(facts, name, (const char *)text.data);
}

static int add_fixed(struct device *device, struct facts *facts, struct problem *problem)
{
        _cleanup_(esys_freep) TPMS_CAPABILITY_DATA *found = NULL;
        const TPML_TAGGED_TPM_PROPERTY *properties;
        UINT32 revision, high, low;
        int r = device_capability(device, TPM2_CAP_TPM_PROPERTIES, TPM2_PT_FIXED,
                                  TPM2_MAX_TPM_PROPERTIES, &found, problem);

        if (r < 0)
                return r;
        properties = &found->data.tpmProperties;
        revision = property_of(properties, TPM2_PT_REVISION);
        high = property_of(properties, TPM2_PT_FIRMWARE_VERSION_1);
        low = property_of(properties, TPM2_PT_FIRMWARE_VERSION_2);
        r = add_characters(facts, "manufacturer", properties, TPM2_PT_MANUFACTURER, 1);
        if (r == 0)
                r = add_characters(facts, "model", properties, TPM2_PT_VENDOR_STRING_1,
                                   VENDOR_STRINGS);
        if (r == 0)
                r = facts_add_format(facts, "firmware", "%u.%u.%u.%u", high >> 16, high & 0xffff,
                                     low >> 16, low & 0xffff);
        if (r == 0)
                r = facts_add_format(facts, "revision", "%u.%02u", revision / 100, revision % 100);
        return r;
}

int device_health(struct device *device, struct facts *facts, struct problem *problem)
{
        static const struct {
                const char *name;
                TPM2_PT property;
        } counters[] = {
                {"lockout-counter", TPM2_PT_LOCKOUT_COUNTER},
                {"lockout-interval", TPM2_PT_LOCKOUT_INTERVAL},
                {"lockout-max", TPM2_PT_MAX_AUTH_FAIL},
                {"lockout-recovery", TPM2_PT_LOCKOUT_RECOVERY},
        };
        _cleanup_(esys_freep) TPMS_CAPABILITY_DATA *found = NULL;
        const TPML_TAGGED_TPM_PROPERTY *properties;
        int r = device_capability(device, TPM2_CAP_TPM_PROPERTIES, TPM2_PT_PERMANENT,
                                  TPM2_MAX_TPM_PROPERTIES, &found, problem);

        if (r < 0)
                return r;
        properties = &found->data.tpmProperties;
        for (size_t i = 0; r == 0 && i < ARRAY_SIZE(counters); i++)
                r = facts_add_format(facts, counters[i].name, "%u",
                                     property_of(properties, counters[i].property));
        return r < 0 ? r
                     : facts_add(facts, "in-lockout",
                                 property_of(properties, TPM2_PT_PERMANENT) &
                                                 TPMA_PERMANENT_INLOCKOUT
                                         ? "yes"
                                         : "no");
}

int device_has_command(struct device *device, TPM2_CC command, int *ret, struct problem *problem)
{
        _cleanup_(esys_freep) TPMS_CAPABILITY_DATA *found = NULL;
        int r = device_capability(device, TPM2_CAP_COMMANDS, command, 1, &found, problem);

        if (r < 0)
                return r;
        *ret = found->data.command.count > 0 &&
               (found->data.command.commandAttributes[0] & TPMA_CC_COMMANDINDEX_MASK) == command;
        return 0;
}

int device_facts(struct device *device, struct facts *facts, struct problem *problem)
{
        int can_attest = 0, can_choose = 0, r;

        r = add_fixed(device, facts, problem);
        if (r == 0)
                r = device_health(device, facts, problem);
        if (r == 0)
                r = device_has_command(device, TPM2_CC_GetCommandAuditDigest, &can_attest, problem);
        if (r == 0)
                r = device_has_command(device, TPM2_CC_SetCommandCodeAuditStatus, &can_choose,
                                       problem);
        if (r == 0)
                r = facts_add(facts, "audit", can_attest && can_choose ? "yes" : "no");
        return r;
}
