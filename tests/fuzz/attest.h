/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Writing attestations again, as a TPM writes them.
 */

#include "lib/attest.h"

static inline void put_sized(struct buf *buf, struct view view)
{
        buf_put_u16(buf, (uint16_t)view.size);
        buf_put_view(buf, view);
}

static inline void put_head(struct buf *buf, uint16_t kind, const struct attest_head *head)
{
        buf_put_u32(buf, 0xff544347);
        buf_put_u16(buf, kind);
        put_sized(buf, head->signer);
        put_sized(buf, head->qualifying);
        buf_put_u64(buf, head->clock);
        buf_put_u32(buf, head->reset_count);
        buf_put_u32(buf, head->restart_count);
        buf_put_u8(buf, (uint8_t)head->safe);
        buf_put_u64(buf, head->firmware);
}
