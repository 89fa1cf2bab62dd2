/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vCPUs: made, run, kicked, parked.
 *
 * The kernel cannot destroy a vCPU before its VM. A freed one is parked here with its descriptor
 * and handed out again for the same id; its registers are then as they were left, and the new
 * owner sets all of them.
 *
 * A kick is never lost. The kicker says so in memory first (kicked, immediate_exit) and then sends
 * a signal to the thread, if there is one in KVM_RUN. Either the kernel sees immediate_exit when it
 * enters, or the signal finds the thread inside and turns it out; the handler has nothing left to
 * do. The thread announces itself (tid) before it enters and the kicker reads tid after it wrote
 * immediate_exit, all in one order (seq_cst), so one of the two sees the other. A signal that comes
 * too late at most ends the next run early.
 *
 * Source: Linux Documentation/virt/kvm/api.rst 4.10, 5 (struct kvm_run, immediate_exit).
 */
#include "vmm/accel/kvm.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define KICK_SIGNAL SIGUSR1

/* ---- kicking ------------------------------------------------------------------------------- */

static void
on_kick(int number)
{
    /* Being delivered is all it is for. */
}

gboolean
kvm_kick_install(GError **error)
{
    struct sigaction action = {.sa_handler = on_kick, .sa_flags = SA_RESTART};

    if (sigaction(KICK_SIGNAL, &action, NULL) != 0) {
        kvm_error_errno(error, -errno, "installing the signal that stops vCPUs");
        return FALSE;
    }
    return TRUE;
}

static void
set_immediate_exit(KvmVcpu *vcpu, guint8 value)
{
    __atomic_store_n(&vcpu->run->immediate_exit, value, __ATOMIC_SEQ_CST);
}

void
kvm_vcpu_kick(AccelVcpu *accel_vcpu)
{
    KvmVcpu *vcpu = (KvmVcpu *)accel_vcpu;
    gint tid;

    g_atomic_int_set(&vcpu->kicked, 1);
    set_immediate_exit(vcpu, 1);
    tid = g_atomic_int_get(&vcpu->tid);
    /* A thread that has left meanwhile, or ended, does no harm: it is a signal without effect. */
    if (tid != 0)
        tgkill(getpid(), tid, KICK_SIGNAL);
}

/* The kick is answered now: its sender's words were written before, ours are read after. */
static void
answer_kick(KvmVcpu *vcpu)
{
    set_immediate_exit(vcpu, 0);
    (void)__atomic_exchange_n(&vcpu->kicked, 0, __ATOMIC_SEQ_CST);
}

/* The calling thread's id; at its first use lets the kick through. */
static gint
own_tid(void)
{
    static _Thread_local gint tid;

    if (tid == 0) {
        sigset_t kick;

        sigemptyset(&kick);
        sigaddset(&kick, KICK_SIGNAL);
        pthread_sigmask(SIG_UNBLOCK, &kick, NULL);
        tid = gettid();
    }
    return tid;
}

/* ---- running ------------------------------------------------------------------------------- */

typedef struct {
    guint32 reason;
    const char *name;
} ExitName;

static const ExitName exit_names[] = {
    {KVM_EXIT_UNKNOWN, "unknown"},
    {KVM_EXIT_EXCEPTION, "exception"},
    {KVM_EXIT_DEBUG, "debug"},
    {KVM_EXIT_SHUTDOWN, "shutdown"},
    {KVM_EXIT_FAIL_ENTRY, "failed entry"},
    {KVM_EXIT_INTERNAL_ERROR, "internal error"},
    {KVM_EXIT_WATCHDOG, "watchdog"},
    {KVM_EXIT_EPR, "external proxy"},
    {KVM_EXIT_SYSTEM_EVENT, "system event"},
};

static guint64
exit_detail(const struct kvm_run *run)
{
    switch (run->exit_reason) {
    case KVM_EXIT_UNKNOWN: return run->hw.hardware_exit_reason;
    case KVM_EXIT_FAIL_ENTRY: return run->fail_entry.hardware_entry_failure_reason;
    case KVM_EXIT_INTERNAL_ERROR: return run->internal.suberror;
    case KVM_EXIT_SYSTEM_EVENT: return run->system_event.type;
    default: return 0;
    }
}

static void
decode_failure(const struct kvm_run *run, AccelExit *exit)
{
    const char *name = "not known here";

    for (guint i = 0; i < G_N_ELEMENTS(exit_names); i++) {
        if (exit_names[i].reason == run->exit_reason)
            name = exit_names[i].name;
    }
    exit->kind = ACCEL_EXIT_FAILED;
    g_snprintf(exit->message, sizeof(exit->message),
               "KVM cannot go on: exit reason %u (%s), detail 0x%" G_GINT64_MODIFIER "x",
               run->exit_reason, name, exit_detail(run));
}

static void
decode_hcall(const struct kvm_run *run, AccelExit *exit)
{
    exit->kind = ACCEL_EXIT_HCALL;
    exit->hcall.nr = run->papr_hcall.nr;
    exit->hcall.ret = (gint64)run->papr_hcall.ret;
    for (guint i = 0; i < G_N_ELEMENTS(exit->hcall.args); i++)
        exit->hcall.args[i] = run->papr_hcall.args[i];
}

static void
decode_mmio(const struct kvm_run *run, AccelExit *exit)
{
    if (run->mmio.len > sizeof(exit->mmio.data)) {
        decode_failure(run, exit);
        return;
    }
    exit->kind = ACCEL_EXIT_MMIO;
    exit->mmio.gpa = run->mmio.phys_addr;
    exit->mmio.n = run->mmio.len;
    exit->mmio.is_write = run->mmio.is_write != 0;
    memset(exit->mmio.data, 0, sizeof(exit->mmio.data));
    if (exit->mmio.is_write)
        memcpy(exit->mmio.data, run->mmio.data, run->mmio.len);
}

void
kvm_exit_decode(const struct kvm_run *run, gint result, AccelExit *exit)
{
    exit->message[0] = '\0';
    if (result == -EINTR || result == -EAGAIN) {
        exit->kind = ACCEL_EXIT_INTR;
        return;
    }
    if (result == -EFAULT) {
        exit->kind = ACCEL_EXIT_GUEST_FAULT;
        g_strlcpy(exit->message,
                  "the guest touched a page that the host refuses: an ESB page of an absent "
                  "interrupt source, a closed TIMA page, or memory that cannot be backed",
                  sizeof(exit->message));
        return;
    }
    if (result < 0) {
        exit->kind = ACCEL_EXIT_FAILED;
        g_snprintf(exit->message, sizeof(exit->message), "KVM cannot run the vCPU: %s",
                   g_strerror(-result));
        return;
    }
    switch (run->exit_reason) {
    case KVM_EXIT_PAPR_HCALL: decode_hcall(run, exit); break;
    case KVM_EXIT_MMIO: decode_mmio(run, exit); break;
    case KVM_EXIT_INTR: exit->kind = ACCEL_EXIT_INTR; break;
    case KVM_EXIT_NMI:
        exit->kind = ACCEL_EXIT_CHECK;
        exit->check_recovered = (run->flags & KVM_PPC_NMI_DISPOSITION) == KVM_PPC_NMI_RECOVERED;
        break;
    default: decode_failure(run, exit); break;
    }
}

void
kvm_exit_encode(const AccelExit *exit, struct kvm_run *run)
{
    if (exit->kind == ACCEL_EXIT_HCALL) {
        run->papr_hcall.ret = (guint64)exit->hcall.ret;
        for (guint i = 0; i < G_N_ELEMENTS(exit->hcall.args); i++)
            run->papr_hcall.args[i] = exit->hcall.args[i];
    } else if (exit->kind == ACCEL_EXIT_MMIO && !run->mmio.is_write) {
        memcpy(run->mmio.data, exit->mmio.data, MIN(run->mmio.len, sizeof(run->mmio.data)));
    }
}

/* Where the guest stood, as far as the caller does not say it (accel.h). The address that it wanted
 * is KVM's secret: DAR is the guest's own register and holds that of its last interrupt. */
static void
add_place(KvmVcpu *vcpu, AccelExit *exit)
{
    gsize used = strlen(exit->message);
    g_autofree char *place = NULL;
    guint64 pc, lr, msr;

    if (kvm_vcpu_get(&vcpu->vcpu, VDEV_REG_PC, &pc) != 0 ||
        kvm_vcpu_get(&vcpu->vcpu, VDEV_REG_LR, &lr) != 0 ||
        kvm_vcpu_get(&vcpu->vcpu, VDEV_REG_MSR, &msr) != 0)
        return;
    if (exit->kind == ACCEL_EXIT_FAILED)
        place = g_strdup_printf("vCPU %u: pc 0x%" G_GINT64_MODIFIER "x ", vcpu->id, pc);
    g_snprintf(exit->message + used, sizeof(exit->message) - used,
               "; %slr 0x%" G_GINT64_MODIFIER "x msr 0x%" G_GINT64_MODIFIER "x",
               place == NULL ? "" : place, lr, msr);
}

/* One KVM_RUN: the results of the last exit go in, the next exit comes out. */
static void
enter(KvmVcpu *vcpu, AccelCall call, AccelExit *exit)
{
    gint result = kvm_regs_flush(vcpu);

    if (result < 0) {
        exit->kind = ACCEL_EXIT_FAILED;
        g_snprintf(exit->message, sizeof(exit->message), "vCPU %u: setting its registers: %s",
                   vcpu->id, g_strerror(-result));
        return;
    }
    if (exit->kind == vcpu->pending)
        kvm_exit_encode(exit, vcpu->run);
    result = kvm_door_ioctl(vcpu->kvm->fault, call, vcpu->fd, KVM_RUN, 0);
    kvm_regs_forget(vcpu);
    kvm_exit_decode(vcpu->run, result, exit);
    vcpu->pending = exit->kind == ACCEL_EXIT_HCALL || exit->kind == ACCEL_EXIT_MMIO
                        ? exit->kind
                        : ACCEL_EXIT_INTR;
}

void
kvm_vcpu_run(AccelVcpu *accel_vcpu, AccelExit *exit)
{
    KvmVcpu *vcpu = (KvmVcpu *)accel_vcpu;

    g_atomic_int_set(&vcpu->tid, own_tid());
    enter(vcpu, ACCEL_CALL_VCPU_RUN, exit);
    g_atomic_int_set(&vcpu->tid, 0);
    if (exit->kind == ACCEL_EXIT_INTR)
        answer_kick(vcpu);
    else if (exit->kind == ACCEL_EXIT_GUEST_FAULT || exit->kind == ACCEL_EXIT_FAILED)
        add_place(vcpu, exit);
}

void
kvm_vcpu_complete(AccelVcpu *accel_vcpu, AccelExit *exit)
{
    KvmVcpu *vcpu = (KvmVcpu *)accel_vcpu;

    if (vcpu->pending == ACCEL_EXIT_INTR) {
        exit->kind = ACCEL_EXIT_INTR;
        return;
    }
    set_immediate_exit(vcpu, 1);
    enter(vcpu, ACCEL_CALL_VCPU_COMPLETE, exit);
    /* A kick that came meanwhile is for the next run. */
    set_immediate_exit(vcpu, 0);
    if (g_atomic_int_get(&vcpu->kicked))
        set_immediate_exit(vcpu, 1);
}

/* The kernel has one switch for the VM, reached through any vCPU. */
gint
kvm_vcpu_enable_fwnmi(AccelVcpu *accel_vcpu)
{
    KvmVcpu *vcpu = (KvmVcpu *)accel_vcpu;
    struct kvm_enable_cap fwnmi = {.cap = KVM_CAP_PPC_FWNMI};

    return kvm_door_ioctl(vcpu->kvm->fault, ACCEL_CALL_VCPU_ENABLE_FWNMI, vcpu->fd, KVM_ENABLE_CAP,
                          (gulong)&fwnmi);
}

/* ---- beginning and end --------------------------------------------------------------------- */

void
kvm_vcpu_destroy(gpointer user)
{
    KvmVcpu *vcpu = user;

    if (vcpu->run != NULL)
        munmap(vcpu->run, vcpu->kvm->run_size);
    if (vcpu->fd >= 0)
        close(vcpu->fd);
    g_free(vcpu);
}

/* The processor is the host's and must be said so; PAPR hypercalls come out to us. */
static gint
set_up(KvmVcpu *vcpu)
{
    AccelFault *fault = vcpu->kvm->fault;
    struct kvm_enable_cap papr = {.cap = KVM_CAP_PPC_PAPR};
    KvmPpcSregs sregs;
    gint result;

    result =
        kvm_door_ioctl(fault, ACCEL_CALL_VCPU_NEW, vcpu->fd, KVM_PPC_IOC_GET_SREGS, (gulong)&sregs);
    if (result < 0)
        return result;
    sregs.pvr = vcpu->kvm->info.pvr;
    result =
        kvm_door_ioctl(fault, ACCEL_CALL_VCPU_NEW, vcpu->fd, KVM_PPC_IOC_SET_SREGS, (gulong)&sregs);
    if (result < 0)
        return result;
    return kvm_door_ioctl(fault, ACCEL_CALL_VCPU_NEW, vcpu->fd, KVM_ENABLE_CAP, (gulong)&papr);
}

/* What an earlier attempt got done is kept: the kernel makes a vCPU once. */
static gint
make(KvmVcpu *vcpu)
{
    Kvm *kvm = vcpu->kvm;
    gint result;

    if (vcpu->fd < 0) {
        result =
            kvm_door_ioctl(kvm->fault, ACCEL_CALL_VCPU_NEW, kvm->vm_fd, KVM_CREATE_VCPU, vcpu->id);
        if (result < 0)
            return result;
        vcpu->fd = result;
    }
    if (vcpu->run == NULL)
        vcpu->run =
            kvm_door_map(kvm->fault, ACCEL_CALL_VCPU_NEW, vcpu->fd, kvm->run_size, 0, &result);
    if (vcpu->run == NULL)
        return result;
    return set_up(vcpu);
}

static KvmVcpu *
find_or_add(Kvm *kvm, guint32 id)
{
    KvmVcpu *vcpu = g_hash_table_lookup(kvm->vcpus, GUINT_TO_POINTER(id));

    if (vcpu != NULL)
        return vcpu;
    vcpu = g_new0(KvmVcpu, 1);
    vcpu->vcpu.klass = &kvm_accel_class;
    vcpu->kvm = kvm;
    vcpu->id = id;
    vcpu->fd = -1;
    vcpu->parked = TRUE;
    g_hash_table_insert(kvm->vcpus, GUINT_TO_POINTER(id), vcpu);
    return vcpu;
}

AccelVcpu *
kvm_vcpu_new(Accel *accel, guint32 id, GError **error)
{
    Kvm *kvm = (Kvm *)accel;
    g_autofree char *what = g_strdup_printf("making vCPU %u", id);
    KvmVcpu *vcpu;
    gint result;

    if (id >= kvm->info.max_vcpus) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "%s: KVM here has ids below %u (capability 66, MAX_VCPUS)", what,
                    kvm->info.max_vcpus);
        return NULL;
    }
    vcpu = find_or_add(kvm, id);
    result = vcpu->parked ? 0 : -EEXIST;
    if (result == 0 && !vcpu->made)
        result = make(vcpu);
    if (result < 0) {
        kvm_error_errno(error, result, what);
        return NULL;
    }
    vcpu->made = TRUE;
    vcpu->parked = FALSE;
    return &vcpu->vcpu;
}

void
kvm_vcpu_free(AccelVcpu *accel_vcpu)
{
    KvmVcpu *vcpu = (KvmVcpu *)accel_vcpu;
    AccelExit exit = {.kind = ACCEL_EXIT_INTR};

    if (vcpu == NULL)
        return;
    /* The next life must not begin with the results of this one's last exit. */
    kvm_vcpu_complete(accel_vcpu, &exit);
    kvm_regs_forget(vcpu);
    answer_kick(vcpu);
    vcpu->pending = ACCEL_EXIT_INTR;
    vcpu->inherited = vcpu->kdev != NULL;
    vcpu->parked = TRUE;
}
