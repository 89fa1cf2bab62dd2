/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a migration goes to or comes from, as QMP says it: a URI, or QEMU's list of channels, of
 * which there is one.
 *
 * Source: QEMU's QAPI schema, MigrationChannel and SocketAddress.
 */
#include <string.h>

#include "vmm/monitor/migrate.h"

static gboolean
refuse(GError **error, const char *format, const char *what)
{
    g_set_error(error, QMP_ERROR, QMP_ERROR_GENERIC, format, what);
    return FALSE;
}

static const char *
member(json_t *object, const char *name, GError **error)
{
    json_t *value = json_object_get(object, name);

    if (value == NULL)
        refuse(error, "Parameter '%s' is missing", name);
    else if (!json_is_string(value))
        refuse(error, "Invalid parameter type for '%s', expected: string", name);
    return json_string_value(value);
}

/* --- One kind of address each; (transfer full), or NULL with @error --------- */

static char *
inet_uri(json_t *address, GError **error)
{
    const char *host = member(address, "host", error), *port;

    if (host == NULL)
        return NULL;
    port = member(address, "port", error);
    if (port == NULL)
        return NULL;
    return g_strdup_printf(strchr(host, ':') != NULL ? "tcp:[%s]:%s" : "tcp:%s:%s", host, port);
}

static char *
unix_uri(json_t *address, GError **error)
{
    const char *path = member(address, "path", error);

    return path == NULL ? NULL : g_strconcat("unix:", path, NULL);
}

static char *
fd_uri(json_t *address, GError **error)
{
    const char *name = member(address, "str", error);

    return name == NULL ? NULL : g_strconcat("fd:", name, NULL);
}

static char *
file_uri(json_t *address, GError **error)
{
    const char *name = member(address, "filename", error);
    json_t *offset = json_object_get(address, "offset");

    if (name == NULL)
        return NULL;
    if (offset == NULL)
        return g_strconcat("file:", name, NULL);
    if (!json_is_integer(offset) || json_integer_value(offset) < 0) {
        refuse(error, "Parameter '%s' expects a number from 0 on", "offset");
        return NULL;
    }
    return g_strdup_printf("file:%s,offset=%" JSON_INTEGER_FORMAT, name,
                           json_integer_value(offset));
}

/* The shell that reads the URI gets the words back as they were. */
static char *
exec_uri(json_t *address, GError **error)
{
    json_t *words = json_object_get(address, "args"), *word;
    GString *uri = g_string_new("exec:");
    gsize i;

    json_array_foreach(words, i, word)
    {
        g_autofree char *quoted =
            json_is_string(word) ? g_shell_quote(json_string_value(word)) : NULL;

        if (quoted == NULL)
            break;
        g_string_append_printf(uri, "%s%s", i > 0 ? " " : "", quoted);
    }
    if (i > 0 && i == json_array_size(words))
        return g_string_free(uri, FALSE);
    g_string_free(uri, TRUE);
    refuse(error, "Parameter '%s' expects a list of one or more strings", "args");
    return NULL;
}

/* "transport", and for a socket its "type". */
static const struct {
    const char *transport, *type;
    char *(*uri)(json_t *address, GError **error);
} kinds[] = {
    {"socket", "inet", inet_uri}, {"socket", "unix", unix_uri}, {"socket", "fd", fd_uri},
    {"exec", NULL, exec_uri},     {"file", NULL, file_uri},
};

static char *
address_uri(json_t *address, GError **error)
{
    const char *transport, *type = NULL;

    transport = member(address, "transport", error);
    if (transport == NULL)
        return NULL;
    if (g_str_equal(transport, "socket")) {
        type = member(address, "type", error);
        if (type == NULL)
            return NULL;
    }
    for (guint i = 0; i < G_N_ELEMENTS(kinds); i++)
        if (g_str_equal(kinds[i].transport, transport) && g_strcmp0(kinds[i].type, type) == 0)
            return kinds[i].uri(address, error);
    refuse(error,
           type != NULL ? "Parameter 'type' does not accept value '%s'"
                        : "Parameter 'transport' does not accept value '%s'",
           type != NULL ? type : transport);
    return NULL;
}

static char *
channels_uri(json_t *channels, GError **error)
{
    json_t *channel = json_array_get(channels, 0);
    const char *type;

    if (json_array_size(channels) != 1) {
        refuse(error, "Parameter '%s' expects a list of one channel", "channels");
        return NULL;
    }
    type = member(channel, "channel-type", error);
    if (type == NULL)
        return NULL;
    if (!g_str_equal(type, "main")) {
        refuse(error, "Parameter 'channel-type' does not accept value '%s'", type);
        return NULL;
    }
    return address_uri(json_object_get(channel, "addr"), error);
}

char *
qmp_migrate_uri(json_t *arguments, GError **error)
{
    json_t *uri = json_object_get(arguments, "uri");
    json_t *channels = json_object_get(arguments, "channels");

    if ((uri == NULL) == (channels == NULL)) {
        refuse(error, "%s", "need either 'uri' or 'channels' argument");
        return NULL;
    }
    return uri != NULL ? g_strdup(json_string_value(uri)) : channels_uri(channels, error);
}

json_t *
qmp_socket_address(const char *uri)
{
    const char *host = uri + strlen("tcp:"), *colon;
    gboolean bracket;

    if (g_str_has_prefix(uri, "unix:"))
        return json_pack("{s:s,s:o}", "type", "unix", "path", qmp_text(uri + strlen("unix:")));
    if (!g_str_has_prefix(uri, "tcp:"))
        return NULL;
    colon = strrchr(host, ':');
    if (colon == NULL)
        return NULL;
    bracket = *host == '[' && colon > host + 1 && colon[-1] == ']';
    return json_pack("{s:s,s:s%,s:s}", "type", "inet", "host", host + bracket,
                     (size_t)(colon - host - 2 * bracket), "port", colon + 1);
}
