/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/key-making.h"

#include <errno.h>

#include "agent/event.h"
#include "agent/recorder.h"

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

int making_note_purpose(struct making *making)
{
        struct key_creation *creation = &making->creation;
        char time[RECORD_TIME_SIZE];

        creation->created_for =
                created_for_new(making->name, making->info.version, making->agent->config->origin,
                                record_time(recorder_now(), time), making->request);
        return creation->created_for ? created_for_digest(creation->created_for, &making->outside)
                                     : -ENOMEM;
}

/* The key is as good without it. */
static int read_creation(struct making *making, struct view proof, const struct facts *facts)
{
        const char *reason = facts_get(facts, "NoCreation");

        if (proof.size > DRIVER_CREATION_MAX)
                reason = "the token gave more than there is room for";
        if (!reason) {
                buf_put_view(&making->creation.proof, proof);
                return buf_error(&making->creation.proof);
        }
        event_log(LOG_WARNING, NULL, "token %s: how key %s version %u was made cannot be shown: %s",
                  making->token, making->name, making->info.version, reason);
        making->creation.reason = strndup(reason, PROBLEM_TEXT_MAX);
        return making->creation.reason ? 0 : -ENOMEM;
}

int making_put_creation(const struct making *making, struct buf *ret)
{
        const struct key_creation *creation = &making->creation;

        if (creation->proof.size == 0 && !creation->reason)
                return 0;
        return key_creation_put(ret, creation);
}

int making_read_answer(struct making *making, struct view answer, struct view *ret_handle,
                       struct problem *problem)
{
        struct reader reader = reader_init(answer);
        _cleanup_(facts_done) struct facts facts = {};
        const struct key *same;
        struct view spki, creation;

        *ret_handle = reader_sized(&reader);
        spki = reader_sized(&reader);
        creation = reader_sized(&reader);
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
        if (read_creation(making, creation, &facts) < 0)
                return -ENOMEM;
        same = making_find_same_key(making->agent->store, making->info.pubkey);
        if (same) /* nothing is undone: that would be the end of the other key */
                return problem_set(problem, -EIO,
                                   "answer to generate: key %s version %u, no new one",
                                   same->info.name, same->info.version);
        return 0;
}
