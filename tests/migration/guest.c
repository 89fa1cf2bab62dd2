/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Processes and memory files (see the header). Not here: QMP (guest-qmp.c).
 */
#include "tests/migration/guest-priv.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* Of the command line of the test; set once. */
static const char *vmm, *module_dir, *script;

void
guest_test_init(int *argc, char ***argv)
{
    g_test_init(argc, argv, NULL);
    g_assert_cmpint(*argc, ==, 4);
    vmm = (*argv)[1];
    module_dir = (*argv)[2];
    script = (*argv)[3];
}

void
rig_init(GuestRig *rig)
{
    const char *shm = "/dev/shm";

    *rig = (GuestRig){.guests = g_ptr_array_new()};
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
    g_clear_pointer(&rig->guests, g_ptr_array_unref);
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
command_line(const GuestSpec *spec, const Guest *guest, const char *socket)
{
    GPtrArray *line = g_ptr_array_new_with_free_func(g_free);

#define ADD(...) g_ptr_array_add(line, g_strdup_printf(__VA_ARGS__))
    ADD("%s", vmm);
    ADD("-module-dir"), ADD("%s", module_dir);
    ADD("-accel"), ADD("model,script=%s", script);
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

gboolean
guest_has_ended(Guest *guest)
{
    if (!guest->ended)
        guest->ended = waitpid(guest->pid, &guest->status, WNOHANG) == guest->pid;
    return guest->ended;
}

#define LOG_TAIL 3000u /* bytes of a log that a failure shows */

static void
describe(Guest *guest, GString *text)
{
    g_autofree char *log = guest_log(guest);
    const gsize n = strlen(log);

    g_string_append_printf(text, "\n%s ", guest->name);
    if (guest_has_ended(guest))
        g_string_append_printf(text, "has ended, status 0x%x", (guint)guest->status);
    else
        guest_tell_states(guest, text);
    g_string_append_printf(text, "; the end of its log:\n%s", log + n - MIN(n, LOG_TAIL));
}

void
guest_give_up(Guest *guest, const char *format, ...)
{
    g_autoptr(GString) text = g_string_new(NULL);
    va_list arguments;

    va_start(arguments, format);
    g_string_append_vprintf(text, format, arguments);
    va_end(arguments);
    for (guint i = 0; i < guest->rig->guests->len; i++)
        describe(guest->rig->guests->pdata[i], text);
    g_error("%s: %s", guest->name, text->str);
}

static void
connect_qmp(Guest *guest, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    gint64 end = g_get_monotonic_time() + GUEST_PATIENCE_US;

    g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
    guest->qmp = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    while (connect(guest->qmp, (struct sockaddr *)&address, sizeof(address)) != 0) {
        if (guest_has_ended(guest))
            return; /* whoever asks it finds out */
        if (g_get_monotonic_time() > end) {
            guest->late = TRUE;
            guest_give_up(guest, "it opens no QMP socket");
        }
        g_usleep(GUEST_STEP_US);
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

    guest->rig = rig;
    guest->name = g_strdup(spec->name);
    guest->memory = g_strdup_printf("%s/%s.memory", rig->dir, spec->name);
    guest->log = g_strdup_printf("%s/%s.log", rig->dir, spec->name);
    guest->size = spec->size == 0 ? 256 * MIB : spec->size;
    guest->in = g_byte_array_new();
    guest->events = json_object();
    make_memory(guest);
    g_unlink(socket);
    child.log = open(guest->log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    line = command_line(spec, guest, socket);
    g_spawn_async(NULL, (char **)line->pdata, NULL,
                  G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDOUT_TO_DEV_NULL |
                      G_SPAWN_LEAVE_DESCRIPTORS_OPEN,
                  set_up_child, &child, &guest->pid, &error);
    g_assert_no_error(error);
    close(child.log);
    g_ptr_array_add(rig->guests, guest);
    connect_qmp(guest, socket);
    return guest;
}

void
guest_kill(Guest *guest)
{
    if (guest_has_ended(guest))
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
    g_ptr_array_remove(guest->rig->guests, guest);
    close(guest->qmp);
    munmap(guest->map, guest->size);
    g_unlink(guest->memory);
    g_byte_array_unref(guest->in);
    json_decref(guest->events);
    g_free(guest->name);
    g_free(guest->memory);
    g_free(guest->log);
    g_free(guest);
}

int
guest_wait_exit(Guest *guest)
{
    gint64 end = g_get_monotonic_time() + GUEST_PATIENCE_US;

    while (!guest_has_ended(guest)) {
        if (g_get_monotonic_time() > end)
            guest_give_up(guest, "it does not end");
        g_usleep(GUEST_STEP_US);
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
