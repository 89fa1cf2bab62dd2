#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Guests that misbehave or give up: each bad hypercall and RTAS call gets LoPAR's status, a touch of
# an ESB page that nobody made ends the guest with a report, a kernel that panics is reported, and
# the machine can be reset afterwards. The VMM never aborts, and the host's log stays clean.
. /power9/lib.sh

MISUSE=$PROGRAMS/guest-misuse

# Every call as expected, and all of them.
all_ok()
{
    tr -d '\r' < "$CONSOLE" | sed -n 's/^MISUSE //p' > /tmp/calls
    ! grep -v -e ' ok$' -e '^touching$' /tmp/calls || return 1
    [ "$(grep -c ' ok$' /tmp/calls)" -ge 25 ] || { echo 'too few calls'; cat /tmp/calls; return 1; }
}

# One line for the operator: what and where.
one_report()
{
    [ "$(wc -l < "$ERRORS")" -eq 1 ] || { cat "$ERRORS"; return 1; }
    grep -q "^spapr-vmm: warning: $1" "$ERRORS" || { cat "$ERRORS"; return 1; }
}

# Nobody at a monitor: the end, and a status that tells.
alone()
{
    DIR=$WORK/alone CONSOLE=$WORK/alone/console ERRORS=$WORK/alone/vmm-errors
    mkdir -p "$DIR"
    spapr-vmm -M pseries -accel kvm -device spapr-xive-kvm -m 256M -nographic -kernel "$1" \
        < "${2:-/dev/null}" > "$CONSOLE" 2> "$ERRORS"
    [ $? -eq 1 ]
}

hypercalls()
{
    claim 'misuse: the guest is ended, status 1' alone "$MISUSE"
    claim 'misuse: each call gets its status' all_ok
    claim 'misuse: it came as far as the ESB page' says '^MISUSE touching'
    ! says '^MISUSE survived'
    claim 'misuse: it came no further' test $? -eq 0
    claim 'misuse: one line says what and where' one_report 'guest error: .*vCPU 0: pc 0x'
}

# With a monitor the machine stays to be looked at, and can begin again.
watched()
{
    vmm_start watched -kernel "$MISUSE" -S
    claim 'watched: events can be followed' events_start
    claim 'watched: cont' ctl cont
    claim 'watched: GUEST_PANICKED' event GUEST_PANICKED
    claim 'watched: query-status: guest-panicked' until_true is_status guest-panicked
    claim 'watched: the interrupt state can be read' ctl x-query-irq
    claim 'watched: system_reset' ctl system_reset
    claim 'watched: the guest may begin again' until_true is_status prelaunch
    claim 'watched: cont' ctl cont
    claim 'watched: it did' wait_for '^MISUSE touching' 2
    claim 'watched: quit' ctl quit
    vmm_gone 'watched: the VMM ends with status 0' 0
}

# ibm,os-term, told by a bare guest and by Linux.
gives_up()
{
    echo t > /tmp/keys
    claim 'os-term: without a monitor the end, status 1' alone "$OBEY" /tmp/keys
    claim "os-term: the guest's last words" one_report 'obeying: no reason'
    linux_start panic panic -smp 2 -S
    claim 'panic: events can be followed' events_start
    claim 'panic: cont' ctl cont
    claim 'panic: GUEST_PANICKED with the reason' event GUEST_PANICKED 'sysrq triggered crash'
    claim 'panic: query-status: guest-panicked' until_true is_status guest-panicked
    claim 'panic: the guest does not go on' test "$(grep -c 'GUEST:panic FAIL' "$CONSOLE")" -eq 0
    claim 'panic: system_reset' ctl system_reset
    claim 'panic: cont' until_true ctl cont
    claim 'panic: it comes up again' wait_for '^GUEST-UP .* cpus=2' 2
    claim 'panic: quit' ctl quit
    vmm_gone 'panic: the VMM ends with status 0' 0
}

hypercalls
watched
gives_up
finish
