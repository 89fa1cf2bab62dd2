/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line, parsed: QEMU's conventions, no defaults filled in that another layer knows
 * better, nothing opened.
 */
#ifndef VMM_OPTIONS_H
#define VMM_OPTIONS_H

#include <glib.h>

/* NAME[,key=value…] of -M, -accel, -device, -object; keys in the order given, last one wins. */
typedef struct {
    char *name;
    GPtrArray *keys;   /* char *, owned */
    GPtrArray *values; /* char *, owned; same length */
} OptionItem;

typedef struct {
    OptionItem *machine;    /* or NULL: the newest row */
    GPtrArray *accels;      /* OptionItem; tried in order; empty: kvm, then nothing */
    char *cpu;              /* or NULL: host */
    guint32 cpus, max_cpus; /* 1 ≤ cpus ≤ max_cpus */
    gboolean have_ram_size; /* -m was given */
    guint64 ram_size;       /* bytes */
    guint64 max_ram_size;   /* bytes, ≥ ram_size */
    guint32 ram_slots;
    char *mem_path; /* or NULL */
    gboolean mem_prealloc;
    GPtrArray *objects; /* OptionItem */
    GPtrArray *devices; /* OptionItem */
    char *kernel, *initrd, *append;
    char *serial; /* stdio, file:…, unix:…, pty, none; NULL: stdio with -nographic, else none */
    gboolean nographic;     /* a stdio console is raw, and Ctrl-A x ends the VM */
    GPtrArray *qmp;         /* char *, unparsed: unix:PATH,server=on,wait=off or stdio */
    GPtrArray *module_dirs; /* char * */
    char *name;
    guint8 uuid[16];
    gboolean have_uuid;
    gboolean start_paused; /* -S */
    char *incoming;        /* URI, or "defer"; NULL: the guest starts here */
    gboolean only_migratable;
    GPtrArray *migration_globals; /* char *, NAME=VALUE of -global migration.NAME=VALUE */
    char *dump_vmstate;           /* file to describe the machine's state in, or NULL */
    gboolean no_reboot;
    guint32 log_kinds; /* bit n = VdevLogKind n */
    char *pidfile;
} Options;

#define OPTION_INCOMING_DEFER "defer"

typedef enum { OPTIONS_RUN, OPTIONS_DONE, OPTIONS_BAD } OptionsVerdict;

/**
 * options_parse: @argv into @options.
 *
 * Returns: OPTIONS_DONE when help or version was printed (exit 0), OPTIONS_BAD with @error set
 * (exit 2). In every case options_clear() frees.
 */
OptionsVerdict options_parse(Options *options, int argc, char **argv, GError **error);
void options_clear(Options *options);

/**
 * option_item_parse:
 * @text: NAME[,key=value…]; ",," stands for a comma; "key" alone is key=on, "nokey" is not special
 *
 * NAME is what stands before the first comma if it holds no '='; otherwise the name is NULL.
 * Errors: VM_ERROR_USAGE; an empty key, an empty element.
 */
OptionItem *option_item_parse(const char *text, GError **error);
void option_item_free(OptionItem *item); /* NULL-safe */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OptionItem, option_item_free)

/** option_item_get: the last value of @key, or NULL. (transfer none) */
const char *option_item_get(const OptionItem *item, const char *key);

/**
 * option_item_take: as option_item_get(), and removes every value of @key from @item.
 * (transfer full)
 */
char *option_item_take(OptionItem *item, const char *key);

#endif
