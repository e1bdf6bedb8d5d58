/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/policy.h"

#include <errno.h>

#define NONE "none"

/* One line, and what has been read before it. */
struct line {
        struct policy *policy;
        struct reader words;
        int has_quorum;
};

/* The next word, empty at the end of the line. */
static struct view next_word(struct line *line)
{
        struct reader *words = &line->words;
        const uint8_t *first;

        while (words->left > 0 && (words->next[0] == ' ' || words->next[0] == '\t'))
                (void)reader_u8(words);
        first = words->next;
        while (words->left > 0 && words->next[0] != ' ' && words->next[0] != '\t')
                (void)reader_u8(words);
        return view_of(first, (size_t)(words->next - first));
}

static int expect_end(struct line *line, struct problem *problem)
{
        struct view word = next_word(line);

        return word.size == 0 ? 0
                              : problem_set(problem, -EBADMSG, "unexpected \"%.*s\"",
                                            (int)(word.size < 64 ? word.size : 64),
                                            (const char *)word.data);
}

static size_t find_node(const struct policy *policy, struct view name)
{
        for (size_t i = 0; i < policy->node_count; i++)
                if (view_is(name, policy->nodes[i].name))
                        return i;
        return POLICY_NONE;
}

/* The node of that name, defined before. */
static int read_defined(struct line *line, size_t *ret, struct problem *problem)
{
        struct view word = next_word(line);

        if (word.size == 0)
                return problem_set(problem, -EBADMSG,
                                   "expected the name of a witness or group, found nothing");
        *ret = find_node(line->policy, word);
        if (*ret == POLICY_NONE)
                return problem_set(
                        problem, -EBADMSG, "no witness or group \"%.*s\" on a line before",
                        (int)(word.size < 256 ? word.size : 256), (const char *)word.data);
        return 0;
}

/* A node with a new name, at the end. */
static int add_node(struct line *line, struct policy_node **ret, struct problem *problem)
{
        struct policy *policy = line->policy;
        struct view name = next_word(line);
        struct policy_node *node;

        if (name.size == 0)
                return problem_set(problem, -EBADMSG, "expected a name, found nothing");
        if (name.size > NOTE_NAME_MAX)
                return problem_set(problem, -EBADMSG, "name of more than %d bytes", NOTE_NAME_MAX);
        if (view_is(name, NONE) || find_node(policy, name) != POLICY_NONE)
                return problem_set(problem, -EBADMSG, "the name \"%.*s\" is taken", (int)name.size,
                                   (const char *)name.data);
        if (policy->node_count == POLICY_NODES_MAX)
                return problem_set(problem, -EBADMSG, "more than %d witnesses and groups",
                                   POLICY_NODES_MAX);
        node = &policy->nodes[policy->node_count];
        *node = (struct policy_node){.name = view_dup(name), .parent = POLICY_NONE};
        if (!node->name)
                return -ENOMEM;
        policy->node_count++;
        *ret = node;
        return 0;
}

/* A vkey, and a URL that nobody reads here. */
static int read_key(struct line *line, struct vkey *ret, struct problem *problem)
{
        int r = vkey_parse(next_word(line), ret, problem);

        if (r < 0)
                return r;
        (void)next_word(line);
        return expect_end(line, problem);
}

static int read_log(struct line *line, struct problem *problem)
{
        struct policy *policy = line->policy;
        struct vkey *key = &policy->logs[policy->log_count];
        int r;

        if (policy->log_count == POLICY_LOGS_MAX)
                return problem_set(problem, -EBADMSG, "more than %d logs", POLICY_LOGS_MAX);
        policy->log_count++;
        r = read_key(line, key, problem);
        if (r < 0)
                return r;
        if (key->type == VKEY_COSIGNATURE)
                return problem_set(problem, -EBADMSG,
                                   "expected the key of a log, found that of a witness");
        for (size_t i = 0; i + 1 < policy->log_count; i++)
                if (vkey_same_key(&policy->logs[i], key))
                        return problem_set(problem, -EBADMSG, "the key of log \"%s\" once more",
                                           policy->logs[i].name);
        return 0;
}

static int read_witness(struct line *line, struct problem *problem)
{
        struct policy_node *node = NULL;
        int r = add_node(line, &node, problem);

        if (r == 0)
                r = read_key(line, &node->key, problem);
        if (r < 0)
                return r;
        if (node->key.type != VKEY_COSIGNATURE)
                return problem_set(problem, -EBADMSG,
                                   "expected the key of a witness, of type 0x04, found 0x%02x",
                                   (unsigned)node->key.type);
        for (const struct policy_node *other = line->policy->nodes; other < node; other++)
                if (other->threshold == 0 && vkey_same_key(&other->key, &node->key))
                        return problem_set(problem, -EBADMSG, "the key of witness \"%s\" once more",
                                           other->name);
        return 0;
}

/* All the members that the rest of the line names become the group's. */
static int read_members(struct line *line, struct policy_node *group, struct problem *problem)
{
        size_t self = (size_t)(group - line->policy->nodes);

        while (line->words.left > 0) {
                struct line ahead = *line;
                size_t member = POLICY_NONE;
                int r;

                if (next_word(&ahead).size == 0)
                        break;
                r = read_defined(line, &member, problem);
                if (r < 0)
                        return r;
                if (member == self)
                        return problem_set(problem, -EBADMSG, "the group is a member of itself");
                if (line->policy->nodes[member].parent != POLICY_NONE)
                        return problem_set(problem, -EBADMSG, "\"%s\" is a member already",
                                           line->policy->nodes[member].name);
                line->policy->nodes[member].parent = self;
                group->members++;
        }
        return group->members > 0 ? 0 : problem_set(problem, -EBADMSG, "a group without members");
}

static int read_group(struct line *line, struct problem *problem)
{
        struct policy_node *node = NULL;
        struct view word;
        uint64_t number = 0;
        int all, r = add_node(line, &node, problem);

        if (r < 0)
                return r;
        word = next_word(line);
        all = view_is(word, "all");
        if (view_is(word, "any"))
                number = 1;
        else if (!all && (view_parse_decimal(word, &number) < 0 || number == 0))
                return problem_set(problem, -EBADMSG, "expected any, all or a number from 1");
        node->threshold = 1; /* a group from here on: it cannot be taken for a witness */
        r = read_members(line, node, problem);
        if (r < 0)
                return r;
        if (!all && number > node->members)
                return problem_set(problem, -EBADMSG, "expected at most %zu, the members of \"%s\"",
                                   node->members, node->name);
        node->threshold = all ? node->members : (size_t)number;
        return 0;
}

static int read_quorum(struct line *line, struct problem *problem)
{
        struct line ahead = *line;
        int r = 0;

        if (line->has_quorum)
                return problem_set(problem, -EBADMSG, "a second quorum");
        line->has_quorum = 1;
        if (view_is(next_word(&ahead), NONE))
                (void)next_word(line);
        else
                r = read_defined(line, &line->policy->quorum, problem);
        return r < 0 ? r : expect_end(line, problem);
}

static const struct {
        const char *word;
        int (*read)(struct line *line, struct problem *problem);
} kinds[] = {
        {"log", read_log},
        {"witness", read_witness},
        {"group", read_group},
        {"quorum", read_quorum},
};

static int read_line(struct line *line, struct problem *problem)
{
        struct view word = next_word(line);

        if (word.size == 0 || word.data[0] == '#')
                return 0;
        for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
                if (view_is(word, kinds[i].word))
                        return kinds[i].read(line, problem);
        return problem_set(problem, -EBADMSG, "expected log, witness, group or quorum");
}

static int check_characters(struct view text, struct problem *problem)
{
        for (size_t i = 0; i < text.size; i++)
                if ((text.data[i] < 0x20 && text.data[i] != '\t') || text.data[i] == 0x7f)
                        return problem_set(problem, -EBADMSG, "control character 0x%02x",
                                           text.data[i]);
        return 0;
}

static int read_lines(struct view text, struct line *line, struct problem *problem)
{
        struct reader reader = reader_init(text);

        for (size_t number = 1; reader.left > 0; number++) {
                struct view bytes = reader_until(&reader, '\n');
                int r = 0;

                if (reader.bad)
                        r = problem_set(problem, -EBADMSG, "no newline at the end");
                if (r == 0)
                        r = check_characters(bytes, problem);
                line->words = reader_init(bytes);
                if (r == 0)
                        r = read_line(line, problem);
                if (r < 0)
                        return problem_prefix(problem, r, "line %zu", number);
        }
        return 0;
}

int policy_parse(struct view text, struct policy **ret, struct problem *problem)
{
        _cleanup_(policy_freep) struct policy *policy = calloc(1, sizeof(*policy));
        struct line line = {.policy = policy};
        int r;

        if (!policy)
                return -ENOMEM;
        policy->quorum = POLICY_NONE;
        if (text.size > POLICY_SIZE_MAX)
                return problem_set(problem, -EMSGSIZE, "policy: longer than %zu bytes",
                                   POLICY_SIZE_MAX);
        r = read_lines(text, &line, problem);
        if (r == 0 && !line.has_quorum)
                r = problem_set(problem, -EBADMSG, "policy: expected a quorum line, found none");
        if (r == 0)
                *ret = TAKE_PTR(policy);
        return r;
}
