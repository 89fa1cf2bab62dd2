/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * VdevHost over Vm: what a module may ask, answered. host*.c are the only files that see both
 * sides; this one has the base, memory, console and timer groups.
 */
#include "vmm/guestmem.h"
#include "vmm/vm-priv.h"

/* ---- base ---------------------------------------------------------------------------------- */

static void
host_log(const VdevHost *host, VdevLogKind kind, const char *message)
{
    log_message(host_vm(host)->log, kind, message);
}

static gboolean
host_log_enabled(const VdevHost *host, VdevLogKind kind)
{
    return log_enabled(host_vm(host)->log, kind);
}

static void
host_request_shutdown(const VdevHost *host, VdevShutdownCause cause)
{
    vm_request_shutdown(host_vm(host), cause == VDEV_SHUTDOWN_GUEST,
                        cause == VDEV_SHUTDOWN_GUEST ? 0 : 1);
    vm_rest_caller(host_vm(host));
}

static void
host_request_reset(const VdevHost *host)
{
    vm_request_reset(host_vm(host), TRUE);
    vm_rest_caller(host_vm(host));
}

static void
pause_asked(Vm *vm, void *data)
{
    g_autoptr(GError) error = NULL;

    if (!vm_stop(vm, RUN_STATE_PAUSED, &error))
        log_printf(vm->log, VDEV_LOG_WARNING, "the machine did not pause: %s", error->message);
}

static void
host_request_pause(const VdevHost *host)
{
    vm_run_errand(host_vm(host), pause_asked, NULL, NULL);
    vm_rest_all(host_vm(host));
}

static void
host_guest_panicked(const VdevHost *host, const char *message)
{
    vm_request_panic(host_vm(host), message);
    vm_rest_caller(host_vm(host));
}

static gint64
host_wall_clock_ns(const VdevHost *host)
{
    return g_get_real_time() * 1000;
}

#define GIVEN_MAX (1u << 20) /* bytes of a thing in memory: an event queue, an area of a vCPU */

/* ---- memory -------------------------------------------------------------------------------- */

static gboolean
host_guest_read(const VdevHost *host, guint64 gpa, void *buffer, gsize n)
{
    return vm_await_memory(host_vm(host), gpa, n) &&
           guestmem_read(host_vm(host)->ram, gpa, buffer, n);
}

static gboolean
host_guest_write(const VdevHost *host, guint64 gpa, const void *buffer, gsize n)
{
    return vm_await_memory(host_vm(host), gpa, n) &&
           guestmem_write(host_vm(host)->ram, gpa, buffer, n);
}

static gboolean
host_guest_is_ram(const VdevHost *host, guint64 gpa, guint64 n)
{
    gboolean is_ram = guestmem_is_ram(host_vm(host)->ram, gpa, n);

    /* Who asks is about to give it to the accelerator, which would wait for it. */
    if (is_ram && n <= GIVEN_MAX)
        (void)vm_await_memory(host_vm(host), gpa, n);
    return is_ram;
}

static gboolean
host_ram_register_main(const VdevHost *host, const char *name, guint64 gpa, GError **error)
{
    return vm_memory_register_main(host_vm(host), name, gpa, error);
}

static void
host_ram_discard(const VdevHost *host)
{
    /* Where it cannot be given back (huge pages, a shared file) the guest finds its old bytes, as
     * after a warm start of real hardware; the boot files are loaded over them. */
    (void)ram_block_discard(host_vm(host)->main_ram);
}

static gboolean
host_boot_kernel(const VdevHost *host, guint64 offset, GError **error)
{
    return boot_load_kernel(host_vm(host)->boot, host_vm(host)->ram, offset, error);
}

static gboolean
host_boot_initrd(const VdevHost *host, guint64 gpa, GError **error)
{
    return boot_load_initrd(host_vm(host)->boot, host_vm(host)->ram, gpa, error);
}

/* ---- console ------------------------------------------------------------------------------- */

static void
host_chardev_write(const VdevHost *host, VdevChardev *chardev, const guint8 *bytes, gsize n)
{
    chardev_write(chardev, bytes, n);
}

static void
host_chardev_set_ops(const VdevHost *host, VdevChardev *chardev, const VdevChardevOps *ops,
                     void *user)
{
    chardev_set_ops(chardev, ops, user);
}

static void
host_chardev_accept_input(const VdevHost *host, VdevChardev *chardev)
{
    chardev_accept_input(chardev);
}

/* ---- timers -------------------------------------------------------------------------------- */

static VdevTimer *
host_timer_new(const VdevHost *host, VdevTimerFunc func, void *user)
{
    return timer_new(func, user);
}

static void
host_timer_free(const VdevHost *host, VdevTimer *timer)
{
    timer_free(timer);
}

static void
host_timer_arm(const VdevHost *host, VdevTimer *timer, gint64 delay_ns)
{
    timer_arm(timer, delay_ns);
}

void
host_init(VdevHost *host, Vm *vm)
{
    *host = (VdevHost){
        .abi = VDEV_ABI,
        .size = sizeof(VdevHost),
        .opaque = vm,
        .log = host_log,
        .log_enabled = host_log_enabled,
        .request_shutdown = host_request_shutdown,
        .request_reset = host_request_reset,
        .guest_panicked = host_guest_panicked,
        .request_pause = host_request_pause,
        .wall_clock_ns = host_wall_clock_ns,
        .guest_read = host_guest_read,
        .guest_write = host_guest_write,
        .guest_is_ram = host_guest_is_ram,
        .ram_register_main = host_ram_register_main,
        .ram_discard = host_ram_discard,
        .boot_kernel = host_boot_kernel,
        .boot_initrd = host_boot_initrd,
        .chardev_write = host_chardev_write,
        .chardev_set_ops = host_chardev_set_ops,
        .chardev_accept_input = host_chardev_accept_input,
        .timer_new = host_timer_new,
        .timer_free = host_timer_free,
        .timer_arm = host_timer_arm,
    };
    host_fill_cpu(host);
    host_fill_kdev(host);
    host_fill_state(host);
    host_fill_hotplug(host);
}
