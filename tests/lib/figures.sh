# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Figures of ours beside a peer's, for benchmarks: medians of raw lines, a table, JSON lines. Sourced.
#
# A raw line is "WHO KEY VALUE", where KEY may be several words.

# figures_median RAW WHO KEY
figures_median()
{
    awk -v key="$2 $3 " 'index($0, key) == 1 { print $NF }' "$1" | sort -n |
        awk '{ v[NR] = $1 } END { if (NR) print v[int((NR + 1) / 2)]; else print "none" }'
}

# figures RAW [TITLE TITLE]: the table of standard input, lines "peer|key|name|unit|divisor|goal", the
# goal a ratio or empty; titles of the columns of ours and of the peer. JSON lines go to the file named
# by BENCH_JSON, if any. Fails when a goal is missed or a figure is missing.
figures()
{
    local raw=$1 title=${2:-ours} peer_title=${3:-QEMU 7.2}
    local who key name unit divisor goal ours peer line status=0

    printf '%-46s %12s %12s %7s %6s %s\n' "median of ${ROUNDS:-5}" "$title" "$peer_title" ratio \
        goal met
    while IFS='|' read -r who key name unit divisor goal; do
        ours=$(figures_median "$raw" ours "$key")
        peer=$(figures_median "$raw" "$who" "$key")
        line=$(awk -v ours="$ours" -v peer="$peer" -v d="$divisor" -v goal="$goal" \
            -v name="$name" -v unit="$unit" 'BEGIN {
            if (ours == "none" || peer == "none") { print "missing: " name "|"; exit }
            ratio = ours / peer; met = goal == "" ? "-" : ratio <= goal ? "yes" : "no"
            printf "%-46s %12.1f %12.1f %7.3f %6s %s|", name " (" unit ")", ours / d, peer / d,
                ratio, goal, met
            printf "{\"name\": \"%s\", \"unit\": \"%s\", \"ours\": %.3f, \"peer\": %.3f, " \
                "\"ratio\": %.4f, \"goal\": %s, \"met\": %s}", name, unit, ours / d, peer / d,
                ratio, goal == "" ? "null" : goal,
                met == "-" ? "null" : met == "yes" ? "true" : "false"
        }')
        echo "${line%%|*}"
        [ -n "${BENCH_JSON:-}" ] && [ -n "${line#*|}" ] && echo "${line#*|}" >> "$BENCH_JSON"
        case $line in *' no|'* | missing*) status=1 ;; esac
    done
    return "$status"
}
