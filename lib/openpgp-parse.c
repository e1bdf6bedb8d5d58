/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/openpgp.h"
#include "lib/spki.h"

#include <errno.h>

#define VERSION     4
#define CRITICAL    0x80
#define KEY_ID_SIZE 8

enum subpacket {
        SUBPACKET_TIME = 2,
        SUBPACKET_EXPIRY = 3,
        SUBPACKET_ISSUER = 16,
        SUBPACKET_NOTATION = 20,
        SUBPACKET_POLICY = 26,
        SUBPACKET_USER = 28,
        SUBPACKET_FINGERPRINT = 33,
};

/* What the subpackets say. */
struct said {
        struct view fingerprint, issuer;
        int has_time;
};

/* Of a packet or, with fewer forms, of a subpacket. */
static size_t read_length(struct reader *reader)
{
        uint8_t first = reader_u8(reader);

        if (first < 192)
                return first;
        if (first < 224)
                return ((size_t)(first - 192) << 8) + reader_u8(reader) + 192;
        if (first == 255)
                return reader_u32(reader);
        reader_fail(reader); /* in parts */
        return 0;
}

static struct view read_body(struct reader *reader)
{
        uint8_t tag = reader_u8(reader);

        if ((tag & 0xc0) == 0xc0 && (tag & 0x3f) == OPENPGP_TAG_SIGNATURE)
                return reader_bytes(reader, read_length(reader));
        if (tag == (0x80 | OPENPGP_TAG_SIGNATURE << 2))
                return reader_bytes(reader, reader_u8(reader));
        if (tag == (0x80 | OPENPGP_TAG_SIGNATURE << 2 | 1))
                return reader_bytes(reader, reader_u16(reader));
        reader_fail(reader);
        return (struct view){};
}

/* 0, or -EOPNOTSUPP for what must not be passed over. */
static int take_subpacket(uint8_t type, struct view content, int is_hashed, struct said *ret)
{
        switch (type & ~CRITICAL) {
        case SUBPACKET_ISSUER:
                ret->issuer = content;
                return content.size == KEY_ID_SIZE ? 0 : -EBADMSG;
        case SUBPACKET_FINGERPRINT:
                if (content.size != 1 + OPENPGP_FINGERPRINT_SIZE || content.data[0] != VERSION)
                        return -EBADMSG;
                ret->fingerprint = view_of(content.data + 1, OPENPGP_FINGERPRINT_SIZE);
                return is_hashed ? 0 : -EBADMSG;
        case SUBPACKET_TIME:
                ret->has_time = 1;
                return is_hashed && content.size == 4 ? 0 : -EBADMSG;
        case SUBPACKET_NOTATION:
        case SUBPACKET_POLICY:
        case SUBPACKET_USER:
                return type & CRITICAL ? -EOPNOTSUPP : is_hashed ? 0 : -EBADMSG;
        default:
                return is_hashed ? -EOPNOTSUPP : -EBADMSG;
        }
}

static int read_subpackets(struct view area, int is_hashed, struct said *ret)
{
        struct reader reader = reader_init(area);

        while (reader.left > 0 && !reader.bad) {
                struct view content = reader_bytes(&reader, read_length(&reader));
                int r;

                if (reader.bad || content.size == 0)
                        return -EBADMSG;
                r = take_subpacket(content.data[0], view_of(content.data + 1, content.size - 1),
                                   is_hashed, ret);
                if (r < 0)
                        return r;
        }
        return reader_end(&reader);
}

/* Big-endian, without leading zeros: its length in bits is exact. */
static struct view read_number(struct reader *reader)
{
        unsigned bits = reader_u16(reader);
        struct view number = reader_bytes(reader, (bits + 7) / 8);

        if (reader->bad || number.size == 0 || number.data[0] >> ((bits - 1) % 8) != 1)
                reader_fail(reader);
        return number;
}

/* Of an RSA signature leading zeros are part; which there are depends on the key. */
static int read_value(struct reader *reader, uint8_t algorithm, struct buf *ret)
{
        struct view first = read_number(reader), second;

        if (algorithm == 1) {
                if (reader_end(reader) < 0)
                        return -EBADMSG;
                buf_put_view(ret, first);
                return buf_error(ret);
        }
        second = read_number(reader);
        return reader_end(reader) < 0 ? -EBADMSG : ecdsa_put_der(ret, first, second);
}

static int check_head(struct view head)
{
        if (head.data[0] != VERSION || head.data[1] != OPENPGP_TYPE_BINARY)
                return -EBADMSG;
        return head.data[2] == 1 || head.data[2] == 19 ? 0 : -EOPNOTSUPP;
}

static int read_signature(struct view body, struct signature *ret)
{
        struct reader reader = reader_init(body);
        struct view head = reader_bytes(&reader, 4), hashed, unhashed, left;
        struct said said = {};
        int r = reader.bad ? -EBADMSG : check_head(head);

        if (r < 0)
                return r;
        hashed = reader_bytes(&reader, reader_u16(&reader));
        unhashed = reader_bytes(&reader, reader_u16(&reader));
        left = reader_bytes(&reader, 2);
        if (reader.bad)
                return -EBADMSG;
        r = read_subpackets(hashed, 1, &said);
        if (r == 0)
                r = read_subpackets(unhashed, 0, &said);
        if (r < 0)
                return r;
        if (said.fingerprint.size == 0 || !said.has_time)
                return -EOPNOTSUPP; /* gpg has written both since 2016 */
        if (said.issuer.size > 0 &&
            memcmp(said.fingerprint.data + OPENPGP_FINGERPRINT_SIZE - KEY_ID_SIZE, said.issuer.data,
                   KEY_ID_SIZE) != 0)
                return -EBADMSG;
        buf_put(&ret->attributes, head.data, (size_t)(hashed.data + hashed.size - head.data));
        buf_put_view(&ret->signer, said.fingerprint);
        buf_put_view(&ret->signer, left);
        return read_value(&reader, head.data[2], &ret->value);
}

int openpgp_parse_signature(struct view packet, struct signature *ret, struct problem *problem)
{
        struct reader reader = reader_init(packet);
        struct view body = read_body(&reader);
        int r = reader_end(&reader) < 0 ? -EBADMSG : read_signature(body, ret);

        if (r == 0)
                r = buf_error(&ret->attributes) ? -ENOMEM : buf_error(&ret->signer);
        if (r == -EBADMSG)
                return problem_set(problem, r, "no OpenPGP signature of version 4 over a file");
        if (r == -EOPNOTSUPP)
                return problem_set(problem, r,
                                   "an OpenPGP signature with an algorithm or a "
                                   "subpacket that is not known here");
        return r;
}
