/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/key-making.h"

#include <errno.h>

#include "lib/base64.h"
#include "lib/driver.h"

const struct key *making_find_same_key(const struct keystore *store, const struct pubkey *pubkey)
{
        const struct view spki = pubkey_spki(pubkey);
        struct key *key;

        for (size_t i = 0; (key = keystore_at(store, i)); i++)
                if (view_equal(pubkey_spki(key->info.pubkey), spki))
                        return key;
        for (size_t i = 0; (key = keystore_pending_at(store, i)); i++)
                if (view_equal(pubkey_spki(key->info.pubkey), spki))
                        return key;
        return NULL;
}

static int read_counter(const struct facts *facts, struct gate *ret)
{
        _cleanup_(buf_done) struct buf spki = BUF_INIT(SPKI_SIZE_MAX);
        const char *counter = facts_get(facts, "UseCounter");
        const char *attester = facts_get(facts, "AttestationKey");
        int r = counter ? gate_counter_parse(counter, &ret->counter) : -EBADMSG;

        if (r < 0 || !attester)
                return r;
        r = base64_decode(&spki, view_string(attester));
        return r < 0 ? r : gate_set_attester(ret, buf_view(&spki));
}

int making_read_answer(struct making *making, struct view answer, struct view *ret_handle,
                       struct problem *problem)
{
        struct reader reader = reader_init(answer);
        _cleanup_(facts_done) struct facts facts = {};
        const struct key *same;
        struct view spki;

        *ret_handle = reader_sized(&reader);
        spki = reader_sized(&reader);
        if (frame_read_facts(&reader, &facts) < 0 || ret_handle->size == 0 ||
            ret_handle->size > DRIVER_HANDLE_MAX ||
            memchr(ret_handle->data, '\0', ret_handle->size))
                return problem_set(problem, -EIO, "answer to generate: malformed");
        if (pubkey_from_spki(spki, &making->info.pubkey) < 0 ||
            !pubkey_fits(making->info.pubkey, making->algorithm))
                return problem_set(problem, -EIO, "answer to generate: no public key for %s",
                                   making->algorithm->name);
        if (making->use_counter && read_counter(&facts, &making->info.gate) < 0)
                return problem_set(problem, -EIO, "answer to generate: no use counter");
        same = making_find_same_key(making->agent->store, making->info.pubkey);
        if (same) /* nothing is undone: that would be the end of the other key */
                return problem_set(problem, -EIO,
                                   "answer to generate: key %s version %u, no new one",
                                   same->info.name, same->info.version);
        return 0;
}
