/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The script language: what it refuses, with file and line, and what its statements do.
 */
#include <glib/gstdio.h>
#include <string.h>

#include "tests/model/model-rig.h"
#include "vmm/accel/model.h"

/* ---- refusals ------------------------------------------------------------------------------ */

typedef struct {
    const char *text;
    guint line;
    const char *says;
} Refusal;

static const Refusal refusals[] = {
    {"log x\n", 1, "before the first vcpu"},
    {"vcpu\n", 1, "id"},
    {"vcpu x\n", 1, "no vCPU id"},
    {"vcpu -1\n", 1, "no vCPU id"},
    {"vcpu 0\nvcpu 0\n", 2, "section already"},
    {"vcpu *\nvcpu *\n", 2, "section 'vcpu *' already"},
    {"vcpu 0\n\n frobnicate\n", 3, "no statement 'frobnicate'"},
    {"vcpu 0\n let\n", 2, "let NAME = VALUE"},
    {"vcpu 0\n let x\n", 2, "let NAME = VALUE"},
    {"vcpu 0\n let x =\n", 2, "value is missing"},
    {"vcpu 0\n let x = 0x\n", 2, "no number"},
    {"vcpu 0\n let x = 12ab\n", 2, "no number"},
    {"vcpu 0\n let x = 0x10000000000000000\n", 2, "no number of 64 bits"},
    {"vcpu 0\n let x = 18446744073709551616\n", 2, "no number of 64 bits"},
    {"vcpu 0\n let x = y\n", 2, "named 'y'"},
    {"vcpu 0\n let x = r14\n", 2, "named 'r14'"},
    {"vcpu 0\n let x = (1 + 2\n", 2, "parenthesis"},
    {"vcpu 0\n let x = 1 +\n", 2, "value is missing"},
    {"vcpu 0\n let x = 1 2\n", 2, "'2' is too much"},
    {"vcpu 0\n let x = ---------1\n", 2, "too deeply"},
    {"vcpu 0\n let x = $\n", 2, "expected at '$'"},
    {"vcpu 0\n let 9x = 1\n", 2, "no name"},
    {"vcpu 0\n let H_SUCCESS = 1\n", 2, "constant"},
    {"vcpu 0\n let pc = 1\n", 2, "position in the script"},
    {"vcpu 0\n hcall\n", 2, "needs 1 argument"},
    {"vcpu 0\n hcall 1 2 3 4 5 6 7 8 9 10 11\n", 2, "one argument too many"},
    {"vcpu 0\n hcall H_NOTHING\n", 2, "named 'H_NOTHING'"},
    {"vcpu 0\n hcall 1 ->\n", 2, "result is expected"},
    {"vcpu 0\n hcall 1 -> 0 1 2 3 4 5 6 7 8 9 10 11\n", 2, "at most 11 results"},
    {"vcpu 0\n hcall 1 -> =\n", 2, "no name"},
    {"vcpu 0\n store64 1\n", 2, "needs 2 arguments"},
    {"vcpu 0\n store64 1 2 -> 3\n", 2, "no result"},
    {"vcpu 0\n load24 1\n", 2, "no statement 'load24'"},
    {"vcpu 0\n rtas\n", 2, "name or token"},
    {"vcpu 0\n esb poke 1\n", 2, "esb trigger|eoi|get|set"},
    {"vcpu 0\n esb eoi\n", 2, "value is missing"},
    {"vcpu 0\n esb set 1\n", 2, "value is missing"},
    {"vcpu 0\n esb trigger 1 -> 0\n", 2, "no result"},
    {"vcpu 0\n tima\n", 2, "tima ack"},
    {"vcpu 0\n tima cppr\n", 2, "value is missing"},
    {"vcpu 0\n queue q\n", 2, "value is missing"},
    {"vcpu 0\n queue q 1\n", 2, "value is missing"},
    {"vcpu 0\n let q = 1\n queue q 1 16\n", 3, "is taken"},
    {"vcpu 0\n queue r3 1 16\n", 2, "is a register"},
    {"vcpu 0\n poll\n", 2, "no queue"},
    {"vcpu 0\n poll q\n", 2, "no queue 'q'"},
    {"vcpu 0\n fdt /rtas\n", 2, "word is missing"},
    {"vcpu 0\n fdt \"/rtas\n", 2, "closing \""},
    {"vcpu 0\n repeat\n", 2, "value is missing"},
    {"vcpu 0\n repeat 2\n log x\n", 2, "has no end"},
    {"vcpu 0\n repeat 2\n if 1\n end\nvcpu 1\n", 2, "has no end"},
    {"vcpu 0\n end\n", 2, "no block"},
    {"vcpu 0\n else\n", 2, "no if"},
    {"vcpu 0\n if 1\n else\n else\n end\n", 4, "no if"},
    {"vcpu 0\n if 1\n break\n end\n", 3, "no repeat"},
    {"vcpu 0\n repeat 1\n repeat 1\n repeat 1\n repeat 1\n repeat 1\n repeat 1\n repeat 1\n"
     " repeat 1\n repeat 1\n",
     10, "nested"},
    {"vcpu 0\n log\n", 2, "text is missing"},
    {"vcpu 0\n log {x}\n", 2, "named 'x'"},
    {"vcpu 0\n log {1 2}\n", 2, "no value"},
    {"vcpu 0\n machine-check 1 2 3 4 5\n", 2, "one argument too many"},
    {"vcpu 0\n rfi 1\n", 2, "one argument too many"},
    {"vcpu 0\n repeat 2\n at 0x200\n end\n", 3, "outside of blocks"},
    {"vcpu 0\n at r3\n", 2, "a number or a constant"},
    {"vcpu 0\n at\n", 2, "a value is missing"},
    {"vcpu 0\n at 0x200\n at 512\n", 3, "a handler at this address already"},
    {"vcpu 0\n stop 1\n", 2, "too many"},
    {"vcpu 0\n stop\001\n", 2, "control character"},
    {"define\n", 1, "a name and a value"},
    {"define x\n", 1, "value is missing"},
    {"define x y\n", 1, "named 'y'"},
    {"define r3 1\n", 1, "register"},
    {"define 3x 1\n", 1, "no name"},
    {"define x 1\ndefine x 2\n", 2, "another value"},
    {"vcpu 0\ndefine x 1\n", 2, "before the first vcpu"},
    {"include\n", 1, "word is missing"},
    {"include /nowhere/at.all\n", 1, "cannot be read"},
    {"vcpu 0\ninclude x\n", 2, "before the first vcpu"},
};

static void
every_error_names_file_and_line(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(refusals); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *place = g_strdup_printf("dir/a.script:%u: ", refusals[i].line);
        ModelScript *script = model_script_parse("dir/a.script", refusals[i].text, &error);

        g_test_message("%s", refusals[i].text);
        g_assert_null(script);
        g_assert_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE);
        g_test_message("%s", error->message);
        g_assert_true(g_str_has_prefix(error->message, place));
        g_assert_nonnull(strstr(error->message, refusals[i].says));
        g_assert_null(strchr(error->message, '\n'));
    }
}

static void
too_many_variables_and_terms_are_refused(void)
{
    g_autoptr(GString) text = g_string_new("vcpu 0\n");
    g_autoptr(GString) sum = g_string_new("vcpu 0\n let x = 1");
    g_autoptr(GError) error = NULL;

    for (guint i = 0; i <= MODEL_VARS_MAX; i++)
        g_string_append_printf(text, " let v%u = %u\n", i, i);
    g_assert_null(model_script_parse("a", text->str, &error));
    g_assert_true(g_str_has_prefix(error->message, "a:148: "));
    g_clear_error(&error);
    for (guint i = 0; i < MODEL_EXPR_MAX; i++)
        g_string_append(sum, " + 1");
    g_assert_null(model_script_parse("a", sum->str, &error));
    g_assert_nonnull(strstr(error->message, "terms"));
}

/* Whatever part of a good script is left, it parses or is refused; nothing else. */
static void
a_script_cut_off_anywhere_is_refused_or_parsed(void)
{
    static const char whole[] = "define a 5\nvcpu 0 1\n let x = (a << 2) + r3\n"
                                " hcall H_INT_ESB 0 x -> H_SUCCESS =y _\n queue q x 16\n poll q\n"
                                " repeat x\n  if y == ~0\n   break\n  else\n   log {y} # c\n  end\n"
                                " end\n rtas event-scan 1 2 -> 1\n fdt \"/a b\" c 1 -> =z\n";

    for (gsize n = 0; n < sizeof(whole); n++) {
        g_autofree char *part = g_strndup(whole, n);
        g_autoptr(GError) error = NULL;
        g_autoptr(ModelScript) script = model_script_parse("a", part, &error);

        g_assert_true((script == NULL) == (error != NULL));
        g_assert_true(error == NULL || g_str_has_prefix(error->message, "a:"));
    }
}

static void
files_include_files_and_errors_name_the_inner_one(void)
{
    g_autofree char *dir = g_dir_make_tmp("model-script-XXXXXX", NULL);
    g_autofree char *outer = g_build_filename(dir, "outer.script", NULL);
    g_autofree char *inner = g_build_filename(dir, "inner.script", NULL);
    g_autofree char *place = g_strdup_printf("%s:2: ", inner);
    g_autofree char *option = g_strdup_printf("script=%s", outer);
    g_autoptr(GError) error = NULL;

    g_assert_true(g_file_set_contents(outer, "include inner.script\nvcpu 0\n expect answer == 42\n",
                                      -1, NULL));
    g_assert_true(g_file_set_contents(inner, "# names\ndefine answer 42\n", -1, NULL));
    g_assert_true(rig_try_open(option, NULL));
    g_assert_true(g_file_set_contents(inner, "# names\ndefine answer\n", -1, NULL));
    g_assert_false(rig_try_open(option, &error));
    g_assert_true(g_str_has_prefix(error->message, place));
    g_clear_error(&error);
    g_assert_true(g_file_set_contents(inner, "include inner.script\n", -1, NULL));
    g_assert_false(rig_try_open(option, &error)); /* round and round */
    g_assert_nonnull(strstr(error->message, "deep"));
    g_clear_error(&error);
    g_assert_true(g_file_set_contents(inner, "a\0b\n", 4, NULL));
    g_assert_false(rig_try_open(option, &error));
    g_assert_nonnull(strstr(error->message, "no text"));
    g_remove(outer);
    g_remove(inner);
    g_rmdir(dir);
}

/* ---- statements ---------------------------------------------------------------------------- */

static void
play(const char *text)
{
    Rig rig;

    rig_open_full(&rig, NULL, 1);
    rig_script(&rig, text);
    rig_run_all(&rig, 0);
    rig_close(&rig);
}

static void
expressions_have_the_usual_precedence(void)
{
    play("vcpu 0\n"
         " expect 1 + 2 * 3 == 7\n expect (1 + 2) * 3 == 9\n expect 10 - 3 - 2 == 5\n"
         " expect 1 << 4 + 1 == 32\n expect 6 & 3 == 2\n expect 1 | 6 & 2 == 3\n"
         " expect 5 ^ 1 == 4\n expect 0xff >> 4 == 15\n expect 1 << 64 == 0\n"
         " expect 7 / 2 == 3\n expect 7 % 4 == 3\n expect 7 / 0 == 0\n expect 7 % 0 == 0\n"
         " expect -1 == ~0\n expect -1 > 1\n expect H_P2 == -55\n expect 2 <= 2\n"
         " expect 3 >= 2\n expect 2 < 3\n expect 1 != 2\n expect 0x10 == 16\n");
}

static void
blocks_repeat_branch_and_break(void)
{
    play("vcpu 0\n let n = 0\n let m = 0\n"
         " repeat 0\n  fail never\n end\n"
         " repeat 5\n  repeat 3\n   let n = n + 1\n  end\n  if n == 9\n   break\n  end\n end\n"
         " expect n == 9\n"
         " repeat forever\n  let m = m + 1\n  if m < 4\n   let n = n + 10\n  else\n   break\n"
         "  end\n end\n"
         " expect m == 4\n expect n == 39\n");
}

static void
memory_is_big_endian_of_every_width(void)
{
    play("vcpu 0\n store64 0x20000 0x1122334455667788\n load8 0x20007 -> 0x88\n"
         " load16 0x20001 -> 0x2233\n load32 0x20003 -> 0x44556677\n load64 0x20000 -> =x\n expect "
         "x == 0x1122334455667788\n");
}

static void
more_variables_than_general_registers_keep_apart(void)
{
    g_autoptr(GString) text = g_string_new("vcpu 0\n");

    for (guint i = 0; i < MODEL_VARS_MAX; i++)
        g_string_append_printf(text, " let v%u = %u\n", i, i + 1000);
    for (guint i = 0; i < MODEL_VARS_MAX; i++)
        g_string_append_printf(text, " expect v%u == %u\n", i, i + 1000);
    play(text->str);
}

static void
a_queue_is_followed_over_its_end(void)
{
    play("vcpu 0\n fill 0x100000 16 0\n queue q 0x100000 4\n" /* four entries */
         " poll q -> empty\n"
         " store32 0x100000 0x80000001\n store32 0x100004 0x80000002\n"
         " poll q -> 1\n poll q -> 2\n poll q -> empty\n"
         " store32 0x100008 0x80000003\n store32 0x10000c 0x80000004\n"
         " poll q -> 3\n poll q -> 4\n poll q -> empty\n" /* the old lap's first is not new */
         " store32 0x100000 5\n poll q -> 5\n poll q -> empty\n");
}

typedef struct {
    const char *text;
    const char *says;
} Failure;

static const Failure failures[] = {
    {"vcpu 0\n let a = 3\n expect a + 1 == 5\n", "t:3: vCPU 0: expected a + 1 == 5, but the left "
                                                 "is 0x4, the right 0x5"},
    {"vcpu 0\n expect 0\n", "t:2: vCPU 0: expected 0, but it is 0"},
    {"vcpu 0\n fail gone at {1 + 2} and {0x20}\n", "t:2: vCPU 0: gone at 3 and 0x20"},
    {"vcpu 0\n hcall 0x1234\n", "t:2: vCPU 0: r3 is 0xfffffffffffffffe, not 0 = 0x0 (in: hcall"},
    {"vcpu 0\n hcall 0x1234 -> H_FUNCTION 5\n", "r4 is 0x0, not 5 = 0x5"},
    {"vcpu 0\n esb get 0 -> PQ_RESET\n", "r3 is 0x1, not PQ_RESET = 0x0"},
    {"vcpu 0\n wait-irq 1\n", "no interrupt came within 0x1 ms"},
    {"vcpu 0\n rtas no-such-call\n", "no /rtas property 'no-such-call'"},
    {"define rtas-block 0xff000000\nvcpu 0\n rtas 5\n", "no RAM at 0xff000000"},
    {"vcpu 0\n rtas 5\n", "H_RTAS answers -2"},
    {"vcpu 0\n queue q 0xff000000 16\n poll q\n", "no queue at 0xff000000"},
    {"vcpu 0\n fill 0x7ff000 0x2000 1\n", "no RAM at 0x800000"},
};

static void
a_failing_expectation_says_where_and_what(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(failures); i++) {
        AccelExit exit = {0};
        Rig rig;

        rig_open_full(&rig, NULL, 1);
        model_set_script(rig.accel, "t", failures[i].text, NULL);
        do {
            rig_run(&rig, 0, &exit);
            exit.hcall.ret = -2;
        } while (exit.kind == ACCEL_EXIT_HCALL);
        g_assert_cmpint(exit.kind, ==, ACCEL_EXIT_FAILED);
        g_test_message("%s", exit.message);
        g_assert_nonnull(strstr(exit.message, failures[i].says));
        rig_close(&rig);
    }
}

/* ---- RTAS and the device tree -------------------------------------------------------------- */

/* / { rtas { rtas-base = <0x20>; event-scan = <0x200f 7>; }; rtas2 { event-scan = <1>; }; }; */
static const guint32 tree[] = {
    0xd00dfeed, 0xb4,       0x28,       0x98,       0, 17, 16, 0, 0, 0,    /* header */
    1,          0,                                                         /* root */
    1,          0x72746173, 0,                                             /* rtas */
    3,          4,          0,          0x20,                              /* rtas-base */
    4,                                                                     /* nop */
    3,          8,          10,         0x200f,     7,                     /* event-scan */
    2,          1,          0x72746173, 0x32000000, 3, 4,  10, 1, 2, 2, 9, /* rtas2 */
};
static const char tree_names[] = "rtas-base\0event-scan";

static void
lay_tree(Rig *rig, guint64 gpa)
{
    guint8 *at = rig->ram + gpa;

    for (guint i = 0; i < G_N_ELEMENTS(tree); i++) {
        guint32 word = GUINT32_TO_BE(tree[i]);

        memcpy(at + (gsize)i * 4, &word, 4);
    }
    memcpy(at + 0x98, tree_names, sizeof(tree_names));
}

static void
names_are_read_from_the_device_tree(void)
{
    AccelExit exit = {0};
    Rig rig;

    g_assert_cmpuint(sizeof(tree), <=, 0x98);
    rig_open(&rig, NULL);
    rig_vcpus(&rig, 1);
    lay_tree(&rig, 0x300000);
    rig_script(&rig, "vcpu 0\n fdt /rtas rtas-base -> 0x20\n fdt /rtas event-scan 1 -> 7\n"
                     " fdt /rtas event-scan 2 -> empty\n fdt /rtas2 event-scan -> 1\n"
                     " fdt /rtas2 rtas-base -> empty\n fdt /none x -> empty\n"
                     " rtas event-scan -1 2 -> -3 9\n");
    rig_set_reg(&rig, 0, VDEV_REG_GPR(3), 0x300000);
    rig_run(&rig, 0, &exit);
    g_assert_cmpint(exit.kind, ==, ACCEL_EXIT_HCALL);
    g_assert_cmphex(exit.hcall.nr, ==, 0xf000);
    g_assert_cmphex(exit.hcall.args[0], ==, 0x4000);
    g_assert_cmphex(rig_entry(&rig, 0x4000, 0), ==, 0x200f); /* token, counts, arguments */
    g_assert_cmphex(rig_entry(&rig, 0x4000, 1), ==, 2);
    g_assert_cmphex(rig_entry(&rig, 0x4000, 2), ==, 2);
    g_assert_cmphex(rig_entry(&rig, 0x4000, 3), ==, 0xffffffff);
    g_assert_cmphex(rig_entry(&rig, 0x4000, 4), ==, 2);
    memcpy(rig.ram + 0x4014, "\xff\xff\xff\xfd\0\0\0\x09", 8);
    exit.hcall.ret = 0;
    rig_run(&rig, 0, &exit);
    g_assert_cmpstr(exit.message, ==, "");
    g_assert_cmpint(exit.kind, ==, ACCEL_EXIT_HALTED);
    rig_close(&rig);
}

/* Any byte of the tree may be wrong: the reader finds something or nothing. */
static void
a_damaged_tree_does_no_harm(void)
{
    guint32 value;
    Rig rig;

    rig_open(&rig, NULL);
    for (guint i = 0; i < 20000; i++) {
        lay_tree(&rig, RIG_RAM_SIZE - 0xb4);
        rig.ram[RIG_RAM_SIZE - 0xb4 + g_test_rand_int_range(4, 0xb4)] =
            (guint8)g_test_rand_int_range(0, 256);
        rig.ram[RIG_RAM_SIZE - 0xb4 + g_test_rand_int_range(4, 0xb4)] =
            (guint8)g_test_rand_int_range(0, 256);
        model_fdt_cell((Model *)rig.accel, RIG_RAM_SIZE - 0xb4, "/rtas/a", "event-scan",
                       (guint)g_test_rand_int_range(0, 4), &value);
    }
    rig_close(&rig);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name) g_test_add_func("/model/script/" #name, name)
    ADD(every_error_names_file_and_line);
    ADD(too_many_variables_and_terms_are_refused);
    ADD(a_script_cut_off_anywhere_is_refused_or_parsed);
    ADD(files_include_files_and_errors_name_the_inner_one);
    ADD(expressions_have_the_usual_precedence);
    ADD(blocks_repeat_branch_and_break);
    ADD(memory_is_big_endian_of_every_width);
    ADD(more_variables_than_general_registers_keep_apart);
    ADD(a_queue_is_followed_over_its_end);
    ADD(a_failing_expectation_says_where_and_what);
    ADD(names_are_read_from_the_device_tree);
    ADD(a_damaged_tree_does_no_harm);
#undef ADD
    return g_test_run();
}
