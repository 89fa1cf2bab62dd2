/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A test aid: the machine pauses at a chosen place of a guest's plugging or unplugging, so that a
 * test can migrate it just there (-M …,x-hotplug-pause=N). Without the property nothing is counted.
 *
 * Counting begins anew with each event that is queued for the guest, so a guest that arrived in the
 * middle of something goes through to its end.
 */
#include "hw-spapr/hotplug.h"

#include <string.h>

#include "hw-spapr/platform.h"

/* What a guest calls about a connector or what is in it. A guest calls others at its own times. */
static const char *const counted[] = {
    "check-exception", "get-sensor-state", "set-indicator", "set-power-level",
    "get-power-level", "start-cpu",        "stop-self",     "ibm,configure-connector",
};

void
hotplug_pause_arm(Platform *platform)
{
    platform->hotplug.pause_in = platform->hotplug_pause;
}

void
hotplug_pause_count(Platform *platform, const VdevRtasRow *row)
{
    const VdevHost *host = platform_host(platform);
    guint i = 0;

    if (platform->hotplug.pause_in == 0)
        return;
    while (i < G_N_ELEMENTS(counted) && strcmp(counted[i], row->name) != 0)
        i++;
    if (i == G_N_ELEMENTS(counted) || --platform->hotplug.pause_in > 0)
        return;
    if (VDEV_HAS(host, request_pause) && host->request_pause != NULL)
        host->request_pause(host);
}
