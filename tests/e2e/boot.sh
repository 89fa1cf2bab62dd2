#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Linux with 1, 2 and 4 processors: it comes up without a word of complaint that it would not have
# for the stock QEMU, its interrupts are XIVE's and arrive, what is typed is answered, and it powers
# itself off.
#
# Environment: CPUS ("1 2 4").
. /power9/lib.sh

CPUS=${CPUS:-1 2 4}
QEMU_WARNINGS=${QEMU_WARNINGS:-/power9/qemu-warnings}

# guest_lines TAG: what follows GUEST:TAG on the console.
guest_lines()
{
    tr -d '\r' < "$CONSOLE" | sed -n "s/^GUEST:$1 *//p"
}

comes_up()
{
    wait_for "^GUEST-UP .* cpus=$1"
}

# Without time stamps, and without those that say that the emulation is slow.
no_new_warning()
{
    wait_for '^GUEST:irqs ready' || return 1
    guest_lines warning | grave | sed 's/^<[0-4]>\[ *[0-9.]*\] //' | sort -u > /tmp/warnings
    grep -v '^#' "$QEMU_WARNINGS" > /tmp/known
    if grep -vxFf /tmp/known /tmp/warnings > /tmp/new; then
        cat /tmp/new
        return 1
    fi
}

answers()
{
    for word in one two 'three words together'; do
        type_line "$word"
        wait_for "^ECHO:$word" || return 1
    done
}

# All of XIVE, none of the older controller.
are_xive()
{
    wait_for '^GUEST:interrupts after' || return 1
    guest_lines 'interrupts before' > /tmp/interrupts
    ! grep XICS /tmp/interrupts || return 1
    for name in hvc_console RAS_EPOW; do
        grep "XIVE.*$name" /tmp/interrupts || { cat /tmp/interrupts; return 1; }
    done
    [ "$1" -eq 1 ] || grep 'XIVE-IPI.*IPI' /tmp/interrupts || { cat /tmp/interrupts; return 1; }
}

# One thread context and one queue for each processor.
shown()
{
    ctl x-query-irq > /tmp/irq || { cat /tmp/irq; return 1; }
    [ "$(grep -c '^  server [0-9]* prio 6 ' /tmp/irq)" -eq "$1" ] &&
        [ "$(grep -c '^  server [0-9]* NSR ' /tmp/irq)" -eq "$1" ] || { cat /tmp/irq; return 1; }
}

arrive()
{
    wait_for '^GUEST:irqs [PF]A' || return 1
    guest_lines irqs
    says '^GUEST:irqs PASS'
}

for cpus in $CPUS; do
    began=$(centis)
    linux_start "boot-$cpus" irqs -smp "$cpus"
    claim "$cpus processors: the guest reaches its user space" comes_up "$cpus"
    echo "# user space after $(($(centis) - began)) hundredths of a second"
    claim "$cpus processors: no kernel warning that stock QEMU's guest has not" no_new_warning
    claim "$cpus processors: what is typed is answered" answers
    claim "$cpus processors: the monitor shows every queue and thread context" shown "$cpus"
    type_line go
    claim "$cpus processors: IPIs, console and EPOW are XIVE interrupts" are_xive "$cpus"
    claim "$cpus processors: timer, IPI and console interrupts arrive everywhere" arrive
    vmm_gone "$cpus processors: the guest powers itself off, status 0" 0
    claim "$cpus processors: the VMM had nothing to say" silent
done
finish
