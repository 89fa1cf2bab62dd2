/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writing JSON as it comes, so that a long stream needs no tree in memory. Only texts pass through
 * the library, which knows how to escape them.
 */
#ifndef TOOLS_STREAM_JSON_H
#define TOOLS_STREAM_JSON_H

#include <stdio.h>

#include <glib.h>

typedef struct {
    FILE *out;
    guint depth;
    gboolean filled; /* something stands before in this object or array */
} StreamJson;

/* @key: NULL inside an array and at the top. @bracket: '{' or '['; '}' or ']'. */
void stream_json_begin(StreamJson *json, const char *key, char bracket);
void stream_json_end(StreamJson *json, char bracket);
void stream_json_text(StreamJson *json, const char *key, const char *text);
void stream_json_unsigned(StreamJson *json, const char *key, guint64 number);
void stream_json_signed(StreamJson *json, const char *key, gint64 number);
void stream_json_bool(StreamJson *json, const char *key, gboolean value);
/* "0x…", sixteen digits: JSON numbers are not that wide everywhere. */
void stream_json_word(StreamJson *json, const char *key, guint64 word);
/* Two digits a byte. */
void stream_json_bytes(StreamJson *json, const char *key, const guint8 *bytes, gsize n);

#endif
