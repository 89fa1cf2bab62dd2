/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading beside the guest's memory, then putting in place: nobody sees half a page.
 */
#include "migration-glue/mapped-demand.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "migration-glue/error.h"
#include "migration-glue/page-pool.h"
#include "migration-glue/page.h"

#define AT_ONCE      (1u << 20)  /* bytes read by one call in the background */
#define AROUND       (64u << 10) /* bytes brought for one access, if pages are not larger */
#define OFFSET       "0x%" G_GINT64_MODIFIER "x"
#define PAGES(bytes) ((guint64)(bytes) >> MIG_PAGE_SHIFT)

struct MigMappedDemand {
    const MigMappedLoad *load;
    const MigRamList *list;
    MigPostcopyDst *dst;
    MigChannel *channel;
    MigPageFile *file;
    guint threads;
    MigMappedTrouble trouble;
    void *user;
    struct stat as_opened;
    gsize buffer_size;
    GAsyncQueue *buffers; /* guint8 *, not in use now */
    GRWLock dropping;     /* readers: between looking what is missing and having put it there */
    gint failed;          /* atomic: there was trouble */
};

/* ---- The file ---- */

/* Not over a descriptor: a test's memory. */
static gboolean
look(MigMappedDemand *demand, struct stat *info, GError **error)
{
    const int fd = mig_channel_fd(mig_channel_core(demand->channel));

    memset(info, 0, sizeof(*info));
    if (fd < 0 || fstat(fd, info) == 0)
        return TRUE;
    g_set_error(error, MIG_ERROR, MIG_ERROR_IO, "cannot look at it: %s", g_strerror(errno));
    return FALSE;
}

/* After bytes were read: they are those that were there when it was opened. */
static gboolean
check_same(MigMappedDemand *demand, GError **error)
{
    const struct stat *old = &demand->as_opened;
    struct stat now;

    if (!look(demand, &now, error))
        return FALSE;
    if (now.st_size == old->st_size && now.st_mtim.tv_sec == old->st_mtim.tv_sec &&
        now.st_mtim.tv_nsec == old->st_mtim.tv_nsec)
        return TRUE;
    g_set_error(error, MIG_ERROR, MIG_ERROR_IO, "somebody has %s it since the guest was restored",
                now.st_size < old->st_size ? "cut" : "written to");
    return FALSE;
}

/* Pages whose bit is clear, inside a larger one of the backing, are zeros. */
static gboolean
read_pages(MigMappedDemand *demand, guint index, guint64 first, guint64 n, guint8 *bytes,
           GError **error)
{
    const MigMappedBlock *block = mig_mapped_load_block(demand->load, index);

    for (guint64 at = 0, behind; at < n; at = behind) {
        const gboolean there = mig_mapped_has(block->bitmap, first + at);

        for (behind = at + 1; behind < n; behind++) {
            if (mig_mapped_has(block->bitmap, first + behind) != there)
                break;
        }
        if (!there)
            memset(bytes + (at << MIG_PAGE_SHIFT), 0, (behind - at) << MIG_PAGE_SHIFT);
        else if (!mig_page_file_read(
                     demand->file, block->header.pages_at + ((first + at) << MIG_PAGE_SHIFT),
                     bytes + (at << MIG_PAGE_SHIFT), (behind - at) << MIG_PAGE_SHIFT, error))
            return FALSE;
    }
    return check_same(demand, error);
}

/* ---- Buffers: as many as threads use at once ---- */

static guint8 *
take_buffer(MigMappedDemand *demand)
{
    guint8 *buffer = g_async_queue_try_pop(demand->buffers);

    /* Direct access wants memory at a multiple of a page. */
    return buffer != NULL ? buffer : g_aligned_alloc(1, demand->buffer_size, MIG_PAGE_SIZE);
}

/* ---- Bringing ---- */

static void
note_trouble(MigMappedDemand *demand, guint index, guint64 first, GError *error)
{
    const guint64 offset = first << MIG_PAGE_SHIFT;

    if (g_atomic_int_compare_and_exchange(&demand->failed, 0, 1)) {
        g_prefix_error(&error, "RAM block '%s', offset " OFFSET " (byte " OFFSET " of %s): ",
                       demand->list->entries[index].host.name, offset,
                       mig_mapped_load_block(demand->load, index)->header.pages_at + offset,
                       demand->channel->label);
        demand->trouble(demand->user, error);
    }
    g_error_free(error);
}

/* The first stretch of [*@from, @to) that is not here. FALSE: there is no more to be done. */
static gboolean
bring_some(MigMappedDemand *demand, guint index, guint64 *from, guint64 to, guint8 *buffer)
{
    const MigRamEntry *entry = &demand->list->entries[index];
    GError *error = NULL;
    guint64 n = 0;

    g_rw_lock_reader_lock(&demand->dropping);
    if (!g_atomic_int_get(&demand->failed))
        n = mig_postcopy_dst_missing(demand->dst, entry, from, to, PAGES(demand->buffer_size));
    if (n > 0 && !(read_pages(demand, index, *from, n, buffer, &error) &&
                   mig_postcopy_dst_fill(demand->dst, entry, *from, n, buffer, &error)))
        note_trouble(demand, index, *from, error);
    g_rw_lock_reader_unlock(&demand->dropping);
    *from += n;
    return n > 0;
}

/* Of [@from, @to) what is not here. */
static void
bring(MigMappedDemand *demand, guint index, guint64 from, guint64 to)
{
    guint8 *buffer = take_buffer(demand);

    while (bring_some(demand, index, &from, to, buffer)) {
    }
    g_async_queue_push(demand->buffers, buffer);
}

void
mig_mapped_demand_ask(void *opaque, const char *name, guint64 start, guint32 n)
{
    MigMappedDemand *demand = opaque;
    const MigRamEntry *entry = mig_ram_list_find(demand->list, name);
    const guint64 around = MAX(n, AROUND);
    const guint64 begin = start / around * around;

    bring(demand, (guint)(entry - demand->list->entries), PAGES(begin),
          MIN(PAGES(begin + around), entry->pages));
}

/* A group stands for the stretch that begins with it: how long that is, depends on the block. */
static guint64
stretch_of(const MigRamEntry *entry)
{
    return PAGES(MAX(mig_postcopy_backing(entry), AT_ONCE));
}

static gboolean
bring_group(void *user, const MigGroup *group, GError **error)
{
    MigMappedDemand *demand = user;
    const MigRamEntry *entry = &demand->list->entries[group->block];

    bring(demand, group->block, group->first, MIN(group->first + stretch_of(entry), entry->pages));
    return TRUE; /* trouble was told */
}

/* FALSE: no more. */
static gboolean
bring_block(MigMappedDemand *demand, MigPool *pool, guint index, MigMappedNext next, void *user)
{
    const MigRamEntry *entry = &demand->list->entries[index];
    const guint64 stretch = stretch_of(entry), one = PAGES(mig_postcopy_backing(entry));
    guint64 at = 0;

    while (!entry->ignored && at < entry->pages &&
           mig_postcopy_dst_missing(demand->dst, entry, &at, entry->pages, one) > 0) {
        const MigGroup group = {.block = index, .first = at / stretch * stretch};

        if (g_atomic_int_get(&demand->failed) || !next(user, stretch << MIG_PAGE_SHIFT) ||
            !mig_pool_put(pool, &group, NULL))
            return FALSE;
        at = group.first + stretch;
    }
    return TRUE;
}

void
mig_mapped_demand_bring_all(MigMappedDemand *demand, MigMappedNext next, void *user)
{
    g_autoptr(MigPool) pool = mig_pool_new(demand->threads, bring_group, demand);

    for (guint i = 0; i < demand->list->n; i++) {
        if (!bring_block(demand, pool, i, next, user))
            break;
    }
    (void)mig_pool_drain(pool, NULL);
}

void
mig_mapped_demand_drop(MigMappedDemand *demand)
{
    g_rw_lock_writer_lock(&demand->dropping);
    mig_postcopy_dst_drop(demand->dst);
    g_rw_lock_writer_unlock(&demand->dropping);
}

/* ---- Life ---- */

MigMappedDemand *
mig_mapped_demand_new(const MigMappedLoad *load, const MigRamList *list, MigPostcopyDst *dst,
                      MigChannel *channel, const MigFileOptions *options, MigMappedTrouble trouble,
                      void *user, GError **error)
{
    MigMappedDemand *demand = g_new0(MigMappedDemand, 1);

    demand->load = load;
    demand->list = list;
    demand->dst = dst;
    demand->channel = channel;
    demand->trouble = trouble;
    demand->user = user;
    g_rw_lock_init(&demand->dropping);
    demand->buffer_size = AT_ONCE;
    for (guint i = 0; i < list->n; i++) {
        if (!list->entries[i].ignored)
            demand->buffer_size = MAX(demand->buffer_size, mig_postcopy_backing(&list->entries[i]));
    }
    demand->buffers = g_async_queue_new_full(g_aligned_free);
    demand->file = mig_page_file_new(channel, options->direct);
    demand->threads = mig_page_file_threads(demand->file, options->channels);
    if (look(demand, &demand->as_opened, error))
        return demand;
    mig_mapped_demand_free(demand);
    return NULL;
}

void
mig_mapped_demand_free(MigMappedDemand *demand)
{
    if (demand == NULL)
        return;
    mig_page_file_free(demand->file);
    g_async_queue_unref(demand->buffers);
    g_rw_lock_clear(&demand->dropping);
    g_free(demand);
}

MigFileWay
mig_mapped_demand_way(MigMappedDemand *demand, guint64 *channels)
{
    *channels = demand->threads;
    return mig_page_file_way(demand->file);
}
