/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Which logs a verifier accepts and which witnesses must have cosigned a checkpoint (C2SP
 * tlog-policy): lines `log`, `witness`, `group` and `quorum`.
 *
 * The parser takes nothing that the specification does not describe, and no key of a type that
 * cannot be verified here. Witnesses and groups are nodes in the order of the file, so each comes
 * after its members; a node is a member of at most one group.
 */

#include "lib/vkey.h"

#define POLICY_SIZE_MAX  ((size_t)1 << 18)
#define POLICY_LOGS_MAX  64
#define POLICY_NODES_MAX 256 /* witnesses and groups together */
#define POLICY_NONE      ((size_t)-1)

struct policy_node {
        char *name;
        struct vkey key;  /* of a witness: type VKEY_COSIGNATURE */
        size_t threshold; /* of a group: so many of its members; 0: a witness */
        size_t members;   /* of a group */
        size_t parent;    /* the group that it is a member of, or POLICY_NONE */
};

struct policy {
        struct vkey logs[POLICY_LOGS_MAX];
        size_t log_count;
        struct policy_node nodes[POLICY_NODES_MAX];
        size_t node_count;
        size_t quorum; /* a node; POLICY_NONE: no witness is needed */
};

/* Reads a policy. -EBADMSG, -EOPNOTSUPP (type of key) with the line and what is wrong; -EMSGSIZE
 * over POLICY_SIZE_MAX; -ENOMEM. */
int policy_parse(struct view text, struct policy **ret, struct problem *problem) _must_use_;

/* The same from a file. Also the errno of open() and read(). */
int policy_load(const char *path, struct policy **ret, struct problem *problem) _must_use_;

struct policy *policy_free(struct policy *policy);
DEFINE_CLEANUP(struct policy *, policy_free)

/* Whether the quorum is there when exactly the witnesses with a time other than 0 have cosigned.
 * @times has one element for each node; those of groups are not read. */
int policy_decides(const struct policy *policy, const uint64_t *times);

/* The time at which those who had cosigned by then were the quorum: so early it was seen for sure.
 * 0: no witness is needed, or too few said when. */
uint64_t policy_decided_at(const struct policy *policy, const uint64_t *times);

/* 0 if and only if the checkpoint @note satisfies the policy: signed by one of the logs under its
 * own origin (where the policy names any), and cosigned by the quorum. @ret_times gets, for each
 * node that is a witness, the time of its cosignature, or 0. -EKEYREJECTED with the reason: which
 * witnesses are missing, or whose signature does not verify; -ENOMEM. */
int policy_verify(const struct policy *policy, const struct note *note,
                  uint64_t ret_times[POLICY_NODES_MAX], struct problem *problem) _must_use_;
