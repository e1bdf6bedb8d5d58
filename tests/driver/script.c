/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/driver/script.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>

#define LINE_MAX_SIZE 256

static const struct {
        const char *name;
        enum script_action action;
} actions[] = {
        {"error", SCRIPT_ERROR},         {"hang", SCRIPT_HANG},
        {"exit", SCRIPT_EXIT},           {"crash", SCRIPT_CRASH},
        {"delay", SCRIPT_DELAY},         {"garbage", SCRIPT_GARBAGE},
        {"wrong-key", SCRIPT_WRONG_KEY}, {"truncate", SCRIPT_TRUNCATE},
        {"wrong-id", SCRIPT_WRONG_ID},
};

static const struct {
        const char *name;
        enum frame_status status;
} statuses[] = {
        {"BAD_REQUEST", FRAME_BAD_REQUEST},
        {"UNSUPPORTED", FRAME_UNSUPPORTED},
        {"NO_KEY", FRAME_NO_KEY},
        {"MISMATCH", FRAME_MISMATCH},
        {"GONE", FRAME_GONE},
        {"WRONG_PIN", FRAME_WRONG_PIN},
        {"LOCKED_OUT", FRAME_LOCKED_OUT},
        {"TOKEN_FAILED", FRAME_TOKEN_FAILED},
        {"EXISTS", FRAME_EXISTS},
        {"REFUSED", FRAME_REFUSED},
};

static int find_operation(struct view word, enum frame_operation *ret)
{
        for (int i = FRAME_OPEN; i <= FRAME_OPERATION_LAST; i++)
                if (view_is(word, frame_operation_name((enum frame_operation)i))) {
                        *ret = (enum frame_operation)i;
                        return 0;
                }
        return -EBADMSG;
}

static int find_action(struct view word, enum script_action *ret)
{
        for (size_t i = 0; i < ARRAY_SIZE(actions); i++)
                if (view_is(word, actions[i].name)) {
                        *ret = actions[i].action;
                        return 0;
                }
        return -EBADMSG;
}

static int find_argument(enum script_action action, struct view word, uint64_t *ret)
{
        if (action == SCRIPT_DELAY)
                return view_parse_decimal(word, ret);
        if (action != SCRIPT_ERROR)
                return word.size == 0 ? 0 : -EBADMSG;
        for (size_t i = 0; i < ARRAY_SIZE(statuses); i++)
                if (view_is(word, statuses[i].name)) {
                        *ret = statuses[i].status;
                        return 0;
                }
        return -EBADMSG;
}

static struct view next_word(struct view *line)
{
        size_t skip = 0, size = 0;
        struct view word;

        while (skip < line->size && line->data[skip] == ' ')
                skip++;
        while (skip + size < line->size && line->data[skip + size] != ' ')
                size++;
        word = view_of(line->data + skip, size);
        *line = view_of(line->data + skip + size, line->size - skip - size);
        return word;
}

static int read_rule(struct script *script, struct view line)
{
        struct view operation = next_word(&line), call = next_word(&line);
        struct view action = next_word(&line), argument = next_word(&line);
        size_t i = script->count;

        if (operation.size == 0 || operation.data[0] == '#')
                return 0;
        if (i == SCRIPT_RULES_MAX || next_word(&line).size > 0 ||
            find_operation(operation, &script->rule[i].operation) < 0 ||
            find_action(action, &script->rule[i].action) < 0 ||
            find_argument(script->rule[i].action, argument, &script->rule[i].argument) < 0)
                return -EBADMSG;
        if (!view_is(call, "*") &&
            (view_parse_decimal(call, &script->rule[i].call) < 0 || script->rule[i].call == 0))
                return -EBADMSG;
        script->count++;
        return 0;
}

int script_read(const char *path, struct script *ret, struct problem *problem)
{
        FILE *file = fopen(path, "re");
        char line[LINE_MAX_SIZE];
        unsigned number = 0;
        int r = 0;

        if (!file)
                return problem_set(problem, -EIO, "%s: %s", path, strerror(errno));
        *ret = (struct script){0};
        while (r == 0 && fgets(line, sizeof(line), file)) {
                number++;
                r = read_rule(ret, view_of(line, strcspn(line, "\n")));
        }
        (void)fclose(file);
        return r < 0 ? problem_set(problem, r, "%s:%u: no rule", path, number) : 0;
}

static void wait_milliseconds(uint64_t milliseconds)
{
        struct timespec pause = {.tv_sec = (time_t)(milliseconds / 1000),
                                 .tv_nsec = (long)(milliseconds % 1000) * 1000000};

        while (nanosleep(&pause, &pause) < 0 && errno == EINTR)
                ;
}

static void crash(void)
{
        (void)signal(SIGSEGV, SIG_DFL);
        (void)raise(SIGSEGV);
}

static void hang(void)
{
        for (;;)
                (void)pause();
}

enum script_action script_next(struct script *script, enum frame_operation operation,
                               int *ret_error)
{
        uint64_t call = ++script->calls[operation];

        for (size_t i = 0; i < script->count; i++) {
                enum script_action action = script->rule[i].action;

                if (script->rule[i].operation != operation ||
                    (script->rule[i].call != 0 && script->rule[i].call != call))
                        continue;
                if (action == SCRIPT_ERROR)
                        *ret_error = frame_error_of((enum frame_status)script->rule[i].argument);
                else if (action == SCRIPT_HANG)
                        hang();
                else if (action == SCRIPT_EXIT)
                        _exit(EXIT_FAILURE);
                else if (action == SCRIPT_CRASH)
                        crash();
                else if (action == SCRIPT_DELAY)
                        wait_milliseconds(script->rule[i].argument);
                return action;
        }
        return SCRIPT_NOTHING;
}
