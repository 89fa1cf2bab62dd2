#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The ESB and TIMA mappings stay behind at a move and are made anew: none of their pages is touched
# at the destination before the guest runs there, and then one management page of each source.
# /proc/PID/pagemap cannot tell (it passes over mappings of devices), so the kernel's own fault
# handlers are watched.
. /power9/lib.sh
. /power9/moves.sh

TRACE=/sys/kernel/tracing

# The second argument of either handler's only one: vm_fault.pgoff, pages from the device's start.
watch_faults()
{
    mount -t tracefs none "$TRACE" 2> /dev/null
    echo 'p:esb_fault xive_native_esb_fault page=+16(%gpr3):u64' > "$TRACE/kprobe_events" &&
        echo 'p:tima_fault xive_native_tima_fault page=+16(%gpr3):u64' >> "$TRACE/kprobe_events" &&
        echo 1 > "$TRACE/events/kprobes/enable"
}

# faults esb|tima: pages that a thread of the side that is spoken to has faulted in, each once.
faults()
{
    for task in /proc/"$VMM"/task/*; do
        echo "${task##*/}"
    done > /tmp/threads
    awk -v handler="$1_fault:" '
        FNR == NR { thread[$1] = 1; next }
        index($0, handler) {
            match($0, /-[0-9]+ +\[/); id = substr($0, RSTART + 1); sub(/ .*/, "", id)
            match($0, /page=[0-9]+/); page = substr($0, RSTART + 5, RLENGTH - 5)
            if (id in thread) print page
        }' /tmp/threads "$TRACE/trace" | sort -un
}

# The source boots and runs: its faults show that the watching works.
source_faulted()
{
    faults esb > /tmp/esb
    faults tima > /tmp/tima
    [ -s /tmp/esb ] && [ -s /tmp/tima ] || { tail -n 5 "$TRACE/trace"; cat /tmp/threads; return 1; }
}

loaded_and_stopped()
{
    new_side ours -S -incoming "unix:$WORK/incoming-$((SIDES + 1))" || return 1
    until_true test -S "$WORK/incoming-$SIDES" || return 1
    source_ctl migrate "uri=unix:$WORK/incoming-$SIDES" && migrated && until_true is_status paused
}

# PQ, routes, queues and contexts, as far as they are no addresses of a process.
same_interrupts()
{
    source_ctl x-query-irq > /tmp/there && ctl x-query-irq > /tmp/here || return 1
    grep -q 'MSI' /tmp/there && diff /tmp/there /tmp/here
}

untouched()
{
    faults esb > /tmp/esb
    faults tima > /tmp/tima
    cat /tmp/esb /tmp/tima
    [ ! -s /tmp/esb ] && [ ! -s /tmp/tima ]
}

# Management pages are the odd ones; the ESB begins at page 4.
one_page_a_source()
{
    ctl x-query-irq | awk '/^  0x[0-9a-f]* (MSI|LSI)/ { print $1 }' | while read -r lisn; do
        echo $((4 + 2 * lisn + 1))
    done | sort -n > /tmp/wanted
    faults esb | awk '$1 % 2 == 1' > /tmp/managed
    [ -s /tmp/wanted ] && diff /tmp/wanted /tmp/managed
}

mkdir -p "$WORK"
claim "the kernel's handlers can be watched" watch_faults
side_start ours
claim 'the guest comes up and works' guest_up
claim 'the source has touched its pages' source_faulted
sides_claim 'the guest moves and waits' loaded_and_stopped
claim 'both sides show the same interrupts' same_interrupts
claim 'before it runs, no page of ESB and TIMA is touched' untouched
claim 'the source ends' source_gone
claim 'cont' ctl cont
claim 'the guest goes on' guest_ticks_on 4
claim 'the management page of each source is touched, and of no other' one_page_a_source
sides_claim 'the guest ends by itself' stress_ends
vmm_wait
rm -f "$WORK"/incoming-*
claim 'nothing that the guest counts was lost or came twice' no_bad
finish
