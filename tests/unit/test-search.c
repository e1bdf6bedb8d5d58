/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/search.h"
#include "tests/unit/written-quickly.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>

#define BUNDLES 12 /* of a journal of 3000 records */

struct asked {
        int wanted;
        int answers;
        int error;
        uint64_t index;
        unsigned turn; /* of the answer */
};

static unsigned turn; /* of the event loop */

static int is_wanted(void *context)
{
        const struct asked *asked = context;

        return asked->wanted;
}

static void on_answer(void *context, int error, uint64_t index, const struct problem *problem)
{
        struct asked *asked = context;

        asked->answers++;
        asked->error = error;
        asked->index = index;
        asked->turn = turn;
}

static void digest_of(unsigned number, char ret[80])
{
        (void)snprintf(ret, 80, "sha256:%064x", number);
}

/* A record of a signature of the digest of that number. */
static void append_signature(struct written *written, unsigned number)
{
        char digest[80], record[1024];
        int length;

        digest_of(number, digest);
        length = snprintf(
                record, sizeof(record),
                "{\"algorithm\":\"ecdsa-p256\",\"boot\":\"0123456789abcdef0123456789abcdef\","
                "\"caller\":{\"gid\":1000,\"identity\":\"pidfd\",\"pid\":4242,\"uid\":1000},"
                "\"digest\":\"%s\",\"fingerprint\":\"%064x\",\"grant\":\"training\","
                "\"key\":\"model\",\"request\":\"r1\",\"signature\":\"AAAA\","
                "\"time\":\"2026-11-22T10:00:00.000000Z\",\"type\":\"sign\",\"v\":1,"
                "\"version\":1}",
                digest, 7);
        expect_integer(written_append(written, view_of(record, (size_t)length)), 0);
        writer_commit(written->writer);
}

static struct searches *open_searches(struct written *written, uint64_t seed)
{
        struct searches *searches = NULL;

        written_init(written, seed);
        expect_open(written, 0, 0);
        expect_integer(searches_new(written->event, written->writer, &searches), 0);
        assert(searches);
        return searches;
}

static int begin(struct searches *searches, unsigned number, struct asked *asked)
{
        char digest[80];

        *asked = (struct asked){.wanted = 1};
        digest_of(number, digest);
        return searches_begin(searches,
                              &(struct search_question){digest, is_wanted, on_answer, asked});
}

/* A turn of the loop, which has something to do. */
static void take_turn(struct written *written)
{
        turn++;
        expect(sd_event_run(written->event, UINT64_MAX) > 0);
}

static void expect_answer(struct written *written, struct searches *searches, unsigned number,
                          int error, uint64_t index)
{
        struct asked asked;

        expect_integer(begin(searches, number, &asked), 0);
        expect_integer(asked.answers, 0);
        while (asked.answers == 0)
                take_turn(written);
        written_run(written); /* it is asked once, and no turn is taken for nothing */
        expect_integer(asked.answers, 1);
        expect_integer(asked.error, error);
        if (error == 0)
                expect_integer(asked.index, index);
}

/* Old records, new ones, in memory and on the disk, and none that are older than that. */
static void test_found(void)
{
        struct written written;
        struct searches *searches = open_searches(&written, 31);

        expect_answer(&written, searches, 1, -ENOENT, 0);
        append_signature(&written, 1);
        expect_answer(&written, searches, 1, 0, 0);
        append_noise(&written, SEARCH_RECORDS - 2, 4);
        append_signature(&written, 2);
        expect_integer(writer_head(written.writer).size, SEARCH_RECORDS);
        expect_answer(&written, searches, 1, 0, 0);
        expect_answer(&written, searches, 2, 0, SEARCH_RECORDS - 1);
        expect_published(&written);
        expect_answer(&written, searches, 1, 0, 0);
        append_signature(&written, 2); /* the newest of two */
        expect_answer(&written, searches, 2, 0, SEARCH_RECORDS);
        expect_answer(&written, searches, 3, -ENOENT, 0);
        append_noise(&written, TILE_WIDTH, 4);
        expect_answer(&written, searches, 1, -ENOENT, 0);
        expect_answer(&written, searches, 2, 0, SEARCH_RECORDS);
        searches_free(searches);
        written_done(&written);
}

static int on_call(sd_event_source *source, void *context)
{
        unsigned *calls = context;

        (*calls)++;
        return 0;
}

static sd_event_source *add_call(struct written *written, unsigned *calls)
{
        sd_event_source *source = NULL;

        expect_integer(sd_event_add_defer(written->event, &source, on_call, calls), 0);
        expect(sd_event_source_set_enabled(source, SD_EVENT_ONESHOT) >= 0);
        return source;
}

/* A call that comes in between waits for one bundle at most. */
static void test_others_are_served(void)
{
        struct written written;
        struct searches *searches = open_searches(&written, 32);
        unsigned begun, calls = 0;
        struct asked asked;

        append_noise(&written, 3000, 100);
        written_run(&written);
        begun = turn;
        expect_integer(begin(searches, 1, &asked), 0);
        for (unsigned i = 1; i <= 4; i++) {
                sd_event_source *call = add_call(&written, &calls);
                unsigned before = turn;

                while (calls < i)
                        take_turn(&written);
                expect(turn - before <= 2);
                expect_integer(asked.answers, 0);
                sd_event_source_unref(call);
                take_turn(&written); /* a bundle */
        }
        while (asked.answers == 0)
                take_turn(&written);
        expect_integer(asked.error, -ENOENT);
        expect(turn - begun >= BUNDLES + 4); /* never two in a turn */
        searches_free(searches);
        written_done(&written);
}

static int on_readable(sd_event_source *source, int fd, uint32_t events, void *context)
{
        return on_call(source, context);
}

/* Whoever never pauses does not put it off for ever. */
static void test_busy_loop(void)
{
        struct written written;
        struct searches *searches = open_searches(&written, 33);
        struct asked asked;
        sd_event_source *busy = NULL;
        unsigned calls = 0;
        int fd = eventfd(1, EFD_CLOEXEC); /* always readable */

        append_signature(&written, 1);
        append_noise(&written, 600, 100);
        expect(sd_event_add_io(written.event, &busy, fd, EPOLLIN, on_readable, &calls) >= 0);
        expect_integer(begin(searches, 1, &asked), 0);
        while (asked.answers == 0)
                take_turn(&written);
        expect_integer(asked.error, 0);
        expect_integer(asked.index, 0);
        expect(calls > 0);
        sd_event_source_disable_unref(busy);
        (void)close(fd);
        searches_free(searches);
        written_done(&written);
}

/* One that looks far does not hold up one that does not. */
static void test_turns(void)
{
        struct written written;
        struct searches *searches = open_searches(&written, 34);
        struct asked far, near;

        append_noise(&written, 2999, 100);
        append_signature(&written, 1);
        written_run(&written);
        expect_integer(begin(searches, 2, &far), 0);
        expect_integer(begin(searches, 1, &near), 0);
        while (near.answers == 0)
                take_turn(&written);
        expect_integer(far.answers, 0);
        while (far.answers == 0)
                take_turn(&written);
        expect(far.turn - near.turn >= BUNDLES - 2);
        searches_free(searches);
        written_done(&written);
}

static void test_not_wanted(void)
{
        struct written written;
        struct searches *searches = open_searches(&written, 35);
        struct asked gone, left, many[SEARCHES_MAX];

        append_noise(&written, 3000, 100);
        written_run(&written);
        expect_integer(begin(searches, 1, &gone), 0);
        gone.wanted = 0;
        take_turn(&written);
        expect_integer(gone.answers, 1);
        expect_integer(gone.error, -ECANCELED);
        for (size_t i = 0; i < SEARCHES_MAX; i++)
                expect_integer(begin(searches, 1, &many[i]), 0);
        expect_integer(begin(searches, 1, &left), -EBUSY);
        searches_free(searches); /* when the agent ends */
        for (size_t i = 0; i < SEARCHES_MAX; i++) {
                expect_integer(many[i].answers, 1);
                expect_integer(many[i].error, -ECANCELED);
        }
        expect_integer(left.answers, 0);
        written_done(&written);
}

/* What is not there is not taken for a record without that digest. */
static void test_lost_bundle(void)
{
        struct written written;
        struct searches *searches = open_searches(&written, 36);
        char path[160];

        append_noise(&written, 600, 100);
        expect_published(&written);
        (void)snprintf(path, sizeof(path), "%s/tile/entries/000", written.path);
        expect_integer(unlink(path), 0);
        expect_answer(&written, searches, 1, -EBADMSG, 0);
        searches_free(searches);
        written_done(&written);
}

int main(void)
{
        test_found();
        test_others_are_served();
        test_busy_loop();
        test_turns();
        test_not_wanted();
        test_lost_bundle();
        return test_result();
}
