/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/log-keys.h"

#include <errno.h>

#include "lib/vkey.h"

#define RANKS 6

int log_keys_verify(const struct note *note, const char *origin, struct pubkey *const *keys,
                    size_t count, size_t *ret_signer, struct problem *problem)
{
        size_t signer = count;

        for (size_t i = 0; i < count; i++) {
                struct problem reason = {};
                int r = note_verify(note, origin, keys[i], &reason);

                if (r == -ENOKEY)
                        continue;
                if (r < 0)
                        return problem_set(problem, r, "%s", problem_text(&reason, r));
                signer = signer == count ? i : signer;
        }
        if (signer == count)
                return problem_set(problem, -ENOKEY, "no signature of \"%s\" by the log key",
                                   origin);
        *ret_signer = signer;
        return 0;
}

int log_keys_open(struct view bytes, const char *origin, struct pubkey *const *keys, size_t count,
                  struct checkpoint *ret, struct problem *problem)
{
        _cleanup_(note_done) struct note note = {};
        int r = note_parse(bytes, &note, problem);
        size_t signer;

        if (r == 0)
                r = log_keys_verify(&note, origin, keys, count, &signer, problem);
        return r < 0 ? r : checkpoint_parse_text(note.text, origin, ret, problem);
}

int log_key_check(const struct keyring_key *key, const struct key_moment *recorded,
                  const struct key_moment *seen, struct problem *problem)
{
        struct problem reason = {};

        if (key_window_check(key, key->state == KEY_REVOKED ? seen : recorded, &reason) == 0)
                return 0;
        return problem_set(problem, -EKEYREJECTED, "signed by log key %s version %u, %s", key->name,
                           key->version, reason.text);
}

/* Those of the ring, the more to be believed in front; the caller frees the arrays. */
struct chosen {
        struct pubkey **pubkeys;
        const struct keyring_key **keys;
        size_t count;
};

static void chosen_done(struct chosen *chosen)
{
        free(chosen->pubkeys);
        free(chosen->keys);
}

/* Those in this one of the ranks that log_keys_open_in() tells of. */
static void add_log_keys(struct chosen *chosen, const struct keyring *ring, unsigned rank)
{
        static const unsigned ranks[] = {
                [KEY_ACTIVE] = 0, [KEY_RETIRED] = 2, [KEY_DESTROYED] = 2, [KEY_REVOKED] = 4};

        for (size_t i = 0; i < ring->count; i++) {
                const struct keyring_key *key = &ring->keys[i];

                if (key->purpose != KEY_LOG ||
                    ranks[key->state] + (algorithm_signs_messages(key->algorithm) != 0) != rank)
                        continue;
                chosen->keys[chosen->count] = key;
                chosen->pubkeys[chosen->count++] = key->pubkey;
        }
}

static int choose(const struct keyring *ring, struct chosen *ret)
{
        ret->pubkeys = calloc(ring->count + 1, sizeof(struct pubkey *));
        ret->keys = calloc(ring->count + 1, sizeof(struct keyring_key *));
        if (!ret->pubkeys || !ret->keys)
                return -ENOMEM;
        for (unsigned rank = 0; rank < RANKS; rank++)
                add_log_keys(ret, ring, rank);
        return 0;
}

int log_keys_open_in(struct view bytes, const struct keyring *ring, struct checkpoint *ret,
                     const struct keyring_key **ret_key, struct problem *problem)
{
        _cleanup_(chosen_done) struct chosen chosen = {};
        _cleanup_(note_done) struct note note = {};
        int r = note_parse(bytes, &note, problem);
        size_t signer;

        if (r == 0)
                r = choose(ring, &chosen);
        if (r == 0)
                r = log_keys_verify(&note, ring->origin, chosen.pubkeys, chosen.count, &signer,
                                    problem);
        if (r == 0)
                r = checkpoint_parse_text(note.text, ring->origin, ret, problem);
        if (r == 0 && ret_key)
                *ret_key = chosen.keys[signer];
        return r;
}

static int put_key(struct buf *buf, const char *origin, struct pubkey *pubkey)
{
        _cleanup_(vkey_done) struct vkey vkey = {};
        int r = vkey_of(origin, pubkey, &vkey);

        if (r == 0)
                r = vkey_put(buf, &vkey);
        buf_put_u8(buf, '\n');
        return r < 0 ? r : buf_error(buf);
}

int log_keys_put(struct buf *buf, const struct keyring *ring, struct problem *problem)
{
        _cleanup_(chosen_done) struct chosen chosen = {};
        size_t before = buf->size;
        int r = choose(ring, &chosen);

        for (size_t i = 0; i < chosen.count && r == 0; i++)
                if (chosen.keys[i]->state != KEY_REVOKED)
                        r = put_key(buf, ring->origin, chosen.pubkeys[i]);
        if (r == 0 && buf->size == before)
                return problem_set(problem, -ENOKEY, "the key ring has no log key");
        return r;
}
