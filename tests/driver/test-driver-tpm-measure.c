/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/digest.h"
#include "tests/driver/client.h"
#include "tests/driver/equipment.h"
#include "tests/test.h"

#define REGISTERS 24

/* A software TPM that nobody measured anything into (PC Client Platform TPM Profile §4.6):
 * registers 17 to 22 are of late launch, and all ones until there is one. */
static void expect_fresh(struct view answer)
{
        uint8_t zeros[SHA256_SIZE], ones[SHA256_SIZE];
        struct reader reader = reader_init(answer);

        memset(zeros, 0, sizeof(zeros));
        memset(ones, 0xff, sizeof(ones));
        for (unsigned i = 0; i < REGISTERS; i++) {
                struct view digest = reader_sized(&reader);

                expect_view(digest, view_of(i >= 17 && i <= 22 ? ones : zeros, SHA256_SIZE));
        }
        expect_integer(reader_end(&reader), 0);
}

int main(int argc, char **argv)
{
        _cleanup_(buf_done) struct buf answer = {};
        struct client client;
        struct swtpm swtpm;

        if (argc != 2)
                return EXIT_FAILURE;
        swtpm_start(&swtpm, "tpm");
        client_start(&client, argv[1]);
        expect_integer(client_call(&client, FRAME_MEASURE, view_of(NULL, 0), NULL),
                       FRAME_BAD_REQUEST); /* not open */
        expect_integer(
                client_open(&client, "tpm0", (const char *const[]){"TCTI", swtpm.tcti, NULL}, NULL),
                FRAME_OK);
        expect_integer(client_call(&client, FRAME_MEASURE, view_of(NULL, 0), &answer), FRAME_OK);
        expect_fresh(buf_view(&answer));
        expect_integer(client_call(&client, FRAME_MEASURE, view_of("x", 1), NULL),
                       FRAME_BAD_REQUEST);
        expect_integer(client_stop(&client), EXIT_SUCCESS);
        return test_result();
}
