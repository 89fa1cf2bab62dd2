/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * spapr-vmm: parse, build, load, run. The only file that ends the process.
 *
 * Exit status: 0 the guest ended, 1 host trouble, 2 the command line is wrong.
 */
#include <signal.h>
#include <stdio.h>

#include "vmm/machine.h"
#include "vmm/monitor/qmp.h"
#include "vmm/pidfile.h"
#include "vmm/vm-accel.h"
#include "vmm/vm-migrate.h"

/* A module speaks of the host in a domain of its own (vdev/device.h). */
static int
report(const GError *error)
{
    gboolean host = (error->domain == VM_ERROR && error->code == VM_ERROR_HOST) ||
                    error->domain == G_FILE_ERROR;

    fprintf(stderr, "spapr-vmm: %s\n", error->message);
    return host ? 1 : 2;
}

/* Help that the loaded modules and accelerators have to give. */
static int
help(const Options *options, GError **error)
{
    g_autoptr(GPtrArray) path = module_search_path(options->module_dirs);
    g_autoptr(GString) text = g_string_new(NULL);
    ModuleSet *modules = NULL;

    if (vm_accel_help_wanted(options))
        vm_accel_help(text);
    else if ((modules = module_set_load(path, G_MAXUINT32, error)) != NULL)
        machine_help(options, modules, text, error);
    module_set_free(modules);
    fputs(text->str, stdout);
    return 0;
}

static gboolean
open_monitors(Vm *vm, GPtrArray *servers, GError **error)
{
    const GPtrArray *specs = vm_options(vm)->qmp;

    for (guint i = 0; i < specs->len; i++) {
        QmpServer *server = qmp_server_new(vm, specs->pdata[i], error);

        if (server == NULL)
            return FALSE;
        g_ptr_array_add(servers, server);
    }
    return TRUE;
}

static int
run(const Options *options, GError **error)
{
    GPtrArray *servers = g_ptr_array_new_with_free_func((GDestroyNotify)qmp_server_free);
    Vm *vm = vm_new(options, error);
    int status = 0;

    if (vm != NULL && options->dump_vmstate != NULL)
        vm_dump_description(vm, options->dump_vmstate, error);
    else if (vm != NULL && open_monitors(vm, servers, error) &&
             pidfile_write(options->pidfile, error) && vm_begin(vm, error))
        status = vm_run(vm);
    pidfile_remove(options->pidfile);
    g_ptr_array_unref(servers);
    vm_free(vm);
    return status;
}

int
main(int argc, char **argv)
{
    Options options;
    GError *error = NULL;
    OptionsVerdict verdict = options_parse(&options, argc, argv, &error);
    int status = 0;

    signal(SIGPIPE, SIG_IGN);
    if (verdict == OPTIONS_RUN && (vm_accel_help_wanted(&options) || machine_help_wanted(&options)))
        status = help(&options, &error);
    else if (verdict == OPTIONS_RUN)
        status = run(&options, &error);
    if (error != NULL)
        status = report(error);
    g_clear_error(&error);
    options_clear(&options);
    return status;
}
