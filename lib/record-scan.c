/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/record-scan.h"

#include <endian.h>
#include <errno.h>

#include "lib/tile.h"
#include "lib/utf8.h"

/* What is left of the text. Functions that take it return whether what they looked for was there,
 * and have then moved past it. */
struct scan {
        const uint8_t *at, *end;
        struct record *record; /* that notes where members are; NULL when nobody does */
};

static int take(struct scan *scan, uint8_t byte)
{
        if (scan->at == scan->end || *scan->at != byte)
                return 0;
        scan->at++;
        return 1;
}

#define EACH_BYTE(byte) (UINT64_C(0x0101010101010101) * (byte))

/* Moves past characters that stand for themselves, eight at a time. A quotation mark, a backslash,
 * a control character or a byte that is not ASCII sets the highest bit of its byte in @special; so
 * may a byte above it, but none below. */
static void skip_plain(struct scan *scan)
{
        while (scan->end - scan->at >= 8) {
                uint64_t word, quotes, escapes, special;

                memcpy(&word, scan->at, sizeof(word));
                word = le64toh(word);
                quotes = word ^ EACH_BYTE('"');
                escapes = word ^ EACH_BYTE('\\');
                special = ((word - EACH_BYTE(0x20)) | (quotes - EACH_BYTE(1)) |
                           (escapes - EACH_BYTE(1)) | word) &
                          EACH_BYTE(0x80);
                if (special) {
                        scan->at += __builtin_ctzll(special) / 8;
                        return;
                }
                scan->at += sizeof(word);
        }
}

/* The value of one of the digits that the canonical form writes, or 16. */
static unsigned hex_digit(uint8_t digit)
{
        if (digit >= '0' && digit <= '9')
                return digit - '0';
        return digit >= 'A' && digit <= 'F' ? digit - 'A' + 10u : 16;
}

static int has_short_escape(unsigned character)
{
        return character == '\b' || character == '\f' || character == '\n' || character == '\r' ||
               character == '\t';
}

/* What follows a backslash, and what it stands for. NUL cannot be written. */
static int take_escape(struct scan *scan, uint8_t *ret)
{
        static const char letters[] = "\"\\bfnrt", characters[] = "\"\\\b\f\n\r\t";
        const char *letter;
        unsigned low;

        if (scan->at == scan->end)
                return 0;
        letter = *scan->at ? strchr(letters, *scan->at) : NULL;
        if (letter) {
                scan->at++;
                *ret = (uint8_t)characters[letter - letters];
                return 1;
        }
        if (scan->end - scan->at < 5 || memcmp(scan->at, "u00", 3) != 0 ||
            (scan->at[3] != '0' && scan->at[3] != '1'))
                return 0;
        low = hex_digit(scan->at[4]);
        *ret = (uint8_t)(low + (scan->at[3] == '1' ? 16u : 0u));
        scan->at += 5;
        return low < 16 && *ret != 0 && !has_short_escape(*ret);
}

static int take_string(struct scan *scan, struct view *ret)
{
        const uint8_t *first = scan->at + 1;
        uint8_t character;

        if (!take(scan, '"'))
                return 0;
        for (;;) {
                skip_plain(scan);
                if (scan->at == scan->end || *scan->at < 0x20)
                        return 0;
                if (*scan->at == '"')
                        break;
                if (*scan->at == '\\') {
                        scan->at++;
                        if (!take_escape(scan, &character))
                                return 0;
                } else if (*scan->at < 0x80) {
                        scan->at++;
                } else {
                        size_t length =
                                utf8_length(view_of(scan->at, (size_t)(scan->end - scan->at)));

                        if (length == 0)
                                return 0;
                        scan->at += length;
                }
        }
        *ret = view_of(first, (size_t)(scan->at - first));
        return take(scan, '"');
}

/* Its digits, a sign among them. */
static int take_integer(struct scan *scan, struct view *ret)
{
        const uint8_t *first = scan->at;
        int negative = take(scan, '-');
        uint64_t limit = (uint64_t)INT64_MAX + (negative ? 1 : 0), value = 0;

        if (scan->at == scan->end || *scan->at < (negative ? '1' : '0') || *scan->at > '9')
                return 0;
        if (*scan->at == '0') {
                scan->at++;
        } else {
                while (scan->at < scan->end && *scan->at >= '0' && *scan->at <= '9') {
                        unsigned digit = *scan->at++ - (unsigned)'0';

                        if (value > (limit - digit) / 10)
                                return 0;
                        value = value * 10 + digit;
                }
        }
        *ret = view_of(first, (size_t)(scan->at - first));
        return 1;
}

/* Where a value was, and of what type. */
struct value {
        json_type type;
        struct view text;
};

/* @depth is that of what it stands in. @members notes those of an object; or NULL. */
static int take_value(struct scan *scan, unsigned depth, struct record_members *members,
                      struct value *ret);

static int take_array(struct scan *scan, unsigned depth)
{
        struct value value;

        if (depth > JSON_DEPTH_MAX || !take(scan, '['))
                return 0;
        if (take(scan, ']'))
                return 1;
        do {
                if (!take_value(scan, depth, NULL, &value))
                        return 0;
        } while (take(scan, ','));
        return take(scan, ']');
}

/* Takes the next character off the text of a string. */
static uint8_t next_character(struct scan *name)
{
        uint8_t character = *name->at++;

        if (character == '\\')
                (void)take_escape(name, &character); /* it has been scanned: it is there */
        return character;
}

/* Whether @a is before @b in the order of their bytes, escapes resolved. */
static int is_before(struct view a, struct view b)
{
        struct scan left = {.at = a.data, .end = a.data + a.size};
        struct scan right = {.at = b.data, .end = b.data + b.size};

        while (left.at < left.end && right.at < right.end) {
                uint8_t x = next_character(&left), y = next_character(&right);

                if (x != y)
                        return x < y;
        }
        return left.at == left.end && right.at < right.end;
}

static void note_member(const struct record *record, struct view name, const struct value *value,
                        struct record_members *ret)
{
        if (ret->count < RECORD_MEMBERS_MAX)
                ret->at[ret->count] = (struct record_member){
                        .name = (uint16_t)(name.data - record->bytes.data),
                        .name_size = (uint16_t)name.size,
                        .value = (uint16_t)(value->text.data - record->bytes.data),
                        .value_size = (uint16_t)value->text.size,
                        .type = (uint16_t)value->type,
                };
        ret->count++;
}

/* As view_is(), for names that differ in their first character as a rule. */
static inline int is_named(struct view text, const char *name)
{
        if (text.size == 0)
                return name[0] == '\0';
        return text.data[0] == (uint8_t)name[0] &&
               strncmp((const char *)text.data, name, text.size) == 0 && name[text.size] == '\0';
}

/* Where the members of a member's object are noted. */
static struct record_members *nested_members(const struct scan *scan,
                                             const struct record_members *members, struct view name)
{
        return members && members == &scan->record->own && is_named(name, "caller")
                       ? &scan->record->caller
                       : NULL;
}

/* @members notes them; or NULL. */
static int take_object(struct scan *scan, unsigned depth, struct record_members *members)
{
        struct view before = {}, name;
        struct value value;

        if (depth > JSON_DEPTH_MAX || !take(scan, '{'))
                return 0;
        if (take(scan, '}'))
                return 1;
        do {
                if (!take_string(scan, &name) || (before.data && !is_before(before, name)) ||
                    !take(scan, ':') ||
                    !take_value(scan, depth, nested_members(scan, members, name), &value))
                        return 0;
                if (members)
                        note_member(scan->record, name, &value, members);
                before = name;
        } while (take(scan, ','));
        return take(scan, '}');
}

static int take_value(struct scan *scan, unsigned depth, struct record_members *members,
                      struct value *ret)
{
        const uint8_t *first = scan->at;
        int taken;

        if (scan->at == scan->end)
                return 0;
        switch (*scan->at) {
        case '"':
                ret->type = JSON_STRING;
                return take_string(scan, &ret->text);
        case '{':
                ret->type = JSON_OBJECT;
                taken = take_object(scan, depth + 1, members);
                break;
        case '[':
                ret->type = JSON_ARRAY;
                taken = take_array(scan, depth + 1);
                break;
        default:
                ret->type = JSON_INTEGER;
                return take_integer(scan, &ret->text);
        }
        ret->text = view_of(first, (size_t)(scan->at - first));
        return taken;
}

int record_scan_object(struct view text, struct record *ret)
{
        struct scan scan;

        if (text.size == 0 || text.size > ENTRY_SIZE_MAX)
                return -EBADMSG;
        scan = (struct scan){text.data, text.data + text.size, ret};
        ret->bytes = text;
        ret->type = NULL;
        ret->own.count = ret->caller.count = 0;
        if (!take_object(&scan, 1, &ret->own) || scan.at != scan.end)
                return -EBADMSG;
        return ret->own.count > RECORD_MEMBERS_MAX ? -E2BIG : 0;
}

static struct view name_of(const struct record *record, const struct record_member *member)
{
        return view_of(record->bytes.data + member->name, member->name_size);
}

/* The table's row of that name, looked for from *@hint on: both are ordered as a rule. */
static const struct json_member *find_row(const struct record_type *table, struct view name,
                                          size_t *hint)
{
        for (size_t i = 0; i < table->count; i++) {
                size_t row = (*hint + i) % table->count;

                if (!is_named(name, table->members[row].name))
                        continue;
                *hint = row + 1;
                return &table->members[row];
        }
        return NULL;
}

/* The same if it is the next one. */
static const struct json_member *next_row(const struct record_type *table, struct view name,
                                          size_t *hint)
{
        return *hint < table->count && is_named(name, table->members[*hint].name)
                       ? &table->members[(*hint)++]
                       : NULL;
}

static size_t count_required(const struct record_type *table)
{
        size_t count = 0;

        for (size_t i = 0; i < table->count; i++)
                count += table->members[i].required != 0;
        return count;
}

/* All members are in one of the two tables, and of its type, and none that is required is missing.
 */
static int has_members(const struct record *record, const struct record_type *own,
                       const struct record_type *common)
{
        size_t required = count_required(own) + count_required(common), own_hint = 0,
               common_hint = 0;

        for (size_t i = 0; i < record->own.count; i++) {
                struct view name = name_of(record, &record->own.at[i]);
                const struct json_member *row = next_row(common, name, &common_hint);

                if (!row)
                        row = find_row(own, name, &own_hint);
                if (!row)
                        row = find_row(common, name, &common_hint);
                if (!row || row->type != (json_type)record->own.at[i].type)
                        return 0;
                required -= row->required != 0;
        }
        return required == 0;
}

static int caller_is_good(const struct record *record, const char *name)
{
        static const struct record_type nothing = {.name = ""};
        struct record caller;
        int r = record_object(record, name, &caller);

        return r == -ENOENT || (r == 0 && has_members(&caller, &record_caller, &nothing));
}

static int digests_are_good(const struct record *record)
{
        struct view rest = record_array(record, "digests"), digest;
        size_t count = 0;
        int r;

        if (!rest.data)
                return 1;
        while ((r = record_next_string(&rest, &digest)) == 1)
                count++;
        return r == 0 && count > 0 && count <= RECORD_DIGESTS_MAX;
}

int record_scan(struct view entry, struct record *ret)
{
        int64_t version;

        if (record_scan_object(entry, ret) < 0)
                return -EBADMSG;
        ret->type = record_type_find(record_string(ret, "type"));
        if (!ret->type || !has_members(ret, ret->type, &record_common) ||
            !caller_is_good(ret, "caller") || !caller_is_good(ret, "approver") ||
            !digests_are_good(ret))
                return -EBADMSG;
        if (record_integer(ret, "v", &version) < 0 || version != RECORD_VERSION)
                return -EBADMSG;
        return record_time_has_shape(record_string(ret, "time")) ? 0 : -EBADMSG;
}

const struct record_member *record_find(const struct record *record, struct view name,
                                        json_type type)
{
        for (size_t i = 0; i < record->own.count; i++) {
                const struct record_member *member = &record->own.at[i];

                if (member->name_size == name.size &&
                    memcmp(record->bytes.data + member->name, name.data, name.size) == 0)
                        return member->type == type ? member : NULL;
        }
        return NULL;
}

int record_integer(const struct record *record, const char *name, int64_t *ret)
{
        const struct record_member *member = record_find(record, view_string(name), JSON_INTEGER);
        struct view text;
        uint64_t value = 0;
        size_t i = 0;

        if (!member)
                return -ENOENT;
        text = record_value(record, member);
        for (i = text.data[0] == '-'; i < text.size; i++)
                value = value * 10 + (text.data[i] - (uint64_t)'0');
        *ret = text.data[0] == '-' ? (int64_t)(0 - value) : (int64_t)value;
        return 0;
}

int record_object(const struct record *record, const char *name, struct record *ret)
{
        const struct record_member *member = record_find(record, view_string(name), JSON_OBJECT);

        if (!member)
                return -ENOENT;
        if (!string_equal(name, "caller"))
                return record_scan_object(record_value(record, member), ret);
        if (record->caller.count > RECORD_MEMBERS_MAX)
                return -E2BIG;
        ret->bytes = record->bytes;
        ret->type = NULL;
        ret->own = record->caller;
        ret->caller.count = 0;
        return 0;
}

int record_next_string(struct view *array, struct view *ret)
{
        struct scan scan;

        if (!array->data)
                return 0;
        scan = (struct scan){.at = array->data, .end = array->data + array->size};
        if ((!take(&scan, '[') && !take(&scan, ',')) || (scan.at < scan.end && *scan.at == ']'))
                return 0;
        if (!take_string(&scan, ret))
                return -EBADMSG;
        *array = view_of(scan.at, (size_t)(scan.end - scan.at));
        return 1;
}
