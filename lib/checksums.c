/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/checksums.h"

#include <errno.h>

#define DIGITS     (2 * SHA256_SIZE)
#define LINES_REST 8192 /* that are seen need no memory any more */

static int needs_escapes(const char *name)
{
        return strpbrk(name, "\\\n\r") != NULL;
}

static void put_name(struct buf *buf, const char *name)
{
        for (; *name; name++) {
                switch (*name) {
                case '\\':
                        buf_put_string(buf, "\\\\");
                        break;
                case '\n':
                        buf_put_string(buf, "\\n");
                        break;
                case '\r':
                        buf_put_string(buf, "\\r");
                        break;
                default:
                        buf_put_u8(buf, (uint8_t)*name);
                }
        }
}

int checksums_put(struct buf *buf, const struct inventory *inventory)
{
        char hex[HEX_SIZE(SHA256_SIZE)];

        for (size_t i = 0; i < inventory->count; i++) {
                const struct inventory_file *file = &inventory->files[i];

                if (needs_escapes(file->name))
                        buf_put_u8(buf, '\\');
                buf_put_string(buf, hex_encode(sha256_view(&file->digest), hex));
                /* A dash alone is standard input, for sha256sum. */
                buf_put_string(buf, string_equal(file->name, "-") ? "  ./" : "  ");
                put_name(buf, file->name);
                buf_put_u8(buf, '\n');
                inventory_rest(inventory, i);
        }
        return buf_error(buf);
}

/* Undoes the escapes of the name of a line that has them. */
static int take_escaped(struct view text, struct buf *ret)
{
        static const char letters[] = "\\nr", characters[] = "\\\n\r";
        const char *letter;

        for (size_t i = 0; i < text.size; i++) {
                uint8_t c = text.data[i];

                if (c == '\\') {
                        letter = ++i < text.size && text.data[i] ? strchr(letters, text.data[i])
                                                                 : NULL;
                        if (!letter)
                                return -EBADMSG;
                        c = (uint8_t)characters[letter - letters];
                }
                buf_put_u8(ret, c);
        }
        return buf_error(ret);
}

static int add(struct view name, const struct sha256 *digest, struct inventory *ret,
               struct problem *problem)
{
        struct inventory_file *file;
        const char *fault;
        int r;

        if (name.size > 2 && name.data[0] == '.' && name.data[1] == '/')
                name = view_of(name.data + 2, name.size - 2);
        fault = inventory_name_fault(name);
        if (fault)
                return problem_set(problem, -EBADMSG, "%s", fault);
        r = inventory_add(ret, name, &file);
        if (r == 0)
                file->digest = *digest;
        return r == -EMSGSIZE ? problem_set(problem, -EBADMSG, "too many files") : r;
}

static int read_line(struct view line, struct inventory *ret, struct problem *problem)
{
        _cleanup_(buf_done) struct buf name = {};
        struct reader reader = reader_init(line);
        struct sha256 digest;
        struct view digits;
        uint8_t kind;
        int escaped = line.size > 0 && line.data[0] == '\\', r;

        if (escaped)
                (void)reader_u8(&reader);
        digits = reader_bytes(&reader, DIGITS);
        reader_expect(&reader, " ");
        kind = reader_u8(&reader);
        if (reader.bad || (kind != ' ' && kind != '*') ||
            hex_decode(digits, digest.bytes, SHA256_SIZE) < 0)
                return problem_set(problem, -EBADMSG,
                                   "expected a SHA-256 digest, two spaces and a name");
        if (!escaped)
                return add(reader_rest(&reader), &digest, ret, problem);
        r = take_escaped(reader_rest(&reader), &name);
        if (r == -EBADMSG)
                return problem_set(problem, r, "expected \\\\, \\n or \\r");
        return r < 0 ? r : add(buf_view(&name), &digest, ret, problem);
}

int checksums_parse(const struct buf *text, struct inventory *ret, struct problem *problem)
{
        struct reader reader = reader_init(buf_view(text));

        if (text->size == 0 || text->data[text->size - 1] != '\n')
                return problem_set(problem, -EBADMSG, "manifest: expected lines");
        for (size_t number = 1; reader.left > 0; number++) {
                int r = read_line(reader_until(&reader, '\n'), ret, problem);

                if (r == -ENOMEM)
                        return r;
                if (r < 0)
                        return problem_prefix(problem, spool_problem(problem, r),
                                              "manifest: line %zu", number);
                if (number % LINES_REST == 0)
                        spool_rest(text);
        }
        return inventory_sort(ret, problem);
}
