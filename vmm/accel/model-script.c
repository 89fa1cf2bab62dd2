/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The script as a whole: files and what they include, definitions, sections, and the names of a
 * section. Statements are model-script-statements.c.
 *
 * Every error begins with FILE:LINE.
 */
#include "vmm/accel/model-script.h"

#include <string.h>

#include "vdev/kvm-ppc.h"
#include "vmm/accel/model-script-parser.h"

#define RTAS_BLOCK_DEFAULT 0x4000
#define RTAS_BLOCK_NAME    "rtas-block"
#define FILE_MAX           (4 << 20)

struct ModelScript {
    GPtrArray *files;     /* char *, owned: names that steps point to */
    GPtrArray *sections;  /* ModelSection *, owned */
    GHashTable *by_vcpu;  /* id → ModelSection * */
    ModelSection *others; /* of "vcpu *", or NULL */
    GHashTable *defines;  /* char * → guint64 *, both owned */
};

/* ---- freeing ------------------------------------------------------------------------------- */

static void
step_free(gpointer data)
{
    ModelStep *step = data;

    for (guint i = 0; i < step->n_args; i++)
        model_expr_free(step->args[i]);
    for (guint i = 0; i < step->n_matches; i++)
        model_expr_free(step->matches[i].expr);
    g_free(step->text);
    g_free(step->text2);
    g_free(step->source);
    g_free(step);
}

static void
section_free(gpointer data)
{
    ModelSection *section = data;

    g_ptr_array_free(section->steps, TRUE);
    g_array_free(section->vectors, TRUE);
    g_free(section);
}

static ModelScript *
script_new(void)
{
    ModelScript *script = g_new0(ModelScript, 1);

    script->files = g_ptr_array_new_with_free_func(g_free);
    script->sections = g_ptr_array_new_with_free_func(section_free);
    script->by_vcpu = g_hash_table_new(NULL, NULL);
    script->defines = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    return script;
}

void
model_script_free(ModelScript *script)
{
    if (script == NULL)
        return;
    g_ptr_array_free(script->sections, TRUE);
    g_ptr_array_free(script->files, TRUE);
    g_hash_table_destroy(script->by_vcpu);
    g_hash_table_destroy(script->defines);
    g_free(script);
}

static void
block_clear(gpointer data)
{
    g_array_free(((ModelBlock *)data)->exits, TRUE);
}

/* ---- what statements need ------------------------------------------------------------------ */

gboolean
model_parser_refuse(GError **error, const char *format, ...)
{
    g_autofree char *text = NULL;
    va_list arguments;

    va_start(arguments, format);
    text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_set_error_literal(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, text);
    return FALSE;
}

ModelStep *
model_parser_step(ModelParser *parser, ModelStepKind kind)
{
    ModelStep *step = g_new0(ModelStep, 1);

    step->kind = kind;
    step->file = parser->file;
    step->line = parser->line;
    step->source = g_strdup(parser->statement);
    g_ptr_array_add(parser->section->steps, step);
    return step;
}

gint
model_parser_variables(ModelParser *parser, guint n, GError **error)
{
    guint first = parser->n_variables;

    if (first + n > MODEL_VARS_MAX) {
        model_parser_refuse(error, "a section holds %d variables, loops and queues included",
                            MODEL_VARS_MAX);
        return -1;
    }
    parser->n_variables += n;
    return (gint)first;
}

gboolean
model_parser_constant(ModelParser *parser, const char *name, guint64 *value)
{
    const guint64 *defined = g_hash_table_lookup(parser->script->defines, name);

    if (defined == NULL)
        return model_name_value(name, value);
    *value = *defined;
    return TRUE;
}

gboolean
model_parser_define(ModelParser *parser, const char *name, guint64 value, GError **error)
{
    guint64 known;

    if (!model_is_name(name))
        return model_parser_refuse(error, "'%s' is no name", name);
    if (model_name_register(name, &known))
        return model_parser_refuse(error, "'%s' is a register", name);
    if (model_parser_constant(parser, name, &known) && known != value)
        return model_parser_refuse(error, "'%s' has another value already", name);
    g_hash_table_replace(parser->script->defines, g_strdup(name), g_memdup2(&value, sizeof(value)));
    return TRUE;
}

static gboolean
lookup(void *user, const char *name, ModelTerm *term)
{
    ModelParser *parser = user;
    gpointer index = NULL;

    if (parser->section != NULL) {
        index = g_hash_table_lookup(parser->variables, name);
        term->kind = MODEL_TERM_REGISTER;
        if (model_name_register(name, &term->value))
            return TRUE;
    }
    if (index != NULL) {
        *term = (ModelTerm){MODEL_TERM_VARIABLE, GPOINTER_TO_UINT(index) - 1};
        return TRUE;
    }
    term->kind = MODEL_TERM_NUMBER;
    return model_parser_constant(parser, name, &term->value);
}

gboolean
model_parser_target(ModelParser *parser, const char *name, ModelTerm *term, GError **error)
{
    gint index;

    if (!model_is_name(name))
        return model_parser_refuse(error, "'%s' is no name", name);
    if (lookup(parser, name, term)) {
        if (term->kind == MODEL_TERM_NUMBER)
            return model_parser_refuse(error, "'%s' is a constant", name);
        return term->value != VDEV_REG_PC ||
               model_parser_refuse(error, "pc is the position in the script; use if and repeat");
    }
    index = model_parser_variables(parser, 1, error);
    if (index < 0)
        return FALSE;
    g_hash_table_insert(parser->variables, g_strdup(name), GUINT_TO_POINTER((guint)index + 1));
    *term = (ModelTerm){MODEL_TERM_VARIABLE, (guint64)index};
    return TRUE;
}

/* ---- sections ------------------------------------------------------------------------------ */

static gboolean
section_end(ModelParser *parser, GError **error)
{
    if (parser->section == NULL)
        return TRUE;
    if (parser->blocks->len != 0) {
        const ModelBlock *block =
            &g_array_index(parser->blocks, ModelBlock, parser->blocks->len - 1);

        parser->line = block->line;
        return model_parser_refuse(error, "this block has no end");
    }
    model_parser_step(parser, MODEL_STEP_STOP);
    parser->section->hash = g_str_hash(parser->section_text->str) & 0xffffffu;
    parser->section = NULL;
    g_clear_pointer(&parser->variables, g_hash_table_destroy);
    g_string_truncate(parser->section_text, 0);
    return TRUE;
}

static gboolean
section_claim(ModelParser *parser, ModelSection *section, const char *word, GError **error)
{
    ModelScript *script = parser->script;
    guint64 id;

    if (strcmp(word, "*") == 0) {
        if (script->others != NULL)
            return model_parser_refuse(error, "there is a section 'vcpu *' already");
        script->others = section;
        return TRUE;
    }
    if (!g_ascii_string_to_unsigned(word, 10, 0, G_MAXINT, &id, NULL))
        return model_parser_refuse(error, "'%s' is no vCPU id; write numbers or *", word);
    if (g_hash_table_contains(script->by_vcpu, GUINT_TO_POINTER((guint)id)))
        return model_parser_refuse(error, "vCPU %s has a section already", word);
    g_hash_table_insert(script->by_vcpu, GUINT_TO_POINTER((guint)id), section);
    return TRUE;
}

static gboolean
section_begin(ModelParser *parser, ModelCursor *cursor, GError **error)
{
    ModelSection *section;

    if (!section_end(parser, error))
        return FALSE;
    if (model_cursor_at_end(cursor))
        return model_parser_refuse(error, "vcpu needs an id, or * for all others");
    section = g_new0(ModelSection, 1);
    section->steps = g_ptr_array_new_with_free_func(step_free);
    section->vectors = g_array_new(FALSE, FALSE, sizeof(ModelVector));
    g_ptr_array_add(parser->script->sections, section);
    while (!model_cursor_at_end(cursor)) {
        g_autofree char *word = model_cursor_word(cursor);

        if (!section_claim(parser, section, word, error))
            return FALSE;
    }
    parser->section = section;
    parser->variables = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    parser->n_variables = 0;
    return TRUE;
}

/* ---- lines --------------------------------------------------------------------------------- */

static gboolean parse_file(ModelParser *parser, const char *path, GError **error);

static gboolean
parse_include(ModelParser *parser, ModelCursor *cursor, GError **error)
{
    g_autofree char *name = model_cursor_string(cursor, error);
    g_autofree char *directory = g_path_get_dirname(parser->file);
    g_autofree char *path = NULL;

    if (name == NULL)
        return FALSE;
    if (parser->section != NULL)
        return model_parser_refuse(error, "include stands before the first vcpu section");
    if (parser->depth == MODEL_INCLUDE_MAX)
        return model_parser_refuse(error, "files include one another more than %d deep",
                                   MODEL_INCLUDE_MAX);
    path = g_path_is_absolute(name) ? g_strdup(name) : g_build_filename(directory, name, NULL);
    return parse_file(parser, path, error);
}

static gboolean
parse_define(ModelParser *parser, ModelCursor *cursor, GError **error)
{
    g_autofree char *name = model_cursor_word(cursor);
    ModelExpr *expr;
    guint64 value;

    if (name == NULL)
        return model_parser_refuse(error, "define needs a name and a value");
    if (parser->section != NULL)
        return model_parser_refuse(error, "define stands before the first vcpu section");
    expr = model_cursor_expression(cursor, error);
    if (expr == NULL)
        return FALSE;
    value = model_expr_eval(expr, NULL, NULL); /* constants only: there is no section */
    model_expr_free(expr);
    return model_parser_define(parser, name, value, error);
}

static gboolean
parse_words(ModelParser *parser, ModelCursor *cursor, GError **error)
{
    g_autofree char *word = model_cursor_word(cursor);

    if (strcmp(word, "include") == 0)
        return parse_include(parser, cursor, error);
    if (strcmp(word, "define") == 0)
        return parse_define(parser, cursor, error);
    if (strcmp(word, "vcpu") == 0)
        return section_begin(parser, cursor, error);
    if (parser->section == NULL)
        return model_parser_refuse(error, "'%s' stands before the first vcpu section", word);
    g_string_append_printf(parser->section_text, "%s\n", parser->statement);
    return model_parse_statement(parser, word, cursor, error);
}

/* A comment begins at a # after a blank, outside of quotes. */
static void
strip_comment(char *line)
{
    gboolean quoted = FALSE;

    for (char *at = line; *at != '\0'; at++) {
        if (*at == '"')
            quoted = !quoted;
        if (*at == '#' && !quoted && (at == line || g_ascii_isspace(at[-1]))) {
            *at = '\0';
            return;
        }
    }
}

static gboolean
parse_line(ModelParser *parser, char *line, GError **error)
{
    ModelCursor cursor = {.lookup = lookup, .user = parser};

    for (const char *at = line; *at != '\0'; at++) {
        if ((guchar)*at < 0x20 && !g_ascii_isspace(*at))
            return model_parser_refuse(error, "there is a control character in the line");
    }
    strip_comment(line);
    g_strstrip(line);
    cursor.at = parser->statement = line;
    if (*line == '\0')
        return TRUE;
    if (!parse_words(parser, &cursor, error))
        return FALSE;
    if (!model_cursor_at_end(&cursor))
        return model_parser_refuse(error, "'%s' is too much", cursor.at);
    return TRUE;
}

/* Puts FILE:LINE before the message, once. */
static gboolean
at_line(const ModelParser *parser, const char *file, guint depth, GError **error)
{
    if (parser->depth == depth)
        g_prefix_error(error, "%s:%u: ", file, parser->line);
    return FALSE;
}

static gboolean
parse_text(ModelParser *parser, const char *name, const char *text, GError **error)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    const char *outer_file = parser->file;
    guint outer_line = parser->line, depth = ++parser->depth;

    parser->file = g_strdup(name);
    g_ptr_array_add(parser->script->files, (char *)parser->file);
    for (guint i = 0; lines[i] != NULL; i++) {
        parser->line = i + 1;
        if (!parse_line(parser, lines[i], error))
            return at_line(parser, name, depth, error);
    }
    if (depth == 1 && !section_end(parser, error))
        return at_line(parser, name, depth, error);
    parser->file = outer_file;
    parser->line = outer_line;
    parser->depth--;
    return TRUE;
}

static gboolean
parse_file(ModelParser *parser, const char *path, GError **error)
{
    g_autofree char *text = NULL;
    g_autoptr(GError) cause = NULL;
    gsize n;

    if (!g_file_get_contents(path, &text, &n, &cause))
        return model_parser_refuse(error, "script %s cannot be read: %s", path, cause->message);
    if (n > FILE_MAX || strlen(text) != n)
        return model_parser_refuse(error, "script %s is no text of at most %d bytes", path,
                                   FILE_MAX);
    return parse_text(parser, path, text, error);
}

/* ---- the whole ----------------------------------------------------------------------------- */

static ModelScript *
parse(const char *name, const char *text, GError **error)
{
    ModelParser parser = {.script = script_new()};
    gboolean done;

    parser.blocks = g_array_new(FALSE, TRUE, sizeof(ModelBlock));
    g_array_set_clear_func(parser.blocks, block_clear);
    parser.section_text = g_string_new(NULL);
    done = text != NULL ? parse_text(&parser, name, text, error) : parse_file(&parser, name, error);
    g_array_free(parser.blocks, TRUE);
    g_string_free(parser.section_text, TRUE);
    if (parser.variables != NULL)
        g_hash_table_destroy(parser.variables);
    if (!done)
        g_clear_pointer(&parser.script, model_script_free);
    return parser.script;
}

ModelScript *
model_script_load(const char *path, GError **error)
{
    return parse(path, NULL, error);
}

ModelScript *
model_script_parse(const char *name, const char *text, GError **error)
{
    return parse(name, text, error);
}

const ModelSection *
model_script_section(const ModelScript *script, guint32 id)
{
    const ModelSection *section = NULL;

    if (script != NULL)
        section = g_hash_table_lookup(script->by_vcpu, GUINT_TO_POINTER(id));
    return section != NULL || script == NULL ? section : script->others;
}

guint64
model_script_rtas_block(const ModelScript *script)
{
    const guint64 *block = g_hash_table_lookup(script->defines, RTAS_BLOCK_NAME);

    return block != NULL ? *block : RTAS_BLOCK_DEFAULT;
}
