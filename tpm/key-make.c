/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base64.h"
#include "tpm/attester.h"
#include "tpm/counter.h"
#include "tpm/creation.h"
#include "tpm/key.h"
#include "tpm/keyfile.h"
#include "tpm/object.h"
#include "tpm/template.h"

#include <errno.h>

static const struct gate open_gate;

/* What TPM2_Create() gave. */
struct created {
        TPM2B_PRIVATE *private;
        TPM2B_PUBLIC *public;
        struct creation_answer creation;
};

static void created_done(struct created *created)
{
        Esys_Free(created->private);
        Esys_Free(created->public);
        creation_answer_done(&created->creation);
}

static int create(struct device *device, const TPM2B_PUBLIC *template, struct view outside,
                  struct created *ret, struct problem *problem)
{
        TPM2B_SENSITIVE_CREATE sensitive = {.sensitive.userAuth = device->authorization};
        TPM2B_DATA outside_info = {.size = (UINT16)outside.size};
        const TPML_PCR_SELECTION registers = creation_registers();
        unsigned attempts = 0;
        TSS2_RC rc;
        int r = object_use(device, device->parent, problem);

        if (r < 0)
                return r;
        if (outside.size > 0)
                memcpy(outside_info.buffer, outside.data, outside.size);
        do
                rc = Esys_Create(device->esys, device->parent->handle, ESYS_TR_PASSWORD,
                                 ESYS_TR_NONE, ESYS_TR_NONE, &sensitive, template, &outside_info,
                                 &registers, &ret->private, &ret->public, &ret->creation.data,
                                 &ret->creation.hash, &ret->creation.ticket);
        while (object_again(device, device->parent, rc, &attempts));
        explicit_bzero(&sensitive, sizeof(sensitive));
        object_rest(device, device->parent);
        return rc ? device_error(rc, "creating a key in the TPM", problem) : 0;
}

static int test_parameters(struct device *device, const TPM2B_PUBLIC *template)
{
        TPMT_PUBLIC_PARMS parameters = {.type = template->publicArea.type,
                                        .parameters = template->publicArea.parameters};
        unsigned attempts = 0;
        TSS2_RC rc;

        do
                rc = Esys_TestParms(device->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                    &parameters);
        while (device_busy(rc, &attempts));
        if (rc && device_error(rc, "", NULL) == -ENODEV)
                return -ENODEV;
        return rc ? -EOPNOTSUPP : 0;
}

static int check_support(struct device *device, const struct algorithm *algorithm,
                         const struct gate *gate, TPM2B_PUBLIC *ret_template,
                         struct problem *problem)
{
        int r = template_key(algorithm, gate, ret_template);

        if (r == 0)
                r = test_parameters(device, ret_template);
        if (r == -EOPNOTSUPP)
                return problem_set(problem, r, "this TPM has no %s", algorithm->name);
        return r;
}

/* What the options ask for, but for the counter, which is made last. */
static int read_options(const struct facts *options, struct gate *ret, int *ret_counted,
                        struct problem *problem)
{
        *ret_counted = 0;
        for (size_t i = 0; i < options->count; i++) {
                const char *name = options->pair[i].name, *value = options->pair[i].value;
                _cleanup_(buf_done) struct buf spki = BUF_INIT(SPKI_SIZE_MAX);

                if (string_equal(name, "UseCounter") && string_equal(value, "yes"))
                        *ret_counted = 1;
                else if (!string_equal(name, "Witness"))
                        return problem_set(problem, -EOPNOTSUPP, "a key in a TPM has no %s=%s",
                                           name, value);
                else if (base64_decode(&spki, view_string(value)) < 0 ||
                         gate_set_witness(ret, buf_view(&spki)) < 0)
                        return problem_set(problem, -EOPNOTSUPP,
                                           "Witness=: expected an ECDSA key on P-256");
        }
        return 0;
}

/* What verifiers compute from the public key is what this TPM calls the key. */
static int check_gate(const struct algorithm *algorithm, const struct keyfile *file,
                      struct view spki, struct problem *problem)
{
        _cleanup_(pubkey_freep) struct pubkey *key = NULL;
        struct tpm_name expected;
        TPM2B_NAME found;
        int r;

        if (!gate_is_closed(&file->gate))
                return 0;
        r = pubkey_from_spki(spki, &key);
        if (r == 0)
                r = gate_key_name(&file->gate, key, algorithm, &expected);
        if (r == 0)
                r = template_name(&file->public, &found);
        if (r == 0 && !view_equal(view_of(found.name, found.size), tpm_name_view(&expected)))
                r = -EIO;
        return r == -EIO ? problem_set(problem, r, "this TPM writes public keys in its own way")
                         : r;
}

/* A key is as good without it; only nobody is shown how it was made. */
static int keep_creation(struct device *device, const struct created *created, struct view outside,
                         struct driver_pair *ret)
{
        struct problem reason = {};
        int r = creation_keep(&created->creation, buf_view(&device->parent_public), outside,
                              &ret->creation, &reason);

        return r == -EIO ? facts_add(&ret->facts, "NoCreation", problem_text(&reason, r)) : r;
}

static int make(struct device *device, const struct driver_wish *wish, struct keyfile *file,
                struct driver_pair *ret, struct problem *problem)
{
        _cleanup_(created_done) struct created created = {};
        TPM2B_PUBLIC template;
        int r = check_support(device, wish->algorithm, &file->gate, &template, problem);

        if (r == 0)
                r = create(device, &template, wish->outside, &created, problem);
        if (r == 0)
                r = template_check(wish->algorithm, &file->gate, created.public, problem);
        if (r == 0)
                r = template_put_spki(&ret->spki, wish->algorithm, created.public, problem);
        if (r < 0)
                return r;
        file->public = *created.public;
        file->private = *created.private;
        file->empty_auth = device->authorization.size == 0;
        r = check_gate(wish->algorithm, file, buf_view(&ret->spki), problem);
        if (r == 0)
                r = keep_creation(device, &created, wish->outside, ret);
        return r < 0 ? r : keyfile_put(&ret->handle, file);
}

/* A TPM whose endorsement hierarchy is locked counts as well; it only does not sign what it says.
 */
static int add_counter_facts(struct device *device, uint32_t counter, struct facts *facts)
{
        _cleanup_(buf_done) struct buf spki = BUF_INIT(SPKI_SIZE_MAX), text = BUF_INIT(0);
        char handle[GATE_COUNTER_TEXT];
        int r = facts_add(facts, "UseCounter", gate_counter_text(counter, handle));

        if (r < 0)
                return r;
        r = attester_open(device, NULL);
        if (r == -EACCES || r == -EOPNOTSUPP)
                return 0;
        if (r < 0)
                return r;
        attester_put_spki(device, &spki);
        base64_encode(&text, buf_view(&spki));
        buf_put_u8(&text, 0);
        r = buf_error(&spki) < 0 ? buf_error(&spki) : buf_error(&text);
        return r < 0 ? r : facts_add(facts, "AttestationKey", (const char *)text.data);
}

int key_generate(void *context, const struct driver_wish *wish, struct driver_pair *ret,
                 struct problem *problem)
{
        _cleanup_(keyfile_done) struct keyfile file = {0};
        int counted, r = read_options(&wish->options, &file.gate, &counted, problem);

        if (r == 0 && counted)
                r = counter_create(context, &file.gate.counter, problem);
        if (r < 0)
                return r;
        r = make(context, wish, &file, ret, problem);
        if (r == 0 && counted)
                r = add_counter_facts(context, file.gate.counter, &ret->facts);
        if (r < 0 && counted)
                (void)counter_remove(context, file.gate.counter, NULL); /* the reason is known */
        return r;
}

int key_algorithms(struct device *device, struct facts *facts, struct problem *problem)
{
        _cleanup_(buf_done) struct buf names = BUF_INIT(1024);
        const struct algorithm *algorithm;

        for (size_t i = 0; (algorithm = algorithm_at(i)); i++) {
                TPM2B_PUBLIC template;
                int r = check_support(device, algorithm, &open_gate, &template, NULL);

                if (r == -EOPNOTSUPP)
                        continue;
                if (r < 0)
                        return problem_set(problem, r, "the TPM went away");
                buf_put_format(&names, "%s%s", names.size > 0 ? " " : "", algorithm->name);
        }
        buf_put_u8(&names, 0);
        return buf_error(&names) < 0 ? buf_error(&names)
                                     : facts_add(facts, "algorithms", (const char *)names.data);
}
