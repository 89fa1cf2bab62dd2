/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counts times sizes.
 */
#include "migration-glue/weight.h"

#include "migration-glue/engine-priv.h"

static guint64
field_weight(const VmsField *field, const guint8 *object)
{
    guint64 n = field->count == 0 ? 1 : field->count;

    if (field->wire == VMS_WIRE_QUEUE)
        return 0;
    if (field->count_mem != VMS_MEM_NONE)
        n = engine_mem_get(field->count_mem, object + field->count_offset) *
            MAX(field->count_times, 1);
    if (field->max != 0)
        n = MIN(n, field->max);
    if (field->wire == VMS_WIRE_BITMAP)
        return n / 8;
    return field->wire == VMS_WIRE_BUFFER || field->wire == VMS_WIRE_PAD ? n : n * field->size;
}

guint64
mig_sections_weight(const MigSections *sections)
{
    guint64 weight = 0;
    guint n;
    const MigSection *const *list = mig_sections_list(sections, &n);

    for (guint i = 0; i < n; i++) {
        const VmsField *field = list[i]->state != NULL ? list[i]->state->fields : NULL;

        for (; field != NULL && field->name != NULL; field++)
            weight += field_weight(field, list[i]->opaque);
    }
    return weight;
}
