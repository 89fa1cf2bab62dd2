#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Runs inside the emulated POWER9 host: ours and stock QEMU in turn, once, move the same
# guest under the same load once. Prints "WHO NAME VALUE" lines as the source counts them; it judges
# nothing (tests/bench/move does).
. /power9/lib.sh
. /power9/moves.sh

MACHINE=pseries-7.2
QUIET_FOR=4 # more than a move takes

must()
{
    "$@" > /tmp/why 2>&1 && return 0
    echo "bench: failed: $*" >&2
    sed 's/^/    /' /tmp/why >&2
    cat "$DIR/vmm-errors" >&2
    exit 1
}

one()
{
    rm -f "$WORK/moves" "$TRANSCRIPT"
    side_start "$1"
    must guest_up
    must guest_ticks_on 3
    must moved_to "$1"
    for name in downtime total-time transferred; do
        sed -n "s/.*\"$name\":\([0-9]*\).*/$1 $name \1/p" "$WORK/moves"
    done
    must stress_ends
    vmm_wait
    must no_bad
}

mkdir -p "$WORK"
for who in ours qemu; do
    one "$who"
done
