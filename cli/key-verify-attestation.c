/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "cli/attestation.h"
#include "cli/creation.h"
#include "cli/key.h"
#include "cli/option.h"
#include "cli/output.h"
#include "cli/trust.h"

enum {
        OPTION_CA,
        OPTION_CHALLENGE,
        OPTION_ATTESTATION_KEY,
        OPTION_NONCE,
        OPTION_KEY,
        OPTION_KEYRING,
        OPTION_ORIGIN
};

/* What the command line has. */
struct given {
        struct attestation_trust trust;
        struct attestation attestation;
        struct trust keys; /* ring or key */
        const struct keyring_key *key;
};

static void given_done(struct given *given)
{
        attestation_trust_done(&given->trust);
        attestation_done(&given->attestation);
        trust_done(&given->keys);
}

/* Without a challenge, no more is shown than that somebody had these structures. */
static int check_options(const struct invocation *invocation, const struct given *given,
                         struct problem *problem)
{
        int binds = option_value(invocation, OPTION_CHALLENGE) ||
                    option_value(invocation, OPTION_ATTESTATION_KEY);

        if (option_value(invocation, OPTION_KEY) && option_value(invocation, OPTION_KEYRING))
                return problem_set(problem, -EINVAL,
                                   "key verify-attestation: expected --key or --keyring, not both");
        if (option_value(invocation, OPTION_ORIGIN) && !option_value(invocation, OPTION_KEYRING))
                return problem_set(problem, -EINVAL,
                                   "key verify-attestation: --origin needs --keyring");
        if (option_value(invocation, OPTION_CHALLENGE) &&
            option_value(invocation, OPTION_ATTESTATION_KEY))
                return problem_set(problem, -EINVAL,
                                   "key verify-attestation: expected --challenge or "
                                   "--attestation-key, not both");
        if (given->attestation.evidence.kind == EVIDENCE_TPM2 && !binds)
                return problem_set(problem, -EINVAL,
                                   "key verify-attestation: expected --challenge or "
                                   "--attestation-key: nothing else ties the attestation key to a "
                                   "TPM");
        return 0;
}

static int load_trust(const struct invocation *invocation, struct attestation_trust *ret,
                      struct problem *problem)
{
        const char *ca = option_value(invocation, OPTION_CA);
        const char *challenge = option_value(invocation, OPTION_CHALLENGE);
        int r;

        if (!ca)
                return problem_set(problem, -EINVAL, "key verify-attestation: expected --ca");
        r = attestation_trust_add_authorities(ret, ca, problem);
        if (r == 0 && challenge)
                r = attestation_trust_add_secret(ret, challenge, problem);
        if (r == 0)
                r = attestation_trust_set_name(
                        ret, option_value(invocation, OPTION_ATTESTATION_KEY), problem);
        return r < 0 ? r
                     : attestation_trust_set_nonce(ret, option_value(invocation, OPTION_NONCE),
                                                   problem);
}

static int load(const struct invocation *invocation, struct given *ret, struct problem *problem)
{
        const char *ring = option_value(invocation, OPTION_KEYRING);
        const char *key = option_value(invocation, OPTION_KEY);
        int r = attestation_load(invocation->operands[0], &ret->attestation, problem);

        if (r == 0)
                r = check_options(invocation, ret, problem);
        if (r == 0)
                r = load_trust(invocation, &ret->trust, problem);
        ret->keys.origin = option_value(invocation, OPTION_ORIGIN);
        if (r == 0 && (ring || key))
                r = trust_load(&ret->keys, ring, key, problem);
        return r;
}

/* The key that the evidence must be about: that of the verifier, where he has one. */
static int choose_key(const struct invocation *invocation, struct given *given,
                      struct problem *problem)
{
        const struct keyring_key *claimed = &given->attestation.key;

        given->key = claimed;
        if (given->keys.pubkey &&
            !view_equal(pubkey_spki(given->keys.pubkey), pubkey_spki(claimed->pubkey)))
                return problem_set(problem, -EKEYREJECTED, "the attestation is about another key");
        if (!option_value(invocation, OPTION_KEYRING))
                return 0;
        given->key =
                keyring_find_fingerprint(&given->keys.ring, pubkey_fingerprint(claimed->pubkey));
        return given->key ? 0
                          : problem_set(problem, -EKEYREJECTED,
                                        "the attestation is about a key that is not in the ring");
}

static void put_fact(struct table *table, const char *name, const char *value)
{
        _cleanup_(buf_done) struct buf text = {};

        if (!value || !value[0])
                return;
        output_put_text(&text, view_string(value));
        buf_put_u8(&text, '\0');
        table_put(table, name);
        table_put(table, buf_error(&text) ? "" : (const char *)text.data);
}

static void put_certificate(struct table *table, const struct evidence_proof *proof)
{
        char subject[CERTIFICATE_TEXT_SIZE] = "", issuer[CERTIFICATE_TEXT_SIZE] = "";
        char fingerprint[HEX_SIZE(SHA256_SIZE)] = "";

        if (!proof->authority_for)
                return;
        certificate_subject(proof->authority_for, subject);
        certificate_issuer(proof->authority_for, issuer);
        (void)hex_encode(sha256_view(certificate_fingerprint(proof->authority_for)), fingerprint);
        put_fact(table, "manufacturer", proof->device.manufacturer);
        put_fact(table, "model", proof->device.model);
        put_fact(table, "version", proof->device.version);
        put_fact(table, "certificate", subject);
        put_fact(table, "issued by", issuer);
        put_fact(table, "SHA-256", fingerprint);
}

static void put_tpm(struct table *table, const struct given *given,
                    const struct evidence_proof *proof)
{
        char name[HEX_SIZE(TPM_NAME_SIZE)];

        put_fact(table, "key", "made in this TPM, and fixed to it");
        put_fact(table, "firmware", proof->firmware);
        put_fact(table, "attestation key",
                 hex_encode(tpm_name_view(&proof->attestation_name), name));
        put_fact(table, "bound by",
                 given->trust.has_name ? "an earlier challenge" : "its answer to the challenge");
}

static int is_tpm(const struct given *given)
{
        return given->attestation.evidence.kind == EVIDENCE_TPM2;
}

/* What binds a TPM's certificate to the attestation key is a challenge of its endorsement key, and
 * not a Name that has answered some challenge before: anybody can put another TPM's certificate
 * into the file. That of a PKCS#11 token is of the key itself. */
static int has_bound_certificate(const struct given *given)
{
        return !is_tpm(given) || given->trust.secret_count > 0;
}

/* No older than a question of the verifier's. */
static int is_recent(const struct given *given)
{
        return given->trust.secret_count > 0 || given->trust.nonce.size > 0;
}

static void put_not_proved(const struct given *given, const struct evidence_proof *proof,
                           struct buf *ret)
{
        _cleanup_(table_done) struct table table = {};

        if (!has_bound_certificate(given)) {
                buf_put_string(ret, "not proved, since no challenge binds this certificate to the "
                                    "attestation key:\n");
                table_init(&table, 2);
                put_certificate(&table, proof);
                table_print(&table, 2, ret);
        }
        if (is_tpm(given) && !is_recent(given))
                buf_put_string(ret, "not proved, without --nonce: that it is not an old one\n");
}

static void put_text(const struct given *given, const struct evidence_proof *proof, struct buf *ret)
{
        _cleanup_(table_done) struct table proved = {}, said = {};
        const struct facts *facts = &given->attestation.evidence.self_asserted;

        key_put_line(ret, given->key);
        table_init(&proved, 2);
        if (is_tpm(given))
                put_tpm(&proved, given, proof);
        if (has_bound_certificate(given))
                put_certificate(&proved, proof);
        table_print(&proved, 2, ret);
        put_not_proved(given, proof, ret);
        creation_put_text(&given->attestation.evidence, &proof->creation, ret);
        if (facts->count > 0)
                buf_put_string(ret, "self-asserted, nobody vouches for it:\n");
        table_init(&said, 2);
        for (size_t i = 0; i < facts->count; i++)
                if (!string_equal(facts->pair[i].name, EVIDENCE_NO_CREATION))
                        put_fact(&said, facts->pair[i].name, facts->pair[i].value);
        table_print(&said, 2, ret);
}

static json_t *certificate_to_json(const struct evidence_proof *proof)
{
        char subject[CERTIFICATE_TEXT_SIZE], issuer[CERTIFICATE_TEXT_SIZE];
        char fingerprint[HEX_SIZE(SHA256_SIZE)];

        if (!proof->authority_for)
                return NULL;
        certificate_subject(proof->authority_for, subject);
        certificate_issuer(proof->authority_for, issuer);
        return json_pack(
                "{s:s, s:s, s:s}", "issuer", issuer, "sha256",
                hex_encode(sha256_view(certificate_fingerprint(proof->authority_for)), fingerprint),
                "subject", subject);
}

/* What one would take for proved, beside what is: nothing if it is. */
static json_t *unbound_to_json(const struct given *given, const struct evidence_proof *proof)
{
        return has_bound_certificate(given)
                       ? NULL
                       : json_pack("{s:o*, s:s, s:s}", "certificate", certificate_to_json(proof),
                                   "manufacturer", proof->device.manufacturer, "model",
                                   proof->device.model);
}

static json_t *not_proved_to_json(const struct given *given, const struct evidence_proof *proof)
{
        json_t *list = json_array();

        if (!has_bound_certificate(given))
                (void)json_array_append_new(list, json_string("certificate"));
        if (is_tpm(given) && !is_recent(given))
                (void)json_array_append_new(list, json_string("recent"));
        if (!proof->creation.proved)
                (void)json_array_append_new(list, json_string("creation"));
        return list;
}

static json_t *to_json(const struct given *given, const struct evidence_proof *proof)
{
        const json_t *evidence = given->attestation.key.evidence;
        char name[HEX_SIZE(TPM_NAME_SIZE)] = "", fingerprint[HEX_SIZE(SHA256_SIZE)];
        int tpm = is_tpm(given), bound = has_bound_certificate(given);

        if (tpm)
                (void)hex_encode(tpm_name_view(&proof->attestation_name), name);
        (void)hex_encode(sha256_view(pubkey_fingerprint(given->key->pubkey)), fingerprint);
        return json_pack(
                "{s:s*, s:b, s:o*, s:o, s:s, s:s*, s:s, s:s, s:s*, s:s*, s:o, s:O, s:o*, s:I}",
                "attestationKey", tpm ? name : NULL, "bound", proof->bound, "certificate",
                bound ? certificate_to_json(proof) : NULL, "creation",
                creation_to_json(&given->attestation.evidence, &proof->creation), "fingerprint",
                fingerprint, "firmware", tpm ? proof->firmware : NULL, "key", given->key->name,
                "kind", json_member_string(evidence, "kind"), "manufacturer",
                tpm && bound ? proof->device.manufacturer : NULL, "model",
                tpm && bound ? proof->device.model : NULL, "notProved",
                not_proved_to_json(given, proof), "selfAsserted",
                json_object_get(evidence, "selfAsserted"), "unbound", unbound_to_json(given, proof),
                "version", (json_int_t)given->key->version);
}

static int print(const struct invocation *invocation, const struct given *given,
                 const struct evidence_proof *proof, struct problem *problem)
{
        _cleanup_(buf_done) struct buf text = {};

        if (invocation->json)
                return output_write_json(to_json(given, proof), problem);
        put_text(given, proof, &text);
        return output_write(&text, problem);
}

static enum answer run(const struct invocation *invocation, struct problem *problem)
{
        _cleanup_(given_done) struct given given = {};
        _cleanup_(evidence_proof_done) struct evidence_proof proof = {};
        int r = load(invocation, &given, problem);

        if (r < 0)
                return answer_of(r, problem);
        r = choose_key(invocation, &given, problem);
        if (r == 0)
                r = attestation_trust_check(&given.trust, &given.attestation, given.key, &proof,
                                            problem);
        if (r == 0)
                return answer_of(print(invocation, &given, &proof, problem), problem);
        if (r != -EKEYREJECTED && r != -EBADMSG)
                return answer_of(r, problem);
        (void)problem_prefix(problem, r, "%s", invocation->operands[0]);
        return ANSWER_NO;
}

const struct verb verb_key_verify_attestation = {
        .group = "key",
        .name = "verify-attestation",
        .operands = "FILE",
        .help = "verify that a key is in hardware, from files alone",
        .operands_min = 1,
        .operands_max = 1,
        .options =
                {
                        [OPTION_CA] = {"ca", NULL, "DIR",
                                       "certificates of the authorities to trust"},
                        [OPTION_CHALLENGE] = {"challenge", "c", "FILE",
                                              "the secret of the challenge that it answers"},
                        [OPTION_ATTESTATION_KEY] = {"attestation-key", NULL, "NAME",
                                                    "an attestation key that has answered one"},
                        [OPTION_NONCE] = {"nonce", NULL, "HEX", "what it must answer to"},
                        [OPTION_KEY] = {"key", "k", "FILE", "the public key it must be about"},
                        [OPTION_KEYRING] = {"keyring", "r", "FILE",
                                            "the key ring that must have the key"},
                        [OPTION_ORIGIN] = {"origin", NULL, "ORIGIN",
                                           "which of several rings in a file to trust"},
                },
        .run = run,
};
