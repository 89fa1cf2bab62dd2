/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guests that run before their memory is here: from mapped-ram files, into memory of every kind,
 * and from files that fail on the way.
 *
 * This program's reads at a position go through __wrap_pread64 (linker option --wrap).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "migration-glue/error.h"
#include "tests/unit/migration-glue/move-pair.h"

/* ---- Reads that fail ---- */

static gint reads;   /* atomic: so far */
static gint fail_at; /* atomic: the read that fails, and all after it; 0: none */

ssize_t __real_pread64(int fd, void *bytes, size_t n, off_t offset);
ssize_t __wrap_pread64(int fd, void *bytes, size_t n, off_t offset);
ssize_t
__wrap_pread64(int fd, void *bytes, size_t n, off_t offset)
{
    const gint read = g_atomic_int_add(&reads, 1) + 1, at = g_atomic_int_get(&fail_at);

    if (at == 0 || read < at)
        return __real_pread64(fd, bytes, n, offset);
    errno = EIO;
    return -1;
}

static void
fail_from(gint read)
{
    g_atomic_int_set(&reads, 0);
    g_atomic_int_set(&fail_at, read);
}

/* ---- The machines ---- */

typedef struct {
    Pair pair;
    char *path, *uri;
    guint64 sum; /* of the memory in the file */
} Restore;

static void
set_capability(Rig *rig, MigCapability capability, gboolean on)
{
    const MigCapabilityChange change = {capability, on};
    GError *error = NULL;

    mig_params_set_capabilities(rig->params, &change, 1, FALSE, &error);
    g_assert_no_error(error);
}

static void
set_number(Rig *rig, MigParam param, guint64 value)
{
    GError *error = NULL;

    mig_params_set_number(rig->params, param, value, &error);
    g_assert_no_error(error);
}

/* Each page behind the one before, so that the guest gets there first. */
static void
slow_down(Rig *rig)
{
    set_number(rig, MIG_PARAM_MAX_POSTCOPY_BANDWIDTH, 1);
}

static void
make_lazy(Rig *rig)
{
    set_capability(rig, MIG_CAP_MAPPED_RAM, TRUE);
    set_capability(rig, MIG_CAP_X_LAZY_RESTORE, TRUE);
}

static void
restore_set_up(Restore *restore, const void *data)
{
    fail_from(0);
    pair_set_up(&restore->pair, NULL);
    restore->path = g_build_filename(restore->pair.folder, "f", NULL);
    restore->uri = g_strdup_printf("file:%s", restore->path);
    set_capability(restore->pair.from, MIG_CAP_MAPPED_RAM, TRUE);
    pair_send(restore->pair.from, restore->uri);
    rig_wait_ended(restore->pair.from);
    g_assert_cmpint(mig_outgoing_status(restore->pair.from->out), ==, MIG_STATUS_COMPLETED);
    restore->sum = rig_sum(restore->pair.from);
    make_lazy(restore->pair.to);
}

static void
restore_tear_down(Restore *restore, const void *data)
{
    g_free(restore->path);
    g_free(restore->uri);
    pair_tear_down(&restore->pair, NULL);
    fail_from(0);
}

static void
wait_running(Rig *rig)
{
    g_assert_true(rig_wait_status(rig, MIG_STATUS_POSTCOPY_ACTIVE));
    while (!rig_runs(rig))
        g_usleep(1000);
}

static void
assert_whole(Rig *rig, guint64 sum)
{
    g_auto(MigStats) stats = {0};

    rig_wait_ended(rig);
    mig_incoming_stats(rig->in, &stats);
    g_assert_cmpstr(stats.error, ==, NULL);
    g_assert_cmpstr(mig_status_own_name(stats.status), ==, "completed");
    g_assert_true(rig_wait_status(rig, MIG_STATUS_POSTCOPY_ACTIVE));
    g_assert_cmphex(rig_sum(rig), ==, sum);
    g_assert_cmpint(rig->memory, ==, MIG_MEMORY_IS_HERE);
    g_assert_true(stats.has_postcopy);
    g_assert_cmpuint(stats.postcopy.missing, ==, 0);
    g_assert_cmpuint(stats.ram.normal + stats.ram.duplicate, ==, stats.ram.total / 4096);
}

/* ---- Memory of every kind ---- */

typedef struct {
    const char *name;
    MigRamBacking backing;
    int map;     /* of mmap() */
    guint memfd; /* flags for memfd_create() */
    gsize page;  /* bytes, 0: the host's */
} Kind;

static const Kind kinds[] = {
    {"private", MIG_RAM_PRIVATE, MAP_PRIVATE | MAP_ANONYMOUS, 0, 0},
    {"memfd-shared", MIG_RAM_FILE, MAP_SHARED, MFD_CLOEXEC, 0},
    {"memfd-private", MIG_RAM_UNTOLD, MAP_PRIVATE, MFD_CLOEXEC, 0},
    /* As on a host with pages of 64 KiB, and of 2 MiB: they come whole. */
    {"larger-pages", MIG_RAM_FILE, MAP_SHARED, MFD_CLOEXEC, 64u << 10},
    {"largest-pages", MIG_RAM_FILE, MAP_SHARED, MFD_CLOEXEC, 2u << 20},
    {"huge-shared", MIG_RAM_FILE, MAP_SHARED, MFD_CLOEXEC | MFD_HUGETLB | 21u << 26, 2u << 20},
};

static gboolean
change_kind(RigBlock *block, const Kind *kind)
{
    const gsize n = block->block.used_length;
    const gboolean file = (kind->map & MAP_ANONYMOUS) == 0;
    const int fd = file ? memfd_create("memory", kind->memfd) : -1;

    if (file && (fd < 0 || ftruncate(fd, (off_t)n) != 0))
        return FALSE;
    munmap(block->block.host, n);
    block->block.host = mmap(NULL, n, PROT_READ | PROT_WRITE, kind->map, fd, 0);
    if (block->block.host == MAP_FAILED) {
        block->block.host = NULL;
        return FALSE;
    }
    block->block.backing = kind->backing;
    block->block.backing_fd = fd;
    block->block.page_size = MAX(kind->page, 4096);
    return TRUE;
}

static void
close_kind(Rig *rig)
{
    for (guint i = 0; i < rig->n_blocks; i++) {
        if (rig->blocks[i].block.backing_fd >= 0)
            close(rig->blocks[i].block.backing_fd);
        rig->blocks[i].block.backing_fd = -1;
    }
}

static void
go_through(Restore *restore, const Kind *kind, guint channels, gboolean direct, gboolean slow)
{
    Pair *pair = &restore->pair;

    pair_replace_target(pair, 8 * MIB);
    make_lazy(pair->to);
    for (guint i = 0; i < pair->to->n_blocks; i++) {
        if (!change_kind(&pair->to->blocks[i], kind)) {
            close_kind(pair->to);
            g_test_skip("there is no memory of that kind here");
            return;
        }
        /* Whatever memory holds is not what is in the file, where that is zero. */
        if (kind->backing != MIG_RAM_UNTOLD)
            memset(pair->to->blocks[i].block.host, 0x5a, pair->to->blocks[i].block.used_length);
    }
    if (channels > 0) {
        set_capability(pair->to, MIG_CAP_MULTIFD, TRUE);
        set_number(pair->to, MIG_PARAM_MULTIFD_CHANNELS, channels);
    }
    set_number(pair->to, MIG_PARAM_DIRECT_IO, direct);
    if (slow)
        slow_down(pair->to);
    /* Looking at all of it at once is what its guest does. */
    pair_receive(pair->to, restore->uri);
    wait_running(pair->to);
    g_assert_cmphex(pair->to->sum_at_run, ==, restore->sum);
    set_number(pair->to, MIG_PARAM_MAX_POSTCOPY_BANDWIDTH, 0);
    assert_whole(pair->to, restore->sum);
    close_kind(pair->to);
}

static void
a_guest_finds_all_of_its_memory_at_once(Restore *restore, const void *data)
{
    static const guint channels[] = {0, 3, 8};

    for (guint i = 0; i < 2 * G_N_ELEMENTS(channels); i++)
        go_through(restore, data, channels[i / 2], (i & 1) != 0, (i & 2) != 0);
}

static void
a_guest_writes_while_its_memory_comes(Restore *restore, const void *data)
{
    Pair *pair = &restore->pair;
    g_auto(MigStats) stats = {0};

    pair->to->reads_later = TRUE;
    pair->to->writes = TRUE;
    pair->to->seed = 77;
    set_number(pair->to, MIG_PARAM_MAX_POSTCOPY_BANDWIDTH, 16 * MIB);
    pair_receive(pair->to, restore->uri);
    rig_wait_ended(pair->to);
    mig_incoming_stats(pair->to->in, &stats);
    g_assert_cmpstr(stats.error, ==, NULL);
    g_assert_cmpuint(stats.postcopy.faults, >, 0);
    g_assert_cmpuint(stats.postcopy.median, <=, stats.postcopy.longest);
}

/* The rest of a run is what the guest did with what it found. */
static void
two_guests_run_from_one_file_at_once(Restore *restore, const void *data)
{
    RigGuest second = {0};
    Rig *other = rig_new(&second, "pseries-10.0");

    rig_add_block(other, "dimm", 2 * MIB, TRUE);
    rig_add_block(other, "ppc_spapr.ram", 8 * MIB, TRUE);
    make_lazy(other);
    pair_receive(restore->pair.to, restore->uri);
    pair_receive(other, restore->uri);
    assert_whole(restore->pair.to, restore->sum);
    assert_whole(other, restore->sum);
    rig_free(other);
}

/* A file under the same name is another file. */
static void
a_file_that_is_replaced_is_read_to_its_end(Restore *restore, const void *data)
{
    Pair *pair = &restore->pair;
    g_autofree char *beside = g_strconcat(restore->path, ".new", NULL);

    pair->to->reads_later = TRUE;
    slow_down(pair->to);
    pair_receive(pair->to, restore->uri);
    wait_running(pair->to);
    g_assert_true(g_file_set_contents(beside, "something else", -1, NULL));
    g_assert_cmpint(rename(beside, restore->path), ==, 0);
    set_number(pair->to, MIG_PARAM_MAX_POSTCOPY_BANDWIDTH, 0);
    assert_whole(pair->to, restore->sum);
}

static void
a_guest_is_saved_as_soon_as_all_is_here(Restore *restore, const void *data)
{
    Pair *pair = &restore->pair;
    g_autofree char *uri = g_strconcat(restore->uri, "2", NULL);

    pair_receive(pair->to, restore->uri);
    assert_whole(pair->to, restore->sum);
    pair->to->out = NULL;
    pair_send(pair->to, uri);
    rig_wait_ended(pair->to);
    g_assert_cmpint(mig_outgoing_status(pair->to->out), ==, MIG_STATUS_COMPLETED);
    pair_replace_target(pair, 8 * MIB);
    make_lazy(pair->to);
    pair_receive(pair->to, uri);
    assert_whole(pair->to, restore->sum);
}

/* A reset guest finds zeros in what had not come, and nothing comes later. */
static void
what_a_reset_guest_does_not_need_is_dropped(Restore *restore, const void *data)
{
    Rig *rig = restore->pair.to;
    g_auto(MigStats) stats = {0};
    guint64 sum;

    rig->reads_later = TRUE;
    slow_down(rig);
    pair_receive(rig, restore->uri);
    wait_running(rig);
    mig_incoming_drop_rest(rig->in);
    sum = rig_sum(rig);
    g_assert_cmphex(sum, !=, restore->sum);
    rig_wait_ended(rig);
    mig_incoming_stats(rig->in, &stats);
    g_assert_cmpstr(mig_status_own_name(stats.status), ==, "completed");
    g_assert_cmpuint(stats.postcopy.missing, ==, 0);
    g_assert_cmphex(rig_sum(rig), ==, sum);
}

static void
a_vm_may_end_while_its_memory_comes(Restore *restore, const void *data)
{
    Pair *pair = &restore->pair;
    g_auto(MigStats) stats = {0};

    pair->to->reads_later = TRUE;
    slow_down(pair->to);
    pair_receive(pair->to, restore->uri);
    wait_running(pair->to);
    g_assert_false(mig_incoming_break(pair->to->in, NULL));
    mig_incoming_cancel(pair->to->in); /* a guest that runs is not cancelled */
    mig_incoming_stats(pair->to->in, &stats);
    g_assert_cmpstr(mig_status_own_name(stats.status), ==, "postcopy-active");
    g_assert_cmpuint(stats.postcopy.missing, >, 0);
    g_assert_cmpuint(stats.ram.remaining, ==, stats.postcopy.missing);
    g_clear_pointer(&pair->to->in, mig_incoming_free);
    g_assert_cmpint(pair->to->memory, ==, MIG_MEMORY_IS_LOST);
}

/* ---- Files that fail ---- */

/* The guest makes no step more; block, place and file are named. */
static void
assert_lost(Restore *restore, const char *why)
{
    Rig *rig = restore->pair.to;
    g_auto(MigStats) stats = {0};

    rig_wait_ended(rig);
    mig_incoming_stats(rig->in, &stats);
    g_assert_cmpstr(mig_status_own_name(stats.status), ==, "failed");
    g_assert_cmpint(rig->memory, ==, MIG_MEMORY_IS_LOST);
    g_assert_true(mig_incoming_guest_ran(rig->in));
    g_test_message("%s", stats.error);
    g_assert_nonnull(strstr(stats.error, "RAM block '"));
    g_assert_nonnull(strstr(stats.error, "offset 0x"));
    g_assert_nonnull(strstr(stats.error, restore->path));
    if (strstr(stats.error, why) == NULL)
        g_error("not '%s', but: %s", why, stats.error);
}

static void
begin_slowly(Restore *restore)
{
    Rig *rig = restore->pair.to;

    rig->reads_later = TRUE;
    rig->writes = TRUE;
    rig->seed = 5;
    slow_down(rig);
    pair_receive(rig, restore->uri);
    wait_running(rig);
}

static void
a_file_that_is_cut_stops_the_guest(Restore *restore, const void *data)
{
    begin_slowly(restore);
    g_assert_cmpint(truncate(restore->path, 1 << 20), ==, 0);
    assert_lost(restore, data);
}

static void
a_file_that_is_written_stops_the_guest(Restore *restore, const void *data)
{
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = 1}};
    int fd;

    begin_slowly(restore);
    fd = open(restore->path, O_WRONLY | O_CLOEXEC);
    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(pwrite(fd, "x", 1, 3 << 20), ==, 1);
    g_assert_cmpint(futimens(fd, times), ==, 0); /* whatever the clock's grain is */
    close(fd);
    assert_lost(restore, "somebody has written to it");
}

static void
a_read_that_fails_stops_the_guest(Restore *restore, const void *data)
{
    begin_slowly(restore);
    fail_from(1);
    assert_lost(restore, g_strerror(EIO));
}

/* Whichever read it is: before the guest runs, it does not. */
static void
every_read_may_fail(Restore *restore, const void *data)
{
    guint ran = 0, never = 0;

    for (gint i = 0, at = 1; at < 500; at = (++i % 2 == 1) ? at : at < 24 ? at + 1 : at * 2) {
        Pair *pair = &restore->pair;
        MigStatus status;

        pair_replace_target(pair, 8 * MIB);
        make_lazy(pair->to);
        pair->to->looks_early = i % 2 == 0;
        pair->to->reads_later = TRUE;
        fail_from(at);
        pair_receive(pair->to, restore->uri);
        rig_wait_ended(pair->to);
        fail_from(0);
        status = mig_incoming_status(pair->to->in);
        if (status == MIG_STATUS_COMPLETED)
            continue;
        g_assert_cmpint(status, ==, MIG_STATUS_FAILED);
        g_assert_cmpint(mig_incoming_guest_ran(pair->to->in), ==, pair->to->taken);
        g_assert_cmpint(pair->to->memory, ==,
                        pair->to->taken ? MIG_MEMORY_IS_LOST : MIG_MEMORY_IS_HERE);
        ran += pair->to->taken ? 1 : 0;
        never += pair->to->taken ? 0 : 1;
    }
    g_assert_cmpuint(ran, >, 0);
    g_assert_cmpuint(never, >, 0);
}

static void
a_device_that_refuses_ends_it_and_another_load_is_right(Restore *restore, const void *data)
{
    Rig *rig = restore->pair.to;

    rig->device.refuses = TRUE;
    pair_receive(rig, restore->uri);
    rig_wait_ended(rig);
    g_assert_cmpint(mig_incoming_status(rig->in), ==, MIG_STATUS_FAILED);
    g_assert_cmpint(rig->memory, ==, MIG_MEMORY_IS_HERE);
    g_clear_pointer(&rig->in, mig_incoming_free);
    rig->device.refuses = FALSE;
    rig->ended = FALSE;
    pair_receive(rig, restore->uri);
    assert_whole(rig, restore->sum);
}

/* ---- What is refused ---- */

static void
assert_impossible(Rig *rig, const char *why)
{
    g_autoptr(GError) error = NULL;

    rig->host.ops->lock(rig);
    g_assert_false(mig_restore_is_possible(&rig->host, rig->params, &error));
    rig->host.ops->unlock(rig);
    if (strstr(error->message, why) == NULL)
        g_error("not '%s', but: %s", why, error->message);
}

static void
memory_that_another_has_open_is_refused(Restore *restore, const void *data)
{
    MigRamBlock *block = &restore->pair.to->blocks[1].block;
    char name[] = "/dev/shm/restore-XXXXXX";
    int other;

    munmap(block->host, block->used_length);
    block->backing = MIG_RAM_FILE;
    block->backing_fd = g_mkstemp_full(name, O_RDWR | O_CLOEXEC, 0600);
    g_assert_cmpint(block->backing_fd, >=, 0);
    g_assert_cmpint(ftruncate(block->backing_fd, (off_t)block->used_length), ==, 0);
    block->host =
        mmap(NULL, block->used_length, PROT_READ | PROT_WRITE, MAP_SHARED, block->backing_fd, 0);
    other = open(name, O_RDWR | O_CLOEXEC);
    g_assert_cmpint(other, >=, 0);
    assert_impossible(restore->pair.to, "another process has its memory open");
    close(other);
    pair_receive(restore->pair.to, restore->uri);
    assert_whole(restore->pair.to, restore->sum);
    close_kind(restore->pair.to);
    unlink(name);
}

static void
a_private_copy_of_a_full_file_is_refused(Restore *restore, const void *data)
{
    RigBlock *block = &restore->pair.to->blocks[0];

    g_assert_true(change_kind(block, &kinds[2]));
    g_assert_cmpint(pwrite(block->block.backing_fd, "x", 1, 8192), ==, 1);
    assert_impossible(restore->pair.to, "a private copy of a file that is not empty");
    close_kind(restore->pair.to);
}

static void
pages_that_are_too_large_are_refused(Restore *restore, const void *data)
{
    RigBlock *block = &restore->pair.to->blocks[1];

    g_assert_true(change_kind(block, &kinds[1]));
    block->block.page_size = 1 << 30;
    block->block.used_length = 1 << 30;
    assert_impossible(restore->pair.to, "RAM block 'ppc_spapr.ram'");
    block->block.page_size = 4096;
    block->block.used_length = 8 * MIB;
    close_kind(restore->pair.to);
}

static void
without_places_there_is_nothing_to_be_lazy_with(Restore *restore, const void *data)
{
    const MigCapabilityChange off = {MIG_CAP_MAPPED_RAM, FALSE};
    g_autoptr(GError) error = NULL;

    g_assert_false(mig_params_set_capabilities(restore->pair.to->params, &off, 1, FALSE, &error));
    g_assert_nonnull(strstr(error->message, "x-lazy-restore"));
}

#define ADD(name, data) \
    g_test_add("/restore/" #name, Restore, data, restore_set_up, name, restore_tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    if (!mig_postcopy_is_possible(NULL)) {
        g_print("1..0 # SKIP userfaultfd is not for this user\n");
        return 0;
    }
    for (guint i = 0; i < G_N_ELEMENTS(kinds); i++) {
        g_autofree char *path =
            g_strdup_printf("/restore/a_guest_finds_all_of_its_memory_at_once/%s", kinds[i].name);

        g_test_add(path, Restore, &kinds[i], restore_set_up,
                   a_guest_finds_all_of_its_memory_at_once, restore_tear_down);
    }
    ADD(a_guest_writes_while_its_memory_comes, NULL);
    ADD(two_guests_run_from_one_file_at_once, NULL);
    ADD(a_file_that_is_replaced_is_read_to_its_end, NULL);
    ADD(a_guest_is_saved_as_soon_as_all_is_here, NULL);
    ADD(what_a_reset_guest_does_not_need_is_dropped, NULL);
    ADD(a_vm_may_end_while_its_memory_comes, NULL);
    ADD(a_file_that_is_cut_stops_the_guest, "ends");
    ADD(a_file_that_is_written_stops_the_guest, NULL);
    ADD(a_read_that_fails_stops_the_guest, NULL);
    ADD(every_read_may_fail, NULL);
    ADD(a_device_that_refuses_ends_it_and_another_load_is_right, NULL);
    ADD(memory_that_another_has_open_is_refused, NULL);
    ADD(a_private_copy_of_a_full_file_is_refused, NULL);
    ADD(pages_that_are_too_large_are_refused, NULL);
    ADD(without_places_there_is_nothing_to_be_lazy_with, NULL);
    return g_test_run();
}
