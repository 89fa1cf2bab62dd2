/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzzer: spapr-stream on any bytes. Whatever they are: it ends, says in one line what is wrong and
 * where, and a stream that can be read does not differ from itself.
 *
 * The first byte says what stands before the rest: bit 0, nothing; else header and, by the other
 * bits, the configuration of one of the machine types.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "migration-glue/rules.h"
#include "tools/stream-commands.h"
#include "vdev/module.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static GByteArray *
stream_of(const uint8_t *data, size_t size)
{
    GByteArray *bytes = g_byte_array_new();
    gsize n;
    const VmsStreamRules *rules = mig_rules_all(&n);
    guint32 length;

    rules += (data[0] >> 1) % n;
    if ((data[0] & 1) == 0)
        g_byte_array_append(bytes, (const guint8 *)"QEVM\0\0\0\3", 8);
    if ((data[0] & 1) == 0 && rules->configuration) {
        length = GUINT32_TO_BE((guint32)strlen(rules->machine));
        g_byte_array_append(bytes, (const guint8 *)"\x07", 1);
        g_byte_array_append(bytes, (const guint8 *)&length, sizeof(length));
        g_byte_array_append(bytes, (const guint8 *)rules->machine, (guint)strlen(rules->machine));
    }
    g_byte_array_append(bytes, data + 1, (guint)size - 1);
    return bytes;
}

static void
check_error(gboolean good, GError *error)
{
    g_assert_cmpint(good, ==, error == NULL);
    if (!good)
        g_assert_true(error->message[0] != '\0' && strchr(error->message, '\n') == NULL);
    g_clear_error(&error);
}

static StreamTables *
make_tables(void)
{
    static const VdevHost host = {.abi = VDEV_ABI, .size = sizeof(host)};

    return stream_tables_new(vdev_module_v1(&host, NULL));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static StreamTables *tables;
    static FILE *out;
    g_autoptr(GByteArray) bytes = NULL;
    StreamRequest request = {0};
    gboolean all, yes, same, good;
    GError *error = NULL;

    if (size == 0)
        return 0;
    if (tables == NULL) {
        tables = make_tables();
        out = fopen("/dev/null", "w");
    }
    bytes = stream_of(data, size);
    request = (StreamRequest){.tables = tables, .out = out};
    request.json = TRUE;
    good = stream_inspect(&request, stream_input_memory(bytes, 0, "fuzz"), &all, &error);
    check_error(good, error);
    error = NULL;
    request.reader = (data[0] & 2) != 0 ? "spapr-vmm" : "qemu";
    good = stream_check(&request, stream_input_memory(bytes, 0, "fuzz"), &yes, &error);
    check_error(good, error);
    error = NULL;
    good = stream_diff(&request, stream_input_memory(bytes, 0, "a"),
                       stream_input_memory(bytes, 0, "b"), &same, &error);
    g_assert_true(!good || same);
    check_error(good, error);
    return 0;
}
