/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Loading a payload into an object that has no machine.
 */
#include "tools/stream-decode.h"

#include "migration-glue/engine.h"
#include "migration-glue/error.h"
#include "migration-glue/loose.h"

StreamDecoded *
stream_decode(const VmsCatalogueRow *row, const VmsContext *context, const char *idstr,
              guint32 instance, guint32 version, const guint8 *bytes, gsize n, gboolean exact,
              GError **error)
{
    g_autoptr(MigStream) stream = mig_stream_new_reader(mig_channel_bytes_new(bytes, n));
    g_autoptr(StreamDecoded) decoded = g_new0(StreamDecoded, 1);
    const MigStateName name = {idstr, instance};

    decoded->row = row;
    decoded->loose = mig_loose_new(row->state);
    decoded->object = g_malloc0(row->size);
    if (row->prepare != NULL)
        row->prepare(decoded->object, context);
    if (row->fit != NULL && exact)
        row->fit(decoded->object, bytes, n);
    if (!mig_state_load(stream, &name, decoded->loose, decoded->object, version, context, error))
        return NULL;
    decoded->used = (gsize)mig_stream_position(stream);
    if (!exact || decoded->used == n)
        return g_steal_pointer(&decoded);
    g_set_error(error, MIG_ERROR, MIG_ERROR_FORMAT,
                "section '%s' instance %u: our description ends after %" G_GSIZE_FORMAT
                " of %" G_GSIZE_FORMAT " bytes",
                idstr, instance, decoded->used, n);
    return NULL;
}

void
stream_decoded_free(StreamDecoded *decoded)
{
    if (decoded == NULL)
        return;
    if (decoded->row->finish != NULL)
        decoded->row->finish(decoded->object);
    mig_state_clear(decoded->loose, decoded->object);
    g_free(decoded->object);
    mig_loose_free(decoded->loose);
    g_free(decoded);
}

VmdescNode *
stream_decoded_describe(StreamDecoded *decoded, const VmsContext *context, guint32 version,
                        GError **error)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    g_autoptr(MigStream) stream = mig_stream_new_writer(mig_channel_memory_new(bytes));
    g_autoptr(VmdescWriter) writer = vmdesc_writer_new();
    const MigStateName name = {decoded->row->state->name, 0};
    const guint32 newest = decoded->loose->version;
    const GString *text;
    gboolean good;

    decoded->loose->version = version; /* to be written as it came */
    vmdesc_begin_object(writer, NULL);
    good = mig_state_save(stream, &name, decoded->loose, decoded->object, context, writer, error) &&
           mig_stream_flush(stream, error);
    vmdesc_end_object(writer);
    decoded->loose->version = newest;
    text = vmdesc_writer_text(writer);
    return good ? vmdesc_parse(text->str, text->len, error) : NULL;
}

void
stream_decoded_explain(const StreamDecoded *decoded, GString *text)
{
    if (decoded->row->explain != NULL)
        decoded->row->explain(decoded->object, text);
}

gboolean
stream_decoded_check(const StreamDecoded *decoded, const VmsContext *context, GError **error)
{
    const VmsState *state = decoded->row->state;

    return state->check == NULL || state->check(decoded->object, context, error);
}
