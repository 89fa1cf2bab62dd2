#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A Linux guest under load whose migration is cancelled, and whose destination is killed while pages
# go and at the very switch: it goes on at its source each time, and moves in the end.
. /power9/lib.sh
. /power9/moves.sh

# The guest is the source's again: what the functions speak to is that side.
back_to_source()
{
    CONSOLE=$TRANSCRIPT DIR=$SOURCE_DIR SOCKET=$SOURCE_SOCKET VMM=$SOURCE_VMM KEYS_FD=$SOURCE_KEYS
    ERRORS=$DIR/vmm-errors
    rm -f "$WORK/incoming-$SIDES" "$WORK/$SIDES-ours/qmp.sock"
}

# under_way BANDWIDTH: a migration that cannot end by itself, or one that can (0).
under_way()
{
    new_side ours -incoming "unix:$WORK/incoming-$((SIDES + 1))" || return 1
    until_true test -S "$WORK/incoming-$SIDES" || return 1
    source_ctl migrate-set-parameters "max-bandwidth:=$1" || return 1
    source_ctl migrate "uri=unix:$WORK/incoming-$SIDES"
}

target_ended()
{
    until_true not_alive "$VMM" || return 1
    wait "$VMM"
    [ $? -ne 0 ]
}

cancelled()
{
    under_way 1000000 && until_true migration_is active || return 1
    sleep "$1"
    source_ctl migrate_cancel && until_true migration_is cancelled && target_ended
}

killed()
{
    under_way 1000000 && until_true migration_is active || return 1
    sleep 1
    kill -9 "$VMM"
    until_true migration_is failed && target_ended
}

# Pages have all gone; it waits before the switch, with the guest stopped.
killed_at_switch()
{
    source_ctl migrate-set-capabilities \
        'capabilities:=[{"capability":"pause-before-switchover","state":true}]' &&
        under_way 0 && until_true migration_is pre-switchover || return 1
    kill -9 "$VMM"
    target_ended || return 1
    source_ctl migrate-continue state=pre-switchover # may find that it has failed already
    until_true migration_is failed || return 1
    source_ctl migrate-set-capabilities \
        'capabilities:=[{"capability":"pause-before-switchover","state":false}]'
}

# broken NAME COMMAND...
broken()
{
    sides_claim "$@"
    back_to_source
    sides_claim "$1: it runs here" running_here
    claim "$1: it goes on" guest_ticks_on 3
}

mkdir -p "$WORK"
side_start ours
claim 'the guest comes up and works' guest_up
broken 'cancelled at once' cancelled 0
broken 'cancelled later' cancelled 2
broken 'killed while pages go' killed
broken 'killed at the switch' killed_at_switch
claim 'its bandwidth is its own again' ctl migrate-set-parameters max-bandwidth:=0
sides_claim 'it moves after all' moved_to ours
sides_claim 'the guest ends by itself' stress_ends
vmm_wait
claim 'nothing that it counts was lost or came twice' no_bad
claim 'its memory is right' memory_is_right
claim 'every typed line was answered once, in order' all_pings_answered
claim 'every line is on the console once, in order' numbered chat 0
claim 'its kernel said nothing new' no_kernel_line
finish
