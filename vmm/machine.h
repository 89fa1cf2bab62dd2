/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Machine types and devices of the loaded modules: finding them by name, making their objects,
 * setting their properties, and the help that lists them.
 */
#ifndef VMM_MACHINE_H
#define VMM_MACHINE_H

#include "vmm/module.h"
#include "vmm/options.h"

typedef struct {
    const VdevMachineClass *klass;
    const VdevMachineRow *row;
} MachineType;

/* The machine object and the devices attached to it. */
typedef struct {
    MachineType type;
    void *object;
    GPtrArray *devices; /* VdevDevice *, owned, in the order of the command line */
} Machine;

/**
 * machine_find:
 * @name: a type or an alias; NULL: the newest that can run
 *
 * Errors: VM_ERROR_USAGE: no such type, a type that cannot run (with its reason), no module.
 */
gboolean
machine_find(const ModuleSet *modules, const char *name, MachineType *type, GError **error);

/**
 * machine_new: the object with its properties set; not realized.
 * @properties: of -M, or NULL; memory-backend, which is the host's, is passed over
 * @host: must outlive the machine
 */
Machine *machine_new(const MachineType *type, const OptionItem *properties, const VdevHost *host,
                     GError **error);

/** machine_add_device: makes the device of one -device and attaches it. Errors: VM_ERROR_USAGE. */
gboolean machine_add_device(Machine *machine, const ModuleSet *modules, const OptionItem *item,
                            GError **error);

/** machine_free: frees the objects; the class's finish was called, or realize never. NULL-safe. */
void machine_free(Machine *machine);

/** machine_help_wanted: -M help, -M TYPE,help, -device help or -device NAME,help. */
gboolean machine_help_wanted(const Options *options);

/** machine_help: appends what was asked for. Errors: VM_ERROR_USAGE: an unknown name. */
gboolean
machine_help(const Options *options, const ModuleSet *modules, GString *text, GError **error);

#endif
