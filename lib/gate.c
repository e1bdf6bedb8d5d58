/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/gate.h"

#include <errno.h>
#include <stdio.h>

/* TPM 2.0 Part 2 §6.5.2. */
#define CC_NV_WRITE          0x00000137
#define CC_NV_READ           0x0000014e
#define CC_POLICY_SECRET     0x00000151
#define CC_SIGN              0x0000015d
#define CC_POLICY_SIGNED     0x00000160
#define CC_POLICY_CODE       0x0000016c
#define CC_POLICY_OR         0x00000171
#define CC_NV_CERTIFY        0x00000184
#define CC_POLICY_NV_WRITTEN 0x0000018f

#define ALG_NULL     0x0010
#define ST_HASHCHECK 0x8024
#define RH_NULL      0x40000007

/* PIN_PASS, POLICYWRITE, AUTHREAD (which PolicySecret needs), POLICYREAD, NO_DA: Part 2 §13.4.
 * There is no right of the owner's but to remove it. */
#define COUNTER_ATTRIBUTES (9U << 4 | 1U << 3 | 1U << 18 | 1U << 19 | 1U << 25)
#define COUNTER_WRITTEN    (1U << 29)
#define COUNTER_SIZE       8 /* TPMS_NV_PIN_COUNTER_PARAMETERS */

void gate_done(struct gate *gate)
{
        if (!gate)
                return;
        pubkey_free(gate->witness);
        pubkey_free(gate->attester);
        *gate = (struct gate){};
}

int gate_is_closed(const struct gate *gate)
{
        return gate->counter || gate->witness;
}

static int set_key(struct pubkey **key, struct view spki)
{
        _cleanup_(pubkey_freep) struct pubkey *pubkey = NULL;
        _cleanup_(buf_done) struct buf public = {};
        int r = pubkey_from_spki(spki, &pubkey);

        if (r < 0)
                return r;
        if (!pubkey_fits(pubkey, algorithm_find("ecdsa-p256")))
                return -EOPNOTSUPP;
        r = tpm_public_put_verifier(&public, pubkey);
        if (r < 0)
                return r;
        pubkey_free(*key);
        *key = TAKE_PTR(pubkey);
        return 0;
}

int gate_set_witness(struct gate *gate, struct view spki)
{
        return set_key(&gate->witness, spki);
}

int gate_set_attester(struct gate *gate, struct view spki)
{
        return set_key(&gate->attester, spki);
}

int gate_copy(const struct gate *gate, struct gate *ret)
{
        struct gate copy = {.counter = gate->counter};
        int r = gate->witness ? gate_set_witness(&copy, pubkey_spki(gate->witness)) : 0;

        if (r == 0 && gate->attester)
                r = gate_set_attester(&copy, pubkey_spki(gate->attester));
        if (r == 0)
                *ret = copy;
        else
                gate_done(&copy);
        return r;
}

char *gate_counter_text(uint32_t counter, char ret[GATE_COUNTER_TEXT])
{
        (void)snprintf(ret, GATE_COUNTER_TEXT, "0x%08x", counter);
        return ret;
}

int gate_counter_parse(const char *text, uint32_t *ret)
{
        uint8_t bytes[sizeof(uint32_t)];
        struct reader reader = reader_init(view_string(text));
        uint32_t counter;

        reader_expect(&reader, "0x");
        if (reader.bad || hex_decode(reader_rest(&reader), bytes, sizeof(bytes)) < 0)
                return -EBADMSG;
        reader = reader_init(view_of(bytes, sizeof(bytes)));
        counter = reader_u32(&reader);
        if (counter < GATE_COUNTER_FIRST || counter > GATE_COUNTER_LAST)
                return -EBADMSG;
        *ret = counter;
        return 0;
}

/* policyDigest' = H(policyDigest ‖ command ‖ argument): what each policy command does, Part 3 §23.
 */
static void extend(struct sha256 *policy, uint32_t command, struct view argument)
{
        const uint8_t code[] = {(uint8_t)(command >> 24), (uint8_t)(command >> 16),
                                (uint8_t)(command >> 8), (uint8_t)command};
        const struct view parts[] = {sha256_view(policy), view_of(code, sizeof(code)), argument};

        *policy = sha256_of_parts(parts, ARRAY_SIZE(parts));
}

/* PolicySigned and PolicySecret hash once more, over a policyRef that is empty here. */
static void extend_entity(struct sha256 *policy, uint32_t command, const struct tpm_name *name)
{
        extend(policy, command, tpm_name_view(name));
        *policy = sha256_of(sha256_view(policy));
}

static void extend_code(struct sha256 *policy, uint32_t allowed)
{
        const uint8_t code[] = {(uint8_t)(allowed >> 24), (uint8_t)(allowed >> 16),
                                (uint8_t)(allowed >> 8), (uint8_t)allowed};

        extend(policy, CC_POLICY_CODE, view_of(code, sizeof(code)));
}

static int witness_name(const struct pubkey *witness, struct tpm_name *ret)
{
        _cleanup_(buf_done) struct buf public = {};
        int r = tpm_public_put_verifier(&public, witness);

        if (r == 0)
                r = buf_error(&public);
        if (r == 0)
                *ret = tpm_name_of(buf_view(&public));
        return r;
}

/* The witness comes first: what it did not allow is not counted. */
int gate_policy(const struct gate *gate, struct sha256 *ret)
{
        struct sha256 policy = {};
        struct tpm_name name;
        int r = 0;

        if (gate->witness) {
                r = witness_name(gate->witness, &name);
                if (r == 0)
                        extend_entity(&policy, CC_POLICY_SIGNED, &name);
        }
        if (r == 0 && gate->counter) {
                r = gate_counter_name(gate->counter, &name);
                if (r == 0)
                        extend_entity(&policy, CC_POLICY_SECRET, &name);
        }
        if (r < 0)
                return r;
        extend_code(&policy, CC_SIGN);
        *ret = policy;
        return 0;
}

int gate_key_name(const struct gate *gate, const struct pubkey *key,
                  const struct algorithm *algorithm, struct tpm_name *ret)
{
        _cleanup_(buf_done) struct buf public = {};
        struct sha256 policy;
        int r = gate_policy(gate, &policy);

        if (r == 0)
                r = tpm_public_put_key(&public, key, algorithm, &policy);
        if (r == 0)
                r = buf_error(&public);
        if (r == 0)
                *ret = tpm_name_of(buf_view(&public));
        return r;
}

/* Whoever comes first writes it; TPM2_PolicyNvWritten(NO) holds no more after that, and there is no
 * other way to write. */
void gate_counter_branches(struct sha256 ret[GATE_BRANCHES])
{
        static const uint8_t no = 0;

        memset(ret, 0, GATE_BRANCHES * sizeof(*ret));
        extend(&ret[0], CC_POLICY_NV_WRITTEN, view_of(&no, 1));
        extend_code(&ret[0], CC_NV_WRITE);
        extend_code(&ret[1], CC_NV_READ);
        extend_code(&ret[2], CC_NV_CERTIFY);
}

/* TPM2_PolicyOR() begins again from zeros: Part 3 §23.6. */
static struct sha256 counter_policy(void)
{
        struct sha256 branches[GATE_BRANCHES], policy = {};

        gate_counter_branches(branches);
        extend(&policy, CC_POLICY_OR, view_of(branches, sizeof(branches)));
        return policy;
}

void gate_put_counter(struct buf *buf, uint32_t counter, int written)
{
        struct sha256 policy = counter_policy();

        tpm_public_put_index(buf, counter, COUNTER_ATTRIBUTES | (written ? COUNTER_WRITTEN : 0),
                             &policy, COUNTER_SIZE);
}

int gate_counter_name(uint32_t counter, struct tpm_name *ret)
{
        _cleanup_(buf_done) struct buf public = {};
        int r;

        gate_put_counter(&public, counter, 1);
        r = buf_error(&public);
        if (r == 0)
                *ret = tpm_name_of(buf_view(&public));
        return r;
}

/* cpHash = H(command ‖ Name of the key ‖ parameters). */
int gate_command(struct view key_name, struct view digest, struct sha256 *ret)
{
        _cleanup_(buf_done) struct buf command = {};
        int r;

        buf_put_u32(&command, CC_SIGN);
        buf_put_view(&command, key_name);
        buf_put_u16(&command, (uint16_t)digest.size);
        buf_put_view(&command, digest);
        buf_put_u16(&command, ALG_NULL);
        buf_put_u16(&command, ST_HASHCHECK);
        buf_put_u32(&command, RH_NULL);
        buf_put_u16(&command, 0);
        r = buf_error(&command);
        if (r == 0)
                *ret = sha256_of(buf_view(&command));
        return r;
}

int gate_request(const struct gate *gate, const struct pubkey *key,
                 const struct algorithm *algorithm, struct view digest,
                 uint8_t ret[GATE_REQUEST_SIZE])
{
        struct sha256 command;
        struct tpm_name name;
        int r = gate_key_name(gate, key, algorithm, &name);

        if (r == 0)
                r = gate_command(tpm_name_view(&name), digest, &command);
        if (r < 0)
                return r;
        memset(ret, 0, GATE_REQUEST_SIZE - SHA256_SIZE); /* expiration: none */
        memcpy(ret + GATE_REQUEST_SIZE - SHA256_SIZE, command.bytes, SHA256_SIZE);
        return 0;
}

int gate_verify(const struct gate *gate, const struct pubkey *key,
                const struct algorithm *algorithm, struct view digest, struct view authorization)
{
        uint8_t request[GATE_REQUEST_SIZE];
        struct sha256 hash;
        int r = gate_request(gate, key, algorithm, digest, request);

        if (r < 0)
                return r;
        hash = sha256_of(view_of(request, sizeof(request)));
        return pubkey_verify(gate->witness, algorithm_find("ecdsa-p256"), sha256_view(&hash),
                             authorization);
}
