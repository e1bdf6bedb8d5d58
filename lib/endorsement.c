/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/endorsement.h"

/* Templates L-1, L-2 and H-3. */
static const struct endorsement endorsements[] = {
        {"rsa-2048", 0x01c00002, 0x81010001, NULL, 2048, "sha256", 32, 128},
        {"ecc-p256", 0x01c0000a, 0x81010002, "P-256", 256, "sha256", 32, 128},
        {"ecc-p384", 0x01c00016, 0x81010016, "P-384", 384, "sha384", 48, 256},
};

const struct endorsement *endorsement_find(const char *name)
{
        for (size_t i = 0; i < ARRAY_SIZE(endorsements); i++)
                if (string_equal(endorsements[i].name, name))
                        return &endorsements[i];
        return NULL;
}

const struct endorsement *endorsement_at(size_t index)
{
        return index < ARRAY_SIZE(endorsements) ? &endorsements[index] : NULL;
}
