/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Saves that break off: writers that are killed, disks that are full, calls that fail with EIO.
 * What stays under the file's name is the old file or the new one, whole; what a killed writer
 * leaves beside it is no file that loads, unless it is the whole one.
 *
 * This program's calls into the C library go through the functions named __wrap_… below (linker
 * option --wrap). CHECK_LONG=yes: 200 interruptions instead of 24.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "migration-glue/error.h"
#include "tests/unit/migration-glue/move-pair.h"

/* ---- Calls that fail ---- */

static gint calls;   /* atomic: calls so far */
static gint fail_at; /* the call that fails, and all after it; 0: none */
static int fail_with;

static gboolean
fails(void)
{
    const gint call = g_atomic_int_add(&calls, 1) + 1;

    if (fail_at == 0 || call < fail_at)
        return FALSE;
    errno = fail_with;
    return TRUE;
}

static void
arm(gint at, int with)
{
    g_atomic_int_set(&calls, 0);
    fail_at = at;
    fail_with = with;
}

ssize_t __real_pwrite64(int fd, const void *bytes, size_t n, off_t offset);
ssize_t __wrap_pwrite64(int fd, const void *bytes, size_t n, off_t offset);
ssize_t
__wrap_pwrite64(int fd, const void *bytes, size_t n, off_t offset)
{
    return fails() ? -1 : __real_pwrite64(fd, bytes, n, offset);
}

ssize_t __real_writev(int fd, const struct iovec *parts, int n);
ssize_t __wrap_writev(int fd, const struct iovec *parts, int n);
ssize_t
__wrap_writev(int fd, const struct iovec *parts, int n)
{
    return fails() ? -1 : __real_writev(fd, parts, n);
}

int __real_fdatasync(int fd);
int __wrap_fdatasync(int fd);
int
__wrap_fdatasync(int fd)
{
    return fails() ? -1 : __real_fdatasync(fd);
}

int __real_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to);
int
__wrap_rename(const char *from, const char *to)
{
    return fails() ? -1 : __real_rename(from, to);
}

/* ---- The machines ---- */

typedef struct {
    char *folder, *path, *uri;
    GRand *rand;
    guint rounds;
} Broken;

static void
broken_set_up(Broken *broken, const void *data)
{
    const gboolean in_long = g_strcmp0(g_getenv("CHECK_LONG"), "yes") == 0;
    const guint32 seed = g_random_int();

    g_test_message("seed %u", seed);
    broken->rand = g_rand_new_with_seed(seed);
    broken->folder = g_dir_make_tmp("broken-XXXXXX", NULL);
    broken->path = g_build_filename(broken->folder, "f", NULL);
    broken->uri = g_strdup_printf("file:%s", broken->path);
    broken->rounds = in_long ? 200 : 24;
}

static void
empty_folder(const Broken *broken)
{
    GDir *folder = g_dir_open(broken->folder, 0, NULL);
    const char *name;

    while ((name = g_dir_read_name(folder)) != NULL) {
        g_autofree char *path = g_build_filename(broken->folder, name, NULL);

        g_assert_cmpint(unlink(path), ==, 0);
    }
    g_dir_close(folder);
}

static void
broken_tear_down(Broken *broken, const void *data)
{
    empty_folder(broken);
    g_assert_cmpint(rmdir(broken->folder), ==, 0);
    g_rand_free(broken->rand);
    g_free(broken->folder);
    g_free(broken->path);
    g_free(broken->uri);
}

/* A machine with memory of @seed; the device's ticks are the seed. */
static Rig *
make_rig(Pair *pair, guint32 seed)
{
    const MigCapabilityChange on[] = {{MIG_CAP_MAPPED_RAM, TRUE}, {MIG_CAP_MULTIFD, TRUE}};
    Rig *rig = pair_make_rig(pair, 4 * MIB);

    g_assert_true(mig_params_set_capabilities(rig->params, on, 2, FALSE, NULL));
    g_assert_true(mig_params_set_number(rig->params, MIG_PARAM_MAX_BANDWIDTH, 0, NULL));
    g_assert_true(mig_params_set_number(rig->params, MIG_PARAM_DIRECT_IO, seed & 1, NULL));
    if (seed != 0)
        rig_fill(rig, seed);
    rig->device.ticks = seed;
    return rig;
}

/* Saves a machine of @seed; whether that came to its end. *@sum: of its memory. */
static gboolean
save(const char *uri, guint32 seed, guint64 *sum)
{
    Pair pair = {0};
    gboolean good;

    pair.from = make_rig(&pair, seed);
    *sum = rig_sum(pair.from);
    pair_send(pair.from, uri);
    rig_wait_ended(pair.from);
    good = mig_outgoing_status(pair.from->out) == MIG_STATUS_COMPLETED;
    g_assert_cmpint(pair.from->gone, ==, good);
    rig_free(pair.from);
    return good;
}

/* The seed of the machine in the file (and one more: stopping adds a tick), 0 if it does not load.
 */
static guint64
loaded_seed(const char *path, guint64 *sum)
{
    g_autofree char *uri = g_strdup_printf("file:%s", path);
    Pair pair = {0};
    guint64 seed = 0;

    pair.to = make_rig(&pair, 0);
    pair_receive(pair.to, uri);
    rig_wait_ended(pair.to);
    if (mig_incoming_status(pair.to->in) == MIG_STATUS_COMPLETED) {
        seed = pair.to->device.ticks - 1;
        *sum = rig_sum(pair.to);
    }
    rig_free(pair.to);
    return seed;
}

/* Whatever lies there is the old machine, the new one, or nothing that loads; under the final name
 * it is one of the two. */
static void
assert_old_or_new(const Broken *broken, guint32 old, guint64 old_sum, guint32 new, guint64 new_sum)
{
    GDir *folder = g_dir_open(broken->folder, 0, NULL);
    const char *name;

    while ((name = g_dir_read_name(folder)) != NULL) {
        g_autofree char *path = g_build_filename(broken->folder, name, NULL);
        const gboolean final = g_str_equal(name, "f");
        guint64 sum = 0, seed = loaded_seed(path, &sum);

        if (seed == old && final)
            g_assert_cmphex(sum, ==, old_sum);
        else if (seed == new)
            g_assert_cmphex(sum, ==, new_sum);
        else
            g_assert_true(seed == 0 && !final);
    }
    g_dir_close(folder);
    g_assert_true(g_file_test(broken->path, G_FILE_TEST_EXISTS));
}

/* ---- Interruptions ---- */

static void
a_killed_writer_leaves_the_old_file_or_the_new_one(Broken *broken, const void *data)
{
    guint64 sum, old_sum, new_sum = 0;
    guint killed = 0;
    gint64 began = g_get_monotonic_time(), whole;

    g_assert_true(save(broken->uri, 1000, &old_sum));
    whole = g_get_monotonic_time() - began;
    for (guint i = 0; i < broken->rounds; i++) {
        const gulong delay = (gulong)g_rand_int_range(broken->rand, 0, (gint32)whole * 3 / 2);
        pid_t pid;
        int status;

        {
            Pair pair = {0};

            pair.from = make_rig(&pair, 2000 + i);
            new_sum = rig_sum(pair.from);
            rig_free(pair.from);
        }
        pid = fork();
        g_assert_cmpint(pid, >=, 0);
        if (pid == 0)
            _exit(save(broken->uri, 2000 + i, &sum) ? 0 : 1);
        g_usleep(delay);
        kill(pid, SIGKILL);
        g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
        g_assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
        killed += WIFSIGNALED(status) ? 1 : 0;
        assert_old_or_new(broken, 1000, old_sum, 2000 + i, new_sum);
        empty_folder(broken);
        g_assert_true(save(broken->uri, 1000, &old_sum));
    }
    g_test_message("%u of %u were killed in time", killed, broken->rounds);
    g_assert_cmpuint(killed, >, 0);
}

static void
failing_calls_leave_the_old_file_and_nothing_else(Broken *broken, const void *data)
{
    static const int failures[] = {EIO, ENOSPC, EDQUOT};
    guint64 old_sum, new_sum;
    gint all;

    g_assert_true(save(broken->uri, 1000, &old_sum));
    arm(0, 0);
    g_assert_true(save(broken->uri, 1001, &new_sum));
    all = g_atomic_int_get(&calls);
    g_assert_cmpint(all, >, 20);
    for (guint i = 0; i < broken->rounds; i++) {
        gboolean good;

        arm(0, 0);
        g_assert_true(save(broken->uri, 1000, &old_sum));
        /* The last few are bitmaps, sync and rename: of each its turn. */
        arm(i % 2 == 0 ? all - (gint)(i / 2 % 8) : g_rand_int_range(broken->rand, 1, all + 1),
            failures[i % G_N_ELEMENTS(failures)]);
        good = save(broken->uri, 1002 + i, &new_sum);
        arm(0, 0);
        assert_old_or_new(broken, 1000, old_sum, good ? 1002 + i : 1000, good ? new_sum : old_sum);
        if (!good) {
            GDir *folder = g_dir_open(broken->folder, 0, NULL);
            guint n = 0;

            while (g_dir_read_name(folder) != NULL)
                n++;
            g_assert_cmpuint(n, ==, 1);
            g_dir_close(folder);
        }
    }
}

/* Behind a head the file is cut there: no stream, rather than half of one. */
static void
failing_calls_leave_no_stream_behind_a_head(Broken *broken, const void *data)
{
    g_autofree char *uri = g_strdup_printf("%s,offset=4096", broken->uri);
    g_autofree char *head = g_strnfill(4096, 'h');
    guint64 sum;

    for (guint i = 0; i < broken->rounds; i++) {
        g_autofree char *bytes = NULL;
        gsize n;

        g_assert_true(g_file_set_contents(broken->path, head, 4096, NULL));
        arm(g_rand_int_range(broken->rand, 1, 20), EIO);
        g_assert_false(save(uri, 1000, &sum));
        arm(0, 0);
        g_assert_true(g_file_get_contents(broken->path, &bytes, &n, NULL));
        g_assert_cmpmem(bytes, n, head, 4096);
    }
}

#define ADD(name) \
    g_test_add("/mapped-broken/" #name, Broken, NULL, broken_set_up, name, broken_tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD(a_killed_writer_leaves_the_old_file_or_the_new_one);
    ADD(failing_calls_leave_the_old_file_and_nothing_else);
    ADD(failing_calls_leave_no_stream_behind_a_head);
    return g_test_run();
}
