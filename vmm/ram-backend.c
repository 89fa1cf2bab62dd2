/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Backings of RAM blocks.
 *
 * All are mapped at a multiple of 2 MiB, or of their own page if that is larger, so that the host
 * can give a radix guest large translations. Sizes are multiples of the backing's page. A memfd is
 * sealed, so that nobody who gets hold of it can cut it short under the guest.
 *
 * Source: memfd_create(2), madvise(2), fallocate(2), Linux mm/hugetlbpage.rst.
 */
#include "vmm/ram-backend.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define ALIGNMENT (G_GUINT64_CONSTANT(2) << 20) /* the radix tree's first large page */

#ifndef MFD_HUGE_SHIFT
#define MFD_HUGE_SHIFT 26
#endif
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

static const char *const kind_names[] = {
    [RAM_BACKEND_RAM] = "memory-backend-ram",
    [RAM_BACKEND_FILE] = "memory-backend-file",
    [RAM_BACKEND_MEMFD] = "memory-backend-memfd",
};

static guint64
host_page(void)
{
    return (guint64)sysconf(_SC_PAGESIZE);
}

/* ---- errors: "memory-backend-file ram0 (/path): …" ----------------------------------------- */

static void
    G_GNUC_PRINTF(3, 4) refuse(GError **error, const RamBackendSpec *spec, const char *format, ...)
{
    g_autofree char *why = NULL;
    va_list arguments;

    va_start(arguments, format);
    why = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "%s %s%s%s%s: %s",
                kind_names[spec->kind], spec->id, spec->path != NULL ? " (" : "",
                spec->path != NULL ? spec->path : "", spec->path != NULL ? ")" : "", why);
}

/* @advice may be NULL. */
static void
fail(GError **error, const RamBackendSpec *spec, gint errnum, const char *what, const char *advice)
{
    g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errnum), "%s %s%s%s%s: %s: %s%s%s",
                kind_names[spec->kind], spec->id, spec->path != NULL ? " (" : "",
                spec->path != NULL ? spec->path : "", spec->path != NULL ? ")" : "", what,
                g_strerror(errnum), advice != NULL ? "; " : "", advice != NULL ? advice : "");
}

static const char *
no_memory_advice(const RamBlock *block)
{
    return block->page_size > host_page()
               ? "provide huge pages (/sys/kernel/mm/hugepages/*/nr_hugepages) or ask for less"
               : "ask for less memory or free some";
}

/* ---- descriptors --------------------------------------------------------------------------- */

static guint64
default_huge_page(void)
{
    g_autofree char *text = NULL;
    const char *line;

    if (!g_file_get_contents("/proc/meminfo", &text, NULL, NULL))
        return 0;
    line = strstr(text, "\nHugepagesize:");
    return line != NULL ? g_ascii_strtoull(line + strlen("\nHugepagesize:"), NULL, 10) << 10 : 0;
}

static gboolean
check_size(const RamBlock *block, const RamBackendSpec *spec, GError **error)
{
    if (spec->size != 0 && spec->size % block->page_size == 0 && spec->size <= G_MAXINT64)
        return TRUE;
    refuse(error, spec,
           "size 0x%" G_GINT64_MODIFIER "x is no multiple of the page size 0x%" G_GINT64_MODIFIER
           "x of its backing: round it",
           spec->size, block->page_size);
    return FALSE;
}

static gboolean
open_memfd(RamBlock *block, const RamBackendSpec *spec, GError **error)
{
    guint flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;

    if (spec->hugetlb) {
        block->page_size = spec->hugepage_size != 0 ? spec->hugepage_size : default_huge_page();
        if (block->page_size == 0 || (block->page_size & (block->page_size - 1)) != 0 ||
            block->page_size < host_page()) {
            refuse(error, spec, "0x%" G_GINT64_MODIFIER "x is no huge page size of this host",
                   block->page_size);
            return FALSE;
        }
        flags |= MFD_HUGETLB;
        flags |= (guint)__builtin_ctzll(block->page_size) << MFD_HUGE_SHIFT;
    }
    if (!check_size(block, spec, error))
        return FALSE;
    block->fd = memfd_create(spec->id, flags);
    if (block->fd < 0) {
        fail(error, spec, errno, "memfd_create",
             spec->hugetlb ? "see /sys/kernel/mm/hugepages for the sizes this host has" : NULL);
        block->fd = -1;
        return FALSE;
    }
    if (ftruncate(block->fd, (off_t)spec->size) != 0 ||
        fcntl(block->fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
        fail(error, spec, errno, "setting its size", no_memory_advice(block));
        return FALSE;
    }
    block->owns_contents = TRUE;
    return TRUE;
}

/* A directory gets a file without a name, which goes with its last user. */
static gint
open_in_directory(const char *directory)
{
    g_autofree char *name = NULL;
    gint fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

    if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT))
        return fd;
    name = g_build_filename(directory, "spapr-vmm-ram-XXXXXX", NULL);
    fd = g_mkstemp_full(name, O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0)
        unlink(name);
    return fd;
}

/* An empty or new file gets the size; one that holds something must be large enough and keeps its
 * length. @created: whether the name is new. */
static gboolean
size_file(RamBlock *block, const RamBackendSpec *spec, const struct stat *info, GError **error)
{
    if (!S_ISREG(info->st_mode)) {
        refuse(error, spec, "is neither a file nor a directory");
        return FALSE;
    }
    if (info->st_size != 0 && (guint64)info->st_size < spec->size) {
        refuse(error, spec,
               "the file has 0x%" G_GINT64_MODIFIER "x bytes, size asks for 0x%" G_GINT64_MODIFIER
               "x: enlarge the file, or remove it to have it made",
               (guint64)info->st_size, spec->size);
        return FALSE;
    }
    if (info->st_size == 0 && ftruncate(block->fd, (off_t)spec->size) != 0) {
        fail(error, spec, errno, "setting its size", "free space there or ask for less");
        return FALSE;
    }
    return TRUE;
}

static gboolean
open_file(RamBlock *block, const RamBackendSpec *spec, gboolean *created, GError **error)
{
    struct statfs fs;
    struct stat info;

    if (spec->path == NULL || spec->path[0] == '\0') {
        refuse(error, spec, "needs a path: mem-path=FILE or mem-path=DIRECTORY");
        return FALSE;
    }
    if (g_file_test(spec->path, G_FILE_TEST_IS_DIR)) {
        block->fd = open_in_directory(spec->path);
        block->owns_contents = TRUE;
    } else {
        block->fd = open(spec->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        *created = block->fd >= 0;
        if (block->fd < 0 && errno == EEXIST)
            block->fd = open(spec->path, O_RDWR | O_CLOEXEC);
    }
    if (block->fd < 0) {
        fail(error, spec, errno, "opening", "name a file or a directory that this user may write");
        block->fd = -1;
        return FALSE;
    }
    if (fstatfs(block->fd, &fs) != 0 || fstat(block->fd, &info) != 0) {
        fail(error, spec, errno, "looking at it", NULL);
        return FALSE;
    }
    if (fs.f_type == HUGETLBFS_MAGIC)
        block->page_size = (guint64)fs.f_bsize;
    return check_size(block, spec, error) && size_file(block, spec, &info, error);
}

/* ---- mapping ------------------------------------------------------------------------------- */

/* Maps @size bytes at a multiple of @alignment: reserves more, maps over, gives the rest back. */
static guint8 *
map_aligned(guint64 size, guint64 alignment, gint flags, gint fd)
{
    guint64 span = size + alignment;
    guint8 *reserved, *at, *mapped;
    gint errnum;

    if (span < size || span > G_MAXSIZE) {
        errno = ENOMEM;
        return NULL;
    }
    reserved = mmap(NULL, span, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (reserved == MAP_FAILED)
        return NULL;
    at = reserved + (-(gsize)reserved & (alignment - 1));
    mapped = mmap(at, size, PROT_READ | PROT_WRITE, flags | MAP_FIXED, fd, 0);
    if (mapped == MAP_FAILED) {
        errnum = errno;
        munmap(reserved, span);
        errno = errnum;
        return NULL;
    }
    if (at > reserved)
        munmap(reserved, (gsize)(at - reserved));
    if (reserved + span > at + size)
        munmap(at + size, (gsize)(reserved + span - (at + size)));
    return at;
}

static gboolean
map_block(RamBlock *block, const RamBackendSpec *spec, GError **error)
{
    gint flags = (spec->share ? MAP_SHARED : MAP_PRIVATE) | (block->fd < 0 ? MAP_ANONYMOUS : 0);

    block->host = map_aligned(block->size, MAX(ALIGNMENT, block->page_size), flags, block->fd);
    if (block->host == NULL) {
        fail(error, spec, errno, "mapping", no_memory_advice(block));
        return FALSE;
    }
    block->shared = spec->share;
    madvise(block->host, block->size, MADV_DONTFORK);
    /* Advice that a kernel without transparent huge pages refuses changes nothing. */
    if (block->page_size == host_page())
        madvise(block->host, block->size, MADV_HUGEPAGE);
    return TRUE;
}

/* Kernels before 5.14 cannot populate; each page is then written with what it holds. Space in the
 * file was reserved before, so that no write here can fail with a signal. */
static gint
populate(RamBlock *block)
{
    if (madvise(block->host, block->size, MADV_POPULATE_WRITE) == 0)
        return 0;
    if (errno != EINVAL)
        return errno == EFAULT ? ENOMEM : errno;
    if (block->fd >= 0 && block->shared && fallocate(block->fd, 0, 0, (off_t)block->size) != 0)
        return errno;
    for (guint64 at = 0; at < block->size; at += block->page_size) {
        volatile guint8 *byte = block->host + at;

        *byte = *byte;
    }
    return 0;
}

gboolean
ram_backend_open(RamBlock *block, const RamBackendSpec *spec, GError **error)
{
    gboolean created = FALSE, ok;
    gint errnum;

    block->page_size = host_page();
    block->discard_at_end = spec->discard && spec->kind == RAM_BACKEND_FILE;
    if (spec->hugetlb && spec->kind != RAM_BACKEND_MEMFD) {
        refuse(error, spec,
               "hugetlb belongs to memory-backend-memfd; for a file name a directory "
               "in a hugetlbfs");
        return FALSE;
    }
    if (spec->hugepage_size != 0 && !spec->hugetlb) {
        refuse(error, spec, "a huge page size needs hugetlb=on");
        return FALSE;
    }
    switch (spec->kind) {
    case RAM_BACKEND_FILE: ok = open_file(block, spec, &created, error); break;
    case RAM_BACKEND_MEMFD: ok = open_memfd(block, spec, error); break;
    default: ok = check_size(block, spec, error); break;
    }
    block->owns_contents |= spec->kind == RAM_BACKEND_RAM;
    ok = ok && map_block(block, spec, error);
    if (ok && spec->prealloc) {
        errnum = populate(block);
        block->preallocated = ok = errnum == 0;
        if (!ok)
            fail(error, spec, errnum, "allocating all of it (prealloc)", no_memory_advice(block));
    }
    if (!ok && created)
        unlink(spec->path);
    return ok;
}

static void
punch(RamBlock *block)
{
    if (fallocate(block->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, (off_t)block->size))
        return; /* a file system without holes keeps the bytes */
}

void
ram_backend_close(RamBlock *block)
{
    if (block->host != NULL)
        munmap(block->host, block->size);
    block->host = NULL;
    if (block->fd < 0)
        return;
    if (block->discard_at_end && block->shared)
        punch(block);
    close(block->fd);
    block->fd = -1;
}

gboolean
ram_block_discard(RamBlock *block)
{
    gboolean gone;

    if (block->host == NULL || block->preallocated || block->page_size > host_page())
        return FALSE;
    if (!block->shared)
        gone = madvise(block->host, block->size, MADV_DONTNEED) == 0;
    else
        gone = block->owns_contents && madvise(block->host, block->size, MADV_REMOVE) == 0;
    /* No accelerator sees that, and every page may read otherwise now. */
    if (gone)
        ram_block_mark_dirty(block, 0, block->size);
    return gone;
}
