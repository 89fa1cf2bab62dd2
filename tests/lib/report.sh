# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Counting test cases and telling about them, for ./check. Sourced; its state is the three counters
# and the list of what failed.

PASSED=0 FAILED=0 SKIPPED=0
FAILURES=()

# count PASSED FAILED SKIPPED
count()
{
    PASSED=$((PASSED + $1))
    FAILED=$((FAILED + $2))
    SKIPPED=$((SKIPPED + $3))
}

# pass NAME / fail NAME [LOG] / skip NAME REASON: one test case, with one line about it. The last
# lines of LOG are shown.
pass()
{
    count 1 0 0
    printf '  ok       %s\n' "$1"
}

fail()
{
    count 0 1 0
    FAILURES+=("$1")
    printf '  FAILED   %s\n' "$1"
    if [ -n "${2:-}" ] && [ -s "$2" ]; then
        tail -n "${LOG_LINES:-40}" "$2" | sed 's/^/           | /'
    fi
}

skip()
{
    count 0 0 1
    printf '  skipped  %s: %s\n' "$1" "$2"
}

# step NAME LOG COMMAND...: one test case: the command, quietly; its output in LOG.
step()
{
    local name=$1 log=$2

    shift 2
    mkdir -p "$(dirname "$log")"
    if "$@" > "$log" 2>&1; then
        pass "$name"
    else
        fail "$name" "$log"
        return 1
    fi
}

# count_tap NAME FILE STATUS: the cases of a TAP stream; a bad STATUS, a plan that was not kept or
# a stream without cases is a failure of its own.
count_tap()
{
    local name=$1 file=$2 status=$3 ok bad skipped plan why=''

    read -r ok bad skipped plan <<< "$(tr -d '\r' < "$file" | awk '
        /^ok .*# *[Ss][Kk][Ii][Pp]/ { skipped++; next }
        /^ok /                      { ok++ }
        /^not ok .*# *[Tt][Oo][Dd][Oo]/ { next }
        /^not ok /                  { bad++ }
        /^1\.\.[0-9]+/              { plan = substr($1, 4) }
        END { print ok + 0, bad + 0, skipped + 0, plan == "" ? -1 : plan }')"
    if [ $((ok + bad + skipped)) -eq 0 ] && [ "$plan" != 0 ]; then
        why='no test case in its output'
    elif [ "$plan" -ge 0 ] && [ "$plan" -ne $((ok + bad + skipped)) ]; then
        why="planned $plan cases, had $((ok + bad + skipped))"
    elif [ "$status" -ne 0 ] && [ "$bad" -eq 0 ]; then
        why="ended with status $status"
    fi
    count "$ok" "$bad" "$skipped"
    if [ -z "$why" ] && [ "$bad" -eq 0 ]; then
        printf '  ok       %s (%d cases%s)\n' "$name" "$ok" \
            "$([ "$skipped" -eq 0 ] || printf ', %d skipped' "$skipped")"
        tr -d '\r' < "$file" | grep -i '^ok .*# *skip' | sed 's/^/           | /' || :
        return 0
    fi
    if [ "$bad" -gt 0 ]; then
        FAILURES+=("$name: $bad cases")
        printf '  FAILED   %s: %d of %d cases\n' "$name" "$bad" $((ok + bad))
        grep -a '^not ok' "$file" | head -n 20 | sed 's/^/           | /'
    fi
    [ -z "$why" ] || fail "$name: $why"
    tail -n "${LOG_LINES:-40}" "$file" | sed 's/^/           | /'
    return 1
}

# group NAME COMMAND...: runs it and tells how long it took.
group()
{
    local name=$1 began=$SECONDS

    shift
    printf '%s\n' "$name"
    "$@" || :
    printf '%s: %d s\n' "$name" $((SECONDS - began))
}

# The last words, and the exit status.
report()
{
    local failure

    if [ ${#FAILURES[@]} -gt 0 ]; then
        printf 'failed:\n'
        for failure in "${FAILURES[@]}"; do
            printf '  %s\n' "$failure"
        done
    fi
    printf '%d passed, %d failed, %d skipped\n' "$PASSED" "$FAILED" "$SKIPPED"
    [ "$FAILED" -eq 0 ] && [ "$PASSED" -gt 0 ]
}
