/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Asking somebody else whether a request is allowed: the Open Policy Agent, over a Unix socket.
 *
 * Each question gets one answer in bounded time, and whatever is not a clear yes is a no. Some
 * questions are under way at a time, those of one user are a part of them, and the others wait for
 * their turn; so nobody keeps others from being asked about for longer than the time that a
 * decision may take.
 */

#include <systemd/sd-event.h>

#include "agent/config.h"
#include "lib/opa-answer.h"

#define DECISIONS_ASKED_MAX   64   /* under way */
#define DECISIONS_PER_UID     32   /* of these */
#define DECISIONS_WAITING_MAX 4096 /* that wait for their turn */
#define DECISIONS_WAITING_UID 1024 /* of these */

struct decisions;

/* @error is 0 for a yes. -EPERM: no, or the rule is undefined; -ETIME, -EMSGSIZE, -EIO, -EBADMSG:
 * there is no answer, or none that makes sense; -ECANCELED: the agent ends. @id is that of the
 * decision, or "". */
typedef void (*decision_function)(void *context, int error, const char *id,
                                  const struct problem *problem);

struct decision_question {
        const struct config_decision *where; /* copied */
        uid_t uid;                           /* whose request it is about */
        struct view input;                   /* the document, copied */
        decision_function done;              /* called from the event loop, exactly once */
        void *context;
};

/* -EOPNOTSUPP: built without libcurl, or it would block. */
int decisions_new(sd_event *event, struct decisions **ret, struct problem *problem) _must_use_;

/* Whoever waits is told -ECANCELED. */
struct decisions *decisions_free(struct decisions *decisions);
DEFINE_CLEANUP(struct decisions *, decisions_free)

/* -EBUSY: too many wait, with the reason; -ENOMEM, -EIO. Then done() is not called. */
int decisions_ask(struct decisions *decisions, const struct decision_question *question,
                  struct problem *problem) _must_use_;
