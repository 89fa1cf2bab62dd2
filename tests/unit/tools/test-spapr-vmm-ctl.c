/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * spapr-vmm-ctl as its user sees it: the program itself is run, against the monitor over a Vm that
 * only takes notes. CTL in the environment names the program.
 */
#include "tests/unit/vmm/fake-vm.h"
#include "vmm/monitor/qmp.h"
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct {
    Vm *vm;
    QmpServer *server;
    char *directory, *path;
    GPid child; /* the program, while it runs */
} Place;

typedef struct {
    char *out, *err;
    int status;
} Outcome;

static void
place_open(Place *place, gboolean serve)
{
    g_autofree char *spec = NULL;

    place->vm = fake_vm_new();
    place->directory = g_dir_make_tmp("ctl-XXXXXX", NULL);
    place->path = g_build_filename(place->directory, "socket", NULL);
    spec = g_strdup_printf("unix:%s,server=on,wait=off", place->path);
    place->server = serve ? qmp_server_new(place->vm, spec, NULL) : NULL;
    g_assert_true(!serve || place->server != NULL);
}

static void
place_close(Place *place)
{
    qmp_server_free(place->server);
    fake_vm_free(place->vm);
    g_assert_cmpint(g_rmdir(place->directory), ==, 0);
    g_free(place->path);
    g_free(place->directory);
}

static void
ended(GPid pid, int status, gpointer user)
{
    *(int *)user = status;
    g_spawn_close_pid(pid);
}

static char *
read_all(int fd)
{
    GString *text = g_string_new(NULL);
    char bytes[4096];
    gssize n;

    while ((n = read(fd, bytes, sizeof(bytes))) > 0)
        g_string_append_len(text, bytes, n);
    close(fd);
    return g_string_free(text, FALSE);
}

/* Runs the program with the words of @words ("SOCKET" stands for the path) beside the server.
 * @each: called on each round of the main loop, may be NULL. */
static Outcome
ctl_with(Place *place, const char *words, void (*each)(const Place *place))
{
    g_autofree char *line = g_strdup_printf("%s %s", g_getenv("CTL"), words);
    g_auto(GStrv) argv = NULL;
    g_autoptr(GError) error = NULL;
    Outcome outcome = {NULL, NULL, -1};
    int out, err;
    GPid pid;

    g_assert_true(g_shell_parse_argv(line, NULL, &argv, &error));
    for (guint i = 0; argv[i] != NULL; i++)
        if (g_str_equal(argv[i], "SOCKET")) {
            g_free(argv[i]);
            argv[i] = g_strdup(place->path);
        }
    g_spawn_async_with_pipes(NULL, argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, &pid, NULL,
                             &out, &err, &error);
    g_assert_no_error(error);
    place->child = pid;
    g_child_watch_add(pid, ended, &outcome.status);
    while (outcome.status == -1) {
        g_main_context_iteration(NULL, each == NULL);
        if (each != NULL) {
            each(place);
            g_usleep(1000);
        }
    }
    while (g_main_context_iteration(NULL, FALSE)) /* the server notices that its client left */
        ;
    outcome.out = read_all(out);
    outcome.err = read_all(err);
    return outcome;
}

/* Expects an exit status, the exact output, and words of the error output ("": none at all). */
static void
assert_ctl(Place *place, const char *words, int status, const char *out, const char *err)
{
    Outcome outcome = ctl_with(place, words, NULL);

    if (!WIFEXITED(outcome.status) || WEXITSTATUS(outcome.status) != status)
        g_error("%s: status %d, said: %s%s", words, outcome.status, outcome.out, outcome.err);
    g_assert_cmpstr(outcome.out, ==, out);
    if (*err == '\0')
        g_assert_cmpstr(outcome.err, ==, "");
    else if (strstr(outcome.err, err) == NULL)
        g_error("%s: \"%s\" lacks \"%s\"", words, outcome.err, err);
    g_free(outcome.out);
    g_free(outcome.err);
}

static void
results_are_printed_for_people_and_for_programs(void)
{
    Place place;

    place_open(&place, TRUE);
    assert_ctl(&place, "SOCKET query-target", 0, "{\n  \"arch\": \"ppc64\"\n}\n", "");
    assert_ctl(&place, "--json SOCKET query-target", 0, "{\"return\":{\"arch\":\"ppc64\"}}\n", "");
    assert_ctl(&place, "SOCKET x-query-memory-map", 0, "ram 0x0\n", "");
    assert_ctl(&place, "SOCKET cont", 0, "", "");
    g_assert_cmpint(place.vm->state, ==, RUN_STATE_RUNNING);
    place_close(&place);
}

static void
arguments_are_text_or_json(void)
{
    Place place;

    place_open(&place, TRUE);
    assert_ctl(&place, "SOCKET device-list-properties typename=bell", 0, "[]\n", "");
    assert_ctl(&place, "SOCKET qom-list-types implements=machine abstract:=false --json", 0,
               "{\"return\":[{\"name\":\"house-2.0-machine\",\"parent\":\"machine\"},"
               "{\"name\":\"house-1.0-machine\",\"parent\":\"machine\"}]}\n",
               "");
    assert_ctl(&place, "SOCKET qom-list-types abstract=true", 1, "", "expected: boolean");
    assert_ctl(&place, "SOCKET qom-list-types abstract:=tru", 2, "", "abstract:=tru");
    assert_ctl(&place, "SOCKET stop what", 2, "", "what: expected key=text or key:=json");
    assert_ctl(&place, "SOCKET stop =x", 2, "", "expected key=text");
    place_close(&place);
}

static void
a_refusal_is_an_error_of_one_line(void)
{
    Place place;

    place_open(&place, TRUE);
    assert_ctl(&place, "SOCKET no-such-command", 1, "",
               "spapr-vmm-ctl: no-such-command: The command no-such-command has not been found\n");
    place_close(&place);
}

static void
wrong_usage_ends_with_2(void)
{
    Place place;

    place_open(&place, FALSE);
    assert_ctl(&place, "", 2, "", "a socket and a command are needed");
    assert_ctl(&place, "SOCKET", 2, "", "a socket and a command are needed");
    assert_ctl(&place, "--colour SOCKET stop", 2, "", "--colour");
    assert_ctl(&place, "SOCKET stop --until STOP", 2, "", "--until");
    assert_ctl(&place, "--version", 0, "spapr-vmm-ctl " PACKAGE_VERSION "\n", "");
    place_close(&place);
}

static void
nobody_there_is_an_error(void)
{
    Place place;

    place_open(&place, FALSE);
    assert_ctl(&place, "SOCKET stop", 1, "", "cannot connect: No such file or directory");
    assert_ctl(&place, "--wait 0.05 SOCKET stop", 1, "", "cannot connect");
    place_close(&place);
}

static void
serve_late(const Place *place)
{
    Place *late = (Place *)place;
    g_autofree char *spec = g_strdup_printf("unix:%s,server=on,wait=off", place->path);

    if (place->server == NULL)
        late->server = qmp_server_new(place->vm, spec, NULL);
}

static void
with_wait_it_waits_for_the_socket(void)
{
    Place place;
    Outcome outcome;

    place_open(&place, FALSE);
    outcome = ctl_with(&place, "--wait 60 SOCKET system_reset", serve_late);
    g_assert_cmpstr(outcome.err, ==, "");
    g_assert_cmpint(outcome.status, ==, 0);
    g_assert_cmpstr(place.vm->told->str, ==, "reset;");
    g_free(outcome.out);
    g_free(outcome.err);
    place_close(&place);
}

static void
shut_down(const Place *place)
{
    fake_vm_emit(place->vm, VM_EVENT_RESET, TRUE, "guest-reset");
    fake_vm_emit(place->vm, VM_EVENT_SHUTDOWN, FALSE, "host-qmp-quit");
}

static void
events_are_followed_until_the_one_wanted(void)
{
    Place place;
    Outcome outcome;

    place_open(&place, TRUE);
    outcome = ctl_with(&place, "SOCKET events --until SHUTDOWN", shut_down);
    g_assert_cmpint(outcome.status, ==, 0);
    g_assert_nonnull(strstr(outcome.out, " RESET guest=true reason=guest-reset\n"));
    g_assert_true(g_str_has_suffix(outcome.out, " SHUTDOWN guest=false reason=host-qmp-quit\n"));
    g_free(outcome.out);
    g_free(outcome.err);
    assert_ctl(&place, "SOCKET events --timeout 0.2 --until STOP", 1, "",
               "time was up before the event STOP");
    assert_ctl(&place, "SOCKET events --timeout 0.2", 0, "", "");
    place_close(&place);
}

static void
hang_up(const Place *place)
{
    Place *gone = (Place *)place;

    if (place->vm->told->len == 0)
        return;
    qmp_server_free(place->server);
    gone->server = NULL;
}

static void
a_server_that_leaves_is_an_error_for_who_waits(void)
{
    Place place;
    Outcome outcome;

    place_open(&place, TRUE);
    g_string_append(place.vm->told, "x");
    outcome = ctl_with(&place, "SOCKET events --until STOP", hang_up);
    g_assert_cmpint(WEXITSTATUS(outcome.status), ==, 1);
    g_assert_cmpstr(outcome.err, !=, "");
    g_free(outcome.out);
    g_free(outcome.err);
    place_close(&place);
}

/* ---- migrate URI ---- */

static MigDeviceCost cpu_cost = {(char *)"cpu", 8, 900, 70};

static void
show_status(Vm *vm, MigStatus status)
{
    vm->migration =
        (VmMigrateInfo){.known = TRUE,
                        .stats = {.status = status,
                                  .setup_ms = 1,
                                  .total_ms = 1500,
                                  .downtime_ms = status == MIG_STATUS_COMPLETED ? 44 : -1,
                                  .expected_downtime_ms = 41,
                                  .eta_ms = 2500,
                                  .transferred = 3 << 20,
                                  .bandwidth = 5 << 20,
                                  .ram = {.total = 4 << 20, .remaining = 1 << 20}}};
    for (guint i = 0; i < MIG_PHASE_N; i++)
        vm->migration.stats.phase_us[i] = status == MIG_STATUS_COMPLETED ? 1000 : -1;
    vm->migration.stats.devices = &cpu_cost;
    vm->migration.stats.n_devices = status == MIG_STATUS_COMPLETED;
}

/* A migration that is seen active, and then completes. */
static void
play_success(const Place *place)
{
    if (place->vm->migration.stats.status == MIG_STATUS_NONE)
        show_status(place->vm, MIG_STATUS_ACTIVE);
    else if (place->vm->told->len > 0 && place->vm->irq_text-- == 0)
        show_status(place->vm, MIG_STATUS_COMPLETED);
}

static void
a_migration_is_shown_and_reported(void)
{
    Place place;
    Outcome outcome;

    place_open(&place, TRUE);
    place.vm->irq_text = 500; /* rounds of 1 ms that it stays active */
    outcome = ctl_with(&place, "SOCKET migrate file:/a=b,offset=0", play_success);
    g_assert_cmpstr(place.vm->told->str, ==, "migrate file:/a=b,offset=0;");
    g_assert_cmpint(outcome.status, ==, 0);
    g_assert_cmpstr(outcome.err, ==,
                    "active [##################......]  75 %, 1.0 MiB left, 5.0 MiB/s, ETA 2.5 s\n"
                    "completed [########################] 100 %, 0 bytes left, 5.0 MiB/s\n");
    g_assert_cmpstr(outcome.out, ==,
                    "total time      1.5 s\n"
                    "downtime        44 ms (expected 41 ms)\n"
                    "transferred     3.0 MiB, 5.0 MiB/s\n"
                    "downtime by phase\n"
                    "  stop                              1.000 ms\n"
                    "  pause                             1.000 ms\n"
                    "  ram                               1.000 ms\n"
                    "  states                            1.000 ms\n"
                    "  end                               1.000 ms\n"
                    "  verdict                           1.000 ms\n"
                    "devices in it\n"
                    "  cpu/8                             0.070 ms  900 bytes\n");
    g_free(outcome.out);
    g_free(outcome.err);
    place_close(&place);
}

static void
a_migration_that_fails_says_why_and_what_to_do(void)
{
    static const struct {
        MigStatus status;
        const char *error, *said;
    } cases[] = {
        {MIG_STATUS_FAILED, "disk full", "the migration failed: disk full\n"},
        {MIG_STATUS_FAILED, NULL, "the migration failed: no reason was given\n"},
        {MIG_STATUS_CANCELLED, NULL, "the migration was cancelled\n"},
        {MIG_STATUS_HANDOVER_UNKNOWN, "handover unknown: cut", "x-migrate-decide guest=there"},
    };
    Place place;

    place_open(&place, TRUE);
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        Outcome outcome;

        show_status(place.vm, cases[i].status);
        place.vm->migration.stats.error = (char *)cases[i].error;
        outcome = ctl_with(&place, "SOCKET migrate tcp:b:1", NULL);
        g_assert_cmpint(WEXITSTATUS(outcome.status), ==, 1);
        g_assert_nonnull(strstr(outcome.err, cases[i].said));
        g_free(outcome.out);
        g_free(outcome.err);
    }
    place_close(&place);
}

static void
a_word_that_is_an_argument_is_one(void)
{
    Place place;

    place_open(&place, TRUE);
    assert_ctl(&place, "SOCKET migrate uri=tcp:b:1", 0, "", "");
    g_assert_cmpstr(place.vm->told->str, ==, "migrate tcp:b:1;");
    place.vm->migration = (VmMigrateInfo){
        .known = TRUE, .incoming = TRUE, .stats = {.status = MIG_STATUS_COMPLETED, .total_ms = -1}};
    g_string_truncate(place.vm->told, 0);
    assert_ctl(&place, "--incoming --json SOCKET migrate tcp:0:1", 0,
               "{\"status\":\"completed\",\"x-status\":\"completed\"}\n", "completed");
    g_assert_cmpstr(place.vm->told->str, ==, "incoming tcp:0:1, then stay;");
    assert_ctl(&place, "--incoming SOCKET stop", 2, "", "--incoming goes with");
    place.vm->failure = "a migration runs already";
    assert_ctl(&place, "SOCKET migrate tcp:b:1", 1, "", "a migration runs already");
    place_close(&place);
}

/* The signal comes once the migration was begun; its end once it was cancelled. */
static void
interrupt(const Place *place)
{
    Vm *vm = place->vm;

    if (g_str_has_suffix(vm->told->str, "cancel;"))
        show_status(vm, MIG_STATUS_CANCELLED);
    else if (vm->told->len > 0 && vm->irq_text > 0) {
        vm->irq_text = 0;
        kill(place->child, SIGINT);
    }
}

static void
an_interrupt_cancels_the_migration(void)
{
    Place place;
    Outcome outcome;

    place_open(&place, TRUE);
    show_status(place.vm, MIG_STATUS_ACTIVE);
    outcome = ctl_with(&place, "SOCKET migrate tcp:b:1", interrupt);
    g_assert_cmpstr(place.vm->told->str, ==, "migrate tcp:b:1;cancel;");
    g_assert_true(WIFEXITED(outcome.status));
    g_assert_cmpint(WEXITSTATUS(outcome.status), ==, 1);
    g_assert_nonnull(strstr(outcome.err, "the migration was cancelled\n"));
    g_free(outcome.out);
    g_free(outcome.err);
    place_close(&place);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ctl/results-are-printed-for-people-and-for-programs",
                    results_are_printed_for_people_and_for_programs);
    g_test_add_func("/ctl/arguments-are-text-or-json", arguments_are_text_or_json);
    g_test_add_func("/ctl/a-refusal-is-an-error-of-one-line", a_refusal_is_an_error_of_one_line);
    g_test_add_func("/ctl/wrong-usage-ends-with-2", wrong_usage_ends_with_2);
    g_test_add_func("/ctl/nobody-there-is-an-error", nobody_there_is_an_error);
    g_test_add_func("/ctl/with-wait-it-waits-for-the-socket", with_wait_it_waits_for_the_socket);
    g_test_add_func("/ctl/events-are-followed-until-the-one-wanted",
                    events_are_followed_until_the_one_wanted);
    g_test_add_func("/ctl/a-server-that-leaves-is-an-error-for-who-waits",
                    a_server_that_leaves_is_an_error_for_who_waits);
    g_test_add_func("/ctl/a-migration-is-shown-and-reported", a_migration_is_shown_and_reported);
    g_test_add_func("/ctl/a-migration-that-fails-says-why-and-what-to-do",
                    a_migration_that_fails_says_why_and_what_to_do);
    g_test_add_func("/ctl/a-word-that-is-an-argument-is-one", a_word_that_is_an_argument_is_one);
    g_test_add_func("/ctl/an-interrupt-cancels-the-migration", an_interrupt_cancels_the_migration);
    return g_test_run();
}
