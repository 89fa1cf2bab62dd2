/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The engine: properties that hold for any description and any object. The seed is g_test's.
 */
#include <string.h>

#include "migration-glue/vmdesc.h"
#include "tests/unit/migration-glue/random-state.h"
#include "tests/unit/migration-glue/wire-rig.h"

#define ROUNDS 400

/* Queue elements have nothing that is compared or counted from outside: those are zero there. */
static gboolean
configures_in_lists(const VmsState *state, gboolean in_list)
{
    for (const VmsField *field = state->fields; field->name != NULL; field++) {
        gboolean sent = field > state->fields && field->count_mem != VMS_MEM_NONE &&
                        strcmp(field[-1].name, "count") == 0;

        if (in_list && (field->equal || (field->count_mem != VMS_MEM_NONE && !sent)))
            return TRUE;
        if (in_list && state->subsections[0] != NULL)
            return TRUE;
        if (field->state != NULL &&
            configures_in_lists(field->state, in_list || field->wire == VMS_WIRE_QUEUE))
            return TRUE;
    }
    for (guint i = 0; state->subsections[i] != NULL; i++) {
        if (configures_in_lists(state->subsections[i], in_list))
            return TRUE;
    }
    return FALSE;
}

static GRand *
random_from_test(void)
{
    return g_rand_new_with_seed((guint32)g_test_rand_int());
}

static void
loading_what_was_saved_and_saving_it_gives_the_same_bytes(void)
{
    g_autoptr(GRand) rand = random_from_test();
    guint tried = 0;

    while (tried < ROUNDS) {
        RandomState *random = random_state_new(rand, 2);
        const VmsState *state = random_state(random);
        g_autofree guint8 *from = g_malloc0(random_state_size(random)),
                          *into = g_malloc0(random_state_size(random));
        GError *error = NULL;
        gsize used = 0;

        if (!configures_in_lists(state, FALSE)) {
            g_autoptr(GByteArray) bytes = NULL, again = NULL;

            random_object_fill(rand, state, from);
            random_object_configure(state, from, into);
            bytes = wire_save(state, from, &wire_context, &error);
            g_assert_no_error(error);
            wire_load(state, into, state->version, &wire_context, bytes->data, bytes->len, &used,
                      &error);
            g_assert_no_error(error);
            g_assert_cmpuint(used, ==, bytes->len);
            again = wire_save(state, into, &wire_context, NULL);
            g_assert_cmpmem(again->data, again->len, bytes->data, bytes->len);
            mig_state_clear(state, from);
            mig_state_clear(state, into);
            tried++;
        }
        random_state_free(random);
    }
}

/* Whatever the bytes: the load ends, and a failure leaves what a save of the object shows. */
static void
a_load_of_damaged_bytes_changes_all_or_nothing(void)
{
    g_autoptr(GRand) rand = random_from_test();
    guint refused = 0;

    for (guint round = 0; round < ROUNDS; round++) {
        RandomState *random = random_state_new(rand, 2);
        const VmsState *state = random_state(random);
        g_autofree guint8 *object = g_malloc0(random_state_size(random));
        g_autofree guint8 *copy = NULL;
        g_autoptr(GByteArray) bytes = NULL, after = NULL, damaged = g_byte_array_new();
        g_autoptr(GError) error = NULL;
        gsize used;

        random_object_fill(rand, state, object);
        bytes = wire_save(state, object, &wire_context, NULL);
        g_byte_array_append(damaged, bytes->data, bytes->len);
        for (guint i = 0; damaged->len > 0 && i < 3; i++)
            damaged->data[g_rand_int(rand) % damaged->len] ^= (guint8)(1 << (g_rand_int(rand) % 8));
        if (damaged->len > 0)
            g_byte_array_set_size(damaged, damaged->len - g_rand_int(rand) % 2);
        copy = g_memdup2(object, random_state_size(random));
        if (!wire_load(state, object, state->version, &wire_context, damaged->data, damaged->len,
                       &used, &error)) {
            g_assert_nonnull(error);
            refused++;
            g_assert_cmpmem(object, random_state_size(random), copy, random_state_size(random));
            after = wire_save(state, object, &wire_context, NULL);
            g_assert_cmpmem(after->data, after->len, bytes->data, bytes->len);
        }
        mig_state_clear(state, object);
        random_state_free(random);
    }
    g_assert_cmpuint(refused, >, ROUNDS / 10);
}

static void
the_description_accounts_for_every_byte(void)
{
    g_autoptr(GRand) rand = random_from_test();

    for (guint round = 0; round < ROUNDS; round++) {
        RandomState *random = random_state_new(rand, 2);
        const VmsState *state = random_state(random);
        g_autofree guint8 *object = g_malloc0(random_state_size(random));
        g_autoptr(VmdescWriter) writer = vmdesc_writer_new();
        g_autoptr(MigStream) stream = mig_stream_new_writer(mig_channel_memory_new(NULL));
        static const MigStateName name = {"random", 0};
        g_autoptr(VmdescNode) root = NULL;
        GError *error = NULL;
        gsize size = 0;

        random_object_fill(rand, state, object);
        vmdesc_begin_object(writer, NULL);
        g_assert_true(mig_state_save(stream, &name, state, object, &wire_context, writer, NULL));
        vmdesc_end_object(writer);
        root =
            vmdesc_parse(vmdesc_writer_text(writer)->str, vmdesc_writer_text(writer)->len, &error);
        g_assert_no_error(error);
        vmdesc_walk(root, NULL, NULL, &size, &error);
        g_assert_no_error(error);
        g_assert_cmpuint(size, ==, mig_stream_position(stream));
        mig_state_clear(state, object);
        random_state_free(random);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/random/round-trip",
                    loading_what_was_saved_and_saving_it_gives_the_same_bytes);
    g_test_add_func("/random/damaged", a_load_of_damaged_bytes_changes_all_or_nothing);
    g_test_add_func("/random/description", the_description_accounts_for_every_byte);
    return g_test_run();
}
