/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/verify.h"

#include <errno.h>
#include <stdio.h>

#include "lib/checksums.h"

static int leave_out(struct verification *v, struct problem *problem)
{
        _cleanup_(freep) char *proof = NULL;
        int r = model_ignore_file(&v->model, v->signature_path, problem);

        for (size_t i = 0; r == 0 && v->oms.ignored[i]; i++)
                r = model_ignore(&v->model, v->oms.ignored[i], problem);
        if (r < 0 || v->proof_file.size == 0)
                return r;
        if (asprintf(&proof, "%s%s", v->signature_path, format_proof.suffix) < 0) {
                proof = NULL;
                return -ENOMEM;
        }
        return model_ignore_file(&v->model, proof, problem);
}

static int refuse(const struct verification *v, struct problem *problem)
{
        _cleanup_(buf_done) struct buf counts = {};

        differences_put_counts(&v->differences, &counts);
        buf_put_u8(&counts, '\0');
        if (buf_error(&counts))
                return buf_error(&counts);
        return problem_set(problem, -EKEYREJECTED, "%s: not the model that was signed: %s", v->path,
                           (const char *)counts.data);
}

/* What a manifest lists; it does not say what was left out. */
static int read_manifest(struct verification *v, struct problem *problem)
{
        int r = checksums_parse(&v->signature.attributes, &v->oms.resources, problem);

        if (r == -EBADMSG)
                return problem_prefix(problem, -EKEYREJECTED, "%s", v->manifest);
        if (r == 0)
                r = oms_root(&v->oms.resources, &v->oms.root);
        v->oms.ignored = r == 0 ? calloc(1, sizeof(*v->oms.ignored)) : NULL;
        if (r == 0 && !v->oms.ignored)
                r = -ENOMEM;
        if (r == 0)
                r = model_ignore_file(&v->model, v->manifest, problem);
        return r < 0 ? r : model_ignore_git(&v->model, problem);
}

static int read_expected(struct verification *v, struct problem *problem)
{
        if (v->manifest)
                return read_manifest(v, problem);
        return oms_parse(&v->signature.bundle.envelope.payload, &v->oms, problem);
}

int verification_compare_model(struct verification *v, struct problem *problem)
{
        int r = read_expected(v, problem);

        buf_done(&v->signature.bundle.envelope.payload); /* both may be large */
        buf_done(&v->signature.attributes);
        if (r == -EBADMSG || r == -EOPNOTSUPP)
                return problem_prefix(problem, r == -EBADMSG ? -EKEYREJECTED : r, "%s",
                                      v->signature_path);
        if (r == 0)
                r = leave_out(v, problem);
        if (r == 0)
                r = model_list(&v->model, problem);
        if (r == 0)
                differences_mark(&v->model, &v->oms.resources);
        if (r == 0)
                r = model_hash(&v->model, problem);
        if (r < 0)
                return r;
        differences_count(&v->model, &v->oms.resources, &v->differences);
        return v->differences.count > 0 ? refuse(v, problem) : 0;
}
