#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# Searches all that can happen to a group of three nodes, with bounds that grow for as long as one likes.
#
#     bash tests/search.sh [seconds for each policy]          600 if not said, in three parts
#     bash tests/search.sh --only quorum --bound deviations --time 0 --seconds 3600      see tests/search/main.cpp
#
# CXX is the compiler.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

program=build/search/search
mkdir -p build/search
echo "building ..."
"${CXX:-g++}" -std=c++20 -O2 -I include tests/search/main.cpp -o "$program"

if [[ ${1:-} == --* ]]; then exec "$program" "$@"; fi

seconds=$((${1:-600} / 3))
status=0
for policy in async semi-sync quorum majority sync; do
    "$program" --only "$policy" --seconds "$seconds" --bound steps || status=1
    # Where no time passes, nothing is repeated, so that the bound gets further.
    "$program" --only "$policy" --seconds "$seconds" --bound deviations --time 0 || status=1
    "$program" --only "$policy" --seconds "$seconds" --bound deviations || status=1
done
if ((status == 0)); then echo "no violation"; else echo "there was a violation"; fi
exit $status
