/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The few compiler and ownership idioms that every room uses.
 *
 * An owning local carries _cleanup_(); ownership moves on with TAKE_PTR() and TAKE_FD(), which
 * leave nothing behind to be freed twice.
 */

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef NDEBUG
#error "assert() guards invariants and is always compiled in: build without NDEBUG"
#endif

#include <assert.h>

#define _cleanup_(f)      __attribute__((cleanup(f)))
#define _must_use_        __attribute__((warn_unused_result))
#define _printf_(a, b)    __attribute__((format(printf, a, b)))
#define _unused_          __attribute__((unused))
#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

#define TAKE_PTR(pointer)                                                                          \
        ({                                                                                         \
                __typeof__(pointer) *taken_from_ = &(pointer);                                     \
                __typeof__(pointer) taken_ = *taken_from_;                                         \
                *taken_from_ = NULL;                                                               \
                taken_;                                                                            \
        })

#define TAKE_FD(fd)                                                                                \
        ({                                                                                         \
                int *taken_from_ = &(fd);                                                          \
                int taken_ = *taken_from_;                                                         \
                *taken_from_ = -1;                                                                 \
                taken_;                                                                            \
        })

/* Defines NAMEp(), the cleanup function for a local `TYPE *`, out of a destructor that takes NULL.
 */
#define DEFINE_CLEANUP(type, destructor)                                                           \
        static inline void destructor##p(type *pointer)                                            \
        {                                                                                          \
                if (*pointer)                                                                      \
                        (void)destructor(*pointer);                                                \
        }

static inline void freep(void *pointer)
{
        free(*(void **)pointer);
}

static inline void fd_closep(int *fd)
{
        if (*fd >= 0)
                (void)close(*fd); /* nothing was promised about a descriptor that is given up */
}

static inline int string_equal(const char *a, const char *b)
{
        return a[0] == b[0] && strcmp(a, b) == 0; /* most differ in the first */
}
