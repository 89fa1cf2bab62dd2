/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A machine that can be migrated and is nothing else: blocks of memory, a guest that writes to
 * them, one device, the machine lock; and a count of the guests that run, over all machines.
 */
#ifndef TESTS_UNIT_MIGRATION_GLUE_MOVE_RIG_H
#define TESTS_UNIT_MIGRATION_GLUE_MOVE_RIG_H

#include "migration-glue/migration.h"

#define RIG_BLOCKS_MAX 4

typedef struct {
    MigRamBlock block;
    guint64 *dirty; /* by the guest: atomic */
} RigBlock;

typedef struct {
    guint64 ticks;
    guint32 mode;
    gboolean refuses; /* its check says no */
} RigDevice;

typedef struct Rig Rig;

/* One guest, which only one rig may run at a time. */
typedef struct {
    gint running; /* atomic: rigs that run it now */
    gint twice;   /* atomic: set once two did */
} RigGuest;

struct Rig {
    RigGuest *guest;
    GMutex lock;
    gboolean locked; /* by whoever has it; for assertions */
    RigBlock blocks[RIG_BLOCKS_MAX];
    guint n_blocks;
    RigDevice device;
    MigRam ram;
    MigHost host;
    MigParams *params;
    MigOutgoing *out;
    MigIncoming *in;

    gint runs;       /* atomic: the guest is run here */
    gint logging;    /* atomic */
    gint gone;       /* atomic: it was handed over */
    gint taken;      /* atomic: run() was called */
    gint throttle;   /* atomic: percent, as it was told last */
    gint memory;     /* atomic: MigMemory, the same */
    gboolean writes; /* while it runs it writes to its memory */
    gboolean fail_activate, fail_stop;
    gboolean looks_early; /* activate() looks at the memory */
    guint32 seed;
    GThread *vcpu;
    gint vcpu_quits; /* atomic */
    guint64 sum_at_run;
    gboolean reads_later; /* run() does not look at the memory */
    gboolean late;        /* the log says once, at first, that the very last page was written */
    gboolean all_dirty;   /* the log says that everything was written */

    GMutex event_lock; /* guards the next three */
    GCond event;
    GArray *statuses; /* MigStatus, in the order of events */
    gboolean ended;
};

Rig *rig_new(RigGuest *guest, const char *machine);
void rig_free(Rig *rig);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Rig, rig_free)

/* Before anything else is done with it. */
void rig_add_block(Rig *rig, const char *name, guint64 size, gboolean migratable);

/* Memory of which a third is zero. */
void rig_fill(Rig *rig, guint32 seed);
guint64 rig_sum(const Rig *rig);

/* The guest begins to run, and to write to its memory if @writes. */
void rig_start(Rig *rig, gboolean writes, guint32 seed);
gboolean rig_runs(Rig *rig);

/* Until the migration's thread has nothing more to do. */
void rig_wait_ended(Rig *rig);
/* Until @status was told, or the end; TRUE in the first case. */
gboolean rig_wait_status(Rig *rig, MigStatus status);

#endif
