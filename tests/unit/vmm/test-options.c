/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line, as tables: every option with values it takes and values it refuses.
 */
#include <string.h>

#include "vmm/vm.h"

/* @line split at blanks, the program's name in front. */
static OptionsVerdict
parse(Options *options, const char *line, GError **error)
{
    g_autofree char *whole = g_strconcat("spapr-vmm ", line, NULL);
    g_auto(GStrv) argv = g_strsplit(whole, " ", -1);
    int argc = (int)g_strv_length(argv);

    if (*line == '\0')
        argc = 1;
    return options_parse(options, argc, argv, error);
}

static void
good_lines_are_understood(void)
{
    static const char *const lines[] = {
        "",
        "-M pseries",
        "--machine pseries-10.0,memory-backend=m0",
        "-machine type=pseries,accel=kvm:model",
        "-M memory-backend=m0 -M pseries",
        "-accel kvm -accel model,script=x,x-fault=any:1:EIO",
        "-enable-kvm",
        "-cpu host",
        "-smp 1",
        "-smp cpus=2,maxcpus=4",
        "-smp 4,sockets=2,cores=2,threads=1",
        "-m 512",
        "-m 1G,slots=2,maxmem=4G",
        "-m size=1G",
        "-m 0x200",
        "-object memory-backend-ram,id=m0,size=1G",
        "-mem-path /dev/hugepages -mem-prealloc",
        "-kernel vmlinux -initrd initrd -append console=hvc0",
        "-device spapr-xive-kvm,nr-irqs=4608,id=xive0",
        "-serial stdio",
        "-serial mon:stdio",
        "-serial file:/tmp/x",
        "-serial unix:/tmp/x,server=on,wait=off",
        "-serial pty",
        "-serial none",
        "-nographic",
        "-nographic -serial none -qmp stdio",
        "-qmp unix:/tmp/q,server=on,wait=off -qmp unix:/tmp/r",
        "-S -no-reboot -nodefaults -no-user-config -display none -vga none -monitor none",
        "-name guest=web,debug-threads=on",
        "-name web",
        "-uuid 00112233-4455-6677-8899-aabbccddeeff",
        "-d guest_errors,unimp,hcall,rtas,irq",
        "-module-dir /",
        "-pidfile /tmp/p",
    };

    for (guint i = 0; i < G_N_ELEMENTS(lines); i++) {
        g_autoptr(GError) error = NULL;
        Options options;

        g_test_message("%s", lines[i]);
        g_assert_cmpint(parse(&options, lines[i], &error), ==, OPTIONS_RUN);
        g_assert_no_error(error);
        options_clear(&options);
    }
}

static const struct {
    const char *line, *culprit;
} bad_lines[] = {
    {"-nonsense", "-nonsense"},
    {"--nonsense", "--nonsense"},
    {"disk.img", "disk.img"},
    {"-", "unknown option '-'"},
    {"-M", "-M needs a value"},
    {"-M pseries,=x", "=x"},
    {"-M pseries,", "without a name"},
    {"-accel", "-accel"},
    {"-accel script=x", "the name must come first"},
    {"-cpu POWER9", "POWER9"},
    {"-cpu host,compat=power8", "compat"},
    {"-smp", "-smp"},
    {"-smp 0", "cpus=0"},
    {"-smp x", "cpus=x"},
    {"-smp -1", "cpus=-1"},
    {"-smp 99999999999999999999", "99999999999999999999"},
    {"-smp 4294967297", "4294967297"},
    {"-smp 4,maxcpus=2", "maxcpus=2"},
    {"-smp 4,threads=2", "threads=2"},
    {"-smp 4,cores=3", "3 cores"},
    {"-smp 4,sockets=2,cores=3", "2 sockets"},
    {"-smp sockets=16384,cores=16384", "268435456"},
    {"-smp 4,dies=1", "dies"},
    {"-m 0", "memory"},
    {"-m x", "size=x"},
    {"-m 1Q", "size=1Q"},
    {"-m 1GG", "size=1GG"},
    {"-m 16E", "size=16E"},
    {"-m 1G,slots=2", "maxmem"},
    {"-m 1G,maxmem=2G", "slots"},
    {"-m 2G,slots=1,maxmem=1G", "maxmem"},
    {"-m 1G,slots=257,maxmem=2G", "slots=257"},
    {"-m 1G,banks=2", "banks"},
    {"-object", "-object"},
    {"-object {\"qom-type\":\"x\"}", "JSON"},
    {"-object id=x", "name must come first"},
    {"-device {\"driver\":\"x\"}", "JSON"},
    {"-device nr-irqs=1", "name must come first"},
    {"-kernel", "-kernel"},
    {"-initrd x", "-initrd x"},
    {"-append x", "-append"},
    {"-serial tcp:1", "tcp:1"},
    {"-serial file:", "file:"},
    {"-serial unix:,server=on", "unix:"},
    {"-serial none -serial pty", "pty"},
    {"-serial stdio -qmp stdio", "stdio"},
    {"-nographic -qmp stdio", "stdio"},
    {"-qmp stdio -qmp stdio", "stdio"},
    {"-qmp tcp:1", "tcp:1"},
    {"-qmp unix:", "unix:"},
    {"-display gtk", "gtk"},
    {"-monitor stdio", "stdio"},
    {"-name process=x", "process"},
    {"-uuid 0", "-uuid 0"},
    {"-uuid 00112233-4455-6677-8899-aabbccddeefg", "aabbccddeefg"},
    {"-d ", "-d"},
    {"-d guest_errors,nonsense", "nonsense"},
    {"-module-dir /nonexistent", "/nonexistent"},
};

static void
bad_lines_name_the_culprit(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(bad_lines); i++) {
        g_autoptr(GError) error = NULL;
        Options options;

        g_test_message("%s", bad_lines[i].line);
        g_assert_cmpint(parse(&options, bad_lines[i].line, &error), ==, OPTIONS_BAD);
        g_assert_error(error, VM_ERROR, VM_ERROR_USAGE);
        g_assert_nonnull(strstr(error->message, bad_lines[i].culprit));
        g_assert_null(strchr(error->message, '\n'));
        options_clear(&options);
    }
}

static void
smp_counts_are_completed_as_in_qemu(void)
{
    static const struct {
        const char *line;
        guint32 cpus, max_cpus;
    } rows[] = {
        {"", 1, 1},
        {"-smp 3", 3, 3},
        {"-smp 2,maxcpus=6", 2, 6},
        {"-smp cpus=2,maxcpus=6,sockets=3", 2, 6},
        {"-smp sockets=2,cores=3", 6, 6},
        {"-smp cores=4", 4, 4},
        {"-smp sockets=4", 4, 4},
        {"-smp maxcpus=8", 8, 8},
        {"-smp maxcpus=8,cores=2", 8, 8},
        {"-smp 2 -smp 5", 5, 5},
    };

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        Options options;

        g_test_message("%s", rows[i].line);
        g_assert_cmpint(parse(&options, rows[i].line, NULL), ==, OPTIONS_RUN);
        g_assert_cmpuint(options.cpus, ==, rows[i].cpus);
        g_assert_cmpuint(options.max_cpus, ==, rows[i].max_cpus);
        options_clear(&options);
    }
}

static void
memory_is_in_mib_without_a_suffix(void)
{
    static const struct {
        const char *line;
        guint64 size, max;
    } rows[] = {
        {"", G_GUINT64_CONSTANT(512) << 20, G_GUINT64_CONSTANT(512) << 20},
        {"-m 64", 64 << 20, 64 << 20},
        {"-m 64K", 64 << 10, 64 << 10},
        {"-m 3g", G_GUINT64_CONSTANT(3) << 30, G_GUINT64_CONSTANT(3) << 30},
        {"-m 1T", G_GUINT64_CONSTANT(1) << 40, G_GUINT64_CONSTANT(1) << 40},
        {"-m 4096b", 4096, 4096},
        {"-m 1G,slots=1,maxmem=2G", 1 << 30, G_GUINT64_CONSTANT(2) << 30},
    };

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        Options options;

        g_assert_cmpint(parse(&options, rows[i].line, NULL), ==, OPTIONS_RUN);
        g_assert_cmpuint(options.ram_size, ==, rows[i].size);
        g_assert_cmpuint(options.max_ram_size, ==, rows[i].max);
        g_assert_cmpint(options.have_ram_size, ==, *rows[i].line != '\0');
        options_clear(&options);
    }
}

static void
repeated_machine_options_add_up(void)
{
    Options options;

    g_assert_cmpint(parse(&options, "-M a,x=1,accel=model -M y=2 -machine b,x=3", NULL), ==,
                    OPTIONS_RUN);
    g_assert_cmpstr(options.machine->name, ==, "b");
    g_assert_cmpstr(option_item_get(options.machine, "x"), ==, "3");
    g_assert_cmpstr(option_item_get(options.machine, "y"), ==, "2");
    g_assert_null(option_item_get(options.machine, "accel"));
    g_assert_cmpuint(options.accels->len, ==, 1);
    g_assert_cmpstr(((OptionItem *)options.accels->pdata[0])->name, ==, "model");
    options_clear(&options);
}

static void
double_comma_is_a_comma(void)
{
    g_autoptr(OptionItem) item = option_item_parse("a,,b,x=1,,2,flag,,s,y=,z==", NULL);

    g_assert_nonnull(item);
    g_assert_cmpstr(item->name, ==, "a,b");
    g_assert_cmpstr(option_item_get(item, "x"), ==, "1,2");
    g_assert_cmpstr(option_item_get(item, "flag,s"), ==, "on");
    g_assert_cmpstr(option_item_get(item, "y"), ==, "");
    g_assert_cmpstr(option_item_get(item, "z"), ==, "=");
    g_assert_cmpuint(item->keys->len, ==, 4);
}

static void
taking_a_key_removes_every_value(void)
{
    g_autoptr(OptionItem) item = option_item_parse("n,k=1,l=2,k=3", NULL);
    g_autofree char *value = option_item_take(item, "k");

    g_assert_cmpstr(value, ==, "3");
    g_assert_null(option_item_get(item, "k"));
    g_assert_cmpstr(option_item_get(item, "l"), ==, "2");
    g_assert_null(option_item_take(item, "k"));
}

static void
uuid_becomes_bytes_in_reading_order(void)
{
    static const guint8 bytes[16] = {0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
                                     0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff};
    Options options;

    g_assert_cmpint(parse(&options,
                          "-uuid ffffffff-ffff-ffff-ffff-ffffffffffff -uuid "
                          "00112233-4455-6677-8899-AABBCCDDEEFF",
                          NULL),
                    ==, OPTIONS_RUN);
    g_assert_true(options.have_uuid);
    g_assert_cmpmem(options.uuid, 16, bytes, 16);
    options_clear(&options);
}

static void
flags_and_texts_land_in_their_fields(void)
{
    Options options;

    g_assert_cmpint(parse(&options,
                          "-S -no-reboot -nographic -name n,,m -pidfile p -mem-path m "
                          "-mem-prealloc -kernel k -initrd i -append a -d irq,unimp "
                          "-qmp unix:q -device d,x=1 -object o -serial pty -cpu host",
                          NULL),
                    ==, OPTIONS_RUN);
    g_assert_true(options.start_paused && options.no_reboot && options.nographic);
    g_assert_true(options.mem_prealloc);
    g_assert_cmpstr(options.name, ==, "n,m");
    g_assert_cmpstr(options.pidfile, ==, "p");
    g_assert_cmpstr(options.mem_path, ==, "m");
    g_assert_cmpstr(options.kernel, ==, "k");
    g_assert_cmpstr(options.initrd, ==, "i");
    g_assert_cmpstr(options.append, ==, "a");
    g_assert_cmpstr(options.serial, ==, "pty");
    g_assert_cmpstr(options.cpu, ==, "host");
    g_assert_cmpuint(options.log_kinds, ==, 1u << VDEV_LOG_IRQ | 1u << VDEV_LOG_UNIMPL);
    g_assert_cmpuint(options.qmp->len + options.devices->len + options.objects->len, ==, 3);
    options_clear(&options);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/options/good", good_lines_are_understood);
    g_test_add_func("/options/bad", bad_lines_name_the_culprit);
    g_test_add_func("/options/smp", smp_counts_are_completed_as_in_qemu);
    g_test_add_func("/options/memory", memory_is_in_mib_without_a_suffix);
    g_test_add_func("/options/machine", repeated_machine_options_add_up);
    g_test_add_func("/options/comma", double_comma_is_a_comma);
    g_test_add_func("/options/take", taking_a_key_removes_every_value);
    g_test_add_func("/options/uuid", uuid_becomes_bytes_in_reading_order);
    g_test_add_func("/options/fields", flags_and_texts_land_in_their_fields);
    return g_test_run();
}
