/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/gate-json.h"

#include <errno.h>

#include "lib/base64.h"

static int set_key(json_t *object, const char *name, const struct pubkey *key)
{
        _cleanup_(buf_done) struct buf text = {};

        if (!key)
                return 0;
        base64_encode(&text, pubkey_spki(key));
        if (buf_error(&text))
                return buf_error(&text);
        return json_object_set_new(object, name, json_stringn((const char *)text.data, text.size)) <
                               0
                       ? -ENOMEM
                       : 0;
}

int gate_to_json(const struct gate *gate, json_t *object)
{
        char counter[GATE_COUNTER_TEXT];
        int r = set_key(object, "attestationKey", gate->attester);

        if (r == 0 && gate->counter &&
            json_object_set_new(object, "useCounter",
                                json_string(gate_counter_text(gate->counter, counter))) < 0)
                r = -ENOMEM;
        return r < 0 ? r : set_key(object, "witness", gate->witness);
}

static int read_key(const json_t *object, const char *name, struct gate *gate,
                    int (*set)(struct gate *gate, struct view spki), struct problem *problem)
{
        _cleanup_(buf_done) struct buf spki = BUF_INIT(SPKI_SIZE_MAX);
        const char *text = json_member_string(object, name);
        int r;

        if (!text)
                return 0;
        r = base64_decode(&spki, view_string(text));
        if (r == 0)
                r = set(gate, buf_view(&spki));
        if (r < 0 && r != -ENOMEM)
                return problem_set(problem, -EBADMSG, "%s: no ECDSA key on P-256", name);
        return r;
}

int gate_from_json(const json_t *object, struct gate *ret, struct problem *problem)
{
        const char *counter = json_member_string(object, "useCounter");
        int r;

        if (counter && gate_counter_parse(counter, &ret->counter) < 0)
                return problem_set(problem, -EBADMSG,
                                   "useCounter: expected 0x%08x to 0x%08x, found \"%.32s\"",
                                   GATE_COUNTER_FIRST, GATE_COUNTER_LAST, counter);
        r = read_key(object, "witness", ret, gate_set_witness, problem);
        if (r == 0)
                r = read_key(object, "attestationKey", ret, gate_set_attester, problem);
        if (r == 0 && ret->attester && !ret->counter)
                r = problem_set(problem, -EBADMSG, "attestationKey: there is no useCounter");
        return r;
}
