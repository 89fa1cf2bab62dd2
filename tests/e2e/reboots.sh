#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Reboots in one process, of Linux and of a bare guest, and what they leave behind: nothing. File
# descriptors, threads and memory are counted after the second reboot and after the last, both times
# while the guest waits for a line.
#
# Memory is what is resident without the guest's: that of guest RAM is the guest's business, and is
# given back at each reset. The allocator may keep a page here and there: SLACK KiB are allowed.
#
# Environment: REBOOTS (20) of Linux, BARE (100) of a bare guest, CPUS (2).
. /power9/lib.sh

REBOOTS=${REBOOTS:-20}
BARE=${BARE:-100}
CPUS=${CPUS:-2}
SLACK=256
RAM_KIB=262144

# KiB resident in mappings smaller than guest RAM.
resident()
{
    awk -v ram="$RAM_KIB" '
        $1 == "Size:" { counts = $2 < ram }
        $1 == "Rss:" && counts { n += $2 }
        END { print n + 0 }' "/proc/$VMM/smaps"
}

# take FILE: "descriptors threads KiB".
take()
{
    sleep 0.3 # what the guest still does
    # shellcheck disable=SC2012 # names of numbers only
    echo "$(ls "/proc/$VMM/fd" | wc -l) $(field Threads "/proc/$VMM/status") $(resident)" > "$1"
}

# grew_not NAME COLUMN SLACK
grew_not()
{
    before=$(cut -d ' ' -f "$2" /tmp/at-2)
    after=$(cut -d ' ' -f "$2" /tmp/at-end)
    echo "$1: $before after 2 reboots, $after at the end"
    [ "$before" -gt 0 ] && [ "$after" -le $((before + $3)) ]
}

nothing_grew()
{
    echo "# descriptors, threads, KiB: $(cat /tmp/at-2) after 2 reboots, $(cat /tmp/at-end) at the end"
    claim "$1: no file descriptor more" grew_not descriptors 1 0
    claim "$1: no thread more" grew_not threads 2 0
    claim "$1: no memory more" grew_not KiB 3 "$SLACK"
}

# reboot READY FROM TO: one after another; the next is typed when the guest is there again.
reboot()
{
    i=$2
    while [ "$i" -lt "$3" ]; do
        i=$((i + 1))
        type_line r
        wait_for "$1" $((i + 1)) || return 1
    done
}

# series NAME READY REBOOTS
series()
{
    began=$(centis)
    claim "$1: the guest is there" wait_for "$2"
    claim "$1: it reboots twice" reboot "$2" 0 2
    claim "$1: counted" take /tmp/at-2
    claim "$1: it reboots $3 times" reboot "$2" 2 "$3"
    claim "$1: counted again" take /tmp/at-end
    echo "# $(($(centis) - began)) hundredths of a second"
    nothing_grew "$1"
    claim "$1: quit" ctl quit
    vmm_gone "$1: the VMM ends with status 0" 0
    claim "$1: the VMM had nothing to say" silent
}

if [ "$REBOOTS" -gt 0 ]; then
    linux_start linux reboots -smp "$CPUS"
    series Linux '^GUEST:reboots ready' "$REBOOTS"
    claim 'Linux: every time with all processors' said $((REBOOTS + 1)) "^GUEST-UP .* cpus=$CPUS"
fi
if [ "$BARE" -gt 0 ]; then
    vmm_start bare -kernel "$OBEY" -smp "$CPUS"
    series bare '^OBEY ready' "$BARE"
fi
finish
