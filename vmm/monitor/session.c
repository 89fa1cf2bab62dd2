/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One client's conversation (see the header).
 */
#include "vmm/monitor/session.h"
#include "vmm/monitor/commands.h"
#include "vmm/monitor/qmp-json.h"
#include "vmm/vm-migrate.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct QmpSession {
    Vm *vm;
    QmpSendFunc send;
    void *user;
    QmpFramer *framer;
    gboolean negotiated;
    int fds[QMP_FDS_MAX]; /* came along with bytes, taken by no command yet; owned */
    guint n_fds;
};

/* --- What goes out --------------------------------------------------------- */

/* Takes @message. */
static void
send_message(QmpSession *session, json_t *message)
{
    char *text = json_dumps(message, JSON_ENSURE_ASCII);
    g_autofree char *line = g_strconcat(text, "\r\n", NULL);

    session->send(line, strlen(line), session->user);
    free(text);
    json_decref(message);
}

static void
send_reply(QmpSession *session, const char *kind, json_t *content, json_t *id)
{
    json_t *reply = json_pack("{s:o}", kind, content);

    if (id != NULL)
        json_object_set(reply, "id", id);
    send_message(session, reply);
}

static void
send_error(QmpSession *session, const GError *error, json_t *id)
{
    json_t *content =
        json_pack("{s:s,s:o}", "class", qmp_error_class(error), "desc", qmp_text(error->message));

    send_reply(session, "error", content, id);
}

static void
send_greeting(QmpSession *session)
{
    send_message(session,
                 json_pack("{s:{s:o,s:[]}}", "QMP", "version", qmp_version(), "capabilities"));
}

static json_t *
device_data(const char *id)
{
    g_autofree char *path = qmp_device_path(id);
    json_t *data = json_pack("{s:o}", "path", qmp_text(path));

    if (id != NULL)
        json_object_set_new(data, "device", qmp_text(id));
    return data;
}

static json_t *
event_data(const VmEvent *event)
{
    const char *reason = event->reason != NULL ? event->reason : "none"; /* QEMU's word */

    switch (event->kind) {
    case VM_EVENT_RESET:
    case VM_EVENT_SHUTDOWN:
        return json_pack("{s:b,s:o}", "guest", event->by_guest, "reason", qmp_text(reason));
    case VM_EVENT_GUEST_PANICKED:
        return json_pack("{s:s,s:o}", "action", "pause", "x-message", qmp_text(reason));
    case VM_EVENT_DEVICE_DELETED:
    case VM_EVENT_DEVICE_UNPLUG_GUEST_ERROR: return device_data(event->device);
    case VM_EVENT_MEM_UNPLUG_ERROR:
        return json_pack("{s:o,s:o}", "device",
                         qmp_text(event->device != NULL ? event->device : ""), "msg",
                         qmp_text(reason));
    case VM_EVENT_MIGRATION: return json_pack("{s:o}", "status", qmp_text(reason));
    case VM_EVENT_MIGRATION_PASS: return json_pack("{s:I}", "pass", (json_int_t)event->pass);
    case VM_EVENT_STOP:
    case VM_EVENT_RESUME:
    case VM_EVENT_POWERDOWN: break;
    }
    return NULL;
}

/* A migration's events are a capability of it, which a client may have switched off. */
static gboolean
is_muted(const QmpSession *session, const VmEvent *event)
{
    return (event->kind == VM_EVENT_MIGRATION || event->kind == VM_EVENT_MIGRATION_PASS) &&
           !mig_params_capability(vm_migrate_params(session->vm), MIG_CAP_EVENTS);
}

void
qmp_session_event(QmpSession *session, const VmEvent *event)
{
    static const char *const names[] = {
        [VM_EVENT_STOP] = "STOP",
        [VM_EVENT_RESUME] = "RESUME",
        [VM_EVENT_RESET] = "RESET",
        [VM_EVENT_POWERDOWN] = "POWERDOWN",
        [VM_EVENT_SHUTDOWN] = "SHUTDOWN",
        [VM_EVENT_GUEST_PANICKED] = "GUEST_PANICKED",
        [VM_EVENT_MIGRATION] = "MIGRATION",
        [VM_EVENT_MIGRATION_PASS] = "MIGRATION_PASS",
        [VM_EVENT_DEVICE_DELETED] = "DEVICE_DELETED",
        [VM_EVENT_DEVICE_UNPLUG_GUEST_ERROR] = "DEVICE_UNPLUG_GUEST_ERROR",
        [VM_EVENT_MEM_UNPLUG_ERROR] = "MEM_UNPLUG_ERROR",
    };
    gint64 now = g_get_real_time(); /* microseconds */
    json_t *data, *message;

    if (!session->negotiated || is_muted(session, event))
        return;
    message =
        json_pack("{s:{s:I,s:I},s:s}", "timestamp", "seconds", (json_int_t)(now / G_USEC_PER_SEC),
                  "microseconds", (json_int_t)(now % G_USEC_PER_SEC), "event", names[event->kind]);
    data = event_data(event);
    if (data != NULL)
        json_object_set_new(message, "data", data);
    send_message(session, message);
}

/* --- What comes in --------------------------------------------------------- */

/* The members of a command object; QEMU's words for what is wrong with them. */
static gboolean
check_members(json_t *command, GError **error)
{
    const char *name;
    json_t *value;

    json_object_foreach(command, name, value)
    {
        const char *want = NULL;

        if (g_str_equal(name, "execute"))
            want = json_is_string(value) ? NULL : "must be a string";
        else if (g_str_equal(name, "arguments"))
            want = json_is_object(value) ? NULL : "must be an object";
        else if (!g_str_equal(name, "id"))
            want = "is unexpected";
        if (want != NULL) {
            g_set_error(error, QMP_ERROR, QMP_ERROR_GENERIC, "QMP input member '%s' %s", name,
                        want);
            return FALSE;
        }
    }
    if (json_object_get(command, "execute") != NULL)
        return TRUE;
    g_set_error_literal(error, QMP_ERROR, QMP_ERROR_GENERIC, "QMP input lacks member 'execute'");
    return FALSE;
}

static const QmpCommand *
find_allowed(const QmpSession *session, const char *name, GError **error)
{
    const QmpCommand *command = qmp_command_find(name);

    if (!session->negotiated && (command == NULL || !command->negotiation))
        g_set_error_literal(error, QMP_ERROR, QMP_ERROR_COMMAND_NOT_FOUND,
                            "Expecting capabilities negotiation with 'qmp_capabilities'");
    else if (command == NULL)
        g_set_error(error, QMP_ERROR, QMP_ERROR_COMMAND_NOT_FOUND,
                    "The command %s has not been found", name);
    else if (session->negotiated && command->negotiation)
        g_set_error_literal(error, QMP_ERROR, QMP_ERROR_COMMAND_NOT_FOUND,
                            "Capabilities negotiation is already complete, command ignored");
    else
        return command;
    return NULL;
}

/* --- Descriptors ----------------------------------------------------------- */

static void
drop_fds(QmpSession *session)
{
    for (guint i = 0; i < session->n_fds; i++)
        close(session->fds[i]);
    session->n_fds = 0;
}

void
qmp_session_take_fds(QmpSession *session, const int *fds, guint n)
{
    for (guint i = 0; i < n; i++) {
        if (session->n_fds < QMP_FDS_MAX)
            session->fds[session->n_fds++] = fds[i];
        else
            close(fds[i]);
    }
}

/* The first that is left goes to the command, which keeps it unless it fails. */
static json_t *
execute_with_fd(QmpSession *session, const QmpCommand *command, json_t *arguments, GError **error)
{
    json_t *result;
    int fd;

    if (session->n_fds == 0) {
        g_set_error_literal(error, QMP_ERROR, QMP_ERROR_GENERIC,
                            "No file descriptor supplied via SCM_RIGHTS");
        return NULL;
    }
    fd = session->fds[0];
    session->n_fds--;
    memmove(session->fds, session->fds + 1, session->n_fds * sizeof(fd));
    result = command->fd_handler(session->vm, arguments, fd, error);
    if (result == NULL)
        close(fd);
    return result;
}

static json_t *
execute(QmpSession *session, json_t *object, GError **error)
{
    json_t *arguments = json_object_get(object, "arguments");
    const QmpCommand *command;

    if (!check_members(object, error))
        return NULL;
    command = find_allowed(session, json_string_value(json_object_get(object, "execute")), error);
    if (command == NULL)
        return NULL;
    if (command->check != NULL ? !command->check(arguments, error)
                               : !qmp_args_check(command->args, arguments, error))
        return NULL;
    if (command->fd_handler != NULL)
        return execute_with_fd(session, command, arguments, error);
    return command->handler(session->vm, arguments, error);
}

static void
answer_object(QmpSession *session, json_t *object)
{
    json_t *id = json_object_get(object, "id");
    g_autoptr(GError) error = NULL;
    json_t *result = execute(session, object, &error);

    if (result == NULL) {
        send_error(session, error, id);
        return;
    }
    send_reply(session, "return", result, id);
    session->negotiated = TRUE; /* before it only the command that negotiates succeeds */
}

static void
answer_bad(QmpSession *session, const char *why)
{
    g_autoptr(GError) error =
        g_error_new(QMP_ERROR, QMP_ERROR_GENERIC, "JSON parse error, %s", why);

    send_error(session, error, NULL);
}

static void
answer_text(QmpSession *session, const char *text, gsize n)
{
    json_error_t trouble;
    json_t *object = json_loadb(text, n, JSON_REJECT_DUPLICATES, &trouble);

    if (object == NULL)
        answer_bad(session, trouble.text);
    else if (!json_is_object(object))
        answer_bad(session, "QMP input must be a JSON object");
    else
        answer_object(session, object);
    json_decref(object);
}

gsize
qmp_session_input(QmpSession *session, const guint8 *bytes, gsize n)
{
    gsize left = n, length;
    QmpFrame frame = qmp_framer_next(session->framer, &bytes, &left);
    const char *text = qmp_framer_text(session->framer, &length);

    if (frame == QMP_FRAME_TEXT)
        answer_text(session, text, length);
    else if (frame == QMP_FRAME_BAD)
        answer_bad(session, text);
    /* What came with bytes that are all answered, and was not taken, nobody will take. */
    if (frame != QMP_FRAME_NONE && left == 0)
        drop_fds(session);
    return n - left;
}

QmpSession *
qmp_session_new(Vm *vm, QmpSendFunc send, void *user)
{
    QmpSession *session = g_new0(QmpSession, 1);

    session->vm = vm;
    session->send = send;
    session->user = user;
    session->framer = qmp_framer_new();
    send_greeting(session);
    return session;
}

void
qmp_session_free(QmpSession *session)
{
    if (session == NULL)
        return;
    drop_fds(session);
    qmp_framer_free(session->framer);
    g_free(session);
}
