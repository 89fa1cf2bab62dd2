/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The platform's sections of the migration stream: what they hold, and where they are described.
 *
 * A section's object is the part itself where that has the stream's shape (Rtc, Nvram, Vty), else a
 * struct of this header, filled before it is written and acted upon after it was read. Either works
 * for a tool that has no machine: zeroed, with no owner.
 *
 * Source: docs/stream-format.md, "sPAPR sections".
 */
#ifndef HW_SPAPR_STATE_H
#define HW_SPAPR_STATE_H

#include "hw-spapr/pseries.h"
#include "vdev/host.h"
#include "vdev/vmstate.h"

typedef struct Platform Platform;

/*
 * Defines @what_needed() and @what_arrives(), hooks of the subsection which bit @bit of the
 * member @mask of T stands for: it is sent if the bit is set, and sets it when it is received.
 */
#define STATE_SUBSECTION_HOOKS(T, mask, what, bit)                                          \
    static gboolean what##_needed(const void *object, const VmsContext *context)            \
    {                                                                                       \
        return (((const T *)object)->mask & (1u << (bit))) != 0;                            \
    }                                                                                       \
    static gboolean what##_arrives(void *object, const VmsContext *context, GError **error) \
    {                                                                                       \
        T *own = object;                                                                    \
        vms_remember(context, &own->mask, sizeof(own->mask));                               \
        own->mask |= 1u << (bit);                                                           \
        return TRUE;                                                                        \
    }

/** state_refuse: sets @error (G_FILE_ERROR, @code): _INVAL is what cannot be, _NOSYS what this
 * machine does not do. Always FALSE. */
gboolean state_refuse(GError **error, GFileError code, const char *format, ...) G_GNUC_PRINTF(3, 4);

/** state_row: what the machine type of the migration decides; the newest if it is not known. */
const PseriesRow *state_row(const VmsContext *context);

/* --- state-machine.c: `spapr` -------------------------------------------- */

/* Capabilities of the machine, in the order of their subsections. */
typedef enum {
    STATE_CAP_HTM,
    STATE_CAP_VSX,
    STATE_CAP_DFP,
    STATE_CAP_CFPC,
    STATE_CAP_SBBC,
    STATE_CAP_IBS,
    STATE_CAP_HPT_PAGE,
    STATE_CAP_NESTED_HV,
    STATE_CAP_LARGE_DECR,
    STATE_CAP_CCF_ASSIST,
    STATE_CAP_FWNMI,
    STATE_CAP_RPT_INVALIDATE,
    STATE_CAP_AIL_MODE_3,
    STATE_CAP_NESTED_PAPR,
    STATE_CAP_DAWR1,
    STATE_CAP_N
} StateCap;

/* Bits of MachineState.present: capability n has bit n. */
enum {
    STATE_HAS_OV5 = STATE_CAP_N,
    STATE_HAS_PATE,
    STATE_HAS_EVENTS,
    STATE_HAS_IRQ_MAP,
    STATE_HAS_TREE,
    STATE_HAS_FWNMI,
};

#define STATE_OV5_BITS     2048u
#define STATE_IRQ_MAP_BITS 0xd00u
#define STATE_TREE_MAX     (16u * 1024 * 1024) /* bytes; QEMU's own limit is 2 MiB */
#define STATE_FWNMI_NONE   G_MAXUINT64

/* What of `spapr` has no other place in the platform. */
typedef struct {
    guint32 present;        /* subsections */
    guint64 rtc_seconds;    /* version 1 and 2: guest − host, of what is `spapr/rtc` now */
    guint64 guest_timebase; /* ticks, when the machine was stopped */
    gint64 time_of_day_ns;  /* then, the host's */
    guint64 ov5[STATE_OV5_BITS / 64]; /* agreed; bit (byte − 1) × 8 + LoPAR's bit number */
    guint8 caps[STATE_CAP_N];
    guint64 irq_map[STATE_IRQ_MAP_BITS / 64]; /* MSIs in use */
    guint32 tree_first_size, tree_size;       /* bytes */
    guint8 *tree;                             /* the device tree that the guest has, flattened */
    guint64 fwnmi_reset, fwnmi_check;         /* the guest's handlers, or STATE_FWNMI_NONE */
    gint32 fwnmi_interlock; /* id of the vCPU that handles a machine check, or −1 */
} MachineState;

extern const VmsState state_machine;

/** state_machine_reset: nothing negotiated, no tree, no handlers. Zero-safe. */
void state_machine_reset(MachineState *machine);

/** state_machine_set_tree: @n bytes (copied) are what the guest was given. */
void state_machine_set_tree(MachineState *machine, const void *tree, gsize n);

/* --- state-cpu.c: `cpu_common`, `cpu`, `spapr_cpu` ----------------------- */

#define STATE_SPRS   1024u
#define STATE_SLBS   64u /* room; `slb_nr` of older types says 32 */
#define STATE_SLB_NR 32

/* Bits of CpuState.present: subsections. */
enum {
    CPU_HAS_EXCEPTION,
    CPU_HAS_CRASH,
    CPU_HAS_FPU,
    CPU_HAS_ALTIVEC,
    CPU_HAS_VSX,
    CPU_HAS_TM,
    CPU_HAS_SLB,
    CPU_HAS_BHRB,
    CPU_HAS_COMPAT,
    CPU_HAS_RESERVATION,
    CPU_HAS_STOPPED,
    CPU_HAS_VPA,
    CPU_HAS_SHADOW,
    CPU_HAS_DTL,
};

/* Everything that the three sections say of one vCPU. 128-bit registers: [0] most significant. */
typedef struct {
    /* cpu_common */
    guint32 halted, interrupt_request;
    gint32 exception_index;
    gboolean crash_occurred;

    /* cpu */
    guint64 gpr[32];
    guint32 crf[8]; /* four bits each, cr0 first */
    guint64 nip;
    guint64 spr[STATE_SPRS]; /* by SPR number */
    guint64 spe_acc, reserve_addr, msr, hflags;
    guint64 msr_mask, insns_flags, insns_flags2; /* pseries-2.7 and older */
    guint32 nb_bats;
    guint64 fpr[32], fpscr; /* VSR 0–31, first doublewords */
    guint64 avr[32][2];     /* VSR 32–63 */
    guint32 vscr;
    guint64 vsr[32]; /* VSR 0–31, second doublewords */
    guint64 tm_gpr[32], tm_vsr[64][2];
    guint64 tm_cr, tm_lr, tm_ctr, tm_fpscr, tm_amr, tm_ppr, tm_vrsave, tm_dscr, tm_tar;
    guint32 tm_vscr;
    gint32 slb_nr; /* pseries-2.12 and older */
    guint64 slb[STATE_SLBS][2];
    guint64 bhrb_offset, bhrb[32];
    guint32 compat_pvr; /* logical; 0: none */
    guint64 reservation[4];
    gboolean rtas_stopped;

    /* spapr_cpu; guest addresses, 0: not registered */
    guint64 vpa, shadow_addr, shadow_size, dtl_addr, dtl_size;

    guint32 present;

    gboolean came; /* with a guest that arrived here */

    /* Of a machine; NULL in a tool. */
    Platform *platform;
    VdevVcpu *vcpu;  /* or it is not there */
    guint32 context; /* instance of its thread context's section */
} CpuState;

extern const VmsState state_cpu_common, state_cpu, state_spapr_cpu;

/* --- state-io.c: clock, VIO; state-drc.c: connectors --------------------- */

#define STATE_NVRAM_MAX (1024u * 1024) /* bytes: QEMU's limit */

/* A connector, as its two sections have it. */
typedef struct {
    guint32 index; /* type << 28 | id, the sections' instance; 0: not known */
    guint32 state;
    gboolean unplug_requested;
    guint32 indicator; /* 0 inactive, 1 active, 2 identify, 3 action */
    guint32 present;   /* subsections */

    /* The guest's walk over the node of what is plugged: how many pieces it has, and how deep it
     * is. A digest of all pieces tells whether a tree that was built anew is the same. */
    gboolean walking;
    guint32 depth, ordinal;
    guint64 digest;

    /* Not on the wire. */
    gboolean plugged;
    gboolean arrived;   /* a migration brought it, and no place of a walk that may be under way */
    Platform *platform; /* NULL in a tool */
} ConnectorState;

extern const VmsState state_rtc, state_nvram, state_vty, state_vio, state_drc, state_drc_physical;

/* --- state-htab.c: `spapr/htab` ------------------------------------------- */

#define HASH_TABLE_NONE G_MAXUINT32

/* The hash page table that this machine never has. */
typedef struct {
    guint32 head; /* HASH_TABLE_NONE; of another stream: the table's size as log2, or 0 */
} HashTable;

extern const VmsState state_htab;

/* --- state-others.c: of devices that QEMU's machine always has and this one has not ------ */

extern const VmsCatalogueRow state_others[];

/* state-pci.c, state-xics.c: their descriptions are in the headers of the parts. */
extern const VmsCatalogueRow state_pci_catalogue[], state_xics_catalogue[];

/* --- state-explain.c ----------------------------------------------------- */

void state_explain_machine(const void *object, GString *text);
void state_explain_cpu_common(const void *object, GString *text);
void state_explain_cpu(const void *object, GString *text);
void state_explain_spapr_cpu(const void *object, GString *text);
void state_explain_connector(const void *object, GString *text);
void state_explain_indicator(const void *object, GString *text);

/* --- state.c ------------------------------------------------------------- */

/**
 * state_add_all: registers every part of @platform with the host, in QEMU's order; at the end of
 * realize. A host that keeps no state is fine.
 * state_remove_all: takes them out. Zero-safe.
 */
gboolean state_add_all(Platform *platform, GError **error);
void state_remove_all(Platform *platform);

/**
 * state_add_cpu: registers the sections of vCPU @index, which is there.
 * state_remove_cpu: takes them out, all but the thread context's.
 */
gboolean state_add_cpu(Platform *platform, guint32 index, GError **error);
void state_remove_cpu(Platform *platform, guint32 index);

/** state_reset_all: forgets what was loaded or captured; vCPUs keep their registers. */
void state_reset_all(Platform *platform);

/** state_catalogue: sections that this module knows; ends with state NULL. */
extern const VmsCatalogueRow state_catalogue[];

#endif
