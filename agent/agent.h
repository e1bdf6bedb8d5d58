/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The agent: everything it owns, and what its parts may ask of it.
 *
 * Ownership is this tree; events go up through callbacks, orders go down through functions. One
 * thread, one event loop.
 */

#include <systemd/sd-event.h>

#include "agent/anchor.h"
#include "agent/audit.h"
#include "agent/call.h"
#include "agent/config.h"
#include "agent/grant.h"
#include "agent/health.h"
#include "agent/keystore.h"
#include "agent/recorder.h"
#include "agent/refusal.h"
#include "agent/sealer.h"
#include "agent/server.h"
#include "agent/token.h"
#include "agent/witness.h"

struct agent_options {
        const char *config_path;
        const char *drivers; /* colon-separated folders */
};

/* A configured token: absent while its program cannot be found. */
struct agent_token {
        struct token *token;     /* NULL: could not be set up */
        struct audit *audit;     /* NULL: not audited */
        struct health *health;   /* NULL with the token */
        json_t *recorded_health; /* NULL: none yet */
        struct call *unlocking;  /* UnlockToken, waiting for what comes of it; or NULL */
        char *name;
        struct problem problem;
};

struct agent {
        sd_event *event;
        struct notifier *notifier;
        struct agent_options options;
        struct config *config;
        struct config **old_configs; /* still used by tokens that a reload left alone */
        size_t old_config_count;
        struct writer *writer;
        struct writer_recovery recovery;
        struct recorder recorder;
        struct keystore *store;
        struct frozen *frozen;
        struct pending *pending; /* for a second operator */
        struct agent_token *tokens;
        size_t token_count;
        struct user_names *user_names;
        struct grant_meter *meter;
        struct decisions *decisions; /* NULL: nobody has to be asked */
        struct refusals *refusals;
        struct sealer *sealer;
        struct witnesses *witnesses;
        struct anchor *anchor;     /* NULL: the journal is not anchored */
        struct call *anchor_calls; /* that wait for its first anchor */
        size_t anchor_call_count;
        sd_event_source *anchor_timer; /* they have waited long enough */
        int anchor_late;
        int anchored; /* the first anchor has come, and what waited for it has begun */
        void (*anchor_finished)(struct agent *agent);
        struct server *server;
        sd_event_source *count_timer;
        sd_event_source *lapse_timer; /* the next overlap ends; NULL: there was none yet */
        sd_event_source *due_timer;   /* the next key is to be rotated; NULL: none was yet */
        uint64_t started_usec;
        uint64_t signatures;
        struct making *makings;       /* keys that are being made */
        struct run *runs;             /* that are open */
        struct change *changes;       /* ends of keys on their way */
        struct attesting *attestings; /* tokens that are asked about keys */
        struct freezing *freezings;   /* likewise */
        struct asking *askings;       /* requests on their way to be pending */
        struct call
                *ring_calls; /* GetKeyRing, waiting for the log key, or for the next signed ring */
        size_t ring_call_count;
        struct sealing *sealing;     /* a ring that is being signed */
        struct sealing *sealed_ring; /* the last one; or NULL */
        struct inquiry *inquiries;   /* ListTokens and Status, waiting for what tokens say */
        unsigned unsettled;          /* records about keys on their way */
        struct searches *searches;   /* of GetProof, by digest */
        unsigned provings;           /* GetProof, on their way */
        unsigned in_progress;        /* signatures and keys being made */
        unsigned audits_open;        /* that agent_finish_audits() waits for */
        void (*audits_finished)(struct agent *agent);
        int start_recorded;
        int stopping;  /* told to */
        int open_late; /* no token that opens is waited for any more */
        int counted;   /* the uses of keys, for the last time */
        int finishing; /* all calls are answered: last record, last checkpoint */
        int sealed;    /* the last checkpoint is there, or cannot be */
};

/* Reads the configuration, opens the journal, starts the drivers, listens. The reason why not has
 * been logged. */
int agent_new(const struct agent_options *options, struct agent **ret) _must_use_;
struct agent *agent_free(struct agent *agent);
DEFINE_CLEANUP(struct agent *, agent_free)

/* Serves until it is told to stop. Returns the exit status. */
int agent_run(struct agent *agent);

/* Starts the tokens of @config, and ends those of the present configuration that are not the same
 * in it. */
int agent_set_up_tokens(struct agent *agent, const struct config *config) _must_use_;
void agent_free_tokens(struct agent *agent);

/* The slot of that token, or NULL. */
struct agent_token *agent_find_slot(const struct agent *agent, const char *name);

/* NULL when there is no such token, or it could not be set up (then with the reason). */
struct token *agent_find_token(const struct agent *agent, const char *name,
                               struct problem *problem);

/* The same for a signature: NULL, with the reason, while none may be made there. */
struct token *agent_find_signer(const struct agent *agent, const char *name,
                                struct problem *problem);

/* Offers checkpoints to the witnesses of the configuration from now on, and to no others. */
int agent_set_up_witnesses(struct agent *agent, struct problem *problem) _must_use_;

/* Asks the tokens how they are, then has @call answered by @answer: soon, whatever becomes of the
 * tokens. agent-health.c, as the next two. */
void agent_ask_tokens(struct agent *agent, struct call *call,
                      void (*answer)(struct agent *agent, struct call *call));

/* Records what a token says of its tries and counters, if that is another thing than before: an
 * event of struct token_events, whose context is the agent. */
void agent_take_health(struct token *token, void *context);

/* An event of struct health. */
void agent_answer_inquiries(void *context);

/* Tells those who wait that nobody will answer any more. */
void agent_drop_inquiries(struct agent *agent);

/* Answers UnlockToken, if somebody waits for the token to be something else than starting.
 * token-unlock.c. */
void agent_answer_unlock(struct agent *agent, struct agent_token *slot);

/* The Token of the protocol. status.c. */
json_t *agent_token_to_json(const struct agent *agent, const struct agent_token *slot);

/* The audit of the token of that name, or NULL. agent-audit.c, as the next four. */
struct audit *agent_find_audit(const struct agent *agent, const char *token);
int agent_set_up_audit(struct agent *agent, const struct config_token *config,
                       struct agent_token *slot) _must_use_;

/* The token has signed: an event of struct token_events, whose context is the agent. */
void agent_take_evidence(struct token *token, struct operation *operation,
                         const struct operation_evidence *evidence, void *context);

/* Has all audited tokens attest and everything recorded, then calls @done. */
void agent_finish_audits(struct agent *agent, void (*done)(struct agent *agent));

/* After the last signature. */
void agent_save_audits(const struct agent *agent);

/* Compares the journal with its anchor, where the configuration has one, before anything is signed,
 * made or destroyed. agent-anchor.c, as the next eight. */
int agent_set_up_anchor(struct agent *agent, struct problem *problem) _must_use_;
void agent_free_anchor(struct agent *agent);

/* A token has become ready. */
void agent_begin_anchor(struct agent *agent, const struct token *token);

/* Whether there is an anchor of this run, or none is needed. */
int agent_is_anchored(const struct agent *agent);

/* Whether there will be, or a reason why not, in bounded time without anybody doing anything. */
int agent_anchor_is_coming(const struct agent *agent);

/* Whether @call waits for the first anchor now, or has been answered: the journal is rolled back,
 * or no anchor is to be expected soon. If so, it comes again. */
int agent_wait_for_anchor(struct agent *agent, struct call *call);

/* The agent is stopping: nobody waits any more. */
void agent_hurry_anchor(struct agent *agent);

/* Makes the last anchor, if there is one to be made, then calls @done. */
void agent_finish_anchor(struct agent *agent, void (*done)(struct agent *agent));

/* Reads the configuration files, which nobody but root and the agent may be able to write: else
 * -EPERM. */
int agent_load_config(struct agent *agent, struct config **ret, struct problem *problem) _must_use_;

/* Reads the configuration again: all of it or nothing. */
int agent_reload(struct agent *agent, const struct caller *caller,
                 struct problem *problem) _must_use_;

/* Whether @call is granted for @key (may be NULL). If not, it has been answered, and the refusal
 * recorded. */
int agent_granted(struct agent *agent, struct call *call, const char *key,
                  struct grant_decision *ret);

/* The same for another method than the call's. */
int agent_granted_as(struct agent *agent, struct call *call, const char *method, const char *key,
                     struct grant_decision *ret);

/* Whether what @decision has allowed is granted still, without being counted; another grant, and
 * somebody else who has to allow it now, is asked, and is in @decision then. If not, as the first.
 */
int agent_still_granted(struct agent *agent, struct call *call, const char *method, const char *key,
                        struct grant_decision *decision);

/* An event of struct server_events: recorded as a refusal of the method "Connect". */
void agent_note_refused(struct agent *agent, const struct caller *caller, const char *reason);

/* Whether the journal takes records. If not, @call has been answered. */
int agent_can_record(struct agent *agent, struct call *call);

/* Answers @call with what an error of the token or of the journal means. */
void agent_fail_token(struct call *call, const char *token, int error,
                      const struct problem *problem);
void agent_fail_journal(struct agent *agent, struct call *call, int error);

/* The same for the token of the log key, and for a checkpoint that did not come (struct
 * sealer_waiter) although record @index is durable. */
void agent_fail_log_token(struct agent *agent, struct call *call, int error,
                          const struct problem *problem);
void agent_fail_checkpoint(struct agent *agent, struct call *call, uint64_t index, int error,
                           const struct problem *problem);

/* Appends the proof that @record is entry @index of what is sealed. Errors as writer_prove() and
 * tlog_proof_put(). */
int agent_put_proof(struct agent *agent, uint64_t index, const struct buf *record,
                    const struct sealed *sealed, struct buf *ret,
                    struct problem *problem) _must_use_;

/* The key of that name, if this caller may have it sign now; else @call has been answered.
 * sign-request.c, as the next one. */
struct key *agent_find_signing_key(struct agent *agent, struct call *call, const char *name,
                                   struct grant_decision *ret_decision);

/* What Sign and SignLogged take as claims. -EBADMSG with the reason. */
int agent_check_claims(const json_t *claims, struct problem *problem) _must_use_;

/* The same with the record as it is in the journal. */
int agent_prove(struct agent *agent, uint64_t index, const struct sealed *sealed, struct buf *ret,
                struct problem *problem) _must_use_;

/* Something that began with in_progress++ has ended. */
void agent_progress_ended(struct agent *agent);

/* A token has another state: the end of the agent may have waited for that. */
void agent_token_settled(struct agent *agent);

/* Serves the two sockets: those that the service manager passed, or its own. listen.c. */
int agent_listen(struct agent *agent, void (*drained)(struct agent *agent),
                 struct problem *problem) _must_use_;

/* The interfaces of the two sockets, NULL-terminated. */
extern const struct interface *const agent_sign_interfaces[];
extern const struct interface *const agent_admin_interfaces[];

/* Handlers of methods: sign.c, sign-logged.c, proof.c, key-create.c, key-import.c, key-rotate.c,
 * key-change.c, key-attest.c, token-unlock.c, attest.c, open-run.c, close-run.c, explain.c,
 * query.c, status.c. */
void agent_sign(struct agent *agent, struct call *call);
void agent_sign_logged(struct agent *agent, struct call *call);
void agent_attest(struct agent *agent, struct call *call);
void agent_open_run(struct agent *agent, struct call *call);
void agent_close_run(struct agent *agent, struct call *call);
void agent_list_keys(struct agent *agent, struct call *call);
void agent_get_key(struct agent *agent, struct call *call);
void agent_get_key_ring(struct agent *agent, struct call *call);
void agent_get_checkpoint(struct agent *agent, struct call *call);
void agent_get_proof(struct agent *agent, struct call *call);
void agent_create_key(struct agent *agent, struct call *call);
void agent_import_key(struct agent *agent, struct call *call);
void agent_rotate_key(struct agent *agent, struct call *call);
void agent_retire_key(struct agent *agent, struct call *call);
void agent_revoke_key(struct agent *agent, struct call *call);
void agent_destroy_key(struct agent *agent, struct call *call);
void agent_attest_key(struct agent *agent, struct call *call);
void agent_explain_grant(struct agent *agent, struct call *call);
void agent_list_tokens(struct agent *agent, struct call *call);
void agent_unlock_token(struct agent *agent, struct call *call);
void agent_reload_call(struct agent *agent, struct call *call);
void agent_acknowledge_rollback(struct agent *agent, struct call *call);
void agent_status(struct agent *agent, struct call *call);
void agent_get_info(struct agent *agent, struct call *call);
void agent_get_interface_description(struct agent *agent, struct call *call);

/* Answers those who wait for keys, of which no more comes. hold.c. */
void agent_release_keys(struct agent *agent);

/* Makes true of keys what the journal says of them; at the start. key-recover.c. */
int agent_recover_keys(struct agent *agent, struct problem *problem) _must_use_;

/* Makes the log key of the configuration, if there is none and its token is ready; as the next one,
 * not before the journal is anchored, which calls both. */
void agent_want_log_key(struct agent *agent);

/* Removes what the token has of keys whose creation a crash interrupted. */
void agent_undo_pending_keys(struct agent *agent, struct token *token);

/* 0 if the key may sign the digest as far as its witness is concerned; then @ret has what the TPM
 * is to be given. @text is what the caller gave; or NULL. -EPERM; -ENOMEM. */
int agent_check_authorization(const struct keyring_key *key, const char *text, struct view digest,
                              struct buf *ret, struct problem *problem) _must_use_;

/* Reports use counters of the token that no key here has: counter-left.c. */
void agent_report_counters(const struct agent *agent, const struct token *token);

/* Has the token (NULL: each token whose keys were used since) count, and records what it says.
 * count.c. */
void agent_count_uses(struct agent *agent, const struct token *token);

/* Whether it is a counted version whose uses are to be told: it must stay loaded. */
int agent_owes_count(const struct key *key);

/* The same every now and then, from now on. */
int agent_count_regularly(struct agent *agent) _must_use_;

/* Retires the versions whose overlap is over, and the others when their time comes. To be called
 * when there may be another one, or one may be free that was not. key-lapse.c, as the next one. */
int agent_end_overlaps(struct agent *agent) _must_use_;

/* Whether the key may sign nothing that is recorded at that time, since its overlap has ended. */
int agent_overlap_is_over(const struct key *key, const char *time);

/* Reminds of the keys that are to be rotated by now, and of the others when their time comes.
 * due.c, as the next one. */
int agent_remind_rotations(struct agent *agent) _must_use_;

/* [{"due", "isDue", "name", "version"}, …]: active keys with RotateAfter=. */
json_t *agent_rotations_to_json(const struct agent *agent) _must_use_;

/* Whether there will be a log key, or an error, in bounded time without anybody doing anything. */
int agent_log_key_is_coming(const struct agent *agent);

/* Answers the GetKeyRing calls that wait, as far as that is possible now. ring.c. */
void agent_answer_ring_calls(struct agent *agent);
