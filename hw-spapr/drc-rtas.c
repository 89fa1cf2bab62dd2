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

static guint8 *
put_word(guint8 *at, guint32 value)
{
    const be32 word = be32_make(value);

    memcpy(at, &word, sizeof(word));
    return at + sizeof(word);
}

static guint32
id_of(const DrcRange *range, guint32 i)
{
    return range->first + (i << range->step_shift);
}

static gsize
words_size(const DrcRange *range)
{
    return range->n * sizeof(be32);
}

static guint8 *
put_indexes(guint8 *at, const DrcRange *range)
{
    for (guint32 i = 0; i < range->n; i++)
        at = put_word(at, DRC_INDEX(range->type, id_of(range, i)));
    return at;
}

static guint8 *
put_domains(guint8 *at, const DrcRange *range)
{
    for (guint32 i = 0; i < range->n; i++)
        at = put_word(at, DOMAIN_LIVE);
    return at;
}

static gsize
types_size(const DrcRange *range)
{
    return range->n * (strlen(drc_type_name(range->type)) + 1);
}

static guint8 *
put_types(guint8 *at, const DrcRange *range)
{
    const char *type = drc_type_name(range->type);
    const gsize n = strlen(type) + 1;

    for (guint32 i = 0; i < range->n; i++, at += n)
        memcpy(at, type, n);
    return at;
}

static guint
count_digits(guint32 number)
{
    guint n = 1;

    while ((number /= 10) > 0)
        n++;
    return n;
}

static gsize
names_size(const DrcRange *range)
{
    gsize size = range->n * (strlen(drc_name_prefix(range->type)) + 1);

    for (guint32 i = 0; i < range->n; i++)
        size += count_digits(id_of(range, i));
    return size;
}

/* By hand: printf for each of 65536 blocks would double the time of a start. */
static guint8 *
put_names(guint8 *at, const DrcRange *range)
{
    const char *prefix = drc_name_prefix(range->type);
    const gsize n = strlen(prefix);

    for (guint32 i = 0; i < range->n; i++) {
        guint32 id = id_of(range, i);
        const guint digits = count_digits(id);

        memcpy(at, prefix, n);
        at += n;
        for (guint d = digits; d-- > 0; id /= 10)
            at[d] = (guint8)('0' + id % 10);
        at[digits] = '\0';
        at += digits + 1;
    }
    return at;
}

/* Each property after the number of connectors: of a range so many bytes, written to a place. */
static const struct {
    const char *name;
    gsize (*size)(const DrcRange *range);
    guint8 *(*put)(guint8 *at, const DrcRange *range);
} properties[] = {
    {"ibm,drc-indexes", words_size, put_indexes},
    {"ibm,drc-names", names_size, put_names},
    {"ibm,drc-types", types_size, put_types},
    {"ibm,drc-power-domains", words_size, put_domains},
};

/* The ranges whose types are in @mask. Returns: how many. */
static guint
choose(const Drcs *drcs, guint32 mask, const DrcRange **chosen)
{
    guint n = 0;

    for (guint r = 0; r < drcs->n; r++) {
        if ((mask & 1u << drcs->ranges[r].type) != 0)
            chosen[n++] = &drcs->ranges[r];
    }
    return n;
}

/* Straight into the tree, whose writer knows how long each is: with 65536 connectors it is most of
 * the time that a tree takes. */
void
drcs_write(const Drcs *drcs, guint32 mask, TreeWriter *tree)
{
    const DrcRange *ranges[DRC_RANGES];
    const guint n_ranges = choose(drcs, mask, ranges);
    guint32 n = 0;

    for (guint r = 0; r < n_ranges; r++)
        n += ranges[r]->n;
    for (guint i = 0; i < G_N_ELEMENTS(properties) && n > 0; i++) {
        gsize size = sizeof(be32);
        guint8 *at;

        for (guint r = 0; r < n_ranges; r++)
            size += properties[i].size(ranges[r]);
        at = tree_reserve(tree, properties[i].name, size);
        if (at == NULL)
            return;
        at = put_word(at, n);
        for (guint r = 0; r < n_ranges; r++)
            at = properties[i].put(at, ranges[r]);
    }
}
