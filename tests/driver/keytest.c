/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/driver/keytest.h"

#include "lib/signed-message.h"
#include "tests/test.h"

#include <errno.h>
#include <time.h>

#define FRAME_HEAD_SIZE 11

struct view keytest_digest(const struct algorithm *algorithm)
{
        static uint8_t bytes[DIGEST_SIZE_MAX];

        for (size_t i = 0; i < sizeof(bytes); i++)
                bytes[i] = (uint8_t)(7 * i + 1);
        return view_of(bytes, algorithm->digest_size);
}

void keytest_sign(struct client *client, const struct algorithm *algorithm, uint32_t slot,
                  struct view spki)
{
        _cleanup_(pubkey_freep) struct pubkey *key = NULL;
        _cleanup_(buf_done) struct buf signature = BUF_INIT(0);
        struct view digest = keytest_digest(algorithm);

        test_label = algorithm->name;
        expect_integer(client_sign(client, slot, digest, &signature), FRAME_OK);
        expect_integer(pubkey_from_spki(spki, &key), 0);
        if (key) {
                expect_integer(
                        signed_message_verify(key, algorithm, digest, digest, buf_view(&signature)),
                        0);
                expect(pubkey_fits(key, algorithm));
        }
        expect(signature.size <= algorithm->signature_max);
}

void keytest_load_and_sign(struct client *client, const struct algorithm *algorithm,
                           struct view handle, struct view spki)
{
        _cleanup_(buf_done) struct buf loaded = BUF_INIT(0);
        uint32_t slot = UINT32_MAX;

        test_label = algorithm->name;
        expect_integer(client_load(client, algorithm->name, handle, &slot, &loaded), FRAME_OK);
        expect_view(buf_view(&loaded), spki);
        keytest_sign(client, algorithm, slot, spki);
}

static void refuse_digests(struct client *client, const struct algorithm *algorithm, uint32_t slot)
{
        static const uint8_t zeros[DIGEST_SIZE_MAX + 1];
        static const size_t sizes[] = {0, 1, 20, 31, 33, 47, 49, 64, 65};

        for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
                if (sizes[i] != algorithm->digest_size)
                        expect_integer(client_sign(client, slot, view_of(zeros, sizes[i]), NULL),
                                       FRAME_BAD_REQUEST);
}

static void refuse_handles(struct client *client, const struct algorithm *algorithm)
{
        static const struct {
                const char *handle;
                int status;
        } rows[] = {
                {"", FRAME_BAD_REQUEST},
                {"no handle at all", FRAME_MISMATCH},
                {"id=00\n", FRAME_MISMATCH},
                {"-----BEGIN TSS2 PRIVATE KEY-----\nMAA=\n-----END TSS2 PRIVATE KEY-----\n",
                 FRAME_MISMATCH},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                struct view handle = view_string(rows[i].handle);
                uint32_t slot;

                test_label = rows[i].handle;
                expect_integer(client_load(client, algorithm->name, handle, &slot, NULL),
                               rows[i].status);
                expect_integer(client_destroy(client, algorithm->name, handle), rows[i].status);
        }
}

void keytest_refusals(struct client *client, const struct algorithm *algorithm, uint32_t slot)
{
        uint32_t ignored;

        test_label = "refusals";
        refuse_digests(client, algorithm, slot);
        expect_integer(client_sign(client, slot + 1000, keytest_digest(algorithm), NULL),
                       FRAME_NO_KEY);
        expect_integer(client_sign(client, UINT32_MAX, keytest_digest(algorithm), NULL),
                       FRAME_NO_KEY);
        refuse_handles(client, algorithm);
        test_label = "refusals";
        expect_integer(client_load(client, "md5-rsa", view_string("x"), &ignored, NULL),
                       FRAME_UNSUPPORTED);
        expect_integer(client_generate(client, "md5-rsa", "label", NULL, NULL), FRAME_UNSUPPORTED);
        expect_integer(client_generate(client, algorithm->name, "", NULL, NULL), FRAME_BAD_REQUEST);
        test_label = "";
}

static void expect_bad_request(struct client *client, struct view bytes, uint8_t operation)
{
        _cleanup_(buf_done) struct buf answer = BUF_INIT(0);
        struct frame frame;

        client_send(client, bytes);
        /* An operation unknown to us cannot be decoded either: the bytes are there all the same. */
        (void)client_receive(client, &answer, &frame);
        expect(answer.size > FRAME_HEAD_SIZE);
        if (answer.size <= FRAME_HEAD_SIZE)
                return;
        expect_integer(answer.data[1], operation);
        expect_view(view_of(answer.data + 2, 8), view_of(bytes.data + 2, 8));
        expect_integer(answer.data[10], FRAME_BAD_REQUEST);
}

static void malformed_frames(struct client *client)
{
        static const struct {
                uint8_t operation, status;
                size_t garbage; /* bytes of 0xff as fields */
        } rows[] = {
                {FRAME_SIGN, FRAME_OK, 0},
                {FRAME_SIGN, FRAME_OK, 7},
                {FRAME_SIGN, FRAME_EXISTS, 0},
                {FRAME_LOAD, FRAME_OK, 3},
                {FRAME_LOAD, FRAME_OK, 100},
                {FRAME_GENERATE, FRAME_OK, 9},
                {FRAME_PROBE, FRAME_OK, 1},
                {FRAME_DESTROY, FRAME_OK, 4},
                {FRAME_OPEN, FRAME_OK, 0},
                {0, FRAME_OK, 0},
                {99, FRAME_OK, 5},
                {FRAME_SIGN, 200, 4},
                {FRAME_LOAD, FRAME_OK, 65536},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_(buf_done) struct buf frame = BUF_INIT(0);

                frame_put_head(&frame, rows[i].operation, 0x1122334455667788 + i, rows[i].status);
                for (size_t k = 0; k < rows[i].garbage; k++)
                        buf_put_u8(&frame, 0xff);
                expect_bad_request(client, buf_view(&frame), rows[i].operation);
        }
}

static void expect_end(const char *program, struct view bytes, const char *label)
{
        _cleanup_(buf_done) struct buf answer = BUF_INIT(0);
        struct client client;
        struct frame frame;

        test_label = label;
        client_start(&client, program);
        client_send(&client, bytes);
        expect_integer(client_receive(&client, &answer, &frame), CLIENT_LOST);
        expect_integer(client_stop(&client), EXIT_FAILURE);
}

static void before_open(const char *program)
{
        static const uint8_t digest[32];
        struct client client;

        test_label = "before OPEN";
        client_start(&client, program);
        expect_integer(client_sign(&client, 0, view_of(digest, sizeof(digest)), NULL),
                       FRAME_BAD_REQUEST);
        expect_integer(client_probe(&client, NULL), FRAME_BAD_REQUEST);
        expect_integer(client_open(&client, "", NULL, NULL), FRAME_BAD_REQUEST);
        expect_integer(client_open(&client, "token", NULL, NULL), FRAME_BAD_REQUEST);
        expect_integer(client_stop(&client), EXIT_SUCCESS);
}

void keytest_protocol(const char *program, const char *const *settings)
{
        struct client client;

        before_open(program);
        expect_end(program, view_of("\1\4short", 7), "short frame");
        expect_end(program, view_of("\2\4\0\0\0\0\0\0\0\1\0", 11), "another version");
        test_label = "malformed";
        client_start(&client, program);
        expect_integer(client_open(&client, "token", settings, NULL), FRAME_OK);
        expect_integer(client_open(&client, "token", settings, NULL), FRAME_BAD_REQUEST);
        malformed_frames(&client);
        expect_integer(client_probe(&client, NULL), FRAME_OK);
        expect_integer(client_stop(&client), EXIT_SUCCESS);
        test_label = "";
}

static double seconds_now(void)
{
        struct timespec now;

        (void)clock_gettime(CLOCK_MONOTONIC, &now);
        return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

void keytest_speed(struct client *client, const struct algorithm *algorithm, uint32_t slot,
                   unsigned count, unsigned depth)
{
        _cleanup_(buf_done) struct buf fields = BUF_INIT(0), answer = BUF_INIT(0);
        double start = seconds_now(), seconds;
        struct frame frame;

        client_put_sign(&fields, slot, keytest_digest(algorithm));
        for (unsigned sent = 0, done = 0; done < count; done++) {
                for (; sent < count && sent < done + depth; sent++)
                        client_request(client, FRAME_SIGN, buf_view(&fields));
                expect_integer(client_receive(client, &answer, &frame), 0);
                expect_integer(frame.status, FRAME_OK);
        }
        seconds = seconds_now() - start;
        (void)printf("%s: %u signatures, %u on their way: %.0f/s, %.3f ms each\n", algorithm->name,
                     count, depth, count / seconds, seconds / count * 1e3);
}

int keytest_result(void)
{
        return test_result();
}

int keytest_has_name(const char *names, const char *name)
{
        struct reader reader = reader_init(view_string(names));

        while (reader.left > 0) {
                struct reader rest = reader;
                struct view word = reader_until(&reader, ' ');

                if (reader.bad)
                        return view_is(reader_rest(&rest), name);
                if (view_is(word, name))
                        return 1;
        }
        return 0;
}
