/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The two sections that belong to the host and not to a machine: `timer` and `globalstate`.
 *
 * Here rather than in vmm, because tools decode them too.
 * Source: docs/stream-format.md, timer and globalstate.
 */
#ifndef MIGRATION_GLUE_HOST_STATE_H
#define MIGRATION_GLUE_HOST_STATE_H

#include "vdev/vmstate.h"

#define HOST_RUN_STATE_MAX 99u /* bytes of a run state's name */

/* Clocks, ns; QEMU's idea of virtual time. A KVM guest's own time is in its `spapr` section. */
typedef struct {
    gint64 ticks_offset;
    gint64 clock_offset;
} HostTimer;

/* The run state before the migration stopped the machine. */
typedef struct {
    guint32 size;      /* of the name, with its NUL */
    guint8 name[100];  /* rest: NUL, or newer senders' notes on suspending */
    gboolean unneeded; /* the row does not send it always, and it goes without saying; not sent */
} HostGlobal;

extern const VmsState host_timer_state, host_global_state;

/** host_global_set: @run_state as query-status names it, at most HOST_RUN_STATE_MAX bytes. */
void host_global_set(HostGlobal *global, const char *run_state, const VmsStreamRules *rules);

/** host_global_name: the name; "" if it is none (`check` refuses such). */
const char *host_global_name(const HostGlobal *global);

/** host_catalogue: both, for tools. */
extern const VmsCatalogueRow host_catalogue[];

#endif
