/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The configuration in force: INI files, strict. What cannot be understood is an error with file
 * and line.
 *
 * A struct config is immutable once loaded; a reload makes a new one. Sections, keys and their
 * meaning are in hallmark.conf(5).
 */

#include "lib/frame.h"
#include "lib/keyring.h"
#include "lib/vkey.h"

#define CONFIG_SECTIONS_MAX  1024 /* tokens, keys or grants */
#define CONFIG_WITNESSES_MAX 16   /* whose signatures fit into a note beside the log's */
#define CONFIG_LIST_MAX      64   /* words in one value */
#define CONFIG_WORKERS_MAX   64
#define CONFIG_SIZE_MAX      ((size_t)1 << 20) /* bytes of one file */
#define CONFIG_LINE_MAX      4096    /* bytes of one line; 198 where inih cannot do more */
#define CONFIG_RATE_MAX      1000000 /* requests in one unit of time, or at once */

/* Microseconds. */
#define CONFIG_CHECKPOINT_LEAST   ((uint64_t)10000)
#define CONFIG_CHECKPOINT_MOST    ((uint64_t)3600 * 1000000)
#define CONFIG_CHECKPOINT_DEFAULT ((uint64_t)1000000)
#define CONFIG_COUNT_LEAST        ((uint64_t)1000000)
#define CONFIG_COUNT_MOST         ((uint64_t)3600 * 1000000)
#define CONFIG_ROTATE_LEAST       ((uint64_t)1000000)
#define CONFIG_OVERLAP_LEAST      ((uint64_t)1000000)
#define CONFIG_OVERLAP_MOST       ((uint64_t)366 * 24 * 3600 * 1000000)
#define CONFIG_ROTATE_MOST        ((uint64_t)3660 * 24 * 3600 * 1000000)
#define CONFIG_COUNT_DEFAULT      ((uint64_t)60 * 1000000)
#define CONFIG_ANCHOR_LEAST       ((uint64_t)1000000)
#define CONFIG_ANCHOR_MOST        ((uint64_t)24 * 3600 * 1000000)
#define CONFIG_ANCHOR_DEFAULT     ((uint64_t)3600 * 1000000)
#define CONFIG_TIMEOUT_LEAST      ((uint64_t)100000)
#define CONFIG_TIMEOUT_MOST       ((uint64_t)600 * 1000000)
#define CONFIG_TIMEOUT_DEFAULT    ((uint64_t)10 * 1000000)
#define CONFIG_DECISION_LEAST     ((uint64_t)10000)
#define CONFIG_DECISION_MOST      ((uint64_t)10 * 1000000)
#define CONFIG_DECISION_DEFAULT   ((uint64_t)1000000)
#define CONFIG_WINDOW_LEAST       ((uint64_t)1000000)
#define CONFIG_WINDOW_MOST        ((uint64_t)10080 * 60 * 1000000)
#define CONFIG_WINDOW_DEFAULT     ((uint64_t)60 * 60 * 1000000)
#define CONFIG_AUDIT_LEAST        ((uint64_t)1000000)
#define CONFIG_AUDIT_MOST         ((uint64_t)3600 * 1000000)
#define CONFIG_AUDIT_DEFAULT      ((uint64_t)60 * 1000000)

/* A value of several words. */
struct words {
        char **word;
        size_t count;
};

struct config_token {
        char *name;
        char *driver;          /* "tpm", "pkcs11": the program hallmark-<driver> */
        struct facts settings; /* passed to the driver as they are */
        uint32_t workers;      /* processes; 1 for a TPM */
        uint64_t timeout_usec; /* of one operation */
        int audit;             /* the TPM audits its commands */
        uint64_t audit_usec;   /* between two attestations of that */
        char *place;           /* "file:line" of the section */
};

struct config_key {
        char *name;
        char *token;
        const struct algorithm *algorithm;
        enum key_purpose purpose;
        enum key_transparency transparency;
        int use_counter;
        uint64_t rotate_usec;  /* after so long in use there is a reminder; 0: none */
        uint64_t overlap_usec; /* after a rotation the version before goes on for so long; 0: not */
        struct gate gate;      /* its witness */
        char *place;
};

#define CONFIG_DECISION_PATH_MAX ((size_t)512)

/* Somebody else who is asked: a rule of an OPA. */
struct config_decision {
        int is_set;
        char *socket, *path;   /* NULL: nobody is asked */
        uint64_t timeout_usec; /* for an answer */
};

struct config_grant {
        char *name;
        struct words keys; /* globs of key names; empty: methods that name no key alone */
        struct words methods;
        uid_t *uids; /* resolved from User= */
        size_t uid_count;
        gid_t *gids; /* resolved from Group= */
        size_t gid_count;
        struct words units;              /* globs of unit names */
        struct words slices;             /* globs of names of slices, at any height */
        struct words jobs;               /* globs of numbers of Slurm jobs */
        struct words claims;             /* "NAME" or "NAME=GLOB": all are required */
        int user_namespaces;             /* also for callers in one of their own */
        uint32_t rate_count;             /* requests … */
        uint64_t rate_usec;              /* … in this time; 0: no limit */
        uint32_t burst;                  /* requests at once; defaults to rate_count */
        uint32_t per_day;                /* requests in 24 hours; 0: no limit */
        struct config_decision decision; /* when the grant applies */
        char *place;
};

/* Somebody elsewhere who cosigns checkpoints. */
struct config_witness {
        char *name;
        char *url; /* submission prefix, without a slash at the end */
        struct vkey key;
        uint64_t timeout_usec; /* of one request */
        char *place;
};

/* Whose word the provenance of a run is. */
struct config_builder {
        char *name;
        char *id;     /* builder.id, a URI */
        char *key;    /* that signs for it, and signs nothing else */
        int observed; /* only of runs in a unit that the service manager tells about */
        char *lesser; /* name of the builder of runs that are not; NULL: they are refused */
        char *place;
};

struct config {
        char *origin;
        char *state_directory;
        char *sign_socket;
        char *admin_socket;
        uint64_t checkpoint_usec;
        char *anchor;            /* name of the token that anchors the journal; NULL: none does */
        uint64_t anchor_usec;    /* how often */
        uint64_t count_usec;     /* how often the counters of keys in use are read */
        struct words two_person; /* methods that need a second operator */
        char *two_person_text;   /* the same, as in records; NULL: none */
        uint64_t window_usec;    /* in which he has to approve */
        struct config_decision decision; /* of grants that say nothing else */
        struct config_token *tokens;
        size_t token_count;
        struct config_key *keys;
        size_t key_count;
        struct config_grant *grants;
        size_t grant_count;
        struct config_witness *witnesses;
        size_t witness_count;
        struct config_builder *builders;
        size_t builder_count;
        const struct config_key *log_key;        /* the one with Purpose=log */
        const struct config_key *second_log_key; /* that with Algorithm=ed25519; or NULL */
        struct words warnings; /* what is allowed and perhaps not meant, with file and line */
        char *untrusted; /* why the agent must not use this: a file that others can change; or NULL
                          */
        struct sha256 digest; /* SHA-256 of SHA-256(name without folder) ‖ SHA-256(content) of each
                                 file read, in their order */
};

/* Reads @path, then every "*.conf" in the folder "<path>.d" in the order of their names. A later
 * file may add sections, not repeat one ([Agent] excepted: a later key replaces). -EBADMSG with
 * "file:line: what, expected, found"; the errno of a file that cannot be read; -ENOMEM. */
int config_load(const char *path, struct config **ret, struct problem *problem) _must_use_;

/* The same from one text, for tests: no drop-ins. @name stands for the file name in messages. */
int config_parse(const char *name, struct view text, struct config **ret,
                 struct problem *problem) _must_use_;

struct config *config_free(struct config *config);
DEFINE_CLEANUP(struct config *, config_free)

const struct config_token *config_find_token(const struct config *config, const char *name);
const struct config_key *config_find_key(const struct config *config, const char *name);

/* By its name, and by that of its key; NULL: there is none. */
const struct config_builder *config_find_builder(const struct config *config, const char *name);
const struct config_builder *config_find_builder_of_key(const struct config *config,
                                                        const char *key);

/* The methods that need a second operator, as in records, or NULL. */
static inline const char *config_two_person_text(const struct config *config)
{
        return config->two_person_text;
}

int config_decision_equal(const struct config_decision *a, const struct config_decision *b);

/* Whether somebody has to be asked by any grant. */
int config_has_decisions(const struct config *config);

/* Whether two sections describe the same token in the same way, so that its processes may go on. */
int config_token_equal(const struct config_token *a, const struct config_token *b);
