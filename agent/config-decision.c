/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/config-section.h"
#include "agent/config-value.h"

#include <errno.h>
#include <sys/un.h>

#define PREFIX "opa:unix:"
#define API    "/v1/data/"

/* Where OPA has a rule: /v1/data/ and its name, with a slash for each dot. */
static int is_rule(const char *path)
{
        static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
                                      "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                      "0123456789_-/";
        size_t length = strlen(path);

        return length > strlen(API) && length <= CONFIG_DECISION_PATH_MAX &&
               strncmp(path, API, strlen(API)) == 0 && strspn(path, allowed) == length &&
               !strstr(path, "//") && path[length - 1] != '/';
}

/* The last place where a path of the API can begin: the socket may have colons in its name. */
static const char *find_rule(const char *text)
{
        const char *found = NULL;

        for (const char *next = strstr(text, ":" API); next; next = strstr(next + 1, ":" API))
                found = next;
        return found;
}

int config_read_decision(const char *value, struct config_decision *ret)
{
        const char *socket = value + strlen(PREFIX), *rule;
        size_t size;

        if (string_equal(value, "none")) {
                ret->is_set = 1;
                return 0;
        }
        if (strncmp(value, PREFIX, strlen(PREFIX)) != 0)
                return -EBADMSG;
        rule = find_rule(socket);
        size = rule ? (size_t)(rule - socket) : 0;
        if (size == 0 || socket[0] != '/' || size >= sizeof(((struct sockaddr_un *)0)->sun_path) ||
            !is_rule(rule + 1))
                return -EBADMSG;
        ret->socket = strndup(socket, size);
        ret->path = strdup(rule + 1);
        if (!ret->socket || !ret->path)
                return -ENOMEM;
        ret->is_set = 1;
        return 0;
}

void config_decision_done(struct config_decision *decision)
{
        free(decision->socket);
        free(decision->path);
        *decision = (struct config_decision){};
}

int config_read_decision_timeout(const char *value, uint64_t *ret)
{
        return value_duration(value, CONFIG_DECISION_LEAST, CONFIG_DECISION_MOST, ret);
}

int config_inherit_decision(const struct config_decision *from, struct config_decision *decision)
{
        if (decision->timeout_usec == 0)
                decision->timeout_usec =
                        from->timeout_usec > 0 ? from->timeout_usec : CONFIG_DECISION_DEFAULT;
        if (decision->is_set || !from->path)
                return 0;
        decision->socket = strdup(from->socket);
        decision->path = strdup(from->path);
        return decision->socket && decision->path ? 0 : -ENOMEM;
}

int config_decision_equal(const struct config_decision *a, const struct config_decision *b)
{
        if (!a->path || !b->path)
                return !a->path && !b->path;
        return string_equal(a->path, b->path) && string_equal(a->socket, b->socket);
}
