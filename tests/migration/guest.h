/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest of a test: a spapr-vmm process on the model, its QMP socket, and its memory, which is a
 * file that the test sees too.
 *
 * All waiting is for a state that must come. It ends at a deadline with a failed test, which shows
 * what every guest of the rig says of itself; nothing is judged by how long it took.
 */
#ifndef TESTS_MIGRATION_GUEST_H
#define TESTS_MIGRATION_GUEST_H

#include <glib.h>
#include <jansson.h>

#define MIB (G_GUINT64_CONSTANT(1) << 20)

/* What all guests of a test have in common. */
typedef struct {
    char *dir;         /* for sockets, memory, logs; removed by rig_clear() */
    GPtrArray *guests; /* Guest, those that were not freed */
} GuestRig;

/** guest_test_init: as g_test_init(); what is left are the paths of VMM, modules and script. */
void guest_test_init(int *argc, char ***argv);

void rig_init(GuestRig *rig);
void rig_clear(GuestRig *rig);
/** rig_path: of @name in the rig's directory. (transfer full) */
char *rig_path(const GuestRig *rig, const char *name);

typedef struct {
    const char *name;
    guint64 size;        /* of memory, bytes; 0: 256 MiB */
    const char *machine; /* NULL: pseries */
    const char *smp;     /* NULL: 1 */
    const char *incoming;
    gboolean paused;
    gboolean console;           /* a terminal that goes nowhere */
    const char *const *options; /* more of the command line, NULL-terminated; or NULL */
    gboolean unseen;            /* the test has no view of its memory, which costs time */
    const char *backend;        /* nor of this one: its -object, without id and size; or NULL */
    int fd;                     /* > 2: the child keeps it */
    guint64 file_limit;         /* bytes; 0: none */
} GuestSpec;

typedef struct Guest Guest;

Guest *guest_start(const GuestRig *rig, const GuestSpec *spec);
/** guest_free: ends it, if it has not ended. */
void guest_free(Guest *guest);

/** guest_give_up: fails the test, with the states and the logs of all guests of the rig. */
void guest_give_up(Guest *guest, const char *format, ...) G_GNUC_PRINTF(2, 3) G_GNUC_NORETURN;

/** guest_wait: until @is says so. @what: in words */
void
guest_wait(Guest *guest, gboolean (*is)(Guest *guest, void *user), void *user, const char *what);

/** guest_ask: one command. Returns: what it returned, or NULL with *@error its description. */
json_t *guest_ask(Guest *guest, const char *command, json_t *arguments, char **error);
/** guest_do: one that must succeed. */
void guest_do(Guest *guest, const char *command, json_t *arguments);
/** guest_give: getfd or add-fd: @arguments go with @fd, a copy of which the guest has then. */
void guest_give(Guest *guest, const char *command, json_t *arguments, int fd);
/** guest_refuses: one that must fail; its description. (transfer full) */
char *guest_refuses(Guest *guest, const char *command, json_t *arguments);

/** guest_run_state: query-status. (transfer full) */
char *guest_run_state(Guest *guest);
void guest_wait_run_state(Guest *guest, const char *state);

/** guest_migration: query-migrate's status; *@error its error-desc or NULL. (transfer full) */
char *guest_migration(Guest *guest, char **error);
void guest_wait_migration(Guest *guest, const char *status);
/** guest_wait_over: completed, failed, cancelled or postcopy-paused. (transfer full) */
char *guest_wait_over(Guest *guest, char **error);

/** guest_event_us: wall clock of the last event @name, 0: there was none. */
gint64 guest_event_us(Guest *guest, const char *name);

void guest_kill(Guest *guest); /* SIGKILL, and waits */
/** guest_wait_exit: its exit status; −1: a signal. */
int guest_wait_exit(Guest *guest);
/** guest_log: what it said on standard error. (transfer full) */
char *guest_log(Guest *guest);

/** guest_poke: 64 bits, big-endian, as if by the guest's own device; no dirty log knows of it. */
void guest_poke(Guest *guest, guint64 gpa, guint64 value);

/** guest_assert_same_memory: byte for byte; both are stopped. */
void guest_assert_same_memory(Guest *a, Guest *b);

#endif
