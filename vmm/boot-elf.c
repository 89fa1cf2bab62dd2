/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading the program headers of a ppc64le ELF executable.
 */
#include "vmm/boot-elf.h"

#include <elf.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "vmm/vm.h"

static gboolean elf_refuse(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

static gboolean
elf_refuse(GError **error, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    if (error != NULL)
        *error = g_error_new_valist(VM_ERROR, VM_ERROR_USAGE, format, arguments);
    va_end(arguments);
    return FALSE;
}

/* @n bytes at @offset, which the caller has checked to lie within the file. */
static gboolean
elf_pread(gint fd, void *buffer, gsize n, guint64 offset, GError **error)
{
    guint8 *at = buffer;

    while (n > 0) {
        gssize got = pread(fd, at, n, (off_t)offset);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            g_set_error(error, VM_ERROR, VM_ERROR_HOST, "cannot be read: %s", g_strerror(errno));
            return FALSE;
        }
        if (got == 0)
            return elf_refuse(error, "became shorter while it was read");
        at += got;
        offset += (guint64)got;
        n -= (gsize)got;
    }
    return TRUE;
}

static gboolean
elf_check_ident(const guint8 *ident, guint64 file_size, GError **error)
{
    if (memcmp(ident, "\x1f\x8b", 2) == 0 ||
        memcmp(ident,
               "\xfd"
               "7zXZ",
               5) == 0 ||
        memcmp(ident, "\x28\xb5\x2f\xfd", 4) == 0)
        return elf_refuse(error, "is compressed; unpack it first");
    if (memcmp(ident, ELFMAG, SELFMAG) != 0)
        return elf_refuse(error, "is no ELF file; a vmlinux is needed");
    if (ident[EI_CLASS] != ELFCLASS64)
        return elf_refuse(error, "is not a 64-bit ELF file; a ppc64le vmlinux is needed");
    if (ident[EI_DATA] != ELFDATA2LSB)
        return elf_refuse(error,
                          "is big-endian; only little-endian (ppc64le) kernels can run here");
    if (file_size < sizeof(Elf64_Ehdr))
        return elf_refuse(error, "is cut off in its ELF header");
    return TRUE;
}

static gboolean
elf_check_header(const Elf64_Ehdr *header, guint64 file_size, GError **error)
{
    guint machine = GUINT16_FROM_LE(header->e_machine);
    guint type = GUINT16_FROM_LE(header->e_type);
    guint n = GUINT16_FROM_LE(header->e_phnum);
    guint64 offset = GUINT64_FROM_LE(header->e_phoff);
    guint64 bytes = n * sizeof(Elf64_Phdr);

    if (machine != EM_PPC64)
        return elf_refuse(error, "is for ELF machine %u, not for ppc64le (%u)", machine, EM_PPC64);
    if (header->e_ident[EI_VERSION] != EV_CURRENT || GUINT32_FROM_LE(header->e_version) != 1)
        return elf_refuse(error, "has an unknown ELF version");
    if (type != ET_EXEC && type != ET_DYN)
        return elf_refuse(error, "is no executable (ELF type %u)", type);
    if (n == 0)
        return elf_refuse(error, "has nothing to load: no program headers");
    if (GUINT16_FROM_LE(header->e_phentsize) != sizeof(Elf64_Phdr))
        return elf_refuse(error, "has program headers of %u bytes, not %zu",
                          GUINT16_FROM_LE(header->e_phentsize), sizeof(Elf64_Phdr));
    if (offset > file_size || bytes > file_size - offset)
        return elf_refuse(error, "is cut off in its program headers");
    return TRUE;
}

/* One PT_LOAD with memory behind it. Keeps the segments in ascending order. */
static gboolean
elf_add(ElfImage *image, const ElfSegment *segment, guint64 file_size, GError **error)
{
    guint at = image->n_segments;

    if (segment->file_size > segment->size)
        return elf_refuse(error, "has a segment larger in the file than in memory");
    if (segment->offset > file_size || segment->file_size > file_size - segment->offset)
        return elf_refuse(error,
                          "is cut off: it has %" G_GUINT64_FORMAT
                          " bytes, and a segment of %" G_GUINT64_FORMAT
                          " bytes at byte %" G_GUINT64_FORMAT,
                          file_size, segment->file_size, segment->offset);
    if (segment->size > G_MAXUINT64 - segment->address)
        return elf_refuse(error, "has a segment that ends beyond the address space");
    if (at == ELF_SEGMENTS_MAX)
        return elf_refuse(error, "has more than %d segments", ELF_SEGMENTS_MAX);

    for (; at > 0 && image->segments[at - 1].address > segment->address; at--)
        image->segments[at] = image->segments[at - 1];
    image->segments[at] = *segment;
    image->n_segments++;
    return TRUE;
}

static gboolean
elf_check_overlap(const ElfImage *image, GError **error)
{
    for (guint i = 1; i < image->n_segments; i++) {
        const ElfSegment *below = &image->segments[i - 1];

        if (below->address + below->size > image->segments[i].address)
            return elf_refuse(error, "has segments that overlap at 0x%" G_GINT64_MODIFIER "x",
                              image->segments[i].address);
    }
    return TRUE;
}

/* The physical address of the virtual @entry. FALSE if no segment's bytes hold it. */
static gboolean
elf_entry(const Elf64_Phdr *headers, guint n, guint64 entry, guint64 *physical)
{
    for (guint i = 0; i < n; i++) {
        guint64 address = GUINT64_FROM_LE(headers[i].p_vaddr);

        if (GUINT32_FROM_LE(headers[i].p_type) == PT_LOAD && entry >= address &&
            entry - address < GUINT64_FROM_LE(headers[i].p_filesz)) {
            *physical = GUINT64_FROM_LE(headers[i].p_paddr) + (entry - address);
            return TRUE;
        }
    }
    return FALSE;
}

static gboolean
elf_segments(const Elf64_Phdr *headers, guint n, guint64 file_size, ElfImage *image, GError **error)
{
    const ElfSegment *last;

    for (guint i = 0; i < n; i++) {
        ElfSegment segment = {
            .offset = GUINT64_FROM_LE(headers[i].p_offset),
            .address = GUINT64_FROM_LE(headers[i].p_paddr),
            .file_size = GUINT64_FROM_LE(headers[i].p_filesz),
            .size = GUINT64_FROM_LE(headers[i].p_memsz),
        };

        if (GUINT32_FROM_LE(headers[i].p_type) != PT_LOAD ||
            (segment.size == 0 && segment.file_size == 0))
            continue;
        if (!elf_add(image, &segment, file_size, error))
            return FALSE;
    }
    if (image->n_segments == 0)
        return elf_refuse(error, "has nothing to load");
    last = &image->segments[image->n_segments - 1];
    image->low = image->segments[0].address;
    image->high = last->address + last->size;
    return elf_check_overlap(image, error);
}

gboolean
elf_read(gint fd, guint64 file_size, ElfImage *image, GError **error)
{
    Elf64_Ehdr header = {0};
    g_autofree Elf64_Phdr *headers = NULL;
    guint n;

    *image = (ElfImage){0};
    if (!elf_pread(fd, &header, MIN(sizeof(header), file_size), 0, error) ||
        !elf_check_ident(header.e_ident, file_size, error) ||
        !elf_check_header(&header, file_size, error))
        return FALSE;
    n = GUINT16_FROM_LE(header.e_phnum);
    headers = g_new(Elf64_Phdr, n);
    if (!elf_pread(fd, headers, n * sizeof(Elf64_Phdr), GUINT64_FROM_LE(header.e_phoff), error) ||
        !elf_segments(headers, n, file_size, image, error))
        return FALSE;
    if (!elf_entry(headers, n, GUINT64_FROM_LE(header.e_entry), &image->entry))
        return elf_refuse(error,
                          "has its entry point 0x%" G_GINT64_MODIFIER "x outside its segments",
                          GUINT64_FROM_LE(header.e_entry));
    return TRUE;
}
