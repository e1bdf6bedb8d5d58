/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/driver.h"
#include "lib/ed25519.h"
#include "tests/driver/script.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <sys/socket.h>

/*
 * A token without hardware, for tests of the agent: software keys, and faults on request. Its
 * handles hold the private key, so that they work in another process; it must never be installed.
 */

#define SLOTS_MAX 1024

struct fake {
        struct {
                const struct algorithm *algorithm;
                EVP_PKEY *key;
        } slot[SLOTS_MAX];
        uint32_t count;
};

static struct script script;
static enum script_action pending; /* for the frame that answers the request being served */

static int broken(struct problem *problem)
{
        ERR_clear_error();
        return problem_set(problem, -EIO, "libcrypto failed");
}

static void close_fake(void *device)
{
        struct fake *fake = device;

        for (uint32_t i = 0; fake && i < fake->count; i++)
                EVP_PKEY_free(fake->slot[i].key);
        free(fake);
}

static int add_facts(struct facts *facts)
{
        int r = facts_add(facts, "manufacturer", "Hallmark tests");

        if (r == 0)
                r = facts_add(facts, "model", "fake");
        if (r == 0)
                r = facts_add(facts, "serial", "0");
        if (r == 0)
                r = facts_add(facts, "firmware", "1.0");
        return r < 0 ? r : facts_add(facts, "algorithms", "ecdsa-p256 ecdsa-p384 rsa-2048");
}

/* What the script says about this call, as far as it does not concern the answer's frame. */
static int obey(enum frame_operation operation, struct problem *problem)
{
        int error = 0;

        pending = script_next(&script, operation, &error);
        return error < 0 ? problem_set(problem, error, "the script said so") : 0;
}

static int open_fake(const char *token, const struct facts *settings, void **ret_device,
                     struct facts *ret_facts, struct problem *problem)
{
        const char *path = facts_get(settings, "Script");
        int r = path ? script_read(path, &script, problem) : 0;

        if (r == 0)
                r = obey(FRAME_OPEN, problem);
        if (r == 0)
                r = add_facts(ret_facts);
        if (r < 0)
                return r;
        *ret_device = calloc(1, sizeof(struct fake));
        return *ret_device ? 0 : -ENOMEM;
}

static EVP_PKEY *new_key(const struct algorithm *algorithm)
{
        if (algorithm->kind == ALGORITHM_ED25519)
                return EVP_PKEY_Q_keygen(NULL, NULL, algorithm->curve);
        return algorithm->curve ? EVP_EC_gen(algorithm->curve)
                                : EVP_RSA_gen((size_t)algorithm->bits);
}

static int put_spki(struct buf *buf, EVP_PKEY *key)
{
        unsigned char *der = NULL;
        int size = i2d_PUBKEY(key, &der);

        if (size <= 0)
                return broken(NULL);
        buf_put(buf, der, (size_t)size);
        OPENSSL_free(der);
        return buf_error(buf);
}

static int put_private(struct buf *buf, EVP_PKEY *key)
{
        BIO *bio = BIO_new(BIO_s_mem());
        char *text = NULL;
        int r = -EIO;

        if (bio && PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1) {
                long size = BIO_get_mem_data(bio, &text);

                buf_put(buf, text, (size_t)size);
                r = buf_error(buf);
        }
        (void)BIO_free(bio);
        return r;
}

static int generate(void *device, const struct driver_wish *wish, struct driver_pair *ret,
                    struct problem *problem)
{
        EVP_PKEY *key;
        int r = obey(FRAME_GENERATE, problem);

        if (r == 0 && wish->options.count > 0)
                r = problem_set(problem, -EOPNOTSUPP,
                                "a software key has no %s=", wish->options.pair[0].name);
        if (r < 0)
                return r;
        key = new_key(wish->algorithm);
        if (!key)
                return broken(problem);
        r = put_private(&ret->handle, key);
        if (r == 0)
                r = put_spki(&ret->spki, key);
        EVP_PKEY_free(key);
        return r;
}

static EVP_PKEY *read_private(struct view handle)
{
        BIO *bio = BIO_new_mem_buf(handle.data, (int)handle.size);
        EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL) : NULL;

        (void)BIO_free(bio);
        ERR_clear_error();
        return key;
}

static int load(void *device, const struct algorithm *algorithm, struct view handle,
                uint32_t *ret_slot, struct buf *ret_spki, struct problem *problem)
{
        struct fake *fake = device;
        EVP_PKEY *key;
        int r = obey(FRAME_LOAD, problem);

        if (r < 0)
                return r;
        if (fake->count == SLOTS_MAX)
                return problem_set(problem, -EIO, "no slot left");
        key = pending == SCRIPT_WRONG_KEY ? new_key(algorithm) : read_private(handle);
        if (!key)
                return problem_set(problem, -EKEYREJECTED, "the handle is no private key");
        fake->slot[fake->count].algorithm = algorithm;
        fake->slot[fake->count].key = key;
        *ret_slot = fake->count++;
        return put_spki(ret_spki, key);
}

/* What is signed is the message. */
static int sign_message(EVP_PKEY *key, struct view message, struct buf *ret_signature)
{
        EVP_MD_CTX *context = EVP_MD_CTX_new();
        size_t size = ED25519_SIGNATURE_SIZE;
        uint8_t *room = buf_reserve(ret_signature, size);
        int ok = context && room && EVP_DigestSignInit(context, NULL, NULL, NULL, key) == 1 &&
                 EVP_DigestSign(context, room, &size, message.data, message.size) == 1;

        if (ok)
                buf_grown(ret_signature, size);
        EVP_MD_CTX_free(context);
        return ok ? 0 : broken(NULL);
}

static int sign_with(EVP_PKEY *key, const struct algorithm *algorithm, struct view digest,
                     struct buf *ret_signature)
{
        EVP_PKEY_CTX *context;
        const EVP_MD *hash = EVP_get_digestbyname(algorithm->hash);
        size_t size = 0;
        uint8_t *room = NULL;
        int r = -EIO;

        if (algorithm->kind == ALGORITHM_ED25519)
                return sign_message(key, digest, ret_signature);
        context = EVP_PKEY_CTX_new(key, NULL);
        if (context && EVP_PKEY_sign_init(context) == 1 &&
            EVP_PKEY_CTX_set_signature_md(context, hash) == 1 &&
            (algorithm->kind != ALGORITHM_RSA_PSS ||
             EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1) &&
            EVP_PKEY_sign(context, NULL, &size, digest.data, digest.size) == 1)
                room = buf_reserve(ret_signature, size);
        if (room && EVP_PKEY_sign(context, room, &size, digest.data, digest.size) == 1) {
                buf_grown(ret_signature, size);
                r = 0;
        }
        EVP_PKEY_CTX_free(context);
        return r < 0 ? broken(NULL) : 0;
}

static int sign_with_another(const struct algorithm *algorithm, struct view digest,
                             struct buf *ret_signature)
{
        EVP_PKEY *key = new_key(algorithm);
        int r = key ? sign_with(key, algorithm, digest, ret_signature) : -EIO;

        EVP_PKEY_free(key);
        return r;
}

static int sign(void *device, uint32_t slot, struct view digest, struct view authorization,
                struct buf *ret_signature, struct problem *problem)
{
        struct fake *fake = device;
        const struct algorithm *algorithm;
        int r = obey(FRAME_SIGN, problem);

        if (r == 0 && authorization.size > 0)
                r = problem_set(problem, -EPERM, "the key has no witness");

        if (r < 0)
                return r;
        if (slot >= fake->count)
                return problem_set(problem, -ENOKEY, "no key was loaded as slot %u", slot);
        algorithm = fake->slot[slot].algorithm;
        r = driver_check_signed(algorithm, digest, problem);
        if (r < 0)
                return r;
        switch (pending) {
        case SCRIPT_WRONG_KEY:
                return sign_with_another(algorithm, digest, ret_signature);
        case SCRIPT_GARBAGE:
                buf_put_view(ret_signature, digest); /* right in form, wrong as a signature */
                return 0;
        default:
                return sign_with(fake->slot[slot].key, algorithm, digest, ret_signature);
        }
}

/* Right in form, and of no TPM. */
static int put_garbage(struct evidence *ret)
{
        static const enum evidence_part parts[] = {EVIDENCE_ATTESTATION, EVIDENCE_ATTESTATION_KEY,
                                                   EVIDENCE_PUBLIC, EVIDENCE_SIGNATURE};

        ret->kind = EVIDENCE_TPM2;
        for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
                buf_put_string(&ret->parts[parts[i]], "garbage");
        return 0;
}

static int attest(void *device, uint32_t slot, const struct evidence_question *question,
                  struct evidence *ret, struct problem *problem)
{
        const struct fake *fake = device;
        int r = obey(FRAME_ATTEST, problem);

        if (r < 0)
                return r;
        if (slot >= fake->count)
                return problem_set(problem, -ENOKEY, "no key was loaded as slot %u", slot);
        if (pending == SCRIPT_GARBAGE)
                return put_garbage(ret);
        ret->kind = EVIDENCE_PKCS11;
        return facts_add(&ret->self_asserted, "model", "fake");
}

static int destroy(void *device, const struct algorithm *algorithm, struct view handle,
                   struct problem *problem)
{
        return obey(FRAME_DESTROY, problem);
}

static int probe(void *device, struct facts *ret_facts, struct problem *problem)
{
        int r = obey(FRAME_PROBE, problem);

        return r < 0 ? r : add_facts(ret_facts);
}

/*
 * The linker puts this in place of the driver loop's send() (--wrap=send), so that what an answer
 * looks like on the wire can be wrong as well, and the loop itself knows nothing of it.
 */
ssize_t __real_send(int fd, const void *bytes, size_t size, int flags);
ssize_t __wrap_send(int fd, const void *bytes, size_t size, int flags);

ssize_t __wrap_send(int fd, const void *bytes, size_t size, int flags)
{
        enum script_action action = pending;
        uint8_t frame[FRAME_SIZE_MAX];

        pending = SCRIPT_NOTHING;
        memcpy(frame, bytes, size);
        switch (action) {
        case SCRIPT_TRUNCATE:
                return __real_send(fd, frame, size / 2, flags);
        case SCRIPT_WRONG_ID:
                frame[9] ^= 1; /* the last byte of the id */
                return __real_send(fd, frame, size, flags);
        default:
                return __real_send(fd, bytes, size, flags);
        }
}

static const char *const settings_known[] = {"Script", NULL};

static const struct driver driver = {
        .name = "hallmark-fake",
        .settings = settings_known,
        .open = open_fake,
        .close = close_fake,
        .generate = generate,
        .load = load,
        .sign = sign,
        .destroy = destroy,
        .probe = probe,
        .attest = attest,
};

int main(int argc, char **argv)
{
        return driver_main(&driver, argc, argv);
}
