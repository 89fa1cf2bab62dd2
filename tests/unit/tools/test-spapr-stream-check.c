/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * spapr-stream check: each thing that can be wrong, and each reason of the verdict.
 */
#include <string.h>

#include "tests/unit/tools/stream-rig.h"
#include "vdev/vmstate.h"

typedef enum { YES, NO, UNREADABLE } Answer;

/* Fails the test unless the answer is @answer and every line of @parts (ends with NULL) is said. */
static void
expect_reader(StreamRig *rig, const char *made, const char *type, const char *reader, Answer answer,
              const char *const *parts)
{
    g_autoptr(GByteArray) bytes = stream_rig_save(rig, made, 0);
    g_autofree char *said = NULL;
    const StreamRequest request = {
        .tables = stream_rig_tables(), .machine = type, .reader = reader};
    const int status = stream_rig_run(RIG_CHECK, bytes, &request, &said);

    for (; *parts != NULL; parts++) {
        if (strstr(said, *parts) == NULL)
            g_error("\"%s\" is missing in:\n%s", *parts, said);
    }
    if (status != (int)answer)
        g_error("status %d, not %d:\n%s", status, answer, said);
}

static void
expect(StreamRig *rig, const char *made, const char *type, gboolean ours, Answer answer,
       const char *const *parts)
{
    expect_reader(rig, made, type, ours ? "spapr-vmm" : "qemu", answer, parts);
}

#define SAYS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void
a_good_machine_has_no_fault(void)
{
    g_autoptr(StreamRig) rig = stream_rig_machine();
    g_autoptr(GByteArray) bytes = stream_rig_save(rig, "pseries-7.2", 0);
    g_autofree char *said = NULL;
    const StreamRequest request = {.tables = stream_rig_tables()};

    g_assert_cmpint(stream_rig_run(RIG_CHECK, bytes, &request, &said), ==, 0);
    g_assert_null(strstr(said, "wrong"));
    g_assert_null(strstr(said, "suspicious"));
    g_assert_nonnull(strstr(said, "a QEMU machine of type pseries-7.2 reads it: yes\n"));
}

/* --- One section ------------------------------------------------------------------- */

static const struct {
    const char *name;
    guint32 instance, version;
    const char *bytes;
    Answer qemu, ours;
    const char *said;
} faults[] = {
    {"spapr_drc", 0x80000005, 1, "00000006", YES, NO,
     "connector 0x80000005: state 6 is illegal for a memory connector: 1 to 4"},
    {"spapr_drc", 0x40000018, 1, "00000002", YES, NO,
     "connector 0x40000018: state 2 is illegal for a PCI connector: 5 to 8"},
    {"spapr_drc", 0x10000001, 1, "00000000", YES, NO,
     "connector 0x10000001: state 0 is illegal for a CPU connector: 1 to 4"},
    {"spapr_drc", 0x50000001, 1, "00000001", YES, NO, "connector 0x50000001: there is no type 5"},
    {"spapr_drc", 0x80000006, 1, "00000004", YES, YES, "senders leave that out"},
    {"spapr_drc/physical", 0x80000004, 1, "00000001", YES, NO,
     "connector 0x80000004 (memory) is logical and has no indicator"},
    {"spapr_drc/physical", 0x40000018, 1, "00000007", YES, NO, "an indicator of 7 is impossible"},
    {"globalstate", 0, 1, "00000006 'debug' 00", YES, NO, "ends after"},
    {"spapr/rtc", 0, 9, "0000000000000005", NO, NO,
     "section spapr/rtc has version 9; versions 1 to 1 are known"},
    {"spapr_cpu", 7, 1, "00", YES, NO, "our description ends after 0 of 1 bytes"},
};

static void
a_faulty_section_is_told(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(faults); i++) {
        for (guint ours = 0; ours < 2; ours++) {
            g_autoptr(StreamRig) rig = stream_rig_new();

            stream_rig_add(rig, NULL, faults[i].name, faults[i].instance, faults[i].version,
                           faults[i].bytes);
            expect(rig, "pseries-7.2", NULL, ours, ours ? faults[i].ours : faults[i].qemu,
                   SAYS(faults[i].said));
        }
    }
}

static void
a_run_state_that_qemu_cannot_go_on_from_is_told(void)
{
    g_autoptr(StreamRig) rig = stream_rig_new();
    GString *bytes = g_string_new("00000006 'debug'");

    for (guint i = 5; i < 100; i++)
        g_string_append(bytes, "00");
    stream_rig_add(rig, NULL, "globalstate", 0, 1, bytes->str);
    expect(rig, "pseries-7.2", NULL, FALSE, NO,
           SAYS("the run state is \"debug\": QEMU aborts when it is to go on from there"));
    g_string_free(bytes, TRUE);
}

/* --- Interrupt tables ---------------------------------------------------------------- */

#define EAS(n) (4 + 8 * (n))
#define END(n) (4 + 8 * 16 + 32 * (n))

/* What is changed in the tables of the good machine. */
static const struct {
    gsize at;
    const char *bytes, *said;
    gboolean refused; /* by ours */
} tables[] = {
    {EAS(2), "1000000005000080",
     "source 0x2: its EAS points to END 0x5 (server 0 priority 5), which is invalid", FALSE},
    {EAS(2), "1000000010000080", "source 0x2: its EAS names END 0x10, and there are 0x10", TRUE},
    {EAS(2), "1000000006000081", "names another block than 0", TRUE},
    {END(6) + 12, "00100200", "its address 0x21000 is not aligned to its 0x10000 bytes", TRUE},
    {END(6) + 12, "00001000", "0x100000 to 0x10ffff is not memory", TRUE},
    {END(6) + 8, "00000001", "is not memory", TRUE},
    {END(6), "000000e0", "of 0x1000 bytes; KVM takes 0x10000 only", TRUE},
    {END(6) + 4, "00400000", "its next entry 16384 is behind its 16384", TRUE},
    {END(6) + 24, "01040000", "tells context 0x401 at priority 6 instead", TRUE},
    {END(6) + 28, "00000500", "tells context 0x400 at priority 5 instead", TRUE},
};

static void
a_fault_in_the_interrupt_tables_is_told(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(tables); i++) {
        g_autoptr(StreamRig) rig = stream_rig_machine(), only = stream_rig_machine();

        stream_rig_patch_section(rig, "spapr-xive", tables[i].at, tables[i].bytes);
        stream_rig_patch_section(only, "spapr-xive", tables[i].at, tables[i].bytes);
        expect(rig, "pseries-7.2", NULL, FALSE, YES, SAYS("suspicious: byte ", tables[i].said));
        expect(only, "pseries-7.2", NULL, TRUE, tables[i].refused ? NO : YES,
               SAYS(tables[i].refused ? "wrong: byte " : "suspicious: byte ", tables[i].said));
    }
}

static void
a_queue_of_a_server_that_is_no_vcpu_is_told(void)
{
    g_autoptr(StreamRig) rig = stream_rig_machine();

    stream_rig_patch_section(rig, "spapr-xive", END(14),
                             "000004e0 00000000 00000000 00000300 00000000 00000000 01040000 "
                             "00000600");
    expect(rig, "pseries-7.2", NULL, FALSE, YES, SAYS("a QEMU machine"));
    stream_rig_patch_section(rig, "xive-tctx", 0x10 + 11, "02");
    expect(rig, "pseries-7.2", NULL, FALSE, YES,
           SAYS("END 0xe is that of server 1 priority 6, and no vCPU is that server"));
}

static void
sources_and_contexts_are_looked_at(void)
{
    g_autoptr(StreamRig) rig = stream_rig_machine();

    stream_rig_patch_section(rig, "xive-source", 4 + 3, "48");
    stream_rig_patch_section(rig, "xive-tctx", 0x11, "09");
    expect(rig, "pseries-7.2", NULL, TRUE, NO,
           SAYS("source 0x3: its state 0x48 has unknown bits",
                "a processor priority of 0x09 is impossible"));
    stream_rig_patch_section(rig, "xive-source", 3, "0f");
    expect(rig, "pseries-7.2", NULL, FALSE, NO,
           SAYS("xive-source has 0xf sources, spapr-xive 0x10"));
}

/* The same tables as a big-endian host lays them. */
static void
tables_of_a_big_endian_host_are_recognized(void)
{
    g_autoptr(StreamRig) rig = stream_rig_machine();

    stream_rig_patch_section(rig, "spapr-xive", EAS(1), "8000000600000010");
    stream_rig_patch_section(rig, "spapr-xive", END(6),
                             "e0040000 00000000 00000000 00020000 00000000 00000000 00000400 "
                             "00060000");
    expect(rig, "pseries-7.2", NULL, FALSE, NO, SAYS("order of a big-endian host"));
    expect(rig, "pseries-7.2", NULL, TRUE, NO, SAYS("order of a big-endian host"));
    stream_rig_patch_section(rig, "spapr-xive", END(6) + 12, "00021000");
    expect(rig, "pseries-7.2", NULL, FALSE, NO, SAYS("its address 0x21000 is not aligned"));
}

/* --- Memory ------------------------------------------------------------------------- */

#define LIST "0000000000100004 0d 'ppc_spapr.ram' 0000000000100000 0000000000000010"
#define EOS  "0000000000000010"

static const struct {
    const char *start, *part, *end;
    Answer answer;
    const char *said;
} memories[] = {
    {LIST, "0000000000100002 0d 'ppc_spapr.ram' 00 " EOS, EOS, NO, "a page at 0x100000 is none of"},
    {LIST, "0000000000001002 03 'abc' 00 " EOS, EOS, NO, "RAM block 'abc', which was not listed"},
    {LIST, "0000000000001022 00 " EOS, EOS, UNREADABLE, "that of the page before: there is none"},
    {LIST, "0000000000001002 0d 'ppc_spapr.ram' 07 " EOS, EOS, NO, "is filled with 0x07"},
    {LIST, "0000000000001001 00 " EOS, EOS, UNREADABLE, "flags 0x001"},
    {LIST, "0000000000001040 0d 'ppc_spapr.ram' 02 0001 00 " EOS, EOS, UNREADABLE, "XBZRLE"},
    {LIST, "0000000000001100 0d 'ppc_spapr.ram' 00009000 " EOS, EOS, UNREADABLE, "compressed"},
    {LIST, LIST, EOS, UNREADABLE, "a second list"},
    {"0000000000100004 0d 'ppc_spapr.ram' 0000000000200000 " EOS, EOS, EOS, UNREADABLE,
     "longer than their announced total"},
    {"0000000000002004 01 'a' 0000000000001000 01 'a' 0000000000001000 " EOS, EOS, EOS, NO,
     "RAM block 'a' is listed twice"},
    {"0000000000001004 01 'a' 0000000000000800 01 'b' 0000000000000800 " EOS, EOS, EOS, NO,
     "no number of pages"},
};

static void
a_fault_in_memory_is_told(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(memories); i++) {
        g_autoptr(StreamRig) rig = stream_rig_new();

        stream_rig_ram(rig, memories[i].start, memories[i].part, memories[i].end);
        expect(rig, "pseries-7.2", NULL, TRUE, memories[i].answer, SAYS(memories[i].said));
    }
}

static void
kinds_of_pages_narrow_the_releases(void)
{
    g_autoptr(StreamRig) packed = stream_rig_new(), marked = stream_rig_new(),
                         filled = stream_rig_new();

    stream_rig_ram(packed, LIST, "0000000000001100 0d 'ppc_spapr.ram' 00000002 0102 " EOS, EOS);
    expect(packed, "pseries-7.2", NULL, FALSE, YES, SAYS("yes, up to QEMU 9.0"));
    expect(packed, "pseries-7.2", NULL, TRUE, NO, SAYS("compress or multifd"));
    stream_rig_ram(marked, LIST, "0000000000000200 " EOS, EOS);
    expect(marked, "pseries-7.2", NULL, FALSE, YES, SAYS("yes, from QEMU 8.1 on"));
    stream_rig_ram(filled, LIST, "0000000000001002 0d 'ppc_spapr.ram' 07 " EOS, EOS);
    expect(filled, "pseries-7.2", NULL, FALSE, YES, SAYS("yes, up to QEMU 8.2"));
    expect(filled, "pseries-9.0", NULL, FALSE, NO, SAYS("no release reads all of it"));
}

/* --- Machine types ------------------------------------------------------------------- */

static const struct {
    const char *section;
    guint32 version;
    const char *subsection, *bytes;
    guint32 sub_version;
    const char *made, *older, *said;
} gated[] = {
    {"spapr", 3, "spapr/cap/hpt_maxpagesize", "10", 1, "pseries-4.1", "pseries-4.0",
     "subsection spapr/cap/hpt_maxpagesize version 1: machines have it from pseries-4.1 on"},
    {"spapr", 3, "spapr_dtb", "00000000 00000000", 1, "pseries-4.0", "pseries-3.1",
     "subsection spapr_dtb version 1: machines have it from pseries-4.0 on"},
    {"spapr", 3, "spapr_irq_map", "00", 1, "pseries-3.1", "pseries-3.0",
     "subsection spapr_irq_map version 1: machines have it from pseries-3.1 on"},
    {"spapr", 3, "spapr_option_vector_ov5_cas", "00", 1, "pseries-2.8", "pseries-2.7",
     "spapr_option_vector_ov5_cas version 1: machines have it from pseries-2.8 on"},
    {"cpu", 5, "cpu/compat", "0f000005", 1, "pseries-2.10", "pseries-2.9",
     "subsection cpu/compat version 1: machines have it from pseries-2.10 on"},
    {"spapr_llan", 1, "spapr_llan/rx_pools", "00", 1, "pseries-2.6", "pseries-2.5",
     "subsection spapr_llan/rx_pools version 1: machines have it from pseries-2.6 on"},
    {"spapr_cpu", 1, NULL, NULL, 0, "pseries-3.0", "pseries-2.12",
     "section spapr_cpu: machines have it from pseries-3.0 on"},
    {"xive-tctx", 1, NULL, NULL, 0, "pseries-4.0", "pseries-3.0",
     "section xive-tctx: machines have it from pseries-3.1 on"},
    {"spapr", 3, "spapr/cap/of_nobody", "01", 1, "pseries-10.0", "pseries-10.0",
     "subsection spapr/cap/of_nobody version 1 is not known to any reader"},
};

static void
what_a_type_lacks_is_a_reason(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(gated); i++) {
        g_autoptr(StreamRig) rig = stream_rig_new();

        stream_rig_add(rig, NULL, gated[i].section, 0, gated[i].version, "");
        if (gated[i].subsection != NULL)
            stream_rig_sub(rig, gated[i].subsection, gated[i].sub_version, NULL, gated[i].bytes);
        expect(rig, gated[i].made, gated[i].older, FALSE, NO, SAYS(gated[i].said));
        if (strcmp(gated[i].made, gated[i].older) != 0)
            expect(rig, gated[i].made, gated[i].older, FALSE, NO,
                   SAYS("  - the stream is of a machine 'pseries-"));
    }
}

static const struct {
    const char *section;
    guint32 version;
    const char *subsection, *bytes;
    guint32 sub_version;
    const char *machine, *said;
} released[] = {
    {"spapr", 3, "spapr/cap/htm", "00", 1, "pseries-2.9", "yes, from QEMU 2.11 on"},
    {"spapr", 3, "spapr/cap/ibs", "00", 1, "pseries-2.11", "yes, from QEMU 2.12 on"},
    {"spapr", 3, "spapr_patb_entry", "0000000000000001", 1, "pseries-2.8", "yes, from QEMU 2.9 on"},
    {"spapr", 3, "spapr/cap/fwnmi", "01", 1, "pseries-4.2", "yes, from QEMU 5.0 on"},
    {"spapr", 3, "spapr/cap/rpt_invalidate", "01", 1, "pseries-6.1", "yes, from QEMU 6.2 on"},
    {"spapr", 3, "spapr/cap/nested_papr", "01", 1, "pseries-7.2", "yes, from QEMU 9.0 on"},
    {"spapr", 3, "spapr/cap/ail_mode_3", "01", 1, "pseries-7.2", "yes, from QEMU 9.1 on"},
    {"spapr", 3, "spapr/cap/dawr1", "01", 1, "pseries-7.2", "yes, from QEMU 10.0 on"},
    {"cpu", 5, "cpu/slb", "", 2, "pseries-7.2", "yes, from QEMU 9.2 on"},
    {"cpu", 5, "cpu/slb", "", 1, "pseries-7.2", "reads it: yes\n"},
    {"cpu", 5, "cpu/rtas_stopped", "00", 1, "pseries-10.0", "yes, from QEMU 11.0 on"},
    {"spapr_drc", 1, "spapr_drc/unplug_requested", "01", 1, "pseries-4.0", "yes, from QEMU 5.0 on"},
};

static void
what_older_releases_lack_narrows_them(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(released); i++) {
        g_autoptr(StreamRig) rig = stream_rig_new();

        stream_rig_add(rig, NULL, released[i].section, 0, released[i].version, "");
        stream_rig_sub(rig, released[i].subsection, released[i].sub_version, NULL,
                       released[i].bytes);
        expect(rig, released[i].machine, NULL, FALSE, YES, SAYS(released[i].said));
    }
}

/* One release: what narrows the span of releases is a reason, and all of them are told. */
static const struct {
    const char *made, *reader;
    Answer answer;
    const char *said[4];
} asked[] = {
    {"pseries-7.2",
     "qemu-7.2",
     NO,
     {"a QEMU 7.2 machine of type pseries-7.2 reads it: no, because",
      "subsection cpu/slb version 2 is known from QEMU 9.2 on",
      "subsection spapr/cap/dawr1 version 1 is known from QEMU 10.0 on"}},
    {"pseries-7.2",
     "qemu-9.2",
     NO,
     {"subsection spapr/cap/dawr1 version 1 is known from QEMU 10.0 on"}},
    {"pseries-7.2", "qemu-10.0", YES, {"a QEMU 10.0 machine of type pseries-7.2 reads it: yes\n"}},
    {"pseries-8.0",
     "qemu-7.2",
     NO,
     {"machines of type pseries-8.0 came with QEMU 8.0", "cpu/slb version 2",
      "spapr/cap/dawr1 version 1"}},
    {"pseries-4.2", "qemu-10.2", NO, {"machines of type pseries-4.2 went after QEMU 10.1"}},
    {"pseries-4.2", "qemu-10.1", YES, {"reads it: yes\n"}},
};

static void
a_release_can_be_asked_about(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(asked); i++) {
        g_autoptr(StreamRig) rig = stream_rig_new();

        stream_rig_add(rig, NULL, "cpu", 0, 5, "");
        stream_rig_sub(rig, "cpu/slb", 2, NULL, "");
        stream_rig_add(rig, NULL, "spapr", 0, 3, "");
        stream_rig_sub(rig, "spapr/cap/dawr1", 1, NULL, "01");
        expect_reader(rig, asked[i].made, NULL, asked[i].reader, asked[i].answer, asked[i].said);
    }
}

static void
the_place_of_a_walk_is_for_ours_only(void)
{
    g_autoptr(StreamRig) rig = stream_rig_new();

    stream_rig_add(rig, NULL, "spapr_drc", 0x80000004, 1, "00000003");
    stream_rig_sub(rig, "spapr_drc/ccs", 1, NULL, "00000001 00000001 00000000 00000000");
    expect(rig, "pseries-7.2", NULL, FALSE, NO,
           SAYS("subsection spapr_drc/ccs version 1 is known to spapr-vmm only"));
    expect_reader(rig, "pseries-7.2", NULL, "qemu-10.2", NO, SAYS("known to spapr-vmm only"));
}

static void
a_span_of_releases_without_any_is_a_reason(void)
{
    g_autoptr(StreamRig) rig = stream_rig_new();

    stream_rig_add(rig, NULL, "cpu", 0, 5, "");
    stream_rig_sub(rig, "cpu/slb", 2, "mig_slb_nr", "00000020");
    expect(rig, "pseries-2.12", NULL, FALSE, NO,
           SAYS("no release reads all of it: what it holds needs QEMU 9.2 or newer, and 9.1 or "
                "older"));
}

static void
layouts_of_old_types_are_told_apart(void)
{
    g_autoptr(StreamRig) rig = stream_rig_new(), new = stream_rig_new();

    stream_rig_add(rig, NULL, "cpu", 0, 5, "");
    stream_rig_sub(rig, "cpu/slb", 1, "mig_slb_nr", "00000020");
    expect(rig, "pseries-7.2", NULL, FALSE, NO,
           SAYS("section cpu is laid out as up to pseries-2.12-sxxm: with the field mig_slb_nr"));
    stream_rig_add(new, NULL, "cpu", 0, 5, "");
    stream_rig_sub(new, "cpu/slb", 1, NULL, "00");
    expect(new, "pseries-2.6", NULL, FALSE, NO,
           SAYS("after pseries-2.12-sxxm: without the field mig_slb_nr",
                "after pseries-2.7: without the field mig_msr_mask"));
}

static void
frames_are_reasons(void)
{
    g_autoptr(StreamRig) rig = stream_rig_new();

    expect(rig, "pseries-2.3", "pseries-7.2", FALSE, NO,
           SAYS("the stream has no configuration block, and that type expects one",
                "the sections have no footers, and that type expects them"));
    expect(rig, "pseries-7.2", "pseries-2.3", FALSE, NO,
           SAYS("the stream has a configuration block, and that type expects none",
                "the sections have footers, and that type expects none"));
    expect(rig, "pseries-10.0", "pseries-9.2", FALSE, NO,
           SAYS("the stream is of a machine 'pseries-10.0'"));
    expect(rig, "pseries-2.2", NULL, FALSE, YES, SAYS("pseries-2.2 reads it: yes"));
    stream_rig_add(rig, NULL, "ics", 0, 1, "00000000");
    stream_rig_patch(rig, 0, "00000400");
    expect(rig, "pseries-7.2", NULL, FALSE, NO,
           SAYS("section ics has 0x400 interrupts, machines of that type 0x1000"));
}

static void
capabilities_are_asked_of_the_reader(void)
{
    g_autoptr(StreamRig) rig = stream_rig_new();
    g_autoptr(GByteArray) bytes = NULL;
    g_autofree char *said = NULL;
    const StreamRequest request = {.tables = stream_rig_tables()};

    stream_rig_ram(rig,
                   "0000000000100004 0d 'ppc_spapr.ram' 0000000000100000 0000000000000000 " EOS,
                   EOS, EOS);
    bytes = stream_rig_save(rig, "pseries-3.1", VMS_CAP_IGNORE_SHARED);
    g_assert_cmpint(stream_rig_run(RIG_CHECK, bytes, &request, &said), ==, 0);
    g_assert_nonnull(strstr(said, "yes, from QEMU 4.0 on"));
    g_assert_nonnull(strstr(said, "must have the capability x-ignore-shared switched on"));
}

/* --- Our own reader ------------------------------------------------------------------- */

static void
ours_wants_its_own_types_and_devices(void)
{
    g_autoptr(StreamRig) good = stream_rig_new(), rig = stream_rig_new(), old = stream_rig_new();

    stream_rig_add(good, NULL, "spapr/rtc", 0, 1, "0000000000000005");
    expect(good, "pseries-vmm-1.0", NULL, TRUE, YES, SAYS("a spapr-vmm machine", "yes"));
    stream_rig_add(rig, NULL, "PCIBUS", 0, 1, "00000004 00000000 00000000 00000000 00000000");
    stream_rig_add(rig, NULL, "spapr_nvdimm_states", 0, 1, "00");
    stream_rig_add(rig, "pci@8:00.0", "virtio-rng", 0, 1, "00");
    expect(rig, "pseries-7.2", NULL, TRUE, NO,
           SAYS("section spapr_nvdimm_states: there is no such device",
                "section pci@8:00.0/virtio-rng: there is no such device"));
    expect(rig, "pseries-7.2", NULL, FALSE, YES, SAYS("a QEMU machine"));
    expect(old, "pseries-2.12", NULL, TRUE, NO, SAYS("the oldest type with XIVE is pseries-3.1"));
}

static void
without_a_module_qemu_is_still_judged(void)
{
    g_autoptr(StreamRig) rig = stream_rig_machine();
    g_autoptr(GByteArray) bytes = stream_rig_save(rig, "pseries-7.2", 0);
    g_autofree char *qemu = NULL, *ours = NULL;
    StreamRequest request = {.tables = stream_rig_no_tables(), .machine = "pseries-3.0"};

    g_assert_cmpint(stream_rig_run(RIG_CHECK, bytes, &request, &qemu), ==, 1);
    g_assert_nonnull(strstr(qemu, "section spapr-xive: machines have it from pseries-3.1 on"));
    request.reader = "spapr-vmm";
    g_assert_cmpint(stream_rig_run(RIG_CHECK, bytes, &request, &ours), ==, 2);
    g_assert_nonnull(strstr(ours, "--module-dir"));
}

/* --- Structure ------------------------------------------------------------------------ */

/* Puts @hex in place of the bytes from @at on. */
static void
check_bytes(GByteArray *bytes, Answer answer, const char *part)
{
    const StreamRequest request = {.tables = stream_rig_tables(), .reader = "spapr-vmm"};
    g_autofree char *said = NULL;
    const int status = stream_rig_run(RIG_CHECK, bytes, &request, &said);

    if (status != (int)answer || strstr(said, part) == NULL)
        g_error("status %d, not %d; \"%s\" is due:\n%s", status, answer, part, said);
}

static void
numbers_and_names_that_come_twice_are_told(void)
{
    g_autoptr(StreamRig) rig = stream_rig_new();
    g_autoptr(GByteArray) bytes = NULL;
    gsize at;

    stream_rig_add(rig, NULL, "spapr/rtc", 0, 1, "0000000000000005");
    stream_rig_add(rig, NULL, "spapr/rtc", 1, 1, "0000000000000005");
    bytes = stream_rig_save(rig, "pseries-7.2", 0);
    at = stream_rig_find(bytes, "spapr/rtc") + strlen("spapr/rtc") + 8 + 8 + 5;
    g_assert_cmpint(bytes->data[at], ==, 4);
    bytes->data[at + 1 + 4 + 1 + strlen("spapr/rtc") + 3] = 0; /* the instance */
    check_bytes(bytes, YES, "section spapr/rtc/0 comes once more");
    bytes->data[at + 1 + 4 + 1 + strlen("spapr/rtc") + 3] = 1;
    bytes->data[at + 4] = 1; /* the number, and that of its footer */
    bytes->data[at + 1 + 4 + 1 + strlen("spapr/rtc") + 8 + 8 + 4] = 1;
    check_bytes(bytes, NO, "section number 1 is that of spapr/rtc/0 already");
}

static void
what_follows_the_end_is_told(void)
{
    g_autoptr(StreamRig) rig = stream_rig_machine();
    g_autoptr(GByteArray) bytes = stream_rig_save(rig, "pseries-7.2", 0);
    const StreamRequest request = {.tables = stream_rig_tables()};
    g_autofree char *said = NULL;

    g_byte_array_append(bytes, (const guint8 *)"abc", 3);
    check_bytes(bytes, YES, "3 bytes follow the end of the stream: readers ignore them");
    g_assert_cmpint(stream_rig_run(RIG_INSPECT, bytes, &request, &said), ==, 1);
    g_assert_nonnull(strstr(said, "TRAILING 3\n"));
}

static void
what_is_described_must_have_been_sent(void)
{
    g_autoptr(StreamRig) rig = stream_rig_new();
    g_autoptr(GByteArray) bytes = NULL;

    stream_rig_add(rig, NULL, "spapr/rtc", 0, 1, "0000000000000005");
    bytes = stream_rig_save(rig, "pseries-7.2", 0);
    bytes->data[stream_rig_find(bytes, "\"instance_id\": 0") + strlen("\"instance_id\": ")] = '3';
    check_bytes(bytes, YES, "section spapr/rtc/3 is described, but was not sent");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define TEST(name) g_test_add_func("/spapr-stream/check/" #name, name)
    TEST(a_good_machine_has_no_fault);
    TEST(a_faulty_section_is_told);
    TEST(a_run_state_that_qemu_cannot_go_on_from_is_told);
    TEST(a_fault_in_the_interrupt_tables_is_told);
    TEST(a_queue_of_a_server_that_is_no_vcpu_is_told);
    TEST(sources_and_contexts_are_looked_at);
    TEST(tables_of_a_big_endian_host_are_recognized);
    TEST(a_fault_in_memory_is_told);
    TEST(kinds_of_pages_narrow_the_releases);
    TEST(what_a_type_lacks_is_a_reason);
    TEST(what_older_releases_lack_narrows_them);
    TEST(a_release_can_be_asked_about);
    TEST(the_place_of_a_walk_is_for_ours_only);
    TEST(a_span_of_releases_without_any_is_a_reason);
    TEST(layouts_of_old_types_are_told_apart);
    TEST(frames_are_reasons);
    TEST(capabilities_are_asked_of_the_reader);
    TEST(ours_wants_its_own_types_and_devices);
    TEST(without_a_module_qemu_is_still_judged);
    TEST(numbers_and_names_that_come_twice_are_told);
    TEST(what_follows_the_end_is_told);
    TEST(what_is_described_must_have_been_sent);
    return g_test_run();
}
