# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034
#
# The Debian packages that ./check, ./demo and ./bench need, and getting them. Sourced; defines
# functions and tables only. Nothing but packages is changed outside the checkout.

# Beside a minimal Debian 12. What tests/power9 needs stands in tests/power9/needs.
PACKAGES_build='gcc libc6-dev libglib2.0-dev libjansson-dev libfdt-dev meson ninja-build pkg-config'
PACKAGES_checks='clang-format valgrind'
PACKAGES_fuzz='clang libclang-rt-14-dev'

packages_power9()
{
    sed -E '/^(#|$)/d' "$TOP/tests/power9/needs" | tr '\n' ' '
}

packages_missing()
{
    local package

    for package in "$@"; do
        dpkg-query -W -f '${db:Status-Status}' "$package" 2> /dev/null | grep -qx installed ||
            printf '%s ' "$package"
    done
}

# Bytes that apt would fetch for the packages named; empty when apt does not know them (yet).
packages_bytes()
{
    local uris

    uris=$(apt-get install -qq --print-uris --no-install-recommends "$@" 2> /dev/null) || return 0
    awk '{ bytes += $3 } END { printf "%d", bytes }' <<< "$uris"
}

# Counts what apt says it does, a line every ten steps.
packages_progress()
{
    awk -v name="$1" '
        /^Get:/      { if (++got % 10 == 0) { printf "%s:   %d fetched\n", name, got; fflush() } }
        /^Setting up/ { if (++set % 10 == 0) { printf "%s:   %d set up\n", name, set; fflush() } }
        /^(E|W|Err):/ { print name ":   " $0; fflush() }' >&2
}

# packages_need PACKAGE...: installs what is missing, as root; else says the one line that does
# and ends with status 1.
packages_need()
{
    local name=${0##*/} bytes
    local -a missing

    read -r -a missing <<< "$(packages_missing "$@")"
    [ ${#missing[@]} -gt 0 ] || return 0
    if [ "$(id -u)" -ne 0 ]; then
        printf '%s: Debian packages are missing; as root:\n' "$name" >&2
        printf '    apt-get install --no-install-recommends %s\n' "${missing[*]}" >&2
        exit 1
    fi
    bytes=$(packages_bytes "${missing[@]}")
    if [ -z "$bytes" ]; then
        printf "%s: reading Debian's package lists (about 10 MB)\n" "$name" >&2
        apt-get -qq update || printf '%s: apt-get update failed; going on\n' "$name" >&2
        bytes=$(packages_bytes "${missing[@]}")
    fi
    if [ -z "$bytes" ]; then
        printf '%s: apt cannot install: %s\n' "$name" "${missing[*]}" >&2
        exit 1
    fi
    printf '%s: installing %s\n' "$name" "${missing[*]}" >&2
    printf '%s: apt will download %d MB\n' "$name" $(((bytes + 999999) / 1000000)) >&2
    DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends \
        -o Dpkg::Use-Pty=0 "${missing[@]}" 2>&1 | packages_progress "$name"
    if [ -n "$(packages_missing "${missing[@]}")" ]; then
        printf '%s: not installed: %s\n' "$name" "$(packages_missing "${missing[@]}")" >&2
        exit 1
    fi
}
