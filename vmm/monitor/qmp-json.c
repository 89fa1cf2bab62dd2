/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A stream of bytes cut into JSON texts (see the header).
 *
 *              '{' '['                    last ']' '}'
 *   BETWEEN ───────────▶ INSIDE ─────────────────────────▶ BETWEEN, text out
 *      │ other             │ quote ◀──▶ STRING ◀──▶ ESCAPE
 *      ▼                   │ too long, too deep
 *    STRAY                 ▼
 *      │ end of line,    the same states with `reported` set: brackets are still counted, so
 *      ▼ '{' '['         that the next text is found, but nothing is kept
 *   BETWEEN
 */
#include "vmm/monitor/qmp-json.h"

typedef enum { BETWEEN, INSIDE, STRING, ESCAPE, STRAY } FramerState;

struct QmpFramer {
    FramerState state;
    guint8 quote;      /* STRING, ESCAPE: the one that ends it */
    gboolean reported; /* this text was called bad already */
    gboolean finished; /* `text` was handed out: the next call begins anew */
    guint64 depth;     /* brackets open */
    guint64 squares;   /* bit n: the bracket at depth n+1 is a square one; unless reported */
    GString *text;     /* the text so far, or the reason */
};

G_STATIC_ASSERT(QMP_DEPTH_MAX <= 64);

QmpFramer *
qmp_framer_new(void)
{
    QmpFramer *framer = g_new0(QmpFramer, 1);

    framer->text = g_string_new(NULL);
    return framer;
}

void
qmp_framer_free(QmpFramer *framer)
{
    if (framer == NULL)
        return;
    g_string_free(framer->text, TRUE);
    g_free(framer);
}

const char *
qmp_framer_text(const QmpFramer *framer, gsize *n)
{
    if (n != NULL)
        *n = framer->text->len;
    return framer->text->str;
}

static gboolean
is_space(guint8 byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

static gboolean
is_control(guint8 byte)
{
    return (byte < 0x20 && !is_space(byte)) || byte >= 0xfe;
}

static void
go(QmpFramer *framer, FramerState state)
{
    framer->state = state;
    if (state == BETWEEN) {
        framer->depth = 0;
        framer->squares = 0;
        framer->reported = FALSE;
    }
}

/* The text goes out as bad, once; @state is where reading goes on. */
static QmpFrame
bad(QmpFramer *framer, FramerState state, const char *why)
{
    gboolean reported = framer->reported;

    framer->reported = TRUE;
    go(framer, state);
    if (reported)
        return QMP_FRAME_NONE;
    g_string_assign(framer->text, why);
    framer->finished = TRUE;
    return QMP_FRAME_BAD;
}

/* Adds a byte; too many of them make the text bad, and @framer goes on counting brackets. */
static QmpFrame
keep(QmpFramer *framer, guint8 byte)
{
    if (framer->reported)
        return QMP_FRAME_NONE;
    if (framer->text->len == QMP_TEXT_MAX)
        return bad(framer, framer->state,
                   "the text is longer than " G_STRINGIFY(QMP_TEXT_MAX) " bytes");
    g_string_append_c(framer->text, (gchar)byte);
    return QMP_FRAME_NONE;
}

static QmpFrame
open_bracket(QmpFramer *framer, guint8 byte)
{
    gboolean deep = framer->depth >= QMP_DEPTH_MAX;
    guint64 bit = deep ? 0 : (guint64)1 << framer->depth;

    framer->depth++;
    framer->state = INSIDE;
    if (deep)
        return bad(framer, INSIDE, "more than " G_STRINGIFY(QMP_DEPTH_MAX) " brackets are open");
    if (byte == '[')
        framer->squares |= bit;
    else
        framer->squares &= ~bit;
    return keep(framer, byte);
}

static QmpFrame
close_bracket(QmpFramer *framer, guint8 byte)
{
    QmpFrame frame;

    framer->depth--;
    if (!framer->reported && ((framer->squares >> framer->depth) & 1) != (byte == ']'))
        return bad(framer, STRAY, "a closing bracket does not match the open one");
    frame = keep(framer, byte);
    if (framer->depth > 0)
        return frame;
    if (!framer->reported) {
        framer->finished = TRUE;
        frame = QMP_FRAME_TEXT;
    }
    go(framer, BETWEEN);
    return frame;
}

static QmpFrame
take_between(QmpFramer *framer, guint8 byte)
{
    if (is_space(byte))
        return QMP_FRAME_NONE;
    if (byte == '{' || byte == '[')
        return open_bracket(framer, byte);
    return bad(framer, STRAY, "a command is a JSON object: { was expected");
}

static QmpFrame
take_stray(QmpFramer *framer, guint8 byte)
{
    if (byte != '\n' && byte != '{' && byte != '[')
        return QMP_FRAME_NONE;
    go(framer, BETWEEN);
    return take_between(framer, byte);
}

static QmpFrame
take_inside(QmpFramer *framer, guint8 byte)
{
    switch (byte) {
    case '{':
    case '[': return open_bracket(framer, byte);
    case '}':
    case ']': return close_bracket(framer, byte);
    case '"':
    case '\'':
        framer->state = STRING;
        framer->quote = byte;
        return keep(framer, '"');
    default: return keep(framer, byte);
    }
}

static QmpFrame
take_string(QmpFramer *framer, guint8 byte)
{
    if (byte < 0x20)
        return bad(framer, BETWEEN, "a line end or tab inside a string");
    if (byte == framer->quote) {
        framer->state = INSIDE;
        return keep(framer, '"');
    }
    if (byte == '\\') {
        framer->state = ESCAPE;
        return QMP_FRAME_NONE;
    }
    if (byte == '"') {
        QmpFrame frame = keep(framer, '\\');

        return frame == QMP_FRAME_NONE ? keep(framer, byte) : frame;
    }
    return keep(framer, byte);
}

/* After a backslash. JSON knows no \' and QMP clients use it. */
static QmpFrame
take_escape(QmpFramer *framer, guint8 byte)
{
    QmpFrame frame;

    if (byte < 0x20)
        return bad(framer, BETWEEN, "a line end or tab inside a string");
    framer->state = STRING;
    if (byte == '\'')
        return keep(framer, byte);
    frame = keep(framer, '\\');
    return frame == QMP_FRAME_NONE ? keep(framer, byte) : frame;
}

static QmpFrame
take(QmpFramer *framer, guint8 byte)
{
    if (is_control(byte)) {
        framer->reported = FALSE;
        return bad(framer, BETWEEN, "a control byte resets the parser");
    }
    switch (framer->state) {
    case BETWEEN: return take_between(framer, byte);
    case INSIDE: return take_inside(framer, byte);
    case STRING: return take_string(framer, byte);
    case ESCAPE: return take_escape(framer, byte);
    case STRAY: return take_stray(framer, byte);
    }
    g_assert_not_reached();
}

QmpFrame
qmp_framer_next(QmpFramer *framer, const guint8 **bytes, gsize *n)
{
    QmpFrame frame = QMP_FRAME_NONE;

    if (framer->finished) {
        framer->finished = FALSE;
        g_string_truncate(framer->text, 0);
    }
    while (*n > 0 && frame == QMP_FRAME_NONE) {
        frame = take(framer, **bytes);
        ++*bytes;
        --*n;
    }
    return frame;
}
