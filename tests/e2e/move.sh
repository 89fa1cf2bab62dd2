#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A Linux guest under load moves live from one spapr-vmm to the next, again and again, in one host:
# it counts and checks what it does, and loses nothing; no process leaves more than the first.
#
# Environment: HOPS (6), KIND (ours; qemu shows that the load and this script are sound), CPUS,
# MEM, LOAD, MACHINE, TRANSPORT (moves.sh).
. /power9/lib.sh

HOPS=${HOPS:-6}
KIND=${KIND:-ours}
[ "$KIND" != ours ] || ONE_CONSOLE=yes
. /power9/moves.sh

mkdir -p "$WORK"
side_start "$KIND"
claim 'the guest comes up and works' guest_up
claim 'it reports its interrupts' report
while [ "$MOVES" -lt "$HOPS" ]; do
    sides_claim "move $((MOVES + 1))" moved_to "$KIND" || break
done
claim 'it reports its interrupts again' report
sides_claim 'the guest ends by itself' stress_ends
vmm_wait
claim 'the last VMM ends with status 0' [ "$STATUS" -eq 0 ]
stress_holds
[ "$HOPS" -lt 2 ] || claim 'no descriptor, thread or memory more than after the first move' \
    nothing_grew
sed 's/^/# footprint: /' "$WORK/footprints"
tell_moves
finish
