#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A Linux guest under load moves live over TCP between two hosts, there and back, again and again: what
# move.sh claims within one host. The hosts are two emulated POWER9, and their time bases differ.
#
#   tests/power9/pair --smp 1 --vmm --file tests/e2e/moves.sh:/power9/moves.sh \
#       --file tests/e2e/other-host.sh:/power9/other-host.sh tests/e2e/hosts.sh tests/e2e/other-host.sh
#
# In each host a shell obeys this script (other-host.sh), which has no VMM itself: what the functions of
# lib.sh and moves.sh do with one, they do there. Environment: HOPS (5), and that of moves.sh.
. /power9/lib.sh
TRANSPORT=hosts TALK_ON=yes
. /power9/moves.sh

HOPS=${HOPS:-5}
MIGRATION_PORT=4444
DOWNTIME_LIMIT=2000 # ms: the cable carries few megabytes a second on a busy machine
# Where the side is that the functions speak to, where the guest's keys and console are.
AT='' SOURCE_AT='' KEYS_AT='' CONSOLE_AT=''
TAKEN=0 # bytes of the console there that are in the transcript

# ---- the two hosts -----------------------------------------------------------------------------

# line_opens PORT READ WRITE: to the shell that will connect; the two are descriptors here.
line_opens()
{
    mkfifo "/tmp/to-$1" "/tmp/from-$1"
    eval "exec $2<> /tmp/from-$1 $3<> /tmp/to-$1"
    nc -l -p "$1" < "/tmp/to-$1" > "/tmp/from-$1" 5>&- 6>&- 7>&- 8>&- 9>&- &
}

# ask HOST WORDS...: first or second; the output and the status are those of the shell there.
ask()
{
    case $1 in
        first) line=5 ;;
        *) line=7 ;;
    esac
    asked=$1
    shift
    echo "$*" >&$((line + 1))
    while IFS= read -r -t $((LIMIT + 30)) heard <&$line; do
        case $heard in
            '| '*) printf '%s\n' "${heard#| }" ;;
            '= '*) return "${heard#= }" ;;
        esac
    done
    echo "the $asked host does not answer: $*"
    return 125
}

hosts_up()
{
    ask first true && ask second true
}

address_of()
{
    [ "$1" = first ] && echo 10.9.0.1 || echo 10.9.0.2
}

other_than()
{
    [ "$1" = first ] && echo second || echo first
}

# ---- what lib.sh and moves.sh do with a side ---------------------------------------------------

ctl()
{
    ask "$AT" ctl "$@"
}

source_ctl()
{
    ask "$SOURCE_AT" ctl "$@"
}

vmm_lives()
{
    ask "$AT" vmm_lives
}

type_line()
{
    ask "$KEYS_AT" type_line "'$1'"
}

footprint()
{
    ask "$AT" footprint
}

tell_sides()
{
    for host in first second; do
        echo "=== the $host host"
        ask "$host" tell_sides
    done
}

# Every look costs the hosts' one processor something.
a_moment()
{
    sleep 0.5
    "$AT_EACH_WAIT"
}

# Each side writes to a file of its own, and the guest is where one of them is: what it has said
# since goes behind what it said before.
console_arrives()
{
    ask "$CONSOLE_AT" "tail -c +$((TAKEN + 1)) \$TRANSCRIPT | base64" | base64 -d > /tmp/piece
    cat /tmp/piece >> "$TRANSCRIPT"
    TAKEN=$((TAKEN + $(wc -c < /tmp/piece)))
}

said()
{
    console_arrives
    [ "$(grep -c "$2" "$TRANSCRIPT")" -ge "$1" ]
}

# ---- one move ----------------------------------------------------------------------------------

# side_at HOST OPTIONS...: the next side is there.
side_at()
{
    AT=$1
    shift
    SIDES=$((SIDES + 1)) DIR=$WORK/move-$SIDES CONSOLE=$TRANSCRIPT
    mkdir -p "$DIR"
    ask "$AT" "TRANSCRIPT=\$WORK/part-$SIDES; side_start ours $*"
}

through_hosts()
{
    SOURCE_AT=$AT SOURCE_DIR=$DIR
    there=$(other_than "$AT")
    uri=tcp:$(address_of "$there"):$MIGRATION_PORT
    talk "$TALK"
    side_at "$there" -incoming "$uri" && until_true is_status inmigrate || return 1
    source_ctl migrate-set-parameters "downtime-limit:=$DOWNTIME_LIMIT" || return 1
    source_ctl migrate "uri=$uri" > "$DIR/migrate" 2>&1 || { cat "$DIR/migrate"; return 1; }
    migrated
}

source_gone()
{
    ask "$SOURCE_AT" 'SOURCE_DIR=$DIR SOURCE_SOCKET=$SOCKET SOURCE_VMM=$VMM; source_gone'
}

# The source has gone, and with it the guest's keys and console.
keys_follow()
{
    console_arrives
    CONSOLE_AT=$AT TAKEN=0
    left=$(ask "$SOURCE_AT" "{ timeout 1 cat <&\$KEYS_FD | base64 | tr -d '\\n'; } 2> /dev/null")
    ask "$AT" "echo $left | base64 -d >&\$KEYS_FD"
    KEYS_AT=$AT
    ask "$SOURCE_AT" "eval \"exec \$KEYS_FD>&-\"; SOURCE_SOCKET='' SOCKET='' VMM=''"
}

# For people: what the clocks of guest and hosts, which began at their starts, say after a move.
tell_clocks()
{
    echo "# clocks: after move $MOVES guest $(guest_ms) ms, first host $(ask first centis)0 ms," \
        "second host $(ask second centis)0 ms"
}

# ---- the story ---------------------------------------------------------------------------------

mkdir -p "$WORK"
line_opens 4001 5 6
line_opens 4002 7 8
sh /power9/other-host.sh 127.0.0.1 4001 > /dev/null 2>&1 5>&- 6>&- 7>&- 8>&- 9>&- &
claim 'both hosts obey' hosts_up || { echo "1..$N"; exit 1; }
KEYS_AT=first CONSOLE_AT=first
side_at first
claim 'the guest comes up and works' guest_up
claim 'it reports its interrupts' report
while [ "$MOVES" -lt "$HOPS" ]; do
    sides_claim "move $((MOVES + 1)), from the $AT to the $(other_than "$AT") host" moved_to || break
    tell_clocks
done
claim 'it reports its interrupts again' report
sides_claim 'the guest ends by itself' stress_ends
claim 'the last VMM ends with status 0' ask "$AT" 'vmm_wait; [ "$STATUS" -eq 0 ]'
console_arrives
stress_holds
[ "$HOPS" -lt 3 ] || claim 'no descriptor, thread or memory more than after the first move' \
    nothing_grew
sed 's/^/# footprint: /' "$WORK/footprints"
tell_moves
claim 'no VMM is left in the second host' ask second no_process
claim 'no socket is left in the second host' ask second no_socket
claim "the second host's kernel log is clean" ask second host_log_clean
echo exit >&6
echo exit >&8
finish
