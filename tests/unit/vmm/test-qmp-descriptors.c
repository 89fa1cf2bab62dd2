/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Descriptors that a QMP client hands over: which command gets which, and that none is lost.
 */
#include "tests/unit/vmm/talk.h"
#include "vmm/monitor/qmp-client.h"
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int
open_null(void)
{
    int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

    g_assert_cmpint(fd, >=, 0);
    return fd;
}

static gboolean
is_open(int fd)
{
    return fcntl(fd, F_GETFD) >= 0;
}

static void
a_command_without_a_descriptor_is_refused(void)
{
    static const char *const lines[] = {
        "{'execute':'getfd','arguments':{'fdname':'x'}}",
        "{'execute':'add-fd'}",
    };
    Talk talk = talk_begin();

    talk_open(&talk, TRUE);
    for (guint i = 0; i < G_N_ELEMENTS(lines); i++)
        talk_assert_error(&talk, lines[i], "GenericError",
                          "No file descriptor supplied via SCM_RIGHTS");
    talk_end(&talk);
}

static void
descriptors_are_taken_in_order_and_the_rest_is_closed(void)
{
    int fds[3] = {open_null(), open_null(), open_null()}, further = open_null();
    Talk talk = talk_begin();
    g_autofree char *reply = g_strdup_printf("{\"return\": {\"fdset-id\": 0, \"fd\": %d}}", fds[1]);

    talk_open(&talk, TRUE);
    qmp_session_take_fds(talk.session, fds, 3);
    talk_say(&talk, " ");
    talk_say(&talk, "{'execute':'getfd','arguments':{'fdname':'x'}}{'execute':'add-fd'}");
    g_assert_cmpstr(talk_next(&talk), ==, "{\"return\": {}}");
    g_assert_cmpstr(talk_next(&talk), ==, reply);
    g_assert_cmpstr(talk.vm->told->str, ==, "give x;");
    g_assert_true(is_open(fds[1]));
    g_assert_false(is_open(fds[2]));
    qmp_session_take_fds(talk.session, &further, 1);
    talk_assert_error(&talk, "{'execute':'getfd','arguments':{'fdname':'1x'}}", "GenericError",
                      "Parameter 'fdname' expects a name not starting with a digit");
    g_assert_false(is_open(further));
    talk_end(&talk);
    g_assert_false(is_open(fds[1]));
}

static void
sets_are_listed_and_removed(void)
{
    int fds[3] = {open_null(), open_null(), open_null()};
    Talk talk = talk_begin();
    g_autofree char *list = g_strdup_printf(
        "{\"return\": [{\"fdset-id\": 4, \"fds\": [{\"fd\": %d, \"opaque\": \"rw\"}, {\"fd\": %d}]}"
        ", {\"fdset-id\": 5, \"fds\": [{\"fd\": %d}]}]}",
        fds[0], fds[2], fds[1]);
    g_autofree char *remove =
        g_strdup_printf("{'execute':'remove-fd','arguments':{'fdset-id':4,'fd':%d}}", fds[0]);

    talk_open(&talk, TRUE);
    qmp_session_take_fds(talk.session, fds, 3);
    talk_say(&talk, "{'execute':'add-fd','arguments':{'fdset-id':4,'opaque':'rw'}}"
                    "{'execute':'add-fd','arguments':{'fdset-id':5}}"
                    "{'execute':'add-fd','arguments':{'fdset-id':4}}");
    for (guint i = 0; i < 3; i++)
        g_assert_true(g_str_has_prefix(talk_next(&talk), "{\"return\": {\"fdset-id\": "));
    talk_assert_reply(&talk, "{'execute':'query-fdsets'}", list);
    talk_assert_reply(&talk, remove, "{\"return\": {}}");
    talk_assert_reply(&talk, "{'execute':'remove-fd','arguments':{'fdset-id':5}}",
                      "{\"return\": {}}");
    talk_assert_error(&talk, "{'execute':'remove-fd','arguments':{'fdset-id':5}}", "GenericError",
                      "File descriptor named 'fdset-id:5' not found");
    talk_assert_error(&talk, "{'execute':'remove-fd','arguments':{'fdset-id':-1}}", "GenericError",
                      "Parameter 'fdset-id' expects a non-negative value");
    talk_assert_error(&talk, "{'execute':'remove-fd','arguments':{'fdset-id':4,'fd':-1}}",
                      "GenericError", "Parameter 'fd' expects the number of a descriptor");
    g_assert_false(is_open(fds[0]));
    g_assert_false(is_open(fds[1]));
    g_assert_true(is_open(fds[2]));
    talk_end(&talk);
}

/* --- Over a socket --------------------------------------------------------- */

static void
send_with(int socket, const char *text, const int *fds, guint n)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(64 * sizeof(int))];
    } control = {.bytes = {0}};
    struct iovec bytes = {.iov_base = (char *)text, .iov_len = strlen(text)};
    struct msghdr message = {.msg_iov = &bytes,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = CMSG_SPACE(n * sizeof(int))};
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);

    g_assert_cmpuint(n, <=, 64);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(n * sizeof(int));
    memcpy(CMSG_DATA(head), fds, n * sizeof(int));
    g_assert_cmpint(sendmsg(socket, &message, 0), ==, (gssize)strlen(text));
}

static guint
open_descriptors(void)
{
    GDir *dir = g_dir_open("/proc/self/fd", 0, NULL);
    guint n = 0;

    while (g_dir_read_name(dir) != NULL)
        n++;
    g_dir_close(dir);
    return n;
}

static void
never(QmpClient *client, void *user)
{
    g_assert_not_reached();
}

/* All that the client has said when nothing more comes. */
static char *
replies(int socket)
{
    char text[8192];
    gssize n;

    while (g_main_context_iteration(NULL, FALSE))
        ;
    n = recv(socket, text, sizeof(text) - 1, MSG_DONTWAIT);
    text[MAX(n, 0)] = '\0';
    return g_strdup(text);
}

static void
descriptors_come_with_the_bytes_of_a_socket(void)
{
    Vm *vm = fake_vm_new();
    int ends[2], null = open_null(), many[40];
    QmpClient *client;
    QmpClientSpec spec = {.input_ends = TRUE};
    g_autofree char *said = NULL, *flooded = NULL;
    guint before, sets = 0;

    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), ==, 0);
    spec.in = spec.out = ends[0];
    client = qmp_client_new(vm, &spec, never, NULL);
    before = open_descriptors();
    g_assert_cmpint(send(ends[1], HELLO, strlen(HELLO), 0), ==, (gssize)strlen(HELLO));
    /* The command comes in two pieces, its descriptor with the first. */
    send_with(ends[1], "{'execute':'add-", &null, 1);
    g_assert_cmpint(send(ends[1], "fd'}", 4, 0), ==, 4);
    send_with(ends[1], "{'execute':'getfd','arguments':{'fdname':'n'}}", &null, 1);
    said = replies(ends[1]);
    g_assert_nonnull(strstr(said, "{\"return\": {\"fdset-id\": 0, \"fd\": "));
    g_assert_cmpstr(strstr(said, "\"error\""), ==, NULL);
    g_assert_cmpstr(vm->told->str, ==, "give n;");
    g_assert_cmpuint(open_descriptors(), ==, before + 1);
    /* More than are kept: none stays open that nobody took. */
    for (guint i = 0; i < G_N_ELEMENTS(many); i++)
        many[i] = null;
    send_with(ends[1], "{'execute':'add-fd'}", many, G_N_ELEMENTS(many));
    send_with(ends[1], "{'execute':'add-fd'}", many, 1);
    flooded = replies(ends[1]);
    for (const char *at = flooded; (at = strstr(at, "fdset-id")) != NULL; at++)
        sets++;
    g_assert_cmpuint(sets, ==, 2);
    g_assert_cmpuint(open_descriptors(), ==, before + 3);
    qmp_client_free(client);
    fake_vm_free(vm);
    close(ends[1]);
    close(null);
    g_assert_cmpuint(open_descriptors(), ==, before - 3);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/qmp-descriptors/a-command-without-a-descriptor-is-refused",
                    a_command_without_a_descriptor_is_refused);
    g_test_add_func("/qmp-descriptors/descriptors-are-taken-in-order-and-the-rest-is-closed",
                    descriptors_are_taken_in_order_and_the_rest_is_closed);
    g_test_add_func("/qmp-descriptors/sets-are-listed-and-removed", sets_are_listed_and_removed);
    g_test_add_func("/qmp-descriptors/descriptors-come-with-the-bytes-of-a-socket",
                    descriptors_come_with_the_bytes_of_a_socket);
    return g_test_run();
}
