/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/verb.h"

#include <stdio.h>

const struct verb *const verbs[] = {
        &verb_sign,
        &verb_attest,
        &verb_run,
        &verb_verify,
        &verb_verify_chain,
        &verb_chain_init,
        &verb_chain_link,
        &verb_chain_sign,
        &verb_key_create,
        &verb_key_import_public,
        &verb_key_list,
        &verb_key_show,
        &verb_key_rotate,
        &verb_key_retire,
        &verb_key_revoke,
        &verb_key_destroy,
        &verb_key_attest,
        &verb_key_challenge,
        &verb_key_verify_attestation,
        &verb_key_export,
        &verb_key_certify,
        &verb_keyring_verify,
        &verb_keyring_diff,
        &verb_keyring_export,
        &verb_keyring_merge,
        &verb_journal_show,
        &verb_journal_verify,
        &verb_journal_export,
        &verb_journal_prove,
        &verb_journal_verify_consistency,
        &verb_journal_trusted_root,
        &verb_journal_acknowledge_rollback,
        &verb_journal_log_keys,
        &verb_grant_explain,
        &verb_approve,
        &verb_freeze,
        &verb_thaw,
        &verb_token_list,
        &verb_token_unlock,
        &verb_status,
        &verb_reload,
        &verb_help,
        NULL,
};

char *verb_name(const struct verb *verb, char ret[VERB_NAME_SIZE])
{
        (void)snprintf(ret, VERB_NAME_SIZE, "%s%s%s", verb->group ? verb->group : "",
                       verb->group ? " " : "", verb->name);
        return ret;
}

int verb_is_of(const struct verb *verb, const char *group)
{
        if (!verb->group || !group)
                return !verb->group && !group;
        return string_equal(verb->group, group);
}

const struct verb *verb_find(const char *group, const char *name)
{
        for (size_t i = 0; verbs[i]; i++)
                if (verb_is_of(verbs[i], group) && string_equal(verbs[i]->name, name))
                        return verbs[i];
        return NULL;
}

int verb_is_group(const char *word)
{
        for (size_t i = 0; verbs[i]; i++)
                if (verb_is_of(verbs[i], word))
                        return 1;
        return 0;
}
