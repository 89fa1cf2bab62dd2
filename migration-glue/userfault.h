/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * userfaultfd: accesses to memory that is not there yet wait until somebody puts it there.
 *
 * Faults of the kernel count too: KVM's for the guest, and those of system calls. So a descriptor
 * is needed that the kernel gives to privileged processes only. Which page is where, and whose turn
 * it is, is the business of postcopy-dst.c.
 *
 * Source: userfaultfd(2), ioctl_userfaultfd(2), Linux admin-guide/mm/userfaultfd.rst.
 */
#ifndef MIGRATION_GLUE_USERFAULT_H
#define MIGRATION_GLUE_USERFAULT_H

#include <glib.h>

/* A descriptor, non-blocking, or −1 with @error set to why not and what to do. */
int mig_userfault_open(GError **error);

/**
 * mig_userfault_register:
 * @can_zero: (out): whether mig_userfault_zero() works there
 *
 * From now on an access to an absent page of [@at, @at + @n) waits.
 */
gboolean mig_userfault_register(int fd, void *at, guint64 n, gboolean *can_zero, const char *name,
                                GError **error);
/* Who waits there goes on, and finds zeros. */
void mig_userfault_unregister(int fd, void *at, guint64 n);

typedef enum {
    MIG_USERFAULT_DONE,
    MIG_USERFAULT_THERE, /* the page was there already, and is what it was */
    MIG_USERFAULT_FAILED,
} MigUserfaultPut;

/* Puts a whole page of the backing, at once for all who look; who waits for it goes on. */
MigUserfaultPut mig_userfault_copy(int fd, void *to, const void *from, guint64 n, GError **error);
MigUserfaultPut mig_userfault_zero(int fd, void *to, guint64 n, GError **error);

/* Puts those of the pages of @page bytes, in [@to, @to + @n), that are not there; others stay. */
gboolean
mig_userfault_fill(int fd, guint8 *to, const guint8 *from, guint64 n, guint64 page, GError **error);

/* Who waits for something in [@at, @at + @n) looks again. */
void mig_userfault_wake(int fd, void *at, guint64 n);

/* The next address that somebody waits for; FALSE: none now. */
gboolean mig_userfault_next(int fd, guint64 *address);

#endif
