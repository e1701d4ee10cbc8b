#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# Puts each bug of this folder into a copy of the headers, and prints after how many seeds the simulator finds it.
#
#     bash tests/simulation/bugs/run.sh [seeds at most] [name of a patch ...]
#
# Exit status 1: a patch does not apply any more, a bug is not found, or the headers without a bug fail.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../../.." && pwd)
seeds=${1:-10000}
shift || true
patches=("$@")
((${#patches[@]} > 0)) || mapfile -t patches < <(cd "$here" && ls ./*.patch)
work=$root/build/bugs
rm -rf "$work"
mkdir -p "$work"

# Compiles and runs one; the headers without a bug must not fail.
hunt() {  # name, composition, include folder
    "${CXX:-g++}" -std=c++20 -O1 -DCOMPOSITION="$2" -I "$3" -I "$root/tests" "$here/hunt.cpp" -o "$work/$1.hunt" || return 2
    timeout 300 "$work/$1.hunt" "$seeds"
}

one() {  # patch
    local name=${1##*/} composition text
    name=${name%.patch}
    composition=$(sed -n 's/^Composition: //p' "$here/$name.patch")
    mkdir -p "$work/$name"
    cp -r "$root/include" "$work/$name/"
    if ! patch -s -p1 -d "$work/$name" <"$here/$name.patch" >"$work/$name/patch.log" 2>&1; then
        echo "$name: the patch does not apply any more"
        return 1
    fi
    text=$(hunt "$name" "$composition" "$work/$name/include") || { printf '%-38s %s\n' "$name" "${text:-does not compile}"; return 1; }
    printf '%-38s %s\n' "$name" "$text"
}

status=0
for composition in majority semi_sync sync quorum3; do
    if hunt "clean-$composition" "$composition" "$root/include" >"$work/clean.log"; then
        echo "without a bug, $composition fails: $(cat "$work/clean.log")"
        status=1
    fi
done
running=0
pids=()
for patch in "${patches[@]}"; do
    one "$patch" &
    pids+=($!)
    if ((++running >= ${JOBS:-$(nproc)})); then
        wait "${pids[0]}" || status=1
        pids=("${pids[@]:1}")
    fi
done
for pid in "${pids[@]}"; do wait "$pid" || status=1; done
exit $status
