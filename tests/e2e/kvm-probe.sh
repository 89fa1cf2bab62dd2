#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The KVM accelerator alone on KVM-HV: kvm-probe's cases, and nothing in the host's kernel log.
. /power9/lib.sh

/usr/libexec/spapr-vmm/kvm-probe -k
status=$?
if ! host_log_clean; then
    echo '# the host kernel complained'
    status=1
fi
exit $status
