#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# Runs the simulator on all processors, for as long as one likes.
#
#     bash tests/simulate.sh [seeds]                                        by default 100000
#     bash tests/simulate.sh --only semi-sync/ring/3 --first 12 --seeds 1   one seed again, as a failure prints it
#
# JOBS=n runs n processes, each with seeds of its own. FIRST=n is the first seed. SANITIZE=address,undefined builds with
# these sanitizers. CXX is the compiler. SIMULATE=program runs one that was built before.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

jobs=${JOBS:-$(nproc)}

# Builds the program in the folder that is named, file by file, because each takes its time.
build() {
    local compile=("${CXX:-g++}" -std=c++20 -O2 -I include -I tests)
    if [[ -n ${SANITIZE:-} ]]; then
        compile+=(-g1 -fno-omit-frame-pointer "-fsanitize=$SANITIZE" -fno-sanitize-recover=all)
    fi
    mkdir -p "$1"
    printf '%s\n' tests/simulation/compositions/*.cpp tests/simulation/program/main.cpp |
        xargs -P "$jobs" -I FILE bash -c '"${@:3}" -c "$1" -o "$2/$(basename "$1" .cpp).o"' - FILE "$1" "${compile[@]}"
    "${compile[@]}" "$1"/*.o -o "$1/simulate"
}

program=${SIMULATE:-}
if [[ -z $program ]]; then
    folder=build/simulate/${SANITIZE:-fast}
    echo "building ..."
    build "${folder//,/-}"
    program=${folder//,/-}/simulate
fi

if [[ ${1:-} == --* ]]; then exec "$program" "$@"; fi

seeds=${1:-100000}
pids=()
# Whatever ends this script ends what it started.
trap 'kill "${pids[@]}" 2>/dev/null || true' EXIT
began=$(date +%s%N)
for ((job = 0; job < jobs; ++job)); do
    share=$((seeds / jobs + (job < seeds % jobs ? 1 : 0)))
    ((share > 0)) || continue
    # Far apart, so that no seed is run twice.
    "$program" --seeds "$share" --first $((${FIRST:-1} + job * 1000000000)) > >(sed "s/^/[$job] /") &
    pids+=($!)
done
status=0
for pid in "${pids[@]}"; do wait "$pid" || status=1; done
milliseconds=$((($(date +%s%N) - began) / 1000000 + 1))
sleep 0.2 # for the last lines
if ((status == 0)); then
    echo "no failure in $seeds seeds, $((seeds * 1000 / milliseconds)) a second with $jobs processes"
else
    echo "there was a failure"
fi
exit $status
