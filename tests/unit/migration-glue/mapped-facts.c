/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A second opinion on mapped-ram files.
 */
#include "tests/unit/migration-glue/mapped-facts.h"

#include <string.h>

#define PAGE 4096u
#define MIB  1048576u

typedef struct {
    const guint8 *bytes;
    gsize n, at;
} Reader;

static guint64
take(Reader *reader, guint width)
{
    guint64 value = 0;

    g_assert_cmpuint(reader->at + width, <=, reader->n);
    for (guint i = 0; i < width; i++)
        value = value << 8 | reader->bytes[reader->at++];
    return value;
}

static void
take_text(Reader *reader, gsize n, char text[256])
{
    g_assert_cmpuint(n, >, 0);
    g_assert_cmpuint(n, <, 256);
    g_assert_cmpuint(reader->at + n, <=, reader->n);
    memcpy(text, reader->bytes + reader->at, n);
    text[n] = 0;
    reader->at += n;
}

static void
expect_text(Reader *reader, gsize n, const char *expected)
{
    char text[256];

    take_text(reader, n, text);
    g_assert_cmpstr(text, ==, expected);
}

#define expect(reader, width, value) g_assert_cmphex(take(reader, width), ==, value)

/* --- Reading -------------------------------------------------------------------------------- */

static void
read_configuration(Reader *reader, FactsFile *file)
{
    expect(reader, 1, 0x07);
    take_text(reader, take(reader, 4), file->machine);
    expect(reader, 1, 0x05);
    expect_text(reader, take(reader, 1), "configuration/capabilities");
    expect(reader, 4, 1);
    expect(reader, 4, 1);
    expect_text(reader, take(reader, 1), "mapped-ram");
}

static void
read_pages(const Reader *reader, FactsBlock *block)
{
    block->memory = g_malloc0(block->length);
    for (guint64 page = 0; page < block->length / PAGE; page++) {
        if ((reader->bytes[block->bitmap_at + page / 8] >> (page % 8) & 1) == 0)
            continue;
        block->set++;
        memcpy(block->memory + page * PAGE, reader->bytes + block->pages_at + page * PAGE, PAGE);
    }
}

static void
read_block(Reader *reader, FactsBlock *block)
{
    guint64 bitmap_n;

    take_text(reader, take(reader, 1), block->name);
    block->length = take(reader, 8);
    block->header = reader->at;
    expect(reader, 4, 1);
    expect(reader, 8, PAGE);
    block->bitmap_at = take(reader, 8);
    block->pages_at = take(reader, 8);
    bitmap_n = (block->length / PAGE + 63) / 64 * 8;
    g_assert_cmpuint(block->bitmap_at, ==, reader->at);
    g_assert_cmpuint(block->pages_at, ==, (block->bitmap_at + bitmap_n + MIB - 1) / MIB * MIB);
    g_assert_cmpuint(block->pages_at + block->length, <=, reader->n);
    read_pages(reader, block);
    reader->at = block->pages_at + block->length;
}

static void
read_ram_start(Reader *reader, FactsFile *file, guint64 *id)
{
    guint64 left;

    expect(reader, 1, 0x01);
    *id = take(reader, 4);
    expect_text(reader, take(reader, 1), "ram");
    expect(reader, 4, 0);
    expect(reader, 4, 4);
    left = take(reader, 8);
    g_assert_cmphex(left & 0xfff, ==, 0x004);
    for (left &= ~(guint64)0xfff; left > 0; left -= file->blocks[file->n++].length) {
        g_assert_cmpuint(file->n, <, FACTS_BLOCKS_MAX);
        read_block(reader, &file->blocks[file->n]);
        g_assert_cmpuint(file->blocks[file->n].length, <=, left);
    }
    expect(reader, 8, 0x010);
    expect(reader, 1, 0x7e);
    expect(reader, 4, *id);
    file->ram_end = reader->at;
}

void
facts_read(FactsFile *file, const guint8 *bytes, gsize n, gsize start)
{
    Reader reader = {bytes, n, start};
    guint64 id, other;
    guint8 tag;

    memset(file, 0, sizeof(*file));
    expect_text(&reader, 4, "QEVM");
    expect(&reader, 4, 3);
    read_configuration(&reader, file);
    read_ram_start(&reader, file, &id);
    while ((tag = (guint8)take(&reader, 1)) == 0x02) {
        expect(&reader, 4, id);
        expect(&reader, 8, 0x010);
        expect(&reader, 1, 0x7e);
        expect(&reader, 4, id);
    }
    if (tag == 0x08) { /* the switch-over command of type 10.0 */
        expect(&reader, 4, 0x000b0000);
        tag = (guint8)take(&reader, 1);
    }
    g_assert_cmphex(tag, ==, 0x03);
    expect(&reader, 4, id);
    expect(&reader, 8, 0x010);
    expect(&reader, 1, 0x7e);
    expect(&reader, 4, id);
    expect(&reader, 1, 0x04);
    other = take(&reader, 4);
    expect_text(&reader, take(&reader, 1), "rig-device");
    expect(&reader, 4, 0);
    expect(&reader, 4, 1);
    file->ticks = take(&reader, 8);
    file->mode = (guint32)take(&reader, 4);
    expect(&reader, 1, 0x7e);
    expect(&reader, 4, other);
    file->end_marker = reader.at;
    expect(&reader, 1, 0x00);
    expect(&reader, 1, 0x06);
    /* R-MRM-9: nothing behind the description, which analysis scripts look for at the end. */
    g_assert_cmpuint(take(&reader, 4), ==, n - reader.at);
    expect_text(&reader, 12, "{\"page_size\"");
}

void
facts_clear(FactsFile *file)
{
    for (guint i = 0; i < file->n; i++)
        g_free(file->blocks[i].memory);
}

/* --- Writing -------------------------------------------------------------------------------- */

static void
put(GByteArray *out, guint width, guint64 value)
{
    for (guint i = width; i-- > 0;) {
        const guint8 byte = (guint8)(value >> (8 * i));

        g_byte_array_append(out, &byte, 1);
    }
}

static void
put_text(GByteArray *out, guint width, const char *text)
{
    put(out, width, strlen(text));
    g_byte_array_append(out, (const guint8 *)text, (guint)strlen(text));
}

static void
fill_to(GByteArray *out, gsize n, guint8 byte)
{
    const guint had = out->len;

    if (n == had)
        return;
    g_byte_array_set_size(out, (guint)n);
    memset(out->data + had, byte, n - had);
}

static gboolean
is_zero(const guint8 *page)
{
    return page[0] == 0 && memcmp(page, page + 1, PAGE - 1) == 0;
}

/* What no bit points to is rubbish: old bytes of a page that became zero. */
static void
put_block(GByteArray *out, const FactsBlock *block)
{
    const guint64 pages = block->length / PAGE;
    guint64 bitmap_at, pages_at;

    put_text(out, 1, block->name);
    put(out, 8, block->length);
    bitmap_at = out->len + 28;
    pages_at = (bitmap_at + (pages + 63) / 64 * 8 + MIB - 1) / MIB * MIB;
    put(out, 4, 1);
    put(out, 8, PAGE);
    put(out, 8, bitmap_at);
    put(out, 8, pages_at);
    fill_to(out, pages_at, 0);
    fill_to(out, pages_at + block->length, 0xee);
    for (guint64 page = 0; page < pages; page++) {
        if (is_zero(block->memory + page * PAGE))
            continue;
        out->data[bitmap_at + page / 8] |= (guint8)(1u << (page % 8));
        memcpy(out->data + pages_at + page * PAGE, block->memory + page * PAGE, PAGE);
    }
}

GByteArray *
facts_write(const FactsFile *file, gsize start)
{
    const char *description = "{\"page_size\": 4096, \"devices\": []}";
    GByteArray *out = g_byte_array_new();
    guint64 total = 0;

    fill_to(out, start, 'x');
    g_byte_array_append(out, (const guint8 *)"QEVM", 4);
    put(out, 4, 3);
    put(out, 1, 0x07);
    put_text(out, 4, file->machine);
    put(out, 1, 0x05);
    put_text(out, 1, "configuration/capabilities");
    put(out, 4, 1);
    put(out, 4, 1);
    put_text(out, 1, "mapped-ram");
    for (guint i = 0; i < file->n; i++)
        total += file->blocks[i].length;
    put(out, 1, 0x01);
    put(out, 4, 77);
    put_text(out, 1, "ram");
    put(out, 4, 0);
    put(out, 4, 4);
    put(out, 8, total | 0x004);
    for (guint i = 0; i < file->n; i++)
        put_block(out, &file->blocks[i]);
    put(out, 8, 0x010);
    put(out, 1, 0x7e);
    put(out, 4, 77);
    put(out, 1, 0x03);
    put(out, 4, 77);
    put(out, 8, 0x010);
    put(out, 1, 0x7e);
    put(out, 4, 77);
    put(out, 1, 0x04);
    put(out, 4, 99);
    put_text(out, 1, "rig-device");
    put(out, 4, 0);
    put(out, 4, 1);
    put(out, 8, file->ticks);
    put(out, 4, file->mode);
    put(out, 1, 0x7e);
    put(out, 4, 99);
    put(out, 1, 0x00);
    put(out, 1, 0x06);
    put_text(out, 4, description);
    return out;
}
