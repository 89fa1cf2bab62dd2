/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Connectors as RTAS shows them: three indicators and a sensor; and their list in the device tree.
 *
 * Not here: what an indicator leads to (drc.c), ibm,configure-connector (connector.c).
 * Source: LoPAR set-indicator 9001 to 9003, get-sensor-state 9003, "ibm,drc-indexes".
 */
#include "hw-spapr/drc.h"

#include <string.h>

#include "hw-spapr/platform.h"
#include "vdev/bits.h"

enum {
    ISOLATE = 0,
    UNISOLATE = 1,
};

enum {
    UNUSABLE = 0,
    USABLE = 1,
};

#define INDICATOR_ACTION 3u

enum {
    SENSE_EMPTY = 0,
    SENSE_PRESENT = 1,
    SENSE_UNUSABLE = 2,
};

gint32
drc_set_isolation(Platform *platform, guint32 index, guint32 value)
{
    Drc *drc = drcs_find(platform, index);

    if (drc == NULL || value > UNISOLATE)
        return RTAS_PARAM_ERROR;
    return drc_happens(platform, drc, value == ISOLATE ? DRC_SET_ISOLATED : DRC_SET_UNISOLATED,
                       NULL);
}

gint32
drc_set_indicator(Platform *platform, guint32 index, guint32 value)
{
    Drc *drc = drc_is_physical(index) ? drcs_find(platform, index) : NULL;

    if (drc == NULL || value > INDICATOR_ACTION)
        return RTAS_PARAM_ERROR;
    drc->own.indicator = value;
    return RTAS_OK;
}

/* "Exchange" and "recover" are for connectors with a spare. */
gint32
drc_set_allocation(Platform *platform, guint32 index, guint32 value)
{
    Drc *drc = drc_is_physical(index) ? NULL : drcs_find(platform, index);

    if (drc == NULL || value > USABLE)
        return RTAS_PARAM_ERROR;
    return drc_happens(platform, drc, value == USABLE ? DRC_SET_USABLE : DRC_SET_UNUSABLE, NULL);
}

gint32
drc_get_sense(Platform *platform, guint32 index, guint32 *value)
{
    const Drc *drc = drcs_find(platform, index);

    if (drc == NULL)
        return RTAS_PARAM_ERROR;
    if (drc_is_physical(index))
        *value = drc->own.plugged ? SENSE_PRESENT : SENSE_EMPTY;
    else
        *value = drc->own.state == DRC_UNUSABLE ? SENSE_UNUSABLE : SENSE_PRESENT;
    return RTAS_OK;
}

/* --- The list ------------------------------------------------------------ */

#define DOMAIN_LIVE 0xffffffffu /* can be plugged while it has power */

typedef struct {
    GByteArray *indexes, *names, *types, *domains;
} DrcList;

static void
put_word(GByteArray *bytes, guint32 value)
{
    const be32 word = be32_make(value);

    g_byte_array_append(bytes, (const guint8 *)&word, sizeof(word));
}

static void
put_text(GByteArray *bytes, const char *text)
{
    g_byte_array_append(bytes, (const guint8 *)text, (guint)strlen(text) + 1);
}

/* By hand: printf for each of 65536 blocks would double the time of a start. */
static void
put_name(GByteArray *names, const char *prefix, guint32 id)
{
    char digits[11];
    guint at = sizeof(digits);

    digits[--at] = '\0';
    do
        digits[--at] = (char)('0' + id % 10);
    while ((id /= 10) > 0);
    g_byte_array_append(names, (const guint8 *)prefix, (guint)strlen(prefix));
    g_byte_array_append(names, (const guint8 *)digits + at, (guint)sizeof(digits) - at);
}

static void
put_range(DrcList *list, const DrcRange *range)
{
    const char *type = drc_type_name(range->type), *prefix = drc_name_prefix(range->type);

    for (guint32 i = 0; i < range->n; i++) {
        const guint32 id = range->first + (i << range->step_shift);

        put_word(list->indexes, DRC_INDEX(range->type, id));
        put_name(list->names, prefix, id);
        put_text(list->types, type);
        put_word(list->domains, DOMAIN_LIVE);
    }
}

static guint32
count(const Drcs *drcs, guint32 mask)
{
    guint32 n = 0;

    for (guint r = 0; r < drcs->n; r++)
        n += (mask & 1u << drcs->ranges[r].type) != 0 ? drcs->ranges[r].n : 0;
    return n;
}

void
drcs_write(const Drcs *drcs, guint32 mask, TreeWriter *tree)
{
    const guint32 n = count(drcs, mask);
    DrcList list = {g_byte_array_new(), g_byte_array_new(), g_byte_array_new(), g_byte_array_new()};
    const struct {
        const char *name;
        GByteArray *bytes;
    } properties[] = {
        {"ibm,drc-indexes", list.indexes},
        {"ibm,drc-names", list.names},
        {"ibm,drc-types", list.types},
        {"ibm,drc-power-domains", list.domains},
    };

    for (guint i = 0; i < G_N_ELEMENTS(properties); i++)
        put_word(properties[i].bytes, n);
    for (guint r = 0; r < drcs->n; r++) {
        if ((mask & 1u << drcs->ranges[r].type) != 0)
            put_range(&list, &drcs->ranges[r]);
    }
    for (guint i = 0; i < G_N_ELEMENTS(properties); i++) {
        if (n > 0)
            tree_bytes(tree, properties[i].name, properties[i].bytes->data,
                       properties[i].bytes->len);
        g_byte_array_unref(properties[i].bytes);
    }
}
