/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/keyring-export.h"

#include <errno.h>
#include <stdio.h>

#include "lib/key-window.h"
#include "lib/ssh-key.h"
#include "lib/trusted-root.h"
#include "lib/utc.h"
#include "lib/vkey.h"

static int is_active(const struct keyring_key *key)
{
        return key->purpose != KEY_LOG && key->state == KEY_ACTIVE;
}

static int signs(const struct keyring_key *key)
{
        return key->purpose != KEY_LOG;
}

/* vkeys and trusted roots are for P-256 here. */
static int is_log_key(const struct keyring_key *key)
{
        return key->purpose == KEY_LOG && key->state != KEY_REVOKED &&
               key->algorithm == algorithm_find("ecdsa-p256");
}

static int is_named(const struct keyring_key *key, const char *name)
{
        return !name || string_equal(name, key->name);
}

int keyring_exports(const struct keyring_key *key, const char *name)
{
        return is_active(key) && is_named(key, name);
}

static int put_pem(struct buf *buf, const struct keyring *ring, const char *name,
                   struct problem *problem)
{
        (void)problem;
        for (size_t i = 0; i < ring->count; i++) {
                const struct keyring_key *key = &ring->keys[i];

                if (!keyring_exports(key, name))
                        continue;
                buf_put_format(buf, "# %s version %u\n", key->name, key->version);
                pubkey_put_pem(key->pubkey, buf);
        }
        return buf_error(buf);
}

/* What is not in the file, and why: an empty answer would look like a mistake of ours. */
static void put_remark(struct buf *buf, const struct keyring_key *key, const char *why)
{
        buf_put_format(buf, "# %s version %u is not here: %s\n", key->name, key->version, why);
}

/* The last second at which a signature may have been made, which ssh-keygen takes for good; 0: no
 * end. The second in which a key was revoked is none. 1: there is no such second. */
static int last_second(const struct keyring_key *key, uint64_t created, uint64_t *ret)
{
        uint64_t revoked = UINT64_MAX, ended = UINT64_MAX;
        const char *end = key_window_end(key);

        *ret = 0;
        if (keyring_key_is_current(key))
                return 0;
        if ((key->state == KEY_REVOKED && !key->revoked[0]) ||
            (key->state != KEY_REVOKED && !end[0]))
                return 1;
        if (end[0] && utc_parse(end, &ended) < 0)
                return -EBADMSG;
        if (key->state == KEY_REVOKED && utc_parse(key->revoked, &revoked) < 0)
                return -EBADMSG;
        if (revoked <= created)
                return 1;
        *ret = ended < revoked - 1 ? ended : revoked - 1;
        return 0;
}

/* One line of ssh-keygen(1), "ALLOWED SIGNERS". */
static int put_signer(struct buf *buf, const struct keyring_key *key)
{
        _cleanup_(buf_done) struct buf line = {};
        uint64_t created, last;
        int r = utc_parse(key->created, &created);

        if (r == 0)
                r = last_second(key, created, &last);
        if (r > 0) {
                put_remark(buf, key, "nothing that it signed is to be believed");
                return 0;
        }
        if (r < 0)
                return r;
        /* A window has to have a length. Before it was made, a key has signed nothing. */
        if (last == created)
                created--;
        buf_put_format(&line, "%s valid-after=\"", key->name);
        utc_put_digits(&line, created);
        if (last > 0) {
                buf_put_string(&line, "\",valid-before=\"");
                utc_put_digits(&line, last);
        }
        buf_put_string(&line, "\" ");
        r = ssh_key_put_line(&line, key->pubkey, key->algorithm);
        if (r == -EOPNOTSUPP) {
                put_remark(buf, key, "SSH has no such keys");
                return 0;
        }
        if (r < 0)
                return r;
        buf_put_format(&line, " version %u, %s\n", key->version, key_state_name(key->state));
        buf_put_view(buf, buf_view(&line));
        return buf_error(buf);
}

static int put_allowed_signers(struct buf *buf, const struct keyring *ring, const char *name,
                               struct problem *problem)
{
        for (size_t i = 0; i < ring->count; i++) {
                const struct keyring_key *key = &ring->keys[i];
                int r;

                if (!signs(key) || !is_named(key, name))
                        continue;
                r = put_signer(buf, key);
                if (r == -EBADMSG)
                        return problem_set(problem, r, "key %s version %u: not a good time",
                                           key->name, key->version);
                if (r < 0)
                        return r;
        }
        return buf_error(buf);
}

/* The log keys, for --log-key and for policies of witnesses. Their ID is the beginning of the
 * fingerprint. */
static int put_vkeys(struct buf *buf, const struct keyring *ring, const char *name,
                     struct problem *problem)
{
        (void)problem;
        for (size_t i = 0; i < ring->count; i++) {
                const struct keyring_key *key = &ring->keys[i];
                struct vkey vkey = {.type = VKEY_ECDSA, .ecdsa = key->pubkey};
                int r;

                if (!is_log_key(key) || !is_named(key, name))
                        continue;
                (void)snprintf(vkey.name, sizeof(vkey.name), "%s", ring->origin);
                memcpy(vkey.id, pubkey_fingerprint(key->pubkey)->bytes, VKEY_ID_SIZE);
                r = vkey_put(buf, &vkey);
                if (r < 0)
                        return r;
                buf_put_u8(buf, '\n');
        }
        return buf_error(buf);
}

static int put_trusted_root(struct buf *buf, const struct keyring *ring, const char *name,
                            struct problem *problem)
{
        (void)name;
        return trusted_root_put(buf, ring, NULL, problem);
}

static const struct keyring_export exports[] = {
        {"allowed_signers", signs, put_allowed_signers},
        {"jwks", is_active, jwks_put},
        {"pem", is_active, put_pem},
        {"trusted-root", is_log_key, put_trusted_root},
        {"vkey", is_log_key, put_vkeys},
};

const char *const keyring_export_names[] = {"allowed_signers", "jwks", "pem",
                                            "trusted-root",    "vkey", NULL};

const struct keyring_export *keyring_export_find(const char *name)
{
        for (size_t i = 0; i < ARRAY_SIZE(exports); i++)
                if (string_equal(exports[i].name, name))
                        return &exports[i];
        return NULL;
}

int keyring_export_put(const struct keyring_export *format, const struct keyring *ring,
                       const char *name, struct buf *buf, struct problem *problem)
{
        for (size_t i = 0; i < ring->count; i++)
                if (format->takes(&ring->keys[i]) && is_named(&ring->keys[i], name))
                        return format->put(buf, ring, name, problem);
        return problem_set(problem, -EINVAL, "the key ring has no key%s%s that is for %s",
                           name ? " " : "", name ? name : "", format->name);
}
