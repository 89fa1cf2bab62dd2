/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What of the KVM accelerator needs no KVM: the host check, the register map and its copy, exits,
 * slots, and the door through which all calls go.
 */
#include "vmm/accel/kvm.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define assert_says(text, words) g_assert_nonnull(strstr((text), (words)))

/* ---- the host ------------------------------------------------------------------------------ */

static const KvmHost good_host = {
    .machine = (char *)"ppc64le",
    .release = (char *)"6.1.0-50-powerpc64le",
    .platform = (char *)"PowerNV",
    .processor = (char *)"power9",
    .isa300 = TRUE,
    .pvr = 0x4e1202,
    .timebase_hz = 512000000,
    .page_shift = 16,
};

/* @user: the one capability that is missing. */
static gint
all_but_one(void *user, guint32 capability)
{
    return capability == GPOINTER_TO_UINT(user) ? 0 : 1;
}

static void
cpuinfo_lines_are_found_by_their_whole_key(void)
{
    const char *text = "processor\t: 0\ncpu\t\t: POWER9\n\ntimebase\t: 512000000\n"
                       "platform\t: PowerNV\nmodel\t\t: x : y\n";
    g_autofree char *timebase = kvm_cpuinfo_value(text, "timebase");
    g_autofree char *platform = kvm_cpuinfo_value(text, "platform");
    g_autofree char *model = kvm_cpuinfo_value(text, "model");

    g_assert_cmpstr(timebase, ==, "512000000");
    g_assert_cmpstr(platform, ==, "PowerNV");
    g_assert_cmpstr(model, ==, "x : y");
    g_assert_null(kvm_cpuinfo_value(text, "time"));
    g_assert_null(kvm_cpuinfo_value("", "timebase"));
}

static void
a_good_host_passes(void)
{
    g_autoptr(GError) error = NULL;

    g_assert_true(kvm_check_host(&good_host, &error));
    g_assert_true(kvm_check_capabilities(&good_host, all_but_one, NULL, &error));
    g_assert_no_error(error);
}

static void
host_is_refused(const KvmHost *host, const char *words)
{
    g_autoptr(GError) error = NULL;

    g_assert_false(kvm_check_host(host, &error));
    assert_says(error->message, words);
    g_assert_null(strchr(error->message, '\n'));
}

static void
a_host_that_cannot_is_told_why(void)
{
    KvmHost host = good_host;

    host.machine = (char *)"x86_64";
    host_is_refused(&host, "x86_64 machine is not POWER's: use a POWER9 host");
    host = good_host;
    host.isa300 = FALSE;
    host.processor = (char *)"power8";
    host_is_refused(&host, "power8");
    host = good_host;
    host.page_shift = 12;
    host_is_refused(&host, "pages of 4 KiB");
    host = good_host;
    host.timebase_hz = 0;
    host_is_refused(&host, "timebase");
}

static void
a_missing_capability_is_named_with_its_number(void)
{
    static const struct {
        guint32 number;
        const char *words;
    } missing[] = {
        {KVM_CAP_PPC_HTAB_FD, "modprobe kvm-hv"},
        {KVM_CAP_PPC_MMU_RADIX, "disable_radix"},
        {KVM_CAP_PPC_IRQ_XIVE, "xive=off"},
        {KVM_CAP_PPC_SMT, "PPC_SMT"},
        {KVM_CAP_PPC_PAPR, "PPC_PAPR"},
        {KVM_CAP_PPC_ENABLE_HCALL, "PPC_ENABLE_HCALL"},
        {KVM_CAP_USER_MEMORY, "USER_MEMORY"},
        {KVM_CAP_SYNC_MMU, "SYNC_MMU"},
        {KVM_CAP_ONE_REG, "ONE_REG"},
        {KVM_CAP_DEVICE_CTRL, "DEVICE_CTRL"},
        {KVM_CAP_IRQFD, "IRQFD"},
        {KVM_CAP_IMMEDIATE_EXIT, "IMMEDIATE_EXIT"},
    };

    for (guint i = 0; i < G_N_ELEMENTS(missing); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *number = g_strdup_printf("capability %u ", missing[i].number);

        g_assert_false(kvm_check_capabilities(&good_host, all_but_one,
                                              GUINT_TO_POINTER(missing[i].number), &error));
        assert_says(error->message, number);
        assert_says(error->message, missing[i].words);
    }
}

static void
xive_is_missing(KvmHost host, const char *words)
{
    g_autoptr(GError) error = NULL;

    g_assert_false(
        kvm_check_capabilities(&host, all_but_one, GUINT_TO_POINTER(KVM_CAP_PPC_IRQ_XIVE), &error));
    assert_says(error->message, "capability 169");
    assert_says(error->message, words);
}

static void
why_xive_is_missing_depends_on_the_host(void)
{
    KvmHost host = good_host;

    host.platform = (char *)"pSeries";
    xive_is_missing(host, "nested guests");
    host.platform = NULL;
    host.release = (char *)"5.1.21";
    xive_is_missing(host, "kernel 5.1.21 is too old");
    host.release = (char *)"4.19";
    xive_is_missing(host, "too old");
    host.release = (char *)"5.2.0-rc1";
    xive_is_missing(host, "CONFIG_KVM_XIVE");
    host.release = (char *)"10.0";
    xive_is_missing(host, "CONFIG_KVM_XIVE");
}

static gint
no_answer(void *user, guint32 capability)
{
    return -EBADF;
}

static void
a_check_that_fails_is_not_taken_for_an_absence(void)
{
    g_autoptr(GError) error = NULL;

    g_assert_false(kvm_check_capabilities(&good_host, no_answer, NULL, &error));
    assert_says(error->message, g_strerror(EBADF));
}

static void
opening_fails_with_advice(void)
{
    static const struct {
        gint errnum;
        const char *words;
    } cases[] = {{ENOENT, "modprobe kvm-hv"},
                 {ENODEV, "modprobe kvm-hv"},
                 {EACCES, "group kvm"},
                 {EPERM, "group kvm"},
                 {EMFILE, "Too many open"}};

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;

        kvm_error_opening(&good_host, -cases[i].errnum, &error);
        assert_says(error->message, "/dev/kvm: ");
        assert_says(error->message, cases[i].words);
    }
}

/* ---- options ------------------------------------------------------------------------------- */

static void
open_is_refused(const char *key, const char *value, GQuark domain, const char *words)
{
    g_autoptr(GHashTable) options = g_hash_table_new(g_str_hash, g_str_equal);
    AccelConfig config = {.options = options, .max_cpus = 1};
    g_autoptr(GError) error = NULL;

    if (key != NULL)
        g_hash_table_insert(options, (gpointer)key, (gpointer)value);
    g_assert_null(kvm_accel_class.open(&config, &error));
    g_assert_true(error->domain == domain);
    assert_says(error->message, words);
}

static void
wrong_options_are_refused_before_anything_is_opened(void)
{
    open_is_refused("dirty-ring", "1", G_OPTION_ERROR, "'dirty-ring'");
    open_is_refused("x-fault", "open:1", G_OPTION_ERROR, "CALL:N:ERRNO");
    open_is_refused("x-fault", "opens:1:EINVAL", G_OPTION_ERROR, "'opens'");
    open_is_refused("x-fault", "open:0:EINVAL", G_OPTION_ERROR, "'0'");
    open_is_refused("x-fault", "open:x:EINVAL", G_OPTION_ERROR, "'x'");
    open_is_refused("x-fault", "open:1:EWHAT", G_OPTION_ERROR, "'EWHAT'");
    open_is_refused("x-fault", "open:1:22", G_OPTION_ERROR, "'22'");
}

static void
this_machine_says_what_it_lacks(void)
{
#if defined(__powerpc64__)
    g_test_skip("this is a POWER machine: kvm-probe speaks with its KVM");
#else
    open_is_refused(NULL, NULL, G_FILE_ERROR, "is not POWER's");
#endif
    kvm_accel_class.close(NULL);
    kvm_accel_class.vcpu_free(NULL);
    kvm_accel_class.kdev_free(NULL);
    kvm_accel_class.region_free(NULL);
}

/* ---- the door ------------------------------------------------------------------------------ */

static void
the_nth_call_of_a_kind_fails_and_no_other(void)
{
    g_autoptr(AccelFault) fault = accel_fault_new("kdev_set:3:EBUSY", NULL);

    g_assert_nonnull(fault);
    for (gint i = 1; i <= 5; i++) {
        g_assert_cmpint(accel_fault_strikes(fault, ACCEL_CALL_KDEV_GET), ==, 0);
        g_assert_cmpint(accel_fault_strikes(fault, ACCEL_CALL_KDEV_SET), ==, i == 3 ? -EBUSY : 0);
    }
    g_assert_null(accel_fault_report(fault));
    g_assert_cmpint(accel_fault_strikes(NULL, ACCEL_CALL_OPEN), ==, 0);
}

static void
any_counts_calls_of_all_kinds(void)
{
    g_autoptr(AccelFault) fault = accel_fault_new("any:2:ENOMEM", NULL);

    g_assert_cmpint(accel_fault_strikes(fault, ACCEL_CALL_OPEN), ==, 0);
    g_assert_cmpint(accel_fault_strikes(fault, ACCEL_CALL_IRQFD), ==, -ENOMEM);
    g_assert_cmpint(accel_fault_strikes(fault, ACCEL_CALL_IRQFD), ==, 0);
}

static void
counting_fails_nothing_and_reports_every_kind(void)
{
    g_autoptr(AccelFault) fault = accel_fault_new("count", NULL);
    g_autofree char *report = NULL;
    g_auto(GStrv) lines = NULL;

    for (guint i = 0; i < 7; i++)
        g_assert_cmpint(accel_fault_strikes(fault, ACCEL_CALL_VCPU_RUN), ==, 0);
    g_assert_cmpint(accel_fault_strikes(fault, ACCEL_CALL_OPEN), ==, 0);
    report = accel_fault_report(fault);
    assert_says(report, "x-fault: open 1\n");
    assert_says(report, "x-fault: vcpu_run 7\n");
    assert_says(report, "x-fault: any 8\n");
    lines = g_strsplit(report, "\n", -1);
    g_assert_cmpuint(g_strv_length(lines), ==, ACCEL_CALL_N + 2);
    for (guint i = 0; i < ACCEL_CALL_N; i++) /* each name can be asked for */
    {
        g_auto(GStrv) words = g_strsplit(lines[i], " ", -1);
        g_autofree char *spec = g_strdup_printf("%s:1:EIO", words[1]);
        g_autoptr(AccelFault) named = accel_fault_new(spec, NULL);

        g_assert_nonnull(named);
        g_assert_cmpint(accel_fault_strikes(named, (AccelCall)i), ==, -EIO);
    }
}

static void
an_injected_failure_does_not_reach_the_kernel(void)
{
    g_autoptr(AccelFault) fault = accel_fault_new("open:1:EACCES", NULL);
    gint fd, errnum = 0;

    g_assert_cmpint(kvm_door_open(fault, ACCEL_CALL_OPEN, "/dev/null"), ==, -EACCES);
    fd = kvm_door_open(fault, ACCEL_CALL_OPEN, "/dev/zero");
    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(kvm_door_open(fault, ACCEL_CALL_OPEN, "/no/such"), ==, -ENOENT);
    g_assert_cmpint(kvm_door_ioctl(NULL, ACCEL_CALL_OPEN, fd, KVM_GET_API_VERSION, 0), ==, -ENOTTY);
    g_assert_null(kvm_door_map(NULL, ACCEL_CALL_REGION_NEW, -1, 4096, 0, &errnum));
    g_assert_cmpint(errnum, ==, -EBADF);
    close(fd);
}

/* ---- registers ----------------------------------------------------------------------------- */

static void
every_core_register_has_a_place_of_its_own(void)
{
    KvmPpcRegs regs = {0};
    g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);

    for (guint n = 0; n < VDEV_REG_CORE_N; n++) {
        guint64 reg = VDEV_REG_CORE(n);
        guint64 *field = kvm_regs_field(&regs, reg);

        if (reg == VDEV_REG_PVR || reg == VDEV_REG_CORE_PID) {
            g_assert_null(field); /* of the other structure; a one-reg */
            continue;
        }
        g_assert_nonnull(field);
        g_assert_true((guint8 *)field >= (guint8 *)&regs);
        g_assert_true((guint8 *)(field + 1) <= (guint8 *)(&regs + 1));
        g_assert_true(g_hash_table_add(seen, field));
    }
    g_assert_true(kvm_regs_field(&regs, VDEV_REG_GPR(31)) == &regs.gpr[31]);
    g_assert_true(kvm_regs_field(&regs, VDEV_REG_PC) == &regs.pc);
    g_assert_true(kvm_regs_field(&regs, VDEV_REG_XER) == &regs.xer);
    g_assert_true(kvm_regs_field(&regs, VDEV_REG_SRR1) == &regs.srr1);
    g_assert_true(kvm_regs_field(&regs, VDEV_REG_SPRG(7)) == &regs.sprg[7]);
    g_assert_null(kvm_regs_field(&regs, VDEV_REG_CORE(VDEV_REG_CORE_N)));
    g_assert_null(kvm_regs_field(&regs, VDEV_REG_LPCR));
}

/* A vCPU whose descriptor is a file that knows no KVM call. */
static void
bare_vcpu(Kvm *kvm, KvmVcpu *vcpu)
{
    *kvm = (Kvm){.fault = accel_fault_new("count", NULL)};
    *vcpu = (KvmVcpu){.kvm = kvm, .fd = 0};
    vcpu->fd = kvm_door_open(NULL, ACCEL_CALL_OPEN, "/dev/null");
}

static void
bare_vcpu_clear(Kvm *kvm, KvmVcpu *vcpu, const char *last_report)
{
    g_autofree char *report = accel_fault_report(kvm->fault);

    assert_says(report, last_report);
    close(vcpu->fd);
    accel_fault_free(kvm->fault);
}

static void
core_registers_cost_no_call_until_the_next_entry(void)
{
    guint64 value = 0x1234, back = 0;
    KvmVcpu vcpu;
    Kvm kvm;

    bare_vcpu(&kvm, &vcpu);
    vcpu.regs_valid = TRUE; /* as after the first access */
    vcpu.regs.lr = 77;
    g_assert_cmpint(kvm_vcpu_get(&vcpu.vcpu, VDEV_REG_LR, &back), ==, 0);
    g_assert_cmpuint(back, ==, 77);
    g_assert_cmpint(kvm_regs_flush(&vcpu), ==, 0); /* nothing changed, nothing to write */
    g_assert_cmpint(kvm_vcpu_set(&vcpu.vcpu, VDEV_REG_GPR(3), &value), ==, 0);
    g_assert_cmpint(kvm_vcpu_get(&vcpu.vcpu, VDEV_REG_GPR(3), &back), ==, 0);
    g_assert_cmphex(back, ==, 0x1234);
    g_assert_cmpint(kvm_regs_flush(&vcpu), ==, -ENOTTY); /* one call, refused by this descriptor */
    g_assert_true(vcpu.regs_dirty);                      /* and not taken for done */
    bare_vcpu_clear(&kvm, &vcpu, "x-fault: any 1\n");
}

static void
a_register_that_cannot_be_read_is_not_changed(void)
{
    guint64 value = 5;
    KvmVcpu vcpu;
    Kvm kvm;

    bare_vcpu(&kvm, &vcpu);
    g_assert_cmpint(kvm_vcpu_get(&vcpu.vcpu, VDEV_REG_PC, &value), ==, -ENOTTY);
    g_assert_cmpint(kvm_vcpu_set(&vcpu.vcpu, VDEV_REG_PC, &value), ==, -ENOTTY);
    g_assert_cmpint(kvm_vcpu_get(&vcpu.vcpu, VDEV_REG_PVR, &value), ==, -ENOTTY);
    g_assert_cmpint(kvm_vcpu_set(&vcpu.vcpu, VDEV_REG_LPCR, &value), ==, -ENOTTY);
    g_assert_cmpuint(value, ==, 5);
    g_assert_false(vcpu.regs_dirty || vcpu.regs_valid);
    bare_vcpu_clear(&kvm, &vcpu, "x-fault: any 4\n");
}

static void
both_names_of_pid_mean_the_kernels_after_the_copy_is_written(void)
{
    static const guint64 names[] = {VDEV_REG_PID, VDEV_REG_CORE_PID};
    guint64 value = 5;
    KvmVcpu vcpu;
    Kvm kvm;

    bare_vcpu(&kvm, &vcpu);
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        vcpu.regs_valid = vcpu.regs_dirty = TRUE;
        /* first the copy is written back, which this descriptor refuses */
        g_assert_cmpint(kvm_vcpu_set(&vcpu.vcpu, names[i], &value), ==, -ENOTTY);
        g_assert_true(vcpu.regs_dirty);
        vcpu.regs_dirty = FALSE;
        g_assert_cmpint(kvm_vcpu_get(&vcpu.vcpu, names[i], &value), ==, -ENOTTY);
        g_assert_false(vcpu.regs_valid);
    }
    bare_vcpu_clear(&kvm, &vcpu, "x-fault: vcpu_get 2\nx-fault: vcpu_set 2\n");
}

/* ---- exits --------------------------------------------------------------------------------- */

static void
exits_are_told_apart(void)
{
    struct kvm_run run = {.exit_reason = KVM_EXIT_INTR};
    AccelExit exit = {0};

    kvm_exit_decode(&run, -EINTR, &exit);
    g_assert_cmpint(exit.kind, ==, ACCEL_EXIT_INTR);
    kvm_exit_decode(&run, 0, &exit);
    g_assert_cmpint(exit.kind, ==, ACCEL_EXIT_INTR);
    run.exit_reason = 0;
    kvm_exit_decode(&run, -EFAULT, &exit);
    g_assert_cmpint(exit.kind, ==, ACCEL_EXIT_GUEST_FAULT);
    assert_says(exit.message, "ESB");
    kvm_exit_decode(&run, -ENOMEM, &exit);
    g_assert_cmpint(exit.kind, ==, ACCEL_EXIT_FAILED);
    assert_says(exit.message, g_strerror(ENOMEM));
    run.exit_reason = KVM_EXIT_FAIL_ENTRY;
    run.fail_entry.hardware_entry_failure_reason = 0xabc;
    kvm_exit_decode(&run, 0, &exit);
    g_assert_cmpint(exit.kind, ==, ACCEL_EXIT_FAILED);
    assert_says(exit.message, "reason 9 (failed entry), detail 0xabc");
    run.exit_reason = 4711;
    kvm_exit_decode(&run, 0, &exit);
    assert_says(exit.message, "reason 4711");
}

static void
a_hypercall_goes_out_and_its_results_come_back(void)
{
    struct kvm_run run = {.exit_reason = KVM_EXIT_PAPR_HCALL};
    AccelExit exit = {0};

    run.papr_hcall.nr = 0xf000;
    for (guint i = 0; i < 9; i++)
        run.papr_hcall.args[i] = 100 + i;
    kvm_exit_decode(&run, 0, &exit);
    g_assert_cmpint(exit.kind, ==, ACCEL_EXIT_HCALL);
    g_assert_cmphex(exit.hcall.nr, ==, 0xf000);
    g_assert_cmpuint(exit.hcall.args[8], ==, 108);
    exit.hcall.ret = -2;
    exit.hcall.args[0] = 7;
    kvm_exit_encode(&exit, &run);
    g_assert_cmpint((gint64)run.papr_hcall.ret, ==, -2);
    g_assert_cmpuint(run.papr_hcall.args[0], ==, 7);
    g_assert_cmpuint(run.papr_hcall.args[8], ==, 108);
}

static void
mmio_data_flows_the_way_of_the_access(void)
{
    struct kvm_run run = {.exit_reason = KVM_EXIT_MMIO};
    AccelExit exit = {0};

    run.mmio.phys_addr = 0x6000000000000;
    run.mmio.len = 4;
    run.mmio.is_write = 1;
    memcpy(run.mmio.data, "abcdefgh", 8);
    kvm_exit_decode(&run, 0, &exit);
    g_assert_cmpint(exit.kind, ==, ACCEL_EXIT_MMIO);
    g_assert_cmpuint(exit.mmio.n, ==, 4);
    g_assert_cmphex(exit.mmio.gpa, ==, 0x6000000000000);
    g_assert_cmpmem(exit.mmio.data, 8, "abcd\0\0\0\0", 8);
    memset(exit.mmio.data, 'z', 8);
    kvm_exit_encode(&exit, &run);
    g_assert_cmpmem(run.mmio.data, 4, "abcd", 4);
    run.mmio.is_write = 0;
    kvm_exit_decode(&run, 0, &exit);
    g_assert_cmpmem(exit.mmio.data, 4, "\0\0\0\0", 4);
    memset(exit.mmio.data, 'z', 8);
    kvm_exit_encode(&exit, &run);
    g_assert_cmpmem(run.mmio.data, 8, "zzzzefgh", 8);
    run.mmio.len = 9;
    kvm_exit_decode(&run, 0, &exit);
    g_assert_cmpint(exit.kind, ==, ACCEL_EXIT_FAILED);
}

static void
a_machine_check_goes_out_with_what_is_left_of_it(void)
{
    static const struct {
        guint16 flags;
        gboolean recovered;
    } exits[] = {{0, FALSE}, {1, TRUE}, {2, FALSE}, {3, FALSE}, {4 | 1, TRUE}};

    for (guint i = 0; i < G_N_ELEMENTS(exits); i++) {
        struct kvm_run run = {.exit_reason = KVM_EXIT_NMI, .flags = exits[i].flags};
        AccelExit exit = {.check_recovered = !exits[i].recovered};

        kvm_exit_decode(&run, 0, &exit);
        g_assert_cmpint(exit.kind, ==, ACCEL_EXIT_CHECK);
        g_assert_cmpint(exit.check_recovered, ==, exits[i].recovered);
    }
}

/* ---- slots and regions --------------------------------------------------------------------- */

static void
a_dirty_log_needs_the_flag_and_room_for_its_bits(void)
{
    KvmSlot slot = {.size = 65 * 0x10000, .flags = 0};
    Kvm kvm = {.info.host_page_shift = 16};
    guint64 words[2] = {0};

    kvm.vm_fd = kvm_door_open(NULL, ACCEL_CALL_OPEN, "/dev/null");
    kvm.slots = g_hash_table_new(NULL, NULL);
    g_assert_cmpint(kvm_dirty_log_get(&kvm.accel, 1, words, 2), ==, -ENOENT);
    g_hash_table_insert(kvm.slots, GUINT_TO_POINTER(1), &slot);
    g_assert_cmpint(kvm_dirty_log_get(&kvm.accel, 1, words, 2), ==, -ENOENT);
    slot.flags = ACCEL_MEM_LOG_DIRTY;
    g_assert_cmpint(kvm_dirty_log_get(&kvm.accel, 1, words, 1), ==, -EINVAL);
    g_assert_cmpint(kvm_dirty_log_get(&kvm.accel, 1, words, 2), ==, -ENOTTY); /* asked */
    g_assert_cmpint(kvm_memory_set(&kvm.accel, 1, 0, 0x10000, words, 2), ==, -EINVAL);
    g_hash_table_destroy(kvm.slots);
    close(kvm.vm_fd);
}

static void
a_refused_page_is_explained(void)
{
    static const struct {
        guint64 page_offset, offset;
        const char *words;
    } pages[] = {
        {0, 0x00000, "TIMA's hardware page"},
        {0, 0x1fff8, "TIMA's hypervisor page"},
        {0, 0x30000, "TIMA's user page"},
        {4, 0x00000, "source 0x0 is not initialised in KVM, so it has no ESB trigger"},
        {4, 0x10800, "source 0x0 is not initialised in KVM, so it has no ESB management"},
        {4, 0x1001 * G_GUINT64_CONSTANT(0x20000) + 0xc00, "source 0x1001 is not"},
        {4 + 2 * 0x1100, 0x20000, "source 0x1101 is not"},
    };

    for (guint i = 0; i < G_N_ELEMENTS(pages); i++) {
        g_autofree char *why =
            kvm_region_explain(VDEV_KDEV_XIVE, pages[i].page_offset, pages[i].offset, 16);

        assert_says(why, pages[i].words);
    }
}

typedef struct {
    const char *name;
    void (*run)(void);
} Case;

#define CASE(function)              \
    {                               \
        "/kvm/" #function, function \
    }

static const Case cases[] = {
    CASE(cpuinfo_lines_are_found_by_their_whole_key),
    CASE(a_good_host_passes),
    CASE(a_host_that_cannot_is_told_why),
    CASE(a_missing_capability_is_named_with_its_number),
    CASE(why_xive_is_missing_depends_on_the_host),
    CASE(a_check_that_fails_is_not_taken_for_an_absence),
    CASE(opening_fails_with_advice),
    CASE(wrong_options_are_refused_before_anything_is_opened),
    CASE(this_machine_says_what_it_lacks),
    CASE(the_nth_call_of_a_kind_fails_and_no_other),
    CASE(any_counts_calls_of_all_kinds),
    CASE(counting_fails_nothing_and_reports_every_kind),
    CASE(an_injected_failure_does_not_reach_the_kernel),
    CASE(every_core_register_has_a_place_of_its_own),
    CASE(core_registers_cost_no_call_until_the_next_entry),
    CASE(a_register_that_cannot_be_read_is_not_changed),
    CASE(both_names_of_pid_mean_the_kernels_after_the_copy_is_written),
    CASE(exits_are_told_apart),
    CASE(a_hypercall_goes_out_and_its_results_come_back),
    CASE(mmio_data_flows_the_way_of_the_access),
    CASE(a_machine_check_goes_out_with_what_is_left_of_it),
    CASE(a_dirty_log_needs_the_flag_and_room_for_its_bits),
    CASE(a_refused_page_is_explained),
};

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
        g_test_add_func(cases[i].name, cases[i].run);
    return g_test_run();
}
