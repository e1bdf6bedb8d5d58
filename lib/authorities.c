/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/certificate-x509.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>

#include "lib/file.h"

#define FILE_SIZE_MAX ((size_t)1 << 20)

struct authorities {
        X509_STORE *roots;
        STACK_OF(X509) * between;
        size_t root_count;
};

static void bio_freep(BIO **bio)
{
        (void)BIO_free(*bio); /* in memory */
}

static void x509_freep(X509 **x509)
{
        X509_free(*x509);
}

static void context_freep(X509_STORE_CTX **context)
{
        X509_STORE_CTX_free(*context);
}

static void stack_freep(STACK_OF(X509) * *stack)
{
        sk_X509_free(*stack);
}

static int openssl_failed(int r)
{
        ERR_clear_error();
        return r;
}

struct authorities *authorities_free(struct authorities *authorities)
{
        if (!authorities)
                return NULL;
        X509_STORE_free(authorities->roots);
        sk_X509_pop_free(authorities->between, X509_free);
        free(authorities);
        return NULL;
}

static int add(struct authorities *authorities, X509 *x509)
{
        if (X509_self_signed(x509, 1) == 1) {
                authorities->root_count++;
                return X509_STORE_add_cert(authorities->roots, x509) == 1 ? 0 : -ENOMEM;
        }
        if (X509_up_ref(x509) != 1)
                return -ENOMEM;
        if (sk_X509_push(authorities->between, x509) > 0)
                return 0;
        X509_free(x509);
        return -ENOMEM;
}

/* Else libcrypto would ask at the terminal. */
static int no_password(char *ret, int size, int writing, void *context)
{
        return -1;
}

static int add_pem(struct authorities *authorities, struct view text)
{
        _cleanup_(bio_freep) BIO *bio = BIO_new_mem_buf(text.data, (int)text.size);
        int r = bio ? 0 : -ENOMEM;

        while (r == 0) {
                _cleanup_(x509_freep) X509 *x509 = PEM_read_bio_X509(bio, NULL, no_password, NULL);

                if (!x509)
                        break;
                r = add(authorities, x509);
        }
        return openssl_failed(r);
}

/* DER begins with a SEQUENCE; everything else is taken for text. */
static int add_file(struct authorities *authorities, struct view content)
{
        _cleanup_(x509_freep) X509 *x509 = NULL;
        const unsigned char *next = content.data;

        if (content.size == 0)
                return 0;
        if (content.data[0] != 0x30)
                return add_pem(authorities, content);
        x509 = d2i_X509(NULL, &next, (long)content.size);
        return openssl_failed(x509 ? add(authorities, x509) : 0);
}

/* A folder, or a file that is larger than certificates are, is passed over. */
static int add_named(struct authorities *authorities, int dir, const char *name,
                     struct problem *problem)
{
        _cleanup_(buf_done) struct buf content = BUF_INIT(FILE_SIZE_MAX);
        struct problem reason = {};
        int r = name[0] == '.' ? 0 : file_read(dir, name, &content, &reason);

        if (r == -EINVAL || r == -EMSGSIZE || r == -EACCES)
                return 0;
        if (r < 0)
                return problem_set(problem, r, "%s", problem_text(&reason, r));
        return name[0] == '.' ? 0 : add_file(authorities, buf_view(&content));
}

static int add_folder(struct authorities *authorities, const char *path, struct problem *problem)
{
        _cleanup_(dir_closep) DIR *dir = opendir(path);
        struct dirent *entry;
        int r = 0;

        if (!dir)
                return problem_set(problem, -errno, "%s: %s", path, strerror(errno));
        while (r == 0 && (entry = readdir(dir)))
                r = add_named(authorities, dirfd(dir), entry->d_name, problem);
        return r;
}

int authorities_load(const char *path, struct authorities **ret, struct problem *problem)
{
        _cleanup_(authorities_freep) struct authorities *authorities =
                calloc(1, sizeof(*authorities));
        int r;

        if (!authorities)
                return -ENOMEM;
        authorities->roots = X509_STORE_new();
        authorities->between = sk_X509_new_null();
        if (!authorities->roots || !authorities->between)
                return openssl_failed(-ENOMEM);
        r = add_folder(authorities, path, problem);
        if (r == 0 && authorities->root_count == 0)
                r = problem_set(problem, -ENOENT,
                                "%s: no file holds the certificate of a root authority", path);
        if (r < 0)
                return openssl_failed(r);
        *ret = TAKE_PTR(authorities);
        return openssl_failed(0);
}

/* The references stay with their owners. */
static int collect(const struct authorities *authorities, struct certificate *const *between,
                   STACK_OF(X509) * *ret)
{
        _cleanup_(stack_freep) STACK_OF(X509) *all = sk_X509_dup(authorities->between);

        if (!all)
                return -ENOMEM;
        for (size_t i = 0; between && between[i]; i++)
                if (sk_X509_push(all, certificate_x509(between[i])) <= 0)
                        return -ENOMEM;
        *ret = TAKE_PTR(all);
        return 0;
}

int authorities_verify(const struct authorities *authorities, const struct certificate *certificate,
                       struct certificate *const *between, struct problem *problem)
{
        _cleanup_(context_freep) X509_STORE_CTX *context = X509_STORE_CTX_new();
        _cleanup_(stack_freep) STACK_OF(X509) *all = NULL;
        char subject[CERTIFICATE_TEXT_SIZE];
        int r = collect(authorities, between, &all);

        if (r < 0 || !context ||
            X509_STORE_CTX_init(context, authorities->roots, certificate_x509(certificate), all) !=
                    1)
                return openssl_failed(-ENOMEM);
        if (X509_verify_cert(context) == 1)
                return openssl_failed(0);
        certificate_issuer(certificate, subject);
        r = problem_set(problem, -EKEYREJECTED, "certificate issued by \"%s\": %s", subject,
                        X509_verify_cert_error_string(X509_STORE_CTX_get_error(context)));
        return openssl_failed(r);
}
