/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a bare guest has: hypercalls, a console, a clock, uncached loads. No C library, no floating
 * point, no interrupts; one thread, translation off, so that addresses are guest physical.
 */
#ifndef TESTS_GUESTS_BARE_H
#define TESTS_GUESTS_BARE_H

typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long u64;

#define NR_RTAS                  0xf000
#define NR_CAS                   0xf002
#define NR_GET_TERM_CHAR         0x54
#define NR_PUT_TERM_CHAR         0x58
#define NR_INT_GET_SOURCE_INFO   0x3a8
#define NR_INT_SET_SOURCE_CONFIG 0x3ac
#define NR_INT_GET_SOURCE_CONFIG 0x3b0
#define NR_INT_GET_QUEUE_INFO    0x3b4
#define NR_INT_SET_QUEUE_CONFIG  0x3b8
#define NR_INT_GET_QUEUE_CONFIG  0x3bc
#define NR_INT_SYNC              0x3cc
#define NR_REGISTER_PROC_TBL     0x37c

/* The guest's own: called once, with the time base as it was at the first instruction. */
void guest_main(u64 first_tb);

void *memset(void *to, int byte, u64 n);
void *memcpy(void *to, const void *from, u64 n);

long hcall(u64 nr, u64 *words);
long hcall4(u64 nr, u64 a, u64 b, u64 c, u64 d, u64 *words);

/* Finds the console among QEMU's addresses; returns its unit address. */
u64 console_find(void);
void print(const char *text);
void print_number(u64 value);
void print_line(const char *tag, u64 value);

static inline u64
clock_read(void)
{
    u64 tb;

    __asm__ volatile("mftb %0" : "=r"(tb));
    return tb;
}

static inline u64
device_load(u64 address)
{
    u64 value;

    __asm__ volatile("ld %0, 0(%1); sync" : "=r"(value) : "b"(address) : "memory");
    return __builtin_bswap64(value);
}

static inline void
device_store(u64 address, u64 value)
{
    __asm__ volatile("sync; std %0, 0(%1)"
                     :
                     : "r"(__builtin_bswap64(value)), "b"(address)
                     : "memory");
}

#endif
