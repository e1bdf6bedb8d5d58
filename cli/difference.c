/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/difference.h"

#include <errno.h>

#include "cli/output.h"

#define PRINTED_AT_ONCE ((size_t)1 << 16) /* bytes */

static const char *const words[] = {"missing", "extra", "changed"};

/* One of them, and where to look for the next. */
struct cursor {
        struct inventory_pair pair;
        enum difference kind;
        const char *name;
        const char *odd;                       /* what is there in its place; or NULL */
        const struct sha256 *expected, *found; /* of a changed file that is none of these */
};

void differences_mark(struct model *model, const struct inventory *expected)
{
        struct inventory_pair pair = {};

        while (inventory_next_pair(&model->inventory, expected, &pair))
                if (pair.a && (!pair.b || pair.a->odd))
                        model->inventory.files[pair.next_a - 1].source = INVENTORY_SKIPPED;
}

/* Whether the two files of the pair, of which one may not be there, differ. */
static int look_at(const struct inventory_file *found, const struct inventory_file *expected,
                   struct cursor *cursor)
{
        cursor->name = found ? found->name : expected->name;
        cursor->odd = found ? found->odd : NULL;
        cursor->expected = cursor->found = NULL;
        if (!found || !expected) {
                cursor->kind = found ? DIFFERENCE_EXTRA : DIFFERENCE_MISSING;
                return 1;
        }
        cursor->kind = DIFFERENCE_CHANGED;
        if (found->odd)
                return 1;
        assert(found->source != INVENTORY_UNKNOWN && found->source != INVENTORY_SKIPPED);
        cursor->expected = &expected->digest;
        cursor->found = &found->digest;
        return !view_equal(sha256_view(&found->digest), sha256_view(&expected->digest));
}

static int next(const struct differences *differences, struct cursor *cursor)
{
        while (inventory_next_pair(differences->found, differences->expected, &cursor->pair))
                if (look_at(cursor->pair.a, cursor->pair.b, cursor))
                        return 1;
        return 0;
}

void differences_count(const struct model *model, const struct inventory *expected,
                       struct differences *ret)
{
        struct cursor cursor = {};

        *ret = (struct differences){.found = &model->inventory, .expected = expected};
        while (next(ret, &cursor)) {
                ret->counts[cursor.kind]++;
                ret->count++;
        }
}

static void put_line(const struct cursor *cursor, const char *path, struct buf *text)
{
        char expected[HEX_SIZE(SHA256_SIZE)], found[HEX_SIZE(SHA256_SIZE)];

        output_put_text(text, view_string(path));
        buf_put_u8(text, '/');
        output_put_text(text, view_string(cursor->name));
        buf_put_format(text, ": %s",
                       cursor->kind == DIFFERENCE_EXTRA ? "not signed" : words[cursor->kind]);
        if (cursor->odd)
                buf_put_format(text, ", it is %s", cursor->odd);
        else if (cursor->kind == DIFFERENCE_CHANGED)
                buf_put_format(text, ", signed sha256:%s, found sha256:%s",
                               hex_encode(sha256_view(cursor->expected), expected),
                               hex_encode(sha256_view(cursor->found), found));
        buf_put_u8(text, '\n');
}

/* There may be more of it than memory should hold. */
static int print_some(struct buf *text, size_t least, struct problem *problem)
{
        int r = 0;

        if (text->size >= least || buf_error(text)) {
                r = output_write(text, problem);
                buf_clear(text);
        }
        return r;
}

int differences_print(const struct differences *differences, const char *path,
                      struct problem *problem)
{
        _cleanup_(buf_done) struct buf text = {};
        struct cursor cursor = {};
        int r = 0;

        while (r == 0 && differences->count > 0 && next(differences, &cursor)) {
                put_line(&cursor, path, &text);
                r = print_some(&text, PRINTED_AT_ONCE, problem);
        }
        return r < 0 ? r : print_some(&text, 1, problem);
}

/* A name that is no UTF-8 is shown as it is printed. */
static void put_json(struct buf *text, const char *value)
{
        _cleanup_(buf_done) struct buf printable = {};
        json_t *string = json_string(value);
        char *encoded = NULL;

        if (!string) {
                output_put_text(&printable, view_string(value));
                string = json_stringn((const char *)printable.data, printable.size);
        }
        if (string)
                encoded = json_dumps(string, JSON_ENCODE_ANY | JSON_ENSURE_ASCII);
        json_decref(string);
        if (encoded)
                buf_put_string(text, encoded);
        else
                text->error = text->error ? text->error : -ENOMEM;
        free(encoded);
}

static int print_kind(const struct differences *differences, enum difference kind, struct buf *text,
                      struct problem *problem)
{
        struct cursor cursor = {};
        const char *separator = "";
        int r = 0;

        buf_put_format(text, "\"%s\":[", words[kind]);
        while (r == 0 && next(differences, &cursor)) {
                if (cursor.kind != kind)
                        continue;
                buf_put_string(text, separator);
                put_json(text, cursor.name);
                separator = ",";
                r = print_some(text, PRINTED_AT_ONCE, problem);
        }
        buf_put_string(text, "],");
        return r;
}

int differences_print_json(const struct differences *differences, const char *reason,
                           struct problem *problem)
{
        static const enum difference order[] = {DIFFERENCE_CHANGED, DIFFERENCE_EXTRA,
                                                DIFFERENCE_MISSING};
        _cleanup_(buf_done) struct buf text = {};
        int r = 0;

        buf_put_u8(&text, '{');
        for (size_t i = 0; r == 0 && i < ARRAY_SIZE(order); i++)
                r = print_kind(differences, order[i], &text, problem);
        buf_put_string(&text, "\"reason\":");
        put_json(&text, reason);
        buf_put_string(&text, ",\"verified\":false}\n");
        return r < 0 ? r : print_some(&text, 1, problem);
}

void differences_put_counts(const struct differences *differences, struct buf *text)
{
        static const char *const phrases[] = {"missing", "not signed", "changed"};
        static const enum difference order[] = {DIFFERENCE_CHANGED, DIFFERENCE_MISSING,
                                                DIFFERENCE_EXTRA};
        const char *separator = "";

        for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
                size_t count = differences->counts[order[i]];

                if (count == 0)
                        continue;
                buf_put_format(text, "%s%zu file%s %s", separator, count, count == 1 ? "" : "s",
                               phrases[order[i]]);
                separator = ", ";
        }
}
