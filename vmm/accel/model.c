/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The model accelerator: options, opening and closing, and the class.
 *
 * What it is for: running machine, module and migration on a host without POWER9, with vCPUs that
 * play a script. See model.h for its parts and docs/model-script.md for the language.
 */
#include "vmm/accel/model.h"

#include <string.h>

#define VPS_DEFAULT  0x80000u /* of a POWER9 system */
#define IRQS_DEFAULT 0x100000u

/* ---- options ------------------------------------------------------------------------------- */

static gboolean
refuse(GError **error, const char *key, const char *value, const char *why)
{
    g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "-accel model,%s=%s: %s", key,
                value, why);
    return FALSE;
}

static gboolean
set_number(guint32 *number, const char *key, const char *value, guint32 max, GError **error)
{
    gboolean hex = g_str_has_prefix(value, "0x");
    g_autofree char *why = g_strdup_printf("write a number from 1 to %u", max);
    guint64 parsed;

    if (!g_ascii_string_to_unsigned(hex ? value + 2 : value, hex ? 16 : 10, 1, max, &parsed, NULL))
        return refuse(error, key, value, why);
    *number = (guint32)parsed;
    return TRUE;
}

static gboolean
set_script_file(Model *model, const char *key, const char *value, GError **error)
{
    model->script = model_script_load(value, error);
    return model->script != NULL;
}

static gboolean
set_fault(Model *model, const char *key, const char *value, GError **error)
{
    model->fault = accel_fault_new(value, error);
    return model->fault != NULL;
}

static gboolean
set_vps(Model *model, const char *key, const char *value, GError **error)
{
    return set_number(&model->vps, key, value, G_MAXUINT32, error);
}

static gboolean
set_irqs(Model *model, const char *key, const char *value, GError **error)
{
    return set_number(&model->irqs, key, value, G_MAXUINT32, error);
}

static gboolean
set_max_vcpus(Model *model, const char *key, const char *value, GError **error)
{
    return set_number(&model->info.max_vcpus, key, value, MODEL_MAX_VCPU_ID, error);
}

static gboolean
set_fwnmi(Model *model, const char *key, const char *value, GError **error)
{
    if (strcmp(value, "on") != 0 && strcmp(value, "off") != 0)
        return refuse(error, key, value, "write on or off");
    model->info.have_fwnmi = strcmp(value, "on") == 0;
    return TRUE;
}

typedef struct {
    const char *key;
    gboolean (*set)(Model *model, const char *key, const char *value, GError **error);
} OptionRow;

static const OptionRow options[] = {
    {"script", set_script_file}, /* what the vCPUs play */
    {"x-fault", set_fault},      /* CALL:N:ERRNO or count */
    {"x-vps", set_vps},          /* virtual processors of the interrupt controller */
    {"x-irqs", set_irqs},        /* its hardware interrupts */
    {"x-fwnmi", set_fwnmi},      /* off: as a kernel that brings machine checks to the guest only */
    {"max-vcpus", set_max_vcpus},
};

static gboolean
set_option(Model *model, const char *key, const char *value, GError **error)
{
    for (gsize i = 0; i < G_N_ELEMENTS(options); i++) {
        if (strcmp(options[i].key, key) == 0)
            return options[i].set(model, key, value, error);
    }
    return refuse(error, key, value,
                  "there are script, x-fault, x-vps, x-irqs, x-fwnmi and max-vcpus");
}

/* ---- opening and closing ------------------------------------------------------------------- */

static const VdevCpuInfo info_default = {
    .pvr = MODEL_PVR,
    .timebase_hz = MODEL_TIMEBASE_HZ,
    .n_ap_encodings = 4,
    /* log2 of the page size, and above it the encoding: 4 KiB, 64 KiB, 2 MiB, 1 GiB */
    .ap_encodings = {0x0000000c, 0xa0000010, 0x20000015, 0x4000001e},
    .host_page_shift = MODEL_PAGE_SHIFT,
    .max_vcpus = MODEL_MAX_VCPUS,
    .have_fwnmi = TRUE,
};

static Model *
model_make(void)
{
    Model *model = g_new0(Model, 1);

    model->accel.klass = &model_accel_class;
    model->info = info_default;
    model->vps = VPS_DEFAULT;
    model->irqs = IRQS_DEFAULT;
    model->irqfds = model_irqfds_new(model);
    g_mutex_init(&model->lock);
    g_cond_init(&model->wake);
    model->slots = g_ptr_array_new_with_free_func(model_slot_free);
    model->vcpus = g_ptr_array_new_with_free_func(model_vcpu_destroy);
    model->enabled_hcalls = g_hash_table_new(NULL, NULL);
    return model;
}

static void
model_close(Accel *accel)
{
    Model *model = (Model *)accel;
    g_autofree char *report = NULL;

    if (model == NULL)
        return;
    model_irqfds_free(model->irqfds);
    g_assert(model->xive == NULL); /* devices and regions are gone */
    g_ptr_array_free(model->vcpus, TRUE);
    g_ptr_array_free(model->slots, TRUE);
    g_hash_table_destroy(model->enabled_hcalls);
    model_script_free(model->script);
    g_cond_clear(&model->wake);
    g_mutex_clear(&model->lock);
    report = accel_fault_report(model->fault);
    if (report != NULL)
        g_printerr("%s", report);
    accel_fault_free(model->fault);
    g_free(model);
}

static gboolean
set_options(Model *model, GHashTable *given, GError **error)
{
    GHashTableIter iter;
    gpointer key, value;

    if (given == NULL)
        return TRUE;
    g_hash_table_iter_init(&iter, given);
    while (g_hash_table_iter_next(&iter, &key, &value)) {
        if (!set_option(model, key, value, error))
            return FALSE;
    }
    return TRUE;
}

static Accel *
model_open(const AccelConfig *config, GError **error)
{
    Model *model = model_make();
    gint injected;

    if (!set_options(model, config->options, error)) {
        model_close(&model->accel);
        return NULL;
    }
    injected = accel_fault_strikes(model->fault, ACCEL_CALL_OPEN);
    if (injected != 0) {
        g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(-injected),
                    "opening the model: %s", g_strerror(-injected));
        model_close(&model->accel);
        return NULL;
    }
    if (config->max_cpus > model->info.max_vcpus) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "-smp asks for %u vCPUs; the model holds %u (-accel model,max-vcpus=)",
                    config->max_cpus, model->info.max_vcpus);
        model_close(&model->accel);
        return NULL;
    }
    return &model->accel;
}

static const VdevCpuInfo *
model_cpu_info(Accel *accel)
{
    return &((Model *)accel)->info;
}

/* The host's monotonic clock in ticks; whole seconds apart, lest the product overflow. */
static guint64
model_timebase(Accel *accel)
{
    guint64 us = (guint64)g_get_monotonic_time();

    return us / G_USEC_PER_SEC * MODEL_TIMEBASE_HZ +
           us % G_USEC_PER_SEC * MODEL_TIMEBASE_HZ / G_USEC_PER_SEC;
}

gboolean
model_set_script(Accel *accel, const char *name, const char *text, GError **error)
{
    Model *model = (Model *)accel;
    ModelScript *script = model_script_parse(name, text, error);

    if (script == NULL)
        return FALSE;
    model_script_free(model->script);
    model->script = script;
    return TRUE;
}

const AccelClass model_accel_class = {
    .name = "model",
    .help = "KVM's interface in software; vCPUs play a script (script=FILE)",
    .scripted = TRUE,
    .open = model_open,
    .close = model_close,
    .cpu_info = model_cpu_info,
    .timebase = model_timebase,
    .memory_set = model_memory_set,
    .dirty_log_get = model_dirty_log_get,
    .enable_hcall = model_enable_hcall,
    .set_mmu = model_set_mmu,
    .vcpu_new = model_vcpu_new,
    .vcpu_free = model_vcpu_free,
    .vcpu_enable_fwnmi = model_vcpu_enable_fwnmi,
    .vcpu_get = model_vcpu_get,
    .vcpu_set = model_vcpu_set,
    .vcpu_run = model_vcpu_run,
    .vcpu_complete = model_vcpu_complete,
    .vcpu_kick = model_vcpu_kick,
    .kdev_new = model_kdev_new,
    .kdev_free = model_kdev_free,
    .kdev_set = model_kdev_set,
    .kdev_get = model_kdev_get,
    .kdev_connect = model_kdev_connect,
    .irqfd = model_irqfd,
    .region_new = model_region_new,
    .region_free = model_region_free,
    .region_load64 = model_region_load64,
    .region_store64 = model_region_store64,
    .region_faults = model_region_faults,
};
