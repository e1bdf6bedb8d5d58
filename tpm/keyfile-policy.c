/* SPDX-License-Identifier: Apache-2.0 */
#include "tpm/keyfile-policy.h"

#include <errno.h>
#include <tss2/tss2_mu.h>

#include "lib/spki.h"

void keyfile_policy_done(struct keyfile_policy *policy)
{
        for (size_t i = 0; i < policy->count; i++)
                buf_done(&policy->steps[i].body);
        policy->count = 0;
}

static struct buf *add_step(struct keyfile_policy *policy, uint32_t command)
{
        struct keyfile_step *step = &policy->steps[policy->count++];

        *step = (struct keyfile_step){.command = command};
        return &step->body;
}

static int put_witness(struct buf *body, const struct pubkey *witness)
{
        _cleanup_(buf_done) struct buf public = BUF_INIT(UINT16_MAX);
        int r = tpm_public_put_verifier(&public, witness);

        if (r == 0)
                r = buf_error(&public);
        if (r < 0)
                return r;
        buf_put_u16(body, (uint16_t) public.size);
        buf_put_view(body, buf_view(&public));
        buf_put_u16(body, 0);             /* policyRef */
        buf_put_u16(body, TPM2_ALG_NULL); /* signature */
        return buf_error(body);
}

static int put_counter(struct buf *body, uint32_t counter)
{
        struct tpm_name name;
        int r = gate_counter_name(counter, &name);

        if (r < 0)
                return r;
        buf_put_u32(body, counter);
        buf_put_u16(body, TPM_NAME_SIZE);
        buf_put_view(body, tpm_name_view(&name));
        buf_put_u16(body, 0); /* policyRef */
        return buf_error(body);
}

int keyfile_policy_of(const struct gate *gate, struct keyfile_policy *ret)
{
        struct buf *body;
        int r = 0;

        if (!gate_is_closed(gate))
                return 0;
        if (gate->witness)
                r = put_witness(add_step(ret, TPM2_CC_PolicySigned), gate->witness);
        if (r == 0 && gate->counter)
                r = put_counter(add_step(ret, TPM2_CC_PolicySecret), gate->counter);
        if (r < 0)
                return r;
        body = add_step(ret, TPM2_CC_PolicyCommandCode);
        buf_put_u32(body, TPM2_CC_Sign);
        return buf_error(body);
}

static int take_witness(struct view body, struct gate *gate)
{
        _cleanup_(buf_done) struct buf spki = BUF_INIT(SPKI_SIZE_MAX);
        TPM2B_PUBLIC public = {0};
        const TPMS_ECC_POINT *point = &public.publicArea.unique.ecc;
        int r;

        if (body.size == 0 || Tss2_MU_TPM2B_PUBLIC_Unmarshal(body.data, body.size, NULL, &public) ||
            public.publicArea.type != TPM2_ALG_ECC || point->x.size > sizeof(point->x.buffer) ||
            point->y.size > sizeof(point->y.buffer))
                return -EBADMSG;
        r = spki_put_ec(&spki, algorithm_find("ecdsa-p256"),
                        view_of(point->x.buffer, point->x.size),
                        view_of(point->y.buffer, point->y.size));
        return r < 0 ? r : gate_set_witness(gate, buf_view(&spki));
}

static int take_counter(struct view body, struct gate *gate)
{
        struct reader reader = reader_init(body);
        uint32_t counter = reader_u32(&reader);

        if (reader.bad || counter < GATE_COUNTER_FIRST || counter > GATE_COUNTER_LAST)
                return -EBADMSG;
        gate->counter = counter;
        return 0;
}

int keyfile_policy_take(uint32_t command, struct view body, struct gate *gate)
{
        switch (command) {
        case TPM2_CC_PolicySigned:
                return take_witness(body, gate);
        case TPM2_CC_PolicySecret:
                return take_counter(body, gate);
        default:
                return command == TPM2_CC_PolicyCommandCode ? 0 : -EBADMSG;
        }
}
