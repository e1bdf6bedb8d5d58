/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/policy.h"
#include "tests/test.h"
#include "tests/unit/edit.h"
#include "tests/unit/witness.h"

#include <errno.h>

#define CHECKPOINT "example.org/log\n7\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"

enum { LOG, X1, X2, X3, Y1, KEYS };

static struct witness keys[KEYS];
static const char *const names[] = {"example.org/log", "x1", "x2", "x3", "y1"};

/* A policy in which `@NAME` stands for the vkey of that name. */
static void put_policy(struct buf *text, const char *shape)
{
        while (shape[0]) {
                size_t plain = strcspn(shape, "@");
                size_t key = 0;

                buf_put(text, shape, plain);
                shape += plain;
                if (!shape[0])
                        return;
                while (key < KEYS && strncmp(shape + 1, names[key], strlen(names[key])) != 0)
                        key++;
                assert(key < KEYS);
                buf_put_string(text, keys[key].vkey);
                shape += 1 + strlen(names[key]);
        }
}

#define WITNESSES "witness X1 @x1\nwitness X2 @x2\nwitness X3 @x3\nwitness Y1 @y1\n"

static const struct {
        const char *label, *text;
        int r;
        const char *problem;
} shapes[] = {
        {"nothing needed", "quorum none\n", 0, ""},
        {"one witness",
         "log @example.org/log https://log.example\nwitness w @x1 https://w.example\n"
         "quorum w\n",
         0, ""},
        {"tabs, blanks, comments",
         "# a comment\n\n \t# one more\n\twitness  w\t@x1 \nquorum w \t\n", 0, ""},
        {"lines after the quorum", "witness w @x1\nquorum w\nwitness v @x2\n", 0, ""},
        {"groups", WITNESSES "group X 2 X1 X2 X3\ngroup XY all X Y1\nquorum XY\n", 0, ""},
        {"any name", "witness \xff\xfe @x1\nquorum \xff\xfe\n", 0, ""},
        {"empty", "", -EBADMSG, "policy: expected a quorum line, found none"},
        {"no quorum", "witness w @x1\n", -EBADMSG, "policy: expected a quorum line, found none"},
        {"two quorums", "quorum none\nquorum none\n", -EBADMSG, "line 2: a second quorum"},
        {"no newline", "witness w @x1\nquorum w", -EBADMSG, "line 2: no newline at the end"},
        {"carriage return", "quorum none\r\n", -EBADMSG, "line 1: control character 0x0d"},
        {"escape in a comment", "#\x1b\nquorum none\n", -EBADMSG, "line 1: control character 0x1b"},
        {"DEL", "#\x7f\nquorum none\n", -EBADMSG, "line 1: control character 0x7f"},
        {"unknown word", "quorums none\n", -EBADMSG,
         "line 1: expected log, witness, group or quorum"},
        {"quorum of nobody", "quorum\n", -EBADMSG,
         "line 1: expected the name of a witness or group, found nothing"},
        {"quorum of a stranger", "quorum w\nwitness w @x1\n", -EBADMSG,
         "line 1: no witness or group \"w\" on a line before"},
        {"quorum of two", "witness w @x1\nquorum w w\n", -EBADMSG, "line 2: unexpected \"w\""},
        {"quorum none and more", "quorum none w\n", -EBADMSG, "line 1: unexpected \"w\""},
        {"log without key", "log\nquorum none\n", -EBADMSG,
         "line 1: key: expected NAME+KEYID+BASE64"},
        {"log with a witness key", "log @x1\nquorum none\n", -EBADMSG,
         "line 1: expected the key of a log, found that of a witness"},
        {"log twice", "log @example.org/log\nlog @example.org/log u\nquorum none\n", -EBADMSG,
         "line 2: the key of log \"example.org/log\" once more"},
        {"log with three words", "log @example.org/log u v\nquorum none\n", -EBADMSG,
         "line 1: unexpected \"v\""},
        {"witness without name", "witness\nquorum none\n", -EBADMSG,
         "line 1: expected a name, found nothing"},
        {"witness without key", "witness w\nquorum none\n", -EBADMSG,
         "line 1: key: expected NAME+KEYID+BASE64"},
        {"witness with a log key", "witness w @example.org/log\nquorum none\n", -EBADMSG,
         "line 1: expected the key of a witness, of type 0x04, found 0x01"},
        {"witness called none", "witness none @x1\nquorum none\n", -EBADMSG,
         "line 1: the name \"none\" is taken"},
        {"witness name twice", "witness w @x1\nwitness w @x2\nquorum w\n", -EBADMSG,
         "line 2: the name \"w\" is taken"},
        {"witness key twice", "witness w @x1\nwitness v @x1\nquorum w\n", -EBADMSG,
         "line 2: the key of witness \"w\" once more"},
        {"ML-DSA witness", "witness w w+00000000+BgAA\nquorum w\n", -EOPNOTSUPP,
         "line 1: key: signature type 0x06 is not supported"},
        {"group name is a witness", WITNESSES "group X1 any X2\nquorum X1\n", -EBADMSG,
         "line 5: the name \"X1\" is taken"},
        {"group without threshold", WITNESSES "group G\nquorum G\n", -EBADMSG,
         "line 5: expected any, all or a number from 1"},
        {"group without members", WITNESSES "group G all\nquorum G\n", -EBADMSG,
         "line 5: a group without members"},
        {"group of 0", WITNESSES "group G 0 X1\nquorum G\n", -EBADMSG,
         "line 5: expected any, all or a number from 1"},
        {"group of 01", WITNESSES "group G 01 X1\nquorum G\n", -EBADMSG,
         "line 5: expected any, all or a number from 1"},
        {"group of -1", WITNESSES "group G -1 X1\nquorum G\n", -EBADMSG,
         "line 5: expected any, all or a number from 1"},
        {"group of too many", WITNESSES "group G 3 X1 X2\nquorum G\n", -EBADMSG,
         "line 5: expected at most 2, the members of \"G\""},
        {"group of 2^64", WITNESSES "group G 18446744073709551616 X1\nquorum G\n", -EBADMSG,
         "line 5: expected any, all or a number from 1"},
        {"member of itself", WITNESSES "group G any G\nquorum G\n", -EBADMSG,
         "line 5: the group is a member of itself"},
        {"member twice", WITNESSES "group G any X1 X1\nquorum G\n", -EBADMSG,
         "line 5: \"X1\" is a member already"},
        {"member of two", WITNESSES "group G any X1\ngroup H any X1\nquorum H\n", -EBADMSG,
         "line 6: \"X1\" is a member already"},
        {"member none", WITNESSES "group G any none\nquorum G\n", -EBADMSG,
         "line 5: no witness or group \"none\" on a line before"},
        {"member of later", "group G any X1\n" WITNESSES "quorum G\n", -EBADMSG,
         "line 1: no witness or group \"X1\" on a line before"},
};

static void test_shapes(void)
{
        for (size_t i = 0; i < ARRAY_SIZE(shapes); i++) {
                _cleanup_(policy_freep) struct policy *policy = NULL;
                _cleanup_(buf_done) struct buf text = {};
                struct problem problem = {};

                test_label = shapes[i].label;
                put_policy(&text, shapes[i].text);
                expect_integer(policy_parse(buf_view(&text), &policy, &problem), shapes[i].r);
                expect_text(view_string(problem.text), shapes[i].problem);
                expect((policy != NULL) == (shapes[i].r == 0));
        }
        test_label = "";
}

static void sign_log(struct buf *note)
{
        _cleanup_(buf_done) struct buf blob = {};
        _cleanup_(vkey_done) struct vkey key = {};
        EVP_MD_CTX *context = EVP_MD_CTX_new();
        uint8_t signature[ED25519_SIGNATURE_SIZE];
        size_t size = sizeof(signature);
        int ok = vkey_parse(view_string(keys[LOG].vkey), &key, NULL) == 0 &&
                 EVP_DigestSignInit(context, NULL, NULL, NULL, keys[LOG].pair) == 1 &&
                 EVP_DigestSign(context, signature, &size, (const uint8_t *)CHECKPOINT,
                                strlen(CHECKPOINT)) == 1;

        assert(ok);
        EVP_MD_CTX_free(context);
        buf_put(&blob, key.id, VKEY_ID_SIZE);
        buf_put(&blob, signature, sizeof(signature));
        buf_put_format(note, "\xe2\x80\x94 %s ", names[LOG]);
        base64_encode(note, buf_view(&blob));
        buf_put_u8(note, '\n');
}

#define TWO_OF_THREE "log @example.org/log\n" WITNESSES "group X 2 X1 X2 X3\n"
#define BIT(key)     (1u << (key))

static const struct {
        const char *label, *text;
        unsigned cosigned;
        int r;
        const char *problem;
} decisions[] = {
        {"1 of 1, none", WITNESSES "quorum X1\n", 0, -EKEYREJECTED,
         "policy: quorum X1 not reached: no cosignature of X1"},
        {"1 of 1", WITNESSES "quorum X1\n", BIT(X1), 0, ""},
        {"1 of 1, another", WITNESSES "quorum X1\n", BIT(X2) | BIT(X3) | BIT(Y1), -EKEYREJECTED,
         "policy: quorum X1 not reached: no cosignature of X1"},
        {"none needed", WITNESSES "quorum none\n", 0, 0, ""},
        {"2 of 3, one", TWO_OF_THREE "quorum X\n", BIT(X2) | BIT(Y1), -EKEYREJECTED,
         "policy: quorum X not reached: no cosignature of X1 X3"},
        {"2 of 3, two", TWO_OF_THREE "quorum X\n", BIT(X1) | BIT(X3), 0, ""},
        {"2 of 3, three", TWO_OF_THREE "quorum X\n", BIT(X1) | BIT(X2) | BIT(X3), 0, ""},
        {"nested, X alone", TWO_OF_THREE "group XY all X Y1\nquorum XY\n", BIT(X1) | BIT(X3),
         -EKEYREJECTED, "policy: quorum XY not reached: no cosignature of X2 Y1"},
        {"nested, Y alone", TWO_OF_THREE "group XY all X Y1\nquorum XY\n", BIT(X1) | BIT(Y1),
         -EKEYREJECTED, "policy: quorum XY not reached: no cosignature of X2 X3"},
        {"nested, both", TWO_OF_THREE "group XY all X Y1\nquorum XY\n", BIT(X1) | BIT(X2) | BIT(Y1),
         0, ""},
        {"any of groups", TWO_OF_THREE "group XY any X Y1\nquorum XY\n", BIT(Y1), 0, ""},
};

static void test_decisions(void)
{
        for (size_t i = 0; i < ARRAY_SIZE(decisions); i++) {
                _cleanup_(policy_freep) struct policy *policy = NULL;
                _cleanup_(buf_done) struct buf text = {}, bytes = {};
                _cleanup_(note_done) struct note note = {};
                uint64_t times[POLICY_NODES_MAX];
                struct problem problem = {};

                test_label = decisions[i].label;
                put_policy(&text, decisions[i].text);
                expect_integer(policy_parse(buf_view(&text), &policy, NULL), 0);
                buf_put_string(&bytes, CHECKPOINT "\n");
                sign_log(&bytes);
                for (size_t key = X1; key < KEYS; key++)
                        if (decisions[i].cosigned & BIT(key))
                                witness_cosign(&keys[key], 1000 + key, CHECKPOINT, &bytes);
                expect_integer(note_parse(buf_view(&bytes), &note, NULL), 0);
                expect_integer(policy_verify(policy, &note, times, &problem), decisions[i].r);
                expect_text(view_string(problem.text), decisions[i].problem);
                if (decisions[i].r == 0 && (decisions[i].cosigned & BIT(X1)))
                        expect_integer(times[0], 1000 + X1);
        }
        test_label = "";
}

static const struct {
        const char *label, *text;
        uint64_t times[KEYS]; /* of X1, X2, X3, Y1 */
        uint64_t decided;
} moments[] = {
        {"none needed", WITNESSES "quorum none\n", {5, 5, 5, 5}, 0},
        {"one", WITNESSES "quorum X2\n", {5, 7, 6, 8}, 7},
        {"two of three", TWO_OF_THREE "quorum X\n", {9, 5, 7, 3}, 7},
        {"both groups", TWO_OF_THREE "group XY all X Y1\nquorum XY\n", {9, 5, 7, 8}, 8},
        {"one did not say when", TWO_OF_THREE "quorum X\n", {1, 5, 7, 3}, 7},
        {"two did not say when", TWO_OF_THREE "quorum X\n", {1, 1, 7, 3}, 0},
        {"missing", WITNESSES "quorum X1\n", {0, 5, 7, 3}, 0},
};

static void test_moments(void)
{
        for (size_t i = 0; i < ARRAY_SIZE(moments); i++) {
                _cleanup_(policy_freep) struct policy *policy = NULL;
                _cleanup_(buf_done) struct buf text = {};
                uint64_t times[POLICY_NODES_MAX] = {};

                test_label = moments[i].label;
                put_policy(&text, moments[i].text);
                expect_integer(policy_parse(buf_view(&text), &policy, NULL), 0);
                memcpy(times, moments[i].times, sizeof(moments[i].times));
                expect_integer(policy_decided_at(policy, times), moments[i].decided);
        }
        test_label = "";
}

static void expect_refused(const char *shape, const struct buf *bytes, const char *says)
{
        _cleanup_(policy_freep) struct policy *policy = NULL;
        _cleanup_(buf_done) struct buf text = {};
        _cleanup_(note_done) struct note note = {};
        uint64_t times[POLICY_NODES_MAX];
        struct problem problem = {};

        put_policy(&text, shape);
        expect_integer(policy_parse(buf_view(&text), &policy, NULL), 0);
        expect_integer(note_parse(buf_view(bytes), &note, NULL), 0);
        expect_integer(policy_verify(policy, &note, times, &problem), -EKEYREJECTED);
        expect_text(view_string(problem.text), says);
}

/* A bad signature of a known witness spoils the note, even when the quorum is there without. */
static void test_bad_cosignature(void)
{
        _cleanup_(buf_done) struct buf bytes = {};

        buf_put_string(&bytes, CHECKPOINT "\n");
        witness_cosign(&keys[X1], 1000, CHECKPOINT, &bytes);
        witness_cosign(&keys[X2], 1000, "example.org/log\n8\nroot\n", &bytes);
        expect_refused(WITNESSES "quorum X1\n", &bytes,
                       "policy: witness X2: signature of \"x2\" does not verify");
}

static void test_logs(void)
{
        _cleanup_(buf_done) struct buf unsigned_note = {}, other = {};

        buf_put_string(&unsigned_note, CHECKPOINT "\n");
        witness_cosign(&keys[X1], 1000, CHECKPOINT, &unsigned_note);
        expect_refused("log @example.org/log\nquorum none\n", &unsigned_note,
                       "policy: not signed by a log of the policy");
        /* The log's key is good for its own origin alone. */
        buf_put_string(&other, "example.org/other\n7\nroot\n\n");
        sign_log(&other);
        expect_refused("log @example.org/log\nquorum none\n", &other,
                       "policy: not signed by a log of the policy");
}

/* Groups, each with the one before as its member. */
static void test_limits(void)
{
        _cleanup_(policy_freep) struct policy *policy = NULL;
        _cleanup_(buf_done) struct buf text = {}, quorum = {};
        struct problem problem = {};

        put_policy(&text, "witness 0 @x1\n");
        for (int i = 1; i < POLICY_NODES_MAX; i++)
                buf_put_format(&text, "group %d any %d\n", i, i - 1);
        buf_put_view(&quorum, buf_view(&text));
        buf_put_format(&quorum, "quorum %d\n", POLICY_NODES_MAX - 1);
        expect_integer(policy_parse(buf_view(&quorum), &policy, &problem), 0);
        buf_put_string(&text, "group more any 255\n");
        expect_integer(policy_parse(buf_view(&text), &policy, &problem), -EBADMSG);
        expect_text(view_string(problem.text), "line 257: more than 256 witnesses and groups");
        while (text.size <= POLICY_SIZE_MAX)
                buf_put_string(&text, "#\n");
        expect_integer(policy_parse(buf_view(&text), &policy, NULL), -EMSGSIZE);
}

int main(void)
{
        for (size_t i = 0; i < KEYS; i++)
                keys[i] = witness_new(names[i]);
        witness_put_vkey(names[LOG], VKEY_ED25519, &keys[LOG], keys[LOG].vkey);
        test_shapes();
        test_decisions();
        test_moments();
        test_bad_cosignature();
        test_logs();
        test_limits();
        for (size_t i = 0; i < KEYS; i++)
                witness_free(&keys[i]);
        policy_free(NULL);
        return test_result();
}
