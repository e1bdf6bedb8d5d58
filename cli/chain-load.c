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
        for (size_t i = 0; i < check->question.builder_count; i++)
                free(check->builder_texts[i]);
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

static int load_digests(const struct invocation *invocation, struct chain_check *ret,
                        struct problem *problem)
{
        const struct algorithm *algorithm = algorithm_find("ecdsa-p256"); /* which takes SHA-256 */
        const char *text;

        ret->question.layouts = ret->layouts;
        for (size_t i = 0; (text = option_value_at(invocation, CHAIN_LAYOUT_DIGEST, i)); i++) {
                if (i == CHAIN_LAYOUTS_MAX)
                        return problem_set(problem, -EINVAL, "--layout-digest: more than %d",
                                           CHAIN_LAYOUTS_MAX);
                if (digest_parse(text, algorithm, ret->layouts[i].bytes, problem) < 0)
                        return problem_prefix(problem, -EINVAL, "--layout-digest");
                ret->question.layout_count = i + 1;
        }
        return 0;
}

static int load_builder(const char *text, struct chain_builder *ret, char **ret_text,
                        struct problem *problem)
{
        char *sign;

        *ret_text = strdup(text);
        if (!*ret_text)
                return -ENOMEM;
        sign = strchr(*ret_text, '=');
        if (!sign || sign == *ret_text || sign[1] == '\0')
                return problem_set(problem, -EINVAL,
                                   "--builder: expected STEP=ID, found \"%.100s\"", text);
        *sign = '\0';
        *ret = (struct chain_builder){*ret_text, sign + 1};
        return 0;
}

static int load_builders(const struct invocation *invocation, struct chain_check *ret,
                         struct problem *problem)
{
        const char *text;

        ret->question.builders = ret->builders;
        for (size_t i = 0; (text = option_value_at(invocation, CHAIN_BUILDER, i)); i++) {
                int r;

                if (i == CHAIN_BUILDERS_MAX)
                        return problem_set(problem, -EINVAL, "--builder: more than %d",
                                           CHAIN_BUILDERS_MAX);
                ret->question.builder_count = i + 1;
                r = load_builder(text, &ret->builders[i], &ret->builder_texts[i], problem);
                if (r < 0)
                        return r;
        }
        return 0;
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
        if (r == 0)
                r = load_digests(invocation, ret, problem);
        if (r == 0)
                r = load_builders(invocation, ret, problem);
        if (r == 0 && ring)
                r = keyring_load(ring, &ret->ring, problem);
        if (ring) {
                ret->question.ring = &ret->ring;
                ret->question.prove = chain_prove;
        }
        return r < 0 ? r : load_layout(ret, problem);
}
