/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Loads the section of a PCI slot whose device waits for its guest, as stock QEMU has written it.
 *
 * usage: load-slot PAYLOAD
 *
 * PAYLOAD is a file with what a `spapr_drc` section holds. Where there is no device it must be
 * refused by name; where there is one it must have the meaning it had in QEMU: plugged in, not
 * taken; and a guest then takes it. Fails by an assertion.
 */
#include <stdio.h>
#include <string.h>

#include "tests/unit/hw-spapr/slot-rig.h"

int
main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL;
    const guint8 *bytes;
    Drc *slot;
    Rig rig;
    gsize n;

    if (argc != 2 || !g_file_get_contents(argv[1], &text, &n, &error)) {
        fprintf(stderr, "load-slot: %s\n", error != NULL ? error->message : "one file is due");
        return 2;
    }
    bytes = (const guint8 *)text;
    slot = slot_rig_init(&rig);
    g_assert_false(slot_rig_load(slot, bytes, n, &error));
    g_assert_nonnull(strstr(error->message, "connector 0x40000008: nothing is plugged in here"));
    slot_rig_plug(&rig, slot);
    g_clear_error(&error);
    slot_rig_load(slot, bytes, n, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(slot->own.state, ==, DRC_SLOT_POWERED);
    g_assert_cmpuint(drc_broken(slot), ==, 0);
    slot_rig_take(&rig, slot);
    rig_finish(&rig);
    return 0;
}
