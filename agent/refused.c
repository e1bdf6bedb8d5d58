/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/refused.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "lib/file.h"

#define NOTE_SIZE_MAX ((size_t)4096)

static const struct {
        const char *word;
        int error;
} words[] = {{"wrong-pin ", -EACCES}, {"locked-out ", -EBUSY}};

static int make_path(const char *state, const char *token, char **ret)
{
        if (asprintf(ret, "%s/refused.%s", state, token) < 0) {
                *ret = NULL; /* asprintf() leaves it undefined */
                return -ENOMEM;
        }
        return 0;
}

/* "wrong-pin logging in: CKR_PIN_INCORRECT" */
static int parse(struct view text, struct problem *ret_reason)
{
        if (text.size > 0 && text.data[text.size - 1] == '\n')
                text.size--;
        for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
                size_t length = strlen(words[i].word);

                if (text.size < length || memcmp(text.data, words[i].word, length) != 0)
                        continue;
                return problem_set(ret_reason, words[i].error, "%.*s", (int)(text.size - length),
                                   (const char *)text.data + length);
        }
        return problem_set(ret_reason, -EACCES,
                           "an earlier run was refused, and its note of that "
                           "is malformed");
}

int refused_read(const char *state, const char *token, struct problem *ret_reason)
{
        _cleanup_(buf_done) struct buf text = BUF_INIT(NOTE_SIZE_MAX);
        _cleanup_(freep) char *path = NULL;
        int r = make_path(state, token, &path);

        if (r < 0)
                return r;
        r = file_read(AT_FDCWD, path, &text, NULL);
        if (r == -ENOENT)
                return 0;
        if (r == -ENOMEM)
                return r;
        return parse(r < 0 ? view_of(NULL, 0) : buf_view(&text), ret_reason);
}

int refused_note(const char *state, const char *token, int error, const char *reason,
                 struct problem *problem)
{
        _cleanup_(buf_done) struct buf text = BUF_INIT(NOTE_SIZE_MAX);
        _cleanup_(freep) char *path = NULL;
        int r = make_path(state, token, &path);

        if (r < 0)
                return r;
        for (size_t i = 0; i < ARRAY_SIZE(words); i++)
                if (words[i].error == error)
                        buf_put_string(&text, words[i].word);
        buf_put_string(&text, reason);
        buf_put_u8(&text, '\n');
        r = buf_error(&text);
        return r < 0 ? r : file_replace(AT_FDCWD, path, buf_view(&text), 0600, problem);
}

int refused_forget(const char *state, const char *token, struct problem *problem)
{
        _cleanup_(freep) char *path = NULL;
        int r = make_path(state, token, &path);

        if (r < 0)
                return r;
        if (unlink(path) < 0)
                return errno == ENOENT ? 0 : problem_set(problem, -errno, "%s: %m", path);
        r = file_sync_parent(AT_FDCWD, path);
        return r < 0 ? problem_set(problem, r, "%s: %s", path, strerror(-r)) : 0;
}
