/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading the program headers of a ppc64le ELF executable. Nothing is believed: every offset, size
 * and address is checked against the file and against the others.
 *
 * Source: System V ABI (ELF-64), 64-bit ELF V2 ABI for Power.
 */
#ifndef VMM_BOOT_ELF_H
#define VMM_BOOT_ELF_H

#include <glib.h>

#define ELF_SEGMENTS_MAX 64

typedef struct {
    guint64 offset;    /* of the bytes in the file */
    guint64 address;   /* physical */
    guint64 file_size; /* bytes in the file */
    guint64 size;      /* bytes in memory, ≥ file_size; the rest is zero */
} ElfSegment;

typedef struct {
    guint n_segments; /* ≥ 1; of size > 0; ascending addresses, no overlap */
    ElfSegment segments[ELF_SEGMENTS_MAX];
    guint64 low, high; /* first address, and first address behind the last segment */
    guint64 entry;     /* physical, inside a segment's bytes */
} ElfImage;

/**
 * elf_read:
 * @fd: a regular file of @file_size bytes; its position is not used
 *
 * Errors: VM_ERROR_USAGE, without the file's name: it is no such executable, or is cut off;
 * VM_ERROR_HOST: it cannot be read.
 */
gboolean elf_read(gint fd, guint64 file_size, ElfImage *image, GError **error);

#endif
