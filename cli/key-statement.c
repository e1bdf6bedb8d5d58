/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/key-statement.h"

#include <errno.h>
#include <stdio.h>

#include "lib/evidence-check.h"
#include "lib/predicate.h"
#include "lib/resource.h"

/* What was found, and where. */
struct shown {
        const struct evidence *evidence;
        const struct keyring_key *key;
        json_t *file; /* with the evidence */
        json_t *conditions;
};

static void shown_done(struct shown *shown)
{
        json_decref(shown->file);
        json_decref(shown->conditions);
}

static int in_tpm(const struct shown *shown)
{
        return shown->evidence->kind == EVIDENCE_TPM2;
}

static int is_self_asserted(const struct shown *shown)
{
        return !in_tpm(shown);
}

static int has_creation(const struct shown *shown)
{
        return evidence_part(shown->evidence, EVIDENCE_CREATION).size > 0;
}

static int has_witness(const struct shown *shown)
{
        return in_tpm(shown) && shown->key->gate.witness;
}

static int is_counted(const struct shown *shown)
{
        return in_tpm(shown) && shown->key->gate.counter != 0;
}

static const struct {
        const char *name;
        int (*holds)(const struct shown *shown);
} attributes[] = {
        {"KEY_GENERATED_IN_TPM", in_tpm},
        {"KEY_FIXED_TO_TPM", in_tpm},
        {"KEY_DOES_NOT_DECRYPT", in_tpm},
        {"KEY_CREATION_ATTESTED", has_creation},
        {"KEY_NEEDS_WITNESS", has_witness},
        {"KEY_USES_COUNTED", is_counted},
        {"KEY_ATTRIBUTES_SELF_ASSERTED", is_self_asserted},
};

/* Of a TPM, by which attestation key it is so; of another token, what it says of itself. */
static int make_conditions(const struct evidence_proof *proof, struct shown *ret)
{
        const struct facts *facts = &ret->evidence->self_asserted;
        char name[HEX_SIZE(TPM_NAME_SIZE)];

        if (in_tpm(ret)) {
                (void)hex_encode(tpm_name_view(&proof->attestation_name), name);
                ret->conditions = json_pack("{s:s, s:s}", "attestationKey", name, "firmware",
                                            proof->firmware);
                return ret->conditions ? 0 : -ENOMEM;
        }
        ret->conditions = json_object();
        for (size_t i = 0; ret->conditions && i < facts->count; i++)
                if (json_object_set_new(ret->conditions, facts->pair[i].name,
                                        json_string(facts->pair[i].value)) < 0)
                        return -ENOMEM;
        return ret->conditions ? 0 : -ENOMEM;
}

static int make_predicate(const struct shown *shown, json_t *ret)
{
        int r = 0;

        for (size_t i = 0; i < ARRAY_SIZE(attributes) && r == 0; i++)
                if (attributes[i].holds(shown))
                        r = scai_add_attribute(ret, attributes[i].name, NULL, shown->conditions,
                                               shown->file);
        return r;
}

static json_t *make_subjects(const struct keyring_key *key)
{
        char name[KEY_NAME_MAX + 24];
        json_t *subject;

        (void)snprintf(name, sizeof(name), "%s version %u", key->name, key->version);
        subject = resource_new(name, "sha256", sha256_view(pubkey_fingerprint(key->pubkey)));
        return subject ? json_pack("[o]", subject) : NULL;
}

static int put(struct buf *buf, const struct shown *shown, struct problem *problem)
{
        _cleanup_(json_decrefp) json_t *subjects = make_subjects(shown->key);
        _cleanup_(json_decrefp) json_t *predicate = json_object();
        int r;

        if (!subjects || !predicate)
                return -ENOMEM;
        r = make_predicate(shown, predicate);
        return r < 0 ? r
                     : statement_put(buf, subjects, predicate_type_find("scai")->uri, predicate,
                                     problem);
}

int key_statement_put(struct buf *buf, const struct keyring_key *key, const char *name,
                      struct view attestation, struct problem *problem)
{
        _cleanup_(evidence_proof_done) struct evidence_proof proof = {};
        _cleanup_(evidence_done) struct evidence evidence;
        struct sha256 digest = sha256_of(attestation);
        _cleanup_(shown_done) struct shown shown = {
                .evidence = &evidence,
                .key = key,
                .file = resource_new(name, "sha256", sha256_view(&digest))};
        int r;

        evidence_init(&evidence);
        if (!shown.file)
                return problem_set(problem, -ENOMEM, "%.200s: no name in UTF-8", name);
        r = evidence_from_json(key->evidence, &evidence, problem);
        if (r == 0)
                r = evidence_check(&evidence, key, &proof, problem);
        if (r == 0)
                r = make_conditions(&proof, &shown);
        return r < 0 ? r : put(buf, &shown, problem);
}
