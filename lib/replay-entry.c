/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/replay-entry.h"

#include <errno.h>

#include "lib/base64.h"

void replay_entry_done(struct replay_entry *entry)
{
        if (entry)
                buf_done(&entry->expected);
}

int replay_entry_end(struct replay_entry *entry, struct problem *problem)
{
        int missing = entry->expected.size > 0;

        buf_clear(&entry->expected);
        if (!missing)
                return 0;
        return problem_set(problem, -EBADMSG,
                           "expected the Sigstore entry of the signature before it");
}

/* The record has been verified: its members are there and right. */
static int expect_entry_of(struct replay_entry *entry, const json_t *record,
                           const struct keyring_key *key)
{
        _cleanup_(buf_done) struct buf signature = BUF_INIT(SPKI_SIZE_MAX);
        uint8_t digest[DIGEST_SIZE_MAX];
        int r = digest_parse(json_member_string(record, "digest"), key->algorithm, digest, NULL);

        if (r == 0)
                r = base64_decode(&signature, view_string(json_member_string(record, "signature")));
        if (r == 0)
                r = hashedrekord_put(&entry->expected, key->pubkey, key->algorithm,
                                     view_of(digest, key->algorithm->digest_size),
                                     buf_view(&signature));
        return r;
}

int replay_entry_take_record(struct replay_entry *entry, const json_t *record,
                             struct problem *problem)
{
        int found = replay_entry_end(entry, problem), r = 0;
        const struct keyring_key *key;

        if (!record || !string_equal(json_member_string(record, "type"), "sign"))
                return found;
        key = keyring_find(entry->ring, json_member_string(record, "key"),
                           (uint32_t)json_member_integer(record, "version", 0));
        if (key && key->transparency == TRANSPARENCY_REKOR)
                r = expect_entry_of(entry, record, key);
        return r < 0 ? r : found;
}

int replay_entry_take(struct replay_entry *entry, struct view text, struct problem *problem)
{
        _cleanup_(hashedrekord_done) struct hashedrekord found = {};
        int equal = view_equal(buf_view(&entry->expected), text);
        int expected = entry->expected.size > 0, r;

        buf_clear(&entry->expected);
        if (equal) /* one signature has one text */
                return 0;
        r = hashedrekord_parse(text, &found, problem);
        if (r == -ENOMEM)
                return r;
        if (r == 0)
                (void)problem_set(problem, r,
                                  expected ? "hashedrekord: not of the signature before it"
                                           : "hashedrekord: no signature of a transparent key is "
                                             "before it");
        return -EBADMSG;
}
