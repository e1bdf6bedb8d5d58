/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/measure.h"

#include <errno.h>
#include <stdio.h>

struct measuring {
        struct operation operation;
        char token[KEY_NAME_MAX + 1];
        measuring_function done; /* NULL: nobody wants to know any more */
        void *context;
};

/* Digests by number, in hexadecimal digits. NULL: malformed, or no memory. */
static json_t *read_registers(struct view answer)
{
        struct reader reader = reader_init(answer);
        json_t *registers = json_object();

        for (unsigned i = 0; registers && reader.left > 0 && !reader.bad; i++) {
                struct view digest = reader_sized(&reader);
                char hex[HEX_SIZE(SHA256_SIZE)], number[16];

                (void)snprintf(number, sizeof(number), "%u", i);
                if (digest.size != SHA256_SIZE ||
                    json_object_set_new(registers, number, json_string(hex_encode(digest, hex))) <
                            0)
                        reader_fail(&reader);
        }
        if (registers && reader_end(&reader) == 0 && json_object_size(registers) > 0)
                return registers;
        json_decref(registers);
        return NULL;
}

static json_t *describe(const struct measuring *measuring, int error, struct view answer,
                        const struct problem *problem)
{
        json_t *registers = error < 0 ? NULL : read_registers(answer);

        if (registers)
                return json_pack("{s:s, s:o, s:s}", "bank", "sha256", "registers", registers,
                                 "token", measuring->token);
        return json_pack("{s:s, s:s}", "problem",
                         error < 0 ? problem_text(problem, error) : "its answer makes no sense",
                         "token", measuring->token);
}

static void on_answer(struct operation *operation, int error, struct view answer,
                      const struct problem *problem)
{
        struct measuring *measuring = operation->context;

        if (measuring->done)
                measuring->done(measuring->context, describe(measuring, error, answer, problem));
        free(measuring);
}

/* Its name, or NULL. */
static const char *find_tpm(const struct agent *agent)
{
        for (size_t i = 0; i < agent->config->token_count; i++)
                if (string_equal(agent->config->tokens[i].driver, "tpm"))
                        return agent->config->tokens[i].name;
        return NULL;
}

struct measuring *measure(struct agent *agent, measuring_function done, void *context)
{
        const char *name = find_tpm(agent);
        struct token *token = name ? agent_find_token(agent, name, NULL) : NULL;
        struct measuring *measuring = token ? calloc(1, sizeof(*measuring)) : NULL;

        if (!measuring)
                return NULL;
        measuring->operation = (struct operation){
                .kind = FRAME_MEASURE,
                .done = on_answer,
                .context = measuring,
        };
        (void)snprintf(measuring->token, sizeof(measuring->token), "%s", name);
        measuring->done = done;
        measuring->context = context;
        token_submit(token, &measuring->operation);
        return measuring;
}

void measuring_forget(struct measuring *measuring)
{
        if (measuring)
                measuring->done = NULL;
}
