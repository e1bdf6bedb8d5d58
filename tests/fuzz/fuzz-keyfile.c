/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base64.h"
#include "lib/reader.h"
#include "tests/fuzz/fuzz.h"
#include "tpm/keyfile.h"

#include <errno.h>
#include <tss2/tss2_mu.h>

#define LINE_SIZE ((size_t)48) /* bytes in one line of PEM */

/* What was read, written again, is the file that was read. */
static int check_text(struct view text)
{
        _cleanup_(buf_done) struct buf again = BUF_INIT(0);
        _cleanup_(keyfile_done) struct keyfile file;
        int r = keyfile_read(text, &file, NULL);

        if (r < 0)
                return r;
        r = keyfile_put(&again, &file);
        assert(r == 0);
        assert(view_equal(buf_view(&again), text));
        return 0;
}

/* The armour hides what is inside from mutation; so the input is also taken for that. */
static void check_der(struct view der)
{
        _cleanup_(buf_done) struct buf text = BUF_INIT(0);

        buf_put_string(&text, "-----BEGIN TSS2 PRIVATE KEY-----\n");
        for (size_t i = 0; i < der.size; i += LINE_SIZE) {
                size_t left = der.size - i;

                base64_encode(&text, view_of(der.data + i, left < LINE_SIZE ? left : LINE_SIZE));
                buf_put_u8(&text, '\n');
        }
        buf_put_string(&text, "-----END TSS2 PRIVATE KEY-----\n");
        (void)check_text(buf_view(&text)); /* nearly always refused */
}

/* Whatever the TPM may give as the two parts makes a file that can be read, if it makes one: an
 * empty public part does not. */
static void check_parts(struct view parts)
{
        _cleanup_(buf_done) struct buf text = BUF_INIT(0);
        struct keyfile file = {0};
        size_t offset = 0;
        int r;

        if (parts.size == 0 ||
            Tss2_MU_TPM2B_PUBLIC_Unmarshal(parts.data + 1, parts.size - 1, &offset, &file.public) ||
            Tss2_MU_TPM2B_PRIVATE_Unmarshal(parts.data + 1, parts.size - 1, &offset, &file.private))
                return;
        file.empty_auth = parts.data[0] & 1;
        if (parts.data[0] & 2)
                file.gate.counter = GATE_COUNTER_FIRST + parts.data[0];
        r = keyfile_put(&text, &file);
        assert(r == 0 || r == -EIO);
        if (r < 0)
                return;
        r = check_text(buf_view(&text));
        assert(r == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        (void)check_text(view_of(data, size)); /* nearly always refused */
        check_der(view_of(data, size));
        check_parts(view_of(data, size));
        return 0;
}
