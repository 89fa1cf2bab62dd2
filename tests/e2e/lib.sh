# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
#
# What the scripts of tests/e2e have in common: TAP, one VMM at a time with its console and its
# monitor, and what must hold when all is over. Sourced inside the emulated host (busybox sh);
# tests/power9/run brings it along. It judges nothing by itself but `finish`.
#
#   . /power9/lib.sh
#   vmm_start NAME OPTIONS...; claim 'it does so' COMMAND...; vmm_gone 0; finish

PROGRAMS=/usr/libexec/spapr-vmm # peer and the bare guests
OBEY=$PROGRAMS/guest-obey
KERNEL=${KERNEL:-/boot/vmlinux}
INITRD=${INITRD:-/boot/guest-initrd.cpio}
LIMIT=${LIMIT:-90} # seconds for any one wait
WORK=/out/vm # comes back with --out

N=0 FAILED=0
VMM='' DIR='' CONSOLE='' ERRORS='' SOCKET='' KEYS='' DIAGNOSED=''
AT_EACH_WAIT=: # a function that whoever waits calls again and again

# ---- TAP -------------------------------------------------------------------------------------

# claim NAME COMMAND...: one test case. The command's output says why it failed; then everything
# that is known of the VMM is shown.
claim()
{
    claimed=$1
    shift
    N=$((N + 1))
    if "$@" > /tmp/why 2>&1; then
        echo "ok $N - $claimed"
        return 0
    fi
    echo "not ok $N - $claimed"
    FAILED=$((FAILED + 1))
    sed 's/^/#   /' /tmp/why
    diagnose
    return 1
}

# skip NAME REASON
skip()
{
    N=$((N + 1))
    echo "ok $N - $1 # SKIP $2"
}

diagnose()
{
    # The first failure of a VMM is the one to look at.
    [ -n "$DIR" ] && [ "$DIAGNOSED" != "$DIR" ] || return 0
    DIAGNOSED=$DIR
    for file in "$ERRORS" "$CONSOLE"; do
        echo "# --- ${file##*/} of ${DIR##*/}, its end"
        tail -n 15 "$file" 2> /dev/null | tr -d '\r' | cut -c 1-120 | sed 's/^/#   /'
    done
    if vmm_lives && [ -S "$SOCKET" ]; then
        echo '# --- x-query-irq'
        spapr-vmm-ctl --timeout 5 "$SOCKET" x-query-irq 2>&1 | sed 's/^/#   /'
    fi
}

# ---- time ------------------------------------------------------------------------------------

# Seconds since boot, whole; and in hundredths.
now()
{
    read -r up _ < /proc/uptime
    echo "${up%.*}"
}

centis()
{
    read -r up _ < /proc/uptime
    echo "${up%.*}${up#*.}" | sed 's/^0*\(.\)/\1/'
}

# What every wait does between two looks.
a_moment()
{
    sleep 0.1
    "$AT_EACH_WAIT"
}

# until_true COMMAND...: repeats it until it succeeds. Fails when LIMIT is over.
until_true()
{
    deadline=$(($(now) + LIMIT))
    until "$@"; do
        if [ "$(now)" -ge "$deadline" ]; then
            echo "not within $LIMIT s: $*"
            return 1
        fi
        a_moment
    done
}

# ---- a VMM -----------------------------------------------------------------------------------

# vmm_start NAME OPTIONS...: one with a monitor at $SOCKET; what is written to descriptor 3 is
# typed at its console, whose output is in $CONSOLE. Files of NAME are in $DIR. ACCEL: another
# accelerator than kvm.
vmm_start()
{
    DIR=$WORK/$1 CONSOLE=$WORK/$1/console ERRORS=$WORK/$1/vmm-errors SOCKET=$WORK/$1/qmp.sock
    KEYS=$DIR/keys
    shift
    rm -rf "$DIR"
    mkdir -p "$DIR"
    mkfifo "$KEYS"
    exec 3<> "$KEYS"
    spapr-vmm -M pseries -accel "${ACCEL:-kvm}" -device spapr-xive-kvm -m 256M -nographic \
        -qmp "unix:$SOCKET,server=on,wait=off" \
        -qmp "unix:$DIR/events.sock,server=on,wait=off" "$@" \
        < "$KEYS" > "$CONSOLE" 2> "$ERRORS" 3>&- &
    VMM=$!
}

# linux_start NAME SCRIPT OPTIONS...: a Linux guest that runs SCRIPT of tests/e2e/guest.
linux_start()
{
    linux=$1 script=$2
    shift 2
    vmm_start "$linux" -kernel "$KERNEL" -initrd "$INITRD" \
        -append "console=hvc0 quiet guest.run=$script $APPEND" "$@"
}

vmm_lives()
{
    [ -n "$VMM" ] && kill -0 "$VMM" 2> /dev/null
}

ctl()
{
    spapr-vmm-ctl --wait 10 "$SOCKET" "$@"
}

# The second monitor is for events, since a monitor serves one client at a time: once this has
# returned, all of them stand in $DIR/events.
events_start()
{
    until_true test -S "$DIR/events.sock" || return 1
    echo '{"execute": "qmp_capabilities"}' |
        "$PROGRAMS/peer" "$DIR/events.sock" > "$DIR/events" 2> "$DIR/events-errors" 3>&- &
    EVENTS=$!
    until_true grep -q '"return"' "$DIR/events"
}

# event NAME [WORDS]: it comes, with the words in its line.
event()
{
    until_true grep -q "\"event\": *\"$1\".*$2" "$DIR/events"
}

# Exactly these were seen until the end of the VMM.
events_were()
{
    wait "$EVENTS"
    sed -n 's/.*"event": *"\([^"]*\)".*/\1/p' "$DIR/events" | tr '\n' ' ' > /tmp/events
    [ "$(cat /tmp/events)" = "$1 " ] || { cat "$DIR/events" "$DIR/events-errors"; return 1; }
}

is_status()
{
    ctl query-status > /tmp/status
    grep -q "\"status\": \"$1\"" /tmp/status || { cat /tmp/status; return 1; }
}

type_line()
{
    echo "$1" >&3
}

says()
{
    grep -q "$1" "$CONSOLE"
}

# said N WORDS: at least N lines of the console match.
said()
{
    [ "$(grep -c "$2" "$CONSOLE")" -ge "$1" ]
}

# wait_for WORDS [N]: until the console has said so (N times); fails at once when the VMM ended.
wait_for()
{
    wanted=$1 times=${2:-1}
    deadline=$(($(now) + LIMIT))
    until said "$times" "$wanted"; do
        if ! vmm_lives; then
            sleep 0.2
            said "$times" "$wanted" && return 0
            echo "the VMM ended before the console said: $wanted"
            return 1
        fi
        if [ "$(now)" -ge "$deadline" ]; then
            echo "the console did not say within $LIMIT s: $wanted"
            return 1
        fi
        a_moment
    done
}

# vmm_wait: waits for the end and leaves its exit status in $STATUS; one that does not come to an
# end is killed (status 137).
vmm_wait()
{
    deadline=$(($(now) + LIMIT))
    while vmm_lives && [ "$(now)" -lt "$deadline" ]; do
        sleep 0.1
    done
    if vmm_lives; then
        echo "the VMM did not end within $LIMIT s"
        diagnose
        kill -9 "$VMM"
    fi
    wait "$VMM"
    STATUS=$?
    VMM=''
    exec 3>&-
}

# ended STATUS: what vmm_wait found, and that the monitor's socket is gone.
ended()
{
    [ "$STATUS" -eq "$1" ] || { echo "exit status $STATUS instead of $1"; return 1; }
    [ ! -e "$SOCKET" ] || { echo "left behind: $SOCKET"; return 1; }
}

silent()
{
    [ ! -s "$ERRORS" ] || { cat "$ERRORS"; return 1; }
}

# vmm_gone NAME STATUS: the VMM ends by itself with that status.
vmm_gone()
{
    vmm_wait
    claim "$1" ended "$2"
}

# field NAME FILE: a line of /proc/PID/status and the like.
field()
{
    awk -v name="$1:" '$1 == name { print $2; exit }' "$2"
}

# ---- kernel logs -----------------------------------------------------------------------------

# Messages of level warning and worse, as in dmesg -r: "<4>[    1.2] text". Two that only tell that
# the emulation is slow say nothing about what runs on it.
grave()
{
    grep '^<[0-4]>' | grep -v -e 'hrtimer: interrupt took' -e 'clocksource: Long readout interval'
}

# Nothing that the script caused.
host_log_clean()
{
    dmesg -r > /tmp/klog
    grep -q 'power9: script begins' /tmp/klog || { echo 'the log overflowed'; return 1; }
    sed '1,/power9: script begins/d' /tmp/klog | grave > /tmp/grave
    [ ! -s /tmp/grave ] || { head -n 30 /tmp/grave; return 1; }
}

# ---- the end ---------------------------------------------------------------------------------

no_process()
{
    left=$(pidof spapr-vmm) || return 0
    echo "still there: $left"
    return 1
}

no_socket()
{
    find /tmp "$WORK" -type s > /tmp/sockets
    [ ! -s /tmp/sockets ] || { cat /tmp/sockets; return 1; }
}

# The last thing a script does.
finish()
{
    DIR=''
    claim 'no VMM is left' no_process
    claim 'no socket is left' no_socket
    claim "the host's kernel log is clean" host_log_clean
    echo "1..$N"
    [ "$FAILED" -eq 0 ]
    exit
}
