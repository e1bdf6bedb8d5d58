/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/keyring-diff.h"

#include <errno.h>

#include "lib/gate-json.h"
#include "lib/keyring-seal.h"
#include "lib/log-keys.h"

enum member {
        STATE,
        OVERLAP,
        ENDED,
        REVOKED,
        DESTROYED,
        REASON,
        CREATED,
        PURPOSE,
        ALGORITHM,
        TOKEN,
        IMPORTED,
        TRANSPARENCY,
        USE_COUNTER,
        ATTESTATION_KEY,
        WITNESS,
        EVIDENCE,
        MEMBERS
};

static const char *const member_names[] = {
        [STATE] = "state",
        [OVERLAP] = "overlap",
        [ENDED] = "ended",
        [REVOKED] = "revoked",
        [DESTROYED] = "destroyed",
        [REASON] = "reason",
        [CREATED] = "created",
        [PURPOSE] = "purpose",
        [ALGORITHM] = "algorithm",
        [TOKEN] = "token",
        [IMPORTED] = "imported",
        [TRANSPARENCY] = "transparency",
        [USE_COUNTER] = "useCounter",
        [ATTESTATION_KEY] = "attestationKey",
        [WITNESS] = "witness",
        [EVIDENCE] = "evidence",
};

/* A key, and as JSON those of its members that are not text by themselves. */
struct described {
        const struct keyring_key *key;
        json_t *more;
};

static void described_done(struct described *described)
{
        json_decref(described->more);
}

/* Evidence has many lines: its hash tells whether it is the same. */
static int put_evidence(const json_t *evidence, json_t *ret)
{
        _cleanup_(buf_done) struct buf text = {};
        char hex[HEX_SIZE(SHA256_SIZE)];
        struct sha256 hash;

        if (!evidence)
                return 0;
        json_put(&text, evidence);
        if (buf_error(&text))
                return buf_error(&text);
        hash = sha256_of(buf_view(&text));
        return json_object_set_new(ret, member_names[EVIDENCE],
                                   json_sprintf("sha256:%s", hex_encode(sha256_view(&hash), hex))) <
                               0
                       ? -ENOMEM
                       : 0;
}

static int describe(const struct keyring_key *key, struct described *ret)
{
        int r;

        *ret = (struct described){key, json_object()};
        if (!ret->more)
                return -ENOMEM;
        r = gate_to_json(&key->gate, ret->more);
        return r < 0 ? r : put_evidence(key->evidence, ret->more);
}

static const char *member_of(const struct described *described, enum member member)
{
        const struct keyring_key *key = described->key;
        const char *const values[] = {
                [STATE] = key_state_name(key->state),
                [OVERLAP] = key->overlap,
                [ENDED] = key->ended,
                [REVOKED] = key->revoked,
                [DESTROYED] = key->destroyed,
                [REASON] = key->reason,
                [CREATED] = key->created,
                [PURPOSE] = key_purpose_name(key->purpose),
                [ALGORITHM] = key->algorithm->name,
                [TOKEN] = key->token,
                [IMPORTED] = key->imported,
                [TRANSPARENCY] = key_transparency_name(key->transparency),
                [USE_COUNTER] = json_member_string(described->more, member_names[USE_COUNTER]),
                [ATTESTATION_KEY] =
                        json_member_string(described->more, member_names[ATTESTATION_KEY]),
                [WITNESS] = json_member_string(described->more, member_names[WITNESS]),
                [EVIDENCE] = json_member_string(described->more, member_names[EVIDENCE]),
        };

        return values[member] ? values[member] : "";
}

static int diff_key(const struct keyring_key *old, const struct keyring_key *new,
                    keyring_change_function changed, void *context)
{
        _cleanup_(described_done) struct described before = {}, after = {};
        int r = describe(old, &before);

        if (r == 0)
                r = describe(new, &after);
        for (enum member i = 0; i < MEMBERS && r == 0; i++) {
                const struct keyring_change change = {old, new, member_names[i],
                                                      member_of(&before, i), member_of(&after, i)};

                if (!string_equal(change.was, change.is))
                        r = changed(&change, context);
        }
        return r;
}

int keyring_diff(const struct keyring *old, const struct keyring *new,
                 keyring_change_function changed, void *context)
{
        int r = 0;

        for (size_t i = 0; i < new->count &&r == 0; i++) {
                const struct keyring_key *key = &new->keys[i];
                const struct keyring_key *before = keyring_find(old, key->name, key->version);

                r = before ? diff_key(before, key, changed, context)
                           : changed(&(struct keyring_change){.new = key}, context);
        }
        return r;
}

/* An end stays one. What was revoked is not believed for longer than was said. */
static int check_state(const struct keyring_key *old, const struct keyring_key *new,
                       struct problem *problem)
{
        static const unsigned next[] = {
                [KEY_ACTIVE] = ~0u,
                [KEY_RETIRED] = 1u << KEY_RETIRED | 1u << KEY_REVOKED | 1u << KEY_DESTROYED,
                [KEY_REVOKED] = 1u << KEY_REVOKED,
                [KEY_DESTROYED] = 1u << KEY_REVOKED | 1u << KEY_DESTROYED,
        };

        if (!(next[old->state] & 1u << new->state))
                return problem_set(problem, -EKEYREJECTED,
                                   "key %s version %u: was %s, and is %s again", new->name,
                                   new->version, key_state_name(old->state),
                                   key_state_name(new->state));
        return 0;
}

/* A key that has ended gets no more time. One that ended nobody knows when gets none at all: each
 * time that a later ring gave it would be more than it had. */
static int check_window(const struct keyring_key *old, const struct keyring_key *new,
                        struct problem *problem)
{
        const char *was = key_window_last(old), *is = key_window_last(new);

        if (keyring_key_is_current(old) || strcmp(is, was) <= 0)
                return 0;
        return problem_set(problem, -EKEYREJECTED,
                           "key %s version %u: counted up to \"%s\", and does up to \"%s\"",
                           new->name, new->version, was, is);
}

static int check_member(const struct described *old, const struct described *new,
                        enum member member, struct problem *problem)
{
        const char *was = member_of(old, member), *is = member_of(new, member);
        int may_be_set =
                member == OVERLAP || member == ENDED || member == REVOKED || member == DESTROYED;

        if (string_equal(was, is) || (may_be_set && !was[0]))
                return 0;
        return problem_set(problem, -EKEYREJECTED,
                           "key %s version %u: %s was \"%s\", and is \"%s\"", new->key->name,
                           new->key->version, member_names[member], was, is);
}

/* What the key was made with, and what was said of its end. */
static int check_members(const struct keyring_key *old, const struct keyring_key *new,
                         struct problem *problem)
{
        static const enum member fixed[] = {
                CREATED, OVERLAP,  ENDED,        REVOKED,     DESTROYED,       PURPOSE, ALGORITHM,
                TOKEN,   IMPORTED, TRANSPARENCY, USE_COUNTER, ATTESTATION_KEY, WITNESS};
        _cleanup_(described_done) struct described before = {}, after = {};
        int r = describe(old, &before);

        if (r == 0)
                r = describe(new, &after);
        for (size_t i = 0; i < ARRAY_SIZE(fixed) && r == 0; i++)
                r = check_member(&before, &after, fixed[i], problem);
        return r;
}

static int check_key(const struct keyring_key *old, const struct keyring *ring,
                     struct problem *problem)
{
        const struct keyring_key *new = keyring_find(ring, old->name, old->version);
        int r;

        if (!new)
                return problem_set(problem, -EKEYREJECTED, "key %s version %u: is missing",
                                   old->name, old->version);
        if (!view_equal(sha256_view(pubkey_fingerprint(old->pubkey)),
                        sha256_view(pubkey_fingerprint(new->pubkey))))
                return problem_set(problem, -EKEYREJECTED,
                                   "key %s version %u: is another public key", old->name,
                                   old->version);
        r = check_state(old, new, problem);
        if (r == 0)
                r = check_members(old, new, problem);
        return r < 0 ? r : check_window(old, new, problem);
}

static int check_place(const struct keyring_seal *old, const struct keyring_seal *new,
                       struct problem *problem)
{
        if (new->index < old->index || new->checkpoint.size < old->checkpoint.size)
                return problem_set(
                        problem, -EKEYREJECTED,
                        "it is older: record %llu with a checkpoint of %llu, after "
                        "record %llu with a checkpoint of %llu",
                        (unsigned long long)new->index, (unsigned long long)new->checkpoint.size,
                        (unsigned long long)old->index, (unsigned long long)old->checkpoint.size);
        if (new->checkpoint.size == old->checkpoint.size &&
            !view_equal(sha256_view(&new->checkpoint.root), sha256_view(&old->checkpoint.root)))
                return problem_set(problem, -EKEYREJECTED,
                                   "two checkpoints of %llu records with different roots: the "
                                   "journal was forked",
                                   (unsigned long long)new->checkpoint.size);
        return 0;
}

/* Neither of the two may know that the log key does not count any more: whoever has one that was
 * revoked makes a ring that does not say so. */
static int check_log_key(const struct keyring_key *known, const struct keyring *new,
                         struct problem *problem)
{
        const struct key_moment nobody = {};
        struct key_moment recorded;
        struct problem reason = {};
        int r;

        key_moment_recorded(new->seal->time, &recorded);
        r = log_key_check(known, &recorded, &nobody, &reason);
        if (r == 0)
                r = keyring_seal_check(new, &nobody, &reason);
        return r < 0 ? problem_set(problem, r, "it is %s", problem_text(&reason, r)) : 0;
}

/* A ring names its log key itself: only the ring before can say that it is the right one. */
static int check_seals(const struct keyring *old, const struct keyring *new,
                       struct problem *problem)
{
        const struct keyring_key *known;
        int r;

        if (!old->seal && !new->seal)
                return 0;
        if (!new->seal)
                return problem_set(problem, -EKEYREJECTED,
                                   "it is unsigned, and the one before was "
                                   "signed");
        known = keyring_find_fingerprint(old, pubkey_fingerprint(new->seal->log_key->pubkey));
        if (!known || known->purpose != KEY_LOG)
                return problem_set(problem, -EKEYREJECTED,
                                   "it is signed by log key %s version %u, which the one before "
                                   "does not have",
                                   new->seal->log_key->name, new->seal->log_key->version);
        r = check_log_key(known, new, problem);
        return r == 0 && old->seal ? check_place(old->seal, new->seal, problem) : r;
}

int keyring_check_successor(const struct keyring *old, const struct keyring *new,
                            struct problem *problem)
{
        int r;

        if (!string_equal(old->origin, new->origin))
                return problem_set(problem, -EKEYREJECTED, "it is of origin %.150s, not %.150s",
                                   new->origin, old->origin);
        r = check_seals(old, new, problem);
        for (size_t i = 0; i < old->count && r == 0; i++)
                r = check_key(&old->keys[i], new, problem);
        return r;
}
