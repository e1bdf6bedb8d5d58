/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/tlog-proof.h"

#include <errno.h>

#include "lib/base64.h"

#define FIRST_LINE "c2sp.org/tlog-proof@v1\n"

int tlog_proof_is(struct view text)
{
        static const char first[] = "c2sp.org/tlog-proof@";

        return text.size >= strlen(first) && memcmp(text.data, first, strlen(first)) == 0;
}

int tlog_proof_put(struct buf *buf, const struct tlog_proof *proof)
{
        buf_put_string(buf, FIRST_LINE);
        if (proof->has_extra) {
                buf_put_string(buf, "extra ");
                base64_encode(buf, buf_view(&proof->extra));
                buf_put_u8(buf, '\n');
        }
        buf_put_string(buf, "index ");
        buf_put_decimal(buf, proof->index);
        buf_put_u8(buf, '\n');
        for (size_t i = 0; i < proof->path.count; i++) {
                base64_encode(buf, sha256_view(&proof->path.hash[i]));
                buf_put_u8(buf, '\n');
        }
        buf_put_u8(buf, '\n');
        buf_put_view(buf, proof->checkpoint);
        return buf_error(buf);
}

void tlog_proof_done(struct tlog_proof *proof)
{
        if (proof)
                buf_done(&proof->extra);
}

static int begins_with(const struct reader *reader, const char *text)
{
        return reader->left >= strlen(text) && memcmp(reader->next, text, strlen(text)) == 0;
}

static int read_extra(struct reader *reader, struct tlog_proof *ret, struct problem *problem)
{
        if (!begins_with(reader, "extra "))
                return 0;
        reader_expect(reader, "extra ");
        ret->has_extra = 1;
        if (base64_decode(&ret->extra, reader_until(reader, '\n')) < 0)
                return problem_set(problem, -EBADMSG, "proof: extra is no base64");
        return 0;
}

static int read_hashes(struct reader *reader, struct tlog_proof *ret, struct problem *problem)
{
        while (!reader->bad && !begins_with(reader, "\n")) {
                _cleanup_(buf_done) struct buf hash = BUF_INIT(SHA256_SIZE);

                if (ret->path.count == MERKLE_PROOF_MAX)
                        return problem_set(problem, -EBADMSG, "proof: more than %d hashes",
                                           MERKLE_PROOF_MAX);
                if (base64_decode(&hash, reader_until(reader, '\n')) < 0 ||
                    hash.size != SHA256_SIZE)
                        return problem_set(problem, -EBADMSG,
                                           "proof: hash %zu is not the base64 of %d bytes",
                                           ret->path.count, SHA256_SIZE);
                memcpy(ret->path.hash[ret->path.count++].bytes, hash.data, SHA256_SIZE);
        }
        reader_expect(reader, "\n");
        return 0;
}

int tlog_proof_parse(struct view text, struct tlog_proof *ret, struct problem *problem)
{
        struct reader reader = reader_init(text);
        int r;

        *ret = (struct tlog_proof){.extra.limit = TLOG_PROOF_SIZE_MAX};
        if (text.size > TLOG_PROOF_SIZE_MAX)
                return problem_set(problem, -EMSGSIZE, "proof: longer than %zu bytes",
                                   TLOG_PROOF_SIZE_MAX);
        reader_expect(&reader, FIRST_LINE);
        if (reader.bad)
                return problem_set(problem, -EBADMSG, "proof: expected first line \"%.*s\"",
                                   (int)strlen(FIRST_LINE) - 1, FIRST_LINE);
        r = read_extra(&reader, ret, problem);
        if (r < 0)
                return r;
        reader_expect(&reader, "index ");
        if (view_parse_decimal(reader_until(&reader, '\n'), &ret->index) < 0)
                return problem_set(problem, -EBADMSG, "proof: expected \"index\" and a number");
        r = read_hashes(&reader, ret, problem);
        if (r < 0)
                return r;
        ret->checkpoint = reader_rest(&reader);
        if (reader_end(&reader) < 0 || ret->checkpoint.size == 0)
                return problem_set(
                        problem, -EBADMSG,
                        "proof: expected a blank line and a checkpoint after the hashes");
        return 0;
}

int tlog_proof_verify(const struct tlog_proof *proof, const struct keyring *ring,
                      struct checkpoint *ret, const struct keyring_key **ret_key,
                      struct problem *problem)
{
        struct problem reason = {};
        struct checkpoint checkpoint;
        struct sha256 leaf;
        int r;

        if (!proof->has_extra)
                return problem_set(problem, -EBADMSG, "proof: without extra there is no record");
        r = log_keys_open_in(proof->checkpoint, ring, &checkpoint, ret_key, &reason);
        if (r == -ENOKEY)
                return problem_set(problem, r,
                                   "proof: not signed by a log key of \"%s\" in the key ring",
                                   ring->origin);
        if (r < 0)
                return problem_set(problem, r, "proof: %s", problem_text(&reason, r));
        leaf = merkle_leaf(buf_view(&proof->extra));
        r = merkle_verify_inclusion(&leaf, proof->index, &proof->path, checkpoint.size,
                                    &checkpoint.root);
        if (r < 0)
                return problem_set(
                        problem, r,
                        "proof: the record is not entry %llu of the %llu in the checkpoint",
                        (unsigned long long)proof->index, (unsigned long long)checkpoint.size);
        *ret = checkpoint;
        return 0;
}
