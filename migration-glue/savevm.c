/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writing a stream: frames around what handlers and states write.
 */
#include "migration-glue/savevm.h"

#include <string.h>

#include "migration-glue/command.h"
#include "migration-glue/engine.h"
#include "migration-glue/error.h"

#define MAGIC       0x5145564du /* "QEVM" */
#define VERSION     3u
#define TARGET_PAGE 4096u

struct MigSaver {
    MigStream *stream;
    const MigSections *sections;
    VmsContext context;
    MigConfiguration own;
    char *machine;
    GHashTable *active; /* MigSection of handlers that were started → whether it is done */
    VmdescWriter *description;
    MigSaverObserver observer;
    void *user;
};

MigSaver *
mig_saver_new(MigStream *stream, const MigSections *sections, const VmsContext *context,
              const MigConfiguration *own)
{
    MigSaver *saver = g_new0(MigSaver, 1);

    saver->stream = stream;
    saver->sections = sections;
    saver->context = *context;
    saver->own = *own;
    saver->machine = g_strdup(own->machine);
    saver->own.machine = saver->machine;
    saver->active = g_hash_table_new(NULL, NULL);
    saver->description = vmdesc_writer_new();
    vmdesc_begin_object(saver->description, NULL);
    vmdesc_put_number(saver->description, "page_size", TARGET_PAGE);
    vmdesc_begin_array(saver->description, "devices");
    return saver;
}

void
mig_saver_free(MigSaver *saver)
{
    GHashTableIter iterator;
    void *key;

    if (saver == NULL)
        return;
    g_hash_table_iter_init(&iterator, saver->active);
    while (g_hash_table_iter_next(&iterator, &key, NULL)) {
        const MigSection *section = key;

        if (section->handler->save_cleanup != NULL)
            section->handler->save_cleanup(section->opaque);
    }
    g_hash_table_unref(saver->active);
    vmdesc_writer_free(saver->description);
    g_free(saver->machine);
    g_free(saver);
}

void
mig_saver_observe(MigSaver *saver, MigSaverObserver observer, void *user)
{
    saver->observer = observer;
    saver->user = user;
}

gboolean
mig_saver_begin(MigSaver *saver, GError **error)
{
    mig_stream_put_be32(saver->stream, MAGIC);
    mig_stream_put_be32(saver->stream, VERSION);
    if (saver->context.rules->configuration &&
        !mig_configuration_save(saver->stream, &saver->own, &saver->context, error))
        return FALSE;
    return mig_stream_check(saver->stream, error);
}

static void
put_head(MigSaver *saver, guint tag, const MigSection *section)
{
    mig_stream_put_u8(saver->stream, (guint8)tag);
    mig_stream_put_be32(saver->stream, section->id);
    if (tag != MIG_TAG_START && tag != MIG_TAG_FULL)
        return;
    mig_stream_put_str8(saver->stream, section->idstr);
    mig_stream_put_be32(saver->stream, section->instance);
    mig_stream_put_be32(saver->stream, section->version);
}

static gboolean
put_payload(MigSaver *saver, guint tag, const MigSection *section, GError **error)
{
    const MigHandler *handler = section->handler;
    MigStateName name = {section->idstr, section->instance};
    gboolean done = FALSE, good = TRUE;

    if (section->state != NULL)
        return mig_state_save(saver->stream, &name, section->state, section->opaque,
                              &saver->context, saver->description, error);
    if (tag == MIG_TAG_START && handler->save_start != NULL)
        good = handler->save_start(section->opaque, saver->stream, &saver->context, error);
    else if (tag == MIG_TAG_PART && handler->save_part != NULL)
        good = handler->save_part(section->opaque, saver->stream, &saver->context, &done, error);
    else if (tag == MIG_TAG_END && handler->save_end != NULL)
        good = handler->save_end(section->opaque, saver->stream, &saver->context, error);
    if (good && tag == MIG_TAG_PART)
        g_hash_table_replace(saver->active, (void *)section, GINT_TO_POINTER(done));
    return good;
}

/* One section with its frame. */
static gboolean
put_section(MigSaver *saver, guint tag, const MigSection *section, GError **error)
{
    guint64 start = mig_stream_position(saver->stream);

    put_head(saver, tag, section);
    if (!put_payload(saver, tag, section, error))
        return FALSE;
    if (saver->context.rules->footers) {
        mig_stream_put_u8(saver->stream, MIG_TAG_FOOTER);
        mig_stream_put_be32(saver->stream, section->id);
    }
    if (saver->observer != NULL)
        saver->observer(section, tag, mig_stream_position(saver->stream) - start, saver->user);
    return mig_stream_check(saver->stream, error);
}

gboolean
mig_saver_start(MigSaver *saver, GError **error)
{
    guint n;
    const MigSection *const *list = mig_sections_list(saver->sections, &n);

    for (guint i = 0; i < n; i++) {
        const MigHandler *handler = list[i]->handler;

        if (handler == NULL ||
            (handler->is_active != NULL && !handler->is_active(list[i]->opaque, &saver->context)))
            continue;
        g_hash_table_insert(saver->active, (void *)list[i],
                            GINT_TO_POINTER(handler->save_part == NULL));
        if (!put_section(saver, MIG_TAG_START, list[i], error))
            return FALSE;
    }
    return mig_stream_flush(saver->stream, error);
}

static gboolean
is_done(const MigSaver *saver, const MigSection *section)
{
    return GPOINTER_TO_INT(g_hash_table_lookup(saver->active, section));
}

gboolean
mig_saver_round(MigSaver *saver, gboolean *done, GError **error)
{
    guint n;
    const MigSection *const *list = mig_sections_list(saver->sections, &n);

    *done = TRUE;
    for (guint i = 0; i < n; i++) {
        if (!g_hash_table_contains(saver->active, list[i]))
            continue;
        /* A machine that runs may have made more work for one that was done before. */
        if (list[i]->handler->save_part == NULL)
            continue;
        if (!put_section(saver, MIG_TAG_PART, list[i], error))
            return FALSE;
        *done = *done && is_done(saver, list[i]);
    }
    return mig_stream_push(saver->stream, error);
}

guint64
mig_saver_pending(MigSaver *saver)
{
    GHashTableIter iterator;
    guint64 sum = 0;
    void *key;

    g_hash_table_iter_init(&iterator, saver->active);
    while (g_hash_table_iter_next(&iterator, &key, NULL)) {
        const MigSection *section = key;

        if (section->handler->pending != NULL)
            sum += section->handler->pending(section->opaque);
    }
    return sum;
}

gboolean
mig_saver_stopped(MigSaver *saver, GError **error)
{
    if (saver->context.rules->switchover_start)
        mig_command_put(saver->stream, MIG_COMMAND_SWITCHOVER_START, NULL, 0);
    return mig_stream_check(saver->stream, error);
}

gboolean
mig_saver_ends(MigSaver *saver, GError **error)
{
    guint n;
    const MigSection *const *list = mig_sections_list(saver->sections, &n);

    for (guint i = 0; i < n; i++) {
        if (g_hash_table_contains(saver->active, list[i]) &&
            !put_section(saver, MIG_TAG_END, list[i], error))
            return FALSE;
    }
    return TRUE;
}

gboolean
mig_saver_switch(MigSaver *saver, GError **error)
{
    guint n;
    const MigSection *const *list = mig_sections_list(saver->sections, &n);

    for (guint i = 0; i < n; i++) {
        const MigHandler *handler = list[i]->handler;

        if (!g_hash_table_contains(saver->active, list[i]) || handler->postcopy)
            continue;
        if (!put_section(saver, MIG_TAG_END, list[i], error))
            return FALSE;
        if (handler->save_cleanup != NULL)
            handler->save_cleanup(list[i]->opaque);
        g_hash_table_remove(saver->active, list[i]);
    }
    return TRUE;
}

void
mig_saver_set_stream(MigSaver *saver, MigStream *stream)
{
    saver->stream = stream;
}

gboolean
mig_saver_states(MigSaver *saver, GError **error)
{
    guint n;
    const MigSection *const *list = mig_sections_list(saver->sections, &n);

    for (guint i = 0; i < n; i++) {
        const VmsState *state = list[i]->state;

        if (state == NULL ||
            (state->needed != NULL && !state->needed(list[i]->opaque, &saver->context)))
            continue;
        vmdesc_begin_object(saver->description, NULL);
        vmdesc_put_string(saver->description, "name", list[i]->idstr);
        vmdesc_put_number(saver->description, "instance_id", list[i]->instance);
        if (!put_section(saver, MIG_TAG_FULL, list[i], error))
            return FALSE;
        vmdesc_end_object(saver->description);
    }
    return TRUE;
}

gboolean
mig_saver_finish(MigSaver *saver, gboolean description, GError **error)
{
    const GString *text = vmdesc_writer_text(saver->description);

    vmdesc_end_array(saver->description);
    vmdesc_end_object(saver->description);
    mig_stream_put_u8(saver->stream, MIG_TAG_EOF);
    if (description && saver->context.rules->description) {
        mig_stream_put_u8(saver->stream, MIG_TAG_DESCRIPTION);
        mig_stream_put_be32(saver->stream, (guint32)text->len);
        mig_stream_put(saver->stream, text->str, text->len);
    }
    return mig_stream_flush(saver->stream, error);
}

gboolean
mig_saver_run_stopped(MigSaver *saver, GError **error)
{
    return mig_saver_begin(saver, error) && mig_saver_start(saver, error) &&
           mig_saver_stopped(saver, error) && mig_saver_ends(saver, error) &&
           mig_saver_states(saver, error) && mig_saver_finish(saver, TRUE, error);
}
