/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The engine: versions, tests, subsections, hooks, and what makes a description wrong.
 */
#include <string.h>

#include "tests/unit/migration-glue/wire-rig.h"

typedef struct {
    guint8 old, added, tested;
    guint8 sub, deep;
    gboolean send_sub, send_deep;
    GString *calls; /* of hooks, in order */
    const char *failing;
} Thing;

/* ---- Versions ---- */

static gboolean
in_version_2_only(const void *object, guint32 version, const VmsContext *context)
{
    return version == 2;
}

static const VmsField version_fields[] = {
    VMS_SCALAR(Thing, old), VMS_SCALAR(Thing, added, .since = 3),
    VMS_SCALAR(Thing, tested, .exists = in_version_2_only), VMS_END};
static const VmsState version_state = {
    .name = "thing", .version = 3, .oldest = 2, .fields = version_fields};

static void
a_field_is_there_from_its_version_on(void)
{
    Thing object = {.old = 1, .added = 2, .tested = 3};

    wire_assert_saves(&version_state, &object, "01 02");
    wire_assert_loads(&version_state, &object, 3, "04 05");
    g_assert_cmpuint(object.added, ==, 5);
    wire_assert_loads(&version_state, &object, 2, "06 07");
    g_assert_cmpuint(object.old, ==, 6);
    g_assert_cmpuint(object.added, ==, 5);
    g_assert_cmpuint(object.tested, ==, 7);
}

static void
other_versions_are_refused_before_anything_is_read(void)
{
    Thing object = {.old = 1};

    wire_assert_refuses(&version_state, &object, sizeof(object), 4, "ff ff", MIG_ERROR_VERSION,
                        "byte 0: version 4 is too new: 3 is the newest");
    wire_assert_refuses(&version_state, &object, sizeof(object), 1, "ff ff", MIG_ERROR_VERSION,
                        "byte 0: version 1 is too old: 2 is the oldest");
}

/* ---- Subsections ---- */

static gboolean
sub_needed(const void *object, const VmsContext *context)
{
    return ((const Thing *)object)->send_sub;
}

static gboolean
deep_needed(const void *object, const VmsContext *context)
{
    return ((const Thing *)object)->send_deep;
}

static const VmsField deep_fields[] = {VMS_SCALAR(Thing, deep), VMS_END};
static const VmsState deep_state = {.name = "thing/sub/deep",
                                    .version = 1,
                                    .oldest = 1,
                                    .fields = deep_fields,
                                    .needed = deep_needed};
static const VmsState *const sub_subsections[] = {&deep_state, NULL};
static const VmsField sub_fields[] = {VMS_SCALAR(Thing, sub), VMS_END};
static const VmsState sub_state = {.name = "thing/sub",
                                   .version = 2,
                                   .oldest = 1,
                                   .fields = sub_fields,
                                   .subsections = sub_subsections,
                                   .needed = sub_needed};
/* No slash is needed: the prefix rule is a plain one. */
static const VmsState plain_state = {
    .name = "thing_plain", .version = 1, .oldest = 1, .fields = deep_fields, .needed = deep_needed};
static const VmsState *const subsections[] = {&sub_state, &plain_state, NULL};
static const VmsField thing_fields[] = {VMS_SCALAR(Thing, old), VMS_END};
static const VmsState thing_state = {
    .name = "thing", .version = 1, .oldest = 1, .fields = thing_fields, .subsections = subsections};

#define SUB   "05 09 'thing/sub' 00000002 "
#define DEEP  "05 0e 'thing/sub/deep' 00000001 "
#define PLAIN "05 0b 'thing_plain' 00000001 "

static void
subsections_are_sent_when_needed_in_table_order(void)
{
    Thing object = {.old = 1, .sub = 2, .deep = 3};

    wire_assert_saves(&thing_state, &object, "01");
    object.send_sub = TRUE;
    wire_assert_saves(&thing_state, &object, "01 " SUB "02");
    object.send_deep = TRUE;
    wire_assert_saves(&thing_state, &object, "01 " SUB "02 " DEEP "03 " PLAIN "03");
}

static void
subsections_are_loaded_in_any_order_and_may_be_missing(void)
{
    Thing object = {0};

    wire_assert_loads(&thing_state, &object, 1, "01");
    wire_assert_loads(&thing_state, &object, 1, "01 " SUB "02 " DEEP "03");
    g_assert_cmpuint(object.sub, ==, 2);
    g_assert_cmpuint(object.deep, ==, 3);
    wire_assert_loads(&thing_state, &object, 1, "01 " PLAIN "04 05 09 'thing/sub' 00000001 05");
    g_assert_cmpuint(object.deep, ==, 4);
    g_assert_cmpuint(object.sub, ==, 5);
}

static void
what_is_no_subsection_of_ours_is_left_alone(void)
{
    /* Length too short for our prefix; another name; a lone 05; 05 and a length without a name. */
    static const char *const tails[] = {"05 05 'thing' 00000001",
                                        "05 07 'other/x' 00000001",
                                        "05",
                                        "05 20 'thing/'",
                                        "04 00000000",
                                        "7e 00000001"};

    for (guint i = 0; i < G_N_ELEMENTS(tails); i++) {
        g_autofree char *text = g_strconcat("01 ", tails[i], NULL);
        g_autoptr(GByteArray) bytes = wire_bytes(text);
        Thing object = {0};
        gsize used;

        g_assert_true(wire_load(&thing_state, &object, 1, &wire_context, bytes->data, bytes->len,
                                &used, NULL));
        g_assert_cmpuint(used, ==, 1);
    }
}

static void
an_unknown_subsection_of_ours_is_fatal(void)
{
    Thing object = {0};

    wire_assert_refuses(&thing_state, &object, sizeof(object), 1, "01 05 08 'thing/no' 00000001",
                        MIG_ERROR_UNKNOWN, "byte 1: subsection 'thing/no' does not exist");
    wire_assert_refuses(&thing_state, &object, sizeof(object), 1, "01 05 07 'things?' 00000001",
                        MIG_ERROR_UNKNOWN, "subsection 'things?' does not exist");
    wire_assert_refuses(&thing_state, &object, sizeof(object), 1,
                        "01 05 09 'thing/sub' 00000003 00", MIG_ERROR_VERSION,
                        "subsection thing/sub, byte 16: version 3 is too new");
    wire_assert_refuses(&thing_state, &object, sizeof(object), 1, "01 " SUB "02 " SUB "02",
                        MIG_ERROR_FORMAT, "subsection 'thing/sub' comes twice");
    wire_assert_refuses(&thing_state, &object, sizeof(object), 1, "01 05 07 'thing/' 0a",
                        MIG_ERROR_FORMAT, "unprintable");
}

static void
the_longest_name_is_seen_by_the_look_ahead(void)
{
    static char name[256];
    static VmsState longest = {
        .version = 1, .oldest = 1, .fields = deep_fields, .needed = deep_needed};
    static const VmsState *const one[] = {&longest, NULL};
    VmsState state = thing_state;
    Thing object = {.old = 1, .deep = 2, .send_deep = TRUE}, into = {0};
    g_autoptr(GByteArray) bytes = NULL;
    gsize used;

    memset(name, 'x', 255);
    memcpy(name, "thing", 5);
    longest.name = name;
    state.subsections = one;
    bytes = wire_save(&state, &object, &wire_context, NULL);
    g_assert_cmpuint(bytes->len, ==, 1 + 2 + 255 + 4 + 1);
    g_assert_true(wire_load(&state, &into, 1, &wire_context, bytes->data, bytes->len, &used, NULL));
    g_assert_cmpuint(into.deep, ==, 2);
}

static void
a_subsection_may_be_written_in_an_older_version_than_is_read(void)
{
    VmsState sub = plain_state, state = thing_state;
    const VmsState *const one[] = {&sub, NULL};
    Thing object = {.old = 1, .deep = 2, .send_deep = TRUE};

    sub.version = 2;
    sub.written = 1;
    state.subsections = one;
    wire_assert_saves(&state, &object, "01 " PLAIN "02");
    wire_assert_loads(&state, &object, 1, "01 " PLAIN "03");
    wire_assert_loads(&state, &object, 1, "01 05 0b 'thing_plain' 00000002 04");
    g_assert_cmpuint(object.deep, ==, 4);
    sub.written = 3;
    g_assert_false(mig_state_valid(&state, NULL));
}

/* ---- Hooks ---- */

static gboolean
note(Thing *thing, const char *what, GError **error)
{
    g_string_append_printf(thing->calls, "%s ", what);
    if (thing->failing == NULL || strcmp(thing->failing, what) != 0)
        return TRUE;
    g_set_error(error, g_quark_from_static_string("test"), 1, "%s says no", what);
    return FALSE;
}

#define HOOK(function, what)                                                    \
    static gboolean function(void *object, const VmsContext *c, GError **error) \
    {                                                                           \
        return note(object, what, error);                                       \
    }
#define POST_LOAD(function, what)                                                                \
    static gboolean function(void *object, guint32 version, const VmsContext *c, GError **error) \
    {                                                                                            \
        g_assert_cmpuint(version, ==, 1);                                                        \
        return note(object, what, error);                                                        \
    }
#define CHECK(function, what)                                                         \
    static gboolean function(const void *object, const VmsContext *c, GError **error) \
    {                                                                                 \
        return note((Thing *)object, what, error);                                    \
    }
HOOK(outer_pre_save, "pre-save")
HOOK(outer_post_save, "post-save")
HOOK(outer_pre_load, "pre-load")
CHECK(outer_check, "check")
POST_LOAD(outer_post_load, "post-load")
HOOK(sub_pre_save, "sub:pre-save")
HOOK(sub_post_save, "sub:post-save")
HOOK(sub_pre_load, "sub:pre-load")
CHECK(sub_check, "sub:check")
POST_LOAD(sub_post_load, "sub:post-load")

static gboolean
field_seen(const void *object, guint32 version, const VmsContext *context)
{
    note((Thing *)object, "field", NULL);
    return TRUE;
}

static gboolean
hook_sub_needed(const void *object, const VmsContext *context)
{
    note((Thing *)object, "sub:needed", NULL);
    return TRUE;
}

static gboolean
outer_needed(const void *object, const VmsContext *context)
{
    g_assert_not_reached(); /* asked by the section, never by the engine */
}

static const VmsField hook_sub_fields[] = {VMS_SCALAR(Thing, sub), VMS_END};
static const VmsState hook_sub = {.name = "hooks/sub",
                                  .version = 1,
                                  .oldest = 1,
                                  .fields = hook_sub_fields,
                                  .needed = hook_sub_needed,
                                  .pre_save = sub_pre_save,
                                  .post_save = sub_post_save,
                                  .pre_load = sub_pre_load,
                                  .check = sub_check,
                                  .post_load = sub_post_load};
static const VmsState *const hook_subsections[] = {&hook_sub, NULL};
static const VmsField hook_fields[] = {VMS_BOOL(Thing, old, .exists = field_seen), VMS_END};
static const VmsState hook_state = {.name = "hooks",
                                    .version = 1,
                                    .oldest = 1,
                                    .fields = hook_fields,
                                    .subsections = hook_subsections,
                                    .needed = outer_needed,
                                    .pre_save = outer_pre_save,
                                    .post_save = outer_post_save,
                                    .pre_load = outer_pre_load,
                                    .check = outer_check,
                                    .post_load = outer_post_load};

#define HOOK_WIRE "01 05 09 'hooks/sub' 00000001 02"

static void
hooks_are_called_in_order(void)
{
    g_autoptr(GString) calls = g_string_new(NULL);
    Thing object = {.old = 1, .sub = 2, .calls = calls};

    wire_assert_saves(&hook_state, &object, HOOK_WIRE);
    g_assert_cmpstr(calls->str, ==,
                    "pre-save field sub:needed sub:pre-save sub:post-save post-save ");
    g_string_truncate(calls, 0);
    wire_assert_loads(&hook_state, &object, 1, HOOK_WIRE);
    g_assert_cmpstr(calls->str, ==,
                    "pre-load field sub:pre-load sub:check sub:post-load check post-load ");
}

/* What is called when @failing fails, in either direction. */
static void
a_hook_that_fails_ends_the_migration(void)
{
    static const struct {
        const char *failing, *calls;
    } saving[] =
        {
            {"pre-save", "pre-save "},
            {"sub:pre-save", "pre-save field sub:needed sub:pre-save post-save "},
            {"sub:post-save", "pre-save field sub:needed sub:pre-save sub:post-save post-save "},
            {"post-save", "pre-save field sub:needed sub:pre-save sub:post-save post-save "},
        },
      loading[] = {
          {"pre-load", "pre-load "},
          {"sub:pre-load", "pre-load field sub:pre-load "},
          {"sub:check", "pre-load field sub:pre-load sub:check "},
          {"sub:post-load", "pre-load field sub:pre-load sub:check sub:post-load "},
          {"check", "pre-load field sub:pre-load sub:check sub:post-load check "},
          {"post-load", "pre-load field sub:pre-load sub:check sub:post-load check post-load "},
      };

    for (guint i = 0; i < G_N_ELEMENTS(saving); i++) {
        g_autoptr(GString) calls = g_string_new(NULL);
        g_autoptr(GError) error = NULL;
        Thing object = {.old = 1, .calls = calls, .failing = saving[i].failing};

        g_assert_null(wire_save(&hook_state, &object, &wire_context, &error));
        g_assert_error(error, MIG_ERROR, MIG_ERROR_STATE);
        g_assert_nonnull(strstr(error->message, "says no"));
        g_assert_cmpstr(calls->str, ==, saving[i].calls);
    }
    for (guint i = 0; i < G_N_ELEMENTS(loading); i++) {
        g_autoptr(GString) calls = g_string_new(NULL);
        Thing object = {.old = 0, .sub = 9, .calls = calls, .failing = loading[i].failing};

        wire_assert_refuses(&hook_state, &object, sizeof(object), 1, HOOK_WIRE, MIG_ERROR_STATE,
                            "says no");
        g_assert_cmpstr(calls->str, ==, loading[i].calls);
    }
}

static void
fields_that_fail_still_call_post_save_and_never_post_load(void)
{
    static const VmsField fields[] = {
        VMS_SCALAR(Thing, old, .exists = field_seen),
        VMS_SCALAR(Thing, send_sub, .wire = VMS_WIRE_U8),
        VMS_END
    };
    VmsState state = hook_state;
    g_autoptr(GString) calls = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    Thing object = {.send_sub = 256, .calls = calls};

    state.fields = fields;
    state.subsections = NULL;
    g_assert_null(wire_save(&state, &object, &wire_context, &error));
    g_assert_cmpstr(calls->str, ==, "pre-save field post-save ");
    g_string_truncate(calls, 0);
    wire_assert_refuses(&state, &object, sizeof(object), 1, "01", MIG_ERROR_TRUNCATED,
                        "field send_sub, byte 1: the stream ends after 1 bytes");
    g_assert_cmpstr(calls->str, ==, "pre-load field ");
}

static gboolean
remembering_pre_load(void *object, const VmsContext *context, GError **error)
{
    Thing *thing = object;

    vms_remember(context, &thing->deep, sizeof(thing->deep));
    thing->deep = 77;
    return TRUE;
}

static void
what_a_hook_remembers_is_put_back(void)
{
    VmsState state = thing_state;
    Thing object = {.deep = 5};

    state.pre_load = remembering_pre_load;
    wire_assert_refuses(&state, &object, sizeof(object), 1, "", MIG_ERROR_TRUNCATED, "field old");
    wire_assert_loads(&state, &object, 1, "01");
    g_assert_cmpuint(object.deep, ==, 77);
}

/* ---- Descriptions ---- */

static void
a_wrong_description_is_refused_by_name(void)
{
    static const VmsField unbounded[] = {
        {.name = "a", .mem = VMS_MEM_U8, .size = 1, .count_mem = VMS_MEM_U8},
        VMS_END
    };
    static const VmsField no_state[] = {
        {.name = "a", .wire = VMS_WIRE_STRUCT, .size = 1},
        VMS_END
    };
    static const VmsField no_kind[] = { {.name = "a", .size = 1}, VMS_END };
    static VmsField in_itself[] = { {.name = "a", .wire = VMS_WIRE_STRUCT, .size = 1}, VMS_END };
    static const VmsState foreign_sub = {.name = "other/sub", .needed = sub_needed};
    static const VmsState silent_sub = {.name = "x/sub"};
    static const VmsState *const foreign[] = {&foreign_sub, NULL}, *const silent[] = {&silent_sub,
                                                                                      NULL};
    static VmsState recursive = {.name = "x", .fields = in_itself};
    const struct {
        VmsState state;
        const char *message;
    } wrong[] = {
        {{.name = ""}, "a name has 1 to 255 bytes"},
        {{.name = "x", .version = 1, .oldest = 2}, "newer than its version"},
        {{.name = "x", .fields = unbounded}, "'x', field a: nothing bounds it"},
        {{.name = "x", .fields = no_state}, "a description belongs to structs"},
        {{.name = "x", .fields = no_kind}, "no kind of memory"},
        {{.name = "x", .subsections = foreign}, "must begin with its parent's"},
        {{.name = "x", .subsections = silent}, "must say when it is needed"},
        {recursive, "nested too deep"},
    };

    in_itself[0].state = &recursive;
    for (guint i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_false(mig_state_valid(&wrong[i].state, &error));
        g_assert_error(error, MIG_ERROR, MIG_ERROR_DESCRIPTION);
        if (strstr(error->message, wrong[i].message) == NULL)
            g_error("expected '%s', got '%s'", wrong[i].message, error->message);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/engine/since", a_field_is_there_from_its_version_on);
    g_test_add_func("/engine/versions", other_versions_are_refused_before_anything_is_read);
    g_test_add_func("/engine/subsections/save", subsections_are_sent_when_needed_in_table_order);
    g_test_add_func("/engine/subsections/load",
                    subsections_are_loaded_in_any_order_and_may_be_missing);
    g_test_add_func("/engine/subsections/foreign", what_is_no_subsection_of_ours_is_left_alone);
    g_test_add_func("/engine/subsections/unknown", an_unknown_subsection_of_ours_is_fatal);
    g_test_add_func("/engine/subsections/longest", the_longest_name_is_seen_by_the_look_ahead);
    g_test_add_func("/engine/subsections/written",
                    a_subsection_may_be_written_in_an_older_version_than_is_read);
    g_test_add_func("/engine/hooks/order", hooks_are_called_in_order);
    g_test_add_func("/engine/hooks/fail", a_hook_that_fails_ends_the_migration);
    g_test_add_func("/engine/hooks/fields-fail",
                    fields_that_fail_still_call_post_save_and_never_post_load);
    g_test_add_func("/engine/hooks/remember", what_a_hook_remembers_is_put_back);
    g_test_add_func("/engine/descriptions", a_wrong_description_is_refused_by_name);
    return g_test_run();
}
