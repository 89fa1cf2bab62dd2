/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Why a migration failed: one error domain for the room.
 *
 * The numbers travel to the source in the destination's last message and stand in the manual:
 * they are never reused.
 */
#ifndef MIGRATION_GLUE_ERROR_H
#define MIGRATION_GLUE_ERROR_H

#include <glib.h>

#define MIG_ERROR (mig_error_quark())

typedef enum {
    MIG_ERROR_IO = 1,           /* the channel failed: disk full, connection reset … */
    MIG_ERROR_TRUNCATED = 2,    /* the stream ends too early */
    MIG_ERROR_FORMAT = 3,       /* bytes that no sender writes at this place */
    MIG_ERROR_VERSION = 4,      /* section newer or older than this reader knows */
    MIG_ERROR_UNKNOWN = 5,      /* section or subsection that this machine does not have */
    MIG_ERROR_MISMATCH = 6,     /* configured otherwise: machine, capability, size, identity */
    MIG_ERROR_VALUE = 7,        /* a value or count out of its range */
    MIG_ERROR_STATE = 8,        /* a device refused what it received, or could not give its state */
    MIG_ERROR_UNSUPPORTED = 9,  /* well-formed, but not done here */
    MIG_ERROR_CANCELLED = 10,   /* somebody shut the channel down */
    MIG_ERROR_DESCRIPTION = 11, /* a state description is wrong: a mistake of the program */
} MigError;

/* The domain; see MIG_ERROR. */
GQuark mig_error_quark(void);

#endif
