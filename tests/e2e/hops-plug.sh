#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Memory that a Linux guest was given in stock QEMU is taken from it in spapr-vmm, and the other way
# round; once the guest moves as soon as the memory was offered, wherever it is on its way.
#
# Wants --mem 6G --with-qemu and moves.sh, as hops.sh does.
. /power9/lib.sh

# Memory that Linux can let go of again. Its kernel speaks of what it was given: that is no fault.
LOAD='memhp_default_state=online_movable'
. /power9/moves.sh
OURS_CAPS=,$QEMU_CAPS
TALK=1
GROWN="-m ${MEM}M,slots=1,maxmem=1G"
DIMM='-object memory-backend-ram,id=m,size=256M -device pc-dimm,id=d,memdev=m'

offer()
{
    ctl object-add qom-type=memory-backend-ram id=m size:=268435456 &&
        ctl device_add driver=pc-dimm id=d memdev=m
}

said_of_memory()
{
    ctl query-memory-devices > /tmp/memory
    grep -q '"id": "d"' /tmp/memory
}

memory_gone()
{
    ! said_of_memory
}

# Asked again and again: a guest that is still taking it, or is just using it, refuses.
given_back()
{
    deadline=$(($(now) + LIMIT))
    while said_of_memory; do
        [ "$(now)" -lt "$deadline" ] || { cat /tmp/memory; return 1; }
        ctl device_del id=d > /tmp/asked 2>&1
        sleep 1
    done
    ctl object-del id=m > /tmp/asked 2>&1
    guest_ticks_on
}

# round FROM TO WAIT: FROM has the guest, without the memory; at the end TO has it, without as well.
round()
{
    claim "memory is offered in $1" offer
    [ "$3" -eq 0 ] || claim 'the guest goes on' guest_ticks_on "$3"
    # shellcheck disable=SC2086
    sides_claim "it moves to $2" moved_to "$2" $GROWN $DIMM
    sides_claim "it gives the memory back in $2" given_back
}

mkdir -p "$WORK"
# shellcheck disable=SC2086
side_start qemu $GROWN
claim 'the guest comes up in qemu' guest_up
round qemu ours 5
round ours qemu 5
round qemu ours 0
round ours qemu 0
sides_claim 'the guest ends by itself' stress_ends
vmm_wait
claim 'the last side ends with status 0' [ "$STATUS" -eq 0 ]
claim 'nothing that the guest counts was lost or came twice' no_bad
claim 'its memory is right' memory_is_right
claim 'every second is on the console once, in order' numbered tick 0
finish
