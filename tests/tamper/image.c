/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/tamper/image.h"

#include <errno.h>

#include "lib/file.h"

#define FILE_LIMIT ((size_t)16 << 20)

static struct image *loading;
static size_t loading_base;

static int load_file(const char *path, const struct stat *status, int type, struct FTW *place)
{
        if (type != FTW_F || string_equal(path + place->base, "lock"))
                return 0;
        return file_read(AT_FDCWD, path, image_put(loading, path + loading_base), NULL);
}

void image_load(struct image *ret, const char *path)
{
        int r;

        loading = ret;
        loading_base = strlen(path) + 1;
        ret->count = 0;
        r = nftw(path, load_file, 16, FTW_PHYS);
        assert(r == 0 && ret->count > 0);
}

void image_done(struct image *image)
{
        for (size_t i = 0; i < IMAGE_FILES; i++)
                buf_done(&image->files[i].content);
        image->count = 0;
}

void image_copy(struct image *to, const struct image *from)
{
        to->count = 0;
        for (size_t i = 0; i < from->count; i++)
                buf_put_view(image_put(to, from->files[i].path), buf_view(&from->files[i].content));
}

static size_t place_of(const struct image *image, const char *path)
{
        size_t i = 0;

        while (i < image->count && !string_equal(image->files[i].path, path))
                i++;
        return i;
}

struct buf *image_find(struct image *image, const char *path)
{
        size_t i = place_of(image, path);

        return i < image->count ? &image->files[i].content : NULL;
}

struct view image_view(const struct image *image, const char *path, int *ret_there)
{
        size_t i = place_of(image, path);

        *ret_there = i < image->count;
        return i < image->count ? buf_view(&image->files[i].content) : view_of(NULL, 0);
}

struct buf *image_put(struct image *image, const char *path)
{
        size_t i = place_of(image, path);

        assert(i < IMAGE_FILES && strlen(path) < IMAGE_PATH);
        memmove(image->files[i].path, path, strlen(path) + 1);
        if (i == image->count)
                image->count++;
        image->files[i].content.limit = FILE_LIMIT;
        buf_clear(&image->files[i].content);
        return &image->files[i].content;
}

static void remove_at(struct image *image, size_t i)
{
        struct image_file gone = image->files[i];

        image->files[i] = image->files[--image->count];
        image->files[image->count] = gone; /* its memory is used again */
}

void image_remove(struct image *image, const char *path)
{
        size_t i = place_of(image, path);

        if (i < image->count)
                remove_at(image, i);
}

void image_clear(struct image *image, const char *folder)
{
        size_t length = strlen(folder);

        for (size_t i = image->count; i > 0; i--)
                if (strncmp(image->files[i - 1].path, folder, length) == 0)
                        remove_at(image, i - 1);
}

int image_same(const struct image *a, const struct image *b, const char *path)
{
        int there_a, there_b;
        struct view of_a = image_view(a, path, &there_a), of_b = image_view(b, path, &there_b);

        return there_a == there_b && view_equal(of_a, of_b);
}

void image_store(const struct image *image, const struct image *there, const struct folder *folder)
{
        for (size_t i = 0; i < there->count; i++) {
                const char *path = there->files[i].path;

                if (place_of(image, path) == image->count && unlinkat(folder->fd, path, 0) < 0)
                        assert(errno == ENOENT);
        }
        for (size_t i = 0; i < image->count; i++) {
                const struct image_file *file = &image->files[i];

                if (!image_same(image, there, file->path))
                        folder_write(folder, file->path, buf_view(&file->content));
        }
}
