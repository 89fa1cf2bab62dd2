# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
#
# What the scripts that move a guest have in common: sides, which are monitors of either kind one
# after another, one move, and what the stress guest (guest/stress.c) must have said at the end.
# Sourced after lib.sh; tests/power9/run wants --file tests/e2e/moves.sh:/power9/moves.sh.
#
#   . /power9/lib.sh; . /power9/moves.sh
#   side_start ours; guest_up; moved_to ours; ...; stress_ends; stress_holds; finish
#
# All sides write to one console file, in the order in which they have the guest: what is lost or
# comes twice there, was lost or doubled by a move.

CPUS=${CPUS:-2}
MEM=${MEM:-256}
MACHINE=${MACHINE:-pseries-7.2}
LOAD=${LOAD:-} # more of stress.* on the guest's command line
TALK=${TALK:-4} # lines typed before, and again after, each move
TRANSPORT=${TRANSPORT:-unix} # or file, postcopy, restore (the last two between sides of our kind)
QUIET_FOR=${QUIET_FOR:-0}
BREAK_EVERY=${BREAK_EVERY:-0} # postcopy: of so many moves one loses its connection; 0: none
TEXT="console=hvc0 quiet guest.run=stress $LOAD"
TRANSCRIPT=$WORK/console
QEMU_CAPS=cap-cfpc=broken,cap-sbbc=broken,cap-ibs=broken,cap-ccf-assist=off
OURS_CAPS=${OURS_CAPS:-} # what a peer must have said to it, too
QEMU_IRQ=${QEMU_IRQ-,ic-mode=xive} # dual is its default
QEMU_IRQCHIP=${QEMU_IRQCHIP:-on} # off: its own emulation instead of the kernel's controller
# Not empty: all sides, which are ours, read the same keys, and typing goes on during the move. What
# two read, or none, is answered twice, or never.
ONE_CONSOLE=${ONE_CONSOLE:-}
TALK_ON=${TALK_ON:-$ONE_CONSOLE} # not empty: typing goes on while pages go
STALL=${STALL:-30} # seconds without a tick that are told as a stall
SIDES=0 MOVES=0 TYPED=0
SOURCE_DIR='' SOURCE_SOCKET='' SOURCE_VMM=''
exec 9>&1 # claim keeps what a command prints for itself

# ---- sides -----------------------------------------------------------------------------------

# side_start KIND OPTIONS...: the next side, with the monitor at $SOCKET; it is the one that the
# functions of lib.sh speak to. Each has a fifo for keys, which this script holds open at
# descriptor 3 or 4, so that what was typed and not read outlives a side.
side_start()
{
    kind=$1
    shift
    SIDES=$((SIDES + 1))
    DIR=$WORK/$SIDES-$kind
    CONSOLE=$TRANSCRIPT ERRORS=$DIR/vmm-errors SOCKET=$DIR/qmp.sock KEYS=$DIR/keys
    KEYS_FD=$((3 + SIDES % 2))
    [ -z "$ONE_CONSOLE" ] || { KEYS=$WORK/keys; KEYS_FD=3; }
    rm -rf "$DIR"
    mkdir -p "$DIR"
    [ -p "$KEYS" ] || mkfifo "$KEYS"
    eval "exec $KEYS_FD<> \"\$KEYS\""
    "command_$kind" "$@" <> "$KEYS" >> "$TRANSCRIPT" 2> "$ERRORS" 3>&- 4>&- 9>&- &
    VMM=$!
}

command_ours()
{
    exec spapr-vmm -M "$MACHINE$OURS_CAPS" -accel kvm -device spapr-xive-kvm -m "${MEM}M" -smp "$CPUS" \
        -nographic -qmp "unix:$SOCKET,server=on,wait=off" -kernel "$KERNEL" -initrd "$INITRD" \
        -append "$TEXT" "$@"
}

command_qemu()
{
    exec qemu-system-ppc64 -M "$MACHINE$QEMU_IRQ,kernel-irqchip=$QEMU_IRQCHIP,x-vof=on,$QEMU_CAPS" \
        -accel kvm -cpu host -m "$MEM" -smp "$CPUS" -nodefaults -nographic -serial stdio \
        -monitor none -qmp "unix:$SOCKET,server=on,wait=off" -kernel "$KERNEL" \
        -initrd "$INITRD" -append "$TEXT" "$@"
}

type_line()
{
    echo "$1" >&"$KEYS_FD"
}

ticks()
{
    grep -c '^STRESS:tick' "$TRANSCRIPT"
}

guest_ticks_on()
{
    wait_for '^STRESS:tick' $(($(ticks) + ${1:-2}))
}

guest_up()
{
    wait_for '^STRESS:tick 1 ' || return 1
    STARTED=$(centis) STARTED_AT=$(guest_ms)
    watch_on
}

# Milliseconds of the guest's clock at its last tick.
guest_ms()
{
    sed -n 's/^STRESS:tick [0-9]* t=\([0-9]*\) .*/\1/p' "$TRANSCRIPT" | tail -n 1
}

# talk N: types N numbered lines.
talk()
{
    talked=0
    while [ "$talked" -lt "$1" ]; do
        talked=$((talked + 1)) TYPED=$((TYPED + 1))
        type_line "ping $TYPED"
    done
}

answered()
{
    wait_for "^STRESS:pong $TYPED.\{0,1\}\$"
}

# sides_claim NAME COMMAND...: as claim, with both sides shown at a failure.
sides_claim()
{
    claim "$@" || { tell_sides | sed 's/^/# /'; return 1; }
}

# ---- a guest that stands still -----------------------------------------------------------------

# From now until watch_off every wait of these scripts looks whether the guest ticks, and tells a
# stall at once, while both sides are still there. It judges nothing: who waits does.
watch_on()
{
    LAST_TICK='' TICKED=$(now) STALLED='' WATCHED=''
    AT_EACH_WAIT=watch_guest
}

watch_off()
{
    AT_EACH_WAIT=:
}

# The transcript is complete; where sides write elsewhere, it is made so.
console_arrives()
{
    :
}

# Once a second, by the end of the transcript: a wait is there to wait, not to read.
watch_guest()
{
    at=$(now)
    [ "$at" != "$WATCHED" ] || return 0
    WATCHED=$at
    console_arrives
    tick=$(tail -c 4096 "$TRANSCRIPT" | sed -n 's/^STRESS:tick \([0-9]*\) .*/\1/p' | tail -n 1)
    if [ -n "$tick" ] && [ "$tick" != "$LAST_TICK" ]; then
        [ -z "$STALLED" ] || echo "# the guest ticks again after $((at - TICKED)) s" >&9
        LAST_TICK=$tick TICKED=$at STALLED=''
    elif [ -z "$STALLED" ] && [ $((at - TICKED)) -ge "$STALL" ]; then
        STALLED=yes
        # In a shell of its own: who waits has variables, too.
        (tell_stall "$((at - TICKED))") > "$WORK/stall" 2>&1
        sed 's/^/# /' "$WORK/stall" >&9
    fi
}

# tell_stall SECONDS
tell_stall()
{
    echo "STALL: no tick of the guest for $1 s, the last was ${LAST_TICK:-none}; claimed: $claimed"
    tell_sides
    echo '--- the end of the console'
    tail -n 15 "$TRANSCRIPT" | tr -d '\r' | cut -c 1-120 | sed 's/^/  /'
    echo "--- the end of the host's kernel log"
    dmesg | tail -n 10 | sed 's/^/  /'
}

# All that is known of both sides of a move.
tell_sides()
{
    tell_side source "$SOURCE_SOCKET" "$SOURCE_VMM" "$SOURCE_DIR"
    tell_side guest "$SOCKET" "$VMM" "$DIR"
}

# tell_side NAME SOCKET PID DIRECTORY: its messages, and while it lives what its monitor says and
# what the host's kernel knows: of its interrupts, and where its threads are.
tell_side()
{
    [ -n "$3" ] || return 0
    echo "--- $1: ${4##*/}, process $3"
    sed 's/^/message: /' "$4/vmm-errors"
    kill -0 "$3" 2> /dev/null || { echo 'it is gone'; return 0; }
    for words in query-status query-migrate x-query-irq; do
        echo "$words:"
        spapr-vmm-ctl --timeout 5 "$2" $words 2>&1 | sed 's/^/  /'
    done
    debugfs
    for file in /sys/kernel/debug/kvm/"$3"-*/xive; do
        echo "the kernel's $file:"
        sed 's/^/  /' "$file"
    done
    for task in /proc/"$3"/task/*; do
        echo "thread $(cat "$task/comm"): $(sed 's/.*) //' "$task/stat" | cut -c 1)," \
            "waits in $(cat "$task/wchan")"
    done
}

debugfs()
{
    [ -d /sys/kernel/debug/kvm ] || mount -t debugfs none /sys/kernel/debug
}

# ---- one move ----------------------------------------------------------------------------------

source_ctl()
{
    spapr-vmm-ctl --wait 10 "$SOURCE_SOCKET" "$@"
}

migration_is()
{
    source_ctl --json query-migrate > "$SOURCE_DIR/query-migrate" || return 2
    grep -q "\"status\": *\"$1\"" "$SOURCE_DIR/query-migrate"
}

# Ends at once when it failed. Asking takes from what is measured: QUIET_FOR seconds nobody does.
migrated()
{
    sleep "$QUIET_FOR"
    deadline=$(($(now) + LIMIT))
    until migration_is completed; do
        if migration_is failed || migration_is cancelled || [ "$(now)" -ge "$deadline" ]; then
            cat "$SOURCE_DIR/query-migrate" "$SOURCE_DIR/vmm-errors" "$ERRORS" 2> /dev/null
            return 1
        fi
        [ -z "$TALK_ON" ] || talk 1
        a_moment
    done
}

# The side that has the guest becomes the source, and a new one the destination.
new_side()
{
    SOURCE_DIR=$DIR SOURCE_SOCKET=$SOCKET SOURCE_VMM=$VMM SOURCE_KEYS=$KEYS_FD
    side_start "$@"
}


source_gone()
{
    source_ctl quit || return 1
    until_true not_alive "$SOURCE_VMM" || return 1
    wait "$SOURCE_VMM"
    status=$?
    [ "$status" -eq 0 ] || { echo "the source ended with $status"; return 1; }
    ! grep -v '^qemu-.*warning' "$SOURCE_DIR/vmm-errors"
}

not_alive()
{
    ! kill -0 "$1" 2> /dev/null
}

# What the source has not read is typed at the destination.
keys_follow()
{
    [ -z "$ONE_CONSOLE" ] || return 0
    eval "timeout 1 cat <&$SOURCE_KEYS" > "$DIR/keys-left" 2> /dev/null
    cat "$DIR/keys-left" >&"$KEYS_FD"
    eval "exec $SOURCE_KEYS>&-"
}

# A guest of QEMU whose source hears no refusal is not taken (QEMU's default is off).
hears_refusals()
{
    case $SOURCE_DIR in
        *qemu) source_ctl migrate-set-capabilities \
            'capabilities:=[{"capability": "return-path", "state": true}]' > /dev/null ;;
    esac
}

through_unix()
{
    talk "$TALK"
    new_side "$@" -incoming "unix:$WORK/incoming-$((SIDES + 1))" || return 1
    until_true test -S "$WORK/incoming-$SIDES" || return 1
    hears_refusals || return 1
    source_ctl migrate "uri=unix:$WORK/incoming-$SIDES" > "$DIR/migrate" 2>&1 ||
        { cat "$DIR/migrate"; return 1; }
    migrated
}

switch_postcopy_on()
{
    "$1" migrate-set-capabilities \
        'capabilities:=[{"capability": "postcopy-ram", "state": true}]' > /dev/null
}

# here_is STATUS: of the migration, at the destination.
here_is()
{
    ctl --json query-migrate | grep -q "\"status\": *\"$1\""
}

# The connection of a postcopy is cut while memory is on its way, and another one made.
mended()
{
    source_ctl migrate-pause > /dev/null || return 0 # all was there already
    until_true migration_is postcopy-paused && until_true here_is postcopy-paused || return 1
    echo "move $((MOVES + 1))" >> "$WORK/mended"
    ctl migrate-recover "uri=unix:$WORK/mended-$SIDES" > "$DIR/recover" 2>&1 &&
        source_ctl migrate "uri=unix:$WORK/mended-$SIDES" resume:=true > "$DIR/resume" 2>&1 ||
        { cat "$DIR/recover" "$DIR/resume"; return 1; }
}

# The guest goes over at once, or with some of its memory there already; the rest follows.
through_postcopy()
{
    talk "$TALK"
    new_side "$@" -incoming defer
    uri=unix:$WORK/incoming-$SIDES rate=$(((MOVES % 4 + 1) * 16777216))
    switch_postcopy_on ctl && switch_postcopy_on source_ctl &&
        source_ctl migrate-set-parameters "max-bandwidth:=$rate" \
            "max-postcopy-bandwidth:=$((rate * 2))" > /dev/null &&
        ctl migrate-incoming "uri=$uri" > /dev/null &&
        source_ctl migrate "uri=$uri" > /dev/null || return 1
    sleep "0.$((MOVES % 4 * 2))"
    source_ctl migrate-start-postcopy > /dev/null || return 1
    if [ "$BREAK_EVERY" -gt 0 ] && [ $((MOVES % BREAK_EVERY)) -eq 0 ]; then
        until_true here_is postcopy-active && mended || return 1
    fi
    migrated && ctl --json query-migrate | tr -d ' \n' >> "$WORK/waits" && echo >> "$WORK/waits"
}

# The source is stopped and done before the destination begins.
through_file()
{
    SOURCE_DIR=$DIR SOURCE_SOCKET=$SOCKET SOURCE_VMM=$VMM SOURCE_KEYS=$KEYS_FD
    talk "$TALK"
    file=$WORK/stream-$((SIDES + 1))
    # Stock QEMU 7.2 knows no file:.
    case $DIR in
        *qemu) uri="exec:cat > $file" ;;
        *) uri=file:$file ;;
    esac
    source_ctl migrate "uri=$uri" > "$DIR/migrate" 2>&1 || { cat "$DIR/migrate"; return 1; }
    migrated || return 1
    case $1 in
        qemu) side_start "$@" -incoming "exec:cat $file" ;;
        *) side_start "$@" -incoming "file:$file" ;;
    esac
}

switch_lazy_on()
{
    "$1" migrate-set-capabilities 'capabilities:=[{"capability": "mapped-ram", "state": true},
        {"capability": "x-lazy-restore", "state": true},
        {"capability": "multifd", "state": true}]' > /dev/null
}

# saved FILE: the side's guest, with places for its pages.
saved()
{
    SOURCE_DIR=$DIR SOURCE_SOCKET=$SOCKET SOURCE_VMM=$VMM SOURCE_KEYS=$KEYS_FD
    source_ctl migrate-set-capabilities \
        'capabilities:=[{"capability": "mapped-ram", "state": true}]' > /dev/null &&
        source_ctl migrate "uri=file:$1" > "$DIR/migrate" 2>&1 || { cat "$DIR/migrate"; return 1; }
    migrated
}

# restored_from FILE RATE KIND OPTIONS...: a new side that runs at once, and gets no more than RATE
# bytes a second of what nobody asks for.
restored_from()
{
    from=$1 rate=$2
    shift 2
    side_start "$@" -incoming defer
    switch_lazy_on ctl && ctl migrate-set-parameters "max-postcopy-bandwidth:=$rate" > /dev/null &&
        ctl migrate-incoming "uri=file:$from" > /dev/null
}

# The source is done; its guest runs on while its memory comes from the file.
through_restore()
{
    talk "$TALK"
    saved "$WORK/stream-$((SIDES + 1))" &&
        restored_from "$WORK/stream-$((SIDES + 1))" 1048576 "$@"
}

# Of a restore: memory still comes when the guest has ticked and answered; then all of it does.
settled()
{
    [ "$TRANSPORT" = restore ] || return 0
    ctl --json query-migrate | tr -d ' \n' >> "$WORK/waits" && echo >> "$WORK/waits" &&
        ctl migrate-set-parameters max-postcopy-bandwidth:=0 > /dev/null &&
        until_true here_is completed
}

running_here()
{
    until_true is_status running || { cat "$ERRORS"; return 1; }
}

# moved_to KIND OPTIONS...: the guest goes to a new side and goes on there, and every line that was
# typed is answered. What it took is added to $WORK/moves.
moved_to()
{
    "through_$TRANSPORT" "$@" && running_here && source_gone && keys_follow || return 1
    rm -f "$WORK/stream-$SIDES" "$WORK/incoming-$SIDES"
    MOVES=$((MOVES + 1))
    talk "$TALK"
    answered && guest_ticks_on && settled && footprint >> "$WORK/footprints" &&
        tr -d ' \n' < "$SOURCE_DIR/query-migrate" |
        sed 's/"ram":{\([^}]*\)}/\1/' >> "$WORK/moves" && echo >> "$WORK/moves"
}

# ---- what a side takes -------------------------------------------------------------------------

# Descriptors, threads, memory beyond the guest's in KiB, VMs of the host, lines of what its kernel
# tells of this VM's interrupts (sources, queues, contexts), regions of the guest's address space
# (each is a slot of KVM or part of one), moves: of the side that runs.
footprint()
{
    debugfs
    fds=0 vms=0
    for fd in /proc/"$VMM"/fd/*; do
        fds=$((fds + 1))
    done
    for vm in /sys/kernel/debug/kvm/*-*; do
        vms=$((vms + 1))
    done
    echo "$fds $(field Threads "/proc/$VMM/status") $(beyond_guest "$VMM") $vms" \
        "$(cat /sys/kernel/debug/kvm/"$VMM"-*/xive 2> /dev/null | wc -l)" \
        "$(ctl x-query-memory-map 2> /dev/null | wc -l) $MOVES"
}

# beyond_guest PID: resident KiB outside the guest's memory, of which most is resident.
beyond_guest()
{
    awk '/^Rss:/ { rss += $2; if ($2 > guest) guest = $2 } END { print rss - guest }' \
        "/proc/$1/smaps"
}

# Of the sides of our kind, the last takes no more than the first; a tenth for memory, in which the
# allocator has its say. One VM at a time is left to the host's kernel.
nothing_grew()
{
    awk 'NR == 1 { for (i = 1; i <= 6; i++) first[i] = $i }
         { for (i = 1; i <= 6; i++) last[i] = $i; if ($4 != 1 || $5 < 1 || $6 < 1) bad = 1 }
         END {
             for (i = 1; i <= 6; i++) {
                 room = i == 3 ? first[i] * 1.1 + 256 : first[i]
                 print "figure", i, "first", first[i], "last", last[i]
                 if (last[i] > room) bad = 1
             }
             exit bad || NR < 2
         }' "$WORK/footprints"
}

# ---- what the guest said -------------------------------------------------------------------------

stress_ends()
{
    type_line quit
    wait_for '^STRESS:ends' && watch_off
}

# numbered WORD FIRST: the lines "STRESS:WORD N …" are all there, once, in order.
numbered()
{
    tr -d '\r' < "$TRANSCRIPT" | awk -v word="STRESS:$1" -v first="$2" '
        $1 == word {
            if ($2 != n + first) { print "after", n + first - 1, "came:", $0; bad = 1; exit }
            n++
        }
        END { print n + 0, "lines"; exit bad || n == 0 }'
}

all_pings_answered()
{
    numbered pong 1 && [ "$(grep -c '^STRESS:pong' "$TRANSCRIPT")" -eq "$TYPED" ]
}

no_bad()
{
    ! grep '^STRESS:bad' "$TRANSCRIPT" | head -n 10 | grep .
}

# Nothing at all, but what only says that the emulation is slow, or that randomness came late.
no_kernel_line()
{
    ! grep '^STRESS:klog' "$TRANSCRIPT" |
        grep -v -e 'hrtimer: interrupt took' -e 'clocksource: Long readout' -e 'crng init done' |
        head -n 20 | grep .
}

# The guest's clock stands while it moves, but for at most 32.8 ms a move, to which KVM rounds.
clock_is_right()
{
    guest=$(($(guest_ms) - STARTED_AT)) host=$((($(centis) - STARTED) * 10))
    echo "guest $guest ms, host $host ms, $MOVES moves"
    [ "$guest" -le $((host + 2000 + 33 * MOVES)) ]
}

memory_is_right()
{
    tr -d '\r' < "$TRANSCRIPT" | awk '/^STRESS:memory/ { n++; if ($2 != $4) { print; bad = 1 } }
        END { exit bad || n == 0 }'
}

# Counters of /proc/interrupts never fall; what is asked is the report before and after.
interrupts_grew()
{
    tr -d '\r' < "$TRANSCRIPT" | awk '
        /^STRESS:report ends/ { reports++; line = 0 }
        $1 == "STRESS:irq" && $2 ~ /:$/ {
            line++
            for (i = 3; i <= NF && $i ~ /^[0-9]+$/; i++) {
                key = line " " i
                if (key in seen && $i + 0 < seen[key]) { print "fell:", $0; bad = 1 }
                if (key in seen && $i + 0 > seen[key]) grew[$2] = 1
                seen[key] = $i + 0
            }
        }
        END {
            for (name in grew) n++
            print reports + 0, "reports,", n + 0, "lines grew"
            exit bad || reports < 2 || n == 0
        }'
}

report()
{
    reports=$(grep -c '^STRESS:report ends' "$TRANSCRIPT")
    type_line report
    wait_for '^STRESS:report ends' $((reports + 1))
}

# All claims about what the guest has said.
stress_holds()
{
    claim 'nothing that the guest counts was lost or came twice' no_bad
    claim 'its memory is right' memory_is_right
    claim 'every typed line was answered once, in order' all_pings_answered
    claim 'every second is on the console once, in order' numbered tick 0
    claim 'every line of its chatter is on the console once, in order' numbered chat 0
    claim 'interrupt counters went on' interrupts_grew
    claim 'its clock ran no faster than time' clock_is_right
    claim 'its kernel said nothing new' no_kernel_line
}

# Medians over all moves, for people.
tell_moves()
{
    for name in downtime total-time transferred; do
        sed -n "s/.*\"$name\":\([0-9]*\).*/\1/p" "$WORK/moves" | sort -n |
            awk -v name="$name" '{ v[NR] = $1 }
                END { if (NR) print "# median", name, v[int((NR + 1) / 2)], "of", NR }'
    done
}
