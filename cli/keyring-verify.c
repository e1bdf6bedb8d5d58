/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "cli/option.h"
#include "cli/output.h"
#include "cli/quorum.h"
#include "lib/journal-proof.h"
#include "lib/key-window.h"
#include "lib/keyring-history.h"
#include "lib/keyring-seal.h"
#include "lib/vkey.h"

enum { OPTION_LOG_KEY, OPTION_PIN, OPTION_JOURNAL, OPTION_POLICY };

struct check {
        const struct invocation *invocation;
        const char *path;
        struct keyring ring;
        struct quorum quorum; /* without policy when none was given */
        uint64_t newer;       /* records about keys that the ring does not know yet */
};

static void check_done(struct check *check)
{
        keyring_done(&check->ring);
        quorum_done(&check->quorum);
}

static const char *given(const struct check *check, size_t option)
{
        return option_value(check->invocation, option);
}

/* The ring is signed by the log key that somebody knows from elsewhere. */
static int check_pin(const struct check *check, struct problem *problem)
{
        const struct keyring_key *key = check->ring.seal->log_key;
        const char *pin = given(check, OPTION_PIN);
        char fingerprint[HEX_SIZE(SHA256_SIZE)];

        if (!pin)
                return 0;
        (void)hex_encode(sha256_view(pubkey_fingerprint(key->pubkey)), fingerprint);
        if (strncmp(pin, "sha256:", strlen("sha256:")) == 0)
                pin += strlen("sha256:");
        if (strlen(pin) != strlen(fingerprint))
                return problem_set(problem, -EINVAL,
                                   "keyring verify: --pin: expected the SHA-256 of a log key, 64 "
                                   "hexadecimal digits, found \"%.80s\"",
                                   pin);
        if (!string_equal(pin, fingerprint))
                return problem_set(problem, -EKEYREJECTED,
                                   "%s: signed by log key %s version %u, SHA-256 %s, expected %s",
                                   check->path, key->name, key->version, fingerprint, pin);
        return 0;
}

static int compare_vkey(const struct check *check, const struct vkey *vkey, struct problem *problem)
{
        const struct keyring_key *key = check->ring.seal->log_key;

        if (!string_equal(vkey->name, check->ring.origin))
                return problem_set(problem, -EKEYREJECTED,
                                   "%s: of origin %.150s, --log-key is of %.150s", check->path,
                                   check->ring.origin, vkey->name);
        if (vkey->type != VKEY_ECDSA ||
            !view_equal(pubkey_spki(vkey->ecdsa), pubkey_spki(key->pubkey)))
                return problem_set(problem, -EKEYREJECTED,
                                   "%s: signed by log key %s version %u, which is not --log-key",
                                   check->path, key->name, key->version);
        return 0;
}

static int check_vkey(const struct check *check, struct problem *problem)
{
        const char *text = given(check, OPTION_LOG_KEY);
        struct vkey vkey = {};
        int r;

        if (!text)
                return 0;
        r = vkey_parse(view_string(text), &vkey, problem);
        r = r < 0 ? problem_prefix(problem, -EINVAL, "keyring verify: --log-key")
                  : compare_vkey(check, &vkey, problem);
        vkey_done(&vkey);
        return r;
}

static int check_witnesses(struct check *check, struct problem *problem)
{
        const char *path = given(check, OPTION_POLICY);
        int r;

        if (!path)
                return 0;
        r = quorum_load(path, &check->quorum, problem);
        if (r < 0)
                return r;
        r = quorum_verify_proof(&check->quorum, buf_view(&check->ring.seal->text), problem);
        return r < 0 ? problem_prefix(problem, r, "%s", check->path) : 0;
}

/* What says when others had seen the seal is who has cosigned it. */
static int check_log_key(const struct check *check, struct problem *problem)
{
        uint64_t time = quorum_time(&check->quorum);
        struct key_moment seen = {};
        int r;

        if (time > 0)
                key_moment_seen(time, &seen);
        r = keyring_seal_check(&check->ring, &seen, problem);
        return r < 0 ? problem_prefix(problem, r, "%s", check->path) : 0;
}

struct walk {
        struct keyring_history *history;
        struct problem reason;
};

static int take_entry(uint64_t index, struct view bytes, void *context)
{
        struct walk *walk = context;

        return keyring_history_take(walk->history, index, bytes, &walk->reason);
}

static int walk_journal(struct check *check, const struct journal *journal, struct problem *problem)
{
        _cleanup_(keyring_history_freep) struct keyring_history *history = NULL;
        _cleanup_(journal_head_done) struct journal_head head = {};
        struct walk walk = {};
        int r = keyring_history_new(&check->ring, &history);

        walk.history = history;
        if (r == 0)
                r = journal_read_head(journal, &head, problem);
        if (r == 0)
                r = journal_walk_sealed(journal, 0, head.size, take_entry, &walk, problem);
        if (walk.reason.text[0])
                return problem_set(problem, r, "%s", walk.reason.text);
        return r < 0 ? r : keyring_history_end(history, &check->newer, problem);
}

static int check_journal(struct check *check, struct problem *problem)
{
        const char *path = given(check, OPTION_JOURNAL);
        _cleanup_(journal_freep) struct journal *journal = NULL;
        struct problem reason = {};
        int r;

        if (!path)
                return 0;
        r = journal_open(path, &journal, problem);
        if (r < 0)
                return r;
        r = walk_journal(check, journal, &reason);
        return r < 0 ? problem_set(problem, r, "%s: %s", path, problem_text(&reason, r)) : 0;
}

static int verify(struct check *check, struct problem *problem)
{
        int r;

        if (!check->ring.seal)
                return problem_set(problem, -EKEYREJECTED,
                                   "%s: unsigned: nobody vouches for these keys", check->path);
        r = check_vkey(check, problem);
        if (r == 0)
                r = check_pin(check, problem);
        if (r == 0)
                r = check_witnesses(check, problem);
        if (r == 0)
                r = check_log_key(check, problem);
        return r < 0 ? r : check_journal(check, problem);
}

/* What a yes stands for. */
static const struct {
        const char *name, *phrase;
        int option, other; /* that prove it */
} claims[] = {
        {"logKey", "that it is the right log key", OPTION_LOG_KEY, OPTION_PIN},
        {"journal", "that the journal says the same", OPTION_JOURNAL, OPTION_JOURNAL},
        {"witnesses", "that witnesses have seen that journal", OPTION_POLICY, OPTION_POLICY},
};

static int holds(const struct check *check, size_t claim)
{
        return given(check, (size_t)claims[claim].option) ||
               given(check, (size_t)claims[claim].other);
}

static json_t *claims_to_json(const struct check *check, int held)
{
        json_t *list = json_array();

        for (size_t i = 0; i < ARRAY_SIZE(claims); i++)
                if (holds(check, i) == held)
                        (void)json_array_append_new(list, json_string(claims[i].name));
        return list;
}

static json_t *to_json(const struct check *check)
{
        const struct keyring_seal *seal = check->ring.seal;
        char fingerprint[HEX_SIZE(SHA256_SIZE)];

        return json_pack(
                "{s:b, s:s, s:s, s:I, s:s, s:s, s:I, s:I, s:I, s:s, s:I, s:o, s:o}", "verified", 1,
                "file", check->path, "origin", check->ring.origin, "keys",
                (json_int_t)check->ring.count, "logKey", seal->log_key->name, "fingerprint",
                hex_encode(sha256_view(pubkey_fingerprint(seal->log_key->pubkey)), fingerprint),
                "version", (json_int_t)seal->log_key->version, "index", (json_int_t)seal->index,
                "size", (json_int_t)seal->checkpoint.size, "recorded", seal->time, "newer",
                (json_int_t)check->newer, "proved", claims_to_json(check, 1), "notProved",
                claims_to_json(check, 0));
}

static void put_claims(const struct check *check, struct buf *text)
{
        const char *separator = ": not proved: ";

        for (size_t i = 0; i < ARRAY_SIZE(claims); i++) {
                if (holds(check, i))
                        continue;
                if (separator[0] == ':')
                        output_put_text(text, view_string(check->path));
                buf_put_format(text, "%s%s", separator, claims[i].phrase);
                separator = "; ";
        }
        if (separator[0] != ':')
                buf_put_u8(text, '\n');
}

static int print(const struct check *check, struct problem *problem)
{
        const struct keyring_seal *seal = check->ring.seal;
        char fingerprint[HEX_SIZE(SHA256_SIZE)];
        _cleanup_(buf_done) struct buf text = {};

        if (check->invocation->json)
                return output_write_json(to_json(check), problem);
        output_put_text(&text, view_string(check->path));
        buf_put_format(
                &text,
                ": verified, %zu keys of %s as of record %llu, made at %s; signed by log key "
                "%s version %u, SHA-256 %s\n",
                check->ring.count, check->ring.origin, (unsigned long long)seal->index, seal->time,
                seal->log_key->name, seal->log_key->version,
                hex_encode(sha256_view(pubkey_fingerprint(seal->log_key->pubkey)), fingerprint));
        if (check->newer > 0) {
                output_put_text(&text, view_string(check->path));
                buf_put_format(&text,
                               ": the journal has %llu later records about keys: take a newer "
                               "ring\n",
                               (unsigned long long)check->newer);
        }
        put_claims(check, &text);
        return output_write(&text, problem);
}

static enum answer refuse(const struct check *check, int r, struct problem *problem)
{
        (void)problem_set(problem, r, "%s: does not verify", check->path);
        if (check->invocation->json &&
            output_write_json(json_pack("{s:b, s:s}", "verified", 0, "reason", problem->text),
                              problem) < 0)
                return ANSWER_UNKNOWN;
        return ANSWER_NO;
}

static enum answer run(const struct invocation *invocation, struct problem *problem)
{
        _cleanup_(check_done) struct check check = {.invocation = invocation,
                                                    .path = invocation->operands[0]};
        int r = keyring_read(check.path, &check.ring, problem);

        if (r == -EBADMSG)
                return refuse(&check, r, problem);
        if (r == 0)
                r = verify(&check, problem);
        if (r == 0)
                return answer_of(print(&check, problem), problem);
        return r == -EKEYREJECTED ? refuse(&check, r, problem) : answer_of(r, problem);
}

const struct verb verb_keyring_verify = {
        .group = "keyring",
        .name = "verify",
        .operands = "FILE",
        .help = "tell whether a key ring is signed by its log key, and agrees with the journal",
        .operands_min = 1,
        .operands_max = 1,
        .options =
                {
                        [OPTION_LOG_KEY] = {"log-key", "l", "VKEY",
                                            "the log key that must have signed, as a vkey"},
                        [OPTION_PIN] = {"pin", NULL, "SHA256",
                                        "the SHA-256 of the log key that must have signed"},
                        [OPTION_JOURNAL] = {"journal", NULL, "DIR",
                                            "the journal, whose records must say the same"},
                        [OPTION_POLICY] = {"policy", NULL, "FILE",
                                           "the witnesses who must have cosigned the checkpoint"},
                },
        .run = run,
};
