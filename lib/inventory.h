/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The files below a directory: names, what the file system says of each, and digests.
 *
 * Names are relative, separated by '/', valid UTF-8, and in the order of their bytes, each once.
 * What is neither a directory nor a regular file, or has another name, is listed as odd, with why:
 * nobody may sign it, and a verifier has a difference to tell. Symbolic links are never followed.
 *
 * There may be more of them than memory should hold: who walks over them says so with
 * inventory_rest() at each.
 */

#include <sys/stat.h>

#include "lib/digest.h"
#include "lib/spool.h"

#define INVENTORY_FILES_MAX     ((size_t)4000000)
#define INVENTORY_NAMES_MAX     ((size_t)1 << 30) /* bytes of all names together */
#define INVENTORY_DEPTH_MAX     128  /* directories within directories; each holds a descriptor */
#define INVENTORY_NAME_MAX      4096 /* bytes */
#define INVENTORY_IDENTITY_SIZE 16

/* Longer than the kernel keeps a page that was written to through a mapping without writing it
 * back, after which writing to it again is a change that the file's times show. */
#define INVENTORY_SETTLED_SECONDS 120

enum inventory_source {
        INVENTORY_UNKNOWN,     /* the digest is not known */
        INVENTORY_HASHED,      /* read and hashed now */
        INVENTORY_REUSED,      /* known of a file that is unchanged since it was hashed */
        INVENTORY_PRECOMPUTED, /* as somebody said */
        INVENTORY_SKIPPED,     /* nobody wants it */
};

struct inventory_file {
        const char *name;
        const char *odd; /* why it can be no part of a model; NULL: a regular file */
        uint64_t size;
        uint8_t identity[INVENTORY_IDENTITY_SIZE];
        struct sha256 digest;
        enum inventory_source source;
        int is_settled; /* it did not change for INVENTORY_SETTLED_SECONDS before it was listed */
};

struct inventory {
        struct inventory_file *files;
        size_t count;
        struct buf entries, names; /* where files and names are kept */
};

void inventory_done(struct inventory *inventory);

/* Appends a file of that name, which is copied. -ENOMEM; -EMSGSIZE over INVENTORY_FILES_MAX or
 * INVENTORY_NAMES_MAX; the errno of a temporary file. */
int inventory_add(struct inventory *inventory, struct view name,
                  struct inventory_file **ret) _must_use_;

/* Puts the files in order (inventory-sort.c). -EBADMSG with the name when one is there twice; else
 * as inventory_add(). */
int inventory_sort(struct inventory *inventory, struct problem *problem) _must_use_;

/* Beside file @index, for each of them in turn: those before it need no memory any more. */
static inline void inventory_rest(const struct inventory *inventory, size_t index)
{
        if (index % 4096 != 4095)
                return;
        spool_rest(&inventory->entries);
        spool_rest(&inventory->names);
}

/* The files of two sorted inventories side by side, in the order of their names: NULL where one
 * does not have it. Begin with a zeroed one. 0 at the end. */
struct inventory_pair {
        const struct inventory_file *a, *b;
        size_t next_a, next_b;
};

int inventory_next_pair(const struct inventory *a, const struct inventory *b,
                        struct inventory_pair *pair);

/* The file of that name in a sorted inventory, or NULL. For a few: those of two inventories are
 * found by inventory_next_pair(). */
struct inventory_file *inventory_find(const struct inventory *inventory, const char *name);

/* NULL if @name can be that of a file in a model, else why not: not relative, with empty, `.` or
 * `..` parts, no UTF-8, or too long. */
const char *inventory_name_fault(struct view name);

/* Lists all below @root_fd, but for @ignored: paths relative to it, each with what is below, ended
 * by NULL. The path of the directory is for the messages. The errno of what cannot be read, with
 * its name. */
int inventory_walk(int root_fd, const char *path, const char *const *ignored, struct inventory *ret,
                   struct problem *problem) _must_use_;

/* Device, inode, size and both times of change, as one value that differs when any of them does. */
void inventory_identify(const struct stat *status, uint8_t ret[INVENTORY_IDENTITY_SIZE]);

/* Whether both list the same files, all of them unchanged. -EBUSY with the name of the first that
 * is not. */
int inventory_compare_identity(const struct inventory *before, const struct inventory *after,
                               const char *path, struct problem *problem) _must_use_;
