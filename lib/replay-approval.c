/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Two operators: what was approved is what was pending, by another user, in time and once; and
 * while the configuration demanded it, nothing of that kind was done by one alone.
 */

#include <errno.h>
#include <stdio.h>

#include "lib/hashedrekord.h"
#include "lib/replay-rule.h"

#define WAITING_MAX 256 /* more than an agent has pending at a time; the oldest go */
#define ID_SIZE     17
#define METHOD_SIZE 16
#define LIST_SIZE   256

struct waiting {
        char approval[ID_SIZE], method[METHOD_SIZE], key[KEY_NAME_MAX + 1];
        char until[RECORD_TIME_SIZE];
        int64_t uid, version;
};

struct approvals {
        struct replay *replay;
        int lost;                   /* some records are not known: something may be pending */
        char two_person[LIST_SIZE]; /* methods that need a second operator */
        struct waiting waiting[WAITING_MAX];
        size_t count;
};

static int begin(struct replay *replay, void **ret_state)
{
        struct approvals *approvals = calloc(1, sizeof(*approvals));

        *ret_state = approvals;
        if (!approvals)
                return -ENOMEM;
        approvals->replay = replay;
        return 0;
}

/* Cut off where it is too long, which makes it another one. */
static void copy(const struct record *record, const char *member, char *ret, size_t size)
{
        struct view text = record_string(record, member);

        (void)snprintf(ret, size, "%.*s", (int)text.size, text.data ? (const char *)text.data : "");
}

static int64_t uid_of(const struct record *record, const char *member)
{
        struct record caller;
        int64_t uid = -1;

        if (record_object(record, member, &caller) < 0 || record_integer(&caller, "uid", &uid) < 0)
                return -1;
        return uid;
}

static struct waiting read_waiting(const struct record *record)
{
        struct waiting waiting = {.uid = uid_of(record, "caller")};

        copy(record, "approval", waiting.approval, sizeof(waiting.approval));
        copy(record, "method", waiting.method, sizeof(waiting.method));
        copy(record, "key", waiting.key, sizeof(waiting.key));
        copy(record, "until", waiting.until, sizeof(waiting.until));
        if (record_integer(record, "version", &waiting.version) < 0)
                waiting.version = 0;
        return waiting;
}

static size_t find(const struct approvals *approvals, const char *approval)
{
        size_t i = 0;

        while (i < approvals->count && !string_equal(approvals->waiting[i].approval, approval))
                i++;
        return i;
}

static void forget(struct approvals *approvals, size_t index)
{
        memmove(&approvals->waiting[index], &approvals->waiting[index + 1],
                (--approvals->count - index) * sizeof(approvals->waiting[0]));
}

static void take_pending(struct approvals *approvals, const struct replay_leaf *leaf)
{
        struct waiting waiting = read_waiting(leaf->record);

        if (!record_time_is_valid(waiting.until))
                replay_report_leaf(approvals->replay, leaf, "pending: until is no time");
        if (find(approvals, waiting.approval) < approvals->count) {
                replay_report_leaf(approvals->replay, leaf, "pending: \"%s\" was pending before",
                                   waiting.approval);
                return;
        }
        if (approvals->count == WAITING_MAX)
                forget(approvals, 0);
        approvals->waiting[approvals->count++] = waiting;
}

static const struct {
        const char *type, *method;
} changes[] = {
        {"key.destroy", "DestroyKey"},
        {"key.revoke", "RevokeKey"},
        {"thaw", "Thaw"},
};

/* Whether the word is one of the list. */
static int lists(const char *list, const char *word)
{
        size_t length = strlen(word);

        for (const char *next = strstr(list, word); next; next = strstr(next + 1, word))
                if ((next == list || next[-1] == ' ') &&
                    (next[length] == '\0' || next[length] == ' '))
                        return 1;
        return 0;
}

static void expect_same(struct approvals *approvals, const struct replay_leaf *leaf,
                        const struct waiting *wanted, const char *method)
{
        const char *type = leaf->record->type->name;
        struct waiting done = read_waiting(leaf->record);
        struct view time = record_string(leaf->record, "time");
        int64_t approver = uid_of(leaf->record, "approver");

        if (!string_equal(wanted->method, method) || !string_equal(wanted->key, done.key) ||
            wanted->version != done.version || wanted->uid != done.uid)
                replay_report_leaf(approvals->replay, leaf,
                                   "%s: approval: it was %s of key \"%s\" version %lld for user "
                                   "%lld that was pending",
                                   type, wanted->method, wanted->key, (long long)wanted->version,
                                   (long long)wanted->uid);
        if (approver < 0 || approver == done.uid)
                replay_report_leaf(approvals->replay, leaf,
                                   "%s: approver: expected another user than %lld", type,
                                   (long long)done.uid);
        if (memcmp(time.data, wanted->until, strlen(wanted->until)) > 0)
                replay_report_leaf(approvals->replay, leaf,
                                   "%s: approved after its time, which was until %s", type,
                                   wanted->until);
}

/* What is thawed is over: who asked for that as well, asked for the end of no later freeze. */
static void forget_thaws(struct approvals *approvals, const char *key)
{
        for (size_t i = approvals->count; i > 0; i--)
                if (string_equal(approvals->waiting[i - 1].method, "Thaw") &&
                    string_equal(approvals->waiting[i - 1].key, key))
                        forget(approvals, i - 1);
}

static void take_change(struct approvals *approvals, const struct replay_leaf *leaf,
                        const char *method)
{
        struct view approval = record_string(leaf->record, "approval");
        const char *type = leaf->record->type->name;
        struct waiting done = read_waiting(leaf->record);
        size_t index = find(approvals, done.approval);

        if (!approval.data) {
                /* What the agent does by itself has no caller. */
                if (done.uid >= 0 && lists(approvals->two_person, method))
                        replay_report_leaf(approvals->replay, leaf,
                                           "%s: by one operator, and two are needed", type);
                if (uid_of(leaf->record, "approver") >= 0)
                        replay_report_leaf(approvals->replay, leaf,
                                           "%s: an approver, and nothing was pending", type);
                return;
        }
        if (index == approvals->count) {
                if (!approvals->lost)
                        replay_report_leaf(approvals->replay, leaf,
                                           "%s: approval: nothing is pending as \"%.*s\"", type,
                                           (int)approval.size, (const char *)approval.data);
                return;
        }
        expect_same(approvals, leaf, &approvals->waiting[index], method);
        forget(approvals, index);
}

static int take(void *state, const struct replay_leaf *leaf)
{
        struct approvals *approvals = state;

        if (!leaf->record) {
                approvals->lost |= !leaf->bytes.data || !hashedrekord_is(leaf->bytes);
                if (approvals->lost)
                        approvals->two_person[0] = '\0'; /* until the next configuration */
                return 0;
        }
        if (record_is(leaf->record, "agent.start") || record_is(leaf->record, "config"))
                copy(leaf->record, "twoPerson", approvals->two_person,
                     sizeof(approvals->two_person));
        else if (record_is(leaf->record, "pending"))
                take_pending(approvals, leaf);
        for (size_t i = 0; i < ARRAY_SIZE(changes); i++)
                if (record_is(leaf->record, changes[i].type))
                        take_change(approvals, leaf, changes[i].method);
        if (record_is(leaf->record, "thaw"))
                forget_thaws(approvals, read_waiting(leaf->record).key);
        return 0;
}

static int end(void *state)
{
        return 0;
}

static const struct field fields[] = {
        FIELD(struct approvals, lost, FIELD_FLAG),
        FIELD(struct approvals, two_person, FIELD_TEXT),
};

static const struct field waiting_fields[] = {
        FIELD(struct waiting, approval, FIELD_TEXT), FIELD(struct waiting, method, FIELD_TEXT),
        FIELD(struct waiting, key, FIELD_TEXT),      FIELD(struct waiting, until, FIELD_TEXT),
        FIELD(struct waiting, uid, FIELD_COUNT),     FIELD(struct waiting, version, FIELD_COUNT),
};

static int save(const void *state, json_t *ret)
{
        const struct approvals *approvals = state;
        json_t *list = json_array();

        if (json_object_set_new(ret, "waiting", list) < 0)
                return -ENOMEM;
        for (size_t i = 0; i < approvals->count; i++) {
                json_t *object = json_object();

                if (json_array_append_new(list, object) < 0 ||
                    field_save(waiting_fields, ARRAY_SIZE(waiting_fields), &approvals->waiting[i],
                               object) < 0)
                        return -ENOMEM;
        }
        return field_save(fields, ARRAY_SIZE(fields), approvals, ret);
}

static int restore(void *state, const json_t *saved, struct problem *problem)
{
        const json_t *list = json_object_get(saved, "waiting"), *object;
        struct approvals *approvals = state;
        int r = field_restore(fields, ARRAY_SIZE(fields), 1, saved, approvals, problem);
        size_t i;

        if (r == 0 && (!json_is_array(list) || json_array_size(list) > WAITING_MAX))
                r = problem_set(problem, -EBADMSG, "expected what is pending");
        if (r < 0)
                return r;
        json_array_foreach (list, i, object) {
                r = field_restore(waiting_fields, ARRAY_SIZE(waiting_fields), 0, object,
                                  &approvals->waiting[i], problem);
                if (r < 0)
                        return r;
                approvals->count++;
        }
        return 0;
}

REPLAY_RULE(approval, begin, take, end, free, save, restore);
