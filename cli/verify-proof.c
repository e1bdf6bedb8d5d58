/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What proves that a signature is in the journal, and when it was made.
 */

#include "cli/verify.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "cli/option.h"
#include "lib/base64.h"
#include "lib/file.h"
#include "lib/journal-proof.h"
#include "lib/log-keys.h"

struct search {
        struct buf needle; /* the member of the record */
        uint64_t end;      /* of what the checkpoint covers */
        uint64_t index;
        int found;
};

static int look_at(uint64_t index, struct view entry, void *context)
{
        struct search *search = context;

        if (!search->found && index < search->end &&
            memmem(entry.data, entry.size, search->needle.data, search->needle.size)) {
                search->index = index;
                search->found = 1;
        }
        return 0;
}

/* The first record of it: so early it was signed. */
static int find_record(const struct verification *v, const struct journal *journal, uint64_t end,
                       uint64_t *ret, struct problem *problem)
{
        struct search search = {.end = end};
        uint64_t next;
        int r;

        buf_put_string(&search.needle, "\"signature\":\"");
        base64_encode(&search.needle, buf_view(&v->signature.value));
        buf_put_u8(&search.needle, '"');
        r = buf_error(&search.needle);
        if (r == 0)
                r = journal_walk(journal, 0, look_at, &search, &next, problem);
        buf_done(&search.needle);
        if (r == 0 && !search.found)
                r = problem_set(problem, -EKEYREJECTED,
                                "no record of the signature among the %llu that the checkpoint "
                                "covers",
                                (unsigned long long)end);
        *ret = search.index;
        return r;
}

static int prove(const struct verification *v, const struct journal *journal, struct buf *ret,
                 struct problem *problem)
{
        _cleanup_(journal_head_done) struct journal_head head = {};
        _cleanup_(tlog_proof_done) struct tlog_proof proof = {};
        uint64_t index = 0;
        int r = option_value(v->invocation, VERIFY_POLICY)
                        ? journal_read_cosigned_head(journal, &head, problem)
                        : journal_read_head(journal, &head, problem);

        if (r == 0)
                r = find_record(v, journal, head.size, &index, problem);
        if (r == 0)
                r = journal_prove(journal, &head, index, &proof, problem);
        return r < 0 ? r : tlog_proof_put(ret, &proof);
}

static int prove_from_journal(struct verification *v, const char *path, struct problem *problem)
{
        _cleanup_(journal_freep) struct journal *journal = NULL;
        struct problem reason = {};
        int r = journal_open(path, &journal, problem);

        if (r < 0)
                return r;
        r = prove(v, journal, &v->proof_file, &reason);
        return r < 0 ? problem_set(problem, r, "%s: %s", path, problem_text(&reason, r)) : 0;
}

/* It is of this very signature. Whether that is of the content follows when it has been verified.
 */
static int verify_proof(struct verification *v, const char *path, struct problem *problem)
{
        _cleanup_(bundle_done) struct bundle signature = {};
        int r = trust_choose_by_proof(&v->trust, buf_view(&v->proof_file), problem);

        if (r == 0)
                r = logged_verify(buf_view(&v->proof_file), &v->trust.ring, &v->logged, &signature,
                                  problem);
        if (r == 0 && !view_equal(buf_view(&signature.signature), buf_view(&v->signature.value)))
                r = problem_set(problem, -EKEYREJECTED, "proof: of another signature");
        return r < 0 ? problem_prefix(problem, r, "%s", path) : 0;
}

/* SIGNATURE.tlog-proof, as `hallmark sign --with-proof` writes it. */
int verification_load_proof(struct verification *v, struct problem *problem)
{
        const char *journal = option_value(v->invocation, VERIFY_JOURNAL);
        _cleanup_(freep) char *beside = NULL;
        int r;

        if (asprintf(&beside, "%s%s", v->signature_path, format_proof.suffix) < 0) {
                beside = NULL;
                return -ENOMEM;
        }
        v->proof_file = BUF_INIT(TLOG_PROOF_SIZE_MAX);
        if (v->trust.pubkey || v->signature.format->is_logged)
                return 0;
        if (journal) {
                r = prove_from_journal(v, journal, problem);
                return r < 0 ? r : verify_proof(v, journal, problem);
        }
        if (v->signature.bundle.entry_count > 0 || access(beside, F_OK) < 0)
                return 0;
        r = file_read(AT_FDCWD, beside, &v->proof_file, problem);
        return r < 0 ? r : verify_proof(v, beside, problem);
}

/* Without a word of its own about when, since an entry for Sigstore has no time: what witnesses
 * have seen is all there is. */
static int check_entries(const struct verification *v, const struct key_moment *seen,
                         struct problem *problem)
{
        int r = 0;

        for (size_t i = 0; i < v->signature.bundle.entry_count && r == 0; i++) {
                const struct keyring_key *key = keyring_find_fingerprint(
                        &v->trust.ring, &v->signature.bundle.entries[i].log_id);

                if (key)
                        r = log_key_check(key, seen, seen, problem);
        }
        return r;
}

/* The log key's word for when it was recorded, and whether that counts. */
static int find_recorded(struct verification *v, const struct key_moment *seen,
                         struct problem *problem)
{
        struct key_moment recorded = {};

        if (!v->logged.log_key)
                return 0;
        key_moment_recorded(v->logged.time, &recorded);
        v->trust.moment = recorded;
        return log_key_check(v->logged.log_key, &recorded, seen, problem);
}

int verification_find_moment(struct verification *v, struct problem *problem)
{
        uint64_t time = quorum_time(&v->quorum);
        struct key_moment seen = {};
        struct problem reason = {};
        int r;

        if (time > 0)
                key_moment_seen(time, &seen);
        v->trust.moment = seen;
        r = find_recorded(v, &seen, &reason);
        if (r == 0)
                r = check_entries(v, &seen, &reason);
        return r < 0 ? problem_set(problem, r, "%s: the checkpoint is %s", v->signature_path,
                                   problem_text(&reason, r))
                     : 0;
}
