#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The same guest under stock QEMU and under our VMM, in one host: its kernel warns of nothing under
# ours that it does not warn of under QEMU's, and tests/e2e/qemu-warnings, with which the short check
# compares, is what QEMU's guest says.
. /power9/lib.sh

# texts FILE: the messages of "GUEST:warning" lines, without level and time.
texts()
{
    tr -d '\r' < "$1" | sed -n 's/^GUEST:warning *\([0-4]\) /<\1>/p' | grave |
        sed 's/^<[0-4]>\[ *[0-9.]*\] //' | sort -u
}

under_qemu()
{
    CPUS=2 sh /power9/qemu-boot.sh || return 1
    texts /out/qemu-console > "$WORK/qemu"
    [ -s "$WORK/qemu" ]
}

under_ours()
{
    linux_start ours hello -smp 2 -m 512M
    wait_for '^GUEST:hello done' || return 1
    texts "$CONSOLE" > "$WORK/ours"
    vmm_wait
    [ "$STATUS" -eq 0 ]
}

none_is_new()
{
    if grep -vxFf "$WORK/qemu" "$WORK/ours"; then
        return 1
    fi
}

list_is_right()
{
    grep -v '^#' /power9/qemu-warnings | sort -u > "$WORK/list"
    diff "$WORK/list" "$WORK/qemu"
}

mkdir -p "$WORK"
claim 'stock QEMU boots the guest' under_qemu
claim 'our VMM boots the guest' under_ours
claim 'no warning that it has not under QEMU' none_is_new
claim 'tests/e2e/qemu-warnings is what it has under QEMU' list_is_right
sed "s/^/# ours: /" "$WORK/ours"
finish
