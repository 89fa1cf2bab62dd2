/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bare guest that misuses what it is given: bad arguments to every kind of hypercall, RTAS blocks
 * that lie or do not exist, and at last a load from the ESB page of a source that was never made.
 *
 * Prints "MISUSE NAME STATUS ok|WRONG" for each call, then "MISUSE touching"; the monitor must end
 * the guest with a report at that point, so "MISUSE survived" is a failure.
 * Source of the statuses: LoPAR, the check order of each hypercall.
 */
#include "tests/guests/bare.h"

#define H_FUNCTION  (-2)
#define H_PARAMETER (-4)
#define H_P2        (-55)
#define H_P3        (-56)
#define H_P4        (-57)
#define H_P5        (-58)
#define NOWHERE     0x7fffffff0000ul
#define UNMADE_LISN 0x1ffful

typedef struct {
    const char *name;
    u64 nr;
    u64 args[5];
    long expected;
} Misuse;

static u32 block[32] __attribute__((aligned(64)));

static void
put_block(u32 token, u32 nargs, u32 nret)
{
    block[0] = __builtin_bswap32(token);
    block[1] = __builtin_bswap32(nargs);
    block[2] = __builtin_bswap32(nret);
}

static void
print_signed(long value)
{
    if (value < 0)
        print("-");
    print_number((u64)(value < 0 ? -value : value));
}

static void
try_call(const Misuse *misuse)
{
    u64 words[9] = {0};
    long status;

    memcpy(words, misuse->args, sizeof(misuse->args));
    status = hcall(misuse->nr, words);
    print("MISUSE ");
    print(misuse->name);
    print(" ");
    print_signed(status);
    print(status == misuse->expected ? " ok\n" : " WRONG\n");
}

static void
misuse_sources(void)
{
    try_call(&(Misuse){"source-info-flags", NR_INT_GET_SOURCE_INFO, {1, 0}, H_PARAMETER});
    try_call(&(Misuse){"source-info-lisn", NR_INT_GET_SOURCE_INFO, {0, ~0ul}, H_P2});
    try_call(&(Misuse){"source-info-unmade", NR_INT_GET_SOURCE_INFO, {0, UNMADE_LISN}, H_P2});
    try_call(&(Misuse){"set-source-flags", NR_INT_SET_SOURCE_CONFIG, {~0ul, 0}, H_PARAMETER});
    try_call(&(Misuse){"set-source-lisn", NR_INT_SET_SOURCE_CONFIG, {0, NOWHERE, 0, 6}, H_P2});
    try_call(&(Misuse){"set-source-target", NR_INT_SET_SOURCE_CONFIG, {0, 0, 4711, 6}, H_P3});
    try_call(&(Misuse){"set-source-priority", NR_INT_SET_SOURCE_CONFIG, {0, 0, 0, 7}, H_P4});
    try_call(&(Misuse){
        "set-source-priority-huge", NR_INT_SET_SOURCE_CONFIG, {0, 0, 0, 1ul << 40}, H_P4});
    try_call(&(Misuse){"get-source-lisn", NR_INT_GET_SOURCE_CONFIG, {0, ~0ul}, H_P2});
    try_call(&(Misuse){"sync-lisn", NR_INT_SYNC, {0, ~0ul}, H_P2});
    try_call(&(Misuse){"sync-flags", NR_INT_SYNC, {2, 0}, H_PARAMETER});
}

static void
misuse_queues(void)
{
    try_call(&(Misuse){"queue-info-target", NR_INT_GET_QUEUE_INFO, {0, ~0ul, 6}, H_P2});
    try_call(&(Misuse){"queue-info-priority", NR_INT_GET_QUEUE_INFO, {0, 0, 9}, H_P3});
    try_call(&(Misuse){"queue-target", NR_INT_SET_QUEUE_CONFIG, {1, 4711, 6, 0, 16}, H_P2});
    try_call(&(Misuse){"queue-priority", NR_INT_SET_QUEUE_CONFIG, {1, 0, 7, 0x10000, 16}, H_P3});
    try_call(&(Misuse){"queue-size", NR_INT_SET_QUEUE_CONFIG, {1, 0, 6, 0x10000, 17}, H_P5});
    try_call(&(Misuse){"queue-size-huge", NR_INT_SET_QUEUE_CONFIG, {1, 0, 6, 0x10000, 64}, H_P5});
    try_call(&(Misuse){"queue-unaligned", NR_INT_SET_QUEUE_CONFIG, {1, 0, 6, 0x10008, 16}, H_P4});
    try_call(&(Misuse){"queue-nowhere", NR_INT_SET_QUEUE_CONFIG, {1, 0, 6, NOWHERE, 16}, H_P4});
    try_call(&(Misuse){"queue-wraps", NR_INT_SET_QUEUE_CONFIG, {1, 0, 6, ~0xfffful, 16}, H_P4});
    try_call(&(Misuse){"queue-config-target", NR_INT_GET_QUEUE_CONFIG, {0, 4711, 6}, H_P2});
}

static void
misuse_rtas(void)
{
    try_call(&(Misuse){"rtas-nowhere", NR_RTAS, {NOWHERE}, H_PARAMETER});
    try_call(&(Misuse){"rtas-wraps", NR_RTAS, {~3ul}, H_PARAMETER});
    put_block(0x2000, ~0u, ~0u);
    try_call(&(Misuse){"rtas-counts", NR_RTAS, {(u64)block}, H_PARAMETER});
    put_block(0x2000, 16, 0x7fffffff);
    try_call(&(Misuse){"rtas-results", NR_RTAS, {(u64)block}, H_PARAMETER});
}

void
guest_main(u64 first_tb)
{
    u64 words[9] = {0};
    u64 unit = console_find();
    u64 management;

    (void)first_tb;
    try_call(&(Misuse){"unknown-hcall", 0xfff0, {0}, H_FUNCTION});
    try_call(&(Misuse){"unaligned-hcall", 0x3a9, {0}, H_FUNCTION});
    try_call(&(Misuse){"put-too-long", NR_PUT_TERM_CHAR, {unit, 17}, H_PARAMETER});
    try_call(&(Misuse){"put-nowhere", NR_PUT_TERM_CHAR, {4711, 1}, H_PARAMETER});
    misuse_sources();
    misuse_queues();
    misuse_rtas();

    if (hcall4(NR_INT_GET_SOURCE_INFO, 0, 0, 0, 0, words) != 0) {
        print("MISUSE WRONG no source 0\n");
        return;
    }
    management = words[1];
    print("MISUSE touching\n");
    device_load(management + UNMADE_LISN * 0x20000 + 0x800);
    print("MISUSE survived\n");
}
