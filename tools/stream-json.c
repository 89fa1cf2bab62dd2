/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JSON, written straight to a file.
 */
#include "tools/stream-json.h"

#include <jansson.h>

static void
put_text(StreamJson *json, const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    json_t *value = json_string(valid);

    json_dumpf(value, json->out, JSON_ENCODE_ANY);
    json_decref(value);
}

static void
put_key(StreamJson *json, const char *key)
{
    if (json->filled)
        fputc(',', json->out);
    if (json->depth > 0 && json->depth <= 3)
        fprintf(json->out, "\n%*s", (int)(2 * json->depth), "");
    json->filled = TRUE;
    if (key != NULL) {
        put_text(json, key);
        fputs(": ", json->out);
    }
}

void
stream_json_begin(StreamJson *json, const char *key, char bracket)
{
    put_key(json, key);
    fputc(bracket, json->out);
    json->depth++;
    json->filled = FALSE;
}

void
stream_json_end(StreamJson *json, char bracket)
{
    json->depth--;
    if (json->filled && json->depth < 3)
        fprintf(json->out, "\n%*s", (int)(2 * json->depth), "");
    fputc(bracket, json->out);
    if (json->depth == 0)
        fputc('\n', json->out);
    json->filled = TRUE;
}

void
stream_json_text(StreamJson *json, const char *key, const char *text)
{
    put_key(json, key);
    put_text(json, text);
}

void
stream_json_unsigned(StreamJson *json, const char *key, guint64 number)
{
    put_key(json, key);
    fprintf(json->out, "%" G_GUINT64_FORMAT, number);
}

void
stream_json_signed(StreamJson *json, const char *key, gint64 number)
{
    put_key(json, key);
    fprintf(json->out, "%" G_GINT64_FORMAT, number);
}

void
stream_json_bool(StreamJson *json, const char *key, gboolean value)
{
    put_key(json, key);
    fputs(value ? "true" : "false", json->out);
}

void
stream_json_word(StreamJson *json, const char *key, guint64 word)
{
    put_key(json, key);
    fprintf(json->out, "\"0x%016" G_GINT64_MODIFIER "x\"", word);
}

void
stream_json_bytes(StreamJson *json, const char *key, const guint8 *bytes, gsize n)
{
    put_key(json, key);
    fputc('"', json->out);
    for (gsize i = 0; i < n; i++)
        fprintf(json->out, "%02x", bytes[i]);
    fputc('"', json->out);
}
