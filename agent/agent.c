/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/agent.h"
#include "agent/run.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>

#include "agent/approve.h"
#include "agent/ask.h"
#include "agent/event.h"
#include "agent/freeze.h"
#include "agent/message.h"
#include "agent/notify.h"
#include "agent/ring.h"
#include "agent/search.h"
#include "agent/user-names.h"

#define STOP_USEC  ((uint64_t)30 * 1000000) /* for what is in progress and the last checkpoint */
#define HURRY_USEC ((uint64_t)5 * 1000000)  /* of that, for clients to take their replies */
#define OPEN_USEC  ((uint64_t)15 * 1000000) /* of that, for tokens to open */

static void record_start(struct agent *agent);

static void on_journal_state(void *context)
{
        struct agent *agent = context;

        switch (writer_state(agent->writer)) {
        case WRITER_OPEN:
                event_log(LOG_NOTICE, MESSAGE_JOURNAL_RECOVERED, "journal: takes records again");
                if (!agent->start_recorded)
                        record_start(agent);
                agent_record_freezes(agent);
                agent_want_log_key(agent);
                break;
        case WRITER_FULL:
                event_log(LOG_ERR, MESSAGE_JOURNAL_FULL, "journal full: %s",
                          writer_reason(agent->writer));
                break;
        case WRITER_SEALED:
                event_log(LOG_CRIT, MESSAGE_JOURNAL_SEALED, "journal sealed: %s",
                          writer_reason(agent->writer));
        }
}

static void on_committed(void *context)
{
        struct agent *agent = context;

        sealer_notice(agent->sealer);
}

static void on_answered(void *context)
{
        struct agent *agent = context;

        if (agent->server)
                server_flush(agent->server);
}

static int on_find_key(struct key **ret_key, struct token **ret_token, void *context)
{
        struct agent *agent = context;

        *ret_key = keystore_log_key(agent->store);
        *ret_token = *ret_key ? agent_find_token(agent, (*ret_key)->info.token, NULL) : NULL;
        return *ret_token != NULL;
}

static int on_find_second(struct key **ret_key, struct token **ret_token, void *context)
{
        struct agent *agent = context;

        *ret_key = agent->config->second_log_key ? keystore_second_log_key(agent->store) : NULL;
        if (*ret_key)
                *ret_token = agent_find_token(agent, (*ret_key)->info.token, NULL);
        return *ret_key != NULL;
}

static void on_checkpoint_changed(const char *reason, void *context)
{
        if (reason)
                event_log(LOG_WARNING, MESSAGE_CHECKPOINT_FAILED, "no checkpoint: %s", reason);
}

static void on_second_changed(const char *reason, void *context)
{
        if (reason)
                event_log(LOG_WARNING, MESSAGE_CHECKPOINT_FAILED,
                          "checkpoints without the signature of the second log key: %s", reason);
        else
                event_log(LOG_NOTICE, NULL, "checkpoints have both signatures");
}

static void on_published(struct view note, void *context)
{
        struct agent *agent = context;

        if (agent->witnesses)
                witnesses_offer(agent->witnesses, note);
}

static void on_witness_recorded(uint64_t index, void *context)
{
        struct agent *agent = context;

        sealer_overlook(agent->sealer, index);
        if (agent->anchor)
                anchor_overlook(agent->anchor, index);
}

int agent_set_up_witnesses(struct agent *agent, struct problem *problem)
{
        const struct witnesses_options options = {
                .writer = agent->writer,
                .recorder = &agent->recorder,
                .config = agent->config,
                .recorded = on_witness_recorded,
                .context = agent,
        };
        struct witnesses *witnesses = NULL;
        int r;

        if (agent->witnesses)
                witnesses_stop(agent->witnesses); /* the new ones take up what it leaves */
        r = witnesses_new(agent->event, &options, &witnesses, problem);
        if (r < 0)
                return problem_prefix(problem, r, "witnesses");
        (void)witnesses_free(agent->witnesses);
        agent->witnesses = witnesses;
        return 0;
}

static void record_start(struct agent *agent)
{
        json_t *record = recorder_begin(&agent->recorder, "agent.start");
        char digest[HEX_SIZE(SHA256_SIZE)], text[8 + HEX_SIZE(SHA256_SIZE)];

        (void)snprintf(text, sizeof(text), "sha256:%s",
                       hex_encode(sha256_view(&agent->config->digest), digest));
        if (record) {
                recorder_set(record, "config", text);
                recorder_set_integer(record, "dropped", agent->recovery.dropped);
                recorder_set(record, "origin", agent->config->origin);
                recorder_set(record, "program", "hallmarkd " HALLMARK_VERSION);
                recorder_set_integer(record, "recovered", agent->recovery.records);
                recorder_set(record, "twoPerson", config_two_person_text(agent->config));
        }
        if (recorder_append(&agent->recorder, record, NULL, NULL) < 0)
                return; /* full: on_journal_state() tries again */
        writer_commit(agent->writer);
        agent->start_recorded = writer_state(agent->writer) == WRITER_OPEN;
}

static int open_journal(struct agent *agent, struct problem *problem)
{
        const struct writer_events events = {
                .state_changed = on_journal_state,
                .committed = on_committed,
                .answered = on_answered,
                .context = agent,
        };
        const struct sealer_events sealer_events = {
                .find_key = on_find_key,
                .find_second = on_find_second,
                .changed = on_checkpoint_changed,
                .second_changed = on_second_changed,
                .published = on_published,
                .context = agent,
        };
        struct key *log_key = keystore_log_key(agent->store);
        struct key *second = keystore_second_log_key(agent->store);
        struct writer_options options = {
                .origin = agent->config->origin,
                .log_key = log_key ? log_key->info.pubkey : NULL,
                .second_log_key = second ? second->info.pubkey : NULL,
        };
        _cleanup_(freep) char *path = NULL;
        int r;

        if (asprintf(&path, "%s/journal", agent->config->state_directory) < 0)
                return -ENOMEM;
        options.path = path;
        r = writer_open(agent->event, &options, &agent->writer, &agent->recovery, problem);
        if (r < 0) {
                event_log(LOG_CRIT, MESSAGE_JOURNAL_REFUSED, "journal %s refused: %s", path,
                          problem_text(problem, r));
                return problem_prefix(problem, r, "journal");
        }
        r = recorder_init(&agent->recorder, agent->writer);
        if (r == 0)
                r = refusals_new(agent->event, &agent->recorder, &agent->refusals);
        if (r == 0)
                r = sealer_new(agent->event, agent->writer, options.origin, agent->recovery.sealed,
                               &sealer_events, &agent->sealer);
        if (r == 0)
                r = searches_new(agent->event, agent->writer, &agent->searches);
        if (r < 0)
                return r;
        sealer_set_interval(agent->sealer, agent->config->checkpoint_usec);
        writer_set_events(agent->writer, &events);
        return 0;
}

static int open_state(struct agent *agent, struct problem *problem)
{
        const char *state = agent->config->state_directory;
        _cleanup_(freep) char *path = NULL;
        int r;

        if (mkdir(state, 0755) < 0 && errno != EEXIST)
                return problem_set(problem, -errno, "%s: %m", state);
        if (asprintf(&path, "%s/keys", state) < 0)
                return -ENOMEM;
        r = keystore_open(path, &agent->store, problem);
        if (r == 0)
                r = agent_open_frozen(agent, problem);
        if (r == 0)
                r = agent_open_pending(agent, problem);
        if (r == 0)
                r = open_journal(agent, problem);
        return r < 0 ? r : agent_recover_keys(agent, problem);
}

/* The journal is whole without: they are durable, and the next checkpoint covers them. */
static void tell_unsealed(const struct agent *agent)
{
        uint64_t size = writer_head(agent->writer).size, sealed = sealer_size(agent->sealer);

        if (sealed < size)
                event_log(LOG_WARNING, MESSAGE_STOPPED_UNSEALED,
                          "stopping without a checkpoint over the last %llu of %llu records: %s",
                          (unsigned long long)(size - sealed), (unsigned long long)size,
                          sealer_reason(agent->sealer)[0] ? sealer_reason(agent->sealer)
                                                          : "none came in time");
}

static void end(void *context)
{
        struct agent *agent = context;

        (void)sd_event_exit(agent->event, EXIT_SUCCESS);
}

static void on_sealed(void *context)
{
        struct agent *agent = context;

        agent_save_audits(agent);
        agent->sealed = 1;
        tell_unsealed(agent);
        if (!agent->witnesses) {
                end(agent);
                return;
        }
        notifier_say(agent->notifier, "STATUS=Stopping: witnesses cosign the last checkpoint");
        witnesses_finish(agent->witnesses, end, agent);
}

static void record_stop(struct agent *agent)
{
        json_t *record = recorder_begin(&agent->recorder, "agent.stop");

        if (record)
                recorder_set(record, "reason", "told to stop");
        recorder_note(&agent->recorder, record);
        recorder_close(&agent->recorder); /* tokens may still come and go */
        writer_commit(agent->writer);
        sealer_finish(agent->sealer, on_sealed, agent);
}

static void finish_anchor(struct agent *agent)
{
        agent_finish_anchor(agent, record_stop);
}

static int is_opening(const struct agent *agent, const char *name)
{
        const struct token *token = agent_find_token(agent, name, NULL);

        return token && token_state(token) == TOKEN_STARTING;
}

/* The last checkpoint needs the token of the log key, and an anchored journal that of the anchor. A
 * login must not be broken off anyway. */
static int is_token_awaited(const struct agent *agent)
{
        const struct key *log_key = keystore_log_key(agent->store);

        if (agent->open_late)
                return 0;
        return (log_key && is_opening(agent, log_key->info.token)) ||
               (agent->anchor && is_opening(agent, agent->config->anchor));
}

/* Nobody waits for an answer any more: what the tokens attest, the last record and the last
 * checkpoint. */
static void finish(struct agent *agent)
{
        if (agent->finishing || agent->in_progress > 0 || is_token_awaited(agent))
                return;
        if (!agent->counted) {
                agent->counted = 1;
                agent_count_uses(agent, NULL);
                if (agent->finishing || agent->in_progress > 0)
                        return; /* again when that has ended, or has been already */
        }
        agent->finishing = 1;
        if (agent->witnesses)
                witnesses_stop(agent->witnesses); /* what they are asked next is the last */
        refusals_flush(agent->refusals);
        agent_finish_audits(agent, finish_anchor);
}

static void on_drained(struct agent *agent)
{
        finish(agent);
}

static void finish_if_idle(struct agent *agent)
{
        if (agent->stopping && !agent->finishing && server_connections(agent->server) == 0)
                finish(agent);
}

void agent_progress_ended(struct agent *agent)
{
        agent->in_progress--;
        finish_if_idle(agent);
}

void agent_token_settled(struct agent *agent)
{
        finish_if_idle(agent);
}

static int on_open_late(sd_event_source *source, uint64_t usec, void *context)
{
        struct agent *agent = context;

        agent->open_late = 1;
        finish_if_idle(agent);
        return 0;
}

static int on_stop_late(sd_event_source *source, uint64_t usec, void *context)
{
        struct agent *agent = context;

        if (agent->sealed) {
                witnesses_expire(agent->witnesses);
                return 0;
        }
        event_log(LOG_WARNING, NULL, "not everything came to its end in time: stopping without");
        tell_unsealed(agent);
        return sd_event_exit(sd_event_source_get_event(source), EXIT_FAILURE);
}

static int on_hurry(sd_event_source *source, uint64_t usec, void *context)
{
        struct agent *agent = context;

        server_hurry(agent->server);
        return 0;
}

static int on_stop(sd_event_source *source, const struct signalfd_siginfo *info, void *context)
{
        struct agent *agent = context;

        if (agent->stopping)
                return 0;
        agent->stopping = 1;
        notifier_say(agent->notifier, "STOPPING=1");
        if (sd_event_add_time_relative(agent->event, NULL, CLOCK_MONOTONIC, STOP_USEC, 0,
                                       on_stop_late, agent) < 0 ||
            sd_event_add_time_relative(agent->event, NULL, CLOCK_MONOTONIC, HURRY_USEC, 0, on_hurry,
                                       agent) < 0 ||
            sd_event_add_time_relative(agent->event, NULL, CLOCK_MONOTONIC, OPEN_USEC, 0,
                                       on_open_late, agent) < 0)
                return sd_event_exit(agent->event, EXIT_FAILURE);
        agent_answer_ring_calls(agent);
        agent_hurry_anchor(agent);
        server_drain(agent->server);
        return 0;
}

static int on_hangup(sd_event_source *source, const struct signalfd_siginfo *info, void *context)
{
        struct agent *agent = context;
        struct problem problem = {};
        int r = agent->stopping ? 0 : agent_reload(agent, NULL, &problem);

        return r < 0 ? 0
                     : r; /* a refused configuration has been logged and is no end to the loop */
}

static int watch_signals(struct agent *agent)
{
        sigset_t signals;
        int r;

        (void)sigemptyset(&signals);
        (void)sigaddset(&signals, SIGCHLD);
        (void)sigaddset(&signals, SIGHUP);
        (void)sigaddset(&signals, SIGINT);
        (void)sigaddset(&signals, SIGTERM);
        if (sigprocmask(SIG_BLOCK, &signals, NULL) < 0)
                return -errno;
        r = sd_event_add_signal(agent->event, NULL, SIGTERM, on_stop, agent);
        if (r >= 0)
                r = sd_event_add_signal(agent->event, NULL, SIGINT, on_stop, agent);
        if (r >= 0)
                r = sd_event_add_signal(agent->event, NULL, SIGHUP, on_hangup, agent);
        if (r >= 0)
                r = notifier_new(agent->event, &agent->notifier);
        return r < 0 ? r : 0;
}

static int set_up(struct agent *agent, struct problem *problem)
{
        int r;

        r = agent_load_config(agent, &agent->config, problem);
        if (r == 0)
                r = sd_event_default(&agent->event);
        if (r >= 0)
                r = watch_signals(agent);
        if (r == 0)
                r = grant_meter_new(&agent->meter);
        if (r == 0)
                r = agent_set_up_decisions(agent, agent->config, problem);
        if (r == 0)
                r = open_state(agent, problem);
        if (r == 0)
                r = agent_listen(agent, on_drained, problem);
        if (r < 0)
                return r;
        r = agent_set_up_anchor(agent, problem);
        if (r < 0)
                return r;
        record_start(agent);
        agent_record_freezes(agent);
        r = agent_set_up_witnesses(agent, problem);
        if (r == 0)
                r = agent_count_regularly(agent);
        if (r == 0)
                r = agent_remind_rotations(agent);
        if (r == 0)
                r = agent_end_overlaps(agent);
        return r < 0 ? r : agent_set_up_tokens(agent, agent->config);
}

int agent_new(const struct agent_options *options, struct agent **ret)
{
        _cleanup_(agent_freep) struct agent *agent = calloc(1, sizeof(*agent));
        struct problem problem = {};
        int r;

        if (!agent)
                return -ENOMEM;
        agent->options = *options;
        agent->started_usec = recorder_now();
        r = set_up(agent, &problem);
        if (r < 0) {
                event_log(LOG_ERR, NULL, "not started: %s", problem_text(&problem, r));
                return r;
        }
        *ret = TAKE_PTR(agent);
        return 0;
}

struct agent *agent_free(struct agent *agent)
{
        if (!agent)
                return NULL;
        agent->finishing = 1; /* what still ends is no reason to begin anything */
        agent_drop_inquiries(agent);
        anchor_close(agent->anchor);
        server_free(agent->server);
        agent_free_runs(agent);
        decisions_free(agent->decisions);
        agent->decisions = NULL;
        agent_free_tokens(agent);
        agent_release_keys(agent);
        if (agent->writer)
                writer_commit(agent->writer); /* answers whoever still waits for a record */
        agent_free_anchor(agent);
        (void)witnesses_free(agent->witnesses);
        searches_free(agent->searches);
        sealer_free(agent->sealer);
        (void)sealing_free(agent->sealed_ring);
        refusals_free(agent->refusals);
        writer_free(agent->writer);
        keystore_free(agent->store);
        frozen_free(agent->frozen);
        pending_free(agent->pending);
        grant_meter_free(agent->meter);
        user_names_free(agent->user_names);
        for (size_t i = 0; i < agent->old_config_count; i++)
                config_free(agent->old_configs[i]);
        free(agent->old_configs);
        config_free(agent->config);
        sd_event_source_disable_unref(agent->count_timer);
        sd_event_source_disable_unref(agent->due_timer);
        (void)notifier_free(agent->notifier);
        sd_event_source_disable_unref(agent->lapse_timer);
        sd_event_unref(agent->event);
        free(agent);
        return NULL;
}

int agent_run(struct agent *agent)
{
        char state[NOTIFIER_STATE_MAX];
        int r;

        event_log(
                LOG_NOTICE, MESSAGE_AGENT_STARTED,
                "serving %s: %llu records in the journal, %llu of them found after the last checkpoint",
                agent->config->origin, (unsigned long long)writer_head(agent->writer).size,
                (unsigned long long)agent->recovery.records);
        (void)snprintf(state, sizeof(state), "READY=1\nSTATUS=Serving %s", agent->config->origin);
        notifier_say(agent->notifier, state);
        r = sd_event_loop(agent->event);
        event_log(LOG_NOTICE, MESSAGE_AGENT_STOPPED, "stopped after %llu signatures",
                  (unsigned long long)agent->signatures);
        return r < 0 ? EXIT_FAILURE : r;
}
