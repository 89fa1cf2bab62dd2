/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest that is moved again and again between two controllers, while sources are triggered before
 * every call that quiesce, capture, restore and resume make. After each move the controller agrees
 * with an independent reference: no event is lost, none comes twice. Moves that fail at a random
 * call leave the guest where it was.
 *
 * Environment: SWITCH_SEED, SWITCH_ROUNDS; CHECK_LONG=yes for 100 000 rounds.
 */
#include <errno.h>
#include <string.h>

#include "tests/model/reference.h"
#include "tests/model/switch-rig.h"

#define ROUNDS_DEFAULT 3000u
#define ROUNDS_LONG    100000u
#define STEPS_MAX      24u /* of the guest, between two moves */

typedef enum {
    AT_REST,    /* nothing happens between the calls */
    IN_QUIESCE, /* events are on their way, until the queues are synchronised */
    IN_CAPTURE, /* devices of this side raise */
    IN_RESTORE, /* devices of the other side raise; the guest is not theirs yet */
    IN_RESUME,
} Phase;

typedef struct {
    SwitchSide sides[2];
    guint here;
    Reference *ref;
    guint64 seed, state, round;
    Phase phase;
    gboolean came[SWITCH_SOURCES];   /* while stopped, to a source that was ready */
    gboolean raised[SWITCH_SOURCES]; /* by devices of this side, since it stopped */
    gboolean there[SWITCH_SOURCES];  /* by devices of the other side */
    guint32 read_at[SWITCH_QUEUES];  /* next entry to look at */
    gint64 balance[SWITCH_SOURCES];  /* entries seen less those due */
    guint32 written;                 /* pages, by the guest itself */
    guint64 moves, failures, entries, wraps, late;
    char what[128];
} Switch;

#define CHECK(s, condition)                                                          \
    do {                                                                             \
        if (!(condition))                                                            \
            g_error("SWITCH_SEED=%" G_GINT64_MODIFIER "u, round %" G_GINT64_MODIFIER \
                    "u, %s: not so: %s",                                             \
                    (s)->seed, (s)->round, (s)->what, #condition);                   \
    } while (0)

#define GOOD(s, call)                                                                             \
    do {                                                                                          \
        GError *error_ = NULL;                                                                    \
        if (!(call) || error_ != NULL)                                                            \
            g_error(                                                                              \
                "SWITCH_SEED=%" G_GINT64_MODIFIER "u, round %" G_GINT64_MODIFIER "u, %s: %s: %s", \
                (s)->seed, (s)->round, (s)->what, #call, error_ != NULL ? error_->message : "");  \
    } while (0)

static guint
draw(Switch *s, guint below)
{
    s->state ^= s->state << 13;
    s->state ^= s->state >> 7;
    s->state ^= s->state << 17;
    return (guint)((s->state >> 11) % below);
}

static SwitchSide *
side(Switch *s)
{
    return &s->sides[s->here];
}

/* Queue q belongs to server q / 2, priority 4 or 6. */
static guint8
prio_of(guint queue)
{
    return queue % 2 == 0 ? 4 : 6;
}

static RefQueue *
ref_queue(Switch *s, guint queue)
{
    return &s->ref->queues[queue / 2][prio_of(queue)];
}

static guint64
gpa_of(guint queue)
{
    return (guint64)(queue + 1) * SWITCH_PAGE;
}

/* --- Comparing ----------------------------------------------------------- */

static guint32
entry(SwitchSide *at, guint queue, guint32 index)
{
    be32 word;

    memcpy(&word, at->fake->ram + gpa_of(queue) + (gsize)index * 4, sizeof(word));
    return be32_get(word);
}

/* Entries from the last look to the queue's position, there and in the reference: as many of each
 * source, in whatever order. */
static void
compare_entries(Switch *s, guint queue)
{
    const RefQueue *ref = ref_queue(s, queue);

    for (; s->read_at[queue] != ref->index;
         s->read_at[queue] = (s->read_at[queue] + 1) % REF_ENTRIES) {
        const guint at = s->read_at[queue];
        const guint32 real = entry(side(s), queue, at), due = ref->memory[at];

        CHECK(s, real >> 31 == due >> 31);
        CHECK(s, (real & 0xff) < SWITCH_SOURCES);
        s->balance[real & 0xff]++;
        s->balance[due & 0xff]--;
        s->entries++;
        s->wraps += at == REF_ENTRIES - 1;
    }
    CHECK(s, entry(side(s), queue, ref->index) >> 31 == ref->memory[ref->index] >> 31);
}

static void
compare_queue(Switch *s, guint queue)
{
    const RefQueue *ref = ref_queue(s, queue);
    VdevXiveEq eq = {0};

    if (!ref->valid)
        return;
    GOOD(s, xive_kvm_get(side(s)->xive, VDEV_XIVE_GRP_EQ_CONFIG,
                         xive_kvm_eq_attr(queue / 2, prio_of(queue)), &eq, &error_));
    CHECK(s, eq.qindex == ref->index && eq.qtoggle == ref->toggle);
    compare_entries(s, queue);
}

static void
compare_thread(Switch *s, guint server)
{
    const RefThread *thread = &s->ref->threads[server];
    XiveTctx tctx = {{0}};
    be64 vp = {0};

    GOOD(s, xive_kvm_vp_get(side(s)->xive, server, &vp, &error_));
    xive_tctx_set_vp(&tctx, vp);
    CHECK(s, xive_tctx_byte(&tctx, XIVE_RING_IPB) == thread->ipb);
    CHECK(s, xive_tctx_byte(&tctx, XIVE_RING_CPPR) == thread->cppr);
}

static void
compare(Switch *s)
{
    for (guint i = 0; i < SWITCH_SOURCES; i++)
        CHECK(s, switch_hardware_pq(side(s), switch_lisn(i)) == s->ref->sources[i].pq);
    for (guint i = 0; i < SWITCH_QUEUES; i++)
        compare_queue(s, i);
    for (guint i = 0; i < SWITCH_SOURCES; i++)
        CHECK(s, s->balance[i] == 0);
    for (guint i = 0; i < SWITCH_SERVERS; i++)
        compare_thread(s, i);
}

/* --- What happens between two calls -------------------------------------- */

/* Several events to a stopped source are one; a second is not sent, so that it does not matter when
 * the source was held. */
static gboolean
note(Switch *s, gboolean *came, guint source)
{
    if (s->ref->sources[source].pq != 0) {
        ref_trigger(s->ref, source);
        return TRUE;
    }
    if (s->came[source] || came[source])
        return FALSE;
    came[source] = TRUE;
    return TRUE;
}

static void
apply(Switch *s, gboolean *came)
{
    for (guint i = 0; i < SWITCH_SOURCES; i++) {
        if (came[i])
            ref_trigger(s->ref, i);
        s->late += came[i];
        came[i] = FALSE;
    }
}

/* The faults are for the move's own calls. */
static void
pulse(SwitchSide *at, guint source)
{
    const guint fail_at = at->fake->fail_at, calls = at->fake->n_calls;

    at->fake->fail_at = 0;
    xive_pulse(at->xive, switch_lisn(source));
    at->fake->fail_at = fail_at == 0 ? 0 : fail_at + at->fake->n_calls - calls;
}

static void
raise_here(Switch *s, SwitchSide *at, guint source)
{
    s->raised[source] = TRUE;
    pulse(at, source);
}

/* The other side's devices raise: nothing the guest knows of until it is there. */
static void
raise_there(Switch *s, SwitchSide *at, guint source)
{
    s->there[source] = TRUE;
    pulse(at, source);
}

static void
before_call(SwitchSide *at, guint32 eq_sync, void *user)
{
    Switch *s = user;
    guint source;

    if (s->phase == AT_REST || draw(s, 3) == 0)
        return;
    source = draw(s, SWITCH_SOURCES);
    if (s->phase == IN_RESTORE)
        raise_there(s, at, source);
    else if (!note(s, s->came, source))
        return;
    else if (s->phase == IN_QUIESCE)
        switch_hardware_trigger(at, switch_lisn(source));
    else
        raise_here(s, at, source);
}

/* What was on its way has come. */
static void
after_sync(void *user)
{
    Switch *s = user;

    if (s->phase == IN_QUIESCE)
        s->phase = AT_REST;
}

/* --- What the guest does ------------------------------------------------- */

static void
step_config(Switch *s, guint source)
{
    RefSource *ref = &s->ref->sources[source];
    guint queue = draw(s, SWITCH_QUEUES), eisn = draw(s, 4) << 8 | source;
    gboolean masked = draw(s, 6) == 0;
    HcallStatus status = switch_call(side(s), 0x3ac, masked ? 3 : 2, switch_lisn(source), queue / 2,
                                     prio_of(queue), eisn, NULL);

    if (!masked && !ref_queue(s, queue)->valid) {
        CHECK(s, status == H_P4);
        return;
    }
    CHECK(s, status == H_SUCCESS);
    ref->routed = !masked;
    ref->server = queue / 2;
    ref->prio = prio_of(queue);
    ref->eisn = eisn;
}

/* A queue as a guest leaves it that has run for long: this lap's entries before the index, the last
 * one's after it. */
static void
lay_queue(Switch *s, guint queue, guint toggle, guint index)
{
    XiveEnd *end = &side(s)->xive->ends[xive_end_index(queue / 2, prio_of(queue))];
    guint8 *memory = side(s)->fake->ram + gpa_of(queue);
    VdevXiveEq data;

    for (guint i = 0; i < REF_ENTRIES; i++) {
        ref_queue(s, queue)->memory[i] = (i < index ? toggle : 1 - toggle) << 31;
        memory[(gsize)i * 4] = (guint8)((i < index ? toggle : 1 - toggle) << 7);
        memset(memory + (gsize)i * 4 + 1, 0, 3);
    }
    s->read_at[queue] = index;
    ref_queue_set(s->ref, queue / 2, prio_of(queue), toggle, index);
    xive_end_set_position(end, toggle, index);
    xive_kvm_eq_pack(&data, end);
    GOOD(s, xive_kvm_set(side(s)->xive, VDEV_XIVE_GRP_EQ_CONFIG,
                         xive_kvm_eq_attr(queue / 2, prio_of(queue)), &data, &error_));
}

static void
step_queue(Switch *s)
{
    guint queue = draw(s, SWITCH_QUEUES);
    RefQueue *ref = ref_queue(s, queue);
    gboolean off = draw(s, 3) == 0;

    if (ref->valid)
        compare_entries(s, queue);
    CHECK(s, switch_call(side(s), 0x3b8, 1, queue / 2, prio_of(queue), off ? 0 : gpa_of(queue),
                         off ? 0 : 16, NULL) == H_SUCCESS);
    if (off) {
        ref_queue_off(s->ref, queue / 2, prio_of(queue));
        return;
    }
    s->written |= 1u << (queue + 1);
    if (draw(s, 2) == 0)
        lay_queue(s, queue, 1, 0);
    else
        lay_queue(s, queue, draw(s, 2), REF_ENTRIES - 1 - draw(s, 6));
}

static void
step_esb(Switch *s, guint source)
{
    guint pq = draw(s, 6);
    guint64 was = 0;

    if (pq > 3 || draw(s, 3) != 0) { /* an EOI */
        CHECK(s, switch_call(side(s), 0x3c8, 0, switch_lisn(source), 0, 0, 0, &was) == H_SUCCESS);
        CHECK(s, was == ref_eoi(s->ref, source));
        return;
    }
    CHECK(s, switch_call(side(s), 0x3c8, 0, switch_lisn(source), 0xc00 + (pq << 8), 0, 0, &was) ==
                 H_SUCCESS);
    CHECK(s, was == ref_set_pq(s->ref, source, pq));
}

/* The thread takes its most urgent event and sets another priority. */
static void
step_thread(Switch *s)
{
    guint server = draw(s, SWITCH_SERVERS);
    RefThread *ref = &s->ref->threads[server];
    XiveTctx tctx = {{0}};
    be64 vp = {0};

    GOOD(s, xive_kvm_vp_get(side(s)->xive, server, &vp, &error_));
    ref->ipb &= (guint8)(ref->ipb - 1);
    ref->cppr = draw(s, 3) == 0 ? (guint8)draw(s, 8) : 0xff;
    xive_tctx_set_vp(&tctx, vp);
    tctx.regs[XIVE_RING_OS + XIVE_RING_IPB] = ref->ipb;
    tctx.regs[XIVE_RING_OS + XIVE_RING_CPPR] = ref->cppr;
    GOOD(s, xive_kvm_vp_set(side(s)->xive, server, xive_tctx_vp(&tctx), &error_));
}

static void
guest_runs(Switch *s)
{
    g_strlcpy(s->what, "the guest runs", sizeof(s->what));
    for (guint n = draw(s, STEPS_MAX); n > 0; n--) {
        guint kind = draw(s, 100), source = draw(s, SWITCH_SOURCES);

        if (kind < 3)
            step_queue(s);
        else if (kind < 18)
            step_config(s, source);
        else if (kind < 45)
            step_esb(s, source);
        else if (kind < 50)
            step_thread(s);
        else {
            switch_hardware_trigger(side(s), switch_lisn(source));
            ref_trigger(s->ref, source);
        }
    }
}

/* --- A move -------------------------------------------------------------- */

static void
fail_some_time(Switch *s, SwitchSide *at, guint range)
{
    fake_host_fail_at(at->fake, draw(s, 6) == 0 ? 1 + draw(s, range) : 0, EIO);
}

/* Only a fault may make a step of a move fail. */
static gboolean
is_excused(Switch *s, SwitchSide *at, gboolean good, GError *error)
{
    if (!good && at->fake->fail_at == 0)
        g_error("SWITCH_SEED=%" G_GINT64_MODIFIER "u, round %" G_GINT64_MODIFIER "u, %s: %s",
                s->seed, s->round, s->what, error->message);
    g_clear_error(&error);
    fake_host_fail_at(at->fake, 0, 0);
    return good;
}

static gboolean
stop(Switch *s)
{
    GError *error = NULL;
    gboolean good;

    g_strlcpy(s->what, "quiesce", sizeof(s->what));
    s->phase = IN_QUIESCE;
    fail_some_time(s, side(s), 40);
    good = xive_class.quiesce(side(s)->xive, &error);
    good = is_excused(s, side(s), good, error);
    s->phase = AT_REST;
    apply(s, s->came);
    return good;
}

static gboolean
capture(Switch *s)
{
    GError *error = NULL;
    gboolean good;

    g_strlcpy(s->what, "capture", sizeof(s->what));
    s->phase = IN_CAPTURE;
    before_call(side(s), FALSE, s);
    fail_some_time(s, side(s), 12);
    good = switch_save(side(s), &error);
    good = is_excused(s, side(s), good, error);
    before_call(side(s), FALSE, s);
    s->phase = AT_REST;
    return good;
}

/* A device whose event its state tells raises it anew where it arrives. */
static void
raise_anew(Switch *s, SwitchSide *to)
{
    for (guint i = 0; i < SWITCH_SOURCES; i++) {
        if (s->raised[i])
            xive_pulse(to->xive, switch_lisn(i));
    }
}

static void
assert_same(Switch *s, SwitchSide *to)
{
    g_autoptr(GString) from = g_string_new(NULL), into = g_string_new(NULL);

    xive_print(side(s)->xive, from);
    xive_print(to->xive, into);
    if (strcmp(from->str, into->str) != 0)
        g_error("SWITCH_SEED=%" G_GINT64_MODIFIER "u, round %" G_GINT64_MODIFIER
                "u: the two sides differ:\n%s\n%s",
                s->seed, s->round, from->str, into->str);
}

static gboolean
arrive(Switch *s, SwitchSide *to)
{
    GError *error = NULL;
    gboolean good;

    g_strlcpy(s->what, "restore", sizeof(s->what));
    GOOD(s, xive_class.reset(to->xive, &error_));
    s->phase = IN_RESTORE;
    GOOD(s, switch_load(side(s), to, &error_));
    raise_anew(s, to);
    before_call(to, FALSE, s);
    fail_some_time(s, to, 40);
    good = xive_restore(to->xive, &error);
    good = is_excused(s, to, good, error);
    if (good)
        before_call(to, FALSE, s);
    s->phase = AT_REST;
    if (good)
        assert_same(s, to);
    return good;
}

/* The guest runs on, here or there. What was raised meanwhile comes now. */
static void
go_on(Switch *s)
{
    g_strlcpy(s->what, "resume", sizeof(s->what));
    s->phase = IN_RESUME;
    fail_some_time(s, side(s), 30);
    while (!xive_class.resume(side(s)->xive, NULL))
        fake_host_fail_at(side(s)->fake, 0, 0);
    fake_host_fail_at(side(s)->fake, 0, 0);
    s->phase = AT_REST;
    apply(s, s->came);
    memset(s->raised, 0, sizeof(s->raised));
    memset(s->there, 0, sizeof(s->there));
}

static void
arrived(Switch *s)
{
    s->here = 1 - s->here;
    s->moves++;
    for (guint i = 0; i < SWITCH_SOURCES; i++) {
        if (s->there[i] && s->ref->sources[i].pq != 0)
            ref_trigger(s->ref, i);
        else
            s->came[i] |= s->there[i];
    }
}

static void
one_round(Switch *s)
{
    SwitchSide *to = &s->sides[1 - s->here];

    switch_copy_begin(side(s), to);
    s->written = 0;
    guest_runs(s);
    if (!stop(s)) {
        s->failures++;
    } else {
        switch_copy_end(side(s), to, s->written);
        if (capture(s) && arrive(s, to))
            arrived(s);
        else
            s->failures++;
    }
    go_on(s);
    g_strlcpy(s->what, "afterwards", sizeof(s->what));
    compare(s);
}

/* --- The run ------------------------------------------------------------- */

static guint64
from_environment(const char *name, guint64 otherwise)
{
    const char *text = g_getenv(name);

    return text != NULL ? g_ascii_strtoull(text, NULL, 0) : otherwise;
}

static void
begin(Switch *s)
{
    s->ref = g_new0(Reference, 1);
    for (guint i = 0; i < 2; i++) {
        switch_side_init(&s->sides[i]);
        s->sides[i].before = before_call;
        s->sides[i].after_sync = after_sync;
        s->sides[i].user = s;
    }
    for (guint i = 0; i < SWITCH_SOURCES; i++)
        ref_create(s->ref, i);
    go_on(s);
}

static void
no_event_is_lost_or_doubled_by_any_move(void)
{
    g_autofree Switch *s = g_new0(Switch, 1);
    guint64 rounds = from_environment("SWITCH_ROUNDS", g_strcmp0(g_getenv("CHECK_LONG"), "yes") == 0
                                                           ? ROUNDS_LONG
                                                           : ROUNDS_DEFAULT);
    guint alive;

    s->seed = from_environment("SWITCH_SEED", (guint32)g_test_rand_int());
    s->state = s->seed * 2654435761u + 88172645463325252u;
    g_test_message("SWITCH_SEED=%" G_GINT64_MODIFIER "u", s->seed);
    begin(s);
    alive = fake_host_alive(s->sides[0].fake) + fake_host_alive(s->sides[1].fake);
    for (s->round = 1; s->round <= rounds; s->round++)
        one_round(s);
    g_test_message("%" G_GINT64_MODIFIER "u moves, %" G_GINT64_MODIFIER
                   "u that failed, %" G_GINT64_MODIFIER "u entries, %" G_GINT64_MODIFIER
                   "u wraps, %" G_GINT64_MODIFIER "u events while stopped",
                   s->moves, s->failures, s->entries, s->wraps, s->late);
    CHECK(s, s->moves > rounds / 3 && s->failures > rounds / 20 && s->late > rounds / 10 &&
                 s->wraps > rounds / 50);
    for (guint i = 0; i < 2; i++)
        GOOD(s, xive_class.reset(s->sides[i].xive, &error_));
    CHECK(s, alive == fake_host_alive(s->sides[0].fake) + fake_host_alive(s->sides[1].fake));
    for (guint i = 0; i < 2; i++)
        switch_side_finish(&s->sides[i]);
    g_free(s->ref);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/xive/switch/no_event_is_lost_or_doubled_by_any_move",
                    no_event_is_lost_or_doubled_by_any_move);
    return g_test_run();
}
