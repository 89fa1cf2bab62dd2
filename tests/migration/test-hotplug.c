/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest that is in the middle of plugging or unplugging moves: between every two of its RTAS
 * calls about a connector, for each machine type whose wire differs.
 *
 * The guest (hotplug.script) says every call with its status and, of a tree, a digest of all that
 * it has read so far. What two processes say of one operation, one after the other, must be what a
 * guest says that stays: so no event is lost, no root comes twice and the tree is the one sent.
 * Requirements R-DRC-3, R-DRC-7, R-DRC-10, R-DRC-11.
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "tests/migration/guest.h"

/* Of hotplug.script. */
#define AREA        0x1030000
#define MARK_OFFSET 4u

/* What is plugged, and how. */
typedef struct {
    const char *name;
    const char *driver, *id;
} Device;

static const Device memory = {"memory", "pc-dimm", "dimm1"};
static const Device core = {"core", "host-spapr-cpu-core", "core1"};

/* One machine type as a command line has it. */
typedef struct {
    const char *machine;
    gboolean sends_walk;     /* how far a walk is */
    gboolean forgets_unplug; /* that an unplug was asked for: the operator asks again */
} Row;

static const Row rows[] = {
    {"pseries-vmm-1.0", TRUE, FALSE},
    {"pseries-10.0", FALSE, FALSE},
    {"pseries-10.0,drc-walk=on", TRUE, FALSE},
    {"pseries-4.1", FALSE, TRUE},
    {"pseries-3.1", FALSE, TRUE},
};

typedef struct {
    GuestRig rig;
    const Row *row;
    const Device *device;
    Guest *source, *destination;
    guint turn;       /* names of processes */
    gboolean seen;    /* the test has to do with the guest's memory */
    GPtrArray *adds;  /* what a guest says that stays: char *, "call …" */
    GPtrArray *drops; /* likewise of the removal */
} Fixture;

/* ---- what the guest says ------------------------------------------------------------------- */

#define SAYS  "script: vCPU 0: "
#define READY "ready"

static void
add_lines(GPtrArray *lines, const char *log)
{
    g_auto(GStrv) all = g_strsplit(log, "\n", -1);

    for (guint i = 0; all[i] != NULL; i++)
        if (g_str_has_prefix(all[i], SAYS) && strcmp(all[i], SAYS READY) != 0)
            g_ptr_array_add(lines, g_strdup(all[i] + strlen(SAYS)));
}

static GPtrArray *
said(Guest *guest)
{
    g_autofree char *log = guest_log(guest);
    GPtrArray *lines = g_ptr_array_new_with_free_func(g_free);

    add_lines(lines, log);
    return lines;
}

static guint
count(const GPtrArray *lines, const char *prefix)
{
    guint n = 0;

    for (guint i = 0; i < lines->len; i++)
        n += g_str_has_prefix(lines->pdata[i], prefix);
    return n;
}

typedef struct {
    const char *line;
    guint n;
} Said;

static gboolean
has_said(Guest *guest, void *user)
{
    const Said *wanted = user;
    g_autoptr(GPtrArray) lines = said(guest);
    g_autofree char *state = guest_run_state(guest); /* fails when it has gone */

    return count(lines, wanted->line) >= wanted->n;
}

static gboolean
is_ready(Guest *guest, void *user)
{
    g_autofree char *log = guest_log(guest);
    g_autofree char *state = guest_run_state(guest);

    return strstr(log, SAYS READY "\n") != NULL;
}

static void
wait_said(Guest *guest, const char *line, guint n)
{
    g_autofree char *what = g_strdup_printf("'%s' for the %u. time", line, n);

    guest_wait(guest, has_said, &(Said){line, n}, what);
}

static void
assert_lines(const Fixture *f, const GPtrArray *lines, const GPtrArray *wanted, guint cut)
{
    for (guint i = 0; i < MAX(lines->len, wanted->len); i++) {
        const char *line = i < lines->len ? lines->pdata[i] : "(nothing)";
        const char *want = i < wanted->len ? wanted->pdata[i] : "(nothing)";

        if (strcmp(line, want) != 0)
            guest_give_up(f->destination, "%s, %s, moved behind call %u: line %u is '%s', not '%s'",
                          f->row->machine, f->device->name, cut, i, line, want);
    }
}

/* ---- operations ---------------------------------------------------------------------------- */

static Guest *
start(Fixture *f, guint pause, const char *incoming, gboolean present)
{
    g_autofree char *name = g_strdup_printf("g%u", f->turn++);
    g_autofree char *machine = g_strdup_printf("%s,x-hotplug-pause=%u", f->row->machine, pause);
    const char *memory_options[] = {"-m",
                                    "256M,slots=4,maxmem=3G",
                                    "-object",
                                    "memory-backend-ram,id=mem1,size=512M",
                                    present ? "-device" : NULL,
                                    "pc-dimm,id=dimm1,memdev=mem1",
                                    NULL};
    const char *core_options[] = {"-m", "256M", present ? "-device" : NULL,
                                  "host-spapr-cpu-core,id=core1,core-id=1", NULL};
    GuestSpec spec = {
        .name = name,
        .unseen = !f->seen,
        .machine = machine,
        .smp = f->device == &core ? "1,maxcpus=2" : "1",
        .incoming = incoming,
        .paused = incoming != NULL,
        .options = f->device == &core ? core_options : memory_options,
    };

    return guest_start(&f->rig, &spec);
}

static void
start_source(Fixture *f, guint pause)
{
    f->source = start(f, pause, NULL, FALSE);
    guest_wait(f->source, is_ready, NULL, READY);
}

static void
plug(Fixture *f, Guest *guest)
{
    guest_do(guest, "device_add",
             f->device == &core
                 ? json_pack("{s:s, s:s, s:i}", "driver", core.driver, "id", core.id, "core-id", 1)
                 : json_pack("{s:s, s:s, s:s}", "driver", memory.driver, "id", memory.id, "memdev",
                             "mem1"));
}

static void
unplug(Fixture *f, Guest *guest)
{
    guest_do(guest, "device_del", json_pack("{s:s}", "id", f->device->id));
}

static gboolean
core_is_present(Guest *guest)
{
    json_t *list = guest_ask(guest, "query-hotpluggable-cpus", NULL, NULL);
    gboolean present = FALSE;
    json_t *slot;
    size_t i;

    json_array_foreach(list, i, slot) present |=
        json_integer_value(json_object_get(json_object_get(slot, "props"), "core-id")) == 1 &&
        json_object_get(slot, "qom-path") != NULL;
    json_decref(list);
    return present;
}

static gboolean
is_present(Fixture *f, Guest *guest)
{
    json_t *list;
    gboolean present;

    if (f->device == &core)
        return core_is_present(guest);
    list = guest_ask(guest, "query-memory-devices", NULL, NULL);
    present = json_array_size(list) > 0;
    json_decref(list);
    return present;
}

static gboolean
is_gone(Guest *guest, void *fixture)
{
    return !is_present(fixture, guest);
}

static void
wait_gone(Fixture *f, Guest *guest)
{
    guest_wait(guest, is_gone, f, "that the device is gone");
}

/* Asks for @what, and waits until the guest has done it the @n-th thing. */
static void
carry_out(Fixture *f, Guest *guest, void (*what)(Fixture *f, Guest *guest), guint n)
{
    what(f, guest);
    wait_said(guest, "done", n);
}

/* The operation @what until behind the guest's @cut-th call; 0: it has made none yet. */
static void
cut_behind(Fixture *f, void (*what)(Fixture *f, Guest *guest), guint cut)
{
    if (cut == 0)
        guest_do(f->source, "stop", NULL);
    what(f, f->source);
    guest_wait_run_state(f->source, "paused");
}

/* An addition to the source as it is, which pauses behind the @cut-th call if there are so many. */
static void
add_here(Fixture *f, guint cut)
{
    plug(f, f->source);
    if (cut > 0 && cut <= count(f->adds, "call ")) {
        guest_wait_run_state(f->source, "paused");
        guest_do(f->source, "cont", NULL);
    }
    wait_said(f->source, "done", 1);
}

static void
move(Fixture *f)
{
    g_autofree char *path = rig_path(&f->rig, "s"), *error = NULL, *over = NULL, *there = NULL;
    g_autofree char *uri = g_strconcat("unix:", path, NULL);

    f->destination = start(f, 0, uri, is_present(f, f->source));
    guest_do(f->source, "migrate", json_pack("{s:s}", "uri", uri));
    over = guest_wait_over(f->source, &error);
    if (strcmp(over, "completed") != 0)
        guest_give_up(f->source, "%s: the migration %s: %s", f->row->machine, over, error);
    there = guest_wait_over(f->destination, NULL);
    g_assert_cmpstr(there, ==, "completed");
    guest_wait_run_state(f->destination, "paused"); /* as it was when it left */
    guest_do(f->destination, "cont", NULL);
}

static void
end_both(Fixture *f)
{
    g_clear_pointer(&f->source, guest_free);
    g_clear_pointer(&f->destination, guest_free);
}

/* ---- the matrix ---------------------------------------------------------------------------- */

/* What a guest says that stays: @f->adds, @f->drops. */
static void
listen(Fixture *f)
{
    start_source(f, 0);
    carry_out(f, f->source, plug, 1);
    g_assert_true(is_present(f, f->source));
    f->adds = said(f->source);
    carry_out(f, f->source, unplug, 2);
    wait_gone(f, f->source);
    f->drops = said(f->source);
    g_ptr_array_remove_range(f->drops, 0, f->adds->len);
    end_both(f);
}

static GPtrArray *
said_by_both(Fixture *f, guint skip)
{
    GPtrArray *lines = said(f->source);
    g_autofree char *log = guest_log(f->destination);

    add_lines(lines, log);
    g_ptr_array_remove_range(lines, 0, skip);
    return lines;
}

/* What was added or moved is as good as one that was added there. */
static void
assert_goes(Fixture *f)
{
    g_assert_true(is_present(f, f->destination));
    carry_out(f, f->destination, unplug, 2);
    wait_gone(f, f->destination);
}

static void
add_moved_behind(Fixture *f, guint cut)
{
    g_autoptr(GPtrArray) lines = NULL;

    start_source(f, cut);
    cut_behind(f, plug, cut);
    move(f);
    wait_said(f->destination, "done", 1);
    lines = said_by_both(f, 0);
    assert_lines(f, lines, f->adds, cut);
    assert_goes(f);
    end_both(f);
}

/* Whether what the guest does here, on the word of an event that it had there, removes nothing: the
 * machine has forgotten that it asked. Behind its last call the guest had let go of all. */
static gboolean
is_forgotten(const Fixture *f, guint cut)
{
    return f->row->forgets_unplug && cut < count(f->drops, "call ");
}

/* Asked again, it goes: at once, or when the guest has fetched another event. Which of them shows
 * in what it says: it has fetched what took the device away. Returns: how many things it has done.
 */
static guint
ask_again(Fixture *f)
{
    g_autoptr(GPtrArray) before = said(f->destination), after = NULL;
    guint n;

    g_assert_true(is_present(f, f->destination));
    unplug(f, f->destination);
    wait_gone(f, f->destination);
    after = said(f->destination);
    n = count(before, "done") + count(after, "call event") - count(before, "call event");
    wait_said(f->destination, "done", n);
    return n;
}

static void
drop_moved_behind(Fixture *f, guint cut)
{
    g_autoptr(GPtrArray) lines = NULL;
    guint n = 1;

    start_source(f, cut);
    add_here(f, cut);
    cut_behind(f, unplug, cut);
    move(f);
    wait_said(f->destination, "done", n);
    if (is_forgotten(f, cut)) {
        n = ask_again(f);
    } else {
        wait_gone(f, f->destination);
        lines = said_by_both(f, f->adds->len);
        assert_lines(f, lines, f->drops, cut);
    }
    /* It can come again. */
    carry_out(f, f->destination, plug, n + 1);
    end_both(f);
}

static void
moves_between_any_two_calls(Fixture *f)
{
    listen(f);
    g_test_message("%s: %u calls to add %s, %u to remove it", f->row->machine,
                   count(f->adds, "call "), f->device->name, count(f->drops, "call "));
    for (guint cut = 0; cut <= count(f->adds, "call "); cut++)
        add_moved_behind(f, cut);
    for (guint cut = 0; cut <= count(f->drops, "call "); cut++)
        drop_moved_behind(f, cut);
}

/* ---- a place that is lost ------------------------------------------------------------------ */

/* The guest writes what it likes into the word that marks its place. */
static void
spoil_mark(Fixture *f, Guest *guest, guint number)
{
    g_autofree char *name = g_strdup_printf("g%u.memory", number);
    g_autofree char *path = rig_path(&f->rig, name);
    const guint32 word = GUINT32_TO_BE(0x00300001);
    int fd = open(path, O_WRONLY | O_CLOEXEC);

    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(pwrite(fd, &word, sizeof(word), AREA + MARK_OFFSET), ==, sizeof(word));
    close(fd);
}

/* Lines of the first block of memory, or of the core: up to its tree's last piece. */
static guint
end_of_first_walk(const GPtrArray *lines)
{
    guint i = 0;

    while (!g_str_has_prefix(lines->pdata[i], "call piece 0"))
        i++;
    return i;
}

static void
assert_started_over(Fixture *f, const GPtrArray *lines, guint cut)
{
    g_autoptr(GPtrArray) after = g_ptr_array_new();
    guint at = cut;

    g_assert_true(g_str_has_prefix(lines->pdata[at], "call piece 0xffffffff"));
    while (strcmp(lines->pdata[at], "again") != 0)
        g_assert_false(g_str_has_prefix(lines->pdata[++at], "call piece"));
    g_ptr_array_add(after, f->adds->pdata[0]); /* the event: it came once */
    while (++at < lines->len)
        g_ptr_array_add(after, lines->pdata[at]);
    assert_lines(f, after, f->adds, cut);
}

static void
a_spoiled_place_is_lost_once(Fixture *f, guint cut)
{
    g_autoptr(GPtrArray) lines = NULL;

    start_source(f, cut);
    cut_behind(f, plug, cut);
    spoil_mark(f, f->source, f->turn - 1);
    move(f);
    wait_said(f->destination, "done", 1);
    lines = said_by_both(f, 0);
    if (f->row->sends_walk)
        assert_lines(f, lines, f->adds, cut);
    else
        assert_started_over(f, lines, cut);
    assert_goes(f);
    end_both(f);
}

static void
a_lost_place_is_told_once_and_the_next_walk_is_whole(Fixture *f)
{
    guint first = 5, last; /* event, sensor, usable, unisolate; and the root */

    listen(f);
    f->seen = TRUE;
    last = end_of_first_walk(f->adds);
    for (guint cut = first; cut <= last; cut += f->device == &core ? 7 : 1)
        a_spoiled_place_is_lost_once(f, cut);
}

/* ---- all of it ----------------------------------------------------------------------------- */

typedef struct {
    const char *name;
    const Row *row;
    const Device *device;
    void (*run)(Fixture *f);
} Case;

static void
run_case(gconstpointer data)
{
    const Case *test = data;
    Fixture f = {.row = test->row, .device = test->device};

    rig_init(&f.rig);
    test->run(&f);
    g_ptr_array_unref(f.adds);
    g_ptr_array_unref(f.drops);
    rig_clear(&f.rig);
}

static void
add_case(const char *name, const Row *row, const Device *device, void (*run)(Fixture *f))
{
    const Case test = {name, row, device, run};
    g_autofree char *path = g_strdup_printf("/hotplug/%s/%s/%s", row->machine, device->name, name);

    g_test_add_data_func_full(path, g_memdup2(&test, sizeof(test)), run_case, g_free);
}

int
main(int argc, char **argv)
{
    static const Device *const devices[] = {&memory, &core};

    guest_test_init(&argc, &argv);
    for (guint row = 0; row < G_N_ELEMENTS(rows); row++) {
        for (guint i = 0; i < G_N_ELEMENTS(devices); i++) {
            add_case("moves-between-any-two-calls", &rows[row], devices[i],
                     moves_between_any_two_calls);
            add_case("a-lost-place-is-told-once-and-the-next-walk-is-whole", &rows[row], devices[i],
                     a_lost_place_is_told_once_and_the_next_walk_is_whole);
        }
    }
    return g_test_run();
}
