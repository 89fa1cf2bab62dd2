/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The configuration block, described like any other state: it has no version of its own (0).
 */
#include "migration-glue/configuration.h"

#include <string.h>

#include "migration-glue/engine.h"
#include "migration-glue/error.h"
#include "migration-glue/section.h"

#define NAME_MAX_BYTES   255
#define CAPABILITIES_MAX 64
#define TARGET_PAGE_BITS 12

/* Those that both ends compare. */
static const struct {
    const char *name;
    guint32 bit;
} compared[] = {
    {"x-ignore-shared", VMS_CAP_IGNORE_SHARED},
    {"mapped-ram", VMS_CAP_MAPPED_RAM},
};

typedef struct {
    char name[256];
} CapabilityName;

typedef struct {
    guint32 name_n;
    char *name; /* no terminator */
    guint32 page_bits;
    guint32 n_capabilities;
    char (*capabilities)[256];
    guint8 uuid[16];
    gboolean send_uuid, has_uuid; /* sending; received */
} Block;

static gboolean
never_needed(const void *object, const VmsContext *context)
{
    return FALSE; /* our architecture has one page size */
}

static gboolean
capabilities_needed(const void *object, const VmsContext *context)
{
    return ((const Block *)object)->n_capabilities > 0;
}

static gboolean
uuid_needed(const void *object, const VmsContext *context)
{
    return ((const Block *)object)->send_uuid;
}

static gboolean
page_bits_check(const void *object, const VmsContext *context, GError **error)
{
    guint32 bits = ((const Block *)object)->page_bits;

    if (bits == TARGET_PAGE_BITS)
        return TRUE;
    g_set_error(error, MIG_ERROR, MIG_ERROR_MISMATCH,
                "the sender's guest pages have %u address bits, ours %u", bits, TARGET_PAGE_BITS);
    return FALSE;
}

static gboolean
uuid_received(void *object, guint32 version, const VmsContext *context, GError **error)
{
    ((Block *)object)->has_uuid = TRUE;
    return TRUE;
}

static const VmsField page_bits_fields[] = {VMS_SCALAR(Block, page_bits), VMS_END};
static const VmsState page_bits_state = {
    .name = "configuration/target-page-bits",
    .version = 1,
    .oldest = 1,
    .fields = page_bits_fields,
    .needed = never_needed,
    .check = page_bits_check,
};

static const VmsField capability_fields[] = {
    VMS_SCALAR(Block, n_capabilities),
    VMS_STR8_ALLOC(Block, capabilities, n_capabilities, CAPABILITIES_MAX),
    VMS_END,
};
static const VmsState capability_state = {
    .name = "configuration/capabilities",
    .version = 1,
    .oldest = 1,
    .fields = capability_fields,
    .needed = capabilities_needed,
};

static const VmsField uuid_fields[] = {VMS_BUFFER(Block, uuid), VMS_END};
static const VmsState uuid_state = {
    .name = "configuration/uuid",
    .version = 1,
    .oldest = 1,
    .fields = uuid_fields,
    .needed = uuid_needed,
    .post_load = uuid_received,
};

static const VmsField block_fields[] = {
    VMS_SCALAR(Block, name_n),
    VMS_BUFFER_ALLOC(Block, name, name_n, NAME_MAX_BYTES),
    VMS_END,
};
static const VmsState *const block_subsections[] = {&page_bits_state, &capability_state,
                                                    &uuid_state, NULL};
static const VmsState block_state = {
    .name = "configuration",
    .fields = block_fields,
    .subsections = block_subsections,
};

static const MigStateName block_name = {"configuration", 0};

gboolean
mig_configuration_save(MigStream *stream, const MigConfiguration *configuration,
                       const VmsContext *context, GError **error)
{
    CapabilityName names[G_N_ELEMENTS(compared)] = {0};
    Block block = {
        .name_n = (guint32)strlen(configuration->machine),
        .name = (char *)configuration->machine,
        .capabilities = (char(*)[256])names,
        .send_uuid =
            configuration->has_uuid && (context->capabilities & VMS_CAP_VALIDATE_UUID) != 0,
    };

    memcpy(block.uuid, configuration->uuid, sizeof(block.uuid));
    for (guint i = 0; i < G_N_ELEMENTS(compared); i++) {
        if (context->capabilities & compared[i].bit)
            g_strlcpy(block.capabilities[block.n_capabilities++], compared[i].name, 256);
    }
    mig_stream_put_u8(stream, MIG_TAG_CONFIGURATION);
    return mig_state_save(stream, &block_name, &block_state, &block, context, NULL, error);
}

static gboolean
take_capability(MigReceivedConfiguration *received, const char *name, GError **error)
{
    for (guint i = 0; i < G_N_ELEMENTS(compared); i++) {
        if (strcmp(compared[i].name, name) == 0) {
            received->capabilities |= compared[i].bit;
            return TRUE;
        }
    }
    g_set_error(error, MIG_ERROR, MIG_ERROR_UNKNOWN,
                "the sender uses the migration capability '%s', which is unknown here", name);
    return FALSE;
}

gboolean
mig_configuration_load(MigStream *stream, const VmsContext *context,
                       MigReceivedConfiguration *received, GError **error)
{
    Block block = {0};
    gboolean good = mig_state_load(stream, &block_name, &block_state, &block, 0, context, error);

    memset(received, 0, sizeof(*received));
    if (good && block.name_n > 0)
        memcpy(received->machine, block.name, block.name_n);
    for (guint32 i = 0; good && i < block.n_capabilities; i++)
        good = take_capability(received, block.capabilities[i], error);
    received->has_uuid = block.has_uuid;
    memcpy(received->uuid, block.uuid, sizeof(received->uuid));
    if (good && !mig_name_is_printable(received->machine, block.name_n)) {
        g_set_error(error, MIG_ERROR, MIG_ERROR_FORMAT,
                    "the machine type's name has unprintable bytes");
        good = FALSE;
    }
    mig_state_clear(&block_state, &block);
    return good;
}

static gboolean
compare_capabilities(guint32 theirs, guint32 ours, GError **error)
{
    for (guint i = 0; i < G_N_ELEMENTS(compared); i++) {
        gboolean sender = (theirs & compared[i].bit) != 0;

        if (sender == ((ours & compared[i].bit) != 0))
            continue;
        g_set_error(error, MIG_ERROR, MIG_ERROR_MISMATCH,
                    "the sender has the migration capability '%s' %s: switch it %s here",
                    compared[i].name, sender ? "on" : "off", sender ? "on" : "off");
        return FALSE;
    }
    return TRUE;
}

gboolean
mig_configuration_compare(const MigReceivedConfiguration *received, const MigConfiguration *own,
                          const VmsContext *context, GError **error)
{
    if (received->machine[0] == '\0' || !g_str_has_prefix(own->machine, received->machine)) {
        g_set_error(error, MIG_ERROR, MIG_ERROR_MISMATCH,
                    "the stream is of a machine '%s', this one is '%s': start it with -M %s",
                    received->machine, own->machine, received->machine);
        return FALSE;
    }
    if (!compare_capabilities(received->capabilities, context->capabilities, error))
        return FALSE;
    if (received->has_uuid && own->has_uuid &&
        memcmp(received->uuid, own->uuid, sizeof(own->uuid)) != 0) {
        g_set_error(error, MIG_ERROR, MIG_ERROR_MISMATCH,
                    "the stream is of a machine with another UUID: start this one with the same");
        return FALSE;
    }
    return TRUE;
}
