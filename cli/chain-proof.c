/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/chain.h"

#include <errno.h>
#include <fcntl.h>

#include "cli/logged.h"
#include "lib/file.h"
#include "lib/format.h"

static int is_of(const struct in_toto_envelope *envelope, const struct bundle *signature)
{
        for (size_t i = 0; i < envelope->count; i++)
                if (view_equal(buf_view(&envelope->signatures[i].value),
                               buf_view(&signature->signature)))
                        return 1;
        return 0;
}

/* The log key vouches for the time of the record as long as it is in its own window. */
static int check_proof(const struct chain_check *check, struct view text,
                       const struct in_toto_envelope *envelope, struct key_moment *ret,
                       struct problem *problem)
{
        _cleanup_(logged_done) struct logged logged = {};
        _cleanup_(bundle_done) struct bundle signature = {};
        struct key_moment moment = {};
        int r = logged_verify(text, &check->ring, &logged, &signature, problem);

        if (r < 0)
                return r;
        if (!is_of(envelope, &signature))
                return problem_set(problem, -EKEYREJECTED, "it is of another signature");
        key_moment_recorded(logged.time, &moment);
        r = key_window_check(
                logged.log_key,
                logged.log_key->state == KEY_REVOKED ? &(struct key_moment){} : &moment, problem);
        if (r == 0)
                *ret = moment;
        return r;
}

int chain_prove(void *context, const char *path, const struct in_toto_envelope *envelope,
                struct key_moment *ret, struct problem *problem)
{
        const struct chain_check *check = context;
        _cleanup_(buf_done) struct buf text = BUF_INIT(TLOG_PROOF_SIZE_MAX);
        _cleanup_(freep) char *proof = NULL;
        struct problem reason = {};
        int r;

        if (asprintf(&proof, "%s%s", path, format_proof.suffix) < 0) {
                proof = NULL;
                return -ENOMEM;
        }
        r = file_read(AT_FDCWD, proof, &text, &reason);
        if (r == -ENOENT && !check->require_log)
                return 0;
        if (r == 0)
                r = check_proof(check, buf_view(&text), envelope, ret, &reason);
        if (r == 0 || r == -ENOMEM)
                return r;
        return problem_set(problem, -EKEYREJECTED, "proof: %.400s", problem_text(&reason, r));
}
