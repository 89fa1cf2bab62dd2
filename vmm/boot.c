/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Boot files into guest memory.
 */
#include "vmm/boot.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vmm/boot-elf.h"
#include "vmm/guestmem.h"
#include "vmm/vm.h"

/* Threads that read one file, bytes that are worth a thread, and where slices are cut. */
#define BOOT_READERS_MAX  4
#define BOOT_READER_SHARE (G_GUINT64_CONSTANT(4) << 20)
#define BOOT_SLICE_ALIGN  (G_GUINT64_CONSTANT(64) << 10)

typedef struct {
    const char *option; /* "-kernel", "-initrd": for messages */
    char *path;         /* NULL: not given */
    gint fd;
    guint64 size; /* bytes, when it was opened */
} BootFile;

struct Boot {
    BootFile kernel, initrd;
    ElfImage elf;
    VdevBootImage image;
};

static gboolean
boot_file_refuse(const BootFile *file, GError **error, gint code, const char *reason)
{
    g_set_error(error, VM_ERROR, code, "%s %s %s", file->option, file->path, reason);
    return FALSE;
}

static gboolean
boot_file_open(BootFile *file, const char *option, const char *path, GError **error)
{
    struct stat status;

    file->option = option;
    file->path = g_strdup(path);
    /* O_NONBLOCK: opening a FIFO by mistake must not hang. */
    file->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file->fd < 0 || fstat(file->fd, &status) != 0) {
        g_autofree char *reason = g_strdup_printf("cannot be opened: %s", g_strerror(errno));

        return boot_file_refuse(file, error, VM_ERROR_USAGE, reason);
    }
    if (!S_ISREG(status.st_mode))
        return boot_file_refuse(file, error, VM_ERROR_USAGE, "is no regular file");
    if (status.st_size == 0)
        return boot_file_refuse(file, error, VM_ERROR_USAGE, "is empty");
    file->size = (guint64)status.st_size;
    return TRUE;
}

static void
boot_file_close(BootFile *file)
{
    if (file->fd >= 0)
        close(file->fd);
    g_free(file->path);
}

static gboolean
boot_open_kernel(Boot *boot, const char *path, GError **error)
{
    if (!boot_file_open(&boot->kernel, "-kernel", path, error))
        return FALSE;
    if (!elf_read(boot->kernel.fd, boot->kernel.size, &boot->elf, error)) {
        g_prefix_error(error, "-kernel %s ", path);
        return FALSE;
    }
    boot->image.has_kernel = TRUE;
    boot->image.kernel_low = boot->elf.low;
    boot->image.kernel_high = boot->elf.high;
    boot->image.entry = boot->elf.entry;
    return TRUE;
}

Boot *
boot_new(const char *kernel, const char *initrd, GError **error)
{
    Boot *boot = g_new0(Boot, 1);

    boot->kernel.fd = boot->initrd.fd = -1;
    if ((kernel != NULL && !boot_open_kernel(boot, kernel, error)) ||
        (initrd != NULL && !boot_file_open(&boot->initrd, "-initrd", initrd, error)))
        g_clear_pointer(&boot, boot_free);
    else
        boot->image.initrd_size = boot->initrd.size;
    return boot;
}

void
boot_free(Boot *boot)
{
    if (boot == NULL)
        return;
    boot_file_close(&boot->kernel);
    boot_file_close(&boot->initrd);
    g_free(boot);
}

const VdevBootImage *
boot_image(const Boot *boot)
{
    return &boot->image;
}

/* ---- reading ------------------------------------------------------------------------------- */

/* One thread's part of a file. */
typedef struct {
    const BootFile *file;
    guint8 *to;
    guint64 n, offset; /* bytes */
    GThread *thread;   /* NULL: read by the caller */
    GError *error;
} BootSlice;

static gpointer
boot_slice_read(gpointer user)
{
    BootSlice *slice = user;

    while (slice->n > 0) {
        gssize got = pread(slice->file->fd, slice->to, slice->n, (off_t)slice->offset);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            boot_file_refuse(slice->file, &slice->error, VM_ERROR_HOST,
                             got < 0 ? g_strerror(errno)
                                     : "has become shorter since it was opened");
            return NULL;
        }
        slice->to += got;
        slice->offset += (guint64)got;
        slice->n -= (guint64)got;
    }
    return NULL;
}

/*
 * A kernel is tens of megabytes into memory that nobody has touched yet: for the host that is
 * making pages more than copying, work that its processors can share.
 */
static gboolean
boot_read(const BootFile *file, guint8 *to, guint64 n, guint64 offset, GError **error)
{
    BootSlice slices[BOOT_READERS_MAX] = {0};
    guint readers = (guint)CLAMP(n / BOOT_READER_SHARE, 1,
                                 MIN(g_get_num_processors(), (guint)BOOT_READERS_MAX));
    guint64 share = n / readers / BOOT_SLICE_ALIGN * BOOT_SLICE_ALIGN;
    gboolean ok = TRUE;

    for (guint i = 0; i < readers; i++) {
        guint64 begin = i * share, end = i + 1 < readers ? begin + share : n;

        slices[i] = (BootSlice){file, to + begin, end - begin, offset + begin, NULL, NULL};
        if (i + 1 < readers)
            slices[i].thread = g_thread_try_new("boot reader", boot_slice_read, &slices[i], NULL);
        if (slices[i].thread == NULL)
            boot_slice_read(&slices[i]);
    }
    for (guint i = 0; i < readers; i++) {
        if (slices[i].thread != NULL)
            g_thread_join(slices[i].thread);
        if (slices[i].error == NULL)
            continue;
        if (ok)
            g_propagate_error(error, slices[i].error);
        else
            g_error_free(slices[i].error);
        ok = FALSE;
    }
    return ok;
}

/* ---- placing ------------------------------------------------------------------------------- */

/* @n_file bytes of the file from @offset to @gpa, then zeroes up to @n bytes. */
static gboolean
boot_put(const BootFile *file, RamList *ram, guint64 gpa, guint64 n, guint64 offset, guint64 n_file,
         GError **error)
{
    guint8 *to = guestmem_map_writable(ram, gpa, n);
    gboolean ok;

    if (to == NULL) {
        g_set_error(error, VM_ERROR, VM_ERROR_USAGE,
                    "%s %s needs guest memory from 0x%" G_GINT64_MODIFIER
                    "x to 0x%" G_GINT64_MODIFIER "x, which is not all there; give more with -m",
                    file->option, file->path, gpa, gpa + n);
        return FALSE;
    }
    ok = boot_read(file, to, n_file, offset, error);
    if (ok)
        memset(to + n_file, 0, n - n_file);
    guestmem_unmap(ram, gpa, n);
    return ok;
}

gboolean
boot_load_kernel(Boot *boot, RamList *ram, guint64 offset, GError **error)
{
    gboolean ok = TRUE;

    for (guint i = 0; ok && i < boot->elf.n_segments; i++) {
        const ElfSegment *segment = &boot->elf.segments[i];

        ok = boot_put(&boot->kernel, ram, segment->address + offset, segment->size, segment->offset,
                      segment->file_size, error);
    }
    return ok;
}

gboolean
boot_load_initrd(Boot *boot, RamList *ram, guint64 gpa, GError **error)
{
    if (boot->initrd.size == 0)
        return TRUE;
    return boot_put(&boot->initrd, ram, gpa, boot->initrd.size, 0, boot->initrd.size, error);
}
