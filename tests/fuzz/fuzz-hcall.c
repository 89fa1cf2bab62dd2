/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libFuzzer: a hostile guest against the whole module, in the fake host over the model.
 *
 * The input is a program of one-byte operations, each followed by its operands: hypercalls, RTAS
 * blocks, accesses to ESB and TIMA pages, stores to memory, typed text, stop and go, machine checks
 * (of the hardware: the guest does nothing for them) and system resets. Values are
 * drawn so that the interesting ones (small numbers, table ends, page addresses, the ends of
 * memory) are near.
 *
 * Checked after each operation:
 *   GUEST-1  No call to KVM fails: what reaches it was checked before. (A kernel prints a line, or
 * a back-trace, for most of what it refuses; a guest could fill the host's log.) GUEST-2  Nothing
 * is written outside RAM, and only inside what the guest itself can name. GUEST-3  Devices,
 * regions, vCPUs and timers are as many as before. GUEST-4  Nothing is logged that is always shown.
 * Everything else (no abort, no leak, no undefined behaviour) the sanitizers see.
 */
#include <string.h>

#include "hw-spapr/hcall.h"
#include "tests/unit/hw-spapr/platform-rig.h"
#include "vdev/guestmem.h"
#include "vdev/kvm-ppc.h"
#include "vdev/module.h"
#include "vmm/accel/model.h"

#define OPS_MAX   200 /* of one input: the rest of it is not looked at */
#define LOG_LINES 2

int LLVMFuzzerTestOneInput(const guint8 *bytes, gsize n);

typedef struct {
    const guint8 *bytes;
    gsize n;
    Rig rig;
    guint alive, n_vcpus;
} Guest;

/* --- Values from the input ------------------------------------------------- */

static guint64
take(Guest *guest, gsize size)
{
    guint64 value = 0;

    for (; size > 0 && guest->n > 0; size--, guest->n--)
        value = value << 8 | *guest->bytes++;
    return value;
}

/* A word that a hypercall may take for something. */
static guint64
take_word(Guest *guest)
{
    static const guint64 near[] = {
        RIG_RAM,    RIG_RAM - 1,   RIG_RAM - 0x10000, 0x1000,
        0x1200,     0x2000,        G_MAXUINT32,       G_MAXUINT64,
        G_MAXINT64, XIVE_ESB_BASE, XIVE_TIMA_BASE,    (guint64)1 << 63,
    };
    guint64 kind = take(guest, 1);

    switch (kind & 7) {
    case 0: return kind >> 3;            /* 0..31 */
    case 1: return take(guest, 1);       /* a priority, a byte */
    case 2: return take(guest, 2);       /* a LISN */
    case 3: return take(guest, 1) << 16; /* a 64 KiB page of RAM */
    case 4: return near[(kind >> 3) % G_N_ELEMENTS(near)] + (gint8)take(guest, 1);
    case 5: return take(guest, 4);
    case 6: return (guint64)1 << (take(guest, 1) & 63);
    default: return take(guest, 8);
    }
}

/* An address, mostly of RAM. */
static guint64
take_address(Guest *guest)
{
    guint64 kind = take(guest, 1);

    if (kind < 0xe0)
        return (kind << 16 | take(guest, 2)) % RIG_RAM;
    return take_word(guest);
}

/* A vCPU that may act: one that is started and not blocked; NULL if there is none. */
static VdevVcpu *
take_vcpu(Guest *guest)
{
    const GPtrArray *vcpus = guest->rig.host->vcpus;
    guint first = (guint)take(guest, 1);

    for (guint i = 0; i < vcpus->len; i++) {
        FakeVcpu *vcpu = vcpus->pdata[(first + i) % vcpus->len];

        if (vcpu->started && !vcpu->blocked)
            return (VdevVcpu *)vcpu;
    }
    return NULL;
}

/* --- Operations ------------------------------------------------------------ */

static void
call(Guest *guest, guint64 nr, guint64 *args)
{
    VdevVcpu *vcpu = take_vcpu(guest);

    if (vcpu != NULL)
        pseries_class.hcall(guest->rig.platform, vcpu, nr, args);
}

/* Row @index of all tables of the module, counted around. */
static guint64
known_hcall(guint64 index)
{
    const VdevHost head = {.abi = VDEV_ABI, .size = sizeof(VdevHost)};
    const VdevModule *module = vdev_module_v1(&head, NULL);
    guint64 n = 0;

    for (;;) {
        for (const VdevHcallRow *const *table = module->hcalls; *table != NULL; table++)
            for (const VdevHcallRow *row = *table; row->name != NULL; row++)
                if (n++ == index)
                    return row->nr;
        index %= n;
        n = 0;
    }
}

static void
op_hcall(Guest *guest)
{
    guint64 selector = take(guest, 1), args[HCALL_ARGS];
    guint64 nr = selector < 0xf0 ? known_hcall(selector) : take_word(guest);

    for (guint i = 0; i < HCALL_ARGS; i++)
        args[i] = take_word(guest);
    call(guest, nr, args);
}

static void
op_rtas(Guest *guest)
{
    const VdevHost *host = &guest->rig.host->table;
    guint64 selector = take(guest, 1), at = take_address(guest), args[HCALL_ARGS] = {at};
    guint32 n_rows = 0, token, nargs, nret;

    while (rtas_rows[n_rows].name != NULL)
        n_rows++;
    token = selector < 0xf0 ? rtas_rows[selector % n_rows].token : (guint32)take_word(guest);
    nargs = selector < 0xf8 ? (guint32)take(guest, 1) % 20 : (guint32)take_word(guest);
    nret = selector < 0xf8 ? (guint32)take(guest, 1) % 20 : (guint32)take_word(guest);
    if (guest_write_be32(host, at, token) && guest_write_be32(host, at + 4, nargs) &&
        guest_write_be32(host, at + 8, nret))
        for (guint32 i = 0; i < MIN(nargs, 20); i++)
            guest_write_be32(host, at + 12 + 4 * i, (guint32)take_word(guest));
    call(guest, H_RTAS, args);
}

static void
access_page(Guest *guest, guint64 gpa)
{
    FakeVcpu *vcpu = (FakeVcpu *)take_vcpu(guest);
    guint64 shape = take(guest, 1);
    ModelAccessRequest request = {
        .gpa = gpa, .n = 1u << (shape & 3), .is_write = (shape & 4) != 0, .value = shape >> 3};
    char message[256];

    if (vcpu != NULL)
        model_guest_access((ModelVcpu *)vcpu->accel_vcpu, &request, message);
}

static void
op_esb(Guest *guest)
{
    static const guint64 firsts[] = {0, 0x1000, 0x1100, 0x1ff8};
    guint64 selector = take(guest, 1);
    guint64 lisn = firsts[selector & 3] + (selector >> 2 & 7), page = selector >> 5 & 1;

    access_page(guest, XIVE_ESB_BASE + (lisn << XIVE_ESB_SHIFT) + (page << XIVE_PAGE_SHIFT) +
                           (take(guest, 2) & 0xfff8));
}

static void
op_tima(Guest *guest)
{
    guint64 selector = take(guest, 1);

    access_page(guest, XIVE_TIMA_BASE + ((selector & 3) << XIVE_PAGE_SHIFT) + take(guest, 2));
}

static void
op_store(Guest *guest)
{
    guint64 at = take_address(guest), value = take(guest, 8);

    guest_write_be64(&guest->rig.host->table, at, value);
}

static void
op_type(Guest *guest)
{
    char text[32] = "";

    for (guint i = 0, n = (guint)take(guest, 1) % sizeof(text); i < n; i++)
        text[i] = (char)take(guest, 1);
    fake_host_type(guest->rig.host, text);
}

static void
op_stop_and_go(Guest *guest)
{
    GError *error = NULL;

    pseries_class.quiesce(guest->rig.platform, &error);
    g_assert_no_error(error);
    pseries_class.resume(guest->rig.platform, &error);
    g_assert_no_error(error);
}

static void
op_powerdown(Guest *guest)
{
    pseries_class.powerdown(guest->rig.platform);
}

/* With harm: a harmless one that cannot be told is logged, and that is right. */
static void
op_machine_check(Guest *guest)
{
    VdevVcpu *vcpu = take_vcpu(guest);
    const VdevHost *host = &guest->rig.host->table;
    const guint64 srr1 = VDEV_MSR_ENTRY | take(guest, 4);
    const guint32 dsisr = (guint32)take(guest, 2);

    if (vcpu == NULL)
        return;
    g_assert_cmpint(host->vcpu_set(host, vcpu, VDEV_REG_SRR1, &srr1), ==, 0);
    g_assert_cmpint(host->vcpu_set(host, vcpu, VDEV_REG_DSISR, &dsisr), ==, 0);
    pseries_class.machine_check(guest->rig.platform, vcpu, FALSE);
}

/* Where a guest has no RTAS memory for it, it is refused. */
static void
op_inject_nmi(Guest *guest)
{
    g_autoptr(GError) error = NULL;

    (void)pseries_class.inject_nmi(guest->rig.platform, &error);
}

/* What load_boot() or a migrated device tree would say, right or wrong. */
static void
place_rtas(Guest *guest)
{
    BootLayout *boot = &guest->rig.platform->boot;

    boot->rtas = RIG_RAM - BOOT_RTAS_SPACE;
    boot->rtas_size = take(guest, 1) < 0x20 ? take(guest, 2) : rtas_area_size(guest->rig.platform);
}

/* Without load_boot(): writing the device tree takes longer than all the rest of an input. */
static void
boot(Guest *guest)
{
    const VdevHost *host = &guest->rig.host->table;
    GError *error = NULL;

    pseries_class.reset(guest->rig.platform, &error);
    g_assert_no_error(error);
    pseries_class.resume(guest->rig.platform, &error);
    g_assert_no_error(error);
    host->vcpu_start(host, rig_vcpu(&guest->rig, 0));
    place_rtas(guest);
    guest->rig.host->reset_requested = FALSE;
    g_string_truncate(guest->rig.host->log, 0);
}

static void
op_print(Guest *guest)
{
    g_autoptr(GString) text = g_string_new(NULL);

    pseries_class.print_irq(guest->rig.platform, text);
    g_assert_cmpuint(text->len, >, 0);
}

/* How often each comes is how often it stands here. */
static void (*const operations[])(Guest *guest) = {
    op_hcall,     op_hcall,       op_hcall, op_hcall,         op_rtas,       op_rtas,
    op_rtas,      op_esb,         op_esb,   op_tima,          op_store,      op_type,
    op_powerdown, op_stop_and_go, op_print, op_machine_check, op_inject_nmi,
};

/* --- GUEST-1: between the module and the model ----------------------------- */

/* The fake host's own calls; constant once the first input has begun. */
static VdevHost original;

static gint
checked_kdev_set(const VdevHost *host, VdevKdev *kdev, guint32 group, guint64 attr,
                 const void *data)
{
    gint result = original.kdev_set(host, kdev, group, attr, data);

    if (result != 0)
        g_error("KVM refused a set of group %u, attribute 0x%" G_GINT64_MODIFIER "x: %d", group,
                attr, result);
    return result;
}

static gint
checked_kdev_get(const VdevHost *host, VdevKdev *kdev, guint32 group, guint64 attr, void *data)
{
    gint result = original.kdev_get(host, kdev, group, attr, data);

    if (result != 0)
        g_error("KVM refused a get of group %u, attribute 0x%" G_GINT64_MODIFIER "x: %d", group,
                attr, result);
    return result;
}

static gboolean
checked_load64(const VdevHost *host, VdevRegion *region, guint64 offset, guint64 *value,
               GError **error)
{
    if (!original.region_load64(host, region, offset, value, error))
        g_error("load at 0x%" G_GINT64_MODIFIER "x of a page that KVM refuses", offset);
    return TRUE;
}

static gboolean
checked_store64(const VdevHost *host, VdevRegion *region, guint64 offset, guint64 value,
                GError **error)
{
    if (!original.region_store64(host, region, offset, value, error))
        g_error("store at 0x%" G_GINT64_MODIFIER "x of a page that KVM refuses", offset);
    return TRUE;
}

static gint
checked_set_mmu(const VdevHost *host, guint64 flags, guint64 process_table)
{
    gint result = original.set_mmu(host, flags, process_table);

    if (result != 0)
        g_error("KVM refused MMU flags 0x%" G_GINT64_MODIFIER "x, table 0x%" G_GINT64_MODIFIER "x",
                flags, process_table);
    return result;
}

static void
watch(VdevHost *host)
{
    original = *host;
    host->kdev_set = checked_kdev_set;
    host->kdev_get = checked_kdev_get;
    host->region_load64 = checked_load64;
    host->region_store64 = checked_store64;
    host->set_mmu = checked_set_mmu;
}

/* --- A guest's life -------------------------------------------------------- */

static void
check(Guest *guest)
{
    FakeHost *host = guest->rig.host;
    guint lines = 0;

    for (const char *c = host->log->str; *c != '\0'; c++)
        lines += *c == '\n';
    g_assert_cmpuint(fake_host_alive(host), ==, guest->alive);
    g_assert_cmpuint(host->vcpus->len, ==, guest->n_vcpus);
    g_assert_cmpuint(lines, <=, LOG_LINES);
}

int
LLVMFuzzerTestOneInput(const guint8 *bytes, gsize n)
{
    static const RigSpec spec = {.cpus = 3};
    Guest guest = {.bytes = bytes, .n = n};
    GError *error = NULL;

    rig_make(&guest.rig, &spec);
    watch(&guest.rig.host->table);
    rig_realize(&guest.rig, &spec, &error);
    g_assert_no_error(error);
    boot(&guest);
    guest.alive = fake_host_alive(guest.rig.host);
    guest.n_vcpus = guest.rig.host->vcpus->len;
    for (guint i = 0; i < OPS_MAX && guest.n > 0; i++) {
        operations[take(&guest, 1) % G_N_ELEMENTS(operations)](&guest);
        check(&guest);
        if (guest.rig.host->shutdown_requested || guest.rig.host->panic != NULL)
            break;
        if (guest.rig.host->reset_requested)
            boot(&guest);
    }
    rig_finish(&guest.rig);
    return 0;
}
