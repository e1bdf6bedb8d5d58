/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How fast a journal is replayed: signatures against bare P-256 verifications on as many
 * processors, and records without signatures.
 *
 * replay FOLDER SIGNATURES LOGGED: makes FOLDER/signed and FOLDER/logged, and leaves them there.
 */
#include "lib/replay.h"
#include "lib/base64.h"
#include "lib/pool.h"
#include "tests/bench/journal.h"

#include <errno.h>

#define SIGNATURES   512 /* different ones; the records repeat them */
#define COMMON(type) "\"time\":\"2026-11-22T10:00:00.000000Z\",\"type\":\"" type "\",\"v\":1"
#define BOOT         "\"boot\":\"0123456789abcdef0123456789abcdef\""
#define CALLER                                                                                     \
        "\"caller\":{\"cgroup\":\"/system.slice/train-7.service\",\"gid\":1000,\"identity\":"      \
        "\"pidfd\",\"pid\":4242,\"slice\":\"system.slice\",\"uid\":1000,\"unit\":"                 \
        "\"train-7.service\",\"user\":\"ada\"}"

static struct {
        struct keyring_key keys[2];
        struct keyring ring;
        EVP_PKEY *pair;
        char fingerprint[HEX_SIZE(SHA256_SIZE)];
        uint8_t digests[SIGNATURES][SHA256_SIZE];
        struct buf signatures[SIGNATURES];
} bench;

static struct keyring_key make_key(const char *name, enum key_purpose purpose, EVP_PKEY *pair)
{
        struct keyring_key key = {.token = "tpm0",
                                  .created = "2026-11-22T10:00:00.000000Z",
                                  .version = 1,
                                  .algorithm = algorithm_find("ecdsa-p256"),
                                  .purpose = purpose,
                                  .pubkey = key_public(pair)};

        memcpy(key.name, name, strlen(name) + 1);
        return key;
}

static void make_signatures(void)
{
        bench.pair = key_new(algorithm_find("ecdsa-p256"));
        bench.keys[1] = make_key("model", KEY_MODEL, bench.pair);
        bench.ring = (struct keyring){(char *)(uintptr_t)BENCH_ORIGIN, bench.keys, 2};
        (void)hex_encode(sha256_view(pubkey_fingerprint(bench.keys[1].pubkey)), bench.fingerprint);
        for (size_t i = 0; i < SIGNATURES; i++) {
                struct sha256 digest = sha256_of(view_of(&i, sizeof(i)));

                memcpy(bench.digests[i], digest.bytes, SHA256_SIZE);
                key_sign(bench.pair, bench.keys[1].algorithm, sha256_view(&digest),
                         &bench.signatures[i]);
        }
}

static void put_start(struct buf *ret)
{
        buf_put_string(ret, "{" BOOT ",\"config\":\"\",\"dropped\":0,\"origin\":\"" BENCH_ORIGIN
                            "\",\"program\":\"\",\"recovered\":0," COMMON("agent.start") "}");
}

static void put_create(struct buf *ret)
{
        buf_put_format(ret,
                       "{\"algorithm\":\"ecdsa-p256\"," BOOT ",\"fingerprint\":\"%s\",\"key\":"
                       "\"model\",\"publicKey\":\"",
                       bench.fingerprint);
        base64_encode(ret, pubkey_spki(bench.keys[1].pubkey));
        buf_put_string(ret, "\",\"purpose\":\"model\",\"time\":\"2026-11-22T10:00:00.000000Z\","
                            "\"token\":\"tpm0\",\"type\":\"key.create\",\"v\":1,\"version\":1}");
}

static void put_record(struct buf *ret, uint64_t index, int logged)
{
        char hex[HEX_SIZE(SHA256_SIZE)];
        size_t i = index % SIGNATURES;

        if (index < 2) {
                index == 0 ? put_start(ret) : put_create(ret);
                return;
        }
        (void)hex_encode(view_of(bench.digests[i], SHA256_SIZE), hex);
        buf_put_format(ret, "{%s" BOOT "," CALLER, logged ? "" : "\"algorithm\":\"ecdsa-p256\",");
        buf_put_format(ret, logged ? ",\"digests\":[\"sha256:%s\"]" : ",\"digest\":\"sha256:%s\"",
                       hex);
        buf_put_format(ret,
                       ",\"fingerprint\":\"%s\",\"grant\":\"training\",\"key\":\"model\","
                       "\"request\":\"7.%llu\"",
                       bench.fingerprint, (unsigned long long)index);
        if (!logged) {
                buf_put_string(ret, ",\"signature\":\"");
                base64_encode(ret, buf_view(&bench.signatures[i]));
                buf_put_u8(ret, '"');
        }
        buf_put_string(ret, logged ? "," COMMON("sign.logged") : "," COMMON("sign"));
        buf_put_string(ret, ",\"version\":1}");
}

static void write_journal(const char *path, uint64_t records, int logged, struct bench_journal *ret)
{
        _cleanup_(buf_done) struct buf record = {};

        bench_init(ret, path, 8);
        bench.keys[0] = make_key("log", KEY_LOG, ret->log_pair);
        for (uint64_t i = 0; i < records; i++) {
                buf_clear(&record);
                put_record(&record, i, logged);
                bench_need(writer_append(ret->writer, buf_view(&record), bench_answer, ret),
                           "append");
                ret->appended++;
                ret->record_bytes += record.size;
                while (i % 256 == 255 && ret->durable < ret->appended)
                        bench_need(sd_event_run(ret->event, UINT64_MAX), "event loop");
        }
        while (ret->durable < ret->appended)
                bench_need(sd_event_run(ret->event, UINT64_MAX), "event loop");
        bench_publish(ret);
}

static void print_finding(const struct replay_finding *finding, void *context)
{
        (void)fprintf(stderr, "record %llu, %s: %s\n", (unsigned long long)finding->index,
                      finding->where, finding->text);
}

/* Records a second. */
static double replay(const char *path, uint64_t records, int logged)
{
        const struct replay_options options = {.finding = print_finding};
        _cleanup_(journal_freep) struct journal *journal = NULL;
        struct bench_journal written;
        struct replay_result result;
        double start, processor;

        write_journal(path, records, logged, &written);
        bench_need(journal_open(path, &journal, NULL), path);
        start = bench_now();
        processor = bench_processor();
        bench_need(replay_journal(journal, &bench.ring, &options, &result, NULL), "replay");
        start = bench_now() - start;
        (void)printf("replay  %.2f us of processor time a record\n",
                     (bench_processor() - processor) / (double)records * 1e6);
        if (result.findings > 0 || result.records != records)
                bench_need(-EBADMSG, path);
        pubkey_free(bench.keys[0].pubkey);
        bench_done(&written);
        return (double)records / start;
}

/* As fast as libcrypto does it on all processors, with a key prepared for each. */
static EVP_PKEY_CTX *verifiers[POOL_THREADS_MAX];

static void verify(void *job, void *context, unsigned worker)
{
        for (size_t i = 0; i < SIGNATURES; i++)
                bench_need(EVP_PKEY_verify(verifiers[worker], bench.signatures[i].data,
                                           bench.signatures[i].size, bench.digests[i],
                                           SHA256_SIZE) == 1
                                   ? 0
                                   : -EKEYREJECTED,
                           "verify");
}

static double verify_rate(void)
{
        _cleanup_(pool_freep) struct pool *pool = NULL;
        uint64_t jobs = 0;
        double start, processor;

        bench_need(pool_new(verify, NULL, &pool), "threads");
        for (unsigned i = 0; i < pool_workers(pool); i++) {
                verifiers[i] = EVP_PKEY_CTX_new(bench.pair, NULL);
                bench_need(EVP_PKEY_verify_init(verifiers[i]) == 1 ? 0 : -ENOMEM, "verifier");
        }
        for (size_t i = 0; i < pool_room(pool); i++)
                pool_submit(pool, &verifiers);
        start = bench_now();
        processor = bench_processor();
        for (; bench_now() < start + 1; jobs++) {
                (void)pool_collect(pool);
                pool_submit(pool, &verifiers);
        }
        while (pool_collect(pool))
                jobs++;
        start = bench_now() - start;
        (void)printf("bare    %.2f us of processor time a verification\n",
                     (bench_processor() - processor) / (double)(jobs * SIGNATURES) * 1e6);
        for (unsigned i = 0; i < pool_workers(pool); i++)
                EVP_PKEY_CTX_free(verifiers[i]);
        return (double)(jobs * SIGNATURES) / start;
}

int main(int argc, char **argv)
{
        uint64_t signatures, logged;
        char path[4096];
        double bare, rate;

        if (argc != 4 || view_parse_decimal(view_string(argv[2]), &signatures) < 0 ||
            view_parse_decimal(view_string(argv[3]), &logged) < 0) {
                (void)fprintf(stderr, "usage: replay FOLDER SIGNATURES LOGGED\n");
                return 2;
        }
        make_signatures();
        bare = verify_rate();
        (void)snprintf(path, sizeof(path), "%s/signed", argv[1]);
        rate = replay(path, signatures, 0);
        (void)printf("replay  signatures %.0f/s = %.2f of %.0f/s bare on all processors\n", rate,
                     rate / bare, bare);
        (void)snprintf(path, sizeof(path), "%s/logged", argv[1]);
        rate = replay(path, logged, 1);
        (void)printf("replay  records without signatures %.0f/s; peak memory %llu kB\n", rate,
                     (unsigned long long)bench_proc("/proc/self/status", "VmHWM:"));
        pubkey_free(bench.keys[1].pubkey);
        EVP_PKEY_free(bench.pair);
        for (size_t i = 0; i < SIGNATURES; i++)
                buf_done(&bench.signatures[i]);
        return 0;
}
