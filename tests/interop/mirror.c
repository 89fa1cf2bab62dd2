/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sections of stock QEMU described in our own terms. Not the descriptions of our devices: these
 * only hold what the bytes say, and prove the engine and its JSON against a foreign writer.
 */
#include "tests/interop/mirror.h"

#define XIVE_IRQS 0x2000
#define ICS_IRQS  0x1000

typedef struct {
    gint64 ticks_offset, clock_offset;
} Clock;

typedef struct {
    guint32 server;
    guint8 priority, saved, status, flags;
} Irq;

typedef struct {
    guint64 w;
} Eas;

typedef struct {
    guint32 w[8];
} End;

typedef struct {
    guint64 gpr[32];
    guint32 crf[8];
    guint64 nip, spr[1024], spe_acc, reserve, msr, hflags;
    guint64 fpr[32], fpscr;
    guint64 avr[32][2];
    guint32 vscr;
    guint64 vsr[32];
    guint64 slb[64][2];
    gboolean has_fpu, has_altivec, has_vsx, has_slb;
} Cpu;

struct Mirror {
    Clock clock;
    guint32 ics_n, source_n, xive_n, nr_ends;
    Irq irqs[ICS_IRQS];
    guint8 status[XIVE_IRQS];
    Eas eat[XIVE_IRQS];
    End endt[64];
    Cpu cpus[2];
    guint32 state_n;
    guint8 runstate[100];
};

static const VmsField timer_fields[] = {
    VMS_SCALAR(Clock, ticks_offset, .as = "cpu_ticks_offset"), VMS_PAD(8),
    VMS_SCALAR(Clock, clock_offset, .as = "cpu_clock_offset", .since = 2), VMS_END};
static const VmsState timer_state = {
    .name = "timer", .version = 2, .oldest = 1, .fields = timer_fields};

static const VmsField irq_fields[] = {VMS_SCALAR(Irq, server),
                                      VMS_SCALAR(Irq, priority),
                                      VMS_SCALAR(Irq, saved, .as = "saved_priority"),
                                      VMS_SCALAR(Irq, status),
                                      VMS_SCALAR(Irq, flags),
                                      VMS_END};
static const VmsState irq_state = {
    .name = "ics/irq", .version = 2, .oldest = 1, .fields = irq_fields};
static const VmsField ics_fields[] = {VMS_EQUAL(Mirror, ics_n, .as = "nr_irqs"),
                                      VMS_STRUCT_COUNTED(Mirror, irqs, ics_n, ICS_IRQS, &irq_state),
                                      VMS_END};
static const VmsState ics_state = {.name = "ics", .version = 1, .oldest = 1, .fields = ics_fields};

static const VmsField source_fields[] = {VMS_EQUAL(Mirror, source_n, .as = "nr_irqs"),
                                         VMS_BUFFER_COUNTED(Mirror, status, source_n, XIVE_IRQS),
                                         VMS_END};
static const VmsState source_state = {
    .name = "xive-source", .version = 1, .oldest = 1, .fields = source_fields};

static const VmsField eas_fields[] = {VMS_SCALAR(Eas, w, .host_endian = TRUE), VMS_END};
static const VmsState eas_state = {
    .name = "spapr-xive/eas", .version = 1, .oldest = 1, .fields = eas_fields};
#define END_WORD(n) VMS_SCALAR(End, w[n], .as = "w" #n, .host_endian = TRUE)
static const VmsField end_fields[] = {END_WORD(0), END_WORD(1), END_WORD(2),
                                      END_WORD(3), END_WORD(4), END_WORD(5),
                                      END_WORD(6), END_WORD(7), VMS_END};
static const VmsState end_state = {
    .name = "spapr-xive/end", .version = 1, .oldest = 1, .fields = end_fields};
static const VmsField xive_fields[] = {
    VMS_EQUAL(Mirror, xive_n, .as = "nr_irqs"),
    VMS_STRUCT_COUNTED(Mirror, eat, xive_n, XIVE_IRQS, &eas_state),
    VMS_STRUCT_COUNTED(Mirror, endt, nr_ends, 64, &end_state), VMS_END};
static const VmsState xive_state = {
    .name = "spapr-xive", .version = 1, .oldest = 1, .fields = xive_fields};

#define NEEDED(function, member)                                            \
    static gboolean function(const void *object, const VmsContext *context) \
    {                                                                       \
        return ((const Cpu *)object)->member;                               \
    }
#define LOADED(function, member)                                                       \
    static gboolean function(void *object, guint32 version, const VmsContext *context, \
                             GError **error)                                           \
    {                                                                                  \
        return ((Cpu *)object)->member = TRUE;                                         \
    }
NEEDED(fpu_needed, has_fpu)
NEEDED(altivec_needed, has_altivec)
NEEDED(vsx_needed, has_vsx)
NEEDED(slb_needed, has_slb)
LOADED(fpu_loaded, has_fpu)
LOADED(altivec_loaded, has_altivec)
LOADED(vsx_loaded, has_vsx)
LOADED(slb_loaded, has_slb)

static const VmsField fpu_fields[] = {VMS_ARRAY(Cpu, fpr, .as = "env.vsr", .type = "fpr"),
                                      VMS_SCALAR(Cpu, fpscr, .as = "env.fpscr"), VMS_END};
static const VmsState fpu_state = {.name = "cpu/fpu",
                                   .version = 1,
                                   .oldest = 1,
                                   .fields = fpu_fields,
                                   .needed = fpu_needed,
                                   .post_load = fpu_loaded};
static const VmsField altivec_fields[] = {
    VMS_PAIR_ARRAY(Cpu, avr, .as = "env.vsr", .host_endian = TRUE),
    VMS_SCALAR(Cpu, vscr, .type = "cpu/altivec/vscr"), VMS_END};
static const VmsState altivec_state = {.name = "cpu/altivec",
                                       .version = 1,
                                       .oldest = 1,
                                       .fields = altivec_fields,
                                       .needed = altivec_needed,
                                       .post_load = altivec_loaded};
static const VmsField vsx_fields[] = {VMS_ARRAY(Cpu, vsr, .as = "env.vsr", .type = "vsr"), VMS_END};
static const VmsState vsx_state = {.name = "cpu/vsx",
                                   .version = 1,
                                   .oldest = 1,
                                   .fields = vsx_fields,
                                   .needed = vsx_needed,
                                   .post_load = vsx_loaded};
static const VmsField slb_fields[] = {VMS_PAIR_ARRAY(Cpu, slb, .as = "env.slb", .type = "slbe"),
                                      VMS_END};
static const VmsState slb_state = {.name = "cpu/slb",
                                   .version = 1,
                                   .oldest = 1,
                                   .fields = slb_fields,
                                   .needed = slb_needed,
                                   .post_load = slb_loaded};
static const VmsState *const cpu_subsections[] = {&fpu_state, &altivec_state, &vsx_state,
                                                  &slb_state, NULL};
static const VmsField cpu_fields[] = {VMS_PAD(8),
                                      VMS_ARRAY(Cpu, gpr, .as = "env.gpr"),
                                      VMS_ARRAY(Cpu, crf, .as = "env.crf"),
                                      VMS_SCALAR(Cpu, nip, .as = "env.nip"),
                                      VMS_ARRAY(Cpu, spr, .as = "env.spr"),
                                      VMS_SCALAR(Cpu, spe_acc, .as = "env.spe_acc"),
                                      VMS_SCALAR(Cpu, reserve, .as = "env.reserve_addr"),
                                      VMS_SCALAR(Cpu, msr, .as = "env.msr"),
                                      VMS_SCALAR(Cpu, hflags, .as = "env.hflags_compat_nmsr"),
                                      VMS_END};
static const VmsState cpu_state = {
    .name = "cpu", .version = 5, .oldest = 5, .fields = cpu_fields, .subsections = cpu_subsections};

static const VmsField global_fields[] = {VMS_SCALAR(Mirror, state_n, .as = "size"),
                                         VMS_BUFFER(Mirror, runstate), VMS_END};
static const VmsState global_state = {
    .name = "globalstate", .version = 1, .oldest = 1, .fields = global_fields};

Mirror *
mirror_new(void)
{
    return g_new0(Mirror, 1);
}

void
mirror_free(Mirror *mirror)
{
    g_free(mirror);
}

void
mirror_configure(Mirror *mirror, guint32 nr_ends, guint32 ics_irqs)
{
    mirror->ics_n = ics_irqs;
    mirror->source_n = mirror->xive_n = XIVE_IRQS;
    mirror->nr_ends = nr_ends;
}

gboolean
mirror_register(Mirror *mirror, MigSections *sections, GError **error)
{
    const struct {
        const VmsState *state;
        void *object;
        guint32 instance;
    } rows[] = {
        {&timer_state, &mirror->clock, 0}, {&ics_state, mirror, 0},
        {&source_state, mirror, 0},        {&xive_state, mirror, 0},
        {&cpu_state, &mirror->cpus[0], 0}, {&cpu_state, &mirror->cpus[1], 1},
        {&global_state, mirror, 0},
    };

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (!mig_sections_add_state(sections, NULL, rows[i].instance, MIG_PRIORITY_DEFAULT,
                                    rows[i].state, rows[i].object, error))
            return FALSE;
    }
    return TRUE;
}
