/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Streams out of literal payloads.
 */
#include "tests/unit/tools/stream-rig.h"

#include <string.h>

#include "migration-glue/rules.h"
#include "migration-glue/savevm.h"
#include "tests/unit/migration-glue/wire-rig.h"
#include "vdev/module.h"

#define PARTS 8 /* a section and its subsections */

typedef struct {
    guint32 n;
    guint8 *bytes;
} Part;

/* A section: the first part, and a subsection for each further one. */
typedef struct {
    char *path;
    guint32 instance;
    guint n;
    Part parts[PARTS];
    VmsField fields[PARTS][2];
    VmsState states[PARTS];
    const VmsState *subsections[PARTS + 1];
} Blob;

struct StreamRig {
    GPtrArray *blobs;
    GByteArray *ram[3];
};

static void
blob_free(void *data)
{
    Blob *blob = data;

    for (guint i = 0; i < blob->n; i++) {
        g_free(blob->parts[i].bytes);
        g_free((char *)blob->states[i].name);
    }
    g_free(blob->path);
    g_free(blob);
}

StreamRig *
stream_rig_new(void)
{
    StreamRig *rig = g_new0(StreamRig, 1);

    rig->blobs = g_ptr_array_new_with_free_func(blob_free);
    stream_rig_ram(rig, "0000000000100004 0d 'ppc_spapr.ram' 0000000000100000 0000000000000010",
                   "0000000000000002 0d 'ppc_spapr.ram' 00 0000000000001022 00 0000000000000010",
                   "0000000000000010");
    return rig;
}

void
stream_rig_free(StreamRig *rig)
{
    for (guint i = 0; i < G_N_ELEMENTS(rig->ram); i++)
        g_byte_array_unref(rig->ram[i]);
    g_ptr_array_unref(rig->blobs);
    g_free(rig);
}

void
stream_rig_ram(StreamRig *rig, const char *start, const char *part, const char *end)
{
    const char *const texts[] = {start, part, end};

    for (guint i = 0; i < G_N_ELEMENTS(rig->ram); i++) {
        if (rig->ram[i] != NULL)
            g_byte_array_unref(rig->ram[i]);
        rig->ram[i] = wire_bytes(texts[i]);
    }
}

static const VmsField part_field =
    VMS_BUFFER_POINTER(Blob, parts[0].bytes, parts[0].n, 1024 * 1024, .as = "bytes");

static gboolean
always(const void *object, const VmsContext *context)
{
    return TRUE;
}

static void
add_part(Blob *blob, const char *name, guint32 version, const char *field, const char *text)
{
    const guint i = blob->n++;
    GByteArray *bytes = wire_bytes(text);

    g_assert_cmpuint(i, <, PARTS);
    blob->fields[i][0] = part_field;
    blob->fields[i][0].offset += i * sizeof(Part);
    blob->fields[i][0].count_offset += i * sizeof(Part);
    if (field != NULL)
        blob->fields[i][0].as = field;
    blob->states[i] = (VmsState){.name = g_strdup(name),
                                 .version = version,
                                 .oldest = version,
                                 .fields = blob->fields[i],
                                 .subsections = i == 0 ? blob->subsections : NULL};
    blob->states[i].needed = i > 0 ? always : NULL;
    if (i > 0)
        blob->subsections[i - 1] = &blob->states[i];
    blob->parts[i].n = bytes->len;
    blob->parts[i].bytes = g_byte_array_free(bytes, FALSE);
}

void
stream_rig_add(StreamRig *rig, const char *path, const char *name, guint32 instance,
               guint32 version, const char *bytes)
{
    Blob *blob = g_new0(Blob, 1);

    blob->path = g_strdup(path);
    blob->instance = instance;
    add_part(blob, name, version, NULL, bytes);
    g_ptr_array_add(rig->blobs, blob);
}

void
stream_rig_sub(StreamRig *rig, const char *name, guint32 version, const char *field,
               const char *bytes)
{
    add_part(rig->blobs->pdata[rig->blobs->len - 1], name, version, field, bytes);
}

static void
patch(Part *part, gsize at, const char *text)
{
    g_autoptr(GByteArray) bytes = wire_bytes(text);

    g_assert_cmpuint(at + bytes->len, <=, part->n);
    memcpy(part->bytes + at, bytes->data, bytes->len);
}

void
stream_rig_patch(StreamRig *rig, gsize at, const char *text)
{
    Blob *blob = rig->blobs->pdata[rig->blobs->len - 1];

    patch(&blob->parts[blob->n - 1], at, text);
}

void
stream_rig_patch_section(StreamRig *rig, const char *name, gsize at, const char *text)
{
    for (guint i = rig->blobs->len; i-- > 0;) {
        Blob *blob = rig->blobs->pdata[i];

        if (strcmp(blob->states[0].name, name) == 0) {
            patch(&blob->parts[0], at, text);
            return;
        }
    }
    g_assert_not_reached();
}

/* --- A machine ------------------------------------------------------------------ */

#define ZEROS_8  "0000000000000000"
#define ZEROS_32 ZEROS_8 ZEROS_8 ZEROS_8 ZEROS_8

/* 16 sources, of which number 1 goes to END 6; 16 ENDs, number 6 with a queue of 64 KiB at
 * 0x20000. */
static char *
router(void)
{
    GString *text = g_string_new("00000010");

    for (guint i = 0; i < 16; i++)
        g_string_append(text, i == 1 ? "1000000006000080" : ZEROS_8);
    for (guint i = 0; i < 16; i++)
        g_string_append(text, i == 6 ? "000004e0 00000000 00000000 00000200 00000000 00000000 "
                                       "00040000 00000600"
                                     : ZEROS_32);
    return g_string_free(text, FALSE);
}

#define CONTEXT(server)                                                         \
    ZEROS_8 ZEROS_8 "00ff0000ff00ff00 800004" server "00000000" ZEROS_8 ZEROS_8 \
                    "000000000000ff00" ZEROS_8

StreamRig *
stream_rig_machine(void)
{
    StreamRig *rig = stream_rig_new();
    g_autofree char *tables = router();

    stream_rig_add(rig, NULL, "timer", 0, 2, ZEROS_8 ZEROS_8 ZEROS_8);
    stream_rig_add(rig, NULL, "xive-source", 0, 1, "00000010 01000101 01010101 01010101 01010101");
    stream_rig_add(rig, NULL, "spapr-xive", 0, 1, tables);
    stream_rig_add(rig, NULL, "cpu_common", 0, 1, "00000000 00000000");
    stream_rig_add(rig, NULL, "xive-tctx", 0, 1, CONTEXT("00"));
    stream_rig_add(rig, NULL, "spapr_cpu", 0, 1, "");
    stream_rig_add(rig, NULL, "cpu_common", 1, 1, "00000001 00000000");
    stream_rig_add(rig, NULL, "xive-tctx", 1, 1, CONTEXT("01"));
    stream_rig_add(rig, NULL, "spapr_cpu", 1, 1, "");
    stream_rig_add(rig, NULL, "spapr_drc", 0x80000004, 1, "00000001");
    stream_rig_add(rig, NULL, "spapr", 0, 3, "0000000000000001 0000000000000002");
    return rig;
}

/* --- Writing --------------------------------------------------------------------- */

static gboolean
ram_start(void *opaque, MigStream *stream, const VmsContext *context, GError **error)
{
    const StreamRig *rig = opaque;

    mig_stream_put(stream, rig->ram[0]->data, rig->ram[0]->len);
    return TRUE;
}

static gboolean
ram_part(void *opaque, MigStream *stream, const VmsContext *context, gboolean *done, GError **error)
{
    const StreamRig *rig = opaque;

    mig_stream_put(stream, rig->ram[1]->data, rig->ram[1]->len);
    *done = TRUE;
    return TRUE;
}

static gboolean
ram_end(void *opaque, MigStream *stream, const VmsContext *context, GError **error)
{
    const StreamRig *rig = opaque;

    mig_stream_put(stream, rig->ram[2]->data, rig->ram[2]->len);
    return TRUE;
}

static const MigHandler ram_handler = {
    .version = 4, .oldest = 4, .save_start = ram_start, .save_part = ram_part, .save_end = ram_end};

GByteArray *
stream_rig_save(StreamRig *rig, const char *machine, guint32 capabilities)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    g_autoptr(MigStream) stream = mig_stream_new_writer(mig_channel_memory_new(bytes));
    g_autoptr(MigSections) sections = mig_sections_new();
    const VmsContext context = {.rules = mig_rules_find(machine), .capabilities = capabilities};
    const MigConfiguration own = {.machine = machine};
    g_autoptr(MigSaver) saver = NULL;
    g_autoptr(GError) error = NULL;
    gboolean done;

    mig_sections_add_handler(sections, "ram", 0, MIG_PRIORITY_DEFAULT, &ram_handler, rig, &error);
    g_assert_no_error(error);
    for (guint i = 0; i < rig->blobs->len; i++) {
        Blob *blob = rig->blobs->pdata[i];

        mig_sections_add_state(sections, blob->path, blob->instance, MIG_PRIORITY_DEFAULT,
                               &blob->states[0], blob, &error);
        g_assert_no_error(error);
    }
    saver = mig_saver_new(stream, sections, &context, &own);
    g_assert_true(mig_saver_begin(saver, NULL) && mig_saver_start(saver, NULL) &&
                  mig_saver_round(saver, &done, NULL) && mig_saver_stopped(saver, NULL) &&
                  mig_saver_ends(saver, NULL) && mig_saver_states(saver, NULL) &&
                  mig_saver_finish(saver, TRUE, NULL));
    return g_steal_pointer(&bytes);
}

gsize
stream_rig_find(const GByteArray *bytes, const char *needle)
{
    const guint8 *at = memmem(bytes->data, bytes->len, needle, strlen(needle));

    g_assert_nonnull(at);
    return (gsize)(at - bytes->data);
}

/* --- Running ----------------------------------------------------------------------- */

int
stream_rig_run(StreamRigCommand command, const GByteArray *bytes, const StreamRequest *request,
               char **said)
{
    StreamRequest own = *request;
    StreamInput *input = stream_input_memory((GByteArray *)bytes, 0, "rig");
    g_autoptr(GError) error = NULL;
    gboolean yes = FALSE, good;
    char *text = NULL;
    size_t n;

    own.out = open_memstream(&text, &n);
    own.json = command == RIG_INSPECT_JSON;
    good = command == RIG_CHECK ? stream_check(&own, input, &yes, &error)
                                : stream_inspect(&own, input, &yes, &error);
    g_assert_cmpint(good, ==, error == NULL);
    if (!good && !own.json)
        fprintf(own.out, "error: %s\n", error->message);
    g_assert_cmpint(fclose(own.out), ==, 0);
    *said = g_strdup(text);
    free(text);
    return !good ? 2 : yes ? 0 : 1;
}

const StreamTables *
stream_rig_tables(void)
{
    static const VdevHost host = {.abi = VDEV_ABI, .size = sizeof(host)};
    static StreamTables *tables;

    if (tables == NULL)
        tables = stream_tables_new(vdev_module_v1(&host, NULL));
    return tables;
}

const StreamTables *
stream_rig_no_tables(void)
{
    static StreamTables *tables;

    if (tables == NULL)
        tables = stream_tables_new(NULL);
    return tables;
}
