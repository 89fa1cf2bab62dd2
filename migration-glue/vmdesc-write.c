/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The JSON description: writing. Separators are ", " and ": ", there is no newline.
 */
#include "migration-glue/vmdesc.h"

struct VmdescWriter {
    GString *text;
    gboolean follows; /* something stands before the next item at this level */
};

VmdescWriter *
vmdesc_writer_new(void)
{
    VmdescWriter *writer = g_new0(VmdescWriter, 1);

    writer->text = g_string_new(NULL);
    return writer;
}

void
vmdesc_writer_free(VmdescWriter *writer)
{
    if (writer == NULL)
        return;
    g_string_free(writer->text, TRUE);
    g_free(writer);
}

const GString *
vmdesc_writer_text(const VmdescWriter *writer)
{
    return writer->text;
}

static void
put_quoted(GString *to, const char *text)
{
    g_string_append_c(to, '"');
    for (; *text != '\0'; text++) {
        guchar c = (guchar)*text;

        if (c == '"' || c == '\\')
            g_string_append_printf(to, "\\%c", c);
        else if (c < 0x20 || c >= 0x7f)
            g_string_append_printf(to, "\\u%04x", c); /* bytes; names are ASCII */
        else
            g_string_append_c(to, (char)c);
    }
    g_string_append_c(to, '"');
}

/* Comma and key of the next item. */
static void
put_key(VmdescWriter *writer, const char *key)
{
    if (writer->follows)
        g_string_append(writer->text, ", ");
    writer->follows = TRUE;
    if (key == NULL)
        return;
    put_quoted(writer->text, key);
    g_string_append(writer->text, ": ");
}

static void
begin(VmdescWriter *writer, const char *key, char bracket)
{
    if (writer == NULL)
        return;
    put_key(writer, key);
    g_string_append_c(writer->text, bracket);
    writer->follows = FALSE;
}

static void
end(VmdescWriter *writer, char bracket)
{
    if (writer == NULL)
        return;
    g_string_append_c(writer->text, bracket);
    writer->follows = TRUE;
}

void
vmdesc_begin_object(VmdescWriter *writer, const char *key)
{
    begin(writer, key, '{');
}

void
vmdesc_end_object(VmdescWriter *writer)
{
    end(writer, '}');
}

void
vmdesc_begin_array(VmdescWriter *writer, const char *key)
{
    begin(writer, key, '[');
}

void
vmdesc_end_array(VmdescWriter *writer)
{
    end(writer, ']');
}

void
vmdesc_put_string(VmdescWriter *writer, const char *key, const char *text)
{
    if (writer == NULL)
        return;
    put_key(writer, key);
    put_quoted(writer->text, text);
}

void
vmdesc_put_number(VmdescWriter *writer, const char *key, guint64 number)
{
    if (writer == NULL)
        return;
    put_key(writer, key);
    g_string_append_printf(writer->text, "%" G_GUINT64_FORMAT, number);
}

void
vmdesc_put_bool(VmdescWriter *writer, const char *key, gboolean value)
{
    if (writer == NULL)
        return;
    put_key(writer, key);
    g_string_append(writer->text, value ? "true" : "false");
}
