/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/certificate.h"
#include "lib/credential.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>

/* Whatever a certificate says, its texts end and its key is what libcrypto would write. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_(certificate_freep) struct certificate *certificate = NULL;
        char subject[CERTIFICATE_TEXT_SIZE], issuer[CERTIFICATE_TEXT_SIZE];
        struct endorsed_device device = {};
        const struct endorsement *row;
        struct problem problem = {};
        int r = certificate_parse(view_of(data, size), &certificate);

        assert(r == 0 || r == -EBADMSG);
        assert((r == 0) == (certificate != NULL));
        if (r < 0)
                return 0;
        certificate_subject(certificate, subject);
        certificate_issuer(certificate, issuer);
        assert(strlen(subject) < sizeof(subject) && strlen(issuer) < sizeof(issuer));
        (void)certificate_is_endorsement(certificate);
        r = certificate_device(certificate, &device, &problem);
        assert(r == 0 || r == -EKEYREJECTED);
        assert((r == 0) == (device.manufacturer[0] != '\0'));
        r = credential_endorsement(certificate_spki(certificate), &row);
        assert(r == 0 || r == -EBADMSG || r == -EOPNOTSUPP);
        return 0;
}
