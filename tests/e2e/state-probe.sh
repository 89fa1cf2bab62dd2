#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The state of vCPUs out of one VM of KVM-HV and into another: state-probe's cases, and nothing in
# the host's kernel log.
. /power9/lib.sh

/usr/libexec/spapr-vmm/state-probe -k
status=$?
if ! host_log_clean; then
    echo '# the host kernel complained'
    status=1
fi
exit $status
