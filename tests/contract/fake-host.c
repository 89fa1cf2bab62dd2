/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The calls of VdevHost, group by group, each as short as it can be.
 */
#include "tests/contract/fake-host.h"

#include <string.h>
#include <sys/mman.h>

#define MAIN_SLOT 0u

struct VdevTimer {
    VdevTimerFunc func;
    void *user;
    gint64 delay_ns; /* < 0: not armed */
};

static FakeHost *
self(const VdevHost *host)
{
    return host->opaque;
}

static const AccelClass *
klass(const VdevHost *host)
{
    return self(host)->accel->klass;
}

/* Counts a call that may fail; 0, or −errno when it is the one that shall. */
static gint
step(FakeHost *fake)
{
    return ++fake->n_calls == fake->fail_at ? -fake->fail_errno : 0;
}

static gboolean
step_error(FakeHost *fake, const char *what, GError **error)
{
    gint result = step(fake);

    if (result != 0)
        g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(-result), "%s: injected: %s", what,
                    g_strerror(-result));
    return result == 0;
}

/* --- Base ---------------------------------------------------------------- */

static void
fake_log(const VdevHost *host, VdevLogKind kind, const char *message)
{
    g_string_append_printf(self(host)->log, "%s\n", message);
}

static gboolean
fake_log_enabled(const VdevHost *host, VdevLogKind kind)
{
    return (self(host)->log_kinds & 1u << kind) != 0;
}

static void
fake_request_shutdown(const VdevHost *host, VdevShutdownCause cause)
{
    self(host)->shutdown_requested = TRUE;
    self(host)->shutdown_cause = cause;
}

static void
fake_request_reset(const VdevHost *host)
{
    self(host)->reset_requested = TRUE;
}

static void
fake_guest_panicked(const VdevHost *host, const char *message)
{
    g_free(self(host)->panic);
    self(host)->panic = g_strdup(message);
}

static gint64
fake_wall_clock_ns(const VdevHost *host)
{
    return FAKE_HOST_WALL_CLOCK_NS;
}

/* --- Memory -------------------------------------------------------------- */

static guint8 *
ram_at(const FakeHost *fake, guint64 gpa, guint64 n)
{
    if (!fake->ram_registered || gpa < fake->ram_gpa || gpa - fake->ram_gpa > fake->ram_size)
        return NULL;
    return n <= fake->ram_size - (gpa - fake->ram_gpa) ? fake->ram + (gpa - fake->ram_gpa) : NULL;
}

static gboolean
fake_guest_read(const VdevHost *host, guint64 gpa, void *buffer, gsize n)
{
    const guint8 *from = ram_at(self(host), gpa, n);

    if (from != NULL)
        memcpy(buffer, from, n);
    return from != NULL;
}

static gboolean
fake_guest_write(const VdevHost *host, guint64 gpa, const void *buffer, gsize n)
{
    guint8 *to = ram_at(self(host), gpa, n);

    if (to != NULL)
        memcpy(to, buffer, n);
    return to != NULL;
}

static gboolean
fake_guest_is_ram(const VdevHost *host, guint64 gpa, guint64 n)
{
    return ram_at(self(host), gpa, n) != NULL;
}

static gboolean
fake_ram_register_main(const VdevHost *host, const char *name, guint64 gpa, GError **error)
{
    FakeHost *fake = self(host);

    g_assert_false(fake->ram_registered);
    if (!step_error(fake, name, error))
        return FALSE;
    g_assert_cmpint(
        klass(&fake->table)->memory_set(fake->accel, MAIN_SLOT, gpa, fake->ram_size, fake->ram, 0),
        ==, 0);
    fake->ram_gpa = gpa;
    fake->ram_registered = TRUE;
    return TRUE;
}

static void
fake_ram_discard(const VdevHost *host)
{
    g_assert_cmpint(madvise(self(host)->ram, self(host)->ram_size, MADV_DONTNEED), ==, 0);
}

static gboolean
fake_boot_kernel(const VdevHost *host, guint64 offset, GError **error)
{
    self(host)->kernel_offset = offset;
    return step_error(self(host), "kernel", error);
}

static gboolean
fake_boot_initrd(const VdevHost *host, guint64 gpa, GError **error)
{
    self(host)->initrd_gpa = gpa;
    return step_error(self(host), "initrd", error);
}

/* --- vCPUs --------------------------------------------------------------- */

static const VdevCpuInfo *
fake_cpu_info(const VdevHost *host)
{
    return klass(host)->cpu_info(self(host)->accel);
}

static gboolean
fake_enable_hcall(const VdevHost *host, guint32 nr)
{
    return klass(host)->enable_hcall(self(host)->accel, nr) == 0;
}

static gint
fake_set_mmu(const VdevHost *host, guint64 flags, guint64 process_table)
{
    gint result = step(self(host));

    self(host)->mmu_flags = flags;
    self(host)->mmu_table = process_table;
    return result != 0 ? result : klass(host)->set_mmu(self(host)->accel, flags, process_table);
}

static VdevVcpu *
fake_vcpu_new(const VdevHost *host, guint32 id, GError **error)
{
    FakeHost *fake = self(host);
    AccelVcpu *accel_vcpu = NULL;
    FakeVcpu *vcpu = NULL;

    if (!step_error(fake, "vCPU", error))
        return NULL;
    for (guint i = 0; i < fake->parked->len; i++) {
        if (((FakeVcpu *)fake->parked->pdata[i])->id == id)
            return g_ptr_array_steal_index(fake->parked, i);
    }
    accel_vcpu = klass(&fake->table)->vcpu_new(fake->accel, id, error);
    if (accel_vcpu == NULL)
        return NULL;
    vcpu = g_new0(FakeVcpu, 1);
    vcpu->accel_vcpu = accel_vcpu;
    vcpu->id = id;
    g_ptr_array_add(fake->vcpus, vcpu);
    return (VdevVcpu *)vcpu;
}

static guint32
fake_vcpu_id(const VdevHost *host, const VdevVcpu *vcpu)
{
    return ((const FakeVcpu *)vcpu)->id;
}

static gint
fake_vcpu_get(const VdevHost *host, VdevVcpu *vcpu, guint64 reg, void *value)
{
    return step(self(host)) ?: klass(host)->vcpu_get(((FakeVcpu *)vcpu)->accel_vcpu, reg, value);
}

static gint
fake_vcpu_set(const VdevHost *host, VdevVcpu *vcpu, guint64 reg, const void *value)
{
    return step(self(host)) ?: klass(host)->vcpu_set(((FakeVcpu *)vcpu)->accel_vcpu, reg, value);
}

static void
fake_vcpu_start(const VdevHost *host, VdevVcpu *vcpu)
{
    ((FakeVcpu *)vcpu)->started = TRUE;
}

static void
fake_vcpu_stop(const VdevHost *host, VdevVcpu *vcpu)
{
    ((FakeVcpu *)vcpu)->started = FALSE;
}

static gboolean
fake_vcpu_started(const VdevHost *host, const VdevVcpu *vcpu)
{
    return ((const FakeVcpu *)vcpu)->started;
}

static gint
fake_vcpu_enable_fwnmi(const VdevHost *host, VdevVcpu *vcpu)
{
    gint result = step(self(host));

    if (result == 0)
        result = klass(host)->vcpu_enable_fwnmi(((FakeVcpu *)vcpu)->accel_vcpu);
    self(host)->fwnmi |= result == 0;
    return result;
}

static void
fake_vcpu_block(const VdevHost *host, VdevVcpu *vcpu)
{
    ((FakeVcpu *)vcpu)->blocked = TRUE;
}

static void
fake_vcpu_unblock(const VdevHost *host, VdevVcpu *vcpu)
{
    ((FakeVcpu *)vcpu)->blocked = FALSE;
}

/* --- Devices and regions ------------------------------------------------- */

static VdevKdev *
fake_kdev_new(const VdevHost *host, guint32 type, gint *errnum)
{
    FakeHost *fake = self(host);
    AccelKdev *kdev = NULL;

    *errnum = step(fake);
    if (*errnum == 0)
        kdev = klass(&fake->table)->kdev_new(fake->accel, type, errnum);
    if (kdev != NULL)
        g_ptr_array_add(fake->kdevs, kdev);
    return (VdevKdev *)kdev;
}

static void
fake_kdev_free(const VdevHost *host, VdevKdev *kdev)
{
    if (kdev == NULL)
        return;
    g_assert_cmpuint(self(host)->regions->len, ==, 0);
    g_assert_true(g_ptr_array_remove(self(host)->kdevs, kdev));
    klass(host)->kdev_free((AccelKdev *)kdev);
}

static gint
fake_kdev_set(const VdevHost *host, VdevKdev *kdev, guint32 group, guint64 attr, const void *data)
{
    return step(self(host)) ?: klass(host)->kdev_set((AccelKdev *)kdev, group, attr, data);
}

static gint
fake_kdev_get(const VdevHost *host, VdevKdev *kdev, guint32 group, guint64 attr, void *data)
{
    return step(self(host)) ?: klass(host)->kdev_get((AccelKdev *)kdev, group, attr, data);
}

static gint
fake_kdev_connect(const VdevHost *host, VdevKdev *kdev, VdevVcpu *vcpu, guint32 server)
{
    return step(self(host))
               ?: klass(host)->kdev_connect((AccelKdev *)kdev, ((FakeVcpu *)vcpu)->accel_vcpu,
                                            server);
}

static VdevRegion *
fake_region_new(const VdevHost *host, const VdevRegionSpec *spec, GError **error)
{
    FakeHost *fake = self(host);
    AccelRegion *region = NULL;

    if (!step_error(fake, spec->name, error))
        return NULL;
    region = klass(&fake->table)->region_new((AccelKdev *)spec->kdev, fake->next_slot, spec, error);
    if (region == NULL)
        return NULL;
    fake->next_slot++;
    g_ptr_array_add(fake->regions, region);
    return (VdevRegion *)region;
}

static void
fake_region_free(const VdevHost *host, VdevRegion *region)
{
    if (region == NULL)
        return;
    g_assert_true(g_ptr_array_remove(self(host)->regions, region));
    klass(host)->region_free((AccelRegion *)region);
    if (self(host)->regions->len == 0)
        self(host)->next_slot = MAIN_SLOT + 1;
}

static gboolean
fake_region_load64(const VdevHost *host, VdevRegion *region, guint64 offset, guint64 *value,
                   GError **error)
{
    return step_error(self(host), "load", error) &&
           klass(host)->region_load64((AccelRegion *)region, offset, value, error);
}

static gboolean
fake_region_store64(const VdevHost *host, VdevRegion *region, guint64 offset, guint64 value,
                    GError **error)
{
    return step_error(self(host), "store", error) &&
           klass(host)->region_store64((AccelRegion *)region, offset, value, error);
}

/* --- Console and timers -------------------------------------------------- */

static void
fake_chardev_write(const VdevHost *host, VdevChardev *chardev, const guint8 *bytes, gsize n)
{
    g_string_append_len(self(host)->console, (const char *)bytes, n);
}

static void
fake_chardev_set_ops(const VdevHost *host, VdevChardev *chardev, const VdevChardevOps *ops,
                     void *user)
{
    self(host)->console_ops = ops;
    self(host)->console_user = user;
}

static void
fake_chardev_accept_input(const VdevHost *host, VdevChardev *chardev)
{
}

static VdevTimer *
fake_timer_new(const VdevHost *host, VdevTimerFunc func, void *user)
{
    VdevTimer *timer = g_new0(VdevTimer, 1);

    *timer = (VdevTimer){func, user, -1};
    g_ptr_array_add(self(host)->timers, timer);
    return timer;
}

static void
fake_timer_free(const VdevHost *host, VdevTimer *timer)
{
    g_ptr_array_remove(self(host)->timers, timer);
    g_free(timer);
}

static void
fake_timer_arm(const VdevHost *host, VdevTimer *timer, gint64 delay_ns)
{
    timer->delay_ns = delay_ns;
}

/* --- The clock ----------------------------------------------------------- */

static gint
fake_timebase_get(const VdevHost *host, guint64 *ticks)
{
    *ticks = self(host)->timebase;
    return step(self(host));
}

static gint
fake_timebase_set(const VdevHost *host, guint64 ticks)
{
    gint result = step(self(host));

    if (result == 0)
        self(host)->timebase = ticks;
    return result;
}

/* --- Plugging ------------------------------------------------------------ */

static gboolean
fake_plug_memory(const VdevHost *host, VdevPlug *plug, const char *name, GError **error)
{
    if (!step_error(self(host), name, error))
        return FALSE;
    g_ptr_array_add(self(host)->plugged, plug);
    return TRUE;
}

static void
fake_unplug_memory(const VdevHost *host, VdevPlug *plug)
{
    g_assert_true(g_ptr_array_remove(self(host)->plugged, plug));
}

static void
fake_vcpu_park(const VdevHost *host, VdevVcpu *vcpu)
{
    g_assert_false(((FakeVcpu *)vcpu)->started);
    g_ptr_array_add(self(host)->parked, vcpu);
}

static void
fake_unplug_done(const VdevHost *host, VdevPlug *plug)
{
    g_string_append_printf(self(host)->answers, "done %s ", plug->id);
}

static void
fake_unplug_refused(const VdevHost *host, VdevPlug *plug, const char *reason)
{
    g_string_append_printf(self(host)->answers, "refused %s ", plug->id);
}

static void
fake_request_pause(const VdevHost *host)
{
    self(host)->n_pauses++;
}

/* --- The host ------------------------------------------------------------ */

static const VdevHost calls = {
    .abi = VDEV_ABI,
    .size = sizeof(VdevHost),
    .log = fake_log,
    .log_enabled = fake_log_enabled,
    .request_shutdown = fake_request_shutdown,
    .request_reset = fake_request_reset,
    .guest_panicked = fake_guest_panicked,
    .wall_clock_ns = fake_wall_clock_ns,
    .guest_read = fake_guest_read,
    .guest_write = fake_guest_write,
    .guest_is_ram = fake_guest_is_ram,
    .ram_register_main = fake_ram_register_main,
    .ram_discard = fake_ram_discard,
    .boot_kernel = fake_boot_kernel,
    .boot_initrd = fake_boot_initrd,
    .cpu_info = fake_cpu_info,
    .enable_hcall = fake_enable_hcall,
    .set_mmu = fake_set_mmu,
    .vcpu_new = fake_vcpu_new,
    .vcpu_id = fake_vcpu_id,
    .vcpu_get = fake_vcpu_get,
    .vcpu_set = fake_vcpu_set,
    .vcpu_start = fake_vcpu_start,
    .vcpu_stop = fake_vcpu_stop,
    .vcpu_started = fake_vcpu_started,
    .vcpu_enable_fwnmi = fake_vcpu_enable_fwnmi,
    .vcpu_block = fake_vcpu_block,
    .vcpu_unblock = fake_vcpu_unblock,
    .kdev_new = fake_kdev_new,
    .kdev_free = fake_kdev_free,
    .kdev_set = fake_kdev_set,
    .kdev_get = fake_kdev_get,
    .kdev_connect = fake_kdev_connect,
    .region_new = fake_region_new,
    .region_free = fake_region_free,
    .region_load64 = fake_region_load64,
    .region_store64 = fake_region_store64,
    .chardev_write = fake_chardev_write,
    .chardev_set_ops = fake_chardev_set_ops,
    .chardev_accept_input = fake_chardev_accept_input,
    .timer_new = fake_timer_new,
    .timer_free = fake_timer_free,
    .timer_arm = fake_timer_arm,
    .plug_memory = fake_plug_memory,
    .unplug_memory = fake_unplug_memory,
    .vcpu_park = fake_vcpu_park,
    .unplug_done = fake_unplug_done,
    .unplug_refused = fake_unplug_refused,
    .timebase_get = fake_timebase_get,
    .timebase_set = fake_timebase_set,
    .request_pause = fake_request_pause,
};

FakeHost *
fake_host_new(guint64 ram_size, guint32 max_cpus)
{
    return fake_host_new_over(&model_accel_class, ram_size, max_cpus);
}

FakeHost *
fake_host_new_over(const AccelClass *accel, guint64 ram_size, guint32 max_cpus)
{
    FakeHost *fake = g_new0(FakeHost, 1);
    AccelConfig config = {NULL, max_cpus};
    g_autoptr(GError) error = NULL;

    fake->table = calls;
    fake->table.opaque = fake;
    fake->accel = accel->open(&config, &error);
    g_assert_no_error(error);
    fake->ram = mmap(NULL, ram_size, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    g_assert_true(fake->ram != MAP_FAILED);
    fake->ram_size = ram_size;
    fake->log_kinds = 1u << VDEV_LOG_WARNING;
    fake->log = g_string_new(NULL);
    fake->console = g_string_new(NULL);
    fake->vcpus = g_ptr_array_new_with_free_func(g_free);
    fake->kdevs = g_ptr_array_new();
    fake->regions = g_ptr_array_new();
    fake->timers = g_ptr_array_new();
    fake->parked = g_ptr_array_new();
    fake->plugged = g_ptr_array_new();
    fake->answers = g_string_new(NULL);
    fake->next_slot = MAIN_SLOT + 1;
    return fake;
}

guint
fake_host_alive(const FakeHost *fake)
{
    return fake->kdevs->len + fake->regions->len + fake->timers->len;
}

void
fake_host_free(FakeHost *fake)
{
    if (fake == NULL)
        return;
    g_assert_cmpuint(fake_host_alive(fake), ==, 0);
    for (guint i = 0; i < fake->vcpus->len; i++)
        klass(&fake->table)->vcpu_free(((FakeVcpu *)fake->vcpus->pdata[i])->accel_vcpu);
    if (fake->ram_registered)
        klass(&fake->table)->memory_set(fake->accel, MAIN_SLOT, fake->ram_gpa, 0, fake->ram, 0);
    klass(&fake->table)->close(fake->accel);
    munmap(fake->ram, fake->ram_size);
    g_string_free(fake->log, TRUE);
    g_string_free(fake->console, TRUE);
    g_ptr_array_free(fake->vcpus, TRUE);
    g_ptr_array_free(fake->kdevs, TRUE);
    g_ptr_array_free(fake->regions, TRUE);
    g_ptr_array_free(fake->timers, TRUE);
    g_ptr_array_free(fake->parked, TRUE);
    g_ptr_array_free(fake->plugged, TRUE);
    g_string_free(fake->answers, TRUE);
    g_free(fake->panic);
    g_free(fake);
}

void
fake_host_fail_at(FakeHost *fake, guint n, gint errnum)
{
    fake->fail_at = n == 0 ? 0 : fake->n_calls + n;
    fake->fail_errno = errnum;
}

void
fake_host_type(FakeHost *fake, const char *text)
{
    gsize n = strlen(text);

    g_assert_nonnull(fake->console_ops);
    n = MIN(n, fake->console_ops->can_read(fake->console_user));
    if (n > 0)
        fake->console_ops->read(fake->console_user, (const guint8 *)text, n);
}
