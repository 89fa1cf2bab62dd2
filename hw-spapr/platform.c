/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The platform's life: builds its parts in order, resets them, takes them down in reverse.
 *
 * Not here: what a part does.
 */
#include "hw-spapr/platform.h"

#include <string.h>

#include "hw-spapr/irq.h"
#include "hw-spapr/restore.h"
#include "vdev/kvm-ppc.h"

/* --- Properties ---------------------------------------------------------- */

/* xics, off and split are known, to be refused with their reason. */
static const char *const ic_modes[] = {"xive", "xics", "dual", NULL};
static const char *const drc_walks[] = {"auto", "on", "off", NULL};
static const char *const irqchips[] = {"on", "off", "split", NULL};

#define CAP(label, upper, values, what)                                                         \
    {                                                                                           \
        .name = "cap-" label, .kind = VDEV_PROP_ENUM,                                           \
        .offset = G_STRUCT_OFFSET(Platform, caps.chosen[STATE_CAP_##upper]), .choices = values, \
        .help = what,                                                                           \
    }

const VdevProperty platform_props[] = {
    {
        .name = "ic-mode",
        .kind = VDEV_PROP_ENUM,
        .offset = G_STRUCT_OFFSET(Platform, ic_mode),
        .choices = ic_modes,
        .help = "interrupt controller: xive; dual for a guest that has the choice at its other end",
    },
    {
        .name = "kernel-irqchip",
        .kind = VDEV_PROP_ENUM,
        .offset = G_STRUCT_OFFSET(Platform, kernel_irqchip),
        .choices = irqchips,
        .help = "interrupt controller in the kernel: on, since spapr-xive-kvm is the kernel's",
    },
    {
        .name = "drc-walk",
        .kind = VDEV_PROP_ENUM,
        .offset = G_STRUCT_OFFSET(Platform, drc_walk),
        .choices = drc_walks,
        .help = "whether a migration carries how far the guest is in ibm,configure-connector, "
                "which stock QEMU refuses; auto: as the machine type",
    },
    {
        .name = "x-hotplug-pause",
        .kind = VDEV_PROP_UINT32,
        .offset = G_STRUCT_OFFSET(Platform, hotplug_pause),
        .help = "for tests: pause behind the guest's N-th RTAS call after each request to plug or "
                "unplug",
    },
    CAP("htm", HTM, caps_switch, "transactional memory: off"),
    CAP("vsx", VSX, caps_switch, "vector-scalar extension: on"),
    CAP("dfp", DFP, caps_switch, "decimal floating point: on"),
    CAP("cfpc", CFPC, caps_mitigation, "what keeps the L1 cache from being read by others"),
    CAP("sbbc", SBBC, caps_mitigation, "what keeps speculation from passing a bounds check"),
    CAP("ibs", IBS, caps_branch, "what keeps indirect branches from being misled"),
    CAP("hpt-max-page-size", HPT_PAGE, caps_page, "of a hash page table, which no guest has here"),
    CAP("nested-hv", NESTED_HV, caps_switch, "guests of the guest: off"),
    CAP("large-decr", LARGE_DECR, caps_switch, "decrementer of more than 32 bits"),
    CAP("ccf-assist", CCF_ASSIST, caps_switch, "help with flushing the count cache"),
    CAP("fwnmi", FWNMI, caps_switch, "machine checks by way of the firmware"),
    CAP("rpt-invalidate", RPT_INVALIDATE, caps_switch, "H_RPT_INVALIDATE: off"),
    CAP("ail-mode-3", AIL_MODE_3, caps_switch, "interrupts with relocation on"),
    {0},
};

static gboolean
check_properties(const Platform *platform, GError **error)
{
    if (platform->ic_mode == IC_MODE_XICS) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "ic-mode=%s: the interrupt controller spapr-xive-kvm has no XICS; leave it out "
                    "or use ic-mode=xive or ic-mode=dual",
                    ic_modes[platform->ic_mode]);
        return FALSE;
    }
    if (platform->kernel_irqchip != 0) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "kernel-irqchip=%s: spapr-xive-kvm is the kernel's interrupt controller; leave "
                    "it out or use kernel-irqchip=on",
                    irqchips[platform->kernel_irqchip]);
        return FALSE;
    }
    return TRUE;
}

/* --- Attach -------------------------------------------------------------- */

gboolean
platform_attach(void *machine, VdevDevice *device, GError **error)
{
    Platform *platform = machine;

    if (device->klass != &xive_class) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "a pseries machine has no place for the device %s", device->klass->name);
        return FALSE;
    }
    if (platform->xive != NULL) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "a pseries machine has one interrupt controller, and this would be a second; "
                    "give -device %s once",
                    device->klass->name);
        return FALSE;
    }
    platform->xive = (Xive *)device;
    return TRUE;
}

/* --- Realize ------------------------------------------------------------- */

static gboolean
check_row(const VdevMachineRow *row, GError **error)
{
    if (row->refusal == NULL)
        return TRUE;
    g_set_error_literal(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, row->refusal);
    return FALSE;
}

static gboolean
check_xive(const Platform *platform, GError **error)
{
    if (platform->xive != NULL)
        return TRUE;
    g_set_error_literal(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                        "a pseries machine needs an interrupt controller: add "
                        "-device spapr-xive-kvm");
    return FALSE;
}

/* All that the command line can have wrong, before anything is made. */
static gboolean
check_all(const Platform *platform, const VdevMachineRow *row, GError **error)
{
    const VdevMachineConfig *config = platform->config;
    const VdevHost *host = platform_host(platform);
    const VdevCpuInfo *cpu = host->cpu_info(host);

    return check_row(row, error) && check_properties(platform, error) &&
           caps_check(&platform->caps, platform->row, cpu, error) &&
           fwnmi_check_host(platform, error) && check_xive(platform, error) &&
           boot_check_memory(config, error) &&
           cpus_check(platform_host(platform), row->name, config->max_cpus,
                      platform->row->vcpu_id_shift, error);
}

/* The table of a guest that has registered none yet: radix all the same. */
static gboolean
reset_mmu(Platform *platform, GError **error)
{
    const VdevHost *host = platform_host(platform);
    gint result = host->set_mmu(host, VDEV_MMU_RADIX | VDEV_MMU_GTSE, VDEV_PATE_GR);

    platform->process_table = VDEV_PATE_GR;
    platform->hash_reported = FALSE;
    if (result != 0)
        g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(-result),
                    "the accelerator refuses a radix guest (CONFIGURE_V3_MMU): %s",
                    g_strerror(-result));
    return result == 0;
}

/* vCPUs before the controller that they are connected to: the order in which KVM-HV was tried. */
static gboolean
make_cpus_and_xive(Platform *platform, GError **error)
{
    const VdevMachineConfig *config = platform->config;
    const guint32 shift = platform->row->vcpu_id_shift;

    if (!cpus_make(&platform->cpus, platform_host(platform), config->cpus, config->max_cpus, shift,
                   error))
        return FALSE;
    xive_set_servers(platform->xive, config->max_cpus << shift);
    if (!xive_class.realize(platform->xive, error))
        return FALSE;
    platform->xive_realized = TRUE;
    return cpus_connect(&platform->cpus, platform->xive, error) &&
           irq_claim_events(platform->xive, error);
}

/* What QEMU allocates in both controllers. */
static void
make_xics(Platform *platform)
{
    Ics *ics = &platform->xics.ics;

    xics_make(&platform->xics, platform->cpus.n);
    ics_allocate(ics, IRQ_EPOW, FALSE);
    ics_allocate(ics, IRQ_HOTPLUG, FALSE);
    for (guint i = 0; i < platform->vio.n; i++)
        ics_allocate(ics, platform->vio.devices[i]->lisn, FALSE);
    for (guint i = 0; i < PCI_PINS; i++)
        ics_allocate(ics, platform->pci.lsi[i].irq, TRUE);
}

/* The order gives VIO units and interrupts: terminal first, as in QEMU's machine with its defaults.
 */
static gboolean
make_buses(Platform *platform, GError **error)
{
    VdevChardev *console = platform->config->console;

    if (console != NULL && !vty_make(&platform->vty, &platform->vio, platform_host(platform),
                                     console, platform->xive, error))
        return FALSE;
    if (!nvram_make(&platform->nvram, &platform->vio, platform->xive, error) ||
        !pci_make(&platform->pci, platform->xive, error))
        return FALSE;
    if (platform->ic_mode == IC_MODE_DUAL)
        make_xics(platform);
    else
        xics_leave_out(&platform->xics);
    return TRUE;
}

static void
make_tables(Platform *platform)
{
    hcall_table_add(&platform->hcalls, hcall_cpu_rows, platform);
    hcall_table_add(&platform->hcalls, hcall_mem_rows, platform);
    hcall_table_add(&platform->hcalls, hcall_vio_rows, platform);
    hcall_table_add(&platform->hcalls, hcall_tce_rows, platform);
    hcall_table_add(&platform->hcalls, hcall_firmware_rows, platform);
    hcall_table_add(&platform->hcalls, xive_hcalls, platform->xive);
    rtas_table_init(&platform->rtas);
    events_init(&platform->events);
    cas_reset(&platform->cas, hotplug_memory_possible(platform));
    platform->cas.xive_support = platform->ic_mode == IC_MODE_DUAL ? OV5_EITHER : OV5_XIVE_EXPLOIT;
    state_machine_reset(&platform->state);
}

gboolean
platform_realize(void *machine, const VdevMachineRow *row, const VdevMachineConfig *config,
                 GError **error)
{
    static const PseriesRow none = {0};
    Platform *platform = machine;
    const VdevHost *host = platform_host(platform);

    platform->config = config;
    platform->row = row->platform != NULL ? row->platform : &none;
    if (!check_all(platform, row, error))
        return FALSE;
    make_tables(platform);
    if (hcall_enable(host, error) && reset_mmu(platform, error) &&
        host->ram_register_main(host, PLATFORM_RAM_NAME, 0, error) &&
        make_cpus_and_xive(platform, error) && make_buses(platform, error) &&
        state_add_all(platform, error) && hotplug_begin(platform, error))
        return TRUE;
    platform_finish(platform);
    return FALSE;
}

void
platform_finish(void *machine)
{
    Platform *platform = machine;

    state_remove_all(platform);
    fwnmi_reset(platform);
    hotplug_finish(platform);
    state_machine_reset(&platform->state);
    xics_finish(&platform->xics);
    pci_finish(&platform->pci);
    nvram_finish(&platform->nvram);
    vty_finish(&platform->vty);
    platform->vio = (VioBus){0};
    events_clear(&platform->events);
    if (platform->xive_realized)
        xive_class.finish(platform->xive);
    platform->xive_realized = FALSE;
    cpus_finish(&platform->cpus);
    memset(&platform->hcalls, 0, sizeof(platform->hcalls));
}

/* --- Life ---------------------------------------------------------------- */

/* The controller before the vCPUs' memory goes: it writes its queues until it is reset. */
gboolean
platform_reset(void *machine, GError **error)
{
    Platform *platform = machine;
    const VdevHost *host = platform_host(platform);

    for (guint32 i = 0; i < platform->cpus.n; i++) {
        if (platform->cpus.vcpus[i] != NULL)
            cpus_stop(host, platform->cpus.vcpus[i]);
    }
    fwnmi_reset(platform);
    drcs_reset(platform);
    platform->arriving = FALSE;
    events_clear(&platform->events);
    cas_reset(&platform->cas, hotplug_memory_possible(platform));
    state_reset_all(platform);
    if (!xive_class.reset(platform->xive, error) || !reset_mmu(platform, error) ||
        !cpus_reset(&platform->cpus, host, error))
        return FALSE;
    vio_reset(&platform->vio);
    pci_reset(&platform->pci);
    host->ram_discard(host);
    vty_reset(&platform->vty);
    return TRUE;
}

gboolean
platform_quiesce(void *machine, GError **error)
{
    Platform *platform = machine;
    const VdevHost *host = platform_host(platform);

    /* Of the stop, like the timebase: what a stopped machine sends stays the same. */
    platform->state.time_of_day_ns = host->wall_clock_ns(host);
    return xive_class.quiesce(platform->xive, error);
}

gboolean
platform_resume(void *machine, GError **error)
{
    Platform *platform = machine;
    const gboolean arrived = platform->arriving;

    if (!restore_complete(platform, error) || !xive_class.resume(platform->xive, error))
        return FALSE;
    /* What came while the source was stopped left no trace in its controller: it is announced here.
     * Once too often is harmless, the guest finds nothing. */
    if (arrived)
        events_pulse(platform, ~0u);
    return TRUE;
}

gboolean
platform_load_boot(void *machine, const VdevBootImage *image, GError **error)
{
    return boot_load(machine, image, error);
}

gint64
platform_hcall(void *machine, VdevVcpu *vcpu, guint64 nr, guint64 *args)
{
    return hcall_dispatch(machine, vcpu, nr, args);
}

void
platform_machine_check(void *machine, VdevVcpu *vcpu, gboolean recovered)
{
    fwnmi_machine_check(machine, vcpu, recovered);
}

gboolean
platform_inject_nmi(void *machine, GError **error)
{
    return fwnmi_system_reset(machine, error);
}

void
platform_powerdown(void *machine)
{
    events_power_off(machine);
}

void
platform_print_irq(void *machine, GString *text)
{
    xive_print(((Platform *)machine)->xive, text);
}
