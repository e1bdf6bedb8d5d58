/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/test.h"
#include "tests/unit/edit.h"
#include "tpm/device.h"
#include "tpm/pcr.h"

#include <errno.h>

#define REGISTERS 24

/* What the TPM behind it says, other than a good one: which answers at most @at_once of what it is
 * asked for, the first ones, each with its own number. */
static struct {
        unsigned at_once;
        unsigned from_call; /* counted from 0; before it, it is a good one */
        void (*change)(TPML_PCR_SELECTION *selection, TPML_DIGEST *digests, UINT32 *counter);
} tpm;

static unsigned calls;

int device_error(TSS2_RC rc, const char *what, struct problem *problem)
{
        return problem_set(problem, -ENODEV, "%s: 0x%x", what, rc);
}

int device_busy(TSS2_RC rc, unsigned *attempts)
{
        return 0;
}

void Esys_Free(void *pointer)
{
        free(pointer);
}

static void set_bit(TPMS_PCR_SELECTION *selection, unsigned number, int to)
{
        if (to)
                selection->pcrSelect[number / 8] |= (BYTE)(1u << number % 8);
        else
                selection->pcrSelect[number / 8] &= (BYTE) ~(1u << number % 8);
}

static void answer(const TPMS_PCR_SELECTION *wanted, TPML_PCR_SELECTION *selection,
                   TPML_DIGEST *digests)
{
        selection->count = 1;
        selection->pcrSelections[0] =
                (TPMS_PCR_SELECTION){.hash = wanted->hash, .sizeofSelect = wanted->sizeofSelect};
        for (unsigned i = 0; i < REGISTERS && digests->count < tpm.at_once; i++) {
                TPM2B_DIGEST *digest = &digests->digests[digests->count];

                if (!(wanted->pcrSelect[i / 8] >> i % 8 & 1))
                        continue;
                set_bit(&selection->pcrSelections[0], i, 1);
                digest->size = TPM2_SHA256_DIGEST_SIZE;
                memset(digest->buffer, (int)i, digest->size);
                digests->count++;
        }
}

static TSS2_RC read_registers(const TPML_PCR_SELECTION *wanted, UINT32 *ret_counter,
                              TPML_PCR_SELECTION **ret_selection, TPML_DIGEST **ret_digests)
{
        TPML_PCR_SELECTION *selection = calloc(1, sizeof(*selection));
        TPML_DIGEST *digests = calloc(1, sizeof(*digests));

        assert(selection && digests && wanted->count == 1);
        answer(&wanted->pcrSelections[0], selection, digests);
        *ret_counter = 7;
        if (tpm.change && calls >= tpm.from_call)
                tpm.change(selection, digests, ret_counter);
        calls++;
        *ret_selection = selection;
        *ret_digests = digests;
        return TSS2_RC_SUCCESS;
}

/* In the place of the one of ESAPI, which has more parameters than we write. */
#define SESSIONS ESYS_TR one, ESYS_TR two, ESYS_TR three

TSS2_RC Esys_PCR_Read(ESYS_CONTEXT *context, SESSIONS, const TPML_PCR_SELECTION *wanted,
                      UINT32 *ret_counter, TPML_PCR_SELECTION **ret_selection,
                      TPML_DIGEST **ret_digests)
{
        return read_registers(wanted, ret_counter, ret_selection, ret_digests);
}

static void none(TPML_PCR_SELECTION *selection, TPML_DIGEST *digests, UINT32 *counter)
{
        memset(selection->pcrSelections[0].pcrSelect, 0, TPM2_PCR_SELECT_MAX);
        digests->count = 0;
}

static void one_less(TPML_PCR_SELECTION *selection, TPML_DIGEST *digests, UINT32 *counter)
{
        digests->count--;
}

static void one_more(TPML_PCR_SELECTION *selection, TPML_DIGEST *digests, UINT32 *counter)
{
        digests->count++;
}

static void far_more(TPML_PCR_SELECTION *selection, TPML_DIGEST *digests, UINT32 *counter)
{
        digests->count = REGISTERS;
}

/* The first one is left out, and all after it would be taken for the one before. */
static void first_left_out(TPML_PCR_SELECTION *selection, TPML_DIGEST *digests, UINT32 *counter)
{
        for (unsigned i = 0; i < REGISTERS; i++)
                if (selection->pcrSelections[0].pcrSelect[i / 8] >> i % 8 & 1) {
                        set_bit(&selection->pcrSelections[0], i, 0);
                        set_bit(&selection->pcrSelections[0], i + digests->count, 1);
                        return;
                }
}

static void beyond(TPML_PCR_SELECTION *selection, TPML_DIGEST *digests, UINT32 *counter)
{
        selection->pcrSelections[0].sizeofSelect = TPM2_PCR_SELECT_MAX;
        set_bit(&selection->pcrSelections[0], 8 * TPM2_PCR_SELECT_MAX - 1, 1);
}

static void other_bank(TPML_PCR_SELECTION *selection, TPML_DIGEST *digests, UINT32 *counter)
{
        selection->pcrSelections[0].hash = TPM2_ALG_SHA1;
}

static void no_bank(TPML_PCR_SELECTION *selection, TPML_DIGEST *digests, UINT32 *counter)
{
        selection->count = 0;
}

static void two_banks(TPML_PCR_SELECTION *selection, TPML_DIGEST *digests, UINT32 *counter)
{
        selection->count = 2;
}

static void short_digest(TPML_PCR_SELECTION *selection, TPML_DIGEST *digests, UINT32 *counter)
{
        digests->digests[1].size = TPM2_SHA1_DIGEST_SIZE;
}

static void empty_digest(TPML_PCR_SELECTION *selection, TPML_DIGEST *digests, UINT32 *counter)
{
        digests->digests[0].size = 0;
}

static void count_on(TPML_PCR_SELECTION *selection, TPML_DIGEST *digests, UINT32 *counter)
{
        *counter = calls;
}

static const struct {
        const char *label;
        unsigned at_once, from_call;
        void (*change)(TPML_PCR_SELECTION *selection, TPML_DIGEST *digests, UINT32 *counter);
        int error;
        const char *reason;
} cases[] = {
        {"all", 8, 0, NULL, 0, ""},
        {"by fives", 5, 0, NULL, 0, ""},
        {"one by one", 1, 0, NULL, 0, ""},
        {"none", 8, 0, none, -EOPNOTSUPP, "no SHA-256 bank of 24 registers"},
        {"none after the first", 8, 1, none, -EOPNOTSUPP, "no SHA-256 bank of 24 registers"},
        {"one less", 8, 0, one_less, -EIO, "answered for other registers than those from 0 on"},
        {"one less, later", 8, 2, one_less, -EIO,
         "answered for other registers than those from 16"},
        {"one more", 7, 0, one_more, -EIO, "answered for other registers than those from 0 on"},
        {"far more", 7, 0, far_more, -EIO, "answered for other registers than those from 0 on"},
        {"left out", 5, 0, first_left_out, -EIO, "for other registers than those from 0 on"},
        {"left out, later", 5, 1, first_left_out, -EIO, "for other registers than those from 5 on"},
        {"beyond", 8, 0, beyond, -EIO, "answered for other registers than those from 0 on"},
        {"other bank", 8, 0, other_bank, -EIO, "answered for other registers than those from 0"},
        {"no bank", 8, 0, no_bank, -EIO, "answered for other registers than those from 0 on"},
        {"two banks", 8, 0, two_banks, -EIO, "answered for other registers than those from 0 on"},
        {"short", 8, 1, short_digest, -EIO, "register 9: a digest of 20 bytes, expected 32"},
        {"empty", 8, 0, empty_digest, -EIO, "register 0: a digest of 0 bytes, expected 32"},
        {"restless", 8, 0, count_on, -EAGAIN, "the registers changed while they were read"},
};

static void expect_registers(struct view text)
{
        struct reader reader = reader_init(text);

        for (unsigned i = 0; i < REGISTERS; i++) {
                uint8_t expected[TPM2_SHA256_DIGEST_SIZE];

                memset(expected, (int)i, sizeof(expected));
                expect_view(reader_sized(&reader), view_of(expected, sizeof(expected)));
        }
        expect_integer(reader_end(&reader), 0);
}

int main(void)
{
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_(buf_done) struct buf text = {};
                struct device device = {};
                struct problem problem = {};

                test_label = cases[i].label;
                tpm.at_once = cases[i].at_once;
                tpm.from_call = cases[i].from_call;
                tpm.change = cases[i].change;
                calls = 0;
                expect_integer(pcr_read(&device, &text, &problem), cases[i].error);
                expect_contains(problem.text, cases[i].reason);
                if (cases[i].error == 0)
                        expect_registers(buf_view(&text));
        }
        return test_result();
}
