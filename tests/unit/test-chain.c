/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/chain.h"
#include "lib/file.h"
#include "tests/test.h"
#include "tests/unit/edit.h"
#include "tests/unit/folder.h"
#include "tests/unit/key.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#define NOW ((uint64_t)1795341600) /* 2026-11-22T10:00:00Z */

#define LATER "2027-01-01T00:00:00Z"

enum { OWNER, PREPARER, TRAINER, OTHER, KEYS };

/* Who there is. */
static struct {
        EVP_PKEY *key;
        struct pubkey *pubkey;
        struct in_toto_key public;
} people[KEYS];

static void make_people(void)
{
        const struct algorithm *algorithm = algorithm_find("ecdsa-p256");

        for (size_t i = 0; i < KEYS; i++) {
                int r;

                people[i].key = key_new(algorithm);
                people[i].pubkey = key_public(people[i].key);
                r = in_toto_key_of(people[i].pubkey, algorithm, &people[i].public);
                assert(r == 0);
        }
}

static void free_people(void)
{
        for (size_t i = 0; i < KEYS; i++) {
                EVP_PKEY_free(people[i].key);
                (void)pubkey_free(people[i].pubkey);
                in_toto_key_done(&people[i].public);
        }
}

/* The payload, taken over, in the envelope of that person. */
static void sign(json_t *payload, size_t who, enum in_toto_envelope_kind kind, struct buf *ret)
{
        _cleanup_(in_toto_envelope_done) struct in_toto_envelope envelope = {};
        _cleanup_(buf_done) struct buf signature = {};
        struct sha256 digest;
        int r = in_toto_envelope_make(kind, payload, &envelope, NULL);

        assert(payload && r == 0);
        digest = sha256_of(buf_view(&envelope.message));
        key_sign(people[who].key, people[who].public.algorithm, sha256_view(&digest), &signature);
        r = in_toto_envelope_sign(&envelope, people[who].public.id, buf_view(&signature));
        assert(r == 0);
        r = in_toto_envelope_put(&envelope, ret);
        assert(r == 0);
        json_decref(payload);
}

/* "PATH=LETTER", or nothing. */
static json_t *artifacts(const char *text)
{
        json_t *object = json_object();
        const char *sign = strchr(text, '=');
        char digest[65] = "";

        if (sign) {
                _cleanup_(freep) char *path = strndup(text, (size_t)(sign - text));

                memset(digest, sign[1], 64);
                assert(path);
                (void)json_object_set_new(object, path, json_pack("{s:s}", "sha256", digest));
        }
        return object;
}

static json_t *link_of(const char *name, const char *materials, const char *products,
                       const char *run, int status)
{
        return json_pack("{s:s, s:s, s:[], s:{s:i}, s:{s:s*}, s:o, s:o}", "_type", "link", "name",
                         name, "command", "byproducts", "return-value", status, "environment",
                         "run", run, "materials", artifacts(materials), "products",
                         artifacts(products));
}

static json_t *step_of(const char *name, const char *materials, size_t who, size_t other,
                       int threshold)
{
        json_t *step = json_pack(
                "{s:s, s:s, s:[], s:o, s:[[s,s]], s:[s, s*], s:i}", "_type", "step", "name", name,
                "expected_command", "expected_materials", json_loads(materials, 0, NULL),
                "expected_products", "ALLOW", "*", "pubkeys", people[who].public.id,
                other < KEYS ? people[other].public.id : NULL, "threshold", threshold);

        assert(step);
        return step;
}

static json_t *keys_of(void)
{
        json_t *keys = json_object();

        for (size_t i = 0; i < KEYS; i++)
                (void)json_object_set_new(keys, people[i].public.id,
                                          in_toto_key_to_json(&people[i].public));
        return keys;
}

/* Two steps: the second takes the data that the first made. */
static json_t *layout_of(const char *expires, int threshold)
{
        return json_pack("{s:s, s:s, s:s, s:o, s:[], s:[o, o]}", "_type", "layout", "expires",
                         expires, "readme", "", "keys", keys_of(), "inspect", "steps",
                         step_of("prepare", "[[\"DISALLOW\",\"*\"]]", PREPARER, KEYS, 1),
                         step_of("train",
                                 "[[\"MATCH\",\"data\",\"WITH\",\"PRODUCTS\",\"FROM\",\"prepare\"],"
                                 "[\"DISALLOW\",\"*\"]]",
                                 TRAINER, threshold > 1 ? OTHER : KEYS, threshold));
}

static void put_file(const char *folder, const char *name, struct view text)
{
        _cleanup_(freep) char *path = NULL;
        int r = asprintf(&path, "%s/%s", folder, name);

        assert(r > 0);
        r = file_replace(AT_FDCWD, path, text, 0600, NULL);
        assert(r == 0);
}

static void put_signed(const char *folder, const char *name, json_t *payload, size_t who)
{
        _cleanup_(buf_done) struct buf text = {};

        sign(payload, who, name[0] == 'o' ? IN_TOTO_METABLOCK : IN_TOTO_DSSE, &text);
        put_file(folder, name, buf_view(&text));
}

/* The reason, or that none was given. */
static void expect_reason(const struct problem *problem, const char *reason)
{
        if (reason)
                expect_contains(problem->text, reason);
        else
                expect_text(view_string(problem->text), "");
}

/* One directory, the first layout, and what is changed of the good ones. */
struct scene {
        const char *label;
        void (*change)(const char *folder, struct chain_question *question);
        const char *reason; /* NULL: yes */
        const char *expires;
        int threshold;
};

static void change_nothing(const char *folder, struct chain_question *question)
{
        (void)folder;
        (void)question;
}

static void change_key(const char *folder, struct chain_question *question)
{
        put_signed(folder, "train.link", link_of("train", "data=d", "model=b", "1", 0), PREPARER);
}

static void change_data(const char *folder, struct chain_question *question)
{
        put_signed(folder, "train.link", link_of("train", "data=e", "model=b", "1", 0), TRAINER);
}

static void change_run(const char *folder, struct chain_question *question)
{
        put_signed(folder, "train.link", link_of("train", "data=d", "model=b", "2", 0), TRAINER);
}

static void allow_runs(const char *folder, struct chain_question *question)
{
        change_run(folder, question);
        question->runs_may_differ = 1;
}

static void ask_for_run(const char *folder, struct chain_question *question)
{
        question->run = "2";
}

static void ask_for_run_among_two(const char *folder, struct chain_question *question)
{
        put_signed(folder, "old.link", link_of("train", "data=d", "model=c", "0", 0), TRAINER);
        question->run = "1";
}

static void lose_run(const char *folder, struct chain_question *question)
{
        put_signed(folder, "train.link", link_of("train", "data=d", "model=b", NULL, 0), TRAINER);
}

static void fail_command(const char *folder, struct chain_question *question)
{
        put_signed(folder, "train.link", link_of("train", "data=d", "model=b", "1", 3), TRAINER);
}

static void fail_command_allowed(const char *folder, struct chain_question *question)
{
        fail_command(folder, question);
        question->specification_only = 1;
}

static void say_twice(const char *folder, struct chain_question *question)
{
        put_signed(folder, "other.link", link_of("train", "data=d", "model=c", "1", 0), TRAINER);
}

static void say_the_same(const char *folder, struct chain_question *question)
{
        put_signed(folder, "again.link", link_of("train", "data=d", "model=b", "1", 0), TRAINER);
}

static void say_it_too(const char *folder, struct chain_question *question)
{
        put_signed(folder, "other.link", link_of("train", "data=d", "model=b", "1", 0), OTHER);
}

static void say_something_else(const char *folder, struct chain_question *question)
{
        put_signed(folder, "other.link", link_of("train", "data=d", "model=c", "1", 0), OTHER);
}

static void lose_step(const char *folder, struct chain_question *question)
{
        put_file(folder, "train.link", view_string("{\"signed\":{},\"signed\":{}}"));
}

static void add_noise(const char *folder, struct chain_question *question)
{
        put_file(folder, "noise.link", view_string("{\"payload\":"));
        put_file(folder, "README", view_string("no JSON"));
}

static void no_owner(const char *folder, struct chain_question *question)
{
        question->owners = &people[OTHER].public;
}

static void demand_builder(const char *folder, struct chain_question *question)
{
        static const struct chain_builder builder = {"train", "https://example.org/b"};

        question->builders = &builder;
        question->builder_count = 1;
}

static void demand_another_layout(const char *folder, struct chain_question *question)
{
        static const struct sha256 another = {{1}};

        question->layouts = &another;
        question->layout_count = 1;
}

static const struct scene scenes[] = {
        {"good", change_nothing, NULL, LATER, 1},
        {"noise", add_noise, NULL, LATER, 1},
        {"expired", change_nothing, "layout: expired 2026-11-22T10:00:00Z", "2026-11-22T10:00:00Z",
         1},
        {"another owner", no_owner, "layout: not signed by key", LATER, 1},
        {"another key", change_key,
         "step train: 0 of the 1 attestations it needs; train.link: signed by none of the keys",
         LATER, 1},
        {"other data", change_data,
         "step train: expected_materials: rule 1, MATCH data WITH PRODUCTS FROM prepare: found "
         "\"data\", which is not the product of prepare: expected SHA-256 dddd",
         LATER, 1},
        {"another run", change_run,
         "step train: train.link is of run 2, attestations before of "
         "run 1",
         LATER, 1},
        {"another run, allowed", allow_runs, NULL, LATER, 1},
        {"another run asked for", ask_for_run,
         "step prepare: 0 of the 1 attestations it needs; "
         "oprepare.link: of run 1",
         LATER, 1},
        {"a run among two", ask_for_run_among_two, NULL, LATER, 1},
        {"no run", lose_run, "train.link is of run (none)", LATER, 1},
        {"failed", fail_command, "train.link: its command failed, status 3", LATER, 1},
        {"failed, by the specification", fail_command_allowed, NULL, LATER, 1},
        {"two by one", say_twice, "other.link and train.link: two different attestations by key",
         LATER, 1},
        {"the same", say_the_same, NULL, LATER, 1},
        {"not enough", change_nothing, "step train: 1 of the 2 attestations it needs", LATER, 2},
        {"enough", say_it_too, NULL, LATER, 2},
        {"in disagreement", say_something_else,
         "step train: train.link and other.link differ in "
         "\"model\"",
         LATER, 2},
        {"no builder", demand_builder,
         "step train: 0 of the 1 attestations it needs; train.link: names no builder, and its step "
         "must be by one",
         LATER, 1},
        {"another layout", demand_another_layout,
         "layout: another one than is demanded: found sha256:", LATER, 1},
        {"unreadable", lose_step,
         "step train: 0 of the 1 attestations it needs; train.link: ", LATER, 1},
};

static void check_scene(const struct scene *scene)
{
        _cleanup_(folder_done) struct folder folder = folder_new();
        _cleanup_(buf_done) struct buf layout = {};
        _cleanup_(chain_done) struct chain chain = {};
        struct chain_question question = {.directory = folder.path,
                                          .owners = &people[OWNER].public,
                                          .owner_count = 1,
                                          .now = NOW};
        struct problem problem = {};

        test_label = scene->label;
        put_signed(folder.path, "oprepare.link", link_of("prepare", "", "data=d", "1", 0),
                   PREPARER);
        put_signed(folder.path, "train.link", link_of("train", "data=d", "model=b", "1", 0),
                   TRAINER);
        sign(layout_of(scene->expires, scene->threshold), OWNER, IN_TOTO_DSSE, &layout);
        scene->change(folder.path, &question);
        expect_integer(chain_verify(&question, buf_view(&layout), &chain, &problem),
                       scene->reason ? -EKEYREJECTED : 0);
        expect_reason(&problem, scene->reason);
        if (scene->reason || problem.text[0])
                return;
        expect(artifacts_find(chain_products(&chain), "model") != NULL);
        expect(chain_find_step(&chain, "train")->count == (size_t)scene->threshold);
}

/* What the trainer delegates: his own step, with a layout of his own. */
static json_t *inner_layout(const char *step)
{
        return json_pack("{s:s, s:s, s:s, s:o, s:[], s:[o]}", "_type", "layout", "expires", LATER,
                         "readme", "", "keys", keys_of(), "inspect", "steps",
                         step_of(step, "[]", TRAINER, KEYS, 1));
}

struct tree {
        struct folder folder;
        char file[32], directory[32]; /* by which the delegated layout goes */
};

static void tree_done(struct tree *tree)
{
        folder_done(&tree->folder);
}

static void make_tree(struct tree *ret)
{
        ret->folder = folder_new();
        (void)snprintf(ret->file, sizeof(ret->file), "train.%.8s.link", people[TRAINER].public.id);
        (void)snprintf(ret->directory, sizeof(ret->directory), "train.%.8s",
                       people[TRAINER].public.id);
        put_signed(ret->folder.path, "oprepare.link", link_of("prepare", "", "data=d", "1", 0),
                   PREPARER);
}

static int verify_tree(const struct tree *tree, const struct chain_builder *builder,
                       struct chain *ret, struct problem *problem)
{
        struct chain_question question = {.directory = tree->folder.path,
                                          .owners = &people[OWNER].public,
                                          .owner_count = 1,
                                          .builders = builder,
                                          .builder_count = builder ? 1 : 0,
                                          .now = NOW};
        _cleanup_(buf_done) struct buf layout = {};

        sign(layout_of(LATER, 1), OWNER, IN_TOTO_METABLOCK, &layout);
        return chain_verify(&question, buf_view(&layout), ret, problem);
}

/* A condition on the builder of a step of the outermost layout is none on those who call theirs the
 * same, and not fulfilled by a layout in the place of evidence. */
static void test_delegated(const char *data, const char *step, const char *reason)
{
        const struct chain_builder builder = {step, "https://example.org/b"};
        _cleanup_(tree_done) struct tree tree = {};
        _cleanup_(chain_done) struct chain chain = {};
        _cleanup_(buf_done) struct buf link = {};
        char path[80];
        struct problem problem = {};

        make_tree(&tree);
        put_signed(tree.folder.path, tree.file, inner_layout("fit"), TRAINER);
        sign(link_of("fit", data, "model=b", "1", 0), TRAINER, IN_TOTO_DSSE, &link);
        (void)snprintf(path, sizeof(path), "%s/fit.link", tree.directory);
        if (data)
                folder_write(&tree.folder, path, buf_view(&link));
        expect_integer(verify_tree(&tree, step ? &builder : NULL, &chain, &problem),
                       reason ? -EKEYREJECTED : 0);
        expect_reason(&problem, reason);
        if (!reason)
                expect(artifacts_find(chain_products(&chain), "model") != NULL && chain.run);
}

/* Who takes a step gets nothing run by who verifies. */
static int inspect_never(void *context, const struct layout_item *item, json_t *keep,
                         struct artifacts *ret_before, struct artifacts *ret_after,
                         struct problem *problem)
{
        int *runs = context;

        (*runs)++;
        return 0;
}

static void test_delegated_inspection(void)
{
        _cleanup_(tree_done) struct tree tree = {};
        _cleanup_(chain_done) struct chain chain = {};
        _cleanup_(buf_done) struct buf link = {};
        _cleanup_(buf_done) struct buf layout = {};
        int runs = 0;
        json_t *inner = inner_layout("fit");
        struct chain_question question = {.owners = &people[OWNER].public,
                                          .owner_count = 1,
                                          .now = NOW,
                                          .inspect = inspect_never,
                                          .context = &runs};
        char path[80];
        struct problem problem = {};

        make_tree(&tree);
        question.directory = tree.folder.path;
        (void)json_object_set_new(inner, "inspect",
                                  json_pack("[{s:s, s:s, s:[s], s:[], s:[]}]", "_type",
                                            "inspection", "name", "look", "run", "true",
                                            "expected_materials", "expected_products"));
        put_signed(tree.folder.path, tree.file, inner, TRAINER);
        sign(link_of("fit", "data=d", "model=b", "1", 0), TRAINER, IN_TOTO_DSSE, &link);
        (void)snprintf(path, sizeof(path), "%s/fit.link", tree.directory);
        folder_write(&tree.folder, path, buf_view(&link));
        sign(layout_of(LATER, 1), OWNER, IN_TOTO_METABLOCK, &layout);
        expect_integer(chain_verify(&question, buf_view(&layout), &chain, &problem), -EKEYREJECTED);
        expect_contains(problem.text,
                        "layout: it demands inspection look, and inspections of a layout within a "
                        "layout are not executed");
        expect_integer(runs, 0);
}

static void test_missing_directory(void)
{
        _cleanup_(tree_done) struct tree tree = {};
        _cleanup_(chain_done) struct chain chain = {};
        struct problem problem = {};

        make_tree(&tree);
        put_signed(tree.folder.path, tree.file, inner_layout("fit"), TRAINER);
        expect_integer(verify_tree(&tree, NULL, &chain, &problem), -EKEYREJECTED);
        expect_contains(problem.text, "No such file or directory");
}

static void test_cycle(void)
{
        _cleanup_(tree_done) struct tree tree = {};
        _cleanup_(chain_done) struct chain chain = {};
        struct problem problem = {};

        make_tree(&tree);
        put_signed(tree.folder.path, tree.file, inner_layout("train"), TRAINER);
        assert(symlinkat(".", tree.folder.fd, tree.directory) == 0);
        expect_integer(verify_tree(&tree, NULL, &chain, &problem), -EKEYREJECTED);
        expect_contains(problem.text, "the layout is within itself: a cycle");
}

/* Every layout differs from the one around it. */
static void test_depth(void)
{
        _cleanup_(tree_done) struct tree tree = {};
        _cleanup_(chain_done) struct chain chain = {};
        struct problem problem = {};
        char path[512] = "";

        make_tree(&tree);
        for (size_t i = 0; i <= CHAIN_DEPTH_MAX; i++) {
                _cleanup_(buf_done) struct buf text = {};
                json_t *layout = inner_layout("train");

                (void)json_object_set_new(layout, "readme", json_sprintf("%zu", i));
                sign(layout, TRAINER, IN_TOTO_DSSE, &text);
                (void)snprintf(path + strlen(path), sizeof(path) - strlen(path), "%s", tree.file);
                folder_write(&tree.folder, path, buf_view(&text));
                path[strlen(path) - strlen(".link")] = '\0';
                (void)snprintf(path + strlen(path), sizeof(path) - strlen(path), "/");
        }
        expect_integer(verify_tree(&tree, NULL, &chain, &problem), -EKEYREJECTED);
        expect_contains(problem.text, "layouts within layouts deeper than 8");
}

static const struct {
        const char *label;
        enum key_purpose purpose;
        enum key_state state;
        const char *moment; /* that is proved; NULL: none */
        const char *reason;
} standings[] = {
        {"active", KEY_GENERAL, KEY_ACTIVE, NULL, NULL},
        {"retired", KEY_GENERAL, KEY_RETIRED, NULL, "train.link: signed by key training version 1"},
        {"before that", KEY_GENERAL, KEY_RETIRED, "2026-05-01T00:00:00.000000Z", NULL},
        {"after that", KEY_GENERAL, KEY_RETIRED, "2026-07-01T00:00:00.000000Z", "training version"},
        {"revoked", KEY_GENERAL, KEY_REVOKED, NULL, "train.link: signed by key training version 1"},
        {"no good proof", KEY_GENERAL, KEY_ACTIVE, "", "train.link: another signature"},
        {"log", KEY_LOG, KEY_ACTIVE, NULL, "train.link: signed by a log key"},
};

static int prove(void *context, const char *path, const struct in_toto_envelope *envelope,
                 const struct in_toto_key *key, struct key_moment *ret, struct problem *problem)
{
        const char *moment = context;

        size_t who = strstr(path, "train") ? TRAINER : PREPARER;

        expect(strstr(path, ".link") != NULL && envelope->count == 1);
        expect(in_toto_key_is_same(key, &people[who].public));
        if (moment && moment[0] == '\0' && strstr(path, "train"))
                return problem_set(problem, -EKEYREJECTED, "another signature");
        if (moment && moment[0])
                key_moment_recorded(moment, ret);
        return 0;
}

/* The ring says more of a key than the layout does. */
static void check_standing(size_t i)
{
        _cleanup_(folder_done) struct folder folder = folder_new();
        _cleanup_(buf_done) struct buf layout = {};
        _cleanup_(chain_done) struct chain chain = {};
        struct keyring_key key = {.name = "training",
                                  .created = "2026-01-01T00:00:00.000000Z",
                                  .ended = "2026-06-01T00:00:00.000000Z",
                                  .version = 1,
                                  .algorithm = people[TRAINER].public.algorithm,
                                  .purpose = standings[i].purpose,
                                  .state = standings[i].state,
                                  .pubkey = people[TRAINER].pubkey};
        const struct keyring ring = {.keys = &key, .count = 1};
        struct chain_question question = {.directory = folder.path,
                                          .owners = &people[OWNER].public,
                                          .owner_count = 1,
                                          .ring = &ring,
                                          .now = NOW,
                                          .prove = prove,
                                          .context = (void *)(uintptr_t)standings[i].moment};
        struct problem problem = {};
        json_t *bare = layout_of(LATER, 1);

        test_label = standings[i].label;
        if (key.state == KEY_ACTIVE)
                key.ended[0] = '\0';
        (void)json_object_del(json_object_get(bare, "keys"), people[TRAINER].public.id);
        sign(bare, OWNER, IN_TOTO_DSSE, &layout);
        put_signed(folder.path, "oprepare.link", link_of("prepare", "", "data=d", "1", 0),
                   PREPARER);
        put_signed(folder.path, "train.link", link_of("train", "data=d", "model=b", "1", 0),
                   TRAINER);
        expect_integer(chain_verify(&question, buf_view(&layout), &chain, &problem),
                       standings[i].reason ? -EKEYREJECTED : 0);
        expect_reason(&problem, standings[i].reason);
        if (!standings[i].reason)
                expect(chain_find_step(&chain, "train")->accepted[0]->member == &key);
        test_label = "";
}

int main(void)
{
        make_people();
        for (size_t i = 0; i < ARRAY_SIZE(scenes); i++)
                check_scene(&scenes[i]);
        test_label = "";
        test_delegated("data=d", NULL, NULL);
        test_delegated("data=d", "fit", NULL);
        test_delegated("data=d", "train", "names no builder, and its step must be by one");
        test_delegated("data=e", NULL, "found \"data\", which is not the product of prepare");
        test_delegated_inspection();
        test_missing_directory();
        test_cycle();
        test_depth();
        for (size_t i = 0; i < ARRAY_SIZE(standings); i++)
                check_standing(i);
        free_people();
        return test_result();
}
