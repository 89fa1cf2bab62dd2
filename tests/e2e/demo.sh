#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The main job, shown: boots a Linux guest under spapr-vmm on KVM with the XIVE device, types at its
# console, moves it to a second spapr-vmm while its processors interrupt each other, and tells what
# happened. Runs on a POWER9 KVM host, the emulated one or a real one; ./demo calls it and words the
# report. TAP says whether it worked.
#
# Environment: KERNEL, INITRD (the emulated host's), DIR (work directory, /out), CPUS, MEM.

KERNEL=${KERNEL:-/boot/vmlinux}
INITRD=${INITRD:-/boot/guest-initrd.cpio}
DIR=${DIR:-/out}
CPUS=${CPUS:-2}
MEM=${MEM:-512M}
LIMIT=120 # seconds for the whole guest

CONSOLE=$DIR/console # of both
HERE=$DIR/here.sock   # monitors
THERE=$DIR/there.sock
WIRE=$DIR/wire.sock
KEYS=$DIR/keys # what is typed: here, there
TAP=$DIR/tap

now()
{
    cut -d ' ' -f 1 /proc/uptime
}

since()
{
    echo "$1 $(now)" | awk '{ printf "%.1f", $2 - $1 }'
}

N=0 FAILED=0

# ok STATUS NAME: noted; told at the end, since the console may be in the middle of a line.
ok()
{
    N=$((N + 1))
    if [ "$1" -eq 0 ]; then
        echo "ok $N - $2" >> "$TAP"
    else
        echo "not ok $N - $2" >> "$TAP"
        FAILED=1
    fi
}

guest_lines()
{
    tr -d '\r' < "$CONSOLE" | sed -n "s/^GUEST:$1 *//p"
}

# grew NAME N: whether the XIVE interrupts of that name grew on at least N processors. A guest of
# one processor has no IPIs to grow.
grew()
{
    [ "$1 $CPUS" != 'IPI 1' ] || return 0
    cat "$DIR/interrupts-before" "$DIR/interrupts-after" | awk -v name="$1" -v wanted="$2" '
        /^ *CPU0/ { cpus = NF; after = FNR > 1 }
        /XIVE/ && index($NF, name) {
            for (i = 2; i <= cpus + 1; i++) if (after) grown += $i > n[i]; else n[i] = $i
        }
        END { exit !(grown >= wanted) }'
}

# wait_for WORDS: until the console says them; fails when the guest ends or time is up.
wait_for()
{
    until grep -q "$1" "$CONSOLE"; do
        kill -0 "$VMM" 2> /dev/null || return 1
        [ "$(since "$START" | cut -d . -f 1)" -lt "$LIMIT" ] || return 1
        sleep 0.1
    done
}

# typing FD WORD…: each is answered.
typing()
{
    fd=$1
    shift
    for word in "$@"; do
        echo "$word" >&"$fd"
        wait_for "^ECHO:$word" || return 1
    done
}

# guest SOCKET OPTION…: a VMM for the guest; its standard input is the keyboard.
guest()
{
    socket=$1
    shift
    spapr-vmm -M pseries -accel kvm -device spapr-xive-kvm -smp "$CPUS" -m "$MEM" -name demo \
        -nographic -serial stdio -qmp "unix:$socket,server=on,wait=off" \
        -kernel "$KERNEL" -initrd "$INITRD" -append "console=hvc0 guest.run=demo" "$@" \
        >> "$CONSOLE" 2>> "$DIR/vmm-errors" 3>&- 4>&-
}

move()
{
    guest "$THERE" -incoming "unix:$WIRE" < "$KEYS.there" &
    VMM_THERE=$!
    spapr-vmm-ctl --wait 5 "$THERE" query-status > /dev/null &&
        spapr-vmm-ctl "$HERE" migrate "unix:$WIRE" > "$DIR/move"
}

: > "$CONSOLE"
: > "$DIR/vmm-errors"
: > "$TAP"
rm -f "$KEYS" "$KEYS.there"
mkfifo "$KEYS" "$KEYS.there"
exec 3<> "$KEYS" 4<> "$KEYS.there"
START=$(now)
guest "$HERE" < "$KEYS" &
VMM=$!
tail -f -n +1 "$CONSOLE" 3>&- 4>&- &
TAIL=$!

wait_for '^GUEST-UP'
ok $? 'the guest reaches its user space'
UP=$(since "$START")
wait_for '^GUEST:demo ready' && typing 3 one two three
ok $? 'what is typed at the console is answered'
echo go >&3
wait_for '^GUEST:demo .* wake each other'
move
ok $? 'the guest moves to a second VMM while it runs'
spapr-vmm-ctl "$HERE" quit > /dev/null
wait "$VMM"
VMM=$VMM_THERE
typing 4 four five
ok $? 'the console goes on where the guest now is'
spapr-vmm-ctl --wait 5 "$THERE" x-query-memory-map > "$DIR/memory-map" &&
    spapr-vmm-ctl "$THERE" x-query-irq > "$DIR/irq"
ok $? 'the monitor shows memory and interrupt controller'
echo enough >&4
wait_for '^GUEST:demo done'
while kill -0 "$VMM" 2> /dev/null && [ "$(since "$START" | cut -d . -f 1)" -lt "$LIMIT" ]; do
    sleep 0.1
done
kill -9 "$VMM" 2> /dev/null
wait "$VMM"
STATUS=$?
sleep 0.3 # the last lines of the console
kill "$TAIL"

for when in before after; do
    guest_lines "interrupts $when" > "$DIR/interrupts-$when"
done
grew IPI "$CPUS"
ok $? 'every processor was interrupted by another'
grew hvc_console 1
ok $? 'the console interrupts'
[ "$STATUS" -eq 0 ]
ok $? 'the guest powers itself off, and the VMM ends with status 0'
echo
cat "$TAP"
echo "1..$N"
[ ! -s "$DIR/vmm-errors" ] || sed 's/^/# spapr-vmm: /' "$DIR/vmm-errors"

{
    echo "vmm=$(spapr-vmm -version)"
    echo "host_kernel=$(uname -r)"
    echo "cpus=$CPUS"
    echo "memory=$MEM"
    echo "guest_kernel=$(tr -d '\r' < "$CONSOLE" | sed -n 's/.*Linux version \([^ ]*\).*/\1/p' | head -n 1)"
    echo "up=$UP"
    echo "guest_up=$(tr -d '\r' < "$CONSOLE" | sed -n 's/^GUEST-UP \([0-9.]*\).*/\1/p' | head -n 1)"
} > "$DIR/facts"
rm -f "$KEYS" "$KEYS.there"
exit "$FAILED"
