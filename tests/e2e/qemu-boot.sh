#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Runs inside the emulated POWER9 host: boots the guest initrd with the stock
# QEMU under KVM, with the kernel's XIVE device. It shows that host and guest
# are sound, and is the yardstick beside our own VMM; it tests none of our code.
#
#   tests/power9/run --mem 6G --with-qemu --out DIR tests/e2e/qemu-boot.sh
#
# Environment: CPUS (2), MEM (512, MiB), APPEND (guest.run=hello), LIMIT (120, s).
# Prints the seconds from exec to the guest's user space. /out/qemu-console has
# all of the console, /out/qemu-dmesg-warn the guest's kernel messages of level
# warning and worse (from the guest script hello).

CPUS=${CPUS:-2}
MEM=${MEM:-512}
APPEND=${APPEND-guest.run=hello}
LIMIT=${LIMIT:-120}
CONSOLE=/out/qemu-console

now()
{
    cut -d ' ' -f 1 /proc/uptime
}

: > "$CONSOLE"
start=$(now)
# Each cap-* is one that KVM refuses on an emulated processor.
qemu-system-ppc64 -nodefaults -nographic -accel kvm -cpu host \
    -M pseries,ic-mode=xive,kernel-irqchip=on,x-vof=on,cap-cfpc=broken,cap-sbbc=broken,cap-ibs=broken,cap-ccf-assist=off \
    -m "$MEM" -smp "$CPUS" -monitor none -serial "file:$CONSOLE" \
    -kernel /boot/vmlinux -initrd /boot/guest-initrd.cpio \
    -append "console=hvc0 quiet $APPEND" &
qemu=$!

up=''
while kill -0 "$qemu" 2> /dev/null; do
    if [ -z "$up" ] && grep -q '^GUEST-UP' "$CONSOLE"; then
        up=$(now)
        echo "qemu-boot: user space after $(echo "$up $start" |
            awk '{ printf "%.1f", $1 - $2 }') s: $(grep '^GUEST-UP' "$CONSOLE" |
            tr -d '\r')"
    fi
    if [ "$(now | cut -d . -f 1)" -gt $((${start%.*} + LIMIT)) ]; then
        echo "qemu-boot: FAIL: no end after $LIMIT s"
        kill -9 "$qemu"
        exit 1
    fi
    usleep 50000
done
wait "$qemu"
status=$?

tr -d '\r' < "$CONSOLE" > /tmp/console
grep '^GUEST:' /tmp/console
sed -n 's/^GUEST:warning //p' /tmp/console > /out/qemu-dmesg-warn
echo "qemu-boot: $(wc -l < /out/qemu-dmesg-warn) warnings, QEMU ended with $status"
[ -n "$up" ] || { echo 'qemu-boot: FAIL: the guest did not come up'; exit 1; }
exit "$status"
