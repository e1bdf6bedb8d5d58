/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/audit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "agent/audit-ledger.h"
#include "agent/event.h"
#include "agent/message.h"
#include "lib/base64.h"
#include "lib/file.h"

#define ACCURACY_USEC   ((uint64_t)10000)
#define SAVED_SIZE_MAX  ((size_t)1 << 20)
#define STATUS_TEXT_MAX 600

struct audit {
        struct token *token;
        struct recorder *recorder;
        uint64_t interval_usec;
        char *path;
        struct audit_ledger ledger;
        sd_event_source *soon, *timer; /* the next look, the next attestation */
        struct operation operation;    /* a look or an attestation, one at a time */
        int busy;
        int wanted;      /* an attestation, as soon as possible */
        int used;        /* something that calls for an attestation was signed */
        unsigned owed;   /* records that are not durable yet */
        uint64_t newest; /* index after the newest of our records */
        uint64_t tree_size;
        char status[STATUS_TEXT_MAX];
        void (*finished)(void *context);
        void *finished_context;
        int finishing;
};

static void read_saved(struct audit *audit)
{
        _cleanup_(buf_done) struct buf text = BUF_INIT(SAVED_SIZE_MAX);

        /* Without it, or with another one, an interval is broken and says so. */
        if (file_read(AT_FDCWD, audit->path, &text, NULL) == 0 &&
            audit_ledger_read(&audit->ledger, buf_view(&text)) < 0)
                event_log(LOG_WARNING, NULL, "%s: malformed", audit->path);
        (void)unlink(audit->path);
}

static int on_soon(sd_event_source *source, uint64_t usec, void *context);
static int on_time(sd_event_source *source, uint64_t usec, void *context);

static int add_timers(struct audit *audit, sd_event *event)
{
        int r = sd_event_add_time(event, &audit->soon, CLOCK_MONOTONIC, 0, ACCURACY_USEC, on_soon,
                                  audit);

        if (r >= 0)
                r = sd_event_source_set_enabled(audit->soon, SD_EVENT_OFF);
        if (r >= 0)
                r = sd_event_add_time(event, &audit->timer, CLOCK_MONOTONIC, 0, ACCURACY_USEC,
                                      on_time, audit);
        return r < 0 ? r : sd_event_source_set_enabled(audit->timer, SD_EVENT_OFF);
}

int audit_new(sd_event *event, const struct audit_options *options, struct audit **ret)
{
        _cleanup_(audit_freep) struct audit *audit = calloc(1, sizeof(*audit));
        int r;

        if (!audit)
                return -ENOMEM;
        audit->token = options->token;
        audit->recorder = options->recorder;
        audit->interval_usec = options->interval_usec;
        audit->path = strdup(options->path);
        r = audit_ledger_init(&audit->ledger);
        if (r == 0 && !audit->path)
                r = -ENOMEM;
        if (r == 0)
                r = add_timers(audit, event);
        if (r < 0)
                return r;
        read_saved(audit);
        *ret = TAKE_PTR(audit);
        return 0;
}

struct audit *audit_free(struct audit *audit)
{
        if (!audit)
                return NULL;
        audit->finished = NULL;
        while (audit->owed > 0)
                writer_commit(audit->recorder->writer); /* calls on_recorded() */
        sd_event_source_disable_unref(audit->soon);
        sd_event_source_disable_unref(audit->timer);
        audit_ledger_done(&audit->ledger);
        free(audit->path);
        free(audit);
        return NULL;
}

static void arm(sd_event_source *timer, uint64_t usec)
{
        if (sd_event_source_get_enabled(timer, NULL) != 0)
                return;
        if (sd_event_source_set_time_relative(timer, usec) < 0 ||
            sd_event_source_set_enabled(timer, SD_EVENT_ONESHOT) < 0)
                event_log(LOG_WARNING, NULL, "no timer for the command audit");
}

static void tell_finished(struct audit *audit)
{
        void (*finished)(void *context) = audit->finished;

        if (audit->busy || audit->wanted || audit->owed > 0 || audit->ledger.ended)
                return;
        audit->finished = NULL;
        if (finished)
                finished(audit->finished_context);
}

static void on_recorded(void *context, int error, uint64_t index)
{
        struct audit *audit = context;

        audit->owed--;
        if (error == 0)
                audit->newest = index + 1;
        tell_finished(audit);
}

static int set_base64(json_t *record, const char *name, struct view bytes)
{
        _cleanup_(buf_done) struct buf text = {};

        base64_encode(&text, bytes);
        if (buf_error(&text))
                return buf_error(&text);
        return json_object_set_new(record, name, json_stringn((const char *)text.data, text.size));
}

static json_t *record_of(const struct audit *audit, const struct audit_interval *interval)
{
        json_t *record = recorder_begin(audit->recorder, "audit");
        const struct facts *facts = token_facts(audit->token);

        if (!record)
                return NULL;
        recorder_set(record, "attestationKey", facts_get(facts, "attestation-key"));
        recorder_set(record, "attestationName", facts_get(facts, "attestation-name"));
        (void)json_object_set(record, "commands", interval->commands);
        (void)json_object_set(record, "names", interval->names);
        recorder_set(record, "outcome",
                     interval->foreign  ? "foreign"
                     : interval->broken ? "broken"
                                        : "complete");
        recorder_set(record, "reason", interval->reason.text);
        (void)set_base64(record, "response", buf_view(&interval->response));
        recorder_set_integer(record, "size", interval->tree_size);
        recorder_set(record, "token", token_name(audit->token));
        return record;
}

static void report_break(struct audit *audit, const char *reason)
{
        event_log(LOG_CRIT, MESSAGE_AUDIT_BROKEN, "token %s: command audit broken: %s",
                  token_name(audit->token), reason);
        (void)snprintf(audit->status, sizeof(audit->status), "broken: %.500s", reason);
}

/* Records what has ended and has found its records. */
static void record_intervals(struct audit *audit)
{
        struct audit_interval *interval;

        while ((interval = audit_ledger_take(&audit->ledger))) {
                audit->owed++;
                if (recorder_append(audit->recorder, record_of(audit, interval), on_recorded,
                                    audit) < 0) {
                        report_break(audit, "an interval could not be recorded");
                        on_recorded(audit, -ENOMEM, 0);
                }
                audit_interval_free(interval);
        }
        tell_finished(audit);
}

static void ask(struct audit *audit);

/* A look that does not fit is followed by an attestation, which ends the interval as broken. */
static void take_look(struct audit *audit, struct view response)
{
        struct problem problem = {};

        int r = audit_ledger_compare(&audit->ledger, response, &problem);

        if (r < 0) {
                if (audit->ledger.known)
                        report_break(audit, problem.text);
                if (r == -EKEYREJECTED)
                        audit_ledger_contradict(&audit->ledger, problem.text);
                else
                        audit_ledger_doubt(&audit->ledger, problem.text);
                audit->wanted = 1;
        }
        audit_ledger_add_look(&audit->ledger, response);
}

static void release(struct audit *audit)
{
        if (!token_held(audit->token)[0])
                return;
        event_log(LOG_NOTICE, NULL, "token %s attests again, and signs again",
                  token_name(audit->token));
        token_release(audit->token);
}

static void take_attestation(struct audit *audit, struct view response)
{
        const char *text = facts_get(token_facts(audit->token), "attestation-name");
        uint8_t name[COMMAND_AUDIT_NAME_SIZE];
        const struct audit_attestation attestation = {
                .name = view_of(name, sizeof(name)),
                .qualifying = view_of(audit->operation.digest, SHA256_SIZE),
                .response = response,
                .tree_size = audit->tree_size,
        };
        struct problem problem = {};

        if (!text || hex_decode(view_string(text), name, sizeof(name)) < 0) {
                audit_ledger_doubt(&audit->ledger, "the driver did not name its attestation key");
                return;
        }
        if (audit_ledger_compare(&audit->ledger, response, &problem) == 0)
                (void)snprintf(audit->status, sizeof(audit->status), "complete");
        else if (audit->ledger.known)
                report_break(audit, problem.text);
        else if (!audit->status[0])
                (void)snprintf(audit->status, sizeof(audit->status), "begun");
        if (audit_ledger_end(&audit->ledger, &attestation) < 0)
                audit_ledger_doubt(&audit->ledger, "out of memory");
        else
                release(audit);
        record_intervals(audit);
}

static void on_asked(struct operation *operation, int error, struct view answer,
                     const struct problem *problem)
{
        struct audit *audit = operation->context;
        struct reader reader = reader_init(answer);
        struct view response = reader_sized(&reader);

        audit->busy = 0;
        if (error < 0 || reader_end(&reader) < 0) {
                /* Its process has gone, or will be asked again after the interval. */
                audit_ledger_doubt(&audit->ledger, "the TPM did not answer with its digest");
                audit->wanted = 0;
                if (token_held(audit->token)[0] && !audit->finishing)
                        arm(audit->soon, AUDIT_LOOK_USEC); /* to ask again */
        } else if (operation->attest) {
                take_attestation(audit, response);
        } else {
                take_look(audit, response);
        }
        if (audit->wanted)
                ask(audit);
        tell_finished(audit);
}

static void submit(struct audit *audit, int attest)
{
        struct checkpoint head = writer_head(audit->recorder->writer);

        audit->operation = (struct operation){
                .kind = FRAME_AUDIT,
                .attest = attest,
                .done = on_asked,
                .context = audit,
        };
        audit->tree_size = head.size;
        memcpy(audit->operation.digest, head.root.bytes, SHA256_SIZE);
        audit->busy = 1;
        token_submit_first(audit->token, &audit->operation);
}

/* Asks for an attestation, now or when the answer to the last question is there. */
static void ask(struct audit *audit)
{
        audit->wanted = audit->busy;
        if (audit->busy)
                return;
        audit->used = 0;
        submit(audit, 1);
        if (!audit->finishing)
                arm(audit->timer, audit->interval_usec);
}

static int on_soon(sd_event_source *source, uint64_t usec, void *context)
{
        struct audit *audit = context;

        if (audit->busy || audit->finishing || token_state(audit->token) != TOKEN_READY)
                return 0;
        if (token_held(audit->token)[0])
                ask(audit);
        else
                submit(audit, 0);
        return 0;
}

static int on_time(sd_event_source *source, uint64_t usec, void *context)
{
        struct audit *audit = context;

        if (audit->finishing || token_state(audit->token) != TOKEN_READY)
                return 0; /* audit_begin() begins again */
        if (audit->used || !audit->ledger.known)
                ask(audit);
        else if (!audit->busy)
                submit(audit, 0);
        arm(audit->timer, audit->interval_usec);
        return 0;
}

void audit_begin(struct audit *audit)
{
        ask(audit);
}

/* A checkpoint that covers nothing new but our own record of the last attestation calls for no
 * other one: that would go on for ever. */
static int calls_for_attestation(const struct audit *audit, const struct operation *operation)
{
        return operation->checkpoint == 0 || operation->checkpoint > audit->newest;
}

/* What the TPM signs on and does not attest would be lost to the auditor, and fill our memory. */
static void hold(struct audit *audit)
{
        report_break(audit, "the TPM signs and does not attest: nothing is signed until it does");
        token_hold(audit->token, "the TPM has not attested what it signed before");
}

void audit_note(struct audit *audit, struct operation *operation,
                const struct operation_evidence *evidence)
{
        const struct token_key *key = operation->key;
        char fingerprint[HEX_SIZE(SHA256_SIZE)];
        const struct audit_signature signature = {
                .fingerprint =
                        hex_encode(sha256_view(pubkey_fingerprint(key->pubkey)), fingerprint),
                .algorithm = key->algorithm,
                .name = evidence->name,
                .message = view_of(operation->digest, key->algorithm->digest_size),
                .signature = evidence->signature,
                .response = evidence->response,
                .checkpoint = operation->checkpoint,
        };
        const struct audit_interval *current = audit->ledger.current;

        operation->audit_entry = audit_ledger_add_signature(&audit->ledger, &signature);
        if (!operation->recorded)
                audit_ledger_give_up(&audit->ledger, operation->audit_entry);
        audit->used |= calls_for_attestation(audit, operation);
        if (audit_interval_is_overdue(current) && !token_held(audit->token)[0])
                hold(audit);
        if (audit->finishing)
                return;
        arm(audit->soon, AUDIT_LOOK_USEC);
        if (!audit->wanted && !(audit->busy && audit->operation.attest) &&
            audit_interval_is_full(current))
                ask(audit);
}

void audit_excuse(struct audit *audit)
{
        audit_ledger_excuse(&audit->ledger,
                            "a driver process was lost, with what the TPM had answered to it");
}

void audit_resolve(struct audit *audit, uint64_t entry, uint64_t index)
{
        audit_ledger_resolve(&audit->ledger, entry, index);
        record_intervals(audit);
}

void audit_give_up(struct audit *audit, uint64_t entry)
{
        audit_ledger_give_up(&audit->ledger, entry);
        record_intervals(audit);
}

void audit_withhold(struct audit *audit, uint64_t entry, uint64_t index)
{
        audit_ledger_withhold(&audit->ledger, entry, index);
        record_intervals(audit);
}

void audit_finish(struct audit *audit, void (*done)(void *context), void *context)
{
        audit->finished = done;
        audit->finished_context = context;
        audit->finishing = 1;
        if (token_state(audit->token) == TOKEN_READY)
                ask(audit);
        else
                audit->wanted = 0;
        tell_finished(audit);
}

void audit_save(const struct audit *audit)
{
        _cleanup_(buf_done) struct buf text = BUF_INIT(SAVED_SIZE_MAX);
        struct problem problem = {};
        int r = audit_ledger_put(&audit->ledger, &text);

        if (r == 0)
                r = file_replace(AT_FDCWD, audit->path, buf_view(&text), 0600, &problem);
        if (r < 0)
                event_log(LOG_WARNING, NULL, "token %s: the command audit begins anew: %s",
                          token_name(audit->token), problem_text(&problem, r));
}

const char *audit_status(const struct audit *audit)
{
        return audit->status;
}
