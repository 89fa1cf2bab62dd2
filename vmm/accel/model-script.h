/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The script of the model's vCPUs, parsed: per vCPU a flat list of steps with expressions in
 * postfix form. The language is described in docs/model-script.md.
 *
 * Not here: playing it (model-exec.c). A parsed script is constant; any thread may read it.
 *
 * A script has no state of its own: variables, loop counters and queue positions live in registers
 * of the vCPU (r14 up, then the vector registers), the position in its PC. So a scripted vCPU is
 * carried by whatever carries registers, a migration included.
 */
#ifndef VMM_ACCEL_MODEL_SCRIPT_H
#define VMM_ACCEL_MODEL_SCRIPT_H

#include "vdev/bits.h"

typedef struct ModelScript ModelScript;
typedef struct ModelSection ModelSection;

#define MODEL_VARS_MAX     146 /* r14..r31, 32 VSRs and 32 VRs of two words each */
#define MODEL_ARGS_MAX     16
#define MODEL_EXPR_MAX     64 /* terms of one expression */
#define MODEL_MATCH_MAX    11 /* r3..r13 */
#define MODEL_NESTING_MAX  8
#define MODEL_INCLUDE_MAX  8
#define MODEL_SCRIPT_EMPTY (~G_GUINT64_CONSTANT(0)) /* "nothing there" of poll and fdt */

/* ---- expressions --------------------------------------------------------------------------- */

typedef enum {
    MODEL_TERM_NUMBER,   /* value */
    MODEL_TERM_REGISTER, /* value: one-reg id */
    MODEL_TERM_VARIABLE, /* value: index */
    MODEL_TERM_NOT,      /* value: the operator from here on unused */
    MODEL_TERM_NEGATE,
    MODEL_TERM_MUL,
    MODEL_TERM_DIV, /* by zero: zero, as the processor's is undefined */
    MODEL_TERM_MOD,
    MODEL_TERM_SHL, /* by 64 or more: zero */
    MODEL_TERM_SHR,
    MODEL_TERM_ADD,
    MODEL_TERM_SUB,
    MODEL_TERM_AND,
    MODEL_TERM_XOR,
    MODEL_TERM_OR,
    MODEL_TERM_EQ,
    MODEL_TERM_NE,
    MODEL_TERM_LE,
    MODEL_TERM_GE,
    MODEL_TERM_LT,
    MODEL_TERM_GT,
} ModelTermKind;

typedef struct {
    ModelTermKind kind;
    guint64 value;
} ModelTerm;

typedef struct {
    guint n;
    ModelTerm terms[MODEL_EXPR_MAX];
    char *text; /* as written, for messages */
} ModelExpr;

void model_expr_free(gpointer expr);

typedef guint64 (*ModelValueFunc)(void *user, ModelTermKind kind, guint64 value);

/** model_expr_eval: @get says what registers and variables hold. Unsigned, wraps at 64 bits. */
guint64 model_expr_eval(const ModelExpr *expr, ModelValueFunc get, void *user);

/** model_expr_sides: both sides of an expression that ends in a comparison; else FALSE. */
gboolean model_expr_sides(const ModelExpr *expr, ModelValueFunc get, void *user, guint64 *sides);

/* ---- steps --------------------------------------------------------------------------------- */

typedef enum {
    MODEL_STEP_LET,          /* args[0] → variable or register target */
    MODEL_STEP_EXPECT,       /* args[0] must not be 0 */
    MODEL_STEP_FAIL,         /* text */
    MODEL_STEP_LOG,          /* text with args in it */
    MODEL_STEP_HCALL,        /* args[0] number, args[1..] r4.. */
    MODEL_STEP_RTAS,         /* text or args[0] token, args[1..]; n_results */
    MODEL_STEP_RTAS_END,     /* size: arguments given; reads n_results into r3.. */
    MODEL_STEP_LOAD,         /* args[0] address; size → r3 */
    MODEL_STEP_STORE,        /* args[0] address, args[1] value; size */
    MODEL_STEP_FILL,         /* args: address, bytes, value */
    MODEL_STEP_IRQ,          /* r3 = 1 while the interrupt is up */
    MODEL_STEP_WAIT_IRQ,     /* args[0] milliseconds */
    MODEL_STEP_SLEEP,        /* args[0] milliseconds */
    MODEL_STEP_POLL,         /* variables var, var+1, var+2: address, entries, position → r3 */
    MODEL_STEP_FDT,          /* text path, text2 property, args[0] cell → r3 */
    MODEL_STEP_MATCH,        /* matches against r3.. */
    MODEL_STEP_REPEAT,       /* counter in var: 0 → target; else counted down */
    MODEL_STEP_JUMP,         /* → target */
    MODEL_STEP_JUMP_IF_ZERO, /* args[0] */
    MODEL_STEP_STOP,
    MODEL_STEP_MACHINE_CHECK, /* args: SRR1's bits, DSISR, DAR, whether recovered */
    MODEL_STEP_RFI,
} ModelStepKind;

typedef enum { MODEL_MATCH_ANY, MODEL_MATCH_VALUE, MODEL_MATCH_STORE } ModelMatchKind;

typedef struct {
    ModelMatchKind kind;
    ModelExpr *expr; /* VALUE */
    ModelTerm where; /* STORE: a register or a variable */
} ModelMatch;

typedef struct {
    ModelStepKind kind;
    const char *file; /* owned by the script */
    guint line;
    char *text, *text2; /* owned; or NULL */
    char *source;       /* the statement as written, for messages */
    guint n_args;
    ModelExpr *args[MODEL_ARGS_MAX + 1]; /* owned */
    guint n_matches;
    ModelMatch matches[MODEL_MATCH_MAX];
    ModelTerm where; /* LET */
    guint var;       /* POLL, REPEAT */
    guint size;      /* LOAD, STORE: bytes */
    guint n_results; /* RTAS */
    guint target;    /* step to go on at */
} ModelStep;

/* What an interrupt enters. */
typedef struct {
    guint64 address;
    guint step;
} ModelVector;

struct ModelSection {
    guint32 hash;     /* 24 bits of what it says, so that a PC of another script is recognised */
    GPtrArray *steps; /* ModelStep *, owned */
    GArray *vectors;  /* ModelVector */
};

/* ---- scripts ------------------------------------------------------------------------------- */

/** model_script_load: parses file @path and what it includes. Errors: G_OPTION_ERROR, one line
 * that begins "FILE:LINE: ". */
ModelScript *model_script_load(const char *path, GError **error);

/** model_script_parse: as model_script_load(), from @text; @name stands for the file. */
ModelScript *model_script_parse(const char *name, const char *text, GError **error);
void model_script_free(ModelScript *script); /* NULL-safe */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ModelScript, model_script_free)

/** model_script_section: what vCPU @id plays: its own section, else that of "vcpu *", else NULL. */
const ModelSection *model_script_section(const ModelScript *script, guint32 id);

/** model_script_rtas_block: guest address of the argument blocks of RTAS calls. */
guint64 model_script_rtas_block(const ModelScript *script);

/* ---- model-script-names.c ------------------------------------------------------------------- */

/** model_name_value: constants that every script knows: hypercalls, statuses, PQ values. */
gboolean model_name_value(const char *name, guint64 *value);

/** model_name_register: one-reg id of r0..r13, lr, ctr, …; FALSE if @name is none. */
gboolean model_name_register(const char *name, guint64 *reg);

/* ---- model-script-expr.c: one line, read from left to right --------------------------------- */

typedef gboolean (*ModelLookupFunc)(void *user, const char *name, ModelTerm *term);

typedef struct {
    const char *at; /* the rest of the line, comment and trailing blanks gone */
    ModelLookupFunc lookup;
    void *user;
} ModelCursor;

/** model_cursor_word: the next blank-separated word (transfer full), or NULL at the end. */
char *model_cursor_word(ModelCursor *cursor);
/** model_cursor_string: as model_cursor_word(), where "…" may hold blanks. */
char *model_cursor_string(ModelCursor *cursor, GError **error);
gboolean model_cursor_at_end(ModelCursor *cursor);
/** model_cursor_accept: skips @token if it stands here as a word of its own. */
gboolean model_cursor_accept(ModelCursor *cursor, const char *token);

/** model_cursor_operand: a number, a name, or an expression in parentheses, with unary - and ~.
 * model_cursor_expression: operands and operators up to the end or to what is neither.
 * Errors: G_OPTION_ERROR without a position; the caller prefixes it. */
ModelExpr *model_cursor_operand(ModelCursor *cursor, GError **error);
ModelExpr *model_cursor_expression(ModelCursor *cursor, GError **error);

/** model_expr_number: a constant. model_expr_join: (@a @op @b); takes both. NULL if too long. */
ModelExpr *model_expr_number(guint64 value);
ModelExpr *model_expr_join(ModelExpr *a, ModelTermKind op, ModelExpr *b, GError **error);

gboolean model_is_name(const char *word);

#endif
