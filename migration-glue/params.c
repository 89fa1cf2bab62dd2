/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tables of capabilities and parameters, and a set of their values.
 */
#include "migration-glue/params.h"

#include <string.h>

#include "migration-glue/error.h"

#define NO_LIMIT   "auto-converge slows vCPUs down, all alike"
#define NO_TLS     "streams are not encrypted here: use an exec: or fd: transport that does it"
#define NO_MULTIFD "over a connection pages travel on one channel, and as they are"
#define NO_RELEASE "the source keeps its memory until the destination has all of it"
#define NO_PREEMPT \
    "one connection carries what was asked for and what was not: what was asked for goes first"
#define NO_COLO     "there is no replication"
#define NO_ANNOUNCE "there is no network device to announce"
#define NO_BLOCK    "there is no block device"

static const MigCapabilityInfo capabilities[MIG_CAP_N] = {
    [MIG_CAP_XBZRLE] = {"xbzrle", FALSE, VMS_CAP_XBZRLE,
                        "pages are never sent as differences; streams that have some are read "
                        "without it"},
    [MIG_CAP_RDMA_PIN_ALL] = {"rdma-pin-all", FALSE, 0, "there is no RDMA transport"},
    [MIG_CAP_AUTO_CONVERGE] = {"auto-converge", FALSE, 0, NULL},
    [MIG_CAP_ZERO_BLOCKS] = {"zero-blocks", FALSE, 0, NO_BLOCK},
    [MIG_CAP_EVENTS] = {"events", TRUE, 0, NULL},
    [MIG_CAP_POSTCOPY_RAM] = {"postcopy-ram", FALSE, VMS_CAP_POSTCOPY_RAM, NULL},
    [MIG_CAP_X_COLO] = {"x-colo", FALSE, 0, NO_COLO},
    [MIG_CAP_RELEASE_RAM] = {"release-ram", FALSE, 0, NO_RELEASE},
    [MIG_CAP_RETURN_PATH] = {"return-path", TRUE, VMS_CAP_RETURN_PATH, NULL},
    [MIG_CAP_PAUSE_BEFORE_SWITCHOVER] = {"pause-before-switchover", FALSE, 0, NULL},
    [MIG_CAP_MULTIFD] = {"multifd", FALSE, VMS_CAP_MULTIFD, NULL},
    [MIG_CAP_DIRTY_BITMAPS] = {"dirty-bitmaps", FALSE, 0, NO_BLOCK},
    [MIG_CAP_POSTCOPY_BLOCKTIME] = {"postcopy-blocktime", FALSE, 0, NULL},
    [MIG_CAP_LATE_BLOCK_ACTIVATE] = {"late-block-activate", FALSE, 0, NO_BLOCK},
    [MIG_CAP_X_IGNORE_SHARED] = {"x-ignore-shared", FALSE, VMS_CAP_IGNORE_SHARED, NULL},
    [MIG_CAP_VALIDATE_UUID] = {"validate-uuid", FALSE, VMS_CAP_VALIDATE_UUID, NULL},
    [MIG_CAP_BACKGROUND_SNAPSHOT] = {"background-snapshot", FALSE, 0,
                                     "a snapshot needs the guest stopped here"},
    [MIG_CAP_ZERO_COPY_SEND] = {"zero-copy-send", FALSE, 0, NO_MULTIFD},
    [MIG_CAP_POSTCOPY_PREEMPT] = {"postcopy-preempt", FALSE, 0, NO_PREEMPT},
    [MIG_CAP_SWITCHOVER_ACK] = {"switchover-ack", FALSE, 0, NULL},
    [MIG_CAP_DIRTY_LIMIT] = {"dirty-limit", FALSE, 0, NO_LIMIT},
    [MIG_CAP_MAPPED_RAM] = {"mapped-ram", FALSE, VMS_CAP_MAPPED_RAM, NULL},
    [MIG_CAP_X_LAZY_RESTORE] = {"x-lazy-restore", FALSE, 0, NULL},
};

/* Wrong together, whichever comes first. */
static const struct {
    MigCapability one;
    gboolean one_on;
    MigCapability other;
    gboolean other_on;
    const char *reason;
} refused_together[] = {
    {MIG_CAP_SWITCHOVER_ACK, TRUE, MIG_CAP_RETURN_PATH, FALSE,
     "the acknowledgement comes on the return path"},
    {MIG_CAP_MULTIFD, TRUE, MIG_CAP_MAPPED_RAM, FALSE,
     "several channels write and read files only, and pages must have places there"},
    {MIG_CAP_MAPPED_RAM, TRUE, MIG_CAP_POSTCOPY_RAM, TRUE,
     "nobody can ask a file for a page while it is written"},
    {MIG_CAP_POSTCOPY_RAM, TRUE, MIG_CAP_RETURN_PATH, FALSE,
     "the destination asks for memory on the return path"},
    {MIG_CAP_X_LAZY_RESTORE, TRUE, MIG_CAP_MAPPED_RAM, FALSE,
     "pages that are brought when they are asked for must have places in a file"},
    {MIG_CAP_MAPPED_RAM, TRUE, MIG_CAP_XBZRLE, TRUE, "a page has its place, a difference has none"},
};

static const char *const compressions[] = {"none", "zlib", "zstd", "qpl", "uadk", "qatzip", NULL};
static const char *const modes[] = {"normal", "cpr-reboot", "cpr-transfer", "cpr-exec", NULL};
static const char *const detections[] = {"none", "legacy", "multifd", NULL};

#define NUMBER(name, min, max, initial, refusal)                    \
    {                                                               \
        name, MIG_KIND_SIZE, min, max, initial, NULL, NULL, refusal \
    }
#define TEXT(name, refusal)                             \
    {                                                   \
        name, MIG_KIND_TEXT, 0, 0, 0, "", NULL, refusal \
    }
#define CHOICE(name, choices, initial, refusal)                 \
    {                                                           \
        name, MIG_KIND_ENUM, 0, 0, 0, initial, choices, refusal \
    }

static const MigParamInfo params_table[MIG_PARAM_N] = {
    [MIG_PARAM_ANNOUNCE_INITIAL] = NUMBER("announce-initial", 0, 100000, 50, NO_ANNOUNCE),
    [MIG_PARAM_ANNOUNCE_MAX] = NUMBER("announce-max", 0, 100000, 550, NO_ANNOUNCE),
    [MIG_PARAM_ANNOUNCE_ROUNDS] = NUMBER("announce-rounds", 0, 1000, 5, NO_ANNOUNCE),
    [MIG_PARAM_ANNOUNCE_STEP] = NUMBER("announce-step", 0, 10000, 100, NO_ANNOUNCE),
    [MIG_PARAM_THROTTLE_TRIGGER_THRESHOLD] = NUMBER("throttle-trigger-threshold", 1, 100, 50, NULL),
    [MIG_PARAM_CPU_THROTTLE_INITIAL] = NUMBER("cpu-throttle-initial", 1, 99, 20, NULL),
    [MIG_PARAM_CPU_THROTTLE_INCREMENT] = NUMBER("cpu-throttle-increment", 1, 99, 10, NULL),
    [MIG_PARAM_CPU_THROTTLE_TAILSLOW] = {"cpu-throttle-tailslow", MIG_KIND_BOOL, 0, 1, 0, NULL,
                                         NULL, NULL},
    [MIG_PARAM_TLS_CREDS] = TEXT("tls-creds", NO_TLS),
    [MIG_PARAM_TLS_HOSTNAME] = TEXT("tls-hostname", NO_TLS),
    [MIG_PARAM_TLS_AUTHZ] = TEXT("tls-authz", NO_TLS),
    [MIG_PARAM_MAX_BANDWIDTH] = NUMBER("max-bandwidth", 0, G_MAXINT64, 128 << 20, NULL),
    [MIG_PARAM_AVAIL_SWITCHOVER_BANDWIDTH] =
        NUMBER("avail-switchover-bandwidth", 0, G_MAXINT64, 0, NULL),
    [MIG_PARAM_DOWNTIME_LIMIT] = NUMBER("downtime-limit", 0, 2000000, 300, NULL),
    [MIG_PARAM_X_CHECKPOINT_DELAY] = NUMBER("x-checkpoint-delay", 0, G_MAXUINT32, 20000, NO_COLO),
    [MIG_PARAM_MULTIFD_CHANNELS] = NUMBER("multifd-channels", 1, 255, 2, NULL),
    [MIG_PARAM_XBZRLE_CACHE_SIZE] = NUMBER("xbzrle-cache-size", 4096, G_MAXINT64, 64 << 20,
                                           "pages are never sent as differences"),
    [MIG_PARAM_MAX_POSTCOPY_BANDWIDTH] = NUMBER("max-postcopy-bandwidth", 0, G_MAXINT64, 0, NULL),
    [MIG_PARAM_MAX_CPU_THROTTLE] = NUMBER("max-cpu-throttle", 1, 99, 99, NULL),
    [MIG_PARAM_MULTIFD_COMPRESSION] =
        CHOICE("multifd-compression", compressions, "none", NO_MULTIFD),
    [MIG_PARAM_MULTIFD_ZLIB_LEVEL] = NUMBER("multifd-zlib-level", 0, 9, 1, NO_MULTIFD),
    [MIG_PARAM_MULTIFD_ZSTD_LEVEL] = NUMBER("multifd-zstd-level", 0, 20, 1, NO_MULTIFD),
    [MIG_PARAM_X_VCPU_DIRTY_LIMIT_PERIOD] =
        NUMBER("x-vcpu-dirty-limit-period", 1, 1000, 1000, NO_LIMIT),
    [MIG_PARAM_VCPU_DIRTY_LIMIT] = NUMBER("vcpu-dirty-limit", 1, G_MAXINT64, 1, NO_LIMIT),
    [MIG_PARAM_MODE] = CHOICE("mode", modes, "normal", "the process is never replaced in place"),
    [MIG_PARAM_ZERO_PAGE_DETECTION] =
        CHOICE("zero-page-detection", detections, "multifd",
               "pages are always looked at for zeros, by whoever writes them"),
    [MIG_PARAM_DIRECT_IO] = {"direct-io", MIG_KIND_BOOL, 0, 1, 0, NULL, NULL, NULL},
    [MIG_PARAM_X_ONE_WAY] = {"x-one-way", MIG_KIND_BOOL, 0, 1, 0, NULL, NULL, NULL},
    [MIG_PARAM_X_WALK_WAIT] = NUMBER("x-walk-wait", 0, 60000, 250, NULL),
};

struct MigParams {
    GMutex lock; /* guards all below */
    gboolean on[MIG_CAP_N];
    guint64 numbers[MIG_PARAM_N];
    char *texts[MIG_PARAM_N];
};

const MigCapabilityInfo *
mig_capability_info(MigCapability capability)
{
    return &capabilities[capability];
}

const MigParamInfo *
mig_param_info(MigParam param)
{
    return &params_table[param];
}

gboolean
mig_capability_find(const char *name, MigCapability *capability)
{
    for (guint i = 0; i < MIG_CAP_N; i++) {
        if (strcmp(capabilities[i].name, name) == 0) {
            *capability = (MigCapability)i;
            return TRUE;
        }
    }
    return FALSE;
}

gboolean
mig_param_find(const char *name, MigParam *param)
{
    for (guint i = 0; i < MIG_PARAM_N; i++) {
        if (strcmp(params_table[i].name, name) == 0) {
            *param = (MigParam)i;
            return TRUE;
        }
    }
    return FALSE;
}

MigParams *
mig_params_new(void)
{
    MigParams *params = g_new0(MigParams, 1);

    g_mutex_init(&params->lock);
    for (guint i = 0; i < MIG_CAP_N; i++)
        params->on[i] = capabilities[i].initial;
    for (guint i = 0; i < MIG_PARAM_N; i++) {
        params->numbers[i] = params_table[i].initial;
        params->texts[i] = g_strdup(params_table[i].initial_text);
    }
    return params;
}

void
mig_params_free(MigParams *params)
{
    if (params == NULL)
        return;
    for (guint i = 0; i < MIG_PARAM_N; i++)
        g_free(params->texts[i]);
    g_mutex_clear(&params->lock);
    g_free(params);
}

/* ---- Capabilities ---- */

gboolean
mig_params_capability(MigParams *params, MigCapability capability)
{
    gboolean on;

    g_mutex_lock(&params->lock);
    on = params->on[capability];
    g_mutex_unlock(&params->lock);
    return on;
}

guint32
mig_params_vms(MigParams *params)
{
    guint32 bits = 0;

    for (guint i = 0; i < MIG_CAP_N; i++) {
        if (mig_params_capability(params, (MigCapability)i))
            bits |= capabilities[i].vms;
    }
    return bits;
}

static gboolean
check_together(const gboolean *on, GError **error)
{
    for (guint i = 0; i < G_N_ELEMENTS(refused_together); i++) {
        if (on[refused_together[i].one] != refused_together[i].one_on ||
            on[refused_together[i].other] != refused_together[i].other_on)
            continue;
        g_set_error(
            error, MIG_ERROR, MIG_ERROR_VALUE, "capability '%s' %s does not go with '%s' %s: %s",
            capabilities[refused_together[i].one].name, refused_together[i].one_on ? "on" : "off",
            capabilities[refused_together[i].other].name,
            refused_together[i].other_on ? "on" : "off", refused_together[i].reason);
        return FALSE;
    }
    return TRUE;
}

static gboolean
check_changes(gboolean on[MIG_CAP_N], const MigCapabilityChange *changes, guint n, GError **error)
{
    for (guint i = 0; i < n; i++) {
        const MigCapabilityInfo *info = &capabilities[changes[i].capability];

        if (changes[i].on && info->refusal != NULL) {
            g_set_error(error, MIG_ERROR, MIG_ERROR_VALUE,
                        "capability '%s' cannot be switched on: %s", info->name, info->refusal);
            return FALSE;
        }
        on[changes[i].capability] = changes[i].on;
    }
    return check_together(on, error);
}

gboolean
mig_params_set_capabilities(MigParams *params, const MigCapabilityChange *changes, guint n,
                            gboolean running, GError **error)
{
    gboolean on[MIG_CAP_N], good;

    if (running) {
        g_set_error(error, MIG_ERROR, MIG_ERROR_VALUE,
                    "capabilities cannot change while a migration is running");
        return FALSE;
    }
    g_mutex_lock(&params->lock);
    memcpy(on, params->on, sizeof(on));
    good = check_changes(on, changes, n, error);
    if (good)
        memcpy(params->on, on, sizeof(on));
    g_mutex_unlock(&params->lock);
    return good;
}

/* ---- Parameters ---- */

guint64
mig_params_number(MigParams *params, MigParam param)
{
    guint64 value;

    g_mutex_lock(&params->lock);
    value = params->numbers[param];
    g_mutex_unlock(&params->lock);
    return value;
}

char *
mig_params_text(MigParams *params, MigParam param)
{
    char *text;

    g_mutex_lock(&params->lock);
    text = g_strdup(params->texts[param]);
    g_mutex_unlock(&params->lock);
    return text;
}

static gboolean
refuse_change(const MigParamInfo *info, GError **error)
{
    g_set_error(error, MIG_ERROR, MIG_ERROR_VALUE, "parameter '%s' can only have its default: %s",
                info->name, info->refusal);
    return FALSE;
}

gboolean
mig_params_check_number(MigParam param, guint64 value, GError **error)
{
    const MigParamInfo *info = &params_table[param];

    g_assert(info->kind == MIG_KIND_SIZE || info->kind == MIG_KIND_BOOL);
    if (value < info->min || value > info->max) {
        g_set_error(error, MIG_ERROR, MIG_ERROR_VALUE,
                    "parameter '%s' is a number from %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT
                    ", not %" G_GUINT64_FORMAT,
                    info->name, info->min, info->max, value);
        return FALSE;
    }
    return info->refusal == NULL || value == info->initial || refuse_change(info, error);
}

gboolean
mig_params_check_text(MigParam param, const char *value, GError **error)
{
    const MigParamInfo *info = &params_table[param];

    g_assert(info->kind == MIG_KIND_TEXT || info->kind == MIG_KIND_ENUM);
    if (info->kind == MIG_KIND_ENUM && !g_strv_contains(info->choices, value)) {
        g_autofree char *choices = g_strjoinv(", ", (char **)info->choices);

        g_set_error(error, MIG_ERROR, MIG_ERROR_VALUE, "parameter '%s' is one of %s, not '%s'",
                    info->name, choices, value);
        return FALSE;
    }
    return info->refusal == NULL || strcmp(value, info->initial_text) == 0 ||
           refuse_change(info, error);
}

gboolean
mig_params_set_number(MigParams *params, MigParam param, guint64 value, GError **error)
{
    if (!mig_params_check_number(param, value, error))
        return FALSE;
    g_mutex_lock(&params->lock);
    params->numbers[param] = value;
    g_mutex_unlock(&params->lock);
    return TRUE;
}

gboolean
mig_params_set_text(MigParams *params, MigParam param, const char *value, GError **error)
{
    if (!mig_params_check_text(param, value, error))
        return FALSE;
    g_mutex_lock(&params->lock);
    g_free(params->texts[param]);
    params->texts[param] = g_strdup(value);
    g_mutex_unlock(&params->lock);
    return TRUE;
}
