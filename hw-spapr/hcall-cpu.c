/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hypercalls about the processor: mode, process table, characteristics, SPRG0, random numbers.
 *
 * Not here: what KVM answers itself, such as the watchpoint resources of H_SET_MODE.
 * Source: LoPAR H_SET_MODE, H_REGISTER_PROC_TBL, H_GET_CPU_CHARACTERISTICS, H_RANDOM.
 */
#include "hw-spapr/hcall.h"

#include <sys/random.h>

#include "hw-spapr/platform.h"
#include "vdev/kvm-ppc.h"

enum {
    MODE_RESOURCE_AIL = 3,
    MODE_RESOURCE_ENDIAN = 4,
};

/* Interrupts with relocation on, at 0xc000000000004000: both AIL bits. */
#define MODE_AIL_HIGH 3u

static HcallStatus
set_lpcr_everywhere(Platform *platform, guint64 mask, guint64 value)
{
    return cpus_set_lpcr(&platform->cpus, platform_host(platform), mask, value) ? H_SUCCESS
                                                                                : H_HARDWARE;
}

static HcallStatus
set_mode_endian(Platform *platform, guint64 flags)
{
    if (flags > 1)
        return H_UNSUPPORTED_FLAG;
    return set_lpcr_everywhere(platform, VDEV_LPCR_ILE, flags == 1 ? VDEV_LPCR_ILE : 0);
}

static HcallStatus
set_mode_ail(Platform *platform, guint64 flags)
{
    if (flags != 0 && flags != MODE_AIL_HIGH)
        return H_UNSUPPORTED_FLAG;
    return set_lpcr_everywhere(platform, VDEV_LPCR_AIL_MASK,
                               bits_set(VDEV_LPCR_AIL_MASK, 0, flags));
}

/* {flags, resource, value1, value2} */
static HcallStatus
h_set_mode(void *owner, VdevVcpu *vcpu, guint64 *args)
{
    if (args[1] != MODE_RESOURCE_AIL && args[1] != MODE_RESOURCE_ENDIAN)
        return H_P2;
    if (args[2] != 0)
        return H_P3;
    if (args[3] != 0)
        return H_P4;
    return args[1] == MODE_RESOURCE_AIL ? set_mode_ail(owner, args[0])
                                        : set_mode_endian(owner, args[0]);
}

#define PROC_TBL_GTSE      LSB_BIT64(0)
#define PROC_TBL_RADIX     LSB_BIT64(2)
#define PROC_TBL_REGISTER  LSB_BIT64(3)
#define PROC_TBL_MODIFY    LSB_BIT64(4)
#define PROC_TBL_FLAGS     LSB_FIELD64(4, 0)
#define PROC_TBL_BASE      LSB_FIELD64(59, 12)
#define PROC_TBL_SIZE_MAX  24u /* log2 of bytes, less 12 */
#define PROC_TBL_SIZE_BASE 12u

/* The new second word of the partition table entry, or a status. */
static HcallStatus
process_table_word(Platform *platform, const guint64 *args, guint64 *word)
{
    const VdevHost *host = platform_host(platform);

    if ((args[0] & PROC_TBL_MODIFY) == 0) {
        *word = platform->process_table;
        return H_SUCCESS;
    }
    *word = VDEV_PATE_GR;
    if ((args[0] & PROC_TBL_REGISTER) == 0)
        return H_SUCCESS;
    if ((args[1] & ~PROC_TBL_BASE) != 0)
        return H_P2;
    if (args[2] != 0)
        return H_P3;
    if (args[3] > PROC_TBL_SIZE_MAX)
        return H_P4;
    if (!host->guest_is_ram(host, args[1], LSB_BIT64(PROC_TBL_SIZE_BASE + args[3])))
        return H_P2;
    *word |= args[1] | args[3];
    return H_SUCCESS;
}

/* Said once a boot: a guest may ask as often as it likes. */
static HcallStatus
refuse_hash(Platform *platform)
{
    if (!platform->hash_reported)
        vdev_log(platform_host(platform), VDEV_LOG_WARNING,
                 "the guest asks for a hash page table; only radix guests run here: boot a kernel "
                 "with radix support and without disable_radix");
    platform->hash_reported = TRUE;
    return H_PARAMETER;
}

/* {flags, base, page size (hash only), log2 size − 12} */
static HcallStatus
h_register_proc_tbl(void *owner, VdevVcpu *vcpu, guint64 *args)
{
    Platform *platform = owner;
    const VdevHost *host = platform_host(platform);
    guint64 mmu = VDEV_MMU_RADIX | ((args[0] & PROC_TBL_GTSE) != 0 ? VDEV_MMU_GTSE : 0);
    guint64 word = 0;
    HcallStatus status;
    gint result;

    if ((args[0] & ~PROC_TBL_FLAGS) != 0)
        return H_PARAMETER;
    if ((args[0] & PROC_TBL_RADIX) == 0)
        return refuse_hash(platform);
    status = process_table_word(platform, args, &word);
    if (status != H_SUCCESS)
        return status;
    result = host->set_mmu(host, mmu, word);
    if (result != 0) {
        vdev_log(host, VDEV_LOG_GUEST_ERROR, "H_REGISTER_PROC_TBL: set_mmu: %s",
                 g_strerror(-result));
        return H_HARDWARE;
    }
    platform->process_table = word;
    return H_SUCCESS;
}

/* {} → {character, behaviour}; bits whose meaning the host does not know stay 0. */
static HcallStatus
h_get_cpu_characteristics(void *owner, VdevVcpu *vcpu, guint64 *args)
{
    const VdevHost *host = platform_host(owner);
    const VdevCpuInfo *info = host->cpu_info(host);

    if (!info->have_cpu_char)
        return H_FUNCTION;
    args[0] = info->cpu_character & info->cpu_character_mask;
    args[1] = info->cpu_behaviour & info->cpu_behaviour_mask;
    return H_SUCCESS;
}

/* {value} */
static HcallStatus
h_set_sprg0(void *owner, VdevVcpu *vcpu, guint64 *args)
{
    const VdevHost *host = platform_host(owner);

    return host->vcpu_set(host, vcpu, VDEV_REG_SPRG(0), &args[0]) == 0 ? H_SUCCESS : H_HARDWARE;
}

/* {} → {64 random bits}. Only where the host has no generator that KVM reads itself. */
static HcallStatus
h_random(void *owner, VdevVcpu *vcpu, guint64 *args)
{
    guint64 value;

    if (getrandom(&value, sizeof(value), GRND_NONBLOCK) != (gssize)sizeof(value))
        return H_HARDWARE;
    args[0] = value;
    return H_SUCCESS;
}

const VdevHcallRow hcall_cpu_rows[] = {
    {H_SET_SPRG0, "H_SET_SPRG0", h_set_sprg0},
    {H_GET_CPU_CHARACTERISTICS, "H_GET_CPU_CHARACTERISTICS", h_get_cpu_characteristics},
    {H_RANDOM, "H_RANDOM", h_random},
    {H_SET_MODE, "H_SET_MODE", h_set_mode},
    {H_REGISTER_PROC_TBL, "H_REGISTER_PROC_TBL", h_register_proc_tbl},
    {0},
};
