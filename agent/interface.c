/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/approve.h"
#include "agent/description.h"
#include "agent/freeze.h"

static const struct json_member sign_parameters[] = {
        {"algorithm", JSON_STRING, 0}, {"authorization", JSON_STRING, 0},
        {"claims", JSON_OBJECT, 0},    {"digest", JSON_STRING, 1},
        {"key", JSON_STRING, 1},       {"message", JSON_STRING, 0},
        {"proof", JSON_TRUE, 0},       {"version", JSON_INTEGER, 0},
};

static const struct json_member attest_parameters[] = {
        {"authorization", JSON_STRING, 0}, {"claims", JSON_OBJECT, 0},
        {"key", JSON_STRING, 1},           {"proof", JSON_TRUE, 0},
        {"statement", JSON_STRING, 1},     {"version", JSON_INTEGER, 0},
};

static const struct json_member open_run_parameters[] = {
        {"claims", JSON_OBJECT, 0},
        {"key", JSON_STRING, 1},
        {"parameters", JSON_OBJECT, 0},
};

static const struct json_member close_run_parameters[] = {
        {"authorization", JSON_STRING, 0}, {"claims", JSON_OBJECT, 0}, {"materials", JSON_ARRAY, 0},
        {"proof", JSON_TRUE, 0},           {"run", JSON_STRING, 1},    {"said", JSON_OBJECT, 0},
        {"subjects", JSON_ARRAY, 1},
};

static const struct json_member sign_logged_parameters[] = {
        {"claims", JSON_OBJECT, 0},
        {"digests", JSON_ARRAY, 1},
        {"key", JSON_STRING, 1},
        {"version", JSON_INTEGER, 0},
};

static const struct json_member get_key_parameters[] = {
        {"name", JSON_STRING, 1},
        {"version", JSON_INTEGER, 0},
};

static const struct json_member get_key_ring_parameters[] = {
        {"unsigned", JSON_TRUE, 0},
};

static const struct json_member get_proof_parameters[] = {
        {"digest", JSON_STRING, 0},
        {"index", JSON_INTEGER, 0},
};

static const struct json_member create_key_parameters[] = {
        {"algorithm", JSON_STRING, 1}, {"id", JSON_STRING, 0},    {"name", JSON_STRING, 1},
        {"purpose", JSON_STRING, 0},   {"token", JSON_STRING, 1},
};

static const struct json_member import_key_parameters[] = {
        {"algorithm", JSON_STRING, 1}, {"created", JSON_STRING, 0}, {"ended", JSON_STRING, 0},
        {"id", JSON_STRING, 0},        {"name", JSON_STRING, 1},    {"publicKey", JSON_STRING, 1},
        {"purpose", JSON_STRING, 0},   {"reason", JSON_STRING, 0},  {"revoked", JSON_STRING, 0},
        {"state", JSON_STRING, 0},
};

static const struct json_member rotate_key_parameters[] = {
        {"algorithm", JSON_STRING, 0}, {"id", JSON_STRING, 0},    {"name", JSON_STRING, 1},
        {"overlap", JSON_STRING, 0},   {"token", JSON_STRING, 0},
};

static const struct json_member retire_key_parameters[] = {
        {"id", JSON_STRING, 0},
        {"name", JSON_STRING, 1},
        {"reason", JSON_STRING, 0},
        {"version", JSON_INTEGER, 0},
};

static const struct json_member revoke_key_parameters[] = {
        {"id", JSON_STRING, 0},    {"name", JSON_STRING, 1},     {"reason", JSON_STRING, 1},
        {"since", JSON_STRING, 0}, {"version", JSON_INTEGER, 0},
};

static const struct json_member destroy_key_parameters[] = {
        {"id", JSON_STRING, 0},
        {"name", JSON_STRING, 1},
        {"reason", JSON_STRING, 1},
        {"version", JSON_INTEGER, 1},
};

static const struct json_member attest_key_parameters[] = {
        {"challenge", JSON_OBJECT, 0}, {"id", JSON_STRING, 0},       {"name", JSON_STRING, 1},
        {"nonce", JSON_STRING, 0},     {"version", JSON_INTEGER, 0},
};

static const struct json_member approve_parameters[] = {
        {"approval", JSON_STRING, 1},
        {"digest", JSON_STRING, 1},
};

static const struct json_member freeze_parameters[] = {
        {"id", JSON_STRING, 0},
        {"key", JSON_STRING, 0},
        {"reason", JSON_STRING, 1},
};

static const struct json_member thaw_parameters[] = {
        {"id", JSON_STRING, 0},
        {"key", JSON_STRING, 0},
        {"reason", JSON_STRING, 0},
};

static const struct json_member unlock_token_parameters[] = {
        {"name", JSON_STRING, 1},
};

static const struct json_member explain_grant_parameters[] = {
        {"claims", JSON_OBJECT, 0}, {"gid", JSON_INTEGER, 0}, {"groups", JSON_ARRAY, 0},
        {"job", JSON_STRING, 0},    {"key", JSON_STRING, 0},  {"method", JSON_STRING, 1},
        {"slice", JSON_STRING, 0},  {"uid", JSON_INTEGER, 1}, {"unit", JSON_STRING, 0},
};

static const struct json_member acknowledge_rollback_parameters[] = {
        {"reason", JSON_STRING, 1},
};

static const struct json_member describe_parameters[] = {
        {"interface", JSON_STRING, 1},
};

static const struct method signer_methods[] = {
        {"Sign", sign_parameters, ARRAY_SIZE(sign_parameters), agent_sign},
        {"Attest", attest_parameters, ARRAY_SIZE(attest_parameters), agent_attest},
        {"OpenRun", open_run_parameters, ARRAY_SIZE(open_run_parameters), agent_open_run},
        {"CloseRun", close_run_parameters, ARRAY_SIZE(close_run_parameters), agent_close_run},
        {"SignLogged", sign_logged_parameters, ARRAY_SIZE(sign_logged_parameters),
         agent_sign_logged},
        {"ListKeys", NULL, 0, agent_list_keys},
        {"GetKey", get_key_parameters, ARRAY_SIZE(get_key_parameters), agent_get_key},
        {"GetKeyRing", get_key_ring_parameters, ARRAY_SIZE(get_key_ring_parameters),
         agent_get_key_ring},
        {"GetCheckpoint", NULL, 0, agent_get_checkpoint},
        {"GetProof", get_proof_parameters, ARRAY_SIZE(get_proof_parameters), agent_get_proof},
};

static const struct method admin_methods[] = {
        {"CreateKey", create_key_parameters, ARRAY_SIZE(create_key_parameters), agent_create_key},
        {"ImportKey", import_key_parameters, ARRAY_SIZE(import_key_parameters), agent_import_key},
        {"RotateKey", rotate_key_parameters, ARRAY_SIZE(rotate_key_parameters), agent_rotate_key},
        {"RetireKey", retire_key_parameters, ARRAY_SIZE(retire_key_parameters), agent_retire_key},
        {"RevokeKey", revoke_key_parameters, ARRAY_SIZE(revoke_key_parameters), agent_revoke_key},
        {"DestroyKey", destroy_key_parameters, ARRAY_SIZE(destroy_key_parameters),
         agent_destroy_key},
        {"AttestKey", attest_key_parameters, ARRAY_SIZE(attest_key_parameters), agent_attest_key},
        {"Approve", approve_parameters, ARRAY_SIZE(approve_parameters), agent_approve},
        {"ListPending", NULL, 0, agent_list_pending},
        {"Freeze", freeze_parameters, ARRAY_SIZE(freeze_parameters), agent_freeze},
        {"Thaw", thaw_parameters, ARRAY_SIZE(thaw_parameters), agent_thaw},
        {"ExplainGrant", explain_grant_parameters, ARRAY_SIZE(explain_grant_parameters),
         agent_explain_grant},
        {"ListTokens", NULL, 0, agent_list_tokens},
        {"UnlockToken", unlock_token_parameters, ARRAY_SIZE(unlock_token_parameters),
         agent_unlock_token},
        {"Reload", NULL, 0, agent_reload_call},
        {"AcknowledgeRollback", acknowledge_rollback_parameters,
         ARRAY_SIZE(acknowledge_rollback_parameters), agent_acknowledge_rollback},
        {"Status", NULL, 0, agent_status},
};

static const struct method service_methods[] = {
        {"GetInfo", NULL, 0, agent_get_info},
        {"GetInterfaceDescription", describe_parameters, ARRAY_SIZE(describe_parameters),
         agent_get_interface_description},
};

static const struct interface signer = {"io.hallmark.Signer", description_signer, signer_methods,
                                        ARRAY_SIZE(signer_methods)};
static const struct interface admin = {"io.hallmark.Admin", description_admin, admin_methods,
                                       ARRAY_SIZE(admin_methods)};
static const struct interface service = {"org.varlink.service", description_service,
                                         service_methods, ARRAY_SIZE(service_methods)};

const struct interface *const agent_sign_interfaces[] = {&signer, &service, NULL};
const struct interface *const agent_admin_interfaces[] = {&admin, &service, NULL};
