/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/replay-window.h"

#include <errno.h>

#include "lib/base64.h"
#include "lib/hashedrekord.h"
#include "lib/signed-message.h"

#define BUNDLE_KEPT ((size_t)1 << 20) /* memory of a window between bundles */

static int copy_ring(const struct keyring *ring, struct keyring *ret)
{
        int r = 0;

        ret->keys = calloc(ring->count + 1, sizeof(*ret->keys));
        if (!ret->keys)
                return -ENOMEM;
        for (; ret->count < ring->count && r == 0; ret->count++) {
                struct keyring_key *key = &ret->keys[ret->count];

                *key = ring->keys[ret->count];
                key->pubkey = NULL;
                key->gate = (struct gate){};
                r = pubkey_from_spki(pubkey_spki(ring->keys[ret->count].pubkey), &key->pubkey);
                if (r == 0)
                        r = gate_copy(&ring->keys[ret->count].gate, &key->gate);
        }
        return r;
}

int replay_crew_init(struct replay_crew *crew, const struct keyring *ring, unsigned workers)
{
        int r = 0;

        while (r == 0 && crew->count < workers)
                r = copy_ring(ring, &crew->rings[crew->count++]);
        return r;
}

void replay_crew_done(struct replay_crew *crew)
{
        for (size_t i = 0; i < crew->count; i++) {
                struct keyring *own = &crew->rings[i];

                for (size_t j = 0; j < own->count; j++) {
                        pubkey_free(own->keys[j].pubkey);
                        gate_done(&own->keys[j].gate);
                }
                free(own->keys);
        }
}

static const struct keyring_key *find_key(const struct record *record, const struct keyring *ring)
{
        struct sha256 fingerprint;

        if (hex_decode(record_string(record, "fingerprint"), fingerprint.bytes, SHA256_SIZE) < 0)
                return NULL;
        return keyring_find_fingerprint(ring, &fingerprint);
}

static int may_have_signed(const struct keyring_key *key, const struct record *record)
{
        int64_t version;

        return key->purpose != KEY_LOG && !key->imported[0] &&
               view_is(record_string(record, "key"), key->name) &&
               record_integer(record, "version", &version) == 0 && version == (int64_t)key->version;
}

static int read_digest(struct view text, const struct algorithm *algorithm,
                       uint8_t ret[DIGEST_SIZE_MAX])
{
        size_t name = strlen(algorithm->hash);

        return text.size == name + 1 + 2 * algorithm->digest_size &&
               memcmp(text.data, algorithm->hash, name) == 0 && text.data[name] == ':' &&
               hex_decode(view_of(text.data + name + 1, text.size - name - 1), ret,
                          algorithm->digest_size) == 0;
}

/* What let the key sign is there, and good, if and only if the ring says that something had to. */
static int is_authorized(const struct record *record, const struct keyring_key *key,
                         struct view digest)
{
        _cleanup_(buf_done) struct buf authorization = BUF_INIT(SPKI_SIZE_MAX);
        struct view text = record_string(record, "authorization");

        if (!key->gate.witness || !text.data)
                return !key->gate.witness && !text.data;
        return base64_decode(&authorization, text) == 0 &&
               gate_verify(&key->gate, key->pubkey, key->algorithm, digest,
                           buf_view(&authorization)) == 0;
}

static int signature_is_good(const struct record *record, const struct keyring_key *key)
{
        _cleanup_(buf_done) struct buf signature = BUF_INIT(SPKI_SIZE_MAX), message = {};
        uint8_t bytes[DIGEST_SIZE_MAX];
        struct view digest = view_of(bytes, key->algorithm->digest_size);

        return view_is(record_string(record, "algorithm"), key->algorithm->name) &&
               read_digest(record_string(record, "digest"), key->algorithm, bytes) &&
               signed_message_read(record_string(record, "message"), key->algorithm, digest,
                                   &message, NULL) == 0 &&
               base64_decode(&signature, record_string(record, "signature")) == 0 &&
               signed_message_verify(key->pubkey, key->algorithm, digest, buf_view(&message),
                                     buf_view(&signature)) == 0 &&
               is_authorized(record, key, digest);
}

static int digests_are_good(const struct record *record, const struct keyring_key *key)
{
        struct view rest = record_array(record, "digests"), text = {};
        uint8_t digest[DIGEST_SIZE_MAX];

        if (gate_is_closed(&key->gate))
                return 0;
        while (record_next_string(&rest, &text) == 1)
                if (!read_digest(text, key->algorithm, digest))
                        return 0;
        return 1;
}

static int statement_is_good(const struct record *record)
{
        struct record_statement statement = {
                .payload = record_string(record, "payload"),
                .subjects = record_string(record, "subjects"),
                .predicate_type = record_string(record, "predicateType"),
        };
        struct view rest = record_array(record, "digests"), text = {};
        size_t count = 0;
        int r;

        if (record_integer(record, "subjectCount", &statement.subject_count) < 0 ||
            !record_statement_is_valid(&statement))
                return 0;
        while ((r = record_next_string(&rest, &text)) == 1)
                if (++count > RECORD_SUBJECTS_MAX || !record_digest_is_sha256(text))
                        return 0;
        return r == 0;
}

/* Says yes to nothing that record_verify() would not. */
static int is_verified(const struct record *record, const struct keyring_key *key)
{
        int logged = record_is(record, "sign.logged");

        if (!logged && !record_type_signs(record->type->name))
                return 1;
        if (record_is(record, "attest") && !statement_is_good(record))
                return 0;
        if (!key || !may_have_signed(key, record))
                return 0;
        return logged ? digests_are_good(record, key) : signature_is_good(record, key);
}

/* What is not plainly good is looked at once more, for the reason. */
static int find_reason(struct view bytes, const struct keyring *ring, struct problem *ret)
{
        _cleanup_(json_decrefp) json_t *record = NULL;
        int r = record_parse(bytes, &record, ret);

        if (r == 0)
                r = record_verify(record, ring, ret);
        return r < 0 ? problem_set(ret, r, "%s", problem_text(ret, r)) : 0;
}

void replay_leaf_check(struct window_leaf *leaf, const struct keyring *ring)
{
        const struct keyring_key *key;
        struct problem reason = {};
        int r;

        leaf->hash = merkle_leaf(leaf->bytes);
        leaf->reason = NULL;
        leaf->key = REPLAY_NO_KEY;
        leaf->kind = hashedrekord_is(leaf->bytes) ? REPLAY_ENTRY : REPLAY_RECORD;
        if (leaf->kind == REPLAY_ENTRY)
                return;
        if (record_scan(leaf->bytes, &leaf->record) == 0) {
                key = find_key(&leaf->record, ring);
                if (key)
                        leaf->key = (size_t)(key - ring->keys);
                if (is_verified(&leaf->record, key))
                        return;
        }
        r = find_reason(leaf->bytes, ring, &reason);
        if (r == 0) /* the two differ: a bug of ours, and no reason to believe it */
                (void)problem_set(&reason, -EBADMSG, "record: not verified");
        leaf->kind = REPLAY_BAD;
        leaf->reason = r == -ENOMEM ? NULL : strdup(reason.text);
}

void replay_window_check(void *argument, void *context, unsigned worker)
{
        struct replay_window *window = argument;
        const struct replay_crew *crew = context;
        const struct keyring *ring = &crew->rings[worker];
        struct reader reader = reader_init(buf_view(&window->bundle));

        for (window->count = 0; window->count < window->tile.width; window->count++) {
                struct window_leaf *leaf = &window->leaves[window->count];

                leaf->bytes = tile_read_entry(&reader);
                if (reader.bad)
                        break;
                if (window->count >= window->done)
                        replay_leaf_check(leaf, ring);
        }
        window->rest = reader.left;
}

void replay_window_clear(struct replay_window *window)
{
        for (unsigned i = window->done; i < window->count; i++) {
                free(window->leaves[i].reason);
                window->leaves[i].reason = NULL;
        }
        window->done = window->count = 0;
        window->reason = (struct problem){};
        buf_clear(&window->bundle);
        if (window->bundle.capacity > BUNDLE_KEPT)
                buf_done(&window->bundle);
}

void replay_window_done(struct replay_window *window)
{
        if (!window)
                return;
        replay_window_clear(window);
        buf_done(&window->bundle);
}
