/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/tamper/view.h"

#include <stdlib.h>

#define WIDTH         256u
#define LEVELS        8
#define BUNDLES       (-1)
#define HEAD          52u /* of a batch: magic, count, first index, size, check */
#define CHECKED       20u
#define SIZE_MAX_SEEN 100000u

struct seen {
        const struct image *image;
        struct buf text; /* whatever is said, one thing after the other */
        unsigned long long size;
        struct view *records;
        size_t count;
};

static void say(struct seen *seen, const char *what, unsigned long long number, struct view bytes)
{
        struct sha256 hash = sha256_of(bytes);
        char hex[HEX_SIZE(SHA256_SIZE)];

        buf_put_format(&seen->text, "%s %llu %s\n", what, number,
                       hex_encode(sha256_view(&hash), hex));
}

static unsigned big_endian(const uint8_t *data, unsigned bytes)
{
        unsigned value = 0;

        while (bytes-- > 0)
                value = value << 8 | *data++;
        return value;
}

static void name_tile(char ret[IMAGE_PATH], int level, unsigned long long number, unsigned width)
{
        char folder[16] = "entries", part[16] = "";

        if (level != BUNDLES)
                (void)snprintf(folder, sizeof(folder), "%d", level);
        if (width < WIDTH)
                (void)snprintf(part, sizeof(part), ".p/%u", width);
        (void)snprintf(ret, IMAGE_PATH, "tile/%s/%03llu%s", folder, number, part);
}

/* The second line of the checkpoint, as far as it is a number. */
static void see_checkpoint(struct seen *seen)
{
        int there;
        struct view text = image_view(seen->image, "checkpoint", &there);
        const uint8_t *line = there ? memchr(text.data, '\n', text.size) : NULL;

        say(seen, "checkpoint", (unsigned)there, text);
        for (line = line ? line + 1 : NULL;
             line && line < text.data + text.size && *line >= '0' && *line <= '9'; line++)
                seen->size = seen->size * 10 + (unsigned)(*line - '0');
        if (seen->size > SIZE_MAX_SEEN)
                seen->size = 0; /* as good as a checkpoint that cannot be read: it differs */
}

static void see_records(struct seen *seen, struct view bundle)
{
        while (bundle.size >= 2) {
                unsigned size = big_endian(bundle.data, 2);

                if (bundle.size - 2 < size)
                        return;
                seen->records[seen->count++] = view_of(bundle.data + 2, size);
                bundle.data += 2 + size;
                bundle.size -= 2 + size;
        }
}

/* The front of it that a partial file of @width holds. */
static struct view front(int level, struct view content, unsigned width)
{
        size_t size = 0;

        if (level != BUNDLES)
                return view_of(content.data,
                               content.size < 32u * width ? content.size : 32u * width);
        while (width-- > 0 && size + 2 <= content.size)
                size += 2 + big_endian(content.data + size, 2);
        return view_of(content.data, size < content.size ? size : content.size);
}

/* Partial files of older checkpoints say something only if it is not what the newer one says. */
static void see_older(struct seen *seen, int level, unsigned long long number, struct view chosen)
{
        char path[IMAGE_PATH];

        for (unsigned width = 1; width < WIDTH; width++) {
                struct view older;
                int there;

                name_tile(path, level, number, width);
                older = image_view(seen->image, path, &there);
                if (there && !view_equal(older, front(level, chosen, width)))
                        say(seen, path, width, older);
        }
}

static void see_tile(struct seen *seen, int level, unsigned long long number, unsigned width)
{
        char path[IMAGE_PATH];
        struct view content;
        int there;

        name_tile(path, level, number, WIDTH);
        content = image_view(seen->image, path, &there);
        if (!there && width < WIDTH) {
                name_tile(path, level, number, width);
                content = image_view(seen->image, path, &there);
        }
        say(seen, there ? path : "absent", number, content);
        see_older(seen, level, number, content);
        if (level == BUNDLES)
                see_records(seen, content);
}

static void see_tiles(struct seen *seen)
{
        for (int level = BUNDLES; level < LEVELS; level++) {
                unsigned long long hashes = seen->size >> (8 * (level < 0 ? 0 : level));

                for (unsigned long long number = 0; number * WIDTH < hashes; number++) {
                        unsigned long long left = hashes - number * WIDTH;

                        see_tile(seen, level, number, left < WIDTH ? (unsigned)left : WIDTH);
                }
        }
}

static int is_whole_batch(struct view bytes)
{
        struct sha256 check;
        struct buf checked = {};
        size_t at = HEAD, end;
        int good;

        if (bytes.size < HEAD || memcmp(bytes.data, "HMwb", 4) != 0)
                return 0;
        end = HEAD + big_endian(bytes.data + 16, 4);
        buf_put(&checked, bytes.data, CHECKED);
        while (at + 4 <= end && end <= bytes.size) {
                struct buf leaf = {};
                size_t size = big_endian(bytes.data + at, 4);

                if (size > end - at - 4)
                        break;
                buf_put_u8(&leaf, 0);
                buf_put(&leaf, bytes.data + at + 4, size);
                check = sha256_of(buf_view(&leaf));
                buf_put_view(&checked, sha256_view(&check));
                buf_done(&leaf);
                at += 4 + size;
        }
        check = sha256_of(buf_view(&checked));
        buf_done(&checked);
        good = at == end && memcmp(check.bytes, bytes.data + CHECKED, SHA256_SIZE) == 0;
        return good && big_endian(bytes.data + 4, 4) > 0;
}

/* Records of the write-ahead file say something if the bundles do not say it. */
static void see_segment(struct seen *seen, const struct image_file *file)
{
        struct view bytes = buf_view(&file->content);
        unsigned long long next = strtoull(file->path + 4, NULL, 10);

        while (is_whole_batch(bytes)) {
                unsigned long long first = (unsigned long long)big_endian(bytes.data + 8, 4) << 32 |
                                           big_endian(bytes.data + 12, 4);
                size_t end = HEAD + big_endian(bytes.data + 16, 4), at = HEAD;

                if (first != next)
                        say(seen, "out of order", first, bytes);
                for (; at < end; at += 4 + big_endian(bytes.data + at, 4), next++) {
                        struct view record =
                                view_of(bytes.data + at + 4, big_endian(bytes.data + at, 4));

                        if (next >= seen->count || !view_equal(record, seen->records[next]))
                                say(seen, "record", next, record);
                }
                bytes = view_of(bytes.data + end, bytes.size - end);
        }
        while (bytes.size > 0 && bytes.data[bytes.size - 1] == 0)
                bytes.size--; /* room for batches to come */
        if (bytes.size > 0)
                say(seen, "damaged", next, bytes);
}

struct sha256 view_digest(const struct image *image)
{
        struct seen seen = {.image = image};
        struct sha256 digest;

        seen.records = calloc(SIZE_MAX_SEEN * 2, sizeof(*seen.records));
        assert(seen.records);
        see_checkpoint(&seen);
        see_tiles(&seen);
        for (size_t i = 0; i < image->count; i++)
                if (strncmp(image->files[i].path, "wal/", 4) == 0)
                        see_segment(&seen, &image->files[i]);
        assert(!buf_error(&seen.text));
        digest = sha256_of(buf_view(&seen.text));
        buf_done(&seen.text);
        free(seen.records);
        return digest;
}
