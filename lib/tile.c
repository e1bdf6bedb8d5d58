/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/tile.h"

#include <errno.h>
#include <stdio.h>

/* "x001/x234/067": groups of three digits, all but the last marked with an x. */
static void number_path(uint64_t number, char ret[TILE_PATH_SIZE])
{
        unsigned groups[7], count = 0;
        size_t used = 0;

        do {
                groups[count++] = (unsigned)(number % TILE_FOLDER);
                number /= TILE_FOLDER;
        } while (number > 0);
        while (count-- > 0)
                used += (size_t)snprintf(ret + used, TILE_PATH_SIZE - used, "%s%03u%s",
                                         count > 0 ? "x" : "", groups[count], count > 0 ? "/" : "");
}

char *tile_path(int level, uint64_t number, unsigned width, char ret[TILE_PATH_SIZE])
{
        char level_text[12] = "entries", digits[TILE_PATH_SIZE], partial[12] = "";

        assert(level >= TILE_ENTRIES && level < TILE_LEVELS && width > 0 && width <= TILE_WIDTH);
        if (level != TILE_ENTRIES)
                (void)snprintf(level_text, sizeof(level_text), "%d", level);
        if (width < TILE_WIDTH)
                (void)snprintf(partial, sizeof(partial), ".p/%u", width);
        number_path(number, digits);
        (void)snprintf(ret, TILE_PATH_SIZE, "tile/%.7s/%.36s%.6s", level_text, digits, partial);
        return ret;
}

uint64_t tile_hashes(int level, uint64_t size)
{
        assert(level >= 0 && level < TILE_LEVELS);
        return size >> (level * TILE_HEIGHT);
}

int tile_put_entry(struct buf *bundle, struct view entry)
{
        if (entry.size > ENTRY_SIZE_MAX)
                return -EMSGSIZE;
        buf_put_u16(bundle, (uint16_t)entry.size);
        buf_put_view(bundle, entry);
        return buf_error(bundle);
}

struct view tile_read_entry(struct reader *reader)
{
        return reader_bytes(reader, reader_u16(reader));
}
