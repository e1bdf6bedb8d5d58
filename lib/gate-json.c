/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/gate-json.h"

#include <errno.h>

#include "lib/base64.h"

int gate_to_json(const struct gate *gate, json_t *object)
{
        _cleanup_(buf_done) struct buf witness = {};
        char counter[GATE_COUNTER_TEXT];

        if (gate->counter &&
            json_object_set_new(object, "useCounter",
                                json_string(gate_counter_text(gate->counter, counter))) < 0)
                return -ENOMEM;
        if (!gate->witness)
                return 0;
        base64_encode(&witness, pubkey_spki(gate->witness));
        if (buf_error(&witness))
                return buf_error(&witness);
        return json_object_set_new(object, "witness",
                                   json_stringn((const char *)witness.data, witness.size)) < 0
                       ? -ENOMEM
                       : 0;
}

static int read_witness(const char *text, struct gate *ret, struct problem *problem)
{
        _cleanup_(buf_done) struct buf spki = BUF_INIT(SPKI_SIZE_MAX);
        int r = base64_decode(&spki, view_string(text));

        if (r == 0)
                r = gate_set_witness(ret, buf_view(&spki));
        if (r < 0 && r != -ENOMEM)
                return problem_set(problem, -EBADMSG, "witness: no ECDSA key on P-256");
        return r;
}

int gate_from_json(const json_t *object, struct gate *ret, struct problem *problem)
{
        const char *counter = json_member_string(object, "useCounter");
        const char *witness = json_member_string(object, "witness");

        if (counter && gate_counter_parse(counter, &ret->counter) < 0)
                return problem_set(problem, -EBADMSG,
                                   "useCounter: expected 0x%08x to 0x%08x, found \"%.32s\"",
                                   GATE_COUNTER_FIRST, GATE_COUNTER_LAST, counter);
        return witness ? read_witness(witness, ret, problem) : 0;
}
