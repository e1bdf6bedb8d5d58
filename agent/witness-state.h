/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What witnesses are made of. witness.c offers checkpoints and keeps cosignatures, witness-stop.c
 * ends that. Private to agent/witness*.c.
 */

#include "agent/cosigned.h"
#include "agent/http.h"
#include "agent/witness.h"

struct witness {
        struct witnesses *all;
        const struct config_witness *config;
        size_t number;
        uint64_t size; /* that it has cosigned, as far as is known */
        uint64_t time; /* of its newest cosignature, seconds; 0: none since the start */
        unsigned failures, conflicts; /* in a row */
        int contradicts;              /* has been told that it does */
        struct problem problem;       /* of the last request */
        struct http_request *request;
        struct cosigned target; /* what is being asked for */
        sd_event_source *retry;
};

struct witnesses {
        struct witnesses_options options;
        struct http *http;
        struct witness *list;
        size_t count;
        struct cosigned published;           /* what the file `checkpoint` has */
        struct cosigned round;               /* what is being offered */
        struct cosigned kept;                /* what the file `checkpoint.cosigned` has */
        int published_changed, kept_changed; /* since the files were written */
        int flush_failed;
        int stopped;
        sd_event_source *flush;
        sd_event_source *deadline; /* of witnesses_finish() */
        void (*finished)(void *context);
        void *finished_context;
};

/* Offers the published checkpoint to those who have not cosigned it, unless the round before is not
 * over. */
void witnesses_begin_round(struct witnesses *witnesses);

/* Writes down what has been cosigned. */
void witnesses_flush(struct witnesses *witnesses);

/* Makes the timer of witnesses_finish(). */
int witnesses_add_deadline(struct witnesses *witnesses, sd_event *event) _must_use_;

/* witnesses_finish() waits for nobody who has answered. */
void witnesses_end_if_answered(struct witnesses *witnesses);
