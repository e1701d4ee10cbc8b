#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# The timed figures of run.sh at two commits, in alternating rounds: for each figure the median of the rounds' ratios, and
# the interval that holds the true median with 95 of 100. A ratio is of speeds, so that above 1 the later commit is quicker.
#
#     benchmarks/compare.sh [--rounds N] [--only PART_OF_A_TITLE] [BEFORE [AFTER]]
#
# BEFORE is a commit, HEAD if not said; AFTER too, the files as they are now if not said. There are 20 rounds if not said; six
# are the fewest that have such an interval. --only is for run.sh's comparisons, for example "in process". A figure is
# worse where the whole interval lies below 0.97, and then the script ends with 1.
#
# Each commit's own benchmarks are built, and each round runs both in short (--quick), the other one first each time. So a
# machine that is slower for a minute is slower for both. It needs what run.sh needs, and python3.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
work=$root/build/compare
rounds=20
only=
while [[ ${1:-} == --* ]]; do
    case $1 in
        --rounds) rounds=$2 ;;
        --only) only=$2 ;;
        *)
            sed -n '3,8s/^# \?//p' "$0" >&2
            exit 2
            ;;
    esac
    shift 2
done
before=${1:-HEAD}
after=${2:-}

rm -rf "$work"
build() {  # side, commit or nothing
    local source=$root
    mkdir -p "$work/$1"
    if [[ -n $2 ]]; then
        source=$work/$1/source
        mkdir "$source"
        git -C "$root" archive "$2" | tar -x -C "$source"
    fi
    cmake -S "$source" -B "$work/$1/build" -G "Unix Makefiles" -DCMAKE_BUILD_TYPE=Release \
        -DCMAKE_CXX_FLAGS_RELEASE="-O2 -DNDEBUG" -DCMAKE_CXX_COMPILER="${CXX:-g++}" -DREPLICATOR_BUILD_BENCHMARKS=ON \
        -DREPLICATOR_BUILD_TESTS=OFF -DREPLICATOR_BUILD_EXAMPLES=OFF >"$work/$1.log"
    cmake --build "$work/$1/build" --parallel "${JOBS:-$(nproc)}" >>"$work/$1.log"
}
build before "$before"
build after "$after"

run() {  # side, round
    local program
    for program in in_process tcp failover file_log flush_ways; do
        [[ -x $work/$1/build/benchmarks/benchmark_$program ]] || continue
        (cd "$work/$1" && "build/benchmarks/benchmark_$program" --quick --patience 0 --only "$only" \
            --csv "$work/$1/$2.csv" >"$work/$1/output")
    done
}
for ((round = 0; round < rounds; ++round)); do
    sides=(before after)
    ((round % 2 == 0)) || sides=(after before)
    for side in "${sides[@]}"; do run "$side" "$round"; done
    printf '\rround %d of %d' "$((round + 1))" "$rounds" >&2
done
echo >&2

python3 -B "$root/benchmarks/compare.py" "$work" "$rounds"
