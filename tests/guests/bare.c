/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See bare.h. Source of the calls: LoPAR, hcall-term. */
#include "tests/guests/bare.h"

static u64 console_unit;

void *
memset(void *to, int byte, u64 n)
{
    u8 *at = to;

    while (n-- > 0)
        *at++ = (u8)byte;
    return to;
}

void *
memcpy(void *to, const void *from, u64 n)
{
    u8 *at = to;
    const u8 *source = from;

    while (n-- > 0)
        *at++ = *source++;
    return to;
}

long
hcall4(u64 nr, u64 a, u64 b, u64 c, u64 d, u64 *words)
{
    words[0] = a;
    words[1] = b;
    words[2] = c;
    words[3] = d;
    words[4] = 0;
    return hcall(nr, words);
}

u64
console_find(void)
{
    u64 words[9] = {0};
    u64 unit;

    for (unit = 0x71000000; unit < 0x71000004; unit++) {
        if (hcall4(NR_PUT_TERM_CHAR, unit, 0, 0, 0, words) == 0)
            break;
    }
    console_unit = unit;
    return unit;
}

static void
print_chunk(const char *text, u64 n)
{
    u64 words[9] = {0};
    u64 pair[2] = {0, 0};

    memcpy(pair, text, n);
    while (hcall4(NR_PUT_TERM_CHAR, console_unit, n, __builtin_bswap64(pair[0]),
                  __builtin_bswap64(pair[1]), words) == 1)
        ;
}

void
print(const char *text)
{
    u64 n;

    while (*text != 0) {
        for (n = 0; n < 16 && text[n] != 0; n++)
            ;
        print_chunk(text, n);
        text += n;
    }
}

void
print_number(u64 value)
{
    char digits[24];
    int at = sizeof(digits) - 1;

    digits[at] = 0;
    do {
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    print(&digits[at]);
}

void
print_line(const char *tag, u64 value)
{
    print(tag);
    print(" ");
    print_number(value);
    print("\n");
}
