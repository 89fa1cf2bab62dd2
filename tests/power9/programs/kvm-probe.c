/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The KVM accelerator on a real KVM: every call of its class, with guests of a few instructions.
 *
 * It runs where /dev/kvm is POWER's (tests/power9/run is one such place) and skips elsewhere. It
 * knows nothing of PAPR; what it expects of the XIVE device is xive.rst's.
 */
#include "tests/power9/programs/kvm-probe.h"

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

static AccelRegion *
must_map(Fixture *f, guint32 slot, const VdevRegionSpec *spec)
{
    g_autoptr(GError) error = NULL;
    AccelRegion *region = kvm->region_new(f->xive, slot, spec, &error);

    g_assert_no_error(error);
    return region;
}

static void
make_xive(Fixture *f)
{
    VdevRegionSpec esb = {.name = "esb",
                          .page_offset = VDEV_XIVE_ESB_PAGE_OFFSET,
                          .gpa = ESB,
                          .size = N_LISNS * G_GUINT64_CONSTANT(0x20000)};
    VdevRegionSpec tima = {.name = "tima",
                           .page_offset = VDEV_XIVE_TIMA_PAGE_OFFSET,
                           .gpa = TIMA,
                           .size = VDEV_XIVE_TIMA_PAGES * G_GUINT64_CONSTANT(0x10000)};
    guint32 servers = 4;
    gint errnum;

    f->xive = kvm->kdev_new(f->accel, VDEV_KDEV_XIVE, &errnum);
    g_assert_cmpint(errnum, ==, 0);
    g_assert_nonnull(f->xive);
    g_assert_cmpint(kvm->kdev_set(f->xive, VDEV_XIVE_GRP_CTRL, VDEV_XIVE_CTRL_NR_SERVERS, &servers),
                    ==, 0);
    f->esb = must_map(f, 1, &esb);
    f->tima = must_map(f, 2, &tima);
    g_assert_cmpint(kvm->kdev_connect(f->xive, f->vcpu, 0), ==, 0);
}

static void
free_xive(Fixture *f)
{
    kvm->region_free(f->tima);
    kvm->region_free(f->esb);
    kvm->kdev_free(f->xive);
    f->tima = f->esb = NULL;
    f->xive = NULL;
}

static void
set_up(Fixture *f, gconstpointer data)
{
    AccelConfig config = {.max_cpus = 2};
    RamBackendSpec spec = {.kind = RAM_BACKEND_RAM, .id = "ram", .size = RAM_SIZE};
    g_autoptr(GError) error = NULL;

    memset(f, 0, sizeof(*f));
    f->accel = kvm->open(&config, &error);
    g_assert_no_error(error);
    f->ram = ram_list_new();
    f->block = ram_block_new(f->ram, &spec, &error);
    g_assert_no_error(error);
    g_assert_true(ram_block_place(f->block, 0, &error));
    g_assert_cmpint(kvm->memory_set(f->accel, 0, 0, RAM_SIZE, f->block->host, 0), ==, 0);
    g_assert_cmpint(kvm->set_mmu(f->accel, VDEV_MMU_RADIX | VDEV_MMU_GTSE, VDEV_PATE_GR), ==, 0);
    f->vcpu = kvm->vcpu_new(f->accel, 0, &error);
    g_assert_no_error(error);
    make_xive(f);
}

static void
tear_down(Fixture *f, gconstpointer data)
{
    free_xive(f);
    kvm->vcpu_free(f->vcpu);
    kvm->close(f->accel);
    ram_list_free(f->ram);
}

void
probe_set_reg(Fixture *f, guint64 reg, guint64 value)
{
    g_assert_cmpint(kvm->vcpu_set(f->vcpu, reg, &value), ==, 0);
}

guint64
probe_get_reg(Fixture *f, guint64 reg)
{
    guint64 value = 0;

    g_assert_cmpint(kvm->vcpu_get(f->vcpu, reg, &value), ==, 0);
    return value;
}

void
probe_load_guest(Fixture *f, const guint32 *code, gsize n)
{
    guint32 online = 1;

    g_assert_true(guestmem_write(f->ram, CODE, code, n * sizeof(*code)));
    for (guint i = 0; i < 32; i++)
        probe_set_reg(f, VDEV_REG_GPR(i), 0);
    probe_set_reg(f, VDEV_REG_PC, CODE);
    probe_set_reg(f, VDEV_REG_MSR, MSR_LE);
    g_assert_cmpint(kvm->vcpu_set(f->vcpu, VDEV_REG_ONLINE, &online), ==, 0);
    f->exit = (AccelExit){.kind = ACCEL_EXIT_INTR};
}

AccelExitKind
probe_run(Fixture *f)
{
    do
        kvm->vcpu_run(f->vcpu, &f->exit);
    while (f->exit.kind == ACCEL_EXIT_INTR);
    if (f->exit.message[0] != '\0')
        g_test_message("%s", f->exit.message);
    return f->exit.kind;
}

void
probe_make_source(Fixture *f, guint32 lisn)
{
    guint64 edge = 0;

    g_assert_cmpint(kvm->kdev_set(f->xive, VDEV_XIVE_GRP_SOURCE, lisn, &edge), ==, 0);
}

static guint64
must_load(AccelRegion *region, guint64 offset)
{
    g_autoptr(GError) error = NULL;
    guint64 value = 0;

    g_assert_true(kvm->region_load64(region, offset, &value, &error));
    g_assert_no_error(error);
    return value;
}

static void
load_is_refused(AccelRegion *region, guint64 offset, const char *words)
{
    g_autoptr(GError) error = NULL;
    guint64 faults = kvm->region_faults(region);
    guint64 value;

    g_assert_false(kvm->region_load64(region, offset, &value, &error));
    g_test_message("%s", error->message);
    g_assert_nonnull(strstr(error->message, words));
    g_assert_cmpuint(kvm->region_faults(region), ==, faults + 1);
}

/* ---- the tests ----------------------------------------------------------------------------- */

static void
the_host_describes_its_processor(Fixture *f, gconstpointer data)
{
    const VdevCpuInfo *info = kvm->cpu_info(f->accel);

    g_test_message(
        "pvr %08x timebase %" G_GUINT64_FORMAT " vcpus %u character %016" G_GINT64_MODIFIER
        "x behaviour %016" G_GINT64_MODIFIER "x",
        info->pvr, info->timebase_hz, info->max_vcpus, info->cpu_character, info->cpu_behaviour);
    g_assert_cmpuint(info->timebase_hz, ==, 512000000);
    g_assert_cmpuint(info->host_page_shift, ==, 16);
    g_assert_cmpuint(info->max_vcpus, >=, 256);
    g_assert_cmpuint(info->n_ap_encodings, >=, 2);
    g_assert_cmphex(info->ap_encodings[0], ==, 0xc); /* 4 KiB: AP 0 */
    g_assert_true(info->have_cpu_char);
    g_assert_cmphex(probe_get_reg(f, VDEV_REG_PVR), ==, info->pvr);
}

static void
hypercalls_are_switched_on_one_by_one(Fixture *f, gconstpointer data)
{
    g_assert_cmpint(kvm->enable_hcall(f->accel, 0x31c), ==, 0);
    g_assert_cmpint(kvm->enable_hcall(f->accel, 0x3), ==, -EINVAL);
    g_assert_cmpint(kvm->set_mmu(f->accel, VDEV_MMU_RADIX | VDEV_MMU_GTSE, 0), ==, -EINVAL);
}

static void
our_own_access_to_a_refused_page_is_an_error(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;

    load_is_refused(f->esb, ESB_AT(LISN, ESB_GET), "region esb");
    load_is_refused(f->esb, TRIGGER_AT(LISN), "source 0x5 is not initialised");
    load_is_refused(f->tima, 0, "TIMA's hardware page");
    load_is_refused(f->tima, 0x10000, "TIMA's hypervisor page");
    load_is_refused(f->tima, 0x30000, "TIMA's user page");
    g_assert_false(kvm->region_store64(f->esb, TRIGGER_AT(7), 0, &error));
    g_assert_nonnull(strstr(error->message, "source 0x7"));
    must_load(f->tima, 0x20000 + 0x10);
    probe_make_source(f, LISN);
    g_assert_cmpuint(must_load(f->esb, ESB_AT(LISN, ESB_GET)), ==, 1);
    g_assert_cmpuint(kvm->region_faults(f->esb), ==, 3);
    g_assert_cmpuint(kvm->region_faults(f->tima), ==, 3);
}

static void
an_offset_outside_a_region_is_an_error(Fixture *f, gconstpointer data)
{
    static const guint64 offsets[] = {N_LISNS * G_GUINT64_CONSTANT(0x20000), 4, G_MAXUINT64,
                                      G_MAXUINT64 - 7};
    guint64 value;

    for (guint i = 0; i < G_N_ELEMENTS(offsets); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_false(kvm->region_load64(f->esb, offsets[i], &value, &error));
        g_assert_nonnull(error);
    }
    g_assert_cmpuint(kvm->region_faults(f->esb), ==, 0);
}

static void
a_source_is_worked_through_its_pages_and_by_irqfd(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    guint64 one = 1;
    gint fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    guint tries;

    probe_make_source(f, LISN);
    g_assert_cmpuint(must_load(f->esb, ESB_AT(LISN, ESB_SET_00)), ==, 1);
    g_assert_cmpuint(must_load(f->esb, ESB_AT(LISN, ESB_GET)), ==, 0);
    g_assert_true(kvm->region_store64(f->esb, TRIGGER_AT(LISN), 0, &error));
    g_assert_cmpuint(must_load(f->esb, ESB_AT(LISN, ESB_SET_00)), ==, 2); /* pending */
    g_assert_cmpint(kvm->irqfd(f->accel, LISN, fd, TRUE), ==, 0);
    g_assert_cmpint(kvm->irqfd(f->accel, LISN, fd, TRUE), ==, -EBUSY);
    g_assert_cmpint(write(fd, &one, sizeof(one)), ==, sizeof(one));
    for (tries = 0; tries < 10000 && must_load(f->esb, ESB_AT(LISN, ESB_GET)) != 2; tries++)
        g_usleep(1000); /* the kernel hands it to a worker */
    g_assert_cmpuint(must_load(f->esb, ESB_AT(LISN, ESB_GET)), ==, 2);
    g_assert_cmpint(kvm->irqfd(f->accel, LISN, fd, FALSE), ==, 0);
    close(fd);
}

static void
the_devices_errors_are_the_kernels(Fixture *f, gconstpointer data)
{
    VdevXiveEq eq = {
        .flags = VDEV_XIVE_EQ_ALWAYS_NOTIFY, .qshift = 16, .qaddr = DATA, .qtoggle = 1};
    guint64 word = 0;
    guint32 servers = 8;
    gint errnum;

    g_assert_null(kvm->kdev_new(f->accel, VDEV_KDEV_XIVE, &errnum));
    g_assert_cmpint(errnum, ==, -EEXIST);
    g_assert_null(kvm->kdev_new(f->accel, 4711, &errnum));
    g_assert_cmpint(errnum, ==, -ENODEV);
    g_assert_cmpint(kvm->kdev_set(f->xive, VDEV_XIVE_GRP_CTRL, VDEV_XIVE_CTRL_NR_SERVERS, &servers),
                    ==, -EBUSY);
    g_assert_cmpint(kvm->kdev_set(f->xive, VDEV_XIVE_GRP_SOURCE_SYNC, 9, NULL), ==, -ENOENT);
    g_assert_cmpint(kvm->kdev_set(f->xive, VDEV_XIVE_GRP_SOURCE_CONFIG, 9, &word), ==, -ENOENT);
    g_assert_cmpint(kvm->kdev_set(f->xive, VDEV_XIVE_GRP_EQ_CONFIG, 6, &eq), ==, 0);
    memset(&eq, 0xff, sizeof(eq));
    g_assert_cmpint(kvm->kdev_get(f->xive, VDEV_XIVE_GRP_EQ_CONFIG, 6, &eq), ==, 0);
    g_assert_cmphex(eq.qaddr, ==, DATA);
    g_assert_cmpuint(eq.qshift, ==, 16);
    g_assert_cmpuint(eq.qtoggle, ==, 1);
    g_assert_cmpint(kvm->kdev_connect(f->xive, f->vcpu, 0), ==, -EBUSY);
    g_assert_cmpint(kvm->kdev_set(f->xive, VDEV_XIVE_GRP_CTRL, VDEV_XIVE_CTRL_RESET, NULL), ==, 0);
}

static void
the_device_goes_and_comes_back_again_and_again(Fixture *f, gconstpointer data)
{
    for (guint i = 0; i < 10; i++) {
        probe_make_source(f, LISN);
        must_load(f->esb, ESB_AT(LISN, ESB_GET));
        must_load(f->tima, 0x20000 + 0x10);
        free_xive(f);
        make_xive(f);
        load_is_refused(f->esb, ESB_AT(LISN, ESB_GET), "not initialised"); /* it is a new one */
    }
}

static void
a_freed_vcpu_comes_back_connected_and_without_old_results(Fixture *f, gconstpointer data)
{
    static const guint32 code[] = {LI(3, 0x58), SC1, SC1};
    g_autoptr(GError) error = NULL;

    for (guint i = 0; i < 3; i++) {
        probe_load_guest(f, code, G_N_ELEMENTS(code));
        g_assert_cmpint(probe_run(f), ==, ACCEL_EXIT_HCALL);
        g_assert_null(kvm->vcpu_new(f->accel, 0, &error)); /* still in use */
        g_clear_error(&error);
        kvm->vcpu_kick(f->vcpu);
        kvm->vcpu_free(f->vcpu);
        f->vcpu = kvm->vcpu_new(f->accel, 0, &error);
        g_assert_no_error(error);
        g_assert_cmpint(kvm->kdev_connect(f->xive, f->vcpu, 0), ==, 0);
        g_assert_cmpint(kvm->kdev_connect(f->xive, f->vcpu, 0), ==, -EBUSY);
        probe_load_guest(f, code + 1, 1);
        probe_set_reg(f, VDEV_REG_GPR(3), 0x999);
        kvm->vcpu_run(f->vcpu, &f->exit); /* the old kick is forgotten, so is the old call */
        g_assert_cmpint(f->exit.kind, ==, ACCEL_EXIT_HCALL);
        g_assert_cmphex(f->exit.hcall.nr, ==, 0x999);
    }
    kvm->vcpu_free(f->vcpu);
    f->vcpu = kvm->vcpu_new(f->accel, 0, &error);
    free_xive(f);
    make_xive(f); /* and to a new device in the ordinary way */
}

static void
vcpu_ids_beyond_the_limit_are_refused(Fixture *f, gconstpointer data)
{
    guint32 limit = kvm->cpu_info(f->accel)->max_vcpus;
    g_autoptr(GError) error = NULL;
    AccelVcpu *vcpu = kvm->vcpu_new(f->accel, limit - 1, &error);

    g_assert_no_error(error);
    kvm->vcpu_free(vcpu);
    g_assert_null(kvm->vcpu_new(f->accel, limit, &error));
    g_assert_nonnull(strstr(error->message, "ids below"));
}

static void
the_dirty_log_holds_the_guests_stores_and_not_ours(Fixture *f, gconstpointer data)
{
    static const guint32 code[] = {STD(3, 4), SC1};
    guint64 words[4], all;

    probe_load_guest(f, code, G_N_ELEMENTS(code));
    probe_set_reg(f, VDEV_REG_GPR(4), DATA + 0x50000);
    g_assert_cmpint(kvm->dirty_log_get(f->accel, 0, words, 4), ==, -ENOENT);
    g_assert_cmpint(kvm->memory_set(f->accel, 0, 0, RAM_SIZE, f->block->host, ACCEL_MEM_LOG_DIRTY),
                    ==, 0);
    g_assert_cmpint(kvm->dirty_log_get(f->accel, 0, words, 3), ==, -EINVAL);
    g_assert_cmpint(kvm->dirty_log_get(f->accel, 0, words, 4), ==, 0);
    g_assert_true(guestmem_write(f->ram, DATA + 0x90000, "ours", 4));
    g_assert_cmpint(probe_run(f), ==, ACCEL_EXIT_HCALL);
    g_assert_cmpint(kvm->dirty_log_get(f->accel, 0, words, 4), ==, 0);
    g_assert_true(words[0] & (G_GUINT64_CONSTANT(1) << ((DATA + 0x50000) >> 16)));
    g_assert_false(words[0] & (G_GUINT64_CONSTANT(1) << ((DATA + 0x90000) >> 16)));
    g_assert_cmphex(words[1] | words[2] | words[3], ==, 0);
    g_assert_cmpint(kvm->dirty_log_get(f->accel, 0, words, 4), ==, 0);
    all = words[0] | words[1] | words[2] | words[3];
    g_assert_cmphex(all, ==, 0); /* reading clears */
    g_assert_cmpint(kvm->memory_set(f->accel, 0, 0, RAM_SIZE, f->block->host, 0), ==, 0);
    g_assert_cmpint(kvm->dirty_log_get(f->accel, 0, words, 4), ==, -ENOENT);
}

/* ---- failures ------------------------------------------------------------------------------ */

static guint
open_files(void)
{
    GDir *directory = g_dir_open("/proc/self/fd", 0, NULL);
    guint n = 0;

    while (g_dir_read_name(directory) != NULL)
        n++;
    g_dir_close(directory);
    return n;
}

static void
every_call_of_opening_may_fail_without_a_leak(Fixture *f, gconstpointer data)
{
    guint files = open_files(), failures = 0;

    for (guint nth = 1; nth < 100; nth++) {
        g_autoptr(GHashTable) options = g_hash_table_new(g_str_hash, g_str_equal);
        g_autofree char *spec = g_strdup_printf("open:%u:EIO", nth);
        AccelConfig config = {.options = options, .max_cpus = 1};
        g_autoptr(GError) error = NULL;
        Accel *accel;

        g_hash_table_insert(options, (gpointer) "x-fault", spec);
        accel = kvm->open(&config, &error);
        g_assert_true((accel == NULL) == (error != NULL));
        kvm->close(accel);
        g_assert_cmpuint(open_files(), ==, files);
        if (accel != NULL)
            break;
        g_test_message("%u: %s", nth, error->message);
        g_assert_nonnull(strstr(error->message, g_strerror(EIO)));
        failures++;
    }
    g_assert_cmpuint(failures, >, 10);
}

/* Opens with the @nth call of @call failing. */
static Accel *
open_with_fault(const char *call, guint nth)
{
    g_autoptr(GHashTable) options = g_hash_table_new(g_str_hash, g_str_equal);
    g_autofree char *spec = g_strdup_printf("%s:%u:ENOMEM", call, nth);
    AccelConfig config = {.options = options, .max_cpus = 1};
    g_autoptr(GError) error = NULL;
    Accel *accel;

    g_hash_table_insert(options, (gpointer) "x-fault", spec);
    accel = kvm->open(&config, &error);
    g_assert_no_error(error);
    return accel;
}

static void
a_vcpu_that_could_not_be_made_can_be_made_later(Fixture *f, gconstpointer data)
{
    guint files = open_files();

    for (guint nth = 1; nth <= 6; nth++) {
        Accel *accel = open_with_fault("vcpu_new", nth);
        g_autoptr(GError) error = NULL;
        AccelVcpu *vcpu = kvm->vcpu_new(accel, 0, &error);

        if (nth == 6) { /* it takes five calls */
            g_assert_no_error(error);
        } else {
            g_assert_null(vcpu);
            g_test_message("%u: %s", nth, error->message);
            g_clear_error(&error);
            vcpu = kvm->vcpu_new(accel, 0, &error);
            g_assert_no_error(error);
        }
        kvm->vcpu_free(vcpu);
        kvm->close(accel);
        g_assert_cmpuint(open_files(), ==, files);
    }
}

static void
a_region_that_could_not_be_made_leaves_nothing(Fixture *f, gconstpointer data)
{
    guint files = open_files();

    for (guint nth = 1; nth <= 2; nth++) {
        VdevRegionSpec spec = {.name = "esb", .page_offset = 4, .gpa = ESB, .size = 0x200000};
        Accel *accel = open_with_fault("region_new", nth);
        gint errnum;
        AccelKdev *xive = kvm->kdev_new(accel, VDEV_KDEV_XIVE, &errnum);
        g_autoptr(GError) error = NULL;

        g_assert_null(kvm->region_new(xive, 1, &spec, &error));
        g_test_message("%u: %s", nth, error->message);
        kvm->kdev_free(xive);
        /* a mapping left behind would keep the old device alive */
        xive = kvm->kdev_new(accel, VDEV_KDEV_XIVE, &errnum);
        g_assert_cmpint(errnum, ==, 0);
        kvm->kdev_free(xive);
        kvm->close(accel);
        g_assert_cmpuint(open_files(), ==, files);
    }
}

static void
too_many_vcpus_are_refused_with_the_limit(Fixture *f, gconstpointer data)
{
    AccelConfig config = {.max_cpus = kvm->cpu_info(f->accel)->max_vcpus + 1};
    g_autofree char *limit = g_strdup_printf("%u at most", config.max_cpus - 1);
    g_autoptr(GError) error = NULL;

    g_assert_null(kvm->open(&config, &error));
    g_assert_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE);
    g_assert_nonnull(strstr(error->message, limit));
}

static const Case cases[] = {
    CASE(the_host_describes_its_processor),
    CASE(hypercalls_are_switched_on_one_by_one),
    CASE(our_own_access_to_a_refused_page_is_an_error),
    CASE(an_offset_outside_a_region_is_an_error),
    CASE(a_source_is_worked_through_its_pages_and_by_irqfd),
    CASE(the_devices_errors_are_the_kernels),
    CASE(the_device_goes_and_comes_back_again_and_again),
    CASE(a_freed_vcpu_comes_back_connected_and_without_old_results),
    CASE(vcpu_ids_beyond_the_limit_are_refused),
    CASE(the_dirty_log_holds_the_guests_stores_and_not_ours),
    CASE(every_call_of_opening_may_fail_without_a_leak),
    CASE(a_vcpu_that_could_not_be_made_can_be_made_later),
    CASE(a_region_that_could_not_be_made_leaves_nothing),
    CASE(too_many_vcpus_are_refused_with_the_limit),
    {NULL},
};

static void
add(const Case *list)
{
    for (; list->name != NULL; list++)
        g_test_add(list->name, Fixture, NULL, set_up, list->run, tear_down);
}

int
main(int argc, char **argv)
{
    AccelConfig config = {.max_cpus = 1};
    g_autoptr(GError) error = NULL;
    Accel *accel;

    g_test_init(&argc, &argv, NULL);
    accel = kvm->open(&config, &error);
    if (accel == NULL) {
        g_print("1..0 # SKIP kvm-probe: %s\n", error->message);
        return 0;
    }
    kvm->close(accel);
    add(cases);
    add(probe_run_cases);
    return g_test_run();
}
