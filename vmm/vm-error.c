/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The error domain of the host. Its two codes are the two exit statuses of a failed start:
 * VM_ERROR_USAGE is 2, VM_ERROR_HOST is 1.
 */
#include "vmm/vm.h"

GQuark
vm_error_quark(void)
{
    return g_quark_from_static_string("vm-error");
}
