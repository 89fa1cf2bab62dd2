#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Every call to KVM that a start makes, one after another, is made to fail: each time the VMM ends at
# once with status 1 and one line that says what could not be done and why. Nothing stays behind.
#
# Environment: ERRNOS (EIO): names to fail with, with commas between. EINVAL and ENXIO are special: they are also how a
# kernel says that it lacks what is optional, so a start may do without; it must still not hang.
. /power9/lib.sh

ERRNOS=${ERRNOS:-EIO}
LIMIT=20

DIR=$WORK/faults
mkdir -p "$DIR"

# once DIR FAULT [OPTIONS...]: a bare guest of two vCPUs that powers itself off as soon as it runs.
once()
{
    into=$1 fault=$2
    shift 2
    echo p | timeout "$LIMIT" spapr-vmm -M pseries -accel "kvm,x-fault=$fault" \
        -device spapr-xive-kvm -smp 2 -m 256M -nographic -kernel "$OBEY" "$@" \
        > "$into/out" 2> "$into/err"
}

# The calls of a start: those of a machine that is made, and never goes.
counted()
{
    ACCEL=kvm,x-fault=count vmm_start count -smp 2 -kernel "$OBEY" -S
    ctl quit || return 1
    vmm_wait
    grep '^x-fault:' "$ERRORS"
    # Taking down what was made is no start.
    TOTAL=$(awk '$2 == "any" { n += $3 } $2 == "region_free" { n -= $3 } END { print n + 0 }' \
        "$ERRORS")
    [ "$STATUS" -eq 0 ] && [ "$TOTAL" -gt 50 ]
}

# judge N ERRNO: one line in $1/bad if the N-th did not go as it must.
judge()
{
    into=$1 n=$2 errno=$3
    once "$into" "any:$n:$errno"
    status=$?
    lines=$(wc -l < "$into/err")
    if [ "$status" -eq 1 ] && [ "$lines" -eq 1 ] && grep -q '^spapr-vmm: ' "$into/err"; then
        sed 's/[0-9][0-9]*/N/g' "$into/err" >> "$into/messages"
        return
    fi
    # The count has some calls that take down what was made: that far, the guest runs.
    if [ "$status" -eq 0 ] && [ "$n" -gt $((TOTAL - 4)) ] && grep -q '^OBEY ready' "$into/out"; then
        echo "$n" >> "$into/without"
        return
    fi
    case $errno in
        EINVAL|ENXIO) [ "$status" -ne 0 ] || [ "$lines" -ne 0 ] || { echo "$n" >> "$into/without"; return; } ;;
    esac
    echo "call $n, $errno: status $status, $lines lines: $(head -n 2 "$into/err")" >> "$into/bad"
}

# Two at once, the odd and the even ones: as many as the host has processors.
all_of()
{
    for half in 0 1; do
        (
            mkdir -p "$DIR/$half"
            : > "$DIR/$half/messages"
            n=$((half + 1))
            while [ "$n" -le "$TOTAL" ]; do
                judge "$DIR/$half" "$n" "$1"
                n=$((n + 2))
            done
        ) &
    done
    wait
    cat "$DIR"/?/messages | sort | uniq -c | sort -rn > "$DIR/messages-$1"
    ran=$(cat "$DIR"/?/messages "$DIR"/?/without "$DIR"/?/bad 2> /dev/null | wc -l)
    cat "$DIR"/?/bad 2> /dev/null > "$DIR/bad"
    rm -rf "$DIR/0" "$DIR/1"
    head -n 20 "$DIR/bad"
    [ ! -s "$DIR/bad" ] && [ "$ran" -ge "$TOTAL" ] || { echo "$ran of $TOTAL runs"; return 1; }
}

# The operator reads why, in the system's words.
reason_given()
{
    ! grep -v "$1" "$DIR/messages-EIO"
}

starts()
{
    once "$DIR" none:1:EIO && return 1 # the option is checked
    echo p | spapr-vmm -M pseries -accel kvm -device spapr-xive-kvm -smp 2 -m 256M -nographic \
        -kernel "$OBEY" > "$DIR/out" 2> "$DIR/err"
    status=$?
    [ "$status" -eq 0 ] && grep -q '^OBEY ready' "$DIR/out" || { cat "$DIR/err"; return 1; }
}

claim 'the calls of a start can be counted' counted
DIR=$WORK/faults
began=$(centis)
for errno in $(echo "$ERRNOS" | tr , ' '); do
    claim "each of $TOTAL calls failing with $errno: one line, status 1" all_of "$errno"
    sed 's/^/# /' "$DIR/messages-$errno"
    [ "$errno" != EIO ] || claim 'every line gives the reason' reason_given 'Input/output error'
done
echo "# $(($(centis) - began)) hundredths of a second"
claim 'a start without a fault works afterwards' starts
finish
