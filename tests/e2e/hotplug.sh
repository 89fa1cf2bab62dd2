#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A Linux guest under KVM that grows and shrinks: memory by SIZE bytes (256 MiB), and a core that is
# used, ROUNDS times (3). Descriptors and threads after the first round are those after the last.
. /power9/lib.sh
. /power9/growth.sh

ROUNDS=${ROUNDS:-3}

count_open()
{
    sleep 0.5
    # shellcheck disable=SC2012 # names of numbers only
    echo "$(ls "/proc/$VMM/fd" | wc -l) $(ls "/proc/$VMM/task" | wc -l)"
}

as_before()
{
    [ "$(cat /tmp/open-1)" = "$(count_open)" ] || { cat /tmp/open-1; count_open; return 1; }
}

# A guest does not give its last processor away.
refused()
{
    type_line alone
    claim 'the guest has the core only' until_true cpus_online 1
    claim 'device_del of its last core' ctl device_del id=core1
    claim 'it is told that the guest keeps it' event DEVICE_UNPLUG_GUEST_ERROR core1
    type_line together
    claim 'the guest has both again' until_true cpus_online 0-1
}

run()
{
    linux_start hotplug hotplug -smp 1,maxcpus=2 -m 512M,slots=4,maxmem=2G -no-reboot
    claim 'events can be followed' events_start
    claim 'the guest comes up' wait_for '^GUEST:has'
    until_true test -n "$(memory)"
    before=$(memory)
    i=1
    while [ "$i" -le "$ROUNDS" ]; do
        claim "$i: object-add" ctl object-add qom-type=memory-backend-ram id=mem1 size:="$SIZE"
        claim "$i: device_add pc-dimm" ctl device_add driver=pc-dimm id=dimm1 memdev=mem1
        claim "$i: memory grows by 256 MiB" until_true grew "$before"
        claim "$i: device_add of a core" ctl device_add driver=host-spapr-cpu-core id=core1 core-id:=1
        claim "$i: it comes up" until_true cpus_online 0-1
        claim "$i: and works: its counters grow" works "$i"
        [ "$i" -gt 1 ] || refused
        claim "$i: device_del of the core" ctl device_del id=core1
        claim "$i: it goes" until_true gone core1 "$i"
        claim "$i: the guest has one" until_true cpus_online 0
        claim "$i: device_del of the memory" ctl device_del id=dimm1
        claim "$i: it goes" until_true gone dimm1 "$i"
        claim "$i: the guest has what it had" until_true shrank "$before"
        claim "$i: object-del" ctl object-del id=mem1
        [ "$i" -gt 1 ] || count_open > /tmp/open-1
        i=$((i + 1))
    done
    claim 'no descriptor and no thread more than after the first round' as_before
    claim 'quit' ctl quit
    vmm_gone "the VMM ends" 0
}

run
finish
