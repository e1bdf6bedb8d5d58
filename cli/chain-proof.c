/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/chain.h"

#include <errno.h>
#include <fcntl.h>

#include "cli/logged.h"
#include "lib/file.h"
#include "lib/format.h"
#include "lib/log-keys.h"

/* What is proved, and of whose attestation. */
struct claim {
        const struct in_toto_envelope *envelope;
        const struct in_toto_key *key;
};

static int has_value(const struct in_toto_envelope *envelope, struct view value)
{
        for (size_t i = 0; i < envelope->count; i++)
                if (view_equal(buf_view(&envelope->signatures[i].value), value))
                        return 1;
        return 0;
}

/* Signatures in an envelope are not signed themselves, so that anybody can add one of another
 * message or key: the one of the record must be the one for which the attestation is believed. */
static int check_signature(const struct chain_check *check, const struct claim *claim,
                           const struct keyring_key *key, struct view signature,
                           struct problem *problem)
{
        int r = -EKEYREJECTED;

        if (has_value(claim->envelope, signature) &&
            keyring_find_fingerprint(&check->ring, &claim->key->fingerprint) == key)
                r = in_toto_key_verify(claim->key, buf_view(&claim->envelope->message), signature);
        return r == -EKEYREJECTED ? problem_set(problem, r, "it is of another signature") : r;
}

/* The log key vouches for the time of the record as long as it is in its own window. */
static int check_proof(const struct chain_check *check, struct view text, const struct claim *claim,
                       struct key_moment *ret, struct problem *problem)
{
        _cleanup_(logged_done) struct logged logged = {};
        _cleanup_(bundle_done) struct bundle signature = {};
        struct key_moment moment = {};
        int r = logged_verify(text, &check->ring, &logged, &signature, problem);

        if (r == 0)
                r = check_signature(check, claim, logged.key, buf_view(&signature.signature),
                                    problem);
        if (r < 0)
                return r;
        key_moment_recorded(logged.time, &moment);
        r = log_key_check(logged.log_key, &moment, &(struct key_moment){}, problem);
        if (r == 0)
                *ret = moment;
        return r;
}

int chain_prove(void *context, const char *path, const struct in_toto_envelope *envelope,
                const struct in_toto_key *key, struct key_moment *ret, struct problem *problem)
{
        const struct chain_check *check = context;
        const struct claim claim = {envelope, key};
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
                r = check_proof(check, buf_view(&text), &claim, ret, &reason);
        if (r == 0 || r == -ENOMEM)
                return r;
        return problem_set(problem, -EKEYREJECTED, "proof: %.400s", problem_text(&reason, r));
}
