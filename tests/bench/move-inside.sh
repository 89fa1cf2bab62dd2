#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Runs inside the emulated POWER9 host: ours and stock QEMU in turn, once, move the same
# guest under the same load once. Prints "WHO NAME VALUE" lines as the source counts them; it judges
# nothing (tests/bench/move does).
. /power9/lib.sh
. /power9/moves.sh

MACHINE=pseries-7.2

must()
{
    "$@" > /tmp/why 2>&1 && return 0
    echo "bench: failed: $*" >&2
    sed 's/^/    /' /tmp/why >&2
    cat "$DIR/vmm-errors" >&2
    exit 1
}

# As that of moves.sh, but nobody asks how far it is: that would take from what is measured.
through_unix()
{
    talk "$TALK"
    new_side "$@" -incoming "unix:$WORK/incoming-$((SIDES + 1))" || return 1
    until_true test -S "$WORK/incoming-$SIDES" && hears_refusals || return 1
    timeout "$LIMIT" /power9/qmp-wait "$SOCKET" '{"execute": "query-status"}' RESUME > /dev/null &
    waits=$!
    source_ctl migrate "uri=unix:$WORK/incoming-$SIDES" > "$DIR/migrate" 2>&1 ||
        { cat "$DIR/migrate"; kill "$waits"; return 1; }
    wait "$waits"
    migrated
}

one()
{
    rm -f "$WORK/moves" "$TRANSCRIPT"
    side_start "$1"
    must guest_up
    must guest_ticks_on 3
    must moved_to "$1"
    for name in downtime total-time transferred; do
        sed -n "s/.*\"$name\":\([0-9]*\).*/$1 $name \1/p" "$WORK/moves"
    done
    must stress_ends
    vmm_wait
    must no_bad
}

mkdir -p "$WORK"
for who in ours qemu; do
    one "$who"
done
