/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hypercalls about memory: single accesses at real addresses, cache maintenance, page set-up.
 *
 * Not here: H_ENTER and its kin, which are about hash page tables.
 * Source: LoPAR H_LOGICAL_*, H_PAGE_INIT.
 */
#include "hw-spapr/hcall.h"

#include <string.h>

#include "hw-spapr/platform.h"
#include "vdev/bits.h"

static gboolean
access_size_ok(guint64 n)
{
    return n == 1 || n == 2 || n == 4 || n == 8;
}

/* {bytes, address} → {value}. RAM only: device pages are the guest's own to load from. */
static HcallStatus
h_logical_load(void *owner, VdevVcpu *vcpu, guint64 *args)
{
    const VdevHost *host = platform_host(owner);
    guint8 bytes[8] = {0};
    be64 word;

    if (!access_size_ok(args[0]))
        return H_PARAMETER;
    if (!host->guest_read(host, args[1], &bytes[8 - args[0]], args[0]))
        return H_PARAMETER;
    memcpy(&word, bytes, sizeof(word));
    args[0] = be64_get(word);
    return H_SUCCESS;
}

/* {bytes, address, value} */
static HcallStatus
h_logical_store(void *owner, VdevVcpu *vcpu, guint64 *args)
{
    const VdevHost *host = platform_host(owner);
    be64 word = be64_make(args[2]);

    if (!access_size_ok(args[0]))
        return H_PARAMETER;
    if (!host->guest_write(host, args[1], (const guint8 *)&word + 8 - args[0], args[0]))
        return H_PARAMETER;
    return H_SUCCESS;
}

/* Memory is coherent: nothing is left to do. */
static HcallStatus
h_logical_cache_op(void *owner, VdevVcpu *vcpu, guint64 *args)
{
    return H_SUCCESS;
}

#define PAGE_INIT_SHIFT      12
#define PAGE_INIT_SIZE       (1u << PAGE_INIT_SHIFT)
#define PAGE_INIT_INVALIDATE IBM_BIT64(40) /* instruction cache: nothing to do */
#define PAGE_INIT_SYNC       IBM_BIT64(41)
#define PAGE_INIT_ZERO       IBM_BIT64(48)
#define PAGE_INIT_COPY       IBM_BIT64(49)
#define PAGE_INIT_FLAGS      (PAGE_INIT_INVALIDATE | PAGE_INIT_SYNC | PAGE_INIT_ZERO | PAGE_INIT_COPY)

static gboolean
is_ram_page(const VdevHost *host, guint64 gpa)
{
    return (gpa & (PAGE_INIT_SIZE - 1)) == 0 && host->guest_is_ram(host, gpa, PAGE_INIT_SIZE);
}

/* {flags, destination, source} */
static HcallStatus
h_page_init(void *owner, VdevVcpu *vcpu, guint64 *args)
{
    const VdevHost *host = platform_host(owner);
    guint8 page[PAGE_INIT_SIZE] = {0};

    if ((args[0] & ~PAGE_INIT_FLAGS) != 0 || !is_ram_page(host, args[1]))
        return H_PARAMETER;
    if ((args[0] & PAGE_INIT_COPY) != 0) {
        if (!is_ram_page(host, args[2]) || !host->guest_read(host, args[2], page, sizeof(page)))
            return H_PARAMETER;
    } else if ((args[0] & PAGE_INIT_ZERO) == 0) {
        return H_SUCCESS;
    }
    return host->guest_write(host, args[1], page, sizeof(page)) ? H_SUCCESS : H_PARAMETER;
}

const VdevHcallRow hcall_mem_rows[] = {
    {H_PAGE_INIT, "H_PAGE_INIT", h_page_init},
    {H_LOGICAL_CI_LOAD, "H_LOGICAL_CI_LOAD", h_logical_load},
    {H_LOGICAL_CI_STORE, "H_LOGICAL_CI_STORE", h_logical_store},
    {H_LOGICAL_CACHE_LOAD, "H_LOGICAL_CACHE_LOAD", h_logical_load},
    {H_LOGICAL_CACHE_STORE, "H_LOGICAL_CACHE_STORE", h_logical_store},
    {H_LOGICAL_ICBI, "H_LOGICAL_ICBI", h_logical_cache_op},
    {H_LOGICAL_DCBF, "H_LOGICAL_DCBF", h_logical_cache_op},
    {0},
};
