/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Command audit, level L2a: between two `audit` records of a token its TPM has executed what the
 * journal has, and nothing else. An interval that the agent has called broken reaches no level, and
 * is told; one that it has called complete and that is not is a finding, and so is one in which it
 * has seen that somebody else had the TPM.
 */

#include <errno.h>

#include "lib/audit-account.h"
#include "lib/digest.h"
#include "lib/replay-rule.h"
#include "lib/rotation.h"

#define TOKENS_MAX     (REPLAY_ATTESTERS_MAX - 1)
#define WINDOW_WAITING 16384 /* records that are made while a checkpoint waits for its token */
#define WINDOW_FIRST                                                                               \
        4096 /* records after a token has come up in which its first attestation is                \
              */

struct audits {
        struct replay *replay;
        struct audit_account accounts[TOKENS_MAX];
        size_t count;
        int watching; /* the window is kept */
        struct tree_window window;
};

static void audits_free(void *state)
{
        struct audits *audits = state;

        for (size_t i = 0; audits && i < audits->count; i++)
                audit_account_done(&audits->accounts[i]);
        if (audits)
                tree_window_done(&audits->window);
        free(audits);
}

static int begin(struct replay *replay, void **ret_state)
{
        struct audits *audits = calloc(1, sizeof(*audits));

        *ret_state = audits;
        if (!audits)
                return -ENOMEM;
        audits->replay = replay;
        return 0;
}

static struct audit_account *find_account(struct audits *audits, struct view token)
{
        for (size_t i = 0; i < audits->count; i++)
                if (view_is(token, audits->accounts[i].token))
                        return &audits->accounts[i];
        return NULL;
}

static int is_token_of_ring(const struct audits *audits, struct view token)
{
        const struct keyring *ring = replay_ring(audits->replay);

        for (size_t i = 0; i < ring->count; i++)
                if (view_is(token, ring->keys[i].token))
                        return 1;
        return 0;
}

static struct audit_account *add_account(struct audits *audits, struct view token)
{
        struct audit_account *account = &audits->accounts[audits->count];

        if (audits->count == TOKENS_MAX || !is_token_of_ring(audits, token))
                return NULL;
        *account = (struct audit_account){};
        memcpy(account->token, token.data, token.size);
        audits->count++;
        return account;
}

static void take_token(struct audits *audits, const struct replay_leaf *leaf)
{
        struct audit_account *account = find_account(audits, record_string(leaf->record, "token"));

        if (!view_is(record_string(leaf->record, "state"), "ready"))
                return;
        if (account)
                account->restarted = 1;
}

/* The first attestation of a token comes soon after one of these, and is of a tree from then on. */
static void begin_watch(struct audits *audits, const struct replay_leaf *leaf)
{
        static const char *const types[] = {"agent.start", "config", "token"};
        int begins = audits->count > 0; /* after what was missing */

        for (size_t i = 0; i < ARRAY_SIZE(types) && leaf->record; i++)
                begins |= record_is(leaf->record, types[i]);
        if (audits->watching || !begins)
                return;
        audits->watching = 1;
        tree_window_begin(&audits->window, replay_tree(audits->replay));
}

static int add_signature(struct audits *audits, const struct replay_leaf *leaf,
                         struct audit_account *account, const struct audit_signed *made)
{
        const char *type = leaf->record->type->name;
        int r;

        if (account->restarted) {
                replay_report_leaf(audits->replay, leaf,
                                   "%s: token \"%s\" was audited up to record %llu, and signs "
                                   "without audit since",
                                   type, account->token, (unsigned long long)account->newest);
                account->restarted = 0;
        }
        r = audit_account_add(account, leaf->index, made);
        if (r == 0 || r == -ENOMEM)
                return r;
        if (r == -ENOBUFS)
                replay_report_leaf(audits->replay, leaf,
                                   "%s: no attestation of token \"%s\" for %d signatures", type,
                                   account->token, AUDIT_ACCOUNT_WAITING_MAX);
        else
                replay_report_leaf(audits->replay, leaf, "%s: no TPM answers with such a signature",
                                   type);
        account->count = 0;
        account->known = 0;
        return 0;
}

static int take_signature(struct audits *audits, const struct replay_leaf *leaf)
{
        const struct keyring_key *key = leaf->key;
        struct audit_account *account = key ? find_account(audits, view_string(key->token)) : NULL;
        struct audit_signed made = {};
        int r = account ? audit_signed_read(leaf->record, key, &made) : 0;

        if (!account || r == -EBADMSG)
                return 0; /* another rule says what is wrong with the record */
        return r < 0 ? r : add_signature(audits, leaf, account, &made);
}

/* The TPM has signed, and nobody was given it. */
static int take_intent(struct audits *audits, const struct replay_leaf *leaf)
{
        struct view outcome = record_string(leaf->record, "outcome");

        return view_is(outcome, "withheld") || view_is(outcome, "rejected")
                       ? take_signature(audits, leaf)
                       : 0;
}

/* A version of a key says who follows whom. */
static int take_statement(struct audits *audits, const struct replay_leaf *leaf, const char *member,
                          const struct keyring_key *const sides[2],
                          const struct keyring_key *signer)
{
        struct audit_account *account = find_account(audits, view_string(signer->token));
        struct audit_signed made = {.key = signer,
                                    .signature = record_string(leaf->record, member)};
        _cleanup_(buf_done) struct buf text = {};
        struct view statement;
        size_t size = 0;
        int r;

        if (!account || !made.signature.data)
                return 0;
        rotation_put(&text, replay_ring(audits->replay)->origin, sides[0], sides[1]);
        statement = buf_view(&text);
        r = buf_error(&text);
        if (r == 0)
                r = digest_of_parts(signer->algorithm->hash, &statement, 1, made.message, &size);
        return r < 0 ? r : add_signature(audits, leaf, account, &made);
}

/* The old version signs first. */
static int take_rotation(struct audits *audits, const struct replay_leaf *leaf)
{
        const struct keyring *ring = replay_ring(audits->replay);
        struct view text = record_string(leaf->record, "previousFingerprint");
        const struct keyring_key *sides[2] = {NULL, leaf->key};
        struct sha256 fingerprint;
        int r;

        if (text.data && hex_decode(text, fingerprint.bytes, SHA256_SIZE) == 0)
                sides[0] = keyring_find_fingerprint(ring, &fingerprint);
        if (!sides[0] || !sides[1])
                return 0;
        r = take_statement(audits, leaf, "previousSignature", sides, sides[0]);
        return r < 0 ? r : take_statement(audits, leaf, "ownSignature", sides, sides[1]);
}

static void report_forgotten(struct audits *audits, struct audit_account *account)
{
        uint64_t index;

        while (audit_account_take_forgotten(account, &index))
                replay_report(audits->replay, index, "audit",
                              "sign: the TPM of token \"%s\" has not counted this signature",
                              account->token);
}

static void check_key(struct audits *audits, const struct audit_account *account,
                      const struct audit_claim *claim, const struct replay_leaf *leaf)
{
        if (account->known && !view_equal(sha256_view(&account->key), sha256_view(&claim->key)))
                replay_report_leaf(audits->replay, leaf,
                                   "audit: another attestation key than in record %llu",
                                   (unsigned long long)account->newest);
}

/* A signature that is not named yet may be in the next interval, or in none. */
static void reach(struct audits *audits, struct audit_account *account, int good, uint64_t index)
{
        uint64_t first = account->settled > 0 ? account->settled : account->newest + 1;

        account->settled = good ? audit_account_settle(account, index) : 0;
        if (good)
                replay_reached(audits->replay, REPLAY_L2A, account->token, first, account->settled);
        else if (account->known)
                replay_broken(audits->replay, REPLAY_L2A, account->token, first, index + 1);
}

static void report_foreign(struct audits *audits, const struct replay_leaf *leaf,
                           const struct audit_account *account)
{
        struct view reason = record_string(leaf->record, "reason");

        replay_report_leaf(audits->replay, leaf,
                           "audit: since record %llu somebody else has used the TPM of token "
                           "\"%s\": %.*s",
                           (unsigned long long)account->newest, account->token,
                           (int)(reason.size < 200 ? reason.size : 200), (const char *)reason.data);
}

/* The first attestation of a token tells where the next interval begins, and nothing else. */
static int take_claim(struct audits *audits, const struct replay_leaf *leaf,
                      struct audit_account *account, const struct audit_claim *claim,
                      const struct audit_context *context)
{
        struct problem problem = {};
        int r = -EKEYREJECTED, known = account->known;

        check_key(audits, account, claim, leaf);
        if (known)
                r = audit_account_check(account, leaf->record, claim, context, &problem);
        if (r == -ENOMEM)
                return r;
        if (known && r < 0 && !claim->broken)
                replay_report_leaf(audits->replay, leaf, "%s", problem_text(&problem, r));
        if (claim->foreign)
                report_foreign(audits, leaf, account);
        reach(audits, account, known && r == 0, leaf->index);
        audit_account_begin(account, leaf->index, claim, r < 0);
        report_forgotten(audits, account);
        return 0;
}

/* Of the tree of a checkpoint that waited for the token, while it attested once and again, some
 * records more. */
static uint64_t oldest_needed(const struct audits *audits)
{
        uint64_t size = tree_window_size(&audits->window);
        uint64_t oldest = size > WINDOW_WAITING ? size - WINDOW_WAITING : 0;

        for (size_t i = 0; i < audits->count; i++)
                if (audits->accounts[i].before < oldest)
                        oldest = audits->accounts[i].before;
        return oldest;
}

/* Now and then: what stays is moved. */
static void forget(struct audits *audits)
{
        uint64_t oldest = oldest_needed(audits);

        if (oldest >= audits->window.base.size + WINDOW_WAITING)
                tree_window_forget(&audits->window, oldest);
}

static int take_audit(struct audits *audits, const struct replay_leaf *leaf)
{
        struct view token = record_string(leaf->record, "token");
        struct audit_account *account = find_account(audits, token);
        const struct keyring *ring = replay_ring(audits->replay);
        const struct audit_context context = {ring->origin, ring, &audits->window};
        struct problem problem = {};
        struct audit_claim claim;
        int r;

        if (!account)
                account = add_account(audits, token);
        if (!account) {
                replay_report_leaf(audits->replay, leaf,
                                   "audit: no key of the ring is in token \"%.*s\", or there are "
                                   "more than %d tokens",
                                   (int)token.size, (const char *)token.data, TOKENS_MAX);
                return 0;
        }
        r = audit_claim_read(leaf->record, &context, &claim, &problem);
        if (r == 0) {
                r = take_claim(audits, leaf, account, &claim, &context);
                forget(audits);
        } else if (r != -ENOMEM) {
                replay_report_leaf(audits->replay, leaf, "%s", problem_text(&problem, r));
                account->known = 0;
                account->restarted = 0;
                r = 0;
        }
        audit_claim_done(&claim);
        return r;
}

/* A leaf that is missing leaves no roots to compare with. */
static int watch(struct audits *audits, const struct replay_leaf *leaf)
{
        if (!audits->watching)
                return 0;
        if (audits->count == 0 &&
            tree_window_size(&audits->window) - audits->window.base.size > WINDOW_FIRST)
                audits->watching = 0;
        if (!leaf->bytes.data)
                audits->watching = 0;
        if (!audits->watching) { /* what nobody saves, nobody asks for */
                tree_window_done(&audits->window);
                audits->window = (struct tree_window){};
                return 0;
        }
        return tree_window_add(&audits->window, leaf->hash);
}

static int take(void *state, const struct replay_leaf *leaf)
{
        struct audits *audits = state;
        int r = 0;

        begin_watch(audits, leaf);
        if (leaf->record && record_is(leaf->record, "token"))
                take_token(audits, leaf);
        else if (leaf->record && record_type_signs(leaf->record->type->name))
                r = take_signature(audits, leaf);
        else if (leaf->record && record_is(leaf->record, "intent"))
                r = take_intent(audits, leaf);
        else if (leaf->record && record_is(leaf->record, "key.rotate"))
                r = take_rotation(audits, leaf);
        else if (leaf->record && record_is(leaf->record, "audit"))
                r = take_audit(audits, leaf);
        return r < 0 ? r : watch(audits, leaf);
}

/* A token of which no attestation was good has none. */
static int end(void *state)
{
        const struct audits *audits = state;
        const struct sha256 none = {};

        for (size_t i = 0; i < audits->count; i++)
                if (!view_equal(sha256_view(&audits->accounts[i].key), sha256_view(&none)))
                        replay_attested(audits->replay, REPLAY_L2A, audits->accounts[i].token,
                                        &audits->accounts[i].key);
        return 0;
}

static const struct field fields[] = {FIELD(struct audits, watching, FIELD_FLAG)};
static const struct field window_fields[] = {FIELD(struct tree_window, base, FIELD_TREE)};

/* Of the window only where it begins: its leaves are in the journal. */
static int save(const void *state, json_t *ret)
{
        const struct audits *audits = state;
        json_t *list = json_array();
        int r = field_save(fields, ARRAY_SIZE(fields), audits, ret);

        if (json_object_set_new(ret, "accounts", list) < 0)
                return -ENOMEM;
        if (r == 0)
                r = field_save(window_fields, ARRAY_SIZE(window_fields), &audits->window, ret);
        for (size_t i = 0; i < audits->count && r == 0; i++) {
                json_t *account = json_object();

                if (json_array_append_new(list, account) < 0)
                        return -ENOMEM;
                r = audit_account_save(&audits->accounts[i], replay_ring(audits->replay), account);
        }
        return r;
}

static int add_to_window(void *window, const struct sha256 *leaf)
{
        return tree_window_add(window, leaf);
}

static int restore_window(struct audits *audits, struct problem *problem)
{
        const struct merkle_tree *tree = replay_tree(audits->replay);
        struct merkle_tree base = audits->window.base;
        struct sha256 expected = merkle_root(tree), found;
        int r;

        if (!audits->watching)
                return base.size == 0 ? 0 : problem_set(problem, -EBADMSG, "a window for nothing");
        if (base.size > tree->size || tree->size - base.size > TREE_WINDOW_MAX)
                return problem_set(problem, -EBADMSG, "a window of no size that it can have");
        tree_window_begin(&audits->window, &base);
        r = replay_recall(audits->replay, base.size, add_to_window, &audits->window, problem);
        if (r == 0)
                r = tree_window_root(&audits->window, tree->size, &found);
        if (r == 0 && !view_equal(sha256_view(&expected), sha256_view(&found)))
                r = -EKEYREJECTED;
        return r < 0 ? problem_set(problem, r, "records from %llu on are not those of then",
                                   (unsigned long long)base.size)
                     : 0;
}

static int restore(void *state, const json_t *saved, struct problem *problem)
{
        struct audits *audits = state;
        const json_t *list = json_object_get(saved, "accounts"), *account;
        int r = field_restore(fields, ARRAY_SIZE(fields), 2, saved, audits, problem);
        size_t i;

        if (r < 0)
                return r;
        if (!json_is_array(list) || json_array_size(list) > TOKENS_MAX)
                return problem_set(problem, -EBADMSG, "expected the accounts of tokens");
        json_array_foreach (list, i, account) {
                r = audit_account_restore(&audits->accounts[audits->count++],
                                          replay_ring(audits->replay), account, problem);
                if (r < 0)
                        return r;
        }
        r = field_restore(window_fields, ARRAY_SIZE(window_fields), 2, saved, &audits->window,
                          problem);
        return r < 0 ? r : restore_window(audits, problem);
}

REPLAY_RULE(audit, begin, take, end, audits_free, save, restore);
