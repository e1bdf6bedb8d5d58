/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/keyring-set.h"

#include <errno.h>
#include <fcntl.h>

#include "lib/file.h"
#include "lib/keyring-diff.h"
#include "lib/keyring-seal.h"
#include "lib/utf8.h"
#include "lib/wildcard.h"

void keyring_set_done(struct keyring_set *set)
{
        if (!set)
                return;
        for (size_t i = 0; i < set->count; i++)
                keyring_done(&set->rings[i]);
        free(set->rings);
        *set = (struct keyring_set){};
}

const struct keyring *keyring_set_find(const struct keyring_set *set, struct view origin)
{
        for (size_t i = 0; i < set->count; i++)
                if (view_is(origin, set->rings[i].origin))
                        return &set->rings[i];
        return NULL;
}

static int origin_matches(const char *origin, const char *pattern)
{
        return string_equal(origin, pattern) ||
               (utf8_is_valid(view_string(pattern)) && wildcard_matches(pattern, origin));
}

int keyring_set_keep(struct keyring_set *set, const char *pattern)
{
        size_t kept = 0;

        for (size_t i = 0; i < set->count; i++)
                if (origin_matches(set->rings[i].origin, pattern))
                        set->rings[kept++] = set->rings[i];
                else
                        keyring_done(&set->rings[i]);
        set->count = kept;
        return kept > 0 ? 0 : -ENOKEY;
}

/* A ring begins with a brace. A line of a proof does so only in a checkpoint, as its origin, and
 * that follows a blank one. */
static size_t ring_size(struct view text)
{
        for (size_t i = 1; i + 1 < text.size; i++)
                if (text.data[i] == '\n' && text.data[i + 1] == '{' && text.data[i - 1] != '\n')
                        return i + 1;
        return text.size;
}

static int check_new(const struct keyring_set *set, const struct keyring *ring,
                     struct problem *problem)
{
        for (size_t i = 0; i < set->count; i++) {
                const struct keyring *other = &set->rings[i];

                for (size_t j = 0; j < ring->count; j++) {
                        const struct keyring_key *key = &ring->keys[j];
                        const struct keyring_key *same =
                                keyring_find_fingerprint(other, pubkey_fingerprint(key->pubkey));

                        if (same)
                                return problem_set(
                                        problem, -EKEYREJECTED,
                                        "key %s version %u of %.100s and key %s version %u of "
                                        "%.100s are the same key",
                                        same->name, same->version, other->origin, key->name,
                                        key->version, ring->origin);
                }
        }
        return 0;
}

/* Takes @ring over, on success. */
static int insert(struct keyring_set *set, struct keyring *ring, struct problem *problem)
{
        struct keyring *rings;
        size_t place = set->count;
        int r = check_new(set, ring, problem);

        if (r < 0)
                return r;
        if (set->count == KEYRING_SET_MAX)
                return problem_set(problem, -EMSGSIZE, "more than %d key rings", KEYRING_SET_MAX);
        rings = realloc(set->rings, (set->count + 1) * sizeof(*rings));
        if (!rings)
                return -ENOMEM;
        set->rings = rings;
        while (place > 0 && strcmp(rings[place - 1].origin, ring->origin) > 0)
                place--;
        memmove(&rings[place + 1], &rings[place], (set->count - place) * sizeof(*rings));
        rings[place] = *ring;
        set->count++;
        *ring = (struct keyring){};
        return 0;
}

static int parse_next(struct view text, struct keyring_set *ret, struct problem *problem)
{
        _cleanup_(keyring_done) struct keyring ring = {};
        int r = keyring_parse(text, &ring, problem);

        if (r < 0)
                return r;
        if (ret->count > 0 && strcmp(ret->rings[ret->count - 1].origin, ring.origin) >= 0)
                return problem_set(problem, -EBADMSG,
                                   "key ring of %.150s: rings must be ordered by origin, each once",
                                   ring.origin);
        r = insert(ret, &ring, problem);
        return r == -EKEYREJECTED || r == -EMSGSIZE ? -EBADMSG : r;
}

int keyring_set_parse(struct view text, struct keyring_set *ret, struct problem *problem)
{
        _cleanup_(keyring_set_done) struct keyring_set set = {};
        int r = 0;

        do {
                size_t size = ring_size(text);

                r = parse_next(view_of(text.data, size), &set, problem);
                text = view_of(text.data + size, text.size - size);
        } while (r == 0 && text.size > 0);
        if (r < 0)
                return r;
        *ret = set;
        set = (struct keyring_set){};
        return 0;
}

static int set_read(const char *path, struct keyring_set *ret, struct problem *problem)
{
        _cleanup_(buf_done) struct buf text = BUF_INIT(KEYRING_SIZE_MAX);
        int r = file_read(AT_FDCWD, path, &text, problem);

        if (r < 0)
                return r;
        r = keyring_set_parse(buf_view(&text), ret, problem);
        return r < 0 ? problem_prefix(problem, r, "%s", path) : 0;
}

int keyring_set_load(const char *path, struct keyring_set *ret, struct problem *problem)
{
        const struct key_moment nobody = {};
        _cleanup_(keyring_set_done) struct keyring_set set = {};
        int r = set_read(path, &set, problem);

        for (size_t i = 0; i < set.count && r == 0; i++) {
                r = keyring_seal_check(&set.rings[i], &nobody, problem);
                if (r < 0)
                        r = problem_prefix(problem, r, "%s: key ring of %.100s", path,
                                           set.rings[i].origin);
        }
        if (r < 0)
                return r;
        *ret = set;
        set = (struct keyring_set){};
        return 0;
}

static int take_one(const char *path, struct keyring_set *set, struct keyring *ret,
                    struct problem *problem)
{

        if (set->count > 1)
                return problem_set(problem, -EBADMSG,
                                   "%s: key rings of %zu origins, where one is expected", path,
                                   set->count);
        *ret = set->rings[0];
        set->rings[0] = (struct keyring){};
        return 0;
}

int keyring_read(const char *path, struct keyring *ret, struct problem *problem)
{
        _cleanup_(keyring_set_done) struct keyring_set set = {};
        int r = set_read(path, &set, problem);

        return r < 0 ? r : take_one(path, &set, ret, problem);
}

int keyring_load(const char *path, struct keyring *ret, struct problem *problem)
{
        _cleanup_(keyring_set_done) struct keyring_set set = {};
        int r = keyring_set_load(path, &set, problem);

        return r < 0 ? r : take_one(path, &set, ret, problem);
}

int keyring_set_put(struct buf *buf, const struct keyring_set *set)
{
        int r = 0;

        for (size_t i = 0; i < set->count && r == 0; i++) {
                const struct keyring *ring = &set->rings[i];

                r = keyring_put(buf, ring->origin, ring->keys, ring->count);
                if (r == 0 && ring->seal)
                        buf_put_view(buf, buf_view(&ring->seal->text));
        }
        return r < 0 ? r : buf_error(buf);
}

static void exchange(struct keyring *a, struct keyring *b)
{
        struct keyring kept = *a;

        *a = *b;
        *b = kept;
}

/* Two of one origin: a ring only goes on, so that one of them is the later one, if both are true.
 */
static int merge_same(struct keyring *ring, struct keyring *other, struct problem *problem)
{
        struct problem reason = {};
        int r = keyring_check_successor(ring, other, &reason);

        if (r == 0)
                exchange(ring, other);
        if (r == 0 || keyring_check_successor(other, ring, NULL) == 0)
                return 0;
        return problem_set(problem, r,
                           "two rings of %.150s, and neither goes on from the other: %s",
                           ring->origin, problem_text(&reason, r));
}

static struct keyring *find(const struct keyring_set *set, const char *origin)
{
        for (size_t i = 0; i < set->count; i++)
                if (string_equal(set->rings[i].origin, origin))
                        return &set->rings[i];
        return NULL;
}

/* A ring that has taken the place of another may have keys that a third one has, too. */
static int check_all(const struct keyring_set *set, struct problem *problem)
{
        int r = 0;

        for (size_t i = 1; i < set->count && r == 0; i++) {
                const struct keyring_set before = {set->rings, i};

                r = check_new(&before, &set->rings[i], problem);
        }
        return r;
}

int keyring_set_merge(struct keyring_set *set, struct keyring_set *more, struct problem *problem)
{
        int r = 0;

        for (size_t i = 0; i < more->count && r == 0; i++) {
                struct keyring *same = find(set, more->rings[i].origin);

                r = same ? merge_same(same, &more->rings[i], problem)
                         : insert(set, &more->rings[i], problem);
        }
        if (r == 0)
                r = check_all(set, problem);
        keyring_set_done(more);
        return r;
}
