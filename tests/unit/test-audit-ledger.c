/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/audit-ledger.h"
#include "lib/file.h"
#include "tests/test.h"

#include <errno.h>

/*
 * What the ledger takes for the TPM's answer is made here: an attestation over the digest that the
 * ledger has, or over another one.
 */

static const uint8_t name_bytes[COMMAND_AUDIT_NAME_SIZE] = {0x00, 0x0b, 0x01};
static const uint8_t message[SHA256_SIZE] = {0x4d};
/* DER of (5, 7): not what a TPM would make, but as long as the ledger is concerned a signature. */
static const uint8_t der[] = {0x30, 0x06, 0x02, 0x01, 0x05, 0x02, 0x01, 0x07};

static void put_sized(struct buf *buf, struct view bytes)
{
        buf_put_u16(buf, (uint16_t)bytes.size);
        buf_put_view(buf, bytes);
}

/* The response parameters of TPM2_GetCommandAuditDigest. An empty digest: the TPM was reset. */
static void put_response(struct buf *buf, struct view digest)
{
        _cleanup_(buf_done) struct buf attest = BUF_INIT(COMMAND_AUDIT_RESPONSE_MAX);
        const struct sha256 list = command_audit_list();

        buf_put_u32(&attest, 0xff544347);
        buf_put_u16(&attest, 0x8015);
        put_sized(&attest, view_of(name_bytes, sizeof(name_bytes)));
        put_sized(&attest, view_of(message, sizeof(message)));
        for (unsigned i = 0; i < 17 + 8; i++) /* clock and firmware */
                buf_put_u8(&attest, 0);
        buf_put_u64(&attest, 3);
        buf_put_u16(&attest, COMMAND_AUDIT_ALGORITHM);
        put_sized(&attest, digest);
        put_sized(&attest, sha256_view(&list));
        put_sized(buf, buf_view(&attest));
        buf_put_u16(buf, 0x0018);
        buf_put_u16(buf, 0x000b);
        put_sized(buf, view_of(message, sizeof(message)));
        put_sized(buf, view_of(message, sizeof(message)));
        expect_integer(buf_error(buf), 0);
}

static void end(struct audit_ledger *ledger, const struct sha256 *digest)
{
        _cleanup_(buf_done) struct buf response = BUF_INIT(COMMAND_AUDIT_RESPONSE_MAX);
        struct audit_attestation attestation = {
                .name = view_of(name_bytes, sizeof(name_bytes)),
                .qualifying = view_of(message, sizeof(message)),
                .tree_size = 9,
        };

        put_response(&response, sha256_view(digest));
        attestation.response = buf_view(&response);
        expect_integer(audit_ledger_end(ledger, &attestation), 0);
}

/* @key is a digit. */
static uint64_t add(struct audit_ledger *ledger, unsigned key, uint64_t checkpoint)
{
        _cleanup_(buf_done) struct buf response = BUF_INIT(COMMAND_AUDIT_RESPONSE_MAX);
        char fingerprint[24];
        struct audit_signature signature = {
                .fingerprint = fingerprint,
                .algorithm = algorithm_find("ecdsa-p256"),
                .name = view_of(name_bytes, sizeof(name_bytes)),
                .message = view_of(message, sizeof(message)),
                .signature = view_of(der, sizeof(der)),
                .checkpoint = checkpoint,
        };

        (void)snprintf(fingerprint, sizeof(fingerprint), "f%u", key); /* fits any number */
        expect_integer(
                command_audit_put_signature(&response, signature.algorithm, signature.signature),
                0);
        signature.response = buf_view(&response);
        return audit_ledger_add_signature(ledger, &signature);
}

/* A ledger that knows the digest: one interval has ended, and was taken. */
static void begin(struct audit_ledger *ledger)
{
        struct audit_interval *first;

        expect_integer(audit_ledger_init(ledger), 0);
        end(ledger, &ledger->digest);
        first = audit_ledger_take(ledger);
        assert(first);
        expect_integer(first->broken, 1); /* nobody knows what came before the start */
        audit_interval_free(first);
        expect_integer(ledger->known, 1);
}

static void expect_commands(const struct audit_interval *interval, const char *expected)
{
        _cleanup_(freep) char *text = json_dumps(interval->commands, JSON_COMPACT);

        expect_text(view_string(text), expected);
}

/* An interval waits for the records of its signatures, and names them. */
static void test_interval(void)
{
        struct audit_interval *interval;
        struct audit_ledger ledger;
        uint64_t one, two;

        begin(&ledger);
        one = add(&ledger, 1, 0);
        two = add(&ledger, 1, 0);
        expect(one != 0 && two != 0 && one != two);
        end(&ledger, &ledger.digest);
        expect(audit_ledger_take(&ledger) == NULL);
        audit_ledger_resolve(&ledger, two, 12);
        expect(audit_ledger_take(&ledger) == NULL);
        audit_ledger_resolve(&ledger, one, 11);
        interval = audit_ledger_take(&ledger);
        assert(interval);
        expect_integer(interval->broken, 0);
        expect_integer(interval->tree_size, 9);
        expect_commands(interval, "[11,12]");
        audit_interval_free(interval);
        expect(audit_ledger_take(&ledger) == NULL);
        audit_ledger_done(&ledger);
}

/* A signature that found no record stands for itself; of one that an intent tells of, that is
 * named, and the response stands with it. */
static void test_given_up(void)
{
        struct audit_interval *interval;
        struct audit_ledger ledger;

        begin(&ledger);
        audit_ledger_give_up(&ledger, add(&ledger, 1, 0));
        audit_ledger_withhold(&ledger, add(&ledger, 1, 0), 12);
        end(&ledger, &ledger.digest);
        interval = audit_ledger_take(&ledger);
        assert(interval);
        expect_integer(interval->broken, 0);
        expect_integer(strncmp(json_string_value(json_array_get(interval->commands, 1)), "12 ", 3),
                       0);
        expect_integer(strncmp(json_string_value(json_array_get(interval->commands, 0)),
                               "sign f1 4d00", 12),
                       0);
        audit_interval_free(interval);
        audit_ledger_done(&ledger);
}

/* A TPM without a digest has forgotten the interval: there is nothing to end. */
static void expect_reset(struct audit_ledger *ledger, const char *reason)
{
        _cleanup_(buf_done) struct buf response = BUF_INIT(COMMAND_AUDIT_RESPONSE_MAX);
        struct problem problem = {};

        put_response(&response, view_of(NULL, 0));
        expect_integer(audit_ledger_compare(ledger, buf_view(&response), &problem), -ENODATA);
        expect_text(view_string(problem.text), reason);
        audit_ledger_done(ledger);
}

/* What breaks an interval, and the reason in its record. */
static void test_broken(void)
{
        static const struct {
                const char *reason;
                int other, reset, doubted, excused, contradicted, foreign;
        } cases[] = {
                {"the TPM has executed other commands than this agent's", .other = 1, .foreign = 1},
                {"the TPM was reset, and has lost its digest", .reset = 1},
                {"the first one", .doubted = 1},
                {"the first one", .doubted = 1, .other = 1, .contradicted = 1},
                {"a process was lost", .other = 1, .excused = 1},
                {"what a look found", .other = 1, .contradicted = 1, .foreign = 1},
                {"what a look found", .other = 1, .excused = 1, .contradicted = 1, .foreign = 1},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct audit_interval *interval;
                struct sha256 digest;
                struct audit_ledger ledger;

                begin(&ledger);
                (void)add(&ledger, 1, 5);
                if (cases[i].doubted) {
                        audit_ledger_doubt(&ledger, "the first one");
                        audit_ledger_doubt(&ledger, "the second one");
                }
                if (cases[i].excused) {
                        audit_ledger_excuse(&ledger, "a process was lost");
                        audit_ledger_excuse(&ledger, "another one");
                }
                if (cases[i].contradicted)
                        audit_ledger_contradict(&ledger, "what a look found");
                digest = ledger.digest;
                digest.bytes[0] ^= (uint8_t)cases[i].other;
                if (cases[i].reset) {
                        expect_reset(&ledger, cases[i].reason);
                        continue;
                }
                end(&ledger, &digest);
                interval = audit_ledger_take(&ledger);
                assert(interval);
                expect_integer(interval->broken, 1);
                expect_integer(interval->foreign, cases[i].foreign);
                expect_text(view_string(interval->reason.text), cases[i].reason);
                expect_integer(ledger.known, 1); /* the next one begins anew */
                audit_interval_free(interval);
                end(&ledger, &ledger.digest);
                interval = audit_ledger_take(&ledger);
                assert(interval);
                expect_integer(interval->broken, 0);
                expect_integer(interval->foreign, 0);
                audit_interval_free(interval);
                audit_ledger_done(&ledger);
        }
}

/* Interval by interval: full long before overdue, and what is overdue still fits into a record,
 * with as many signatures as may be on their way. */
static void test_bounds(void)
{
        static const struct {
                unsigned keys;
                uint64_t checkpoint;
                size_t count_max;
        } cases[] = {
                {1, 0, AUDIT_LEDGER_COUNT_LIMIT + 1},
                {1, 5, AUDIT_LEDGER_COUNT_LIMIT + 1},
                {100, 0, AUDIT_LEDGER_NAMES_LIMIT + 1},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct audit_ledger ledger;
                size_t count = 0;
                int was_full = 0;

                begin(&ledger);
                while (!audit_interval_is_overdue(ledger.current) && count < 10000) {
                        was_full |= audit_interval_is_full(ledger.current);
                        audit_ledger_resolve(
                                &ledger,
                                add(&ledger, (unsigned)count % cases[i].keys, cases[i].checkpoint),
                                count);
                        count++;
                }
                expect(was_full);
                expect(count <= cases[i].count_max);
                for (unsigned more = 0; more < 4; more++)
                        (void)add(&ledger, more, 0);
                {
                        _cleanup_(freep) char *commands =
                                json_dumps(ledger.current->commands, JSON_COMPACT);
                        _cleanup_(freep) char *names =
                                json_dumps(ledger.current->names, JSON_COMPACT);

                        /* Fingerprints have 64 digits where this test has a few. */
                        expect(strlen(commands) + strlen(names) +
                                       64 * (json_object_size(ledger.current->names) + 4) <
                               60000);
                }
                audit_ledger_done(&ledger);
        }
}

/* An excuse is good for one interval, and for a digest that is another one. */
static void test_excused(void)
{
        _cleanup_(buf_done) struct buf text = BUF_INIT(1 << 20);
        struct audit_interval *interval;
        struct audit_ledger ledger;
        struct sha256 other;

        begin(&ledger);
        audit_ledger_excuse(&ledger, "a process was lost");
        expect_integer(audit_ledger_put(&ledger, &text), -ENODATA); /* it would be forgotten */
        for (int foreign = 0; foreign < 2; foreign++) {
                other = ledger.digest;
                other.bytes[0] ^= (uint8_t)foreign;
                end(&ledger, &other);
                interval = audit_ledger_take(&ledger);
                assert(interval);
                expect_integer(interval->broken, foreign);
                expect_integer(interval->foreign, foreign);
                audit_interval_free(interval);
        }
        audit_ledger_done(&ledger);
}

/* What is open survives an orderly stop, and only if it is whole. */
static void test_saved(void)
{
        static const char *const malformed[] = {"", "{}", "[]",
                                                "{\"commands\":[],\"digest\":\"00\",\"names\":{}}",
                                                "{\"commands\":{},\"digest\":\"00\",\"names\":{}}"};
        _cleanup_(buf_done) struct buf text = BUF_INIT(1 << 20);
        struct audit_ledger ledger, again;
        uint64_t entry;

        begin(&ledger);
        entry = add(&ledger, 1, 0);
        expect_integer(audit_ledger_put(&ledger, &text), -ENODATA);
        audit_ledger_resolve(&ledger, entry, 7);
        expect_integer(audit_ledger_put(&ledger, &text), 0);
        expect_integer(audit_ledger_init(&again), 0);
        expect_integer(again.known, 0);
        for (size_t i = 0; i < ARRAY_SIZE(malformed); i++) {
                expect_integer(audit_ledger_read(&again, view_string(malformed[i])), -EBADMSG);
                expect_integer(again.known, 0);
        }
        expect_integer(audit_ledger_read(&again, buf_view(&text)), 0);
        expect_integer(again.known, 1);
        expect_view(sha256_view(&again.digest), sha256_view(&ledger.digest));
        expect_commands(again.current, "[7]");
        audit_ledger_doubt(&ledger, "not known");
        expect_integer(audit_ledger_put(&ledger, &text), -ENODATA);
        audit_ledger_done(&ledger);
        audit_ledger_done(&again);
}

/* A driver that says nonsense breaks the interval and enters nothing. */
static void test_nonsense(void)
{
        struct audit_ledger ledger;
        const struct audit_signature signature = {
                .fingerprint = "f",
                .algorithm = algorithm_find("ecdsa-p256"),
                .name = view_of(name_bytes, 3),
                .message = view_of(message, sizeof(message)),
        };

        begin(&ledger);
        expect(audit_ledger_add_signature(&ledger, &signature) == 0);
        expect_integer(ledger.known, 0);
        expect_integer((long long)json_array_size(ledger.current->commands), 0);
        audit_ledger_resolve(&ledger, 0, 1);
        audit_ledger_give_up(&ledger, (uint64_t)99 << 32);
        audit_ledger_done(&ledger);
}

int main(void)
{
        test_interval();
        test_given_up();
        test_broken();
        test_excused();
        test_bounds();
        test_saved();
        test_nonsense();
        return test_result();
}
