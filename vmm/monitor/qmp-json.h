/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A stream of bytes cut into JSON texts, the way QMP clients send them: several on a line or one
 * over several lines, strings in single or in double quotes.
 *
 * Not a JSON parser: it knows brackets and strings only, hands out each text in strict JSON's
 * quoting, and leaves the rest to the library. Bytes in, no I/O, no other state; any one thread.
 *
 * Invariants, cited by tests:
 *   FRAME-1  How the stream is cut into calls changes nothing in what comes out.
 *   FRAME-2  One bad text gives one QMP_FRAME_BAD, and the text after it is read again: at the
 *            closing bracket where brackets can be told, else at the next line or bracket.
 *   FRAME-3  At most QMP_TEXT_MAX bytes are held, whatever comes in.
 *   FRAME-4  A control byte (below 0x20 and no white space, 0xfe, 0xff) ends whatever was begun and
 *            gives one QMP_FRAME_BAD, always.
 *
 * Source: QEMU's published QMP specification, "Forcing the JSON parser into known-good state".
 */
#ifndef VMM_MONITOR_QMP_JSON_H
#define VMM_MONITOR_QMP_JSON_H

#include <glib.h>

#define QMP_TEXT_MAX  65536 /* bytes of one text */
#define QMP_DEPTH_MAX 64    /* brackets open at a time; at most the bits of a word */

typedef struct QmpFramer QmpFramer;

typedef enum {
    QMP_FRAME_NONE, /* all bytes taken, no text complete */
    QMP_FRAME_TEXT, /* a text that begins and ends with brackets that match */
    QMP_FRAME_BAD,  /* what came is no text; qmp_framer_text() says why */
} QmpFrame;

QmpFramer *qmp_framer_new(void);
void qmp_framer_free(QmpFramer *framer); /* NULL-safe */

/**
 * qmp_framer_next:
 * @bytes: moved on past what was taken
 * @n:     bytes left at @bytes; reduced likewise
 *
 * Takes bytes until one text is complete or bad, or none is left.
 */
QmpFrame qmp_framer_next(QmpFramer *framer, const guint8 **bytes, gsize *n);

/** qmp_framer_text: the text or the reason of the last result; valid until the next call. */
const char *qmp_framer_text(const QmpFramer *framer, gsize *n);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(QmpFramer, qmp_framer_free)

#endif
