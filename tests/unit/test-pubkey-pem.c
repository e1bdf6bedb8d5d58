/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base64.h"
#include "tests/test.h"
#include "tests/unit/key.h"

#include <errno.h>

/* A P-256 key that somebody made once; nobody needs its private half. */
#define BEGIN  "-----BEGIN PUBLIC KEY-----\n"
#define END    "-----END PUBLIC KEY-----\n"
#define BODY_1 "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEiYQkvPHH7ArVcS6z+1OvYTftzJE9"
#define BODY_2 "hb7EdQypGombxA5/DAURozG3wifpNSu2OW924sW6sp+2a/w/+nKi8P3SAA=="
#define ROW_1  BODY_1 "\n"
#define ROW_2  BODY_2 "\n"

static int read_pem(struct view text, struct sha256 *ret_fingerprint)
{
        _cleanup_(pubkey_freep) struct pubkey *key = NULL;
        int r = pubkey_from_pem(text, &key);

        expect((r == 0) == (key != NULL));
        if (key)
                *ret_fingerprint = *pubkey_fingerprint(key);
        return r;
}

static void test_texts(void)
{
        static const struct {
                const char *label, *text;
                int r;
        } rows[] = {
                {"plain", BEGIN ROW_1 ROW_2 END, 0},
                {"no final newline", BEGIN ROW_1 ROW_2 "-----END PUBLIC KEY-----", 0},
                {"text around it", "A key.\n" BEGIN ROW_1 ROW_2 END "Good day.\n", 0},
                {"nothing", "", -EBADMSG},
                {"newline", "\n", -EBADMSG},
                {"no end", BEGIN ROW_1 ROW_2, -EBADMSG},
                {"no beginning", ROW_1 ROW_2 END, -EBADMSG},
                {"no body", BEGIN END, -EBADMSG},
                {"a row missing", BEGIN ROW_1 END, -EBADMSG},
                {"rows swapped", BEGIN ROW_2 ROW_1 END, -EBADMSG},
                {"a digit missing", BEGIN ROW_1 "hb7EdQyp" END, -EBADMSG},
                {"no base64", BEGIN "????" ROW_1 ROW_2 END, -EBADMSG},
                {"another kind",
                 "-----BEGIN CERTIFICATE-----\n" ROW_1 ROW_2 "-----END CERTIFICATE-----\n",
                 -EBADMSG},
                {"a private key by its name",
                 "-----BEGIN PRIVATE KEY-----\n" ROW_1 ROW_2 "-----END PRIVATE KEY-----\n",
                 -EBADMSG},
                {"another kind before it",
                 "-----BEGIN X-----\n" ROW_1 "-----END X-----\n" BEGIN ROW_1 ROW_2 END, -EBADMSG},
                {"names that differ", BEGIN ROW_1 ROW_2 "-----END PRIVATE KEY-----\n", -EBADMSG},
                {"encrypted, it says",
                 BEGIN
                 "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEEFF\n"
                 "\n" ROW_1 ROW_2 END,
                 -EBADMSG},
                {"with a header", BEGIN "Comment: mine\n\n" ROW_1 ROW_2 END, -EBADMSG},
        };
        struct sha256 first = {}, found;

        expect_integer(read_pem(view_string(rows[0].text), &first), 0);
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                test_label = rows[i].label;
                found = first;
                expect_integer(read_pem(view_string(rows[i].text), &found), rows[i].r);
                expect_view(sha256_view(&found), sha256_view(&first));
        }
        test_label = "";
        expect_integer(read_pem(view_of(NULL, 0), &found), -EBADMSG);
}

static void test_round_trip(void)
{
        _cleanup_(pubkey_freep) struct pubkey *key = NULL;
        _cleanup_(buf_done) struct buf text = {}, small = BUF_INIT(100);

        expect_integer(pubkey_from_pem(view_string(BEGIN ROW_1 ROW_2 END), &key), 0);
        if (!key)
                return;
        pubkey_put_pem(key, &text);
        expect_text(buf_view(&text), BEGIN ROW_1 ROW_2 END);
        pubkey_put_pem(key, &small);
        expect_integer(buf_error(&small), -EMSGSIZE);
}

static void test_bytes_after_the_key(void)
{
        _cleanup_(buf_done) struct buf der = {}, pem = {};
        struct sha256 fingerprint;

        expect_integer(base64_decode(&der, view_string(BODY_1 BODY_2)), 0);
        buf_put_u8(&der, 0);
        buf_put_string(&pem, BEGIN);
        base64_encode(&pem, buf_view(&der));
        buf_put_string(&pem, "\n" END);
        expect_integer(read_pem(buf_view(&pem), &fingerprint), -EBADMSG);
}

static void test_long_text(void)
{
        _cleanup_(buf_done) struct buf pem = {};
        struct sha256 fingerprint;

        while (pem.size < (size_t)2 << 20)
                buf_put_string(&pem,
                               "more and more and more and more and more and more and more\n");
        buf_put_string(&pem, BEGIN ROW_1 ROW_2 END);
        expect_integer(read_pem(buf_view(&pem), &fingerprint), -EBADMSG);
}

int main(void)
{
        test_texts();
        test_round_trip();
        test_bytes_after_the_key();
        test_long_text();
        return test_result();
}
