/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The console's far end: files, sockets, pseudo-terminals; output that nobody reads, input that
 * nobody takes, and Ctrl-A. The main context is iterated until what is awaited is true.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#include "vmm/chardev.h"
#include "vmm/vm.h"

typedef struct {
    char *dir, *path, *unix_spec;
    Log *log;
    GPtrArray *lines;
    GString *input;
    gsize room; /* what the device takes */
    guint quits;
} Rig;

static void
rig_line(const char *line, void *user)
{
    g_ptr_array_add(((Rig *)user)->lines, g_strdup(line));
}

static void
rig_quit(void *user)
{
    ((Rig *)user)->quits++;
}

static gsize
rig_can_read(void *user)
{
    return ((Rig *)user)->room;
}

static void
rig_read(void *user, const guint8 *bytes, gsize n)
{
    Rig *rig = user;

    g_assert_cmpuint(n, <=, rig->room);
    rig->room -= n;
    g_string_append_len(rig->input, (const char *)bytes, (gssize)n);
}

static const VdevChardevOps rig_ops = {.can_read = rig_can_read, .read = rig_read};

static void
rig_set_up(Rig *rig, gconstpointer data)
{
    rig->dir = g_dir_make_tmp("chardev-XXXXXX", NULL);
    rig->path = g_build_filename(rig->dir, "end", NULL);
    rig->unix_spec = g_strdup_printf("unix:%s,server=on,wait=off", rig->path);
    rig->lines = g_ptr_array_new_with_free_func(g_free);
    rig->log = log_new_to(0, g_get_monotonic_time, rig_line, rig);
    rig->input = g_string_new(NULL);
}

static void
rig_tear_down(Rig *rig, gconstpointer data)
{
    log_free(rig->log);
    unlink(rig->path);
    g_assert_cmpint(rmdir(rig->dir), ==, 0);
    g_ptr_array_unref(rig->lines);
    g_string_free(rig->input, TRUE);
    g_free(rig->dir);
    g_free(rig->path);
    g_free(rig->unix_spec);
}

static VdevChardev *
rig_open(Rig *rig, const char *spec, gboolean escape, GError **error)
{
    ChardevConfig config = {
        .spec = spec, .escape = escape, .log = rig->log, .quit = rig_quit, .user = rig};
    VdevChardev *chardev = chardev_new(&config, error);

    chardev_set_ops(chardev, &rig_ops, rig);
    return chardev;
}

static gint
rig_connect(Rig *rig)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    gint fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    strcpy(address.sun_path, rig->path);
    g_assert_cmpint(connect(fd, (struct sockaddr *)&address, sizeof(address)), ==, 0);
    return fd;
}

static void
rig_put(VdevChardev *chardev, const char *text)
{
    chardev_write(chardev, (const guint8 *)text, strlen(text));
}

/* Reads from @fd until @n bytes are there. (transfer full) */
static char *
rig_get(gint fd, gsize n)
{
    g_autofree char *bytes = g_malloc0(n + 1);
    gsize got = 0;

    while (got < n) {
        gssize r = read(fd, bytes + got, n - got);

        if (r > 0)
            got += (gsize)r;
        else
            g_assert_true(r < 0 && errno == EAGAIN);
        g_main_context_iteration(NULL, FALSE);
    }
    return g_steal_pointer(&bytes);
}

static void
a_file_gets_the_output(Rig *rig, gconstpointer data)
{
    g_autofree char *spec = g_strconcat("file:", rig->path, NULL);
    g_autofree char *append = g_strconcat(spec, ",append=on", NULL);
    g_autofree char *text = NULL;
    VdevChardev *chardev;

    for (guint i = 0; i < 3; i++) {
        chardev = rig_open(rig, i == 2 ? append : spec, FALSE, NULL);
        g_assert_nonnull(chardev);
        rig_put(chardev, i == 2 ? "more" : "hello");
        chardev_free(chardev);
    }
    g_assert_true(g_file_get_contents(rig->path, &text, NULL, NULL));
    g_assert_cmpstr(text, ==, "hellomore");
}

static void
the_first_client_sees_how_it_began(Rig *rig, gconstpointer data)
{
    VdevChardev *chardev = rig_open(rig, rig->unix_spec, FALSE, NULL);
    g_autofree char *first = NULL;
    g_autofree char *second = NULL;
    gint fd;

    rig_put(chardev, "early ");
    fd = rig_connect(rig);
    first = rig_get(fd, 6);
    g_assert_cmpstr(first, ==, "early ");
    rig_put(chardev, "late");
    second = rig_get(fd, 4);
    g_assert_cmpstr(second, ==, "late");
    close(fd);
    chardev_free(chardev);
    g_assert_false(g_file_test(rig->path, G_FILE_TEST_EXISTS));
}

static void
a_client_may_leave_and_another_come(Rig *rig, gconstpointer data)
{
    VdevChardev *chardev = rig_open(rig, rig->unix_spec, FALSE, NULL);

    rig->room = 100;
    for (guint i = 0; i < 3; i++) {
        gint fd = rig_connect(rig);
        g_autofree char *text = NULL;

        g_string_truncate(rig->input, 0);
        g_assert_cmpint(write(fd, "abc", 3), ==, 3);
        while (rig->input->len < 3)
            g_main_context_iteration(NULL, TRUE);
        g_assert_cmpstr(rig->input->str, ==, "abc");
        rig_put(chardev, "xyz");
        text = rig_get(fd, 3);
        g_assert_cmpstr(text, ==, "xyz");
        close(fd);
    }
    chardev_free(chardev);
}

static void
output_that_nobody_reads_is_bounded_and_the_newest_stays(Rig *rig, gconstpointer data)
{
    VdevChardev *chardev = rig_open(rig, rig->unix_spec, FALSE, NULL);
    g_autofree char *text = NULL;
    gint fd;

    for (guint i = 0; i < 100000; i++) {
        g_autofree char *line = g_strdup_printf("%07u\n", i);

        rig_put(chardev, line);
    }
    fd = rig_connect(rig);
    text = rig_get(fd, CHARDEV_BUFFER);
    g_assert_true(g_str_has_suffix(text, "0099999\n"));
    g_assert_cmpuint(strlen(text), ==, CHARDEV_BUFFER);
    close(fd);
    chardev_free(chardev);
}

static void
a_reader_that_lags_is_reported_once(Rig *rig, gconstpointer data)
{
    VdevChardev *chardev = rig_open(rig, rig->unix_spec, FALSE, NULL);
    gint fd = rig_connect(rig);
    g_autofree char *block = g_strnfill(65536, 'x');
    g_autofree char *first = NULL;

    rig_put(chardev, "a");
    first = rig_get(fd, 1);
    for (guint i = 0; i < 100; i++)
        rig_put(chardev, block);
    g_assert_cmpuint(rig->lines->len, ==, 1);
    g_assert_nonnull(strstr(rig->lines->pdata[0], "lost"));
    close(fd);
    chardev_free(chardev);
}

static void
input_waits_until_the_device_takes_it(Rig *rig, gconstpointer data)
{
    VdevChardev *chardev = rig_open(rig, rig->unix_spec, FALSE, NULL);
    g_autofree char *block = g_strnfill(20000, 'i');
    gint fd = rig_connect(rig);
    gsize sent = 0;

    while (sent < 20000) {
        gssize n = write(fd, block + sent, 20000 - sent);

        sent += n > 0 ? (gsize)n : 0;
        g_main_context_iteration(NULL, FALSE);
    }
    while (g_main_context_iteration(NULL, FALSE))
        ;
    g_assert_cmpuint(rig->input->len, ==, 0);
    while (rig->input->len < 20000) {
        rig->room = 16;
        chardev_accept_input(chardev);
        while (rig->room > 0 && rig->input->len < 20000)
            g_main_context_iteration(NULL, TRUE);
    }
    g_assert_cmpmem(rig->input->str, 20000, block, 20000);
    close(fd);
    chardev_free(chardev);
}

static void
a_pseudo_terminal_does_not_echo_and_does_not_hang_up(Rig *rig, gconstpointer data)
{
    VdevChardev *chardev = rig_open(rig, "pty", FALSE, NULL);

    g_assert_nonnull(chardev);
    rig->room = 100;
    rig_put(chardev, "hello\n");
    while (g_main_context_iteration(NULL, FALSE))
        ;
    g_assert_cmpuint(rig->input->len, ==, 0);
    chardev_free(chardev);
}

/* The guest has a terminal, and the stream its section. */
static void
null_is_a_line_that_leads_nowhere(Rig *rig, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    VdevChardev *chardev = rig_open(rig, "null", FALSE, &error);

    g_assert_no_error(error);
    g_assert_nonnull(chardev);
    rig_put(chardev, "x");
    chardev_accept_input(chardev);
    chardev_free(chardev);
}

static void
none_takes_output_and_gives_nothing(Rig *rig, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    VdevChardev *chardev = rig_open(rig, "none", FALSE, &error);

    g_assert_null(chardev);
    g_assert_no_error(error);
    rig_put(chardev, "x");
    chardev_accept_input(chardev);
    chardev_free(chardev);
}

static void
what_cannot_be_opened_is_named(Rig *rig, gconstpointer data)
{
    VdevChardev *holder = rig_open(rig, rig->unix_spec, FALSE, NULL);
    g_autofree char *nokey = g_strdup_printf("unix:%s,colour=red", rig->path);
    g_autofree char *client = g_strdup_printf("unix:%s/absent", rig->dir);
    g_autofree char *longest = g_strdup_printf("unix:/%0200d,server=on", 0);
    const char *const specs[] = {
        "file:/nonexistent/x", "file:/tmp,append=perhaps", nokey, client, longest, rig->unix_spec};

    for (guint i = 0; i < G_N_ELEMENTS(specs); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_null(rig_open(rig, specs[i], FALSE, &error));
        g_assert_error(error, VM_ERROR, VM_ERROR_USAGE);
        g_assert_nonnull(strstr(error->message, "-serial"));
    }
    chardev_free(holder);
}

static void
a_socket_that_a_dead_process_left_is_replaced(Rig *rig, gconstpointer data)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    gint fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    VdevChardev *chardev;

    strcpy(address.sun_path, rig->path);
    g_assert_cmpint(bind(fd, (struct sockaddr *)&address, sizeof(address)), ==, 0);
    close(fd);
    chardev = rig_open(rig, rig->unix_spec, FALSE, NULL);
    g_assert_nonnull(chardev);
    chardev_free(chardev);
}

/* Standard input and output become pipes for the length of this. */
static void
ctrl_a_is_the_operators(Rig *rig, gconstpointer data)
{
    gint in[2], out[2], old_in = dup(STDIN_FILENO), old_out = dup(STDOUT_FILENO);
    VdevChardev *chardev;
    char text[512] = "";

    g_assert_cmpint(pipe(in), ==, 0);
    g_assert_cmpint(pipe(out), ==, 0);
    dup2(in[0], STDIN_FILENO);
    dup2(out[1], STDOUT_FILENO);
    chardev = rig_open(rig, "stdio", TRUE, NULL);
    rig->room = 3;
    g_assert_cmpint(write(in[1], "a\001\001b\001hc\001z\001x", 11), ==, 11);
    while (rig->quits == 0) {
        if (rig->room == 0) {
            rig->room = 1;
            chardev_accept_input(chardev);
        }
        g_main_context_iteration(NULL, FALSE);
    }
    chardev_free(chardev);
    dup2(old_in, STDIN_FILENO);
    dup2(old_out, STDOUT_FILENO);
    close(old_in);
    close(old_out);
    g_assert_cmpint(read(out[0], text, sizeof(text) - 1), >, 0);
    g_assert_nonnull(strstr(text, "end the VM"));
    g_assert_cmpstr(rig->input->str, ==, "a\001bc");
    g_assert_cmpuint(rig->quits, ==, 1);
    for (guint i = 0; i < 2; i++) {
        close(in[i]);
        close(out[i]);
    }
}

/* @fd and a new pipe or terminal take the places of standard input and output for the test. */
typedef struct {
    gint in, out; /* ours */
    gint old_in, old_out;
} Stdio;

static void
stdio_take(Stdio *stdio, gint in, gint in_ours)
{
    gint out[2];

    g_assert_cmpint(pipe(out), ==, 0);
    *stdio = (Stdio){in_ours, out[0], dup(STDIN_FILENO), dup(STDOUT_FILENO)};
    dup2(in, STDIN_FILENO);
    dup2(out[1], STDOUT_FILENO);
    close(in);
    close(out[1]);
}

static void
stdio_restore(Stdio *stdio)
{
    dup2(stdio->old_in, STDIN_FILENO);
    dup2(stdio->old_out, STDOUT_FILENO);
    close(stdio->old_in);
    close(stdio->old_out);
    close(stdio->in);
    close(stdio->out);
}

/* The device takes 16 bytes now and then, as the guest's terminal does; nothing may be missing. */
static void
take_all(Rig *rig, VdevChardev *chardev, gsize n)
{
    while (rig->input->len < n) {
        rig->room = 16;
        chardev_accept_input(chardev);
        g_main_context_iteration(NULL, FALSE);
    }
    for (gsize i = 0; i < n; i++)
        g_assert_cmpint(rig->input->str[i], ==, 'a' + (char)(i % 26));
}

static void
a_pipe_waits_for_a_guest_that_does_not_read(Rig *rig, gconstpointer data)
{
    const gsize n = 40000;
    g_autofree char *text = g_malloc(n);
    gint in[2];
    VdevChardev *chardev;
    Stdio stdio;

    for (gsize i = 0; i < n; i++)
        text[i] = 'a' + (char)(i % 26);
    g_assert_cmpint(pipe(in), ==, 0);
    stdio_take(&stdio, in[0], in[1]);
    chardev = rig_open(rig, "stdio", TRUE, NULL);
    g_assert_cmpint(write(in[1], text, n), ==, (gssize)n);
    while (g_main_context_iteration(NULL, FALSE))
        ;
    take_all(rig, chardev, n);
    chardev_free(chardev);
    stdio_restore(&stdio);
    g_assert_cmpuint(rig->lines->len, ==, 0);
}

static gint
unread_of(gint fd)
{
    gint n = -1;

    g_assert_cmpint(ioctl(fd, FIONREAD, &n), ==, 0);
    return n;
}

static void
iterate_all(void)
{
    while (g_main_context_iteration(NULL, FALSE))
        ;
}

/* What is not read here can be read by the guest's next host, through the same end. */
static void
no_more_is_read_than_the_device_takes(Rig *rig, gconstpointer data)
{
    gint in[2];
    VdevChardev *chardev;
    Stdio stdio;

    g_assert_cmpint(pipe(in), ==, 0);
    stdio_take(&stdio, in[0], in[1]);
    rig->room = 5;
    chardev = rig_open(rig, "stdio", FALSE, NULL);
    g_assert_cmpint(write(in[1], "0123456789", 10), ==, 10);
    iterate_all();
    g_assert_cmpstr(rig->input->str, ==, "01234");
    g_assert_cmpint(unread_of(STDIN_FILENO), ==, 5);

    rig->room = 5;
    chardev_pause(chardev);
    chardev_accept_input(chardev);
    iterate_all();
    g_assert_cmpint(unread_of(STDIN_FILENO), ==, 5);
    chardev_go_on(chardev);
    iterate_all();
    g_assert_cmpstr(rig->input->str, ==, "0123456789");
    g_assert_cmpuint(chardev_unread(chardev), ==, 0);
    chardev_free(chardev);
    stdio_restore(&stdio);
}

/* A guest that reads nothing, or is not here yet, keeps nobody from the console. */
static void
a_client_may_leave_unheard(Rig *rig, gconstpointer data)
{
    VdevChardev *chardev = rig_open(rig, rig->unix_spec, FALSE, NULL);
    gint first, second;

    chardev_pause(chardev);
    first = rig_connect(rig);
    g_assert_cmpint(write(first, "last words ", 11), ==, 11);
    iterate_all();
    g_assert_cmpuint(chardev_unread(chardev), ==, 0);
    close(first);
    second = rig_connect(rig);
    g_assert_cmpint(write(second, "first words", 11), ==, 11);
    iterate_all();
    g_assert_cmpuint(chardev_unread(chardev), ==, 11);
    rig->room = 22;
    chardev_go_on(chardev);
    iterate_all();
    g_assert_cmpstr(rig->input->str, ==, "last words first words");
    close(second);
    chardev_free(chardev);
}

/* Pasted to a guest that does not read: all of it is kept, and Ctrl-A x behind it is heard. */
static void
a_terminal_keeps_a_paste_and_hears_ctrl_a(Rig *rig, gconstpointer data)
{
    const gsize n = 40000;
    gint master = posix_openpt(O_RDWR | O_NOCTTY), slave;
    struct termios raw;
    VdevChardev *chardev;
    Stdio stdio;

    g_assert_true(grantpt(master) == 0 && unlockpt(master) == 0);
    slave = open(ptsname(master), O_RDWR | O_NOCTTY);
    g_assert_cmpint(slave, >=, 0);
    /* As the console makes it, if the terminal is its own, which it is not in a test. */
    g_assert_cmpint(tcgetattr(slave, &raw), ==, 0);
    cfmakeraw(&raw);
    g_assert_cmpint(tcsetattr(slave, TCSANOW, &raw), ==, 0);
    stdio_take(&stdio, slave, master);
    chardev = rig_open(rig, "stdio", TRUE, NULL);
    for (gsize i = 0; i < n; i++) {
        char byte = 'a' + (char)(i % 26);

        g_assert_cmpint(write(master, &byte, 1), ==, 1);
        while (i % 64 == 63 && g_main_context_iteration(NULL, FALSE))
            ;
    }
    g_assert_cmpint(write(master, "\001x", 2), ==, 2);
    while (rig->quits == 0)
        g_main_context_iteration(NULL, TRUE);
    take_all(rig, chardev, n);
    chardev_free(chardev);
    stdio_restore(&stdio);
    g_assert_cmpuint(rig->lines->len, ==, 0);
}

int
main(int argc, char **argv)
{
    static const struct {
        const char *path;
        void (*func)(Rig *rig, gconstpointer data);
    } rows[] = {
        {"/chardev/file", a_file_gets_the_output},
        {"/chardev/early", the_first_client_sees_how_it_began},
        {"/chardev/clients", a_client_may_leave_and_another_come},
        {"/chardev/bounded", output_that_nobody_reads_is_bounded_and_the_newest_stays},
        {"/chardev/lost", a_reader_that_lags_is_reported_once},
        {"/chardev/flow", input_waits_until_the_device_takes_it},
        {"/chardev/pty", a_pseudo_terminal_does_not_echo_and_does_not_hang_up},
        {"/chardev/null", null_is_a_line_that_leads_nowhere},
        {"/chardev/none", none_takes_output_and_gives_nothing},
        {"/chardev/refused", what_cannot_be_opened_is_named},
        {"/chardev/stale", a_socket_that_a_dead_process_left_is_replaced},
        {"/chardev/escape", ctrl_a_is_the_operators},
        {"/chardev/stdio-flow", a_pipe_waits_for_a_guest_that_does_not_read},
        {"/chardev/read-ahead", no_more_is_read_than_the_device_takes},
        {"/chardev/unheard", a_client_may_leave_unheard},
        {"/chardev/stdio-paste", a_terminal_keeps_a_paste_and_hears_ctrl_a},
    };

    g_test_init(&argc, &argv, NULL);
    signal(SIGPIPE, SIG_IGN);
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++)
        g_test_add(rows[i].path, Rig, NULL, rig_set_up, rows[i].func, rig_tear_down);
    return g_test_run();
}
