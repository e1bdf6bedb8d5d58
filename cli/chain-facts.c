/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/chain.h"

#include "cli/chain-print.h"

/* `sha256:HEX` */
static json_t *digest_to_json(const struct sha256 *digest)
{
        char hex[HEX_SIZE(SHA256_SIZE)];

        return json_sprintf("sha256:%s", hex_encode(sha256_view(digest), hex));
}

static json_t *key_to_json(const struct chain_attestation *attestation)
{
        const struct keyring_key *member = attestation->member;

        return json_pack("{s:s, s:o, s:s*, s:o*, s:s*, s:s*}", "id", attestation->key->id,
                         "fingerprint", digest_to_json(&attestation->key->fingerprint), "name",
                         member ? member->name : NULL, "version",
                         member ? json_integer(member->version) : NULL, "state",
                         member ? key_state_name(member->state) : NULL, "purpose",
                         member ? key_purpose_name(member->purpose) : NULL);
}

static json_t *digests_to_json(const json_t *digests)
{
        return digests ? json_incref((json_t *)(uintptr_t)digests) : json_object();
}

static json_t *artifacts_to_json(const struct artifacts *artifacts)
{
        json_t *object = json_object();

        for (size_t i = 0; object && i < artifacts->count; i++)
                if (json_object_set_new(object, artifacts->items[i].path,
                                        digests_to_json(artifacts->items[i].digests)) < 0) {
                        json_decref(object);
                        return NULL;
                }
        return object;
}

static json_t *attestation_to_json(const struct chain_attestation *attestation)
{
        const struct in_toto_link *link = &attestation->link;

        return json_pack(
                "{s:s, s:s, s:o, s:o, s:s*, s:s*, s:s*, s:s*, s:O*}", "file", attestation->file,
                "type", link->type, "digest", digest_to_json(chain_attestation_digest(attestation)),
                "key", key_to_json(attestation), "run", link->run, "builder", link->builder,
                "started", link->started, "finished", link->finished, "predicate", link->predicate);
}

static json_t *attestations_to_json(const struct chain_step *step)
{
        json_t *list = json_array();

        for (size_t i = 0; list && i < step->count; i++)
                if (json_array_append_new(list, attestation_to_json(step->accepted[i])) < 0) {
                        json_decref(list);
                        return NULL;
                }
        return list;
}

static json_t *steps_to_json(const struct chain *chain);

static json_t *step_to_json(const struct chain_step *step)
{
        const struct chain_attestation *first = step->accepted[0];

        return json_pack("{s:s, s:I, s:o, s:o, s:o, s:O*, s:O*, s:o*}", "name", step->item->name,
                         "threshold", (json_int_t)step->item->threshold, "attestations",
                         attestations_to_json(step), "materials",
                         artifacts_to_json(&first->link.materials), "products",
                         artifacts_to_json(&first->link.products), "command", first->link.command,
                         "byproducts", first->link.byproducts, "steps",
                         first->sub ? steps_to_json(first->sub) : NULL);
}

static json_t *steps_to_json(const struct chain *chain)
{
        json_t *list = json_array();

        for (size_t i = 0; list && i < chain->layout.step_count; i++)
                if (json_array_append_new(list, step_to_json(&chain->steps[i])) < 0) {
                        json_decref(list);
                        return NULL;
                }
        return list;
}

static json_t *outputs_to_json(const struct chain_check *check)
{
        json_t *list = json_array();

        for (size_t i = 0; list && i < check->artifact_count; i++) {
                const struct chain_artifact *artifact = &check->artifacts[i];
                json_t *object = json_pack(
                        "{s:s, s:s, s:s, s:s*, s:o*}", "path", artifact->path, "step",
                        check->step->item->name, "product", artifact->product, "sha256",
                        artifact->digest[0] ? artifact->digest : NULL, "files",
                        artifact->files > 0 ? json_integer((json_int_t)artifact->files) : NULL);

                if (json_array_append_new(list, object) < 0) {
                        json_decref(list);
                        return NULL;
                }
        }
        return list;
}

static json_t *owners_to_json(const struct chain_check *check)
{
        json_t *list = json_array();

        for (size_t i = 0; list && i < check->question.owner_count; i++)
                if (json_array_append_new(
                            list, json_pack("{s:s, s:o}", "id", check->owners[i].id, "fingerprint",
                                            digest_to_json(&check->owners[i].fingerprint))) < 0) {
                        json_decref(list);
                        return NULL;
                }
        return list;
}

static json_t *layout_to_json(const struct chain_check *check)
{
        return json_pack("{s:s, s:o, s:O, s:o}", "file", check->layout_path, "digest",
                         digest_to_json(&check->chain.envelope.digest), "expires",
                         json_object_get(check->chain.layout.object, "expires"), "keys",
                         owners_to_json(check));
}

json_t *chain_facts(const struct chain_check *check)
{
        return json_pack("{s:b, s:o, s:s*, s:o, s:o, s:o, s:o}", "verified", 1, "layout",
                         layout_to_json(check), "run", check->chain.run, "steps",
                         steps_to_json(&check->chain), "artifacts", outputs_to_json(check),
                         "proved", chain_claims_to_json(check, 1), "notProved",
                         chain_claims_to_json(check, 0));
}
