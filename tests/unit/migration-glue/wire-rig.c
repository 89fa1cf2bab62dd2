/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests of the wire share.
 */
#include "tests/unit/migration-glue/wire-rig.h"

#include <string.h>

static const VmsStreamRules wire_rules = {
    .machine = "pseries-7.2",
    .configuration = TRUE,
    .footers = TRUE,
    .description = TRUE,
};

const VmsContext wire_context = {.rules = &wire_rules};

static const MigStateName name = {"rig", 7};

GByteArray *
wire_bytes(const char *text)
{
    GByteArray *bytes = g_byte_array_new();

    while (*text != '\0') {
        guint8 byte;

        if (*text == ' ') {
            text++;
        } else if (*text == '\'') {
            const char *end = strchr(text + 1, '\'');

            g_assert_nonnull(end);
            g_byte_array_append(bytes, (const guint8 *)text + 1, (guint)(end - text - 1));
            text = end + 1;
        } else {
            g_assert_true(g_ascii_isxdigit(text[0]) && g_ascii_isxdigit(text[1]));
            byte = (guint8)(g_ascii_xdigit_value(text[0]) << 4 | g_ascii_xdigit_value(text[1]));
            g_byte_array_append(bytes, &byte, 1);
            text += 2;
        }
    }
    return bytes;
}

void
wire_assert_bytes(const GByteArray *bytes, const char *text)
{
    g_autoptr(GByteArray) expected = wire_bytes(text);

    g_assert_cmpmem(bytes->data, bytes->len, expected->data, expected->len);
}

GByteArray *
wire_save(const VmsState *state, void *object, const VmsContext *context, GError **error)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    g_autoptr(MigStream) stream = mig_stream_new_writer(mig_channel_memory_new(bytes));
    GError *invalid = NULL;

    g_assert_true(mig_state_valid(state, &invalid));
    g_assert_no_error(invalid);
    if (!mig_state_save(stream, &name, state, object, context, NULL, error))
        return NULL;
    g_assert_true(mig_stream_flush(stream, NULL));
    return g_steal_pointer(&bytes);
}

gboolean
wire_load(const VmsState *state, void *object, guint32 version, const VmsContext *context,
          const guint8 *bytes, gsize n, gsize *used, GError **error)
{
    g_autoptr(MigStream) stream = mig_stream_new_reader(mig_channel_bytes_new(bytes, n));
    gboolean good;

    g_assert_true(mig_state_valid(state, NULL));
    good = mig_state_load(stream, &name, state, object, version, context, error);
    *used = mig_stream_position(stream);
    return good;
}

void
wire_assert_saves(const VmsState *state, void *from, const char *text)
{
    GError *error = NULL;
    g_autoptr(GByteArray) bytes = wire_save(state, from, &wire_context, &error);

    g_assert_no_error(error);
    wire_assert_bytes(bytes, text);
}

void
wire_assert_loads(const VmsState *state, void *into, guint32 version, const char *text)
{
    g_autoptr(GByteArray) bytes = wire_bytes(text);
    GError *error = NULL;
    gsize used;
    gboolean good =
        wire_load(state, into, version, &wire_context, bytes->data, bytes->len, &used, &error);

    g_assert_no_error(error);
    g_assert_true(good);
    g_assert_cmpuint(used, ==, bytes->len);
}

void
wire_assert_refuses(const VmsState *state, void *object, gsize size, guint32 version,
                    const char *text, MigError code, const char *message)
{
    g_autoptr(GByteArray) bytes = wire_bytes(text);
    g_autofree void *before = g_memdup2(object, size);
    g_autoptr(GError) error = NULL;
    gsize used;

    g_assert_false(
        wire_load(state, object, version, &wire_context, bytes->data, bytes->len, &used, &error));
    g_assert_nonnull(error);
    if (strstr(error->message, message) == NULL || !g_error_matches(error, MIG_ERROR, (gint)code))
        g_error("expected '%s' (%d), got '%s' (%d)", message, code, error->message, error->code);
    g_assert_nonnull(strstr(error->message, "section 'rig' instance 7"));
    g_assert_null(strchr(error->message, '\n'));
    g_assert_cmpmem(object, size, before, size);
}
