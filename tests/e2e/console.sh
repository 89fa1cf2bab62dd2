#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The console both ways, over everything that it can go to: standard input and output, a Unix
# socket, a pseudo-terminal, a file, nothing. Typed lines, lines of many hundred characters, and
# far more at once than the terminal's ring or the VMM's own buffer hold.
. /power9/lib.sh

PEER=''

# A line of $1 characters in which a lost or doubled one shows.
long_line()
{
    awk -v n="$1" -v first="$2" 'BEGIN {
        for (i = first; length(line) < n; i++) line = line i "-"
        print substr(line, 1, n)
    }'
}

MARK=0

# Types the lines of a file, all at once, and expects exactly their answers, in order.
answered()
{
    skip=$(grep -c '^ECHO:' "$CONSOLE")
    MARK=$((MARK + 1))
    echo "mark $MARK" >> "$1"
    cat "$1" >&3
    wait_for "^ECHO:mark $MARK" || return 1
    sed 's/^/ECHO:/' "$1" > /tmp/expected
    tr -d '\r' < "$CONSOLE" | grep '^ECHO:' | tail -n "+$((skip + 1))" > /tmp/answers
    cmp /tmp/expected /tmp/answers
}

short_lines()
{
    printf '%s\n' one 'two  words' '' 'ends with spaces  ' ']x{}!%' > /tmp/lines
    answered /tmp/lines
}

long_lines()
{
    for n in 17 300 1000 4000; do
        long_line "$n" 1000
    done > /tmp/lines
    answered /tmp/lines
}

# 20 KB at once.
paste()
{
    for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        long_line 1000 $((i * 1000))
    done > /tmp/lines
    answered /tmp/lines
}

guest_ready()
{
    wait_for '^GUEST:echo ready'
}

# peer_start PATH: the console's other end becomes a program of ours: $CONSOLE is what it reads, and
# what goes to descriptor 3 is what it writes.
peer_start()
{
    until_true test -e "$1" || return 1
    mkfifo "$DIR/peer-keys"
    exec 3<> "$DIR/peer-keys"
    "$PROGRAMS/peer" "$1" < "$DIR/peer-keys" > "$DIR/peer" 2>> "$ERRORS" 3>&- &
    PEER=$!
    CONSOLE=$DIR/peer
}

peer_gone()
{
    until_true test ! -d "/proc/$PEER" && wait "$PEER"
}

# Hangs up in the middle and connects again: what the guest says meanwhile is not lost.
hangs_up()
{
    echo 'before' >&3
    wait_for '^ECHO:before' || return 1
    kill "$PEER"
    wait "$PEER"
    ctl query-status > /dev/null || return 1
    rm -f "$DIR/peer-keys"
    peer_start "$1" || return 1
    echo 'after' >&3
    wait_for '^ECHO:after'
}

pty_path()
{
    sed -n 's/^spapr-vmm: the console is at //p' "$ERRORS"
}

pty_named()
{
    [ -c "$(pty_path)" ]
}

stdio()
{
    linux_start stdio echo -serial stdio
    claim 'stdio: the guest listens' guest_ready
    claim 'stdio: typed lines are answered' short_lines
    claim 'stdio: lines up to 4000 characters are answered' long_lines
    claim 'stdio: 20 lines of 1000 characters, pasted at once, are answered' paste
    type_line quit
    vmm_gone 'stdio: the VMM ends' 0
    claim 'stdio: nothing to say' silent
}

unix()
{
    linux_start unix echo -serial "unix:$WORK/unix/console.sock,server=on,wait=off"
    claim 'unix: somebody connects' peer_start "$DIR/console.sock"
    claim 'unix: the guest listens' guest_ready
    claim 'unix: typed lines are answered' short_lines
    claim 'unix: 20 lines of 1000 characters, pasted at once, are answered' paste
    claim 'unix: hanging up and connecting again' hangs_up "$DIR/console.sock"
    echo quit >&3
    vmm_gone 'unix: the VMM ends' 0
    claim 'unix: the other end sees the end' peer_gone
    claim 'unix: nothing to say' silent
}

# The same boot serves the pseudo-terminal and then nobody.
pty()
{
    linux_start pty echo -serial pty
    claim 'pty: its name is told' until_true pty_named
    claim 'pty: somebody opens it' peer_start "$(pty_path)"
    claim 'pty: the guest listens' guest_ready
    claim 'pty: typed lines are answered' short_lines
    claim 'pty: 20 lines of 1000 characters, pasted at once, are answered' paste
    echo quit >&3
    vmm_gone 'pty: the VMM ends' 0
    claim 'pty: the other end sees the end' peer_gone
}

in_file()
{
    [ "$(tr -d '\r' < "$DIR/log")" = 'OBEY ready' ] || { od -c "$DIR/log"; return 1; }
}

# Output only: a bare guest is enough.
output_only()
{
    vmm_start file -serial "file:$WORK/file/log" -kernel "$OBEY"
    claim 'file: the output is in the file' until_true in_file
    claim 'file: the monitor ends it' ctl quit
    vmm_gone 'file: the VMM ends' 0
    vmm_start none -serial none -kernel "$OBEY"
    claim 'none: the machine runs without a terminal' ctl query-status
    claim 'none: the monitor ends it' ctl quit
    vmm_gone 'none: the VMM ends' 0
    claim 'none: nothing to say' silent
}

mkdir -p "$WORK"
stdio
unix
pty
output_only
finish
