/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The system calls.
 */
#include "migration-glue/userfault.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "migration-glue/error.h"

#define DEVICE "/dev/userfaultfd"

static gboolean
fail(const char *what, int number, GError **error)
{
    g_set_error(error, MIG_ERROR, MIG_ERROR_IO, "%s: %s", what, g_strerror(number));
    return FALSE;
}

/* By the call, or by the device, which administrators open to whom they like. */
static int
new_descriptor(void)
{
    int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK), device;

    if (fd >= 0 || errno != EPERM)
        return fd;
    device = open(DEVICE, O_RDWR | O_CLOEXEC);
    if (device < 0) {
        errno = EPERM;
        return -1;
    }
    fd = ioctl(device, USERFAULTFD_IOC_NEW, O_CLOEXEC | O_NONBLOCK);
    close(device);
    return fd;
}

int
mig_userfault_open(GError **error)
{
    struct uffdio_api api = {.api = UFFD_API};
    int fd = new_descriptor();

    if (fd < 0) {
        g_set_error(error, MIG_ERROR, MIG_ERROR_UNSUPPORTED,
                    "memory that comes after the guest needs userfaultfd, which %s",
                    errno == EPERM
                        ? "this process may not use: set sysctl vm.unprivileged_userfaultfd=1, "
                          "or let it open " DEVICE
                    : errno == ENOSYS ? "this kernel was built without"
                                      : g_strerror(errno));
        return -1;
    }
    if (ioctl(fd, UFFDIO_API, &api) == 0)
        return fd;
    fail("userfaultfd", errno, error);
    close(fd);
    return -1;
}

gboolean
mig_userfault_register(int fd, void *at, guint64 n, gboolean *can_zero, const char *name,
                       GError **error)
{
    struct uffdio_register all = {.range = {(guint64)(gsize)at, n},
                                  .mode = UFFDIO_REGISTER_MODE_MISSING};

    if (ioctl(fd, UFFDIO_REGISTER, &all) != 0) {
        g_set_error(error, MIG_ERROR, MIG_ERROR_UNSUPPORTED,
                    "RAM block '%s' is of a kind whose pages cannot come one by one (%s): use "
                    "memory-backend-ram, or memory-backend-memfd with share=on",
                    name, g_strerror(errno));
        return FALSE;
    }
    *can_zero = (all.ioctls & (G_GUINT64_CONSTANT(1) << _UFFDIO_ZEROPAGE)) != 0;
    if ((all.ioctls & (G_GUINT64_CONSTANT(1) << _UFFDIO_COPY)) != 0)
        return TRUE;
    g_set_error(error, MIG_ERROR, MIG_ERROR_UNSUPPORTED,
                "RAM block '%s': this kernel cannot place pages in memory of its kind", name);
    return FALSE;
}

void
mig_userfault_unregister(int fd, void *at, guint64 n)
{
    struct uffdio_range range = {(guint64)(gsize)at, n};

    (void)ioctl(fd, UFFDIO_UNREGISTER, &range);
}

/* EAGAIN: something about the mappings of the process is changing just now. */
static MigUserfaultPut
outcome(int result, const char *what, GError **error)
{
    if (result == 0)
        return MIG_USERFAULT_DONE;
    if (errno == EEXIST)
        return MIG_USERFAULT_THERE;
    fail(what, errno, error);
    return MIG_USERFAULT_FAILED;
}

MigUserfaultPut
mig_userfault_copy(int fd, void *to, const void *from, guint64 n, GError **error)
{
    struct uffdio_copy copy = {.dst = (guint64)(gsize)to, .src = (guint64)(gsize)from, .len = n};
    int result;

    while ((result = ioctl(fd, UFFDIO_COPY, &copy)) != 0 && errno == EAGAIN)
        copy.copy = 0;
    return outcome(result, "placing a page", error);
}

gboolean
mig_userfault_fill(int fd, guint8 *to, const guint8 *from, guint64 n, guint64 page, GError **error)
{
    for (guint64 done = 0; done < n;) {
        struct uffdio_copy copy = {.dst = (guint64)(gsize)(to + done),
                                   .src = (guint64)(gsize)(from + done),
                                   .len = n - done};
        int result = ioctl(fd, UFFDIO_COPY, &copy);

        if (copy.copy > 0) /* as far as it came: somebody was faster with the next one */
            done += (guint64)copy.copy;
        else if (result != 0 && errno == EEXIST)
            done += page;
        else if (result != 0 && errno != EAGAIN)
            return fail("placing pages", errno, error);
    }
    return TRUE;
}

MigUserfaultPut
mig_userfault_zero(int fd, void *to, guint64 n, GError **error)
{
    struct uffdio_zeropage zero = {.range = {(guint64)(gsize)to, n}};
    int result;

    while ((result = ioctl(fd, UFFDIO_ZEROPAGE, &zero)) != 0 && errno == EAGAIN)
        zero.zeropage = 0;
    return outcome(result, "placing a page of zeros", error);
}

void
mig_userfault_wake(int fd, void *at, guint64 n)
{
    struct uffdio_range range = {(guint64)(gsize)at, n};

    (void)ioctl(fd, UFFDIO_WAKE, &range);
}

gboolean
mig_userfault_next(int fd, guint64 *address)
{
    struct uffd_msg message;

    while (read(fd, &message, sizeof(message)) == (gssize)sizeof(message)) {
        if (message.event == UFFD_EVENT_PAGEFAULT) {
            *address = message.arg.pagefault.address;
            return TRUE;
        }
    }
    return FALSE;
}
