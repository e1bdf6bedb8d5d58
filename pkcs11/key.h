/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Signing keys in a token. A handle is the text "id=HEX" and a newline: CKA_ID, which is random, so
 * that it names one key pair among all that were ever made.
 *
 * The functions have the contracts of the same names in struct driver (lib/driver.h).
 */

#include "lib/driver.h"
#include "pkcs11/object.h"

int key_generate(void *device, const struct driver_wish *wish, struct driver_pair *ret,
                 struct problem *problem);
int key_load(void *device, const struct algorithm *algorithm, struct view handle,
             uint32_t *ret_slot, struct buf *ret_spki, struct problem *problem);
int key_sign(void *device, uint32_t slot, struct view digest, struct view authorization,
             struct buf *ret_signature, struct problem *problem);
int key_attest(void *device, uint32_t slot, const struct evidence_question *question,
               struct evidence *ret, struct problem *problem);
int key_destroy(void *device, const struct algorithm *algorithm, struct view handle,
                struct problem *problem);

/* Frees all slots. */
void keys_done(struct token *token);

/* Appends the public key object as DER SubjectPublicKeyInfo. -EKEYREJECTED: it is none of
 * @algorithm. */
int key_put_spki(struct token *token, const struct algorithm *algorithm, CK_OBJECT_HANDLE public,
                 struct buf *buf, struct problem *problem) _must_use_;

/* 0 if the private key object is what key_generate() makes of @algorithm, and goes with the public
 * one; else -EKEYREJECTED. */
int key_check_private(struct token *token, const struct algorithm *algorithm,
                      CK_OBJECT_HANDLE private, CK_OBJECT_HANDLE public,
                      struct problem *problem) _must_use_;

/* Makes the key pair with that CKA_ID. */
int key_make_pair(struct token *token, const struct algorithm *algorithm, const char *label,
                  struct view id, CK_OBJECT_HANDLE *ret_public, struct problem *problem) _must_use_;
