/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whole streams: literal bytes of a small one, order, frames, and what a reader refuses.
 */
#include <string.h>

#include "migration-glue/loadvm.h"
#include "migration-glue/rules.h"
#include "migration-glue/savevm.h"
#include "tests/unit/migration-glue/wire-rig.h"

typedef struct {
    guint8 value;
} Device;

static gboolean
is_not_zero(const void *object, const VmsContext *context)
{
    return ((const Device *)object)->value != 0;
}

static const VmsField device_fields[] = {VMS_SCALAR(Device, value), VMS_END};
static const VmsState device_state = {
    .name = "dev", .version = 3, .oldest = 2, .fields = device_fields};
static const VmsState quiet_state = {
    .name = "quiet", .version = 1, .oldest = 1, .fields = device_fields, .needed = is_not_zero};

/* A handler that sends two rounds of one byte. */
typedef struct {
    guint8 sent;
    guint8 got[8];
    guint n_got;
    guint saves_cleaned, loads_cleaned;
} Pages;

static gboolean
pages_start(void *opaque, MigStream *stream, const VmsContext *context, GError **error)
{
    mig_stream_put_u8(stream, 0x10);
    return TRUE;
}

static gboolean
pages_part(void *opaque, MigStream *stream, const VmsContext *context, gboolean *done,
           GError **error)
{
    Pages *pages = opaque;

    mig_stream_put_u8(stream, (guint8)(0x20 + pages->sent++));
    *done = pages->sent == 2;
    return TRUE;
}

static gboolean
pages_end(void *opaque, MigStream *stream, const VmsContext *context, GError **error)
{
    mig_stream_put_u8(stream, 0x30);
    return TRUE;
}

static guint64
pages_pending(void *opaque)
{
    return 2 - ((Pages *)opaque)->sent;
}

static gboolean
pages_load(void *opaque, MigStream *stream, guint tag, guint32 version, const VmsContext *context,
           GError **error)
{
    Pages *pages = opaque;

    pages->got[pages->n_got++ % 8] = mig_stream_get_u8(stream);
    g_assert_cmpuint(version, ==, 4);
    return TRUE;
}

static void
pages_saved(void *opaque)
{
    ((Pages *)opaque)->saves_cleaned++;
}

static void
pages_loaded(void *opaque)
{
    ((Pages *)opaque)->loads_cleaned++;
}

static const MigHandler pages_handler = {.version = 4,
                                         .oldest = 4,
                                         .save_start = pages_start,
                                         .save_part = pages_part,
                                         .save_end = pages_end,
                                         .pending = pages_pending,
                                         .save_cleanup = pages_saved,
                                         .load = pages_load,
                                         .load_cleanup = pages_loaded};

/* A machine: one handler, one plain state, one with a path, one that is not needed. */
typedef struct {
    MigSections *sections;
    Pages pages;
    Device plain, vty, quiet;
} Machine;

static void
machine_init(Machine *machine)
{
    MigSections *sections = mig_sections_new();
    gboolean good;

    memset(machine, 0, sizeof(*machine));
    machine->sections = sections;
    good = mig_sections_add_handler(sections, "ram", 0, MIG_PRIORITY_DEFAULT, &pages_handler,
                                    &machine->pages, NULL) &&
           mig_sections_add_state(sections, NULL, 9, MIG_PRIORITY_DEFAULT, &device_state,
                                  &machine->plain, NULL) &&
           mig_sections_add_state(sections, NULL, 0, MIG_PRIORITY_DEFAULT, &quiet_state,
                                  &machine->quiet, NULL) &&
           mig_sections_add_state(sections, "vty@1", 0, MIG_PRIORITY_IOMMU, &device_state,
                                  &machine->vty, NULL);
    g_assert_true(good);
}

static GByteArray *
save_machine(Machine *machine, const char *type, gboolean live)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    g_autoptr(MigStream) stream = mig_stream_new_writer(mig_channel_memory_new(bytes));
    VmsContext context = {.rules = mig_rules_find(type)};
    MigConfiguration own = {.machine = type};
    g_autoptr(MigSaver) saver = mig_saver_new(stream, machine->sections, &context, &own);
    gboolean done = FALSE;

    if (!live) {
        g_assert_true(mig_saver_run_stopped(saver, NULL));
        return g_steal_pointer(&bytes);
    }
    g_assert_true(mig_saver_begin(saver, NULL) && mig_saver_start(saver, NULL));
    for (guint round = 0; !done; round++) {
        g_assert_cmpuint(mig_saver_pending(saver), ==, 2 - round);
        g_assert_true(mig_saver_round(saver, &done, NULL));
    }
    g_assert_true(mig_saver_stopped(saver, NULL) && mig_saver_ends(saver, NULL) &&
                  mig_saver_states(saver, NULL) && mig_saver_finish(saver, TRUE, NULL));
    return g_steal_pointer(&bytes);
}

static gboolean
load_machine(Machine *machine, const char *type, const guint8 *bytes, gsize n,
             const MigLoaderHooks *hooks, void *user, GError **error)
{
    g_autoptr(MigStream) stream = mig_stream_new_reader(mig_channel_bytes_new(bytes, n));
    VmsContext context = {.rules = mig_rules_find(type)};
    MigConfiguration own = {.machine = type};
    g_autoptr(MigLoader) loader =
        mig_loader_new(stream, machine->sections, &context, &own, hooks, user);

    return mig_loader_run(loader, error);
}

#define HEADER    "'QEVM' 00000003 "
#define CONFIG_72 "07 0000000b 'pseries-7.2' "
#define FIELD     "\"fields\": [{\"name\": \"value\", \"type\": \"uint8\", \"size\": 1}]}"
#define TEXT                                                                              \
    "'{\"page_size\": 4096, \"devices\": [{\"name\": \"vty@1/dev\", \"instance_id\": 0, " \
    "\"vmsd_name\": \"dev\", \"version\": 3, " FIELD ", {\"name\": \"dev\", "             \
    "\"instance_id\": 9, \"vmsd_name\": \"dev\", \"version\": 3, " FIELD "]}'"
#define TEXT_N "00000126 "

static void
a_live_stream_is_literal(void)
{
    Machine machine;
    g_autoptr(GByteArray) bytes = NULL;

    machine_init(&machine);
    machine.plain.value = 0xaa;
    machine.vty.value = 0xbb;
    bytes = save_machine(&machine, "pseries-7.2", TRUE);
    wire_assert_bytes(bytes, HEADER CONFIG_72
                      "01 00000000 03 'ram' 00000000 00000004 10 7e 00000000 "
                      "02 00000000 20 7e 00000000 02 00000000 21 7e 00000000 "
                      "03 00000000 30 7e 00000000 "
                      "04 00000003 09 'vty@1/dev' 00000000 00000003 bb 7e 00000003 "
                      "04 00000001 03 'dev' 00000009 00000003 aa 7e 00000001 "
                      "00 06 " TEXT_N TEXT);
    g_assert_cmpuint(machine.pages.saves_cleaned, ==, 1);
    mig_sections_free(machine.sections);
}

static void
old_machine_types_have_less_around_the_same_sections(void)
{
    static const char sections[] = "01 00000000 03 'ram' 00000000 00000004 10 "
                                   "03 00000000 30 "
                                   "04 00000003 09 'vty@1/dev' 00000000 00000003 00 "
                                   "04 00000001 03 'dev' 00000009 00000003 00 00 ";
    static const char *const types[] = {"pseries-2.2", "pseries-2.3"};

    for (guint i = 0; i < G_N_ELEMENTS(types); i++) {
        Machine machine;
        g_autoptr(GByteArray) bytes = NULL;
        g_autofree char *text =
            g_strconcat(HEADER, sections, i == 1 ? "06 " TEXT_N TEXT : "", NULL);

        machine_init(&machine);
        bytes = save_machine(&machine, types[i], FALSE);
        wire_assert_bytes(bytes, text);
        mig_sections_free(machine.sections);
    }
}

static void
from_10_0_on_the_switch_over_is_said(void)
{
    Machine machine;
    g_autoptr(GByteArray) bytes = NULL, start = NULL;

    machine_init(&machine);
    bytes = save_machine(&machine, "pseries-10.0", FALSE);
    start = wire_bytes(HEADER "07 0000000c 'pseries-10.0' "
                              "01 00000000 03 'ram' 00000000 00000004 10 7e 00000000 "
                              "08 000b 0000 03 00000000 30 7e 00000000");
    g_assert_cmpmem(bytes->data, start->len, start->data, start->len);
    mig_sections_free(machine.sections);
}

static void
every_machine_type_reads_its_own_stream_and_two_saves_are_equal(void)
{
    gsize n;
    const VmsStreamRules *rules = mig_rules_all(&n);

    for (gsize i = 0; i < n; i++) {
        Machine from, into;
        g_autoptr(GByteArray) bytes = NULL, again = NULL;
        GError *error = NULL;

        machine_init(&from);
        machine_init(&into);
        from.vty.value = (guint8)i;
        from.quiet.value = (guint8)i;
        bytes = save_machine(&from, rules[i].machine, FALSE);
        load_machine(&into, rules[i].machine, bytes->data, bytes->len, NULL, NULL, &error);
        g_assert_no_error(error);
        g_assert_cmpuint(into.vty.value, ==, i);
        g_assert_cmpuint(into.quiet.value, ==, i);
        g_assert_cmpmem(into.pages.got, into.pages.n_got, "\x10\x30", 2);
        g_assert_cmpuint(into.pages.loads_cleaned, ==, 1);
        again = save_machine(&into, rules[i].machine, FALSE);
        g_assert_cmpmem(again->data, again->len, bytes->data, bytes->len);
        mig_sections_free(from.sections);
        mig_sections_free(into.sections);
    }
}

/* Loads @text and expects a failure, or success without @message. */
static void
expect(const char *type, const char *text, MigError code, const char *message)
{
    Machine machine;
    g_autoptr(GByteArray) bytes = wire_bytes(text);
    g_autoptr(GError) error = NULL;
    gboolean good;

    machine_init(&machine);
    machine.plain.value = 0x77;
    good = load_machine(&machine, type, bytes->data, bytes->len, NULL, NULL, &error);
    if (message == NULL) {
        g_assert_no_error(error);
        g_assert_true(good);
    } else {
        g_assert_false(good);
        if (!g_error_matches(error, MIG_ERROR, (gint)code) ||
            strstr(error->message, message) == NULL)
            g_error("expected '%s' (%d), got '%s' (%d)", message, code, error->message,
                    error->code);
        g_assert_null(strchr(error->message, '\n'));
        g_assert_cmpuint(machine.plain.value, ==, 0x77);
    }
    mig_sections_free(machine.sections);
}

#define DEV(version, value) "04 00000005 03 'dev' 00000009 " version " " value " 7e 00000005 "

static void
headers_are_checked(void)
{
    expect("pseries-7.2", "'ELF' 00 00000003", MIG_ERROR_FORMAT, "this is no migration stream");
    expect("pseries-7.2", "'QEVM' 00000002", MIG_ERROR_VERSION, "stream version 2 is obsolete");
    expect("pseries-7.2", "'QEVM' 00000004", MIG_ERROR_VERSION, "stream version 4 is unknown");
    expect("pseries-7.2", HEADER "00", MIG_ERROR_MISMATCH,
           "the stream has no configuration block, streams of pseries-7.2 have one");
    expect("pseries-2.3", HEADER CONFIG_72 "00", MIG_ERROR_MISMATCH,
           "the stream has a configuration block, streams of pseries-2.3 have none");
    expect("pseries-7.2", HEADER CONFIG_72 "00", 0, NULL);
    expect("pseries-2.3", HEADER "00", 0, NULL);
}

static void
sections_are_checked(void)
{
#define S HEADER CONFIG_72
    expect("pseries-7.2", S DEV("00000003", "01") "00", 0, NULL);
    expect("pseries-7.2", S DEV("00000002", "01") "00", 0, NULL);
    expect("pseries-7.2", S DEV("00000003", "01") DEV("00000003", "02") "00", 0, NULL);
    expect("pseries-7.2", S DEV("00000004", "01") "00", MIG_ERROR_VERSION,
           "section 'dev' instance 9, byte 24: version 4 is too new: versions 2 to 3 are read");
    expect("pseries-7.2", S DEV("00000001", "01") "00", MIG_ERROR_VERSION, "too old");
    expect("pseries-7.2", S "04 00000005 03 'dev' 00000008 00000003 01 7e 00000005 00",
           MIG_ERROR_UNKNOWN,
           "section 'dev' instance 8, byte 24: the sender has a device, dev, and this "
           "machine has not");
    expect("pseries-7.2", S "04 00000005 03 'abc' 00000009 00000003 01 7e 00000005 00",
           MIG_ERROR_UNKNOWN, "section 'abc' instance 9");
    expect("pseries-7.2", S "02 00000005 01 7e 00000005 00", MIG_ERROR_FORMAT,
           "section number 5 goes on but never began");
    expect("pseries-7.2",
           S "04 00000000 03 'ram' 00000000 00000004 10 7e 00000000 "
             "04 00000000 05 'quiet' 00000000 00000001 01 7e 00000000 00",
           MIG_ERROR_FORMAT, "its number belongs to another section already");
    expect("pseries-7.2", S "04 00000000 03 'ram' 00000000 00000003 10 7e 00000000 00",
           MIG_ERROR_VERSION, "version 3 is too old");
    expect("pseries-7.2",
           S "04 00000000 03 'ram' 00000000 00000004 10 7e 00000000 "
             "03 00000000 10 7e 00000000 00",
           MIG_ERROR_FORMAT, "it goes on, but came as a whole");
    expect("pseries-7.2", S "04 00000005 00 00", MIG_ERROR_FORMAT, "a name is empty");
    expect("pseries-7.2", S "09", MIG_ERROR_FORMAT, "byte 24: a section is due, 0x09 begins none");
    expect("pseries-7.2", S "07", MIG_ERROR_FORMAT, "0x07 begins none");
#undef S
}

static void
footers_must_be_there_or_must_not(void)
{
#define BARE "04 00000000 05 'quiet' 00000000 00000001 01 "
    expect("pseries-7.2", HEADER CONFIG_72 BARE "00", MIG_ERROR_TRUNCATED, "its footer is missing");
    expect("pseries-7.2", HEADER CONFIG_72 BARE "7e 00000001 00", MIG_ERROR_FORMAT,
           "section 'quiet' instance 0, byte 44: no footer follows its payload");
    expect("pseries-7.2", HEADER CONFIG_72 BARE "ff 7e 00000000 00", MIG_ERROR_FORMAT,
           "no footer follows");
    expect("pseries-2.3", HEADER BARE "00", 0, NULL);
    expect("pseries-2.3", HEADER BARE "7e 00000000 00", MIG_ERROR_FORMAT, "0x7e begins none");
#undef BARE
}

static void
commands_are_checked(void)
{
#define S HEADER CONFIG_72
    expect("pseries-7.2", S "08 0001 0000 08 000b 0000 00", 0, NULL);
    expect("pseries-7.2", S "08 0002 0004 00000001 00", MIG_ERROR_UNSUPPORTED,
           "command at byte 24: command ping cannot be obeyed here");
    expect("pseries-7.2", S "08 0002 0003 000000 00", MIG_ERROR_FORMAT,
           "command ping cannot have 3 bytes");
    expect("pseries-7.2", S "08 0003 0008", MIG_ERROR_FORMAT, "cannot have 8 bytes");
    expect("pseries-7.2", S "08 0000 0000", MIG_ERROR_FORMAT, "there is no command 0");
    expect("pseries-7.2", S "08 000c 0000", MIG_ERROR_FORMAT, "there is no command 12");
    expect("pseries-7.2", S "08 0002 0004 0000", MIG_ERROR_TRUNCATED, "the stream ends");
#undef S
}

static void
a_description_is_optional_and_what_follows_it_is_ignored(void)
{
    expect("pseries-7.2", HEADER CONFIG_72 "00 06 00000002 '{}' ffff", 0, NULL);
    expect("pseries-7.2", HEADER CONFIG_72 "00 ff", 0, NULL);
    expect("pseries-7.2", HEADER CONFIG_72 "00 06 00000003 '{}'", MIG_ERROR_TRUNCATED, "ends");
    expect("pseries-7.2", HEADER CONFIG_72 "00 06 ffffffff", MIG_ERROR_FORMAT, "too long");
}

static void
a_truncated_stream_fails_at_every_offset(void)
{
    Machine machine;
    g_autoptr(GByteArray) bytes = NULL;
    gsize marker;

    machine_init(&machine);
    bytes = save_machine(&machine, "pseries-7.2", TRUE);
    marker = bytes->len - 1 - 4 - 0x126; /* the 06 of the description */
    for (gsize n = 0; n < bytes->len; n++) {
        g_autoptr(GError) error = NULL;
        gboolean good = load_machine(&machine, "pseries-7.2", bytes->data, n, NULL, NULL, &error);

        g_assert_cmpint(good, ==, n == marker); /* whole without its description */
        if (!good && n != 8)
            g_assert_error(error, MIG_ERROR, MIG_ERROR_TRUNCATED);
        else if (!good)
            g_assert_error(error, MIG_ERROR, MIG_ERROR_MISMATCH); /* no configuration */
    }
    mig_sections_free(machine.sections);
}

/* ---- Hooks ---- */

typedef struct {
    GString *said;
} Listener;

static gboolean
on_command(MigLoader *loader, MigCommand command, const guint8 *payload, guint n, void *user,
           GError **error)
{
    Listener *listener = user;
    g_autoptr(MigStream) package = NULL;
    g_autofree guint8 *inner = NULL;
    guint32 length;

    g_string_append_printf(listener->said, "%s ", mig_command_name(command));
    if (command != MIG_COMMAND_PACKAGED)
        return TRUE;
    memcpy(&length, payload, sizeof(length));
    length = GUINT32_FROM_BE(length);
    inner = g_malloc(length);
    if (!mig_stream_get(mig_loader_stream(loader), inner, length))
        return mig_stream_check(mig_loader_stream(loader), error);
    package = mig_stream_new_reader(mig_channel_bytes_new(inner, length));
    return mig_loader_run_package(loader, package, error);
}

static gboolean
on_unknown(MigLoader *loader, const MigSectionHead *head, void *user, GError **error)
{
    g_string_append_printf(((Listener *)user)->said, "?%s/%u ", head->idstr, head->instance);
    return mig_stream_skip(mig_loader_stream(loader), 2);
}

static gboolean
on_read(MigLoader *loader, const MigSectionHead *head, void *user, GError **error)
{
    g_string_append_printf(((Listener *)user)->said, "%u:%s(%u) ", head->tag, head->idstr,
                           (guint)(head->end - head->payload));
    return TRUE;
}

static const MigLoaderHooks listening = {
    .command = on_command, .unknown_section = on_unknown, .section_read = on_read};

static void
hooks_see_commands_packages_and_sections(void)
{
    Machine machine;
    g_autoptr(GByteArray) bytes =
        wire_bytes(HEADER CONFIG_72 "01 00000001 04 'what' 00000000 00000001 ffff 7e 00000001 "
                                    "02 00000001 ffff 7e 00000001 "
                                    "08 0007 0004 00000021 "
                                    "08 0004 0000 " DEV("00000003", "42") "08 0005 0000 "
                                                                          "00");
    g_autoptr(GString) said = g_string_new(NULL);
    Listener listener = {said};
    GError *error = NULL;

    machine_init(&machine);
    load_machine(&machine, "pseries-7.2", bytes->data, bytes->len, &listening, &listener, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(said->str, ==,
                    "?what/0 1:what(2) ?what/0 2:what(2) packaged postcopy-listen 4:dev(1) "
                    "postcopy-run ");
    g_assert_cmpuint(machine.plain.value, ==, 0x42);
    mig_sections_free(machine.sections);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/savevm/literal", a_live_stream_is_literal);
    g_test_add_func("/savevm/old-types", old_machine_types_have_less_around_the_same_sections);
    g_test_add_func("/savevm/switchover", from_10_0_on_the_switch_over_is_said);
    g_test_add_func("/savevm/every-type",
                    every_machine_type_reads_its_own_stream_and_two_saves_are_equal);
    g_test_add_func("/loadvm/header", headers_are_checked);
    g_test_add_func("/loadvm/sections", sections_are_checked);
    g_test_add_func("/loadvm/footers", footers_must_be_there_or_must_not);
    g_test_add_func("/loadvm/commands", commands_are_checked);
    g_test_add_func("/loadvm/description",
                    a_description_is_optional_and_what_follows_it_is_ignored);
    g_test_add_func("/loadvm/truncated", a_truncated_stream_fails_at_every_offset);
    g_test_add_func("/loadvm/hooks", hooks_see_commands_packages_and_sections);
    return g_test_run();
}
