/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <sys/random.h>

#include "agent/creation.h"
#include "agent/event.h"
#include "agent/key-request.h"
#include "agent/ring.h"
#include "lib/challenge.h"
#include "lib/evidence-check.h"

/* A token is asked what it says of a key; what it says is looked at, recorded, and kept with the
 * key. A crash after the record leaves the key with what was said of it before: nobody was
 * answered, and the same request does it again. */
struct attesting {
        struct agent *agent;
        struct call *call;
        struct key *key;
        struct operation operation;
        struct evidence_question question; /* borrows from the next two */
        uint8_t nonce[EVIDENCE_NONCE_MAX];
        struct challenge challenge;
        struct key_creation creation;
        struct problem no_creation; /* why there is none */
        int asked;                  /* for a nonce, by the caller */
        struct grant_decision decision;
        json_t *caller, *evidence;
        char request[CALL_REQUEST_SIZE], id[KEY_ID_SIZE];
        struct attesting *next;
};

static void attesting_free(struct attesting *attesting)
{
        struct agent *agent = attesting->agent;
        struct attesting **link = &agent->attestings;

        while (*link != attesting)
                link = &(*link)->next;
        *link = attesting->next;
        challenge_done(&attesting->challenge);
        key_creation_done(&attesting->creation);
        json_decref(attesting->caller);
        json_decref(attesting->evidence);
        free(attesting);
        agent_answer_ring_calls(agent);
        agent_progress_ended(agent);
}

int attesting_has_name(const struct agent *agent, const char *name)
{
        for (const struct attesting *a = agent->attestings; a; a = a->next)
                if (string_equal(a->key->info.name, name))
                        return 1;
        return 0;
}

static void on_recorded(void *context, int error, uint64_t index)
{
        struct attesting *attesting = context;
        struct agent *agent = attesting->agent;
        struct key *key = attesting->key;
        struct problem problem = {};
        int r = error;

        if (error < 0)
                agent_fail_journal(agent, attesting->call, error);
        else
                r = keystore_set_evidence(agent->store, key, attesting->evidence, &problem);
        agent_key_settled(agent);
        if (error == 0 && r < 0)
                call_fail(attesting->call, "StorageFailed", "%s", problem_text(&problem, r));
        if (r == 0) {
                key_request_note(agent, attesting->call, "AttestKey", attesting->id, key);
                event_log(LOG_INFO, NULL, "token %s attested key %s version %u", key->info.token,
                          key->info.name, key->info.version);
                key_request_reply(attesting->call, key);
        }
        attesting_free(attesting);
}

static void record_evidence(struct attesting *attesting, enum evidence_kind kind)
{
        struct agent *agent = attesting->agent;
        json_t *record = recorder_begin(&agent->recorder, "key.attest");
        char nonce[HEX_SIZE(EVIDENCE_NONCE_MAX)];
        int r;

        if (record) {
                (void)json_object_set(record, "caller", attesting->caller);
                (void)json_object_set(record, "evidence", attesting->evidence);
                recorder_set(record, "decision", grant_decision_text(&attesting->decision));
                recorder_set(record, "grant", attesting->decision.grant);
                recorder_set(record, "id", attesting->id[0] ? attesting->id : NULL);
                if (kind == EVIDENCE_TPM2)
                        recorder_set(record, "nonce", hex_encode(attesting->question.nonce, nonce));
                recorder_set(record, "request", attesting->request);
                key_request_put_key(record, &attesting->key->info);
        }
        agent_key_unsettled(agent);
        r = recorder_append(&agent->recorder, record, on_recorded, attesting);
        if (r < 0)
                on_recorded(attesting, r, 0);
}

/* What would not convince a stranger is not recorded: a token that says such things has failed. */
static int check_all(const struct attesting *attesting, const struct evidence *evidence,
                     struct problem *problem)
{
        _cleanup_(evidence_proof_done) struct evidence_proof proof = {};
        int r = evidence_check(evidence, &attesting->key->info, &proof, problem);

        if (r == 0 && evidence->kind == EVIDENCE_TPM2)
                r = evidence_check_nonce(evidence, &proof, attesting->question.nonce, problem);
        if (r == 0 && evidence->kind == EVIDENCE_TPM2 && attesting->question.endorsement &&
            evidence->activated.size == 0)
                r = problem_set(problem, -EIO, "the token passed over the challenge");
        return r == 0 || r == -ENOMEM ? r : -EIO;
}

/* What the key was made for, beside what the token shows of it; or why it shows nothing. */
static int add_creation(const struct attesting *attesting, struct evidence *evidence)
{
        const struct problem *reason = &attesting->no_creation;

        if (evidence->kind != EVIDENCE_TPM2)
                return 0;
        if (evidence_part(evidence, EVIDENCE_CREATION).size == 0)
                return evidence_drop_creation(evidence, reason->text[0] ? reason->text
                                                                        : "the token did not say");
        return attesting->creation.created_for
                       ? evidence_set_created_for(evidence, attesting->creation.created_for)
                       : 0;
}

static int is_too_long(const struct evidence *evidence)
{
        _cleanup_(buf_done) struct buf text = {};

        return evidence_put(&text, evidence) == -EMSGSIZE;
}

/* A token that shows another creation than the key's has still shown where the key is. */
static int check(const struct attesting *attesting, struct evidence *evidence,
                 struct problem *problem)
{
        struct problem reason = {};
        int r = add_creation(attesting, evidence);

        if (r == 0 && is_too_long(evidence))
                r = problem_set(&reason, -EIO, "all that the token says is too long together");
        if (r == 0)
                r = check_all(attesting, evidence, &reason);
        if (r < 0 && r != -ENOMEM && evidence_part(evidence, EVIDENCE_CREATION).size > 0) {
                r = evidence_drop_creation(evidence, problem_text(&reason, r));
                reason = (struct problem){};
                if (r == 0)
                        r = check_all(attesting, evidence, &reason);
        }
        return r < 0 ? problem_set(problem, r, "%s", problem_text(&reason, r)) : 0;
}

static int take_answer(struct attesting *attesting, struct view answer,
                       enum evidence_kind *ret_kind, struct problem *problem)
{
        _cleanup_(evidence_done) struct evidence evidence;
        struct reader reader = reader_init(answer);
        struct view text = reader_sized(&reader);
        struct problem reason = {};
        int r;

        evidence_init(&evidence);
        r = reader_end(&reader) < 0 ? problem_set(&reason, -EIO, "malformed")
                                    : evidence_parse(text, &evidence, &reason);
        if (r == 0)
                r = check(attesting, &evidence, &reason);
        if (r == -ENOMEM)
                return r;
        if (r < 0)
                return problem_set(problem, -EIO, "answer to attest: %s", problem_text(&reason, r));
        if (evidence.kind != EVIDENCE_TPM2 && attesting->asked)
                return problem_set(problem, -EKEYREJECTED,
                                   "nothing that a PKCS#11 token says answers to a nonce");
        attesting->evidence = evidence_to_json(&evidence);
        *ret_kind = evidence.kind;
        return attesting->evidence ? 0 : -ENOMEM;
}

static void fail(struct attesting *attesting, int error, const struct problem *problem)
{
        const char *token = attesting->key->info.token;

        if (error == -EKEYREJECTED && attesting->asked)
                call_fail(attesting->call, "BadChallenge", "token %s: %s", token,
                          problem_text(problem, error));
        else if (error == -EOPNOTSUPP)
                call_fail(attesting->call, "NotAttested", "token %s: %s", token,
                          problem_text(problem, error));
        else if (error == -ENOMEM)
                call_fail(attesting->call, "Busy", "out of memory");
        else
                agent_fail_token(attesting->call, token, error, problem);
        attesting_free(attesting);
}

static void on_attested(struct operation *operation, int error, struct view answer,
                        const struct problem *problem)
{
        struct attesting *attesting = operation->context;
        enum evidence_kind kind = EVIDENCE_TPM2;
        struct problem reason = {};
        int r = error;

        if (r == 0)
                r = take_answer(attesting, answer, &kind, &reason);
        if (r < 0)
                fail(attesting, r, error < 0 ? problem : &reason);
        else
                record_evidence(attesting, kind);
}

/* The version that the call is about. If there is none that its token still has, @call has been
 * answered. */
static struct key *find_key(struct agent *agent, struct call *call, const char *name)
{
        json_int_t version = json_member_integer(call->message.parameters, "version", 0);
        struct key *key = NULL;

        if (version >= 0 && version <= UINT32_MAX)
                key = keystore_find(agent->store, name, (uint32_t)version);
        if (!key)
                call_fail(call, "NoSuchKey",
                          version ? "there is no such version of key \"%s\""
                                  : "there is no active version of key \"%s\"",
                          name);
        if (key && key->info.imported[0]) {
                call_fail(call, "WrongState",
                          "key \"%s\" was imported: no token here has it, so that there is no "
                          "evidence of it",
                          name);
                return NULL;
        }
        if (!key || (key->info.state != KEY_DESTROYED && !key->info.destroyed[0]))
                return key;
        call_fail(call, "WrongState", "version %u of key \"%s\" is destroyed", key->info.version,
                  name);
        return NULL;
}

static int read_challenge(struct attesting *attesting, const json_t *object,
                          struct problem *problem)
{
        _cleanup_(buf_done) struct buf text = BUF_INIT(CHALLENGE_TEXT_MAX);
        struct challenge *challenge = &attesting->challenge;
        int r;

        json_put(&text, object);
        r = buf_error(&text) == -EMSGSIZE ? problem_set(problem, -EBADMSG, "challenge: too long")
                                          : challenge_parse(buf_view(&text), challenge, problem);
        if (r < 0)
                return r;
        attesting->question = (struct evidence_question){
                .nonce = view_of(challenge->nonce, sizeof(challenge->nonce)),
                .endorsement = challenge->endorsement->name,
                .blob = buf_view(&challenge->credential.blob),
                .encrypted = buf_view(&challenge->credential.encrypted),
        };
        return 0;
}

/* A nonce that nobody asked for tells one attestation from another. */
static int read_nonce(struct attesting *attesting, const char *hex, struct problem *problem)
{
        size_t size = hex ? strlen(hex) / 2 : EVIDENCE_NONCE_MAX;

        if (!hex && getrandom(attesting->nonce, size, 0) != (ssize_t)size)
                return -ENOMEM; /* so few bytes come at once, or the kernel has no such call */
        if (size < EVIDENCE_NONCE_MIN || size > EVIDENCE_NONCE_MAX ||
            (hex && hex_decode(view_string(hex), attesting->nonce, size) < 0))
                return problem_set(problem, -EBADMSG,
                                   "nonce: expected 8 to 32 bytes in hexadecimal");
        attesting->question.nonce = view_of(attesting->nonce, size);
        return 0;
}

static int read_question(struct attesting *attesting, const json_t *parameters,
                         struct problem *problem)
{
        const char *nonce = json_member_string(parameters, "nonce");
        const json_t *challenge = json_object_get(parameters, "challenge");

        if (json_is_null(challenge))
                challenge = NULL;
        attesting->asked = nonce || challenge;
        if (nonce && challenge)
                return problem_set(problem, -EBADMSG, "nonce: a challenge has its own");
        return challenge ? read_challenge(attesting, challenge, problem)
                         : read_nonce(attesting, nonce, problem);
}

static struct attesting *attesting_new(struct agent *agent, struct call *call, struct key *key)
{
        struct attesting *attesting = calloc(1, sizeof(*attesting));

        if (!attesting)
                return NULL;
        attesting->agent = agent;
        attesting->call = call;
        attesting->key = key;
        attesting->caller = caller_to_json(call_caller(call));
        (void)call_request(call, attesting->request);
        key_request_id(call, attesting->id);
        attesting->next = agent->attestings;
        agent->attestings = attesting;
        agent->in_progress++;
        return attesting;
}

/* Whatever is wrong with it, the token is asked where the key is. */
static void read_creation(struct attesting *attesting)
{
        _cleanup_(buf_done) struct buf text = BUF_INIT(KEY_CREATION_TEXT_MAX + 1);
        struct key_creation *creation = &attesting->creation;
        struct problem *reason = &attesting->no_creation, why = {};
        int r = keystore_read_creation(attesting->agent->store, attesting->key, &text, &why);

        if (r == -ENOENT) {
                (void)problem_set(reason, r, "nothing was kept of it when the key was made");
                return;
        }
        if (r == 0)
                r = key_creation_parse(buf_view(&text), creation, &why);
        if (r < 0) {
                (void)problem_set(reason, r, "what was kept of it cannot be read: %s",
                                  problem_text(&why, r));
                key_creation_done(creation);
                return;
        }
        if (creation->reason)
                (void)problem_set(reason, -EIO, "%s", creation->reason);
        attesting->question.creation = buf_view(&creation->proof);
}

/* A key that has ended is loaded for the occasion. */
static void ask(struct attesting *attesting, struct token *token)
{
        read_creation(attesting);
        attesting->operation = (struct operation){
                .kind = FRAME_ATTEST,
                .key = &attesting->key->token_key,
                .question = &attesting->question,
                .done = on_attested,
                .context = attesting,
        };
        token_add_key(token, &attesting->key->token_key);
        token_submit(token, &attesting->operation);
}

void agent_attest_key(struct agent *agent, struct call *call)
{
        const char *name = json_member_string(call->message.parameters, "name");
        struct grant_decision decision = {};
        struct attesting *attesting;
        struct problem problem = {};
        struct token *token;
        struct key *key;
        int r;

        if (!key_request_begin(agent, call, name, &decision))
                return;
        key = find_key(agent, call, name);
        token = key ? key_request_find_token(agent, call, key->info.token) : NULL;
        if (!token)
                return;
        attesting = attesting_new(agent, call, key);
        if (!attesting) {
                call_fail(call, "Busy", "out of memory");
                return;
        }
        attesting->decision = decision;
        r = read_question(attesting, call->message.parameters, &problem);
        if (r == 0) {
                ask(attesting, token);
                return;
        }
        call_fail(call, r == -ENOMEM ? "Busy" : "BadChallenge", "%s", problem_text(&problem, r));
        attesting_free(attesting);
}
