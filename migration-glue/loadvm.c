/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading a stream.
 */
#include "migration-glue/loadvm.h"

#include <string.h>

#include "migration-glue/absent.h"
#include "migration-glue/engine.h"
#include "migration-glue/error.h"
#include "migration-glue/vmdesc.h"

#define MAGIC        0x5145564du /* "QEVM" */
#define VERSION      3u
#define VERSION_OLD  2u
#define SECTIONS_MAX 65536u /* different ids in one stream; each costs memory */

/* What an id of this stream stands for. */
typedef struct {
    char *idstr;
    guint32 instance, version;
    const MigSection *section; /* NULL: unknown, left to the hook */
    gboolean iterable;         /* came as START */
} KnownId;

struct MigLoader {
    MigStream *stream;
    const MigSections *sections;
    VmsContext context;
    MigConfiguration own;
    char *machine;
    const MigLoaderHooks *hooks;
    void *user;
    GHashTable *ids;      /* guint32 → KnownId */
    GHashTable *handlers; /* MigSection whose load was called */
    gboolean stopped;
    gboolean
        only_parts; /* the machine runs: nothing begins any more, and there is no description */
    char *description;
    gsize description_n;
};

static const MigLoaderHooks no_hooks;

static void
known_id_free(void *data)
{
    KnownId *known = data;

    g_free(known->idstr);
    g_free(known);
}

MigLoader *
mig_loader_new(MigStream *stream, const MigSections *sections, const VmsContext *context,
               const MigConfiguration *own, const MigLoaderHooks *hooks, void *user)
{
    MigLoader *loader = g_new0(MigLoader, 1);

    loader->stream = stream;
    loader->sections = sections;
    loader->context = *context;
    loader->own = *own;
    loader->machine = g_strdup(own->machine);
    loader->own.machine = loader->machine;
    loader->hooks = hooks != NULL ? hooks : &no_hooks;
    loader->user = user;
    loader->ids = g_hash_table_new_full(NULL, NULL, NULL, known_id_free);
    loader->handlers = g_hash_table_new(NULL, NULL);
    return loader;
}

void
mig_loader_free(MigLoader *loader)
{
    GHashTableIter iterator;
    void *key;

    if (loader == NULL)
        return;
    g_hash_table_iter_init(&iterator, loader->handlers);
    while (g_hash_table_iter_next(&iterator, &key, NULL)) {
        const MigSection *section = key;

        if (section->handler->load_cleanup != NULL)
            section->handler->load_cleanup(section->opaque);
    }
    g_hash_table_unref(loader->handlers);
    g_hash_table_unref(loader->ids);
    g_free(loader->description);
    g_free(loader->machine);
    g_free(loader);
}

MigLoader *
mig_loader_fork(const MigLoader *loader, const MigLoaderHooks *hooks, void *user)
{
    MigLoader *fork = mig_loader_new(loader->stream, loader->sections, &loader->context,
                                     &loader->own, hooks, user);
    GHashTableIter iterator;
    void *key, *value;

    fork->only_parts = TRUE;
    g_hash_table_iter_init(&iterator, loader->ids);
    while (g_hash_table_iter_next(&iterator, &key, &value)) {
        KnownId *known = g_memdup2(value, sizeof(KnownId));

        known->idstr = g_strdup(known->idstr);
        g_hash_table_insert(fork->ids, key, known);
    }
    return fork;
}

void
mig_loader_set_stream(MigLoader *loader, MigStream *stream)
{
    loader->stream = stream;
}

void
mig_loader_stop(MigLoader *loader)
{
    loader->stopped = TRUE;
}

MigStream *
mig_loader_stream(MigLoader *loader)
{
    return loader->stream;
}

const VmsContext *
mig_loader_context(const MigLoader *loader)
{
    return &loader->context;
}

void
mig_loader_set_context(MigLoader *loader, const VmsContext *context)
{
    loader->context = *context;
}

const char *
mig_loader_description(const MigLoader *loader, gsize *n)
{
    *n = loader->description_n;
    return loader->description;
}

/* ---- Header and configuration ---- */

static gboolean
read_header(MigLoader *loader, GError **error)
{
    guint32 magic = mig_stream_get_be32(loader->stream);
    guint32 version = mig_stream_get_be32(loader->stream);

    if (!mig_stream_check(loader->stream, error))
        return FALSE;
    if (magic != MAGIC) {
        g_set_error(error, MIG_ERROR, MIG_ERROR_FORMAT,
                    "this is no migration stream: it begins with 0x%08x, not with \"QEVM\"", magic);
        return FALSE;
    }
    if (version != VERSION) {
        g_set_error(error, MIG_ERROR, MIG_ERROR_VERSION, "stream version %u is %s, only %u is read",
                    version, version == VERSION_OLD ? "obsolete" : "unknown", VERSION);
        return FALSE;
    }
    return TRUE;
}

static gboolean
read_configuration(MigLoader *loader, GError **error)
{
    MigReceivedConfiguration received;
    guint64 at = mig_stream_position(loader->stream);
    gsize have;
    const guint8 *tag = mig_stream_peek(loader->stream, 1, &have);
    gboolean there = have == 1 && *tag == MIG_TAG_CONFIGURATION;

    if (there != loader->context.rules->configuration) {
        g_set_error(error, MIG_ERROR, MIG_ERROR_MISMATCH,
                    "byte %" G_GUINT64_FORMAT ": the stream has %s configuration block, streams of "
                    "%s have %s: the sender is another machine type",
                    at, there ? "a" : "no", loader->context.rules->machine, there ? "none" : "one");
        return FALSE;
    }
    if (!there)
        return TRUE;
    mig_stream_skip(loader->stream, 1);
    if (!mig_configuration_load(loader->stream, &loader->context, &received, error))
        return FALSE;
    if (loader->hooks->configuration != NULL)
        return loader->hooks->configuration(loader, &received, loader->user, error);
    return mig_configuration_compare(&received, &loader->own, &loader->context, error);
}

gboolean
mig_loader_begin(MigLoader *loader, GError **error)
{
    return read_header(loader, error) && read_configuration(loader, error);
}

/* ---- Sections ---- */

static gboolean
refuse(const MigSectionHead *head, MigError code, GError **error, const char *what)
{
    g_set_error(error, MIG_ERROR, code, "section '%s' instance %u, byte %" G_GUINT64_FORMAT ": %s",
                head->idstr != NULL ? head->idstr : "?", head->instance, head->start, what);
    return FALSE;
}

static gboolean
check_version(const MigSection *section, const MigSectionHead *head, GError **error)
{
    guint32 oldest = section->state != NULL ? section->state->oldest : section->handler->oldest;

    if (head->version >= oldest && head->version <= section->version)
        return TRUE;
    g_set_error(error, MIG_ERROR, MIG_ERROR_VERSION,
                "section '%s' instance %u, byte %" G_GUINT64_FORMAT
                ": version %u is too %s: versions %u to %u are read here",
                head->idstr, head->instance, head->start, head->version,
                head->version < oldest ? "old" : "new", oldest, section->version);
    return FALSE;
}

/* Notes what the id of a START or FULL stands for. */
static KnownId *
learn_id(MigLoader *loader, const MigSectionHead *head, GError **error)
{
    KnownId *known = g_hash_table_lookup(loader->ids, GUINT_TO_POINTER(head->id));

    if (known != NULL &&
        (strcmp(known->idstr, head->idstr) != 0 || known->instance != head->instance)) {
        refuse(head, MIG_ERROR_FORMAT, error, "its number belongs to another section already");
        return NULL;
    }
    if (known == NULL && g_hash_table_size(loader->ids) == SECTIONS_MAX) {
        refuse(head, MIG_ERROR_FORMAT, error, "too many sections");
        return NULL;
    }
    if (known == NULL) {
        known = g_new0(KnownId, 1);
        known->idstr = g_strdup(head->idstr);
        known->instance = head->instance;
        known->section = mig_sections_find(loader->sections, head->idstr, head->instance);
        g_hash_table_insert(loader->ids, GUINT_TO_POINTER(head->id), known);
    }
    known->version = head->version;
    known->iterable = head->tag == MIG_TAG_START;
    return known;
}

/* The rest of a head after its tag; @idstr has room for it. */
static KnownId *
read_head(MigLoader *loader, MigStream *stream, MigSectionHead *head, char idstr[256],
          GError **error)
{
    KnownId *known;

    head->id = mig_stream_get_be32(stream);
    if (head->tag == MIG_TAG_START || head->tag == MIG_TAG_FULL) {
        mig_stream_get_str8(stream, idstr);
        head->idstr = idstr;
        head->instance = mig_stream_get_be32(stream);
        head->version = mig_stream_get_be32(stream);
        return mig_stream_check(stream, error) ? learn_id(loader, head, error) : NULL;
    }
    if (!mig_stream_check(stream, error))
        return NULL;
    known = g_hash_table_lookup(loader->ids, GUINT_TO_POINTER(head->id));
    if (known == NULL) {
        g_set_error(error, MIG_ERROR, MIG_ERROR_FORMAT,
                    "byte %" G_GUINT64_FORMAT ": section number %u goes on but never began",
                    head->start, head->id);
        return NULL;
    }
    head->idstr = known->idstr;
    head->instance = known->instance;
    head->version = known->version;
    if (!known->iterable) {
        refuse(head, MIG_ERROR_FORMAT, error, "it goes on, but came as a whole");
        return NULL;
    }
    return known;
}

static gboolean
load_handler(MigLoader *loader, MigStream *stream, const MigSectionHead *head,
             const MigSection *section, GError **error)
{
    GError *inner = NULL;
    gboolean good;

    if (section->handler->load == NULL)
        return refuse(head, MIG_ERROR_UNSUPPORTED, error, "it cannot be loaded");
    g_hash_table_add(loader->handlers, (void *)section);
    good = section->handler->load(section->opaque, stream, head->tag, head->version,
                                  &loader->context, &inner) &&
           mig_stream_check(stream, &inner);
    if (good)
        return TRUE;
    refuse(head, inner != NULL && inner->domain == MIG_ERROR ? inner->code : MIG_ERROR_STATE, error,
           inner != NULL ? inner->message : "refused, and gave no reason");
    g_clear_error(&inner);
    return FALSE;
}

static gboolean
load_payload(MigLoader *loader, MigStream *stream, const MigSectionHead *head, const KnownId *known,
             GError **error)
{
    const MigSection *section = known->section;
    MigStateName name = {head->idstr, head->instance};

    if (section == NULL) {
        g_autofree char *text = mig_absent_text(head->idstr, head->instance);

        if (loader->hooks->unknown_section == NULL)
            return refuse(head, MIG_ERROR_UNKNOWN, error, text);
        return loader->hooks->unknown_section(loader, head, loader->user, error) &&
               mig_stream_check(stream, error);
    }
    if (!check_version(section, head, error))
        return FALSE;
    if (section->handler != NULL)
        return load_handler(loader, stream, head, section, error);
    if (head->tag == MIG_TAG_PART || head->tag == MIG_TAG_END)
        return refuse(head, MIG_ERROR_FORMAT, error, "it is not one that comes in parts");
    return mig_state_load(stream, &name, section->state, section->opaque, head->version,
                          &loader->context, error);
}

static gboolean
read_footer(MigLoader *loader, MigStream *stream, const MigSectionHead *head, GError **error)
{
    guint64 at = mig_stream_position(stream);
    guint8 tag;
    guint32 id;

    if (!loader->context.rules->footers)
        return TRUE;
    tag = mig_stream_get_u8(stream);
    id = mig_stream_get_be32(stream);
    if (tag == MIG_TAG_FOOTER && id == head->id && mig_stream_ok(stream))
        return TRUE;
    if (!mig_stream_check(stream, error)) {
        g_prefix_error(error, "section '%s' instance %u: its footer is missing: ", head->idstr,
                       head->instance);
        return FALSE;
    }
    g_set_error(error, MIG_ERROR, MIG_ERROR_FORMAT,
                "section '%s' instance %u, byte %" G_GUINT64_FORMAT
                ": no footer follows its payload: the sender's section is longer than ours: give "
                "both sides the same machine type and the same numbers of vCPUs (-smp)",
                head->idstr, head->instance, at);
    return FALSE;
}

/* What may come while the machine runs already. */
static gboolean
goes_on(const KnownId *known, guint tag)
{
    return (tag == MIG_TAG_PART || tag == MIG_TAG_END) && known->section != NULL &&
           known->section->handler != NULL && known->section->handler->postcopy;
}

static gboolean
read_section(MigLoader *loader, MigStream *stream, guint tag, GError **error)
{
    MigSectionHead head = {.tag = tag, .start = mig_stream_position(stream) - 1};
    char idstr[256];
    const KnownId *known = read_head(loader, stream, &head, idstr, error);

    if (known == NULL)
        return FALSE;
    if (loader->only_parts && !goes_on(known, tag))
        return refuse(&head, MIG_ERROR_FORMAT, error, "it comes after the switch to postcopy");
    head.payload = mig_stream_position(stream);
    if (!load_payload(loader, stream, &head, known, error))
        return FALSE;
    head.end = mig_stream_position(stream);
    if (!read_footer(loader, stream, &head, error))
        return FALSE;
    return loader->hooks->section_read == NULL ||
           loader->hooks->section_read(loader, &head, loader->user, error);
}

/* ---- Commands, end, description ---- */

static gboolean
read_command(MigLoader *loader, MigStream *stream, GError **error)
{
    guint command = mig_stream_get_be16(stream);
    guint n = mig_stream_get_be16(stream);
    g_autofree guint8 *payload = g_malloc(n + 1u);

    if (!mig_stream_check(stream, error) || !mig_command_check(command, n, error) ||
        (mig_stream_get(stream, payload, n), !mig_stream_check(stream, error)))
        return FALSE;
    if (loader->hooks->command != NULL)
        return loader->hooks->command(loader, command, payload, n, loader->user, error);
    if (command == MIG_COMMAND_SWITCHOVER_START || command == MIG_COMMAND_OPEN_RETURN_PATH)
        return TRUE;
    g_set_error(error, MIG_ERROR, MIG_ERROR_UNSUPPORTED, "command %s cannot be obeyed here",
                mig_command_name(command));
    return FALSE;
}

/* One section or command; *@end at the end marker. */
static gboolean
read_item(MigLoader *loader, MigStream *stream, gboolean *end, GError **error)
{
    guint64 at = mig_stream_position(stream);
    guint tag = mig_stream_get_u8(stream);

    if (!mig_stream_check(stream, error))
        return FALSE;
    switch (tag) {
    case MIG_TAG_EOF: *end = TRUE; return TRUE;
    case MIG_TAG_START:
    case MIG_TAG_PART:
    case MIG_TAG_END:
    case MIG_TAG_FULL: return read_section(loader, stream, tag, error);
    case MIG_TAG_COMMAND:
        if (read_command(loader, stream, error))
            return TRUE;
        g_prefix_error(error, "command at byte %" G_GUINT64_FORMAT ": ", at);
        return FALSE;
    default: break;
    }
    g_set_error(error, MIG_ERROR, MIG_ERROR_FORMAT,
                "byte %" G_GUINT64_FORMAT ": a section is due, 0x%02x begins none", at, tag);
    return FALSE;
}

/* A stream may end here, and what is no description is not ours. */
static gboolean
read_description(MigLoader *loader, GError **error)
{
    gsize have;
    const guint8 *tag = mig_stream_peek(loader->stream, 1, &have);
    guint32 n;

    if (have == 0 || *tag != MIG_TAG_DESCRIPTION)
        return TRUE;
    mig_stream_skip(loader->stream, 1);
    n = mig_stream_get_be32(loader->stream);
    if (n > VMDESC_TEXT_MAX) {
        g_set_error(error, MIG_ERROR, MIG_ERROR_FORMAT, "a description of %u bytes is too long", n);
        return FALSE;
    }
    loader->description = g_malloc0((gsize)n + 1);
    loader->description_n = n;
    mig_stream_get(loader->stream, loader->description, n);
    return mig_stream_check(loader->stream, error);
}

gboolean
mig_loader_sections(MigLoader *loader, GError **error)
{
    gboolean end = FALSE;

    while (!end && !loader->stopped) {
        if (!read_item(loader, loader->stream, &end, error))
            return FALSE;
    }
    if (loader->stopped || loader->only_parts)
        return TRUE;
    return !loader->context.rules->description || read_description(loader, error);
}

gboolean
mig_loader_run(MigLoader *loader, GError **error)
{
    return mig_loader_begin(loader, error) && mig_loader_sections(loader, error);
}

gboolean
mig_loader_run_package(MigLoader *loader, MigStream *package, GError **error)
{
    gboolean end = FALSE;
    gsize have;

    while (mig_stream_peek(package, 1, &have), have > 0) {
        if (!read_item(loader, package, &end, error))
            return FALSE;
        if (end) {
            g_set_error(error, MIG_ERROR, MIG_ERROR_FORMAT, "an end marker in a package");
            return FALSE;
        }
    }
    return mig_stream_check(package, error);
}
