#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A Linux guest under load is saved to a mapped-ram file and runs on in another process at once, its
# memory coming from the file meanwhile, again and again: it counts and checks what it does, and
# loses nothing. Then a file that is cut under a guest that runs: it is stopped, with a report.
#
# Environment: HOPS (2), CPUS, MEM, LOAD, MACHINE.
. /power9/lib.sh

HOPS=${HOPS:-2} TRANSPORT=restore ONE_CONSOLE=yes
. /power9/moves.sh

# Each time some of it was not here yet, and somebody had waited for some that is.
memory_came_later()
{
    tr -d '"' < "$WORK/waits" | awk -v wanted="$HOPS" '
        /[{,]status:postcopy-active/ && /missing-bytes:[1-9]/ && /faults:[1-9]/ { n++ }
        { print substr($0, match($0, /x-postcopy/), 120) }
        END { exit n != wanted }'
}

# ---- the file that is cut ------------------------------------------------------------------------

report_names_file()
{
    ctl --json query-migrate > "$DIR/report"
    cat "$DIR/report"
    grep -q "RAM block .*offset 0x.*$WORK/doomed" "$DIR/report"
}

refuses_to_go_on()
{
    ! ctl cont > "$DIR/refusal" 2>&1 && cat "$DIR/refusal" && grep -q 'will not come' "$DIR/refusal"
}

quits()
{
    ctl quit > /dev/null
    vmm_wait
    echo "status $STATUS"
    [ "$STATUS" -eq 0 ]
}

# What it still says is not of the guest that goes on.
cut_file_stops_a_guest()
{
    TRANSCRIPT=$WORK/doomed-console
    claim 'a guest runs from a file that will be cut' restored_from "$WORK/doomed" 1 ours
    claim 'it runs' until_true is_status running
    truncate -s 2M "$WORK/doomed"
    claim 'it is stopped by an I/O error' until_true is_status io-error
    claim 'the report names block, offset and file' report_names_file
    claim 'it must not go on' refuses_to_go_on
    claim 'the VMM ends with status 0' quits
    TRANSCRIPT=$WORK/console
}

# ---- all of it -----------------------------------------------------------------------------------

mkdir -p "$WORK"
side_start ours
claim 'the guest comes up and works' guest_up
claim 'it reports its interrupts' report
while [ "$MOVES" -lt "$HOPS" ]; do
    sides_claim "restore $((MOVES + 1))" moved_to ours || break
done
claim 'it ran each time before its memory was there' memory_came_later
ONE_CONSOLE='' TALK_ON='' # nothing is typed that the doomed guest might read
claim 'it is saved once more' saved "$WORK/last"
claim 'the last source ends' source_gone
cp "$WORK/last" "$WORK/doomed"
cut_file_stops_a_guest
claim 'the guest goes on from a file that is not cut' restored_from "$WORK/last" 0 ours
claim 'it runs' running_here
claim 'it reports its interrupts again' report
sides_claim 'the guest ends by itself' stress_ends
vmm_wait
claim 'the last VMM ends with status 0' [ "$STATUS" -eq 0 ]
stress_holds
claim 'no descriptor, thread or memory more than after the first restore' nothing_grew
sed 's/^/# footprint: /' "$WORK/footprints"
tell_moves
finish
