/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/keyring.h"

#include <errno.h>

#include "lib/evidence.h"
#include "lib/gate-json.h"
#include "lib/record.h"

static const char *const state_names[] = {
        [KEY_ACTIVE] = "active",
        [KEY_RETIRED] = "retired",
        [KEY_REVOKED] = "revoked",
        [KEY_DESTROYED] = "destroyed",
};

static const char *const purpose_names[] = {
        [KEY_GENERAL] = "general",       [KEY_MODEL] = "model", [KEY_DATASET] = "dataset",
        [KEY_PROVENANCE] = "provenance", [KEY_LOG] = "log",
};

const char *key_state_name(enum key_state state)
{
        return state_names[state];
}

int key_state_parse(const char *name, enum key_state *ret)
{
        for (unsigned i = 0; i < ARRAY_SIZE(state_names); i++) {
                if (!string_equal(state_names[i], name))
                        continue;
                *ret = (enum key_state)i;
                return 0;
        }
        return -EBADMSG;
}

const char *key_purpose_name(enum key_purpose purpose)
{
        return purpose_names[purpose];
}

int key_purpose_parse(const char *name, enum key_purpose *ret)
{
        for (unsigned i = 0; i < ARRAY_SIZE(purpose_names); i++) {
                if (!string_equal(purpose_names[i], name))
                        continue;
                *ret = (enum key_purpose)i;
                return 0;
        }
        return -EBADMSG;
}

const char *key_transparency_name(enum key_transparency transparency)
{
        return transparency == TRANSPARENCY_REKOR ? "rekor" : NULL;
}

static int is_alphanumeric(char c)
{
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

int key_name_is_valid(const char *name)
{
        size_t length = strlen(name);

        if (length > KEY_NAME_MAX || !is_alphanumeric(name[0]))
                return 0;
        for (size_t i = 0; i < length; i++)
                if (!is_alphanumeric(name[i]) && !strchr("._-", name[i]))
                        return 0;
        return 1;
}

int keyring_key_is_current(const struct keyring_key *key)
{
        return key->state == KEY_ACTIVE && !key->overlap[0];
}

int key_reason_is_valid(const char *reason)
{
        return reason[0] && strlen(reason) <= KEY_REASON_MAX;
}

void keyring_key_done(struct keyring_key *key)
{
        if (!key)
                return;
        (void)pubkey_free(key->pubkey);
        gate_done(&key->gate);
        json_decref(key->evidence);
        *key = (struct keyring_key){};
}

static int put_evidence(const struct keyring_key *key, json_t *ret)
{
        return key->evidence && json_object_set(ret, "evidence", key->evidence) < 0 ? -ENOMEM : 0;
}

/* Where it is from and what has become of it, where that is known. */
static int put_end(const struct keyring_key *key, json_t *ret)
{
        const struct {
                const char *name, *value;
        } members[] = {
                {"destroyed", key->destroyed}, {"ended", key->ended},   {"imported", key->imported},
                {"overlap", key->overlap},     {"reason", key->reason}, {"revoked", key->revoked},
        };

        for (size_t i = 0; i < ARRAY_SIZE(members); i++)
                if (members[i].value[0] &&
                    json_object_set_new(ret, members[i].name, json_string(members[i].value)) < 0)
                        return -ENOMEM;
        return 0;
}

json_t *keyring_key_to_json(const struct keyring_key *key)
{
        _cleanup_(buf_done) struct buf pem = {};
        char fingerprint[HEX_SIZE(SHA256_SIZE)];
        json_t *object;

        pubkey_put_pem(key->pubkey, &pem);
        if (buf_error(&pem))
                return NULL;
        object = json_pack("{s:s, s:s, s:s, s:s, s:s%, s:s, s:s, s:s*, s:s*, s:I}", "algorithm",
                           key->algorithm->name, "created", key->created, "fingerprint",
                           hex_encode(sha256_view(pubkey_fingerprint(key->pubkey)), fingerprint),
                           "name", key->name, "publicKey", (const char *)pem.data, pem.size,
                           "purpose", key_purpose_name(key->purpose), "state",
                           key_state_name(key->state), "token", key->token[0] ? key->token : NULL,
                           "transparency", key_transparency_name(key->transparency), "version",
                           (json_int_t)key->version);
        if (object && (gate_to_json(&key->gate, object) < 0 || put_evidence(key, object) < 0 ||
                       put_end(key, object) < 0)) {
                json_decref(object);
                return NULL;
        }
        return object;
}

static int read_name(const json_t *object, const char *member, char ret[KEY_NAME_MAX + 1],
                     struct problem *problem)
{
        const char *name = json_member_string(object, member);

        if (!key_name_is_valid(name))
                return problem_set(problem, -EBADMSG,
                                   "key: member \"%s\": \"%.80s\" is not 1 to %d of the characters "
                                   "a-z A-Z 0-9 . _ - beginning with a letter or digit",
                                   member, name, KEY_NAME_MAX);
        memcpy(ret, name, strlen(name) + 1);
        return 0;
}

static int read_transparency(const json_t *object, struct keyring_key *ret, struct problem *problem)
{
        const char *name = json_member_string(object, "transparency");

        if (!name)
                return 0;
        if (!string_equal(name, key_transparency_name(TRANSPARENCY_REKOR)))
                return problem_set(problem, -EBADMSG, "key %s: unknown transparency \"%.32s\"",
                                   ret->name, name);
        ret->transparency = TRANSPARENCY_REKOR;
        return 0;
}

/* One that is not there leaves @ret as it is. */
static int read_time(const json_t *object, const char *member, const struct keyring_key *key,
                     char ret[KEY_TIME_SIZE], struct problem *problem)
{
        const char *time = json_member_string(object, member);

        if (time && !record_time_is_valid(time))
                return problem_set(problem, -EBADMSG,
                                   "key %s: %s: expected YYYY-MM-DDThh:mm:ss.ffffffZ, found "
                                   "\"%.40s\"",
                                   key->name, member, time);
        if (time)
                memcpy(ret, time, KEY_TIME_SIZE);
        return 0;
}

static int read_words(const json_t *object, struct keyring_key *ret, struct problem *problem)
{
        const char *purpose = json_member_string(object, "purpose");
        const char *state = json_member_string(object, "state");

        if (key_purpose_parse(purpose, &ret->purpose) < 0)
                return problem_set(problem, -EBADMSG, "key %s: unknown purpose \"%.32s\"",
                                   ret->name, purpose);
        if (key_state_parse(state, &ret->state) < 0)
                return problem_set(problem, -EBADMSG, "key %s: unknown state \"%.32s\"", ret->name,
                                   state);
        if (read_time(object, "created", ret, ret->created, problem) < 0)
                return -EBADMSG;
        return read_transparency(object, ret, problem);
}

/* The times of an end go with the state that it has led to, and none runs backward. */
static int check_end(const struct keyring_key *key, struct problem *problem)
{
        const struct {
                const char *name, *time, *least, *least_name;
                int fits;
        } times[] = {
                {"overlap", key->overlap, key->created, "created", 1},
                {"ended", key->ended, key->created, "created", key->state != KEY_ACTIVE},
                {"revoked", key->revoked, "", "", key->state == KEY_REVOKED},
                {"destroyed", key->destroyed, key->ended[0] ? key->ended : key->created,
                 key->ended[0] ? "ended" : "created",
                 key->state == KEY_REVOKED || key->state == KEY_DESTROYED},
                {"reason", key->reason, "", "", key->state != KEY_ACTIVE},
        };

        for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
                if (times[i].time[0] && !times[i].fits)
                        return problem_set(
                                problem, -EBADMSG, "key %s version %u: %s: not of a key that is %s",
                                key->name, key->version, times[i].name, key_state_name(key->state));
                if (times[i].time[0] && strcmp(times[i].time, times[i].least) < 0)
                        return problem_set(
                                problem, -EBADMSG,
                                "key %s version %u: its window runs backward: %s %s, %s %s",
                                key->name, key->version, times[i].least_name, times[i].least,
                                times[i].name, times[i].time);
        }
        if (key->overlap[0] && strcmp(key->ended, key->overlap) > 0)
                return problem_set(problem, -EBADMSG,
                                   "key %s version %u: ended %s, after its overlap until %s",
                                   key->name, key->version, key->ended, key->overlap);
        return 0;
}

static int read_end(const json_t *object, struct keyring_key *ret, struct problem *problem)
{
        const char *reason = json_member_string(object, "reason");

        if (read_time(object, "overlap", ret, ret->overlap, problem) < 0 ||
            read_time(object, "ended", ret, ret->ended, problem) < 0 ||
            read_time(object, "revoked", ret, ret->revoked, problem) < 0 ||
            read_time(object, "destroyed", ret, ret->destroyed, problem) < 0)
                return -EBADMSG;
        if (reason && !key_reason_is_valid(reason))
                return problem_set(problem, -EBADMSG,
                                   "key %s: reason: expected 1 to %d bytes, found %zu", ret->name,
                                   KEY_REASON_MAX, strlen(reason));
        if (reason)
                memcpy(ret->reason, reason, strlen(reason) + 1);
        return check_end(ret, problem);
}

/* The PEM text must be the one that would be written, so that a key has one text. */
static int read_pem(const json_t *object, struct keyring_key *ret, struct problem *problem)
{
        const char *text = json_member_string(object, "publicKey");
        _cleanup_(buf_done) struct buf pem = {};
        int r = pubkey_from_pem(view_string(text), &ret->pubkey);

        if (r == -EBADMSG)
                return problem_set(problem, r, "key %s: publicKey is no PEM public key", ret->name);
        if (r == -EOPNOTSUPP)
                return problem_set(problem, r, "key %s: publicKey is of an unsupported kind",
                                   ret->name);
        if (r < 0)
                return r;
        pubkey_put_pem(ret->pubkey, &pem);
        if (buf_error(&pem))
                return buf_error(&pem);
        if (!view_is(buf_view(&pem), text))
                return problem_set(problem, -EBADMSG,
                                   "key %s: publicKey: expected one PEM block of 64 columns",
                                   ret->name);
        return 0;
}

static int read_fingerprint(const json_t *object, const struct keyring_key *key,
                            struct problem *problem)
{
        const char *found = json_member_string(object, "fingerprint");
        char expected[HEX_SIZE(SHA256_SIZE)];

        (void)hex_encode(sha256_view(pubkey_fingerprint(key->pubkey)), expected);
        if (!string_equal(found, expected))
                return problem_set(problem, -EBADMSG,
                                   "key %s: fingerprint: the public key has %s, found \"%.64s\"",
                                   key->name, expected, found);
        return 0;
}

static int read_public_key(const json_t *object, struct keyring_key *ret, struct problem *problem)
{
        const char *algorithm = json_member_string(object, "algorithm");
        int r;

        ret->algorithm = algorithm_find(algorithm);
        if (!ret->algorithm)
                return problem_set(problem, -EOPNOTSUPP, "key %s: unknown algorithm \"%.32s\"",
                                   ret->name, algorithm);
        r = read_pem(object, ret, problem);
        if (r < 0)
                return r;
        if (!pubkey_fits(ret->pubkey, ret->algorithm))
                return problem_set(problem, -EBADMSG, "key %s: publicKey is not of algorithm %s",
                                   ret->name, ret->algorithm->name);
        if (ret->transparency == TRANSPARENCY_REKOR && algorithm_signs_messages(ret->algorithm))
                return problem_set(problem, -EBADMSG,
                                   "key %s: transparency: rekor has no entries of %s signatures",
                                   ret->name, ret->algorithm->name);
        return read_fingerprint(object, ret, problem);
}

/* The log key signs whatever checkpoint there is, at any time: nothing may stand in its way. */
static int read_gate(const json_t *object, struct keyring_key *ret, struct problem *problem)
{
        struct problem reason = {};
        int r = gate_from_json(object, &ret->gate, &reason);

        if (r == 0 && ret->purpose == KEY_LOG && gate_is_closed(&ret->gate))
                r = problem_set(&reason, -EBADMSG, "a log key has neither useCounter nor witness");
        return r < 0 ? problem_set(problem, r, "key %s: %s", ret->name, problem_text(&reason, r))
                     : 0;
}

/* The form alone: what follows from it, lib/evidence-check.h tells. */
static int read_evidence(const json_t *object, struct keyring_key *ret, struct problem *problem)
{
        _cleanup_(evidence_done) struct evidence evidence;
        const json_t *value = json_object_get(object, "evidence");
        struct problem reason = {};
        int r = 0;

        evidence_init(&evidence);
        if (!value || json_is_null(value))
                return 0;
        r = evidence_from_json(value, &evidence, &reason);
        if (r < 0)
                return problem_set(problem, r, "key %s: %s", ret->name, problem_text(&reason, r));
        ret->evidence = evidence_to_json(&evidence);
        return ret->evidence ? 0 : -ENOMEM;
}

/* What a token makes, or says, is of no key that was not made there. */
static int check_imported(const struct keyring_key *key, struct problem *problem)
{
        const struct {
                const char *name;
                int is_there;
        } members[] = {
                {"token", key->token[0] != '\0'},
                {"evidence", key->evidence != NULL},
                {"transparency", key->transparency != TRANSPARENCY_NONE},
                {"useCounter or witness", gate_is_closed(&key->gate)},
                {"purpose log", key->purpose == KEY_LOG},
                {"overlap", key->overlap[0] != '\0'},
        };

        for (size_t i = 0; i < ARRAY_SIZE(members); i++)
                if (members[i].is_there)
                        return problem_set(problem, -EBADMSG,
                                           "key %s: %s: not of a key that was imported", key->name,
                                           members[i].name);
        if (strcmp(key->created, key->imported) > 0)
                return problem_set(problem, -EBADMSG, "key %s: created %s, imported %s before that",
                                   key->name, key->created, key->imported);
        return 0;
}

/* The token that it is in, or when it was imported: one of them. */
static int read_home(const json_t *object, struct keyring_key *ret, struct problem *problem)
{
        int r = read_time(object, "imported", ret, ret->imported, problem);

        if (r < 0)
                return r;
        if (json_member_string(object, "token"))
                return read_name(object, "token", ret->token, problem);
        return ret->imported[0] ? 0
                                : problem_set(problem, -EBADMSG,
                                              "key %s: expected a member \"token\" or \"imported\"",
                                              ret->name);
}

int keyring_key_from_json(const json_t *object, struct keyring_key *ret, struct problem *problem)
{
        static const struct json_member members[] = {
                {"algorithm", JSON_STRING, 1},    {"attestationKey", JSON_STRING, 0},
                {"created", JSON_STRING, 1},      {"destroyed", JSON_STRING, 0},
                {"ended", JSON_STRING, 0},        {"evidence", JSON_OBJECT, 0},
                {"fingerprint", JSON_STRING, 1},  {"imported", JSON_STRING, 0},
                {"name", JSON_STRING, 1},         {"overlap", JSON_STRING, 0},
                {"publicKey", JSON_STRING, 1},    {"purpose", JSON_STRING, 1},
                {"reason", JSON_STRING, 0},       {"revoked", JSON_STRING, 0},
                {"state", JSON_STRING, 1},        {"token", JSON_STRING, 0},
                {"transparency", JSON_STRING, 0}, {"useCounter", JSON_STRING, 0},
                {"version", JSON_INTEGER, 1},     {"witness", JSON_STRING, 0},
        };
        _cleanup_(keyring_key_done) struct keyring_key key = {};
        json_int_t version;
        int r;

        if (!json_is_object(object))
                return problem_set(problem, -EBADMSG, "key: expected an object");
        r = json_check_members(object, "key", members, ARRAY_SIZE(members), problem);
        if (r == 0)
                r = read_name(object, "name", key.name, problem);
        if (r == 0)
                r = read_home(object, &key, problem);
        if (r == 0)
                r = read_words(object, &key, problem);
        if (r == 0)
                r = read_public_key(object, &key, problem);
        if (r == 0)
                r = read_gate(object, &key, problem);
        if (r == 0)
                r = read_evidence(object, &key, problem);
        if (r == 0 && key.imported[0])
                r = check_imported(&key, problem);
        if (r < 0)
                return r;
        version = json_member_integer(object, "version", 0);
        if (version < 1 || version > UINT32_MAX)
                return problem_set(problem, -EBADMSG,
                                   "key %s: version: expected 1 to %u, found %lld", key.name,
                                   UINT32_MAX, (long long)version);
        key.version = (uint32_t)version;
        r = read_end(object, &key, problem);
        if (r < 0)
                return r;
        *ret = key;
        key = (struct keyring_key){};
        return 0;
}
