/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Runs: what a caller does between OpenRun and CloseRun, and the provenance of that.
 *
 * A run belongs to the connection that opened it, and so to one process: it ends with that, or with
 * the agent. There is one provenance of a run at most. run.c has their list, open-run.c and
 * close-run.c the methods.
 */

#include "agent/agent.h"
#include "agent/measure.h"
#include "agent/observer.h"

#define RUNS_MAX            1024 /* open at the same time */
#define RUNS_CONNECTION_MAX 16   /* of one connection */
#define RUN_ID_SIZE         320  /* ORIGIN/run/ and 32 digits */

struct run {
        struct run *next;
        struct agent *agent;
        struct call *call;           /* OpenRun, until it is answered */
        struct observer *observer;   /* meanwhile */
        struct measuring *measuring; /* likewise */
        struct problem unobserved;   /* why it is not observed; empty: it is, or need not be */
        uint64_t connection;
        char id[RUN_ID_SIZE];
        char *builder; /* its id */
        char key[KEY_NAME_MAX + 1];
        struct grant_decision decision, description; /* the latter with parameters alone */
        json_t *measured;                            /* of struct measuring; NULL: no TPM */
        json_t *caller, *parameters, *unit;          /* the last two may be NULL */
        char started[RECORD_TIME_SIZE];
        char finished[RECORD_TIME_SIZE]; /* empty before the first CloseRun */
        int closing;                     /* its provenance is being signed */
};

/* A run of the caller of @call, in the list. NULL without memory. */
struct run *run_new(struct agent *agent, struct call *call);

/* Takes it out of the list. */
void run_free(struct run *run);

/* How many there are, of that connection or (0) of all. */
size_t run_count(const struct agent *agent, uint64_t connection);

/* NULL: that connection has none of that name. */
struct run *run_find(const struct agent *agent, uint64_t connection, const char *id);

/* Its provenance is being signed. */
void run_signing(struct agent *agent, const char *id);

/* Signing its provenance has ended: with a record, or it can be tried again. */
void run_signed(struct agent *agent, const char *id, int recorded);

/* All runs of a connection end with it. An event of struct server_events. */
void agent_end_runs(struct agent *agent, uint64_t connection);

/* When the agent ends. */
void agent_free_runs(struct agent *agent);
