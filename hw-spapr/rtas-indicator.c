/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * RTAS indicators, sensors and power domains: a table of each.
 *
 * Not here: what those of connectors (9001 to 9003) lead to (drc.c). Source: LoPAR set-indicator,
 * get-sensor-state, set-power-level, get-power-level.
 */
#include "hw-spapr/rtas.h"

#include "hw-spapr/platform.h"

#define INDICATOR_PROGRESS   6u /* a code of progress, on an operator panel */
#define INDICATOR_ISOLATION  9001u
#define INDICATOR_CONNECTOR  9002u
#define INDICATOR_ALLOCATION 9003u
#define SENSOR_EPOW          9u /* what the power supply warns of */
#define SENSOR_ENTITY        9003u
#define POWER_DOMAIN_LIVE    0xffffffffu
#define POWER_LEVEL_FULL     100u

/* Status of one indicator's @value at @index. */
typedef gint32 (*IndicatorSet)(Platform *platform, guint32 index, guint32 value);
/* Status of one sensor at @index; fills *@value. */
typedef gint32 (*SensorGet)(Platform *platform, guint32 index, guint32 *value);

/* The machine has no panel: the code goes to the log. */
static gint32
progress_set(Platform *platform, guint32 index, guint32 value)
{
    if (index != 0)
        return RTAS_PARAM_ERROR;
    vdev_log(platform_host(platform), VDEV_LOG_RTAS, "progress 0x%04x", value);
    return RTAS_OK;
}

static gint32
epow_get(Platform *platform, guint32 index, guint32 *value)
{
    if (index != 0)
        return RTAS_PARAM_ERROR;
    *value = events_epow_sensor(&platform->events);
    return RTAS_OK;
}

static const struct {
    guint32 type;
    IndicatorSet set;
} indicators[] = {
    {INDICATOR_PROGRESS, progress_set},
    {INDICATOR_ISOLATION, drc_set_isolation},
    {INDICATOR_CONNECTOR, drc_set_indicator},
    {INDICATOR_ALLOCATION, drc_set_allocation},
};

static const struct {
    guint32 type;
    SensorGet get;
} sensors[] = {{SENSOR_EPOW, epow_get}, {SENSOR_ENTITY, drc_get_sense}};

/* {type, index, value} */
gint32
rtas_set_indicator(void *owner, VdevVcpu *vcpu, VdevRtasCall *call)
{
    for (guint i = 0; i < G_N_ELEMENTS(indicators); i++) {
        if (indicators[i].type == call->args[0])
            return indicators[i].set(owner, call->args[1], call->args[2]);
    }
    return RTAS_PARAM_ERROR;
}

/* {type, index} → {status, value} */
gint32
rtas_get_sensor_state(void *owner, VdevVcpu *vcpu, VdevRtasCall *call)
{
    for (guint i = 0; i < G_N_ELEMENTS(sensors); i++) {
        if (sensors[i].type == call->args[0])
            return sensors[i].get(owner, call->args[1], &call->rets[1]);
    }
    return RTAS_PARAM_ERROR;
}

/* {domain, level} → {status, level}. One domain, always on: every level asked for ends at full. */
gint32
rtas_set_power_level(void *owner, VdevVcpu *vcpu, VdevRtasCall *call)
{
    if (call->args[0] != POWER_DOMAIN_LIVE)
        return RTAS_PARAM_ERROR;
    call->rets[1] = POWER_LEVEL_FULL;
    return RTAS_OK;
}

/* {domain} → {status, level} */
gint32
rtas_get_power_level(void *owner, VdevVcpu *vcpu, VdevRtasCall *call)
{
    if (call->args[0] != POWER_DOMAIN_LIVE)
        return RTAS_PARAM_ERROR;
    call->rets[1] = POWER_LEVEL_FULL;
    return RTAS_OK;
}
