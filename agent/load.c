/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/load.h"

#include <errno.h>

#include "agent/clock.h"
#include "lib/pubkey.h"

void load_table_done(struct load_table *table)
{
        for (size_t i = 0; i < table->count; i++)
                free(table->loads[i]);
        free(table->loads);
        *table = (struct load_table){};
}

int load_table_add(struct load_table *table, const struct token_key *key)
{
        struct load *load, **more;

        if (table->count == LOAD_KEYS_MAX)
                return -ENOSPC;
        more = reallocarray(table->loads, table->count + 1, sizeof(struct load *));
        if (!more)
                return -ENOMEM;
        table->loads = more;
        load = calloc(1, sizeof(*load));
        if (!load)
                return -ENOMEM;
        load->key = key;
        table->loads[table->count++] = load;
        return 0;
}

struct load *load_table_find(const struct load_table *table, const struct token_key *key)
{
        for (size_t i = 0; i < table->count; i++)
                if (table->loads[i]->key == key)
                        return table->loads[i];
        return NULL;
}

struct load *load_table_next(const struct load_table *table)
{
        if (table->again)
                return table->again;
        return table->sent < table->count ? table->loads[table->sent] : NULL;
}

void load_table_sent(struct load_table *table, struct load *load)
{
        load->state = LOAD_SENT;
        if (load == table->again)
                table->again = NULL;
        else
                table->sent++;
}

int load_may_again(const struct load_table *table, const struct load *load)
{
        return load->error != -EKEYREJECTED && load->error != -EOPNOTSUPP && !table->again &&
               clock_now() >= load->again_usec;
}

void load_table_again(struct load_table *table, struct load *load)
{
        load->state = LOAD_WANTED;
        table->again = load;
}

int load_table_has_done(const struct load_table *table)
{
        for (size_t i = 0; i < table->count; i++)
                if (table->loads[i]->state == LOAD_DONE)
                        return 1;
        return 0;
}

/* The public key that comes with the slot must be the one that the key was made with. */
static int read_slot(struct load *load, struct view fields)
{
        struct reader reader = reader_init(fields);
        struct view spki;

        load->slot = reader_u32(&reader);
        spki = reader_sized(&reader);
        if (reader_end(&reader) < 0)
                return problem_set(&load->problem, -EIO, "answer to load: malformed");
        if (!view_equal(spki, pubkey_spki(load->key->pubkey)))
                return problem_set(&load->problem, -EKEYREJECTED,
                                   "the token holds another key under this handle");
        return 0;
}

void load_take_answer(struct load *load, struct view fields, int error,
                      const struct problem *problem)
{
        load->problem = *problem;
        load->error = error < 0 ? error : read_slot(load, fields);
        load->state = load->error < 0 ? LOAD_FAILED : LOAD_DONE;
        load->again_usec = clock_now() + LOAD_AGAIN_USEC;
}
