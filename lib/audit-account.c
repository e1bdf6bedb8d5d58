/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/audit-account.h"

#include <errno.h>

#include "lib/base64.h"
#include "lib/checkpoint.h"
#include "lib/note.h"

#define WORDS_MAX 4

/* A command as the record has it. */
struct command {
        struct view word[WORDS_MAX];
        size_t count;
};

void audit_account_done(struct audit_account *account)
{
        free(account->waiting);
        account->waiting = NULL;
}

static int fill_response(struct audit_waiting *waiting, const struct audit_signed *made)
{
        _cleanup_(buf_done) struct buf signature = BUF_INIT(SPKI_SIZE_MAX);
        _cleanup_(buf_done) struct buf response = BUF_INIT(sizeof(waiting->response));
        const struct algorithm *algorithm = made->key->algorithm;
        int r = base64_decode(&signature, made->signature);

        if (r == 0)
                r = command_audit_put_signature(&response, algorithm, buf_view(&signature));
        if (r < 0)
                return r;
        memcpy(waiting->response, response.data, response.size);
        waiting->response_size = (uint16_t)response.size;
        return 0;
}

static int fill(struct audit_waiting *waiting, const struct audit_signed *made)
{
        memcpy(waiting->message, made->message, made->key->algorithm->digest_size);
        waiting->excused = made->is_intent;
        return made->is_intent ? 0 : fill_response(waiting, made);
}

int audit_signed_read(const struct record *record, const struct keyring_key *key,
                      struct audit_signed *ret)
{
        _cleanup_(freep) char *digest = view_dup(record_string(record, "digest"));

        if (!digest)
                return -ENOMEM;
        ret->key = key;
        ret->signature = record_string(record, "signature");
        ret->is_intent = record_is(record, "intent");
        return digest_parse(digest, key->algorithm, ret->message, NULL);
}

int audit_account_add(struct audit_account *account, uint64_t index,
                      const struct audit_signed *made)
{
        struct audit_waiting *waiting;
        int r;

        if (!account->waiting)
                account->waiting = calloc(AUDIT_ACCOUNT_WAITING_MAX, sizeof(*account->waiting));
        if (!account->waiting)
                return -ENOMEM;
        if (account->count == AUDIT_ACCOUNT_WAITING_MAX)
                return -ENOBUFS;
        waiting = &account->waiting[account->count];
        *waiting = (struct audit_waiting){.index = index, .key = made->key};
        r = fill(waiting, made);
        if (r == 0)
                account->count++;
        return r;
}

/* Of two signatures in one record, the first that has not been named yet. */
static struct audit_waiting *find_waiting(struct audit_account *account, uint64_t index)
{
        size_t low = 0, high = account->count;

        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (account->waiting[middle].index < index)
                        low = middle + 1;
                else
                        high = middle;
        }
        if (low + 1 < account->count && account->waiting[low + 1].index == index &&
            account->waiting[low].named)
                low++;
        return low < account->count && account->waiting[low].index == index ? &account->waiting[low]
                                                                            : NULL;
}

/* The canonical form has no white space, and what an agent writes there needs no escapes. 1, 0 at
 * the end, -EBADMSG. */
static int next_command(struct reader *array, struct command *ret)
{
        struct view text;
        size_t size = 0;

        if (array->left <= 1)
                return 0;
        (void)reader_u8(array); /* '[' or ',' */
        if (array->left == 1)
                return 0; /* an empty one */
        if (array->left > 0 && *array->next == '"') {
                (void)reader_u8(array);
                text = reader_until(array, '"');
        } else {
                while (size < array->left && array->next[size] != ',' && array->next[size] != ']')
                        size++;
                text = reader_bytes(array, size);
        }
        *ret = (struct command){};
        for (struct reader words = reader_init(text); words.left > 0;) {
                size_t length = 0;

                while (length < words.left && words.next[length] != ' ')
                        length++;
                if (ret->count == WORDS_MAX)
                        return -EBADMSG;
                ret->word[ret->count++] = reader_bytes(&words, length);
                if (words.left > 0)
                        (void)reader_u8(&words);
        }
        return array->bad || ret->count == 0 ? -EBADMSG : 1;
}

/* What the commands of one record are checked with. */
struct check {
        struct audit_account *account;
        const struct audit_context *context;
        uint64_t checkpoint; /* size of the last one: the log only grows */
        struct record names;
        struct buf response;
        struct problem *problem;
};

static int find_name(const struct check *check, struct view fingerprint,
                     uint8_t ret[COMMAND_AUDIT_NAME_SIZE])
{
        _cleanup_(freep) char *text = view_dup(fingerprint);

        if (!text)
                return -ENOMEM;
        if (hex_decode(record_string(&check->names, text), ret, COMMAND_AUDIT_NAME_SIZE) < 0)
                return problem_set(check->problem, -EBADMSG, "audit: no Name of key %.16s…", text);
        return 0;
}

static int read_response(struct check *check, struct view text)
{
        buf_clear(&check->response);
        if (base64_decode(&check->response, text) < 0)
                return problem_set(check->problem, -EBADMSG, "audit: a response is no base64");
        return 0;
}

static int add_sign(struct check *check, struct view fingerprint, struct view message,
                    struct view response)
{
        uint8_t name[COMMAND_AUDIT_NAME_SIZE];
        int r = find_name(check, fingerprint, name);

        if (r == 0)
                command_audit_add_sign(&check->account->digest, view_of(name, sizeof(name)),
                                       message, response);
        return r;
}

/* A TPM may leave out leading zeros, which the record does not show; the signature is the same. */
static int is_same_signature(const struct audit_waiting *waiting, struct view response)
{
        _cleanup_(buf_done) struct buf signature = BUF_INIT(SPKI_SIZE_MAX);
        _cleanup_(buf_done) struct buf again = BUF_INIT(sizeof(waiting->response));
        const struct algorithm *algorithm = waiting->key->algorithm;

        return command_audit_read_signature(response, algorithm, &signature) == 0 &&
               command_audit_put_signature(&again, algorithm, buf_view(&signature)) == 0 &&
               view_equal(buf_view(&again), view_of(waiting->response, waiting->response_size));
}

/* What the TPM answered when it made that signature. An intent tells nothing of it: then the digest
 * alone, which the TPM attests, tells whether it is so. */
static int find_response(struct check *check, const struct audit_waiting *waiting,
                         const struct command *command, struct view *ret)
{
        int is_intent = waiting->response_size == 0, r;

        if (command->count == 1 && is_intent)
                return problem_set(check->problem, -EBADMSG,
                                   "audit: names record %llu, an intent, without a response",
                                   (unsigned long long)waiting->index);
        if (command->count == 1) {
                *ret = view_of(waiting->response, waiting->response_size);
                return 0;
        }
        r = read_response(check, command->word[1]);
        if (r < 0)
                return r;
        *ret = buf_view(&check->response);
        if (is_intent || is_same_signature(waiting, *ret))
                return 0;
        return problem_set(check->problem, -EKEYREJECTED,
                           "audit: the response of the TPM is not the signature in record %llu",
                           (unsigned long long)waiting->index);
}

static int take_record(struct check *check, const struct command *command)
{
        struct audit_waiting *waiting = NULL;
        char fingerprint[HEX_SIZE(SHA256_SIZE)];
        struct view response;
        uint64_t index;
        int r;

        if (view_parse_decimal(command->word[0], &index) < 0 || command->count > 2)
                return problem_set(check->problem, -EBADMSG, "audit: no such command: %.*s",
                                   (int)command->word[0].size, (const char *)command->word[0].data);
        waiting = find_waiting(check->account, index);
        if (!waiting || waiting->named)
                return problem_set(check->problem, -EKEYREJECTED,
                                   "audit: names record %llu, which is no signature of this token "
                                   "or was named before",
                                   (unsigned long long)index);
        waiting->named = 1;
        r = find_response(check, waiting, command, &response);
        if (r < 0)
                return r;
        (void)hex_encode(sha256_view(pubkey_fingerprint(waiting->key->pubkey)), fingerprint);
        return add_sign(check, view_string(fingerprint),
                        view_of(waiting->message, waiting->key->algorithm->digest_size), response);
}

static int take_look(struct check *check, const struct command *command)
{
        int r = command->count == 2 ? read_response(check, command->word[1]) : -EBADMSG;

        if (r == 0)
                command_audit_add_look(&check->account->digest, view_of(NULL, 0), view_of(NULL, 0),
                                       buf_view(&check->response));
        return r;
}

/* The response must be a signature of that digest by a log key of the ring. */
static int check_log_signature(struct check *check, struct view fingerprint,
                               const struct sha256 *message)
{
        _cleanup_(buf_done) struct buf signature = BUF_INIT(SPKI_SIZE_MAX);
        struct keyring_key *key = NULL;
        struct sha256 hash;
        int r = hex_decode(fingerprint, hash.bytes, SHA256_SIZE);

        if (r == 0)
                key = keyring_find_fingerprint(check->context->ring, &hash);
        if (!key || key->purpose != KEY_LOG)
                return problem_set(check->problem, -EKEYREJECTED,
                                   "audit: names a checkpoint that no log key of the ring signed");
        r = command_audit_read_signature(buf_view(&check->response), key->algorithm, &signature);
        if (r == 0)
                r = pubkey_verify(key->pubkey, key->algorithm, sha256_view(message),
                                  buf_view(&signature));
        return r == 0 || r == -ENOMEM ? r
                                      : problem_set(check->problem, -EKEYREJECTED,
                                                    "audit: the signature of a checkpoint does not "
                                                    "verify");
}

/* The log key must have signed the tree that this journal had. */
static int take_checkpoint(struct check *check, const struct command *command)
{
        _cleanup_(buf_done) struct buf text = {};
        struct checkpoint checkpoint = {};
        struct sha256 message;
        int r;

        if (command->count != 4 || view_parse_decimal(command->word[1], &checkpoint.size) < 0)
                return -EBADMSG;
        if (checkpoint.size < check->checkpoint ||
            tree_window_root(check->context->window, checkpoint.size, &checkpoint.root) < 0)
                return problem_set(check->problem, -EKEYREJECTED,
                                   "audit: names a checkpoint of %llu records, which was none in "
                                   "its interval",
                                   (unsigned long long)checkpoint.size);
        check->checkpoint = checkpoint.size;
        checkpoint_put_text(&text, check->context->origin, &checkpoint);
        if (buf_error(&text))
                return buf_error(&text);
        message = note_digest(buf_view(&text));
        r = read_response(check, command->word[3]);
        if (r == 0)
                r = check_log_signature(check, command->word[2], &message);
        return r < 0 ? r
                     : add_sign(check, command->word[2], sha256_view(&message),
                                buf_view(&check->response));
}

static int is_in_ring(const struct check *check, struct view fingerprint)
{
        struct sha256 hash;

        return hex_decode(fingerprint, hash.bytes, SHA256_SIZE) == 0 &&
               keyring_find_fingerprint(check->context->ring, &hash);
}

/* By a version that did not come to be, it is worth nothing to anybody: no ring has that key. */
static int take_unrecorded(struct check *check, const struct command *command)
{
        uint8_t message[DIGEST_SIZE_MAX];
        size_t size = command->word[2].size / 2;
        int r;

        if (command->count != 4 || size > sizeof(message) ||
            hex_decode(command->word[2], message, size) < 0)
                return -EBADMSG;
        if (is_in_ring(check, command->word[1]))
                return problem_set(check->problem, -EKEYREJECTED,
                                   "audit: the TPM has made a signature that is in no record: key "
                                   "%.*s, digest %.*s",
                                   (int)command->word[1].size, (const char *)command->word[1].data,
                                   (int)command->word[2].size, (const char *)command->word[2].data);
        r = read_response(check, command->word[3]);
        return r < 0 ? r
                     : add_sign(check, command->word[1], view_of(message, size),
                                buf_view(&check->response));
}

static const struct {
        const char *word;
        int (*take)(struct check *check, const struct command *command);
} kinds[] = {{"look", take_look}, {"checkpoint", take_checkpoint}, {"sign", take_unrecorded}};

static int take_command(struct check *check, const struct command *command)
{
        for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
                if (view_is(command->word[0], kinds[i].word))
                        return kinds[i].take(check, command);
        return take_record(check, command);
}

static int take_commands(struct check *check, struct view commands)
{
        struct reader array = reader_init(commands);
        struct command command;
        int r;

        while ((r = next_command(&array, &command)) == 1) {
                r = take_command(check, &command);
                if (r < 0)
                        break;
        }
        return r == -EBADMSG ? problem_set(check->problem, r, "audit: malformed command") : r;
}

static int compare(const struct audit_account *account, const struct audit_claim *claim,
                   struct problem *problem)
{
        if (claim->attest.counter != account->counter + 1)
                return problem_set(problem, -EKEYREJECTED,
                                   "audit: interval %llu of the TPM follows interval %llu",
                                   (unsigned long long)claim->attest.counter,
                                   (unsigned long long)account->counter);
        if (!view_equal(claim->attest.digest, sha256_view(&account->digest)))
                return problem_set(problem, -EKEYREJECTED,
                                   "audit: the TPM has executed other commands than the journal "
                                   "has since record %llu",
                                   (unsigned long long)account->newest);
        return 0;
}

int audit_account_check(struct audit_account *account, const struct record *record,
                        const struct audit_claim *claim, const struct audit_context *context,
                        struct problem *problem)
{
        struct check check = {.account = account,
                              .context = context,
                              .response = BUF_INIT(COMMAND_AUDIT_RESPONSE_MAX),
                              .problem = problem};
        int r = record_object(record, "names", &check.names);

        if (r < 0)
                return problem_set(problem, -EBADMSG, "audit: names are too many");
        r = take_commands(&check, record_array(record, "commands"));
        buf_done(&check.response);
        return r < 0 ? r : compare(account, claim, problem);
}

uint64_t audit_account_settle(const struct audit_account *account, uint64_t index)
{
        for (size_t i = 0; i < account->count; i++)
                if (!account->waiting[i].named && !account->waiting[i].excused)
                        return account->waiting[i].index;
        return index + 1;
}

void audit_account_begin(struct audit_account *account, uint64_t index,
                         const struct audit_claim *claim, int excuse)
{
        size_t kept = 0;

        for (size_t i = 0; i < account->count; i++) {
                struct audit_waiting *waiting = &account->waiting[i];

                if (waiting->named || (waiting->excused && waiting->index < account->newest))
                        continue;
                waiting->excused |= excuse;
                if (i != kept)
                        account->waiting[kept] = *waiting;
                kept++;
        }
        account->count = kept;
        account->before = account->newest;
        account->newest = index;
        account->known = 1;
        account->restarted = 0;
        account->counter = claim->attest.counter;
        account->key = claim->key;
        account->digest = (struct sha256){};
        command_audit_add_look(&account->digest, buf_view(&claim->name),
                               claim->attest.head.qualifying, buf_view(&claim->response));
}

int audit_account_take_forgotten(struct audit_account *account, uint64_t *ret)
{
        struct audit_waiting *oldest = account->waiting;

        if (account->count == 0 || oldest->excused || oldest->index >= account->before)
                return 0;
        *ret = oldest->index;
        account->count--;
        memmove(oldest, oldest + 1, account->count * sizeof(*oldest));
        return 1;
}
