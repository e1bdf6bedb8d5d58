/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/audit-ledger.h"

#include <errno.h>
#include <stdio.h>

#include "lib/attest.h"
#include "lib/base64.h"
#include "lib/json.h"

#define INDEX_TEXT_MAX 24 /* of a record, with what is around it */

static struct audit_interval *interval_new(uint32_t number)
{
        struct audit_interval *interval = calloc(1, sizeof(*interval));

        if (!interval)
                return NULL;
        interval->number = number;
        interval->commands = json_array();
        interval->names = json_object();
        if (!interval->commands || !interval->names)
                return audit_interval_free(interval);
        return interval;
}

struct audit_interval *audit_interval_free(struct audit_interval *interval)
{
        if (!interval)
                return NULL;
        json_decref(interval->commands);
        json_decref(interval->names);
        buf_done(&interval->response);
        free(interval);
        return NULL;
}

int audit_ledger_init(struct audit_ledger *ledger)
{
        *ledger = (struct audit_ledger){.count = 1};
        ledger->ended_end = &ledger->ended;
        ledger->current = interval_new(ledger->count);
        audit_ledger_doubt(ledger, "the agent has started, and has not seen what came before");
        return ledger->current ? 0 : -ENOMEM;
}

void audit_ledger_done(struct audit_ledger *ledger)
{
        struct audit_interval *next;

        audit_interval_free(ledger->current);
        for (; ledger->ended; ledger->ended = next) {
                next = ledger->ended->next;
                audit_interval_free(ledger->ended);
        }
        *ledger = (struct audit_ledger){};
}

void audit_ledger_doubt(struct audit_ledger *ledger, const char *reason)
{
        ledger->known = 0;
        (void)problem_set(&ledger->doubt, 0, "%s", reason);
}

void audit_ledger_contradict(struct audit_ledger *ledger, const char *reason)
{
        ledger->foreign |= ledger->known;
        audit_ledger_doubt(ledger, reason);
}

void audit_ledger_excuse(struct audit_ledger *ledger, const char *reason)
{
        (void)problem_set(&ledger->excuse, 0, "%s", reason);
}

static void put_base64(struct buf *buf, struct view bytes)
{
        buf_put_u8(buf, ' ');
        base64_encode(buf, bytes);
}

/* Enters a command as text; 0, or the error for which the ledger is in doubt now. */
static int add_text(struct audit_ledger *ledger, const struct buf *text)
{
        json_t *commands = ledger->current->commands;
        int r = buf_error(text);

        if (r == 0 &&
            json_array_append_new(commands, json_stringn((const char *)text->data, text->size)) < 0)
                r = -ENOMEM;
        if (r < 0)
                audit_ledger_doubt(ledger, "out of memory");
        else
                ledger->current->size += text->size;
        return r;
}

static int is_canonical(const struct audit_signature *signature)
{
        _cleanup_(buf_done) struct buf expected = BUF_INIT(COMMAND_AUDIT_RESPONSE_MAX);

        return command_audit_put_signature(&expected, signature->algorithm, signature->signature) ==
                       0 &&
               view_equal(buf_view(&expected), signature->response);
}

static void put_signature(const struct audit_signature *signature, struct buf *ret)
{
        char digest[HEX_SIZE(DIGEST_SIZE_MAX)];

        if (signature->checkpoint > 0)
                buf_put_format(ret, "checkpoint %llu %s", (unsigned long long)signature->checkpoint,
                               signature->fingerprint);
        else
                buf_put_format(ret, "sign %s %s", signature->fingerprint,
                               hex_encode(signature->message, digest));
        put_base64(ret, signature->response);
}

static uint64_t name_entry(const struct audit_ledger *ledger, int canonical)
{
        uint64_t position = json_array_size(ledger->current->commands) - 1;

        return (uint64_t)ledger->current->number << 32 | position << 1 | (uint64_t)canonical;
}

uint64_t audit_ledger_add_signature(struct audit_ledger *ledger,
                                    const struct audit_signature *signature)
{
        _cleanup_(buf_done) struct buf text = {};
        char name[HEX_SIZE(COMMAND_AUDIT_NAME_SIZE)];

        if (signature->name.size != COMMAND_AUDIT_NAME_SIZE ||
            signature->message.size > DIGEST_SIZE_MAX) {
                audit_ledger_doubt(ledger, "the driver said nonsense of a signature");
                return 0;
        }
        command_audit_add_sign(&ledger->digest, signature->name, signature->message,
                               signature->response);
        (void)json_object_set_new(ledger->current->names, signature->fingerprint,
                                  json_string(hex_encode(signature->name, name)));
        put_signature(signature, &text);
        if (add_text(ledger, &text) < 0 || signature->checkpoint > 0)
                return 0;
        ledger->current->unresolved++;
        return name_entry(ledger, is_canonical(signature));
}

static struct audit_interval *find_interval(const struct audit_ledger *ledger, uint64_t entry)
{
        struct audit_interval *interval = ledger->current;

        if (interval->number == entry >> 32)
                return interval;
        for (interval = ledger->ended; interval; interval = interval->next)
                if (interval->number == entry >> 32)
                        break;
        return interval;
}

/* The response stays where it is not what follows from the signature in the record. */
static json_t *shorten(const json_t *entry, int canonical, uint64_t index)
{
        const char *text = json_string_value(entry), *response = text ? strrchr(text, ' ') : NULL;

        if (canonical)
                return json_integer((json_int_t)index);
        return response ? json_sprintf("%llu%s", (unsigned long long)index, response) : NULL;
}

void audit_ledger_resolve(struct audit_ledger *ledger, uint64_t entry, uint64_t index)
{
        struct audit_interval *interval = entry ? find_interval(ledger, entry) : NULL;
        size_t position = (size_t)(entry & UINT32_MAX) >> 1;
        json_t *old;

        if (!interval)
                return;
        interval->unresolved--;
        old = json_array_get(interval->commands, position);
        interval->size -= json_string_length(old);
        interval->size += INDEX_TEXT_MAX;
        /* Without memory it stands for itself. */
        (void)json_array_set_new(interval->commands, position,
                                 shorten(old, (int)(entry & 1), index));
}

/* An intent has no signature from which the response would follow. */
void audit_ledger_withhold(struct audit_ledger *ledger, uint64_t entry, uint64_t index)
{
        audit_ledger_resolve(ledger, entry & ~UINT64_C(1), index);
}

void audit_ledger_give_up(struct audit_ledger *ledger, uint64_t entry)
{
        struct audit_interval *interval = entry ? find_interval(ledger, entry) : NULL;

        if (interval)
                interval->unresolved--;
}

static int check_digest(const struct audit_ledger *ledger, const struct attest_audit *attest,
                        struct problem *problem)
{
        if (attest->digest.size == 0)
                return problem_set(problem, -ENODATA, "the TPM was reset, and has lost its digest");
        if (!ledger->known)
                return problem_set(problem, ledger->foreign ? -EKEYREJECTED : -ENODATA, "%s",
                                   ledger->doubt.text);
        if (view_equal(attest->digest, sha256_view(&ledger->digest)))
                return 0;
        if (ledger->excuse.text[0])
                return problem_set(problem, -ENODATA, "%s", ledger->excuse.text);
        return problem_set(problem, -EKEYREJECTED,
                           "the TPM has executed other commands than this agent's");
}

int audit_ledger_compare(const struct audit_ledger *ledger, struct view response,
                         struct problem *problem)
{
        const struct sha256 list = command_audit_list();
        struct view bytes, signature;
        struct attest_audit attest;
        int r;

        if (command_audit_read_look(response, &bytes, &signature) < 0)
                return problem_set(problem, -EBADMSG, "the TPM's audit digest is malformed");
        r = attest_parse_audit(bytes, &attest, problem);
        if (r < 0)
                return r;
        if (attest.algorithm != COMMAND_AUDIT_ALGORITHM ||
            !view_equal(attest.commands, sha256_view(&list)))
                return problem_set(problem, -EKEYREJECTED,
                                   "somebody has changed what the TPM audits");
        return check_digest(ledger, &attest, problem);
}

void audit_ledger_add_look(struct audit_ledger *ledger, struct view response)
{
        _cleanup_(buf_done) struct buf text = {};

        command_audit_add_look(&ledger->digest, view_of(NULL, 0), view_of(NULL, 0), response);
        buf_put_string(&text, "look");
        put_base64(&text, response);
        (void)add_text(ledger, &text); /* fails into doubt */
}

static void end_current(struct audit_ledger *ledger, const struct audit_attestation *attestation,
                        struct audit_interval *next)
{
        struct audit_interval *interval = ledger->current;
        struct problem problem = {};
        int r = audit_ledger_compare(ledger, attestation->response, &problem);

        interval->tree_size = attestation->tree_size;
        interval->broken = r < 0;
        interval->foreign = r == -EKEYREJECTED;
        (void)problem_set(&interval->reason, r, "%s", problem.text);
        *ledger->ended_end = interval;
        ledger->ended_end = &interval->next;
        ledger->current = next;
}

int audit_ledger_end(struct audit_ledger *ledger, const struct audit_attestation *attestation)
{
        struct audit_interval *next = interval_new(ledger->count + 1);

        if (!next)
                return -ENOMEM;
        buf_put_view(&ledger->current->response, attestation->response);
        if (buf_error(&ledger->current->response)) {
                audit_interval_free(next);
                return -ENOMEM;
        }
        ledger->count++;
        end_current(ledger, attestation, next);
        ledger->known = 1;
        ledger->foreign = 0;
        ledger->doubt = ledger->excuse = (struct problem){};
        ledger->digest = (struct sha256){};
        command_audit_add_look(&ledger->digest, attestation->name, attestation->qualifying,
                               attestation->response);
        return 0;
}

int audit_interval_is_full(const struct audit_interval *interval)
{
        return interval->size > AUDIT_LEDGER_SIZE_MAX ||
               json_array_size(interval->commands) > AUDIT_LEDGER_COUNT_MAX ||
               json_object_size(interval->names) >= AUDIT_LEDGER_NAMES_MAX;
}

int audit_interval_is_overdue(const struct audit_interval *interval)
{
        return interval->size > AUDIT_LEDGER_SIZE_LIMIT ||
               json_array_size(interval->commands) > AUDIT_LEDGER_COUNT_LIMIT ||
               json_object_size(interval->names) > AUDIT_LEDGER_NAMES_LIMIT;
}

struct audit_interval *audit_ledger_take(struct audit_ledger *ledger)
{
        struct audit_interval *interval = ledger->ended;

        if (!interval || interval->unresolved > 0)
                return NULL;
        ledger->ended = interval->next;
        if (!ledger->ended)
                ledger->ended_end = &ledger->ended;
        return interval;
}

int audit_ledger_put(const struct audit_ledger *ledger, struct buf *buf)
{
        char digest[HEX_SIZE(SHA256_SIZE)];
        _cleanup_(json_decrefp) json_t *object = NULL;

        if (!ledger->known || ledger->excuse.text[0] || ledger->current->unresolved > 0)
                return -ENODATA;
        object = json_pack("{s:O, s:s, s:O}", "commands", ledger->current->commands, "digest",
                           hex_encode(sha256_view(&ledger->digest), digest), "names",
                           ledger->current->names);
        if (!object)
                return -ENOMEM;
        json_put(buf, object);
        return buf_error(buf);
}

int audit_ledger_read(struct audit_ledger *ledger, struct view text)
{
        static const struct json_member members[] = {
                {"commands", JSON_ARRAY, 1}, {"digest", JSON_STRING, 1}, {"names", JSON_OBJECT, 1}};
        _cleanup_(json_decrefp) json_t *object = NULL;
        struct sha256 digest;

        if (json_parse_object(text, &object, NULL) < 0 ||
            json_check_members(object, "audit", members, ARRAY_SIZE(members), NULL) < 0 ||
            hex_decode(view_string(json_member_string(object, "digest")), digest.bytes,
                       SHA256_SIZE) < 0)
                return -EBADMSG;
        json_decref(ledger->current->commands);
        json_decref(ledger->current->names);
        ledger->current->commands = json_incref(json_object_get(object, "commands"));
        ledger->current->names = json_incref(json_object_get(object, "names"));
        ledger->current->size = text.size;
        ledger->digest = digest;
        ledger->known = 1;
        ledger->doubt = (struct problem){};
        return 0;
}
