/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A million random triggers, EOIs, retargetings, masks and resets over 64 sources and 4 vCPUs, in
 * lockstep with a second implementation: queue entries, PQ bits and the bytes of the VP state agree
 * after every step. Besides, and without the reference's help, no event is lost: what was
 * triggered is seen in a queue, or is remembered in Q.
 *
 * MODEL_STRESS_SEED and MODEL_STRESS_STEPS in the environment repeat and lengthen a run.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/model/model-rig.h"
#include "tests/model/reference.h"
#include "vmm/accel/model.h"

#define STEPS_DEFAULT 1000000u
#define QUEUE_BYTES   65536u
#define SWEEP         2048u /* steps between comparisons of all queue memory */

enum { GUEST_NOTHING, GUEST_ACK, GUEST_CPPR, GUEST_TRIGGER, GUEST_EOI };

/* Each vCPU asks what to do next and answers with what came of it. */
static const char guest[] = "vcpu *\n"
                            " let result = 0\n"
                            " repeat forever\n"
                            "  hcall 0xc000 result -> 0 =op =value\n"
                            "  let result = 0\n"
                            "  if op == 1\n   tima ack -> =result\n  end\n"
                            "  if op == 2\n   tima cppr value\n  end\n"
                            "  if op == 3\n   esb trigger value\n  end\n"
                            "  if op == 4\n   esb eoi value -> =result\n  end\n"
                            " end\n";

typedef struct {
    guint index, toggle;
} Consumer;

typedef struct {
    Rig rig;
    Reference *ref;
    AccelExit exits[REF_SERVERS];
    Consumer consumers[REF_SERVERS][REF_PRIOS];
    gboolean owed[REF_SOURCES]; /* triggered, and not yet seen in a queue */
    guint64 state;              /* of the random numbers */
    guint64 seed, step;
    guint64 entries, deliveries, wraps;
    char what[128];
} Stress;

static guint
draw(Stress *stress, guint below)
{
    stress->state ^= stress->state << 13;
    stress->state ^= stress->state >> 7;
    stress->state ^= stress->state << 17;
    return (guint)((stress->state >> 11) % below);
}

#define CHECK(stress, condition)                                                          \
    do {                                                                                  \
        if (!(condition))                                                                 \
            g_error("MODEL_STRESS_SEED=%" G_GINT64_MODIFIER "u, step %" G_GINT64_MODIFIER \
                    "u, %s: not so: %s",                                                  \
                    (stress)->seed, (stress)->step, (stress)->what, #condition);          \
    } while (0)

static guint64
queue_gpa(guint server, guint prio)
{
    return RIG_EQ_BASE + (guint64)(server * REF_PRIOS + prio) * QUEUE_BYTES;
}

/* ---- what the guest does ------------------------------------------------------------------- */

static guint64
guest_do(Stress *stress, guint server, guint op, guint64 value)
{
    AccelExit *exit = &stress->exits[server];

    exit->hcall.ret = 0;
    exit->hcall.args[0] = op;
    exit->hcall.args[1] = value;
    rig_run(&stress->rig, server, exit);
    if (exit->kind != ACCEL_EXIT_HCALL || exit->hcall.nr != 0xc000)
        g_error("vCPU %u: exit %d: %s", server, exit->kind, exit->message);
    return exit->hcall.args[0];
}

/* New entries, as a guest finds them. The low six bits of an EISN name the source. */
static void
consume(Stress *stress, guint server, guint prio)
{
    Consumer *consumer = &stress->consumers[server][prio];

    for (;;) {
        guint32 entry = rig_entry(&stress->rig, queue_gpa(server, prio), consumer->index);

        if (entry >> 31 != consumer->toggle)
            return;
        stress->owed[entry % REF_SOURCES] = FALSE;
        stress->entries++;
        if (++consumer->index == REF_ENTRIES) {
            consumer->index = 0;
            consumer->toggle ^= 1;
            stress->wraps++;
        }
    }
}

/* ---- comparing ----------------------------------------------------------------------------- */

static void
compare_queue(Stress *stress, guint server, guint prio)
{
    const RefQueue *queue = &stress->ref->queues[server][prio];
    guint64 gpa = queue_gpa(server, prio);
    guint last = (queue->index + REF_ENTRIES - 1) % REF_ENTRIES;
    VdevXiveEq eq;

    CHECK(stress, rig_entry(&stress->rig, gpa, last) == queue->memory[last]);
    CHECK(stress, rig_entry(&stress->rig, gpa, queue->index) == queue->memory[queue->index]);
    if (!queue->valid)
        return;
    eq = rig_get_eq(&stress->rig, server, (guint8)prio);
    CHECK(stress, eq.qindex == queue->index);
    CHECK(stress, eq.qtoggle == queue->toggle);
}

static void
compare_thread(Stress *stress, guint server)
{
    const RefThread *thread = &stress->ref->threads[server];
    guint8 vp[8];

    rig_vp(&stress->rig, server, vp);
    CHECK(stress, vp[2] == thread->ipb);
    CHECK(stress, vp[1] == thread->cppr);
    CHECK(stress, vp[0] == thread->nsr);
    CHECK(stress, vp[7] == thread->pipr);
}

/* The bits of all sources are read where the model keeps them: 64 loads a step take too long. */
static void
compare_sources(Stress *stress)
{
    const ModelSource *block = ((ModelXive *)stress->rig.kdev)->blocks[0];

    for (guint i = 0; i < REF_SOURCES; i++)
        CHECK(stress, block[i].status == stress->ref->sources[i].pq);
}

static void
compare_memory(Stress *stress)
{
    for (guint i = 0; i < REF_SERVERS; i++) {
        for (guint j = 0; j < REF_PRIOS; j++) {
            const RefQueue *queue = &stress->ref->queues[i][j];

            for (guint k = 0; k < REF_ENTRIES; k++)
                CHECK(stress, rig_entry(&stress->rig, queue_gpa(i, j), k) == queue->memory[k]);
        }
    }
}

static void
compare(Stress *stress)
{
    compare_sources(stress);
    for (guint i = 0; i < REF_SERVERS; i++) {
        compare_thread(stress, i);
        for (guint j = 3; j < REF_PRIOS; j++) {
            compare_queue(stress, i, j);
            if (stress->ref->queues[i][j].valid)
                consume(stress, i, j);
        }
    }
    if (stress->step % SWEEP == 0)
        compare_memory(stress);
}

/* Nothing is owed unless it is remembered, or its way was cut on purpose (see forgive()). */
static void
check_no_loss(Stress *stress)
{
    for (guint i = 0; i < REF_SOURCES; i++) {
        if (stress->owed[i])
            CHECK(stress, rig_pq(&stress->rig, i) == 3);
    }
}

/* ---- one step ------------------------------------------------------------------------------ */

static gboolean
has_way(Stress *stress, guint lisn)
{
    const RefSource *source = &stress->ref->sources[lisn];

    return source->routed && stress->ref->queues[source->server][source->prio].valid;
}

/* Whoever cuts the way of a source, or sets its bits by hand, drops what is owed. */
static void
forgive(Stress *stress)
{
    for (guint i = 0; i < REF_SOURCES; i++) {
        if (!has_way(stress, i))
            stress->owed[i] = FALSE;
    }
}

static void
step_trigger(Stress *stress, guint lisn)
{
    gboolean accepted = rig_pq(&stress->rig, lisn) != 1 && has_way(stress, lisn);

    g_snprintf(stress->what, sizeof(stress->what), "trigger %u", lisn);
    if (accepted) {
        stress->owed[lisn] = TRUE;
        stress->deliveries++;
    }
    rig_trigger(&stress->rig, lisn);
    ref_trigger(stress->ref, lisn);
}

static void
step_eoi(Stress *stress, guint lisn)
{
    g_snprintf(stress->what, sizeof(stress->what), "EOI %u", lisn);
    CHECK(stress, rig_eoi(&stress->rig, lisn) == ref_eoi(stress->ref, lisn));
}

static void
step_set_pq(Stress *stress, guint lisn)
{
    guint pq = draw(stress, 8);

    pq = pq < 4 ? pq : 0;
    g_snprintf(stress->what, sizeof(stress->what), "set PQ of %u to %u", lisn, pq);
    CHECK(stress, rig_set_pq(&stress->rig, lisn, pq) == ref_set_pq(stress->ref, lisn, pq));
    stress->owed[lisn] = FALSE;
}

static void
step_config(Stress *stress, guint lisn)
{
    guint server = draw(stress, REF_SERVERS + (draw(stress, 50) == 0)), prio = 3 + draw(stress, 5);
    gboolean masked = draw(stress, 12) == 0;
    guint eisn = draw(stress, 3) * 0x1000000 + lisn;
    const RefSource *source = &stress->ref->sources[lisn];

    if (draw(stress, 10) == 0) { /* the target in force, said once more */
        server = source->server;
        prio = source->prio;
        eisn = source->eisn;
    }
    g_snprintf(stress->what, sizeof(stress->what), "configure %u: %u/%u masked %d EISN 0x%x", lisn,
               server, prio, masked, eisn);
    CHECK(stress, rig_config(&stress->rig, lisn, server, (guint8)prio, masked, eisn) ==
                      ref_config(stress->ref, lisn, server, prio, masked, eisn));
    forgive(stress);
}

/* A queue as a running guest leaves it: this lap's entries before the index, the last one's after
 * it. */
static void
lay_queue(Stress *stress, guint server, guint prio, guint toggle, guint index)
{
    RefQueue *queue = &stress->ref->queues[server][prio];
    guint8 *memory = stress->rig.ram + queue_gpa(server, prio);

    memset(memory, 0, QUEUE_BYTES);
    for (guint i = 0; i < REF_ENTRIES; i++) {
        guint generation = i < index ? toggle : 1 - toggle;

        queue->memory[i] = generation << 31;
        memory[(gsize)i * 4] = (guint8)(generation << 7);
    }
    stress->consumers[server][prio] = (Consumer){index, toggle};
}

static void
step_queue(Stress *stress)
{
    guint server = draw(stress, REF_SERVERS), prio = 3 + draw(stress, 4);
    VdevXiveEq eq = rig_eq(queue_gpa(server, prio));

    if (draw(stress, 6) == 0) {
        g_snprintf(stress->what, sizeof(stress->what), "queue %u/%u off", server, prio);
        eq = (VdevXiveEq){0};
        ref_queue_off(stress->ref, server, prio);
    } else {
        eq.qtoggle = draw(stress, 2);
        eq.qindex = draw(stress, 3) == 0 ? 0 : REF_ENTRIES - 1 - draw(stress, 40);
        g_snprintf(stress->what, sizeof(stress->what), "queue %u/%u at %u", server, prio,
                   eq.qindex);
        lay_queue(stress, server, prio, eq.qtoggle, eq.qindex);
        ref_queue_set(stress->ref, server, prio, eq.qtoggle, eq.qindex);
    }
    CHECK(stress, rig_set_eq(&stress->rig, server, (guint8)prio, &eq) == 0);
    forgive(stress);
}

static void
step_reset(Stress *stress)
{
    g_strlcpy(stress->what, "reset", sizeof(stress->what));
    CHECK(stress, rig_set(&stress->rig, VDEV_XIVE_GRP_CTRL, VDEV_XIVE_CTRL_RESET, NULL) == 0);
    ref_reset(stress->ref);
    forgive(stress);
}

static void
step_create(Stress *stress, guint lisn)
{
    g_snprintf(stress->what, sizeof(stress->what), "create %u again", lisn);
    CHECK(stress, rig_source(&stress->rig, lisn, 0) == 0);
    ref_create(stress->ref, lisn);
    forgive(stress);
}

static void
step_guest(Stress *stress, guint lisn)
{
    guint server = draw(stress, REF_SERVERS), op = draw(stress, 5), value;

    value = op == GUEST_CPPR ? (draw(stress, 3) == 0 ? draw(stress, 256) : 0xff) : lisn;
    g_snprintf(stress->what, sizeof(stress->what), "vCPU %u: op %u, 0x%x", server, op, value);
    if (op == GUEST_TRIGGER && rig_pq(&stress->rig, lisn) != 1 && has_way(stress, lisn))
        stress->owed[lisn] = TRUE;
    if (op == GUEST_ACK)
        CHECK(stress, guest_do(stress, server, op, value) == ref_ack(stress->ref, server));
    else if (op == GUEST_EOI)
        CHECK(stress, guest_do(stress, server, op, value) == ref_eoi(stress->ref, lisn));
    else
        guest_do(stress, server, op, value);
    if (op == GUEST_CPPR)
        ref_cppr(stress->ref, server, value);
    if (op == GUEST_TRIGGER)
        ref_trigger(stress->ref, lisn);
    ref_enter(stress->ref, server); /* an event for itself came while it was inside */
}

/* Per 10 000. What is left over triggers. */
static void
one_step(Stress *stress)
{
    guint kind = draw(stress, 10000), lisn = draw(stress, REF_SOURCES);

    if (kind < 1)
        step_reset(stress);
    else if (kind < 40)
        step_queue(stress);
    else if (kind < 45)
        step_create(stress, lisn);
    else if (kind < 545)
        step_set_pq(stress, lisn);
    else if (kind < 1545)
        step_config(stress, lisn);
    else if (kind < 3000)
        step_guest(stress, lisn);
    else if (kind < 6000)
        step_eoi(stress, lisn);
    else
        step_trigger(stress, lisn);
}

/* ---- the run ------------------------------------------------------------------------------- */

static guint64
from_environment(const char *name, guint64 otherwise)
{
    const char *text = g_getenv(name);

    return text != NULL ? g_ascii_strtoull(text, NULL, 0) : otherwise;
}

static void
begin(Stress *stress)
{
    stress->ref = g_new0(Reference, 1);
    for (guint i = 0; i < REF_SERVERS; i++)
        rig_run(&stress->rig, i, &stress->exits[i]); /* up to the first question */
    for (guint i = 0; i < REF_SOURCES; i++)
        ref_create(stress->ref, i);
    for (guint i = 0; i < REF_SERVERS; i++)
        ref_enter(stress->ref, i);
}

/* At the end every source gets its way and its EOIs: what is still owed must come. */
static void
drain(Stress *stress)
{
    for (guint i = 0; i < REF_SERVERS; i++) {
        lay_queue(stress, i, 6, 1, 0);
        rig_queue(&stress->rig, i, 6, i * REF_PRIOS + 6);
        ref_queue_set(stress->ref, i, 6, 1, 0);
    }
    for (guint i = 0; i < REF_SOURCES; i++) {
        rig_set_pq(&stress->rig, i, ref_set_pq(stress->ref, i, 0) == 1 ? 0 : 3);
        g_assert_cmpint(rig_config(&stress->rig, i, i % REF_SERVERS, 6, FALSE, 0x5000000 + i), ==,
                        0);
        stress->owed[i] = TRUE;
        rig_trigger(&stress->rig, i);
        for (guint j = 0; j < 3; j++)
            rig_eoi(&stress->rig, i);
        g_assert_cmpuint(rig_pq(&stress->rig, i), ==, 0);
    }
    for (guint i = 0; i < REF_SERVERS; i++)
        consume(stress, i, 6);
    for (guint i = 0; i < REF_SOURCES; i++)
        g_assert_false(stress->owed[i]);
}

static void
a_million_steps_agree_with_the_reference(void)
{
    g_autofree Stress *stress = g_new0(Stress, 1);
    guint64 steps = from_environment("MODEL_STRESS_STEPS", STEPS_DEFAULT);

    stress->seed = from_environment("MODEL_STRESS_SEED", (guint32)g_test_rand_int());
    stress->state = stress->seed * 2654435761u + 88172645463325252u;
    g_test_message("MODEL_STRESS_SEED=%" G_GINT64_MODIFIER "u", stress->seed);
    rig_open_full(&stress->rig, NULL, REF_SERVERS);
    rig_script(&stress->rig, guest);
    begin(stress);
    for (stress->step = 1; stress->step <= steps; stress->step++) {
        one_step(stress);
        compare(stress);
        check_no_loss(stress);
    }
    compare_memory(stress);
    g_test_message("%" G_GINT64_MODIFIER "u events on their way, %" G_GINT64_MODIFIER
                   "u entries, %" G_GINT64_MODIFIER "u wraps",
                   stress->deliveries, stress->entries, stress->wraps);
    if (steps >= STEPS_DEFAULT) { /* the run was worth something */
        g_assert_cmpuint(stress->entries, >, steps / 20);
        g_assert_cmpuint(stress->wraps, >, 100);
    }
    drain(stress);
    g_free(stress->ref);
    rig_close(&stress->rig);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/model/stress/a_million_steps_agree_with_the_reference",
                    a_million_steps_agree_with_the_reference);
    return g_test_run();
}
