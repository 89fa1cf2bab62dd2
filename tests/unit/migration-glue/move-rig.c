/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine that can be migrated.
 */
#include "tests/unit/migration-glue/move-rig.h"

#include <string.h>
#include <sys/mman.h>

#include "migration-glue/error.h"
#include "migration-glue/page.h"
#include "migration-glue/rules.h"

/* ---- Its device ---- */

static gboolean
device_check(const void *object, const VmsContext *context, GError **error)
{
    if (!((const RigDevice *)object)->refuses)
        return TRUE;
    g_set_error(error, MIG_ERROR, MIG_ERROR_STATE, "the device does not want it");
    return FALSE;
}

static const VmsField device_fields[] = {
    VMS_SCALAR(RigDevice, ticks),
    VMS_SCALAR(RigDevice, mode),
    VMS_END,
};

static const VmsState device_state = {
    .name = "rig-device",
    .version = 1,
    .oldest = 1,
    .fields = device_fields,
    .check = device_check,
};

/* ---- Its memory ---- */

static guint
ram_n_blocks(void *opaque)
{
    Rig *rig = opaque;

    g_assert_true(rig->locked);
    return rig->n_blocks;
}

static void
ram_block(void *opaque, guint index, MigRamBlock *out)
{
    Rig *rig = opaque;

    g_assert_true(rig->locked);
    *out = rig->blocks[index].block;
}

static gboolean
ram_log_start(void *opaque, GError **error)
{
    Rig *rig = opaque;

    g_assert_true(rig->locked);
    g_assert_cmpint(rig->logging, ==, 0);
    g_atomic_int_set(&rig->logging, 1);
    return TRUE;
}

static void
ram_log_stop(void *opaque)
{
    g_atomic_int_set(&((Rig *)opaque)->logging, 0);
}

static gboolean
ram_log_fetch(void *opaque, guint index, guint64 *words, gsize n_words, GError **error)
{
    Rig *rig = opaque;

    g_assert_true(rig->blocks[index].block.migratable);
    g_assert_cmpint(g_atomic_int_get(&rig->logging), ==, 1);
    for (gsize i = 0; i < n_words; i++)
        words[i] |= rig->all_dirty
                        ? ~G_GUINT64_CONSTANT(0)
                        : __atomic_exchange_n(&rig->blocks[index].dirty[i], 0, __ATOMIC_ACQUIRE);
    if (rig->late && index == 0) { /* the smallest goes last */
        words[n_words - 1] |= G_GUINT64_CONSTANT(1) << 63;
        rig->late = FALSE;
    }
    return TRUE;
}

static const MigRamOps ram_ops = {
    .n_blocks = ram_n_blocks,
    .block = ram_block,
    .log_start = ram_log_start,
    .log_stop = ram_log_stop,
    .log_fetch = ram_log_fetch,
};

void
rig_add_block(Rig *rig, const char *name, guint64 size, gboolean migratable)
{
    RigBlock *block = &rig->blocks[rig->n_blocks++];

    g_assert_cmpuint(rig->n_blocks, <=, RIG_BLOCKS_MAX);
    block->block = (MigRamBlock){
        .name = name,
        .migratable = migratable,
        .used_length = size,
        .max_length = size,
        .page_size = 4096,
        .gpa = (guint64)rig->n_blocks << 40,
        .backing_fd = -1,
    };
    /* What does not migrate has no memory here: touching it would be a fault. */
    if (!migratable)
        return;
    block->block.host = mmap(NULL, size, PROT_READ | PROT_WRITE,
                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    g_assert_true(block->block.host != MAP_FAILED);
    block->dirty = g_new0(guint64, (size >> MIG_PAGE_SHIFT) / 64 + 1);
}

void
rig_fill(Rig *rig, guint32 seed)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(seed);

    for (guint i = 0; i < rig->n_blocks; i++) {
        const MigRamBlock *block = &rig->blocks[i].block;

        for (guint64 at = 0; block->migratable && at < block->used_length; at += MIG_PAGE_SIZE) {
            if (g_rand_int_range(rand, 0, 3) == 0)
                continue;
            for (guint64 j = 0; j < MIG_PAGE_SIZE; j += 4)
                *(guint32 *)(block->host + at + j) = g_rand_int(rand);
        }
    }
}

guint64
rig_sum(const Rig *rig)
{
    guint64 sum = 0;

    for (guint i = 0; i < rig->n_blocks; i++) {
        const MigRamBlock *block = &rig->blocks[i].block;

        for (guint64 at = 0; block->migratable && at < block->used_length; at += 8)
            sum = sum * G_GUINT64_CONSTANT(6364136223846793005) +
                  *(const guint64 *)(block->host + at);
    }
    return sum;
}

/* ---- Its guest ---- */

static void
write_once(Rig *rig, GRand *rand)
{
    RigBlock *block = &rig->blocks[(guint)g_rand_int_range(rand, 0, (gint32)rig->n_blocks)];
    guint64 page, *word;

    if (!block->block.migratable)
        return;
    page = g_rand_int(rand) % (block->block.used_length >> MIG_PAGE_SHIFT);
    word =
        (guint64 *)(block->block.host + (page << MIG_PAGE_SHIFT)) + g_rand_int_range(rand, 0, 512);
    __atomic_store_n(word, g_rand_int_range(rand, 0, 4) == 0 ? 0 : g_rand_int(rand),
                     __ATOMIC_RELAXED);
    __atomic_fetch_or(&block->dirty[page / 64], G_GUINT64_CONSTANT(1) << (page % 64),
                      __ATOMIC_RELEASE);
}

static void *
vcpu_run(void *opaque)
{
    Rig *rig = opaque;
    g_autoptr(GRand) rand = g_rand_new_with_seed(rig->seed);

    while (!g_atomic_int_get(&rig->vcpu_quits)) {
        write_once(rig, rand);
        g_usleep(200); /* the test is about what it writes, not how much */
    }
    return NULL;
}

static void
let_run(Rig *rig)
{
    g_assert_cmpint(g_atomic_int_get(&rig->runs), ==, 0);
    g_atomic_int_set(&rig->runs, 1);
    if (g_atomic_int_add(&rig->guest->running, 1) != 0)
        g_atomic_int_set(&rig->guest->twice, 1);
    rig->vcpu_quits = 0;
    if (rig->writes)
        rig->vcpu = g_thread_new("vcpu", vcpu_run, rig);
}

static void
let_stop(Rig *rig)
{
    if (!g_atomic_int_get(&rig->runs))
        return;
    g_atomic_int_set(&rig->vcpu_quits, 1);
    g_clear_pointer(&rig->vcpu, g_thread_join);
    g_atomic_int_set(&rig->runs, 0);
    g_atomic_int_add(&rig->guest->running, -1);
}

void
rig_start(Rig *rig, gboolean writes, guint32 seed)
{
    rig->writes = writes;
    rig->seed = seed;
    let_run(rig);
}

gboolean
rig_runs(Rig *rig)
{
    return g_atomic_int_get(&rig->runs) != 0;
}

/* ---- Its host ---- */

static void
host_lock(void *opaque)
{
    Rig *rig = opaque;

    g_mutex_lock(&rig->lock);
    rig->locked = TRUE;
}

static void
host_unlock(void *opaque)
{
    Rig *rig = opaque;

    rig->locked = FALSE;
    g_mutex_unlock(&rig->lock);
}

static gboolean
host_stop(void *opaque, GError **error)
{
    Rig *rig = opaque;

    g_assert_true(rig->locked);
    if (rig->fail_stop) {
        g_set_error(error, MIG_ERROR, MIG_ERROR_STATE, "a device cannot become quiet");
        return FALSE;
    }
    let_stop(rig);
    rig->device.ticks++;
    return TRUE;
}

static gboolean
host_go_on(void *opaque, GError **error)
{
    g_assert_true(((Rig *)opaque)->locked);
    let_run(opaque);
    return TRUE;
}

static void
host_gone(void *opaque)
{
    Rig *rig = opaque;
    g_auto(MigStats) stats = {0};

    g_assert_true(rig->locked);
    g_assert_false(rig_runs(rig));
    /* Whoever asks now is told that it is over, and has to be told all. */
    mig_outgoing_stats(rig->out, &stats);
    g_assert_cmpint(stats.status, ==, MIG_STATUS_COMPLETED);
    g_assert_cmpint(stats.downtime_ms, >=, 0);
    g_atomic_int_set(&rig->gone, 1);
}

static void
host_throttle(void *opaque, guint percent)
{
    g_atomic_int_set(&((Rig *)opaque)->throttle, (gint)percent);
}

static gboolean
host_activate(void *opaque, GError **error)
{
    Rig *rig = opaque;

    g_assert_true(rig->locked);
    if (rig->looks_early)
        (void)rig_sum(rig);
    if (!rig->fail_activate)
        return TRUE;
    g_set_error(error, MIG_ERROR, MIG_ERROR_STATE, "a device cannot resume");
    return FALSE;
}

static void
host_run(void *opaque)
{
    Rig *rig = opaque;

    g_assert_true(rig->locked);
    if (!rig->reads_later)
        rig->sum_at_run = rig_sum(rig);
    g_atomic_int_set(&rig->taken, 1);
    let_run(rig);
}

/* The guest makes no further step. */
static void
host_memory(void *opaque, MigMemory memory)
{
    Rig *rig = opaque;

    if (memory == MIG_MEMORY_IS_LOST)
        g_atomic_int_set(&rig->vcpu_quits, 1);
    g_atomic_int_set(&rig->memory, (gint)memory);
}

static void
host_event(void *opaque, MigEventKind kind, guint64 value)
{
    Rig *rig = opaque;
    MigStatus status = (MigStatus)value;

    g_mutex_lock(&rig->event_lock);
    if (kind == MIG_EVENT_STATUS)
        g_array_append_val(rig->statuses, status);
    if (kind == MIG_EVENT_ENDED)
        rig->ended = TRUE;
    g_cond_broadcast(&rig->event);
    g_mutex_unlock(&rig->event_lock);
}

static const MigHostOps host_ops = {
    .lock = host_lock,
    .unlock = host_unlock,
    .stop = host_stop,
    .go_on = host_go_on,
    .gone = host_gone,
    .throttle = host_throttle,
    .activate = host_activate,
    .run = host_run,
    .memory = host_memory,
    .event = host_event,
};

static gboolean
had_status(const Rig *rig, MigStatus status)
{
    for (guint i = 0; i < rig->statuses->len; i++) {
        if (g_array_index(rig->statuses, MigStatus, i) == status)
            return TRUE;
    }
    return FALSE;
}

void
rig_wait_ended(Rig *rig)
{
    g_mutex_lock(&rig->event_lock);
    while (!rig->ended)
        g_cond_wait(&rig->event, &rig->event_lock);
    g_mutex_unlock(&rig->event_lock);
}

gboolean
rig_wait_status(Rig *rig, MigStatus status)
{
    gboolean had;

    g_mutex_lock(&rig->event_lock);
    while (!(had = had_status(rig, status)) && !rig->ended)
        g_cond_wait(&rig->event, &rig->event_lock);
    g_mutex_unlock(&rig->event_lock);
    return had;
}

Rig *
rig_new(RigGuest *guest, const char *machine)
{
    Rig *rig = g_new0(Rig, 1);
    GError *error = NULL;

    rig->guest = guest;
    g_mutex_init(&rig->lock);
    g_mutex_init(&rig->event_lock);
    g_cond_init(&rig->event);
    rig->statuses = g_array_new(FALSE, FALSE, sizeof(MigStatus));
    rig->params = mig_params_new();
    rig->ram = (MigRam){.ops = &ram_ops, .opaque = rig};
    rig->host = (MigHost){
        .ops = &host_ops,
        .opaque = rig,
        .sections = mig_sections_new(),
        .ram = &rig->ram,
        .rules = mig_rules_find(machine),
        .identity = {.machine = machine},
    };
    mig_sections_add_handler(rig->host.sections, MIG_RAM_IDSTR, 0, MIG_PRIORITY_DEFAULT,
                             &mig_ram_handler, &rig->ram, &error);
    g_assert_no_error(error);
    mig_sections_add_state(rig->host.sections, NULL, 0, MIG_PRIORITY_DEFAULT, &device_state,
                           &rig->device, &error);
    g_assert_no_error(error);
    return rig;
}

void
rig_free(Rig *rig)
{
    if (rig == NULL)
        return;
    mig_outgoing_free(rig->out);
    mig_incoming_free(rig->in);
    let_stop(rig);
    for (guint i = 0; i < rig->n_blocks; i++) {
        if (rig->blocks[i].block.host != NULL)
            munmap(rig->blocks[i].block.host, rig->blocks[i].block.used_length);
        g_free(rig->blocks[i].dirty);
    }
    mig_sections_free(rig->host.sections);
    mig_params_free(rig->params);
    g_array_unref(rig->statuses);
    g_cond_clear(&rig->event);
    g_mutex_clear(&rig->event_lock);
    g_mutex_clear(&rig->lock);
    g_free(rig);
}
