/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/keyring.h"

#include <errno.h>
#include <fcntl.h>

#include "lib/file.h"
#include "lib/key-window.h"
#include "lib/keyring-seal.h"
#include "lib/note.h"
#include "lib/tlog-proof.h"

#define KEYRING_TYPE    "hallmark-keyring"
#define KEYRING_VERSION 1

static int compare_keys(const struct keyring_key *a, const struct keyring_key *b)
{
        int names = strcmp(a->name, b->name);

        if (names != 0)
                return names;
        return (a->version > b->version) - (a->version < b->version);
}

static int compare_key_pointers(const void *a, const void *b)
{
        return compare_keys(*(const struct keyring_key *const *)a,
                            *(const struct keyring_key *const *)b);
}

static int compare_fingerprints(const void *a, const void *b)
{
        const struct keyring_key *const *left = a, *const *right = b;

        return memcmp(pubkey_fingerprint((*left)->pubkey), pubkey_fingerprint((*right)->pubkey),
                      sizeof(struct sha256));
}

/* A sorted array of pointers to @keys, for the caller to free. NULL without memory. */
static const struct keyring_key **keys_sorted(const struct keyring_key *keys, size_t count,
                                              int (*compare)(const void *, const void *))
{
        const struct keyring_key **sorted = calloc(count + 1, sizeof(struct keyring_key *));

        if (!sorted)
                return NULL;
        for (size_t i = 0; i < count; i++)
                sorted[i] = &keys[i];
        qsort(sorted, count, sizeof(struct keyring_key *), compare);
        return sorted;
}

static json_t *keys_to_json(const struct keyring_key *keys, size_t count)
{
        _cleanup_(freep) const struct keyring_key **sorted =
                keys_sorted(keys, count, compare_key_pointers);
        json_t *array = json_array();

        for (size_t i = 0; sorted && array && i < count; i++) {
                if (json_array_append_new(array, keyring_key_to_json(sorted[i])) == 0)
                        continue;
                json_decref(array);
                return NULL;
        }
        if (!sorted) {
                json_decref(array);
                return NULL;
        }
        return array;
}

int keyring_put(struct buf *buf, const char *origin, const struct keyring_key *keys, size_t count)
{
        json_t *ring = json_pack("{s:o, s:s, s:s, s:i}", "keys", keys_to_json(keys, count),
                                 "origin", origin, "type", KEYRING_TYPE, "v", KEYRING_VERSION);

        if (!ring)
                return -ENOMEM;
        json_put(buf, ring);
        buf_put_u8(buf, '\n');
        json_decref(ring);
        return buf_error(buf);
}

/* A version ends before the next one begins, so that at each time there is one at most, or says
 * itself how long it goes on beside that. Of one that ended nobody knows when, nothing can be said.
 */
static int check_pair(const struct keyring_key *key, const struct keyring_key *next,
                      struct problem *problem)
{
        if (keyring_key_is_current(key))
                return problem_set(problem, -EBADMSG,
                                   "key %s version %u: is active, and version %u followed it",
                                   key->name, key->version, next->version);
        if (strcmp(key->created, next->created) > 0)
                return problem_set(problem, -EBADMSG,
                                   "key %s: versions %u and %u run backward: created %s, "
                                   "created %s",
                                   key->name, key->version, next->version, key->created,
                                   next->created);
        if (key->overlap[0] && strcmp(key->overlap, next->created) < 0)
                return problem_set(
                        problem, -EBADMSG,
                        "key %s version %u: overlap until %s, and version %u was created %s",
                        key->name, key->version, key->overlap, next->version, next->created);
        if (!key->overlap[0] && strcmp(key_window_end(key), next->created) > 0)
                return problem_set(problem, -EBADMSG,
                                   "key %s: the windows of versions %u and %u overlap: "
                                   "%s %s, created %s",
                                   key->name, key->version, next->version,
                                   key->ended[0] ? "ended" : "destroyed", key_window_end(key),
                                   next->created);
        return 0;
}

static int check_windows(const struct keyring *ring, struct problem *problem)
{
        for (size_t i = 0; i < ring->count; i++) {
                const struct keyring_key *key = &ring->keys[i];
                const struct keyring_key *next = i + 1 < ring->count ? key + 1 : NULL;
                int r = 0;

                if (next && string_equal(key->name, next->name))
                        r = check_pair(key, next, problem);
                else if (key->overlap[0])
                        r = problem_set(problem, -EBADMSG,
                                        "key %s version %u: overlap: no version follows it",
                                        key->name, key->version);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int check_order(const struct keyring *ring, struct problem *problem)
{
        const char *active = "";

        for (size_t i = 0; i < ring->count; i++) {
                const struct keyring_key *key = &ring->keys[i];

                if (i > 0 && compare_keys(&ring->keys[i - 1], key) >= 0)
                        return problem_set(problem, -EBADMSG,
                                           "key %s version %u: keys must be ordered by name and "
                                           "version, each once",
                                           key->name, key->version);
                if (!keyring_key_is_current(key))
                        continue;
                if (string_equal(active, key->name))
                        return problem_set(problem, -EBADMSG,
                                           "key %s version %u: a lower version is active as well",
                                           key->name, key->version);
                active = key->name;
        }
        return check_windows(ring, problem);
}

static int check_fingerprints(const struct keyring *ring, struct problem *problem)
{
        _cleanup_(freep) const struct keyring_key **sorted =
                keys_sorted(ring->keys, ring->count, compare_fingerprints);

        if (!sorted)
                return -ENOMEM;
        for (size_t i = 1; i < ring->count; i++)
                if (compare_fingerprints(&sorted[i - 1], &sorted[i]) == 0)
                        return problem_set(
                                problem, -EBADMSG,
                                "key %s version %u and key %s version %u are the same key",
                                sorted[i - 1]->name, sorted[i - 1]->version, sorted[i]->name,
                                sorted[i]->version);
        return 0;
}

/* One value has one text, so what would be written must be what was read. */
static int check_canonical(const struct keyring *ring, struct view text, struct problem *problem)
{
        _cleanup_(buf_done) struct buf again = {};
        int r = keyring_put(&again, ring->origin, ring->keys, ring->count);

        if (r < 0)
                return r;
        if (!view_equal(buf_view(&again), text))
                return problem_set(problem, -EBADMSG,
                                   "key ring: expected canonical JSON (members sorted, no white "
                                   "space) and one newline at the end");
        return 0;
}

static int read_keys(const json_t *array, struct keyring *ret, struct problem *problem)
{
        size_t size = json_array_size(array);
        int r;

        ret->keys = calloc(size + 1, sizeof(*ret->keys));
        if (!ret->keys)
                return -ENOMEM;
        for (; ret->count < size; ret->count++) {
                r = keyring_key_from_json(json_array_get(array, ret->count), &ret->keys[ret->count],
                                          problem);
                if (r < 0)
                        return problem_prefix(problem, r, "key ring: entry %zu", ret->count);
        }
        return 0;
}

static int read_ring(const json_t *object, struct keyring *ret, struct problem *problem)
{
        static const struct json_member members[] = {
                {"keys", JSON_ARRAY, 1},
                {"origin", JSON_STRING, 1},
                {"type", JSON_STRING, 1},
                {"v", JSON_INTEGER, 1},
        };
        int r = json_check_members(object, "key ring", members, ARRAY_SIZE(members), problem);

        if (r < 0)
                return r;
        if (!string_equal(json_member_string(object, "type"), KEYRING_TYPE))
                return problem_set(problem, -EBADMSG,
                                   "key ring: type: expected \"" KEYRING_TYPE "\", found \"%.40s\"",
                                   json_member_string(object, "type"));
        if (json_member_integer(object, "v", 0) != KEYRING_VERSION)
                return problem_set(problem, -EBADMSG, "key ring: v: expected %d, found %lld",
                                   KEYRING_VERSION, (long long)json_member_integer(object, "v", 0));
        if (!note_name_is_valid(json_member_string(object, "origin")))
                return problem_set(problem, -EBADMSG,
                                   "key ring: origin: expected a name without spaces, '+' and "
                                   "control characters, found \"%.80s\"",
                                   json_member_string(object, "origin"));
        ret->origin = strdup(json_member_string(object, "origin"));
        if (!ret->origin)
                return -ENOMEM;
        return read_keys(json_object_get(object, "keys"), ret, problem);
}

/* The line of the ring itself, and what signs it. */
static struct view split(struct view text, struct view *ret_line)
{
        struct reader reader = reader_init(text);
        size_t size = reader_until(&reader, '\n').size + 1;
        struct view rest = reader_rest(&reader);

        if (reader.bad || !tlog_proof_is(rest)) {
                *ret_line = text;
                return (struct view){};
        }
        *ret_line = view_of(text.data, size);
        return rest;
}

static int parse_line(struct view line, struct keyring *ret, struct problem *problem)
{
        json_t *object = NULL;
        int r = json_parse_object(line, &object, problem);

        if (r < 0)
                return problem_prefix(problem, r, "key ring");
        r = read_ring(object, ret, problem);
        json_decref(object);
        if (r == 0)
                r = check_order(ret, problem);
        if (r == 0)
                r = check_fingerprints(ret, problem);
        return r < 0 ? r : check_canonical(ret, line, problem);
}

int keyring_parse(struct view text, struct keyring *ret, struct problem *problem)
{
        _cleanup_(keyring_done) struct keyring ring = {};
        struct view line, seal = split(text, &line);
        int r;

        if (text.size > KEYRING_SIZE_MAX)
                return problem_set(problem, -EBADMSG, "key ring: longer than %zu bytes",
                                   KEYRING_SIZE_MAX);
        r = parse_line(line, &ring, problem);
        if (r == 0 && seal.data)
                r = keyring_seal_open(&ring, line, seal, &ring.seal, problem);
        if (r < 0)
                return r;
        *ret = ring;
        ring = (struct keyring){};
        return 0;
}

void keyring_done(struct keyring *ring)
{
        if (!ring)
                return;
        for (size_t i = 0; i < ring->count; i++)
                keyring_key_done(&ring->keys[i]);
        free(ring->keys);
        free(ring->origin);
        (void)keyring_seal_free(ring->seal);
        *ring = (struct keyring){};
}

struct keyring_key *keyring_find_fingerprint(const struct keyring *ring,
                                             const struct sha256 *fingerprint)
{
        for (size_t i = 0; i < ring->count; i++)
                if (view_equal(sha256_view(pubkey_fingerprint(ring->keys[i].pubkey)),
                               sha256_view(fingerprint)))
                        return &ring->keys[i];
        return NULL;
}

struct keyring_key *keyring_find(const struct keyring *ring, const char *name, uint32_t version)
{
        for (size_t i = 0; i < ring->count; i++) {
                struct keyring_key *key = &ring->keys[i];

                if (string_equal(key->name, name) &&
                    (version == 0 ? keyring_key_is_current(key) : key->version == version))
                        return key;
        }
        return NULL;
}
