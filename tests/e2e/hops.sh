#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A Linux guest under load goes from stock QEMU 7.2 to spapr-vmm and back, again and again, live: it
# loses nothing and its kernel has nothing to say.
#
#   tests/power9/run --mem 6G --with-qemu --vmm --file tests/e2e/moves.sh:/power9/moves.sh tests/e2e/hops.sh
#
# Environment: HOPS (10), FIRST (qemu; ours: who boots it), IRQ (xive; dual: QEMU's default), MACHINE
# (pseries-7.2), TRANSPORT (unix; file), QEMU_IRQCHIP (on; off: QEMU without the kernel's controller).
. /power9/lib.sh

FIRST=${FIRST:-qemu}
IRQ=${IRQ:-xive}
HOPS=${HOPS:-10}
case $IRQ in
    xive) QEMU_IRQ=,ic-mode=xive OURS_IRQ='' ;;
    dual) QEMU_IRQ='' OURS_IRQ=,ic-mode=dual ;;
    *) echo "hops.sh: IRQ is xive or dual, not $IRQ" >&2; exit 2 ;;
esac
. /power9/moves.sh
OURS_CAPS=,$QEMU_CAPS$OURS_IRQ

[ "$FIRST" = qemu ] && SECOND=ours || SECOND=qemu

mkdir -p "$WORK"
# QEMU takes what is typed while it waits: only what is answered at once is typed.
TALK=${TALK_HOPS:-1}
side_start "$FIRST"
claim "the guest comes up in $FIRST ($MACHINE, $IRQ)" guest_up
claim 'it reports its interrupts' report
here=$FIRST there=$SECOND
while [ "$MOVES" -lt "$HOPS" ]; do
    sides_claim "hop $((MOVES + 1)), from $here to $there" moved_to "$there" || break
    was=$here here=$there there=$was
done
claim 'it reports its interrupts again' report
sides_claim 'the guest ends by itself' stress_ends
vmm_wait
claim 'the last side ends with status 0' [ "$STATUS" -eq 0 ]
stress_holds
tell_moves
finish
