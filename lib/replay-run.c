/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Runs of the agent, and time: a journal begins with agent.start and is of the ring's origin;
 * nothing stands between agent.stop and agent.start; a run is of one boot, and a boot does not come
 * back after another; within a run, time goes back at a record of type clock alone.
 */

#include <errno.h>

#include "lib/hashedrekord.h"
#include "lib/replay-rule.h"

#define BOOT_SIZE 36             /* characters of a UUID, as sd-id128 writes it */
#define BOOTS_MAX ((size_t)4096) /* that are remembered: years of daily ones */

struct boot {
        char id[BOOT_SIZE + 1];
};

struct run {
        struct replay *replay;
        int lost; /* some of what came before is not known: anything may have happened */
        int begun, stopped;
        struct boot boot;
        char time[RECORD_TIME_SIZE];
        struct boot *past; /* boots before this one, the latest BOOTS_MAX of them in a ring */
        size_t past_count;
};

static int begin(struct replay *replay, void **ret_state)
{
        struct run *run = calloc(1, sizeof(*run));

        if (!run)
                return -ENOMEM;
        run->replay = replay;
        *ret_state = run;
        return 0;
}

static struct view boot_view(const struct boot *boot)
{
        return view_of(boot->id, strnlen(boot->id, BOOT_SIZE));
}

static int is_past(const struct run *run, struct view boot)
{
        size_t count = run->past_count < BOOTS_MAX ? run->past_count : BOOTS_MAX;

        for (size_t i = 0; i < count; i++)
                if (view_equal(boot_view(&run->past[i]), boot))
                        return 1;
        return 0;
}

/* Another boot than that of the run before. */
static int change_boot(struct run *run, const struct replay_leaf *leaf, struct view boot)
{
        if (is_past(run, boot))
                replay_report_leaf(run->replay, leaf, "agent.start: the boot \"%.*s\" was over",
                                   (int)boot.size, (const char *)boot.data);
        if (!run->past)
                run->past = calloc(BOOTS_MAX, sizeof(*run->past));
        if (!run->past)
                return -ENOMEM;
        if (run->boot.id[0])
                run->past[run->past_count++ % BOOTS_MAX] = run->boot;
        run->boot = (struct boot){};
        memcpy(run->boot.id, boot.data, boot.size);
        return 0;
}

static int is_boot(struct view boot)
{
        return boot.size > 0 && boot.size <= BOOT_SIZE;
}

static int take_start(struct run *run, const struct replay_leaf *leaf, struct view boot)
{
        struct view origin = record_string(leaf->record, "origin");
        const char *expected = replay_ring(run->replay)->origin;

        run->begun = 1;
        run->stopped = 0;
        run->time[0] = '\0';
        if (!view_is(origin, expected))
                replay_report_leaf(run->replay, leaf,
                                   "agent.start: origin: expected \"%s\", found \"%.*s\"", expected,
                                   (int)origin.size, (const char *)origin.data);
        if (!is_boot(boot) || view_equal(boot, boot_view(&run->boot)))
                return 0;
        return change_boot(run, leaf, boot);
}

/* Each is reported once for a run, not for all records that follow. */
static void check_order(struct run *run, const struct replay_leaf *leaf, struct view boot)
{
        const char *type = leaf->record->type->name;

        if (!run->begun && !run->lost)
                replay_report_leaf(run->replay, leaf,
                                   "expected agent.start as the first record, found %s", type);
        if (run->begun && run->stopped)
                replay_report_leaf(run->replay, leaf,
                                   "expected agent.start after agent.stop, found %s", type);
        if (run->begun && is_boot(boot) && !view_equal(boot, boot_view(&run->boot)))
                replay_report_leaf(run->replay, leaf,
                                   "%s: expected boot \"%.36s\" as in agent.start, found \"%.*s\"",
                                   type, run->boot.id, (int)boot.size, (const char *)boot.data);
        run->boot = (struct boot){};
        if (is_boot(boot))
                memcpy(run->boot.id, boot.data, boot.size);
        run->begun = 1;
        run->stopped = 0;
}

/* Times of this shape are in the order of their bytes. */
static void check_time(struct run *run, const struct replay_leaf *leaf)
{
        struct view time = record_string(leaf->record, "time");

        if (record_is(leaf->record, "clock")) {
                struct view before = record_string(leaf->record, "before");

                if (run->time[0] && !view_is(before, run->time))
                        replay_report_leaf(run->replay, leaf,
                                           "clock: before: expected %s, found \"%.*s\"", run->time,
                                           (int)before.size, (const char *)before.data);
        } else if (memcmp(time.data, run->time, time.size) < 0)
                replay_report_leaf(run->replay, leaf,
                                   "%s: time goes back: expected %s or later, found %.*s",
                                   leaf->record->type->name, run->time, (int)time.size,
                                   (const char *)time.data);
        memcpy(run->time, time.data, time.size);
}

static int take(void *state, const struct replay_leaf *leaf)
{
        struct run *run = state;
        struct view boot;
        int r = 0;

        if (!leaf->record) {
                if (!leaf->bytes.data || !hashedrekord_is(leaf->bytes)) {
                        run->begun = run->stopped = 0;
                        run->lost = 1;
                }
                return 0;
        }
        boot = record_string(leaf->record, "boot");
        if (!is_boot(boot))
                replay_report_leaf(run->replay, leaf, "%s: boot is no boot ID",
                                   leaf->record->type->name);
        if (record_is(leaf->record, "agent.start"))
                r = take_start(run, leaf, boot);
        else
                check_order(run, leaf, boot);
        if (r == 0)
                check_time(run, leaf);
        run->stopped = record_is(leaf->record, "agent.stop");
        return r;
}

static int end(void *state)
{
        struct run *run = state;

        if (!run->begun && !run->lost)
                replay_report(run->replay, 0, "end", "no record: expected agent.start");
        return 0;
}

static const struct field fields[] = {
        FIELD(struct run, lost, FIELD_FLAG),    FIELD(struct run, begun, FIELD_FLAG),
        FIELD(struct run, stopped, FIELD_FLAG), FIELD(struct run, boot, FIELD_TEXT),
        FIELD(struct run, time, FIELD_TEXT),
};

/* The boots that were over, from the earliest that is remembered on. */
static int save(const void *state, json_t *ret)
{
        const struct run *run = state;
        size_t count = run->past_count < BOOTS_MAX ? run->past_count : BOOTS_MAX;
        json_t *past = json_array();

        if (json_object_set_new(ret, "past", past) < 0)
                return -ENOMEM;
        for (size_t i = run->past_count - count; i < run->past_count; i++)
                if (json_array_append_new(past, json_string(run->past[i % BOOTS_MAX].id)) < 0)
                        return -ENOMEM;
        return field_save(fields, ARRAY_SIZE(fields), run, ret);
}

static int restore(void *state, const json_t *saved, struct problem *problem)
{
        const json_t *past = json_object_get(saved, "past"), *id;
        struct run *run = state;
        size_t i;

        if (!json_is_array(past) || json_array_size(past) > BOOTS_MAX)
                return problem_set(problem, -EBADMSG, "expected boots");
        run->past = calloc(BOOTS_MAX, sizeof(*run->past));
        if (!run->past)
                return -ENOMEM;
        json_array_foreach (past, i, id) {
                struct view boot = view_of(json_string_value(id), json_string_length(id));

                if (!is_boot(boot))
                        return problem_set(problem, -EBADMSG, "expected boots");
                memcpy(run->past[run->past_count++].id, boot.data, boot.size);
        }
        return field_restore(fields, ARRAY_SIZE(fields), 1, saved, run, problem);
}

static void run_free(void *state)
{
        struct run *run = state;

        if (run)
                free(run->past);
        free(run);
}

REPLAY_RULE(run, begin, take, end, run_free, save, restore);
