/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The undo journal. Undoing in reverse order is what makes it safe that a record may point into
 * memory that an earlier record will free: the inner one is undone first.
 */
#include "migration-glue/engine-journal.h"

#include <string.h>

#include "migration-glue/engine-priv.h"

typedef enum { RECORD_BYTES, RECORD_POINTER, RECORD_QUEUE } RecordKind;

typedef struct {
    RecordKind kind;
    void *address;
    union {
        struct {
            gsize start; /* in `bytes` of the journal */
            gsize n;
        } old;
        void *pointer;
        GQueue queue;
    };
    const VmsField *field; /* QUEUE */
} Record;

struct MigJournal {
    GArray *records;
    guint8 *bytes;
    gsize used, room;
};

MigJournal *
mig_journal_new(void)
{
    MigJournal *journal = g_new0(MigJournal, 1);

    journal->records = g_array_new(FALSE, FALSE, sizeof(Record));
    return journal;
}

static void
journal_free(MigJournal *journal)
{
    g_array_unref(journal->records);
    g_free(journal->bytes);
    g_free(journal);
}

void
mig_journal_bytes(MigJournal *journal, void *address, gsize n)
{
    Record record = {.kind = RECORD_BYTES, .address = address};

    record.old.start = journal->used;
    record.old.n = n;
    if (n == 0)
        return;
    if (n > journal->room - journal->used) {
        journal->room = MAX(journal->used + n, 2 * journal->room);
        journal->bytes = g_realloc(journal->bytes, journal->room);
    }
    memcpy(journal->bytes + journal->used, address, n);
    journal->used += n;
    g_array_append_val(journal->records, record);
}

void
mig_journal_pointer(MigJournal *journal, void **address)
{
    Record record = {.kind = RECORD_POINTER, .address = address};

    record.pointer = *address;
    g_array_append_val(journal->records, record);
}

void
mig_journal_queue(MigJournal *journal, GQueue *queue, const VmsField *field)
{
    Record record = {.kind = RECORD_QUEUE, .address = queue, .field = field};

    record.queue = *queue;
    g_array_append_val(journal->records, record);
    g_queue_init(queue);
}

void
mig_journal_commit(MigJournal *journal)
{
    for (guint i = 0; i < journal->records->len; i++) {
        Record *record = &g_array_index(journal->records, Record, i);

        if (record->kind == RECORD_POINTER)
            g_free(record->pointer);
        else if (record->kind == RECORD_QUEUE)
            engine_queue_clear(&record->queue, record->field);
    }
    journal_free(journal);
}

void
mig_journal_roll_back(MigJournal *journal)
{
    for (guint i = journal->records->len; i-- > 0;) {
        Record *record = &g_array_index(journal->records, Record, i);

        switch (record->kind) {
        case RECORD_BYTES:
            memcpy(record->address, journal->bytes + record->old.start, record->old.n);
            break;
        case RECORD_POINTER:
            g_free(*(void **)record->address);
            *(void **)record->address = record->pointer;
            break;
        case RECORD_QUEUE:
            engine_queue_clear(record->address, record->field);
            *(GQueue *)record->address = record->queue;
            break;
        }
    }
    journal_free(journal);
}
