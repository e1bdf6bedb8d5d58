/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "agent/sealer-parts.h"
#include "lib/signed-message.h"

/* Both keys sign the same three lines at the same time. The checkpoint is what the primary key
 * makes of it: a second signature that does not come is missing, and nothing else is. */

static void on_signed(struct operation *operation, int error, struct view answer,
                      const struct problem *problem);

static void set_second_reason(struct sealer *sealer, const char *reason)
{
        int changed = !string_equal(sealer->second_reason.text, reason ? reason : "");

        sealer->second_reason = (struct problem){};
        if (reason)
                (void)problem_set(&sealer->second_reason, 0, "second log key: %s", reason);
        if (changed && sealer->events.second_changed)
                sealer->events.second_changed(reason, sealer->events.context);
}

int sealer_find_key(struct sealer *sealer, struct token **ret_token, struct problem *problem)
{
        if (sealer->held.text[0])
                return problem_set(problem, -ENODEV, "%s", sealer->held.text);
        if (sealer->events.find_key(&sealer->primary.key, ret_token, sealer->events.context))
                return 0;
        return problem_set(problem, -ENOKEY, "there is no log key yet");
}

int sealer_refuse_token(const struct token *token, struct problem *problem)
{
        return problem_set(problem, -ENODEV, "token %s is %s: %s", token_name(token),
                           token_state_name(token_state(token)), token_reason(token));
}

static int prepare(struct sealer *sealer, struct sealer_signature *signature)
{
        buf_clear(&signature->value);
        signature->error = 0;
        signature->problem = (struct problem){};
        signature->operation = (struct operation){
                .kind = FRAME_SIGN,
                .key = &signature->key->token_key,
                .checkpoint = sealer->checkpoint.size,
                .done = on_signed,
                .context = sealer,
        };
        return operation_sign_message(&signature->operation, buf_view(&sealer->text));
}

/* If there is a second key, and its token is ready: it is not waited for. */
static void submit_second(struct sealer *sealer)
{
        struct sealer_signature *second = &sealer->second;
        struct problem reason = {};
        struct token *token = NULL;
        int r = 0;

        second->key = NULL;
        if (!sealer->events.find_second ||
            !sealer->events.find_second(&second->key, &token, sealer->events.context)) {
                set_second_reason(sealer, NULL);
                return;
        }
        if (!token)
                r = problem_set(&reason, -ENODEV, "its token is not configured");
        else if (token_state(token) != TOKEN_READY)
                r = sealer_refuse_token(token, &reason);
        if (r == 0)
                r = prepare(sealer, second);
        if (r < 0) {
                second->key = NULL;
                set_second_reason(sealer, problem_text(&reason, r));
                return;
        }
        sealer->pending++;
        token_submit_first(token, &second->operation);
}

int sealer_submit(struct sealer *sealer, struct token *token)
{
        int r;

        sealer->checkpoint = writer_head(sealer->writer);
        buf_clear(&sealer->text);
        checkpoint_put_text(&sealer->text, sealer->origin, &sealer->checkpoint);
        r = buf_error(&sealer->text);
        if (r == 0)
                r = prepare(sealer, &sealer->primary);
        if (r < 0)
                return r;
        sealer->pending = 1;
        submit_second(sealer);
        token_submit(token, &sealer->primary.operation);
        return 0;
}

static int read_signature(struct sealer_signature *signature, struct view answer)
{
        const struct operation *operation = &signature->operation;
        const struct keyring_key *key = &signature->key->info;
        struct reader reader = reader_init(answer);
        struct view value = reader_sized(&reader);

        if (reader_end(&reader) < 0 ||
            signed_message_verify(key->pubkey, key->algorithm,
                                  view_of(operation->digest, key->algorithm->digest_size),
                                  operation->message, value) < 0)
                return problem_set(&signature->problem, -EKEYREJECTED,
                                   "log key \"%s\": the token's signature does not verify",
                                   key->name);
        buf_put_view(&signature->value, value);
        return buf_error(&signature->value);
}

/* The checkpoint that was pending becomes the newest one. */
static int take_signatures(struct sealer *sealer)
{
        const struct sealer_signature *second = &sealer->second;
        _cleanup_(buf_done) struct buf note = BUF_INIT(NOTE_SIZE_MAX);
        int r;

        buf_put_view(&note, buf_view(&sealer->text));
        buf_put_u8(&note, '\n');
        r = note_put_signature(&note, sealer->origin, sealer->primary.key->info.pubkey,
                               buf_view(&sealer->primary.value));
        if (r == 0 && second->key && second->error == 0)
                r = note_put_signature(&note, sealer->origin, second->key->info.pubkey,
                                       buf_view(&second->value));
        if (r < 0)
                return r;
        buf_done(&sealer->note);
        sealer->note = note;
        note = (struct buf){};
        sealer->newest = sealer->checkpoint;
        sealer->count++;
        return 0;
}

static void complete(struct sealer *sealer)
{
        const struct sealer_signature *primary = &sealer->primary, *second = &sealer->second;
        struct problem reason = primary->problem;
        int r = primary->error;

        if (second->key)
                set_second_reason(sealer, second->error < 0
                                                  ? problem_text(&second->problem, second->error)
                                                  : NULL);
        if (r == 0)
                r = take_signatures(sealer);
        sealer_take_checkpoint(sealer, r, &reason);
}

static void on_signed(struct operation *operation, int error, struct view answer,
                      const struct problem *problem)
{
        struct sealer *sealer = operation->context;
        struct sealer_signature *signature =
                operation == &sealer->primary.operation ? &sealer->primary : &sealer->second;

        if (error < 0)
                signature->error =
                        problem_set(&signature->problem, error, "log key \"%s\": %s",
                                    signature->key->info.name, problem_text(problem, error));
        else
                signature->error = read_signature(signature, answer);
        if (--sealer->pending == 0)
                complete(sealer);
}
