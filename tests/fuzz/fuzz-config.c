/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/config.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>

/* What holds of every configuration that is accepted; what is refused has its place and reason. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_(config_freep) struct config *config = NULL, *again = NULL;
        struct problem problem = {};
        int r = config_parse("f", view_of(data, size), &config, &problem);

        assert(r == 0 || r == -EBADMSG);
        assert((r == 0) == (config != NULL));
        assert((r == 0) == (problem.text[0] == '\0'));
        if (r < 0) {
                assert(strncmp(problem.text, "f:", 2) == 0);
                assert(strstr(problem.text, "expected"));
                return 0;
        }
        assert(config->origin && config->log_key && config->log_key->purpose == KEY_LOG);
        r = config_parse("f", view_of(data, size), &again, NULL);
        assert(r == 0 && again->token_count == config->token_count);
        for (size_t i = 0; i < config->token_count; i++)
                assert(config_token_equal(&config->tokens[i],
                                          config_find_token(again, config->tokens[i].name)));
        for (size_t i = 0; i < config->key_count; i++)
                assert(config_find_token(config, config->keys[i].token));
        for (size_t i = 0; i < config->grant_count; i++) {
                assert(config->grants[i].methods.count > 0);
                assert((config->grants[i].rate_usec == 0) == (config->grants[i].burst == 0));
        }
        return 0;
}
