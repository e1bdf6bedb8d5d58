/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/journal-endorsed.h"

#include <errno.h>
#include <stdio.h>

#include "cli/output.h"
#include "lib/base64.h"

/* Whoever signs for a token, and what. */
struct signer {
        const char *token;
        struct sha256 key; /* as in struct replay_attester */
        char what[3 * KEY_NAME_MAX];
};

void journal_endorsed_done(struct journal_endorsed *endorsed)
{
        attestation_trust_done(&endorsed->trust);
        for (size_t i = 0; i < endorsed->count; i++)
                attestation_done(&endorsed->attestations[i]);
        free(endorsed->attestations);
        json_decref(endorsed->tied);
        json_decref(endorsed->untied);
        *endorsed = (struct journal_endorsed){};
}

/* Room for one more, which is empty. */
static struct attestation *more(struct journal_endorsed *endorsed)
{
        struct attestation *list = reallocarray(endorsed->attestations, endorsed->count + 1,
                                                sizeof(*endorsed->attestations));

        if (!list)
                return NULL;
        endorsed->attestations = list;
        list[endorsed->count] = (struct attestation){};
        return &list[endorsed->count++];
}

int journal_endorsed_add(struct journal_endorsed *endorsed, const char *path,
                         struct problem *problem)
{
        struct attestation *attestation = more(endorsed);

        return attestation ? attestation_load(path, attestation, problem) : -ENOMEM;
}

int journal_endorsed_add_ring(struct journal_endorsed *endorsed, const struct keyring *ring,
                              struct problem *problem)
{
        int r = 0;

        for (size_t i = 0; r == 0 && i < ring->count; i++) {
                _cleanup_(buf_done) struct buf text = {};
                struct attestation *attestation;

                if (!ring->keys[i].evidence)
                        continue;
                attestation = more(endorsed);
                r = attestation ? attestation_put(&text, &ring->keys[i]) : -ENOMEM;
                if (r == 0)
                        r = attestation_parse(buf_view(&text), attestation, problem);
        }
        return r;
}

static int key_hash(const struct pubkey *key, struct sha256 *ret)
{
        _cleanup_(buf_done) struct buf text = {};

        base64_encode(&text, pubkey_spki(key));
        if (buf_error(&text))
                return buf_error(&text);
        *ret = sha256_of(buf_view(&text));
        return 0;
}

static int note(struct journal_endorsed *endorsed, const struct signer *signer,
                const struct evidence_proof *proof)
{
        char issuer[CERTIFICATE_TEXT_SIZE];

        certificate_issuer(proof->authority_for, issuer);
        return json_array_append_new(endorsed->tied,
                                     json_pack("{s:s, s:s, s:s, s:s, s:s}", "issuer", issuer,
                                               "manufacturer", proof->device.manufacturer, "model",
                                               proof->device.model, "signs", signer->what, "token",
                                               signer->token)) < 0
                       ? -ENOMEM
                       : 0;
}

/* 0: this attestation ties the signer. */
static int try(struct journal_endorsed *endorsed, const struct attestation *attestation,
               const struct keyring_key *key, const struct signer *signer, struct problem *problem)
{
        _cleanup_(evidence_proof_done) struct evidence_proof proof = {};
        struct sha256 found;
        int r = attestation_trust_check(&endorsed->trust, attestation, key, &proof, problem);

        if (r == 0 && !proof.attestation_key)
                r = problem_set(problem, -EKEYREJECTED, "it is not of a TPM");
        if (r == 0)
                r = key_hash(proof.attestation_key, &found);
        if (r == 0 && !view_equal(sha256_view(&found), sha256_view(&signer->key)))
                r = problem_set(problem, -EKEYREJECTED, "it has another attestation key");
        return r < 0 ? r : note(endorsed, signer, &proof);
}

/* The reason is that of the last attestation that might have. -EKEYREJECTED. */
static int tie(struct journal_endorsed *endorsed, const struct keyring *ring,
               const struct signer *signer, struct problem *problem)
{
        int r = problem_set(problem, -EKEYREJECTED, "there is no attestation of a key there");

        for (size_t i = 0; i < endorsed->count; i++) {
                const struct attestation *attestation = &endorsed->attestations[i];
                const struct keyring_key *key =
                        keyring_find_fingerprint(ring, pubkey_fingerprint(attestation->key.pubkey));
                struct problem reason = {};

                if (!key || !string_equal(key->token, signer->token))
                        continue;
                r = try(endorsed, attestation, key, signer, &reason);
                if (r == 0 || r == -ENOMEM)
                        return r;
                *problem = reason;
        }
        return r;
}

struct report {
        struct journal_endorsed *endorsed;
        const struct keyring *ring;
        struct replay_result *result;
        void (*finding)(const struct replay_finding *finding, void *context);
        void *context;
};

static int leave_untied(struct journal_endorsed *endorsed, const struct signer *signer)
{
        return json_array_append_new(
                       endorsed->untied,
                       json_pack("{s:s, s:s}", "signs", signer->what, "token", signer->token)) < 0
                       ? -ENOMEM
                       : 0;
}

static int check_signer(struct report *report, const struct signer *signer)
{
        struct problem reason = {}, text = {};
        int r;

        if (!report->endorsed->trust.authorities)
                return leave_untied(report->endorsed, signer);
        r = tie(report->endorsed, report->ring, signer, &reason);
        if (r == 0 || r == -ENOMEM)
                return r;
        (void)problem_set(&text, r,
                          "no authority vouches for the TPM that signs the %s of token \"%s\": %s",
                          signer->what, signer->token, problem_text(&reason, r));
        report->result->findings++;
        report->finding(&(struct replay_finding){REPLAY_NO_INDEX, "attestation", text.text, 0},
                        report->context);
        return 0;
}

/* Those of audits and of anchors. */
static int check_attesters(struct report *report)
{
        const struct replay_result *result = report->result;
        int r = 0;

        for (size_t i = 0; r == 0 && i < result->attester_count; i++) {
                const struct replay_attester *attester = &result->attesters[i];
                struct signer signer = {.token = attester->token, .key = attester->key};

                (void)snprintf(signer.what, sizeof(signer.what), "%s",
                               attester->level == REPLAY_L1 ? "anchors" : "command audit");
                r = check_signer(report, &signer);
        }
        return r;
}

static int check_counts(struct report *report)
{
        int r = 0;

        for (size_t i = 0; r == 0 && i < report->ring->count; i++) {
                const struct keyring_key *key = &report->ring->keys[i];
                struct signer signer = {.token = key->token};
                struct problem what = {};

                if (!key->gate.attester)
                        continue;
                (void)problem_set(&what, 0, "use count of key %s version %u", key->name,
                                  key->version);
                memcpy(signer.what, what.text, strnlen(what.text, sizeof(signer.what) - 1));
                r = key_hash(key->gate.attester, &signer.key);
                if (r == 0)
                        r = check_signer(report, &signer);
        }
        return r;
}

int journal_endorsed_check(struct journal_endorsed *endorsed, const struct keyring *ring,
                           struct replay_result *result,
                           void (*finding)(const struct replay_finding *finding, void *context),
                           void *context)
{
        struct report report = {endorsed, ring, result, finding, context};
        int r;

        endorsed->tied = endorsed->trust.authorities ? json_array() : NULL;
        endorsed->untied = endorsed->trust.authorities ? NULL : json_array();
        if (!endorsed->tied && !endorsed->untied)
                return -ENOMEM;
        r = check_attesters(&report);
        return r < 0 ? r : check_counts(&report);
}

static void put_untied(const struct journal_endorsed *endorsed, struct buf *ret)
{
        const char *separator = "not proved, without --tpm-ca: that a TPM signs the ";
        const json_t *object;
        size_t i;

        json_array_foreach (endorsed->untied, i, object) {
                buf_put_string(ret, separator);
                output_put_text(ret, view_string(json_member_string(object, "signs")));
                buf_put_string(ret, " of token ");
                output_put_text(ret, view_string(json_member_string(object, "token")));
                separator = "; the ";
        }
        if (i > 0)
                buf_put_u8(ret, '\n');
}

void journal_endorsed_put(const struct journal_endorsed *endorsed, struct buf *ret)
{
        static const char *const members[] = {"signs", "token", "manufacturer", "model", "issuer"};
        static const char *const between[] = {"endorsed: ", " of token ", ", by a TPM of ",
                                              " ",          " (",         ")\n"};
        const json_t *object;
        size_t i;

        if (!endorsed->tied) {
                put_untied(endorsed, ret);
                return;
        }
        if (json_array_size(endorsed->tied) == 0)
                buf_put_string(ret, "endorsed: nothing, since no TPM has signed anything here\n");
        json_array_foreach (endorsed->tied, i, object) {
                for (size_t j = 0; j < ARRAY_SIZE(members); j++) {
                        buf_put_string(ret, between[j]);
                        output_put_text(ret, view_string(json_member_string(object, members[j])));
                }
                buf_put_string(ret, between[ARRAY_SIZE(members)]);
        }
}
