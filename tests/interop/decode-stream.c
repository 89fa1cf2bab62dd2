/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Decodes every section of a stream of stock QEMU by the module's own catalogue.
 *
 * usage: decode-stream MACHINE FILE [EXPECTED,…]
 *
 * Each section must be in the catalogue (ram and spapr/htab, which come in parts, are skipped
 * record by record), be taken to its last byte, come out as the same bytes and, where the stream
 * brings a description, the same description; each field, when it is changed, must change its own
 * bytes. Whatever it holds is explained, and none of it is impossible. Each EXPECTED must be
 * the name of a section, subsection or field that was there. Prints one line.
 */
#include <stdio.h>
#include <string.h>

#include "hw-spapr/pseries.h"
#include "migration-glue/engine.h"
#include "migration-glue/error.h"
#include "migration-glue/host-state.h"
#include "migration-glue/loadvm.h"
#include "migration-glue/loose.h"
#include "migration-glue/rules.h"
#include "migration-glue/vmdesc.h"
#include "tests/interop/flip.h"
#include "tests/interop/iterables.h"
#include "vdev/module.h"

#define ALL_MIN 15u /* any pseries machine with two CPUs has more sections than that */

typedef struct {
    const guint8 *bytes;    /* of the whole stream */
    VmdescNode *root;       /* its description, or NULL */
    GHashTable *seen;       /* "name/instance" → how many */
    GPtrArray *tables;      /* NULL-terminated: the catalogue */
    GString *described_all; /* descriptions of ours, one behind the other */
    Iterables iterables;
    GRand *random;
    guint n, described;
    gint flips;
} Decoder;

/* One section under test. */
typedef struct {
    const MigSectionHead *head;
    const VmsCatalogueRow *row;
    const VmdescNode *device; /* or NULL */
    VmsState *loose;
    void *object;
} Section;

static gboolean
fail(const Section *section, const char *what, const char *more, GError **error)
{
    g_set_error(error, MIG_ERROR, MIG_ERROR_STATE, "%s/%u: %s%s%s", section->head->idstr,
                section->head->instance, what, more != NULL ? ": " : "", more != NULL ? more : "");
    return FALSE;
}

/* --- The stream's own description of a section ---------------------------- */

static const VmdescNode *
find_device(Decoder *decoder, const MigSectionHead *head)
{
    char *key = g_strdup_printf("%s/%u", head->idstr, head->instance);
    const guint nth = GPOINTER_TO_UINT(g_hash_table_lookup(decoder->seen, key));

    g_hash_table_insert(decoder->seen, key, GUINT_TO_POINTER(nth + 1));
    return decoder->root != NULL ? vmdesc_device(decoder->root, head->idstr, head->instance, nth)
                                 : NULL;
}

static void
rewrite(VmdescWriter *writer, const VmdescNode *node)
{
    switch (node->kind) {
    case VMDESC_NUMBER: vmdesc_put_number(writer, node->key, (guint64)node->number); break;
    case VMDESC_STRING: vmdesc_put_string(writer, node->key, node->text); break;
    case VMDESC_OBJECT: vmdesc_begin_object(writer, node->key); break;
    case VMDESC_ARRAY: vmdesc_begin_array(writer, node->key); break;
    default: g_error("a description has no such value");
    }
    for (guint i = 0; node->children != NULL && i < node->children->len; i++)
        rewrite(writer, node->children->pdata[i]);
    if (node->kind == VMDESC_OBJECT)
        vmdesc_end_object(writer);
    else if (node->kind == VMDESC_ARRAY)
        vmdesc_end_array(writer);
}

/* Its text without the keys that name the section. */
static char *
device_text(const VmdescNode *device)
{
    g_autoptr(VmdescWriter) writer = vmdesc_writer_new();

    vmdesc_begin_object(writer, NULL);
    for (guint i = 0; i < device->children->len; i++) {
        const VmdescNode *child = device->children->pdata[i];

        if (strcmp(child->key, "name") != 0 && strcmp(child->key, "instance_id") != 0)
            rewrite(writer, child);
    }
    vmdesc_end_object(writer);
    return g_strdup(vmdesc_writer_text(writer)->str);
}

/* --- What is asked of a section ------------------------------------------ */

static gboolean
comes_out_the_same(Decoder *decoder, Section *section, const VmsContext *context,
                   const GByteArray *payload, GError **error)
{
    g_autoptr(GString) json = g_string_new(NULL);
    g_autoptr(GByteArray) again = flip_save(section->loose, section->object, context, json, error);
    g_autofree char *theirs = NULL;

    if (again == NULL)
        return FALSE;
    g_string_append(decoder->described_all, json->str);
    if (again->len != payload->len ||
        (payload->len > 0 && memcmp(again->data, payload->data, payload->len) != 0))
        return fail(section, "other bytes when written again", NULL, error);
    if (section->device == NULL)
        return TRUE;
    theirs = device_text(section->device);
    decoder->described++;
    return strcmp(theirs, json->str) == 0 || fail(section, "described otherwise", json->str, error);
}

/* What KVM could not take is possible all the same. */
static gboolean
is_possible(Section *section, const VmsContext *context, GError **error)
{
    g_autoptr(GError) inner = NULL;

    if (section->row->state->check == NULL ||
        section->row->state->check(section->object, context, &inner) ||
        g_error_matches(inner, G_FILE_ERROR, G_FILE_ERROR_NOSYS))
        return TRUE;
    return fail(section, "impossible", inner->message, error);
}

static gboolean
is_explained(Section *section, GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);

    if (section->row->explain == NULL)
        return TRUE;
    section->row->explain(section->object, text);
    return (text->len > 0 && text->str[text->len - 1] == '\n' &&
            g_utf8_validate(text->str, (gssize)text->len, NULL)) ||
           fail(section, "no lines explain it", text->str, error);
}

static gboolean
decode(Decoder *decoder, MigStream *stream, Section *section, const VmsContext *context,
       GError **error)
{
    const MigSectionHead *head = section->head;
    const MigStateName name = {head->idstr, head->instance};
    const gsize start = (gsize)mig_stream_position(stream);
    g_autoptr(GByteArray) payload = g_byte_array_new();
    gsize size = 0;
    gint flips;

    if (section->device != NULL && !vmdesc_walk(section->device, NULL, NULL, &size, error))
        return FALSE;
    if (section->row->prepare != NULL)
        section->row->prepare(section->object, context);
    if (section->row->fit != NULL)
        section->row->fit(section->object, decoder->bytes + start, size);
    if (!mig_state_load(stream, &name, section->loose, section->object, head->version, context,
                        error))
        return FALSE;
    g_byte_array_append(payload, decoder->bytes + start,
                        (guint)(mig_stream_position(stream) - start));
    section->loose->version = head->version; /* to be written as it came */
    if (!comes_out_the_same(decoder, section, context, payload, error) ||
        !is_possible(section, context, error) || !is_explained(section, error))
        return FALSE;
    flips = flip_fields(section->loose, section->object, context, payload, decoder->random, error);
    decoder->flips += flips;
    return flips >= 0;
}

static gboolean
decode_section(MigLoader *loader, const MigSectionHead *head, void *user, GError **error)
{
    Decoder *decoder = user;
    Section section = {.head = head, .device = find_device(decoder, head)};
    gboolean good;

    section.row =
        mig_catalogue_find((const VmsCatalogueRow *const *)decoder->tables->pdata, head->idstr);
    if (section.row == NULL)
        return fail(&section, "not in the catalogue", NULL, error);
    if (!mig_state_valid(section.row->state, error))
        return FALSE;
    section.loose = mig_loose_new(section.row->state);
    section.object = g_malloc0(section.row->size);
    good = decode(decoder, mig_loader_stream(loader), &section, mig_loader_context(loader), error);
    mig_state_clear(section.loose, section.object);
    g_free(section.object);
    mig_loose_free(section.loose);
    decoder->n++;
    return good;
}

/* --- The stream ---------------------------------------------------------- */

static const MigLoaderHooks hooks = {.unknown_section = decode_section};

static const VdevMachineRow *
find_row(const char *machine)
{
    for (const VdevMachineRow *row = pseries_rows; row->name != NULL; row++) {
        if (strcmp(row->name, machine) == 0)
            return row;
    }
    return NULL;
}

static gboolean
decode_stream(Decoder *decoder, const char *machine, gsize n, GError **error)
{
    g_autoptr(MigSections) sections = mig_sections_new();
    g_autoptr(MigStream) stream = mig_stream_new_reader(mig_channel_bytes_new(decoder->bytes, n));
    const VmsContext context = {.row = find_row(machine), .rules = mig_rules_find(machine)};
    const MigConfiguration own = {.machine = machine};
    g_autoptr(MigLoader) loader = NULL;

    g_assert_nonnull(context.row);
    g_assert_nonnull(context.rules);
    loader = mig_loader_new(stream, sections, &context, &own, &hooks, decoder);
    if (!iterables_add(&decoder->iterables, sections, error) || !mig_loader_run(loader, error))
        return FALSE;
    if (mig_stream_position(stream) == n && decoder->n >= ALL_MIN && decoder->iterables.pages > 0)
        return TRUE;
    g_set_error(error, MIG_ERROR, MIG_ERROR_FORMAT,
                "%" G_GUINT64_FORMAT " of %" G_GSIZE_FORMAT " bytes, %u sections",
                mig_stream_position(stream), n, decoder->n);
    return FALSE;
}

/* Each as a whole name. */
static gboolean
all_expected(const Decoder *decoder, const char *expected, GError **error)
{
    g_auto(GStrv) names = g_strsplit(expected, ",", -1);

    for (guint i = 0; names[i] != NULL; i++) {
        g_autofree char *quoted = g_strdup_printf("\"%s\"", names[i]);

        if (strstr(decoder->described_all->str, quoted) == NULL) {
            g_set_error(error, MIG_ERROR, MIG_ERROR_UNKNOWN, "there was no %s", names[i]);
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean
make_tables(GPtrArray *tables, GError **error)
{
    static const VdevHost host = {.abi = VDEV_ABI, .size = sizeof(host)};
    const VdevModule *module = vdev_module_v1(&host, error);

    if (module == NULL)
        return FALSE;
    for (guint i = 0; module->catalogue[i] != NULL; i++)
        g_ptr_array_add(tables, (gpointer)module->catalogue[i]);
    g_ptr_array_add(tables, (gpointer)host_catalogue);
    g_ptr_array_add(tables, NULL);
    return TRUE;
}

int
main(int argc, char **argv)
{
    const guint32 seed = g_random_int();
    g_autoptr(GError) error = NULL;
    g_autofree char *bytes = NULL;
    Decoder decoder = {0};
    gsize n, start, text_n;
    gboolean good;

    if (argc != 3 && argc != 4) {
        fprintf(stderr, "usage: decode-stream MACHINE FILE [EXPECTED,…]\n");
        return 2;
    }
    if (!g_file_get_contents(argv[2], &bytes, &n, &error)) {
        fprintf(stderr, "decode-stream: %s\n", error->message);
        return 2;
    }
    decoder.bytes = (const guint8 *)bytes;
    decoder.random = g_rand_new_with_seed(seed);
    decoder.seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    decoder.tables = g_ptr_array_new();
    decoder.described_all = g_string_new(NULL);
    decoder.root = vmdesc_find(decoder.bytes, n, &start, &text_n);
    good = make_tables(decoder.tables, &error) && decode_stream(&decoder, argv[1], n, &error) &&
           (argc == 3 || all_expected(&decoder, argv[3], &error));
    if (good)
        printf("%u sections, %u descriptions alike, %d fields changed (seed %u), %" G_GUINT64_FORMAT
               " pages skipped\n",
               decoder.n, decoder.described, decoder.flips, seed, decoder.iterables.pages);
    else
        fprintf(stderr, "decode-stream: %s (seed %u)\n", error->message, seed);
    vmdesc_node_free(decoder.root);
    g_ptr_array_unref(decoder.tables);
    g_string_free(decoder.described_all, TRUE);
    g_hash_table_unref(decoder.seen);
    g_rand_free(decoder.random);
    return good ? 0 : 1;
}
