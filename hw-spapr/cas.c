/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The offer, the agreement, and H_CAS.
 */
#include "hw-spapr/cas.h"

#include <libfdt.h>
#include <string.h>

#include "hw-spapr/platform.h"
#include "vdev/guestmem.h"

/* Only what works: no hash table to resize. */
static const OptionVector offered = {{
    [OV5_AFFINITY_BYTE] = OV5_AFFINITY_FORM1,
    [OV5_EVENTS_BYTE] = OV5_EVENTS_HOTPLUG,
    [OV5_XIVE_BYTE] = OV5_XIVE_EXPLOIT,
    [OV5_MMU_BYTE] = OV5_MMU_RADIX,
    [OV5_RADIX_BYTE] = OV5_RADIX_GTSE,
}};

static OptionVector
offer(const Cas *cas)
{
    OptionVector vector = offered;

    if (cas->dynamic_memory) {
        vector.bytes[OV5_DRCONF_BYTE] |= OV5_DRCONF;
        vector.bytes[OV5_DRMEM_BYTE] |= OV5_DRMEM_V2;
    }
    return vector;
}

void
cas_reset(Cas *cas, gboolean dynamic_memory)
{
    cas->dynamic_memory = dynamic_memory;
    cas->agreed = offer(cas);
}

void
cas_write_chosen(const Cas *cas, TreeWriter *tree)
{
    /* Pairs of a byte of vector 5 and what the platform supports there, as firmware would ask. */
    const guint8 support[] = {
        OV5_XIVE_BYTE,  cas->xive_support, OV5_MMU_BYTE, OV5_MMU_RADIX, OV5_MMU_BYTE + 1, 0,
        OV5_RADIX_BYTE, OV5_RADIX_GTSE,
    };
    guint8 bytes[OVEC_BYTES];
    gsize n = ovec_property(&cas->agreed, bytes);

    tree_bytes(tree, "ibm,architecture-vec-5", bytes, n);
    tree_bytes(tree, "ibm,arch-vec-5-platform-support", support, sizeof(support));
}

/* Whether a two-bit choice allows its new way. */
static gboolean
allows(const OptionVector *asked, guint byte, guint8 value)
{
    guint8 choice = asked->bytes[byte] & OV5_EITHER_MASK;

    return choice == value || choice == OV5_EITHER;
}

gboolean
cas_negotiate(Cas *cas, const OptionVector *asked)
{
    const OptionVector whole = offer(cas);
    OptionVector agreed = ovec_and(&whole, asked);

    if (!allows(asked, OV5_XIVE_BYTE, OV5_XIVE_EXPLOIT) ||
        !allows(asked, OV5_MMU_BYTE, OV5_MMU_RADIX) ||
        (asked->bytes[OV5_RADIX_BYTE] & OV5_RADIX_GTSE) == 0)
        return FALSE;
    agreed.bytes[OV5_XIVE_BYTE] = OV5_XIVE_EXPLOIT;
    agreed.bytes[OV5_MMU_BYTE] = OV5_MMU_RADIX;
    cas->agreed = agreed;
    return TRUE;
}

#define PVR_LIST_MAX       512u
#define TREE_HEADER_SIZE   4u /* a version word before the tree */
#define TREE_HEADER_FORMAT 1u

/* The list of processors that the guest knows ends with a pair that matches nothing; *@gpa is moved
 * behind it. On -cpu host no other processor could be shown: the list decides nothing. */
static gboolean
skip_processors(const VdevHost *host, guint64 *gpa)
{
    for (guint i = 0; i < PVR_LIST_MAX; i++) {
        guint32 mask;
        guint32 pvr;

        if (!guest_read_be32(host, *gpa, &mask) || !guest_read_be32(host, *gpa + 4, &pvr))
            return FALSE;
        *gpa += 8;
        if ((~mask & pvr) != 0)
            return TRUE;
    }
    return FALSE;
}

/* Writes the tree of the agreement behind its header. */
static HcallStatus
answer(Platform *platform, guint64 gpa, guint64 room)
{
    const VdevHost *host = platform_host(platform);
    g_autoptr(GError) error = NULL;
    g_autofree void *tree = fdt_build(platform, &error);

    if (tree == NULL) {
        vdev_log(host, VDEV_LOG_WARNING, "H_CAS: %s", error->message);
        return H_HARDWARE;
    }
    if (room < TREE_HEADER_SIZE || fdt_totalsize(tree) > room - TREE_HEADER_SIZE)
        return H_P3;
    if (!host->guest_is_ram(host, gpa, TREE_HEADER_SIZE + (guint64)fdt_totalsize(tree)))
        return H_P2;
    guest_write_be32(host, gpa, TREE_HEADER_FORMAT);
    host->guest_write(host, gpa + TREE_HEADER_SIZE, tree, fdt_totalsize(tree));
    state_machine_set_tree(&platform->state, tree, fdt_totalsize(tree));
    return H_SUCCESS;
}

/* {processors and vectors, buffer for the tree, its size} */
HcallStatus
cas_hcall(void *owner, VdevVcpu *vcpu, guint64 *args)
{
    Platform *platform = owner;
    const VdevHost *host = platform_host(platform);
    const Cas before = platform->cas;
    OptionVector asked;
    guint64 gpa = args[0];
    HcallStatus status;

    if (!skip_processors(host, &gpa) || !ovec_read(&asked, host, gpa, 5))
        return H_PARAMETER;
    if (!cas_negotiate(&platform->cas, &asked)) {
        vdev_log(host, VDEV_LOG_GUEST_ERROR,
                 "the guest cannot do with XIVE exploitation mode, radix and GTSE");
        return H_PARAMETER;
    }
    status = answer(platform, args[1], args[2]);
    if (status != H_SUCCESS)
        platform->cas = before;
    return status;
}

/* {address of the argument block} */
static HcallStatus
h_rtas(void *owner, VdevVcpu *vcpu, guint64 *args)
{
    return rtas_call_block(owner, vcpu, args[0]);
}

const VdevHcallRow hcall_firmware_rows[] = {
    {H_RTAS, "H_RTAS", h_rtas},
    {H_CAS, "H_CAS", cas_hcall},
    {0},
};
