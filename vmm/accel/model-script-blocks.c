/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The blocks of a script: repeat, if, else, break, end, as jumps between steps.
 */
#include "vmm/accel/model-script-parser.h"

static guint
next_step(const ModelParser *parser)
{
    return parser->section->steps->len;
}

static ModelBlock *
innermost(ModelParser *parser)
{
    return parser->blocks->len != 0
               ? &g_array_index(parser->blocks, ModelBlock, parser->blocks->len - 1)
               : NULL;
}

static gboolean
block_open(ModelParser *parser, ModelBlockKind kind, guint start, GError **error)
{
    ModelBlock block = {.kind = kind, .line = parser->line, .start = start};

    if (parser->blocks->len == MODEL_NESTING_MAX)
        return model_parser_refuse(error, "blocks are nested more than %d deep", MODEL_NESTING_MAX);
    block.exits = g_array_new(FALSE, FALSE, sizeof(guint));
    g_array_append_val(parser->blocks, block);
    return TRUE;
}

gboolean
model_parse_repeat(ModelParser *parser, ModelCursor *cursor, GError **error)
{
    gboolean forever = model_cursor_accept(cursor, "forever");
    ModelStep *step;
    ModelExpr *count;
    gint var;
    guint start;

    if (forever)
        return block_open(parser, MODEL_BLOCK_REPEAT, next_step(parser), error);
    count = model_cursor_expression(cursor, error);
    if (count == NULL)
        return FALSE;
    var = model_parser_variables(parser, 1, error);
    if (var < 0) {
        model_expr_free(count);
        return FALSE;
    }
    model_parser_let(parser, (guint)var, count);
    start = next_step(parser);
    step = model_parser_step(parser, MODEL_STEP_REPEAT);
    step->var = (guint)var;
    if (!block_open(parser, MODEL_BLOCK_REPEAT, start, error))
        return FALSE;
    g_array_append_val(innermost(parser)->exits, start);
    return TRUE;
}

gboolean
model_parse_if(ModelParser *parser, ModelCursor *cursor, GError **error)
{
    guint start = next_step(parser);
    ModelExpr *condition = model_cursor_expression(cursor, error);
    ModelStep *step;

    if (condition == NULL)
        return FALSE;
    step = model_parser_step(parser, MODEL_STEP_JUMP_IF_ZERO);
    step->args[step->n_args++] = condition;
    return block_open(parser, MODEL_BLOCK_IF, start, error);
}

gboolean
model_parse_else(ModelParser *parser, ModelCursor *cursor, GError **error)
{
    ModelBlock *block = innermost(parser);
    guint jump = next_step(parser);
    ModelStep *condition;

    if (block == NULL || block->kind != MODEL_BLOCK_IF)
        return model_parser_refuse(error, "there is no if to this else");
    model_parser_step(parser, MODEL_STEP_JUMP);
    condition = g_ptr_array_index(parser->section->steps, block->start);
    condition->target = next_step(parser);
    block->kind = MODEL_BLOCK_ELSE;
    g_array_append_val(block->exits, jump);
    return TRUE;
}

gboolean
model_parse_break(ModelParser *parser, ModelCursor *cursor, GError **error)
{
    guint jump = next_step(parser);

    for (guint i = parser->blocks->len; i > 0; i--) {
        ModelBlock *block = &g_array_index(parser->blocks, ModelBlock, i - 1);

        if (block->kind != MODEL_BLOCK_REPEAT)
            continue;
        model_parser_step(parser, MODEL_STEP_JUMP);
        g_array_append_val(block->exits, jump);
        return TRUE;
    }
    return model_parser_refuse(error, "there is no repeat to break");
}

gboolean
model_parse_end(ModelParser *parser, ModelCursor *cursor, GError **error)
{
    ModelBlock *block = innermost(parser);

    if (block == NULL)
        return model_parser_refuse(error, "there is no block to end");
    if (block->kind == MODEL_BLOCK_REPEAT)
        model_parser_step(parser, MODEL_STEP_JUMP)->target = block->start;
    if (block->kind == MODEL_BLOCK_IF)
        g_array_append_val(block->exits, block->start);
    for (guint i = 0; i < block->exits->len; i++) {
        ModelStep *step =
            g_ptr_array_index(parser->section->steps, g_array_index(block->exits, guint, i));

        step->target = next_step(parser);
    }
    g_array_remove_index(parser->blocks, parser->blocks->len - 1);
    return TRUE;
}

/* What stands before ends; no step leads into a handler. */
gboolean
model_parse_at(ModelParser *parser, ModelCursor *cursor, GError **error)
{
    GArray *vectors = parser->section->vectors;
    ModelVector vector;
    ModelExpr *expr;

    if (parser->blocks->len != 0)
        return model_parser_refuse(error, "at stands outside of blocks");
    expr = model_cursor_expression(cursor, error);
    if (expr == NULL)
        return FALSE;
    if (expr->n != 1 || expr->terms[0].kind != MODEL_TERM_NUMBER) {
        model_expr_free(expr);
        return model_parser_refuse(error, "at needs a number or a constant");
    }
    vector.address = expr->terms[0].value;
    model_expr_free(expr);
    for (guint i = 0; i < vectors->len; i++) {
        if (g_array_index(vectors, ModelVector, i).address == vector.address)
            return model_parser_refuse(error, "there is a handler at this address already");
    }
    model_parser_step(parser, MODEL_STEP_STOP);
    vector.step = parser->section->steps->len;
    g_array_append_val(vectors, vector);
    return TRUE;
}
