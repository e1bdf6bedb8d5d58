/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/anchor-past.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "lib/anchor-claim.h"
#include "lib/file.h"
#include "lib/journal.h"

#define HINT_SIZE_MAX ((size_t)64)

struct reading {
        struct anchor_past past;
        struct problem *problem;
};

/* No strings of these records need escapes. */
static void copy(const struct record *record, const char *name, char *ret, size_t size)
{
        struct view text = record_string(record, name);

        (void)snprintf(ret, size, "%.*s", text.data ? (int)text.size : 0,
                       text.data ? (const char *)text.data : "");
}

/* An intent says where the counter was: one step before. Not so the first one of a counter, which
 * has no value then, and the same one again. */
static void take_intent(struct anchor_past *past, const struct record *record, uint64_t counter)
{
        if (counter > 0 && (past->counter > 0 || (past->open && counter > past->announced)))
                past->counter = counter - 1;
        past->open = 1;
        past->announced = counter;
}

static void take_anchor(struct anchor_past *past, const struct record *record, uint64_t counter)
{
        past->open = 0;
        past->counter = counter;
        copy(record, "attestationKey", past->key, sizeof(past->key));
}

static const struct {
        const char *type;
        void (*take)(struct anchor_past *past, const struct record *record, uint64_t counter);
} types[] = {
        {"anchor", take_anchor},
        {"anchor.acknowledge", take_anchor}, /* from there on it is good, says an operator */
        {"anchor.intent", take_intent},
};

/* Cheap for other records, of which there may be millions. */
static int may_be_anchor(struct view bytes)
{
        static const char type[] = "\"type\":\"anchor";

        return memmem(bytes.data, bytes.size, type, sizeof(type) - 1) != NULL;
}

static int take_entry(uint64_t index, struct view bytes, void *context)
{
        struct reading *reading = context;
        struct anchor_past *past = &reading->past;
        struct record record;
        uint64_t counter;

        if (!may_be_anchor(bytes) || record_scan(bytes, &record) < 0)
                return 0;
        for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
                struct problem reason = {};

                if (!record_is(&record, types[i].type))
                        continue;
                if (anchor_read_counter(&record, &past->index, &counter, &reason) < 0)
                        return problem_set(reading->problem, -EBADMSG, "record %llu: %s: %s",
                                           (unsigned long long)index, types[i].type, reason.text);
                types[i].take(past, &record, counter);
                copy(&record, "token", past->token, sizeof(past->token));
                past->known = 1;
                past->record = index;
        }
        return 0;
}

static int read_from(const struct journal *journal, uint64_t from, struct anchor_past *ret,
                     struct problem *problem)
{
        struct reading reading = {.problem = problem};
        struct problem reason = {};
        uint64_t next;
        int r = journal_walk(journal, from, take_entry, &reading, &next, &reason);

        if (r < 0)
                return problem_set(problem, r, "%s", problem_text(&reason, r));
        *ret = reading.past;
        return 0;
}

int anchor_past_read(const char *path, uint64_t from, struct anchor_past *ret,
                     struct problem *problem)
{
        _cleanup_(journal_freep) struct journal *journal = NULL;
        struct anchor_past past = {};
        int r = journal_open(path, &journal, problem);

        /* An anchor alone says all that there is to know; an intent alone does not. */
        if (r == 0 && from > 0) {
                struct anchor_past hinted = {};

                r = read_from(journal, from, &hinted, NULL);
                if (r == 0 && hinted.known && hinted.key[0])
                        past = hinted;
                r = 0;
        }
        if (r == 0 && !past.known)
                r = read_from(journal, 0, &past, problem);
        if (r == 0)
                *ret = past;
        return r;
}

uint64_t anchor_past_counter(const struct anchor_past *past)
{
        return past->open ? past->announced : past->counter;
}

static int is_ahead(const struct anchor_past *past, const struct anchor_found *found,
                    const char *token, struct problem *problem)
{
        unsigned long long expected = anchor_past_counter(past);

        if (!past->known)
                return problem_set(problem, -EKEYREJECTED,
                                   "the journal has no anchor, and its counter 0x%08x of token %s "
                                   "is at %llu: this is an older journal",
                                   found->index, token, (unsigned long long)found->counter);
        return problem_set(
                problem, -EKEYREJECTED,
                "the journal ends with anchor %llu, and its counter 0x%08x of token %s is "
                "at %llu: %llu anchors are missing, this is an older journal",
                expected, found->index, token, (unsigned long long)found->counter,
                (unsigned long long)found->counter - expected);
}

static int is_behind(const struct anchor_past *past, const struct anchor_found *found,
                     const char *token, struct problem *problem)
{
        unsigned long long expected = anchor_past_counter(past);

        if (found->counted)
                return problem_set(problem, -EKEYREJECTED,
                                   "the journal ends with anchor %llu, and its counter 0x%08x of "
                                   "token %s is at %llu, behind it: this is another TPM",
                                   expected, found->index, token,
                                   (unsigned long long)found->counter);
        return problem_set(
                problem, -EKEYREJECTED,
                "the journal ends with anchor %llu, and token %s has no counter of it at "
                "0x%08x: it was removed, or this is another TPM",
                expected, token, past->index);
}

int anchor_past_compare(const struct anchor_past *past, const struct anchor_found *found,
                        const char *token, struct problem *problem)
{
        uint64_t most = anchor_past_counter(past);

        if (past->key[0] && !string_equal(past->key, found->key))
                return problem_set(
                        problem, -EKEYREJECTED,
                        "the journal ends with anchor %llu, attested by another TPM than "
                        "token %s, whose counter is at %llu",
                        (unsigned long long)most, token,
                        (unsigned long long)(found->counted ? found->counter : 0));
        if (!found->counted) /* good before the first step, whether that was announced or not */
                return past->counter == 0 ? 0 : is_behind(past, found, token, problem);
        if (!past->known || found->counter > most)
                return is_ahead(past, found, token, problem);
        return found->counter == most || (past->counter > 0 && found->counter == past->counter)
                       ? 0
                       : is_behind(past, found, token, problem);
}

uint64_t anchor_hint_read(const char *path)
{
        _cleanup_(buf_done) struct buf text = BUF_INIT(HINT_SIZE_MAX);
        uint64_t record = 0;

        if (file_read(AT_FDCWD, path, &text, NULL) < 0 || text.size == 0 ||
            view_parse_decimal(view_of(text.data, text.size - 1), &record) < 0)
                return 0;
        return record;
}

int anchor_hint_write(const char *path, uint64_t record, struct problem *problem)
{
        char text[HINT_SIZE_MAX];
        int size = snprintf(text, sizeof(text), "%llu\n", (unsigned long long)record);

        return file_replace(AT_FDCWD, path, view_of(text, (size_t)size), 0600, problem);
}
