/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One plugged thing, between hotplug.c, which takes requests, and host-hotplug.c, which answers the
 * machine. For vm*.c, hotplug.c and host*.c only.
 */
#ifndef VMM_HOTPLUG_PRIV_H
#define VMM_HOTPLUG_PRIV_H

#include "vmm/vm-priv.h"

typedef struct {
    VdevPlug plug; /* first: what the machine sees */
    char *id;      /* or NULL */
    char *memdev;  /* MEMORY */
    RamBlock *block;
    gboolean hotplugged;
    /* HP-1: the guest has let go of it while a migration ran. */
    gboolean memory_waits; /* to be taken out of the guest */
    gboolean gone_waits;   /* to be freed and told */
} VmPlug;

static inline VmPlug *
vm_plug_of(VdevPlug *plug)
{
    return (VmPlug *)plug;
}

void vm_plug_free(gpointer plug);

/** vm_hotplug_takes: whether a -device is one of vm_device_add()'s. */
gboolean vm_hotplug_takes(const Vm *vm, const OptionItem *item);
/** vm_hotplug_start: plugs those of the command line. */
gboolean vm_hotplug_start(Vm *vm, GError **error);
/** vm_hotplug_settle: a migration is over: what waited for that (HP-1). */
void vm_hotplug_settle(Vm *vm);
/** vm_hotplug_free: the list; the machine is finished. */
void vm_hotplug_free(Vm *vm);

#endif
