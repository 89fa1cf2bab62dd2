/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Can this host run the guest? Everything KVM must offer is asked before anything is built, and
 * what is missing is named with its capability number and what the operator can do.
 *
 * Source: Linux Documentation/virt/kvm/api.rst; powerpc's answers to KVM_CHECK_EXTENSION.
 */
#include "vmm/accel/kvm.h"

#include <errno.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/utsname.h>
#include <unistd.h>

#define XIVE_PAGE_SHIFT 16u /* of the interrupt controller's pages, which are mapped one to one */

#define HWCAP2_ISA300 0x00800000ul /* PPC_FEATURE2_ARCH_3_00, asm/cputable.h */

typedef struct {
    guint32 number;
    const char *name;
    const char *advice;
} Capability;

/* In this order: the first one that is missing is the likeliest cause of the others. */
static const Capability capabilities[] = {
    {KVM_CAP_PPC_HTAB_FD, "KVM-HV", "only KVM-PR is loaded; load kvm-hv (modprobe kvm-hv)"},
    {KVM_CAP_PPC_MMU_RADIX, "PPC_MMU_RADIX",
     "this kernel runs with hash page tables; boot it without disable_radix"},
    {KVM_CAP_PPC_IRQ_XIVE, "PPC_IRQ_XIVE", NULL /* kvm_xive_advice() */},
    {KVM_CAP_PPC_SMT, "PPC_SMT", "use a newer kernel"},
    {KVM_CAP_PPC_PAPR, "PPC_PAPR", "use a newer kernel"},
    {KVM_CAP_PPC_ENABLE_HCALL, "PPC_ENABLE_HCALL", "use a newer kernel"},
    {KVM_CAP_USER_MEMORY, "USER_MEMORY", "use a newer kernel"},
    {KVM_CAP_SYNC_MMU, "SYNC_MMU", "use a kernel with CONFIG_MMU_NOTIFIER"},
    {KVM_CAP_ONE_REG, "ONE_REG", "use a newer kernel"},
    {KVM_CAP_DEVICE_CTRL, "DEVICE_CTRL", "use a newer kernel"},
    {KVM_CAP_IRQFD, "IRQFD", "use a kernel with CONFIG_HAVE_KVM_IRQFD"},
    {KVM_CAP_IMMEDIATE_EXIT, "IMMEDIATE_EXIT", "use a newer kernel (4.11 or later)"},
};

char *
kvm_cpuinfo_value(const char *text, const char *key)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    for (char **line = lines; *line != NULL; line++) {
        char *colon = strchr(*line, ':');

        if (colon == NULL)
            continue;
        *colon = '\0';
        if (strcmp(g_strchomp(*line), key) == 0)
            return g_strdup(g_strstrip(colon + 1));
    }
    return NULL;
}

static guint32
read_pvr(void)
{
#if defined(__powerpc64__)
    gulong pvr;

    /* The kernel answers this privileged read for a program. */
    __asm__("mfspr %0,287" : "=r"(pvr));
    return (guint32)pvr;
#else
    return 0;
#endif
}

void
kvm_host_init(KvmHost *host)
{
    g_autofree char *cpuinfo = NULL;
    g_autofree char *timebase = NULL;
    struct utsname name;

    *host = (KvmHost){.page_shift = (guint32)__builtin_ctzl((gulong)sysconf(_SC_PAGESIZE))};
    if (uname(&name) == 0) {
        host->machine = g_strdup(name.machine);
        host->release = g_strdup(name.release);
    }
#if defined(__powerpc64__)
    host->processor = g_strdup((const char *)getauxval(AT_PLATFORM));
    host->isa300 = (getauxval(AT_HWCAP2) & HWCAP2_ISA300) != 0;
#endif
    host->pvr = read_pvr();
    if (!g_file_get_contents("/proc/cpuinfo", &cpuinfo, NULL, NULL))
        return;
    host->platform = kvm_cpuinfo_value(cpuinfo, "platform");
    timebase = kvm_cpuinfo_value(cpuinfo, "timebase");
    if (timebase != NULL)
        host->timebase_hz = g_ascii_strtoull(timebase, NULL, 10);
}

void
kvm_host_clear(KvmHost *host)
{
    g_free(host->machine);
    g_free(host->release);
    g_free(host->platform);
    g_free(host->processor);
    *host = (KvmHost){0};
}

static const char *
known(const char *text)
{
    return text != NULL ? text : "unknown";
}

static gboolean
is_nested(const KvmHost *host)
{
    return host->platform != NULL && strcmp(host->platform, "pSeries") == 0;
}

gboolean
kvm_check_host(const KvmHost *host, GError **error)
{
    if (host->machine == NULL || !g_str_has_prefix(host->machine, "ppc64")) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOSYS,
                    "KVM on this %s machine is not POWER's: use a POWER9 host",
                    known(host->machine));
        return FALSE;
    }
    if (!host->isa300) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOSYS,
                    "this processor (%s, PVR 0x%08x) has no XIVE: use a POWER9 or later host",
                    known(host->processor), host->pvr);
        return FALSE;
    }
    if (host->page_shift != XIVE_PAGE_SHIFT) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOSYS,
                    "this kernel has pages of %u KiB, XIVE's are %u KiB and are mapped one to one: "
                    "boot a kernel with CONFIG_PPC_64K_PAGES",
                    1u << (host->page_shift - 10), 1u << (XIVE_PAGE_SHIFT - 10));
        return FALSE;
    }
    if (host->timebase_hz == 0) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOENT,
                    "/proc/cpuinfo has no line 'timebase': mount /proc, or use another kernel");
        return FALSE;
    }
    return TRUE;
}

static gboolean
older_than(const char *release, guint64 major, guint64 minor)
{
    char *rest;
    guint64 ours;

    if (release == NULL)
        return FALSE;
    ours = g_ascii_strtoull(release, &rest, 10);
    if (ours != major || *rest != '.')
        return ours < major;
    return g_ascii_strtoull(rest + 1, NULL, 10) < minor;
}

/* The kernel offers its XIVE device only on bare metal, from 5.2, with firmware that can save it.
 */
static char *
kvm_xive_advice(const KvmHost *host)
{
    if (is_nested(host))
        return g_strdup("this host is itself a guest (platform pSeries) and nested guests have no "
                        "XIVE device: run on bare metal");
    if (older_than(host->release, 5, 2))
        return g_strdup_printf("kernel %s is too old: use 5.2 or later", host->release);
    return g_strdup("boot without xive=off, a kernel with CONFIG_KVM_XIVE, and firmware that has "
                    "OPAL_XIVE_GET_QUEUE_STATE");
}

gboolean
kvm_check_capabilities(const KvmHost *host, KvmCheckFunc check, void *user, GError **error)
{
    for (guint i = 0; i < G_N_ELEMENTS(capabilities); i++) {
        const Capability *cap = &capabilities[i];
        g_autofree char *advice = NULL;
        gint answer = check(user, cap->number);

        if (answer > 0)
            continue;
        if (answer < 0) {
            g_autofree char *what =
                g_strdup_printf("asking KVM for capability %u (%s)", cap->number, cap->name);

            kvm_error_errno(error, answer, what);
            return FALSE;
        }
        advice = cap->advice != NULL ? g_strdup(cap->advice) : kvm_xive_advice(host);
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOSYS, "KVM lacks capability %u (%s): %s",
                    cap->number, cap->name, advice);
        return FALSE;
    }
    return TRUE;
}

void
kvm_error_opening(const KvmHost *host, gint errnum, GError **error)
{
    const char *advice = NULL;

    switch (-errnum) {
    case ENOENT:
    case ENXIO:
    case ENODEV:
        advice = is_nested(host) ? "this host is itself a guest; run on a bare-metal POWER9"
                                 : "load kvm-hv (modprobe kvm-hv), or use a kernel with "
                                   "CONFIG_KVM_BOOK3S_64_HV";
        break;
    case EACCES:
    case EPERM: advice = "add this user to the group kvm and log in again, or run as root"; break;
    default: break;
    }
    g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(-errnum), "/dev/kvm: %s%s%s",
                g_strerror(-errnum), advice != NULL ? ": " : "", advice != NULL ? advice : "");
}

void
kvm_error_errno(GError **error, gint errnum, const char *what)
{
    g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(-errnum), "%s: %s", what,
                g_strerror(-errnum));
}
