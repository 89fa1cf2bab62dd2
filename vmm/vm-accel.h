/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The choice of the accelerator: -accel.
 */
#ifndef VMM_VM_ACCEL_H
#define VMM_VM_ACCEL_H

#include "vmm/accel/accel.h"
#include "vmm/log.h"
#include "vmm/options.h"

/**
 * vm_accel_open: the first of @options' accelerators that opens; kvm if none is named.
 *
 * Errors: G_OPTION_ERROR or VM_ERROR_USAGE for an unknown name or property, else the accelerator's;
 * one line, naming the accelerator.
 */
Accel *vm_accel_open(const Options *options, Log *log, GError **error);

/** vm_accel_help_wanted: -accel help. vm_accel_help: appends one line per accelerator. */
gboolean vm_accel_help_wanted(const Options *options);
void vm_accel_help(GString *text);

#endif
