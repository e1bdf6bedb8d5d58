/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/inventory.h"
#include "tests/unit/edit.h"
#include "tests/unit/folder.h"

#include <errno.h>

static const char *const nothing[] = {NULL};

static const struct {
        const char *name;
        size_t size;
        const char *fault; /* NULL: none */
} names[] = {
        {"a", 1, NULL},        {"a/b.c/..d", 9, NULL},    {"\xc3\xa9", 2, NULL},
        {"", 0, "empty name"}, {"/a", 2, "not relative"}, {"a/", 2, "part"},
        {"a//b", 4, "part"},   {".", 1, "part"},          {"a/./b", 5, "part"},
        {"../a", 4, "part"},   {"a\0b", 3, "UTF-8"},      {"a\xff", 2, "UTF-8"},
};

static void test_names(void)
{
        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                const char *fault = inventory_name_fault(view_of(names[i].name, names[i].size));

                test_label = names[i].name;
                expect((fault != NULL) == (names[i].fault != NULL));
                expect_contains(fault ? fault : "", names[i].fault ? names[i].fault : "");
        }
        test_label = "";
}

static void expect_name(const struct inventory *inventory, size_t i, const char *name,
                        const char *odd)
{
        expect(i < inventory->count);
        if (i >= inventory->count)
                return;
        expect_text(view_string(inventory->files[i].name), name);
        expect_contains(inventory->files[i].odd ? inventory->files[i].odd : "", odd);
        expect((inventory->files[i].odd != NULL) == (odd[0] != '\0'));
}

/* By whole names: '.' comes before '/'. */
static void test_walk(void)
{
        static const char *const ignored[] = {".git", "b/skipped", NULL};
        _cleanup_(folder_done) struct folder folder = folder_new();
        _cleanup_(inventory_done) struct inventory inventory = {};

        folder_write(&folder, "a/z", view_string("z"));
        folder_write(&folder, "a.b", view_string(""));
        folder_write(&folder, ".git/config", view_string(""));
        folder_write(&folder, "b/.git", view_string(""));
        folder_write(&folder, "b/skipped/x", view_string(""));
        assert(symlinkat("a.b", folder.fd, "link") == 0);
        assert(mkfifoat(folder.fd, "pipe", 0600) == 0);
        folder_write(&folder, "\xff", view_string(""));
        expect_integer(inventory_walk(folder.fd, "m", ignored, &inventory, NULL), 0);
        expect_integer(inventory.count, 6);
        expect_name(&inventory, 0, "a.b", "");
        expect_name(&inventory, 1, "a/z", "");
        expect_name(&inventory, 2, "b/.git", "");
        expect_name(&inventory, 3, "link", "a symbolic link");
        expect_name(&inventory, 4, "pipe", "a FIFO");
        expect_name(&inventory, 5, "\xff", "UTF-8");
        expect(inventory_find(&inventory, "a/z") == &inventory.files[1]);
        expect(inventory_find(&inventory, "a") == NULL);
        expect_integer(inventory.files[1].size, 1);
}

/* More in a directory than are looked at together, and directories among them. */
#define LOOKED_AT ((size_t)5000)

static void test_look(void)
{
        _cleanup_(folder_done) struct folder folder = folder_new();
        _cleanup_(inventory_done) struct inventory inventory = {};
        size_t wrong = 0;
        char name[32];

        for (size_t i = 0; i < LOOKED_AT; i++) {
                (void)snprintf(name, sizeof(name), i % 4000 > 0 ? "d/%05zu" : "d/%05zu/f", i);
                folder_write(&folder, name, view_of("0123456789", i % 10));
        }
        expect_integer(inventory_walk(folder.fd, "m", nothing, &inventory, NULL), 0);
        expect_integer(inventory.count, LOOKED_AT);
        for (size_t i = 0; i < inventory.count; i++) {
                uint8_t identity[INVENTORY_IDENTITY_SIZE];
                struct stat status;

                assert(fstatat(folder.fd, inventory.files[i].name, &status, 0) == 0);
                inventory_identify(&status, identity);
                wrong += inventory.files[i].size != i % 10 || inventory.files[i].odd ||
                         memcmp(inventory.files[i].identity, identity, sizeof(identity)) != 0;
        }
        expect_integer(wrong, 0);
}

/* More than are sorted at a time, in an order that is none, with long names among them. */
#define MANY ((size_t)200000)

static size_t scatter(size_t i)
{
        return i * 77773 % MANY; /* which has no factor of MANY */
}

static void add_many(struct inventory *ret)
{
        char name[512];
        struct inventory_file *file;

        for (size_t i = 0; i < MANY; i++) {
                size_t number = scatter(i);

                (void)snprintf(name, sizeof(name), "%06zu%0*d", number, number % 1000 ? 1 : 400, 0);
                expect_integer(inventory_add(ret, view_string(name), &file), 0);
                file->size = number;
        }
}

static void test_many(void)
{
        _cleanup_(inventory_done) struct inventory inventory = {}, other = {};
        struct inventory_pair pair = {};
        struct inventory_file *file;
        struct problem problem = {};
        size_t wrong = 0, pairs = 0, number;

        add_many(&inventory);
        expect_integer(inventory_sort(&inventory, NULL), 0);
        expect_integer(inventory.count, MANY);
        for (size_t i = 0; i < inventory.count; i++)
                wrong += inventory.files[i].size != i ||
                         sscanf(inventory.files[i].name, "%6zu", &number) != 1 || number != i;
        expect_integer(wrong, 0);
        add_many(&other);
        expect_integer(inventory_add(&other, view_string("0000010"), &file), 0);
        expect_integer(inventory_sort(&other, &problem), -EBADMSG);
        expect_text(view_string(problem.text), "0000010: listed twice");
        while (inventory_next_pair(&inventory, &other, &pair))
                pairs += pair.a && pair.b;
        expect_integer(pairs, MANY);
}

static void test_pairs(void)
{
        static const char *const listed[2][4] = {{"a", "b", "d", NULL}, {"b", "c", "d", NULL}};
        _cleanup_(inventory_done) struct inventory a = {}, b = {};
        _cleanup_(buf_done) struct buf text = {};
        struct inventory_pair pair = {};
        struct inventory_file *file;

        for (size_t i = 0; i < 2; i++)
                for (size_t j = 0; listed[i][j]; j++)
                        expect_integer(inventory_add(i ? &b : &a, view_string(listed[i][j]), &file),
                                       0);
        while (inventory_next_pair(&a, &b, &pair))
                buf_put_format(&text, "%s%s ", pair.a ? pair.a->name : "-",
                               pair.b ? pair.b->name : "-");
        expect_text(buf_view(&text), "a- bb -c dd ");
}

static void test_depth(void)
{
        _cleanup_(folder_done) struct folder folder = folder_new();
        _cleanup_(inventory_done) struct inventory inventory = {};
        _cleanup_(buf_done) struct buf name = {};
        struct problem problem = {};

        for (size_t i = 0; i <= INVENTORY_DEPTH_MAX; i++)
                buf_put_string(&name, "d/");
        buf_put(&name, "f", 2);
        folder_write(&folder, (const char *)name.data, view_string(""));
        expect_integer(inventory_walk(folder.fd, "m", nothing, &inventory, &problem), -EMSGSIZE);
        expect_contains(problem.text, "directories deep");
}

static void walk(const struct folder *folder, struct inventory *ret)
{
        expect_integer(inventory_walk(folder->fd, "m", nothing, ret, NULL), 0);
}

static void expect_busy(const struct inventory *before, const struct folder *folder,
                        const char *words)
{
        _cleanup_(inventory_done) struct inventory after = {};
        struct problem problem = {};

        walk(folder, &after);
        expect_integer(inventory_compare_identity(before, &after, "m", &problem), -EBUSY);
        expect_contains(problem.text, words);
}

static void test_identity(void)
{
        _cleanup_(folder_done) struct folder folder = folder_new();
        _cleanup_(inventory_done) struct inventory before = {}, same = {};

        folder_write(&folder, "a", view_string("1"));
        folder_write(&folder, "b", view_string("2"));
        walk(&folder, &before);
        walk(&folder, &same);
        expect_integer(inventory_compare_identity(&before, &same, "m", NULL), 0);
        folder_write(&folder, "aa", view_string(""));
        expect_busy(&before, &folder, "m/aa: new");
        assert(unlinkat(folder.fd, "aa", 0) == 0);
        folder_write(&folder, "b", view_string("22"));
        expect_busy(&before, &folder, "m/b: changed");
        assert(unlinkat(folder.fd, "b", 0) == 0);
        expect_busy(&before, &folder, "m/b: gone");
        folder_write(&folder, "c", view_string("2"));
        expect_busy(&before, &folder, "m/b: gone");
}

int main(void)
{
        test_names();
        test_walk();
        test_look();
        test_many();
        test_pairs();
        test_depth();
        test_identity();
        return test_result();
}
