/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/curl.h"

#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>

#define LIBRARY "libcurl.so.4"

static const struct {
        const char *name;
        size_t offset;
} symbols[] = {
        {"curl_global_init", offsetof(struct curl, global_init)},
        {"curl_version_info", offsetof(struct curl, version_info)},
        {"curl_multi_init", offsetof(struct curl, multi_init)},
        {"curl_multi_cleanup", offsetof(struct curl, multi_cleanup)},
        {"curl_multi_setopt", offsetof(struct curl, multi_setopt)},
        {"curl_multi_add_handle", offsetof(struct curl, multi_add_handle)},
        {"curl_multi_remove_handle", offsetof(struct curl, multi_remove_handle)},
        {"curl_multi_socket_action", offsetof(struct curl, multi_socket_action)},
        {"curl_multi_info_read", offsetof(struct curl, multi_info_read)},
        {"curl_multi_assign", offsetof(struct curl, multi_assign)},
        {"curl_easy_init", offsetof(struct curl, easy_init)},
        {"curl_easy_cleanup", offsetof(struct curl, easy_cleanup)},
        {"curl_easy_setopt", offsetof(struct curl, easy_setopt)},
        {"curl_easy_getinfo", offsetof(struct curl, easy_getinfo)},
        {"curl_easy_perform", offsetof(struct curl, easy_perform)},
        {"curl_easy_strerror", offsetof(struct curl, easy_strerror)},
        {"curl_slist_append", offsetof(struct curl, slist_append)},
        {"curl_slist_free_all", offsetof(struct curl, slist_free_all)},
};

static int find_functions(void *library, struct curl *ret, struct problem *problem)
{
        for (size_t i = 0; i < ARRAY_SIZE(symbols); i++) {
                void *symbol = dlsym(library, symbols[i].name);

                if (!symbol)
                        return problem_set(problem, -EOPNOTSUPP, LIBRARY ": has no %s()",
                                           symbols[i].name);
                memcpy((char *)ret + symbols[i].offset, &symbol, sizeof(symbol));
        }
        return 0;
}

int curl_load(const struct curl **ret, struct problem *problem)
{
        static struct curl curl;
        static int loaded;
        void *library;
        int r;

        if (!loaded) {
                library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
                if (!library)
                        return problem_set(problem, -EOPNOTSUPP, "%s", dlerror());
                r = find_functions(library, &curl, problem);
                if (r < 0) {
                        (void)dlclose(library); /* the error that is returned says enough */
                        return r;
                }
                if (curl.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
                        return problem_set(problem, -EIO, LIBRARY ": cannot be initialised");
                loaded = 1;
        }
        *ret = &curl;
        return 0;
}
