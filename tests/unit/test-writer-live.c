/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/written-quickly.h"

#include <sys/wait.h>

/*
 * Verifying and reading a journal while another process writes it: bundles appear, partial ones and
 * segments go, and none of that is a fault.
 */

#define RECORDS 3000

/* An event loop does not outlive fork(), so the child begins everything itself. */
static void write_on(struct written *written, int ready_fd)
{
        sd_event_unref(written->event);
        assert(sd_event_new(&written->event) == 0);
        expect_open(written, 0, 0);
        expect_published(written);
        assert(write(ready_fd, "", 1) == 1);
        while (written->asked < RECORDS && test_failures == 0) {
                for (uint64_t i = 1 + written_random(written, 4); i > 0; i--)
                        expect_integer(written_append_record(written), 0);
                written_run(written);
                expect_published(written);
        }
        _exit(test_failures > 0 ? EXIT_FAILURE : EXIT_SUCCESS);
}

static int count_entry(uint64_t index, struct view bytes, void *context)
{
        size_t *count = context;

        expect_integer(index, (*count)++);
        return 0;
}

static size_t walk(const struct written *written)
{
        _cleanup_(journal_freep) struct journal *journal = NULL;
        struct problem problem = {};
        uint64_t next = 0;
        size_t count = 0;
        int r = journal_open(written->path, &journal, &problem);

        if (r == 0)
                r = journal_walk(journal, 0, count_entry, &count, &next, &problem);
        expect_integer(r, 0);
        expect_text(view_string(problem.text), "");
        return count;
}

int main(void)
{
        struct written written;
        struct replay_result result;
        size_t before = 0, now, looks = 0;
        int status = 0, ready[2];
        pid_t pid;
        char byte;

        written_init(&written, 1);
        assert(pipe2(ready, O_CLOEXEC) == 0);
        pid = fork();
        assert(pid >= 0);
        if (pid == 0)
                write_on(&written, ready[1]);
        (void)close(ready[1]);
        expect_integer(read(ready[0], &byte, 1), 1);
        (void)close(ready[0]);
        while (waitpid(pid, &status, WNOHANG) == 0 && test_failures == 0) {
                written_expect_replay(&written, NULL, &result);
                expect(result.records >= before && result.records >= result.checkpoint.size);
                before = result.records;
                now = walk(&written);
                expect(now >= before);
                before = now;
                looks++;
        }
        expect(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS);
        expect(looks > 3 && before > 0);
        written_done(&written);
        return test_result();
}
