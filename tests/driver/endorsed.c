/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/driver/endorsed.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#define TEXT_MAX (8 * EQUIPMENT_PATH_MAX)

static void make_folder(const char *name, char path[EQUIPMENT_PATH_MAX])
{
        if (mkdir(equipment_path(path, name), 0700) < 0 && errno != EEXIST) {
                (void)fprintf(stderr, "%s: %s\n", path, strerror(errno));
                exit(EXIT_FAILURE);
        }
}

static void configure(const char *authority)
{
        char folder[EQUIPMENT_PATH_MAX], conf[EQUIPMENT_PATH_MAX], options[EQUIPMENT_PATH_MAX];
        char text[TEXT_MAX];

        make_folder(authority, folder);
        (void)snprintf(
                text, sizeof(text),
                "statedir = %s\nsigningkey = %s/signkey.pem\nissuercert = %s/issuercert.pem\n"
                "certserial = %s/certserial\n",
                folder, folder, folder, folder);
        equipment_write("localca.conf", 0600, text);
        equipment_write("localca.options", 0600, "");
        (void)snprintf(text, sizeof(text),
                       "create_certs_tool = /usr/bin/swtpm_localca\n"
                       "create_certs_tool_config = %s\ncreate_certs_tool_options = %s\n",
                       equipment_path(conf, "localca.conf"),
                       equipment_path(options, "localca.options"));
        equipment_write("setup.conf", 0600, text);
}

void swtpm_manufacture(const char *name, const char *authority)
{
        char state[EQUIPMENT_PATH_MAX], conf[EQUIPMENT_PATH_MAX];
        const char *const arguments[] = {"swtpm_setup", "--tpm2",           "--tpm-state",
                                         state,         "--config",         conf,
                                         "--overwrite", "--create-ek-cert", NULL};

        equipment_need("swtpm_setup");
        equipment_need("swtpm_localca");
        configure(authority);
        make_folder(name, state);
        (void)equipment_path(conf, "setup.conf");
        if (equipment_run(arguments) != 0) {
                (void)fprintf(stderr, "swtpm_setup failed\n");
                exit(EXIT_FAILURE);
        }
}
