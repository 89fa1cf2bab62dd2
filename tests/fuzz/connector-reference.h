/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What LoPAR's figure of a logical connector says that an indicator does, for tests to compare with
 * hw-spapr/drc.c; written from the figure and the conditions of docs/spapr, as ifs, not as a table.
 */
#ifndef TESTS_FUZZ_CONNECTOR_REFERENCE_H
#define TESTS_FUZZ_CONNECTOR_REFERENCE_H

#include <glib.h>

typedef struct {
    guint32 state; /* 1 to 4 */
    gboolean plugged;
    gboolean asked;  /* back */
    gboolean in_use; /* a core that runs */
    gboolean memory;
} ReferenceConnector;

typedef enum {
    REFERENCE_NOTHING,
    REFERENCE_RELEASED, /* what is plugged is gone, or would be with the rest of it */
    REFERENCE_KEPT,     /* the guest takes back what it was asked for */
} ReferenceAnswer;

typedef struct {
    gint32 status;
    guint32 state;
    ReferenceAnswer answer;
} ReferenceStep;

/** reference_isolate: set-indicator 9001. @value: 0 isolate, 1 unisolate; others are wrong. */
ReferenceStep reference_isolate(const ReferenceConnector *now, guint32 value);

/** reference_allocate: set-indicator 9003. @value: 0 unusable, 1 usable; others are wrong. */
ReferenceStep reference_allocate(const ReferenceConnector *now, guint32 value);

#endif
