# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Where tests/power9 keeps its things, and what the machine must have. Sourced
# by the commands beside it; not a command itself and without side effects
# beyond its variables.

P9_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
P9_TOP=$(cd "$P9_DIR/../.." && pwd)
P9_CACHE=$P9_TOP/.cache/power9
P9_TRIPLET=powerpc64le-linux-gnu
P9_NAME=${0##*/}

say()
{
    printf 'power9: %s\n' "$*" >&2
}

# die STATUS WORDS...
die()
{
    local status=$1

    shift
    printf 'power9 %s: %s\n' "$P9_NAME" "$*" >&2
    exit "$status"
}

# Ends with 77 (the test convention for "skipped") when a package is missing.
need_packages()
{
    local -a wanted
    local missing

    mapfile -t wanted < "$P9_DIR/needs"
    missing=$(
        for package in "${wanted[@]}"; do
            case $package in ''|'#'*) continue ;; esac
            dpkg-query -W -f '${db:Status-Status}' "$package" 2>&1 |
                grep -q '^installed' || printf ' %s' "$package"
        done
    )
    [ -z "$missing" ] || die 77 "missing Debian packages:$missing"
}

# Holds the cache for this process until unlock_cache; waits for its turn.
lock_cache()
{
    mkdir -p "$P9_CACHE"
    exec 9> "$P9_CACHE/lock"
    flock -w 3 9 || { say 'waiting for another run to fill the cache'; flock 9; }
}

unlock_cache()
{
    exec 9>&-
}

# layer FILE DIR: packs DIR as an uncompressed initramfs layer, all root-owned.
# Layers are concatenated, later files win; the kernel does not follow links
# from one layer into another, so directories must be real in all of them.
layer()
{
    (cd "$2" && find . -mindepth 1 | LC_ALL=C sort |
        cpio --quiet -o -H newc -R 0:0) > "$1.new" && mv "$1.new" "$1"
}
