/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A bounded list of remarks.
 */
#include "tools/stream-notes.h"

#include <stdarg.h>

#define NOTES_MAX 1000

static void
note_free(void *data)
{
    StreamNote *note = data;

    g_free(note->text);
    g_free(note);
}

void
stream_notes_init(StreamNotes *notes)
{
    *notes = (StreamNotes){.list = g_ptr_array_new_with_free_func(note_free)};
}

void
stream_notes_clear(StreamNotes *notes)
{
    g_clear_pointer(&notes->list, g_ptr_array_unref);
}

void
stream_notes_add(StreamNotes *notes, guint refused_by, guint64 offset, const char *format, ...)
{
    StreamNote *note;
    va_list arguments;

    if (notes->list->len == NOTES_MAX) {
        notes->dropped++;
        notes->dropped_refused_by |= refused_by;
        return;
    }
    note = g_new0(StreamNote, 1);
    note->refused_by = refused_by;
    note->offset = offset;
    va_start(arguments, format);
    note->text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_ptr_array_add(notes->list, note);
}

gboolean
stream_notes_refuse(const StreamNotes *notes, guint reader)
{
    guint by = notes->dropped_refused_by;

    for (guint i = 0; i < notes->list->len; i++)
        by |= ((const StreamNote *)notes->list->pdata[i])->refused_by;
    return (by & reader) != 0;
}
