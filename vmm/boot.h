/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Boot files: kernel and initrd, opened and understood once, put into guest memory at the start and
 * again at every reset.
 *
 * The bytes go from the page cache straight into guest memory: no second copy is kept, and a file
 * that is cut short meanwhile is an error, not a SIGBUS.
 */
#ifndef VMM_BOOT_H
#define VMM_BOOT_H

#include "vdev/machine.h"
#include "vmm/ram.h"

typedef struct Boot Boot;

/**
 * boot_new: opens the files and reads the kernel's headers.
 * @kernel, @initrd: paths or NULL
 *
 * Errors: VM_ERROR_USAGE, naming the file.
 */
Boot *boot_new(const char *kernel, const char *initrd, GError **error);
void boot_free(Boot *boot); /* NULL-safe */

const VdevBootImage *boot_image(const Boot *boot);

/**
 * boot_load_kernel: copies each segment to its address + @offset and clears what follows it.
 * boot_load_initrd: copies the file to @gpa.
 *
 * Without such a file they do nothing. Errors: VM_ERROR_USAGE: it does not fit into guest memory;
 * VM_ERROR_HOST: it cannot be read (any more).
 */
gboolean boot_load_kernel(Boot *boot, RamList *ram, guint64 offset, GError **error);
gboolean boot_load_initrd(Boot *boot, RamList *ram, guint64 gpa, GError **error);

#endif
