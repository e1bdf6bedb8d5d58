/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/keyring-seal.h"

#include <errno.h>
#include <stdio.h>

#include "lib/log-keys.h"
#include "lib/record.h"
#include "lib/tlog-proof.h"

struct keyring_seal *keyring_seal_free(struct keyring_seal *seal)
{
        if (!seal)
                return NULL;
        buf_done(&seal->text);
        free(seal);
        return NULL;
}

int keyring_seal_check(const struct keyring *ring, const struct key_moment *seen,
                       struct problem *problem)
{
        struct key_moment recorded;

        if (!ring->seal)
                return 0;
        key_moment_recorded(ring->seal->time, &recorded);
        return log_key_check(ring->seal->log_key, &recorded, seen, problem);
}

void keyring_put_digest(struct buf *buf, struct view line)
{
        struct sha256 hash = sha256_of(line);
        char text[HEX_SIZE(SHA256_SIZE)];

        buf_put_format(buf, "sha256:%s", hex_encode(sha256_view(&hash), text));
}

static int check_digest(const json_t *record, struct view line, struct problem *problem)
{
        _cleanup_(buf_done) struct buf digest = {};
        const char *type = json_member_string(record, "type");

        if (!string_equal(type, "keyring"))
                return problem_set(problem, -EBADMSG,
                                   "proof: of a record of type %s, expected keyring", type);
        keyring_put_digest(&digest, line);
        if (buf_error(&digest))
                return buf_error(&digest);
        if (!view_is(buf_view(&digest), json_member_string(record, "digest")))
                return problem_set(problem, -EBADMSG,
                                   "proof: of another ring: digest: expected %.*s, found %.80s",
                                   (int)digest.size, (const char *)digest.data,
                                   json_member_string(record, "digest"));
        return 0;
}

static int read_record(const struct tlog_proof *proof, struct view line, struct keyring_seal *ret,
                       struct problem *problem)
{
        _cleanup_(json_decrefp) json_t *record = NULL;
        int r = record_parse(buf_view(&proof->extra), &record, problem);

        if (r == 0)
                r = check_digest(record, line, problem);
        if (r == 0)
                (void)snprintf(ret->time, sizeof(ret->time), "%s",
                               json_member_string(record, "time"));
        return r;
}

/* One of the log keys of the ring itself must have signed. Whether that is the right one is for
 * whoever knows it from elsewhere. */
static int verify(const struct keyring *ring, const struct tlog_proof *proof,
                  struct keyring_seal *ret, struct problem *problem)
{
        struct problem reason = {};
        int r = tlog_proof_verify(proof, ring, &ret->checkpoint, &ret->log_key, &reason);

        ret->index = proof->index;
        if (r == -ENOKEY)
                return problem_set(problem, -EBADMSG, "proof: not signed by a log key of the ring");
        return r < 0 ? problem_set(problem, r, "%s", problem_text(&reason, r)) : 0;
}

static int seal_read(const struct keyring *ring, struct view line, struct keyring_seal *ret,
                     struct problem *problem)
{
        _cleanup_(tlog_proof_done) struct tlog_proof proof = {};
        int r = tlog_proof_parse(buf_view(&ret->text), &proof, problem);

        if (r == 0)
                r = verify(ring, &proof, ret, problem);
        return r < 0 ? r : read_record(&proof, line, ret, problem);
}

int keyring_seal_open(const struct keyring *ring, struct view line, struct view text,
                      struct keyring_seal **ret, struct problem *problem)
{
        _cleanup_(keyring_seal_freep) struct keyring_seal *seal = calloc(1, sizeof(*seal));
        int r;

        if (!seal)
                return -ENOMEM;
        buf_put_view(&seal->text, text);
        r = buf_error(&seal->text);
        if (r == 0)
                r = seal_read(ring, line, seal, problem);
        if (r < 0)
                return r == -ENOMEM ? r : problem_prefix(problem, -EBADMSG, "key ring");
        *ret = TAKE_PTR(seal);
        return 0;
}
