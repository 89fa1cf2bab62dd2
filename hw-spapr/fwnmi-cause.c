/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a machine check is about, read from SRR1 and DSISR as POWER9 leaves them.
 *
 * Source: POWER9 Processor User's Manual, "Machine Check Interrupt"; which of several causes
 * counts, and which addresses are told, is as QEMU has it.
 */
#include "hw-spapr/fwnmi.h"

#include "vdev/bits.h"

#define SRR1_LOAD_STORE  IBM_BIT64(42) /* DSISR says the cause, DAR where */
#define SRR1_FETCH_CAUSE G_GUINT64_CONSTANT(0x081c0000)

typedef struct {
    guint64 bits; /* of SRR1's field, or one of DSISR */
    guint8 type, subtype;
    gboolean no_address;
} CauseRow;

static const CauseRow of_fetches[] = {
    {0x00040000, EVENT_CHECK_MEMORY, EVENT_CHECK_MEMORY_FETCH},
    {0x00080000, EVENT_CHECK_SLB, EVENT_CHECK_SLB_PARITY},
    {0x000c0000, EVENT_CHECK_SLB, EVENT_CHECK_SLB_MULTIHIT},
    {0x00100000, EVENT_CHECK_ERAT, EVENT_CHECK_ERAT_MULTIHIT},
    {0x00140000, EVENT_CHECK_TLB, EVENT_CHECK_TLB_MULTIHIT},
    {0x00180000, EVENT_CHECK_MEMORY, EVENT_CHECK_MEMORY_WALK_FETCH},
};

/* The first that is set counts. */
static const CauseRow of_accesses[] = {
    {0x8000, EVENT_CHECK_MEMORY, EVENT_CHECK_MEMORY_ACCESS, TRUE},
    {0x4000, EVENT_CHECK_MEMORY, EVENT_CHECK_MEMORY_WALK_ACCESS},
    {0x0800, EVENT_CHECK_ERAT, EVENT_CHECK_ERAT_MULTIHIT},
    {0x0400, EVENT_CHECK_TLB, EVENT_CHECK_TLB_MULTIHIT},
    {0x0080, EVENT_CHECK_SLB, EVENT_CHECK_SLB_MULTIHIT},
    {0x0100, EVENT_CHECK_SLB, EVENT_CHECK_SLB_PARITY},
};

static void
take(EventCheck *check, const CauseRow *row, guint64 address)
{
    check->known = TRUE;
    check->type = row->type;
    check->subtype = row->subtype;
    check->has_address = !row->no_address;
    check->address = address;
}

void
fwnmi_cause(EventCheck *check, guint64 pc, guint64 srr1, guint32 dsisr, guint64 dar)
{
    const gboolean access = (srr1 & SRR1_LOAD_STORE) != 0;
    const CauseRow *rows = access ? of_accesses : of_fetches;

    G_STATIC_ASSERT(G_N_ELEMENTS(of_accesses) == G_N_ELEMENTS(of_fetches));
    for (guint i = 0; i < G_N_ELEMENTS(of_accesses) && !check->known; i++) {
        if (access ? (dsisr & rows[i].bits) != 0 : (srr1 & SRR1_FETCH_CAUSE) == rows[i].bits)
            take(check, &rows[i], access ? dar : pc);
    }
}
