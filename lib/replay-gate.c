/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Keys with a gate: what the TPM counted is what the journal has, use for use. Each signature by a
 * counted key is announced by an intent, and the count is the number of signatures, and at most one
 * more for each intent that nothing came of. What is attested of it counts no use that the tree
 * attested with it does not announce. That a witness allowed each signature is checked with the
 * record itself. A version that has no such gate does not follow one that has, and what it signs
 * reaches no level of its name.
 */

#include <errno.h>

#include "lib/attest.h"
#include "lib/base64.h"
#include "lib/gate-json.h"
#include "lib/hashedrekord.h"
#include "lib/replay-announced.h"
#include "lib/replay-recent.h"

struct uses {
        int created;
        uint64_t gated;     /* record from which on every signature of the name had a witness */
        uint64_t first;     /* record from which on the next count speaks */
        int64_t signatures; /* recorded */
        int64_t open;       /* intents that no signature has followed */
        int64_t astray;     /* uses without a record that have been reported */
        uint32_t resets;    /* of the TPM in the last attestation, and … */
        uint64_t clock;     /* … its clock, which a power cut sets back a little */
        struct announced announced; /* for keys whose counts are attested */
};

struct gates {
        struct replay *replay;
        int gated; /* some key of the ring is */
        int lost;  /* some records are not known, so nothing can be counted */
        uint64_t end;
        int watching; /* some counts are attested: of the trees in … */
        struct tree_window window;
        struct uses *uses; /* of the keys of the ring, in its order */
};

static void gates_free(void *state)
{
        struct gates *gates = state;

        if (!gates)
                return;
        for (size_t i = 0; gates->uses && i < replay_ring(gates->replay)->count; i++)
                announced_done(&gates->uses[i].announced);
        tree_window_done(&gates->window);
        free(gates->uses);
        free(gates);
}

static int begin(struct replay *replay, void **ret_state)
{
        struct gates *gates = calloc(1, sizeof(*gates));

        *ret_state = gates;
        if (!gates)
                return -ENOMEM;
        gates->replay = replay;
        gates->uses = calloc(replay_ring(replay)->count + 1, sizeof(*gates->uses));
        for (size_t i = 0; i < replay_ring(replay)->count; i++)
                gates->watching |= replay_ring(replay)->keys[i].gate.attester != NULL;
        for (size_t i = 0; i < replay_ring(replay)->count; i++)
                gates->gated |= gate_is_closed(&replay_ring(replay)->keys[i].gate);
        return gates->uses ? 0 : -ENOMEM;
}

static struct uses *uses_of(const struct gates *gates, const struct keyring_key *key)
{
        return &gates->uses[key - replay_ring(gates->replay)->keys];
}

static void expect_member(struct gates *gates, const struct replay_leaf *leaf, const char *name,
                          const json_t *expected)
{
        struct view found = record_string(leaf->record, name);
        const char *text = json_member_string(expected, name);

        if (text ? !found.data || !view_is(found, text) : found.data != NULL)
                replay_report_leaf(gates->replay, leaf,
                                   "%s: %s: the ring has \"%s\", found \"%.*s\"",
                                   leaf->record->type->name, name, text ? text : "",
                                   (int)found.size, found.data ? (const char *)found.data : "");
}

/* The newest version before @key that was made, or NULL. */
static const struct keyring_key *find_before(const struct gates *gates,
                                             const struct keyring_key *key)
{
        const struct keyring *ring = replay_ring(gates->replay);
        const struct keyring_key *best = NULL;

        for (size_t i = 0; i < ring->count; i++) {
                const struct keyring_key *other = &ring->keys[i];

                if (gates->uses[i].created && other->version < key->version &&
                    string_equal(other->name, key->name) &&
                    (!best || best->version < other->version))
                        best = other;
        }
        return best;
}

/* Whoever may rotate a key does not get it out of its gate unnoticed. */
static void check_versions(struct gates *gates, const struct replay_leaf *leaf,
                           const struct keyring_key *key)
{
        const struct keyring_key *before = find_before(gates, key);
        int counter, witness;

        if (!before)
                return;
        counter = before->gate.counter && !key->gate.counter;
        witness = before->gate.witness && !key->gate.witness;
        if (counter || witness)
                replay_report_leaf(gates->replay, leaf,
                                   "%s: version %u of the key has a %s, and version %u has none",
                                   leaf->record->type->name, before->version,
                                   counter && witness ? "use counter and a witness"
                                   : counter          ? "use counter"
                                                      : "witness",
                                   key->version);
}

static int take_create(struct gates *gates, const struct replay_leaf *leaf,
                       const struct keyring_key *key)
{
        static const char *const names[] = {"attestationKey", "useCounter", "witness"};
        _cleanup_(json_decrefp) json_t *expected = json_object();
        struct uses *uses = uses_of(gates, key);

        if (!expected || gate_to_json(&key->gate, expected) < 0)
                return -ENOMEM;
        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                expect_member(gates, leaf, names[i], expected);
        if (!uses->created)
                check_versions(gates, leaf, key);
        uses->created = 1;
        uses->gated = uses->first = leaf->index;
        return 0;
}

static int take_intent(struct gates *gates, const struct replay_leaf *leaf,
                       const struct keyring_key *key)
{
        struct view outcome = record_string(leaf->record, "outcome");
        struct uses *uses = uses_of(gates, key);

        if (view_is(outcome, "asked"))
                uses->open++;
        else if (view_is(outcome, "none") && uses->open > 0)
                uses->open--;
        return 0;
}

static int take_sign(struct gates *gates, const struct replay_leaf *leaf,
                     const struct keyring_key *key)
{
        struct uses *uses = uses_of(gates, key);

        uses->signatures++;
        if (uses->open > 0)
                uses->open--;
        else if (key->gate.counter && !gates->lost)
                replay_report_leaf(gates->replay, leaf,
                                   "sign: the uses of the key are counted, and no intent "
                                   "announced this one");
        return 0;
}

static int decode(const struct record *record, const char *name, struct buf *ret)
{
        return base64_decode(ret, record_string(record, name));
}

/* 0: the TPM said that count. -EKEYREJECTED, -EBADMSG, -ENOMEM. */
static int verify(const struct record *record, const struct keyring_key *key, int64_t count,
                  struct attest_count *ret, struct buf *bytes)
{
        _cleanup_(buf_done) struct buf signature = BUF_INIT(ATTEST_SIZE_MAX);
        struct tpm_name name;
        struct sha256 hash;
        int r = decode(record, "attestation", bytes);

        if (r == 0)
                r = decode(record, "signature", &signature);
        if (r < 0)
                return r;
        hash = sha256_of(buf_view(bytes));
        r = pubkey_verify(key->gate.attester, algorithm_find("ecdsa-p256"), sha256_view(&hash),
                          buf_view(&signature));
        if (r == 0)
                r = attest_parse_count(buf_view(bytes), ret, NULL);
        if (r == 0)
                r = gate_counter_name(key->gate.counter, &name);
        if (r < 0)
                return r;
        return view_equal(ret->index, tpm_name_view(&name)) && ret->uses == count &&
                               ret->limit == GATE_PIN_LIMIT
                       ? 0
                       : -EKEYREJECTED;
}

/* The count was attested when the tree had @ret_size records, and no later one is known. */
static int verify_tree(struct gates *gates, const struct record *record,
                       const struct attest_count *said, uint64_t *ret_size)
{
        struct sha256 root;
        int64_t size = -1;
        int r = record_integer(record, "size", &size);

        if (r == 0 && size >= 0)
                r = tree_window_root(&gates->window, (uint64_t)size, &root);
        if (r == -ENOMEM)
                return r;
        if (r < 0 || size < 0 || !view_equal(said->head.qualifying, sha256_view(&root)))
                return -EKEYREJECTED;
        *ret_size = (uint64_t)size;
        return 0;
}

/* Each attestation is a command of its own, and takes its time. */
static int is_newer(const struct attest_count *said, const struct uses *uses)
{
        return said->head.reset_count > uses->resets ||
               (said->head.reset_count == uses->resets && said->head.clock > uses->clock);
}

/* Whether the TPM vouches for the count, when the tree had @ret_size records: 1, 0, or -ENOMEM. */
static int is_attested(struct gates *gates, const struct replay_leaf *leaf,
                       const struct keyring_key *key, int64_t count, uint64_t *ret_size)
{
        _cleanup_(buf_done) struct buf bytes = BUF_INIT(ATTEST_SIZE_MAX);
        struct uses *uses = uses_of(gates, key);
        struct attest_count said;
        int r;

        if (!key->gate.attester)
                return 0;
        if (!record_string(leaf->record, "attestation").data) {
                replay_report_leaf(gates->replay, leaf,
                                   "key.count: the TPM of the key attests counts, and there is no "
                                   "attestation");
                return 0;
        }
        r = verify(leaf->record, key, count, &said, &bytes);
        if (r == -ENOMEM)
                return r;
        if (r < 0 || !is_newer(&said, uses)) {
                replay_report_leaf(
                        gates->replay, leaf,
                        r < 0 ? "key.count: the TPM did not attest this count of this key"
                              : "key.count: the attestation is no newer than one before it");
                return 0;
        }
        uses->resets = said.head.reset_count;
        uses->clock = said.head.clock;
        if (gates->lost)
                return 0;
        r = verify_tree(gates, leaf->record, &said, ret_size);
        if (r == -EKEYREJECTED)
                replay_report_leaf(gates->replay, leaf,
                                   "key.count: attested with another tree than this journal had");
        return r == -ENOMEM ? r : r == 0;
}

/* What is announced up to here. */
static int64_t uses_announced(const struct uses *uses)
{
        return uses->signatures + uses->open;
}

/* Compares, and takes what was found for granted from then on: each fault is reported once. */
static int is_complete(struct gates *gates, const struct replay_leaf *leaf, struct uses *uses,
                       int64_t count)
{
        int64_t least = uses->signatures + uses->astray, most = least + uses->open;

        if (count > most)
                replay_report_leaf(gates->replay, leaf,
                                   "key.count: the TPM counted %lld uses, expected %lld to %lld: "
                                   "%lld signatures are missing",
                                   (long long)count, (long long)least, (long long)most,
                                   (long long)(count - most));
        else if (count < least)
                replay_report_leaf(gates->replay, leaf,
                                   "key.count: the TPM counted %lld uses, expected %lld to %lld: "
                                   "the counter was set back",
                                   (long long)count, (long long)least, (long long)most);
        else
                return 1;
        uses->astray += count > most ? count - most : count - least;
        return 0;
}

/* The TPM vouches for as many records as it attested the tree of, if these announce all that it had
 * counted by then. Where so much was announced since that this is not known, the next count
 * tells. */
static void reach(struct gates *gates, const struct replay_leaf *leaf,
                  const struct keyring_key *key, int64_t count, uint64_t size)
{
        struct uses *uses = uses_of(gates, key);
        int64_t most = 0;

        if (announced_at(&uses->announced, size, uses_announced(uses), &most) < 0)
                return;
        most += uses->astray;
        announced_forget(&uses->announced, size);
        if (count > most) {
                replay_report_leaf(gates->replay, leaf,
                                   "key.count: the TPM counted %lld uses, and the %llu records "
                                   "whose tree it attested with that announce %lld",
                                   (long long)count, (unsigned long long)size, (long long)most);
                uses->first = leaf->index + 1;
                return;
        }
        replay_reached(gates->replay, REPLAY_L2B, key->name, uses->first, size);
        if (uses->first < size)
                uses->first = size;
}

static int take_count(struct gates *gates, const struct replay_leaf *leaf,
                      const struct keyring_key *key)
{
        struct uses *uses = uses_of(gates, key);
        uint64_t size = 0;
        int64_t count = 0;
        int attested;

        if (record_integer(leaf->record, "count", &count) < 0 || count < 0 ||
            count > (int64_t)GATE_PIN_LIMIT || !key->gate.counter) {
                replay_report_leaf(gates->replay, leaf,
                                   "key.count: no count, or one of a key without a counter");
                return 0;
        }
        attested = is_attested(gates, leaf, key, count, &size);
        if (attested < 0)
                return attested;
        if (gates->lost || !uses->created)
                return 0;
        if (is_complete(gates, leaf, uses, count) && attested)
                reach(gates, leaf, key, count, size);
        else
                uses->first = leaf->index + 1;
        return 0;
}

static const struct {
        const char *type;
        int (*take)(struct gates *gates, const struct replay_leaf *leaf,
                    const struct keyring_key *key);
} events[] = {
        {"key.create", take_create}, {"key.rotate", take_create}, {"intent", take_intent},
        {"sign", take_sign},         {"attest", take_sign},       {"key.count", take_count},
};

static int watch(struct gates *gates, const struct replay_leaf *leaf)
{
        if (!gates->watching)
                return 0;
        if (gates->lost) {
                gates->watching = 0;
                tree_window_done(&gates->window);
                gates->window = (struct tree_window){};
                return 0;
        }
        return replay_recent_add(&gates->window, leaf->hash);
}

static int take_event(struct gates *gates, const struct replay_leaf *leaf,
                      const struct keyring_key *key, size_t event)
{
        struct uses *uses = uses_of(gates, key);
        int64_t before = uses_announced(uses);
        int r = events[event].take(gates, leaf, key);

        if (r < 0 || !key->gate.attester || before == uses_announced(uses))
                return r;
        return announced_add(&uses->announced, leaf->index, before);
}

/* The levels are those of a name: what a version without a gate signs is in none of them. */
static void pass_by(struct gates *gates, const struct replay_leaf *leaf,
                    const struct keyring_key *key)
{
        const struct keyring *ring = replay_ring(gates->replay);

        for (size_t i = 0; i < ring->count; i++) {
                const struct keyring_key *other = &ring->keys[i];

                if (!gates->uses[i].created || !gate_is_closed(&other->gate) ||
                    !string_equal(other->name, key->name))
                        continue;
                if (!key->gate.witness)
                        gates->uses[i].gated = leaf->index + 1;
                if (!key->gate.counter)
                        gates->uses[i].first = leaf->index + 1;
        }
}

static int take_record(struct gates *gates, const struct replay_leaf *leaf)
{
        const struct keyring_key *key;

        for (size_t i = 0; i < ARRAY_SIZE(events); i++) {
                if (!record_is(leaf->record, events[i].type))
                        continue;
                key = leaf->key;
                if (key && gates->gated && events[i].take == take_sign)
                        pass_by(gates, leaf, key);
                /* Of others only what they are made with is of interest: nothing, says the ring. */
                if (key && (gate_is_closed(&key->gate) || events[i].take == take_create))
                        return take_event(gates, leaf, key, i);
        }
        return 0;
}

static int take(void *state, const struct replay_leaf *leaf)
{
        struct gates *gates = state;
        int r = 0;

        gates->end = leaf->index + 1;
        if (leaf->record)
                r = take_record(gates, leaf);
        else
                gates->lost |= !leaf->bytes.data || !hashedrekord_is(leaf->bytes);
        return r < 0 ? r : watch(gates, leaf);
}

/* Each signature by such a key was good by itself, with its authorization. */
static int end(void *state)
{
        struct gates *gates = state;
        const struct keyring *ring = replay_ring(gates->replay);

        for (size_t i = 0; i < ring->count && !gates->lost; i++)
                if (ring->keys[i].gate.witness && gates->uses[i].created)
                        replay_reached(gates->replay, REPLAY_L3, ring->keys[i].name,
                                       gates->uses[i].gated, gates->end);
        return 0;
}

static const struct field fields[] = {
        FIELD(struct gates, lost, FIELD_FLAG),
        FIELD(struct gates, end, FIELD_NUMBER),
        FIELD(struct gates, watching, FIELD_FLAG),
};

static const struct field uses_fields[] = {
        FIELD(struct uses, created, FIELD_FLAG), FIELD(struct uses, gated, FIELD_NUMBER),
        FIELD(struct uses, first, FIELD_NUMBER), FIELD(struct uses, signatures, FIELD_COUNT),
        FIELD(struct uses, open, FIELD_COUNT),   FIELD(struct uses, astray, FIELD_COUNT),
        FIELD(struct uses, resets, FIELD_WORD),  FIELD(struct uses, clock, FIELD_NUMBER),
};

static int save(const void *state, json_t *ret)
{
        const struct gates *gates = state;
        json_t *list = json_array();
        int r = field_save(fields, ARRAY_SIZE(fields), gates, ret);

        if (r == 0)
                r = replay_recent_save(&gates->window, ret);
        if (json_object_set_new(ret, "uses", list) < 0)
                return -ENOMEM;
        for (size_t i = 0; i < replay_ring(gates->replay)->count && r == 0; i++) {
                json_t *object = json_object();

                if (json_array_append_new(list, object) < 0)
                        return -ENOMEM;
                r = field_save(uses_fields, ARRAY_SIZE(uses_fields), &gates->uses[i], object);
                if (r == 0)
                        r = announced_save(&gates->uses[i].announced, object);
        }
        return r;
}

static int restore_uses(struct gates *gates, size_t i, const json_t *saved, struct problem *problem)
{
        struct uses *uses = &gates->uses[i];
        int r = field_restore(uses_fields, ARRAY_SIZE(uses_fields), 1, saved, uses, problem);

        return r < 0 ? r
                     : announced_restore(&uses->announced, replay_tree(gates->replay)->size, saved,
                                         problem);
}

static int restore(void *state, const json_t *saved, struct problem *problem)
{
        struct gates *gates = state;
        const json_t *list = json_object_get(saved, "uses"), *object;
        int watching = gates->watching;
        int r = field_restore(fields, ARRAY_SIZE(fields), 2, saved, gates, problem);
        size_t i;

        if (r < 0)
                return r;
        if (gates->watching != (watching && !gates->lost))
                return problem_set(problem, -EBADMSG, "a window for nothing, or none");
        if (!json_is_array(list) || json_array_size(list) != replay_ring(gates->replay)->count)
                return problem_set(problem, -EBADMSG, "expected the uses of each key of the ring");
        json_array_foreach (list, i, object) {
                r = restore_uses(gates, i, object, problem);
                if (r < 0)
                        return r;
        }
        return replay_recent_restore(gates->replay, &gates->window, gates->watching, saved,
                                     ARRAY_SIZE(fields) + 1, problem);
}

REPLAY_RULE(gate, begin, take, end, gates_free, save, restore);
