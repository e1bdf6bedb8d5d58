/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/grant.h"
#include "tests/test.h"
#include "tests/unit/grants.h"

#include <errno.h>

static const char grants[] = "[Grant slice]\nKey=s\nSlice=train.slice gpu-*.slice\nMethods=Sign\n"
                             "[Grant job]\nKey=j\nJob=4711 9*\nMethods=Sign\n"
                             "[Grant claims]\nKey=c\nClaims=run dataset=img-*\nMethods=Sign\n"
                             "[Grant ours]\nKey=n\nMethods=Sign\n"
                             "[Grant theirs]\nKey=m\nUserNamespaces=yes\nMethods=Sign\n";

#define OURS    CALLER_NAMESPACE_OURS
#define OTHER   CALLER_NAMESPACE_OTHER
#define UNKNOWN CALLER_NAMESPACE_UNKNOWN

static const struct {
        const char *key, *slice, *job, *claims;
        enum caller_namespace user_namespace;
        const char *message; /* that refuses it; NULL: allowed */
} rows[] = {
        {"s", "train.slice", "", NULL, OURS, NULL},
        {"s", "train-a.slice", "", NULL, OURS, NULL},
        {"s", "train-a-b.slice", "", NULL, OURS, NULL},
        {"s", "gpu-1.slice", "", NULL, OURS, NULL},
        {"s", "gpu.slice", "", NULL, OURS,
         "grant \"slice\" is for slice train.slice gpu-*.slice, caller is in gpu.slice"},
        {"s", "xtrain.slice", "", NULL, OURS,
         "grant \"slice\" is for slice train.slice gpu-*.slice, caller is in xtrain.slice"},
        {"s", "trains-a.slice", "", NULL, OURS,
         "grant \"slice\" is for slice train.slice gpu-*.slice, caller is in trains-a.slice"},
        {"s", "", "", NULL, OURS,
         "grant \"slice\" is for slice train.slice gpu-*.slice, caller is in none"},
        {"j", "", "4711", NULL, OURS, NULL},
        {"j", "", "99", NULL, OURS, NULL},
        {"j", "", "47110", NULL, OURS,
         "grant \"job\" is for Slurm job 4711 9*, caller is in 47110"},
        {"j", "", "", NULL, OURS, "grant \"job\" is for Slurm job 4711 9*, caller is in none"},
        {"c", "", "", "{\"run\":\"\",\"dataset\":\"img-3\",\"more\":\"x\"}", OURS, NULL},
        {"c", "", "", "{\"dataset\":\"img-3\"}", OURS,
         "grant \"claims\" is for requests with the claim run, which this one does not make"},
        {"c", "", "", "{\"run\":1,\"dataset\":\"img-3\"}", OURS,
         "grant \"claims\" is for requests with the claim run, which this one does not make"},
        {"c", "", "", "{\"run\":\"7\",\"dataset\":\"txt\"}", OURS,
         "grant \"claims\" is for requests with the claim dataset=img-*, which this one does not "
         "make"},
        {"c", "", "", NULL, OURS,
         "grant \"claims\" is for requests with the claim run, which this one does not make"},
        {"n", "", "", NULL, OTHER,
         "grant \"ours\" is for callers of the agent's own user namespace, caller is in another"},
        {"n", "", "", NULL, UNKNOWN,
         "grant \"ours\" is for callers of the agent's own user namespace, which the caller's is "
         "cannot be told"},
        {"m", "", "", NULL, OTHER, NULL},
        {"m", "", "", NULL, UNKNOWN, NULL},
};

static void test_conditions(void)
{
        _cleanup_(config_freep) struct config *config = grants_parse(grants);

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_(json_decrefp) json_t *claims =
                        rows[i].claims ? json_loads(rows[i].claims, 0, NULL) : NULL;
                struct caller caller = {.user_namespace = rows[i].user_namespace};
                struct grant_request request = {&caller, "Sign", rows[i].key, 0, claims};
                struct grant_decision decision = {};
                struct problem problem = {};
                char label[32];

                (void)snprintf(label, sizeof(label), "row %zu", i);
                test_label = label;
                (void)snprintf(caller.place.slice, CALLER_NAME_MAX, "%s", rows[i].slice);
                (void)snprintf(caller.place.job, CALLER_ID_SIZE, "%s", rows[i].job);
                expect_integer(grant_try(config, NULL, &request, &decision, &problem),
                               rows[i].message ? -EPERM : 0);
                expect_text(view_string(problem.text), rows[i].message ? rows[i].message : "");
        }
        test_label = "";
}

static void test_warnings(void)
{
        static const struct {
                const char *grant, *warning;
        } cases[] = {
                {"Key=k\nUser=0\nMethods=Sign\n", NULL},
                {"Key=*\nUser=0\nMethods=CreateKey\n", NULL},
                {"Key=k*\nUnit=a*\nMethods=Sign\n", NULL},
                {"Key=k\nUnit=??*\nMethods=Sign\n", NULL},
                {"Key=k *\nUser=0\nMethods=Sign\n",
                 "f:10: [Grant g] Key=: \"*\" matches everything"},
                {"Key=?*\nUser=0\nMethods=CreateKey SignLogged\n",
                 "f:10: [Grant g] Key=: \"?*\" matches everything"},
                {"Key=k\nUnit=**\nMethods=Sign\n",
                 "f:10: [Grant g] Unit=: \"**\" matches everything"},
                {"Key=k\nSlice=*\nMethods=Sign\n",
                 "f:10: [Grant g] Slice=: \"*\" matches everything"},
                {"Key=k\nJob=*?\nMethods=Sign\n",
                 "f:10: [Grant g] Job=: \"*?\" matches everything"},
                {"Key=k\nMethods=Sign\n", "f:10: [Grant g] is for every caller, as it has none of "
                                          "User= Group= Unit= Slice= Job="},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_(buf_done) struct buf text = {};
                _cleanup_(config_freep) struct config *config = NULL;

                buf_put_string(&text, "[Grant g]\n");
                buf_put_string(&text, cases[i].grant);
                buf_put_u8(&text, '\0');
                config = grants_parse((const char *)text.data);
                test_label = cases[i].grant;
                expect_integer(config->warnings.count, cases[i].warning != NULL);
                if (config->warnings.count > 0 && cases[i].warning)
                        expect_text(view_string(config->warnings.word[0]), cases[i].warning);
        }
        test_label = "";
}

int main(void)
{
        test_conditions();
        test_warnings();
        return test_result();
}
