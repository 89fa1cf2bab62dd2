/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The words of the KVM XIVE device: packed from and unpacked to the device's own tables, and what
 * to do about the errors the kernel answers.
 *
 * Not here: any call (kvm-device.c). Pure; any thread.
 *
 * Source: kernel Documentation/virt/kvm/devices/xive.rst. Bits count from the least significant.
 */
#ifndef HW_XIVE_KVM_ATTR_H
#define HW_XIVE_KVM_ATTR_H

#include "hw-xive/core/end.h"
#include "vdev/kvm-ppc.h"

/* The one queue size that KVM takes, log2 of bytes; also what the device tree offers. */
#define XIVE_KVM_EQ_SHIFT 16u

/* What a SOURCE_CONFIG word says. */
typedef struct {
    guint32 server; /* 29 bits */
    guint8 prio;    /* 0..7 */
    gboolean masked;
    guint32 eisn; /* 31 bits */
} XiveKvmConfig;

/** xive_kvm_source_word: of SOURCE; @level: LSI; @asserted: its line is up (ignored for an edge).
 */
guint64 xive_kvm_source_word(gboolean level, gboolean asserted);

/**
 * xive_kvm_config_word: of SOURCE_CONFIG, for the EAS word @eas (valid, block 0).
 * @in_force: the EAS word of the last configuration
 *
 * KVM overlooks the mask in a word that names the server, priority and EISN in force, so a masking
 * word names another EISN. KVM forgets it, and the server, while the source is masked.
 */
guint64 xive_kvm_config_word(guint64 eas, guint64 in_force);

/** xive_kvm_config_unpack: any word has a meaning. */
XiveKvmConfig xive_kvm_config_unpack(guint64 word);

/** xive_kvm_eq_attr: the attribute of EQ_CONFIG for @server (29 bits) and @prio (0..7). */
guint64 xive_kvm_eq_attr(guint32 server, guint8 prio);

/** xive_kvm_eq_unpack_attr: the reverse. */
void xive_kvm_eq_unpack_attr(guint64 attr, guint32 *server, guint8 *prio);

/**
 * xive_kvm_eq_pack: the data of EQ_CONFIG for @end: its queue, notifying always, the only way KVM
 * knows; or no queue if @end is not valid or does not enqueue.
 */
void xive_kvm_eq_pack(VdevXiveEq *data, const XiveEnd *end);

/**
 * xive_kvm_eq_unpack:
 *
 * Returns: FALSE if @data says "no queue" or what no queue can be (@eq is then unchanged).
 */
gboolean xive_kvm_eq_unpack(const VdevXiveEq *data, XiveEq *eq);

/** xive_kvm_group_name: "CTRL", "SOURCE", ...; static storage. For messages. */
const char *xive_kvm_group_name(guint32 group);

/**
 * xive_kvm_hint:
 * @group:  VDEV_XIVE_GRP_*, or XIVE_KVM_CREATE, XIVE_KVM_CONNECT
 * @errnum: errno, positive
 *
 * Returns: what the error means and what to do, one sentence without a full stop; NULL if the
 * table has nothing to add to strerror(). Static storage.
 */
const char *xive_kvm_hint(guint32 group, gint errnum);

/* Two calls that are no attribute group, for xive_kvm_hint(). */
#define XIVE_KVM_CREATE  0x100u
#define XIVE_KVM_CONNECT 0x101u

#endif
