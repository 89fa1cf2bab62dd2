/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The statements of a script that speak to the interrupt controller: accesses to ESB and TIMA pages
 * by name, and event queues.
 *
 * Source: hw-xive/core/regs.h.
 */
#include <string.h>

#include "hw-xive/core/regs.h"
#include "vmm/accel/model-script-parser.h"

/* ---- the interrupt controller -------------------------------------------------------------- */

typedef struct {
    const char *name;
    gboolean store;
    guint64 offset;
    guint size;
    gboolean value; /* one more argument */
} AccessRow;

#define MANAGEMENT ((guint64)XIVE_ESB_PAGE_MANAGEMENT << XIVE_PAGE_SHIFT)
#define OS_RING(n) (((guint64)XIVE_TIMA_PAGE_OS << XIVE_PAGE_SHIFT) + XIVE_RING_OS + (n))

static const AccessRow esb_rows[] = {
    {"trigger", TRUE, 0, 8, FALSE},
    {"eoi", FALSE, MANAGEMENT + XIVE_ESB_LOAD_EOI, 8, FALSE},
    {"get", FALSE, MANAGEMENT + XIVE_ESB_LOAD_GET, 8, FALSE},
    {"set", FALSE, MANAGEMENT + XIVE_ESB_LOAD_SET, 8, TRUE},
};

static const AccessRow tima_rows[] = {
    {"ack", FALSE, ((guint64)XIVE_TIMA_PAGE_OS << XIVE_PAGE_SHIFT) + XIVE_TIMA_ACK_OS, 2, FALSE},
    {"cppr", TRUE, OS_RING(XIVE_RING_CPPR), 1, TRUE},
    {"get-nsr", FALSE, OS_RING(XIVE_RING_NSR), 1, FALSE},
    {"get-cppr", FALSE, OS_RING(XIVE_RING_CPPR), 1, FALSE},
    {"get-ipb", FALSE, OS_RING(XIVE_RING_IPB), 1, FALSE},
    {"get-pipr", FALSE, OS_RING(XIVE_RING_PIPR), 1, FALSE},
};

static const AccessRow *
find_access(const AccessRow *rows, gsize n, const char *word)
{
    for (gsize i = 0; word != NULL && i < n; i++) {
        if (strcmp(rows[i].name, word) == 0)
            return &rows[i];
    }
    return NULL;
}

/* @address is consumed. */
static gboolean
finish_access(ModelParser *parser, ModelCursor *cursor, const AccessRow *row, ModelExpr *address,
              ModelExpr *value, GError **error)
{
    ModelStep *step = model_parser_step(parser, row->store ? MODEL_STEP_STORE : MODEL_STEP_LOAD);

    step->size = row->size;
    step->args[step->n_args++] = address;
    if (row->store)
        step->args[step->n_args++] = value != NULL ? value : model_expr_number(0);
    return model_parser_results(parser, cursor,
                                row->store ? MODEL_NO_RESULT : MODEL_MAY_HAVE_RESULT,
                                model_cursor_accept(cursor, "->"), error);
}

/* ESB_BASE + (lisn << 17) + offset, and for "set" + (pq << 8). */
gboolean
model_parse_esb(ModelParser *parser, ModelCursor *cursor, GError **error)
{
    g_autofree char *word = model_cursor_word(cursor);
    const AccessRow *row = find_access(esb_rows, G_N_ELEMENTS(esb_rows), word);
    ModelExpr *address, *pq;

    if (row == NULL)
        return model_parser_refuse(error, "write: esb trigger|eoi|get|set LISN");
    address = model_cursor_operand(cursor, error);
    if (address != NULL)
        address =
            model_expr_join(address, MODEL_TERM_SHL, model_expr_number(XIVE_ESB_SHIFT), error);
    if (address != NULL)
        address = model_expr_join(address, MODEL_TERM_ADD,
                                  model_expr_number(XIVE_ESB_BASE + row->offset), error);
    if (address == NULL || !row->value)
        return address != NULL && finish_access(parser, cursor, row, address, NULL, error);
    pq = model_cursor_operand(cursor, error);
    if (pq != NULL)
        pq = model_expr_join(pq, MODEL_TERM_SHL, model_expr_number(8), error);
    if (pq == NULL) {
        model_expr_free(address);
        return FALSE;
    }
    address = model_expr_join(address, MODEL_TERM_ADD, pq, error);
    return address != NULL && finish_access(parser, cursor, row, address, NULL, error);
}

gboolean
model_parse_tima(ModelParser *parser, ModelCursor *cursor, GError **error)
{
    g_autofree char *word = model_cursor_word(cursor);
    const AccessRow *row = find_access(tima_rows, G_N_ELEMENTS(tima_rows), word);
    ModelExpr *value = NULL;

    if (row == NULL)
        return model_parser_refuse(
            error, "write: tima ack, tima cppr VALUE or tima get-nsr|get-cppr|get-ipb|get-pipr");
    if (row->value) {
        value = model_cursor_operand(cursor, error);
        if (value == NULL)
            return FALSE;
    }
    return finish_access(parser, cursor, row, model_expr_number(XIVE_TIMA_BASE + row->offset),
                         value, error);
}

/* ---- queues: three variables in a row ------------------------------------------------------ */

/* queue NAME ADDRESS SHIFT: a queue as it is after H_INT_SET_QUEUE_CONFIG. */
gboolean
model_parse_queue(ModelParser *parser, ModelCursor *cursor, GError **error)
{
    g_autofree char *name = model_cursor_word(cursor);
    ModelExpr *entries;
    ModelTerm term;

    if (name == NULL)
        return model_parser_refuse(error, "write: queue NAME ADDRESS SHIFT");
    if (g_hash_table_contains(parser->variables, name))
        return model_parser_refuse(error, "'%s' is taken", name);
    if (!model_parser_target(parser, name, &term, error) ||
        model_parser_variables(parser, 2, error) < 0)
        return FALSE;
    if (term.kind != MODEL_TERM_VARIABLE)
        return model_parser_refuse(error, "'%s' is a register", name);
    if (!model_parser_let(parser, (guint)term.value, model_cursor_operand(cursor, error)))
        return FALSE;
    entries = model_cursor_operand(cursor, error);
    if (entries != NULL)
        entries =
            model_expr_join(entries, MODEL_TERM_SUB, model_expr_number(XIVE_EQ_ENTRY_SHIFT), error);
    if (entries != NULL)
        entries = model_expr_join(model_expr_number(1), MODEL_TERM_SHL, entries, error);
    return model_parser_let(parser, (guint)term.value + 1, entries) &&
           model_parser_let(parser, (guint)term.value + 2, model_expr_number(0));
}

gboolean
model_parse_poll(ModelParser *parser, ModelCursor *cursor, GError **error)
{
    g_autofree char *name = model_cursor_word(cursor);
    gpointer index = name != NULL ? g_hash_table_lookup(parser->variables, name) : NULL;
    ModelStep *step;

    if (index == NULL)
        return model_parser_refuse(error, "there is no queue '%s'", name != NULL ? name : "");
    step = model_parser_step(parser, MODEL_STEP_POLL);
    step->var = GPOINTER_TO_UINT(index) - 1;
    return model_parser_results(parser, cursor, MODEL_MAY_HAVE_RESULT,
                                model_cursor_accept(cursor, "->"), error);
}
