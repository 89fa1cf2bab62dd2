/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Entry of a bare guest: from whatever byte order the loader enters in, to little-endian C on a
 * stack of its own. Position-independent; data translation is off throughout.
 */
    .section .head, "ax"
    .globl _start
_start:
    .long   0x48000008      /* little-endian: skip the next word; big-endian: a trap that never traps */
    .long   0x0c000048      /* big-endian: branch to be_entry, 12 bytes on */
    b       le_entry
    .long   0x60000000
    /* be_entry: the instructions below are stored byte-swapped; they flip MSR[LE] and return
       to le_entry, which stands right behind them. */
    .long   0xa600607d      /* mfmsr  r11 */
    .long   0x01006b69      /* xori   r11,r11,1 */
    .long   0xa6037b7d      /* mtsrr1 r11 */
    .long   0x05009f42      /* bcl    20,31,.+4 */
    .long   0xa602487d      /* mflr   r10 */
    .long   0x10004a39      /* addi   r10,r10,16 */
    .long   0xa6035a7d      /* mtsrr0 r10 */
    .long   0x2400004c      /* rfid */
le_entry:
    mftb    3               /* the first thing the guest does is to look at the clock */
    mfmsr   4               /* firmware may enter in 32-bit mode */
    li      5, 1
    rldicr  5, 5, 63, 0
    or      4, 4, 5
    mtmsrd  4
    bcl     20, 31, 1f
1:  mflr    10
    addis   2, 10, (.TOC. - 1b)@ha
    addi    2, 2, (.TOC. - 1b)@l
    addis   1, 2, guest_stack_end@toc@ha
    addi    1, 1, guest_stack_end@toc@l
    addi    1, 1, -128
    li      0, 0
    std     0, 0(1)
    bl      guest_main
    nop
1:  b       1b

    .globl hcall
    /* hcall(nr, words): words[0..8] are R4..R12 in and out; returns R3 */
hcall:
    mflr    0
    std     0, 16(1)
    std     4, -8(1)
    mr      11, 4
    ld      4, 0(11)
    ld      5, 8(11)
    ld      6, 16(11)
    ld      7, 24(11)
    ld      8, 32(11)
    ld      9, 40(11)
    ld      10, 48(11)
    ld      12, 64(11)
    ld      11, 56(11)
    sc      1
    ld      0, -8(1)
    mtctr   11
    mr      11, 0
    std     4, 0(11)
    std     5, 8(11)
    std     6, 16(11)
    std     7, 24(11)
    std     8, 32(11)
    std     9, 40(11)
    std     10, 48(11)
    std     12, 64(11)
    mfctr   0
    std     0, 56(11)
    ld      0, 16(1)
    mtlr    0
    blr

    .section .bss
    .balign 16
    .space  16384
guest_stack_end:
    .section .note.GNU-stack, "", @progbits
