/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/json-hollow.h"

#include <errno.h>

void json_hollow_done(struct json_hollow *hollow)
{
        buf_done(&hollow->rest);
        buf_done(&hollow->object);
}

static int is_space(uint8_t c)
{
        return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static int name_is(const struct json_hollow *hollow, const char *name)
{
        return hollow->name_size == strlen(name) &&
               memcmp(hollow->name, name, hollow->name_size) == 0;
}

static void enter_string(struct json_hollow *hollow)
{
        hollow->name_size = 0;
        hollow->state = HOLLOW_REST_STRING;
}

/* Whether the value that begins with @c is the one that is taken. */
static int takes(struct json_hollow *hollow, uint8_t c)
{
        if (!hollow->at_inner || hollow->is_taken ||
            c != (hollow->kind == JSON_HOLLOW_STRING ? '"' : '['))
                return 0;
        hollow->is_taken = 1;
        hollow->state = hollow->kind == JSON_HOLLOW_STRING ? HOLLOW_STRING : HOLLOW_ARRAY_BEGIN;
        return 1;
}

static void put_colon(struct json_hollow *hollow)
{
        hollow->at_outer = hollow->depth == 1 && name_is(hollow, hollow->outer);
        hollow->at_inner = hollow->depth == 2 && hollow->in_outer && name_is(hollow, hollow->inner);
}

/* What is outside of strings, and no space. */
static void put_token(struct json_hollow *hollow, uint8_t c)
{
        int at_outer = hollow->at_outer;

        if (takes(hollow, c))
                return;
        hollow->at_outer = hollow->at_inner = 0;
        switch (c) {
        case '"':
                enter_string(hollow);
                break;
        case ':':
                put_colon(hollow);
                break;
        case '{':
        case '[':
                hollow->in_outer |= c == '{' && at_outer;
                hollow->depth++;
                break;
        case '}':
        case ']':
                hollow->depth -= hollow->depth > 0;
                hollow->in_outer &= hollow->depth >= 2;
                break;
        default:
                break;
        }
}

/* One byte that stays. A name that is too long, or has escapes, is not the one looked for. */
static void put_rest(struct json_hollow *hollow, uint8_t c)
{
        buf_put_u8(&hollow->rest, c);
        if (hollow->state == HOLLOW_REST_ESCAPE) {
                hollow->state = HOLLOW_REST_STRING;
        } else if (hollow->state == HOLLOW_REST_STRING && c == '"') {
                hollow->state = HOLLOW_REST;
        } else if (hollow->state == HOLLOW_REST_STRING) {
                if (c == '\\')
                        hollow->state = HOLLOW_REST_ESCAPE;
                if (hollow->name_size < sizeof(hollow->name))
                        hollow->name[hollow->name_size++] = (char)c;
        } else if (!is_space(c)) {
                put_token(hollow, c);
        }
}

static int is_plain(uint8_t c)
{
        return c >= ' ' && c <= '~' && c != '"' && c != '\\';
}

/* As much of the string as there is. */
static int take_string(struct json_hollow *hollow, struct view *piece, struct problem *problem)
{
        size_t size = 0;
        int r;

        while (size < piece->size && is_plain(piece->data[size]))
                size++;
        r = size > 0 ? hollow->take(hollow->context, view_of(piece->data, size), problem) : 0;
        *piece = view_of(piece->data + size, piece->size - size);
        if (r < 0 || piece->size == 0)
                return r;
        if (piece->data[0] == '"') {
                hollow->state = HOLLOW_REST;
                hollow->at_inner = 0;
                buf_put_u8(&hollow->rest, '"');
        } else if (piece->data[0] == '\\') {
                hollow->state = HOLLOW_STRING_ESCAPE;
        } else {
                return problem_set(problem, -EBADMSG, "member \"%s\": no printable ASCII",
                                   hollow->inner);
        }
        *piece = view_of(piece->data + 1, piece->size - 1);
        return 0;
}

/* What an escape stands for. */
static int take_character(struct json_hollow *hollow, unsigned character, struct problem *problem)
{
        const uint8_t c = (uint8_t)character;

        if (character < ' ' || character > '~')
                return problem_set(problem, -EBADMSG, "member \"%s\": no printable ASCII",
                                   hollow->inner);
        hollow->state = HOLLOW_STRING;
        return hollow->take(hollow->context, view_of(&c, 1), problem);
}

/* Those of control characters stand for nothing that could be taken. */
static int take_escape(struct json_hollow *hollow, struct view *piece, struct problem *problem)
{
        const uint8_t c = piece->data[0];

        *piece = view_of(piece->data + 1, piece->size - 1);
        if (c == '"' || c == '\\' || c == '/')
                return take_character(hollow, c, problem);
        if (c != 'u')
                return problem_set(problem, -EBADMSG, "member \"%s\": an escape that is not read",
                                   hollow->inner);
        hollow->state = HOLLOW_STRING_DIGITS;
        hollow->digits = hollow->character = 0;
        return 0;
}

static int take_digit(struct json_hollow *hollow, struct view *piece, struct problem *problem)
{
        static const char digits[] = "0123456789abcdef0123456789ABCDEF";
        const uint8_t c = piece->data[0];
        const char *found = memchr(digits, c, sizeof(digits) - 1);

        if (!found)
                return problem_set(problem, -EBADMSG, "member \"%s\": an escape that is not read",
                                   hollow->inner);
        *piece = view_of(piece->data + 1, piece->size - 1);
        hollow->character = hollow->character << 4 | (unsigned)((found - digits) % 16);
        hollow->digits++;
        return hollow->digits < 4 ? 0 : take_character(hollow, hollow->character, problem);
}

/* Between the objects of the array. */
static int take_array(struct json_hollow *hollow, struct view *piece, struct problem *problem)
{
        const uint8_t c = piece->data[0];

        if (c == '{' && hollow->state != HOLLOW_ARRAY_OBJECT) {
                hollow->state = HOLLOW_OBJECT;
                hollow->object_depth = 0;
                return 0;
        }
        *piece = view_of(piece->data + 1, piece->size - 1);
        if (is_space(c))
                return 0;
        if (c == ',' && hollow->state == HOLLOW_ARRAY_OBJECT) {
                hollow->state = HOLLOW_ARRAY_COMMA;
        } else if (c == ']' && hollow->state != HOLLOW_ARRAY_COMMA) {
                hollow->state = HOLLOW_REST;
                hollow->at_inner = 0;
                buf_put_u8(&hollow->rest, ']');
        } else {
                return problem_set(problem, -EBADMSG, "member \"%s\": expected objects",
                                   hollow->inner);
        }
        return 0;
}

/* Whether the object ends with @c. */
static int ends_object(struct json_hollow *hollow, uint8_t c)
{
        if (hollow->state == HOLLOW_OBJECT_ESCAPE) {
                hollow->state = HOLLOW_OBJECT_STRING;
        } else if (hollow->state == HOLLOW_OBJECT_STRING) {
                if (c == '\\')
                        hollow->state = HOLLOW_OBJECT_ESCAPE;
                else if (c == '"')
                        hollow->state = HOLLOW_OBJECT;
        } else if (c == '"') {
                hollow->state = HOLLOW_OBJECT_STRING;
        } else if (c == '{' || c == '[') {
                hollow->object_depth++;
        } else if (c == '}' || c == ']') {
                return --hollow->object_depth == 0;
        }
        return 0;
}

static int give_object(struct json_hollow *hollow, struct view end, struct problem *problem)
{
        int r;

        if (hollow->object.size == 0)
                return hollow->take(hollow->context, end, problem);
        buf_put_view(&hollow->object, end);
        r = buf_error(&hollow->object);
        if (r == 0)
                r = hollow->take(hollow->context, buf_view(&hollow->object), problem);
        buf_clear(&hollow->object);
        return r;
}

static int take_object(struct json_hollow *hollow, struct view *piece, struct problem *problem)
{
        const struct view all = *piece;
        size_t size = 0;
        int ended = 0;

        while (size < all.size && !ended)
                ended = ends_object(hollow, all.data[size++]);
        if (size > JSON_HOLLOW_OBJECT_MAX - hollow->object.size)
                return problem_set(problem, -EBADMSG,
                                   "member \"%s\": an object of more than %zu "
                                   "bytes",
                                   hollow->inner, JSON_HOLLOW_OBJECT_MAX);
        *piece = view_of(all.data + size, all.size - size);
        if (ended) {
                hollow->state = HOLLOW_ARRAY_OBJECT;
                return give_object(hollow, view_of(all.data, size), problem);
        }
        buf_put_view(&hollow->object, all);
        return buf_error(&hollow->object);
}

static int take_some(struct json_hollow *hollow, struct view *piece, struct problem *problem)
{
        switch (hollow->state) {
        case HOLLOW_STRING:
                return take_string(hollow, piece, problem);
        case HOLLOW_STRING_ESCAPE:
                return take_escape(hollow, piece, problem);
        case HOLLOW_STRING_DIGITS:
                return take_digit(hollow, piece, problem);
        case HOLLOW_ARRAY_BEGIN:
        case HOLLOW_ARRAY_COMMA:
        case HOLLOW_ARRAY_OBJECT:
                return take_array(hollow, piece, problem);
        case HOLLOW_OBJECT:
        case HOLLOW_OBJECT_STRING:
        case HOLLOW_OBJECT_ESCAPE:
                return take_object(hollow, piece, problem);
        default:
                put_rest(hollow, piece->data[0]);
                *piece = view_of(piece->data + 1, piece->size - 1);
                return buf_error(&hollow->rest);
        }
}

int json_hollow_put(struct json_hollow *hollow, struct view piece, struct problem *problem)
{
        int r = 0;

        while (r == 0 && piece.size > 0)
                r = take_some(hollow, &piece, problem);
        if (r == -EMSGSIZE && buf_error(&hollow->rest) == r)
                return problem_set(problem, r, "longer than %zu bytes beside the member \"%s\"",
                                   hollow->rest.limit, hollow->inner);
        return r;
}
