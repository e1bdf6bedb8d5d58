/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/signed-message.h"

#include <errno.h>

#include "lib/base64.h"

static int check_digest(struct view message, const struct algorithm *algorithm, struct view digest,
                        struct problem *problem)
{
        uint8_t found[DIGEST_SIZE_MAX];
        size_t size;
        int r = digest_of_parts(algorithm->hash, &message, 1, found, &size);

        if (r < 0)
                return r;
        if (!view_equal(view_of(found, size), digest))
                return problem_set(problem, -EBADMSG, "message: has another digest than %s:…",
                                   algorithm->hash);
        return 0;
}

int signed_message_read(struct view text, const struct algorithm *algorithm, struct view digest,
                        struct buf *ret, struct problem *problem)
{
        int signs_messages = algorithm_signs_messages(algorithm), r;

        if (!signs_messages && !text.data)
                return 0;
        if (!signs_messages)
                return problem_set(problem, -EBADMSG,
                                   "message: algorithm %s signs digests, expected none",
                                   algorithm->name);
        if (!text.data)
                return problem_set(problem, -EBADMSG,
                                   "message: algorithm %s signs messages, expected one",
                                   algorithm->name);
        ret->limit = ALGORITHM_MESSAGE_MAX;
        r = base64_decode(ret, text);
        if (r == -EMSGSIZE)
                return problem_set(problem, -EBADMSG,
                                   "message: longer than the %zu bytes that %s "
                                   "signs",
                                   ALGORITHM_MESSAGE_MAX, algorithm->name);
        if (r < 0)
                return r == -ENOMEM ? r : problem_set(problem, r, "message: no standard base64");
        return check_digest(buf_view(ret), algorithm, digest, problem);
}

int signed_message_verify(struct pubkey *key, const struct algorithm *algorithm, struct view digest,
                          struct view message, struct view signature)
{
        return algorithm_signs_messages(algorithm)
                       ? pubkey_verify_message(key, algorithm, message, signature)
                       : pubkey_verify(key, algorithm, digest, signature);
}
