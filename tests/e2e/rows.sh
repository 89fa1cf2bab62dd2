#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A Linux guest under load of each machine type moves live to the same type.
#
# Environment: ROWS (the oldest, one that QEMU 7.2 has, our own; "all": every one that runs).
. /power9/lib.sh
. /power9/moves.sh

ROWS=${ROWS:-pseries-3.1 pseries-7.2 pseries-vmm-1.0}

# Names as -M help has them, without the alias.
rows()
{
    case $ROWS in
        all) spapr-vmm -M help | sed -n 's/^ *\(pseries-[a-z0-9.-]*\).*/\1/p' | sort -u ;;
        *) echo "$ROWS" | tr ' ' '\n' ;;
    esac
}

row_moves()
{
    MACHINE=$1 MOVES=0 TYPED=0
    TRANSCRIPT=$WORK/console-$1
    rm -f "$WORK/moves" "$WORK/footprints"
    side_start ours
    claim "$1: the guest comes up and works" guest_up || return
    sides_claim "$1: it moves" moved_to ours || return
    claim "$1: it ends by itself" stress_ends
    vmm_wait
    claim "$1: nothing that it counts was lost or came twice" no_bad
    claim "$1: its memory is right" memory_is_right
    claim "$1: every line is on the console once, in order" numbered chat 0
    claim "$1: its kernel said nothing new" no_kernel_line
}

mkdir -p "$WORK"
rows > /tmp/rows
claim 'there are machine types to move' [ -s /tmp/rows ]
while read -r row <&9; do
    row_moves "$row"
    [ -z "$VMM" ] || { kill -9 "$VMM"; wait "$VMM"; VMM=''; rm -f "$SOCKET" "$DIR"/../*/qmp.sock; }
done 9< /tmp/rows
finish
