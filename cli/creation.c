/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/creation.h"

#include "cli/output.h"

/* Evidence from before, or of a token that did not show it: the rest is not worth less. */
static const char *why_not(const struct evidence *evidence)
{
        const char *said = facts_get(&evidence->self_asserted, EVIDENCE_NO_CREATION);

        if (evidence->kind != EVIDENCE_TPM2)
                return "a PKCS#11 token has no proof of it";
        return said ? said : "the evidence has no creation data";
}

/* Which ones, and what was in them, each as text. */
static void put_registers(const struct creation *data, struct buf *ret, struct buf *ret_digest)
{
        creation_put_registers(ret, data);
        buf_put_u8(ret, '\0');
        for (size_t i = 0; i < data->registers.size; i++)
                buf_put_format(ret_digest, "%02x", data->registers.data[i]);
        buf_put_u8(ret_digest, '\0');
}

static void put_title(const json_t *made_for, struct buf *ret)
{
        const char *request = json_member_string(made_for, "request");
        _cleanup_(buf_done) struct buf title = {};

        buf_put_format(&title, "made as key %s version %lld of %s, asked for at %s",
                       json_member_string(made_for, "key"),
                       (long long)json_member_integer(made_for, "version", 0),
                       json_member_string(made_for, "origin"),
                       json_member_string(made_for, "time"));
        if (request)
                buf_put_format(&title, " by request %s", request);
        output_put_text(ret, buf_view(&title));
}

static void put_row(struct table *table, const char *name, const char *value)
{
        table_put(table, name);
        table_put(table, value ? value : "");
}

void creation_put_text(const struct evidence *evidence, const struct evidence_creation *creation,
                       struct buf *ret)
{
        _cleanup_(buf_done) struct buf registers = {}, digest = {};
        _cleanup_(table_done) struct table table = {};
        char parent[HEX_SIZE(TPM_NAME_SIZE)];

        buf_put_string(ret, creation->proved ? "creation proved: " : "creation not proved: ");
        if (creation->proved)
                put_title(evidence->created_for, ret);
        else
                output_put_text(ret, view_string(why_not(evidence)));
        buf_put_string(ret, "\n");
        if (!creation->proved)
                return;
        table_init(&table, 2);
        put_row(&table, "parent", hex_encode(tpm_name_view(&creation->parent), parent));
        put_registers(&creation->data, &registers, &digest);
        put_row(&table, "registers", (const char *)registers.data);
        put_row(&table, "their digest", (const char *)digest.data);
        table_print(&table, 2, ret);
}

json_t *creation_to_json(const struct evidence *evidence, const struct evidence_creation *creation)
{
        _cleanup_(buf_done) struct buf registers = {}, digest = {};
        char parent[HEX_SIZE(TPM_NAME_SIZE)];

        if (!creation->proved)
                return json_pack("{s:b, s:s}", "proved", 0, "reason", why_not(evidence));
        put_registers(&creation->data, &registers, &digest);
        if (buf_error(&registers) || buf_error(&digest))
                return NULL;
        return json_pack("{s:O, s:s, s:b, s:s, s:s}", "createdFor", evidence->created_for, "parent",
                         hex_encode(tpm_name_view(&creation->parent), parent), "proved", 1,
                         "registers", (const char *)registers.data, "registersDigest",
                         (const char *)digest.data);
}
