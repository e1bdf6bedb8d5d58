/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/chain-print.h"

#include "cli/output.h"

static int holds_always(const struct chain_check *check)
{
        (void)check;
        return 1;
}

static int holds_artifacts(const struct chain_check *check)
{
        return check->artifact_count > 0;
}

static int holds_run(const struct chain_check *check)
{
        return check->chain.run != NULL;
}

static int holds_present_run(const struct chain_check *check)
{
        return check->question.run != NULL;
}

static int holds_edges(const struct chain_check *check)
{
        return !check->question.specification_only && !chain_find_lone(&check->chain);
}

/* By each key that attested. */
static int holds_standing(const struct chain_check *check)
{
        for (size_t i = 0; i < check->chain.layout.step_count; i++)
                for (size_t j = 0; j < check->chain.steps[i].count; j++)
                        if (!check->chain.steps[i].accepted[j]->member)
                                return 0;
        return 1;
}

static int holds_current(const struct chain_check *check)
{
        return check->question.layout_count > 0;
}

static int has_condition(const struct chain_check *check, const char *step)
{
        for (size_t i = 0; i < check->question.builder_count; i++)
                if (string_equal(check->question.builders[i].step, step))
                        return 1;
        return 0;
}

/* Attestations within which nobody named a builder have none to be wrong about. */
static int holds_builders_of(const struct chain_check *check, const struct chain *chain)
{
        int result = -1;

        for (size_t i = 0; i < chain->layout.step_count; i++)
                for (size_t j = 0; j < chain->steps[i].count; j++) {
                        const struct chain_attestation *attestation = chain->steps[i].accepted[j];
                        int inner =
                                attestation->sub ? holds_builders_of(check, attestation->sub) : -1;

                        if (inner >= 0 || attestation->link.builder)
                                result = chain == &check->chain && inner < 0 &&
                                         has_condition(check, chain->steps[i].item->name);
                        if (result == 0)
                                return 0;
                }
        return result;
}

/* Key rings do not say for which builders a key may speak: who verifies has to. */
static int holds_builders(const struct chain_check *check)
{
        return holds_builders_of(check, &check->chain);
}

static const struct {
        const char *name;                              /* in JSON */
        const char *phrase;                            /* for people */
        int (*holds)(const struct chain_check *check); /* -1: it is about nothing here */
} claims[] = {
        {"layout", "that the layout is fulfilled", holds_always},
        {"edges", "that each step took what another made", holds_edges},
        {"artifacts", "that a file is what came out", holds_artifacts},
        {"standing", "that the keys of the steps are not revoked", holds_standing},
        {"run", "that all steps are of one run", holds_run},
        {"present", "that it is the run that is asked for, and not an old one", holds_present_run},
        {"current", "that it is the layout in force, and not an old one", holds_current},
        {"builders", "that those who sign for builders may do so", holds_builders},
};

json_t *chain_claims_to_json(const struct chain_check *check, int held)
{
        json_t *list = json_array();

        for (size_t i = 0; list && i < ARRAY_SIZE(claims); i++)
                if (claims[i].holds(check) == held &&
                    json_array_append_new(list, json_string(claims[i].name)) < 0) {
                        json_decref(list);
                        return NULL;
                }
        return list;
}

static void put_attestation(const struct chain_step *step,
                            const struct chain_attestation *attestation, struct buf *text)
{
        const struct keyring_key *member = attestation->member;

        buf_put_string(text, "step ");
        output_put_text(text, view_string(step->item->name));
        buf_put_string(text, ": ");
        output_put_text(text, view_string(attestation->file));
        if (member)
                buf_put_format(text, ", signed by key %s version %u (%s, purpose %s)", member->name,
                               member->version, key_state_name(member->state),
                               key_purpose_name(member->purpose));
        else
                buf_put_format(text, ", signed by key %.16s of the layout", attestation->key->id);
        if (attestation->link.builder) {
                buf_put_string(text, ", for builder ");
                output_put_text(text, view_string(attestation->link.builder));
        }
        if (attestation->sub)
                buf_put_format(text, ", a layout of %zu steps",
                               attestation->sub->layout.step_count);
        buf_put_u8(text, '\n');
}

static void put_artifact(const struct chain_check *check, const struct chain_artifact *artifact,
                         struct buf *text)
{
        output_put_text(text, view_string(artifact->path));
        if (artifact->files > 0)
                buf_put_format(text, ": %zu files, all of them products of step ", artifact->files);
        else
                buf_put_string(text, ": a product of step ");
        output_put_text(text, view_string(check->step->item->name));
        if (artifact->files == 0) {
                buf_put_string(text, ", ");
                output_put_text(text, view_string(artifact->product));
        }
        buf_put_u8(text, '\n');
}

static void put_notes(const struct chain_check *check, struct buf *text)
{
        const json_t *note;
        size_t i;

        json_array_foreach (check->chain.notes, i, note) {
                buf_put_string(text, "note: ");
                output_put_text(text, view_string(json_member_string(note, "file")));
                buf_put_string(text, ": ");
                output_put_text(text, view_string(json_member_string(note, "reason")));
                buf_put_u8(text, '\n');
        }
}

static void put_not_proved(const struct chain_check *check, struct buf *text)
{
        const char *separator = "not proved: ";

        for (size_t i = 0; i < ARRAY_SIZE(claims); i++) {
                if (claims[i].holds(check) != 0)
                        continue;
                buf_put_string(text, separator);
                buf_put_string(text, claims[i].phrase);
                separator = "; ";
        }
        if (separator[0] == ';')
                buf_put_u8(text, '\n');
}

/* The facts, and for people who look into it, what was passed over. */
static json_t *to_json(const struct chain_check *check)
{
        json_t *facts = chain_facts(check);

        if (facts && check->chain.notes &&
            json_object_set(facts, "notes", check->chain.notes) < 0) {
                json_decref(facts);
                return NULL;
        }
        return facts;
}

int chain_print(const struct chain_check *check, struct problem *problem)
{
        const struct chain *chain = &check->chain;
        _cleanup_(buf_done) struct buf text = {};

        if (check->invocation->json)
                return output_write_json(to_json(check), problem);
        output_put_text(&text, view_string(check->layout_path));
        buf_put_format(&text, ": fulfilled, %zu steps", chain->layout.step_count);
        if (chain->run) {
                buf_put_string(&text, ", run ");
                output_put_text(&text, view_string(chain->run));
        }
        buf_put_u8(&text, '\n');
        for (size_t i = 0; i < chain->layout.step_count; i++)
                for (size_t j = 0; j < chain->steps[i].count; j++)
                        put_attestation(&chain->steps[i], chain->steps[i].accepted[j], &text);
        for (size_t i = 0; i < check->artifact_count; i++)
                put_artifact(check, &check->artifacts[i], &text);
        put_notes(check, &text);
        put_not_proved(check, &text);
        return output_write(&text, problem);
}

int chain_print_no(const struct chain_check *check, struct problem *problem)
{
        const struct chain *chain = &check->chain;

        if (!check->invocation->json)
                return 0;
        return output_write_json(
                json_pack("{s:b, s:s, s:s*, s:O*, s:O*}", "verified", 0, "reason", problem->text,
                          "step", chain->failed_item ? chain->failed_item->name : NULL, "rule",
                          chain->failed_rule ? chain->failed_rule->words : NULL, "notes",
                          chain->notes),
                problem);
}
