/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "agent/agent.h"

void agent_get_info(struct agent *agent, struct call *call)
{
        const struct interface *const *interface = call_interfaces(call);
        json_t *names = json_array();

        for (; *interface; interface++)
                (void)json_array_append_new(names, json_string((*interface)->name));
        call_reply(call, json_pack("{s:s, s:s, s:s, s:s, s:o}", "vendor", "Hallmark", "product",
                                   "hallmarkd", "version", HALLMARK_VERSION, "url", "",
                                   "interfaces", names));
}

void agent_get_interface_description(struct agent *agent, struct call *call)
{
        const char *name = json_member_string(call->message.parameters, "interface");
        const struct interface *const *interface = call_interfaces(call);

        while (*interface && !string_equal((*interface)->name, name))
                interface++;
        if (*interface)
                call_reply(call, json_pack("{s:s}", "description", (*interface)->description));
        else
                call_error(call, "org.varlink.service.InterfaceNotFound",
                           json_pack("{s:s}", "interface", name));
}

static int compare_keys(const void *a, const void *b)
{
        const struct keyring_key *x = &(*(const struct key *const *)a)->info;
        const struct keyring_key *y = &(*(const struct key *const *)b)->info;
        int order = strcmp(x->name, y->name);

        return order != 0 ? order : (x->version > y->version) - (x->version < y->version);
}

/* Evidence is long, and a list may have thousands of keys. */
static json_t *describe(const struct keyring_key *info)
{
        struct keyring_key brief = *info; /* borrows */

        brief.evidence = NULL;
        return keyring_key_to_json(&brief);
}

void agent_list_keys(struct agent *agent, struct call *call)
{
        size_t count = keystore_count(agent->store);
        _cleanup_(freep) struct key **keys = calloc(count + 1, sizeof(struct key *));
        json_t *list = json_array();

        if (!keys || !list) {
                json_decref(list);
                call_fail(call, "Busy", "out of memory");
                return;
        }
        for (size_t i = 0; i < count; i++)
                keys[i] = keystore_at(agent->store, i);
        qsort(keys, count, sizeof(struct key *), compare_keys);
        for (size_t i = 0; i < count; i++)
                (void)json_array_append_new(list, describe(&keys[i]->info));
        call_reply(call, json_pack("{s:o}", "keys", list));
}

void agent_get_key(struct agent *agent, struct call *call)
{
        const char *name = json_member_string(call->message.parameters, "name");
        json_int_t version = json_member_integer(call->message.parameters, "version", 0);
        const struct key *key = version >= 0 && version <= UINT32_MAX
                                        ? keystore_find(agent->store, name, (uint32_t)version)
                                        : NULL;

        if (key)
                call_reply(call, json_pack("{s:o}", "key", keyring_key_to_json(&key->info)));
        else if (version != 0)
                call_fail(call, "NoSuchKey", "there is no version %lld of key \"%.64s\"",
                          (long long)version, name);
        else
                call_fail(call, "NoSuchKey", "there is no active version of key \"%.64s\"", name);
}

void agent_get_checkpoint(struct agent *agent, struct call *call)
{
        _cleanup_(buf_done) struct buf text = {};
        struct problem problem = {};
        int r = writer_read_checkpoint(agent->writer, &text, &problem);

        if (r == 0)
                call_reply(call,
                           json_pack("{s:s%}", "checkpoint", (const char *)text.data, text.size));
        else if (r == -ENOENT)
                call_fail(call, "NoCheckpoint", "no checkpoint has been signed yet");
        else
                call_fail(call, "NoCheckpoint", "%s", problem_text(&problem, r));
}
