/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The statements of a script: a table of the plain ones (a step with arguments), and a function
 * for each of the others. ESB, TIMA and queues are in model-script-xive.c, blocks in
 * model-script-blocks.c.
 */
#include <string.h>

#include "vmm/accel/model-script-parser.h"

#define WAIT_DEFAULT_MS 10000

/* ---- arguments and results ----------------------------------------------------------------- */

static gboolean
read_args(ModelStep *step, ModelCursor *cursor, guint max, gboolean *arrow, GError **error)
{
    *arrow = FALSE;
    while (!model_cursor_at_end(cursor)) {
        ModelExpr *arg;

        *arrow = model_cursor_accept(cursor, "->");
        if (*arrow)
            return TRUE;
        if (step->n_args == max)
            return model_parser_refuse(error, "'%s' is one argument too many", cursor->at);
        arg = model_cursor_operand(cursor, error);
        if (arg == NULL)
            return FALSE;
        step->args[step->n_args++] = arg;
    }
    return TRUE;
}

static gboolean
read_match(ModelParser *parser, ModelCursor *cursor, ModelMatch *match, GError **error)
{
    if (model_cursor_accept(cursor, "_")) {
        match->kind = MODEL_MATCH_ANY;
        return TRUE;
    }
    if (*cursor->at == '=') {
        g_autofree char *word = model_cursor_word(cursor);

        match->kind = MODEL_MATCH_STORE;
        return model_parser_target(parser, word + 1, &match->where, error);
    }
    match->kind = MODEL_MATCH_VALUE;
    match->expr = model_cursor_operand(cursor, error);
    return match->expr != NULL;
}

/* What stands after "->", for r3, r4, … */
static gboolean
read_matches(ModelParser *parser, ModelCursor *cursor, GError **error)
{
    ModelStep *step = model_parser_step(parser, MODEL_STEP_MATCH);

    if (model_cursor_at_end(cursor))
        return model_parser_refuse(error, "a result is expected after ->");
    while (!model_cursor_at_end(cursor)) {
        if (step->n_matches == MODEL_MATCH_MAX)
            return model_parser_refuse(error, "there are at most %d results", MODEL_MATCH_MAX);
        step->n_matches++;
        if (!read_match(parser, cursor, &step->matches[step->n_matches - 1], error))
            return FALSE;
    }
    return TRUE;
}

static void
expect_success(ModelParser *parser)
{
    ModelStep *step = model_parser_step(parser, MODEL_STEP_MATCH);

    step->n_matches = 1;
    step->matches[0] = (ModelMatch){MODEL_MATCH_VALUE, model_expr_number(0), {0, 0}};
    step->matches[0].expr->text = g_strdup("0");
}

/* ---- the plain ones ------------------------------------------------------------------------ */

typedef struct {
    const char *name;
    ModelStepKind kind;
    guint size;
    guint min, max; /* arguments */
    ModelResultRule result;
} PlainRow;

static const PlainRow plain[] = {
    {"hcall", MODEL_STEP_HCALL, 0, 1, 10, MODEL_SUCCESS_UNLESS_SAID},
    {"load8", MODEL_STEP_LOAD, 1, 1, 1, MODEL_MAY_HAVE_RESULT},
    {"load16", MODEL_STEP_LOAD, 2, 1, 1, MODEL_MAY_HAVE_RESULT},
    {"load32", MODEL_STEP_LOAD, 4, 1, 1, MODEL_MAY_HAVE_RESULT},
    {"load64", MODEL_STEP_LOAD, 8, 1, 1, MODEL_MAY_HAVE_RESULT},
    {"store8", MODEL_STEP_STORE, 1, 2, 2, MODEL_NO_RESULT},
    {"store16", MODEL_STEP_STORE, 2, 2, 2, MODEL_NO_RESULT},
    {"store32", MODEL_STEP_STORE, 4, 2, 2, MODEL_NO_RESULT},
    {"store64", MODEL_STEP_STORE, 8, 2, 2, MODEL_NO_RESULT},
    {"fill", MODEL_STEP_FILL, 0, 3, 3, MODEL_NO_RESULT},
    {"irq", MODEL_STEP_IRQ, 0, 0, 0, MODEL_MAY_HAVE_RESULT},
    {"wait-irq", MODEL_STEP_WAIT_IRQ, 0, 0, 1, MODEL_NO_RESULT},
    {"sleep", MODEL_STEP_SLEEP, 0, 1, 1, MODEL_NO_RESULT},
    {"stop", MODEL_STEP_STOP, 0, 0, 0, MODEL_NO_RESULT},
    {"machine-check", MODEL_STEP_MACHINE_CHECK, 0, 0, 4, MODEL_NO_RESULT},
    {"rfi", MODEL_STEP_RFI, 0, 0, 0, MODEL_NO_RESULT},
};

gboolean
model_parser_results(ModelParser *parser, ModelCursor *cursor, ModelResultRule rule, gboolean arrow,
                     GError **error)
{
    if (arrow && rule == MODEL_NO_RESULT)
        return model_parser_refuse(error, "this statement has no result");
    if (arrow)
        return read_matches(parser, cursor, error);
    if (rule == MODEL_SUCCESS_UNLESS_SAID)
        expect_success(parser);
    return TRUE;
}

static gboolean
parse_plain(ModelParser *parser, const PlainRow *row, ModelCursor *cursor, GError **error)
{
    ModelStep *step = model_parser_step(parser, row->kind);
    gboolean arrow;

    step->size = row->size;
    if (!read_args(step, cursor, row->max, &arrow, error))
        return FALSE;
    if (step->n_args < row->min)
        return model_parser_refuse(error, "%s needs %u argument%s", row->name, row->min,
                                   row->min == 1 ? "" : "s");
    if (row->kind == MODEL_STEP_WAIT_IRQ && step->n_args == 0)
        step->args[step->n_args++] = model_expr_number(WAIT_DEFAULT_MS);
    return model_parser_results(parser, cursor, row->result, arrow, error);
}

gboolean
model_parser_let(ModelParser *parser, guint var, ModelExpr *expr)
{
    ModelStep *step;

    if (expr == NULL)
        return FALSE;
    step = model_parser_step(parser, MODEL_STEP_LET);
    step->where = (ModelTerm){MODEL_TERM_VARIABLE, var};
    step->args[step->n_args++] = expr;
    return TRUE;
}

/* ---- variables and text -------------------------------------------------------------------- */

static gboolean
parse_let(ModelParser *parser, ModelCursor *cursor, GError **error)
{
    g_autofree char *name = model_cursor_word(cursor);
    ModelExpr *expr;
    ModelStep *step;

    if (name == NULL || !model_cursor_accept(cursor, "="))
        return model_parser_refuse(error, "write: let NAME = VALUE");
    expr = model_cursor_expression(cursor, error);
    if (expr == NULL)
        return FALSE;
    step = model_parser_step(parser, MODEL_STEP_LET);
    step->args[step->n_args++] = expr;
    return model_parser_target(parser, name, &step->where, error);
}

static gboolean
parse_expect(ModelParser *parser, ModelCursor *cursor, GError **error)
{
    ModelExpr *expr = model_cursor_expression(cursor, error);
    ModelStep *step;

    if (expr == NULL)
        return FALSE;
    step = model_parser_step(parser, MODEL_STEP_EXPECT);
    step->args[step->n_args++] = expr;
    return TRUE;
}

/* The rest of the line. {…} holds an expression; in the step's text each leaves a "{}". */
static gboolean
parse_message(ModelParser *parser, ModelStep *step, ModelCursor *cursor, GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);

    if (model_cursor_at_end(cursor))
        return model_parser_refuse(error, "a text is missing");
    while (*cursor->at != '\0') {
        const char *close = *cursor->at == '{' ? strchr(cursor->at, '}') : NULL;
        g_autofree char *inner = NULL;
        ModelCursor sub = *cursor;

        g_string_append_c(text, *cursor->at++);
        if (close == NULL)
            continue;
        if (step->n_args == MODEL_ARGS_MAX)
            return model_parser_refuse(error, "a text holds %d values", MODEL_ARGS_MAX);
        inner = g_strndup(cursor->at, (gsize)(close - cursor->at));
        sub.at = inner;
        step->args[step->n_args] = model_cursor_expression(&sub, error);
        if (step->args[step->n_args] == NULL)
            return FALSE;
        step->n_args++;
        if (!model_cursor_at_end(&sub))
            return model_parser_refuse(error, "'%s' is no value", inner);
        cursor->at = close;
    }
    step->text = g_strdup(text->str);
    return TRUE;
}

static gboolean
parse_log(ModelParser *parser, ModelCursor *cursor, GError **error)
{
    return parse_message(parser, model_parser_step(parser, MODEL_STEP_LOG), cursor, error);
}

static gboolean
parse_fail(ModelParser *parser, ModelCursor *cursor, GError **error)
{
    return parse_message(parser, model_parser_step(parser, MODEL_STEP_FAIL), cursor, error);
}

/* ---- RTAS and the device tree -------------------------------------------------------------- */

/* A token by number, by a defined name, or by the name of a property of /rtas. */
static gboolean
read_token(ModelParser *parser, ModelStep *step, ModelCursor *cursor, GError **error)
{
    const char *start;
    g_autofree char *word = NULL;
    guint64 value;

    if (model_cursor_at_end(cursor))
        return model_parser_refuse(error, "rtas needs a call's name or token");
    start = cursor->at;
    word = model_cursor_word(cursor);
    if (model_is_name(word) && !model_parser_constant(parser, word, &value) &&
        !g_hash_table_contains(parser->variables, word)) {
        step->text = g_steal_pointer(&word);
        step->args[step->n_args++] = model_expr_number(0);
        return TRUE;
    }
    cursor->at = start;
    step->args[step->n_args] = model_cursor_operand(cursor, error);
    return step->args[step->n_args++] != NULL;
}

static gboolean
parse_rtas(ModelParser *parser, ModelCursor *cursor, GError **error)
{
    ModelStep *step = model_parser_step(parser, MODEL_STEP_RTAS);
    ModelStep *end;
    const ModelStep *match;
    gboolean arrow;

    if (!read_token(parser, step, cursor, error) ||
        !read_args(step, cursor, MODEL_ARGS_MAX + 1, &arrow, error))
        return FALSE;
    end = model_parser_step(parser, MODEL_STEP_RTAS_END);
    end->size = step->n_args - 1;
    if (!model_parser_results(parser, cursor, MODEL_SUCCESS_UNLESS_SAID, arrow, error))
        return FALSE;
    match = g_ptr_array_index(parser->section->steps, parser->section->steps->len - 1);
    step->n_results = end->n_results = match->n_matches;
    return TRUE;
}

static gboolean
parse_fdt(ModelParser *parser, ModelCursor *cursor, GError **error)
{
    ModelStep *step = model_parser_step(parser, MODEL_STEP_FDT);
    gboolean arrow;

    step->text = model_cursor_string(cursor, error);
    if (step->text == NULL)
        return FALSE;
    step->text2 = model_cursor_string(cursor, error);
    if (step->text2 == NULL || !read_args(step, cursor, 1, &arrow, error))
        return FALSE;
    if (step->n_args == 0)
        step->args[step->n_args++] = model_expr_number(0);
    return model_parser_results(parser, cursor, MODEL_MAY_HAVE_RESULT, arrow, error);
}

/* ---- the table ----------------------------------------------------------------------------- */

typedef struct {
    const char *name;
    gboolean (*parse)(ModelParser *parser, ModelCursor *cursor, GError **error);
} StatementRow;

static const StatementRow statements[] = {
    {"let", parse_let},         {"expect", parse_expect},       {"log", parse_log},
    {"fail", parse_fail},       {"rtas", parse_rtas},           {"fdt", parse_fdt},
    {"esb", model_parse_esb},   {"tima", model_parse_tima},     {"queue", model_parse_queue},
    {"poll", model_parse_poll}, {"repeat", model_parse_repeat}, {"if", model_parse_if},
    {"else", model_parse_else}, {"break", model_parse_break},   {"end", model_parse_end},
    {"at", model_parse_at},
};

gboolean
model_parse_statement(ModelParser *parser, const char *name, ModelCursor *cursor, GError **error)
{
    for (gsize i = 0; i < G_N_ELEMENTS(plain); i++) {
        if (strcmp(plain[i].name, name) == 0)
            return parse_plain(parser, &plain[i], cursor, error);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(statements); i++) {
        if (strcmp(statements[i].name, name) == 0)
            return statements[i].parse(parser, cursor, error);
    }
    return model_parser_refuse(error, "there is no statement '%s'", name);
}
