/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a switch of the interrupt controller costs by the number of its sources: quiesce with
 * capture, and restore with resume, over the model or KVM. Prints a line a size and the growth.
 *
 * usage: xive-switch [ROUNDS [kvm]]      (medians of so many, 15 by default)
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hw-xive/core/eas.h"
#include "hw-xive/kvm-attr.h"
#include "hw-xive/xive-priv.h"
#include "tests/contract/fake-host.h"

#define RAM        0x20000u
#define QUEUE      0x10000u
#define ROUNDS     15
#define ROUNDS_MAX 1001

static const guint sizes[] = {8, 512, 4096};

typedef struct {
    gdouble out[ROUNDS_MAX], in[ROUNDS_MAX]; /* microseconds */
} Samples;

static void
must(gboolean good, GError *error)
{
    if (good)
        return;
    fprintf(stderr, "xive-switch: %s\n", error != NULL ? error->message : "refused");
    exit(1);
}

#define MUST(call)               \
    do {                         \
        GError *e = NULL;        \
        gboolean good_ = (call); \
                                 \
        must(good_, e);          \
    } while (0)

static guint32
lisn(guint index)
{
    return index == 0 ? 0 : 0x1000 + index;
}

/* A machine with @n sources; on the one that begins, all of them live and a third pending. */
static Xive *
machine(FakeHost *fake, guint n)
{
    const VdevHost *host = &fake->table;
    Xive *xive = fake_host_object_new(fake, xive_class.size, xive_class.props, &xive_class);

    MUST(host->ram_register_main(host, "ram", 0, &e));
    xive_set_servers(xive, 1);
    MUST(xive_class.realize(xive, &e));
    MUST(xive_vcpu_connect(xive, host->vcpu_new(host, 0, NULL), &e));
    for (guint i = 1; i < n; i++)
        MUST(xive_lisn_claim(xive, lisn(i), FALSE, &e));
    MUST(xive_class.reset(xive, &e));
    return xive;
}

static void
set_going(Xive *xive, guint n)
{
    const XiveEq eq = {.gpa = QUEUE, .qshift = XIVE_KVM_EQ_SHIFT, .qtoggle = 1, .qindex = 0};
    VdevXiveEq data;
    guint64 value;

    MUST(xive_class.resume(xive, &e));
    MUST(xive_end_setup(&xive->ends[6], &eq, 0, 6, TRUE));
    xive_kvm_eq_pack(&data, &xive->ends[6]);
    MUST(xive_kvm_set(xive, VDEV_XIVE_GRP_EQ_CONFIG, xive_kvm_eq_attr(0, 6), &data, &e));
    for (guint i = 0; i < n; i++) {
        MUST(xive_source_configure(xive, lisn(i), xive_eas_target(0, 6, i, FALSE), &e));
        MUST(xive_source_load(xive, lisn(i), XIVE_ESB_LOAD_SET_PQ(XIVE_PQ_READY), &value, &e));
        if (i % 3 == 0)
            xive_pulse(xive, lisn(i));
    }
}

static void
hand_over(const Xive *from, Xive *to)
{
    memcpy(to->eas, from->eas, from->nr_irqs * sizeof(*from->eas));
    memcpy(to->status, from->status, from->nr_irqs);
    memcpy(to->ends, from->ends, xive_nr_ends(from) * sizeof(*from->ends));
    to->contexts[0].tctx = from->contexts[0].tctx;
}

static void
one_switch(Xive *from, Xive *to, gdouble *out, gdouble *in)
{
    gint64 at = g_get_monotonic_time();

    MUST(xive_class.quiesce(from, &e));
    MUST(xive_capture_sources(from, &e) && xive_capture_queues(from, &e) &&
         xive_capture_context(from, 0, &e));
    *out = (gdouble)(g_get_monotonic_time() - at);
    MUST(xive_class.reset(to, &e));
    hand_over(from, to);
    at = g_get_monotonic_time();
    MUST(xive_restore(to, &e));
    MUST(xive_class.resume(to, &e));
    *in = (gdouble)(g_get_monotonic_time() - at);
}

static int
compare(const void *a, const void *b)
{
    gdouble x = *(const gdouble *)a, y = *(const gdouble *)b;

    return (x > y) - (x < y);
}

static gdouble
median(gdouble *values, guint n)
{
    qsort(values, n, sizeof(*values), compare);
    return values[n / 2];
}

/* Returns: microseconds of a whole switch. */
static gdouble
measure(const AccelClass *accel, guint n, guint rounds, Samples *samples)
{
    FakeHost *fakes[2] = {fake_host_new_over(accel, RAM, 1), fake_host_new_over(accel, RAM, 1)};
    Xive *sides[2] = {machine(fakes[0], n), machine(fakes[1], n)};
    gdouble out, in;

    set_going(sides[0], n);
    for (guint i = 0; i < rounds; i++)
        one_switch(sides[i % 2], sides[1 - i % 2], &samples->out[i], &samples->in[i]);
    out = median(samples->out, rounds);
    in = median(samples->in, rounds);
    printf("%u out_us %.0f\n%u in_us %.0f\n%u sum_us %.0f\n", n, out, n, in, n, out + in);
    for (guint i = 0; i < 2; i++) {
        xive_class.finish(sides[i]);
        g_free(sides[i]);
        fake_host_free(fakes[i]);
    }
    return out + in;
}

int
main(int argc, char **argv)
{
    const AccelClass *accel =
        argc > 2 && strcmp(argv[2], "kvm") == 0 ? &kvm_accel_class : &model_accel_class;
    guint rounds = argc > 1 ? (guint)g_ascii_strtoull(argv[1], NULL, 10) : ROUNDS;
    gdouble sums[G_N_ELEMENTS(sizes)];
    g_autofree Samples *samples = g_new0(Samples, 1);

    if (rounds == 0 || rounds > ROUNDS_MAX) {
        fprintf(stderr, "usage: xive-switch [1 … %u [kvm]]\n", ROUNDS_MAX);
        return 2;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(sizes); i++)
        sums[i] = measure(accel, sizes[i], rounds, samples);
    for (gsize i = 1; i < G_N_ELEMENTS(sizes); i++)
        printf("%u ns_each %.0f\n", sizes[i],
               (sums[i] - sums[0]) * 1000 / (gdouble)(sizes[i] - sizes[0]));
    return 0;
}
