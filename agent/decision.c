/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/decision.h"

#include <errno.h>
#include <stdio.h>

#include "agent/clock.h"
#include "agent/event.h"
#include "agent/http.h"
#include "agent/message.h"

#define ACCURACY_USEC ((uint64_t)1000)

/* One question, waiting for its turn (it has a timer) or under way (it has a request). */
struct question {
        struct decisions *decisions;
        char *url, *socket;
        struct buf input; /* until it is under way */
        uint64_t end_usec, timeout_usec;
        uid_t uid;
        decision_function done;
        void *context;
        struct http_request *request;
        sd_event_source *timer;
        struct question *next;
};

struct decisions {
        sd_event *event;
        struct http *http;
        struct question *questions, **end; /* in the order in which they came */
        size_t asked, waiting;
        int failing; /* which has been said */
};

static void question_free(struct question *question)
{
        (void)http_cancel(question->request);
        sd_event_source_disable_unref(question->timer);
        buf_done(&question->input);
        free(question->url);
        free(question->socket);
        free(question);
}

static void question_freep(struct question **question)
{
        if (*question)
                question_free(*question);
}

/* Takes it out of the list. */
static void forget(struct question *question)
{
        struct decisions *decisions = question->decisions;
        struct question **link = &decisions->questions;

        while (*link != question)
                link = &(*link)->next;
        *link = question->next;
        if (decisions->end == &question->next)
                decisions->end = link;
        if (question->timer)
                decisions->waiting--;
        else
                decisions->asked--;
}

static size_t count_of(const struct decisions *decisions, uid_t uid, int waiting)
{
        size_t count = 0;

        for (const struct question *question = decisions->questions; question;
             question = question->next)
                count += question->uid == uid && (question->timer != NULL) == waiting;
        return count;
}

/* One that says no does its work; one that says nothing, or nonsense, is an operator's business. */
static void note(struct decisions *decisions, const struct question *question, int error,
                 const struct problem *problem)
{
        int fails = error < 0 && error != -EPERM && error != -ECANCELED;

        if (fails && !decisions->failing)
                event_log(LOG_ERR, MESSAGE_DECISION_FAILED,
                          "no decision by OPA at %s, and so none is allowed: %s", question->socket,
                          problem_text(problem, error));
        else if (!fails && decisions->failing && error != -ECANCELED)
                event_log(LOG_NOTICE, MESSAGE_DECISION_RECOVERED, "OPA at %s decides again",
                          question->socket);
        if (error != -ECANCELED)
                decisions->failing = fails;
}

/* The question is gone before its function is called, which may ask another. */
static void answer(struct question *question, int error, const char *id,
                   const struct problem *problem)
{
        decision_function done = question->done;
        void *context = question->context;

        note(question->decisions, question, error, problem);
        forget(question);
        question_free(question);
        done(context, error, id, problem);
}

static void start_some(struct decisions *decisions);

static void finish(struct question *question, int error, const char *id,
                   const struct problem *problem)
{
        struct decisions *decisions = question->decisions;

        answer(question, error, id, problem);
        start_some(decisions);
}

static void on_answer(void *context, int error, long status, struct view body,
                      const struct problem *problem)
{
        struct question *question = context;
        char id[OPA_ID_SIZE] = "";
        struct problem reason = {};
        int r = error;

        question->request = NULL; /* it has ended */
        if (r == -ETIME)
                (void)problem_set(&reason, r, "no answer within %llu ms",
                                  (unsigned long long)question->timeout_usec / 1000);
        else if (r < 0)
                (void)problem_set(&reason, r, "%s", problem_text(problem, r));
        else
                r = opa_answer_parse(status, body, id, &reason);
        finish(question, r, id, &reason);
}

static int start(struct question *question)
{
        struct decisions *decisions = question->decisions;
        uint64_t now = clock_now();
        int r = http_post(decisions->http,
                          &(struct http_post){.url = question->url,
                                              .socket = question->socket,
                                              .content_type = "application/json",
                                              .body = buf_view(&question->input),
                                              .timeout_usec = question->end_usec > now
                                                                      ? question->end_usec - now
                                                                      : 1,
                                              .answer_max = OPA_ANSWER_MAX,
                                              .done = on_answer,
                                              .context = question},
                          &question->request);

        buf_done(&question->input);
        return r;
}

static int is_among(uid_t uid, const uid_t *uids, size_t count)
{
        for (size_t i = 0; i < count; i++)
                if (uids[i] == uid)
                        return 1;
        return 0;
}

/* The first that waits and whose user has not too many under way already, or NULL. */
static struct question *find_next(const struct decisions *decisions)
{
        uid_t full[DECISIONS_ASKED_MAX / DECISIONS_PER_UID];
        size_t count = 0;

        if (decisions->asked >= DECISIONS_ASKED_MAX || decisions->waiting == 0)
                return NULL;
        for (struct question *question = decisions->questions; question;
             question = question->next) {
                if (!question->timer || is_among(question->uid, full, count))
                        continue;
                if (count_of(decisions, question->uid, 0) < DECISIONS_PER_UID)
                        return question;
                full[count++] = question->uid; /* there is no room under way for more of them */
        }
        return NULL;
}

static void start_some(struct decisions *decisions)
{
        struct question *question;

        while ((question = find_next(decisions))) {
                struct problem problem = {};
                int r;

                question->timer = sd_event_source_disable_unref(question->timer);
                decisions->waiting--;
                decisions->asked++;
                r = start(question);
                if (r < 0) {
                        (void)problem_set(&problem, r, "it cannot be asked: %s", strerror(-r));
                        answer(question, r, "", &problem);
                }
        }
}

static int on_late(sd_event_source *source, uint64_t usec, void *context)
{
        struct question *question = context;
        struct problem problem = {};

        (void)problem_set(&problem, -ETIME, "not asked within %llu ms, as too many others wait",
                          (unsigned long long)question->timeout_usec / 1000);
        finish(question, -ETIME, "", &problem);
        return 0;
}

static int question_new(struct decisions *decisions, const struct decision_question *asked,
                        struct question **ret)
{
        _cleanup_(question_freep) struct question *question = calloc(1, sizeof(*question));

        if (!question)
                return -ENOMEM;
        *question = (struct question){
                .decisions = decisions,
                .socket = strdup(asked->where->socket),
                .timeout_usec = asked->where->timeout_usec,
                .end_usec = clock_now() + asked->where->timeout_usec,
                .uid = asked->uid,
                .done = asked->done,
                .context = asked->context,
        };
        buf_put_view(&question->input, asked->input);
        /* The host is nobody's: the socket says who is spoken to. */
        if (asprintf(&question->url, "http://opa.invalid%s", asked->where->path) < 0)
                question->url = NULL; /* asprintf() leaves it undefined */
        if (!question->url || !question->socket || buf_error(&question->input))
                return -ENOMEM;
        *ret = TAKE_PTR(question);
        return 0;
}

static int check_room(const struct decisions *decisions, uid_t uid, struct problem *problem)
{
        if (decisions->waiting >= DECISIONS_WAITING_MAX)
                return problem_set(problem, -EBUSY, "%zu requests wait for decisions already",
                                   decisions->waiting);
        if (decisions->waiting > 0 && count_of(decisions, uid, 1) >= DECISIONS_WAITING_UID)
                return problem_set(problem, -EBUSY,
                                   "%d requests of user %u wait for decisions already",
                                   DECISIONS_WAITING_UID, (unsigned)uid);
        return 0;
}

int decisions_ask(struct decisions *decisions, const struct decision_question *asked,
                  struct problem *problem)
{
        _cleanup_(question_freep) struct question *question = NULL;
        int r = check_room(decisions, asked->uid, problem);

        if (r == 0)
                r = question_new(decisions, asked, &question);
        if (r == 0)
                r = sd_event_add_time(decisions->event, &question->timer, CLOCK_MONOTONIC,
                                      question->end_usec, ACCURACY_USEC, on_late, question);
        if (r < 0)
                return r;
        /* A turn of the loop passes before anything can be answered. */
        if (decisions->asked < DECISIONS_ASKED_MAX &&
            count_of(decisions, question->uid, 0) < DECISIONS_PER_UID) {
                question->timer = sd_event_source_disable_unref(question->timer);
                r = start(question);
                if (r < 0)
                        return r;
                decisions->asked++;
        } else {
                decisions->waiting++;
        }
        *decisions->end = question;
        decisions->end = &question->next;
        question = NULL; /* the list's now */
        return 0;
}

int decisions_new(sd_event *event, struct decisions **ret, struct problem *problem)
{
        _cleanup_(decisions_freep) struct decisions *decisions = calloc(1, sizeof(*decisions));
        int r;

        if (!decisions)
                return -ENOMEM;
        decisions->event = sd_event_ref(event);
        decisions->end = &decisions->questions;
        r = http_new(event, &decisions->http, problem);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(decisions);
        return 0;
}

struct decisions *decisions_free(struct decisions *decisions)
{
        const struct problem problem = {"the agent ends"};

        if (!decisions)
                return NULL;
        while (decisions->questions) {
                struct question *question = decisions->questions;
                decision_function done = question->done;
                void *context = question->context;

                forget(question);
                question_free(question);
                done(context, -ECANCELED, "", &problem);
        }
        (void)http_free(decisions->http);
        sd_event_unref(decisions->event);
        free(decisions);
        return NULL;
}
