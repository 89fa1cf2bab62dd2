/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The JSON description: reading. Keys keep their order and their duplicates. Numbers are integers.
 */
#include <string.h>

#include "migration-glue/error.h"
#include "migration-glue/vmdesc.h"

#define FIND_TRIES_MAX 256

typedef struct {
    const char *text;
    gsize n, at;
    guint depth, nodes;
    GError **error;
} Reader;

static VmdescNode *read_value(Reader *reader, char *key);

void
vmdesc_node_free(VmdescNode *node)
{
    if (node == NULL)
        return;
    g_free(node->key);
    g_free(node->text);
    if (node->children != NULL)
        g_ptr_array_unref(node->children);
    g_free(node);
}

static void *
fail(Reader *reader, const char *what)
{
    if (reader->error == NULL || *reader->error == NULL)
        g_set_error(reader->error, MIG_ERROR, MIG_ERROR_FORMAT,
                    "description, byte %" G_GSIZE_FORMAT ": %s", reader->at, what);
    return NULL;
}

static void
skip_space(Reader *reader)
{
    while (reader->at < reader->n && memchr(" \t\r\n", reader->text[reader->at], 4) != NULL)
        reader->at++;
}

/* The next byte that is not space, not consumed; 0 at the end. */
static char
next(Reader *reader)
{
    skip_space(reader);
    return reader->at < reader->n ? reader->text[reader->at] : '\0';
}

static gboolean
accept(Reader *reader, const char *word)
{
    gsize length = strlen(word);

    if (reader->n - reader->at < length || memcmp(reader->text + reader->at, word, length) != 0)
        return FALSE;
    reader->at += length;
    return TRUE;
}

/* The four digits of \u; −1 if they are not. */
static gint
read_hex(Reader *reader)
{
    gint value = 0;

    if (reader->n - reader->at < 4)
        return -1;
    for (guint i = 0; i < 4; i++) {
        gint digit = g_ascii_xdigit_value(reader->text[reader->at + i]);

        if (digit < 0)
            return -1;
        value = value * 16 + digit;
    }
    reader->at += 4;
    return value;
}

static gboolean
read_escape(Reader *reader, GString *to)
{
    static const char from[] = "\"\\/bfnrt", into[] = "\"\\/\b\f\n\r\t";
    const char *place;
    gint code;

    if (reader->at >= reader->n)
        return FALSE;
    if (reader->text[reader->at] == 'u') {
        reader->at++;
        code = read_hex(reader);
        if (code <= 0 || (code >= 0xd800 && code < 0xe000))
            return FALSE; /* no NUL and no surrogates: names have neither */
        g_string_append_unichar(to, (gunichar)code);
        return TRUE;
    }
    place = memchr(from, reader->text[reader->at], sizeof(from) - 1);
    if (place == NULL)
        return FALSE;
    reader->at++;
    g_string_append_c(to, into[place - from]);
    return TRUE;
}

/* A string, the opening quote being next. */
static char *
read_string(Reader *reader)
{
    g_autoptr(GString) to = g_string_new(NULL);

    reader->at++;
    while (reader->at < reader->n) {
        guchar c = (guchar)reader->text[reader->at++];

        if (c == '"')
            return g_strdup(to->str);
        if (c < 0x20)
            return fail(reader, "a control character in a string");
        if (c != '\\')
            g_string_append_c(to, (char)c);
        else if (!read_escape(reader, to))
            return fail(reader, "an escape that means nothing");
    }
    return fail(reader, "a string without end");
}

static gboolean
read_number(Reader *reader, gint64 *number)
{
    gboolean negative = accept(reader, "-");
    guint64 value = 0, limit = (guint64)G_MAXINT64 + (guint64)negative;
    gsize start = reader->at;

    while (reader->at < reader->n && g_ascii_isdigit(reader->text[reader->at])) {
        guint digit = (guint)(reader->text[reader->at] - '0');

        if (value > (limit - digit) / 10)
            return fail(reader, "a number too large") != NULL;
        value = value * 10 + digit;
        reader->at++;
    }
    if (reader->at == start)
        return fail(reader, "a value is due here") != NULL;
    if (reader->at < reader->n && memchr(".eE", reader->text[reader->at], 3) != NULL)
        return fail(reader, "a number that is no integer") != NULL;
    *number = (gint64)(negative ? -value : value);
    return TRUE;
}

static gboolean
read_member(Reader *reader, VmdescNode *node)
{
    g_autofree char *key = NULL;
    VmdescNode *child;

    if (node->kind == VMDESC_OBJECT) {
        if (next(reader) != '"')
            return fail(reader, "a key is due here") != NULL;
        key = read_string(reader);
        if (key == NULL)
            return FALSE;
        if (next(reader) != ':')
            return fail(reader, "a colon is due here") != NULL;
        reader->at++;
    }
    child = read_value(reader, g_steal_pointer(&key));
    if (child == NULL)
        return FALSE;
    g_ptr_array_add(node->children, child);
    return TRUE;
}

/* Members up to the closing bracket, the opening one being next. */
static gboolean
read_members(Reader *reader, VmdescNode *node)
{
    char closing = node->kind == VMDESC_OBJECT ? '}' : ']';

    node->children = g_ptr_array_new_with_free_func((GDestroyNotify)vmdesc_node_free);
    if (reader->depth == VMDESC_DEPTH_MAX)
        return fail(reader, "nested too deep") != NULL;
    reader->at++;
    if (next(reader) == closing) {
        reader->at++;
        return TRUE;
    }
    reader->depth++;
    for (;;) {
        if (!read_member(reader, node))
            return FALSE;
        if (next(reader) == closing)
            break;
        if (next(reader) != ',')
            return fail(reader, "a comma or a closing bracket is due here") != NULL;
        reader->at++;
    }
    reader->at++;
    reader->depth--;
    return TRUE;
}

static gboolean
read_into(Reader *reader, VmdescNode *node)
{
    switch (next(reader)) {
    case '{': node->kind = VMDESC_OBJECT; return read_members(reader, node);
    case '[': node->kind = VMDESC_ARRAY; return read_members(reader, node);
    case '"':
        node->kind = VMDESC_STRING;
        node->text = read_string(reader);
        return node->text != NULL;
    default: break;
    }
    node->kind = VMDESC_BOOL;
    if (accept(reader, "true")) {
        node->number = 1;
        return TRUE;
    }
    if (accept(reader, "false"))
        return TRUE;
    node->kind = accept(reader, "null") ? VMDESC_NULL : VMDESC_NUMBER;
    return node->kind == VMDESC_NULL || read_number(reader, &node->number);
}

/* @key: taken over. */
static VmdescNode *
read_value(Reader *reader, char *key)
{
    g_autoptr(VmdescNode) node = g_new0(VmdescNode, 1);

    node->key = key;
    if (++reader->nodes > VMDESC_NODES_MAX)
        return fail(reader, "too many values");
    return read_into(reader, node) ? g_steal_pointer(&node) : NULL;
}

VmdescNode *
vmdesc_parse(const char *text, gsize n, GError **error)
{
    GError *inner = NULL;
    Reader reader = {.text = text, .n = n, .error = &inner};
    g_autoptr(VmdescNode) root = NULL;

    if (n > VMDESC_TEXT_MAX)
        fail(&reader, "too long");
    else
        root = read_value(&reader, NULL);
    skip_space(&reader);
    if (root != NULL && reader.at < n)
        fail(&reader, "something follows the value");
    if (inner == NULL)
        return g_steal_pointer(&root);
    g_propagate_error(error, inner);
    return NULL;
}

const VmdescNode *
vmdesc_member(const VmdescNode *object, const char *key)
{
    if (object == NULL || object->kind != VMDESC_OBJECT)
        return NULL;
    for (guint i = 0; i < object->children->len; i++) {
        const VmdescNode *child = object->children->pdata[i];

        if (strcmp(child->key, key) == 0)
            return child;
    }
    return NULL;
}

const char *
vmdesc_member_text(const VmdescNode *object, const char *key)
{
    const VmdescNode *member = vmdesc_member(object, key);

    return member != NULL && member->kind == VMDESC_STRING ? member->text : NULL;
}

gboolean
vmdesc_member_number(const VmdescNode *object, const char *key, guint64 *number)
{
    const VmdescNode *member = vmdesc_member(object, key);

    if (member == NULL || member->kind != VMDESC_NUMBER || member->number < 0)
        return FALSE;
    *number = (guint64)member->number;
    return TRUE;
}

VmdescNode *
vmdesc_find(const guint8 *bytes, gsize n, gsize *start, gsize *text_n)
{
    guint tries = 0;

    /* 00, 06, length, and the text begins with a brace. Data that look so are rare by chance. */
    for (gsize at = n; at-- > 0 && tries < FIND_TRIES_MAX;) {
        guint32 length;
        VmdescNode *root;

        if (n - at < 7 || bytes[at] != 0x00 || bytes[at + 1] != 0x06 || bytes[at + 6] != '{')
            continue;
        memcpy(&length, bytes + at + 2, sizeof(length));
        length = GUINT32_FROM_BE(length);
        if (length > n - at - 6)
            continue;
        tries++;
        root = vmdesc_parse((const char *)bytes + at + 6, length, NULL);
        if (root == NULL)
            continue;
        *start = at + 6;
        *text_n = length;
        return root;
    }
    return NULL;
}
