/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Expressions of a script: words, operands and operators of one line, turned into postfix form and
 * evaluated.
 *
 * Names may hold '-', ',' and '.', as hypercalls' and RTAS calls' do; so a binary operator stands
 * between blanks.
 */
#include <string.h>

#include "vmm/accel/model-script.h"

/* ---- words --------------------------------------------------------------------------------- */

static gboolean
is_name_char(char c)
{
    return g_ascii_isalnum(c) || (c != '\0' && strchr("_.,-", c) != NULL);
}

gboolean
model_is_name(const char *word)
{
    if (!g_ascii_isalpha(word[0]) && word[0] != '_')
        return FALSE;
    for (const char *at = word; *at != '\0'; at++) {
        if (!is_name_char(*at))
            return FALSE;
    }
    return TRUE;
}

static void
skip_blanks(ModelCursor *cursor)
{
    while (g_ascii_isspace(*cursor->at))
        cursor->at++;
}

gboolean
model_cursor_at_end(ModelCursor *cursor)
{
    skip_blanks(cursor);
    return *cursor->at == '\0';
}

char *
model_cursor_word(ModelCursor *cursor)
{
    const char *start;

    if (model_cursor_at_end(cursor))
        return NULL;
    start = cursor->at;
    while (*cursor->at != '\0' && !g_ascii_isspace(*cursor->at))
        cursor->at++;
    return g_strndup(start, (gsize)(cursor->at - start));
}

char *
model_cursor_string(ModelCursor *cursor, GError **error)
{
    const char *end;
    char *text;

    if (model_cursor_at_end(cursor)) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "a word is missing");
        return NULL;
    }
    if (*cursor->at != '"')
        return model_cursor_word(cursor);
    end = strchr(cursor->at + 1, '"');
    if (end == NULL) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "the closing \" is missing");
        return NULL;
    }
    text = g_strndup(cursor->at + 1, (gsize)(end - cursor->at - 1));
    cursor->at = end + 1;
    return text;
}

gboolean
model_cursor_accept(ModelCursor *cursor, const char *token)
{
    gsize n = strlen(token);

    skip_blanks(cursor);
    if (strncmp(cursor->at, token, n) != 0)
        return FALSE;
    if (cursor->at[n] != '\0' && !g_ascii_isspace(cursor->at[n]))
        return FALSE;
    cursor->at += n;
    return TRUE;
}

/* ---- building ------------------------------------------------------------------------------ */

void
model_expr_free(gpointer data)
{
    ModelExpr *expr = data;

    if (expr == NULL)
        return;
    g_free(expr->text);
    g_free(expr);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(ModelExpr, model_expr_free)

static ModelExpr *
expr_term(ModelTerm term)
{
    ModelExpr *expr = g_new0(ModelExpr, 1);

    expr->terms[expr->n++] = term;
    return expr;
}

ModelExpr *
model_expr_number(guint64 value)
{
    return expr_term((ModelTerm){MODEL_TERM_NUMBER, value});
}

ModelExpr *
model_expr_join(ModelExpr *a, ModelTermKind op, ModelExpr *b, GError **error)
{
    g_autoptr(ModelExpr) left = a;
    g_autoptr(ModelExpr) right = b;

    if (left->n + right->n + 1 > MODEL_EXPR_MAX) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "the expression has more than %d terms", MODEL_EXPR_MAX);
        return NULL;
    }
    memcpy(&left->terms[left->n], right->terms, right->n * sizeof(right->terms[0]));
    left->n += right->n;
    left->terms[left->n++] = (ModelTerm){op, 0};
    return g_steal_pointer(&left);
}

static ModelExpr *
expr_unary(ModelExpr *operand, ModelTermKind op, GError **error)
{
    if (operand == NULL)
        return NULL;
    if (operand->n == MODEL_EXPR_MAX) {
        model_expr_free(operand);
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "the expression has more than %d terms", MODEL_EXPR_MAX);
        return NULL;
    }
    operand->terms[operand->n++] = (ModelTerm){op, 0};
    return operand;
}

/* ---- reading ------------------------------------------------------------------------------- */

static ModelExpr *parse_binary(ModelCursor *cursor, guint level, guint depth, GError **error);

static ModelExpr *
refuse(GError **error, const char *format, const char *word)
{
    g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, format, word);
    return NULL;
}

static ModelExpr *
parse_word(ModelCursor *cursor, GError **error)
{
    const char *start = cursor->at;
    g_autofree char *word = NULL;
    guint64 number;
    ModelTerm term;

    while (is_name_char(*cursor->at))
        cursor->at++;
    if (cursor->at == start)
        return refuse(error, "a value is expected at '%s'", start);
    word = g_strndup(start, (gsize)(cursor->at - start));
    if (g_ascii_isdigit(word[0])) {
        gboolean hex = g_str_has_prefix(word, "0x");

        if (!g_ascii_string_to_unsigned(hex ? word + 2 : word, hex ? 16 : 10, 0, G_MAXUINT64,
                                        &number, NULL))
            return refuse(error, "'%s' is no number of 64 bits", word);
        return model_expr_number(number);
    }
    if (!cursor->lookup(cursor->user, word, &term))
        return refuse(error, "nothing is named '%s'", word);
    return expr_term(term);
}

static ModelExpr *
parse_unary(ModelCursor *cursor, guint depth, GError **error)
{
    ModelExpr *inner;

    skip_blanks(cursor);
    if (depth > MODEL_NESTING_MAX)
        return refuse(error, "nested too deeply at '%s'", cursor->at);
    if (*cursor->at == '\0')
        return refuse(error, "a value is missing%s", "");
    if (*cursor->at == '-' || *cursor->at == '~') {
        ModelTermKind op = *cursor->at++ == '-' ? MODEL_TERM_NEGATE : MODEL_TERM_NOT;

        return expr_unary(parse_unary(cursor, depth + 1, error), op, error);
    }
    if (*cursor->at != '(')
        return parse_word(cursor, error);
    cursor->at++;
    inner = parse_binary(cursor, 0, depth + 1, error);
    skip_blanks(cursor);
    if (inner == NULL || *cursor->at++ == ')')
        return inner;
    model_expr_free(inner);
    return refuse(error, "a closing parenthesis is missing%s", "");
}

typedef struct {
    const char *token;
    ModelTermKind kind;
    guint level; /* binds tighter the higher */
} OperatorRow;

static const OperatorRow operators[] = {
    {"==", MODEL_TERM_EQ, 0},  {"!=", MODEL_TERM_NE, 0}, {"<<", MODEL_TERM_SHL, 4},
    {">>", MODEL_TERM_SHR, 4}, {"<=", MODEL_TERM_LE, 0}, {">=", MODEL_TERM_GE, 0},
    {"<", MODEL_TERM_LT, 0},   {">", MODEL_TERM_GT, 0},  {"|", MODEL_TERM_OR, 1},
    {"^", MODEL_TERM_XOR, 2},  {"&", MODEL_TERM_AND, 3}, {"+", MODEL_TERM_ADD, 5},
    {"-", MODEL_TERM_SUB, 5},  {"*", MODEL_TERM_MUL, 6}, {"/", MODEL_TERM_DIV, 6},
    {"%", MODEL_TERM_MOD, 6},
};

#define OPERATOR_LEVELS 7

static const OperatorRow *
accept_operator(ModelCursor *cursor, guint level)
{
    for (gsize i = 0; i < G_N_ELEMENTS(operators); i++) {
        if (operators[i].level == level && model_cursor_accept(cursor, operators[i].token))
            return &operators[i];
    }
    return NULL;
}

static ModelExpr *
parse_binary(ModelCursor *cursor, guint level, guint depth, GError **error)
{
    ModelExpr *left, *right;
    const OperatorRow *row;

    if (level == OPERATOR_LEVELS)
        return parse_unary(cursor, depth, error);
    left = parse_binary(cursor, level + 1, depth, error);
    while (left != NULL && (row = accept_operator(cursor, level)) != NULL) {
        right = parse_binary(cursor, level + 1, depth, error);
        if (right == NULL) {
            model_expr_free(left);
            return NULL;
        }
        left = model_expr_join(left, row->kind, right, error);
    }
    return left;
}

static ModelExpr *
with_text(ModelExpr *expr, const char *start, const ModelCursor *cursor)
{
    if (expr != NULL)
        expr->text = g_strstrip(g_strndup(start, (gsize)(cursor->at - start)));
    return expr;
}

ModelExpr *
model_cursor_operand(ModelCursor *cursor, GError **error)
{
    const char *start = cursor->at;

    return with_text(parse_unary(cursor, 0, error), start, cursor);
}

ModelExpr *
model_cursor_expression(ModelCursor *cursor, GError **error)
{
    const char *start = cursor->at;

    return with_text(parse_binary(cursor, 0, 0, error), start, cursor);
}

/* ---- evaluating ---------------------------------------------------------------------------- */

static guint64
apply(ModelTermKind op, guint64 a, guint64 b)
{
    switch (op) {
    case MODEL_TERM_MUL: return a * b;
    case MODEL_TERM_DIV: return b != 0 ? a / b : 0;
    case MODEL_TERM_MOD: return b != 0 ? a % b : 0;
    case MODEL_TERM_SHL: return b < 64 ? a << b : 0;
    case MODEL_TERM_SHR: return b < 64 ? a >> b : 0;
    case MODEL_TERM_ADD: return a + b;
    case MODEL_TERM_SUB: return a - b;
    case MODEL_TERM_AND: return a & b;
    case MODEL_TERM_XOR: return a ^ b;
    case MODEL_TERM_OR: return a | b;
    case MODEL_TERM_EQ: return a == b;
    case MODEL_TERM_NE: return a != b;
    case MODEL_TERM_LE: return a <= b;
    case MODEL_TERM_GE: return a >= b;
    case MODEL_TERM_LT: return a < b;
    case MODEL_TERM_GT: return a > b;
    default: g_assert_not_reached();
    }
}

/* The first @n terms; what is left on the stack. */
static void
eval_terms(const ModelExpr *expr, guint n_terms, ModelValueFunc get, void *user, guint64 *stack)
{
    guint n = 0;

    for (guint i = 0; i < n_terms; i++) {
        const ModelTerm *term = &expr->terms[i];

        switch (term->kind) {
        case MODEL_TERM_NUMBER: stack[n++] = term->value; break;
        case MODEL_TERM_REGISTER:
        case MODEL_TERM_VARIABLE: stack[n++] = get(user, term->kind, term->value); break;
        case MODEL_TERM_NOT: stack[n - 1] = ~stack[n - 1]; break;
        case MODEL_TERM_NEGATE: stack[n - 1] = -stack[n - 1]; break;
        default:
            n--;
            stack[n - 1] = apply(term->kind, stack[n - 1], stack[n]);
            break;
        }
    }
}

guint64
model_expr_eval(const ModelExpr *expr, ModelValueFunc get, void *user)
{
    guint64 stack[MODEL_EXPR_MAX] = {0};

    eval_terms(expr, expr->n, get, user, stack);
    return stack[0];
}

gboolean
model_expr_sides(const ModelExpr *expr, ModelValueFunc get, void *user, guint64 *sides)
{
    guint64 stack[MODEL_EXPR_MAX] = {0};

    if (expr->terms[expr->n - 1].kind < MODEL_TERM_EQ)
        return FALSE;
    eval_terms(expr, expr->n - 1, get, user, stack);
    sides[0] = stack[0];
    sides[1] = stack[1];
    return TRUE;
}
