/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/chain.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "lib/file.h"
#include "lib/statement.h"

/* What is no JSON is none of ours, and not worth a word. */
static int looks_like_json(struct view text)
{
        size_t i = 0;

        while (i < text.size && (text.data[i] == ' ' || text.data[i] == '\n' ||
                                 text.data[i] == '\r' || text.data[i] == '\t'))
                i++;
        return i < text.size && text.data[i] == '{';
}

static int read_attestation(struct view text, struct chain_attestation *ret,
                            struct problem *problem)
{
        const char *type;
        int r = in_toto_envelope_parse(text, &ret->envelope, problem);

        if (r < 0)
                return r;
        type = json_member_string(ret->envelope.payload, "_type");
        ret->is_layout = type && string_equal(type, "layout");
        if (ret->is_layout)
                return 0;
        if (type && string_equal(type, STATEMENT_TYPE))
                return in_toto_link_from_statement(ret->envelope.payload, &ret->link, problem);
        return in_toto_link_parse(ret->envelope.payload, &ret->link, problem);
}

static void attestation_done(struct chain_attestation *attestation)
{
        if (!attestation)
                return;
        in_toto_link_done(&attestation->link);
        in_toto_envelope_done(&attestation->envelope);
        free(attestation->file);
        *attestation = (struct chain_attestation){};
}

/* What cannot be read is noted: it attests nothing, and others may attest the step. */
static int load_file(struct chain *chain, int dir_fd, const char *name)
{
        _cleanup_(attestation_done) struct chain_attestation attestation = {};
        _cleanup_(buf_done) struct buf text = BUF_INIT(IN_TOTO_SIZE_MAX);
        struct problem problem = {};
        int r = file_read(dir_fd, name, &text, &problem);

        if (r == -ENOMEM)
                return r;
        if (r == 0 && !looks_like_json(buf_view(&text)))
                return 0;
        attestation.file = strdup(name);
        if (!attestation.file)
                return -ENOMEM;
        if (r == 0)
                r = read_attestation(buf_view(&text), &attestation, &problem);
        if (r == -ENOMEM)
                return r;
        if (r < 0)
                return chain_note(chain, name, problem_text(&problem, r));
        chain->found[chain->found_count++] = attestation;
        attestation = (struct chain_attestation){};
        return 0;
}

static int compare_names(const void *a, const void *b)
{
        return strcmp(*(char *const *)a, *(char *const *)b);
}

struct names {
        char **items;
        size_t count;
};

static void names_done(struct names *names)
{
        for (size_t i = 0; i < names->count; i++)
                free(names->items[i]);
        free(names->items);
}

static int is_file(int dir_fd, const struct dirent *entry)
{
        struct stat status;

        return entry->d_name[0] != '.' && fstatat(dir_fd, entry->d_name, &status, 0) == 0 &&
               S_ISREG(status.st_mode);
}

/* The files, in the order of their names, so that the answer does not depend on the disk. */
static int list_files(DIR *dir, const char *path, struct names *ret, struct problem *problem)
{
        const struct dirent *entry;

        ret->items = calloc(CHAIN_FILES_MAX, sizeof(*ret->items));
        if (!ret->items)
                return -ENOMEM;
        for (errno = 0; (entry = readdir(dir)); errno = 0) {
                if (!is_file(dirfd(dir), entry))
                        continue;
                if (ret->count == CHAIN_FILES_MAX)
                        return problem_set(problem, -EMSGSIZE, "%s: more than %zu files", path,
                                           CHAIN_FILES_MAX);
                ret->items[ret->count] = strdup(entry->d_name);
                if (!ret->items[ret->count++])
                        return -ENOMEM;
        }
        if (errno != 0) {
                int r = -errno;

                return problem_set(problem, r, "%s: %s", path, strerror(-r));
        }
        qsort(ret->items, ret->count, sizeof(*ret->items), compare_names);
        return 0;
}

int chain_load(struct chain *chain, const char *directory, struct problem *problem)
{
        _cleanup_(dir_closep) DIR *dir = opendir(directory);
        _cleanup_(names_done) struct names names = {};
        int r;

        if (!dir) {
                r = -errno;
                return problem_set(problem, r, "%s: %s", directory, strerror(-r));
        }
        r = list_files(dir, directory, &names, problem);
        if (r < 0)
                return r;
        chain->found = calloc(names.count + 1, sizeof(*chain->found));
        if (!chain->found)
                return -ENOMEM;
        for (size_t i = 0; r == 0 && i < names.count; i++)
                r = load_file(chain, dirfd(dir), names.items[i]);
        return r;
}
