# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# peers.sh VMM MODULE CTL STREAM: what the scripts that exchange guests with stock QEMU share: a
# guest of some instructions, stock QEMU (TCG) and our VMM (the model) with it, their monitors, TAP. Sourced.
set -u
vmm=$1 module=$2 ctl=$3 stream=$4
qemu=${QEMU_PPC64:-qemu-system-ppc64}
directory=$(mktemp -d) || exit 99
peer=          # the last that was started
qmp=qmp        # its monitor, in $directory
log=log        # what it says
serial=file:$directory/console
keys=/dev/null # what a console on stdio is typed
output=log     # and where it prints
accel=model    # of ours
booted=xive    # file of the guest that QEMU boots
trap 'for left in $(jobs -p); do kill "$left" 2>/dev/null; done; rm -rf "$directory"' EXIT
limit=300 # tenths of a second for any one wait

# The guest, from its entry at 0x100 on, 64 bits, big-endian:
#   H_CAS(vectors, 0x1000000, 0x100000)
#   H_REGISTER_PROC_TBL(new | radix | GTSE, 0x2000000, 0, 4)
#   H_PUT_TCE(0x80000000, 0x1000, 0x123003)
#   H_PUT_TERM_CHAR(0x71000000, 1, all three succeeded ? "U" : "X"); for ever
# vectors: POWER9 and ISA 3.00; vector 1: ISA 3.00; vector 5: affinity form 1, hot-plug events, XIVE,
# radix, GTSE
guest='
3c6000006063f002388001803ca001003cc00010440000227c741b783860037c
3880001d3ca0020038c0000038e00004440000227e941b78386000203c804000
7c84221438a010003cc0001260c63003440000227e941b7938c0005541820008
38c00058386000583c80710038a0000178c6c1c638e000004400002248000000
ffff0000004e0000ffffffff0f00000500000000ffffffff0401000100000000
0000190000000080040000000000000000000000000000000040400040
'

# HEX: a guest that asks for XIVE or, with other bytes in vector 5, not.
make_guest() {
    local guest=$1
    head -c 256 /dev/zero
    # shellcheck disable=SC2059
    printf "$(tr -d '\n ' <<<"$guest" | sed 's/../\\x&/g')"
}

ask() {
    "$ctl" --wait 20 "$directory/$qmp" "$@"
}

# WORDS COMMAND...: until what the command prints has one of the words.
until_says() {
    local words=$1 i
    for ((i = 0; i < limit; i++)); do
        ask "${@:2}" >"$directory/answer" 2>&1 || return 1
        grep -qE "$words" "$directory/answer" && return
        sleep 0.1
    done
    return 1
}

# MACHINE OPTIONS...
start_qemu() {
    rm -f "$directory/$qmp"
    "$qemu" -accel tcg -cpu POWER9 -m 256M -smp 2 -nodefaults -display none -monitor none \
        -bios "$directory/$booted" -serial "$serial" \
        -qmp "unix:$directory/$qmp,server=on,wait=off" -M "$1" "${@:2}" \
        <>"$keys" >>"$directory/$output" 2>"$directory/$log" &
    peer=$!
}

start_ours() {
    rm -f "$directory/$qmp"
    "$vmm" -accel "$accel" -module-dir "$(dirname "$module")" -device spapr-xive-kvm -m 256M -smp 2 \
        -S -display none -serial "$serial" \
        -qmp "unix:$directory/$qmp,server=on,wait=off" -M "$1" "${@:2}" \
        <>"$keys" >>"$directory/$output" 2>"$directory/$log" &
    peer=$!
}

# FILE: hands the guest over and ends.
send() {
    ask migrate "uri=exec:cat >$1" >"$directory/answer" 2>&1 &&
        until_says 'completed|failed' query-migrate && grep -q completed "$directory/answer" &&
        ask quit >/dev/null 2>&1
    local status=$?
    [ $status = 0 ] || kill "$peer" 2>/dev/null
    wait "$peer" 2>/dev/null
    peer=
    return $status
}

# A fresh QEMU, its guest at the end of its program and running.
boot_qemu() {
    local i
    : >"$directory/console"
    start_qemu "$@"
    for ((i = 0; i < limit; i++)); do
        [ -s "$directory/console" ] && break
        sleep 0.1
    done
    [ "$(cat "$directory/console")" = U ]
}

# NAME COMMAND...
report() {
    local said
    n=$((n + 1))
    if said=$("${@:2}"); then
        echo "ok $n - $1"
    else
        echo "not ok $n - $1: $(head -1 <<<"$said")"
        { tail -n +2 <<<"$said"; cat "$directory"/*log; } | sed 's/^/# /'
        [ -z "$peer" ] || kill "$peer" 2>/dev/null
        peer=
    fi
}

skip() {
    n=$((n + 1))
    echo "ok $n - $1 # SKIP $2"
}

make_guest "$guest" >"$directory/xive"
make_guest "${guest/0040400040/0000400040}" >"$directory/xics"
: >"$directory/answer"
n=0
