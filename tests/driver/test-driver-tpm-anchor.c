/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/anchor.h"
#include "tests/driver/equipment.h"
#include "tests/driver/keytest.h"
#include "tests/test.h"
#include "tests/unit/edit.h"

#include <errno.h>

/* The counter of a journal in a software TPM: its steps, what is left by a driver that died between
 * two of them, a reset, and other programs that count, remove and define it anew. */

#define ORIGIN "tests.invalid/agent"
#define FIRST  "0x01d10225"

static const char *program;
static const char root[] = "12345678901234567890123456789012";

struct said {
        uint8_t kind;
        uint32_t index;
        uint64_t counter;
        struct buf spki, attest, signature;
};

static void said_done(struct said *said)
{
        buf_done(&said->spki);
        buf_done(&said->attest);
        buf_done(&said->signature);
}

static void start(struct client *client, const struct swtpm *swtpm)
{
        const char *const settings[] = {"TCTI", swtpm->tcti, NULL};

        client_start(client, program);
        expect_integer(client_open(client, "tpm0", settings, NULL), FRAME_OK);
}

static void take(struct reader *reader, struct buf *ret)
{
        buf_clear(ret);
        buf_put_view(ret, reader_sized(reader));
}

static int step(struct client *client, enum anchor_step step, uint32_t index, const char *origin,
                struct said *ret)
{
        _cleanup_(buf_done) struct buf fields = {}, answer = {};
        struct reader reader;
        int status;

        buf_put_u8(&fields, (uint8_t)step);
        buf_put_u32(&fields, index);
        buf_put_sized(&fields, view_string(origin));
        buf_put_sized(&fields, view_of(root, step == ANCHOR_ADVANCE ? SHA256_SIZE : 0));
        status = client_call(client, FRAME_ANCHOR, buf_view(&fields), &answer);
        if (status != FRAME_OK)
                return status;
        reader = reader_init(buf_view(&answer));
        ret->kind = reader_u8(&reader);
        ret->index = reader_u32(&reader);
        ret->counter = reader_u64(&reader);
        take(&reader, &ret->spki);
        take(&reader, &ret->attest);
        take(&reader, &ret->signature);
        expect_integer(reader_end(&reader), 0);
        return FRAME_OK;
}

static void expect_step(struct client *client, enum anchor_step wanted, uint32_t index,
                        enum anchor_kind kind, struct said *ret)
{
        expect_integer(step(client, wanted, index, ORIGIN, ret), FRAME_OK);
        if (client->reason[0])
                (void)fprintf(stderr, "step %d: %s\n", wanted, client->reason);
        expect_integer(ret->kind, kind);
}

static struct anchor_evidence evidence_of(const struct said *said)
{
        return (struct anchor_evidence){
                .origin = ORIGIN,
                .index = said->index,
                .counter = said->counter,
                .root = view_of(root, SHA256_SIZE),
                .key = buf_view(&said->spki),
                .attestation = buf_view(&said->attest),
                .signature = buf_view(&said->signature),
        };
}

/* Each way in which it could be another one. */
static void check_evidence(const struct said *said, const struct said *other)
{
        const struct {
                const char *label, *reason;
                struct anchor_evidence evidence;
        } rows[] = {
                {"origin", "attests another index", {.origin = "tests.invalid/other"}},
                {"index", "attests another index", {.index = said->index + 1}},
                {"counter", "as the counter, not", {.counter = said->counter + 1}},
                {"root", "another tree", {.root = view_of(root + 1, SHA256_SIZE)}},
                {"attestation", "has not signed", {.attestation = buf_view(&other->attest)}},
                {"signature", "has not signed", {.signature = buf_view(&other->signature)}},
        };
        struct anchor_evidence good = evidence_of(said);

        expect_integer(anchor_evidence_check(&good, NULL), 0);
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                const struct anchor_evidence *change = &rows[i].evidence;
                struct anchor_evidence bad = good;
                struct problem problem = {};

                test_label = rows[i].label;
                bad.origin = change->origin ? change->origin : bad.origin;
                bad.index = change->index ? change->index : bad.index;
                bad.counter = change->counter ? change->counter : bad.counter;
                bad.root = change->root.data ? change->root : bad.root;
                bad.attestation = change->attestation.data ? change->attestation : bad.attestation;
                bad.signature = change->signature.data ? change->signature : bad.signature;
                expect_integer(anchor_evidence_check(&bad, &problem), -EKEYREJECTED);
                expect_contains(problem.text, rows[i].reason);
                test_label = "";
        }
}

/* Returns what the counter is at. */
static uint64_t count(struct client *client, const struct swtpm *swtpm)
{
        _cleanup_(said_done) struct said said = {}, other = {};
        uint64_t next;

        expect_step(client, ANCHOR_LOOK, 0, ANCHOR_NEW, &said);
        expect_integer(said.index, 0);
        expect_integer(step(client, ANCHOR_ADVANCE, ANCHOR_INDEX_FIRST, ORIGIN, &said),
                       FRAME_NO_KEY);
        expect_contains(client->reason, "no counter of this journal at " FIRST);
        expect_step(client, ANCHOR_PREPARE, 0, ANCHOR_NEW, &said);
        expect_integer(said.index, ANCHOR_INDEX_FIRST);
        next = said.counter;
        expect_step(client, ANCHOR_LOOK, 0, ANCHOR_NEW, &other);
        expect_integer(other.index, ANCHOR_INDEX_FIRST);
        expect_step(client, ANCHOR_ADVANCE, said.index, ANCHOR_COUNTER, &said);
        expect_integer(said.counter, next);
        expect_step(client, ANCHOR_ADVANCE, said.index, ANCHOR_COUNTER, &other);
        expect_integer(other.counter, next + 1);
        check_evidence(&said, &other);
        check_evidence(&other, &said);
        expect_step(client, ANCHOR_LOOK, 0, ANCHOR_COUNTER, &said);
        expect_integer(said.counter, next + 1);
        expect_integer(said.attest.size + said.signature.size, 0);
        expect_integer(step(client, ANCHOR_PREPARE, 0, ORIGIN, &said), FRAME_MISMATCH);
        expect_contains(client->reason, "has a counter of this journal already, at " FIRST);
        /* The scratch counter took a step as well. */
        expect_integer(swtpm_count(swtpm, 0x134), 3);
        return next + 1;
}

/* Each journal has its own. */
static void separate(struct client *client)
{
        _cleanup_(said_done) struct said said = {};

        expect_integer(step(client, ANCHOR_PREPARE, 0, "tests.invalid/other", &said), FRAME_OK);
        expect_integer(said.index, ANCHOR_INDEX_FIRST + 1);
        expect_integer(step(client, ANCHOR_LOOK, ANCHOR_INDEX_FIRST, "tests.invalid/other", &said),
                       FRAME_OK);
        expect_integer(said.index, 0);
        expect_integer(
                step(client, ANCHOR_ADVANCE, ANCHOR_INDEX_FIRST, "tests.invalid/other", &said),
                FRAME_NO_KEY);
}

static void expect_counter(struct client *client, uint64_t expected)
{
        _cleanup_(said_done) struct said said = {};

        expect_step(client, ANCHOR_LOOK, ANCHOR_INDEX_FIRST, ANCHOR_COUNTER, &said);
        expect_integer(said.counter, expected);
}

/* A reset is no step; a step by another program is one. */
static uint64_t go_on(struct client *client, struct swtpm *swtpm, uint64_t value)
{
        static const char *const increment[] = {"tpm2_nvincrement", FIRST, NULL};
        static const char *const by_owner[] = {"tpm2_nvincrement", "-C", "o", FIRST, NULL};

        expect_integer(client_stop(client), EXIT_SUCCESS);
        swtpm_stop(swtpm);
        swtpm_start(swtpm, "anchored");
        start(client, swtpm);
        expect_counter(client, value);
        expect_integer(client_stop(client), EXIT_SUCCESS);
        expect(swtpm_run(swtpm, by_owner) != 0);
        expect_integer(swtpm_run(swtpm, increment), 0);
        start(client, swtpm);
        expect_counter(client, value + 1);
        return value + 1;
}

/* A counter that was removed does not come back with an old value. */
static void remove_counter(struct client *client, struct swtpm *swtpm, uint64_t value)
{
        static const char *const undefine[] = {"tpm2_nvundefine", "-C", "o", FIRST, NULL};
        _cleanup_(said_done) struct said said = {};

        expect_integer(client_stop(client), EXIT_SUCCESS);
        expect_integer(swtpm_run(swtpm, undefine), 0);
        start(client, swtpm);
        expect_step(client, ANCHOR_LOOK, ANCHOR_INDEX_FIRST, ANCHOR_NEW, &said);
        expect_integer(said.index, 0);
        expect_step(client, ANCHOR_PREPARE, 0, ANCHOR_NEW, &said);
        expect(said.counter > value);
        value = said.counter;
        expect_step(client, ANCHOR_PREPARE, 0, ANCHOR_NEW, &said); /* after a crash: once more */
        expect(said.counter > value);
        value = said.counter;
        expect_step(client, ANCHOR_ADVANCE, said.index, ANCHOR_COUNTER, &said);
        expect_integer(said.counter, value);
}

/* With a secret of the keys and one of the owner; and the counter obeys no other. */
static void with_secrets(const struct swtpm *swtpm)
{
        static const char *const change[] = {"tpm2_changeauth", "-c", "owner", "correct", NULL};
        static const char *const increment[] = {"tpm2_nvincrement", "0x01d10227", NULL};
        char pin[EQUIPMENT_PATH_MAX], owner[EQUIPMENT_PATH_MAX];
        const char *const settings[] = {"TCTI",      swtpm->tcti,
                                        "PinFile",   equipment_path(pin, "anchor.pin"),
                                        "OwnerFile", equipment_path(owner, "anchor.owner"),
                                        NULL};
        _cleanup_(said_done) struct said said = {};
        struct client client;
        uint64_t value;

        equipment_write("anchor.pin", 0600, "correct horse battery staple\n");
        equipment_write("anchor.owner", 0600, "correct\n");
        expect_integer(swtpm_run(swtpm, change), 0);
        client_start(&client, program);
        expect_integer(client_open(&client, "tpm0", settings, NULL), FRAME_OK);
        expect_integer(step(&client, ANCHOR_PREPARE, 0, "tests.invalid/secret", &said), FRAME_OK);
        expect_integer(said.index, ANCHOR_INDEX_FIRST + 2);
        value = said.counter;
        for (int i = 0; i < 2; i++)
                expect_integer(
                        step(&client, ANCHOR_ADVANCE, said.index, "tests.invalid/secret", &said),
                        FRAME_OK);
        expect_integer(said.counter, value + 1);
        expect_integer(client_stop(&client), EXIT_SUCCESS);
        expect(swtpm_run(swtpm, increment) != 0);
}

static void refuse(struct client *client)
{
        static const struct {
                uint8_t step;
                const char *origin;
                size_t qualifying;
        } rows[] = {{3, ORIGIN, 0},
                    {ANCHOR_LOOK, "", 0},
                    {ANCHOR_LOOK, ORIGIN, 1},
                    {ANCHOR_ADVANCE, ORIGIN, 31}};

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_(buf_done) struct buf fields = {};

                buf_put_u8(&fields, rows[i].step);
                buf_put_u32(&fields, 0);
                buf_put_sized(&fields, view_string(rows[i].origin));
                buf_put_sized(&fields, view_of(root, rows[i].qualifying));
                expect_integer(client_call(client, FRAME_ANCHOR, buf_view(&fields), NULL),
                               FRAME_BAD_REQUEST);
        }
}

int main(int argc, char **argv)
{
        struct client client;
        struct swtpm swtpm;
        uint64_t value;

        assert(argc == 2);
        program = argv[1];
        equipment_need("swtpm");
        equipment_need("tpm2_nvincrement");
        swtpm_start(&swtpm, "anchored");
        start(&client, &swtpm);
        value = count(&client, &swtpm);
        separate(&client);
        refuse(&client);
        value = go_on(&client, &swtpm, value);
        remove_counter(&client, &swtpm, value);
        expect_integer(client_stop(&client), EXIT_SUCCESS);
        with_secrets(&swtpm);
        swtpm_stop(&swtpm);
        return keytest_result() ? keytest_result() : test_result();
}
