#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Runs inside the emulated POWER9 host: ours and stock QEMU in turn, once, the same guests.
# QEMU stands twice: "slof" with its default firmware, "vof" with the minimal one behind x-vof=on.
# Prints "WHO GUEST NAME VALUE" lines; it judges nothing (tests/bench/start does).

MEM=${MEM:-512}
RAM=$((MEM * 1048576))
TEXT='console=hvc0 quiet'

mount -t tracefs none /sys/kernel/tracing 2> /dev/null

ours()
{
    /tests/measure "$@" -- spapr-vmm -M pseries-7.2 -accel kvm -device spapr-xive-kvm \
        -m "$MEM" -smp 2 -nographic -serial stdio $BOOT -append "$TEXT"
}

vof()
{
    qemu ,x-vof=on "$@"
}

slof()
{
    qemu '' "$@"
}

qemu()
{
    firmware=$1
    shift
    # Each cap-* is one that KVM refuses on an emulated processor.
    /tests/measure "$@" -- qemu-system-ppc64 -nodefaults -nographic -accel kvm -cpu host \
        -M pseries-7.2,ic-mode=xive,kernel-irqchip=on,cap-cfpc=broken,cap-sbbc=broken,cap-ibs=broken,cap-ccf-assist=off$firmware \
        -m "$MEM" -smp 2 -monitor none -serial stdio $BOOT -append "$TEXT"
}

one()
{
    who=$1
    guest=$2
    shift 2
    "$who" "$@" > /tmp/measured 2> /tmp/measure-errors || {
        echo "bench: $who $guest failed:" >&2
        tail -n 5 /tmp/measure-errors >&2
        exit 1
    }
    sed -n "s/^BENCH //; s/^/$who $guest /; / ready$/d; p" /tmp/measured
}

for who in ours vof; do
    BOOT='-kernel /tests/guest-bench'
    one "$who" bare --until 'BENCH ready' --ram "$RAM" --trace --events 40
done
for who in ours vof slof; do
    BOOT='-kernel /boot/vmlinux -initrd /boot/guest-initrd.cpio'
    one "$who" linux --until 'GUEST-UP' --ram "$RAM" --trace
done
