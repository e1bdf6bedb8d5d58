/* SPDX-License-Identifier: Apache-2.0 */
#include <getopt.h>
#include <stdio.h>

#include "agent/agent.h"
#include "agent/explain.h"

#define EXIT_COULD_NOT 2

static const char usage[] =
        "hallmarkd [--config FILE] [--drivers FOLDER[:FOLDER...]]\n"
        "hallmarkd --check-config FILE\n"
        "hallmarkd --explain FILE NAME=VALUE...\n"
        "\n"
        "  --config FILE        configuration (" HALLMARK_CONFIG ")\n"
        "  --check-config FILE  say whether FILE can be used, without starting\n"
        "  --explain FILE ...   say what its grants allow: user= unit= key= method= ...\n"
        "  --drivers FOLDERS    where the programs hallmark-tpm, hallmark-pkcs11 are\n"
        "                       (" HALLMARK_LIBEXECDIR ")\n"
        "  --help, --version\n";

struct arguments {
        struct agent_options options;
        const char *check;
        const char *explain;
        char *const *question; /* what follows */
        const char *print;
};

static int parse_arguments(int argc, char **argv, struct arguments *ret)
{
        static const struct option options[] = {
                {"config", required_argument, NULL, 'c'},
                {"check-config", required_argument, NULL, 'k'},
                {"explain", required_argument, NULL, 'e'},
                {"drivers", required_argument, NULL, 'd'},
                {"help", no_argument, NULL, 'h'},
                {"version", no_argument, NULL, 'v'},
                {},
        };
        int option;

        while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
                if (option == 'c')
                        ret->options.config_path = optarg;
                else if (option == 'k')
                        ret->check = optarg;
                else if (option == 'e')
                        ret->explain = optarg;
                else if (option == 'd')
                        ret->options.drivers = optarg;
                else if (option == 'h')
                        ret->print = usage;
                else if (option == 'v')
                        ret->print = "hallmarkd " HALLMARK_VERSION "\n";
                else
                        return -1; /* getopt_long() has said why */
        }
        ret->question = argv + optind;
        if (ret->explain)
                return 0;
        if (optind < argc)
                (void)fprintf(stderr, "hallmarkd: unexpected argument \"%s\"\n", argv[optind]);
        return optind < argc ? -1 : 0;
}

static int check_config(const char *path)
{
        _cleanup_(config_freep) struct config *config = NULL;
        struct problem problem = {};
        int r = config_load(path, &config, &problem);

        if (r < 0)
                (void)fprintf(stderr, "hallmarkd: %s\n", problem_text(&problem, r));
        else
                (void)printf("%s: good%s%s\n", path,
                             config->untrusted ? ", but not to be used as it is: " : "",
                             config->untrusted ? config->untrusted : "");
        for (size_t i = 0; r == 0 && i < config->warnings.count; i++)
                (void)fprintf(stderr, "hallmarkd: warning: %s\n", config->warnings.word[i]);
        return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
        struct arguments arguments = {
                .options = {.config_path = HALLMARK_CONFIG, .drivers = HALLMARK_LIBEXECDIR},
        };
        _cleanup_(agent_freep) struct agent *agent = NULL;

        if (parse_arguments(argc, argv, &arguments) < 0)
                return EXIT_COULD_NOT;
        if (arguments.print)
                return fputs(arguments.print, stdout) < 0 ? EXIT_COULD_NOT : EXIT_SUCCESS;
        if (arguments.check)
                return check_config(arguments.check);
        if (arguments.explain)
                return explain_offline(arguments.explain, arguments.question);
        if (agent_new(&arguments.options, &agent) < 0)
                return EXIT_FAILURE;
        return agent_run(agent);
}
