/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The test aid that pauses a machine behind the N-th call about a device.
 */
#include "tests/unit/hw-spapr/platform-rig.h"

static const RigSpec spec = {.blocks = 4};

static void
ask(Rig *rig)
{
    const EventHotplug what = {.resource = EVENT_HOTPLUG_MEMORY, .action = EVENT_HOTPLUG_ADD};

    events_hotplug(rig->platform, &what);
}

static void
sense(Rig *rig)
{
    RIG_RTAS(rig, rig_token("get-sensor-state"), 2, 9003, DRC_INDEX(DRC_LMB, 4));
}

static void
the_machine_pauses_once_behind_the_nth_call_after_a_request(void)
{
    Rig rig;

    rig_init(&rig, &spec);
    rig.platform->hotplug_pause = 2;
    sense(&rig); /* nothing was asked yet */
    sense(&rig);
    g_assert_cmpuint(rig.host->n_pauses, ==, 0);
    ask(&rig);
    sense(&rig);
    RIG_RTAS(&rig, rig_token("get-time-of-day"), 8, 0); /* not about a device */
    g_assert_cmpuint(rig.host->n_pauses, ==, 0);
    sense(&rig);
    g_assert_cmpuint(rig.host->n_pauses, ==, 1);
    sense(&rig);
    sense(&rig);
    g_assert_cmpuint(rig.host->n_pauses, ==, 1);
    ask(&rig);
    sense(&rig);
    sense(&rig);
    g_assert_cmpuint(rig.host->n_pauses, ==, 2);
    rig_finish(&rig);
}

static void
without_the_property_nothing_pauses(void)
{
    Rig rig;

    rig_init(&rig, &spec);
    ask(&rig);
    for (guint i = 0; i < 10; i++)
        sense(&rig);
    g_assert_cmpuint(rig.host->n_pauses, ==, 0);
    rig_finish(&rig);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/spapr-hotplug-pause/the-machine-pauses-once-behind-the-nth-call",
                    the_machine_pauses_once_behind_the_nth_call_after_a_request);
    g_test_add_func("/spapr-hotplug-pause/without-the-property-nothing-pauses",
                    without_the_property_nothing_pauses);
    return g_test_run();
}
