/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QMP's commands about what is plugged: handlers for the table of commands.c.
 */
#ifndef VMM_MONITOR_HOTPLUG_H
#define VMM_MONITOR_HOTPLUG_H

#include "vmm/monitor/commands.h"

/* The members: a name ("qom-type", "driver"), and properties with plain values. */
gboolean qmp_check_object(json_t *arguments, GError **error);
gboolean qmp_check_device(json_t *arguments, GError **error);

json_t *qmp_object_add(Vm *vm, json_t *arguments, GError **error);
json_t *qmp_object_del(Vm *vm, json_t *arguments, GError **error);
json_t *qmp_device_add(Vm *vm, json_t *arguments, GError **error);
json_t *qmp_device_del(Vm *vm, json_t *arguments, GError **error);
json_t *qmp_query_memory_devices(Vm *vm, json_t *arguments, GError **error);
json_t *qmp_query_hotpluggable_cpus(Vm *vm, json_t *arguments, GError **error);
json_t *qmp_query_memdev(Vm *vm, json_t *arguments, GError **error);

#endif
