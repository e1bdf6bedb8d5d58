/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/journal-member.h"

#include "lib/buf.h"

const json_t *journal_member(const json_t *record, const char *name)
{
        static const char *const objects[] = {"approver", "caller", "evidence", "health"};
        const json_t *value = json_object_get(record, name);

        for (size_t i = 0; i < ARRAY_SIZE(objects); i++) {
                size_t length = strlen(objects[i]);

                if (strncmp(name, objects[i], length) == 0 && name[length] == '.')
                        return json_object_get(json_object_get(record, objects[i]),
                                               name + length + 1);
        }
        return !value && strcmp(name, "digest") == 0 ? json_object_get(record, "digests") : value;
}
