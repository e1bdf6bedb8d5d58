/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>

#include "agent/agent.h"
#include "agent/event.h"
#include "agent/message.h"
#include "lib/base64.h"
#include "lib/driver.h"
#include "lib/gate-json.h"

#define LABEL_SIZE (KEY_NAME_MAX + 64)

/* A key on its way: generate, write as pending, record, commit, reply. */
struct making {
        struct agent *agent;
        struct call *call; /* NULL: the agent itself makes the log key */
        struct operation operation;
        char name[KEY_NAME_MAX + 1], token[KEY_NAME_MAX + 1];
        const struct algorithm *algorithm;
        struct keyring_key info; /* until it is handed to the key store */
        struct key *key;         /* pending, from then on */
        json_t *caller;
        struct grant_decision decision;
        char request[CALL_REQUEST_SIZE];
        char label[LABEL_SIZE];
        int use_counter;       /* is wanted */
        struct facts options;  /* for the token */
        struct token_key made; /* in the token: to be undone if it does not come to be a key */
        char *handle;
        struct making *next;
};

static void making_free(struct making *making)
{
        struct agent *agent = making->agent;
        struct making **link = &agent->makings;

        while (*link && *link != making)
                link = &(*link)->next;
        if (*link)
                *link = making->next;
        free(making->handle);
        keyring_key_done(&making->info);
        facts_done(&making->options);
        json_decref(making->caller);
        free(making);
        agent_answer_ring_calls(agent);
        agent_progress_ended(agent);
}

static void on_undone(struct operation *operation, int error, struct view answer,
                      const struct problem *problem)
{
        struct making *making = operation->context;

        if (error < 0)
                event_log(LOG_WARNING, NULL,
                          "token %s: \"%s\" was not finished and could not be removed: %s",
                          making->token, making->label, problem_text(problem, error));
        making_free(making);
}

/* The caller has its answer. What the token has made already goes again. */
static void undo(struct making *making)
{
        struct token *token = agent_find_token(making->agent, making->token, NULL);

        if (!making->handle || !token) {
                making_free(making);
                return;
        }
        making->made = (struct token_key){making->algorithm, making->handle, NULL};
        making->operation = (struct operation){
                .kind = FRAME_DESTROY,
                .key = &making->made,
                .done = on_undone,
                .context = making,
        };
        token_submit(token, &making->operation);
}

static void fail(struct making *making, const char *error, const char *reason)
{
        if (making->call)
                call_fail(making->call, error, "%s", reason);
        else
                event_log(LOG_ERR, MESSAGE_CHECKPOINT_FAILED, "log key not made: %s", reason);
        undo(making);
}

static void fail_token(struct making *making, int error, const struct problem *problem)
{
        if (!making->call) {
                fail(making, "", problem_text(problem, error));
                return;
        }
        agent_fail_token(making->call, making->token, error, problem);
        undo(making);
}

static void fail_journal(struct making *making, int error)
{
        if (!making->call) {
                fail(making, "", strerror(-error));
                return;
        }
        agent_fail_journal(making->agent, making->call, error);
        undo(making);
}

/* The key could not come to be: @error is the journal's, or 0 and @r that of its file. */
static void give_up(struct making *making, int error, int r, const struct problem *problem)
{
        struct agent *agent = making->agent;
        struct token *token = agent_find_token(agent, making->token, NULL);
        /* A batch whose sync failed may be on the disk all the same. */
        int is_recorded = error == 0 || error == -EROFS;

        if (is_recorded) {
                /* It goes like those that a crash left behind, and a record says so. */
                making->key->interrupted = 1;
                free(making->handle);
                making->handle = NULL;
        } else {
                keystore_discard(agent->store, making->key);
        }
        if (error < 0)
                fail_journal(making, error);
        else
                fail(making, "StorageFailed", problem_text(problem, r));
        if (is_recorded && token)
                agent_undo_pending_keys(agent, token);
}

/* The journal says that the key exists; from here on it does. */
static void on_recorded(void *context, int error, uint64_t index)
{
        struct making *making = context;
        struct agent *agent = making->agent;
        struct key *key = making->key;
        struct problem problem = {};
        struct token *token;
        int r = error;

        if (r == 0)
                r = keystore_commit(agent->store, key, &problem);
        if (r < 0) {
                give_up(making, error, r, &problem);
                return;
        }
        event_log(LOG_NOTICE, MESSAGE_KEY_CREATED, "key %s version %u (%s) made in token %s",
                  key->info.name, key->info.version, key->info.algorithm->name, key->info.token);
        token = agent_find_token(agent, key->info.token, NULL);
        if (token)
                token_add_key(token, &key->token_key);
        if (making->call)
                call_reply(making->call,
                           json_pack("{s:o}", "key", keyring_key_to_json(&key->info)));
        else
                sealer_notice(agent->sealer);
        making_free(making);
}

static int record_key(struct making *making)
{
        json_t *record = recorder_begin(&making->agent->recorder, "key.create");
        const struct keyring_key *info = &making->key->info;
        _cleanup_(buf_done) struct buf spki = {};
        char fingerprint[HEX_SIZE(SHA256_SIZE)];

        base64_encode(&spki, pubkey_spki(info->pubkey));
        buf_put_u8(&spki, '\0');
        if (!record || buf_error(&spki)) {
                json_decref(record);
                return -ENOMEM;
        }
        recorder_set(record, "algorithm", info->algorithm->name);
        recorder_set(record, "fingerprint",
                     hex_encode(sha256_view(pubkey_fingerprint(info->pubkey)), fingerprint));
        recorder_set(record, "key", info->name);
        recorder_set(record, "publicKey", (const char *)spki.data);
        recorder_set(record, "purpose", key_purpose_name(info->purpose));
        recorder_set(record, "token", info->token);
        recorder_set(record, "transparency", key_transparency_name(info->transparency));
        recorder_set_integer(record, "version", info->version);
        if (gate_to_json(&info->gate, record) < 0) {
                json_decref(record);
                return -ENOMEM;
        }
        if (making->call) {
                (void)json_object_set(record, "caller", making->caller);
                recorder_set(record, "grant", making->decision.grant);
                recorder_set(record, "request", making->request);
        }
        return recorder_append(&making->agent->recorder, record, on_recorded, making);
}

/* A token that "makes" a key that is there already would have one key under two names, the log key
 * among them. */
static const struct key *find_same_key(const struct keystore *store, const struct pubkey *pubkey)
{
        const struct view spki = pubkey_spki(pubkey);
        struct key *key;

        for (size_t i = 0; (key = keystore_at(store, i)); i++)
                if (view_equal(pubkey_spki(key->info.pubkey), spki))
                        return key;
        for (size_t i = 0; (key = keystore_pending_at(store, i)); i++)
                if (view_equal(pubkey_spki(key->info.pubkey), spki))
                        return key;
        return NULL;
}

static int read_counter(const struct facts *facts, struct gate *ret)
{
        _cleanup_(buf_done) struct buf spki = BUF_INIT(SPKI_SIZE_MAX);
        const char *counter = facts_get(facts, "UseCounter");
        const char *attester = facts_get(facts, "AttestationKey");
        int r = counter ? gate_counter_parse(counter, &ret->counter) : -EBADMSG;

        if (r < 0 || !attester)
                return r;
        r = base64_decode(&spki, view_string(attester));
        return r < 0 ? r : gate_set_attester(ret, buf_view(&spki));
}

static int read_answer(struct making *making, struct view answer, struct view *ret_handle,
                       struct problem *problem)
{
        struct reader reader = reader_init(answer);
        _cleanup_(facts_done) struct facts facts = {};
        const struct key *same;
        struct view spki;

        *ret_handle = reader_sized(&reader);
        spki = reader_sized(&reader);
        if (frame_read_facts(&reader, &facts) < 0 || ret_handle->size == 0 ||
            ret_handle->size > DRIVER_HANDLE_MAX ||
            memchr(ret_handle->data, '\0', ret_handle->size))
                return problem_set(problem, -EIO, "answer to generate: malformed");
        if (pubkey_from_spki(spki, &making->info.pubkey) < 0 ||
            !pubkey_fits(making->info.pubkey, making->algorithm))
                return problem_set(problem, -EIO, "answer to generate: no public key for %s",
                                   making->algorithm->name);
        if (making->use_counter && read_counter(&facts, &making->info.gate) < 0)
                return problem_set(problem, -EIO, "answer to generate: no use counter");
        same = find_same_key(making->agent->store, making->info.pubkey);
        if (same) /* nothing is undone: that would be the end of the other key */
                return problem_set(problem, -EIO,
                                   "answer to generate: key %s version %u, no new one",
                                   same->info.name, same->info.version);
        return 0;
}

static void on_generated(struct operation *operation, int error, struct view answer,
                         const struct problem *problem)
{
        struct making *making = operation->context;
        struct problem reason = {};
        struct view handle;
        int r = error;

        if (r < 0) {
                fail_token(making, r, problem);
                return;
        }
        r = read_answer(making, answer, &handle, &reason);
        if (r < 0) {
                fail_token(making, r, &reason);
                return;
        }
        making->handle = view_dup(handle);
        making->info.algorithm = making->algorithm;
        (void)record_time(recorder_now(), making->info.created);
        r = keystore_prepare(making->agent->store, &making->info, handle, &making->key, &reason);
        if (r < 0) {
                fail(making, "StorageFailed", problem_text(&reason, r));
                return;
        }
        r = record_key(making);
        if (r < 0)
                on_recorded(making, r, 0);
}

static void make(struct making *making, struct token *token)
{
        char time[RECORD_TIME_SIZE];

        /* On the token itself: who made it, which key, which version; and when, so that one whose
         * creation was interrupted is not in the way of the next attempt. */
        (void)snprintf(making->label, sizeof(making->label), "hallmark %s %u %s", making->name,
                       making->info.version, record_time(recorder_now(), time));
        making->operation = (struct operation){
                .kind = FRAME_GENERATE,
                .algorithm = making->algorithm,
                .label = making->label,
                .options = &making->options,
                .done = on_generated,
                .context = making,
        };
        making->next = making->agent->makings;
        making->agent->makings = making;
        token_submit(token, &making->operation);
}

static struct making *new_making(struct agent *agent, const char *name, const char *token)
{
        struct making *making = calloc(1, sizeof(*making));

        if (!making)
                return NULL;
        making->agent = agent;
        agent->in_progress++; /* until making_free() */
        making->info.version = 1;
        making->info.state = KEY_ACTIVE;
        (void)snprintf(making->name, sizeof(making->name), "%s", name);
        (void)snprintf(making->token, sizeof(making->token), "%s", token);
        (void)snprintf(making->info.name, sizeof(making->info.name), "%s", name);
        (void)snprintf(making->info.token, sizeof(making->info.token), "%s", token);
        return making;
}

/* The purpose asked for, else that of the [Key] section, else general. */
static int choose_purpose(const struct agent *agent, const json_t *parameters, const char *name,
                          enum key_purpose *ret, struct problem *problem)
{
        const char *purpose = json_member_string(parameters, "purpose");
        const struct config_key *section = config_find_key(agent->config, name);

        *ret = section ? section->purpose : KEY_GENERAL;
        if (purpose && key_purpose_parse(purpose, ret) < 0)
                return problem_set(problem, -EINVAL, "purpose \"%.64s\" is unknown", purpose);
        if (*ret == KEY_LOG)
                return problem_set(problem, -EINVAL, "the agent makes the log key itself");
        if (section && *ret != section->purpose)
                return problem_set(problem, -EINVAL, "%s: the purpose of key \"%s\" is %s",
                                   section->place, name, key_purpose_name(section->purpose));
        return 0;
}

/* What the [Key] section of that name says is binding. */
static int apply_section(const struct agent *agent, const char *name, const json_t *parameters,
                         struct keyring_key *ret, struct problem *problem)
{
        const struct config_key *section = config_find_key(agent->config, name);
        const char *token = json_member_string(parameters, "token");
        const char *algorithm = json_member_string(parameters, "algorithm");

        if (section && !string_equal(section->token, token))
                return problem_set(problem, -EINVAL, "%s: key \"%s\" belongs to token %s",
                                   section->place, name, section->token);
        if (section && !string_equal(section->algorithm->name, algorithm))
                return problem_set(problem, -EINVAL, "%s: the algorithm of key \"%s\" is %s",
                                   section->place, name, section->algorithm->name);
        if (section)
                ret->transparency = section->transparency;
        return 0;
}

/* What the section of the key wants of the token. */
static int want_gate(struct making *making, const struct config_key *section)
{
        _cleanup_(buf_done) struct buf witness = {};
        int r = 0;

        if (!section)
                return 0;
        making->use_counter = section->use_counter;
        if (section->use_counter)
                r = facts_add(&making->options, "UseCounter", "yes");
        if (r < 0 || !section->gate.witness)
                return r;
        base64_encode(&witness, pubkey_spki(section->gate.witness));
        buf_put_u8(&witness, '\0');
        r = buf_error(&witness);
        if (r == 0)
                r = facts_add(&making->options, "Witness", (const char *)witness.data);
        return r < 0 ? r : gate_copy(&section->gate, &making->info.gate);
}

static int is_being_made(const struct agent *agent, const char *name)
{
        for (const struct making *making = agent->makings; making; making = making->next)
                if (string_equal(making->name, name))
                        return 1;
        return 0;
}

static int is_taken(const struct agent *agent, const char *name)
{
        return is_being_made(agent, name) || keystore_has_name(agent->store, name);
}

/* Making it again begins when the removal ends. */
static int is_being_undone(const struct agent *agent, const char *name)
{
        const struct key *key;

        for (size_t i = 0; (key = keystore_pending_at(agent->store, i)); i++)
                if (key->undoing && string_equal(key->info.name, name))
                        return 1;
        return 0;
}

/* The name of the error that stands against it, or NULL. */
static const char *check_creation(struct agent *agent, const json_t *parameters,
                                  struct keyring_key *ret, struct problem *problem)
{
        const char *name = json_member_string(parameters, "name");
        const char *token = json_member_string(parameters, "token");
        const char *algorithm = json_member_string(parameters, "algorithm");

        if (is_taken(agent, name)) {
                (void)problem_set(problem, 0, "key \"%s\" is there already", name);
                return "KeyExists";
        }
        if (!config_find_token(agent->config, token)) {
                (void)problem_set(problem, 0, "there is no token \"%.64s\"", token);
                return "NoSuchToken";
        }
        ret->algorithm = algorithm_find(algorithm);
        if (!ret->algorithm) {
                (void)problem_set(problem, 0, "algorithm \"%.64s\" is unknown", algorithm);
                return "UnsupportedAlgorithm";
        }
        if (choose_purpose(agent, parameters, name, &ret->purpose, problem) < 0 ||
            apply_section(agent, name, parameters, ret, problem) < 0)
                return "BadName";
        return NULL;
}

void agent_create_key(struct agent *agent, struct call *call)
{
        const json_t *parameters = call->message.parameters;
        const char *name = json_member_string(parameters, "name"), *error;
        struct grant_decision decision = {};
        struct problem problem = {};
        struct keyring_key info = {};
        struct making *making;
        struct token *token;

        if (!key_name_is_valid(name)) {
                call_fail(
                        call, "BadName",
                        "a name is 1 to %d of a-z A-Z 0-9 . _ - and begins with a letter or digit; "
                        "found \"%.80s\"",
                        KEY_NAME_MAX, name);
                return;
        }
        if (!agent_granted(agent, call, name, &decision))
                return;
        error = check_creation(agent, parameters, &info, &problem);
        if (error) {
                call_fail(call, error, "%s", problem.text);
                return;
        }
        token = agent_find_token(agent, json_member_string(parameters, "token"), &problem);
        if (!token) {
                agent_fail_token(call, json_member_string(parameters, "token"), -ENODEV, &problem);
                return;
        }
        if (!agent_can_record(agent, call))
                return;
        making = new_making(agent, name, token_name(token));
        if (!making) {
                call_fail(call, "Busy", "out of memory");
                return;
        }
        making->call = call;
        making->caller = caller_to_json(call_caller(call));
        making->decision = decision;
        making->algorithm = info.algorithm;
        making->info.purpose = info.purpose;
        making->info.transparency = info.transparency;
        if (want_gate(making, config_find_key(agent->config, name)) < 0) {
                call_fail(call, "Busy", "out of memory");
                making_free(making);
                return;
        }
        (void)call_request(call, making->request);
        make(making, token);
}

void agent_want_log_key(struct agent *agent)
{
        const struct config_key *section = agent->config->log_key;
        struct token *token = agent_find_token(agent, section->token, NULL);
        struct making *making;

        if (is_taken(agent, section->name) || agent->stopping || keystore_log_key(agent->store) ||
            !token || token_state(token) != TOKEN_READY ||
            writer_check(agent->writer) != WRITER_OPEN)
                return;
        making = new_making(agent, section->name, section->token);
        if (!making)
                return; /* wanted again when the token next becomes ready */
        making->algorithm = section->algorithm;
        making->info.purpose = KEY_LOG;
        make(making, token);
}

int agent_log_key_is_coming(const struct agent *agent)
{
        const struct config_key *section = agent->config->log_key;
        const struct token *token = agent_find_token(agent, section->token, NULL);

        if (keystore_log_key(agent->store))
                return 0;
        return is_being_made(agent, section->name) || is_being_undone(agent, section->name) ||
               (token && token_state(token) == TOKEN_STARTING);
}
