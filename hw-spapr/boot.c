/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Placing kernel, initrd, device tree and RTAS code.
 *
 * Not here: reading the files (the host's).
 */
#include "hw-spapr/boot.h"

#include <libfdt.h>

#include "hw-spapr/platform.h"

#define MIB_SHIFT 20

static guint64
align_up(guint64 value, guint64 unit)
{
    return (value + unit - 1) / unit * unit;
}

static guint64
to_mib(guint64 bytes)
{
    return align_up(bytes, 1u << MIB_SHIFT) >> MIB_SHIFT;
}

/* Blocks of 256 MiB, as -m takes them: "256M". (transfer full) */
static char *
blocks_to_text(guint64 n)
{
    return g_strdup_printf("%" G_GUINT64_FORMAT "M", n * (BOOT_MEMORY_BLOCK >> MIB_SHIFT));
}

static gboolean
check_blocks(const char *what, guint64 bytes, GError **error)
{
    const guint64 whole = bytes / BOOT_MEMORY_BLOCK;
    g_autofree char *lower = NULL;
    g_autofree char *upper = NULL;

    if (bytes > 0 && bytes % BOOT_MEMORY_BLOCK == 0)
        return TRUE;
    lower = blocks_to_text(whole);
    upper = blocks_to_text(whole + 1);
    g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                "-m: %s of %" G_GUINT64_FORMAT
                " bytes is not a multiple of the memory block of 256 MiB; use %s%s%s",
                what, bytes, whole > 0 ? lower : "", whole > 0 ? " or " : "", upper);
    return FALSE;
}

gboolean
boot_check_memory(const VdevMachineConfig *config, GError **error)
{
    return check_blocks("a memory size", config->ram_size, error) &&
           check_blocks("a maxmem", config->max_ram_size, error);
}

/* What is too big, and for what. */
static gboolean
refuse_memory(guint64 ram_size, guint64 needed, const VdevBootImage *image, GError **error)
{
    guint64 kernel = to_mib(image->kernel_high);
    guint64 initrd = to_mib(image->initrd_size);

    if (needed > BOOT_TOP_MAX)
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "-kernel of %" G_GUINT64_FORMAT " MiB and -initrd of %" G_GUINT64_FORMAT
                    " MiB do not fit below 2 GiB, where they must lie: use smaller ones",
                    kernel, initrd);
    else
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "-m %" G_GUINT64_FORMAT "M is too small: the kernel takes %" G_GUINT64_FORMAT
                    " MiB and the initrd %" G_GUINT64_FORMAT " MiB; use -m %" G_GUINT64_FORMAT "M",
                    ram_size >> MIB_SHIFT, kernel, initrd,
                    align_up(needed, BOOT_MEMORY_BLOCK) >> MIB_SHIFT);
    return FALSE;
}

gboolean
boot_layout_choose(BootLayout *layout, guint64 ram_size, guint64 tree_size,
                   const VdevBootImage *image, GError **error)
{
    const guint64 top = MIN(ram_size, BOOT_TOP_MAX);
    const guint64 firmware = BOOT_RTAS_SPACE + tree_size;
    guint64 needed;

    /* Sizes of files: a sum of two that are below 2 GiB cannot wrap. */
    if (image->kernel_high > BOOT_TOP_MAX || image->initrd_size > BOOT_TOP_MAX)
        return refuse_memory(ram_size, G_MAXUINT64, image, error);
    *layout = (BootLayout){.entry = image->entry, .initrd_size = image->initrd_size};
    layout->initrd = align_up(image->kernel_high, BOOT_INITRD_ALIGN);
    needed = image->initrd_size > 0 ? layout->initrd + image->initrd_size : image->kernel_high;
    needed = align_up(needed, BOOT_RTAS_SPACE) + firmware;
    if (needed > top)
        return refuse_memory(ram_size, needed, image, error);
    layout->rtas = top - BOOT_RTAS_SPACE;
    layout->fdt = layout->rtas - tree_size;
    return TRUE;
}

/* A property of one or two cells. */
static gboolean
read_number(const void *tree, const char *path, const char *name, guint64 *value)
{
    const int node = fdt_path_offset(tree, path);
    int n = 0;
    const fdt32_t *cells = node < 0 ? NULL : fdt_getprop(tree, node, name, &n);

    if (cells == NULL || (n != 4 && n != 8))
        return FALSE;
    *value = fdt32_ld(&cells[0]);
    if (n == 8)
        *value = *value << 32 | fdt32_ld(&cells[1]);
    return TRUE;
}

void
boot_layout_of_tree(BootLayout *layout, const void *tree, gsize n)
{
    guint64 start = 0;
    guint64 end = 0;

    if (tree == NULL || fdt_check_full(tree, n) != 0)
        return;
    (void)read_number(tree, "/rtas", "linux,rtas-base", &layout->rtas);
    (void)read_number(tree, "/rtas", "rtas-size", &layout->rtas_size);
    if (!read_number(tree, "/chosen", "linux,initrd-start", &start) ||
        !read_number(tree, "/chosen", "linux,initrd-end", &end) || end < start)
        return;
    layout->initrd = start;
    layout->initrd_size = end - start;
}

static gboolean
load_files(Platform *platform, const VdevBootImage *image, GError **error)
{
    const VdevHost *host = platform_host(platform);

    if (image->has_kernel && !host->boot_kernel(host, 0, error))
        return FALSE;
    return image->initrd_size == 0 || host->boot_initrd(host, platform->boot.initrd, error);
}

static gboolean
load_firmware(Platform *platform, GError **error)
{
    const VdevHost *host = platform_host(platform);
    g_autofree void *tree = fdt_build(platform, error);

    if (tree == NULL)
        return FALSE;
    if (host->guest_write(host, platform->boot.fdt, tree, fdt_totalsize(tree)) &&
        host->guest_write(host, platform->boot.rtas, rtas_blob(), RTAS_BLOB_SIZE)) {
        state_machine_set_tree(&platform->state, tree, fdt_totalsize(tree));
        return TRUE;
    }
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAULT,
                "no RAM at 0x%" G_GINT64_MODIFIER "x for the device tree", platform->boot.fdt);
    return FALSE;
}

gboolean
boot_load(Platform *platform, const VdevBootImage *image, GError **error)
{
    const VdevHost *host = platform_host(platform);
    gint result;

    if (!boot_layout_choose(&platform->boot, platform->config->ram_size, fdt_size(platform), image,
                            error))
        return FALSE;
    platform->boot.rtas_size = rtas_area_size(platform);
    if (!load_files(platform, image, error) || !load_firmware(platform, error))
        return FALSE;
    result = cpus_start(host, platform->cpus.vcpus[0], platform->boot.entry, platform->boot.fdt);
    if (result != 0)
        g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(-result),
                    "vCPU 0: setting its entry registers: %s", g_strerror(-result));
    return result == 0;
}
