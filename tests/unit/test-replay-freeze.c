/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/replay-state.h"
#include "tests/test.h"
#include "tests/unit/edit.h"
#include "tests/unit/replay-rig.h"

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

static json_t *begin_use(struct replay_rig *rig, const char *type)
{
        json_t *record = record_begin(type);

        record_set_asked(record, 1000);
        record_set_key(record, &rig->keys[RIG_MODEL]);
        return record;
}

static json_t *make_sign(struct replay_rig *rig)
{
        json_t *record = begin_use(rig, "sign");

        record_set_signed(record, &rig->keys[RIG_MODEL], rig->pair);
        return record;
}

static json_t *make_logged(struct replay_rig *rig)
{
        json_t *record = begin_use(rig, "sign.logged");

        record_set(record, "digests", json_pack("[s]", MADE_DIGEST));
        return record;
}

static json_t *make_intent(struct replay_rig *rig)
{
        json_t *record = begin_use(rig, "intent");

        record_set_text(record, "algorithm", "ecdsa-p256");
        record_set_text(record, "digest", MADE_DIGEST);
        record_set_text(record, "outcome", "withheld");
        record_set_text(record, "reason", "");
        return record;
}

static json_t *make_rotate(struct replay_rig *rig, int is_signed)
{
        json_t *record = begin_use(rig, "key.rotate");

        record_set_made(record, &rig->keys[RIG_MODEL]);
        record_set_text(record, "token", "tpm0");
        if (is_signed)
                record_set_text(record, "previousSignature", "AAAA");
        return record;
}

static json_t *make_freezing(const char *type, const char *key)
{
        json_t *record = record_begin(type);

        record_set_asked(record, 1000);
        if (key)
                record_set_text(record, "key", key);
        record_set_text(record, "reason", "a drill");
        return record;
}

static json_t *make(struct replay_rig *rig, char kind)
{
        switch (kind) {
        case 'S':
                return record_make_start();
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

static void test_windows(void)
{
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                struct replay_result result;
                struct found found;
                struct replay_rig rig;

                test_label = rows[i].label;
                replay_rig_init(&rig);
                for (const char *kind = rows[i].records; *kind; kind++)
                        made_add_record(&rig.made, make(&rig, *kind));
                found_replay(&rig.made, &replay_rule_freeze, &found, &result);
                found_expect(&found, rows[i].index, rows[i].text);
                replay_rig_done(&rig);
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
        struct replay_rig rig;

        replay_rig_init(&rig);
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
        replay_rig_done(&rig);
}

int main(void)
{
        test_windows();
        test_restore();
        return test_result();
}
