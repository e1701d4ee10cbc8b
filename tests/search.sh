#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# Searches all that can happen to a group of three nodes, with bounds that grow for as long as one likes.
#
#     bash tests/search.sh [seconds for each policy]          600 if not said, in three parts
#     bash tests/search.sh --only quorum --bound deviations --time 0 --seconds 3600      see tests/search/main.cpp
#
# JOBS=n searches for n policies at once. CXX is the compiler. SEARCH=program runs one that was built before.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

program=${SEARCH:-build/search/search}
if [[ -z ${SEARCH:-} ]]; then
    mkdir -p build/search
    echo "building ..."
    "${CXX:-g++}" -std=c++20 -O2 -I include tests/search/main.cpp -o "$program"
fi

if [[ ${1:-} == --* ]]; then exec "$program" "$@"; fi

search() {  # policy, seconds for each part
    local status=0
    "$program" --only "$1" --seconds "$2" --bound steps || status=1
    # Where no time passes, nothing is repeated, so that the bound gets further.
    "$program" --only "$1" --seconds "$2" --bound deviations --time 0 || status=1
    "$program" --only "$1" --seconds "$2" --bound deviations || status=1
    return $status
}
# What it says comes in one piece.
search_and_tell() {
    local said status=0
    said=$(search "$@" 2>&1) || status=1
    printf '%s\n' "$said"
    return $status
}
export -f search search_and_tell
export program

if printf '%s\n' async semi-sync quorum majority sync |
    xargs -P "${JOBS:-$(nproc)}" -I POLICY bash -c 'search_and_tell "$@"' - POLICY "$((${1:-600} / 3))"; then
    echo "no violation"
else
    echo "there was a violation"
    exit 1
fi
