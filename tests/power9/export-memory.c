// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Hands standard input to whoever can read this machine's physical memory.
 *
 * It reads everything into memory, prints where that is ("TAG memory PHYSICAL
 * BYTES", in order, then "TAG end BYTES CRC", the CRC being that of POSIX
 * cksum) and stays until it is killed. tests/power9/run lets the emulator save
 * those ranges, which is some hundred times faster than the console. It runs
 * inside the emulated POWER9 host only, as root, and is of no use elsewhere.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define ROOM     (64ull << 30) /* address space, bytes; not memory */
#define PRESENT  (1ull << 63)  /* pagemap: the page is in memory */
#define PFN_MASK ((1ull << 55) - 1)

static void
fail(const char *what)
{
    perror(what);
    exit(1);
}

static uint32_t
crc_update(uint32_t crc, uint8_t byte)
{
    crc ^= (uint32_t)byte << 24;
    for (int bit = 0; bit < 8; bit++)
        crc = (crc & 0x80000000u) ? (crc << 1) ^ 0x04c11db7u : crc << 1;
    return crc;
}

static uint32_t
posix_cksum(const uint8_t *data, size_t size)
{
    uint32_t table[256], crc = 0;

    for (unsigned i = 0; i < 256; i++)
        table[i] = crc_update(0, (uint8_t)i);
    for (size_t i = 0; i < size; i++)
        crc = (crc << 8) ^ table[(crc >> 24) ^ data[i]];
    for (size_t rest = size; rest != 0; rest >>= 8)
        crc = (crc << 8) ^ table[(crc >> 24) ^ (rest & 0xff)];
    return ~crc;
}

static size_t
read_all(uint8_t *data)
{
    size_t size = 0;
    ssize_t got;

    while ((got = read(STDIN_FILENO, data + size, 1 << 20)) > 0)
        size += (size_t)got;
    if (got < 0)
        fail("read");
    return size;
}

static uint64_t
physical(int pagemap, const uint8_t *at, size_t page)
{
    uint64_t entry = 0;
    off_t where = (off_t)((uintptr_t)at / page * sizeof entry);

    if (pread(pagemap, &entry, sizeof entry, where) != sizeof entry)
        fail("pagemap");
    if (!(entry & PRESENT) || !(entry & PFN_MASK)) {
        fputs("pagemap: page is not in memory\n", stderr);
        exit(1);
    }
    return (entry & PFN_MASK) * page;
}

static void
print_ranges(const char *tag, const uint8_t *data, size_t size)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    uint64_t start = 0, length = 0;
    int pagemap = open("/proc/self/pagemap", O_RDONLY);

    if (pagemap < 0)
        fail("pagemap");
    for (size_t done = 0; done < size; done += page) {
        uint64_t at = physical(pagemap, data + done, page);
        size_t part = size - done < page ? size - done : page;

        if (length != 0 && at != start + length) {
            printf("%s memory %llu %llu\n", tag, (unsigned long long)start,
                   (unsigned long long)length);
            length = 0;
        }
        if (length == 0)
            start = at;
        length += part;
    }
    if (length != 0)
        printf("%s memory %llu %llu\n", tag, (unsigned long long)start, (unsigned long long)length);
    close(pagemap);
}

int
main(int argc, char **argv)
{
    uint8_t *data;
    size_t size;

    if (argc != 2) {
        fputs("usage: export-memory TAG\n", stderr);
        return 2;
    }
    data = mmap(NULL, ROOM, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
                0);
    if (data == MAP_FAILED)
        fail("mmap");
    madvise(data, ROOM, MADV_HUGEPAGE); /* few long ranges; may fail */
    size = read_all(data);
    if (size != 0 && mlock(data, size) != 0)
        fail("mlock");
    print_ranges(argv[1], data, size);
    printf("%s end %zu %u\n", argv[1], size, posix_cksum(data, size));
    fflush(stdout);
    for (;;)
        pause();
}
