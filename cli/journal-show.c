/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sys/inotify.h>

#include "cli/journal-filter.h"
#include "cli/journal-member.h"
#include "cli/option.h"
#include "cli/output.h"
#include "lib/hashedrekord.h"
#include "lib/journal.h"
#include "lib/record.h"

enum {
        OPTION_FOLLOW,
        OPTION_KEY,
        OPTION_USER,
        OPTION_UNIT,
        OPTION_DIGEST,
        OPTION_TYPE,
        OPTION_AFTER,
        OPTION_BEFORE,
};

#define FLUSH_SIZE  ((size_t)65536)
#define EVENTS_SIZE ((size_t)4096)

/* What a record of a type shows after its time and type. What stands before a dot leads into
 * that member. */
static const struct {
        const char *type;
        const char *members[10];
} summaries[] = {
        {"agent.start", {"origin", "program", "config", "recovered", "dropped"}},
        {"agent.stop", {"reason"}},
        {"anchor", {"token", "index", "counter", "size"}},
        {"anchor.acknowledge", {"token", "index", "expected", "counter", "reason", "caller.user"}},
        {"anchor.intent", {"token", "index", "counter"}},
        {"attest",
         {"key", "version", "predicateType", "subjectCount", "digest", "builder", "run",
          "caller.user", "caller.unit"}},
        {"audit", {"token", "outcome", "size", "reason"}},
        {"checkpoint.witness", {"witness", "size"}},
        {"clock", {"before"}},
        {"config", {"config"}},
        {"freeze", {"key", "reason", "caller.user"}},
        {"intent", {"key", "version", "digest", "outcome", "reason", "caller.user", "caller.unit"}},
        {"key.create",
         {"key", "version", "algorithm", "purpose", "token", "transparency", "useCounter",
          "witness", "fingerprint"}},
        {"key.attest", {"key", "version", "evidence.kind", "caller.user", "fingerprint"}},
        {"key.count", {"key", "version", "count"}},
        {"key.destroy", {"key", "version", "reason", "caller.user", "approver.user"}},
        {"key.due", {"key", "version", "due"}},
        {"key.import", {"key", "version", "algorithm", "state", "fingerprint", "caller.user"}},
        {"key.lapse", {"key", "version", "overlap"}},
        {"key.retire", {"key", "version", "reason", "caller.user"}},
        {"key.revoke", {"key", "version", "revoked", "reason", "caller.user", "approver.user"}},
        {"key.rotate",
         {"key", "version", "algorithm", "purpose", "token", "caller.user", "fingerprint"}},
        {"keyring", {"digest"}},
        {"pending", {"approval", "method", "key", "version", "reason", "until", "caller.user"}},
        {"refuse", {"error", "method", "key", "count", "caller.user", "caller.unit", "reason"}},
        {"sign", {"key", "version", "digest", "grant", "caller.user", "caller.unit"}},
        {"sign.logged", {"key", "version", "digest", "grant", "caller.user", "caller.unit"}},
        {"thaw", {"key", "reason", "caller.user", "approver.user"}},
        {"token",
         {"token", "state", "reason", "health.pin", "health.lockout-counter", "health.lockout-max",
          "health.in-lockout"}},
        {"token.unlock", {"token", "state", "reason", "caller.user"}},
};

struct show {
        const struct journal *journal;
        struct buf text;
        int json;
        int terminal;
        struct journal_filter filter;
        uint64_t next;  /* index after the last entry shown */
        uint64_t wrong; /* entries that are no records */
        struct problem *problem;
};

/* Of several, the first, and how many more there are. */
static void put_member(struct buf *text, const json_t *record, const char *name)
{
        const json_t *value = journal_member(record, name);
        size_t count = json_array_size(value); /* 0 for what is no array */
        const char *dot = strchr(name, '.');

        name = dot ? dot + 1 : name;
        if (count > 0)
                value = json_array_get(value, 0);
        if (json_is_string(value) && json_string_length(value) > 0) {
                buf_put_format(text, " %s=", name);
                output_put_text(text, view_of(json_string_value(value), json_string_length(value)));
        } else if (json_is_integer(value)) {
                buf_put_format(text, " %s=%lld", name, (long long)json_integer_value(value));
        }
        if (count > 1)
                buf_put_format(text, " (+%zu)", count - 1);
}

static void put_record(struct buf *text, const json_t *record)
{
        const char *type = json_member_string(record, "type");

        buf_put_format(text, "  %s  %-11s", json_member_string(record, "time"), type);
        for (size_t i = 0; i < ARRAY_SIZE(summaries); i++) {
                if (!string_equal(summaries[i].type, type))
                        continue;
                for (size_t j = 0; j < ARRAY_SIZE(summaries[i].members); j++)
                        if (summaries[i].members[j])
                                put_member(text, record, summaries[i].members[j]);
        }
        buf_put_u8(text, '\n');
}

/* A Sigstore entry of the signature before it. */
static void put_entry(struct buf *text, const struct hashedrekord *entry)
{
        buf_put_format(text, "  %-27s  %-11s digest=", "", HASHEDREKORD_KIND);
        digest_put(text, entry->algorithm->hash,
                   view_of(entry->digest, entry->algorithm->digest_size));
        buf_put_format(text, " keyDetails=%s\n", entry->algorithm->key_details);
}

static void put_line(struct show *show, uint64_t index, const json_t *record,
                     const struct hashedrekord *entry, const struct problem *why)
{
        buf_put_format(&show->text, "%8llu", (unsigned long long)index);
        if (entry->pubkey)
                put_entry(&show->text, entry);
        else if (record)
                put_record(&show->text, record);
        else
                buf_put_format(&show->text, "  no record: %s\n", why->text);
}

/* Records as they are in the journal; in ASCII on a terminal, which might obey some of their
 * characters. */
static void put_json(struct show *show, uint64_t index, struct view bytes, const json_t *record,
                     const struct problem *why)
{
        const char *name = hashedrekord_is(bytes) ? "entry" : "record";
        char *text = NULL;

        buf_put_format(&show->text, "{\"index\":%llu,\"%s\":", (unsigned long long)index,
                       record ? name : "problem");
        if (record && !show->terminal) {
                buf_put_view(&show->text, bytes);
        } else {
                json_t *value =
                        record ? json_incref((json_t *)(uintptr_t)record) : json_string(why->text);

                text = json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENSURE_ASCII |
                                                 JSON_ENCODE_ANY);
                buf_put_string(&show->text, text ? text : "null");
                json_decref(value);
                free(text);
        }
        buf_put_string(&show->text, "}\n");
}

static int flush(struct show *show)
{
        int r = output_write(&show->text, show->problem);

        buf_clear(&show->text);
        return r;
}

static int show_entry(uint64_t index, struct view bytes, void *context)
{
        struct show *show = context;
        _cleanup_(hashedrekord_done) struct hashedrekord entry = {};
        _cleanup_(json_decrefp) json_t *record = NULL;
        struct problem why = {};
        int r;

        if (hashedrekord_is(bytes)) {
                r = hashedrekord_parse(bytes, &entry, &why);
                if (r == 0) /* for --json, which shows it as it is */
                        r = json_parse_object(bytes, &record, &why);
        } else {
                r = record_parse(bytes, &record, &why);
        }

        if (r == -ENOMEM)
                return r;
        if (r < 0) {
                (void)problem_set(&why, r, "%s", strerror(-r));
                show->wrong++;
        }
        /* An entry has no caller and no time; what is no record may be anything, and is shown. */
        if (record && journal_filter_is_set(&show->filter) &&
            (entry.pubkey || !journal_filter_takes(&show->filter, record)))
                return 0;
        if (show->json)
                put_json(show, index, bytes, record, &why);
        else
                put_line(show, index, record, &entry, &why);
        return show->text.size >= FLUSH_SIZE ? flush(show) : 0;
}

static int show_new(struct show *show)
{
        int r = journal_walk(show->journal, show->next, show_entry, show, &show->next,
                             show->problem),
            flushed;

        flushed = flush(show);
        return r < 0 ? r : flushed;
}

/* The folder of the write-ahead files when there is one; a copy for publishing has none. */
static int watch(const char *path, int *ret, struct problem *problem)
{
        static const uint32_t events =
                IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
        _cleanup_(fd_closep) int fd = inotify_init1(IN_CLOEXEC);
        char folder[PATH_MAX];
        int r;

        (void)snprintf(folder, sizeof(folder), "%s/" WAL_DIRECTORY, path);
        if (fd < 0 || inotify_add_watch(fd, path, events) < 0) {
                r = -errno;
                return problem_set(problem, r, "%s: cannot watch: %s", path, strerror(-r));
        }
        if (inotify_add_watch(fd, folder, events) < 0 && errno != ENOENT) {
                r = -errno;
                return problem_set(problem, r, "%s: cannot watch: %s", folder, strerror(-r));
        }
        *ret = TAKE_FD(fd);
        return 0;
}

/* Waits until something in the folder has changed. -ENOENT when the folder is gone. */
static int wait_for_change(int fd, struct problem *problem)
{
        _Alignas(struct inotify_event) char events[EVENTS_SIZE];
        ssize_t size;

        do
                size = read(fd, events, sizeof(events));
        while (size < 0 && errno == EINTR);
        if (size < 0)
                return problem_set(problem, -errno, "inotify: %s", strerror(errno));
        for (ssize_t at = 0; at < size;) {
                const struct inotify_event *event = (const void *)(events + at);

                if (event->mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED))
                        return problem_set(problem, -ENOENT, "the folder was removed or renamed");
                at += (ssize_t)(sizeof(*event) + event->len);
        }
        return 0;
}

static int follow(struct show *show, const char *path)
{
        _cleanup_(fd_closep) int fd = -1;
        int r = watch(path, &fd, show->problem);

        while (r == 0) {
                r = show_new(show);
                if (r == 0)
                        r = wait_for_change(fd, show->problem);
        }
        return problem_prefix(show->problem, r, "%s", path);
}

static struct journal_filter read_filter(const struct invocation *invocation)
{
        return (struct journal_filter){
                .key = option_value(invocation, OPTION_KEY),
                .user = option_value(invocation, OPTION_USER),
                .unit = option_value(invocation, OPTION_UNIT),
                .digest = option_value(invocation, OPTION_DIGEST),
                .type = option_value(invocation, OPTION_TYPE),
                .after = option_value(invocation, OPTION_AFTER),
                .before = option_value(invocation, OPTION_BEFORE),
        };
}

static enum answer run(const struct invocation *invocation, struct problem *problem)
{
        _cleanup_(journal_freep) struct journal *journal = NULL;
        const char *path = invocation->operands[0];
        struct show show = {.json = invocation->json,
                            .terminal = isatty(STDOUT_FILENO),
                            .filter = read_filter(invocation),
                            .problem = problem};
        int r = journal_filter_check(&show.filter, problem);

        if (r == 0)
                r = journal_open(path, &journal, problem);
        if (r < 0)
                return answer_of(r, problem);
        show.journal = journal;
        r = option_value(invocation, OPTION_FOLLOW) ? follow(&show, path) : show_new(&show);
        buf_done(&show.text);
        if (r < 0)
                return answer_of(r, problem);
        if (show.wrong == 0)
                return ANSWER_YES;
        (void)problem_set(problem, -EBADMSG, "%s: %llu of %llu entries are no records", path,
                          (unsigned long long)show.wrong, (unsigned long long)show.next);
        return ANSWER_NO;
}

const struct verb verb_journal_show = {
        .group = "journal",
        .name = "show",
        .operands = "DIR",
        .help = "print the records of a journal; verifies nothing",
        .operands_min = 1,
        .operands_max = 1,
        .options =
                {
                        [OPTION_FOLLOW] = {"follow", "f", NULL, "go on with records as they come"},
                        [OPTION_KEY] = {"key", NULL, "NAME", "only of this key"},
                        [OPTION_USER] = {"user", NULL, "NAME", "only asked for by this user"},
                        [OPTION_UNIT] = {"unit", NULL, "UNIT", "only asked for out of this unit"},
                        [OPTION_DIGEST] = {"digest", NULL, "HASH:HEX", "only of this digest"},
                        [OPTION_TYPE] = {"type", NULL, "TYPE", "only of this type"},
                        [OPTION_AFTER] = {"after", NULL, "TIME", "only from this time on"},
                        [OPTION_BEFORE] = {"before", NULL, "TIME", "only before this time"},
                },
        .run = run,
};
