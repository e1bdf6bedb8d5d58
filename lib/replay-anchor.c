/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Anchors, level L1: the TPM counted one step for each `anchor` record, and attested with it the
 * tree that the journal had. So the steps are without a gap, and each attested tree is one of this
 * journal. An intent announces each step; after a crash the counter may have taken it or not.
 */

#include <errno.h>

#include "lib/anchor-claim.h"
#include "lib/replay-rule.h"

/* Records between an intent and the tree that is attested: those that came in meanwhile. */
#define WINDOW_MAX ((uint64_t)1 << 18)

struct anchors {
        struct replay *replay;
        int anchored;   /* an anchor has been announced before */
        int placed;     /* it is known by which counter: */
        uint32_t index; /* its handle */
        char token[KEY_NAME_MAX + 1];
        int begun; /* it is known where that is: */
        uint64_t counter;
        int keyed;                 /* it is known who attests it: */
        struct sha256 key;         /* SHA-256 of the key's text */
        int open;                  /* an intent has announced a step that is not attested yet … */
        uint64_t announced;        /* … to this value */
        uint64_t first;            /* record from which on the next anchor speaks */
        int running;               /* anchored in this run of the agent */
        int adrift;                /* what is missing may have been an anchor */
        struct tree_window window; /* from the intent on, while one is open */
};

static void anchors_free(void *state)
{
        struct anchors *anchors = state;

        if (anchors)
                tree_window_done(&anchors->window);
        free(anchors);
}

static int begin(struct replay *replay, void **ret_state)
{
        struct anchors *anchors = calloc(1, sizeof(*anchors));

        *ret_state = anchors;
        if (!anchors)
                return -ENOMEM;
        anchors->replay = replay;
        return 0;
}

static void end_window(struct anchors *anchors)
{
        tree_window_done(&anchors->window);
        anchors->window = (struct tree_window){};
        anchors->open = 0;
}

/* What comes after a fault is vouched for again, and what is before by what was before. */
static void fault(struct anchors *anchors, const struct replay_leaf *leaf, const char *text)
{
        replay_report_leaf(anchors->replay, leaf, "%s: %s", leaf->record->type->name, text);
        anchors->first = leaf->index + 1;
}

static void compare_counter(struct anchors *anchors, const struct replay_leaf *leaf, uint64_t least,
                            uint64_t most, uint64_t found)
{
        struct problem problem = {};

        if (found < least)
                (void)problem_set(&problem, 0, "the counter went back: expected %llu, found %llu",
                                  (unsigned long long)least, (unsigned long long)found);
        else if (found > most)
                (void)problem_set(
                        &problem, 0,
                        "the counter is at %llu, expected %llu: %llu anchors are missing, "
                        "or the TPM counted for somebody else",
                        (unsigned long long)found, (unsigned long long)most,
                        (unsigned long long)(found - most));
        else
                return;
        fault(anchors, leaf, problem.text);
}

static void compare_place(struct anchors *anchors, const struct replay_leaf *leaf, uint32_t index)
{
        struct view token = record_string(leaf->record, "token");
        struct problem problem = {};

        if (index == anchors->index && view_is(token, anchors->token))
                return;
        (void)problem_set(&problem, 0,
                          "counter 0x%08x of token \"%.*s\", and the journal is anchored with "
                          "0x%08x of \"%s\"",
                          index, (int)token.size, (const char *)token.data, anchors->index,
                          anchors->token);
        fault(anchors, leaf, problem.text);
}

/* Takes the place for granted from now on: each fault is reported once. */
static int take_place(struct anchors *anchors, const struct replay_leaf *leaf, uint32_t index)
{
        struct view token = record_string(leaf->record, "token");
        char name[KEY_NAME_MAX + 1] = "";

        if (token.size <= KEY_NAME_MAX)
                memcpy(name, token.data, token.size);
        if (!view_is(token, name) || !key_name_is_valid(name)) {
                fault(anchors, leaf, "the token has no name that there can be");
                return 0;
        }
        if (anchors->placed)
                compare_place(anchors, leaf, index);
        anchors->placed = 1;
        anchors->index = index;
        memcpy(anchors->token, name, sizeof(name));
        return 1;
}

static int take_intent(struct anchors *anchors, const struct replay_leaf *leaf)
{
        struct problem problem = {};
        uint64_t announced, least = anchors->counter + 1, most = least;
        uint32_t index;

        if (anchor_read_counter(leaf->record, &index, &announced, &problem) < 0) {
                fault(anchors, leaf, problem.text);
                return 0;
        }
        if (!take_place(anchors, leaf, index))
                return 0;
        if (anchors->open) { /* the agent died before or after the step */
                least = anchors->announced;
                most = least + 1;
        }
        if (anchors->begun && !anchors->adrift)
                compare_counter(anchors, leaf, least, most, announced);
        anchors->anchored = anchors->open = 1;
        anchors->announced = announced;
        anchors->counter = announced > 0 ? announced - 1 : 0;
        tree_window_begin(&anchors->window, replay_tree(anchors->replay));
        return 0;
}

static void compare_key(struct anchors *anchors, const struct replay_leaf *leaf,
                        const struct anchor_claim *claim)
{
        if (anchors->keyed && !view_equal(sha256_view(&anchors->key), sha256_view(&claim->key)))
                fault(anchors, leaf, "attested by another key than the anchors before it");
        anchors->key = claim->key;
        anchors->keyed = 1;
}

static void take_claim(struct anchors *anchors, const struct replay_leaf *leaf,
                       const struct anchor_claim *claim)
{
        uint64_t least = anchors->window.base.size + 1;

        if (!take_place(anchors, leaf, claim->index))
                return;
        /* Where a new counter begins depends on all that its TPM ever had. */
        if (anchors->begun && !anchors->adrift)
                compare_counter(anchors, leaf, anchors->announced, anchors->announced,
                                claim->counter);
        compare_key(anchors, leaf, claim);
        if (claim->size < least)
                fault(anchors, leaf, "the tree that it attests ends before its intent");
        if (claim->size > anchors->first)
                replay_reached(anchors->replay, REPLAY_L1, anchors->token, anchors->first,
                               claim->size);
        if (claim->size > anchors->first)
                anchors->first = claim->size;
        anchors->counter = claim->counter;
        anchors->begun = 1;
        anchors->adrift = 0;
}

static int take_anchor(struct anchors *anchors, const struct replay_leaf *leaf)
{
        const char *origin = replay_ring(anchors->replay)->origin;
        struct problem problem = {};
        struct anchor_claim claim;
        int r;

        anchors->running = 1;
        if (!anchors->open) {
                if (!anchors->adrift)
                        fault(anchors, leaf, "no intent announced it");
                return 0;
        }
        r = anchor_claim_read(leaf->record, origin, &anchors->window, &claim, &problem);
        if (r == 0)
                take_claim(anchors, leaf, &claim);
        else if (r != -ENOMEM)
                fault(anchors, leaf, problem_text(&problem, r));
        if (r == -EBADMSG || r == -EKEYREJECTED) { /* the next one is held against the intent */
                anchors->counter = anchors->announced;
                r = 0;
        }
        end_window(anchors);
        return r;
}

/* An operator has said that the agent shall go on, although the counter is another one than the
 * journal's. An auditor has to know. */
static int take_acknowledge(struct anchors *anchors, const struct replay_leaf *leaf)
{
        struct record caller;
        struct view reason = record_string(leaf->record, "reason");
        int64_t uid = -1, expected = 0, counter = 0;
        struct problem problem = {};

        if (record_object(leaf->record, "caller", &caller) < 0 ||
            record_integer(&caller, "uid", &uid) < 0 ||
            record_integer(leaf->record, "expected", &expected) < 0 ||
            record_integer(leaf->record, "counter", &counter) < 0 || counter < 0 ||
            (uint64_t)counter > ANCHOR_COUNTER_MAX) {
                fault(anchors, leaf, "malformed");
                return 0;
        }
        (void)problem_set(
                &problem, 0,
                "the journal had %lld anchors and the TPM %lld, as after a rollback; user "
                "%lld had the agent go on: %.*s",
                (long long)expected, (long long)counter, (long long)uid,
                (int)(reason.size < 200 ? reason.size : 200), (const char *)reason.data);
        fault(anchors, leaf, problem.text);
        end_window(anchors);
        anchors->placed = anchors->begun = anchors->keyed = 0; /* the next intent begins anew */
        return 0;
}

static int take_start(struct anchors *anchors, const struct replay_leaf *leaf)
{
        anchors->running = 0;
        return 0;
}

static int take_signature(struct anchors *anchors, const struct replay_leaf *leaf)
{
        if (!anchors->anchored || anchors->running || anchors->adrift)
                return 0;
        fault(anchors, leaf,
              "the journal was anchored before, and the agent signs without an anchor since it "
              "started");
        anchors->running = 1; /* once for each run */
        return 0;
}

static const struct {
        const char *type;
        int (*take)(struct anchors *anchors, const struct replay_leaf *leaf);
} events[] = {
        {"sign", take_signature},       {"sign.logged", take_signature},
        {"attest", take_signature},     {"anchor", take_anchor},
        {"anchor.intent", take_intent}, {"anchor.acknowledge", take_acknowledge},
        {"agent.start", take_start},
};

/* A leaf that is missing leaves no roots to compare with, and may have been anything. */
static int watch(struct anchors *anchors, const struct replay_leaf *leaf)
{
        if (!leaf->bytes.data) {
                end_window(anchors);
                anchors->adrift = 1;
                anchors->first = leaf->index + 1;
        }
        if (!anchors->open ||
            tree_window_size(&anchors->window) - anchors->window.base.size >= WINDOW_MAX)
                return 0;
        return tree_window_add(&anchors->window, leaf->hash);
}

static int take(void *state, const struct replay_leaf *leaf)
{
        struct anchors *anchors = state;
        int r = 0;

        for (size_t i = 0; leaf->record && i < ARRAY_SIZE(events); i++)
                if (record_is(leaf->record, events[i].type)) {
                        r = events[i].take(anchors, leaf);
                        break;
                }
        return r < 0 ? r : watch(anchors, leaf);
}

/* A token is one TPM, which attests all that it does with one key; the rule of audits comes before
 * this one. */
static int end(void *state)
{
        const struct anchors *anchors = state;
        const struct sha256 *audited;

        if (!anchors->keyed)
                return 0;
        audited = replay_find_attester(anchors->replay, anchors->token);
        if (audited && !view_equal(sha256_view(audited), sha256_view(&anchors->key)))
                replay_report(anchors->replay, REPLAY_NO_INDEX, "anchor",
                              "anchors of token \"%s\" are attested by another key than its "
                              "command audits",
                              anchors->token);
        replay_attested(anchors->replay, REPLAY_L1, anchors->token, &anchors->key);
        return 0;
}

static const struct field fields[] = {
        FIELD(struct anchors, anchored, FIELD_FLAG),
        FIELD(struct anchors, placed, FIELD_FLAG),
        FIELD(struct anchors, begun, FIELD_FLAG),
        FIELD(struct anchors, index, FIELD_WORD),
        FIELD(struct anchors, counter, FIELD_NUMBER),
        FIELD(struct anchors, token, FIELD_TEXT),
        FIELD(struct anchors, keyed, FIELD_FLAG),
        FIELD(struct anchors, key, FIELD_HASH),
        FIELD(struct anchors, open, FIELD_FLAG),
        FIELD(struct anchors, announced, FIELD_NUMBER),
        FIELD(struct anchors, first, FIELD_NUMBER),
        FIELD(struct anchors, running, FIELD_FLAG),
        FIELD(struct anchors, adrift, FIELD_FLAG),
};

static const struct field window_fields[] = {FIELD(struct tree_window, base, FIELD_TREE)};

/* Of the window only where it begins: its leaves are in the journal. */
static int save(const void *state, json_t *ret)
{
        const struct anchors *anchors = state;
        int r = field_save(fields, ARRAY_SIZE(fields), anchors, ret);

        return r < 0 ? r
                     : field_save(window_fields, ARRAY_SIZE(window_fields), &anchors->window, ret);
}

/* Leaves from the beginning of a window on: all of them, and those that are in it. */
struct recalled {
        struct merkle_tree tree;
        struct tree_window *window;
};

static int recall(void *context, const struct sha256 *leaf)
{
        struct recalled *recalled = context;
        struct sha256 completed[MERKLE_HEIGHT_MAX];

        (void)merkle_push(&recalled->tree, leaf, completed); /* a height, and no error */
        return tree_window_size(recalled->window) - recalled->window->base.size < WINDOW_MAX
                       ? tree_window_add(recalled->window, leaf)
                       : 0;
}

static int restore_window(struct anchors *anchors, struct problem *problem)
{
        const struct merkle_tree *tree = replay_tree(anchors->replay);
        const struct merkle_tree base = anchors->window.base;
        struct recalled recalled = {base, &anchors->window};
        struct sha256 expected = merkle_root(tree), found;
        int r;

        if (!anchors->open)
                return base.size == 0 ? 0 : problem_set(problem, -EBADMSG, "a window for nothing");
        if (base.size >= tree->size)
                return problem_set(problem, -EBADMSG, "a window of no size that it can have");
        tree_window_begin(&anchors->window, &base);
        r = replay_recall(anchors->replay, base.size, recall, &recalled, problem);
        if (r < 0)
                return r;
        found = merkle_root(&recalled.tree);
        return view_equal(sha256_view(&expected), sha256_view(&found))
                       ? 0
                       : problem_set(problem, -EKEYREJECTED,
                                     "records from %llu on are not those of then",
                                     (unsigned long long)base.size);
}

static int restore(void *state, const json_t *saved, struct problem *problem)
{
        struct anchors *anchors = state;
        int r = field_restore(fields, ARRAY_SIZE(fields), 1, saved, anchors, problem);

        if (r == 0)
                r = field_restore(window_fields, ARRAY_SIZE(window_fields), ARRAY_SIZE(fields),
                                  saved, &anchors->window, problem);
        if (r < 0)
                return r;
        if (anchors->counter > ANCHOR_COUNTER_MAX || anchors->announced > ANCHOR_COUNTER_MAX ||
            anchors->first > replay_tree(anchors->replay)->size)
                return problem_set(problem, -EBADMSG, "a number that was never saved");
        return restore_window(anchors, problem);
}

REPLAY_RULE(anchor, begin, take, end, anchors_free, save, restore);
