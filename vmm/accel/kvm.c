/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The accelerator KVM-HV: the class, and a VM's beginning and end.
 *
 * The order of open is the kernel's: threads per core before the first vCPU, everything that can
 * be missing before the VM. vCPUs are in kvm-vcpu.c and kvm-regs.c, memory in kvm-dirty.c, devices
 * and their mappings in kvm-device.c.
 *
 * Source: Linux Documentation/virt/kvm/api.rst.
 */
#include "vmm/accel/kvm.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define KVM_API 12

static gint
open_ioctl(Kvm *kvm, gint fd, gulong request, gulong argument)
{
    return kvm_door_ioctl(kvm->fault, ACCEL_CALL_OPEN, fd, request, argument);
}

static gint
check_extension(void *user, guint32 capability)
{
    Kvm *kvm = user;

    return open_ioctl(kvm, kvm->kvm_fd, KVM_CHECK_EXTENSION, capability);
}

static gboolean
take_options(Kvm *kvm, const AccelConfig *config, GError **error)
{
    GHashTableIter iter;
    gpointer key, value;

    if (config->options == NULL)
        return TRUE;
    g_hash_table_iter_init(&iter, config->options);
    while (g_hash_table_iter_next(&iter, &key, &value)) {
        if (strcmp(key, "x-fault") != 0) {
            g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_UNKNOWN_OPTION,
                        "-accel kvm has no property '%s'; it has: x-fault", (const char *)key);
            return FALSE;
        }
        kvm->fault = accel_fault_new(value, error);
        if (kvm->fault == NULL) {
            g_prefix_error(error, "-accel kvm: ");
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean
open_device(Kvm *kvm, const KvmHost *host, GError **error)
{
    gint version;

    kvm->kvm_fd = kvm_door_open(kvm->fault, ACCEL_CALL_OPEN, "/dev/kvm");
    if (kvm->kvm_fd < 0) {
        kvm_error_opening(host, kvm->kvm_fd, error);
        kvm->kvm_fd = -1;
        return FALSE;
    }
    version = open_ioctl(kvm, kvm->kvm_fd, KVM_GET_API_VERSION, 0);
    if (version < 0) {
        kvm_error_errno(error, version, "asking KVM for its version");
        return FALSE;
    }
    if (version != KVM_API) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOSYS,
                    "KVM speaks version %d of its interface, not %d: use another kernel", version,
                    KVM_API);
        return FALSE;
    }
    return TRUE;
}

/* Asks for a number that must be @least or more. */
static gboolean
ask_number(Kvm *kvm, gulong request, gulong argument, gint least, const char *what, gint *number,
           GError **error)
{
    *number = open_ioctl(kvm, kvm->kvm_fd, request, argument);
    if (*number >= least)
        return TRUE;
    kvm_error_errno(error, *number < 0 ? *number : -EINVAL, what);
    return FALSE;
}

/* One number limits vCPUs and their ids: on POWER9 the kernel takes ids below MAX_VCPUS times the
 * threads of a virtual core, which are one here (make_vm). MAX_VCPU_ID is what eight would allow:
 * no limit of ours, but never to be exceeded. Where ids step by 8 (machine types up to 4.1) there
 * is room for an eighth of the vCPUs; the machine, which numbers them, says so. */
static gboolean
check_vcpus(Kvm *kvm, guint32 wanted, GError **error)
{
    gint limit, id_limit, size;

    if (!ask_number(kvm, KVM_CHECK_EXTENSION, KVM_CAP_MAX_VCPUS, 1,
                    "asking KVM for capability 66 (MAX_VCPUS)", &limit, error) ||
        !ask_number(kvm, KVM_CHECK_EXTENSION, KVM_CAP_MAX_VCPU_ID, 1,
                    "asking KVM for capability 128 (MAX_VCPU_ID)", &id_limit, error) ||
        !ask_number(kvm, KVM_GET_VCPU_MMAP_SIZE, 0, (gint)sizeof(struct kvm_run),
                    "asking KVM for the size of a vCPU's page", &size, error))
        return FALSE;
    kvm->run_size = (gsize)size;
    kvm->info.max_vcpus = (guint32)MIN(limit, id_limit);
    if (wanted > kvm->info.max_vcpus) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "-smp: %u vCPUs, but KVM here allows %u at most (capability 66, MAX_VCPUS)",
                    wanted, kvm->info.max_vcpus);
        return FALSE;
    }
    return TRUE;
}

/* Not needed: without it the kernel brings machine checks to the guest's vector. */
static gboolean
ask_fwnmi(Kvm *kvm, GError **error)
{
    gint answer;

    if (!ask_number(kvm, KVM_CHECK_EXTENSION, KVM_CAP_PPC_FWNMI, 0,
                    "asking KVM for capability 146 (PPC_FWNMI)", &answer, error))
        return FALSE;
    kvm->info.have_fwnmi = answer > 0;
    return TRUE;
}

static gboolean
make_vm(Kvm *kvm, GError **error)
{
    struct kvm_enable_cap one_thread = {.cap = KVM_CAP_PPC_SMT, .args = {1, 0}};
    gint result = open_ioctl(kvm, kvm->kvm_fd, KVM_CREATE_VM, KVM_VM_TYPE_HV);

    if (result < 0) {
        kvm_error_errno(error, result, "making a VM of KVM-HV");
        return FALSE;
    }
    kvm->vm_fd = result;
    /* So that a vCPU's id is also its number at the interrupt controller. */
    result = open_ioctl(kvm, kvm->vm_fd, KVM_ENABLE_CAP, (gulong)&one_thread);
    if (result < 0) {
        kvm_error_errno(error, result, "setting one thread per virtual core");
        return FALSE;
    }
    return TRUE;
}

static gboolean
read_cpu_info(Kvm *kvm, const KvmHost *host, GError **error)
{
    VdevCpuInfo *info = &kvm->info;
    KvmPpcRmmuInfo mmu = {0};
    KvmPpcCpuChar chars = {0};
    gint result;

    info->pvr = host->pvr;
    info->timebase_hz = host->timebase_hz;
    info->host_page_shift = host->page_shift;
    result = open_ioctl(kvm, kvm->vm_fd, KVM_PPC_IOC_GET_RMMU_INFO, (gulong)&mmu);
    if (result < 0) {
        kvm_error_errno(error, result, "asking KVM for the radix page sizes");
        return FALSE;
    }
    for (guint i = 0; i < G_N_ELEMENTS(mmu.ap_encodings); i++) {
        if (mmu.ap_encodings[i] != 0)
            info->ap_encodings[info->n_ap_encodings++] = mmu.ap_encodings[i];
    }
    result = open_ioctl(kvm, kvm->vm_fd, KVM_PPC_IOC_GET_CPU_CHAR, (gulong)&chars);
    if (result == -ENOTTY) /* a kernel without it; the guest is told so */
        return TRUE;
    if (result < 0) {
        kvm_error_errno(error, result, "asking KVM for the processor's characteristics");
        return FALSE;
    }
    info->have_cpu_char = TRUE;
    info->cpu_character = chars.character;
    info->cpu_character_mask = chars.character_mask;
    info->cpu_behaviour = chars.behaviour;
    info->cpu_behaviour_mask = chars.behaviour_mask;
    return TRUE;
}

static gboolean
open_all(Kvm *kvm, const AccelConfig *config, const KvmHost *host, GError **error)
{
    return take_options(kvm, config, error) && kvm_check_host(host, error) &&
           open_device(kvm, host, error) &&
           kvm_check_capabilities(host, check_extension, kvm, error) &&
           check_vcpus(kvm, config->max_cpus, error) && ask_fwnmi(kvm, error) &&
           make_vm(kvm, error) && read_cpu_info(kvm, host, error) && kvm_guard_install(error) &&
           kvm_kick_install(error);
}

static void
kvm_close(Accel *accel)
{
    Kvm *kvm = (Kvm *)accel;
    g_autofree char *report = NULL;

    if (kvm == NULL)
        return;
    g_hash_table_destroy(kvm->vcpus);
    g_hash_table_destroy(kvm->slots);
    g_mutex_clear(&kvm->slots_lock);
    if (kvm->vm_fd >= 0)
        close(kvm->vm_fd);
    if (kvm->kvm_fd >= 0)
        close(kvm->kvm_fd);
    report = accel_fault_report(kvm->fault);
    if (report != NULL)
        fputs(report, stderr);
    accel_fault_free(kvm->fault);
    g_free(kvm);
}

static Accel *
kvm_open(const AccelConfig *config, GError **error)
{
    Kvm *kvm = g_new0(Kvm, 1);
    KvmHost host;
    gboolean ok;

    kvm->accel.klass = &kvm_accel_class;
    kvm->kvm_fd = kvm->vm_fd = -1;
    kvm->vcpus = g_hash_table_new_full(NULL, NULL, NULL, kvm_vcpu_destroy);
    g_mutex_init(&kvm->slots_lock);
    kvm->slots = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    kvm_host_init(&host);
    ok = open_all(kvm, config, &host, error);
    kvm_host_clear(&host);
    if (!ok) {
        kvm_close(&kvm->accel);
        return NULL;
    }
    return &kvm->accel;
}

static const VdevCpuInfo *
kvm_cpu_info(Accel *accel)
{
    return &((Kvm *)accel)->info;
}

static guint64
kvm_timebase(Accel *accel)
{
#ifdef __powerpc64__
    return __builtin_ppc_get_timebase();
#else
    /* No VM of another architecture gets so far: its vCPUs have no TB_OFFSET. */
    return 0;
#endif
}

static gint
kvm_enable_hcall(Accel *accel, guint32 nr)
{
    Kvm *kvm = (Kvm *)accel;
    struct kvm_enable_cap cap = {.cap = KVM_CAP_PPC_ENABLE_HCALL, .args = {nr, 1}};

    return kvm_door_ioctl(kvm->fault, ACCEL_CALL_ENABLE_HCALL, kvm->vm_fd, KVM_ENABLE_CAP,
                          (gulong)&cap);
}

static gint
kvm_set_mmu(Accel *accel, guint64 flags, guint64 process_table)
{
    Kvm *kvm = (Kvm *)accel;
    KvmPpcMmuConfig config = {.flags = flags, .process_table = process_table};

    return kvm_door_ioctl(kvm->fault, ACCEL_CALL_SET_MMU, kvm->vm_fd, KVM_PPC_IOC_CONFIGURE_MMU,
                          (gulong)&config);
}

const AccelClass kvm_accel_class = {
    .name = "kvm",
    .help = "KVM-HV with the kernel's XIVE device, on a bare-metal POWER9 or later",
    .open = kvm_open,
    .close = kvm_close,
    .cpu_info = kvm_cpu_info,
    .timebase = kvm_timebase,
    .memory_set = kvm_memory_set,
    .dirty_log_get = kvm_dirty_log_get,
    .enable_hcall = kvm_enable_hcall,
    .set_mmu = kvm_set_mmu,
    .vcpu_new = kvm_vcpu_new,
    .vcpu_free = kvm_vcpu_free,
    .vcpu_enable_fwnmi = kvm_vcpu_enable_fwnmi,
    .vcpu_get = kvm_vcpu_get,
    .vcpu_set = kvm_vcpu_set,
    .vcpu_run = kvm_vcpu_run,
    .vcpu_complete = kvm_vcpu_complete,
    .vcpu_kick = kvm_vcpu_kick,
    .kdev_new = kvm_kdev_new,
    .kdev_free = kvm_kdev_free,
    .kdev_set = kvm_kdev_set,
    .kdev_get = kvm_kdev_get,
    .kdev_connect = kvm_kdev_connect,
    .irqfd = kvm_irqfd,
    .region_new = kvm_region_new,
    .region_free = kvm_region_free,
    .region_load64 = kvm_region_load64,
    .region_store64 = kvm_region_store64,
    .region_faults = kvm_region_faults,
};
