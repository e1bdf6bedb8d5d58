/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/caller.h"

#include <errno.h>

#include "lib/utf8.h"

/* As string member; empty text is left out. */
static int set_text(json_t *object, const char *name, const char *text)
{
        _cleanup_(freep) char *clean = NULL;

        if (!text[0])
                return 0;
        clean = strdup(text);
        if (!clean)
                return -ENOMEM;
        utf8_make_printable(clean);
        return json_object_set_new(object, name, json_string(clean)) < 0 ? -ENOMEM : 0;
}

static const char *namespace_name(enum caller_namespace user_namespace)
{
        switch (user_namespace) {
        case CALLER_NAMESPACE_OURS:
                return "";
        case CALLER_NAMESPACE_OTHER:
                return "other";
        default:
                return "unknown";
        }
}

json_t *caller_to_json(const struct caller *caller)
{
        const struct {
                const char *name, *text;
        } texts[] = {
                {"cgroup", caller->place.cgroup},
                {"container", caller->place.container},
                {"invocation", caller->invocation},
                {"job", caller->place.job},
                {"pod", caller->place.pod},
                {"slice", caller->place.slice},
                {"unit", caller->place.unit},
                {"user", caller->user},
                {"userNamespace", namespace_name(caller->user_namespace)},
        };
        json_t *object = json_pack("{s:I, s:I, s:I, s:s}", "uid", (json_int_t)caller->uid, "gid",
                                   (json_int_t)caller->gid, "pid", (json_int_t)caller->pid,
                                   "identity", caller->by_pidfd ? "pidfd" : "best-effort");

        for (size_t i = 0; object && i < ARRAY_SIZE(texts); i++)
                if (set_text(object, texts[i].name, texts[i].text) < 0) {
                        json_decref(object);
                        return NULL;
                }
        return object;
}
