#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Obeys who listens at ADDRESS:PORT (hosts.sh in the first of two hosts): a line is a command for this
# shell, which knows the functions of lib.sh and moves.sh and has at most one VMM. The answer is the
# command's output, each line after "| ", then "= STATUS". It ends when the connection does.
#
#   other-host.sh [ADDRESS PORT]
ADDRESS=${1:-10.9.0.1} PORT=${2:-4002}

# One more time for nc, which gives it the connection.
if [ "$ADDRESS" != obey ]; then
    tries=0
    until nc "$ADDRESS" "$PORT" -e sh /power9/other-host.sh obey 2> /dev/null; do
        tries=$((tries + 1))
        [ "$tries" -lt 300 ] || { echo "nobody listens at $ADDRESS:$PORT"; exit 1; }
        sleep 0.5
    done
    exit 0
fi

. /power9/lib.sh
. /power9/moves.sh

mkdir -p "$WORK"
while IFS= read -r asked; do
    eval "$asked" < /dev/null > /tmp/answer 2>&1
    status=$?
    # A last line without an end gets one.
    awk '{ print "| " $0 }' /tmp/answer
    echo "= $status"
done
exit 0
