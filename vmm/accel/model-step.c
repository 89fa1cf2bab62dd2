/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What each step of a script does to registers, guest memory and the world: one function a kind,
 * one table.
 *
 * A step that gives a value leaves it in r3 (and r4…), as a hypercall does; MATCH looks there.
 */
#include <string.h>

#include "vmm/accel/model-script.h"
#include "vmm/accel/model.h"

#define HCALL_CEDE       0xe0
#define HCALL_RTAS       0xf000
#define RTAS_BLOCK_BYTES 0x100 /* a vCPU */
#define RTAS_WORDS_MAX   (3 + MODEL_ARGS_MAX + MODEL_MATCH_MAX)
#define POLL_FLIPPED     LSB_BIT64(32)
#define EQ_INDEX         LSB_FIELD64(31, 0)
#define HEX              "0x%" G_GINT64_MODIFIER "x"

/* ---- values -------------------------------------------------------------------------------- */

static guint64 *
cell(ModelVcpu *vcpu, ModelTermKind kind, guint64 value)
{
    return kind == MODEL_TERM_VARIABLE ? model_variable(vcpu, value)
                                       : &model_reg(vcpu, value)->words[0];
}

static guint64
value_of(void *user, ModelTermKind kind, guint64 value)
{
    return *cell(user, kind, value);
}

static guint64
arg(ModelVcpu *vcpu, const ModelStep *step, guint i)
{
    return model_expr_eval(step->args[i], value_of, vcpu);
}

static guint64 *
gpr(ModelVcpu *vcpu, guint n)
{
    return model_core(vcpu, VDEV_REG_GPR(n));
}

ModelGo
model_step_fail(const ModelVcpu *vcpu, const ModelStep *step, AccelExit *exit, const char *format,
                ...)
{
    g_autofree char *text = NULL;
    va_list arguments;

    va_start(arguments, format);
    text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    exit->kind = ACCEL_EXIT_FAILED;
    g_snprintf(exit->message, sizeof(exit->message), "%s:%u: vCPU %u: %s (in: %s)", step->file,
               step->line, vcpu->id, text, step->source);
    return MODEL_GO_STAY;
}

/* ---- variables, checks, text --------------------------------------------------------------- */

static ModelGo
play_let(ModelVcpu *vcpu, const ModelStep *step, AccelExit *exit)
{
    guint64 value = arg(vcpu, step, 0);

    *cell(vcpu, step->where.kind, step->where.value) = value;
    return MODEL_GO_NEXT;
}

static ModelGo
play_expect(ModelVcpu *vcpu, const ModelStep *step, AccelExit *exit)
{
    guint64 sides[2];

    if (arg(vcpu, step, 0) != 0)
        return MODEL_GO_NEXT;
    if (model_expr_sides(step->args[0], value_of, vcpu, sides))
        return model_step_fail(vcpu, step, exit,
                               "expected %s, but the left is " HEX ", the right " HEX,
                               step->args[0]->text, sides[0], sides[1]);
    return model_step_fail(vcpu, step, exit, "expected %s, but it is 0", step->args[0]->text);
}

static char *
format_text(ModelVcpu *vcpu, const ModelStep *step)
{
    GString *text = g_string_new(NULL);
    guint n = 0;

    for (const char *at = step->text; *at != '\0'; at++) {
        guint64 value;

        if (n == step->n_args || !g_str_has_prefix(at, "{}")) {
            g_string_append_c(text, *at);
            continue;
        }
        value = arg(vcpu, step, n++);
        g_string_append_printf(text, value < 10 ? "%" G_GINT64_MODIFIER "u" : HEX, value);
        at++;
    }
    return g_string_free(text, FALSE);
}

static ModelGo
play_log(ModelVcpu *vcpu, const ModelStep *step, AccelExit *exit)
{
    g_autofree char *text = format_text(vcpu, step);

    g_printerr("script: vCPU %u: %s\n", vcpu->id, text);
    return MODEL_GO_NEXT;
}

static ModelGo
play_fail(ModelVcpu *vcpu, const ModelStep *step, AccelExit *exit)
{
    g_autofree char *text = format_text(vcpu, step);

    return model_step_fail(vcpu, step, exit, "%s", text);
}

static ModelGo
play_match(ModelVcpu *vcpu, const ModelStep *step, AccelExit *exit)
{
    for (guint i = 0; i < step->n_matches; i++) {
        const ModelMatch *match = &step->matches[i];
        guint64 actual = *gpr(vcpu, 3 + i), wanted;

        if (match->kind == MODEL_MATCH_STORE)
            *cell(vcpu, match->where.kind, match->where.value) = actual;
        if (match->kind != MODEL_MATCH_VALUE)
            continue;
        wanted = model_expr_eval(match->expr, value_of, vcpu);
        if (wanted != actual)
            return model_step_fail(vcpu, step, exit, "r%u is " HEX ", not %s = " HEX, 3 + i, actual,
                                   match->expr->text, wanted);
    }
    return MODEL_GO_NEXT;
}

/* ---- hypercalls and RTAS ------------------------------------------------------------------- */

static ModelGo
wait_result(ModelWait wait, AccelExit *exit)
{
    exit->kind = ACCEL_EXIT_INTR;
    return wait == MODEL_WAIT_KICKED ? MODEL_GO_STAY : MODEL_GO_NEXT;
}

/* Registers r3.. hold the call. */
static ModelGo
enter_hcall(ModelVcpu *vcpu, AccelExit *exit)
{
    if (model_hcall(vcpu))
        return MODEL_GO_NEXT;
    exit->kind = ACCEL_EXIT_HCALL;
    exit->hcall.nr = *gpr(vcpu, 3);
    for (guint i = 0; i < G_N_ELEMENTS(exit->hcall.args); i++)
        exit->hcall.args[i] = *gpr(vcpu, 4 + i);
    vcpu->pending = ACCEL_EXIT_HCALL;
    return MODEL_GO_EXIT;
}

static ModelGo
play_hcall(ModelVcpu *vcpu, const ModelStep *step, AccelExit *exit)
{
    guint64 values[10] = {0};

    for (guint i = 0; i < step->n_args; i++)
        values[i] = arg(vcpu, step, i);
    if (values[0] == HCALL_CEDE) {
        ModelWait wait = model_vcpu_wait(vcpu, TRUE, TRUE, -1);

        if (wait == MODEL_WAIT_DONE)
            *gpr(vcpu, 3) = 0;
        return wait_result(wait, exit);
    }
    for (guint i = 0; i < G_N_ELEMENTS(values); i++)
        *gpr(vcpu, 3 + i) = values[i];
    return enter_hcall(vcpu, exit);
}

static guint64
rtas_block(const ModelVcpu *vcpu)
{
    return model_script_rtas_block(vcpu->model->script) + (guint64)vcpu->id * RTAS_BLOCK_BYTES;
}

static ModelGo
play_rtas(ModelVcpu *vcpu, const ModelStep *step, AccelExit *exit)
{
    guint64 fdt = *model_core(vcpu, MODEL_REG_FDT), block = rtas_block(vcpu);
    guint n_args = step->n_args - 1, n = 3 + n_args + step->n_results;
    guint32 token = (guint32)arg(vcpu, step, 0);
    be32 words[RTAS_WORDS_MAX] = {{0}};

    if (step->text != NULL && !model_fdt_cell(vcpu->model, fdt, "/rtas", step->text, 0, &token))
        return model_step_fail(vcpu, step, exit,
                               "the device tree at " HEX " has no /rtas property '%s'", fdt,
                               step->text);
    words[0] = be32_make(token);
    words[1] = be32_make(n_args);
    words[2] = be32_make(step->n_results);
    for (guint i = 0; i < n_args; i++)
        words[3 + i] = be32_make((guint32)arg(vcpu, step, i + 1));
    if (!model_guest_write(vcpu->model, block, words, n * sizeof(words[0])))
        return model_step_fail(vcpu, step, exit,
                               "there is no RAM at " HEX " for the arguments; define rtas-block",
                               block);
    for (guint i = 4; i <= 12; i++)
        *gpr(vcpu, i) = 0;
    *gpr(vcpu, 3) = HCALL_RTAS;
    *gpr(vcpu, 4) = block;
    return enter_hcall(vcpu, exit);
}

static ModelGo
play_rtas_end(ModelVcpu *vcpu, const ModelStep *step, AccelExit *exit)
{
    guint64 at = rtas_block(vcpu) + (3 + (guint64)step->size) * sizeof(be32);
    be32 rets[MODEL_MATCH_MAX];

    if (*gpr(vcpu, 3) != 0)
        return model_step_fail(vcpu, step, exit, "H_RTAS answers %" G_GINT64_FORMAT,
                               (gint64)*gpr(vcpu, 3));
    if (!model_guest_read(vcpu->model, at, rets, step->n_results * sizeof(rets[0])))
        return model_step_fail(vcpu, step, exit, "the argument block at " HEX " is gone", at);
    *gpr(vcpu, 3) = (guint64)(gint64)(gint32)be32_get(rets[0]); /* a status may be negative */
    for (guint i = 1; i < step->n_results; i++)
        *gpr(vcpu, 3 + i) = be32_get(rets[i]);
    return MODEL_GO_NEXT;
}

static ModelGo
play_fdt(ModelVcpu *vcpu, const ModelStep *step, AccelExit *exit)
{
    guint64 fdt = *model_core(vcpu, MODEL_REG_FDT);
    guint32 value;
    gboolean found = model_fdt_cell(vcpu->model, fdt, step->text, step->text2,
                                    (guint)MIN(arg(vcpu, step, 0), G_MAXUINT / 4), &value);

    *gpr(vcpu, 3) = found ? value : MODEL_SCRIPT_EMPTY;
    return MODEL_GO_NEXT;
}

/* ---- memory -------------------------------------------------------------------------------- */

/* Without a slot the access is user space's; a load's value comes back with the next run. */
static ModelGo
leave_for_mmio(ModelVcpu *vcpu, const ModelAccessRequest *request, AccelExit *exit)
{
    exit->kind = ACCEL_EXIT_MMIO;
    exit->mmio.gpa = request->gpa;
    exit->mmio.n = request->n;
    exit->mmio.is_write = request->is_write;
    for (guint32 i = 0; request->is_write && i < request->n; i++)
        exit->mmio.data[i] = (guint8)(request->value >> (8 * (request->n - 1 - i)));
    vcpu->pending = ACCEL_EXIT_MMIO;
    vcpu->mmio_n = request->is_write ? 0 : request->n;
    return MODEL_GO_EXIT;
}

static ModelGo
play_access(ModelVcpu *vcpu, ModelAccessRequest *request, AccelExit *exit)
{
    switch (model_guest_access(vcpu, request, exit->message)) {
    case MODEL_ACCESS_NO_SLOT: return leave_for_mmio(vcpu, request, exit);
    case MODEL_ACCESS_FAULT: exit->kind = ACCEL_EXIT_GUEST_FAULT; return MODEL_GO_STAY;
    default: return MODEL_GO_NEXT;
    }
}

static ModelGo
play_load(ModelVcpu *vcpu, const ModelStep *step, AccelExit *exit)
{
    ModelAccessRequest request = {.gpa = arg(vcpu, step, 0), .n = step->size};
    ModelGo go = play_access(vcpu, &request, exit);

    if (go == MODEL_GO_NEXT)
        *gpr(vcpu, 3) = request.value;
    return go;
}

static ModelGo
play_store(ModelVcpu *vcpu, const ModelStep *step, AccelExit *exit)
{
    ModelAccessRequest request = {
        .gpa = arg(vcpu, step, 0),
        .n = step->size,
        .is_write = TRUE,
        .value = arg(vcpu, step, 1),
    };

    return play_access(vcpu, &request, exit);
}

static ModelGo
play_fill(ModelVcpu *vcpu, const ModelStep *step, AccelExit *exit)
{
    guint64 at = arg(vcpu, step, 0), left = arg(vcpu, step, 1);
    guint8 bytes[4096];

    memset(bytes, (int)(arg(vcpu, step, 2) & 0xff), sizeof(bytes));
    while (left != 0) {
        gsize n = (gsize)MIN(left, sizeof(bytes));

        if (!model_guest_write(vcpu->model, at, bytes, n))
            return model_step_fail(vcpu, step, exit, "there is no RAM at " HEX, at);
        at += n;
        left -= n;
    }
    return MODEL_GO_NEXT;
}

/* ---- interrupts ---------------------------------------------------------------------------- */

static ModelGo
play_irq(ModelVcpu *vcpu, const ModelStep *step, AccelExit *exit)
{
    g_mutex_lock(&vcpu->model->lock);
    *gpr(vcpu, 3) = model_vcpu_signalled_locked(vcpu);
    g_mutex_unlock(&vcpu->model->lock);
    return MODEL_GO_NEXT;
}

static gint64
milliseconds(guint64 ms)
{
    return (gint64)MIN(ms, (guint64)G_MAXINT32) * 1000;
}

static ModelGo
play_wait_irq(ModelVcpu *vcpu, const ModelStep *step, AccelExit *exit)
{
    ModelWait wait = model_vcpu_wait(vcpu, TRUE, FALSE, milliseconds(arg(vcpu, step, 0)));

    if (wait == MODEL_WAIT_TIMEOUT)
        return model_step_fail(vcpu, step, exit, "no interrupt came within " HEX " ms",
                               arg(vcpu, step, 0));
    return wait_result(wait, exit);
}

static ModelGo
play_sleep(ModelVcpu *vcpu, const ModelStep *step, AccelExit *exit)
{
    return wait_result(model_vcpu_wait(vcpu, FALSE, FALSE, milliseconds(arg(vcpu, step, 0))), exit);
}

/* The next entry is new when its generation is the one that is being written now. */
static ModelGo
play_poll(ModelVcpu *vcpu, const ModelStep *step, AccelExit *exit)
{
    guint64 gpa = *model_variable(vcpu, step->var);
    guint64 entries = *model_variable(vcpu, step->var + 1);
    guint64 *position = model_variable(vcpu, step->var + 2);
    guint64 index = *position & EQ_INDEX;
    ModelAccessRequest request = {.gpa = gpa + (index << XIVE_EQ_ENTRY_SHIFT), .n = 4};
    char message[256];

    if (model_guest_access(vcpu, &request, message) != MODEL_ACCESS_DONE)
        return model_step_fail(vcpu, step, exit, "there is no queue at " HEX, request.gpa);
    if (((request.value & XIVE_EQ_GENERATION) != 0) == ((*position & POLL_FLIPPED) != 0)) {
        *gpr(vcpu, 3) = MODEL_SCRIPT_EMPTY;
        return MODEL_GO_NEXT;
    }
    *gpr(vcpu, 3) = request.value & XIVE_EQ_EISN;
    if (index + 1 < entries)
        *position += 1;
    else
        *position = (*position ^ POLL_FLIPPED) & POLL_FLIPPED;
    return MODEL_GO_NEXT;
}

/* ---- order --------------------------------------------------------------------------------- */

static ModelGo
play_repeat(ModelVcpu *vcpu, const ModelStep *step, AccelExit *exit)
{
    guint64 *counter = model_variable(vcpu, step->var);

    if (*counter == 0)
        return MODEL_GO_TARGET;
    *counter -= 1;
    return MODEL_GO_NEXT;
}

static ModelGo
play_jump(ModelVcpu *vcpu, const ModelStep *step, AccelExit *exit)
{
    return MODEL_GO_TARGET;
}

static ModelGo
play_jump_if_zero(ModelVcpu *vcpu, const ModelStep *step, AccelExit *exit)
{
    return arg(vcpu, step, 0) == 0 ? MODEL_GO_TARGET : MODEL_GO_NEXT;
}

static ModelGo
play_stop(ModelVcpu *vcpu, const ModelStep *step, AccelExit *exit)
{
    exit->kind = ACCEL_EXIT_HALTED;
    return MODEL_GO_STAY;
}

/* ---- machine checks ------------------------------------------------------------------------ */

static ModelGo
play_machine_check(ModelVcpu *vcpu, const ModelStep *step, AccelExit *exit)
{
    guint64 values[4] = {0};
    ModelCheck check;

    for (guint i = 0; i < step->n_args; i++)
        values[i] = arg(vcpu, step, i);
    check = (ModelCheck){values[0], (guint32)values[1], values[2], values[3] != 0};
    return model_check_take(vcpu, &check, exit);
}

static ModelGo
play_rfi(ModelVcpu *vcpu, const ModelStep *step, AccelExit *exit)
{
    return model_check_return(vcpu);
}

typedef ModelGo (*PlayFunc)(ModelVcpu *vcpu, const ModelStep *step, AccelExit *exit);

static const PlayFunc players[] = {
    [MODEL_STEP_LET] = play_let,
    [MODEL_STEP_EXPECT] = play_expect,
    [MODEL_STEP_FAIL] = play_fail,
    [MODEL_STEP_LOG] = play_log,
    [MODEL_STEP_HCALL] = play_hcall,
    [MODEL_STEP_RTAS] = play_rtas,
    [MODEL_STEP_RTAS_END] = play_rtas_end,
    [MODEL_STEP_LOAD] = play_load,
    [MODEL_STEP_STORE] = play_store,
    [MODEL_STEP_FILL] = play_fill,
    [MODEL_STEP_IRQ] = play_irq,
    [MODEL_STEP_WAIT_IRQ] = play_wait_irq,
    [MODEL_STEP_SLEEP] = play_sleep,
    [MODEL_STEP_POLL] = play_poll,
    [MODEL_STEP_FDT] = play_fdt,
    [MODEL_STEP_MATCH] = play_match,
    [MODEL_STEP_REPEAT] = play_repeat,
    [MODEL_STEP_JUMP] = play_jump,
    [MODEL_STEP_JUMP_IF_ZERO] = play_jump_if_zero,
    [MODEL_STEP_STOP] = play_stop,
    [MODEL_STEP_MACHINE_CHECK] = play_machine_check,
    [MODEL_STEP_RFI] = play_rfi,
};

ModelGo
model_step_play(ModelVcpu *vcpu, const ModelStep *step, AccelExit *exit)
{
    return players[step->kind](vcpu, step, exit);
}
