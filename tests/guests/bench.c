/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bare guest that times what a VMM does for it, in time base ticks: hypercalls that leave the
 * kernel, and the way of one console character from the host into the guest's event queue.
 *
 * Prints lines "BENCH name ticks". Each hypercall figure is the median of ROUNDS single calls.
 * After "BENCH ready" each character typed is answered, as soon as its interrupt stands in the
 * queue and it was read, with one call that prints "BENCH event".
 */
#include "tests/guests/bare.h"

#define ROUNDS     401
#define QUEUE_LOG2 16
#define PRIORITY   6
#define EISN       0x42

static u32 queue[(1 << QUEUE_LOG2) / 4] __attribute__((aligned(1 << QUEUE_LOG2)));
static u8 process_table[1 << 16] __attribute__((aligned(1 << 16)));
static u64 samples[ROUNDS];

/*
 * QEMU serves H_INT_* only to a guest that asked for XIVE exploitation (LoPAR option vector 5,
 * byte 23) in client-architecture-support; the tree that the call returns is of no interest here.
 */
static void
negotiate(void)
{
    static u8 request[64] __attribute__((aligned(8)));
    u64 words[9] = {0};
    u8 *at = request;
    u8 *vector5;
    int i;

    memcpy(at, (u8[16]){0xff, 0xff, 0, 0, 0, 0x4e, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff}, 16);
    at += 16;
    *at++ = 5 - 1;
    for (i = 0; i < 4; i++)
        at += 2; /* length byte 0: one byte, zero */
    *at++ = 26 - 1;
    vector5 = at - 1;
    vector5[23] = 0x40; /* XIVE exploitation */
    vector5[24] = 0x40; /* radix */
    vector5[26] = 0x40; /* GTSE */
    words[0] = (u64)request;
    words[1] = (u64)queue;
    words[2] = sizeof(queue);
    hcall(NR_CAS, words);
    memset(queue, 0, sizeof(queue));

    /* An empty process table: translation stays off, but real-mode accesses to device pages then
     * go by the partition-scoped tree, as in a Linux guest. */
    memcpy(words, (u64[9]){0x1d, (u64)process_table, 0, 4}, sizeof(words));
    hcall(NR_REGISTER_PROC_TBL, words);
}

static u64
median_of_samples(void)
{
    u64 value;
    int i, j;

    for (i = 1; i < ROUNDS; i++) {
        value = samples[i];
        for (j = i; j > 0 && samples[j - 1] > value; j--)
            samples[j] = samples[j - 1];
        samples[j] = value;
    }
    return samples[ROUNDS / 2];
}

static void
time_call(const char *tag, u64 nr, const u64 *arguments)
{
    u64 words[9];
    u64 start;
    long status = 0;
    int i;

    for (i = 0; i < ROUNDS; i++) {
        memcpy(words, arguments, sizeof(words));
        start = clock_read();
        status = hcall(nr, words);
        samples[i] = clock_read() - start;
    }
    if (status != 0 && nr != 1)
        print_line("BENCH refused", nr);
    print_line(tag, median_of_samples());
}

static void
time_calls(u64 lisn)
{
    time_call("BENCH unknown_hcall", 1, (u64[9]){0});
    time_call("BENCH H_INT_GET_SOURCE_INFO", NR_INT_GET_SOURCE_INFO, (u64[9]){0, lisn});
    time_call("BENCH H_INT_SET_SOURCE_CONFIG", NR_INT_SET_SOURCE_CONFIG,
              (u64[9]){2, lisn, 0, PRIORITY, EISN});
    time_call("BENCH H_INT_GET_SOURCE_CONFIG", NR_INT_GET_SOURCE_CONFIG, (u64[9]){0, lisn});
    time_call("BENCH H_INT_GET_QUEUE_INFO", NR_INT_GET_QUEUE_INFO, (u64[9]){0, 0, PRIORITY});
    time_call("BENCH H_INT_GET_QUEUE_CONFIG", NR_INT_GET_QUEUE_CONFIG, (u64[9]){0, 0, PRIORITY});
    time_call("BENCH H_INT_SYNC", NR_INT_SYNC, (u64[9]){0, lisn});
}

static void
answer_input(u64 unit, u64 management)
{
    u64 words[9] = {0};
    u32 index = 0, generation = 1, entry;

    for (;;) {
        do {
            entry = __builtin_bswap32(*(volatile u32 *)&queue[index]);
        } while ((entry >> 31) != generation);
        index = (index + 1) % (sizeof(queue) / sizeof(queue[0]));
        if (index == 0)
            generation ^= 1;
        do {
            hcall4(NR_GET_TERM_CHAR, unit, 0, 0, 0, words);
        } while (words[0] != 0);
        device_load(management);
        print("BENCH event\n");
    }
}

void
guest_main(u64 first_tb)
{
    u64 words[9] = {0};
    u64 unit = console_find();
    u64 lisn = 0x1100 + (unit & 0xff);
    u64 management;
    long status;

    print_line("BENCH first_tb", first_tb);
    negotiate();
    status = hcall4(NR_INT_GET_SOURCE_INFO, 0, lisn, 0, 0, words);
    if (status != 0) {
        print_line("BENCH failed: no source information, minus", (u64)-status);
        return;
    }
    management = words[1];
    memcpy(words, (u64[9]){1, 0, PRIORITY, (u64)queue, QUEUE_LOG2}, sizeof(words));
    if (hcall(NR_INT_SET_QUEUE_CONFIG, words) != 0) {
        print("BENCH failed: no queue\n");
        return;
    }
    time_calls(lisn);
    device_load(management + 0xc00);
    print("BENCH ready\n");
    answer_input(unit, management);
}
