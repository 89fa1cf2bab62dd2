/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `spapr/htab`: the word that says, at its start, in its parts and at its end, that the guest has
 * no hash page table. One that has is refused at the first of them, before any memory is read.
 *
 * Not here: chunks of such a table.
 * Source: docs/stream-format.md, spapr/htab.
 */
#include "hw-spapr/state.h"

static gboolean
htab_check(const void *object, const VmsContext *context, GError **error)
{
    const HashTable *table = object;

    if (table->head == HASH_TABLE_NONE)
        return TRUE;
    return state_refuse(error, G_FILE_ERROR_NOSYS,
                        "the guest has a hash page table (1 << %u bytes), and this machine is for "
                        "radix guests: boot it with a kernel that uses radix",
                        table->head);
}

static const VmsField htab_fields[] = {VMS_SCALAR(HashTable, head), VMS_END};

const VmsState state_htab = {
    .name = "spapr/htab",
    .version = 1,
    .oldest = 1,
    .fields = htab_fields,
    .check = htab_check,
};
