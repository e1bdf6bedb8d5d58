/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/key-numbers.h"

#include <errno.h>

#include "lib/der.h"

static struct view without_zeros(struct view number)
{
        while (number.size > 0 && number.data[0] == 0)
                number = view_of(number.data + 1, number.size - 1);
        return number;
}

static void read_rsa(struct view bits, struct key_numbers *ret)
{
        struct reader reader = reader_init(bits), inner;

        inner = reader_init(der_read(&reader, DER_SEQUENCE));
        ret->modulus = without_zeros(der_read_unsigned(&inner));
        ret->exponent = without_zeros(der_read_unsigned(&inner));
        if (reader_end(&reader) < 0 || reader_end(&inner) < 0)
                *ret = (struct key_numbers){};
}

int key_numbers_read(const struct pubkey *key, struct key_numbers *ret)
{
        struct reader reader = reader_init(pubkey_spki(key)), outer;
        struct view bits;

        outer = reader_init(der_read(&reader, DER_SEQUENCE));
        (void)der_read(&outer, DER_SEQUENCE);
        bits = der_read(&outer, DER_BIT_STRING);
        *ret = (struct key_numbers){};
        if (reader_end(&outer) < 0 || bits.size < 2 || bits.data[0] != 0)
                return -EOPNOTSUPP;
        bits = view_of(bits.data + 1, bits.size - 1);
        if (bits.data[0] == 0x04)
                ret->point = bits;
        else
                read_rsa(bits, ret);
        return ret->point.size > 0 || ret->modulus.size > 0 ? 0 : -EOPNOTSUPP;
}

int ecdsa_numbers_read(struct view signature, struct view *ret_r, struct view *ret_s)
{
        struct reader reader = reader_init(signature), inner;
        struct view r, s;

        inner = reader_init(der_read(&reader, DER_SEQUENCE));
        r = without_zeros(der_read_unsigned(&inner));
        s = without_zeros(der_read_unsigned(&inner));
        if (reader_end(&inner) < 0 || reader_end(&reader) < 0 || r.size == 0 || s.size == 0)
                return -EBADMSG;
        *ret_r = r;
        *ret_s = s;
        return 0;
}
