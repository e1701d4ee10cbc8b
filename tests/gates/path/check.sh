#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# The files of core/ that one write, its frame and its acknowledgement pass through: those in which a function ran, as
# valgrind counts them in a program that is not optimized, where every function is a call.
#
#     check.sh [--at-most FILES] [folder to work in] [include]
#
# Prints them with the instructions that ran in each. Fails when there are more than FILES.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
at_most=
if [[ ${1:-} == --at-most ]]; then
    at_most=$2
    shift 2
fi
work=${1:-$(mktemp -d)}
include=${2:-$here/../../../include}
mkdir -p "$work"

"${CXX:-g++}" -std=c++20 -O0 -g -I "$include" "$here/one_write.cpp" -o "$work/one_write"
valgrind --tool=callgrind --collect-atstart=no --toggle-collect=watched_write --callgrind-out-file="$work/out" \
    "$work/one_write" >"$work/log" 2>&1 || { cat "$work/log" && exit 1; }

# In that format fl=, fi= and fe= say in which file the lines behind them are, cfi= and cfl= in which a function that is
# called; a name that was given before has only its number. The line behind calls= says what the call cost as a whole.
awk '
/^c?f[lie]=/ {
    called = /^c/
    number = $0; sub(/^c?f[lie]=/, "", number); sub(/ .*/, "", number)
    if (index($0, " ")) { name[number] = $0; sub(/^[^ ]* /, "", name[number]) }
    if (!called) file = name[number]
    next
}
/^calls=/ { skip = 1; next }
/^[0-9+*-]/ { if (skip) { skip = 0; next } cost[file] += $2 }
END {
    for (file in cost) {
        plain = file
        while (sub(/[^\/]+\/\.\.\//, "", plain)) {}
        if (sub(/^.*\/replicator\/core\//, "core/", plain)) ran[plain] += cost[file]
    }
    for (plain in ran) printf "%6d  %s\n", ran[plain], plain
}' "$work/out" | sort -k2 >"$work/files"
cat "$work/files"
files=$(wc -l <"$work/files")
echo "one write passes through $files files of core/"
((files > 0)) || exit 1
[[ -z $at_most ]] || ((files <= at_most)) || { echo "at most $at_most are wanted" && exit 1; }
