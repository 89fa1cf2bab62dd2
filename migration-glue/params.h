/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Capabilities and parameters of migration: tables, with QEMU's names, ranges and defaults.
 *
 * What is not done here is listed as well, off or at its default, and says why when somebody sets
 * it: managers ask for the whole list.
 */
#ifndef MIGRATION_GLUE_PARAMS_H
#define MIGRATION_GLUE_PARAMS_H

#include "vdev/vmstate.h"

/* Order is that of the tables, and of the answers to the queries. */
typedef enum {
    MIG_CAP_XBZRLE,
    MIG_CAP_RDMA_PIN_ALL,
    MIG_CAP_AUTO_CONVERGE,
    MIG_CAP_ZERO_BLOCKS,
    MIG_CAP_EVENTS,
    MIG_CAP_POSTCOPY_RAM,
    MIG_CAP_X_COLO,
    MIG_CAP_RELEASE_RAM,
    MIG_CAP_RETURN_PATH,
    MIG_CAP_PAUSE_BEFORE_SWITCHOVER,
    MIG_CAP_MULTIFD,
    MIG_CAP_DIRTY_BITMAPS,
    MIG_CAP_POSTCOPY_BLOCKTIME,
    MIG_CAP_LATE_BLOCK_ACTIVATE,
    MIG_CAP_X_IGNORE_SHARED,
    MIG_CAP_VALIDATE_UUID,
    MIG_CAP_BACKGROUND_SNAPSHOT,
    MIG_CAP_ZERO_COPY_SEND,
    MIG_CAP_POSTCOPY_PREEMPT,
    MIG_CAP_SWITCHOVER_ACK,
    MIG_CAP_DIRTY_LIMIT,
    MIG_CAP_MAPPED_RAM,
    MIG_CAP_X_LAZY_RESTORE, /* ours: a guest in a mapped-ram file runs before its memory is here */
    MIG_CAP_N
} MigCapability;

typedef enum {
    MIG_PARAM_ANNOUNCE_INITIAL,
    MIG_PARAM_ANNOUNCE_MAX,
    MIG_PARAM_ANNOUNCE_ROUNDS,
    MIG_PARAM_ANNOUNCE_STEP,
    MIG_PARAM_THROTTLE_TRIGGER_THRESHOLD, /* percent */
    MIG_PARAM_CPU_THROTTLE_INITIAL,       /* percent */
    MIG_PARAM_CPU_THROTTLE_INCREMENT,     /* percent */
    MIG_PARAM_CPU_THROTTLE_TAILSLOW,
    MIG_PARAM_TLS_CREDS,
    MIG_PARAM_TLS_HOSTNAME,
    MIG_PARAM_TLS_AUTHZ,
    MIG_PARAM_MAX_BANDWIDTH,              /* bytes a second; 0: no limit */
    MIG_PARAM_AVAIL_SWITCHOVER_BANDWIDTH, /* bytes a second; 0: as measured */
    MIG_PARAM_DOWNTIME_LIMIT,             /* ms */
    MIG_PARAM_X_CHECKPOINT_DELAY,
    MIG_PARAM_MULTIFD_CHANNELS,
    MIG_PARAM_XBZRLE_CACHE_SIZE,
    MIG_PARAM_MAX_POSTCOPY_BANDWIDTH,
    MIG_PARAM_MAX_CPU_THROTTLE,
    MIG_PARAM_MULTIFD_COMPRESSION,
    MIG_PARAM_MULTIFD_ZLIB_LEVEL,
    MIG_PARAM_MULTIFD_ZSTD_LEVEL,
    MIG_PARAM_X_VCPU_DIRTY_LIMIT_PERIOD,
    MIG_PARAM_VCPU_DIRTY_LIMIT,
    MIG_PARAM_MODE,
    MIG_PARAM_ZERO_PAGE_DETECTION,
    MIG_PARAM_DIRECT_IO,
    MIG_PARAM_X_ONE_WAY,   /* ours: a source that hears no refusal is taken nevertheless */
    MIG_PARAM_X_WALK_WAIT, /* ours: ms that a guest in a walk of a connector has to finish it */
    MIG_PARAM_N
} MigParam;

typedef enum {
    MIG_KIND_SIZE, /* a number; `number` */
    MIG_KIND_BOOL, /* 0 or 1; `number` */
    MIG_KIND_TEXT, /* `text`, never NULL */
    MIG_KIND_ENUM, /* one of `choices`; `text` */
} MigParamKind;

typedef struct {
    const char *name;
    gboolean initial;
    guint32 vms;         /* VMS_CAP_* that it sets, or 0 */
    const char *refusal; /* why it cannot be switched on; NULL: it can */
} MigCapabilityInfo;

typedef struct {
    const char *name;
    MigParamKind kind;
    guint64 min, max, initial; /* numbers */
    const char *initial_text;
    const char *const *choices; /* NULL-terminated */
    const char *refusal;        /* why it can only have its default; NULL: it can change */
} MigParamInfo;

const MigCapabilityInfo *mig_capability_info(MigCapability capability);
const MigParamInfo *mig_param_info(MigParam param);

/* FALSE if there is none of that name. */
gboolean mig_capability_find(const char *name, MigCapability *capability);
gboolean mig_param_find(const char *name, MigParam *param);

/* A set of both; any thread. */
typedef struct MigParams MigParams;

MigParams *mig_params_new(void);
void mig_params_free(MigParams *params); /* NULL-safe */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MigParams, mig_params_free)

gboolean mig_params_capability(MigParams *params, MigCapability capability);

/* All VMS_CAP_* that are on. */
guint32 mig_params_vms(MigParams *params);

typedef struct {
    MigCapability capability;
    gboolean on;
} MigCapabilityChange;

/**
 * mig_params_set_capabilities:
 * @running: a migration is going on
 *
 * Sets all of @changes or, on failure, none.
 *
 * Returns: FALSE with MIG_ERROR_VALUE naming the capability and the reason.
 */
gboolean mig_params_set_capabilities(MigParams *params, const MigCapabilityChange *changes, guint n,
                                     gboolean running, GError **error);

guint64 mig_params_number(MigParams *params, MigParam param);
char *mig_params_text(MigParams *params, MigParam param); /* (transfer full) */

/* Also while a migration runs: it takes notice at once. MIG_ERROR_VALUE with name, range, reason.
 */
gboolean mig_params_check_number(MigParam param, guint64 value, GError **error);
gboolean mig_params_check_text(MigParam param, const char *value, GError **error);
gboolean mig_params_set_number(MigParams *params, MigParam param, guint64 value, GError **error);
gboolean mig_params_set_text(MigParams *params, MigParam param, const char *value, GError **error);

#endif
