/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bare guest that does what the characters typed at its console say: a Linux would take seconds to
 * come as far. It says "OBEY ready", and then for
 *
 *   p  RTAS power-off       r  RTAS system-reboot      t  RTAS ibm,os-term
 *   .  "OBEY ." and the time base in ms (a newline changes nothing)
 *
 * It looks once in 2 ms, so as to leave the guest seldom.
 *
 * A call that returns where it must not is told: "OBEY WRONG". ibm,os-term may return.
 * Source: LoPAR, the RTAS calls; tokens as QEMU gives them, which is what a guest would read.
 */
#include "tests/guests/bare.h"

#define TOKEN_POWER_OFF     0x2003
#define TOKEN_SYSTEM_REBOOT 0x2004
#define TOKEN_OS_TERM       0x201f
#define TICKS_PER_MS        512000ul

static u32 block[8] __attribute__((aligned(64)));
static const char last_words[] = "obeying: no reason";

static void
rest(void)
{
    u64 end = clock_read() + 2 * TICKS_PER_MS;

    while (clock_read() < end)
        ;
}

static void
rtas(u32 token, u32 nargs, u32 first, u32 second)
{
    u64 words[9] = {(u64)block};

    block[0] = __builtin_bswap32(token);
    block[1] = __builtin_bswap32(nargs);
    block[2] = __builtin_bswap32(1);
    block[3] = __builtin_bswap32(first);
    block[4] = __builtin_bswap32(second);
    hcall(NR_RTAS, words);
}

static void
obey(char order)
{
    switch (order) {
    case 'p':
        rtas(TOKEN_POWER_OFF, 2, ~0u, ~0u);
        print("OBEY WRONG: still powered\n");
        break;
    case 'r':
        rtas(TOKEN_SYSTEM_REBOOT, 0, 0, 0);
        print("OBEY WRONG: not rebooted\n");
        break;
    case 't': rtas(TOKEN_OS_TERM, 1, (u32)(u64)last_words, 0); break;
    case '.': print_line("OBEY .", clock_read() / TICKS_PER_MS); break;
    default: break;
    }
}

void
guest_main(u64 first_tb)
{
    u64 words[9] = {0};
    u64 unit = console_find();
    u64 i;

    (void)first_tb;
    print("OBEY ready\n");
    for (;; rest()) {
        if (hcall4(NR_GET_TERM_CHAR, unit, 0, 0, 0, words) != 0)
            continue;
        for (i = 0; i < words[0] && i < 16; i++)
            obey((char)(words[1 + i / 8] >> (56 - 8 * (i % 8))));
    }
}
