/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * spapr-stream: looks at migration streams of pseries machines, stock QEMU's and ours.
 *
 * Only the command line is here; see docs/spapr-stream.md.
 */
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "migration-glue/rules.h"
#include "tools/stream-commands.h"
#include "tools/stream-types.h"

/* Exit statuses. */
enum {
    YES = 0,
    NO = 1,
    TROUBLE = 2, /* unreadable, or used wrongly */
};

typedef struct {
    gboolean json, version;
    char *section, *machine, *reader, *module_dir, *to;
    char **words; /* COMMAND FILE … */
} Line;

static const char *const summary =
    "Commands:\n"
    "  inspect FILE   what is in it; 0 if every byte was accounted for\n"
    "  check FILE     what is wrong with it, and whether a machine reads it; 0 yes, 1 no\n"
    "  diff A B       where two differ; 0 nowhere, 1 somewhere\n"
    "  convert A B    the same guest with its memory laid out as --to says\n"
    "  sum FILE       writes checksums to FILE.sums\n"
    "  verify FILE    compares the file with FILE.sums; 0 alike, 1 damaged, and where\n"
    "\n"
    "FILE may be - for standard input. Exit status 2: a stream is unreadable.";

static void
line_clear(Line *line)
{
    g_free(line->section);
    g_free(line->machine);
    g_free(line->reader);
    g_free(line->to);
    g_free(line->module_dir);
    g_strfreev(line->words);
}

static gboolean
usage(GError **error, const char *what)
{
    g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "%s; see spapr-stream --help",
                what);
    return FALSE;
}

static gboolean
parse(Line *line, int *argc, char ***argv, GError **error)
{
    const GOptionEntry entries[] = {
        {"json", 0, 0, G_OPTION_ARG_NONE, &line->json, "inspect: every field, as JSON", NULL},
        {"section", 0, 0, G_OPTION_ARG_STRING, &line->section,
         "inspect: only that section, in full", "NAME[/INSTANCE]"},
        {"machine", 0, 0, G_OPTION_ARG_STRING, &line->machine,
         "check: the type that is to read it; else what a stream that tells no type is taken for",
         "pseries-X.Y"},
        {"reader", 0, 0, G_OPTION_ARG_STRING, &line->reader,
         "check: qemu (any release, the default), qemu-X.Y or spapr-vmm", "WHO"},
        {"to", 0, 0, G_OPTION_ARG_STRING, &line->to,
         "convert: memory in the stream, or at fixed places of the file", "stream|mapped-ram"},
        {"module-dir", 0, 0, G_OPTION_ARG_FILENAME, &line->module_dir,
         "look there for modules first", "DIR"},
        {"version", 0, 0, G_OPTION_ARG_NONE, &line->version, "show the version", NULL},
        {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &line->words, NULL, NULL},
        {NULL},
    };
    GOptionContext *context = g_option_context_new("COMMAND FILE… - look at migration streams");
    gboolean good;

    g_option_context_add_main_entries(context, entries, NULL);
    g_option_context_set_summary(context, summary);
    good = g_option_context_parse(context, argc, argv, error);
    g_option_context_free(context);
    return good;
}

/* What there is to do, and with how many files. */
static const struct {
    const char *name;
    guint files;
} commands[] = {{"inspect", 1}, {"check", 1}, {"diff", 2},
                {"convert", 2}, {"sum", 1},   {"verify", 1}};

static gboolean
check_command(const Line *line, GError **error)
{
    const guint n = line->words != NULL ? g_strv_length(line->words) : 0;

    for (guint i = 0; n > 0 && i < G_N_ELEMENTS(commands); i++) {
        if (!g_str_equal(line->words[0], commands[i].name))
            continue;
        if (n != 1 + commands[i].files)
            return usage(error, commands[i].files == 1 ? "one file is due" : "two files are due");
        return TRUE;
    }
    return usage(error, n > 0 ? "there is no such command" : "a command is missing");
}

static gboolean
check_options(const Line *line, GError **error)
{
    const char *command = line->words[0];
    StreamWho who;

    if ((line->json || line->section != NULL) && !g_str_equal(command, "inspect"))
        return usage(error, "--json and --section are for inspect");
    if (line->reader != NULL && !g_str_equal(command, "check"))
        return usage(error, "--reader is for check");
    if ((line->to != NULL) != g_str_equal(command, "convert"))
        return usage(error, line->to != NULL ? "--to is for convert"
                                             : "convert needs --to stream or --to mapped-ram");
    if (line->to != NULL && !g_str_equal(line->to, "stream") &&
        !g_str_equal(line->to, "mapped-ram"))
        return usage(error, "--to is stream or mapped-ram");
    if (!stream_who_parse(line->reader, &who))
        return usage(error, "--reader is qemu, one of qemu-2.2 to qemu-11.0, or spapr-vmm");
    if (line->machine != NULL && mig_rules_find(line->machine) == NULL)
        return usage(error, "--machine: there is no such type; pseries-2.2 to 10.0 and "
                            "pseries-vmm-1.0 are known");
    if (line->words[2] != NULL && g_str_equal(line->words[1], "-") &&
        g_str_equal(line->words[2], "-"))
        return usage(error, "standard input is one file only");
    return TRUE;
}

static gboolean
run_diff(const Line *line, const StreamRequest *request, StreamInput *input, gboolean *same,
         GError **error)
{
    StreamInput *other = stream_input_open(line->words[2], error);

    if (other != NULL)
        return stream_diff(request, input, other, same, error);
    stream_input_free(input);
    return FALSE;
}

/* Those that look at streams. */
static gboolean
look(const Line *line, const StreamRequest *request, gboolean *yes, GError **error)
{
    StreamInput *input = stream_input_open(line->words[1], error);

    if (input == NULL)
        return FALSE;
    if (g_str_equal(line->words[0], "inspect"))
        return stream_inspect(request, input, yes, error);
    if (g_str_equal(line->words[0], "check"))
        return stream_check(request, input, yes, error);
    return run_diff(line, request, input, yes, error);
}

static gboolean
obey(const Line *line, const StreamRequest *request, gboolean *yes, GError **error)
{
    const char *command = line->words[0];

    *yes = TRUE;
    if (g_str_equal(command, "convert"))
        return stream_convert(request, line->words[1], line->words[2],
                              g_str_equal(line->to, "mapped-ram"), error);
    if (g_str_equal(command, "sum"))
        return stream_sum(line->words[1], error);
    if (g_str_equal(command, "verify"))
        return stream_verify(request, line->words[1], yes, error);
    return look(line, request, yes, error);
}

static int
run(const Line *line, const StreamRequest *request, GError **error)
{
    gboolean yes = FALSE, good = obey(line, request, &yes, error);

    if (fflush(stdout) != 0 && good) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_IO, "the output cannot be written");
        return TROUBLE;
    }
    return !good ? TROUBLE : yes ? YES : NO;
}

static int
work(const Line *line, GError **error)
{
    g_autoptr(StreamTables) tables = NULL;
    StreamRequest request = {
        .out = stdout,
        .machine = line->machine,
        .section = line->section,
        .reader = line->reader,
        .json = line->json,
    };

    if (!check_command(line, error) || !check_options(line, error))
        return TROUBLE;
    tables = stream_tables_load(line->module_dir, error);
    if (tables == NULL)
        return TROUBLE;
    request.tables = tables;
    return run(line, &request, error);
}

int
main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    Line line = {0};
    int status = TROUBLE;

    setlocale(LC_ALL, "");
    if (parse(&line, &argc, &argv, &error)) {
        if (line.version) {
            puts("spapr-stream " PACKAGE_VERSION);
            status = YES;
        } else {
            status = work(&line, &error);
        }
    }
    if (error != NULL)
        fprintf(stderr, "spapr-stream: %s\n", error->message);
    line_clear(&line);
    return status;
}
