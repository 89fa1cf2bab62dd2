#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The KVM accelerator alone on KVM-HV: kvm-probe's cases, and nothing in the host's kernel log.

/usr/libexec/spapr-vmm/kvm-probe -k
status=$?
if dmesg -r | sed '1,/power9: script begins/d' | grep '^<[0-4]>'; then
    echo '# the host kernel complained'
    status=1
fi
exit $status
