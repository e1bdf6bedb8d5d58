/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/replay-rule.h"
#include "tests/test.h"
#include "tests/unit/edit.h"
#include "tests/unit/made-journal.h"
#include "tests/unit/steps.h"

#include <errno.h>

/*
 * Journals of one key, a letter for each record:
 *
 *     S  the agent starts            R  it starts, and wants two operators to revoke and to thaw
 *     N  a configuration for one     p  the end of version 1 is pending, for user 1000
 *     q  a thaw is pending           z  one whose time is over
 *     d  revoked, approved by 1001   e  approved by 1000     a  an approver, and nothing pending
 *     n  revoked by 1000 alone       o  another approval     v  another version is revoked
 *     w  for another user            x  one by nobody        y  what was pending too long is done
 *     t  thawed, approved by 1001    u  thawed by one        g  destroyed by the agent itself
 *     h  destroyed by one            m  destroyed, and it was the end that was pending
 */
static const struct {
        const char *label, *records;
        uint64_t index;   /* of the one finding */
        const char *text; /* NULL: nothing is found */
} rows[] = {
        {"one is enough", "Snuh", 0, NULL},
        {"approved", "Rpd", 0, NULL},
        {"a thaw, approved", "Rqt", 0, NULL},
        {"two at a time", "Rpqtd", 0, NULL},
        {"after a restart", "RpRd", 0, NULL},
        {"never approved", "Rpz", 0, NULL},
        {"a thaw is no end of another request", "Spud", 0, NULL},
        {"approved where one is enough", "Spd", 0, NULL},
        {"one is enough again", "RNn", 0, NULL},
        {"the agent itself", "Rg", 0, NULL},
        {"one is enough for that", "Rh", 0, NULL},
        {"by one", "Rn", 1, "key.revoke: by one operator, and two are needed"},
        {"thawed by one", "Ru", 1, "thaw: by one operator, and two are needed"},
        {"by one, while pending", "Rpn", 2, "key.revoke: by one operator, and two are needed"},
        {"approved by the first", "Rpe", 2,
         "key.revoke: approver: expected another user than 1000"},
        {"approved by nobody", "Rpx", 2, "key.revoke: approver: expected another user than 1000"},
        {"for another user", "Rpw", 2,
         "key.revoke: approval: it was RevokeKey of key \"model\" version 1 for user 1000 that was "
         "pending"},
        {"of another version", "Rpv", 2,
         "key.revoke: approval: it was RevokeKey of key \"model\" version 1 for user 1000 that was "
         "pending"},
        {"another verb", "Rpm", 2,
         "key.destroy: approval: it was RevokeKey of key \"model\" version 1 for user 1000 that was "
         "pending"},
        {"never pending", "Rd", 1,
         "key.revoke: approval: nothing is pending as \"0000000000000001\""},
        {"pending before an earlier thaw", "Squt", 3,
         "thaw: approval: nothing is pending as \"0000000000000002\""},
        {"pending under another name", "Rpo", 2,
         "key.revoke: approval: nothing is pending as \"0000000000000009\""},
        {"done twice", "Rpdd", 3,
         "key.revoke: approval: nothing is pending as \"0000000000000001\""},
        {"pending twice", "Rpp", 2, "pending: \"0000000000000001\" was pending before"},
        {"too late", "Rzy", 2,
         "key.revoke: approved after its time, which was until 2026-11-22T09:00:00.000000Z"},
        {"an approver for nothing", "Sa", 1, "key.revoke: an approver, and nothing was pending"},
};

#define FIRST  "0000000000000001"
#define SECOND "0000000000000002"
#define LATE   "0000000000000003"
#define OTHER  "0000000000000009"

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

static json_t *begin_record(const char *type)
{
        json_t *record =
                json_pack("{s:s, s:s, s:s, s:i}", "boot", "0123456789abcdef0123456789abcdef",
                          "time", "2026-11-22T10:00:01.000000Z", "type", type, "v", 1);

        assert(record);
        return record;
}

static void set_user(json_t *record, const char *name, int uid)
{
        int r = json_object_set_new(record, name,
                                    json_pack("{s:i, s:s, s:i, s:i}", "gid", 7, "identity", "pidfd",
                                              "pid", 42, "uid", uid));

        assert(r == 0);
}

static json_t *begin_asked(const char *type, int uid)
{
        json_t *record = begin_record(type);

        set_user(record, "caller", uid);
        set_text(record, "grant", "operator");
        set_text(record, "request", "7.2");
        return record;
}

static json_t *make_start(const char *two_person)
{
        json_t *record = begin_record("agent.start");

        set_text(record, "config", "sha256:00");
        set_text(record, "origin", "example.org/host42");
        set_text(record, "program", "hallmarkd");
        (void)json_object_set_new(record, "dropped", json_integer(0));
        (void)json_object_set_new(record, "recovered", json_integer(0));
        if (two_person)
                set_text(record, "twoPerson", two_person);
        return record;
}

static json_t *make_config(void)
{
        json_t *record = begin_record("config");

        set_text(record, "config", "sha256:00");
        return record;
}

static void set_key(struct rig *rig, json_t *record, int version)
{
        char fingerprint[HEX_SIZE(SHA256_SIZE)];

        set_text(record, "fingerprint",
                 hex_encode(sha256_view(pubkey_fingerprint(rig->keys[1].pubkey)), fingerprint));
        set_text(record, "key", "model");
        (void)json_object_set_new(record, "version", json_integer(version));
}

static json_t *make_pending(struct rig *rig, const char *approval)
{
        int is_thaw = string_equal(approval, SECOND);
        json_t *record = begin_asked("pending", 1000);

        set_text(record, "approval", approval);
        set_text(record, "method", is_thaw ? "Thaw" : "RevokeKey");
        set_text(record, "until",
                 string_equal(approval, LATE) ? "2026-11-22T09:00:00.000000Z"
                                              : "2026-11-22T10:00:01.000000Z");
        if (!is_thaw)
                set_key(rig, record, 1);
        return record;
}

/* By user @uid; without an approver for 0. */
static json_t *make_change(struct rig *rig, const char *type, const char *approval, int uid,
                           int approver, int version)
{
        json_t *record = uid > 0 ? begin_asked(type, uid) : begin_record(type);

        if (version > 0)
                set_key(rig, record, version);
        set_text(record, "reason", "lost");
        if (string_equal(type, "key.revoke"))
                set_text(record, "revoked", "2026-11-22T10:00:01.000000Z");
        if (approval)
                set_text(record, "approval", approval);
        if (approver > 0)
                set_user(record, "approver", approver);
        return record;
}

static const struct {
        char kind;
        const char *type, *approval;
        int uid, approver, version;
} changes[] = {
        {'d', "key.revoke", FIRST, 1000, 1001, 1}, {'e', "key.revoke", FIRST, 1000, 1000, 1},
        {'a', "key.revoke", NULL, 1000, 1001, 1},  {'n', "key.revoke", NULL, 1000, 0, 1},
        {'o', "key.revoke", OTHER, 1000, 1001, 1}, {'v', "key.revoke", FIRST, 1000, 1001, 2},
        {'w', "key.revoke", FIRST, 1002, 1001, 1}, {'x', "key.revoke", FIRST, 1000, 0, 1},
        {'y', "key.revoke", LATE, 1000, 1001, 1},  {'t', "thaw", SECOND, 1000, 1001, 0},
        {'u', "thaw", NULL, 1000, 0, 0},           {'g', "key.destroy", NULL, 0, 0, 1},
        {'h', "key.destroy", NULL, 1000, 0, 1},    {'m', "key.destroy", FIRST, 1000, 1001, 1},
};

static json_t *make(struct rig *rig, char kind)
{
        for (size_t i = 0; i < ARRAY_SIZE(changes); i++)
                if (changes[i].kind == kind)
                        return make_change(rig, changes[i].type, changes[i].approval,
                                           changes[i].uid, changes[i].approver, changes[i].version);
        switch (kind) {
        case 'S':
                return make_start(NULL);
        case 'R':
                return make_start("RevokeKey Thaw");
        case 'N':
                return make_config();
        default:
                return make_pending(rig, kind == 'p' ? FIRST : kind == 'q' ? SECOND : LATE);
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
        static const struct replay_rule *const rules[] = {&replay_rule_approval, NULL};
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

static void test_operators(void)
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
        static const char *const states[] = {
                "{}",
                "{\"lost\":0,\"two_person\":\"\",\"waiting\":1}",
                "{\"lost\":2,\"two_person\":\"\",\"waiting\":[]}",
                "{\"lost\":0,\"two_person\":\"\",\"waiting\":[{}]}",
                ("{\"lost\":0,\"two_person\":\"\",\"waiting\":[{\"approval\":\"00000000000000001\","
                 "\"key\":\"\",\"method\":\"\",\"uid\":0,\"until\":\"\",\"version\":0}]}"),
        };

        for (size_t i = 0; i < ARRAY_SIZE(states); i++) {
                _cleanup_(json_decrefp) json_t *saved = NULL;
                struct problem problem = {};
                void *state = NULL;

                test_label = states[i];
                expect_integer(json_parse_object(view_string(states[i]), &saved, NULL), 0);
                expect_integer(replay_rule_approval.begin(NULL, &state), 0);
                expect_integer(replay_rule_approval.restore(state, saved, &problem), -EBADMSG);
                replay_rule_approval.free(state);
        }
        test_label = "";
}

int main(void)
{
        test_operators();
        test_restore();
        return test_result();
}
