/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/algorithm.h"

static const struct algorithm algorithms[] = {
        {"ecdsa-p256", ALGORITHM_ECDSA, 256, "P-256", "sha256", 32, 72, "PKIX_ECDSA_P256_SHA_256"},
        {"ecdsa-p384", ALGORITHM_ECDSA, 384, "P-384", "sha384", 48, 104, "PKIX_ECDSA_P384_SHA_384"},
        {"rsa-2048", ALGORITHM_RSA_PKCS1, 2048, NULL, "sha256", 32, 256,
         "PKIX_RSA_PKCS1V15_2048_SHA256"},
        {"rsa-3072", ALGORITHM_RSA_PKCS1, 3072, NULL, "sha256", 32, 384,
         "PKIX_RSA_PKCS1V15_3072_SHA256"},
        {"rsa-2048-pss", ALGORITHM_RSA_PSS, 2048, NULL, "sha256", 32, 256,
         "PKIX_RSA_PSS_2048_SHA256"},
        {"rsa-3072-pss", ALGORITHM_RSA_PSS, 3072, NULL, "sha256", 32, 384,
         "PKIX_RSA_PSS_3072_SHA256"},
        {"ed25519", ALGORITHM_ED25519, 256, "ED25519", "sha256", 32, 64, "PKIX_ED25519"},
};

const struct algorithm *algorithm_find(const char *name)
{
        for (size_t i = 0; i < ARRAY_SIZE(algorithms); i++)
                if (string_equal(algorithms[i].name, name))
                        return &algorithms[i];
        return NULL;
}

const struct algorithm *algorithm_at(size_t index)
{
        return index < ARRAY_SIZE(algorithms) ? &algorithms[index] : NULL;
}
