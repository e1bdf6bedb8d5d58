/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The .varlink files, as the agent was built with: made by agent/meson.build.
 */

extern const char description_signer[];
extern const char description_admin[];
extern const char description_service[];
