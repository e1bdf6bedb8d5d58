/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/evidence.h"

#include <errno.h>

#include "lib/base64.h"
#include "lib/digest.h"

static const char *const kinds[] = {[EVIDENCE_TPM2] = "tpm2", [EVIDENCE_PKCS11] = "pkcs11"};

static const char *const part_names[EVIDENCE_PARTS] = {
        [EVIDENCE_ATTESTATION] = "attestation",
        [EVIDENCE_ATTESTATION_KEY] = "attestationKey",
        [EVIDENCE_CREATION] = "creation",
        [EVIDENCE_CREATION_ATTESTATION] = "creationAttestation",
        [EVIDENCE_CREATION_SIGNATURE] = "creationSignature",
        [EVIDENCE_PARENT] = "parent",
        [EVIDENCE_PUBLIC] = "public",
        [EVIDENCE_SIGNATURE] = "signature",
};

static const enum evidence_part parts_required[] = {EVIDENCE_ATTESTATION, EVIDENCE_ATTESTATION_KEY,
                                                    EVIDENCE_PUBLIC, EVIDENCE_SIGNATURE};

static const enum evidence_part parts_of_creation[] = {
        EVIDENCE_CREATION, EVIDENCE_CREATION_ATTESTATION, EVIDENCE_CREATION_SIGNATURE,
        EVIDENCE_PARENT};

void evidence_init(struct evidence *evidence)
{
        *evidence = (struct evidence){};
        for (size_t i = 0; i < EVIDENCE_CERTIFICATES_MAX; i++)
                evidence->certificates[i].limit = EVIDENCE_PART_MAX;
        for (size_t i = 0; i < EVIDENCE_PARTS; i++)
                evidence->parts[i].limit = EVIDENCE_PART_MAX;
        evidence->activated.limit = EVIDENCE_ACTIVATED_MAX;
}

void evidence_done(struct evidence *evidence)
{
        facts_done(&evidence->self_asserted);
        for (size_t i = 0; i < EVIDENCE_CERTIFICATES_MAX; i++)
                buf_done(&evidence->certificates[i]);
        for (size_t i = 0; i < EVIDENCE_PARTS; i++)
                buf_done(&evidence->parts[i]);
        buf_done(&evidence->activated);
        json_decref(evidence->created_for);
        evidence_init(evidence);
}

int evidence_add_certificate(struct evidence *evidence, struct view der)
{
        struct buf *slot = &evidence->certificates[evidence->certificate_count];

        for (size_t i = 0; i < evidence->certificate_count; i++)
                if (view_equal(buf_view(&evidence->certificates[i]), der))
                        return 0;
        if (evidence->certificate_count == EVIDENCE_CERTIFICATES_MAX ||
            der.size > EVIDENCE_PART_MAX || der.size == 0)
                return 0;
        buf_put_view(slot, der);
        if (buf_error(slot))
                return buf_error(slot);
        evidence->certificate_count++;
        return 0;
}

int evidence_set_created_for(struct evidence *evidence, json_t *created_for)
{
        json_t *copy = json_deep_copy(created_for);

        if (!copy)
                return -ENOMEM;
        json_decref(evidence->created_for);
        evidence->created_for = copy;
        return 0;
}

int evidence_drop_creation(struct evidence *evidence, const char *reason)
{
        for (size_t i = 0; i < ARRAY_SIZE(parts_of_creation); i++)
                buf_clear(&evidence->parts[parts_of_creation[i]]);
        json_decref(evidence->created_for);
        evidence->created_for = NULL;
        if (facts_get(&evidence->self_asserted, EVIDENCE_NO_CREATION))
                return 0;
        return facts_add(&evidence->self_asserted, EVIDENCE_NO_CREATION, reason);
}

static json_t *base64_string(struct view bytes)
{
        _cleanup_(buf_done) struct buf text = {};

        base64_encode(&text, bytes);
        return buf_error(&text) ? NULL : json_stringn((const char *)text.data, text.size);
}

static json_t *hex_string(struct view bytes)
{
        char text[HEX_SIZE(EVIDENCE_ACTIVATED_MAX)];

        return json_string(hex_encode(bytes, text));
}

static int set_parts(json_t *object, const struct evidence *evidence)
{
        int r = 0;

        for (size_t i = 0; i < EVIDENCE_PARTS; i++)
                if (evidence->parts[i].size > 0)
                        r |= json_object_set_new(object, part_names[i],
                                                 base64_string(buf_view(&evidence->parts[i])));
        if (evidence->activated.size > 0)
                r |= json_object_set_new(object, "activated",
                                         hex_string(buf_view(&evidence->activated)));
        if (evidence->created_for)
                r |= json_object_set(object, "createdFor", evidence->created_for);
        return r;
}

static json_t *certificates_to_json(const struct evidence *evidence)
{
        json_t *array = json_array();

        for (size_t i = 0; array && i < evidence->certificate_count; i++)
                if (json_array_append_new(
                            array, base64_string(buf_view(&evidence->certificates[i]))) < 0) {
                        json_decref(array);
                        return NULL;
                }
        return array;
}

static json_t *facts_to_json(const struct facts *facts)
{
        json_t *object = json_object();

        for (size_t i = 0; object && i < facts->count; i++)
                if (json_object_set_new(object, facts->pair[i].name,
                                        json_string(facts->pair[i].value)) < 0) {
                        json_decref(object);
                        return NULL;
                }
        return object;
}

json_t *evidence_to_json(const struct evidence *evidence)
{
        json_t *object = json_object();
        int r = 0;

        if (!object)
                return NULL;
        if (evidence->certificate_count > 0)
                r |= json_object_set_new(object, "certificates", certificates_to_json(evidence));
        r |= json_object_set_new(object, "kind", json_string(kinds[evidence->kind]));
        r |= json_object_set_new(object, "selfAsserted", facts_to_json(&evidence->self_asserted));
        r |= set_parts(object, evidence);
        if (r == 0)
                return object;
        json_decref(object);
        return NULL;
}

static int bad_member(struct problem *problem, const char *name, const char *expected)
{
        return problem_set(problem, -EBADMSG, "evidence: %s: expected %s", name, expected);
}

static int read_base64(const char *name, const char *text, struct buf *ret, struct problem *problem)
{
        int r = base64_decode(ret, view_string(text));

        if (r == -ENOMEM)
                return r;
        return r < 0 || ret->size == 0
                       ? bad_member(problem, name, "at most 8192 bytes in base64, and not none")
                       : 0;
}

static int read_parts(const json_t *object, struct evidence *ret, struct problem *problem)
{
        int r = 0;

        for (size_t i = 0; r == 0 && i < EVIDENCE_PARTS; i++) {
                const char *text = json_member_string(object, part_names[i]);

                if (text)
                        r = read_base64(part_names[i], text, &ret->parts[i], problem);
        }
        return r;
}

static int read_activated(const json_t *object, struct evidence *ret, struct problem *problem)
{
        const char *text = json_member_string(object, "activated");
        size_t size = text ? strlen(text) / 2 : 0;
        uint8_t bytes[EVIDENCE_ACTIVATED_MAX];

        if (!text)
                return 0;
        if (size == 0 || size > sizeof(bytes) || hex_decode(view_string(text), bytes, size) < 0)
                return bad_member(problem, "activated", "1 to 48 bytes in hexadecimal");
        buf_put(&ret->activated, bytes, size);
        return buf_error(&ret->activated);
}

static int read_created_for(const json_t *object, struct evidence *ret, struct problem *problem)
{
        json_t *created_for = json_object_get(object, "createdFor");
        int r;

        if (!created_for || json_is_null(created_for))
                return 0;
        r = created_for_check(created_for, problem);
        if (r < 0)
                return problem_prefix(problem, r, "evidence");
        return evidence_set_created_for(ret, created_for);
}

static int read_certificates(const json_t *object, struct evidence *ret, struct problem *problem)
{
        const json_t *array = json_object_get(object, "certificates"), *value;
        size_t i;

        if (!array)
                return 0;
        if (json_array_size(array) == 0 || json_array_size(array) > EVIDENCE_CERTIFICATES_MAX)
                return bad_member(problem, "certificates", "1 to 8 of them");
        json_array_foreach (array, i, value) {
                int r;

                if (!json_is_string(value))
                        return bad_member(problem, "certificates", "strings");
                r = read_base64("certificates", json_string_value(value), &ret->certificates[i],
                                problem);
                if (r < 0)
                        return r;
                ret->certificate_count++;
        }
        return 0;
}

static int read_self_asserted(const json_t *object, struct evidence *ret, struct problem *problem)
{
        json_t *facts = json_object_get(object, "selfAsserted"), *value;
        const char *name;
        int r = 0;

        json_object_foreach (facts, name, value) {
                if (!json_is_string(value))
                        return bad_member(problem, "selfAsserted", "strings");
                r = facts_add(&ret->self_asserted, name, json_string_value(value));
                if (r == -EMSGSIZE)
                        return bad_member(problem, "selfAsserted", "fewer members");
                if (r < 0)
                        return r;
        }
        return 0;
}

static int check_parts_of_creation(const struct evidence *evidence, struct problem *problem)
{
        size_t there = 0;

        for (size_t i = 0; i < ARRAY_SIZE(parts_of_creation); i++)
                there += evidence->parts[parts_of_creation[i]].size > 0;
        if (there > 0 && there < ARRAY_SIZE(parts_of_creation))
                return bad_member(problem, "creation",
                                  "it with creationAttestation, creationSignature and parent");
        if (there == 0 && evidence->created_for)
                return bad_member(problem, "createdFor", "it with creation");
        return 0;
}

/* What must be there together, and what belongs to the other kind. */
static int check_parts(const struct evidence *evidence, struct problem *problem)
{
        const struct buf *parts = evidence->parts;
        int tpm = evidence->kind == EVIDENCE_TPM2;

        if (!tpm) {
                for (size_t i = 0; i < EVIDENCE_PARTS; i++)
                        if (parts[i].size > 0)
                                return bad_member(problem, part_names[i], "none of PKCS#11");
                if (evidence->created_for)
                        return bad_member(problem, "createdFor", "none of PKCS#11");
                return evidence->activated.size > 0
                               ? bad_member(problem, "activated", "none of PKCS#11")
                               : 0;
        }
        for (size_t i = 0; i < ARRAY_SIZE(parts_required); i++)
                if (parts[parts_required[i]].size == 0)
                        return bad_member(problem, part_names[parts_required[i]], "a string");
        return check_parts_of_creation(evidence, problem);
}

static int read_kind(const json_t *object, struct evidence *ret, struct problem *problem)
{
        const char *kind = json_member_string(object, "kind");

        for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
                if (string_equal(kinds[i], kind)) {
                        ret->kind = (enum evidence_kind)i;
                        return 0;
                }
        return bad_member(problem, "kind", "tpm2 or pkcs11");
}

int evidence_from_json(const json_t *object, struct evidence *ret, struct problem *problem)
{
        static const struct json_member members[] = {
                {"activated", JSON_STRING, 0},
                {"attestation", JSON_STRING, 0},
                {"attestationKey", JSON_STRING, 0},
                {"certificates", JSON_ARRAY, 0},
                {"createdFor", JSON_OBJECT, 0},
                {"creation", JSON_STRING, 0},
                {"creationAttestation", JSON_STRING, 0},
                {"creationSignature", JSON_STRING, 0},
                {"kind", JSON_STRING, 1},
                {"parent", JSON_STRING, 0},
                {"public", JSON_STRING, 0},
                {"selfAsserted", JSON_OBJECT, 1},
                {"signature", JSON_STRING, 0},
        };
        int r;

        evidence_init(ret);
        if (!json_is_object(object))
                return problem_set(problem, -EBADMSG, "evidence: expected an object");
        r = json_check_members(object, "evidence", members, ARRAY_SIZE(members), problem);
        if (r == 0)
                r = read_kind(object, ret, problem);
        if (r == 0)
                r = read_self_asserted(object, ret, problem);
        if (r == 0)
                r = read_certificates(object, ret, problem);
        if (r == 0)
                r = read_parts(object, ret, problem);
        if (r == 0)
                r = read_activated(object, ret, problem);
        if (r == 0)
                r = read_created_for(object, ret, problem);
        return r < 0 ? r : check_parts(ret, problem);
}

int evidence_put(struct buf *buf, const struct evidence *evidence)
{
        json_t *object = evidence_to_json(evidence);
        size_t before = buf->size;

        if (!object)
                return -ENOMEM;
        json_put(buf, object);
        json_decref(object);
        if (buf_error(buf))
                return buf_error(buf);
        return buf->size - before > EVIDENCE_TEXT_MAX ? -EMSGSIZE : 0;
}

int evidence_parse(struct view text, struct evidence *ret, struct problem *problem)
{
        json_t *object = NULL;
        int r;

        evidence_init(ret);
        if (text.size > EVIDENCE_TEXT_MAX)
                return problem_set(problem, -EBADMSG, "evidence: longer than %zu bytes",
                                   EVIDENCE_TEXT_MAX);
        r = json_parse_object(text, &object, problem);
        if (r == 0)
                r = evidence_from_json(object, ret, problem);
        json_decref(object);
        return r;
}
