#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A Linux guest in the hands of the monitor: -S and cont, stop and cont (silent while stopped, and
# its clock stands still), system_reset, system_powerdown, quit, signals; each with its events.
. /power9/lib.sh

# All its processors are threads of the VMM.
cpus_are()
{
    ctl query-cpus-fast > /tmp/cpus || return 1
    sed -n 's/.*"thread-id": \([0-9]*\).*/\1/p' /tmp/cpus > /tmp/threads
    [ "$(sort -u /tmp/threads | wc -l)" -eq "$1" ] || { cat /tmp/cpus; return 1; }
    while read -r thread; do
        [ -d "/proc/$VMM/task/$thread" ] || { echo "no thread $thread"; return 1; }
    done < /tmp/threads
}

waits()
{
    sleep 1
    [ ! -s "$CONSOLE" ] && is_status prelaunch
}

stands()
{
    sleep 0.3 # what was on its way to the file
    wc -c < "$CONSOLE" > /tmp/before
    sed -n 's/.*State:\t*\([A-Z]\).*/\1/p' "/proc/$VMM"/task/*/status | grep R && return 1
    sleep 4
    wc -c < "$CONSOLE" > /tmp/after
    cmp /tmp/before /tmp/after
}

# Between two ticks never passed more than $1 s of the guest's own time, and none is missing.
clock_stood()
{
    said 8 '^GUEST:tick' || { echo 'too few ticks'; return 1; }
    tr -d '\r' < "$CONSOLE" | awk -v most="$1" '
        /^GUEST:tick/ {
            if ($2 > 0 && ($2 != n + 1 || $3 - t > most || $3 < t)) {
                print "after tick", n, "at", t ":", $0
                bad = 1
            }
            n = $2; t = $3
        }
        END { exit bad }'
}

ticks_on()
{
    wait_for '^GUEST:tick' $(($(grep -c '^GUEST:tick' "$CONSOLE") + 8))
}

stop_and_cont()
{
    linux_start control ticks -smp 2 -S -name 'guest=under control'
    claim 'with -S nothing runs' waits
    claim 'events can be followed' events_start
    claim 'cont starts it' ctl cont
    claim 'RESUME' event RESUME
    claim 'the guest comes up' wait_for '^GUEST:tick 3'
    claim 'query-status: running' is_status running
    claim 'query-cpus-fast: two threads' cpus_are 2
    claim 'stop' ctl stop
    claim 'STOP' event STOP
    claim 'query-status: paused' is_status paused
    claim 'a stopped guest is silent' stands
    claim 'a second stop is no error' ctl stop
    claim 'cont' ctl cont
    claim 'the guest goes on' ticks_on
    claim 'its clock stood still meanwhile' clock_stood 2
    claim 'stop and cont ten times at once' stop_cont_often
    claim 'the guest still goes on' ticks_on
    claim 'its clock is still right' clock_stood 2
}

stop_cont_often()
{
    for i in 0 1 2 3 4 5 6 7 8 9; do
        ctl stop && ctl cont || return 1
    done
}

reset_and_powerdown()
{
    claim 'system_reset' ctl system_reset
    claim 'RESET' event RESET '"guest": *false'
    claim 'the guest comes up again' wait_for '^GUEST-UP' 2
    claim 'and ticks' wait_for '^GUEST:tick 1' 2
    claim 'system_powerdown' ctl system_powerdown
    claim 'POWERDOWN' event POWERDOWN
    claim 'the guest is told, and switches itself off' wait_for '^GUEST:poweroff'
    vmm_gone 'the VMM ends with status 0' 0
    claim 'the events in order' events_were \
        "RESUME STOP RESUME $(yes 'STOP RESUME' | head -n 10 | tr '\n' ' ')RESET POWERDOWN SHUTDOWN"
    claim 'the guest, not the host, ended it' event SHUTDOWN '"guest-shutdown"'
    claim 'the VMM had nothing to say' silent
}

# A machine that is stopped is reset, too, and stays stopped.
reset_while_stopped()
{
    vmm_start stopped -kernel "$OBEY" -smp 2
    claim 'stopped: the guest is there' wait_for '^OBEY ready'
    claim 'stopped: stop' ctl stop
    claim 'stopped: system_reset' ctl system_reset
    claim 'stopped: it is as before its start' until_true is_status prelaunch
    claim 'stopped: nothing was run' said_once
    claim 'stopped: cont' ctl cont
    claim 'stopped: the guest begins again' wait_for '^OBEY ready' 2
    claim 'quit' ctl quit
    vmm_gone 'quit ends it with status 0' 0
}

said_once()
{
    sleep 0.5
    [ "$(grep -c '^OBEY ready' "$CONSOLE")" -eq 1 ]
}

# What a service manager does.
signals()
{
    for signal in TERM INT HUP; do
        vmm_start "signal-$signal" -kernel "$OBEY"
        claim "SIG$signal: the guest is there" wait_for '^OBEY ready'
        kill "-$signal" "$VMM"
        vmm_gone "SIG$signal ends it with status 0" 0
    done
}

no_reboot()
{
    vmm_start no-reboot -kernel "$OBEY" -no-reboot
    claim '-no-reboot: the guest is there' wait_for '^OBEY ready'
    claim '-no-reboot: events can be followed' events_start
    type_line r
    vmm_gone '-no-reboot: a reboot is the end, status 0' 0
    claim '-no-reboot: SHUTDOWN says why' events_were SHUTDOWN
    claim '-no-reboot: it was the guest' event SHUTDOWN '"guest-reset"'
    claim '-no-reboot: it came up once' said_once
}

stop_and_cont
reset_and_powerdown
reset_while_stopped
signals
no_reboot
finish
