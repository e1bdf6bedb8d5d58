/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base64.h"
#include "lib/replay.h"
#include "tests/test.h"
#include "tests/unit/edit.h"
#include "tests/unit/replay-rig.h"

#include <errno.h>

#define BOOT_A "0123456789abcdef0123456789abcdef"
#define BOOT_B "fedcba9876543210fedcba9876543210"

#define COMMON(boot, second, type)                                                                 \
        "\"boot\":\"" boot "\",\"time\":\"2026-11-22T10:00:" second ".000000Z\",\"type\":\"" type  \
        "\",\"v\":1"
#define START_OF(boot, second, origin)                                                             \
        "{" COMMON(boot, second,                                                                   \
                   "agent.start") ",\"config\":\"\",\"dropped\":0,\"origin\":\"" origin            \
                                  "\",\"program\":\"\",\"recovered\":0}"
#define START START_OF(BOOT_A, "01", MADE_ORIGIN)
#define STOP  "{" COMMON(BOOT_A, "01", "agent.stop") ",\"reason\":\"asked to\"}"
#define TOKEN(b, s)                                                                                \
        "{" COMMON(b, s, "token") ",\"reason\":\"\",\"state\":\"ready\",\"token\":\"t\"}"
#define CLOCK(from, to)                                                                            \
        "{" COMMON(BOOT_A, to, "clock") ",\"before\":\"2026-11-22T10:00:" from ".000000Z\"}"
#define KEY(name) "\"fingerprint\":\"KEY\",\"key\":\"" name "\",\"version\":1"
#define CALLER    "\"caller\":{\"gid\":7,\"identity\":\"pidfd\",\"pid\":42,\"uid\":1000}"
#define ASKED     "\"grant\":\"training\",\"request\":\"7.2\"," CALLER
#define CREATE_AS(n)                                                                               \
        "{" COMMON(BOOT_A, "01", "key.create") "," KEY(                                            \
                n) ",\"algorithm\":\"ecdsa-p256\","                                                \
                   "\"publicKey\":\"SPKI\",\"purpose\":\"model\",\"token\":\"tpm0\"}"
#define CREATE  CREATE_AS("model")
#define DESTROY "{" COMMON(BOOT_A, "01", "key.destroy") "," KEY("model") ",\"reason\":\"\"}"
#define RETIRE  "{" COMMON(BOOT_A, "01", "key.retire") "," KEY("model") "," ASKED "}"
#define REVOKE                                                                                     \
        "{" COMMON(BOOT_A, "01",                                                                   \
                   "key.revoke") "," KEY("model") "," ASKED ",\"reason\":\"lost\",\"revoked\":"    \
                                                  "\"2026-11-22T10:00:01.000000Z\"}"
#define INTENT_BY(n, asked)                                                                        \
        "{" COMMON(BOOT_A, "01",                                                                   \
                   "intent") "," KEY(n) "," asked ",\"algorithm\":\"ecdsa-p256\","                 \
                                        "\"digest\":\"\",\"outcome\":\"unknown\",\"reason\":\"\"}"
#define INTENT INTENT_BY("model", ASKED)
#define ATTEST_WITH(evidence)                                                                      \
        "{" COMMON(BOOT_A, "01", "key.attest") "," KEY("model") "," ASKED                          \
                                                                ",\"evidence\":" evidence "}"
#define SAID   "{\"kind\":\"pkcs11\",\"selfAsserted\":{}}"
#define ATTEST ATTEST_WITH(SAID)

#define COSIGNED(size, root)                                                                                                                                                                        \
        "{" COMMON(                                                                                                                                                                                 \
                BOOT_A, "01",                                                                                                                                                                       \
                "checkpoint.witness") ",\"cosignature\":\"\xe2\x80\x94 w AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==\",\"root\":" root \
                                      ",\"size\":" size ",\"witness\":\"w\"}"
/* Of a tree of one leaf it is SHA-256 of a zero byte and the record. */
#define ROOT_TEXT     "sha256:1b7269a1ae638764c6242febdba3b4d45a8d6c1fcb8e5c33e0d026a970a24c80"
#define OTHER_TEXT    "sha256:abababababababababababababababababababababababababababababababab"
#define ROOT_OF_START "\"" ROOT_TEXT "\""
#define OTHER_ROOT    "\"" OTHER_TEXT "\""

/* Members in any order; what is written is canonical. KEY and SPKI are those of the key "model",
 * LOGKEY is the log key's. */
static const struct {
        const char *label;
        const char *records[5];
        uint64_t index;   /* of the one finding */
        const char *text; /* NULL: nothing is found */
} rows[] = {
        {"one run", {START, TOKEN(BOOT_A, "01"), STOP}, 0, NULL},
        {"a crash", {START, TOKEN(BOOT_A, "01"), START}, 0, NULL},
        {"another boot", {START, STOP, START_OF(BOOT_B, "00", MADE_ORIGIN)}, 0, NULL},
        {"the clock set back between runs", {START_OF(BOOT_A, "09", MADE_ORIGIN), START}, 0, NULL},
        {"no start",
         {TOKEN(BOOT_A, "01"), TOKEN(BOOT_A, "01")},
         0,
         "expected agent.start as the first record, found token"},
        {"after the stop",
         {START, STOP, TOKEN(BOOT_A, "01"), TOKEN(BOOT_A, "01")},
         2,
         "expected agent.start after agent.stop, found token"},
        {"stopped twice",
         {START, STOP, STOP},
         2,
         "expected agent.start after agent.stop, found agent.stop"},
        {"boot changes",
         {START, TOKEN(BOOT_B, "01"), TOKEN(BOOT_B, "01")},
         1,
         "token: expected boot \"" BOOT_A "\" as in agent.start, found \"" BOOT_B "\""},
        {"boot comes back",
         {START, START_OF(BOOT_B, "01", MADE_ORIGIN), START_OF(BOOT_A, "02", MADE_ORIGIN)},
         2,
         "agent.start: the boot \"" BOOT_A "\" was over"},
        {"no boot", {START, TOKEN("", "01")}, 1, "token: boot is no boot ID"},
        {"another origin",
         {START_OF(BOOT_A, "01", "example.org/other")},
         0,
         "agent.start: origin: expected \"" MADE_ORIGIN "\", found \"example.org/other\""},
        {"time goes back",
         {START, TOKEN(BOOT_A, "03"), TOKEN(BOOT_A, "02")},
         2,
         "token: time goes back: expected 2026-11-22T10:00:03.000000Z or later, found "
         "2026-11-22T10:00:02.000000Z"},

        {"time goes back, and it is said",
         {START, TOKEN(BOOT_A, "03"), CLOCK("03", "02"), TOKEN(BOOT_A, "02")},
         0,
         NULL},
        {"the clock from another time",
         {START, TOKEN(BOOT_A, "03"), CLOCK("04", "02")},
         2,
         "clock: before: expected 2026-11-22T10:00:03.000000Z, found "
         "\"2026-11-22T10:00:04.000000Z\""},

        {"a key", {START, CREATE, INTENT}, 0, NULL},
        {"destroyed", {START, CREATE, INTENT, DESTROY}, 0, NULL},
        {"before its creation",
         {START, INTENT, CREATE},
         1,
         "intent: before the key.create of its key"},
        {"after its end",
         {START, CREATE, DESTROY, INTENT},
         3,
         "intent: after the key.destroy of its key"},
        {"retired", {START, CREATE, INTENT, RETIRE, DESTROY}, 0, NULL},
        {"after its retirement",
         {START, CREATE, RETIRE, INTENT},
         3,
         "intent: after the end of its key"},
        {"retired twice",
         {START, CREATE, RETIRE, RETIRE},
         3,
         "key.retire: the key had ended before"},
        {"revoked, and not in the ring",
         {START, CREATE, REVOKE},
         2,
         "key.revoke: the ring calls the key active: take a newer one"},
        {"attested", {START, CREATE, ATTEST, RETIRE, ATTEST}, 0, NULL},
        {"attested before its creation",
         {START, ATTEST, CREATE},
         1,
         "key.attest: before the key.create of its key"},
        {"attested when it is gone",
         {START, CREATE, DESTROY, ATTEST},
         3,
         "key.attest: after the key.destroy of its key"},
        {"attested by no token",
         {START, CREATE, ATTEST_WITH("{\"kind\":\"vault\",\"selfAsserted\":{}}")},
         2,
         "key.attest: evidence: kind: expected tpm2 or pkcs11"},
        {"a nonce of a token that answers to none",
         {START, CREATE, ATTEST_WITH(SAID ",\"nonce\":\"0011223344556677\"")},
         2,
         "key.attest: nonce: nothing that a PKCS#11 token says answers to one"},
        {"created twice", {START, CREATE, CREATE}, 2, "key.create: the key was created before"},
        {"destroyed twice",
         {START, CREATE, DESTROY, DESTROY},
         3,
         "key.destroy: no key.create of the key before it"},
        {"under another name",
         {START, CREATE_AS("other")},
         1,
         "key.create: the ring calls the key \"model\" version 1"},
        {"used under another name",
         {START, CREATE, INTENT_BY("other", ASKED)},
         2,
         "intent: the ring calls the key \"model\" version 1"},

        {"no grant's name",
         {START, CREATE, INTENT_BY("model", "\"grant\":\"\",\"request\":\"1.1\"," CALLER)},
         2,
         "intent: grant: \"\" is no name of a grant"},
        {"no request",
         {START, CREATE, INTENT_BY("model", "\"grant\":\"g\",\"request\":\"1\"," CALLER)},
         2,
         "intent: request: expected two numbers, as in 7.2, found \"1\""},
        {"request of nobody",
         {START, CREATE, INTENT_BY("model", "\"grant\":\"g\",\"request\":\"0.1\"," CALLER)},
         2,
         "intent: request: expected two numbers, as in 7.2, found \"0.1\""},
        {"user of 33 bits",
         {START, CREATE,
          INTENT_BY("model", "\"grant\":\"g\",\"request\":\"1.1\",\"caller\":{\"gid\":0,"
                             "\"identity\":\"pidfd\",\"pid\":1,\"uid\":4294967295}")},
         2,
         "caller: uid: expected 0 to 4294967294, found 4294967295"},
        {"a negative process",
         {START, CREATE,
          INTENT_BY("model", "\"grant\":\"g\",\"request\":\"1.1\",\"caller\":{\"gid\":0,"
                             "\"identity\":\"pidfd\",\"pid\":-1,\"uid\":0}")},
         2,
         "caller: pid: expected 0 to 4194304, found -1"},
        {"identity by hearsay",
         {START, CREATE,
          INTENT_BY("model", "\"grant\":\"g\",\"request\":\"1.1\",\"caller\":{\"gid\":0,"
                             "\"identity\":\"said\",\"pid\":1,\"uid\":0}")},
         2,
         "caller: identity: expected pidfd or best-effort, found \"said\""},
        {"allowed by OPA",
         {START, CREATE,
          INTENT_BY("model", "\"decision\":\"opa:7\",\"grant\":\"g\",\"request\":\"1.1\"," CALLER),
          INTENT_BY("model", "\"decision\":\"opa\",\"grant\":\"g\",\"request\":\"1.1\"," CALLER)},
         0,
         NULL},
        {"allowed by somebody else",
         {START, CREATE,
          INTENT_BY("model",
                    "\"decision\":\"oracle\",\"grant\":\"g\",\"request\":\"1.1\"," CALLER)},
         2,
         "intent: decision: expected opa or opa:ID beside a grant, found \"oracle\""},
        {"allowed by OPA without a name",
         {START, CREATE,
          INTENT_BY("model", "\"decision\":\"opa:\",\"grant\":\"g\",\"request\":\"1.1\"," CALLER)},
         2,
         "intent: decision: expected opa or opa:ID beside a grant, found \"opa:\""},
        {"cosigned", {START, COSIGNED("1", ROOT_OF_START), COSIGNED("1", ROOT_OF_START)}, 0, NULL},
        {"cosigned earlier", {START, STOP, START, COSIGNED("1", OTHER_ROOT)}, 0, NULL},
        {"cosigned by nobody",
         {START, "{" COMMON(BOOT_A, "01",
                            "checkpoint.witness") ",\"cosignature\":\"x\",\"root\":" ROOT_OF_START
                                                  ",\"size\":1,\"witness\":\"w\"}"},
         1,
         "checkpoint.witness: cosignature: expected the line of a witness"},
        {"cosigned another journal",
         {START, COSIGNED("1", OTHER_ROOT)},
         1,
         "checkpoint.witness: root: the witness cosigned " OTHER_TEXT
         ", and 1 records have " ROOT_TEXT},
        {"cosigned two journals",
         {START, STOP, START, COSIGNED("1", ROOT_OF_START), COSIGNED("1", OTHER_ROOT)},
         4,
         "checkpoint.witness: root: the witness cosigned " OTHER_TEXT
         ", and 1 records have " ROOT_TEXT},
        {"cosigned more than there is",
         {START, COSIGNED("2", ROOT_OF_START)},
         1,
         "checkpoint.witness: size: expected 1 to 1, found 2"},
        {"cosigned no root",
         {START, COSIGNED("1", "\"sha256:00\"")},
         1,
         "checkpoint.witness: root: expected sha256:HEX"},
};

static void replace_member(json_t *record, const char *name, const char *from, struct view to)
{
        const char *found = json_member_string(record, name);
        int r = 0;

        if (found && string_equal(found, from))
                r = json_object_set_new(record, name, json_stringn((const char *)to.data, to.size));
        assert(r == 0);
}

/* A record of the table, with its keys, in canonical form. */
static void add_record(struct replay_rig *rig, const char *text, const struct pubkey *key)
{
        _cleanup_(json_decrefp) json_t *record = json_loads(text, 0, NULL);
        _cleanup_(buf_done) struct buf spki = {};
        char fingerprint[HEX_SIZE(SHA256_SIZE)];

        assert(record && rig->made.count < MADE_MAX);
        base64_encode(&spki, pubkey_spki(key));
        replace_member(record, "publicKey", "SPKI", buf_view(&spki));
        replace_member(record, "fingerprint", "KEY",
                       view_string(hex_encode(sha256_view(pubkey_fingerprint(key)), fingerprint)));
        json_put(&rig->made.entries[rig->made.count++], record);
}

static void replay(struct replay_rig *rig, struct found *ret)
{
        struct replay_result result;

        found_replay(&rig->made, NULL, ret, &result);
        expect_integer(result.range_count, ret->count == 0);
        if (ret->count == 0)
                expect(result.ranges[0].level == REPLAY_L0 &&
                       result.ranges[0].end == rig->made.count);
}

static void test_rows(void)
{
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                struct found found;
                struct replay_rig rig;

                test_label = rows[i].label;
                replay_rig_init(&rig);
                for (size_t j = 0; j < ARRAY_SIZE(rows[i].records) && rows[i].records[j]; j++)
                        add_record(&rig, rows[i].records[j], rig.keys[1].pubkey);
                replay(&rig, &found);
                found_expect(&found, rows[i].index, rows[i].text);
                replay_rig_done(&rig);
        }
        test_label = "";
}

/* A key of neither name nor number in the ring. */
static void test_strangers(void)
{
        _cleanup_(key_freep) EVP_PKEY *pair = key_new(algorithm_find("ecdsa-p256"));
        _cleanup_(pubkey_freep) struct pubkey *stranger = key_public(pair);
        static const struct {
                const char *label, *records[4], *text;
        } strangers[] = {
                {"created", {CREATE}, "key.create: the key is not in the ring, and was not"},
                {"created and destroyed", {CREATE, DESTROY}, NULL},
                {"created, destroyed and created", {CREATE, DESTROY, CREATE}, "is not in the ring"},
                {"created twice", {CREATE, CREATE, DESTROY}, "key.create: the key was created"},
                {"interrupted before its record", {DESTROY}, NULL},
                {"used", {INTENT}, "intent: the key is not in the ring"},
                {"attested", {ATTEST}, "key.attest: the key is not in the ring"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(strangers); i++) {
                struct found found;
                struct replay_rig rig;

                test_label = strangers[i].label;
                replay_rig_init(&rig);
                add_record(&rig, START, stranger);
                for (size_t j = 0; j < ARRAY_SIZE(strangers[i].records); j++)
                        if (strangers[i].records[j])
                                add_record(&rig, strangers[i].records[j], stranger);
                replay(&rig, &found);
                expect_integer(found.count, strangers[i].text != NULL);
                expect_contains(found.text, strangers[i].text ? strangers[i].text : "");
                replay_rig_done(&rig);
        }
        test_label = "";
}

static void test_log_key(void)
{
        struct found found;
        struct replay_rig rig;

        replay_rig_init(&rig);
        rig.keys[0].purpose = KEY_LOG;
        add_record(&rig, START, rig.keys[0].pubkey);
        add_record(&rig, INTENT_BY("log", ASKED), rig.keys[0].pubkey);
        replay(&rig, &found);
        expect_integer(found.count, 2);
        expect_text(view_string(found.text),
                    "intent: by the log key, which signs checkpoints alone");
        replay_rig_done(&rig);
}

/* A bad record may have been anything: what follows from its absence is not reported as well. */
static void test_after_a_bad_record(void)
{
        struct found found;
        struct replay_rig rig;

        replay_rig_init(&rig);
        made_add(&rig.made, "{}");
        add_record(&rig, TOKEN(BOOT_A, "01"), rig.keys[1].pubkey);
        add_record(&rig, INTENT, rig.keys[1].pubkey);
        replay(&rig, &found);
        expect_integer(found.count, 1);
        expect_integer(found.index, 0);
        replay_rig_done(&rig);
}

int main(void)
{
        test_rows();
        test_strangers();
        test_log_key();
        test_after_a_bad_record();
        return test_result();
}
