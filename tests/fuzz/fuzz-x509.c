/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/x509.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>

/* What is read lies within what was given, and begins with its tag. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct x509 read;
        int r = x509_read(view_of(data, size), &read);

        assert(r == 0 || r == -EBADMSG);
        if (r < 0)
                return 0;
        assert(read.serial.data > data && read.spki.data + read.spki.size <= data + size);
        assert(read.serial.data[0] == 0x02 && read.issuer.data[0] == 0x30 &&
               read.spki.data[0] == 0x30);
        return 0;
}
