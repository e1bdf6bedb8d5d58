/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/log-keys.h"

#include <errno.h>

#include "lib/vkey.h"

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

/* Those of the ring with the primary ones in front; the caller frees the arrays. */
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

static void add_log_keys(struct chosen *chosen, const struct keyring *ring, int signs_messages)
{
        for (size_t i = 0; i < ring->count; i++) {
                const struct keyring_key *key = &ring->keys[i];

                if (key->purpose != KEY_LOG ||
                    algorithm_signs_messages(key->algorithm) != signs_messages)
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
        add_log_keys(ret, ring, 0);
        add_log_keys(ret, ring, 1);
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
