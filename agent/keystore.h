/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The keys that the agent knows: public halves, states, and the handles by which tokens find the
 * private halves.
 *
 * On disk, under <state>/keys/<name>/: `<version>.key` is the token's handle as it is (a TSS2 key
 * file for a TPM), `<version>.json` the key as in the key ring. A version exists if and only if its
 * .json does; while it is being made that file is called `<version>.pending`. An imported key has
 * no handle. How the key was made may be in `<version>.creation` (agent/creation.h). Where a
 * version exists that is active, the ones before it are not, whatever their files say, unless they
 * have an overlap: so one rename is a rotation. `requests` has the ids that operators gave their
 * requests. Keys live until the agent ends; pointers to them stay good, even of those that are
 * discarded.
 */

#include "agent/token.h"
#include "lib/keyring.h"

#define KEYSTORE_KEYS_MAX ((size_t)4096)

struct agent;

struct key {
        struct keyring_key info;
        struct token_key token_key; /* borrows from info and handle */
        char *handle;
        int interrupted; /* pending, and nobody goes on with it: to be removed */
        int undoing;     /* its removal is under way */
        int counting;    /* its uses are being counted */
        int reminded;    /* that it is to be rotated */
        int lapsing;     /* the end of its overlap is being recorded, by: */
        struct agent *agent;
        uint64_t lapse_again_usec; /* the journal did not take it; it is not asked before then */
        uint64_t uses;             /* that were begun since they were last counted */

        /* hold.c: */
        unsigned signing; /* signatures under way */
        int held;         /* no more of them begin */
        struct call *parked;
        size_t parked_count;
        void (*drained)(void *context);
        void *drained_context;
};

struct keystore;

/* Opens or makes the folder @path and reads all keys. -EBADMSG and the errno of a file that cannot
 * be read, with its path: a key is never dropped because something is wrong with it. */
int keystore_open(const char *path, struct keystore **ret, struct problem *problem) _must_use_;
struct keystore *keystore_free(struct keystore *store);
DEFINE_CLEANUP(struct keystore *, keystore_free)

size_t keystore_count(const struct keystore *store);
struct key *keystore_at(const struct keystore *store, size_t index);

/* Version 0 stands for the active one. NULL if there is none. */
struct key *keystore_find(const struct keystore *store, const char *name, uint32_t version);

/* Whether any version of the name exists, or is pending. */
int keystore_has_name(const struct keystore *store, const char *name);

/* The active key with purpose log, ECDSA, or NULL. */
struct key *keystore_log_key(const struct keystore *store);

/* The other one, Ed25519, which signs checkpoints beside it; or NULL. */
struct key *keystore_second_log_key(const struct keystore *store);

/* Versions that were being made when the agent died: entry @index, NULL past the last. */
struct key *keystore_pending_at(const struct keystore *store, size_t index);

/* Writes a new version as pending, durable, and gives it back; takes @info over on success.
 * @creation is the text of a struct key_creation; empty: nothing is known of that. */
int keystore_prepare(struct keystore *store, struct keyring_key *info, struct view handle,
                     struct view creation, struct key **ret, struct problem *problem) _must_use_;

/* Appends that text. -ENOENT: there is none; or what file_read() fails with. */
int keystore_read_creation(const struct keystore *store, const struct key *key, struct buf *ret,
                           struct problem *problem) _must_use_;

/* Makes a pending version one that exists. */
int keystore_commit(struct keystore *store, struct key *key, struct problem *problem) _must_use_;

/* Writes a pending version again, which is active from @created on. */
int keystore_redate(struct keystore *store, struct key *key, const char *created,
                    struct problem *problem) _must_use_;

/* How a version is no longer active, as in struct keyring_key. Empty: as it was. */
struct key_end {
        enum key_state state;
        const char *ended, *revoked, *destroyed, *reason;
};

/* Makes that so, durably. On failure nothing has changed. */
int keystore_end(struct keystore *store, struct key *key, const struct key_end *end,
                 struct problem *problem) _must_use_;

/* Lets a version go on until @until, though the next one takes over: to be called before that is
 * committed. On failure nothing has changed. */
int keystore_overlap(struct keystore *store, struct key *key, const char *until,
                     struct problem *problem) _must_use_;

/* Keeps what its token has said of it, durably: what evidence_from_json() reads, of which it takes
 * a reference. On failure nothing has changed. */
int keystore_set_evidence(struct keystore *store, struct key *key, json_t *evidence,
                          struct problem *problem) _must_use_;

/* The highest version of that name that exists, or NULL. */
struct key *keystore_newest(const struct keystore *store, const char *name);

/* The version with that public key, pending or not, or NULL. */
struct key *keystore_find_fingerprint(const struct keystore *store, struct view fingerprint_hex);

int keystore_is_pending(const struct keystore *store, const struct key *key);

/* The folder, for keystore-request.c. */
int keystore_folder(const struct keystore *store);

/* What an operator called a request, 1 to KEY_NAME_MAX characters as in names, and what came of it.
 */
struct key_request {
        const char *id, *method;
        const char *parameters; /* SHA-256 of what it asked for; or NULL: not known */
        uint32_t version;
};

#define KEYSTORE_REQUESTS_MAX 256 /* of one name; the oldest are forgotten */

/* Reads the text of such a file: at most KEYSTORE_REQUESTS_MAX requests by their ids, each with
 * method, time and version, and maybe the hash of its parameters. -EBADMSG with the reason;
 * -ENOMEM. */
int keystore_parse_requests(struct view text, json_t **ret, struct problem *problem) _must_use_;

/* Notes that request about key @name, durably. keystore-request.c. */
int keystore_note_request(const struct keystore *store, const char *name,
                          const struct key_request *request, struct problem *problem) _must_use_;

/* The version that the request of that id was about. -ENOENT: not known; -EEXIST: it was another
 * method's, or had other parameters; -EBADMSG, … */
int keystore_find_request(const struct keystore *store, const char *name,
                          const struct key_request *request, uint32_t *ret,
                          struct problem *problem) _must_use_;

/* Forgets a pending version and its files. */
void keystore_discard(struct keystore *store, struct key *key);

/* The text of the key ring. */
int keystore_put_ring(const struct keystore *store, const char *origin, struct buf *ret) _must_use_;
