/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/chain.h"

#include <errno.h>
#include <fcntl.h>
#include <time.h>

#include "cli/option.h"
#include "lib/file.h"

#define LAYOUT_SIZE_MAX ((size_t)4 << 20)
#define KEY_SIZE_MAX    ((size_t)65536)

void chain_check_done(struct chain_check *check)
{
        if (!check)
                return;
        chain_done(&check->chain);
        for (size_t i = 0; i < check->question.owner_count; i++)
                in_toto_key_done(&check->owners[i]);
        for (size_t i = 0; i < check->artifact_count; i++) {
                free(check->artifacts[i].product);
                model_done(&check->artifacts[i].model);
        }
        free(check->artifacts);
        keyring_done(&check->ring);
        buf_done(&check->layout);
}

static int load_owner(const char *path, struct in_toto_key *ret, struct problem *problem)
{
        _cleanup_(buf_done) struct buf text = BUF_INIT(KEY_SIZE_MAX);
        int r = file_read(AT_FDCWD, path, &text, problem);

        if (r == 0)
                r = in_toto_key_parse_file(buf_view(&text), ret, problem);
        return r < 0 && r != -ENOENT ? problem_prefix(problem, r, "--layout-key: %.200s", path) : r;
}

static int load_owners(const struct invocation *invocation, struct chain_check *ret,
                       struct problem *problem)
{
        const char *path;
        int r;

        ret->question.owners = ret->owners;
        for (size_t i = 0; (path = option_value_at(invocation, CHAIN_LAYOUT_KEY, i)); i++) {
                if (i == CHAIN_OWNERS_MAX)
                        return problem_set(problem, -EINVAL, "--layout-key: more than %d",
                                           CHAIN_OWNERS_MAX);
                r = load_owner(path, &ret->owners[i], problem);
                if (r < 0)
                        return r;
                ret->question.owner_count = i + 1;
        }
        return ret->question.owner_count > 0
                       ? 0
                       : problem_set(
                                 problem, -EINVAL,
                                 "verify-chain: --layout-key is missing: whose layout to trust");
}

static int check_options(const struct invocation *invocation, struct problem *problem)
{
        if (!option_value(invocation, CHAIN_LAYOUT))
                return problem_set(problem, -EINVAL, "verify-chain: --layout is missing");
        if (!option_value(invocation, CHAIN_VSA) &&
            (option_value(invocation, CHAIN_KEY) || option_value(invocation, CHAIN_VERIFIER) ||
             option_value(invocation, CHAIN_RESOURCE) || option_value(invocation, CHAIN_LEVEL)))
                return problem_set(problem, -EINVAL,
                                   "verify-chain: --key, --verifier-id, --resource-uri and "
                                   "--level need --vsa");
        if (option_value(invocation, CHAIN_VSA) &&
            (!option_value(invocation, CHAIN_VERIFIER) ||
             !option_value(invocation, CHAIN_RESOURCE) || !option_value(invocation, CHAIN_LEVEL)))
                return problem_set(problem, -EINVAL,
                                   "verify-chain: --vsa needs --verifier-id, --resource-uri and "
                                   "--level");
        if (option_value(invocation, CHAIN_RUN) && option_value(invocation, CHAIN_ANY_RUN))
                return problem_set(problem, -EINVAL,
                                   "verify-chain: --run and --any-run exclude each other");
        if (option_value(invocation, CHAIN_REQUIRE_LOG) && !option_value(invocation, CHAIN_KEYRING))
                return problem_set(problem, -EINVAL, "verify-chain: --require-log needs --keyring");
        return 0;
}

static int load_layout(struct chain_check *ret, struct problem *problem)
{
        ret->layout.limit = LAYOUT_SIZE_MAX;
        return file_read(AT_FDCWD, ret->layout_path, &ret->layout, problem);
}

int chain_check_load(const struct invocation *invocation, struct chain_check *ret,
                     struct problem *problem)
{
        const char *ring = option_value(invocation, CHAIN_KEYRING);
        const char *directory = option_value(invocation, CHAIN_ATTESTATIONS);
        int r = check_options(invocation, problem);

        ret->invocation = invocation;
        ret->layout_path = option_value(invocation, CHAIN_LAYOUT);
        ret->question.directory = directory ? directory : ".";
        ret->question.now = (uint64_t)time(NULL);
        ret->question.run = option_value(invocation, CHAIN_RUN);
        ret->question.runs_may_differ = option_value(invocation, CHAIN_ANY_RUN) != NULL;
        ret->question.specification_only = option_value(invocation, CHAIN_ONLY) != NULL;
        ret->question.inspect = option_value(invocation, CHAIN_INSPECT) ? chain_inspect : NULL;
        ret->question.context = ret;
        ret->require_log = option_value(invocation, CHAIN_REQUIRE_LOG) != NULL;
        if (r == 0)
                r = load_owners(invocation, ret, problem);
        if (r == 0 && ring)
                r = keyring_load(ring, &ret->ring, problem);
        if (ring) {
                ret->question.ring = &ret->ring;
                ret->question.prove = chain_prove;
        }
        return r < 0 ? r : load_layout(ret, problem);
}
