# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Building the checkout in several ways and running meson's tests in each. Sourced, after
# report.sh; needs TOP. A build directory is made once and brought up to date afterwards.

# build NAME [VARIABLE=VALUE...] [meson options...] [+TARGET...]: build-check-NAME, or of it only the
# targets named, as one test case.
build()
{
    local name=$1 dir=$TOP/build-check-$1 word key
    local -a environment=() options=() targets=()

    shift
    for word in "$@"; do
        case $word in
            -*) options+=("$word") ;;
            +*) targets+=("${word#+}") ;;
            *) environment+=("$word") ;;
        esac
    done
    key="${environment[*]} ${options[*]}"
    # Other options than last time, or a half-made directory: begin anew.
    if [ "$(cat "$dir/.options" 2> /dev/null)" != "$key" ]; then
        rm -rf "$dir"
        env "${environment[@]}" meson setup "${options[@]}" "$dir" "$TOP" \
            > "$dir.log" 2>&1 ||
            { fail "build $name: meson setup" "$dir.log"; return 1; }
        mv "$dir.log" "$dir/setup.log"
        printf '%s\n' "$key" > "$dir/.options"
    fi
    step "build $name" "$dir/compile.log" meson compile -C "$dir" "${targets[@]}"
}

# tests NAME LABEL [meson test options...]: runs them in build-check-NAME and counts their cases.
tests()
{
    local dir=$TOP/build-check-$1 label=$2 began=$SECONDS status=0 log

    shift 2
    rm -f "$dir"/meson-logs/testlog*
    log=$dir/$(printf %s "$label" | tr -d , | tr ' ' -).log
    # Compiled already; here a failure to do so would be told badly.
    (cd "$dir" && meson test --no-rebuild --print-errorlogs --logbase testlog "$@") \
        > "$log" 2>&1 || status=$?
    count_meson "$label" "$dir/meson-logs" "$status" "$log" $((SECONDS - began))
}

# Cases are those of the TAP streams as meson wrote them down; a program that failed without a
# failing case (it crashed, or a checker found fault with it) is one more.
count_meson()
{
    local label=$1 logs=$2 status=$3 log=$4 seconds=$5 junit json ok bad skipped programs

    junit=$(find "$logs" -name 'testlog*.junit.xml' 2> /dev/null | head -n 1)
    json=$(find "$logs" -name 'testlog*.json' 2> /dev/null | head -n 1)
    if [ -z "$junit" ] || [ -z "$json" ]; then
        fail "$label: meson test did not run" "$log"
        return 1
    fi
    read -r ok bad skipped <<< "$(tr '>' '\n' < "$junit" | awk '
        function value(name) {
            if (!match($0, " " name "=\"[0-9]+\""))
                return 0
            return substr($0, RSTART + length(name) + 3, RLENGTH - length(name) - 4)
        }
        /<testsuite / {
            n += value("tests"); bad += value("errors") + value("failures")
            skipped += value("skipped")
        }
        END { print n - bad - skipped, bad + 0, skipped + 0 }')"
    programs=$(grep -cE '"result": "(FAIL|ERROR|TIMEOUT|INTERRUPT|UNEXPECTEDPASS)"' "$json" || :)
    [ "$bad" -ge "$programs" ] || bad=$programs
    [ "$status" -eq 0 ] || [ "$bad" -gt 0 ] || bad=1
    count "$ok" "$bad" "$skipped"
    if [ "$status" -eq 0 ] && [ "$bad" -eq 0 ] && [ "$ok" -gt 0 ]; then
        printf '  ok       %s (%d cases%s, %d s)\n' "$label" "$ok" \
            "$([ "$skipped" -eq 0 ] || printf ', %d skipped' "$skipped")" "$seconds"
        return 0
    fi
    if [ "$ok" -eq 0 ] && [ "$bad" -eq 0 ]; then
        fail "$label: no test case ran" "$log"
        return 1
    fi
    FAILURES+=("$label: $bad cases")
    printf '  FAILED   %s: %d of %d cases\n' "$label" "$bad" $((ok + bad))
    tail -n "${LOG_LINES:-60}" "$log" | sed 's/^/           | /'
    return 1
}
