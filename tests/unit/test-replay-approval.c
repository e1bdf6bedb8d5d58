/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/replay-rule.h"
#include "tests/test.h"
#include "tests/unit/edit.h"
#include "tests/unit/replay-rig.h"

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

static json_t *make_start(const char *two_person)
{
        json_t *record = record_make_start();

        if (two_person)
                record_set_text(record, "twoPerson", two_person);
        return record;
}

static json_t *make_config(void)
{
        json_t *record = record_begin("config");

        record_set_text(record, "config", "sha256:00");
        return record;
}

static void set_key(struct replay_rig *rig, json_t *record, int version)
{
        struct keyring_key key = rig->keys[RIG_MODEL];

        key.version = (uint32_t)version;
        record_set_key(record, &key);
}

static json_t *make_pending(struct replay_rig *rig, const char *approval)
{
        int is_thaw = string_equal(approval, SECOND);
        json_t *record = record_begin("pending");

        record_set_asked(record, 1000);
        record_set_text(record, "approval", approval);
        record_set_text(record, "method", is_thaw ? "Thaw" : "RevokeKey");
        record_set_text(record, "until",
                        string_equal(approval, LATE) ? "2026-11-22T09:00:00.000000Z"
                                                     : "2026-11-22T10:00:01.000000Z");
        if (!is_thaw)
                set_key(rig, record, 1);
        return record;
}

/* By user @uid; without an approver for 0. */
static json_t *make_change(struct replay_rig *rig, const char *type, const char *approval, int uid,
                           int approver, int version)
{
        json_t *record = record_begin(type);

        if (uid > 0)
                record_set_asked(record, uid);
        if (version > 0)
                set_key(rig, record, version);
        record_set_text(record, "reason", "lost");
        if (string_equal(type, "key.revoke"))
                record_set_text(record, "revoked", "2026-11-22T10:00:01.000000Z");
        if (approval)
                record_set_text(record, "approval", approval);
        if (approver > 0)
                record_set_user(record, "approver", approver);
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

static json_t *make(struct replay_rig *rig, char kind)
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

static void test_operators(void)
{
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                struct replay_result result;
                struct found found;
                struct replay_rig rig;

                test_label = rows[i].label;
                replay_rig_init(&rig);
                for (const char *kind = rows[i].records; *kind; kind++)
                        made_add_record(&rig.made, make(&rig, *kind));
                found_replay(&rig.made, &replay_rule_approval, &found, &result);
                found_expect(&found, rows[i].index, rows[i].text);
                replay_rig_done(&rig);
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
