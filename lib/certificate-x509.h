/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What libcrypto has of a certificate. Private to lib/certificate.c and lib/authorities.c.
 */

#include "lib/certificate.h"

#include <openssl/x509.h>

/* For as long as the certificate lives. */
X509 *certificate_x509(const struct certificate *certificate);
