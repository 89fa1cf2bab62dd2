/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The KVM accelerator on a real KVM: every call of its class, with guests of a few instructions.
 *
 * It runs where /dev/kvm is POWER's (tests/power9/run is one such place) and skips elsewhere. It
 * knows nothing of PAPR; what it expects of the XIVE device is xive.rst's.
 */
#include "vdev/kvm-ppc.h"
#include "vmm/accel/accel.h"
#include "vmm/guestmem.h"

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define RAM_SIZE             (G_GUINT64_CONSTANT(16) << 20)
#define CODE                 G_GUINT64_CONSTANT(0x10000)
#define DATA                 G_GUINT64_CONSTANT(0x200000)
#define ESB                  G_GUINT64_CONSTANT(0x0006010000000000)
#define TIMA                 G_GUINT64_CONSTANT(0x0006030203180000)
#define NOWHERE              G_GUINT64_CONSTANT(0x0007000000000000)
#define N_LISNS              64u
#define LISN                 5u
#define ESB_AT(lisn, offset) ((guint64)(lisn)*0x20000 + 0x10000 + (offset)) /* management */
#define TRIGGER_AT(lisn)     ((guint64)(lisn)*0x20000)
#define ESB_GET              0x800u
#define ESB_SET_00           0xc00u

#define MSR_LE (VDEV_MSR_ENTRY | 1)

/* The guests' instructions; host byte order, as the guest runs little-endian. */
#define LI(rt, value)     (0x38000000u | (rt) << 21 | (guint16)(value))
#define LD(rt, ra)        (0xe8000000u | (rt) << 21 | (ra) << 16)
#define STD(rs, ra)       (0xf8000000u | (rs) << 21 | (ra) << 16)
#define STW(rs, ra)       (0x90000000u | (rs) << 21 | (ra) << 16)
#define ADDI(rt, ra, imm) (0x38000000u | (rt) << 21 | (ra) << 16 | (guint16)(imm))
#define SC1               0x44000022u
#define LOOP              0x48000000u                  /* b . */
#define BACK(bytes)       (0x4bfffffcu - (bytes) + 4u) /* b .-bytes */

static const AccelClass *const kvm = &kvm_accel_class;

typedef struct {
    Accel *accel;
    RamList *ram;
    RamBlock *block;
    AccelVcpu *vcpu;
    AccelKdev *xive;
    AccelRegion *esb, *tima;
    AccelExit exit;
} Fixture;

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

static void
set_reg(Fixture *f, guint64 reg, guint64 value)
{
    g_assert_cmpint(kvm->vcpu_set(f->vcpu, reg, &value), ==, 0);
}

static guint64
get_reg(Fixture *f, guint64 reg)
{
    guint64 value = 0;

    g_assert_cmpint(kvm->vcpu_get(f->vcpu, reg, &value), ==, 0);
    return value;
}

/* The guest is @code, little-endian, in real mode, not yet run. */
static void
load_guest(Fixture *f, const guint32 *code, gsize n)
{
    guint32 online = 1;

    g_assert_true(guestmem_write(f->ram, CODE, code, n * sizeof(*code)));
    for (guint i = 0; i < 32; i++)
        set_reg(f, VDEV_REG_GPR(i), 0);
    set_reg(f, VDEV_REG_PC, CODE);
    set_reg(f, VDEV_REG_MSR, MSR_LE);
    g_assert_cmpint(kvm->vcpu_set(f->vcpu, VDEV_REG_ONLINE, &online), ==, 0);
    f->exit = (AccelExit){.kind = ACCEL_EXIT_INTR};
}

/* Runs through what interrupts without a kick of ours. */
static AccelExitKind
run(Fixture *f)
{
    do
        kvm->vcpu_run(f->vcpu, &f->exit);
    while (f->exit.kind == ACCEL_EXIT_INTR);
    if (f->exit.message[0] != '\0')
        g_test_message("%s", f->exit.message);
    return f->exit.kind;
}

static void
make_source(Fixture *f, guint32 lisn)
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
    g_assert_cmphex(get_reg(f, VDEV_REG_PVR), ==, info->pvr);
}

static void
hypercalls_are_switched_on_one_by_one(Fixture *f, gconstpointer data)
{
    g_assert_cmpint(kvm->enable_hcall(f->accel, 0x31c), ==, 0);
    g_assert_cmpint(kvm->enable_hcall(f->accel, 0x3), ==, -EINVAL);
    g_assert_cmpint(kvm->set_mmu(f->accel, VDEV_MMU_RADIX | VDEV_MMU_GTSE, 0), ==, -EINVAL);
}

static void
registers_set_are_registers_run_with(Fixture *f, gconstpointer data)
{
    /* no hypercall at the end: one may change CTR */
    static const guint32 code[] = {ADDI(3, 3, 1), STD(3, 4), LD(6, 5)};
    guint8 vsr[16] = "0123456789abcde", back[16] = "";

    load_guest(f, code, G_N_ELEMENTS(code));
    set_reg(f, VDEV_REG_GPR(3), G_GUINT64_CONSTANT(0x123456789abcdef0));
    set_reg(f, VDEV_REG_GPR(4), DATA);
    set_reg(f, VDEV_REG_GPR(5), NOWHERE);
    set_reg(f, VDEV_REG_LR, 0xa0);
    set_reg(f, VDEV_REG_CTR, 0xa1);
    set_reg(f, VDEV_REG_CR, 0x12345678);
    set_reg(f, VDEV_REG_SPRG(3), 0xa3);
    set_reg(f, VDEV_REG_SRR0, 0xa4);
    g_assert_cmpint(kvm->vcpu_set(f->vcpu, VDEV_REG_VSR(7), vsr), ==, 0);
    g_assert_cmpint(run(f), ==, ACCEL_EXIT_MMIO);
    g_assert_cmphex(get_reg(f, VDEV_REG_GPR(3)), ==, G_GUINT64_CONSTANT(0x123456789abcdef1));
    g_assert_cmphex(get_reg(f, VDEV_REG_PC), ==, CODE + 12);
    g_assert_cmphex(get_reg(f, VDEV_REG_LR), ==, 0xa0);
    g_assert_cmphex(get_reg(f, VDEV_REG_CTR), ==, 0xa1);
    g_assert_cmphex(get_reg(f, VDEV_REG_CR), ==, 0x12345678);
    g_assert_cmphex(get_reg(f, VDEV_REG_SPRG(3)), ==, 0xa3);
    g_assert_cmphex(get_reg(f, VDEV_REG_SRR0), ==, 0xa4);
    g_assert_cmpint(kvm->vcpu_get(f->vcpu, VDEV_REG_VSR(7), back), ==, 0);
    g_assert_cmpmem(back, 16, vsr, 16);
    g_assert_cmphex(*(guint64 *)(f->block->host + DATA), ==,
                    G_GUINT64_CONSTANT(0x123456789abcdef1));
    set_reg(f, VDEV_REG_PID, 42);
    g_assert_cmpuint(get_reg(f, VDEV_REG_CORE_PID), ==, 42);
    set_reg(f, VDEV_REG_CORE_PID, 43);
    g_assert_cmpuint(get_reg(f, VDEV_REG_PID), ==, 43);
}

static void
a_hypercalls_results_arrive_at_the_next_run_or_by_completing(Fixture *f, gconstpointer data)
{
    static const guint32 code[] = {LI(3, 0x58), LI(4, 1), SC1, STD(3, 9), STD(4, 10), SC1};

    load_guest(f, code, G_N_ELEMENTS(code));
    set_reg(f, VDEV_REG_GPR(9), DATA);
    set_reg(f, VDEV_REG_GPR(10), DATA + 8);
    g_assert_cmpint(run(f), ==, ACCEL_EXIT_HCALL);
    g_assert_cmphex(f->exit.hcall.nr, ==, 0x58);
    g_assert_cmphex(f->exit.hcall.args[0], ==, 1);
    g_assert_cmphex(f->exit.hcall.args[5], ==, DATA);
    f->exit.hcall.ret = 0x77;
    f->exit.hcall.args[0] = 0x88;
    g_assert_cmpint(run(f), ==, ACCEL_EXIT_HCALL);
    g_assert_cmphex(f->exit.hcall.nr, ==, 0x77);
    g_assert_cmphex(*(guint64 *)(f->block->host + DATA), ==, 0x77);
    g_assert_cmphex(*(guint64 *)(f->block->host + DATA + 8), ==, 0x88);
    f->exit.hcall.ret = -2;
    kvm->vcpu_complete(f->vcpu, &f->exit);
    g_assert_cmpint(f->exit.kind, ==, ACCEL_EXIT_INTR);
    g_assert_cmpint((gint64)get_reg(f, VDEV_REG_GPR(3)), ==, -2);
    g_assert_cmphex(get_reg(f, VDEV_REG_PC), ==, CODE + sizeof(code));
    kvm->vcpu_complete(f->vcpu, &f->exit); /* nothing left, nothing done */
    g_assert_cmpint(f->exit.kind, ==, ACCEL_EXIT_INTR);
}

static void
an_access_to_nowhere_is_an_exit(Fixture *f, gconstpointer data)
{
    static const guint32 code[] = {STW(5, 4), LD(6, 4), SC1};

    load_guest(f, code, G_N_ELEMENTS(code));
    set_reg(f, VDEV_REG_GPR(4), NOWHERE);
    set_reg(f, VDEV_REG_GPR(5), 0x64636261);
    g_assert_cmpint(run(f), ==, ACCEL_EXIT_MMIO);
    g_assert_cmphex(f->exit.mmio.gpa, ==, NOWHERE);
    g_assert_true(f->exit.mmio.is_write);
    g_assert_cmpuint(f->exit.mmio.n, ==, 4);
    g_assert_cmpmem(f->exit.mmio.data, 4, "abcd", 4); /* as it would lie in memory */
    g_assert_cmpint(run(f), ==, ACCEL_EXIT_MMIO);
    g_assert_false(f->exit.mmio.is_write);
    g_assert_cmpuint(f->exit.mmio.n, ==, 8);
    memcpy(f->exit.mmio.data, "\1\2\3\4\5\6\7\10", 8);
    g_assert_cmpint(run(f), ==, ACCEL_EXIT_HCALL);
    g_assert_cmphex(get_reg(f, VDEV_REG_GPR(6)), ==, G_GUINT64_CONSTANT(0x0807060504030201));
}

static void
a_guest_that_touches_an_absent_source_is_reported_and_can_go_on(Fixture *f, gconstpointer data)
{
    static const guint32 code[] = {LI(3, 0x58), SC1, LD(6, 7), STD(6, 8), SC1};
    g_autofree char *pc = g_strdup_printf("pc 0x%" G_GINT64_MODIFIER "x", CODE + 8);

    load_guest(f, code, G_N_ELEMENTS(code));
    set_reg(f, VDEV_REG_GPR(7), ESB + ESB_AT(LISN, ESB_GET));
    set_reg(f, VDEV_REG_GPR(8), DATA);
    g_assert_cmpint(run(f), ==, ACCEL_EXIT_HCALL);
    for (guint i = 0; i < 3; i++) {
        g_assert_cmpint(run(f), ==, ACCEL_EXIT_GUEST_FAULT);
        g_assert_nonnull(strstr(f->exit.message, pc));
        g_assert_cmphex(get_reg(f, VDEV_REG_PC), ==, CODE + 8);
    }
    make_source(f, LISN);
    g_assert_cmpint(run(f), ==, ACCEL_EXIT_HCALL);
    g_assert_cmphex(GUINT64_FROM_BE(*(guint64 *)(f->block->host + DATA)), ==, 1); /* off */
}

static void
a_guest_that_touches_a_closed_tima_page_is_reported(Fixture *f, gconstpointer data)
{
    static const guint32 code[] = {LD(6, 7), SC1};

    for (guint page = 0; page < VDEV_XIVE_TIMA_PAGES; page++) {
        load_guest(f, code, G_N_ELEMENTS(code));
        set_reg(f, VDEV_REG_GPR(7), TIMA + page * 0x10000 + 0x10);
        g_assert_cmpint(run(f), ==, page == 2 ? ACCEL_EXIT_HCALL : ACCEL_EXIT_GUEST_FAULT);
        kvm->vcpu_complete(f->vcpu, &f->exit); /* else its results would go to the next guest */
    }
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
    make_source(f, LISN);
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

    make_source(f, LISN);
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
        make_source(f, LISN);
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
        load_guest(f, code, G_N_ELEMENTS(code));
        g_assert_cmpint(run(f), ==, ACCEL_EXIT_HCALL);
        g_assert_null(kvm->vcpu_new(f->accel, 0, &error)); /* still in use */
        g_clear_error(&error);
        kvm->vcpu_kick(f->vcpu);
        kvm->vcpu_free(f->vcpu);
        f->vcpu = kvm->vcpu_new(f->accel, 0, &error);
        g_assert_no_error(error);
        g_assert_cmpint(kvm->kdev_connect(f->xive, f->vcpu, 0), ==, 0);
        g_assert_cmpint(kvm->kdev_connect(f->xive, f->vcpu, 0), ==, -EBUSY);
        load_guest(f, code + 1, 1);
        set_reg(f, VDEV_REG_GPR(3), 0x999);
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
    g_test_message("%s", error->message);
}

static void
the_dirty_log_holds_the_guests_stores_and_not_ours(Fixture *f, gconstpointer data)
{
    static const guint32 code[] = {STD(3, 4), SC1};
    guint64 words[4], all;

    load_guest(f, code, G_N_ELEMENTS(code));
    set_reg(f, VDEV_REG_GPR(4), DATA + 0x50000);
    g_assert_cmpint(kvm->dirty_log_get(f->accel, 0, words, 4), ==, -ENOENT);
    g_assert_cmpint(kvm->memory_set(f->accel, 0, 0, RAM_SIZE, f->block->host, ACCEL_MEM_LOG_DIRTY),
                    ==, 0);
    g_assert_cmpint(kvm->dirty_log_get(f->accel, 0, words, 3), ==, -EINVAL);
    g_assert_cmpint(kvm->dirty_log_get(f->accel, 0, words, 4), ==, 0);
    g_assert_true(guestmem_write(f->ram, DATA + 0x90000, "ours", 4));
    g_assert_cmpint(run(f), ==, ACCEL_EXIT_HCALL);
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

/* ---- kicks --------------------------------------------------------------------------------- */

static void
a_kick_before_the_run_ends_it(Fixture *f, gconstpointer data)
{
    static const guint32 code[] = {LOOP};

    load_guest(f, code, G_N_ELEMENTS(code));
    for (guint i = 0; i < 100; i++) {
        kvm->vcpu_kick(f->vcpu);
        kvm->vcpu_run(f->vcpu, &f->exit);
        g_assert_cmpint(f->exit.kind, ==, ACCEL_EXIT_INTR);
    }
}

static void
completing_does_not_use_up_a_kick(Fixture *f, gconstpointer data)
{
    static const guint32 code[] = {SC1, LOOP};

    load_guest(f, code, G_N_ELEMENTS(code));
    g_assert_cmpint(run(f), ==, ACCEL_EXIT_HCALL);
    kvm->vcpu_kick(f->vcpu);
    kvm->vcpu_complete(f->vcpu, &f->exit);
    kvm->vcpu_run(f->vcpu, &f->exit); /* would loop for ever */
    g_assert_cmpint(f->exit.kind, ==, ACCEL_EXIT_INTR);
}

typedef struct {
    Fixture *f;
    gint wanted, seen; /* atomic: rounds asked for and answered */
    guint hcalls;
} Race;

#define ROUNDS 3000

/* As a vCPU's thread: looks whether something is wanted, and if not runs, whatever comes out. */
static gpointer
answer(gpointer user)
{
    Race *race = user;

    while (g_atomic_int_get(&race->seen) < ROUNDS) {
        gint wanted = g_atomic_int_get(&race->wanted);

        if (wanted != g_atomic_int_get(&race->seen)) {
            g_atomic_int_set(&race->seen, wanted);
            continue;
        }
        kvm->vcpu_run(race->f->vcpu, &race->f->exit);
        race->hcalls += race->f->exit.kind == ACCEL_EXIT_HCALL;
    }
    return NULL;
}

static void
race_kicks(Fixture *f, const guint32 *code, gsize n)
{
    Race race = {.f = f};
    GThread *thread;

    load_guest(f, code, n);
    thread = g_thread_new("vcpu", answer, &race);
    for (gint round = 1; round <= ROUNDS; round++) {
        g_atomic_int_set(&race.wanted, round);
        kvm->vcpu_kick(f->vcpu);
        while (g_atomic_int_get(&race.seen) != round) /* for ever, if one were lost */
            g_thread_yield();
    }
    g_thread_join(thread);
    g_test_message("%d kicks answered, %u hypercalls between", ROUNDS, race.hcalls);
}

static void
no_kick_is_lost_on_a_guest_that_loops(Fixture *f, gconstpointer data)
{
    static const guint32 code[] = {LOOP};

    race_kicks(f, code, G_N_ELEMENTS(code));
}

static void
no_kick_is_lost_on_a_guest_that_keeps_calling(Fixture *f, gconstpointer data)
{
    static const guint32 code[] = {LI(3, 0x58), SC1, BACK(8)};

    race_kicks(f, code, G_N_ELEMENTS(code));
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

typedef struct {
    const char *name;
    void (*run)(Fixture *, gconstpointer);
} Case;

#define CASE(function)                    \
    {                                     \
        "/kvm-probe/" #function, function \
    }

static const Case cases[] = {
    CASE(the_host_describes_its_processor),
    CASE(hypercalls_are_switched_on_one_by_one),
    CASE(registers_set_are_registers_run_with),
    CASE(a_hypercalls_results_arrive_at_the_next_run_or_by_completing),
    CASE(an_access_to_nowhere_is_an_exit),
    CASE(a_guest_that_touches_an_absent_source_is_reported_and_can_go_on),
    CASE(a_guest_that_touches_a_closed_tima_page_is_reported),
    CASE(our_own_access_to_a_refused_page_is_an_error),
    CASE(an_offset_outside_a_region_is_an_error),
    CASE(a_source_is_worked_through_its_pages_and_by_irqfd),
    CASE(the_devices_errors_are_the_kernels),
    CASE(the_device_goes_and_comes_back_again_and_again),
    CASE(a_freed_vcpu_comes_back_connected_and_without_old_results),
    CASE(vcpu_ids_beyond_the_limit_are_refused),
    CASE(the_dirty_log_holds_the_guests_stores_and_not_ours),
    CASE(a_kick_before_the_run_ends_it),
    CASE(completing_does_not_use_up_a_kick),
    CASE(no_kick_is_lost_on_a_guest_that_loops),
    CASE(no_kick_is_lost_on_a_guest_that_keeps_calling),
    CASE(every_call_of_opening_may_fail_without_a_leak),
    CASE(too_many_vcpus_are_refused_with_the_limit),
};

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
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
        g_test_add(cases[i].name, Fixture, NULL, set_up, cases[i].run, tear_down);
    return g_test_run();
}
