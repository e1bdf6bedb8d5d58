/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/chain.h"

#include <errno.h>

#include "lib/utc.h"

#define SHORT_ID   8 /* digits of a key id that are in the name of a file */
#define REASONS    3 /* that a refusal gives */
#define SUFFIX     ".link"
#define TIME_UNITS ((uint64_t)1000000)

/* Attestations that a step needs, and why there are not as many. */
struct lack {
        char reasons[384];
        size_t count;
};

static void add_reason(struct lack *lack, const char *file, const char *reason)
{
        size_t used = strlen(lack->reasons);

        if (lack->count++ < REASONS)
                (void)snprintf(lack->reasons + used, sizeof(lack->reasons) - used,
                               "; %.60s: %.200s", file, reason);
}

static int pass_over(struct chain *chain, struct lack *lack, const char *file, const char *reason)
{
        add_reason(lack, file, reason);
        return chain_note(chain, file, reason);
}

static const struct in_toto_key *resolve(const struct chain *chain, const char *id)
{
        const struct in_toto_key *key = layout_find_key(&chain->layout, id);

        for (size_t i = 0; !key && i < chain->ring_key_count; i++)
                if (string_equal(chain->ring_keys[i].id, id))
                        key = &chain->ring_keys[i];
        return key;
}

/* A layout tells its step by the name of its file alone. */
static int is_called(const char *file, const char *step)
{
        size_t size = strlen(step);

        return strncmp(file, step, size) == 0 && file[size] == '.' &&
               strspn(file + size + 1, "0123456789abcdef") == SHORT_ID &&
               string_equal(file + size + 1 + SHORT_ID, SUFFIX);
}

static int is_of_step(const struct chain_attestation *attestation, const struct layout_item *item)
{
        return attestation->is_layout ? is_called(attestation->file, item->name)
                                      : string_equal(attestation->link.name, item->name);
}

/* Finds the key of the step that signed it, or none: sets attestation->key. */
static int find_signer(const struct chain *chain, const struct layout_item *item,
                       struct chain_attestation *attestation)
{
        const json_t *id;
        size_t i;

        json_array_foreach (item->keys, i, id) {
                const struct in_toto_key *key = resolve(chain, json_string_value(id));
                int r = key ? in_toto_envelope_verify(&attestation->envelope, key) : -EKEYREJECTED;

                if (r == 0) {
                        attestation->key = key;
                        attestation->rank = i;
                }
                if (r != -EKEYREJECTED)
                        return r;
        }
        return 0;
}

/* Whether the attestation says itself that it was made before its key was. */
static int is_too_early(const struct keyring_key *key, const char *finished)
{
        uint64_t made, created;

        return finished && (utc_parse_moment(finished, &made) < 0 ||
                            utc_parse(key->created, &created) < 0 || made < created * TIME_UNITS);
}

/* Whether the ring lets the key be believed. */
static int check_standing(const struct chain_attestation *attestation, struct problem *problem)
{
        const struct keyring_key *key = attestation->member;
        struct problem reason = {};

        if (key->purpose == KEY_LOG)
                return problem_set(problem, -EKEYREJECTED,
                                   "signed by a log key, which vouches for checkpoints only");
        if (key_window_check(key, &attestation->moment, &reason) < 0)
                return problem_set(problem, -EKEYREJECTED, "signed by key %s version %u, %s",
                                   key->name, key->version, reason.text);
        if (is_too_early(key, attestation->link.finished))
                return problem_set(problem, -EKEYREJECTED, "made before its key was");
        return 0;
}

/* Looks the key up in the ring, and for a proof of when it signed. */
static int check_member(const struct chain_question *question,
                        struct chain_attestation *attestation, struct problem *problem)
{
        _cleanup_(freep) char *path = NULL;
        int r = 0;

        attestation->member =
                question->ring
                        ? keyring_find_fingerprint(question->ring, &attestation->key->fingerprint)
                        : NULL;
        if (question->prove) {
                if (asprintf(&path, "%s/%s", question->directory, attestation->file) < 0) {
                        path = NULL;
                        return -ENOMEM;
                }
                r = question->prove(question->context, path, &attestation->envelope,
                                    attestation->key, &attestation->moment, problem);
        }
        return r < 0 || !attestation->member ? r : check_standing(attestation, problem);
}

/* Of a link, and of a layout in the place of one, no builder is known. */
static int check_builder(const struct chain_question *question, const char *step,
                         const struct in_toto_link *link, struct problem *problem)
{
        int wanted = 0;

        for (size_t i = 0; i < question->builder_count; i++) {
                if (!string_equal(question->builders[i].step, step))
                        continue;
                if (link->builder && string_equal(question->builders[i].id, link->builder))
                        return 0;
                wanted = 1;
        }
        if (!wanted)
                return 0;
        return link->builder ? problem_set(problem, -EKEYREJECTED,
                                           "by builder %.150s, and its step must be by another",
                                           link->builder)
                             : problem_set(problem, -EKEYREJECTED,
                                           "names no builder, and its step must be by one");
}

static int check_link(const struct chain_question *question, const struct in_toto_link *link,
                      struct problem *problem)
{
        if (question->run && !link->run)
                return problem_set(problem, -EKEYREJECTED, "does not say of which run it is");
        if (question->run && !string_equal(question->run, link->run))
                return problem_set(problem, -EKEYREJECTED, "of run %.100s", link->run);
        return question->specification_only ? 0 : in_toto_link_check_status(link, problem);
}

static void insert(struct chain_step *step, struct chain_attestation *attestation)
{
        size_t place = step->count++;

        for (; place > 0 && step->accepted[place - 1]->rank > attestation->rank; place--)
                step->accepted[place] = step->accepted[place - 1];
        step->accepted[place] = attestation;
}

/* Keys, and not their ids, count. */
static int add_accepted(struct chain *chain, struct chain_step *step,
                        struct chain_attestation *attestation, struct problem *problem)
{
        for (size_t i = 0; i < step->count; i++) {
                const struct chain_attestation *other = step->accepted[i];

                if (!in_toto_key_is_same(other->key, attestation->key))
                        continue;
                if (view_equal(sha256_view(&other->envelope.digest),
                               sha256_view(&attestation->envelope.digest)))
                        return chain_note(chain, attestation->file, "once more the same");
                return problem_set(
                        problem, -EKEYREJECTED,
                        "%.100s and %.100s: two different attestations by key %.16s%s", other->file,
                        attestation->file, other->key->id,
                        other->link.run && attestation->link.run &&
                                        !string_equal(other->link.run, attestation->link.run)
                                ? ", of two runs"
                                : "");
        }
        insert(step, attestation);
        return 0;
}

/* -EKEYREJECTED: it is passed over, for that reason. */
static int consider(const struct chain_question *question, const struct chain *chain,
                    const struct chain_step *step, struct chain_attestation *attestation,
                    struct problem *problem)
{
        int r = find_signer(chain, step->item, attestation);

        if (r == 0 && !attestation->key)
                r = problem_set(problem, -EKEYREJECTED, "signed by none of the keys of its step");
        if (r == 0)
                r = check_member(question, attestation, problem);
        if (r == 0)
                r = check_builder(question, step->item->name, &attestation->link, problem);
        return r < 0 || attestation->is_layout ? r
                                               : check_link(question, &attestation->link, problem);
}

/* Files that could not be read may be what is missing. */
static void add_unreadable(const struct chain *chain, size_t notes, struct lack *lack)
{
        const json_t *note;
        size_t i;

        json_array_foreach (chain->notes, i, note)
                if (i < notes)
                        add_reason(lack, json_member_string(note, "file"),
                                   json_member_string(note, "reason"));
}

static int accept_step(const struct chain_question *question, struct chain *chain,
                       struct chain_step *step, size_t notes, struct problem *problem)
{
        struct lack lack = {};

        step->accepted = calloc(chain->found_count + 1, sizeof(struct chain_attestation *));
        if (!step->accepted)
                return -ENOMEM;
        for (size_t i = 0; i < chain->found_count; i++) {
                struct chain_attestation *attestation = &chain->found[i];
                struct problem reason = {};
                int r;

                if (!is_of_step(attestation, step->item))
                        continue;
                r = consider(question, chain, step, attestation, &reason);
                if (r == 0)
                        r = add_accepted(chain, step, attestation, problem);
                else if (r == -EKEYREJECTED)
                        r = pass_over(chain, &lack, attestation->file, reason.text);
                if (r < 0)
                        return r;
        }
        if (step->count >= step->item->threshold)
                return 0;
        add_unreadable(chain, notes, &lack);
        return problem_set(problem, -EKEYREJECTED, "%zu of the %zu attestations it needs%s",
                           step->count, step->item->threshold, lack.count > 0 ? lack.reasons : "");
}

int chain_accept(const struct chain_question *question, struct chain *chain,
                 struct problem *problem)
{
        size_t notes = json_array_size(chain->notes);

        for (size_t i = 0; i < chain->layout.step_count; i++) {
                struct chain_step *step = &chain->steps[i];
                int r;

                step->item = &chain->layout.items[i];
                r = accept_step(question, chain, step, notes, problem);
                if (r < 0) {
                        chain->failed_item = step->item;
                        return problem_prefix(problem, r, "step %.100s", step->item->name);
                }
        }
        return 0;
}
