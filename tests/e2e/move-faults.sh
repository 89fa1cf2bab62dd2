#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A bare guest moves on KVM, and one call to KVM fails on the way, at its source or its destination:
# the guest goes on at its source. The work is done by tests/migration/move-faults.
#
# Environment: PER (2): calls of each kind and side.
. /power9/lib.sh

claim 'each call of capture and restore that fails leaves the guest where it was' \
    env PER="${PER:-2}" ANSWERS=yes sh /power9/move-faults spapr-vmm spapr-vmm-ctl kvm \
    -M pseries -smp 2 -m 256M -kernel "$OBEY"
sed 's/^/# /' /tmp/why
finish
