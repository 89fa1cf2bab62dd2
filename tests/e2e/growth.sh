# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
#
# What the scripts that plug and unplug have in common: what the guest (guest/hotplug) last said that
# it has, and what became of its devices. Sourced after lib.sh; tests/power9/run wants
# --file tests/e2e/growth.sh:/power9/growth.sh.

SIZE=${SIZE:-268435456} # bytes that are plugged

last()
{
    grep -o 'GUEST:has .*' "$CONSOLE" | tail -n 1 | tr -d '\r'
}

memory()
{
    last | sed -n 's/GUEST:has \([0-9]*\) kB.*/\1/p'
}

grew()
{
    [ "$(memory)" -ge $(($1 + SIZE / 1024 - 12000)) ]
}

shrank()
{
    [ "$(memory)" -le $(($1 + 10000)) ]
}

cpus_online()
{
    last | grep -q "cpus $1\$"
}

gone()
{
    [ "$(grep -c "DEVICE_DELETED.*$1" "$DIR/events")" -ge "$2" ]
}

# Interrupts of processor 1, all kinds together, as the guest last told.
of_core()
{
    tr -d '\r' < "$CONSOLE" | awk '
        /^GUEST:interrupts  *CPU0/ { n = 0 }
        /^GUEST:interrupts .*: / { n += $4 }
        END { print n }'
}

works()
{
    told=$(grep -c '^GUEST:interrupts end' "$CONSOLE")
    type_line interrupts
    wait_for '^GUEST:interrupts end' $((told + 1)) || return 1
    first=$(of_core)
    type_line 'load 1'
    wait_for '^GUEST:loaded 1' "$1" || return 1
    type_line interrupts
    wait_for '^GUEST:interrupts end' $((told + 2)) || return 1
    [ "$(of_core)" -gt "$first" ] || { echo "$first interrupts before, $(of_core) after"; return 1; }
}
