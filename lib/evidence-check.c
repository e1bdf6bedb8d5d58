/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/evidence-check.h"

#include <errno.h>
#include <stdio.h>

#define ALG_SHA256 0x000b     /* TPM 2.0 Part 2 §6.3 */
#define RH_OWNER   0x40000001 /* §7.4 */

/* What an object of a TPM must be, or must not be, with the words for it. */
struct demand {
        uint32_t attribute;
        int wanted;
        const char *name;
};

static const struct demand born_inside[] = {
        {TPM_OBJECT_FIXED_TPM, 1, "fixedTPM"},
        {TPM_OBJECT_FIXED_PARENT, 1, "fixedParent"},
        {TPM_OBJECT_BORN_INSIDE, 1, "sensitiveDataOrigin"},
        {TPM_OBJECT_SIGN, 1, "sign"},
        {TPM_OBJECT_DECRYPT, 0, "decrypt"},
        {0, 0, NULL},
};

void evidence_proof_done(struct evidence_proof *proof)
{
        pubkey_free(proof->attestation_key);
        certificate_free(proof->authority_for);
        *proof = (struct evidence_proof){};
}

static int check_attribute(const char *what, const struct tpm_object *object,
                           const struct demand *demand, struct problem *problem)
{
        int found = (object->attributes & demand->attribute) != 0;

        if (found == demand->wanted)
                return 0;
        return problem_set(problem, -EKEYREJECTED, "%s: expected the attribute %s %s, found it %s",
                           what, demand->name, demand->wanted ? "set" : "clear",
                           found ? "set" : "clear");
}

static int check_born_inside(const char *what, const struct tpm_object *object,
                             struct problem *problem)
{
        int r = 0;

        for (size_t i = 0; r == 0 && born_inside[i].name; i++)
                r = check_attribute(what, object, &born_inside[i], problem);
        if (r == 0 && object->name_hash != ALG_SHA256)
                r = problem_set(problem, -EKEYREJECTED, "%s: its Name is no SHA-256", what);
        return r;
}

static int read_object(const struct evidence *evidence, enum evidence_part part, const char *what,
                       struct tpm_object *ret, struct problem *problem)
{
        int r = tpm_object_parse(evidence_part(evidence, part), ret, problem);

        return r < 0 ? problem_prefix(problem, r == -EOPNOTSUPP ? -EKEYREJECTED : r, "%s", what)
                     : 0;
}

/* Only what the TPM itself has made can have the signature of a restricted key. */
static int check_attestation_key(const struct evidence *evidence, struct evidence_proof *proof,
                                 const struct algorithm **ret, struct problem *problem)
{
        static const struct demand restricted = {TPM_OBJECT_RESTRICTED, 1, "restricted"};
        static const char what[] = "attestation key";
        struct tpm_object object;
        int r = read_object(evidence, EVIDENCE_ATTESTATION_KEY, what, &object, problem);

        if (r == 0)
                r = check_born_inside(what, &object, problem);
        if (r == 0)
                r = check_attribute(what, &object, &restricted, problem);
        if (r < 0)
                return r;
        r = tpm_object_algorithm(&object, ret);
        if (r == 0)
                r = tpm_object_pubkey(&object, &proof->attestation_key);
        if (r == -ENOMEM)
                return r;
        if (r < 0 || !string_equal((*ret)->hash, "sha256"))
                return problem_set(problem, -EKEYREJECTED, "%s: no public key that is known here",
                                   what);
        proof->attestation_name = tpm_name_of(evidence_part(evidence, EVIDENCE_ATTESTATION_KEY));
        return 0;
}

static int check_signature(const struct evidence *evidence, enum evidence_part attestation,
                           enum evidence_part signature, struct pubkey *key,
                           const struct algorithm *algorithm, struct problem *problem)
{
        _cleanup_(buf_done) struct buf encoded = {};
        struct sha256 digest = sha256_of(evidence_part(evidence, attestation));
        int r = tpm_signature_put(&encoded, algorithm, evidence_part(evidence, signature));

        if (r == 0)
                r = pubkey_verify(key, algorithm, sha256_view(&digest), buf_view(&encoded));
        if (r == -ENOMEM || r == 0)
                return r;
        return problem_set(problem, -EKEYREJECTED,
                           "the attestation is not signed by the attestation key");
}

/* The Name is recomputed from the public area that is looked at afterwards. */
static int check_name(const struct evidence *evidence, struct view found, struct problem *problem)
{
        struct tpm_name name = tpm_name_of(evidence_part(evidence, EVIDENCE_PUBLIC));

        if (view_equal(tpm_name_view(&name), found))
                return 0;
        return problem_set(problem, -EKEYREJECTED,
                           "the attestation is about another key than the public area's");
}

/* A key without a gate is used with its authorization value; one with a gate with its policy alone.
 */
static int check_policy(const struct tpm_object *object, const struct gate *gate,
                        struct problem *problem)
{
        struct demand by_value = {TPM_OBJECT_USER_WITH_AUTH, !gate_is_closed(gate), "userWithAuth"};
        struct sha256 policy;
        struct view expected = view_of(NULL, 0);
        int r = check_attribute("key", object, &by_value, problem);

        if (r == 0 && gate_is_closed(gate)) {
                r = gate_policy(gate, &policy);
                expected = sha256_view(&policy);
        }
        if (r == 0 && !view_equal(object->policy, expected))
                r = problem_set(problem, -EKEYREJECTED,
                                "key: its policy is not that of its witness and use counter");
        return r;
}

static int check_public_key(const struct tpm_object *object, const struct keyring_key *key,
                            struct problem *problem)
{
        _cleanup_(pubkey_freep) struct pubkey *found = NULL;
        const struct algorithm *algorithm;
        int r = tpm_object_algorithm(object, &algorithm);

        if (r == 0)
                r = tpm_object_pubkey(object, &found);
        if (r == -ENOMEM)
                return r;
        if (r < 0 || algorithm != key->algorithm ||
            !view_equal(pubkey_spki(found), pubkey_spki(key->pubkey)))
                return problem_set(problem, -EKEYREJECTED,
                                   "the evidence is about another key than %s version %u",
                                   key->name, key->version);
        return 0;
}

static int check_key(const struct evidence *evidence, const struct keyring_key *key,
                     struct problem *problem)
{
        static const struct demand demands[] = {{TPM_OBJECT_NO_DA, 1, "noDA"},
                                                {TPM_OBJECT_RESTRICTED, 0, "restricted"}};
        struct tpm_object object;
        int r = read_object(evidence, EVIDENCE_PUBLIC, "key", &object, problem);

        if (r == 0)
                r = check_public_key(&object, key, problem);
        if (r == 0)
                r = check_born_inside("key", &object, problem);
        for (size_t i = 0; r == 0 && i < ARRAY_SIZE(demands); i++)
                r = check_attribute("key", &object, &demands[i], problem);
        return r < 0 ? r : check_policy(&object, &key->gate, problem);
}

/* The version that the TPM signs is the one that the driver was told. */
static int check_firmware(const struct evidence *evidence, struct evidence_proof *proof,
                          struct problem *problem)
{
        const char *said = facts_get(&evidence->self_asserted, "firmware");
        uint64_t firmware = proof->attest.head.firmware;

        (void)snprintf(proof->firmware, sizeof(proof->firmware), "%u.%u.%u.%u",
                       (unsigned)(firmware >> 48), (unsigned)(firmware >> 32 & 0xffff),
                       (unsigned)(firmware >> 16 & 0xffff), (unsigned)(firmware & 0xffff));
        if (said && !string_equal(said, proof->firmware))
                return problem_set(problem, -EKEYREJECTED,
                                   "firmware: the TPM attests %s, and says %.32s", proof->firmware,
                                   said);
        return 0;
}

/* The signature is of the same question as that over the key, or one of the two is an old one. */
static int check_created(const struct evidence *evidence, const struct evidence_proof *proof,
                         const struct algorithm *algorithm, struct problem *problem)
{
        struct sha256 hash = sha256_of(evidence_part(evidence, EVIDENCE_CREATION));
        struct attest_key attest;
        int r = attest_key_parse(evidence_part(evidence, EVIDENCE_CREATION_ATTESTATION),
                                 ATTEST_KEY_CREATION, &attest, problem);

        if (r == 0)
                r = check_signature(evidence, EVIDENCE_CREATION_ATTESTATION,
                                    EVIDENCE_CREATION_SIGNATURE, proof->attestation_key, algorithm,
                                    problem);
        if (r == 0)
                r = check_name(evidence, attest.name, problem);
        if (r == 0 && !view_equal(attest.further, sha256_view(&hash)))
                r = problem_set(problem, -EKEYREJECTED, "creation data: not the attested one");
        if (r == 0 && !view_equal(attest.head.qualifying, proof->attest.head.qualifying))
                r = problem_set(problem, -EKEYREJECTED,
                                "creation: it is attested for another nonce than the key");
        return r;
}

/* TPM 2.0 Part 1 §16.5: what is above, and its own Name. */
static int qualified_name(struct view above, struct view name, struct tpm_name *ret)
{
        _cleanup_(buf_done) struct buf bytes = {};

        buf_put_view(&bytes, above);
        buf_put_view(&bytes, name);
        if (buf_error(&bytes))
                return buf_error(&bytes);
        *ret = tpm_name_of(buf_view(&bytes));
        return 0;
}

/* The parent is a primary key of the owner, and the key is still under it. */
static int check_lineage(const struct evidence_proof *proof, struct problem *problem)
{
        static const uint8_t owner[] = {RH_OWNER >> 24, 0, 0, RH_OWNER & 0xff};
        const struct creation *data = &proof->creation.data;
        struct view parent = tpm_name_view(&proof->creation.parent);
        struct tpm_name above, own;
        int r = qualified_name(view_of(owner, sizeof(owner)), parent, &above);

        if (r == 0)
                r = qualified_name(tpm_name_view(&above), proof->attest.name, &own);
        if (r < 0)
                return r;
        if (data->parent_hash != ALG_SHA256 || !view_equal(data->parent, parent))
                return problem_set(problem, -EKEYREJECTED,
                                   "creation data: made under another parent than the one given");
        if (!view_equal(data->parent_qualified, tpm_name_view(&above)))
                return problem_set(problem, -EKEYREJECTED,
                                   "creation data: its parent is no primary key of the owner");
        if (!view_equal(proof->attest.further, tpm_name_view(&own)))
                return problem_set(problem, -EKEYREJECTED,
                                   "the key is certified under another parent than it was made "
                                   "under");
        return 0;
}

static int check_parent(const struct evidence *evidence, struct evidence_proof *proof,
                        struct problem *problem)
{
        static const struct demand demands[] = {
                {TPM_OBJECT_FIXED_TPM, 1, "fixedTPM"},
                {TPM_OBJECT_FIXED_PARENT, 1, "fixedParent"},
                {TPM_OBJECT_BORN_INSIDE, 1, "sensitiveDataOrigin"},
                {TPM_OBJECT_RESTRICTED, 1, "restricted"},
                {TPM_OBJECT_DECRYPT, 1, "decrypt"},
        };
        struct tpm_object object;
        int r = read_object(evidence, EVIDENCE_PARENT, "parent", &object, problem);

        for (size_t i = 0; r == 0 && i < ARRAY_SIZE(demands); i++)
                r = check_attribute("parent", &object, &demands[i], problem);
        if (r < 0)
                return r;
        proof->creation.parent = tpm_name_of(evidence_part(evidence, EVIDENCE_PARENT));
        return check_lineage(proof, problem);
}

/* The agent asked for it, as that version of that key. */
static int check_created_for(const struct evidence *evidence, const struct creation *data,
                             const struct keyring_key *key, struct problem *problem)
{
        const json_t *said = evidence->created_for;
        struct sha256 outside;
        int r;

        if (!said)
                return problem_set(problem, -EKEYREJECTED, "createdFor: there is none");
        r = created_for_digest(said, &outside);
        if (r < 0)
                return r;
        if (!view_equal(data->outside, sha256_view(&outside)))
                return problem_set(problem, -EKEYREJECTED,
                                   "creation data: made for something else than createdFor says");
        if (!string_equal(json_member_string(said, "key"), key->name) ||
            json_member_integer(said, "version", 0) != (json_int_t)key->version)
                return problem_set(problem, -EKEYREJECTED,
                                   "createdFor: made as key %s version %lld, and not as %s "
                                   "version %u",
                                   json_member_string(said, "key"),
                                   (long long)json_member_integer(said, "version", 0), key->name,
                                   key->version);
        return 0;
}

/* TPM2_CertifyCreation(): this TPM has made the key, under that parent and for that. */
static int check_creation(const struct evidence *evidence, const struct keyring_key *key,
                          struct evidence_proof *proof, const struct algorithm *algorithm,
                          struct problem *problem)
{
        struct view bytes = evidence_part(evidence, EVIDENCE_CREATION);
        struct creation *data = &proof->creation.data;
        int r;

        if (bytes.size == 0)
                return 0;
        r = check_created(evidence, proof, algorithm, problem);
        if (r == 0)
                r = creation_parse(bytes, data, problem);
        if (r == 0)
                r = check_parent(evidence, proof, problem);
        if (r == 0 && data->locality != CREATION_LOCALITY_ZERO)
                r = problem_set(problem, -EKEYREJECTED,
                                "creation data: made at locality 0x%02x, and not at 0x%02x",
                                data->locality, CREATION_LOCALITY_ZERO);
        if (r == 0)
                r = check_created_for(evidence, data, key, problem);
        proof->creation.proved = r == 0;
        return r;
}

static int check_tpm(const struct evidence *evidence, const struct keyring_key *key,
                     struct evidence_proof *proof, struct problem *problem)
{
        const struct algorithm *algorithm;
        int r = check_attestation_key(evidence, proof, &algorithm, problem);

        if (r == 0)
                r = attest_key_parse(evidence_part(evidence, EVIDENCE_ATTESTATION),
                                     ATTEST_KEY_CERTIFY, &proof->attest, problem);
        if (r == 0)
                r = check_signature(evidence, EVIDENCE_ATTESTATION, EVIDENCE_SIGNATURE,
                                    proof->attestation_key, algorithm, problem);
        if (r == 0)
                r = check_name(evidence, proof->attest.name, problem);
        if (r == 0)
                r = check_key(evidence, key, problem);
        if (r == 0)
                r = check_firmware(evidence, proof, problem);
        return r < 0 ? r : check_creation(evidence, key, proof, algorithm, problem);
}

/* Nothing here is more than a claim; certificates are looked at with their authority. */
int evidence_check(const struct evidence *evidence, const struct keyring_key *key,
                   struct evidence_proof *ret, struct problem *problem)
{
        *ret = (struct evidence_proof){};
        return evidence->kind == EVIDENCE_TPM2 ? check_tpm(evidence, key, ret, problem) : 0;
}

int evidence_check_nonce(const struct evidence *evidence, const struct evidence_proof *proof,
                         struct view nonce, struct problem *problem)
{
        if (evidence->kind != EVIDENCE_TPM2)
                return problem_set(problem, -EKEYREJECTED,
                                   "nonce: nothing that a PKCS#11 token says answers to one");
        if (view_equal(proof->attest.head.qualifying, nonce))
                return 0;
        return problem_set(problem, -EKEYREJECTED, "nonce: the attestation answers to another one");
}
