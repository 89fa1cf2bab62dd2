/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Boot: where kernel, initrd, tree and RTAS code go, what is refused, and the first vCPU's state.
 */
#include "tests/unit/hw-spapr/platform-rig.h"

#include <libfdt.h>
#include <string.h>

#include "vdev/kvm-ppc.h"

#define MIB ((guint64)1024 * 1024)

/* The Debian kernel of the trial. */
static const VdevBootImage debian = {
    .kernel_high = 0x287c918, .initrd_size = 0x268e00, .has_kernel = TRUE};

static void
layout_is_the_one_that_was_tried(void)
{
    g_autoptr(GError) error = NULL;
    BootLayout layout;

    g_assert_true(boot_layout_choose(&layout, 256 * MIB, MIB, &debian, &error));
    g_assert_cmphex(layout.initrd, ==, 0x3000000);
    g_assert_cmphex(layout.initrd_size, ==, 0x268e00);
    g_assert_cmphex(layout.rtas, ==, 256 * MIB - 0x10000);
    g_assert_cmphex(layout.fdt, ==, 256 * MIB - 0x110000);
}

static void
firmware_stays_below_2_gib(void)
{
    static const guint64 sizes[] = {2048 * MIB, 2304 * MIB, 4096 * MIB, 1024 * 1024 * MIB};
    g_autoptr(GError) error = NULL;
    BootLayout layout;

    for (guint i = 0; i < G_N_ELEMENTS(sizes); i++) {
        g_assert_true(boot_layout_choose(&layout, sizes[i], MIB, &debian, &error));
        g_assert_cmphex(layout.rtas, ==, 0x7fff0000);
        g_assert_cmphex(layout.fdt, ==, 0x7fef0000);
    }
}

static void
what_just_fits_is_taken_and_a_byte_more_is_not(void)
{
    const guint64 room = 256 * MIB - 0x110000 - 0x3000000;
    VdevBootImage image = debian;
    g_autoptr(GError) error = NULL;
    BootLayout layout;

    image.initrd_size = room;
    g_assert_true(boot_layout_choose(&layout, 256 * MIB, MIB, &image, &error));
    g_assert_cmphex(layout.initrd + layout.initrd_size, ==, layout.fdt);
    image.initrd_size = room + 1;
    g_assert_false(boot_layout_choose(&layout, 256 * MIB, MIB, &image, &error));
    g_assert_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE);
    g_assert_cmpstr(error->message, ==,
                    "-m 256M is too small: the kernel takes 41 MiB and the initrd 207 MiB; use "
                    "-m 512M");
}

static void
files_that_no_memory_can_hold_are_refused(void)
{
    static const VdevBootImage images[] = {
        {.kernel_high = 2048 * MIB, .has_kernel = TRUE},
        {.kernel_high = G_MAXUINT64, .has_kernel = TRUE},
        {.kernel_high = 40 * MIB, .initrd_size = 2040 * MIB, .has_kernel = TRUE},
        {.kernel_high = 40 * MIB, .initrd_size = G_MAXUINT64, .has_kernel = TRUE},
    };
    BootLayout layout;

    for (guint i = 0; i < G_N_ELEMENTS(images); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_false(boot_layout_choose(&layout, 4096 * MIB, MIB, &images[i], &error));
        g_assert_nonnull(strstr(error->message, "do not fit below 2 GiB"));
    }
}

static void
kernel_without_initrd_needs_no_place_for_one(void)
{
    const VdevBootImage image = {.kernel_high = 256 * MIB - 0x110000, .has_kernel = TRUE};
    g_autoptr(GError) error = NULL;
    BootLayout layout;

    g_assert_true(boot_layout_choose(&layout, 256 * MIB, MIB, &image, &error));
    g_assert_cmphex(layout.initrd_size, ==, 0);
}

static void
load_places_everything_and_starts_vcpu_0(void)
{
    static const guint8 code[] = {0x7c, 0x64, 0x1b, 0x78, 0x3c, 0x60, 0x00, 0x00, 0x60, 0x63,
                                  0xf0, 0x00, 0x44, 0x00, 0x00, 0x22, 0x4e, 0x80, 0x00, 0x20};
    const RigSpec spec = {.ram = BOOT_MEMORY_BLOCK};
    const guint64 top = BOOT_MEMORY_BLOCK;
    VdevBootImage image = debian;
    g_autoptr(GError) error = NULL;
    const VdevHost *host;
    Rig rig;

    rig_init(&rig, &spec);
    host = &rig.host->table;
    image.entry = 0x100;
    g_assert_true(pseries_class.load_boot(rig.platform, &image, &error));
    g_assert_cmphex(rig.host->kernel_offset, ==, 0);
    g_assert_cmphex(rig.host->initrd_gpa, ==, 0x3000000);
    g_assert_cmpmem(rig.host->ram + top - 0x10000, sizeof(code), code, sizeof(code));
    g_assert_cmpint(fdt_check_full(rig.host->ram + top - 0x110000, 0x100000), ==, 0);
    g_assert_cmphex(rig_reg(&rig, 0, VDEV_REG_PC), ==, 0x100);
    g_assert_cmphex(rig_reg(&rig, 0, VDEV_REG_GPR(3)), ==, top - 0x110000);
    g_assert_cmphex(rig_reg(&rig, 0, VDEV_REG_GPR(5)), ==, 0);
    g_assert_cmphex(rig_reg(&rig, 0, VDEV_REG_MSR), ==, 0x8000000000001000);
    g_assert_true(host->vcpu_started(host, rig_vcpu(&rig, 0)));
    g_assert_false(host->vcpu_started(host, rig_vcpu(&rig, 1)));
    rig_finish(&rig);
}

static void
load_that_fails_starts_nothing(void)
{
    const RigSpec spec = {.ram = BOOT_MEMORY_BLOCK};
    const VdevHost *host;
    Rig rig;

    rig_init(&rig, &spec);
    host = &rig.host->table;
    for (guint n = 1;; n++) {
        g_autoptr(GError) error = NULL;

        fake_host_fail_at(rig.host, n, 5);
        if (pseries_class.load_boot(rig.platform, &debian, &error)) {
            g_assert_cmpuint(n, >, 2); /* at least kernel and initrd may fail */
            break;
        }
        g_assert_nonnull(error);
        g_assert_false(host->vcpu_started(host, rig_vcpu(&rig, 0)));
    }
    rig_finish(&rig);
}

static void
memory_that_is_not_there_is_an_error(void)
{
    g_autoptr(GError) error = NULL;
    Rig rig;

    rig_init(&rig, NULL); /* 256 MiB by its config, far less in fact */
    g_assert_false(pseries_class.load_boot(rig.platform, &debian, &error));
    g_assert_nonnull(error);
    rig_finish(&rig);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/spapr/boot/layout", layout_is_the_one_that_was_tried);
    g_test_add_func("/spapr/boot/2-gib", firmware_stays_below_2_gib);
    g_test_add_func("/spapr/boot/fit", what_just_fits_is_taken_and_a_byte_more_is_not);
    g_test_add_func("/spapr/boot/too-big", files_that_no_memory_can_hold_are_refused);
    g_test_add_func("/spapr/boot/no-initrd", kernel_without_initrd_needs_no_place_for_one);
    g_test_add_func("/spapr/boot/load", load_places_everything_and_starts_vcpu_0);
    g_test_add_func("/spapr/boot/load/fails", load_that_fails_starts_nothing);
    g_test_add_func("/spapr/boot/load/no-memory", memory_that_is_not_there_is_an_error);
    return g_test_run();
}
