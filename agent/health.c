/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/health.h"

#include <errno.h>

#include "agent/clock.h"

struct health {
        struct token *token;
        struct operation operation;
        int asking;
        uint64_t asked_usec, answered_usec;
        void (*answered)(void *context);
        void *context;
};

/* Of a TPM, and of a PKCS#11 token. */
static const char *const names[] = {"in-lockout",  "lockout-counter",  "lockout-interval",
                                    "lockout-max", "lockout-recovery", "pin"};

int health_new(struct token *token, void (*answered)(void *context), void *context,
               struct health **ret)
{
        struct health *health = calloc(1, sizeof(*health));

        if (!health)
                return -ENOMEM;
        health->token = token;
        health->answered = answered;
        health->context = context;
        *ret = health;
        return 0;
}

struct health *health_free(struct health *health)
{
        free(health);
        return NULL;
}

/* An error is of the token's process, and shows in its state. */
static void on_probed(struct operation *operation, int error, struct view answer,
                      const struct problem *problem)
{
        struct health *health = operation->context;
        _cleanup_(facts_done) struct facts facts = {};
        struct reader reader = reader_init(answer);

        health->asking = 0;
        health->answered_usec = clock_now();
        if (error == 0 && frame_read_facts(&reader, &facts) == 0)
                token_learn(health->token, &facts);
        health->answered(health->context);
}

int health_is_coming(const struct health *health)
{
        return health->asking && clock_now() - health->asked_usec < HEALTH_WAIT_USEC;
}

int health_ask(struct health *health)
{
        uint64_t now = clock_now();

        if (health->asking || token_state(health->token) != TOKEN_READY)
                return health_is_coming(health);
        if (health->answered_usec > 0 && now - health->answered_usec < HEALTH_FRESH_USEC)
                return 0;
        health->asking = 1;
        health->asked_usec = now;
        health->operation = (struct operation){
                .kind = FRAME_PROBE,
                .done = on_probed,
                .context = health,
        };
        token_submit_first(health->token, &health->operation);
        return 1;
}

json_t *health_to_json(const struct facts *facts)
{
        json_t *object = json_object();

        for (size_t i = 0; object && i < ARRAY_SIZE(names); i++) {
                const char *value = facts_get(facts, names[i]);

                if (value)
                        (void)json_object_set_new(object, names[i], json_string(value));
        }
        return object;
}
