/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the model accelerator share. Private to model*.c and their tests.
 *
 * The model serves KVM's POWER interface in software: memory slots with KVM's dirty log, vCPUs
 * that play a script instead of running instructions, and the XIVE device with the kernel's
 * error numbers. The interrupt controller's state machines are hw-xive/core; here are its tables,
 * its lock and the kernel's own peculiarities.
 *
 * It is not a processor: it runs no instruction.
 *
 * Threads: one lock, Model.lock, guards everything but a vCPU's registers, which belong to the
 * vCPU's thread. It is a leaf: it is taken after the machine lock or without it, and nothing else
 * is called or waited for while it is held. Functions named *_locked expect it held.
 *
 * Source: Linux Documentation/virt/kvm/devices/xive.rst and api.rst; the kernel's behaviour as
 * observed on an emulated POWER9 host.
 */
#ifndef VMM_ACCEL_MODEL_H
#define VMM_ACCEL_MODEL_H

#include "hw-xive/core/pq.h"
#include "hw-xive/core/router.h"
#include "hw-xive/core/tctx.h"
#include "vdev/kvm-ppc.h"
#include "vmm/accel/accel.h"
#include "vmm/accel/fault.h"
#include "vmm/accel/model-script.h"

typedef struct ModelIrqfds ModelIrqfds;
typedef struct ModelVcpu ModelVcpu;
typedef struct ModelXive ModelXive;
typedef struct ModelRegion ModelRegion;

#define MODEL_PAGE_SHIFT XIVE_PAGE_SHIFT /* a POWER host's pages, whatever this machine's are */
#define MODEL_PAGE_SIZE  XIVE_PAGE_SIZE

#define MODEL_PVR               0x004e1202u /* POWER9 DD2.2 */
#define MODEL_TIMEBASE_HZ       512000000u
#define MODEL_MAX_VCPUS         2048u     /* KVM's default number of interrupt servers */
#define MODEL_MAX_VCPU_ID       16384u    /* KVM's limit, exclusive */
#define MODEL_MAX_SLOTS         32767u    /* as KVM_CAP_NR_MEMSLOTS says */
#define MODEL_SOURCES_MAX       0x100000u /* LISNs of one device */
#define MODEL_SOURCES_PER_BLOCK 1024u     /* allocated together */

typedef struct {
    Accel accel;
    AccelFault *fault; /* NULL: none asked for */
    VdevCpuInfo info;
    guint32 vps;         /* virtual processors that the interrupt controller has to give */
    guint32 irqs;        /* hardware interrupts likewise */
    ModelScript *script; /* NULL: vCPUs halt at once */
    ModelIrqfds *irqfds; /* has a lock of its own; see model-irqfd.c */

    GMutex lock;                /* guards all below */
    GCond wake;                 /* an interrupt is up, a vCPU was kicked or prodded */
    GPtrArray *slots;           /* ModelSlot *, owned */
    GPtrArray *vcpus;           /* ModelVcpu *, owned, live and parked */
    ModelXive *xive;            /* alive, maybe closed with mappings left; or NULL */
    GHashTable *enabled_hcalls; /* set of numbers */
    guint64 mmu_flags, process_table;
    gboolean fwnmi; /* machine checks are exits */
    guint64 fdt;    /* where a vCPU that began found the device tree */
} Model;

/* ---- model-memory.c: slots, dirty log, guest accesses -------------------------------------- */

typedef struct {
    guint32 slot;
    guint32 flags;
    guint64 gpa;
    guint64 size;        /* bytes, not 0 */
    guint8 *ram;         /* the host's memory; NULL for a region's slot */
    ModelRegion *region; /* or NULL */
    guint64 *dirty;      /* a bit a page, LSB first; NULL when not logging */
    guint64 *touched;    /* pages seen since logging began: the first touch counts as a write */
} ModelSlot;

void model_slot_free(gpointer slot);

/** model_slot_set_locked: KVM_SET_USER_MEMORY_REGION; @region instead of @ram for a mapping. */
gint model_slot_set_locked(Model *model, guint32 slot, guint64 gpa, guint64 size, void *ram,
                           ModelRegion *region, guint32 flags);

/** model_ram_locked: the host's address of [gpa, gpa+n), if one RAM slot holds all of it; else
 * NULL. Marks nothing dirty. */
guint8 *model_ram_locked(Model *model, guint64 gpa, guint64 n);

/** model_mark_dirty_locked: the page at @gpa, if its slot is being logged. */
void model_mark_dirty_locked(Model *model, guint64 gpa);

typedef enum {
    MODEL_ACCESS_DONE,
    MODEL_ACCESS_NO_SLOT, /* an MMIO exit */
    MODEL_ACCESS_FAULT,   /* @message says why */
} ModelAccess;

/* One access of a vCPU to a guest address. */
typedef struct {
    guint64 gpa;
    guint32 n; /* bytes: 1, 2, 4, 8 */
    gboolean is_write;
    guint64 value; /* in or out; the first byte in memory is the most significant */
} ModelAccessRequest;

/** model_guest_access: takes the lock. @message: 256 bytes, filled on a fault. */
ModelAccess model_guest_access(ModelVcpu *vcpu, ModelAccessRequest *request, char *message);

/** model_guest_read, model_guest_write: bytes of RAM, as the guest would copy them. FALSE, with
 * nothing done, unless one RAM slot holds all of it. Take the lock. */
gboolean model_guest_read(Model *model, guint64 gpa, void *buffer, gsize n);
gboolean model_guest_write(Model *model, guint64 gpa, const void *buffer, gsize n);

gint model_memory_set(Accel *accel, guint32 slot, guint64 gpa, guint64 size, void *host_memory,
                      guint32 flags);
gint model_dirty_log_get(Accel *accel, guint32 slot, guint64 *words, gsize n_words);

/* ---- model-regs.c: registers by one-reg id ------------------------------------------------- */

typedef struct {
    guint64 words[2];
} ModelReg;

/** model_regs_new: the values of a fresh vCPU, an array that model_reg() indexes. */
ModelReg *model_regs_new(void);

/** model_reg: the cell of @reg, or NULL for an id that there is not (wrong width included). */
ModelReg *model_reg(ModelVcpu *vcpu, guint64 reg);

/** model_core: as model_reg for VDEV_REG_CORE ids, which always exist. */
guint64 *model_core(ModelVcpu *vcpu, guint64 reg);

gint model_vcpu_get(AccelVcpu *vcpu, guint64 reg, void *value);
gint model_vcpu_set(AccelVcpu *vcpu, guint64 reg, const void *value);

/* ---- model-vcpu.c: the life of a vCPU ------------------------------------------------------ */

typedef struct {
    guint32 server;
    ModelVcpu *vcpu;
    XiveTctx tctx;
    XiveEnd ends[XIVE_PRIORITIES];
    VdevXiveEq queues[XIVE_PRIORITIES]; /* as set up; qshift 0: none */
} ModelServer;

struct ModelVcpu {
    AccelVcpu vcpu;
    Model *model;
    guint32 id;
    ModelReg *regs; /* of the vCPU's thread, but for the VPA registers: Model.lock */

    /* Guarded by Model.lock. */
    gboolean parked;    /* freed; KVM keeps vCPUs until the VM goes */
    gboolean inherited; /* the connection is that of an earlier life */
    gboolean prodded;
    ModelServer *server; /* owned by the XIVE device; NULL: not connected */

    gint kicked; /* atomic */

    /* Of the vCPU's thread. */
    AccelExitKind pending; /* HCALL or MMIO wait for their results; else INTR */
    guint32 mmio_n;        /* bytes of a pending MMIO load; 0 for a store */
    gint64 wait_left_us;   /* of a wait that a kick broke off; −1: none */
};

typedef enum { MODEL_WAIT_DONE, MODEL_WAIT_TIMEOUT, MODEL_WAIT_KICKED } ModelWait;

/** model_vcpu_wait: until the vCPU is signalled (@for_irq), prodded (@for_prod), kicked, or
 * @timeout_us (< 0: for ever) has passed, a wait broken off by a kick counted in. */
ModelWait model_vcpu_wait(ModelVcpu *vcpu, gboolean for_irq, gboolean for_prod, gint64 timeout_us);

AccelVcpu *model_vcpu_new(Accel *accel, guint32 id, GError **error);
void model_vcpu_free(AccelVcpu *vcpu);
void model_vcpu_destroy(gpointer vcpu); /* for close */
void model_vcpu_run(AccelVcpu *vcpu, AccelExit *exit);
void model_vcpu_complete(AccelVcpu *vcpu, AccelExit *exit);
void model_vcpu_kick(AccelVcpu *vcpu);
gboolean model_vcpu_signalled_locked(const ModelVcpu *vcpu);

/* ---- model-hcall.c: the hypercalls that KVM answers itself ---------------------------------- */

/** model_hcall: number and arguments in r3.. of @vcpu, on its thread. TRUE: answered, with the
 * results in r3..; FALSE: it is user space's. */
gboolean model_hcall(ModelVcpu *vcpu);
gint model_enable_hcall(Accel *accel, guint32 nr);
gint model_set_mmu(Accel *accel, guint64 flags, guint64 process_table);

/* ---- model-exec.c, model-step.c: a vCPU plays its script ------------------------------------ */

#define MODEL_REG_FDT VDEV_REG_SPRG(7) /* where a script keeps the device tree's address */

typedef enum {
    MODEL_GO_NEXT,   /* the step is done */
    MODEL_GO_TARGET, /* on at step->target */
    MODEL_GO_EXIT,   /* the step is done, @exit is filled */
    MODEL_GO_STAY,   /* the step is to be played again, @exit is filled */
    MODEL_GO_JUMPED, /* the step has set the PC */
} ModelGo;

/** model_exec: one step. Returns: TRUE if the vCPU goes on, FALSE with @exit filled. */
gboolean model_exec(ModelVcpu *vcpu, AccelExit *exit);

/** model_step_play: what a step does, its successor aside. */
ModelGo model_step_play(ModelVcpu *vcpu, const ModelStep *step, AccelExit *exit);

/** model_step_fail: @exit says that @step failed and why. */
ModelGo model_step_fail(const ModelVcpu *vcpu, const ModelStep *step, AccelExit *exit,
                        const char *format, ...) G_GNUC_PRINTF(4, 5);

/** model_variable: the register that holds variable @index of a script. */
guint64 *model_variable(ModelVcpu *vcpu, guint64 index);

/* ---- model-check.c: machine checks ----------------------------------------------------------- */

/* What the processor leaves of one. */
typedef struct {
    guint64 srr1; /* the bits that say what it is about */
    guint64 dsisr, dar;
    gboolean recovered;
} ModelCheck;

/** model_check_take: between the step that is played and the next. */
ModelGo model_check_take(ModelVcpu *vcpu, const ModelCheck *check, AccelExit *exit);
/** model_check_return: rfid. */
ModelGo model_check_return(ModelVcpu *vcpu);
gint model_vcpu_enable_fwnmi(AccelVcpu *vcpu);

/* ---- model-fdt.c: what a guest reads from its device tree ----------------------------------- */

/** model_fdt_is_at: whether a flattened tree seems to begin at guest address @gpa. */
gboolean model_fdt_is_at(Model *model, guint64 gpa);

/** model_fdt_cell: cell @index (4 bytes, big-endian) of property @name of node @path of the
 * flattened tree at guest address @fdt. FALSE if there is none or the tree is damaged. */
gboolean model_fdt_cell(Model *model, guint64 fdt, const char *path, const char *name, guint index,
                        guint32 *value);

/* ---- model-xive.c: the device ---------------------------------------------------------------- */

typedef struct {
    guint64 eas;       /* xive_eas_target(), or XIVE_EAS_RESET while the kernel calls it masked */
    guint8 status;     /* PQ */
    gboolean valid;    /* created */
    gboolean lsi;      /* told, of no consequence: KVM's sources are edges */
    gboolean asserted; /* likewise */
} ModelSource;

struct ModelXive {
    AccelKdev kdev;
    Model *model; /* all fields are guarded by its lock */
    gboolean is_open;
    guint n_mappings;
    guint32 nr_servers;
    gboolean vp_block; /* allocated by the first connect */
    guint32 n_sources; /* created */
    ModelSource *blocks[MODEL_SOURCES_MAX / MODEL_SOURCES_PER_BLOCK]; /* or NULL */
    GHashTable *servers; /* number → ModelServer *, owned */
};

/** model_source_locked: the source if it was created; else NULL. */
ModelSource *model_source_locked(ModelXive *xive, guint64 lisn);
ModelServer *model_server_locked(ModelXive *xive, guint32 server);

/** model_event_locked: routes an event that the source forwards, and wakes who is to be woken. */
void model_event_locked(ModelXive *xive, guint32 lisn);

/** model_trigger: as a store to the trigger page. Takes the lock. FALSE: no such source. */
gboolean model_trigger(Model *model, guint32 lisn);

/** model_xive_unmapped_locked: a mapping has gone; the closed device may go with the last. */
void model_xive_unmapped_locked(ModelXive *xive);

AccelKdev *model_kdev_new(Accel *accel, guint32 type, gint *errnum);
void model_kdev_free(AccelKdev *kdev);
gint model_kdev_set(AccelKdev *kdev, guint32 group, guint64 attr, const void *data);
gint model_kdev_get(AccelKdev *kdev, guint32 group, guint64 attr, void *data);
gint model_kdev_connect(AccelKdev *kdev, AccelVcpu *vcpu, guint32 server);

/* ---- model-xive-source.c, model-xive-eq.c: sources and queues ------------------------------- */

gint model_source_create_locked(ModelXive *xive, guint64 lisn, const guint64 *word);
gint model_source_config_locked(ModelXive *xive, guint64 lisn, const guint64 *word);
gint model_source_sync_locked(ModelXive *xive, guint64 lisn);
void model_source_reset_locked(ModelSource *source);
gint model_eq_set_locked(ModelXive *xive, guint64 attr, const VdevXiveEq *eq);
gint model_eq_get_locked(ModelXive *xive, guint64 attr, VdevXiveEq *eq);
void model_eq_reset_locked(ModelServer *server);
/** model_eq_sync_locked: the one moment when queue pages enter the dirty log. */
void model_eq_sync_locked(ModelXive *xive);
gboolean model_eq_is_set(const ModelServer *server, guint prio);

/* ---- model-xive-map.c: the mappings ---------------------------------------------------------- */

AccelRegion *
model_region_new(AccelKdev *kdev, guint32 slot, const VdevRegionSpec *spec, GError **error);
void model_region_free(AccelRegion *region);
gboolean model_region_load64(AccelRegion *region, guint64 offset, guint64 *value, GError **error);
gboolean model_region_store64(AccelRegion *region, guint64 offset, guint64 value, GError **error);
guint64 model_region_faults(AccelRegion *region);

/** model_region_access_locked: byte @offset of the mapping; @vcpu: who, NULL for the host itself.
 * FALSE: the page is refused, @message (256 bytes) says which and why. */
gboolean model_region_access_locked(ModelRegion *region, ModelVcpu *vcpu, guint64 offset,
                                    ModelAccessRequest *request, char *message);

/* ---- model-irqfd.c ----------------------------------------------------------------------------
 */

ModelIrqfds *model_irqfds_new(Model *model);
void model_irqfds_free(ModelIrqfds *irqfds); /* NULL-safe; joins its thread */
gint model_irqfd(Accel *accel, guint32 gsi, gint fd, gboolean assign);

/* ---- model.c -----------------------------------------------------------------------------------
 */

/** model_set_script: replaces the script, for tests; before any vCPU runs. @name stands for the
 * file in messages. */
gboolean model_set_script(Accel *accel, const char *name, const char *text, GError **error);

#endif
