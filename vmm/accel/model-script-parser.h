/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the two halves of the script's parser share: model-script.c (files, sections, blocks) and
 * model-script-statements.c (what stands on a line). Nobody else includes it.
 */
#ifndef VMM_ACCEL_MODEL_SCRIPT_PARSER_H
#define VMM_ACCEL_MODEL_SCRIPT_PARSER_H

#include "vmm/accel/model-script.h"

typedef enum { MODEL_BLOCK_REPEAT, MODEL_BLOCK_IF, MODEL_BLOCK_ELSE } ModelBlockKind;

typedef struct {
    ModelBlockKind kind;
    guint line;    /* where it was opened */
    guint start;   /* REPEAT: the step to go back to; IF: the step that jumps to the end or else */
    GArray *exits; /* guint: steps whose target is the step after the block */
} ModelBlock;

typedef struct {
    ModelScript *script;
    const char *file; /* owned by the script */
    guint line;
    guint depth; /* of includes */

    /* Of the section being read; NULL outside. */
    ModelSection *section;
    GHashTable *variables; /* char *, owned → index + 1 */
    guint n_variables;
    GArray *blocks; /* ModelBlock */
    guint section_line;
    GString *section_text; /* for the hash */
    const char *statement; /* the line being read */
} ModelParser;

/** model_parse_statement: the statement @name; the cursor stands after it. */
gboolean
model_parse_statement(ModelParser *parser, const char *name, ModelCursor *cursor, GError **error);

/** model_parser_step: a new step at the end of the section. */
ModelStep *model_parser_step(ModelParser *parser, ModelStepKind kind);

/** model_parser_variables: @n new variables in a row, without a name. The index, or −1. */
gint model_parser_variables(ModelParser *parser, guint n, GError **error);

/** model_parser_target: the register or variable named @name, made if it is new. */
gboolean
model_parser_target(ModelParser *parser, const char *name, ModelTerm *term, GError **error);

/** model_parser_define: gives @name a constant value; refused if it has another. */
gboolean model_parser_define(ModelParser *parser, const char *name, guint64 value, GError **error);

/** model_parser_constant: a defined or built-in name. */
gboolean model_parser_constant(ModelParser *parser, const char *name, guint64 *value);

/** model_parser_let: a step that gives variable @var the value of @expr, which it takes; FALSE for
 * NULL. */
gboolean model_parser_let(ModelParser *parser, guint var, ModelExpr *expr);

typedef enum {
    MODEL_NO_RESULT,
    MODEL_MAY_HAVE_RESULT,
    MODEL_SUCCESS_UNLESS_SAID, /* without an arrow r3 must be 0 */
} ModelResultRule;

/** model_parser_results: what follows the arguments; @arrow: "->" was read. */
gboolean model_parser_results(ModelParser *parser, ModelCursor *cursor, ModelResultRule rule,
                              gboolean arrow, GError **error);

gboolean model_parser_refuse(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* model-script-xive.c: the statements of these names */
gboolean model_parse_esb(ModelParser *parser, ModelCursor *cursor, GError **error);
gboolean model_parse_tima(ModelParser *parser, ModelCursor *cursor, GError **error);
gboolean model_parse_queue(ModelParser *parser, ModelCursor *cursor, GError **error);
gboolean model_parse_poll(ModelParser *parser, ModelCursor *cursor, GError **error);

/* model-script-blocks.c: likewise */
gboolean model_parse_repeat(ModelParser *parser, ModelCursor *cursor, GError **error);
gboolean model_parse_if(ModelParser *parser, ModelCursor *cursor, GError **error);
gboolean model_parse_else(ModelParser *parser, ModelCursor *cursor, GError **error);
gboolean model_parse_break(ModelParser *parser, ModelCursor *cursor, GError **error);
gboolean model_parse_end(ModelParser *parser, ModelCursor *cursor, GError **error);
gboolean model_parse_at(ModelParser *parser, ModelCursor *cursor, GError **error);

#endif
