/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base64.h"
#include "lib/replay-state.h"
#include "tests/test.h"
#include "tests/unit/edit.h"
#include "tests/unit/made-journal.h"
#include "tests/unit/steps.h"

#include <errno.h>

/*
 * Journals of one key, a letter for each record:
 *
 *     S  the agent starts          s  a signature            l  a logged signature
 *     f  the key is frozen         F  everything is frozen   x  a key that there is not is frozen
 *     t  the key is thawed         T  everything is thawed   i  an intent: withheld
 *     r  the key names its successor   q  a rotation that it has not signed
 */
static const struct {
        const char *label, *records;
        uint64_t index;   /* of the one finding */
        const char *text; /* NULL: nothing is found */
} rows[] = {
        {"nothing is frozen", "Ssl", 0, NULL},
        {"the key, and nothing signed", "Ssfits", 0, NULL},
        {"everything, and nothing signed", "SsFiTsl", 0, NULL},
        {"after a restart", "SsfStS", 0, NULL},
        {"still frozen", "Ssfi", 0, NULL},
        {"twice", "Ssffts", 0, NULL},
        {"a successor", "Sftr", 0, NULL},
        {"a successor that it has not named", "Sfq", 0, NULL},
        {"a signature", "Sfs", 2, "sign: signed while key \"model\" was frozen, by record 1"},
        {"a logged one", "Sfl", 2,
         "sign.logged: signed while key \"model\" was frozen, by record 1"},
        {"a successor by a frozen key", "Sfr", 2,
         "key.rotate: signed while key \"model\" was frozen, by record 1"},
        {"everything is frozen", "SFs", 2,
         "sign: signed while key \"model\" was frozen, by record 1"},
        {"after a restart, still frozen", "SfSs", 3,
         "sign: signed while key \"model\" was frozen, by record 1"},
        {"everything thawed, not the key", "SfFTs", 4,
         "sign: signed while key \"model\" was frozen, by record 1"},
        {"the key thawed, not everything", "SfFts", 4,
         "sign: signed while key \"model\" was frozen, by record 2"},
        {"thawed, and not frozen", "St", 1, "thaw: what it is about was not frozen"},
        {"all thawed, and not frozen", "SfT", 2, "thaw: what it is about was not frozen"},
        {"no such key", "Sx", 1, "freeze: there is no key \"nokey\" in the ring"},
};

#define DIGEST_TEXT "sha256:0000000000000000000000000000000000000000000000000000000000000000"

struct rig {
        struct made_journal made;
        struct keyring_key keys[2];
        EVP_PKEY *pair;
};

static void rig_init(struct rig *rig)
{
        const struct algorithm *algorithm = algorithm_find("ecdsa-p256");

        *rig = (struct rig){.pair = key_new(algorithm)};
        made_init(&rig->made);
        rig->keys[0] = rig->made.log_key;
        rig->keys[1] = (struct keyring_key){.name = "model",
                                            .token = "tpm0",
                                            .created = "2026-11-22T10:00:00.000000Z",
                                            .version = 1,
                                            .algorithm = algorithm,
                                            .purpose = KEY_MODEL,
                                            .pubkey = key_public(rig->pair)};
        rig->made.ring.keys = rig->keys;
        rig->made.ring.count = ARRAY_SIZE(rig->keys);
}

static void rig_done(struct rig *rig)
{
        keyring_key_done(&rig->keys[1]);
        EVP_PKEY_free(rig->pair);
        made_done(&rig->made);
}

static void set_text(json_t *record, const char *name, const char *value)
{
        int r = json_object_set_new(record, name, json_string(value));

        assert(r == 0);
}

static void set_bytes(json_t *record, const char *name, struct view bytes)
{
        _cleanup_(buf_done) struct buf text = {};
        int r;

        base64_encode(&text, bytes);
        r = json_object_set_new(record, name, json_stringn((const char *)text.data, text.size));
        assert(r == 0);
}

static json_t *begin_record(const char *type)
{
        json_t *record =
                json_pack("{s:s, s:s, s:s, s:i}", "boot", "0123456789abcdef0123456789abcdef",
                          "time", "2026-11-22T10:00:01.000000Z", "type", type, "v", 1);

        assert(record);
        return record;
}

static json_t *begin_asked(const char *type)
{
        json_t *record = begin_record(type);
        int r = json_object_set_new(record, "caller",
                                    json_pack("{s:i, s:s, s:i, s:i}", "gid", 7, "identity", "pidfd",
                                              "pid", 42, "uid", 1000));

        assert(r == 0);
        set_text(record, "grant", "operator");
        set_text(record, "request", "7.2");
        return record;
}

static json_t *begin_use(struct rig *rig, const char *type)
{
        char fingerprint[HEX_SIZE(SHA256_SIZE)];
        json_t *record = begin_asked(type);

        set_text(record, "fingerprint",
                 hex_encode(sha256_view(pubkey_fingerprint(rig->keys[1].pubkey)), fingerprint));
        set_text(record, "key", "model");
        (void)json_object_set_new(record, "version", json_integer(1));
        return record;
}

static json_t *make_start(void)
{
        json_t *record = begin_record("agent.start");

        set_text(record, "config", "sha256:00");
        set_text(record, "origin", "hallmark.example.org/host42");
        set_text(record, "program", "hallmarkd");
        (void)json_object_set_new(record, "dropped", json_integer(0));
        (void)json_object_set_new(record, "recovered", json_integer(0));
        return record;
}

static json_t *make_sign(struct rig *rig)
{
        static const uint8_t digest[SHA256_SIZE];
        _cleanup_(buf_done) struct buf signature = {};
        json_t *record = begin_use(rig, "sign");

        key_sign(rig->pair, rig->keys[1].algorithm, view_of(digest, sizeof(digest)), &signature);
        set_text(record, "algorithm", "ecdsa-p256");
        set_text(record, "digest", DIGEST_TEXT);
        set_bytes(record, "signature", buf_view(&signature));
        return record;
}

static json_t *make_logged(struct rig *rig)
{
        json_t *record = begin_use(rig, "sign.logged");
        int r = json_object_set_new(record, "digests", json_pack("[s]", DIGEST_TEXT));

        assert(r == 0);
        return record;
}

static json_t *make_intent(struct rig *rig)
{
        json_t *record = begin_use(rig, "intent");

        set_text(record, "algorithm", "ecdsa-p256");
        set_text(record, "digest", DIGEST_TEXT);
        set_text(record, "outcome", "withheld");
        set_text(record, "reason", "");
        return record;
}

static json_t *make_rotate(struct rig *rig, int is_signed)
{
        json_t *record = begin_use(rig, "key.rotate");

        set_text(record, "algorithm", "ecdsa-p256");
        set_text(record, "purpose", "model");
        set_text(record, "token", "tpm0");
        set_bytes(record, "publicKey", pubkey_spki(rig->keys[1].pubkey));
        if (is_signed)
                set_text(record, "previousSignature", "AAAA");
        return record;
}

static json_t *make_freezing(const char *type, const char *key)
{
        json_t *record = begin_asked(type);

        if (key)
                set_text(record, "key", key);
        set_text(record, "reason", "a drill");
        return record;
}

static json_t *make(struct rig *rig, char kind)
{
        switch (kind) {
        case 'S':
                return make_start();
        case 's':
                return make_sign(rig);
        case 'l':
                return make_logged(rig);
        case 'i':
                return make_intent(rig);
        case 'r':
        case 'q':
                return make_rotate(rig, kind == 'r');
        case 'f':
        case 'F':
                return make_freezing("freeze", kind == 'f' ? "model" : NULL);
        case 'x':
                return make_freezing("freeze", "nokey");
        default:
                return make_freezing("thaw", kind == 't' ? "model" : NULL);
        }
}

struct found {
        size_t count;
        uint64_t index;
        char text[PROBLEM_TEXT_MAX];
};

static void note_finding(const struct replay_finding *finding, void *context)
{
        struct found *found = context;

        if (found->count++ > 0)
                return;
        found->index = finding->index;
        (void)snprintf(found->text, sizeof(found->text), "%s", finding->text);
}

static void replay(struct rig *rig, struct found *ret)
{
        static const struct replay_rule *const rules[] = {&replay_rule_freeze, NULL};
        _cleanup_(journal_freep) struct journal *journal = NULL;
        const struct replay_options options = {
                .finding = note_finding, .context = ret, .rules = rules};
        struct replay_result result;

        *ret = (struct found){};
        made_publish(&rig->made, rig->made.count);
        journal = made_open(&rig->made);
        expect_integer(replay_journal(journal, &rig->made.ring, &options, &result, NULL), 0);
        steps_expect_same_anywhere(&rig->made);
}

static void test_windows(void)
{
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                struct found found;
                struct rig rig;

                test_label = rows[i].label;
                rig_init(&rig);
                for (const char *kind = rows[i].records; *kind; kind++) {
                        _cleanup_(json_decrefp) json_t *record = make(&rig, *kind);

                        assert(rig.made.count < MADE_MAX);
                        json_put(&rig.made.entries[rig.made.count++], record);
                }
                replay(&rig, &found);
                expect_integer(found.count, rows[i].text != NULL);
                expect_text(view_string(found.text), rows[i].text ? rows[i].text : "");
                expect_integer(found.index, rows[i].index);
                rig_done(&rig);
        }
        test_label = "";
}

/* A saved state that nothing ever saved. */
static void test_restore(void)
{
        static const struct {
                const char *saved, *reason;
        } states[] = {
                {"{\"all\":\"0\",\"lost\":0}", "expected an object of 3 members"},
                {"{\"all\":\"0\",\"keys\":1,\"lost\":0}",
                 "expected whether each key of the ring is frozen"},
                {"{\"all\":\"0\",\"keys\":[{\"since\":\"0\"}],\"lost\":0}",
                 "expected whether each key of the ring is frozen"},
                {"{\"all\":\"0\",\"keys\":[{\"since\":\"0\"},{\"since\":1}],\"lost\":0}", NULL},
                {"{\"all\":\"0\",\"keys\":[{\"since\":\"0\"},{}],\"lost\":0}", NULL},
                {"{\"keys\":[{\"since\":\"0\"},{\"since\":\"0\"}],\"lost\":0}", NULL},
        };
        struct rig rig;

        rig_init(&rig);
        for (size_t i = 0; i < ARRAY_SIZE(states); i++) {
                _cleanup_(json_decrefp) json_t *saved = NULL;
                struct problem problem = {};
                void *state = NULL;

                test_label = states[i].saved;
                expect_integer(json_parse_object(view_string(states[i].saved), &saved, NULL), 0);
                expect_integer(
                        replay_rule_freeze.begin(&(struct replay){.ring = &rig.made.ring}, &state),
                        0);
                expect_integer(replay_rule_freeze.restore(state, saved, &problem), -EBADMSG);
                if (states[i].reason)
                        expect_text(view_string(problem.text), states[i].reason);
                replay_rule_freeze.free(state);
        }
        test_label = "";
        rig_done(&rig);
}

int main(void)
{
        test_windows();
        test_restore();
        return test_result();
}
