/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a sender has that this machine has not: said so that an operator knows which option or
 * device it is.
 */
#ifndef MIGRATION_GLUE_ABSENT_H
#define MIGRATION_GLUE_ABSENT_H

#include <glib.h>

/**
 * mig_absent_text:
 * @idstr: name of a section, or of a block of memory, for which there is no owner here
 * @instance: of the section; of a connector it tells what is plugged
 *
 * Returns: "what it is …: how to do without it". (transfer full)
 */
char *mig_absent_text(const char *idstr, guint32 instance);

#endif
