/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>

#include "agent/approve.h"
#include "agent/freeze.h"
#include "agent/key-change.h"
#include "lib/record-scan.h"
#include "lib/tile.h"

/* What the journal says of keys that their folder does not: the agent died after the one and before
 * the other. What is durable in the journal has happened. A checkpoint follows only when the files
 * are written, so the records after the last one are all that there is to look at. */

static void get(const struct record *record, const char *name, char *ret, size_t size)
{
        struct view text = record_string(record, name);

        (void)snprintf(ret, size, "%.*s", text.data ? (int)text.size : 0,
                       text.data ? (const char *)text.data : "");
}

static void note(struct agent *agent, const struct record *record, const char *method,
                 const struct key *key)
{
        char id[KEY_ID_SIZE];
        struct problem problem = {};
        uint32_t version = 0;

        get(record, "id", id, sizeof(id));
        if (id[0] && keystore_find_request(agent->store, key->info.name,
                                           &(struct key_request){.id = id, .method = method},
                                           &version, &problem) == -ENOENT)
                key_request_note(agent, NULL, method, id, key);
}

/* As it stands in the record, from before the new version is there; or at the end of the old one.
 */
static int end_previous(struct agent *agent, const struct record *record, struct key *previous,
                        const struct key *key, struct problem *problem)
{
        const struct key_end end = {.state = KEY_RETIRED, .ended = key->info.created};

        if (record_string(record, "overlap").data)
                return 0;
        return keystore_end(agent->store, previous, &end, problem);
}

static int let_go_on(struct agent *agent, const struct record *record, struct key *previous,
                     struct problem *problem)
{
        char overlap[RECORD_TIME_SIZE];

        get(record, "overlap", overlap, sizeof(overlap));
        return overlap[0] ? keystore_overlap(agent->store, previous, overlap, problem) : 0;
}

static int take_lapse(struct agent *agent, struct key *key, struct problem *problem)
{
        const struct key_end end = {.state = KEY_RETIRED, .ended = key->info.overlap};

        if (keystore_is_pending(agent->store, key) || key->info.state != KEY_ACTIVE ||
            !key->info.overlap[0])
                return 0;
        return keystore_end(agent->store, key, &end, problem);
}

static int take_rotate(struct agent *agent, const struct record *record, struct key *key,
                       struct problem *problem)
{
        struct key *previous = keystore_find(agent->store, key->info.name, 0);
        int r = 0;

        if (keystore_is_pending(agent->store, key)) {
                if (previous)
                        r = let_go_on(agent, record, previous, problem);
                if (r == 0)
                        r = keystore_commit(agent->store, key, problem);
                if (r == 0 && previous)
                        r = end_previous(agent, record, previous, key, problem);
        }
        key->interrupted = 0;
        if (r == 0)
                note(agent, record, "RotateKey", key);
        return r;
}

static int take_import(struct agent *agent, const struct record *record, struct key *key,
                       struct problem *problem)
{
        int r = keystore_is_pending(agent->store, key) ? keystore_commit(agent->store, key, problem)
                                                       : 0;

        key->interrupted = 0;
        if (r == 0)
                note(agent, record, "ImportKey", key);
        return r;
}

/* Nobody was told of it, and no token has it. */
static void forget_imported(struct agent *agent)
{
        struct key *key;

        for (size_t i = 0; (key = keystore_pending_at(agent->store, i)); i++)
                if (key->info.imported[0]) {
                        keystore_discard(agent->store, key);
                        i--; /* another one is there now */
                }
}

static int take_change(struct agent *agent, const struct record *record,
                       const struct change_kind *kind, struct key *key, struct problem *problem)
{
        struct change facts = {};
        int r = 0;

        if (keystore_is_pending(agent->store, key))
                return 0; /* the end of one that never was */
        get(record, "time", facts.time, sizeof(facts.time));
        get(record, "revoked", facts.revoked, sizeof(facts.revoked));
        /* Its reason may have escapes in the record: it is in the journal. */
        if (kind->from & (1u << key->info.state) &&
            !(kind->to == KEY_DESTROYED && key->info.destroyed[0]))
                r = change_apply(agent, key, kind, &facts, problem);
        if (r == 0)
                note(agent, record, kind->method, key);
        return r;
}

static int take_entry(struct agent *agent, struct view entry, struct problem *problem)
{
        static const char mark[] = "\"type\":\"key.";
        const struct change_kind *kind;
        struct record record;
        struct key *key;
        int r = agent_recover_frozen(agent, entry, problem);

        if (r == 0)
                r = agent_recover_pending(agent, entry, problem);
        if (r < 0)
                return r;
        if (!memmem(entry.data, entry.size, mark, strlen(mark)) || record_scan(entry, &record) < 0)
                return 0;
        key = keystore_find_fingerprint(agent->store, record_string(&record, "fingerprint"));
        if (!key)
                return 0;
        if (record_is(&record, "key.rotate"))
                return take_rotate(agent, &record, key, problem);
        if (record_is(&record, "key.lapse"))
                return take_lapse(agent, key, problem);
        if (record_is(&record, "key.import"))
                return take_import(agent, &record, key, problem);
        if (record_is(&record, "key.create") && !keystore_is_pending(agent->store, key))
                note(agent, &record, "CreateKey", key);
        kind = change_kind_find(view_string(record.type->name));
        return kind ? take_change(agent, &record, kind, key, problem) : 0;
}

int agent_recover_keys(struct agent *agent, struct problem *problem)
{
        uint64_t end = writer_head(agent->writer).size;
        int r = 0;

        for (uint64_t i = agent->recovery.sealed; i < end && r == 0; i++) {
                _cleanup_(buf_done) struct buf entry = BUF_INIT(ENTRY_SIZE_MAX);

                r = writer_read_entry(agent->writer, i, &entry, problem);
                if (r == 0)
                        r = take_entry(agent, buf_view(&entry), problem);
        }
        if (r == 0)
                forget_imported(agent);
        return r < 0 ? problem_prefix(problem, r, "keys") : 0;
}
