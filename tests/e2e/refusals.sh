#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What cannot be done on this host, or must not be asked for: each time status 2 (or 1, where the host
# and not the command line is to blame), one line that names the culprit, nothing half started.
. /power9/lib.sh

DIR=$WORK/refusals CONSOLE=$WORK/refusals/out ERRORS=$WORK/refusals/err
mkdir -p "$DIR"
cd "$DIR" || exit 1

# refused STATUS WORDS OPTIONS...
refused()
{
    wanted=$1 words=$2
    shift 2
    timeout 20 spapr-vmm -nographic "$@" < /dev/null > "$CONSOLE" 2> "$ERRORS"
    status=$?
    cat "$ERRORS"
    [ "$status" -eq "$wanted" ] || { echo "status $status instead of $wanted"; return 1; }
    [ "$(wc -l < "$ERRORS")" -eq 1 ] || { echo 'not one line'; return 1; }
    grep -q "^spapr-vmm: .*$words" "$ERRORS" || { echo "does not say: $words"; return 1; }
    [ ! -s "$CONSOLE" ] || { echo 'the guest ran'; return 1; }
}

# usage NAME WORDS OPTIONS...: refused with everything else in order.
usage()
{
    name=$1 words=$2
    shift 2
    claim "$name" refused 2 "$words" -M pseries -accel kvm -device spapr-xive-kvm -m 256M "$@"
}

with_kernel()
{
    name=$1 words=$2
    shift 2
    usage "$name" "$words" -kernel "$OBEY" "$@"
}

head -c 30000000 /boot/vmlinux > truncated
echo 'not a kernel' > text
{ printf '\177ELF\002\001\001\0\0\0\0\0\0\0\0\0\002\0\076\0\001\0\0\0'; head -c 4096 /dev/zero; } > x86

with_kernel 'more processors than this host has numbers for' '-smp.*at most' -smp 5000
with_kernel 'a second device' 'once' -device spapr-xive-kvm
with_kernel 'threads' 'threads' -smp 2,threads=2
with_kernel 'a processor that is not the host' '-cpu' -cpu power8
with_kernel 'XICS' 'ic-mode' -M pseries,ic-mode=xics
with_kernel 'a machine that can only be described' 'pseries-2.12' -M pseries-2.12
with_kernel 'an unknown machine' 'no-such' -M no-such
usage 'a kernel that is not there' 'no-such' -kernel no-such
usage 'a kernel that is cut off' 'truncated' -kernel truncated
usage 'a kernel that is text' 'text' -kernel text
usage 'a kernel of another machine' 'x86' -kernel x86
usage 'a kernel that is a directory' '/boot' -kernel /boot
with_kernel 'an initrd that is not there' 'no-such' -initrd no-such
with_kernel 'memory that the kernel does not fit into' 'memory' -kernel /boot/vmlinux -m 64M
with_kernel 'memory that is no multiple of a block' 'multiple\|would do' -m 300M
claim 'an unknown property' refused 2 'no-such' -accel kvm -device spapr-xive-kvm,no-such=1
claim 'a property out of range' refused 2 'nr-irqs' -accel kvm -device spapr-xive-kvm,nr-irqs=3
claim 'more processors than the device has servers' refused 2 'nr-servers' -accel kvm \
    -device spapr-xive-kvm,nr-servers=2 -smp 4 -m 256M -kernel "$OBEY"
claim 'an unknown accelerator' refused 2 'no-such' -accel no-such -device spapr-xive-kvm
claim 'an unknown option of the accelerator' refused 2 'no-such' -accel kvm,no-such=1 \
    -device spapr-xive-kvm -m 256M -kernel "$OBEY"
claim 'no device at all' refused 2 'spapr-xive-kvm' -M pseries -accel kvm -m 256M -kernel "$OBEY"

# In use by another: that one does not notice.
vmm_start other -kernel "$OBEY" -serial "unix:$WORK/other/serial.sock,server=on,wait=off"
claim 'another VMM runs' ctl query-status
CONSOLE=$WORK/refusals/out ERRORS=$WORK/refusals/err
with_kernel 'a monitor socket in use' 'other/qmp.sock' \
    -qmp "unix:$WORK/other/qmp.sock,server=on,wait=off"
with_kernel 'a console socket in use' 'other/serial.sock' \
    -serial "unix:$WORK/other/serial.sock,server=on,wait=off"
claim 'the other still answers' ctl query-status
claim 'and ends' ctl quit
vmm_gone 'with status 0' 0

# The host's fault, and how to mend it.
without_kvm()
{
    mv /dev/kvm /dev/kvm-away
    refused 1 "$1" -M pseries -accel kvm -device spapr-xive-kvm -m 256M -kernel "$OBEY"
    status=$?
    mv /dev/kvm-away /dev/kvm
    return $status
}

not_allowed()
{
    chmod 600 /dev/kvm
    mkdir -p /etc
    echo 'nobody:x:65534:65534::/:/bin/sh' > /etc/passwd
    start-stop-daemon -S -c nobody -x /usr/bin/spapr-vmm -- -nographic -M pseries -accel kvm \
        -device spapr-xive-kvm -m 256M -kernel "$OBEY" < /dev/null > "$CONSOLE" 2> "$ERRORS"
    status=$?
    cat "$ERRORS"
    [ "$status" -eq 1 ] && [ "$(wc -l < "$ERRORS")" -eq 1 ] && grep -q '/dev/kvm' "$ERRORS"
}

claim 'no /dev/kvm' without_kvm '/dev/kvm'
claim 'no permission on /dev/kvm' not_allowed
rm -f truncated
finish
