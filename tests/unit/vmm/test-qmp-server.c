/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QMP over real sockets: who may connect, what happens to clients that leave, come second, or do
 * not read. CLIENT-n: invariants of vmm/monitor/qmp-client.h. One thread plays both sides, so a
 * server that blocks would hang the test.
 */
#include "tests/unit/vmm/fake-vm.h"
#include "vmm/monitor/qmp-client.h"
#include "vmm/monitor/qmp.h"
#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define HELLO "{'execute': 'qmp_capabilities'}\n"

typedef struct {
    Vm *vm;
    char *directory, *path;
} Place;

static Place
place_new(void)
{
    Place place = {.vm = fake_vm_new(), .directory = g_dir_make_tmp("qmp-XXXXXX", NULL)};

    g_assert_nonnull(place.directory);
    place.path = g_build_filename(place.directory, "socket", NULL);
    return place;
}

static void
place_clear(Place *place)
{
    g_unlink(place->path);
    g_assert_cmpint(g_rmdir(place->directory), ==, 0);
    g_free(place->path);
    g_free(place->directory);
    fake_vm_free(place->vm);
}

static QmpServer *
serve(const Place *place, GError **error)
{
    g_autofree char *spec = g_strdup_printf("unix:%s,server=on,wait=off", place->path);

    return qmp_server_new(place->vm, spec, error);
}

static void
assert_refused(const Place *place, const char *spec, const char *words)
{
    g_autoptr(GError) error = NULL;

    g_assert_null(qmp_server_new(place->vm, spec, &error));
    g_assert_error(error, VM_ERROR, VM_ERROR_USAGE);
    if (strstr(error->message, words) == NULL || strchr(error->message, '\n') != NULL)
        g_error("message \"%s\" lacks \"%s\"", error->message, words);
}

static int
client_connect(const Place *place)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    g_strlcpy(name.sun_path, place->path, sizeof(name.sun_path));
    g_assert_cmpint(connect(fd, (struct sockaddr *)&name, sizeof(name)), ==, 0);
    return fd;
}

static void
say(int fd, const char *text)
{
    g_assert_cmpint(send(fd, text, strlen(text), MSG_NOSIGNAL), ==, strlen(text));
}

/* Whatever the server can do now. */
static void
spin(void)
{
    while (g_main_context_iteration(NULL, FALSE))
        ;
}

/* Reads what there is, appended to @text. Returns: FALSE at the end of the connection. */
static gboolean
hear_some(int fd, GString *text)
{
    char bytes[65536];

    for (;;) {
        gssize n = recv(fd, bytes, sizeof(bytes), 0);

        if (n > 0)
            g_string_append_len(text, bytes, n);
        else if (n < 0 && errno == EAGAIN)
            return TRUE;
        else
            return FALSE;
    }
}

/* Lets the server work until the client has heard @n lines in all. */
static void
hear_lines(int fd, GString *text, guint n)
{
    guint lines = 0;

    while (lines < n) {
        spin();
        g_assert_true(hear_some(fd, text));
        lines = 0;
        for (const char *c = text->str; *c != '\0'; c++)
            lines += *c == '\n';
    }
    g_assert_cmpuint(lines, ==, n);
}

static void
a_client_is_served_and_another_after_it(void)
{
    Place place = place_new();
    QmpServer *server = serve(&place, NULL);

    for (guint round = 0; round < 3; round++) {
        g_autoptr(GString) text = g_string_new(NULL);
        int fd = client_connect(&place);

        hear_lines(fd, text, 1);
        say(fd, HELLO "{'execute': 'query-target'}");
        hear_lines(fd, text, 3);
        g_assert_true(g_str_has_suffix(text->str, "{\"return\": {\"arch\": \"ppc64\"}}\r\n"));
        close(fd);
    }
    qmp_server_free(server);
    place_clear(&place);
}

static void
a_second_client_waits_for_the_first(void)
{
    Place place = place_new();
    QmpServer *server = serve(&place, NULL);
    g_autoptr(GString) first_text = g_string_new(NULL), second_text = g_string_new(NULL);
    int first = client_connect(&place), second = client_connect(&place);

    hear_lines(first, first_text, 1);
    say(second, HELLO);
    spin();
    g_assert_true(hear_some(second, second_text));
    g_assert_cmpuint(second_text->len, ==, 0);
    close(first);
    hear_lines(second, second_text, 2);
    close(second);
    qmp_server_free(server);
    place_clear(&place);
}

static void
events_reach_a_client_past_negotiation(void)
{
    Place place = place_new();
    QmpServer *server = serve(&place, NULL);
    g_autoptr(GString) text = g_string_new(NULL);
    int fd = client_connect(&place);

    fake_vm_emit(place.vm, VM_EVENT_STOP, FALSE, NULL); /* no client yet */
    hear_lines(fd, text, 1);
    fake_vm_emit(place.vm, VM_EVENT_STOP, FALSE, NULL);
    say(fd, HELLO);
    hear_lines(fd, text, 2);
    fake_vm_emit(place.vm, VM_EVENT_RESUME, FALSE, NULL);
    hear_lines(fd, text, 3);
    g_assert_null(strstr(text->str, "\"STOP\""));
    g_assert_nonnull(strstr(text->str, "\"RESUME\""));
    close(fd);
    qmp_server_free(server);
    place_clear(&place);
}

/* CLIENT-3 */
static void
what_was_asked_before_the_end_of_input_is_answered(void)
{
    Place place = place_new();
    QmpServer *server = serve(&place, NULL);
    g_autoptr(GString) text = g_string_new(NULL);
    int fd = client_connect(&place);

    place.vm->irq_text = 1024 * 1024; /* far more than a socket holds */
    say(fd, HELLO "{'execute': 'x-query-irq'}{'execute': 'query-target'}");
    g_assert_cmpint(shutdown(fd, SHUT_WR), ==, 0);
    do {
        spin();
    } while (hear_some(fd, text));
    g_assert_cmpuint(text->len, >, place.vm->irq_text);
    g_assert_true(g_str_has_suffix(text->str, "{\"return\": {\"arch\": \"ppc64\"}}\r\n"));
    close(fd);
    qmp_server_free(server);
    place_clear(&place);
}

/* CLIENT-1, CLIENT-2 */
static void
a_client_that_does_not_read_is_dropped(void)
{
    Place place = place_new();
    QmpServer *server = serve(&place, NULL);
    g_autoptr(GString) text = g_string_new(NULL);
    int fd = client_connect(&place), next;

    say(fd, HELLO);
    spin();
    for (guint i = 0; i < 20000; i++) /* 2.6 MB of events */
        fake_vm_emit(place.vm, VM_EVENT_RESET, TRUE, "guest-reset");
    spin();
    while (hear_some(fd, text))
        spin();
    g_assert_cmpuint(text->len, >, QMP_OUTPUT_MAX / 100); /* some arrived, */
    g_assert_cmpuint(text->len, <, 2 * QMP_OUTPUT_MAX);   /* but no more than was kept */
    next = client_connect(&place);                        /* the server is free again */
    g_string_truncate(text, 0);
    hear_lines(next, text, 1);
    close(fd);
    close(next);
    qmp_server_free(server);
    place_clear(&place);
}

static void
count_closed(QmpClient *client, void *user)
{
    ++*(guint *)user;
}

/* CLIENT-2 */
static void
commands_wait_while_their_client_does_not_read(void)
{
    g_autoptr(Vm) vm = fake_vm_new();
    g_autoptr(GString) text = g_string_new(NULL);
    guint closed = 0, i;
    int pair[2];
    QmpClient *client;

    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), ==, 0);
    client = qmp_client_new(vm, &(QmpClientSpec){.in = pair[0], .out = pair[0], .input_ends = TRUE},
                            count_closed, &closed);
    vm->irq_text = 100 * 1024;
    say(pair[1], HELLO);
    for (i = 0; i < 20; i++)
        say(pair[1], "{'execute': 'x-query-irq'}");
    spin();
    g_assert_cmpuint(qmp_client_pending(client), >, 0);
    g_assert_cmpuint(qmp_client_pending(client), <, QMP_OUTPUT_PAUSE + 2 * vm->irq_text);
    g_assert_cmpuint(closed, ==, 0);
    hear_lines(pair[1], text, 22); /* all are answered once somebody reads */
    g_assert_cmpuint(qmp_client_pending(client), ==, 0);
    close(pair[1]);
    spin();
    g_assert_cmpuint(closed, ==, 1);
    qmp_client_free(client);
}

static void
a_client_that_vanishes_in_mid_reply_is_forgotten(void)
{
    Place place = place_new();
    QmpServer *server = serve(&place, NULL);
    g_autoptr(GString) text = g_string_new(NULL);
    int fd = client_connect(&place);

    place.vm->irq_text = 1024 * 1024;
    say(fd, HELLO "{'execute': 'x-query-irq'}");
    spin();
    close(fd);
    spin();
    fd = client_connect(&place);
    hear_lines(fd, text, 1);
    close(fd);
    qmp_server_free(server);
    place_clear(&place);
}

static void
a_path_in_use_is_refused_and_stays(void)
{
    Place place = place_new();
    QmpServer *server = serve(&place, NULL);
    g_autofree char *spec = g_strdup_printf("unix:%s,server=on,wait=off", place.path);
    g_autoptr(GString) text = g_string_new(NULL);
    int fd;

    assert_refused(&place, spec, "in use");
    assert_refused(&place, spec, place.path);
    fd = client_connect(&place);
    while (text->len == 0) { /* the two attempts above came first, and left */
        spin();
        g_assert_true(hear_some(fd, text));
    }
    close(fd);
    qmp_server_free(server);
    g_assert_false(g_file_test(place.path, G_FILE_TEST_EXISTS));
    place_clear(&place);
}

static void
a_stale_socket_is_replaced(void)
{
    Place place = place_new();
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int left_over = socket(AF_UNIX, SOCK_STREAM, 0);
    g_autoptr(GError) error = NULL;
    QmpServer *server;

    g_strlcpy(name.sun_path, place.path, sizeof(name.sun_path));
    g_assert_cmpint(bind(left_over, (struct sockaddr *)&name, sizeof(name)), ==, 0);
    close(left_over);
    server = serve(&place, &error);
    g_assert_no_error(error);
    close(client_connect(&place));
    qmp_server_free(server);
    place_clear(&place);
}

static void
a_file_that_is_no_socket_is_left_alone(void)
{
    Place place = place_new();
    g_autofree char *spec = g_strdup_printf("unix:%s,server=on,wait=off", place.path);

    g_assert_true(g_file_set_contents(place.path, "precious", -1, NULL));
    assert_refused(&place, spec, "no socket");
    g_assert_true(g_file_test(place.path, G_FILE_TEST_IS_REGULAR));
    place_clear(&place);
}

static void
only_our_own_socket_is_removed(void)
{
    Place place = place_new();
    QmpServer *server = serve(&place, NULL);

    g_assert_cmpint(g_unlink(place.path), ==, 0);
    g_assert_true(g_file_set_contents(place.path, "somebody else's", -1, NULL));
    qmp_server_free(server);
    g_assert_true(g_file_test(place.path, G_FILE_TEST_IS_REGULAR));
    place_clear(&place);
}

static void
wrong_arguments_are_named(void)
{
    Place place = place_new();
    g_autofree char *long_path = g_strdup_printf("unix:/%0200d,server=on,wait=off", 0);

    assert_refused(&place, "tcp:localhost:4444", "tcp:localhost:4444");
    assert_refused(&place, "stdio,server=on", "stdio,server=on");
    assert_refused(&place, "unix:", "needs a path");
    assert_refused(&place, "unix:/x,servr=on", "servr=on");
    assert_refused(&place, "unix:/x,server=maybe", "server=maybe");
    assert_refused(&place, long_path, "at most 107");
    assert_refused(&place, "", "expected unix:PATH");
    place_clear(&place);
}

static void
a_directory_that_is_not_there_is_the_hosts_trouble(void)
{
    Place place = place_new();
    g_autoptr(GError) error = NULL;
    g_autofree char *spec = g_strdup_printf("unix:%s/no/such,server=on,wait=off", place.directory);

    g_assert_null(qmp_server_new(place.vm, spec, &error));
    g_assert_error(error, VM_ERROR, VM_ERROR_HOST);
    g_assert_nonnull(strstr(error->message, "/no/such"));
    place_clear(&place);
}

static void
a_doubled_comma_is_part_of_the_path(void)
{
    Place place = place_new();
    g_autofree char *spec = NULL;
    QmpServer *server;

    g_free(place.path);
    place.path = g_build_filename(place.directory, "a,b", NULL);
    spec = g_strdup_printf("unix:%s/a,,b,server,nowait", place.directory);
    server = qmp_server_new(place.vm, spec, NULL);
    g_assert_nonnull(server);
    close(client_connect(&place));
    qmp_server_free(server);
    place_clear(&place);
}

static void
without_server_on_it_connects(void)
{
    Place place = place_new();
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0), fd;
    g_autofree char *spec = g_strdup_printf("unix:%s", place.path);
    g_autoptr(GString) text = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    QmpServer *server;

    g_assert_null(qmp_server_new(place.vm, spec, &error));
    g_assert_error(error, VM_ERROR, VM_ERROR_HOST);
    g_strlcpy(name.sun_path, place.path, sizeof(name.sun_path));
    g_assert_cmpint(bind(listener, (struct sockaddr *)&name, sizeof(name)), ==, 0);
    g_assert_cmpint(listen(listener, 1), ==, 0);
    server = qmp_server_new(place.vm, spec, NULL);
    g_assert_nonnull(server);
    fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
    hear_lines(fd, text, 1);
    close(fd);
    spin();
    qmp_server_free(server);
    close(listener);
    place_clear(&place);
}

static gpointer
connect_to(gpointer user)
{
    const Place *place = user;

    while (!g_file_test(place->path, G_FILE_TEST_EXISTS))
        g_usleep(1000);
    for (;;) { /* the file is there a moment before it listens */
        struct sockaddr_un name = {.sun_family = AF_UNIX};
        int fd = socket(AF_UNIX, SOCK_STREAM, 0);

        g_strlcpy(name.sun_path, place->path, sizeof(name.sun_path));
        if (connect(fd, (struct sockaddr *)&name, sizeof(name)) == 0)
            return GINT_TO_POINTER(fd);
        close(fd);
    }
}

static void
with_wait_on_it_waits_for_the_first_client(void)
{
    Place place = place_new();
    g_autofree char *spec = g_strdup_printf("unix:%s,server=on", place.path);
    GThread *thread = g_thread_new("client", connect_to, &place);
    QmpServer *server = qmp_server_new(place.vm, spec, NULL);
    char greeting[7] = "";
    int fd;

    g_assert_nonnull(server);
    fd = GPOINTER_TO_INT(g_thread_join(thread));
    g_assert_cmpint(recv(fd, greeting, 6, MSG_DONTWAIT), ==, 6); /* served already */
    g_assert_cmpstr(greeting, ==, "{\"QMP\"");
    close(fd);
    qmp_server_free(server);
    place_clear(&place);
}

/* In a process of its own, with pipes for standard input and output. */
static void
stdio_is_served_to_its_end(void)
{
    if (g_test_subprocess()) {
        g_autoptr(Vm) vm = fake_vm_new();
        QmpServer *server = qmp_server_new(vm, "stdio", NULL);

        g_assert_nonnull(server);
        while (strstr(vm->told->str, "shutdown") == NULL)
            g_main_context_iteration(NULL, TRUE);
        spin(); /* past the end of input: events still go out */
        fake_vm_emit(vm, VM_EVENT_SHUTDOWN, FALSE, "host-qmp-quit");
        qmp_server_free(server);
        return;
    }
    {
        g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
        g_autofree char *script =
            g_strdup_printf("printf '%%s' \"%s\" \"%s\" | %s --GTestSubprocess -p "
                            "/qmp-server/stdio-is-served-to-its-end 2>&1 | cat",
                            "{'execute': 'qmp_capabilities'}", "{'execute': 'quit'}", self);
        char *argv[] = {(char *)"/bin/sh", (char *)"-c", script, NULL};
        g_autofree char *output = NULL;
        g_autoptr(GError) error = NULL;

        g_spawn_sync(NULL, argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, &output, NULL, NULL, &error);
        g_assert_no_error(error);
        if (strstr(output, "{\"QMP\": ") == NULL ||
            strstr(output, "{\"return\": {}}\r\n{\"return\": {}}\r\n{\"timestamp\"") == NULL ||
            strstr(output, "\"SHUTDOWN\"") == NULL)
            g_error("not the conversation expected: %s", output);
    }
}

int
main(int argc, char **argv)
{
    static const struct {
        const char *path;
        GTestFunc func;
    } tests[] = {
        {"/qmp-server/a-client-is-served-and-another-after-it",
         a_client_is_served_and_another_after_it},
        {"/qmp-server/a-second-client-waits-for-the-first", a_second_client_waits_for_the_first},
        {"/qmp-server/events-reach-a-client-past-negotiation",
         events_reach_a_client_past_negotiation},
        {"/qmp-server/what-was-asked-before-the-end-of-input-is-answered",
         what_was_asked_before_the_end_of_input_is_answered},
        {"/qmp-server/a-client-that-does-not-read-is-dropped",
         a_client_that_does_not_read_is_dropped},
        {"/qmp-server/commands-wait-while-their-client-does-not-read",
         commands_wait_while_their_client_does_not_read},
        {"/qmp-server/a-client-that-vanishes-in-mid-reply-is-forgotten",
         a_client_that_vanishes_in_mid_reply_is_forgotten},
        {"/qmp-server/a-path-in-use-is-refused-and-stays", a_path_in_use_is_refused_and_stays},
        {"/qmp-server/a-stale-socket-is-replaced", a_stale_socket_is_replaced},
        {"/qmp-server/a-file-that-is-no-socket-is-left-alone",
         a_file_that_is_no_socket_is_left_alone},
        {"/qmp-server/only-our-own-socket-is-removed", only_our_own_socket_is_removed},
        {"/qmp-server/wrong-arguments-are-named", wrong_arguments_are_named},
        {"/qmp-server/a-directory-that-is-not-there-is-the-hosts-trouble",
         a_directory_that_is_not_there_is_the_hosts_trouble},
        {"/qmp-server/a-doubled-comma-is-part-of-the-path", a_doubled_comma_is_part_of_the_path},
        {"/qmp-server/without-server-on-it-connects", without_server_on_it_connects},
        {"/qmp-server/with-wait-on-it-waits-for-the-first-client",
         with_wait_on_it_waits_for_the_first_client},
        {"/qmp-server/stdio-is-served-to-its-end", stdio_is_served_to_its_end},
    };

    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(tests); i++)
        g_test_add_func(tests[i].path, tests[i].func);
    return g_test_run();
}
