/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/creation.h"

#include <errno.h>

#include "lib/attest.h"
#include "lib/keyring.h"
#include "lib/record.h"

/* TPML_PCR_SELECTION, TPM 2.0 Part 2 §10.9.7. */
static void read_banks(struct reader *reader, struct creation *ret)
{
        uint32_t count = reader_u32(reader);

        if (count > CREATION_BANKS_MAX)
                reader_fail(reader);
        for (uint32_t i = 0; i < count && !reader->bad; i++) {
                size_t size;

                ret->banks[i].hash = reader_u16(reader);
                size = reader_u8(reader);
                if (size > CREATION_SELECT_MAX)
                        reader_fail(reader);
                ret->banks[i].map = reader_bytes(reader, size);
                ret->bank_count++;
        }
}

int creation_parse(struct view bytes, struct creation *ret, struct problem *problem)
{
        struct reader reader = reader_init(bytes);
        struct creation creation = {};

        read_banks(&reader, &creation);
        creation.registers = attest_read_sized(&reader);
        creation.locality = reader_u8(&reader);
        creation.parent_hash = reader_u16(&reader);
        creation.parent = attest_read_sized(&reader);
        creation.parent_qualified = attest_read_sized(&reader);
        creation.outside = attest_read_sized(&reader);
        if (reader_end(&reader) < 0)
                return problem_set(problem, -EBADMSG, "creation data: malformed");
        *ret = creation;
        return 0;
}

/* TPM 2.0 Part 2 §6.3. */
static void put_hash(struct buf *buf, uint16_t hash)
{
        static const struct {
                uint16_t number;
                const char *name;
        } hashes[] = {{0x0004, "sha1"}, {0x000b, "sha256"}, {0x000c, "sha384"}, {0x000d, "sha512"}};

        for (size_t i = 0; i < ARRAY_SIZE(hashes); i++)
                if (hashes[i].number == hash) {
                        buf_put_string(buf, hashes[i].name);
                        return;
                }
        buf_put_format(buf, "0x%04x", hash);
}

static void put_map(struct buf *buf, struct view map)
{
        const char *before = ":";

        for (size_t i = 0; i < 8 * map.size; i++) {
                if (!(map.data[i / 8] >> i % 8 & 1))
                        continue;
                buf_put_format(buf, "%s%zu", before, i);
                before = ",";
        }
}

void creation_put_registers(struct buf *buf, const struct creation *creation)
{
        for (size_t i = 0; i < creation->bank_count; i++) {
                if (i > 0)
                        buf_put_u8(buf, ' ');
                put_hash(buf, creation->banks[i].hash);
                put_map(buf, creation->banks[i].map);
        }
}

json_t *created_for_new(const char *key, uint32_t version, const char *origin, const char *time,
                        const char *request)
{
        return json_pack("{s:s, s:s, s:s*, s:s, s:I}", "key", key, "origin", origin, "request",
                         request[0] ? request : NULL, "time", time, "version", (json_int_t)version);
}

int created_for_check(const json_t *created_for, struct problem *problem)
{
        static const struct json_member members[] = {
                {"key", JSON_STRING, 1},  {"origin", JSON_STRING, 1},   {"request", JSON_STRING, 0},
                {"time", JSON_STRING, 1}, {"version", JSON_INTEGER, 1},
        };
        json_int_t version;
        int r = json_is_object(created_for)
                        ? json_check_members(created_for, "createdFor", members,
                                             ARRAY_SIZE(members), problem)
                        : problem_set(problem, -EBADMSG, "createdFor: expected an object");

        if (r < 0)
                return r;
        version = json_member_integer(created_for, "version", 0);
        if (!key_name_is_valid(json_member_string(created_for, "key")) || version < 1 ||
            version > UINT32_MAX || !json_member_string(created_for, "origin")[0] ||
            !record_time_is_valid(json_member_string(created_for, "time")) ||
            json_is_null(json_object_get(created_for, "request")))
                return problem_set(problem, -EBADMSG,
                                   "createdFor: expected a key with its version, an origin and a "
                                   "time");
        return 0;
}

int created_for_digest(const json_t *created_for, struct sha256 *ret)
{
        _cleanup_(buf_done) struct buf text = {};

        json_put(&text, created_for);
        if (buf_error(&text))
                return buf_error(&text);
        *ret = sha256_of(buf_view(&text));
        return 0;
}
