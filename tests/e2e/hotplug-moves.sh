#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A Linux guest under KVM that is in the middle of plugging or unplugging moves: the machine pauses
# behind the N-th RTAS call that the guest makes about a device (x-hotplug-pause), goes to another
# VMM, and the guest ends what it had begun. DEVICE:WHAT:N, one after the other; CUTS=all: the long
# list. Calls 5 to 9 of memory's and 5 to 33 of a core's addition are in ibm,configure-connector.
. /power9/lib.sh
. /power9/growth.sh
. /power9/moves.sh

SHORT='memory:add:6 memory:drop:2 core:add:12 core:drop:3'
ALL='memory:add:1 memory:drop:1 memory:add:2 memory:drop:2 memory:add:4 memory:drop:3
     memory:add:5 memory:drop:4 memory:add:6 memory:drop:2 memory:add:7 memory:drop:3
     memory:add:8 memory:drop:1 memory:add:9 memory:drop:2
     core:add:1 core:drop:1 core:add:4 core:drop:2 core:add:5 core:drop:3
     core:add:15 core:drop:4 core:add:30 core:drop:5'
CUTS=${CUTS:-$SHORT}
[ "$CUTS" != all ] || CUTS=$ALL

TYPE=${TYPE:-pseries-vmm-1.0}
TEXT="console=hvc0 quiet guest.run=hotplug"
MEM=512M,slots=4,maxmem=2048
CPUS=1,maxcpus=2
TALK=0

cut_of()
{
    echo "${1##*:}"
}

# The side that is next to begin something stops at that step's cut.
machine_for()
{
    MACHINE=$TYPE${1:+,x-hotplug-pause=$(cut_of "$1")}
}

begin()
{
    case $1 in
        memory:add:*) ctl device_add driver=pc-dimm id=dimm1 memdev=mem1 ;;
        memory:drop:*) ctl device_del id=dimm1 ;;
        core:add:*) ctl device_add driver=host-spapr-cpu-core id=core1 core-id:=1 ;;
        core:drop:*) ctl device_del id=core1 ;;
    esac
}

has_memory()
{
    ctl --json query-memory-devices | grep -q dimm1
}

has_core()
{
    ctl --json query-hotpluggable-cpus | tr '{' '\n' | grep -c 'qom-path' | grep -q 2
}

# To a side with what is plugged in here.
goes_on_elsewhere()
{
    set -- -object "memory-backend-ram,id=mem1,size=$SIZE"
    ! has_memory || set -- "$@" -device pc-dimm,id=dimm1,memdev=mem1
    ! has_core || set -- "$@" -device host-spapr-cpu-core,id=core1,core-id=1
    through_unix ours "$@" && until_true is_status paused && source_gone && keys_follow &&
        ctl cont && running_here
}

is_so()
{
    case $1 in
        memory:add:*) until_true grew "$BEFORE" ;;
        memory:drop:*) until_true shrank "$BEFORE" ;;
        core:add:*) until_true cpus_online 0-1 && ROUND=$((ROUND + 1)) && works "$ROUND" ;;
        core:drop:*) until_true cpus_online 0 ;;
    esac
}

released()
{
    case $1 in
        memory:drop:*) until_true lacks has_memory ;;
        core:drop:*) until_true lacks has_core ;;
    esac
}

lacks()
{
    ! "$@"
}

run()
{
    ROUND=0
    # shellcheck disable=SC2086 # words
    set -- $CUTS
    machine_for "$1"
    side_start ours -object "memory-backend-ram,id=mem1,size=$SIZE"
    claim 'the guest comes up' wait_for '^GUEST:has'
    until_true test -n "$(memory)"
    BEFORE=$(memory)
    while [ $# -gt 0 ]; do
        step=$1
        shift
        claim "$step: asked for" begin "$step"
        claim "$step: the machine pauses on the way" until_true is_status paused
        machine_for "$1"
        sides_claim "$step: it goes on elsewhere" goes_on_elsewhere
        sides_claim "$step: the guest ends what it began" is_so "$step"
        sides_claim "$step: the device is there, or is gone" released "$step"
    done
    claim 'quit' ctl quit
    vmm_gone 'the VMM ends' 0
    claim 'the guest found nothing wrong' no_complaint
}

no_complaint()
{
    ! grep -aE 'Call Trace|BUG:|Oops|dlpar: (Could|Failed)' "$TRANSCRIPT"
}

run
finish
