#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The tests' own watch over a guest that moves: one that stands still behind their back is told while
# it does, with all that both sides and the host's kernel know of its interrupts.
. /power9/lib.sh
STALL=8
. /power9/moves.sh

# told WORDS: in the last report.
told()
{
    grep -q -- "$1" "$WORK/stall" || { echo "not told: $1"; cat "$WORK/stall"; return 1; }
}

stalls()
{
    until_true [ -s "$WORK/stall" ]
}

# What a report says of a side: NAME, STATUS of its machine.
told_side()
{
    sed -n "/^--- $1: /,/^--- /p" "$WORK/stall" > /tmp/side
    for words in "\"status\": \"$2\"" 'spapr-xive-kvm: .* sources' 'server 1 NSR' \
        "the kernel's .*/xive:" '^ *VCPU 1: VP=' '^ *00001000 .* MSI ' \
        '^thread CPU 1: [A-Z], waits in '; do
        grep -q -- "$words" /tmp/side || { echo "of $1 not told: $words"; cat /tmp/side; return 1; }
    done
}

copy_begins()
{
    new_side ours -incoming "unix:$WORK/incoming-$((SIDES + 1))" || return 1
    until_true test -S "$WORK/incoming-$SIDES" &&
        source_ctl migrate-set-parameters max-bandwidth:=1000000 &&
        source_ctl migrate "uri=unix:$WORK/incoming-$SIDES" && until_true migration_is active
}

mkdir -p "$WORK"
side_start ours
claim 'the guest comes up and works' guest_up
claim 'it is stopped behind the back of the script' ctl stop
claim 'that is told' stalls
claim 'with what was waited for' told 'STALL: .*claimed: that is told'
claim "with its interrupts, as the monitor and as the host's kernel see them" told_side guest paused
claim 'with the end of the console' told '^  STRESS:tick [0-9]* t='
claim 'with the end of the kernel log' told "^--- the end of the host's kernel log"
claim 'it goes on' ctl cont
claim 'and ticks' guest_ticks_on 2

rm "$WORK/stall"
claim 'a long copy begins' copy_begins
claim 'the guest is stopped meanwhile' source_ctl stop
claim 'that is told, too' stalls
claim 'of the source' told_side source paused
claim 'and of the other side' told_side guest inmigrate
claim 'as fast as it can' source_ctl migrate-set-parameters max-bandwidth:=0
claim 'the copy ends' migrated
claim 'the source goes' source_gone
claim 'it goes on there' ctl cont
claim 'and ticks there' guest_ticks_on 2
sides_claim 'the guest ends by itself' stress_ends
vmm_wait
rm -f "$WORK"/incoming-*
claim 'nothing that it counts was lost or came twice' no_bad
finish
