/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One vCPU in three sections: sizes and words at their places, what each type has, registers in
 * and out, what is refused.
 */
#include <errno.h>
#include <string.h>

#include "hw-spapr/cpu-regs.h"
#include "migration-glue/loose.h"
#include "migration-glue/rules.h"
#include "tests/unit/hw-spapr/platform-rig.h"
#include "tests/unit/migration-glue/wire-rig.h"
#include "vdev/bits.h"
#include "vdev/kvm-ppc.h"

#define COMPAT_POWER9 0x0f000005u

static VmsContext
context_of(const char *machine)
{
    return (VmsContext){.row = rig_row(machine), .rules = mig_rules_find(machine)};
}

static GByteArray *
save(const VmsState *state, CpuState *own, const char *machine)
{
    const VmsContext context = context_of(machine);
    GError *error = NULL;
    GByteArray *bytes = wire_save(state, own, &context, &error);

    g_assert_no_error(error);
    return bytes;
}

static void
load(const VmsState *state, CpuState *own, const char *machine, const GByteArray *bytes)
{
    const VmsContext context = context_of(machine);
    GError *error = NULL;
    gsize used;

    wire_load(state, own, state->version, &context, bytes->data, bytes->len, &used, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(used, ==, bytes->len);
}

static guint64
word_at(const GByteArray *bytes, gsize offset)
{
    be64 word;

    g_assert_cmpuint(offset + sizeof(word), <=, bytes->len);
    memcpy(&word, bytes->data + offset, sizeof(word));
    return be64_get(word);
}

/* --- What each type has -------------------------------------------------- */

/* Without compat 20 bytes less: 05, length, name, version, PVR. */
static const struct {
    const char *machine;
    gsize size; /* of `cpu` with a compat PVR */
    gboolean spapr_cpu;
} sizes[] = {
    {"pseries-10.0", 10664, TRUE},
    {"pseries-7.2", 10664, TRUE}, /* (seen) */
    {"pseries-3.1", 10664, TRUE},
    {"pseries-3.0", 10664, TRUE},
    {"pseries-2.12", 10664 + 4, FALSE},
    {"pseries-2.9", 10664 + 4 - 20, FALSE},
    {"pseries-2.7", 10664 + 4 - 20 + 28, FALSE},
};

static void
each_type_has_the_words_of_its_release(void)
{
    Rig rig;

    rig_init(&rig, NULL);
    rig_set_reg(&rig, 0, VDEV_REG_ARCH_COMPAT, COMPAT_POWER9);
    for (gsize i = 0; i < G_N_ELEMENTS(sizes); i++) {
        CpuState *own = &rig.platform->cpu_states[0];
        const VmsContext context = context_of(sizes[i].machine);
        g_autoptr(GByteArray) bytes = NULL;

        own->platform = rig.platform;
        own->vcpu = rig_vcpu(&rig, 0);
        bytes = save(&state_cpu, own, sizes[i].machine);
        g_test_message("%s", sizes[i].machine);
        g_assert_cmpuint(bytes->len, ==, sizes[i].size);
        g_assert_cmpint(state_spapr_cpu.needed(own, &context), ==, sizes[i].spapr_cpu);
    }
    rig_finish(&rig);
}

/* --- Registers ----------------------------------------------------------- */

#define PAYLOAD_GPR(n) (8 + 8 * (gsize)(n))
#define PAYLOAD_NIP    (8 + 256 + 32)
#define PAYLOAD_SPR(n) (PAYLOAD_NIP + 8 + 8 * (gsize)(n))
#define PAYLOAD_MSR    (PAYLOAD_SPR(1024) + 16)

static CpuState *
cpu_of(Rig *rig, guint index)
{
    CpuState *own = &rig->platform->cpu_states[index];

    own->platform = rig->platform;
    own->vcpu = rig_vcpu(rig, index);
    return own;
}

static void
registers_stand_by_their_spr_number(void)
{
    g_autoptr(GByteArray) bytes = NULL;
    Rig rig;

    rig_init(&rig, NULL);
    rig_set_reg(&rig, 0, VDEV_REG_GPR(31), 0x1122334455667788);
    rig_set_reg(&rig, 0, VDEV_REG_PC, 0xc000000000001234);
    rig_set_reg(&rig, 0, VDEV_REG_LR, 0x88);
    rig_set_reg(&rig, 0, VDEV_REG_CTR, 0x99);
    rig_set_reg(&rig, 0, VDEV_REG_SPRG(3), 0x77);
    rig_set_reg(&rig, 0, VDEV_REG_CR, 0x12345678);
    rig_set_reg(&rig, 0, VDEV_REG_DSISR, 0x42000000);
    bytes = save(&state_cpu, cpu_of(&rig, 0), "pseries-7.2");
    g_assert_cmphex(word_at(bytes, PAYLOAD_GPR(31)), ==, 0x1122334455667788);
    g_assert_cmphex(word_at(bytes, PAYLOAD_NIP), ==, 0xc000000000001234);
    g_assert_cmphex(word_at(bytes, PAYLOAD_SPR(8)), ==, 0x88);
    g_assert_cmphex(word_at(bytes, PAYLOAD_SPR(9)), ==, 0x99);
    g_assert_cmphex(word_at(bytes, PAYLOAD_SPR(275)), ==, 0x77);
    g_assert_cmphex(word_at(bytes, PAYLOAD_SPR(18)), ==, 0x42000000);
    g_assert_cmphex(word_at(bytes, 8 + 256), ==, 0x0000000100000002); /* cr0, cr1 */
    g_assert_cmphex(word_at(bytes, PAYLOAD_MSR), ==, VDEV_MSR_ENTRY);
    rig_finish(&rig);
}

/* The books' SPR numbers. */
static const struct {
    guint64 reg;
    guint spr;
} numbers[] = {
    {VDEV_REG_XER, 1},       {VDEV_REG_LR, 8},        {VDEV_REG_CTR, 9},
    {VDEV_REG_DSCR, 17},     {VDEV_REG_DSISR, 18},    {VDEV_REG_DAR, 19},
    {VDEV_REG_SRR0, 26},     {VDEV_REG_SRR1, 27},     {VDEV_REG_AMR, 29},
    {VDEV_REG_ACOP, 31},     {VDEV_REG_PID, 48},      {VDEV_REG_IAMR, 61},
    {VDEV_REG_TIDR, 144},    {VDEV_REG_FSCR, 153},    {VDEV_REG_UAMOR, 157},
    {VDEV_REG_PSPB, 159},    {VDEV_REG_DPDES, 176},   {VDEV_REG_DAWR, 180},
    {VDEV_REG_DAWR1, 181},   {VDEV_REG_CIABR, 187},   {VDEV_REG_DAWRX, 188},
    {VDEV_REG_DAWRX1, 189},  {VDEV_REG_VRSAVE, 256},  {VDEV_REG_SPRG(0), 272},
    {VDEV_REG_SPRG(1), 273}, {VDEV_REG_SPRG(2), 274}, {VDEV_REG_SPRG(3), 275},
    {VDEV_REG_SPURR, 308},   {VDEV_REG_PURR, 309},    {VDEV_REG_LPCR, 318},
    {VDEV_REG_SIER2, 752},   {VDEV_REG_SIER3, 753},   {VDEV_REG_MMCR3, 754},
    {VDEV_REG_SIER, 784},    {VDEV_REG_MMCR2, 785},   {VDEV_REG_MMCRA, 786},
    {VDEV_REG_PMC(1), 787},  {VDEV_REG_PMC(6), 792},  {VDEV_REG_MMCR0, 795},
    {VDEV_REG_SIAR, 796},    {VDEV_REG_SDAR, 797},    {VDEV_REG_MMCR1, 798},
    {VDEV_REG_EBBHR, 804},   {VDEV_REG_EBBRR, 805},   {VDEV_REG_BESCR, 806},
    {VDEV_REG_TAR, 815},     {VDEV_REG_IC, 848},      {VDEV_REG_VTB, 849},
    {VDEV_REG_PSSCR, 855},   {VDEV_REG_TACR, 888},    {VDEV_REG_TCSCR, 889},
    {VDEV_REG_CSIGR, 890},   {VDEV_REG_SPMC1, 892},   {VDEV_REG_SPMC2, 893},
    {VDEV_REG_MMCRS, 894},   {VDEV_REG_WORT, 895},    {VDEV_REG_PPR, 896},
    {VDEV_REG_DABR, 1013},   {VDEV_REG_DABRX, 1015},
};

static void
every_register_has_the_number_of_the_books(void)
{
    const guint64 unlike = 0x01000000; /* no register of the model forces these bits */
    const VdevHost *host;
    CpuState *own;
    Rig rig;

    rig_init(&rig, NULL);
    host = &rig.host->table;
    own = cpu_of(&rig, 0);
    host->vcpu_start(host, own->vcpu);
    for (gsize i = 0; i < G_N_ELEMENTS(numbers); i++)
        rig_set_reg(&rig, 0, numbers[i].reg, unlike + i);
    g_assert_true(cpu_regs_fill(host, own->vcpu, own, NULL));
    for (gsize i = 0; i < G_N_ELEMENTS(numbers); i++) {
        guint64 value = rig_reg(&rig, 0, numbers[i].reg);

        g_test_message("SPR %u", numbers[i].spr);
        /* Some count time, which goes on. */
        g_assert_cmphex(own->spr[numbers[i].spr], >=, unlike + i);
        g_assert_cmphex(own->spr[numbers[i].spr], <=, value);
    }
    rig_finish(&rig);
}

/* The sender's vector registers are its own 128-bit numbers; low half first on the wire. */
static void
vector_registers_are_split_as_the_books_do(void)
{
    const guint high = G_BYTE_ORDER == G_BIG_ENDIAN ? 0 : 1;
    const VdevHost *host;
    g_autoptr(GByteArray) bytes = NULL, expected = NULL;
    guint64 wide[2];
    CpuState *own;
    Rig rig;

    rig_init(&rig, NULL);
    host = &rig.host->table;
    wide[high] = 0xf1;
    wide[1 - high] = 0x51;
    g_assert_cmpint(host->vcpu_set(host, rig_vcpu(&rig, 0), VDEV_REG_VSR(3), wide), ==, 0);
    wide[high] = 0xaa;
    wide[1 - high] = 0xbb;
    g_assert_cmpint(host->vcpu_set(host, rig_vcpu(&rig, 0), VDEV_REG_VR(0), wide), ==, 0);
    own = cpu_of(&rig, 0);
    bytes = save(&state_cpu, own, "pseries-7.2");
    g_assert_cmphex(own->fpr[3], ==, 0xf1);
    g_assert_cmphex(own->vsr[3], ==, 0x51);
    g_assert_cmphex(own->avr[0][0], ==, 0xaa);
    g_assert_cmphex(own->avr[0][1], ==, 0xbb);
    expected = wire_bytes("'cpu/altivec' 00000001 00000000000000bb 00000000000000aa");
    g_assert_nonnull(memmem(bytes->data, bytes->len, expected->data, expected->len));
    rig_finish(&rig);
}

/* Every register gets a number of its own on one vCPU and is found on another. */
static void
what_one_vcpu_had_another_has(void)
{
    g_autoptr(GByteArray) bytes = NULL, again = NULL;
    CpuState *from, *into;
    Rig rig;

    rig_init(&rig, NULL);
    from = cpu_of(&rig, 0);
    into = cpu_of(&rig, 1);
    g_assert_true(cpu_regs_fill(&rig.host->table, from->vcpu, from, NULL));
    for (guint i = 0; i < 32; i++) {
        from->gpr[i] = 0x100 + i;
        from->fpr[i] = 0x200 + i;
        from->vsr[i] = 0x300 + i;
        from->avr[i][0] = 0x400 + i;
        from->avr[i][1] = 0x500 + i;
    }
    for (guint i = 0; i < 8; i++)
        from->crf[i] = 8 + i % 8;
    from->spr[26] = 0x2600;
    from->spr[815] = 0x81500;
    from->spr[256] = 0x25600;
    g_assert_true(cpu_regs_apply(&rig.host->table, from->vcpu, from, NULL));
    g_assert_true(cpu_regs_apply(&rig.host->table, into->vcpu, from, NULL));
    bytes = save(&state_cpu, from, "pseries-7.2");
    again = save(&state_cpu, into, "pseries-7.2");
    g_assert_cmpmem(again->data, again->len, bytes->data, bytes->len);
    g_assert_cmphex(rig_reg(&rig, 1, VDEV_REG_GPR(31)), ==, 0x11f);
    g_assert_cmphex(rig_reg(&rig, 1, VDEV_REG_TAR), ==, 0x81500);
    g_assert_cmphex(rig_reg(&rig, 1, VDEV_REG_VRSAVE), ==, 0x25600);
    g_assert_cmphex(rig_reg(&rig, 1, VDEV_REG_CR), ==, 0x89abcdef);
    rig_finish(&rig);
}

/* QEMU's emulator halts a CPU that waits for an interrupt; it is not stopped. */
static void
halted_is_stopped_only_if_nothing_can_wake_it(void)
{
    CpuState own = {.halted = 1};

    g_assert_true(cpu_regs_stopped(&own));
    own.spr[318] = IBM_BIT64(49);
    g_assert_false(cpu_regs_stopped(&own));
    own.halted = 0;
    own.spr[318] = 0;
    g_assert_false(cpu_regs_stopped(&own));
}

static void
register_that_fails_is_named(void)
{
    g_autoptr(GError) error = NULL;
    CpuState *own;
    Rig rig;

    rig_init(&rig, NULL);
    own = cpu_of(&rig, 1);
    g_assert_true(cpu_regs_fill(&rig.host->table, own->vcpu, own, NULL));
    own->spr[287] = 0x004b0000;
    g_assert_false(cpu_regs_apply(&rig.host->table, own->vcpu, own, &error));
    g_assert_nonnull(strstr(error->message, "vCPU 1: the guest runs on a processor with PVR"));
    rig_finish(&rig);
}

/* Words that no register here has, as a stock sender may have filled them, go with the guest. */
static void
reset_forgets_what_was_loaded(void)
{
    CpuState *own;
    Rig rig;

    rig_init(&rig, NULL);
    own = cpu_of(&rig, 1);
    own->spr[22] = 5;
    own->compat_pvr = COMPAT_POWER9;
    g_assert_true(pseries_class.reset(rig.platform, NULL));
    g_assert_cmphex(own->spr[22], ==, 0);
    g_assert_cmphex(own->compat_pvr, ==, 0);
    g_assert_true(own->vcpu == rig_vcpu(&rig, 1));
    rig_finish(&rig);
}

/* --- Versions ------------------------------------------------------------ */

static void
segment_entries_are_written_as_1_and_read_as_1_and_2(void)
{
    static const char head[] = "\x05\x07"
                               "cpu/slb\0\0\0\x01";
    VmsState *loose = mig_loose_new(&state_cpu);
    g_autoptr(GByteArray) bytes = NULL;
    g_autofree CpuState *own = g_new0(CpuState, 1);
    guint8 *at;
    Rig rig;

    rig_init(&rig, NULL);
    bytes = save(&state_cpu, cpu_of(&rig, 0), "pseries-10.0");
    at = memmem(bytes->data, bytes->len, head, sizeof(head) - 1);
    g_assert_nonnull(at);
    load(loose, own, "pseries-10.0", bytes);
    at[sizeof(head) - 2] = 2;
    load(loose, own, "pseries-10.0", bytes);
    mig_state_clear(loose, own);
    mig_loose_free(loose);
    rig_finish(&rig);
}

/* --- Areas --------------------------------------------------------------- */

#define VPA  "05 0d 'spapr_cpu/vpa' 00000001 0000000000010000 "
#define SHAD "05 18 'spapr_cpu/vpa/slb_shadow' 00000001 0000000000011000 0000000000000080 "

static void
areas_are_sent_if_registered(void)
{
    g_autoptr(GByteArray) none = NULL, both = NULL;
    const guint64 vpa = 0x10000, shadow[2] = {0x11000, 0x80};
    const VdevHost *host;
    CpuState *own;
    Rig rig;

    rig_init(&rig, NULL);
    host = &rig.host->table;
    own = cpu_of(&rig, 0);
    none = save(&state_spapr_cpu, own, "pseries-7.2");
    wire_assert_bytes(none, "");
    g_assert_cmpint(host->vcpu_set(host, own->vcpu, VDEV_REG_VPA_ADDR, &vpa), ==, 0);
    g_assert_cmpint(host->vcpu_set(host, own->vcpu, VDEV_REG_VPA_SLB, shadow), ==, 0);
    both = save(&state_spapr_cpu, own, "pseries-7.2");
    wire_assert_bytes(both, VPA SHAD);
    load(&state_spapr_cpu, cpu_of(&rig, 1), "pseries-7.2", both);
    g_assert_cmphex(cpu_of(&rig, 1)->vpa, ==, vpa);
    load(&state_spapr_cpu, own, "pseries-7.2", none);
    g_assert_cmphex(own->vpa, ==, 0);
    g_assert_true(cpu_regs_apply_areas(host, own->vcpu, own, NULL));
    g_assert_cmphex(rig_reg(&rig, 0, VDEV_REG_VPA_ADDR), ==, 0);
    rig_finish(&rig);
}

static void
impossible_vcpus_are_refused(void)
{
    const VmsContext context = context_of("pseries-7.2");
    g_autoptr(GByteArray) bytes = wire_bytes("05 0d 'spapr_cpu/vpa' 00000001 00000000fff00000");
    g_autoptr(GError) error = NULL, other = NULL;
    g_autofree CpuState *own = g_new0(CpuState, 1);
    gsize used;
    Rig rig;

    rig_init(&rig, NULL);
    g_assert_false(wire_load(&state_spapr_cpu, cpu_of(&rig, 0), 1, &context, bytes->data,
                             bytes->len, &used, &error));
    g_assert_nonnull(strstr(error->message, "is not in memory"));
    g_assert_true(state_cpu.check(own, &context, NULL));
    own->crf[7] = 0x10;
    g_assert_false(state_cpu.check(own, &context, &other));
    g_assert_error(other, G_FILE_ERROR, G_FILE_ERROR_INVAL);
    own->crf[7] = 0;
    own->msr = LSB_BIT64(34);
    g_clear_error(&other);
    g_assert_false(state_cpu.check(own, &context, &other));
    g_assert_error(other, G_FILE_ERROR, G_FILE_ERROR_NOSYS);
    rig_finish(&rig);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define TEST(name) g_test_add_func("/spapr-state-cpu/" #name, name)
    TEST(each_type_has_the_words_of_its_release);
    TEST(registers_stand_by_their_spr_number);
    TEST(every_register_has_the_number_of_the_books);
    TEST(vector_registers_are_split_as_the_books_do);
    TEST(what_one_vcpu_had_another_has);
    TEST(halted_is_stopped_only_if_nothing_can_wake_it);
    TEST(register_that_fails_is_named);
    TEST(reset_forgets_what_was_loaded);
    TEST(segment_entries_are_written_as_1_and_read_as_1_and_2);
    TEST(areas_are_sent_if_registered);
    TEST(impossible_vcpus_are_refused);
    return g_test_run();
}
