/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>

#include "cli/agent.h"
#include "cli/key.h"
#include "cli/option.h"
#include "lib/file.h"

#define PEM_SIZE_MAX ((size_t)16384)

enum {
        OPTION_ALGORITHM,
        OPTION_PURPOSE,
        OPTION_STATE,
        OPTION_FROM,
        OPTION_UNTIL,
        OPTION_REVOKED,
        OPTION_REASON,
        OPTION_ID
};

static const char *const states[] = {"active", "retired", "revoked", "destroyed", NULL};

static int check(const struct invocation *invocation, struct buf *ret_pem, struct problem *problem)
{
        const char *path = invocation->operands[1];
        int r = key_check_name(invocation->operands[0], problem);

        if (r == 0 && !option_value(invocation, OPTION_ALGORITHM))
                r = problem_set(problem, -EINVAL, "key import-public: expected --algorithm");
        if (r == 0)
                r = file_read(AT_FDCWD, path, ret_pem, problem);
        if (r == 0 && memchr(ret_pem->data, '\0', ret_pem->size))
                r = problem_set(problem, -EBADMSG, "%s: expected a public key in PEM", path);
        buf_put_u8(ret_pem, '\0');
        return r < 0 ? r : buf_error(ret_pem);
}

static enum answer run(const struct invocation *invocation, struct problem *problem)
{
        _cleanup_(buf_done) struct buf pem = BUF_INIT(PEM_SIZE_MAX);
        int r = check(invocation, &pem, problem);

        if (r < 0)
                return answer_of(r, problem);
        return key_call(invocation, ADMIN ".ImportKey",
                        json_pack("{s:s, s:s, s:s, s:s*, s:s*, s:s*, s:s*, s:s*, s:s*, s:s*}",
                                  "name", invocation->operands[0], "publicKey",
                                  (const char *)pem.data, "algorithm",
                                  option_value(invocation, OPTION_ALGORITHM), "purpose",
                                  option_value(invocation, OPTION_PURPOSE), "state",
                                  option_value(invocation, OPTION_STATE), "created",
                                  option_value(invocation, OPTION_FROM), "ended",
                                  option_value(invocation, OPTION_UNTIL), "revoked",
                                  option_value(invocation, OPTION_REVOKED), "reason",
                                  option_value(invocation, OPTION_REASON), "id",
                                  option_value(invocation, OPTION_ID)),
                        "imported", problem);
}

const struct verb verb_key_import_public = {
        .group = "key",
        .name = "import-public",
        .operands = "NAME FILE",
        .help = "have the ring name a public key that is held elsewhere",
        .operands_min = 2,
        .operands_max = 2,
        .options =
                {
                        [OPTION_ALGORITHM] = {"algorithm", "a", "ALGORITHM",
                                              "what its owner signs with", .words = key_algorithms},
                        [OPTION_PURPOSE] = {"purpose", "p", "PURPOSE", "what it is for",
                                            .words = key_purposes},
                        [OPTION_STATE] = {"state", NULL, "STATE", "what has become of it",
                                          .words = states},
                        [OPTION_FROM] = {"from", "f", "TIME",
                                         "since when it is used, as in records, instead of now"},
                        [OPTION_UNTIL] = {"until", "u", "TIME", "until when it was"},
                        [OPTION_REVOKED] = {"revoked", NULL, "TIME",
                                            "from when on it is not to be believed"},
                        [OPTION_REASON] = {"reason", "r", "TEXT",
                                           "why it has ended: recorded, and in the ring"},
                        [OPTION_ID] = {"id", "i", "ID",
                                       "name the request: once more, it is only answered"},
                },
        .run = run,
};
