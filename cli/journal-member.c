/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/journal-member.h"

#include <string.h>

const json_t *journal_member(const json_t *record, const char *name)
{
        static const char caller[] = "caller.";
        const json_t *value;

        if (strncmp(name, caller, strlen(caller)) == 0)
                return json_object_get(json_object_get(record, "caller"), name + strlen(caller));
        value = json_object_get(record, name);
        return !value && strcmp(name, "digest") == 0 ? json_object_get(record, "digests") : value;
}
