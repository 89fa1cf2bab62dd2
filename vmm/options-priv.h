/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between the table of options (options.c) and the functions that understand their values
 * (options-values.c, options-size.c). Private to the parser.
 */
#ifndef VMM_OPTIONS_PRIV_H
#define VMM_OPTIONS_PRIV_H

#include "vmm/vm.h"

/** OptionSetter: @value (NULL for an option without one) into @options. Errors: VM_ERROR_USAGE,
 * without the option's name, which the caller puts in front. */
typedef gboolean (*OptionSetter)(Options *options, const char *value, GError **error);

gboolean option_set_machine(Options *options, const char *value, GError **error);
gboolean option_set_accel(Options *options, const char *value, GError **error);
gboolean option_set_kvm(Options *options, const char *value, GError **error);
gboolean option_set_cpu(Options *options, const char *value, GError **error);
gboolean option_set_smp(Options *options, const char *value, GError **error);
gboolean option_set_memory(Options *options, const char *value, GError **error);
gboolean option_set_mem_path(Options *options, const char *value, GError **error);
gboolean option_set_prealloc(Options *options, const char *value, GError **error);
gboolean option_set_object(Options *options, const char *value, GError **error);
gboolean option_set_kernel(Options *options, const char *value, GError **error);
gboolean option_set_initrd(Options *options, const char *value, GError **error);
gboolean option_set_append(Options *options, const char *value, GError **error);
gboolean option_set_device(Options *options, const char *value, GError **error);
gboolean option_set_serial(Options *options, const char *value, GError **error);
gboolean option_set_nographic(Options *options, const char *value, GError **error);
gboolean option_set_qmp(Options *options, const char *value, GError **error);
gboolean option_set_paused(Options *options, const char *value, GError **error);
gboolean option_set_name(Options *options, const char *value, GError **error);
gboolean option_set_uuid(Options *options, const char *value, GError **error);
gboolean option_set_incoming(Options *options, const char *value, GError **error);
gboolean option_set_global(Options *options, const char *value, GError **error);
gboolean option_set_only_migratable(Options *options, const char *value, GError **error);
gboolean option_set_dump_vmstate(Options *options, const char *value, GError **error);
gboolean option_set_no_reboot(Options *options, const char *value, GError **error);
gboolean option_set_log(Options *options, const char *value, GError **error);
gboolean option_set_module_dir(Options *options, const char *value, GError **error);
gboolean option_set_pidfile(Options *options, const char *value, GError **error);
gboolean option_set_none(Options *options, const char *value, GError **error);
gboolean option_accept(Options *options, const char *value, GError **error);

/** options_check: what no single option can see. */
gboolean options_check(const Options *options, GError **error);

/** option_refuse: sets @error and returns FALSE. */
gboolean option_refuse(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

#endif
