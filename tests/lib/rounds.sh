# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
#
# Rounds of a benchmark, each in an emulated host of its own: the emulation now and then locks up (125),
# or it, or a guest in it, stands still (124, or what the script says then), whoever runs the guest. The
# whole round comes again then, at most twice, and it is said. Sourced; the checkout is $top.

# rounds RAW WHO... -- OPTIONS SCRIPT: ROUNDS times tests/power9/run with these options. Lines that
# begin with a WHO go to the file RAW, the others to standard error.
rounds()
{
    local raw=$1 whos round one status=0

    shift
    whos=
    while [ "$1" != -- ]; do
        whos=$whos${whos:+|}$1
        shift
    done
    shift
    one=$(mktemp) || return
    for ((round = 1; round <= ${ROUNDS:-5} && status == 0; round++)); do
        echo "bench: round $round of ${ROUNDS:-5}" >&2
        rounds_one "$one" "^($whos) " "$@" || status=$?
        [ "$status" -ne 0 ] || grep -E "^($whos) " "$one" >> "$raw"
    done
    rm -f "$one"
    return "$status"
}

# rounds_one FILE PATTERN OPTIONS SCRIPT
rounds_one()
{
    local one=$1 pattern=$2 try status

    shift 2
    for try in 1 2 3; do
        "$top/tests/power9/run" --quiet "$@" > "$one"
        status=$?
        grep -vE "$pattern" "$one" >&2
        [ "$status" -ne 0 ] || break
        echo "bench: try $try of 3 of this round ended with status $status" >&2
    done
    return "$status"
}
