/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * exec:COMMAND. The command runs in a process group of its own, so that a cancelled migration ends
 * all of a pipeline. Its exit status is the verdict: 0 means that the stream is where it belongs.
 * There is no way back through a command: what it prints goes to the standard error.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "migration-glue/channel-outer.h"
#include "migration-glue/error.h"
#include "migration-glue/transport-priv.h"

#define TERM_MS    2000      /* a command that was told to end is killed after that */
#define PIPE_BYTES (1 << 20) /* pipe-max-size, unless the administrator says otherwise */

typedef struct {
    MigOuter outer;
    pid_t pid; /* 0: reaped */
} ExecChannel;

static gboolean
parse(MigAddress *address, const char *rest, GError **error)
{
    if (rest[0] == '\0')
        return mig_address_refuse(address, "there is no command", error);
    address->name = g_strdup(rest);
    return TRUE;
}

/* Until the command has ended; its status in *@status. FALSE if the wait was ended first. */
static gboolean
reap(ExecChannel *self, MigWake *wake, gint timeout_ms, int *status)
{
    int pidfd = pidfd_open(self->pid, 0);
    gboolean ended = TRUE;

    /* Without a pidfd (an old kernel) the wait cannot be interrupted. */
    if (pidfd >= 0 && wake != NULL)
        ended = mig_wake_wait(wake, pidfd, POLLIN, timeout_ms) == MIG_WAIT_READY;
    else if (pidfd >= 0)
        ended = poll(&(struct pollfd){.fd = pidfd, .events = POLLIN}, 1, timeout_ms) > 0;
    if (pidfd >= 0)
        close(pidfd);
    if (!ended)
        return FALSE;
    while (waitpid(self->pid, status, 0) < 0 && errno == EINTR) {
    }
    self->pid = 0;
    return TRUE;
}

/* Not committed: the command must not take what it has for the whole. */
static gboolean
exec_close(MigChannel *channel, GError **error)
{
    ExecChannel *self = (ExecChannel *)channel;
    int status;

    if (self->pid != 0)
        kill(-self->pid, SIGTERM);
    mig_channel_close(self->outer.inner, NULL);
    if (self->pid != 0 && !reap(self, NULL, TERM_MS, &status)) {
        kill(-self->pid, SIGKILL);
        reap(self, NULL, -1, &status);
    }
    return TRUE;
}

static const MigChannelClass exec_class = {
    .name = "exec",
    .read = mig_outer_read,
    .write = mig_outer_write,
    .beneath = mig_outer_beneath,
    .shutdown = mig_outer_shutdown,
    .close = exec_close,
    .finish = mig_outer_finish,
};

static gboolean
check_status(const ExecChannel *self, int status, GError **error)
{
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return TRUE;
    if (WIFSIGNALED(status))
        g_set_error(error, MIG_ERROR, MIG_ERROR_IO, "%s: the command was ended by signal %d",
                    self->outer.channel.label, WTERMSIG(status));
    else
        g_set_error(error, MIG_ERROR, MIG_ERROR_IO, "%s: the command failed with exit status %d",
                    self->outer.channel.label, WEXITSTATUS(status));
    return FALSE;
}

/* Reading: what follows the stream is dropped, or the command would die of writing it. */
static gboolean
drain(ExecChannel *self, GError **error)
{
    g_autofree guint8 *buffer = g_malloc(65536);
    gssize done;

    do
        done = mig_channel_read(self->outer.inner, buffer, 65536, error);
    while (done > 0);
    return done == 0;
}

static gboolean
commit(ExecChannel *self, MigWake *wake, GError **error)
{
    int status;

    if (!mig_channel_close(self->outer.inner, error))
        return FALSE;
    if (reap(self, wake, -1, &status))
        return check_status(self, status, error);
    mig_wake_set_error("waiting for the command to end", error);
    return FALSE;
}

static gboolean
commit_writer(MigChannel *channel, MigWake *wake, GError **error)
{
    return commit((ExecChannel *)channel, wake, error);
}

static gboolean
commit_reader(MigChannel *channel, MigWake *wake, GError **error)
{
    return drain((ExecChannel *)channel, error) && commit((ExecChannel *)channel, wake, error);
}

/* The command's standard input is @in, its output @out. Returns 0 or an errno. */
static int
spawn(const char *command, int in, int out, pid_t *pid)
{
    char *const argv[] = {(char *)"/bin/sh", (char *)"-c", (char *)command, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, defaults;
    int failure;

    sigemptyset(&none);
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    sigaddset(&defaults, SIGTERM);
    sigaddset(&defaults, SIGINT);
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                              POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    failure = posix_spawn(pid, "/bin/sh", &actions, &attributes, argv, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return failure;
}

/* @fd (transfer full), our end of a pipe to or from the command that spawn() has started, or failed
 * to with @failure, as a channel; NULL with @error set. */
static MigChannel *
make_channel(const char *uri, int fd, pid_t pid, int failure, GError **error)
{
    ExecChannel *self = g_new0(ExecChannel, 1);

    self->pid = pid;
    if (failure != 0)
        mig_transport_fail("start the command of", uri, failure, error);
    else
        self->outer.inner = mig_channel_fd_new(fd, uri, error);
    if (self->outer.inner == NULL) {
        close(fd);
        if (failure == 0)
            waitpid(pid, NULL, 0);
        g_free(self);
        return NULL;
    }
    mig_channel_init(&self->outer.channel, &exec_class, uri);
    return &self->outer.channel;
}

/* With as much room as anybody may ask for: each time a pipe is full or empty somebody is put to
 * sleep and woken. A pipe that cannot grow works, too. */
static int
make_pipe(int ends[2])
{
    if (pipe2(ends, O_CLOEXEC) < 0)
        return -1;
    fcntl(ends[0], F_SETPIPE_SZ, PIPE_BYTES);
    return 0;
}

/* The command reads what we write; what it says goes to our standard error. */
static MigChannel *
start_reader(const char *uri, const char *command, GError **error)
{
    int ends[2], failure;
    pid_t pid = 0;

    if (make_pipe(ends) < 0) {
        mig_transport_fail("make a pipe for", uri, errno, error);
        return NULL;
    }
    failure = spawn(command, ends[0], STDERR_FILENO, &pid);
    close(ends[0]);
    return make_channel(uri, ends[1], pid, failure, error);
}

/* The command writes what we read, and reads nothing. */
static MigChannel *
start_writer(const char *uri, const char *command, GError **error)
{
    int ends[2], null, failure;
    pid_t pid = 0;

    if (make_pipe(ends) < 0) {
        mig_transport_fail("make a pipe for", uri, errno, error);
        return NULL;
    }
    null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    failure = spawn(command, null, ends[1], &pid);
    close(ends[1]);
    if (null >= 0)
        close(null);
    return make_channel(uri, ends[0], pid, failure, error);
}

static gboolean
open_exec(const MigAddress *address, const MigDescriptorOps *descriptors, void *opaque,
          MigWake *wake, MigEnds *ends, GError **error)
{
    ends->stream = start_reader(address->uri, address->name, error);
    ends->verdict = MIG_VERDICT_CLOSE;
    ends->commit = commit_writer;
    return ends->stream != NULL;
}

/* The command is started when the stream is wanted. */
static gboolean
listen_exec(MigListener *listener, const MigDescriptorOps *descriptors, void *opaque,
            GError **error)
{
    return TRUE;
}

static gboolean
accept_exec(MigListener *listener, MigWake *wake, MigEnds *ends, GError **error)
{
    ends->stream = start_writer(listener->uri, listener->address->name, error);
    ends->verdict = MIG_VERDICT_CLOSE;
    ends->commit = commit_reader;
    return ends->stream != NULL;
}

const MigScheme mig_scheme_exec = {
    .prefix = "exec:",
    .form = "exec:COMMAND",
    .parse = parse,
    .open = open_exec,
    .listen = listen_exec,
    .accept = accept_exec,
};
