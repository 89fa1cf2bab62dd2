/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line: the table of options, its help text, and the walk over the arguments.
 */
#include "vmm/options.h"

#include <stdio.h>
#include <string.h>

#include "vmm/log.h"
#include "vmm/options-priv.h"

typedef struct {
    const char *name;
    const char *argument; /* as shown by -h; NULL: takes none */
    OptionSetter set;
    const char *help; /* NULL: known, not shown (a second spelling) */
} OptionRow;

typedef struct {
    const char *title;
    const OptionRow *rows; /* end with name NULL */
} OptionGroup;

static const OptionRow machine_rows[] = {
    {"machine", "TYPE[,prop=val…]", option_set_machine,
     "machine type (also -M); -M help lists them, -M TYPE,help its properties"},
    {"M", "TYPE[,prop=val…]", option_set_machine, NULL},
    {"accel", "kvm|model[,prop=val…]", option_set_accel,
     "how to run it (default: kvm); -accel help lists them"},
    {"enable-kvm", NULL, option_set_kvm, NULL},
    {"cpu", "host", option_set_cpu, "the host's processor, the only model"},
    {"smp", "N[,maxcpus=M]", option_set_smp, "vCPUs at start, and at most (default: 1)"},
    {"device", "NAME[,prop=val…]", option_set_device,
     "add a device; -device help lists them, -device NAME,help its properties"},
    {"name", "NAME", option_set_name, "the guest's name"},
    {"uuid", "UUID", option_set_uuid, "the guest's UUID"},
    {0},
};

static const OptionRow memory_rows[] = {
    {"m", "SIZE[,slots=N,maxmem=SIZE]", option_set_memory,
     "memory, in MiB or with a suffix (default: 512M)"},
    {"object", "memory-backend-TYPE,id=ID,size=SIZE…", option_set_object,
     "memory of a kind: TYPE is ram, file or memfd; use it with -M memory-backend=ID"},
    {"mem-path", "PATH", option_set_mem_path, "take main memory from a file or a hugetlbfs"},
    {"mem-prealloc", NULL, option_set_prealloc, "touch all of main memory before the start"},
    {0},
};

static const OptionRow boot_rows[] = {
    {"kernel", "FILE", option_set_kernel, "kernel: an uncompressed ppc64le ELF file (vmlinux)"},
    {"initrd", "FILE", option_set_initrd, "initial ramdisk"},
    {"append", "TEXT", option_set_append, "kernel command line"},
    {0},
};

static const OptionRow console_rows[] = {
    {"serial", "stdio|file:PATH|unix:PATH[,server=on|off]|pty|none", option_set_serial,
     "where the guest's console goes"},
    {"nographic", NULL, option_set_nographic,
     "console on this terminal; Ctrl-A x ends the VM, Ctrl-A h helps"},
    {"display", "none", option_set_none, NULL},
    {"vga", "none", option_set_none, NULL},
    {0},
};

static const OptionRow control_rows[] = {
    {"qmp", "unix:PATH[,server=on,wait=off]|stdio", option_set_qmp, "a QMP monitor; repeatable"},
    {"monitor", "none", option_set_none, NULL},
    {"S", NULL, option_set_paused, "do not run the guest until `cont`"},
    {"no-reboot", NULL, option_set_no_reboot, "end when the guest reboots"},
    {"pidfile", "FILE", option_set_pidfile, "write the process id to FILE"},
    {"d", "WORD[,WORD…]", option_set_log, "show messages of these kinds; -d help lists them"},
    {"module-dir", "DIR", option_set_module_dir, "look for modules in DIR first; repeatable"},
    {"nodefaults", NULL, option_accept, NULL}, /* there are no default devices */
    {"no-user-config", NULL, option_accept, NULL},
    {0},
};

static const OptionRow migration_rows[] = {
    {"incoming", "URI|defer", option_set_incoming,
     "wait for a guest that migrates here; defer: until `migrate-incoming`"},
    {"global", "migration.NAME=VALUE", option_set_global,
     "a capability or parameter of migration, from the start on; repeatable"},
    {"only-migratable", NULL, option_set_only_migratable, "refuse what could not migrate"},
    {"dump-vmstate", "FILE", option_set_dump_vmstate,
     "describe what the machine would send, as JSON in QEMU's format, and end; -: standard output"},
    {0},
};

static const OptionGroup groups[] = {
    {"Machine", machine_rows}, {"Memory", memory_rows},       {"Boot", boot_rows},
    {"Console", console_rows}, {"Migration", migration_rows}, {"Control", control_rows},
};

static const OptionRow *
options_find(const char *name)
{
    for (guint i = 0; i < G_N_ELEMENTS(groups); i++)
        for (const OptionRow *row = groups[i].rows; row->name != NULL; row++)
            if (strcmp(row->name, name) == 0)
                return row;
    return NULL;
}

static void
options_print_help(void)
{
    printf("usage: spapr-vmm [-option [value]]…\n"
           "Runs a POWER guest on KVM, its interrupt controller and platform loaded as a module.\n"
           "\nA first guest:\n"
           "  spapr-vmm -M pseries -device spapr-xive-kvm -m 1G -smp 2 -nographic \\\n"
           "            -kernel vmlinux -initrd initrd.img -append console=hvc0\n");
    for (guint i = 0; i < G_N_ELEMENTS(groups); i++) {
        printf("\n%s:\n", groups[i].title);
        for (const OptionRow *row = groups[i].rows; row->name != NULL; row++)
            if (row->help != NULL)
                printf("  -%s%s%s\n        %s\n", row->name, row->argument == NULL ? "" : " ",
                       row->argument == NULL ? "" : row->argument, row->help);
    }
    printf("\nHelp:\n  -h, -help\n        this text\n  -version\n        the version\n");
}

static void
options_print_log_help(void)
{
    g_autoptr(GString) text = g_string_new(NULL);

    log_kinds_help(text);
    fputs(text->str, stdout);
}

/* Whether the option only prints something. */
static gboolean
options_print(const char *name, const char *value)
{
    if (strcmp(name, "h") == 0 || strcmp(name, "help") == 0)
        options_print_help();
    else if (strcmp(name, "version") == 0)
        printf("spapr-vmm %s\n", PACKAGE_VERSION);
    else if (strcmp(name, "d") == 0 && g_strcmp0(value, "help") == 0)
        options_print_log_help();
    else if (strcmp(name, "cpu") == 0 && g_strcmp0(value, "help") == 0)
        printf("host   the host's processor\n");
    else if (strcmp(name, "object") == 0 && g_strcmp0(value, "help") == 0)
        printf("memory-backend-ram\nmemory-backend-file\nmemory-backend-memfd\n");
    else
        return FALSE;
    return TRUE;
}

/* One option and, if it takes one, its value. Moves @at behind them. */
static OptionsVerdict
options_take(Options *options, int argc, char **argv, int *at, GError **error)
{
    const char *argument = argv[(*at)++];
    const char *name = argument + (g_str_has_prefix(argument, "--") ? 2 : 1);
    const char *next = *at < argc ? argv[*at] : NULL;
    const OptionRow *row = options_find(name);

    if (argument[0] != '-') {
        option_refuse(error, "unexpected argument '%s': there are no disks yet", argument);
        return OPTIONS_BAD;
    }
    if (options_print(name, next))
        return OPTIONS_DONE;
    if (row == NULL) {
        option_refuse(error, "unknown option '%s'; -h lists them", argument);
        return OPTIONS_BAD;
    }
    if (row->argument != NULL && next == NULL) {
        option_refuse(error, "-%s needs a value: %s", row->name, row->argument);
        return OPTIONS_BAD;
    }
    *at += row->argument != NULL;
    if (!row->set(options, row->argument == NULL ? NULL : next, error)) {
        g_prefix_error(error, "-%s%s%s: ", row->name, row->argument == NULL ? "" : " ",
                       row->argument == NULL ? "" : next);
        return OPTIONS_BAD;
    }
    return OPTIONS_RUN;
}

static void
options_init(Options *options)
{
    *options = (Options){
        .cpus = 1,
        .max_cpus = 1,
        .ram_size = G_GUINT64_CONSTANT(512) << 20,
        .max_ram_size = G_GUINT64_CONSTANT(512) << 20,
        .accels = g_ptr_array_new_with_free_func((GDestroyNotify)option_item_free),
        .objects = g_ptr_array_new_with_free_func((GDestroyNotify)option_item_free),
        .devices = g_ptr_array_new_with_free_func((GDestroyNotify)option_item_free),
        .qmp = g_ptr_array_new_with_free_func(g_free),
        .module_dirs = g_ptr_array_new_with_free_func(g_free),
        .migration_globals = g_ptr_array_new_with_free_func(g_free),
    };
}

OptionsVerdict
options_parse(Options *options, int argc, char **argv, GError **error)
{
    OptionsVerdict verdict = OPTIONS_RUN;
    int at = 1;

    options_init(options);
    while (at < argc && verdict == OPTIONS_RUN)
        verdict = options_take(options, argc, argv, &at, error);
    if (verdict == OPTIONS_RUN && !options_check(options, error))
        verdict = OPTIONS_BAD;
    return verdict;
}

void
options_clear(Options *options)
{
    option_item_free(options->machine);
    g_ptr_array_unref(options->accels);
    g_ptr_array_unref(options->objects);
    g_ptr_array_unref(options->devices);
    g_ptr_array_unref(options->qmp);
    g_ptr_array_unref(options->module_dirs);
    g_ptr_array_unref(options->migration_globals);
    g_free(options->cpu);
    g_free(options->mem_path);
    g_free(options->kernel);
    g_free(options->initrd);
    g_free(options->append);
    g_free(options->serial);
    g_free(options->name);
    g_free(options->pidfile);
    g_free(options->incoming);
    g_free(options->dump_vmstate);
    *options = (Options){0};
}
