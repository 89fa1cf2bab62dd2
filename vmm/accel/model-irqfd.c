/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * irqfd: an event descriptor whose counter going up triggers a source, by a thread that polls.
 *
 * The list has a lock of its own. It is taken before Model.lock, never after it.
 *
 * Source: Linux Documentation/virt/kvm/api.rst, KVM_IRQFD.
 */
#include "vmm/accel/model.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

typedef struct {
    gint fd;    /* a duplicate: the caller may close its own */
    gint given; /* the caller's number */
    guint32 gsi;
} Irqfd;

struct ModelIrqfds {
    Model *model;
    GMutex lock;     /* guards the rest */
    GArray *list;    /* Irqfd */
    GThread *thread; /* NULL until the first assign */
    gint wake_fd;    /* −1 without a thread */
    gboolean ending;
};

ModelIrqfds *
model_irqfds_new(Model *model)
{
    ModelIrqfds *irqfds = g_new0(ModelIrqfds, 1);

    irqfds->model = model;
    irqfds->wake_fd = -1;
    irqfds->list = g_array_new(FALSE, TRUE, sizeof(Irqfd));
    g_mutex_init(&irqfds->lock);
    return irqfds;
}

static void
wake(ModelIrqfds *irqfds)
{
    guint64 one = 1;

    /* A full counter wakes just as well. */
    if (write(irqfds->wake_fd, &one, sizeof(one)) < 0 && errno != EAGAIN)
        g_warning("model: cannot wake the irqfd thread: %s", g_strerror(errno));
}

static gboolean
drain(gint fd)
{
    struct pollfd entry = {.fd = fd, .events = POLLIN};
    guint64 count;

    /* The descriptor may be a blocking one. */
    return poll(&entry, 1, 0) == 1 && read(fd, &count, sizeof(count)) == sizeof(count);
}

/* What to poll, copied: the list may change while the thread sleeps. */
static GArray *
snapshot(ModelIrqfds *irqfds)
{
    GArray *fds = g_array_new(FALSE, TRUE, sizeof(struct pollfd));
    struct pollfd entry = {.fd = irqfds->wake_fd, .events = POLLIN};

    g_array_append_val(fds, entry);
    for (guint i = 0; i < irqfds->list->len; i++) {
        entry.fd = g_array_index(irqfds->list, Irqfd, i).fd;
        g_array_append_val(fds, entry);
    }
    return fds;
}

/* Under the list's lock, so that a deassigned descriptor triggers no more. */
static void
fire(ModelIrqfds *irqfds, gint fd)
{
    for (guint i = 0; i < irqfds->list->len; i++) {
        const Irqfd *irqfd = &g_array_index(irqfds->list, Irqfd, i);

        if (irqfd->fd == fd && drain(fd))
            model_trigger(irqfds->model, irqfd->gsi);
    }
}

static gpointer
irqfd_thread(gpointer data)
{
    ModelIrqfds *irqfds = data;

    g_mutex_lock(&irqfds->lock);
    while (!irqfds->ending) {
        GArray *fds = snapshot(irqfds);
        const struct pollfd *entries = (const struct pollfd *)(void *)fds->data;

        g_mutex_unlock(&irqfds->lock);
        poll((struct pollfd *)(void *)fds->data, fds->len, -1);
        g_mutex_lock(&irqfds->lock);
        if ((entries[0].revents & POLLIN) != 0)
            drain(irqfds->wake_fd);
        for (guint i = 1; i < fds->len; i++) {
            if ((entries[i].revents & POLLIN) != 0)
                fire(irqfds, entries[i].fd);
        }
        g_array_free(fds, TRUE);
    }
    g_mutex_unlock(&irqfds->lock);
    return NULL;
}

static gboolean
is_eventfd(gint fd)
{
    g_autofree char *link = g_strdup_printf("/proc/self/fd/%d", fd);
    g_autofree char *target = g_file_read_link(link, NULL);

    return target != NULL && strstr(target, "[eventfd]") != NULL;
}

static gint
thread_ensure(ModelIrqfds *irqfds)
{
    if (irqfds->thread != NULL)
        return 0;
    irqfds->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (irqfds->wake_fd < 0)
        return -errno;
    irqfds->thread = g_thread_new("model-irqfd", irqfd_thread, irqfds);
    return 0;
}

static gint
assign_fd(ModelIrqfds *irqfds, guint32 gsi, gint fd)
{
    Irqfd irqfd = {.given = fd, .gsi = gsi};
    gint result;

    if (fcntl(fd, F_GETFD) < 0)
        return -EBADF;
    if (!is_eventfd(fd))
        return -EINVAL;
    for (guint i = 0; i < irqfds->list->len; i++) {
        if (g_array_index(irqfds->list, Irqfd, i).given == fd)
            return -EBUSY;
    }
    result = thread_ensure(irqfds);
    if (result != 0)
        return result;
    irqfd.fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (irqfd.fd < 0)
        return -errno;
    g_array_append_val(irqfds->list, irqfd);
    wake(irqfds);
    return 0;
}

/* Taking away what is not there is no error, as in KVM. */
static void
deassign_fd(ModelIrqfds *irqfds, guint32 gsi, gint fd)
{
    for (guint i = 0; i < irqfds->list->len; i++) {
        Irqfd irqfd = g_array_index(irqfds->list, Irqfd, i);

        if (irqfd.given != fd || irqfd.gsi != gsi)
            continue;
        fire(irqfds, irqfd.fd); /* an event that was there before the call still counts */
        close(irqfd.fd);
        g_array_remove_index_fast(irqfds->list, i);
        wake(irqfds);
        return;
    }
}

gint
model_irqfd(Accel *accel, guint32 gsi, gint fd, gboolean assign)
{
    Model *model = (Model *)accel;
    ModelIrqfds *irqfds = model->irqfds;
    gint result = accel_fault_strikes(model->fault, ACCEL_CALL_IRQFD);

    if (result != 0)
        return result;
    if (gsi >= MODEL_SOURCES_MAX)
        return -EINVAL;
    g_mutex_lock(&irqfds->lock);
    if (assign)
        result = assign_fd(irqfds, gsi, fd);
    else
        deassign_fd(irqfds, gsi, fd);
    g_mutex_unlock(&irqfds->lock);
    return result;
}

void
model_irqfds_free(ModelIrqfds *irqfds)
{
    if (irqfds == NULL)
        return;
    if (irqfds->thread != NULL) {
        g_mutex_lock(&irqfds->lock);
        irqfds->ending = TRUE;
        wake(irqfds);
        g_mutex_unlock(&irqfds->lock);
        g_thread_join(irqfds->thread);
        close(irqfds->wake_fd);
    }
    for (guint i = 0; i < irqfds->list->len; i++)
        close(g_array_index(irqfds->list, Irqfd, i).fd);
    g_array_free(irqfds->list, TRUE);
    g_mutex_clear(&irqfds->lock);
    g_free(irqfds);
}
