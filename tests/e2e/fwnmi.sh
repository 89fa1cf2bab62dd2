#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A Linux guest and its handlers of machine checks and system resets: it registers where its machine
# type offers that, and a system reset of the operator reaches the handler, also where it has moved to.
. /power9/lib.sh

SAVED=/tmp/saved

# Its kernel asked for it while booting, and was told so.
registered()
{
    grep 'ibm,nmi-register(0x[0-9a-f]*, 0x[0-9a-f]*) = 0' "$ERRORS" || { tail "$ERRORS"; return 1; }
}

not_asked()
{
    ! grep 'ibm,nmi-register' "$ERRORS"
}

# Every processor reports it; without its r3 or SRR0 the kernel would not get that far.
reset_is_reported()
{
    ctl inject-nmi || return 1
    wait_for 'Oops: System Reset' 2 && wait_for 'CPU: 0 PID' && wait_for 'CPU: 1 PID'
}

# The kernel has what it had in r3 back, which at its handler is an address of RTAS's memory.
r3_is_back()
{
    wait_for 'GPR00' && ! tr -d '\r' < "$CONSOLE" | grep 'GPR00:.* 000000000fff08[0-9a-f][0-9a-f]'
}

saved()
{
    ctl query-migrate > /tmp/migrate
    grep -q '"status": "completed"' /tmp/migrate || { cat /tmp/migrate; return 1; }
}

moves_out()
{
    ctl migrate "uri=file:$SAVED" && until_true saved && ctl quit
}

# boots TYPE
boots()
{
    linux_start "fwnmi-$1" ticks -smp 2 -M "$1" -d rtas
    claim "$1: the guest comes up" wait_for '^GUEST:tick'
}

boots pseries
claim 'pseries: it registers its handlers' registered
claim 'pseries: inject-nmi is answered by its handler of system resets' reset_is_reported
claim 'pseries: which finds r3 and gives it back' r3_is_back
claim 'pseries: quit' ctl quit
vmm_gone 'pseries: status 0' 0

boots pseries-7.2
claim 'pseries-7.2: it is saved to a file' moves_out
vmm_gone 'pseries-7.2: status 0' 0
linux_start fwnmi-moved ticks -smp 2 -M pseries-7.2 -d rtas -incoming "file:$SAVED"
claim 'moved: the guest goes on' wait_for '^GUEST:tick'
claim 'moved: inject-nmi is answered by its handler of system resets' reset_is_reported
claim 'moved: which finds r3 and gives it back' r3_is_back
claim 'moved: quit' ctl quit
vmm_gone 'moved: status 0' 0

boots pseries-4.2
claim 'pseries-4.2: it is not offered' not_asked
claim 'pseries-4.2: inject-nmi is answered at the vector' reset_is_reported
claim 'pseries-4.2: quit' ctl quit
vmm_gone 'pseries-4.2: status 0' 0
finish
