/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Virtual CPUs: threads, holding, parking. See vcpu.h for the rules.
 *
 *            turn granted                    exit
 *   parked ──────────────▶ in the accelerator ────▶ pending
 *      ▲                          ▲                   │ the machine answers, under its lock
 *      │                          │ turn granted      ▼
 *      └── may not run: complete ─┴──────────────── answered
 */
#include "vmm/vcpu.h"

#include <string.h>
#include <unistd.h>

#include "vdev/hcall.h"

typedef enum {
    EXIT_NONE,     /* nothing to finish */
    EXIT_PENDING,  /* the guest waits for an answer that nobody has given yet */
    EXIT_ANSWERED, /* the answer is in `exit`; the accelerator has not delivered it */
} ExitState;

struct VdevVcpu {
    const VcpuOwner *owner;
    AccelVcpu *accel;
    guint32 index, id;
    GThread *thread;

    GMutex mutex; /* guards everything below but `exit` */
    GCond cond;   /* something below changed */
    gint thread_id;
    gboolean machine_runs;
    gboolean started;
    gboolean blocked;
    gboolean out;         /* halted or failed: does not run until started again */
    gboolean quit;        /* the thread is to end */
    gboolean resting;     /* slowed down: outside the accelerator for a while */
    gboolean barred;      /* outside, whatever the machine does */
    guint holds;          /* threads that want the vCPU outside the accelerator */
    guint sleepers;       /* threads that wait on cond: without one, nobody is woken */
    gboolean in_accel;    /* the accelerator is working on it: nobody else may */
    gboolean parked;      /* may not run, and its last exit is complete */
    ExitState exit_state; /* changes under the machine lock too, PENDING → … */

    /* The thread's own; another thread may touch it under the machine lock while it holds the vCPU
     * and exit_state is not NONE. */
    AccelExit exit;
};

static const AccelClass *
vcpu_klass(const VdevVcpu *vcpu)
{
    return vcpu->owner->accel->klass;
}

static gboolean
vcpu_may_run(const VdevVcpu *vcpu)
{
    return vcpu->machine_runs && vcpu->started && !vcpu->blocked && !vcpu->out;
}

/* Whether it is to be outside the accelerator. Mutex held. */
static gboolean
vcpu_stays_out(const VdevVcpu *vcpu)
{
    return vcpu->resting || vcpu->barred || vcpu->holds > 0 || !vcpu_may_run(vcpu);
}

/* Waits for a change. Mutex held, and released meanwhile. */
static void
vcpu_sleep(VdevVcpu *vcpu)
{
    vcpu->sleepers++;
    g_cond_wait(&vcpu->cond, &vcpu->mutex);
    vcpu->sleepers--;
}

/* GLib makes a system call for each broadcast, waiters or not: too dear for every exit. Mutex held.
 */
static void
vcpu_wake(VdevVcpu *vcpu)
{
    if (vcpu->sleepers > 0)
        g_cond_broadcast(&vcpu->cond);
}

/* Turns the vCPU out if it may no longer be in the accelerator. Mutex held. */
static void
vcpu_kick_out(VdevVcpu *vcpu)
{
    if (vcpu->in_accel && (vcpu->quit || vcpu_stays_out(vcpu)))
        vcpu_klass(vcpu)->vcpu_kick(vcpu->accel);
}

/* Whoever changed what decides about the next turn calls this. Mutex held. */
static void
vcpu_reconsider(VdevVcpu *vcpu)
{
    vcpu_kick_out(vcpu);
    vcpu_wake(vcpu);
}

/* Delivers the answer without entering the guest. Mutex held; released meanwhile. */
static void
vcpu_complete(VdevVcpu *vcpu)
{
    vcpu->in_accel = TRUE;
    g_mutex_unlock(&vcpu->mutex);
    vcpu_klass(vcpu)->vcpu_complete(vcpu->accel, &vcpu->exit);
    vcpu->exit.kind = ACCEL_EXIT_INTR;
    g_mutex_lock(&vcpu->mutex);
    vcpu->exit_state = EXIT_NONE;
    vcpu->in_accel = FALSE;
    vcpu_wake(vcpu);
}

/* Waits until the vCPU may enter the guest. Returns FALSE when the thread is to end. */
static gboolean
vcpu_wait_turn(VdevVcpu *vcpu)
{
    gboolean go;

    g_mutex_lock(&vcpu->mutex);
    while (!vcpu->quit && vcpu_stays_out(vcpu)) {
        if (vcpu->holds == 0 && vcpu->exit_state != EXIT_NONE) {
            vcpu_complete(vcpu);
            continue;
        }
        if (vcpu->exit_state == EXIT_NONE && !vcpu_may_run(vcpu)) {
            vcpu->parked = TRUE;
            vcpu_wake(vcpu);
        }
        vcpu_sleep(vcpu);
    }
    go = !vcpu->quit;
    if (go) {
        vcpu->parked = FALSE;
        vcpu->in_accel = TRUE;
    }
    g_mutex_unlock(&vcpu->mutex);
    return go;
}

static void
vcpu_left_guest(VdevVcpu *vcpu)
{
    AccelExitKind kind = vcpu->exit.kind;
    gboolean pending =
        kind == ACCEL_EXIT_HCALL || kind == ACCEL_EXIT_MMIO || kind == ACCEL_EXIT_CHECK;

    g_mutex_lock(&vcpu->mutex);
    vcpu->in_accel = FALSE;
    vcpu->exit_state = pending ? EXIT_PENDING : EXIT_NONE;
    if (kind == ACCEL_EXIT_HALTED || kind == ACCEL_EXIT_GUEST_FAULT || kind == ACCEL_EXIT_FAILED)
        vcpu->out = TRUE;
    vcpu_wake(vcpu);
    g_mutex_unlock(&vcpu->mutex);
}

static void
vcpu_answer(VdevVcpu *vcpu)
{
    const VcpuOwner *owner = vcpu->owner;
    AccelExit *exit = &vcpu->exit;

    if (exit->kind == ACCEL_EXIT_HCALL) {
        exit->hcall.ret = owner->hcall(owner->user, vcpu, exit->hcall.nr, exit->hcall.args);
        return;
    }
    if (exit->kind == ACCEL_EXIT_CHECK) {
        owner->machine_check(owner->user, vcpu, exit->check_recovered);
        return;
    }
    if (!exit->mmio.is_write)
        memset(exit->mmio.data, 0xff, sizeof(exit->mmio.data));
    owner->stray_access(owner->user, vcpu, exit);
}

/* A hypercall, a stray access, a machine check. The exit may be gone by the time the lock is ours:
 * another vCPU has stopped this one. */
static void
vcpu_handle_pending(VdevVcpu *vcpu)
{
    gboolean pending;

    machine_lock_vcpu(vcpu->owner->lock);
    g_mutex_lock(&vcpu->mutex);
    pending = vcpu->exit_state == EXIT_PENDING;
    g_mutex_unlock(&vcpu->mutex);
    if (pending) {
        vcpu_answer(vcpu);
        g_mutex_lock(&vcpu->mutex);
        vcpu->exit_state = EXIT_ANSWERED;
        /* It stopped itself. Whoever starts it next sets its registers first: the answer must be
         * in them before anybody else can get the machine lock. */
        if (!vcpu->started)
            vcpu_complete(vcpu);
        g_mutex_unlock(&vcpu->mutex);
    }
    machine_unlock(vcpu->owner->lock);
}

static void
vcpu_handle_exit(VdevVcpu *vcpu)
{
    const VcpuOwner *owner = vcpu->owner;

    switch (vcpu->exit.kind) {
    case ACCEL_EXIT_INTR: break;
    case ACCEL_EXIT_HCALL:
    case ACCEL_EXIT_CHECK:
    case ACCEL_EXIT_MMIO: vcpu_handle_pending(vcpu); break;
    case ACCEL_EXIT_HALTED:
    case ACCEL_EXIT_GUEST_FAULT:
    case ACCEL_EXIT_FAILED:
        owner->out(owner->user, vcpu, vcpu->exit.kind, vcpu->exit.message);
        break;
    }
}

static gpointer
vcpu_thread(gpointer data)
{
    VdevVcpu *vcpu = data;

    g_mutex_lock(&vcpu->mutex);
    vcpu->thread_id = gettid();
    vcpu_wake(vcpu);
    g_mutex_unlock(&vcpu->mutex);

    while (vcpu_wait_turn(vcpu)) {
        vcpu_klass(vcpu)->vcpu_run(vcpu->accel, &vcpu->exit);
        vcpu_left_guest(vcpu);
        vcpu_handle_exit(vcpu);
    }
    return NULL;
}

static void
vcpu_destroy(VdevVcpu *vcpu)
{
    vcpu_klass(vcpu)->vcpu_free(vcpu->accel);
    g_mutex_clear(&vcpu->mutex);
    g_cond_clear(&vcpu->cond);
    g_free(vcpu);
}

VdevVcpu *
vcpu_new(const VcpuOwner *owner, guint32 index, guint32 id, gboolean machine_runs, GError **error)
{
    AccelVcpu *accel = owner->accel->klass->vcpu_new(owner->accel, id, error);
    VdevVcpu *vcpu;
    char name[16];

    if (accel == NULL)
        return NULL;
    vcpu = g_new0(VdevVcpu, 1);
    vcpu->owner = owner;
    vcpu->accel = accel;
    vcpu->index = index;
    vcpu->id = id;
    vcpu->machine_runs = machine_runs;
    g_mutex_init(&vcpu->mutex);
    g_cond_init(&vcpu->cond);
    g_snprintf(name, sizeof(name), "CPU %u", id);
    vcpu->thread = g_thread_try_new(name, vcpu_thread, vcpu, error);
    if (vcpu->thread == NULL) {
        g_prefix_error(error, "vCPU %u: ", id);
        g_clear_pointer(&vcpu, vcpu_destroy);
    }
    return vcpu;
}

void
vcpu_free(VdevVcpu *vcpu)
{
    if (vcpu == NULL)
        return;
    g_mutex_lock(&vcpu->mutex);
    vcpu->quit = TRUE;
    vcpu_reconsider(vcpu);
    g_mutex_unlock(&vcpu->mutex);
    machine_unlock(vcpu->owner->lock);
    g_thread_join(vcpu->thread);
    machine_lock_main(vcpu->owner->lock);
    vcpu_destroy(vcpu);
}

guint32
vcpu_index(const VdevVcpu *vcpu)
{
    return vcpu->index;
}

guint32
vcpu_id(const VdevVcpu *vcpu)
{
    return vcpu->id;
}

AccelVcpu *
vcpu_accel(const VdevVcpu *vcpu)
{
    return vcpu->accel;
}

gint
vcpu_thread_id(VdevVcpu *vcpu)
{
    gint thread_id;

    g_mutex_lock(&vcpu->mutex);
    while (vcpu->thread_id == 0)
        vcpu_sleep(vcpu);
    thread_id = vcpu->thread_id;
    g_mutex_unlock(&vcpu->mutex);
    return thread_id;
}

/* Gets the vCPU out of the accelerator and keeps it out. Its own thread is out already. */
static void
vcpu_hold(VdevVcpu *vcpu)
{
    if (vcpu->thread == g_thread_self())
        return;
    g_mutex_lock(&vcpu->mutex);
    vcpu->holds++;
    vcpu_kick_out(vcpu);
    while (vcpu->in_accel)
        vcpu_sleep(vcpu);
    g_mutex_unlock(&vcpu->mutex);
}

static void
vcpu_release(VdevVcpu *vcpu)
{
    if (vcpu->thread == g_thread_self())
        return;
    g_mutex_lock(&vcpu->mutex);
    vcpu->holds--;
    /* A parked vCPU that may not run stays as it is: many registers, no wake-up. */
    if (!vcpu->parked || vcpu_may_run(vcpu) || vcpu->quit)
        vcpu_wake(vcpu);
    g_mutex_unlock(&vcpu->mutex);
}

gint
vcpu_get(VdevVcpu *vcpu, guint64 reg, void *value)
{
    gint result;

    vcpu_hold(vcpu);
    result = vcpu_klass(vcpu)->vcpu_get(vcpu->accel, reg, value);
    vcpu_release(vcpu);
    return result;
}

gint
vcpu_set(VdevVcpu *vcpu, guint64 reg, const void *value)
{
    gint result;

    vcpu_hold(vcpu);
    result = vcpu_klass(vcpu)->vcpu_set(vcpu->accel, reg, value);
    vcpu_release(vcpu);
    return result;
}

void
vcpu_start(VdevVcpu *vcpu)
{
    g_mutex_lock(&vcpu->mutex);
    vcpu->started = TRUE;
    vcpu->out = FALSE;
    vcpu_reconsider(vcpu);
    g_mutex_unlock(&vcpu->mutex);
}

void
vcpu_stop(VdevVcpu *vcpu)
{
    gboolean other = vcpu->thread != g_thread_self();

    vcpu_hold(vcpu);
    g_mutex_lock(&vcpu->mutex);
    vcpu->started = FALSE;
    if (other && vcpu->exit_state == EXIT_PENDING)
        vcpu->exit.hcall.ret = H_NOT_AVAILABLE;
    if (other && vcpu->exit_state != EXIT_NONE)
        vcpu_complete(vcpu);
    g_mutex_unlock(&vcpu->mutex);
    vcpu_release(vcpu);
}

gboolean
vcpu_started(const VdevVcpu *vcpu)
{
    VdevVcpu *locked = (VdevVcpu *)vcpu;
    gboolean started;

    g_mutex_lock(&locked->mutex);
    started = vcpu->started;
    g_mutex_unlock(&locked->mutex);
    return started;
}

gboolean
vcpu_idle(const VdevVcpu *vcpu)
{
    VdevVcpu *locked = (VdevVcpu *)vcpu;
    gboolean idle;

    g_mutex_lock(&locked->mutex);
    idle = !vcpu->started || vcpu->out;
    g_mutex_unlock(&locked->mutex);
    return idle;
}

void
vcpu_set_machine_runs(VdevVcpu *vcpu, gboolean runs)
{
    g_mutex_lock(&vcpu->mutex);
    vcpu->machine_runs = runs;
    vcpu_reconsider(vcpu);
    g_mutex_unlock(&vcpu->mutex);
}

void
vcpu_set_blocked(VdevVcpu *vcpu, gboolean blocked)
{
    g_mutex_lock(&vcpu->mutex);
    vcpu->blocked = blocked;
    vcpu_reconsider(vcpu);
    g_mutex_unlock(&vcpu->mutex);
}

void
vcpu_set_resting(VdevVcpu *vcpu, gboolean rests)
{
    g_mutex_lock(&vcpu->mutex);
    vcpu->resting = rests;
    vcpu_reconsider(vcpu);
    g_mutex_unlock(&vcpu->mutex);
}

void
vcpu_set_barred(VdevVcpu *vcpu, gboolean barred)
{
    g_mutex_lock(&vcpu->mutex);
    vcpu->barred = barred;
    vcpu_reconsider(vcpu);
    g_mutex_unlock(&vcpu->mutex);
}

void
vcpu_wait_parked(VdevVcpu *vcpu)
{
    machine_unlock(vcpu->owner->lock);
    g_mutex_lock(&vcpu->mutex);
    while (!vcpu->parked)
        vcpu_sleep(vcpu);
    g_mutex_unlock(&vcpu->mutex);
    machine_lock_main(vcpu->owner->lock);
}

void
vcpu_rest_if_caller(VdevVcpu *vcpu)
{
    if (vcpu->thread == g_thread_self())
        vcpu_set_machine_runs(vcpu, FALSE);
}
