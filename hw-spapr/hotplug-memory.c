/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DIMMs: memory that comes and goes block by block, and how the device tree lists the blocks.
 *
 * Source: LoPAR, "ibm,dynamic-reconfiguration-memory"; QEMU's numbering of blocks.
 */
#include "hw-spapr/hotplug.h"

#include "hw-spapr/platform.h"

#define MIB_SHIFT 20

static Drc *
drc_of(Platform *platform, guint32 block)
{
    return drcs_find(platform, DRC_INDEX(DRC_LMB, block));
}

static guint32
first_block(const Platform *platform)
{
    return (guint32)(platform->hotplug.base / BOOT_MEMORY_BLOCK);
}

/* --- In the connectors --------------------------------------------------- */

static void
write_block(Platform *platform, TreeWriter *tree, guint32 block)
{
    const guint64 base = block * BOOT_MEMORY_BLOCK;

    tree_begin(tree, "memory@%" G_GINT64_MODIFIER "x", base);
    tree_string(tree, "device_type", "memory");
    TREE_CELLS(tree, "reg", (guint32)(base >> 32), (guint32)base, 0, (guint32)BOOT_MEMORY_BLOCK);
    TREE_CELLS(tree, "ibm,associativity", 4, 0, 0, 0, 0);
    tree_end(tree);
}

static void *
tree_of(Platform *platform, const Drc *drc)
{
    return hotplug_tree(platform, drc->own.index & DRC_ID_MASK, write_block);
}

static void
detach_all(Platform *platform, const HotplugDimm *dimm)
{
    for (guint32 i = 0; i < dimm->n; i++)
        drc_detach(drc_of(platform, dimm->first + i));
}

static gboolean
is_given_back(const Drc *drc)
{
    return drc->own.unplug_requested && drc->own.state == DRC_UNUSABLE;
}

/* The last block that is given back takes the DIMM along. */
static void
release(Platform *platform, Drc *drc)
{
    const VdevHost *host = platform_host(platform);
    HotplugDimm *dimm = drc->device;
    VdevPlug *plug = dimm->plug;

    while (dimm->n_back < dimm->n && is_given_back(drc_of(platform, dimm->first + dimm->n_back)))
        dimm->n_back++;
    if (dimm->n_back < dimm->n)
        return;
    detach_all(platform, dimm);
    host->unplug_memory(host, plug);
    plug->machine_data = NULL;
    g_ptr_array_remove_fast(platform->hotplug.dimms, dimm);
    host->unplug_done(host, plug);
}

/* R-DRC-12: the guest keeps the DIMM whole. What it has given back of it, it is offered again. */
static void
keep(Platform *platform, Drc *drc, const char *reason)
{
    HotplugDimm *dimm = drc->device;
    const VdevHost *host = platform_host(platform);

    for (guint32 i = 0; i < dimm->n; i++)
        drc_of(platform, dimm->first + i)->own.unplug_requested = FALSE;
    dimm->n_back = 0;
    host->unplug_refused(host, dimm->plug, reason);
}

static const DrcDevice memory_device = {.tree = tree_of, .release = release, .keep = keep};

/* --- Finding a place ----------------------------------------------------- */

static gboolean refuse(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

static gboolean
refuse(GError **error, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    if (error != NULL)
        *error = g_error_new_valist(G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, format, arguments);
    va_end(arguments);
    return FALSE;
}

static gboolean
slot_is_free(const Platform *platform, gint32 slot)
{
    for (guint i = 0; i < platform->hotplug.dimms->len; i++) {
        const HotplugDimm *dimm = platform->hotplug.dimms->pdata[i];

        if (dimm->plug->slot == slot)
            return FALSE;
    }
    return TRUE;
}

static gboolean
choose_slot(const Platform *platform, gint32 wanted, gint32 *slot, GError **error)
{
    const gint32 n = (gint32)platform->config->ram_slots;

    *slot = wanted;
    if (wanted < 0) {
        for (*slot = 0; *slot < n && !slot_is_free(platform, *slot);)
            ++*slot;
        return *slot < n || refuse(error, "all %d memory slots are taken (-m …,slots=N)", n);
    }
    if (wanted >= n)
        return refuse(error, "slot=%d: the slots of this machine are 0 to %d (-m …,slots=N)",
                      wanted, n - 1);
    return slot_is_free(platform, wanted) || refuse(error, "slot=%d is taken", wanted);
}

/* How many of the @n blocks from @first on are free before one is not. */
static guint32
free_from(Platform *platform, guint32 first, guint32 n)
{
    guint32 i = 0;

    while (i < n) {
        const HotplugDimm *hit = NULL;

        for (guint d = 0; d < platform->hotplug.dimms->len && hit == NULL; d++) {
            const HotplugDimm *dimm = platform->hotplug.dimms->pdata[d];

            if (first + i >= dimm->first && first + i < dimm->first + dimm->n)
                hit = dimm;
        }
        if (hit != NULL)
            return i;
        i++;
    }
    return n;
}

static gboolean
choose_place(Platform *platform, const VdevPlug *plug, guint32 *first, GError **error)
{
    const Hotplug *hotplug = &platform->hotplug;
    const guint64 end = hotplug->base + hotplug->n_blocks * BOOT_MEMORY_BLOCK;
    const guint32 n = (guint32)(plug->size / BOOT_MEMORY_BLOCK);
    const guint32 last = first_block(platform) + hotplug->n_blocks - n;

    *first = first_block(platform);
    if (plug->gpa == 0) {
        while (*first <= last && free_from(platform, *first, n) < n)
            *first += free_from(platform, *first, n) + 1;
        return *first <= last ||
               refuse(error, "no %" G_GUINT64_FORMAT " MiB in one piece are left below maxmem",
                      plug->size >> MIB_SHIFT);
    }
    if (plug->gpa % BOOT_MEMORY_BLOCK != 0 || plug->gpa < hotplug->base ||
        plug->gpa > end - plug->size)
        return refuse(error,
                      "addr=0x%" G_GINT64_MODIFIER
                      "x: a multiple of 256 MiB from 0x%" G_GINT64_MODIFIER
                      "x to 0x%" G_GINT64_MODIFIER "x is needed",
                      plug->gpa, hotplug->base, end - plug->size);
    *first = (guint32)(plug->gpa / BOOT_MEMORY_BLOCK);
    return free_from(platform, *first, n) == n ||
           refuse(error, "addr=0x%" G_GINT64_MODIFIER "x: there is memory already", plug->gpa);
}

static gboolean
check(const Platform *platform, const VdevPlug *plug, GError **error)
{
    const guint64 room = platform->hotplug.n_blocks * BOOT_MEMORY_BLOCK;

    if (room == 0)
        return refuse(error, "no memory can be plugged: start with -m SIZE,slots=N,maxmem=SIZE");
    if (plug->size == 0 || plug->size % BOOT_MEMORY_BLOCK != 0)
        return refuse(error,
                      "memory of %" G_GUINT64_FORMAT
                      " bytes is not a multiple of the memory block of 256 MiB",
                      plug->size);
    if (plug->size > room)
        return refuse(error,
                      "memory of %" G_GUINT64_FORMAT
                      " MiB is more than maxmem leaves: %" G_GUINT64_FORMAT " MiB",
                      plug->size >> MIB_SHIFT, room >> MIB_SHIFT);
    if (plug->node != 0)
        return refuse(error, "node=%u: this machine has node 0 only", plug->node);
    return TRUE;
}

/* --- Plugging ------------------------------------------------------------ */

static void
tell(Platform *platform, const HotplugDimm *dimm, guint8 action, guint32 n)
{
    const EventHotplug what = {
        .resource = EVENT_HOTPLUG_MEMORY,
        .action = action,
        .kind = EVENT_HOTPLUG_COUNT_INDEXED,
        .count = n,
        .index = DRC_INDEX(DRC_LMB, dimm->first),
    };

    events_hotplug(platform, &what);
}

static gboolean
put_in(Platform *platform, HotplugDimm *dimm, GError **error)
{
    const VdevHost *host = platform_host(platform);

    for (guint32 i = 0; i < dimm->n; i++) {
        if (!drc_attach(platform, drc_of(platform, dimm->first + i), &memory_device, dimm,
                        dimm->plug->at_start, error)) {
            detach_all(platform, dimm);
            return FALSE;
        }
    }
    if (host->plug_memory(host, dimm->plug, dimm->plug->block, error))
        return TRUE;
    detach_all(platform, dimm);
    return FALSE;
}

gboolean
hotplug_memory_plug(Platform *platform, VdevPlug *plug, GError **error)
{
    const VdevPlug asked = *plug;
    g_autofree HotplugDimm *dimm = g_new0(HotplugDimm, 1);

    if (!check(platform, plug, error) || !choose_slot(platform, asked.slot, &plug->slot, error) ||
        !choose_place(platform, &asked, &dimm->first, error)) {
        *plug = asked;
        return FALSE;
    }
    dimm->plug = plug;
    dimm->n = (guint32)(plug->size / BOOT_MEMORY_BLOCK);
    plug->gpa = dimm->first * BOOT_MEMORY_BLOCK;
    if (!put_in(platform, dimm, error)) {
        *plug = asked;
        return FALSE;
    }
    if (!plug->at_start)
        tell(platform, dimm, EVENT_HOTPLUG_ADD, dimm->n);
    plug->machine_data = dimm;
    g_ptr_array_add(platform->hotplug.dimms, g_steal_pointer(&dimm));
    return TRUE;
}

static gboolean
all_asked(Platform *platform, const HotplugDimm *dimm)
{
    for (guint32 i = 0; i < dimm->n; i++) {
        if (!drc_of(platform, dimm->first + i)->own.unplug_requested)
            return FALSE;
    }
    return TRUE;
}

/* Blocks that the guest never took are given back at once, and with the last the DIMM is gone. */
gboolean
hotplug_memory_unplug(Platform *platform, VdevPlug *plug, GError **error)
{
    const HotplugDimm dimm = *(const HotplugDimm *)plug->machine_data;
    guint32 n_asked = 0;

    if (all_asked(platform, &dimm))
        return refuse(error, "memory %s: the guest was asked for it already",
                      plug->id != NULL ? plug->id : plug->block);
    for (guint32 i = 0; i < dimm.n; i++) {
        DrcThen then;

        drc_happens(platform, drc_of(platform, dimm.first + i), DRC_ASK_UNPLUG, &then);
        n_asked += then == DRC_THEN_ASK;
    }
    if (n_asked > 0)
        tell(platform, &dimm, EVENT_HOTPLUG_REMOVE, dimm.n);
    return TRUE;
}

/* --- The list of blocks -------------------------------------------------- */

#define FLAG_ASSIGNED      0x08u
#define FLAG_NO_CONNECTOR  0x20u
#define FLAG_RESERVED      0x80u
#define FLAG_HOT_REMOVABLE 0x100u

#define NO_ASSOCIATIVITY 0xffffffffu

/* Blocks in a row that are alike. */
typedef struct {
    guint32 first, n, index, associativity, flags;
} Run;

static gint
compare_dimms(gconstpointer a, gconstpointer b)
{
    const HotplugDimm *const *left = a, *const *right = b;

    return (*left)->first < (*right)->first ? -1 : 1;
}

static void
add_run(GArray *runs, guint32 first, guint32 end, guint32 associativity, guint32 flags)
{
    const Run run = {first, end - first, DRC_INDEX(DRC_LMB, first), associativity, flags};

    if (end > first)
        g_array_append_val(runs, run);
}

/* Main memory and the gap behind it, DIMMs, and what is free. */
static GArray *
runs_of(const Platform *platform)
{
    GArray *runs = g_array_new(FALSE, FALSE, sizeof(Run));
    g_autoptr(GPtrArray) dimms = g_ptr_array_copy(platform->hotplug.dimms, NULL, NULL);
    const Run boot = {0, first_block(platform), 0, NO_ASSOCIATIVITY,
                      FLAG_RESERVED | FLAG_NO_CONNECTOR};
    guint32 at = boot.n;

    g_ptr_array_set_free_func(dimms, NULL);
    g_ptr_array_sort(dimms, compare_dimms);
    g_array_append_val(runs, boot);
    for (guint i = 0; i < dimms->len; i++) {
        const HotplugDimm *dimm = dimms->pdata[i];

        add_run(runs, at, dimm->first, NO_ASSOCIATIVITY, 0);
        add_run(runs, dimm->first, dimm->first + dimm->n, 0, FLAG_ASSIGNED | FLAG_HOT_REMOVABLE);
        at = dimm->first + dimm->n;
    }
    add_run(runs, at, first_block(platform) + platform->hotplug.n_blocks, NO_ASSOCIATIVITY, 0);
    return runs;
}

static void
put_word(GArray *words, guint32 word)
{
    g_array_append_val(words, word);
}

static void
put_base(GArray *words, guint32 block)
{
    const guint64 base = block * BOOT_MEMORY_BLOCK;

    put_word(words, (guint32)(base >> 32));
    put_word(words, (guint32)base);
}

/* ibm,dynamic-memory-v2: an entry a run. */
static void
put_runs(GArray *words, const GArray *runs)
{
    put_word(words, runs->len);
    for (guint i = 0; i < runs->len; i++) {
        const Run *run = &g_array_index(runs, Run, i);

        put_word(words, run->n);
        put_base(words, run->first);
        put_word(words, run->index);
        put_word(words, run->associativity);
        put_word(words, run->flags);
    }
}

/* ibm,dynamic-memory: an entry a block. */
static void
put_blocks(GArray *words, const GArray *runs)
{
    guint32 n = 0;

    put_word(words, 0);
    for (guint i = 0; i < runs->len; i++) {
        const Run *run = &g_array_index(runs, Run, i);

        for (guint32 b = 0; b < run->n; b++, n++) {
            put_base(words, run->first + b);
            put_word(words, (run->flags & FLAG_NO_CONNECTOR) != 0 ? 0 : run->index + b);
            put_word(words, 0);
            put_word(words, run->associativity);
            put_word(words, run->flags);
        }
    }
    g_array_index(words, guint32, 0) = n;
}

static gboolean
has(const Platform *platform, guint byte, guint8 bit)
{
    return (platform->cas.agreed.bytes[byte] & bit) != 0;
}

gboolean
hotplug_lists_blocks(const Platform *platform)
{
    return hotplug_memory_possible(platform) && has(platform, OV5_DRCONF_BYTE, OV5_DRCONF) &&
           !has(platform, OV5_DRMEM_BYTE, OV5_DRMEM_V2);
}

void
hotplug_write_memory(const Platform *platform, TreeWriter *tree)
{
    const gboolean compact = !hotplug_lists_blocks(platform);
    g_autoptr(GArray) runs = NULL;
    g_autoptr(GArray) words = g_array_new(FALSE, FALSE, sizeof(guint32));

    if (!hotplug_memory_possible(platform) || !has(platform, OV5_DRCONF_BYTE, OV5_DRCONF))
        return;
    runs = runs_of(platform);
    if (compact)
        put_runs(words, runs);
    else
        put_blocks(words, runs);
    tree_begin(tree, "ibm,dynamic-reconfiguration-memory");
    tree_u64(tree, "ibm,lmb-size", BOOT_MEMORY_BLOCK);
    TREE_CELLS(tree, "ibm,memory-flags-mask", 0xff);
    TREE_CELLS(tree, "ibm,memory-preservation-time", 0);
    tree_cells(tree, compact ? "ibm,dynamic-memory-v2" : "ibm,dynamic-memory",
               (const guint32 *)(const void *)words->data, words->len);
    TREE_CELLS(tree, "ibm,associativity-lookup-arrays", 1, 4, 0, 0, 0, 0);
    tree_end(tree);
}
