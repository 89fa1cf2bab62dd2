/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the H_INT_* handlers share: the checks of a guest's words, and the two ways of saying no.
 *
 * Every word is compared at its full 64 bits before any part of it is used.
 */
#ifndef HW_XIVE_HCALL_H
#define HW_XIVE_HCALL_H

#include "hw-xive/xive-priv.h"

/** xive_hcall_is_server: a connected vCPU. KVM must not be asked for another. */
gboolean xive_hcall_is_server(const Xive *xive, guint64 target);

/** xive_hcall_is_prio: not reserved by ibm,plat-res-int-priorities. */
gboolean xive_hcall_is_prio(guint64 prio);

/** xive_hcall_refuse: notes a guest error for -d guest_errors. Returns: @status. */
HcallStatus
xive_hcall_refuse(Xive *xive, HcallStatus status, const char *format, ...) G_GNUC_PRINTF(3, 4);

/** xive_hcall_broken: the host failed; logs @error, seldom. Takes @error. Returns: H_HARDWARE. */
HcallStatus xive_hcall_broken(Xive *xive, XiveTrouble trouble, GError *error);

HcallStatus xive_hcall_get_source_info(void *owner, VdevVcpu *vcpu, guint64 *args);
HcallStatus xive_hcall_set_source_config(void *owner, VdevVcpu *vcpu, guint64 *args);
HcallStatus xive_hcall_get_source_config(void *owner, VdevVcpu *vcpu, guint64 *args);
HcallStatus xive_hcall_esb(void *owner, VdevVcpu *vcpu, guint64 *args);
HcallStatus xive_hcall_sync(void *owner, VdevVcpu *vcpu, guint64 *args);

HcallStatus xive_hcall_get_queue_info(void *owner, VdevVcpu *vcpu, guint64 *args);
HcallStatus xive_hcall_set_queue_config(void *owner, VdevVcpu *vcpu, guint64 *args);
HcallStatus xive_hcall_get_queue_config(void *owner, VdevVcpu *vcpu, guint64 *args);

#endif
