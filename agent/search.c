/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/search.h"

#include <errno.h>
#include <time.h>

#include "lib/tile.h"

#define IDLE_PRIORITY 200 /* after commits, too */
#define LATE_USEC     ((uint64_t)10000)
#define ACCURACY_USEC ((uint64_t)1000)

struct search {
        struct search *next;
        struct search_question question;
        char *digest;
        uint64_t bundle; /* the next one to look at */
        unsigned left;   /* so many, at most */
};

struct searches {
        const struct writer *writer;
        sd_event_source *idle, *late;
        struct search *first, **end;
        unsigned count;
};

static void search_free(struct search *search)
{
        free(search->digest);
        free(search);
}

static void push(struct searches *searches, struct search *search)
{
        search->next = NULL;
        *searches->end = search;
        searches->end = &search->next;
}

static struct search *pop(struct searches *searches)
{
        struct search *search = searches->first;

        searches->first = search->next;
        if (!searches->first)
                searches->end = &searches->first;
        return search;
}

static void answer(struct searches *searches, struct search *search, int error, uint64_t index,
                   const struct problem *problem)
{
        struct search_question question = search->question;

        searches->count--;
        search_free(search);
        question.done(question.context, error, index, problem);
}

/* One bundle, of the one whose turn it is. */
static void look(struct searches *searches)
{
        struct search *search = pop(searches);
        struct problem problem = {};
        uint64_t index = 0;
        int r = -ECANCELED;

        if (search->question.is_wanted(search->question.context))
                r = writer_find_in_bundle(searches->writer, search->bundle, search->digest, &index,
                                          &problem);
        if (r == -ENOENT && search->bundle > 0 && --search->left > 0) {
                search->bundle--;
                push(searches, search);
                return;
        }
        answer(searches, search, r, index, &problem);
}

static int arm(struct searches *searches)
{
        int r = sd_event_source_set_enabled(searches->idle, SD_EVENT_ON);

        if (r >= 0)
                r = sd_event_source_set_time_relative(searches->late, LATE_USEC);
        return r < 0 ? r : sd_event_source_set_enabled(searches->late, SD_EVENT_ONESHOT);
}

static void answer_all(struct searches *searches, int error)
{
        struct problem problem = {};

        while (searches->first)
                answer(searches, pop(searches), error, 0, &problem);
}

static int take_turn(struct searches *searches)
{
        int r;

        if (searches->first)
                look(searches);
        r = searches->first ? arm(searches) : 0;
        if (r < 0)
                answer_all(searches, r); /* better no answer than none ever */
        if (!searches->first) {
                (void)sd_event_source_set_enabled(searches->idle, SD_EVENT_OFF);
                (void)sd_event_source_set_enabled(searches->late, SD_EVENT_OFF);
        }
        return 0;
}

static int on_idle(sd_event_source *source, void *context)
{
        return take_turn(context);
}

static int on_late(sd_event_source *source, uint64_t usec, void *context)
{
        return take_turn(context);
}

int searches_new(sd_event *event, const struct writer *writer, struct searches **ret)
{
        _cleanup_(searches_freep) struct searches *searches = calloc(1, sizeof(*searches));
        int r;

        if (!searches)
                return -ENOMEM;
        searches->writer = writer;
        searches->end = &searches->first;
        r = sd_event_add_defer(event, &searches->idle, on_idle, searches);
        if (r >= 0)
                r = sd_event_source_set_enabled(searches->idle, SD_EVENT_OFF);
        if (r >= 0)
                r = sd_event_source_set_priority(searches->idle, IDLE_PRIORITY);
        if (r >= 0)
                r = sd_event_add_time(event, &searches->late, CLOCK_MONOTONIC, 0, ACCURACY_USEC,
                                      on_late, searches);
        if (r >= 0)
                r = sd_event_source_set_enabled(searches->late, SD_EVENT_OFF);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(searches);
        return 0;
}

struct searches *searches_free(struct searches *searches)
{
        if (!searches)
                return NULL;
        answer_all(searches, -ECANCELED);
        sd_event_source_disable_unref(searches->idle);
        sd_event_source_disable_unref(searches->late);
        free(searches);
        return NULL;
}

int searches_begin(struct searches *searches, const struct search_question *question)
{
        struct search *search;
        int r;

        if (searches->count >= SEARCHES_MAX)
                return -EBUSY;
        search = calloc(1, sizeof(*search));
        if (!search)
                return -ENOMEM;
        search->question = *question;
        search->digest = strdup(question->digest);
        search->bundle = writer_head(searches->writer).size / TILE_WIDTH;
        search->left = SEARCH_RECORDS / TILE_WIDTH + 1; /* the newest is not full */
        r = search->digest ? arm(searches) : -ENOMEM;
        if (r < 0) {
                search_free(search);
                return r;
        }
        searches->count++;
        push(searches, search);
        return 0;
}
