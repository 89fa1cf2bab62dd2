/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sets of file descriptors (see the header): one array, sorted by set.
 */
#include "vmm/fdset.h"
#include "vmm/vm.h"
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

typedef struct {
    gint64 set;
    int fd;
    char *opaque;
} FdEntry;

struct FdSets {
    GMutex lock;     /* guards entries */
    GArray *entries; /* FdEntry, by ascending set */
};

static void
entry_clear(gpointer data)
{
    FdEntry *entry = data;

    close(entry->fd);
    g_free(entry->opaque);
}

static FdEntry *
entry_at(FdSets *sets, guint index)
{
    return &g_array_index(sets->entries, FdEntry, index);
}

FdSets *
fdsets_new(void)
{
    FdSets *sets = g_new0(FdSets, 1);

    g_mutex_init(&sets->lock);
    sets->entries = g_array_new(FALSE, FALSE, sizeof(FdEntry));
    g_array_set_clear_func(sets->entries, entry_clear);
    return sets;
}

void
fdsets_free(FdSets *sets)
{
    if (sets == NULL)
        return;
    g_array_unref(sets->entries);
    g_mutex_clear(&sets->lock);
    g_free(sets);
}

/* Where a further descriptor of @set goes; FD_SET_NEW is settled on the way. */
static guint
place_of(FdSets *sets, gint64 *set)
{
    gint64 unused = 0;
    guint i;

    for (i = 0; i < sets->entries->len; i++) {
        gint64 present = entry_at(sets, i)->set;

        if (*set == FD_SET_NEW ? present > unused : present > *set)
            break;
        if (*set == FD_SET_NEW)
            unused = present + 1;
    }
    if (*set == FD_SET_NEW)
        *set = unused;
    return i;
}

gint64
fdsets_add(FdSets *sets, gint64 set, int fd, const char *opaque)
{
    FdEntry entry = {.set = set, .fd = fd, .opaque = g_strdup(opaque)};

    g_mutex_lock(&sets->lock);
    g_array_insert_val(sets->entries, place_of(sets, &entry.set), entry);
    g_mutex_unlock(&sets->lock);
    return entry.set;
}

gboolean
fdsets_remove(FdSets *sets, gint64 set, int fd, GError **error)
{
    guint removed = 0;

    g_mutex_lock(&sets->lock);
    for (guint i = sets->entries->len; i-- > 0;) {
        const FdEntry *entry = entry_at(sets, i);

        if (entry->set != set || (fd >= 0 && entry->fd != fd))
            continue;
        g_array_remove_index(sets->entries, i);
        removed++;
    }
    g_mutex_unlock(&sets->lock);
    if (removed > 0)
        return TRUE;
    if (fd >= 0)
        g_set_error(error, VM_ERROR, VM_ERROR_USAGE,
                    "File descriptor named 'fdset-id:%" G_GINT64_FORMAT ", fd:%d' not found", set,
                    fd);
    else
        g_set_error(error, VM_ERROR, VM_ERROR_USAGE,
                    "File descriptor named 'fdset-id:%" G_GINT64_FORMAT "' not found", set);
    return FALSE;
}

/* How well a descriptor does for @flags: 2: it is open just so; 1: it can do more; 0: it cannot. */
static guint
fitness(int fd, int flags)
{
    int own = fcntl(fd, F_GETFL);

    if (own < 0 || ((own ^ flags) & O_DIRECT) != 0)
        return 0;
    if ((own & O_ACCMODE) == (flags & O_ACCMODE))
        return 2;
    return (own & O_ACCMODE) == O_RDWR ? 1 : 0;
}

static void
explain_no_fit(guint64 set, int flags, GError **error)
{
    static const char *const ways[] = {
        [O_RDONLY] = "reading", [O_WRONLY] = "writing", [O_RDWR] = "reading and writing"};

    g_set_error(error, VM_ERROR, VM_ERROR_USAGE,
                "/dev/fdset/%" G_GUINT64_FORMAT ": no descriptor of this set is open for %s%s", set,
                ways[flags & O_ACCMODE], (flags & O_DIRECT) != 0 ? " with O_DIRECT" : "");
}

int
fdsets_open(FdSets *sets, guint64 set, int flags, GError **error)
{
    gboolean known = FALSE;
    guint best = 0;
    int found = -1, fd = -1;

    g_mutex_lock(&sets->lock);
    for (guint i = 0; i < sets->entries->len; i++) {
        const FdEntry *entry = entry_at(sets, i);

        if ((guint64)entry->set != set)
            continue;
        known = TRUE;
        if (fitness(entry->fd, flags) > best) {
            best = fitness(entry->fd, flags);
            found = entry->fd;
        }
    }
    if (best > 0)
        fd = fcntl(found, F_DUPFD_CLOEXEC, 3);
    g_mutex_unlock(&sets->lock);
    if (best > 0 && fd < 0)
        g_set_error(error, VM_ERROR, VM_ERROR_HOST, "/dev/fdset/%" G_GUINT64_FORMAT ": %s", set,
                    g_strerror(errno));
    else if (known && fd < 0)
        explain_no_fit(set, flags, error);
    else if (fd < 0)
        g_set_error(error, VM_ERROR, VM_ERROR_USAGE,
                    "/dev/fdset/%" G_GUINT64_FORMAT ": there is no such set of descriptors: use "
                    "add-fd first",
                    set);
    return fd;
}

void
fdsets_each(FdSets *sets, FdSetFunc func, void *user)
{
    g_mutex_lock(&sets->lock);
    for (guint i = 0; i < sets->entries->len; i++) {
        const FdEntry *entry = entry_at(sets, i);

        func(entry->set, entry->fd, entry->opaque, user);
    }
    g_mutex_unlock(&sets->lock);
}
