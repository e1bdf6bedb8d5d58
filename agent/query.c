/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "agent/agent.h"

#define RING_CALLS_MAX ((size_t)4096) /* that wait: they outlive their connections */

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
                (void)json_array_append_new(list, keyring_key_to_json(&keys[i]->info));
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

static void answer_key_ring(struct agent *agent, struct call *call)
{
        _cleanup_(buf_done) struct buf ring = BUF_INIT(KEYRING_SIZE_MAX);

        if (keystore_put_ring(agent->store, agent->config->origin, &ring) < 0)
                call_fail(call, "Busy", "out of memory");
        else
                call_reply(call,
                           json_pack("{s:s%}", "keyRing", (const char *)ring.data, ring.size));
}

/* At the very first start the log key is still being made when the agent is ready. A ring without
 * it verifies nothing. */
void agent_get_key_ring(struct agent *agent, struct call *call)
{
        if (!agent_log_key_is_coming(agent)) {
                answer_key_ring(agent, call);
                return;
        }
        if (agent->ring_call_count >= RING_CALLS_MAX) {
                call_fail(call, "Busy", "%zu calls wait for the log key already",
                          agent->ring_call_count);
                return;
        }
        call->parked = agent->ring_calls;
        agent->ring_calls = call;
        agent->ring_call_count++;
}

void agent_answer_ring_calls(struct agent *agent)
{
        while (agent->ring_calls && (agent->stopping || !agent_log_key_is_coming(agent))) {
                struct call *call = agent->ring_calls;

                agent->ring_calls = call->parked;
                agent->ring_call_count--;
                answer_key_ring(agent, call);
        }
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
