/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QMP's questions about this machine. Answers have the members QEMU's clients expect; what QEMU
 * has no name for begins with x-.
 */
#include "vmm/monitor/commands.h"
#include <stdio.h>

json_t *
qmp_version(void)
{
    gint major = 0, minor = 0, micro = 0;

    /* Clients look for the numbers below "qemu"; the package says whose they are. */
    sscanf(PACKAGE_VERSION, "%d.%d.%d", &major, &minor, &micro);
    return json_pack("{s:{s:i,s:i,s:i},s:s}", "qemu", "major", major, "minor", minor, "micro",
                     micro, "package", "spapr-vmm " PACKAGE_VERSION);
}

json_t *
qmp_query_version(Vm *vm, json_t *arguments, GError **error)
{
    return qmp_version();
}

json_t *
qmp_query_status(Vm *vm, json_t *arguments, GError **error)
{
    RunState state = vm_state(vm);

    return json_pack("{s:s,s:b}", "status", runstate_name(state), "running",
                     runstate_runs_vcpus(state));
}

json_t *
qmp_query_cpus_fast(Vm *vm, json_t *arguments, GError **error)
{
    json_t *list = json_array();

    for (guint i = 0; i < vm_n_vcpus(vm); i++) {
        VmVcpuInfo info = vm_vcpu_info(vm, i);
        g_autofree char *path = g_strdup_printf("/machine/vcpu[%u]", info.index);
        json_t *vcpu =
            json_pack("{s:I,s:s,s:i,s:{s:I},s:s,s:b}", "cpu-index", (json_int_t)info.index,
                      "qom-path", path, "thread-id", info.thread_id, "props", "core-id",
                      (json_int_t)info.id, "target", "ppc64", "x-started", info.started);

        json_array_append_new(list, vcpu);
    }
    return list;
}

json_t *
qmp_query_name(Vm *vm, json_t *arguments, GError **error)
{
    const char *name = vm_options(vm)->name;
    json_t *answer = json_object();

    if (name != NULL)
        json_object_set_new(answer, "name", qmp_text(name));
    return answer;
}

json_t *
qmp_query_uuid(Vm *vm, json_t *arguments, GError **error)
{
    const guint8 *uuid = vm_options(vm)->uuid; /* zero without -uuid, as QEMU answers */
    GString *text = g_string_new(NULL);
    json_t *answer;

    for (guint i = 0; i < 16; i++) {
        const char *dash = i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "";

        g_string_append_printf(text, "%s%02x", dash, uuid[i]);
    }
    answer = json_pack("{s:s}", "UUID", text->str);
    g_string_free(text, TRUE);
    return answer;
}

json_t *
qmp_query_target(Vm *vm, json_t *arguments, GError **error)
{
    return json_pack("{s:s}", "arch", "ppc64");
}

static json_t *
readable(Vm *vm, void (*print)(Vm *vm, GString *text))
{
    GString *text = g_string_new(NULL);
    json_t *answer = json_object();

    print(vm, text);
    json_object_set_new(answer, "human-readable-text", qmp_text(text->str));
    g_string_free(text, TRUE);
    return answer;
}

json_t *
qmp_query_irq(Vm *vm, json_t *arguments, GError **error)
{
    return readable(vm, vm_print_irq);
}

json_t *
qmp_query_memory_map(Vm *vm, json_t *arguments, GError **error)
{
    return readable(vm, vm_print_memory);
}
