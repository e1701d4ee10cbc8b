#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# Counts the instructions of one write in process, a leader and a follower, at two commits: what a change costs, on a machine
# that may be busy with other things. Prints both and the ratio, for each ack policy, in batches of 256 and at depth 1.
#
#     benchmarks/instructions.sh [BEFORE [AFTER]]
#
# BEFORE is a commit, HEAD if not said; AFTER too, the files as they are now if not said. Ends with 1 when a ratio is above
# 1.005. CXX is the compiler, g++ if not said, OPTIMIZE its option, -O2 if not said. It needs valgrind.
#
# A figure is the difference between runs of two lengths, divided by the difference: what begins and ends a run is in
# neither. Both commits' headers are compiled into the program of now.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
work=$root/build/instructions
before=${1:-HEAD}
after=${2:-}
optimize=${OPTIMIZE:--O2}
policies=(async semi-sync sync quorum majority)

if ! command -v valgrind >/dev/null; then
    echo "benchmarks/instructions.sh: valgrind is missing. On Debian and Ubuntu: apt-get install valgrind" >&2
    exit 1
fi

build() {  # side, commit or nothing
    local folder=$work/$1 include=$root/include
    rm -rf "$folder"
    mkdir -p "$folder"
    if [[ -n $2 ]]; then
        git -C "$root" archive "$2" include | tar -x -C "$folder"
        include=$folder/include
    fi
    "${CXX:-g++}" -std=c++20 "$optimize" -DNDEBUG -I "$include" "$root/benchmarks/instructions.cpp" -o "$folder/instructions"
}
build before "$before"
build after "$after"

counted() {  # side, policy, batch, writes
    valgrind --tool=callgrind --callgrind-out-file=/dev/null "$work/$1/instructions" "$2" "$3" "$4" 2>&1 |
        sed -n 's/.*Collected : *//p' | grep .
}
# Both lengths go round the ring more than once.
per_write() {  # side, policy, batch
    local short long
    short=$(counted "$1" "$2" "$3" 4096)
    long=$(counted "$1" "$2" "$3" 8192)
    echo $(((long - short + 2048) / 4096))
}

printf 'before: %s; after: %s; %s, %s\n' "$(git -C "$root" log -1 --format='%h %s' "$before")" \
    "$([[ -n $after ]] && git -C "$root" log -1 --format='%h %s' "$after" || echo 'the files as they are')" \
    "$("${CXX:-g++}" --version | head -n 1)" "$optimize"
printf '%-34s %10s %10s %8s\n' 'instructions a write' before after ratio
status=0
for batch in 256 1; do
    for policy in "${policies[@]}"; do
        was=$(per_write before "$policy" "$batch")
        is=$(per_write after "$policy" "$batch")
        title="$policy, $([[ $batch == 1 ]] && echo 'depth 1' || echo "batches of $batch")"
        printf '%-34s %10d %10d %8s\n' "$title" "$was" "$is" "$(awk "BEGIN { printf \"%.3f\", $is / $was }")"
        ((is * 1000 <= was * 1005)) || status=1
    done
done
exit $status
