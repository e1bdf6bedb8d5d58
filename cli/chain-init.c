/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <time.h>

#include "cli/chain-guess.h"
#include "cli/option.h"
#include "cli/output.h"
#include "cli/verb.h"
#include "lib/file.h"

#define KEYS_MAX     LAYOUT_KEYS_MAX
#define KEY_SIZE_MAX ((size_t)65536)
#define DAYS_DEFAULT 90
#define DAYS_MAX     3650
#define DAY_SECONDS  86400

enum { OPTION_ATTESTATIONS, OPTION_KEYRING, OPTION_FUNCTIONARY, OPTION_DAYS, OPTION_OUTPUT };

struct functionaries {
        struct in_toto_key keys[KEYS_MAX];
        size_t count;
};

static void functionaries_done(struct functionaries *functionaries)
{
        for (size_t i = 0; i < functionaries->count; i++)
                in_toto_key_done(&functionaries->keys[i]);
}

/* Log keys attest no step, and keys of a kind that in-toto does not have cannot. */
static int add_ring(const char *path, struct functionaries *ret, struct problem *problem)
{
        _cleanup_(keyring_done) struct keyring ring = {};
        int r = path ? keyring_load(path, &ring, problem) : 0;

        for (size_t i = 0; r == 0 && i < ring.count; i++) {
                const struct keyring_key *key = &ring.keys[i];

                if (key->purpose == KEY_LOG)
                        continue;
                if (ret->count == KEYS_MAX)
                        return problem_set(problem, -EMSGSIZE, "%.200s: more than %d keys", path,
                                           KEYS_MAX);
                r = in_toto_key_of(key->pubkey, key->algorithm, &ret->keys[ret->count]);
                ret->count += r == 0;
                if (r == -EOPNOTSUPP)
                        r = 0;
        }
        return r;
}

static int add_file(const char *path, struct functionaries *ret, struct problem *problem)
{
        _cleanup_(buf_done) struct buf text = BUF_INIT(KEY_SIZE_MAX);
        struct problem reason = {};
        int r = file_read(AT_FDCWD, path, &text, problem);

        if (r < 0)
                return r;
        if (ret->count == KEYS_MAX)
                return problem_set(problem, -EMSGSIZE, "more than %d keys", KEYS_MAX);
        r = in_toto_key_parse_file(buf_view(&text), &ret->keys[ret->count], &reason);
        if (r < 0)
                return problem_set(problem, r, "%.200s: %.300s", path, problem_text(&reason, r));
        ret->count++;
        return 0;
}

static int load_keys(const struct invocation *invocation, struct functionaries *ret,
                     struct problem *problem)
{
        const char *path;
        int r = add_ring(option_value(invocation, OPTION_KEYRING), ret, problem);

        for (size_t i = 0; r == 0 && (path = option_value_at(invocation, OPTION_FUNCTIONARY, i));
             i++)
                r = add_file(path, ret, problem);
        if (r == 0 && ret->count == 0)
                r = problem_set(problem, -EINVAL,
                                "chain init: expected --keyring or --functionary: whose "
                                "attestations to believe");
        return r;
}

static int find_expiry(const char *text, char ret[32], struct problem *problem)
{
        uint64_t days = DAYS_DEFAULT;
        struct tm parts = {};
        time_t end;

        if (text &&
            (view_parse_decimal(view_string(text), &days) < 0 || days == 0 || days > DAYS_MAX))
                return problem_set(problem, -EINVAL, "--days: expected 1 to %d, found \"%.40s\"",
                                   DAYS_MAX, text);
        end = time(NULL) + (time_t)days * DAY_SECONDS;
        (void)gmtime_r(&end, &parts);
        (void)strftime(ret, 32, "%Y-%m-%dT%H:%M:%SZ", &parts);
        return 0;
}

/* A file that is an attestation, and cannot be read, is not left out silently. */
static int load(const char *directory, struct chain *ret, struct problem *problem)
{
        int r = chain_load(ret, directory, problem);
        const json_t *note = json_array_get(ret->notes, 0);

        if (r == 0 && note)
                r = problem_set(problem, -EBADMSG, "%.150s/%.150s: %.200s", directory,
                                json_member_string(note, "file"),
                                json_member_string(note, "reason"));
        return r;
}

static int write_layout(const char *path, const json_t *layout, struct problem *problem)
{
        _cleanup_(buf_done) struct buf text = {};
        char *shown = json_dumps(layout, JSON_INDENT(1) | JSON_SORT_KEYS);

        if (!shown)
                return -ENOMEM;
        buf_put_string(&text, shown);
        free(shown);
        buf_put_u8(&text, '\n');
        return buf_error(&text) ? buf_error(&text)
                                : output_write_file(path ? path : "-", buf_view(&text), problem);
}

static int make(const struct invocation *invocation, const struct functionaries *functionaries,
                struct problem *problem)
{
        const char *directory = option_value(invocation, OPTION_ATTESTATIONS);
        _cleanup_(chain_done) struct chain chain = {};
        char expires[32];
        json_t *layout = NULL;
        int r = find_expiry(option_value(invocation, OPTION_DAYS), expires, problem);

        if (r == 0)
                r = load(directory ? directory : ".", &chain, problem);
        if (r == 0)
                r = chain_guess(&chain, functionaries->keys, functionaries->count, expires, &layout,
                                problem);
        if (r == 0)
                r = write_layout(option_value(invocation, OPTION_OUTPUT), layout, problem);
        json_decref(layout);
        return r;
}

static enum answer run(const struct invocation *invocation, struct problem *problem)
{
        _cleanup_(functionaries_done) struct functionaries functionaries = {};
        int r = load_keys(invocation, &functionaries, problem);

        if (r == 0)
                r = make(invocation, &functionaries, problem);
        return r == -EKEYREJECTED ? ANSWER_NO : answer_of(r, problem);
}

const struct verb verb_chain_init = {
        .group = "chain",
        .name = "init",
        .operands = "",
        .help = "write a first layout, from attestations that there are",
        .options =
                {
                        [OPTION_ATTESTATIONS] = {"attestations", "d", "DIR",
                                                 "where the attestations are; else here"},
                        [OPTION_KEYRING] = {"keyring", "r", "FILE",
                                            "the key ring with keys that attested"},
                        [OPTION_FUNCTIONARY] = {"functionary", "p", "FILE",
                                                "a key that attested, as PEM or as in-toto has it; "
                                                "repeats",
                                                .repeats = 1},
                        [OPTION_DAYS] = {"days", NULL, "N", "how long the layout is in force; 90"},
                        [OPTION_OUTPUT] = {"output", "o", "FILE",
                                           "write it there; else to standard output"},
                },
        .run = run,
};
