/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kernels and ramdisks: what is believed of an ELF file, and where its bytes go.
 */
#include <elf.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vmm/boot-elf.h"
#include "vmm/boot.h"
#include "vmm/vm.h"

#define CODE   0x100 /* offset in the file of the first segment's bytes */
#define DATA   0x140
#define LENGTH 0x160

typedef struct {
    Elf64_Ehdr header;
    Elf64_Phdr segments[3];
} Head;

/* A whole file: 64 bytes of code at 0x1000 (entry 8 bytes in), 32 of data and 32 of zeroes at
 * 0x2000, and a note that is not loaded. Little-endian, as written here: both builds are. */
static void
elf_make(guint8 *file)
{
    Head head = {
        .header = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
                   .e_type = ET_DYN,
                   .e_machine = EM_PPC64,
                   .e_version = EV_CURRENT,
                   .e_entry = 0xc000000000001008,
                   .e_phoff = sizeof(Elf64_Ehdr),
                   .e_ehsize = sizeof(Elf64_Ehdr),
                   .e_phentsize = sizeof(Elf64_Phdr),
                   .e_phnum = 3},
        .segments = {{.p_type = PT_LOAD,
                      .p_offset = DATA,
                      .p_vaddr = 0xc000000000002000,
                      .p_paddr = 0x2000,
                      .p_filesz = 0x20,
                      .p_memsz = 0x40},
                     {.p_type = PT_LOAD,
                      .p_offset = CODE,
                      .p_vaddr = 0xc000000000001000,
                      .p_paddr = 0x1000,
                      .p_filesz = 0x40,
                      .p_memsz = 0x40},
                     {.p_type = PT_NOTE, .p_offset = G_MAXUINT64, .p_filesz = G_MAXUINT64}},
    };

    memset(file, 0, LENGTH);
    memcpy(file, &head, sizeof(head));
    memset(file + CODE, 0xc0, 0x40);
    memset(file + DATA, 0xda, 0x20);
}

static gint
file_of(const guint8 *bytes, gsize n)
{
    gint fd = memfd_create("elf", MFD_CLOEXEC);

    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(write(fd, bytes, n), ==, n);
    return fd;
}

static gboolean
read_bytes(const guint8 *bytes, gsize n, ElfImage *image, GError **error)
{
    gint fd = file_of(bytes, n);
    gboolean ok = elf_read(fd, n, image, error);

    close(fd);
    return ok;
}

static void
a_kernel_is_understood(void)
{
    guint8 file[LENGTH];
    ElfImage image;
    g_autoptr(GError) error = NULL;

    elf_make(file);
    g_assert_true(read_bytes(file, LENGTH, &image, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(image.n_segments, ==, 2);
    g_assert_cmphex(image.segments[0].address, ==, 0x1000);
    g_assert_cmphex(image.segments[1].address, ==, 0x2000);
    g_assert_cmphex(image.segments[1].offset, ==, DATA);
    g_assert_cmphex(image.low, ==, 0x1000);
    g_assert_cmphex(image.high, ==, 0x2040);
    g_assert_cmphex(image.entry, ==, 0x1008);
}

static void
a_kernel_cut_off_anywhere_is_refused(void)
{
    guint8 file[LENGTH];

    elf_make(file);
    for (gsize n = 0; n < LENGTH; n++) {
        g_autoptr(GError) error = NULL;
        ElfImage image;

        g_assert_false(read_bytes(file, n, &image, &error));
        g_assert_error(error, VM_ERROR, VM_ERROR_USAGE);
    }
}

/* One change that spoils the file, and a word of the reason. */
static const struct {
    const char *reason;
    gsize offset;
    gsize n;
    guint64 value;
} spoiled[] = {
#define HEADER(field) G_STRUCT_OFFSET(Head, header.field), sizeof(((Head *)0)->header.field)
#define SEGMENT(i, field) \
    G_STRUCT_OFFSET(Head, segments[i].field), sizeof(((Head *)0)->segments[i].field)
    {"no ELF", 0, 1, 0},
    {"compressed", 0, 2, 0x8b1f},
    {"64-bit", EI_CLASS, 1, ELFCLASS32},
    {"big-endian", EI_DATA, 1, ELFDATA2MSB},
    {"version", EI_VERSION, 1, 2},
    {"version", HEADER(e_version), 2},
    {"machine", HEADER(e_machine), EM_X86_64},
    {"machine", HEADER(e_machine), EM_PPC},
    {"executable", HEADER(e_type), ET_REL},
    {"executable", HEADER(e_type), ET_CORE},
    {"nothing to load", HEADER(e_phnum), 0},
    {"cut off", HEADER(e_phnum), 0xffff},
    {"program headers", HEADER(e_phentsize), 32},
    {"cut off", HEADER(e_phoff), G_MAXUINT64},
    {"cut off", HEADER(e_phoff), LENGTH},
    {"cut off", SEGMENT(0, p_offset), G_MAXUINT64},
    {"cut off", SEGMENT(0, p_offset), LENGTH},
    {"larger in the file", SEGMENT(0, p_filesz), G_MAXUINT64},
    {"larger in the file", SEGMENT(0, p_memsz), 0x1f},
    {"address space", SEGMENT(0, p_memsz), G_MAXUINT64},
    {"address space", SEGMENT(0, p_paddr), G_MAXUINT64 - 8},
    {"overlap", SEGMENT(0, p_paddr), 0x103f},
    {"overlap", SEGMENT(0, p_paddr), 0x0fc1},
    {"overlap", SEGMENT(0, p_paddr), 0x1000},
    {"entry", HEADER(e_entry), 0x1008},
    {"entry", HEADER(e_entry), 0xc000000000001040},
    {"entry", HEADER(e_entry), 0xc000000000002020},
    {"entry", HEADER(e_entry), 0},
};

static void
spoiled_kernels_are_refused_with_a_reason(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(spoiled); i++) {
        g_autoptr(GError) error = NULL;
        guint8 file[LENGTH];
        ElfImage image;

        elf_make(file);
        memcpy(file + spoiled[i].offset, &spoiled[i].value, spoiled[i].n);
        g_test_message("%u: %s", i, spoiled[i].reason);
        g_assert_false(read_bytes(file, LENGTH, &image, &error));
        g_assert_error(error, VM_ERROR, VM_ERROR_USAGE);
        g_assert_nonnull(strstr(error->message, spoiled[i].reason));
    }
}

static void
segments_that_touch_do_not_overlap(void)
{
    guint64 address = 0x1040;
    guint8 file[LENGTH];
    ElfImage image;

    elf_make(file);
    memcpy(file + G_STRUCT_OFFSET(Head, segments[0].p_paddr), &address, sizeof(address));
    g_assert_true(read_bytes(file, LENGTH, &image, NULL));
}

/* Every byte of the headers, with several values: whatever is accepted is sound. */
static void
no_spoiled_byte_makes_an_unsound_image(void)
{
    static const guint8 values[] = {0x00, 0x01, 0x7f, 0x80, 0xff};

    for (gsize at = 0; at < sizeof(Head); at++)
        for (guint v = 0; v < G_N_ELEMENTS(values); v++) {
            guint8 file[LENGTH];
            ElfImage image;

            elf_make(file);
            file[at] = values[v];
            if (!read_bytes(file, LENGTH, &image, NULL))
                continue;
            for (guint i = 0; i < image.n_segments; i++) {
                const ElfSegment *segment = &image.segments[i];

                g_assert_cmpuint(segment->offset + segment->file_size, <=, LENGTH);
                g_assert_cmpuint(segment->file_size, <=, segment->size);
                g_assert_cmpuint(segment->address + segment->size, >=, segment->address);
                g_assert_true(i == 0 || segment[-1].address + segment[-1].size <= segment->address);
            }
        }
}

/* ---- into guest memory --------------------------------------------------------------------- */

typedef struct {
    char *kernel, *initrd, *dir;
    RamList *ram;
    RamBlock *block;
} Rig;

static void
rig_set_up(Rig *rig, gconstpointer data)
{
    RamBackendSpec spec = {.id = "test", .size = 0x200000};
    guint8 file[LENGTH];

    rig->dir = g_dir_make_tmp("boot-XXXXXX", NULL);
    rig->kernel = g_build_filename(rig->dir, "kernel", NULL);
    rig->initrd = g_build_filename(rig->dir, "initrd", NULL);
    elf_make(file);
    g_assert_true(g_file_set_contents(rig->kernel, (char *)file, LENGTH, NULL));
    g_assert_true(g_file_set_contents(rig->initrd, "ramdisk", 7, NULL));
    rig->ram = ram_list_new();
    rig->block = ram_block_new(rig->ram, &spec, NULL);
    g_assert_nonnull(rig->block);
    g_assert_true(ram_block_place(rig->block, 0, NULL));
}

static void
rig_tear_down(Rig *rig, gconstpointer data)
{
    ram_list_free(rig->ram);
    unlink(rig->kernel);
    unlink(rig->initrd);
    rmdir(rig->dir);
    g_free(rig->kernel);
    g_free(rig->initrd);
    g_free(rig->dir);
}

static void
bytes_land_where_they_belong_every_time(Rig *rig, gconstpointer data)
{
    Boot *boot = boot_new(rig->kernel, rig->initrd, NULL);
    const guint8 *memory = rig->block->host;

    g_assert_nonnull(boot);
    g_assert_true(boot_image(boot)->has_kernel);
    g_assert_cmphex(boot_image(boot)->entry, ==, 0x1008);
    g_assert_cmpuint(boot_image(boot)->initrd_size, ==, 7);
    for (guint round = 0; round < 2; round++) {
        memset(rig->block->host, 0x55, 0x30000);
        g_assert_true(boot_load_kernel(boot, rig->ram, 0x10000, NULL));
        g_assert_true(boot_load_initrd(boot, rig->ram, 0x20000, NULL));
        g_assert_cmphex(memory[0x10fff], ==, 0x55);
        g_assert_cmphex(memory[0x11000], ==, 0xc0);
        g_assert_cmphex(memory[0x1103f], ==, 0xc0);
        g_assert_cmphex(memory[0x11040], ==, 0x55);
        g_assert_cmphex(memory[0x1201f], ==, 0xda);
        g_assert_cmphex(memory[0x12020], ==, 0x00); /* the zero-filled part */
        g_assert_cmphex(memory[0x1203f], ==, 0x00);
        g_assert_cmphex(memory[0x12040], ==, 0x55);
        g_assert_cmpmem(memory + 0x20000, 8, "ramdisk\x55", 8);
    }
    boot_free(boot);
}

static void
too_little_memory_is_refused(Rig *rig, gconstpointer data)
{
    static const guint64 offsets[] = {0x200000, 0x200000 - 0x2000, G_MAXUINT64 - 0x1000};
    Boot *boot = boot_new(rig->kernel, rig->initrd, NULL);

    for (guint i = 0; i < G_N_ELEMENTS(offsets); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_false(boot_load_kernel(boot, rig->ram, offsets[i], &error));
        g_assert_error(error, VM_ERROR, VM_ERROR_USAGE);
        g_assert_nonnull(strstr(error->message, rig->kernel));
    }
    g_assert_false(boot_load_initrd(boot, rig->ram, 0x200000 - 6, NULL));
    g_assert_true(boot_load_initrd(boot, rig->ram, 0x200000 - 7, NULL));
    boot_free(boot);
}

static void
a_file_that_shrank_is_an_error(Rig *rig, gconstpointer data)
{
    Boot *boot = boot_new(rig->kernel, rig->initrd, NULL);
    g_autoptr(GError) error = NULL;

    g_assert_cmpint(truncate(rig->kernel, DATA + 1), ==, 0);
    g_assert_false(boot_load_kernel(boot, rig->ram, 0, &error));
    g_assert_error(error, VM_ERROR, VM_ERROR_HOST);
    g_assert_nonnull(strstr(error->message, "shorter"));
    boot_free(boot);
}

static void
files_that_cannot_be_are_named(Rig *rig, gconstpointer data)
{
    g_autofree char *absent = g_build_filename(rig->dir, "absent", NULL);
    g_autofree char *empty = g_build_filename(rig->dir, "empty", NULL);
    const char *const kernels[] = {absent, rig->dir, "/dev/null", rig->initrd, empty};

    g_assert_true(g_file_set_contents(empty, "", 0, NULL));
    for (guint i = 0; i < G_N_ELEMENTS(kernels); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_null(boot_new(kernels[i], NULL, &error));
        g_assert_error(error, VM_ERROR, VM_ERROR_USAGE);
        g_assert_nonnull(strstr(error->message, kernels[i]));
        g_clear_error(&error);
        if (kernels[i] == rig->initrd)
            continue;
        g_assert_null(boot_new(rig->kernel, kernels[i], &error));
        g_assert_nonnull(strstr(error->message, kernels[i]));
    }
    unlink(empty);
}

static void
no_files_load_nothing(Rig *rig, gconstpointer data)
{
    Boot *boot = boot_new(NULL, NULL, NULL);

    g_assert_nonnull(boot);
    g_assert_false(boot_image(boot)->has_kernel);
    g_assert_true(boot_load_kernel(boot, rig->ram, 0, NULL));
    g_assert_true(boot_load_initrd(boot, rig->ram, 0, NULL));
    boot_free(boot);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/boot/elf", a_kernel_is_understood);
    g_test_add_func("/boot/elf/truncated", a_kernel_cut_off_anywhere_is_refused);
    g_test_add_func("/boot/elf/spoiled", spoiled_kernels_are_refused_with_a_reason);
    g_test_add_func("/boot/elf/touching", segments_that_touch_do_not_overlap);
    g_test_add_func("/boot/elf/bytes", no_spoiled_byte_makes_an_unsound_image);
    g_test_add("/boot/load", Rig, NULL, rig_set_up, bytes_land_where_they_belong_every_time,
               rig_tear_down);
    g_test_add("/boot/no-room", Rig, NULL, rig_set_up, too_little_memory_is_refused, rig_tear_down);
    g_test_add("/boot/shrank", Rig, NULL, rig_set_up, a_file_that_shrank_is_an_error,
               rig_tear_down);
    g_test_add("/boot/files", Rig, NULL, rig_set_up, files_that_cannot_be_are_named, rig_tear_down);
    g_test_add("/boot/none", Rig, NULL, rig_set_up, no_files_load_nothing, rig_tear_down);
    return g_test_run();
}
