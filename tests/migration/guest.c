/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Processes, QMP, memory files (see the header).
 */
#include "tests/migration/guest.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE_US (120 * G_USEC_PER_SEC) /* valgrind and sanitizers are slow */
#define STEP_US     2000

struct Guest {
    GPid pid;
    gboolean ended;
    int status; /* of waitpid, once it ended */
    int qmp;
    GByteArray *in; /* bytes of lines that are not whole yet */
    json_t *events; /* object: name → µs of the last one */
    char *memory, *log;
    guint8 *map;
    guint64 size;
};

void
rig_init(GuestRig *rig, const char *vmm, const char *module_dir, const char *script)
{
    const char *shm = "/dev/shm";

    *rig = (GuestRig){.vmm = vmm, .module_dir = module_dir, .script = script};
    rig->dir = g_build_filename(g_access(shm, W_OK) == 0 ? shm : g_get_tmp_dir(),
                                "spapr-vmm-move-XXXXXX", NULL);
    g_assert_nonnull(g_mkdtemp(rig->dir));
}

void
rig_clear(GuestRig *rig)
{
    g_autoptr(GDir) dir = g_dir_open(rig->dir, 0, NULL);
    const char *name;

    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *path = rig_path(rig, name);

        g_unlink(path);
    }
    g_rmdir(rig->dir);
    g_clear_pointer(&rig->dir, g_free);
}

char *
rig_path(const GuestRig *rig, const char *name)
{
    return g_build_filename(rig->dir, name, NULL);
}

/* ---- the process --------------------------------------------------------------------------- */

typedef struct {
    int fd, log;
    guint64 file_limit;
} ChildSetup;

static void
set_up_child(void *data)
{
    const ChildSetup *child = data;
    struct rlimit limit = {child->file_limit, child->file_limit};

    prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves nothing running */
    dup2(child->log, 2);
    if (child->fd > 2)
        fcntl(child->fd, F_SETFD, 0);
    if (child->file_limit != 0) {
        signal(SIGXFSZ, SIG_IGN);
        setrlimit(RLIMIT_FSIZE, &limit);
    }
}

static GPtrArray *
command_line(const GuestRig *rig, const GuestSpec *spec, const Guest *guest, const char *socket)
{
    GPtrArray *line = g_ptr_array_new_with_free_func(g_free);

#define ADD(...) g_ptr_array_add(line, g_strdup_printf(__VA_ARGS__))
    ADD("%s", rig->vmm);
    ADD("-module-dir"), ADD("%s", rig->module_dir);
    ADD("-accel"), ADD("model,script=%s", rig->script);
    ADD("-M"), ADD("%s,memory-backend=m", spec->machine == NULL ? "pseries" : spec->machine);
    ADD("-object");
    if (spec->backend != NULL)
        ADD("%s,id=m,size=%" G_GUINT64_FORMAT, spec->backend, guest->size);
    else if (spec->unseen)
        ADD("memory-backend-ram,id=m,size=%" G_GUINT64_FORMAT, guest->size);
    else
        ADD("memory-backend-file,id=m,share=on,size=%" G_GUINT64_FORMAT ",mem-path=%s", guest->size,
            guest->memory);
    ADD("-smp"), ADD("%s", spec->smp == NULL ? "1" : spec->smp);
    ADD("-device"), ADD("spapr-xive-kvm");
    ADD("-qmp"), ADD("unix:%s,server=on,wait=off", socket);
    ADD("-serial"), ADD("%s", spec->console ? "file:/dev/null" : "none");
    if (spec->incoming != NULL)
        ADD("-incoming"), ADD("%s", spec->incoming);
    if (spec->paused)
        ADD("-S");
    for (guint i = 0; spec->options != NULL && spec->options[i] != NULL; i++)
        ADD("%s", spec->options[i]);
#undef ADD
    g_ptr_array_add(line, NULL);
    return line;
}

static void
make_memory(Guest *guest)
{
    int fd = open(guest->memory, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(ftruncate(fd, (off_t)guest->size), ==, 0);
    guest->map = mmap(NULL, guest->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    g_assert_true(guest->map != MAP_FAILED);
    close(fd);
}

static gboolean
has_ended(Guest *guest)
{
    if (!guest->ended)
        guest->ended = waitpid(guest->pid, &guest->status, WNOHANG) == guest->pid;
    return guest->ended;
}

static void
give_up(Guest *guest, const char *what)
{
    g_autofree char *log = guest_log(guest);

    g_error("%s; its log: %s", what, log);
}

static void
connect_qmp(Guest *guest, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    gint64 end = g_get_monotonic_time() + PATIENCE_US;

    g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
    guest->qmp = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    while (connect(guest->qmp, (struct sockaddr *)&address, sizeof(address)) != 0) {
        if (has_ended(guest))
            return; /* whoever asks it finds out */
        if (g_get_monotonic_time() > end)
            give_up(guest, "the guest opens no QMP socket");
        g_usleep(STEP_US);
    }
    guest_do(guest, "qmp_capabilities", NULL);
}

Guest *
guest_start(const GuestRig *rig, const GuestSpec *spec)
{
    Guest *guest = g_new0(Guest, 1);
    g_autofree char *socket = g_strdup_printf("%s/%s.qmp", rig->dir, spec->name);
    g_autoptr(GPtrArray) line = NULL;
    g_autoptr(GError) error = NULL;
    ChildSetup child = {.fd = spec->fd, .file_limit = spec->file_limit};

    guest->memory = g_strdup_printf("%s/%s.memory", rig->dir, spec->name);
    guest->log = g_strdup_printf("%s/%s.log", rig->dir, spec->name);
    guest->size = spec->size == 0 ? 256 * MIB : spec->size;
    guest->in = g_byte_array_new();
    guest->events = json_object();
    make_memory(guest);
    g_unlink(socket);
    child.log = open(guest->log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    line = command_line(rig, spec, guest, socket);
    g_spawn_async(NULL, (char **)line->pdata, NULL,
                  G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDOUT_TO_DEV_NULL |
                      G_SPAWN_LEAVE_DESCRIPTORS_OPEN,
                  set_up_child, &child, &guest->pid, &error);
    g_assert_no_error(error);
    close(child.log);
    connect_qmp(guest, socket);
    return guest;
}

void
guest_kill(Guest *guest)
{
    if (has_ended(guest))
        return;
    kill(guest->pid, SIGKILL);
    waitpid(guest->pid, &guest->status, 0);
    guest->ended = TRUE;
}

void
guest_free(Guest *guest)
{
    if (guest == NULL)
        return;
    guest_kill(guest);
    close(guest->qmp);
    munmap(guest->map, guest->size);
    g_unlink(guest->memory);
    g_byte_array_unref(guest->in);
    json_decref(guest->events);
    g_free(guest->memory);
    g_free(guest->log);
    g_free(guest);
}

int
guest_wait_exit(Guest *guest)
{
    gint64 end = g_get_monotonic_time() + PATIENCE_US;

    while (!has_ended(guest)) {
        if (g_get_monotonic_time() > end)
            give_up(guest, "the guest does not end");
        g_usleep(STEP_US);
    }
    return WIFEXITED(guest->status) ? WEXITSTATUS(guest->status) : -1;
}

char *
guest_log(Guest *guest)
{
    char *text = NULL;

    g_file_get_contents(guest->log, &text, NULL, NULL);
    return text == NULL ? g_strdup("") : text;
}

/* ---- QMP ----------------------------------------------------------------------------------- */

/* A line that has come, or NULL. */
static json_t *
take_line(Guest *guest)
{
    guint8 *end = guest->in->len == 0 ? NULL : memchr(guest->in->data, '\n', guest->in->len);
    gsize n = end == NULL ? 0 : (gsize)(end - guest->in->data) + 1;
    json_t *line;

    if (end == NULL)
        return NULL;
    line = json_loadb((const char *)guest->in->data, n, 0, NULL);
    g_assert_nonnull(line);
    g_byte_array_remove_range(guest->in, 0, (guint)n);
    return line;
}

/* FALSE: the other end is closed. */
static gboolean
read_more(Guest *guest, int patience_ms)
{
    struct pollfd wait = {.fd = guest->qmp, .events = POLLIN};
    guint8 buffer[4096];
    gssize n;

    if (poll(&wait, 1, patience_ms) <= 0)
        return TRUE;
    n = read(guest->qmp, buffer, sizeof(buffer));
    if (n <= 0)
        return FALSE;
    g_byte_array_append(guest->in, buffer, (guint)n);
    return TRUE;
}

/* Keeps an event's time. TRUE: it was one, or the greeting. */
static gboolean
is_event(Guest *guest, json_t *line)
{
    json_t *time = json_object_get(line, "timestamp");
    const char *name = json_string_value(json_object_get(line, "event"));

    if (name != NULL)
        json_object_set_new(
            guest->events, name,
            json_integer(json_integer_value(json_object_get(time, "seconds")) * 1000000 +
                         json_integer_value(json_object_get(time, "microseconds"))));
    return name != NULL || json_object_get(line, "QMP") != NULL;
}

/* (transfer full), or NULL: it has gone. */
static json_t *
wait_answer(Guest *guest)
{
    gint64 end = g_get_monotonic_time() + PATIENCE_US;

    for (;;) {
        json_t *line = take_line(guest);

        if (line != NULL && !is_event(guest, line))
            return line;
        if (line == NULL && !read_more(guest, 100))
            return NULL;
        if (g_get_monotonic_time() > end)
            give_up(guest, "the guest does not answer");
        json_decref(line);
    }
}

json_t *
guest_ask(Guest *guest, const char *command, json_t *arguments, char **error)
{
    json_t *question = json_pack("{s:s}", "execute", command);
    json_t *answer, *result;
    char *text;

    if (arguments != NULL)
        json_object_set_new(question, "arguments", arguments);
    text = json_dumps(question, JSON_COMPACT);
    json_decref(question);
    answer = send(guest->qmp, text, strlen(text), MSG_NOSIGNAL) < 0 ? NULL : wait_answer(guest);
    free(text);
    result = json_incref(json_object_get(answer, "return"));
    if (result == NULL && error != NULL)
        *error = g_strdup(answer == NULL ? "the guest has gone"
                                         : json_string_value(json_object_get(
                                               json_object_get(answer, "error"), "desc")));
    json_decref(answer);
    return result;
}

void
guest_do(Guest *guest, const char *command, json_t *arguments)
{
    g_autofree char *error = NULL;
    json_t *result = guest_ask(guest, command, arguments, &error);

    if (result == NULL)
        give_up(guest, error);
    json_decref(result);
}

void
guest_give(Guest *guest, const char *command, json_t *arguments, int fd)
{
    json_t *question = json_pack("{s:s,s:o}", "execute", command, "arguments", arguments);
    char *text = json_dumps(question, JSON_COMPACT);
    struct iovec bytes = {text, strlen(text)};
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct msghdr message = {.msg_iov = &bytes,
                             .msg_iovlen = 1,
                             .msg_control = control.room,
                             .msg_controllen = sizeof(control.room)};
    json_t *answer;

    control.head = (struct cmsghdr){
        .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
    memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
    g_assert_cmpint(sendmsg(guest->qmp, &message, MSG_NOSIGNAL), ==, (gssize)bytes.iov_len);
    answer = wait_answer(guest);
    g_assert_nonnull(json_object_get(answer, "return"));
    json_decref(answer);
    json_decref(question);
    free(text);
}

char *
guest_refuses(Guest *guest, const char *command, json_t *arguments)
{
    char *error = NULL;
    json_t *result = guest_ask(guest, command, arguments, &error);

    g_assert_null(result);
    return error;
}

static char *
ask_text(Guest *guest, const char *command, const char *key, char **second)
{
    g_autofree char *error = NULL;
    json_t *result = guest_ask(guest, command, NULL, &error);
    char *text;

    if (result == NULL)
        give_up(guest, error);
    text = g_strdup(json_string_value(json_object_get(result, key)));
    if (second != NULL)
        *second = g_strdup(json_string_value(json_object_get(result, "error-desc")));
    json_decref(result);
    return text;
}

char *
guest_run_state(Guest *guest)
{
    return ask_text(guest, "query-status", "status", NULL);
}

char *
guest_migration(Guest *guest, char **error)
{
    return ask_text(guest, "query-migrate", "status", error);
}

static void
wait_text(Guest *guest, char *(*get)(Guest *guest), const char *wanted)
{
    gint64 end = g_get_monotonic_time() + PATIENCE_US;

    for (;;) {
        g_autofree char *text = get(guest);

        if (g_strcmp0(text, wanted) == 0)
            return;
        if (g_get_monotonic_time() > end)
            g_error("the guest is %s, and was to be %s", text, wanted);
        g_usleep(STEP_US);
    }
}

void
guest_wait_run_state(Guest *guest, const char *state)
{
    wait_text(guest, guest_run_state, state);
}

static char *
plain_migration(Guest *guest)
{
    return guest_migration(guest, NULL);
}

void
guest_wait_migration(Guest *guest, const char *status)
{
    wait_text(guest, plain_migration, status);
}

char *
guest_wait_over(Guest *guest, char **error)
{
    static const char *const ends[] = {"completed", "failed", "cancelled", NULL};
    gint64 end = g_get_monotonic_time() + PATIENCE_US;

    for (;;) {
        char *reason = NULL;
        g_autofree char *status = guest_migration(guest, &reason);

        if (status != NULL && g_strv_contains(ends, status)) {
            if (error != NULL)
                *error = g_steal_pointer(&reason);
            g_free(reason);
            return g_steal_pointer(&status);
        }
        g_free(reason);
        if (g_get_monotonic_time() > end)
            g_error("the migration does not end: %s", status);
        g_usleep(STEP_US);
    }
}

gint64
guest_event_us(Guest *guest, const char *name)
{
    json_t *line;

    /* Events before the answer have come; of one that has ended, all that it said. */
    json_decref(guest_ask(guest, "query-status", NULL, NULL));
    while (guest->ended && read_more(guest, 0) && guest->in->len > 0)
        while ((line = take_line(guest)) != NULL) {
            is_event(guest, line);
            json_decref(line);
        }
    return json_integer_value(json_object_get(guest->events, name));
}

/* ---- memory -------------------------------------------------------------------------------- */

void
guest_poke(Guest *guest, guint64 gpa, guint64 value)
{
    g_assert_cmpuint(gpa, <=, guest->size - sizeof(value));
    value = GUINT64_TO_BE(value);
    memcpy(guest->map + gpa, &value, sizeof(value));
}

void
guest_assert_same_memory(Guest *a, Guest *b)
{
    g_assert_cmpuint(a->size, ==, b->size);
    for (guint64 at = 0; at < a->size; at += 4096)
        if (memcmp(a->map + at, b->map + at, 4096) != 0)
            g_error("memory differs in the page at 0x%" G_GINT64_MODIFIER "x", at);
}
