/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/verify.h"

#include <errno.h>
#include <fcntl.h>

#include "cli/output.h"
#include "lib/keyring-seal.h"

/* Only what was signed in its time verifies when a key is active no more. */
static void put_state_note(struct buf *text, const struct keyring_key *key)
{
        if (key && key->state != KEY_ACTIVE)
                buf_put_format(text, "; the key is %s: signatures made before that stay good",
                               key_state_name(key->state));
        if (key && key->imported[0])
                buf_put_string(text,
                               "; the key was imported: in what hardware it is, if in any, is "
                               "not known");
        buf_put_u8(text, '\n');
}

static int is_proof(const struct verification *v)
{
        return v->signature.format->is_logged || v->proof_file.size > 0;
}

static int holds_always(const struct verification *v)
{
        (void)v;
        return 1;
}

static int holds_standing(const struct verification *v)
{
        return v->proof.key != NULL;
}

static int holds_log(const struct verification *v)
{
        return verification_is_logged(v);
}

static int holds_witnesses(const struct verification *v)
{
        return v->quorum.policy != NULL;
}

static int holds_never(const struct verification *v)
{
        (void)v;
        return 0;
}

/* The digest of a directory as a subject is that of its files' digests: in this order, whatever
 * their names are. */
static int is_about_directory(const struct verification *v)
{
        return v->statement.object && v->model.path;
}

/* It is the ring itself that names it: whose it is, somebody else has to know. */
static int has_log_key(const struct verification *v)
{
        return trust_seal(&v->trust, v->proof.key) != NULL;
}

/* What a yes stands for, and what it does not. */
static const struct {
        const char *name;   /* in JSON */
        const char *phrase; /* for people */
        int (*holds)(const struct verification *v);
        int (*arises)(const struct verification *v); /* NULL: always */
} claims[] = {
        {"content", "that this is what was signed", holds_always},
        {"standing", "that the key was not revoked", holds_standing},
        {"log", "that the signature is in the journal", holds_log},
        {"witnesses", "that witnesses have seen that journal", holds_witnesses},
        {"logKey", "that it is the right log key", holds_never, has_log_key},
        {"names", "which of the files has which name", holds_never, is_about_directory},
};

static int claim_is(const struct verification *v, size_t claim, int held)
{
        return (!claims[claim].arises || claims[claim].arises(v)) &&
               !claims[claim].holds(v) == !held;
}

static json_t *claims_to_json(const struct verification *v, int held)
{
        json_t *list = json_array();

        for (size_t i = 0; list && i < ARRAY_SIZE(claims); i++)
                if (claim_is(v, i, held) &&
                    json_array_append_new(list, json_string(claims[i].name)) < 0) {
                        json_decref(list);
                        return NULL;
                }
        return list;
}

static json_t *entries_to_json(const struct bundle *bundle)
{
        json_t *entries = json_array();

        for (size_t i = 0; i < bundle->entry_count && entries; i++)
                if (json_array_append_new(entries,
                                          json_pack("{s:I, s:I}", "index",
                                                    (json_int_t)bundle->entries[i].index, "size",
                                                    (json_int_t)bundle->entries[i].size)) < 0) {
                        json_decref(entries);
                        return NULL;
                }
        return entries;
}

static int add_log(const struct verification *v, json_t *facts)
{
        if (is_proof(v) &&
            (json_object_set_new(facts, "index", json_integer((json_int_t)v->logged.index)) < 0 ||
             json_object_set_new(facts, "size", json_integer((json_int_t)v->logged.size)) < 0))
                return -1;
        if (v->trust.moment.at[0] &&
            json_object_set_new(facts, v->trust.moment.is_exact ? "recorded" : "seen",
                                json_string(v->trust.moment.at)) < 0)
                return -1;
        if (v->signature.bundle.entry_count > 0 &&
            json_object_set_new(facts, "logEntries", entries_to_json(&v->signature.bundle)) < 0)
                return -1;
        if (v->quorum.policy &&
            json_object_set_new(facts, "witnesses", quorum_to_json(&v->quorum)) < 0)
                return -1;
        return 0;
}

static int add_log_key(const struct verification *v, json_t *facts)
{
        const struct keyring_seal *seal = trust_seal(&v->trust, v->proof.key);
        char fingerprint[HEX_SIZE(SHA256_SIZE)];

        if (!seal)
                return 0;
        (void)hex_encode(sha256_view(pubkey_fingerprint(seal->log_key->pubkey)), fingerprint);
        return json_object_set_new(facts, "keyRingSignedBy",
                                   json_pack("{s:s, s:s, s:I}", "fingerprint", fingerprint, "key",
                                             seal->log_key->name, "version",
                                             (json_int_t)seal->log_key->version));
}

static int add_key(const struct verification *v, json_t *facts)
{
        const struct keyring_key *key = v->proof.key;
        const char *origin = trust_origin(&v->trust, key);

        if ((origin && json_object_set_new(facts, "origin", json_string(origin)) < 0) ||
            (key && json_object_set_new(
                            facts, "keyRing",
                            json_string(trust_is_signed(&v->trust) ? "signed" : "unsigned")) < 0))
                return -1;
        if (key &&
            (json_object_set_new(facts, "key", json_string(key->name)) < 0 ||
             json_object_set_new(facts, "version", json_integer(key->version)) < 0 ||
             json_object_set_new(facts, "state", json_string(key_state_name(key->state))) < 0 ||
             json_object_set_new(facts, "purpose", json_string(key_purpose_name(key->purpose))) <
                     0))
                return -1;
        if (key && key->imported[0] &&
            json_object_set_new(facts, "imported", json_string(key->imported)) < 0)
                return -1;
        return 0;
}

static int add_statement(const struct verification *v, json_t *facts)
{
        const json_t *predicate = v->statement.predicate;

        if (!v->statement.object)
                return 0;
        return json_object_set_new(facts, "predicateType",
                                   json_string(v->statement.predicate_type)) < 0 ||
                               json_object_set(facts, "subject", (json_t *)(uintptr_t)v->subject) <
                                       0 ||
                               json_object_set(facts, "predicate", (json_t *)(uintptr_t)predicate) <
                                       0
                       ? -1
                       : 0;
}

static int add_model(const struct verification *v, json_t *facts)
{
        char root[HEX_SIZE(SHA256_SIZE)];

        if (!v->model.path)
                return 0;
        if (json_object_set_new(
                    facts, "root",
                    json_sprintf("sha256:%s", hex_encode(sha256_view(&v->oms.root), root))) < 0)
                return -1;
        return model_add_facts(&v->model, facts);
}

static json_t *facts_to_json(const struct verification *v)
{
        const struct view signed_digest = view_of(v->signature.digest, v->signature.digest_size);
        char digest[HEX_SIZE(DIGEST_SIZE_MAX)], fingerprint[HEX_SIZE(SHA256_SIZE)];
        json_t *facts = json_pack(
                "{s:b, s:s, s:s, s:s++, s:s, s:s, s:o, s:o}", "verified", 1, "format",
                v->signature.format->name, "algorithm", v->proof.algorithm->name, "digest",
                v->proof.algorithm->hash, ":", hex_encode(signed_digest, digest), "fingerprint",
                hex_encode(sha256_view(pubkey_fingerprint(trust_pubkey(&v->trust, &v->proof))),
                           fingerprint),
                "file", v->path, "proved", claims_to_json(v, 1), "notProved", claims_to_json(v, 0));

        if (facts && (add_log(v, facts) < 0 || add_key(v, facts) < 0 || add_log_key(v, facts) < 0 ||
                      add_statement(v, facts) < 0 || add_model(v, facts) < 0)) {
                json_decref(facts);
                return NULL;
        }
        return facts;
}

/* Where in which journal, and who has seen that journal. */
static void put_log(const struct verification *v, struct buf *text)
{
        const struct bundle *bundle = &v->signature.bundle;

        for (size_t i = 0; i < bundle->entry_count; i++) {
                output_put_text(text, view_string(v->path));
                buf_put_format(text,
                               ": proved to be logged as entry %llu of the %llu in the journal of "
                               "%s\n",
                               (unsigned long long)bundle->entries[i].index,
                               (unsigned long long)bundle->entries[i].size, v->trust.ring.origin);
        }
        if (is_proof(v)) {
                output_put_text(text, view_string(v->path));
                buf_put_format(
                        text,
                        ": proved to be record %llu of the %llu in the journal of %s, made at "
                        "%s\n",
                        (unsigned long long)v->logged.index, (unsigned long long)v->logged.size,
                        v->trust.ring.origin, v->logged.time);
        }
        if (v->quorum.policy) {
                output_put_text(text, view_string(v->path));
                buf_put_string(text, ": the checkpoint is cosigned by ");
                quorum_put_witnesses(text, &v->quorum);
                buf_put_u8(text, '\n');
        }
}

static void put_statement(const struct verification *v, struct buf *text)
{
        if (!v->statement.object)
                return;
        output_put_text(text, view_string(v->path));
        buf_put_string(text, ": attested: ");
        output_put_text(text, view_string(v->statement.predicate_type));
        buf_put_string(text, " about ");
        output_put_text(text, view_string(resource_name(v->subject)));
        buf_put_u8(text, '\n');
}

static void put_not_proved(const struct verification *v, struct buf *text)
{
        const char *separator = ": not proved: ";

        for (size_t i = 0; i < ARRAY_SIZE(claims); i++) {
                if (!claim_is(v, i, 0))
                        continue;
                if (separator[0] == ':')
                        output_put_text(text, view_string(v->path));
                buf_put_string(text, separator);
                buf_put_string(text, claims[i].phrase);
                separator = "; ";
        }
        if (separator[0] != ':')
                buf_put_u8(text, '\n');
}

/* Signature and proof lie in the model and are no part of it. */
static int is_signature(const struct verification *v, const char *name)
{
        struct stat one, other;

        return fstatat(v->model.fd, name, &one, AT_SYMLINK_NOFOLLOW) == 0 &&
               stat(v->signature_path, &other) == 0 && one.st_dev == other.st_dev &&
               one.st_ino == other.st_ino;
}

/* What the signature leaves out, and is there all the same. */
static void put_not_covered(const struct verification *v, struct buf *text)
{
        struct stat status;

        for (size_t i = 0; v->oms.ignored && v->oms.ignored[i]; i++) {
                const char *name = v->oms.ignored[i];

                if (inventory_name_fault(view_string(name)) || is_signature(v, name) ||
                    fstatat(v->model.fd, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
                        continue;
                output_put_text(text, view_string(v->path));
                buf_put_u8(text, '/');
                output_put_text(text, view_string(name));
                buf_put_string(text, ": not covered by the signature\n");
        }
}

/* Who vouches for the keys, if anybody does. */
static void put_ring(const struct verification *v, struct buf *text)
{
        const char *origin = trust_origin(&v->trust, v->proof.key);
        const struct keyring_seal *seal = trust_seal(&v->trust, v->proof.key);
        char fingerprint[HEX_SIZE(SHA256_SIZE)];

        if (origin) {
                output_put_text(text, view_string(v->path));
                buf_put_string(text, ": the key is of ");
                output_put_text(text, view_string(origin));
                buf_put_string(text, "\n");
        }
        if (v->proof.key && !trust_is_signed(&v->trust)) {
                output_put_text(text, view_string(v->path));
                buf_put_string(text, ": the key ring is unsigned\n");
        }
        if (seal) {
                output_put_text(text, view_string(v->path));
                buf_put_format(text,
                               ": the key ring is signed by log key %s version %u, SHA-256 %s, not "
                               "pinned\n",
                               seal->log_key->name, seal->log_key->version,
                               hex_encode(sha256_view(pubkey_fingerprint(seal->log_key->pubkey)),
                                          fingerprint));
        }
}

int verification_print(const struct verification *v, struct problem *problem)
{
        const struct keyring_key *key = v->proof.key;
        _cleanup_(buf_done) struct buf text = {};
        char fingerprint[HEX_SIZE(SHA256_SIZE)];

        if (v->invocation->json)
                return output_write_json(facts_to_json(v), problem);
        output_put_text(&text, view_string(v->path));
        buf_put_string(&text, ": verified, signed by ");
        if (key)
                buf_put_format(&text, "key %s version %u (%s, %s, purpose %s), ", key->name,
                               key->version, v->proof.algorithm->name, key_state_name(key->state),
                               key_purpose_name(key->purpose));
        else
                buf_put_format(&text, "this key (%s), ", v->proof.algorithm->name);
        buf_put_format(
                &text, "SHA-256 %s",
                hex_encode(sha256_view(pubkey_fingerprint(trust_pubkey(&v->trust, &v->proof))),
                           fingerprint));
        put_state_note(&text, key);
        put_ring(v, &text);
        if (v->model.path)
                model_put_facts(&v->model, &text);
        put_statement(v, &text);
        put_log(v, &text);
        put_not_proved(v, &text);
        put_not_covered(v, &text);
        return output_write(&text, problem);
}

int verification_print_no(const struct verification *v, struct problem *problem)
{
        if (!v->invocation->json)
                return differences_print(&v->differences, v->path, problem);
        if (v->differences.count > 0)
                return differences_print_json(&v->differences, problem->text, problem);
        return output_write_json(json_pack("{s:b, s:s}", "verified", 0, "reason", problem->text),
                                 problem);
}
