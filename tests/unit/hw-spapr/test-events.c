/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events: the record that a powerdown raises, byte by byte, and how a guest fetches it.
 */
#include "tests/unit/hw-spapr/platform-rig.h"

#include <string.h>

#include "hw-spapr/event-log.h"
#include "hw-spapr/irq.h"

#define BUFFER       0x8000u
#define EPOW_MASK    0x40000000u
#define HOTPLUG_MASK 0x10000000u
#define LOG_SIZE     116u

/* As Linux reads it, at the fake host's time: 2001-09-09 01:46:40. */
static const guint8 power_off_log[LOG_SIZE] = {
    0x06,
    0x34,
    0x00,
    0x40,
    0x00,
    0x00,
    0x00,
    0x6c, /* summary, length 108 */
    0x86,
    0x00,
    0x8e,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    'I',
    'B',
    'M',
    0x00,
    /* Main-A */
    'P',
    'H',
    0x00,
    0x30,
    0x01,
    0x00,
    0x00,
    0x00,
    0x20,
    0x01,
    0x09,
    0x09,
    0x01,
    0x46,
    0x40,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    'H',
    0x00,
    0x00,
    0x03,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    /* Main-B */
    'U',
    'H',
    0x00,
    0x18,
    0x01,
    0x00,
    0x00,
    0x00,
    0xa0,
    0x00,
    0x00,
    0xd0,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    /* EPOW: system shutdown, normal */
    'E',
    'P',
    0x00,
    0x14,
    0x02,
    0x00,
    0x00,
    0x00,
    0x03,
    0x01,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
    0x00,
};

static gint32
check(Rig *rig, guint32 mask, guint32 buffer, guint32 length)
{
    return RIG_RTAS(rig, rig_token("check-exception"), 1, 0x500, IRQ_EPOW, mask, 0, buffer, length);
}

static void
powerdown_raises_the_record_and_its_interrupt(void)
{
    Rig rig;

    rig_init(&rig, NULL);
    rig_arm(&rig, IRQ_EPOW);
    g_assert_false(rig_fired(&rig, IRQ_EPOW));
    g_assert_cmpint(check(&rig, EPOW_MASK, BUFFER, 0x800), ==, RTAS_NO_EVENT);
    pseries_class.powerdown(rig.platform);
    g_assert_true(rig_fired(&rig, IRQ_EPOW));
    g_assert_cmpint(check(&rig, EPOW_MASK, BUFFER, 0x800), ==, RTAS_OK);
    g_assert_cmpmem(rig.host->ram + BUFFER, LOG_SIZE, power_off_log, LOG_SIZE);
    g_assert_cmpint(check(&rig, EPOW_MASK, BUFFER, 0x800), ==, RTAS_NO_EVENT);
    rig_finish(&rig);
}

static void
record_is_cut_to_the_callers_buffer(void)
{
    Rig rig;

    for (guint32 room = 0; room <= LOG_SIZE + 1; room++) {
        const guint32 n = MIN(room, LOG_SIZE);

        rig_init(&rig, NULL);
        memset(rig.host->ram + BUFFER, 0xee, 2 * LOG_SIZE);
        pseries_class.powerdown(rig.platform);
        g_assert_cmpint(check(&rig, EPOW_MASK, BUFFER, room), ==, RTAS_OK);
        g_assert_cmpmem(rig.host->ram + BUFFER, n, power_off_log, n);
        g_assert_cmphex(rig.host->ram[BUFFER + n], ==, 0xee);
        rig_finish(&rig);
        room += room > 8 && room < 100 ? 30 : 0;
    }
}

static void
buffer_outside_ram_keeps_the_record(void)
{
    Rig rig;

    rig_init(&rig, NULL);
    pseries_class.powerdown(rig.platform);
    g_assert_cmpint(check(&rig, EPOW_MASK, RIG_RAM - 8, 0x800), ==, RTAS_PARAM_ERROR);
    g_assert_cmpint(check(&rig, EPOW_MASK, 0xffffffff, 0x800), ==, RTAS_PARAM_ERROR);
    g_assert_cmpint(check(&rig, EPOW_MASK, BUFFER, 0xffffffff), ==, RTAS_OK);
    g_assert_cmpmem(rig.host->ram + BUFFER, LOG_SIZE, power_off_log, LOG_SIZE);
    rig_finish(&rig);
}

static void
mask_selects_the_class(void)
{
    static const guint8 bytes[] = {1, 2, 3, 4};
    Rig rig;

    rig_init(&rig, NULL);
    rig_arm(&rig, IRQ_HOTPLUG);
    pseries_class.powerdown(rig.platform);
    g_assert_false(rig_fired(&rig, IRQ_HOTPLUG));
    events_push(rig.platform, 0x063460e5, bytes, sizeof(bytes));
    g_assert_true(rig_fired(&rig, IRQ_HOTPLUG));
    g_assert_cmpint(check(&rig, 0, BUFFER, 0x800), ==, RTAS_NO_EVENT);
    g_assert_cmpint(check(&rig, HOTPLUG_MASK, BUFFER, 0x800), ==, RTAS_OK);
    g_assert_cmpmem(rig.host->ram + BUFFER, 12, "\x06\x34\x60\xe5\0\0\0\x04\1\2\3\4", 12);
    g_assert_cmpint(check(&rig, HOTPLUG_MASK, BUFFER, 0x800), ==, RTAS_NO_EVENT);
    g_assert_cmpint(check(&rig, EPOW_MASK | HOTPLUG_MASK, BUFFER, 0x800), ==, RTAS_OK);
    g_assert_cmpmem(rig.host->ram + BUFFER, LOG_SIZE, power_off_log, LOG_SIZE);
    rig_finish(&rig);
}

static void
waiting_record_is_announced_again_not_doubled(void)
{
    Rig rig;

    rig_init(&rig, NULL);
    pseries_class.powerdown(rig.platform);
    rig_arm(&rig, IRQ_EPOW);
    pseries_class.powerdown(rig.platform);
    g_assert_true(rig_fired(&rig, IRQ_EPOW));
    rig_arm(&rig, IRQ_EPOW);
    g_assert_cmpint(RIG_RTAS(&rig, rig_token("event-scan"), 1, 0xffffffff, 0, BUFFER, 0x800), ==,
                    RTAS_NO_EVENT);
    g_assert_true(rig_fired(&rig, IRQ_EPOW));
    g_assert_cmpint(check(&rig, EPOW_MASK, BUFFER, 0x800), ==, RTAS_OK);
    g_assert_cmpint(check(&rig, EPOW_MASK, BUFFER, 0x800), ==, RTAS_NO_EVENT);
    rig_finish(&rig);
}

static void
fetching_one_announces_the_next(void)
{
    static const guint8 bytes[] = {9};
    Rig rig;

    rig_init(&rig, NULL);
    events_push(rig.platform, 0x063460e5, bytes, 1);
    events_push(rig.platform, 0x063460e5, bytes, 1);
    rig_arm(&rig, IRQ_HOTPLUG);
    g_assert_cmpint(check(&rig, HOTPLUG_MASK, BUFFER, 0x800), ==, RTAS_OK);
    g_assert_true(rig_fired(&rig, IRQ_HOTPLUG));
    rig_arm(&rig, IRQ_HOTPLUG);
    g_assert_cmpint(check(&rig, HOTPLUG_MASK, BUFFER, 0x800), ==, RTAS_OK);
    g_assert_false(rig_fired(&rig, IRQ_HOTPLUG));
    rig_finish(&rig);
}

static void
reset_forgets_what_waits(void)
{
    g_autoptr(GError) error = NULL;
    Rig rig;

    rig_init(&rig, NULL);
    pseries_class.powerdown(rig.platform);
    g_assert_true(pseries_class.reset(rig.platform, &error));
    g_assert_cmpint(check(&rig, EPOW_MASK, BUFFER, 0x800), ==, RTAS_NO_EVENT);
    rig_finish(&rig);
}

static void
queue_has_an_end(void)
{
    static const guint8 bytes[] = {9};
    Rig rig;

    rig_init(&rig, NULL);
    for (guint i = 0; i < EVENTS_MAX + 2; i++)
        events_push(rig.platform, 0x063460e5, bytes, 1);
    g_assert_cmpuint(rig.platform->events.logs.length, ==, EVENTS_MAX);
    g_assert_nonnull(strstr(rig.host->log->str, "dropped"));
    rig_finish(&rig);
}

static void
extended_information_is_accepted(void)
{
    Rig rig;

    rig_init(&rig, NULL);
    pseries_class.powerdown(rig.platform);
    g_assert_cmpint(RIG_RTAS(&rig, rig_token("check-exception"), 1, 0x500, IRQ_EPOW, EPOW_MASK, 1,
                             BUFFER, 0x800, 0),
                    ==, RTAS_OK);
    rig_finish(&rig);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/spapr/events/powerdown", powerdown_raises_the_record_and_its_interrupt);
    g_test_add_func("/spapr/events/cut", record_is_cut_to_the_callers_buffer);
    g_test_add_func("/spapr/events/bad-buffer", buffer_outside_ram_keeps_the_record);
    g_test_add_func("/spapr/events/mask", mask_selects_the_class);
    g_test_add_func("/spapr/events/again", waiting_record_is_announced_again_not_doubled);
    g_test_add_func("/spapr/events/next", fetching_one_announces_the_next);
    g_test_add_func("/spapr/events/reset", reset_forgets_what_waits);
    g_test_add_func("/spapr/events/bound", queue_has_an_end);
    g_test_add_func("/spapr/events/extended", extended_information_is_accepted);
    return g_test_run();
}
