/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guarded accesses to device memory.
 *
 * The kernel answers an access to a page that its device refuses with SIGBUS. Here that becomes
 * FALSE: the access names its address to the thread's guard, the handler jumps back if the fault
 * is at that address, and hands every other fault to whoever handled SIGBUS before.
 *
 * A signal's disposition belongs to the process, so the two statics below do too: the earlier
 * disposition, written once, and each thread's own guard.
 */
#include "vmm/accel/kvm.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>

typedef struct {
    sigjmp_buf back;
    const guint8 *address; /* of the 8 bytes accessed */
} Guard;

static struct sigaction earlier;
static _Thread_local Guard *volatile current;

static void
pass_on(int number, siginfo_t *info, void *context)
{
    if (earlier.sa_flags & SA_SIGINFO) {
        earlier.sa_sigaction(number, info, context);
        return;
    }
    if (earlier.sa_handler != SIG_DFL && earlier.sa_handler != SIG_IGN) {
        earlier.sa_handler(number);
        return;
    }
    /* Die as if nobody had been here; a fault cannot be ignored. */
    signal(number, SIG_DFL);
    raise(number);
}

static void
on_bus_error(int number, siginfo_t *info, void *context)
{
    Guard *guard = current;
    const guint8 *at = info->si_addr;

    /* si_code > 0: a fault, not somebody's kill. */
    if (guard != NULL && info->si_code > 0 && at >= guard->address && at < guard->address + 8) {
        current = NULL;
        siglongjmp(guard->back, 1);
    }
    pass_on(number, info, context);
}

/* The mask stays as it is in the handler (SA_NODEFER), so jumping out need not restore it, and an
 * access costs no call to the kernel. */
static gpointer
install(gpointer data)
{
    struct sigaction action = {.sa_sigaction = on_bus_error,
                               .sa_flags = SA_SIGINFO | SA_NODEFER | SA_RESTART};

    if (sigaction(SIGBUS, NULL, &earlier) != 0 || sigaction(SIGBUS, &action, NULL) != 0)
        return GINT_TO_POINTER(errno);
    return NULL;
}

gboolean
kvm_guard_install(GError **error)
{
    static GOnce once = G_ONCE_INIT;
    gint errnum = GPOINTER_TO_INT(g_once(&once, install, NULL));

    if (errnum != 0) {
        kvm_error_errno(error, -errnum, "guarding accesses to device pages");
        return FALSE;
    }
    return TRUE;
}

/* sync: what memory holds is seen by the device first. isync after a trap that never comes: the
 * value is there before anything else is done. */
static inline guint64
device_load(const volatile guint8 *address)
{
#if defined(__powerpc64__)
    guint64 value;

    __asm__ volatile("sync; ld %0,0(%1); twi 0,%0,0; isync"
                     : "=r"(value)
                     : "b"(address)
                     : "memory");
    return value;
#else
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return *(const volatile guint64 *)(const volatile void *)address;
#endif
}

static inline void
device_store(volatile guint8 *address, guint64 value)
{
#if defined(__powerpc64__)
    __asm__ volatile("sync; std %0,0(%1)" : : "r"(value), "b"(address) : "memory");
#else
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    *(volatile guint64 *)(volatile void *)address = value;
#endif
}

gboolean
kvm_guard_load64(const guint8 *address, guint64 *value)
{
    Guard guard = {.address = address};
    guint64 word;

    if (sigsetjmp(guard.back, 0) != 0)
        return FALSE;
    current = &guard;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    word = device_load(address);
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    current = NULL;
    *value = GUINT64_FROM_BE(word);
    return TRUE;
}

gboolean
kvm_guard_store64(guint8 *address, guint64 value)
{
    Guard guard = {.address = address};

    if (sigsetjmp(guard.back, 0) != 0)
        return FALSE;
    current = &guard;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    device_store(address, GUINT64_TO_BE(value));
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    current = NULL;
    return TRUE;
}
