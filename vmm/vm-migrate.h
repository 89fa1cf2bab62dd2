/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The migration of a VM, as its monitor and its command line ask for it: at most one, outgoing or
 * incoming, at a time.
 *
 * Not here: what happens on the wire (migration-glue), where guest memory is (mig-ram.c), how
 * answers look (monitor/migrate.c). Every call is made on the main thread under the machine lock,
 * and none waits for the other side.
 */
#ifndef VMM_VM_MIGRATE_H
#define VMM_VM_MIGRATE_H

#include "migration-glue/params.h"
#include "migration-glue/stats.h"
#include "vmm/vm.h"

/** vm_migrate_params: capabilities and parameters of every migration of @vm. (transfer none) */
MigParams *vm_migrate_params(Vm *vm);

/** vm_migrate_set_capabilities: all of @changes or none; refused while a migration runs. */
gboolean
vm_migrate_set_capabilities(Vm *vm, const MigCapabilityChange *changes, guint n, GError **error);

/**
 * vm_migrate: begins to migrate to @uri; the guest runs on if it runs.
 * Refused: while a migration runs or its handover is unknown, while one of vm_migrate_blockers()
 * stands, in a run state without a guest, for a bad @uri.
 */
gboolean vm_migrate(Vm *vm, const char *uri, GError **error);

/** vm_migrate_cancel: asks the running migration to end; nothing if there is none. */
void vm_migrate_cancel(Vm *vm);

/** vm_migrate_continue: out of @state, which must be MIG_STATUS_PRE_SWITCHOVER and the present one.
 */
gboolean vm_migrate_continue(Vm *vm, MigStatus state, GError **error);

/** vm_migrate_start_postcopy: the guest goes over now, its memory follows. */
gboolean vm_migrate_start_postcopy(Vm *vm, GError **error);
/** vm_migrate_resume: a paused postcopy goes on, at its source. */
gboolean vm_migrate_resume(Vm *vm, const char *uri, GError **error);
/** vm_migrate_recover: it listens at @uri for that, at its destination. */
gboolean vm_migrate_recover(Vm *vm, const char *uri, GError **error);
/** vm_migrate_pause: breaks the connection of a postcopy, on either side. */
gboolean vm_migrate_pause(Vm *vm, GError **error);

/** vm_migrate_misses_memory: memory of the guest has not come, and there is no connection by which
 * it could: what needs vCPUs to leave the guest, or its memory, would wait; @error says what to do.
 */
gboolean vm_migrate_misses_memory(const Vm *vm, GError **error);

/** vm_migrate_arrives: the guest was restored, and its memory still comes from its file. */
gboolean vm_migrate_arrives(const Vm *vm);

/** vm_migrate_decide: the operator's word on an unknown handover; @ours: the guest goes on here. */
gboolean vm_migrate_decide(Vm *vm, gboolean ours, GError **error);

/** vm_migrate_incoming: listens at @uri; only after `-incoming defer`, once, or again after a load
 * that failed. @end_if_it_fails: the VM ends with status 1 then; else it is as new. */
gboolean vm_migrate_incoming(Vm *vm, const char *uri, gboolean end_if_it_fails, GError **error);

typedef struct {
    gboolean known; /* FALSE: there was no migration yet */
    gboolean incoming;
    gboolean arrives; /* the guest runs, and its memory still comes from a file */
    char *uri;        /* incoming: where it listens, or NULL */
    MigStats stats;
} VmMigrateInfo;

/** vm_migrate_info: the present migration, or the last one. vm_migrate_info_clear() it. */
void vm_migrate_info(Vm *vm, VmMigrateInfo *info);
void vm_migrate_info_clear(VmMigrateInfo *info);

/**
 * vm_migrate_blockers: why the guest cannot migrate now, NULL-terminated, empty if it can; e.g.
 * memory that is not registered; while a migration waits for the guest's walk of a connector, which
 * one. (transfer full)
 */
char **vm_migrate_blockers(Vm *vm);

/** vm_migrate_is_running: between setup and end; nothing may be plugged or removed. */
gboolean vm_migrate_is_running(const Vm *vm);
/** vm_migrate_settle: one that is over for those who ask does not run any more: whoever has seen
 * its end may plug, or begin the next one. Main thread; releases the machine lock meanwhile. */
void vm_migrate_settle(Vm *vm);

/** vm_migrate_holds_guest: `cont` must be refused; @error says why and what to do. */
gboolean vm_migrate_holds_guest(const Vm *vm, GError **error);

/** vm_migrate_give_fd: `getfd`: @fd is ours from now on; one that had @name is closed. */
void vm_migrate_give_fd(Vm *vm, const char *name, int fd);
/** vm_migrate_close_fd: `closefd`. */
gboolean vm_migrate_close_fd(Vm *vm, const char *name, GError **error);

/** vm_dump_description: -dump-vmstate: what the machine would send, as JSON in QEMU's format, to
 * @path; "-" is standard output. */
gboolean vm_dump_description(Vm *vm, const char *path, GError **error);

#endif
