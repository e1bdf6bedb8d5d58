/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * libcurl, loaded when it is first needed.
 *
 * It brings some thirty libraries with it, among them others that speak TLS, LDAP and to smart
 * cards. A process that has nobody to speak to over the network has none of them in its memory.
 */

#include <curl/curl.h>

#include "lib/problem.h"

/* The functions of libcurl in use, without "curl_". */
struct curl {
        typeof(&curl_global_init) global_init;
        typeof(&curl_version_info) version_info;
        typeof(&curl_multi_init) multi_init;
        typeof(&curl_multi_cleanup) multi_cleanup;
        typeof(&curl_multi_setopt) multi_setopt;
        typeof(&curl_multi_add_handle) multi_add_handle;
        typeof(&curl_multi_remove_handle) multi_remove_handle;
        typeof(&curl_multi_socket_action) multi_socket_action;
        typeof(&curl_multi_info_read) multi_info_read;
        typeof(&curl_multi_assign) multi_assign;
        typeof(&curl_easy_init) easy_init;
        typeof(&curl_easy_cleanup) easy_cleanup;
        typeof(&curl_easy_setopt) easy_setopt;
        typeof(&curl_easy_getinfo) easy_getinfo;
        typeof(&curl_easy_perform) easy_perform;
        typeof(&curl_easy_strerror) easy_strerror;
        typeof(&curl_slist_append) slist_append;
        typeof(&curl_slist_free_all) slist_free_all;
};

/* Loads libcurl and initialises it, once for the life of the process; the same table each time. Not
 * to be called by two threads at once. -EOPNOTSUPP: it is not installed, or too old, with the
 * reason; -EIO: it cannot be initialised. */
int curl_load(const struct curl **ret, struct problem *problem) _must_use_;
