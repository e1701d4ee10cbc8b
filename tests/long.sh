#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# What takes too long for .ci/run. Each part goes on where it was stopped, and keeps its figures in build/long.
#
#     bash tests/long.sh [PART...]      seeds mutants search pair_seeds pair_search kills stopped takeovers drains loop;
#                                      all if none is named
#     bash tests/long.sh --list         what is done, and what is left
#
# A part is done in portions. What was done of another commit does not count, and is kept beside as PART.COMMIT. JOBS=n
# uses n processes. The programs are built in build/test, those of the part loop in build/release.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit

folder=build/long
export JOBS=${JOBS:-$(nproc)}
parts=(seeds mutants search pair_seeds pair_search kills stopped takeovers drains loop)
commit=$(git rev-parse --short HEAD 2>/dev/null || echo unknown)
policies=(async semi-sync quorum majority sync)

# --- The parts: how many portions each has, and how one is done. The last line that it prints is kept. ---

# One million seeds.
seeds_portions=50
seeds() {
    local program=build/simulate/fast/simulate first=$((1 + 20000 * $1))
    # It is compiled for the first portion alone.
    (($1 == 0)) || [[ ! -x $program ]] || export SIMULATE=$program
    FIRST=$first bash tests/simulate.sh 20000
}

# 500 mutants; the tool itself goes on where it was stopped.
mutants_portions=1
mutants() { bash tests/mutants.sh --count 500 --seed 14; }

# All that can happen to three nodes, for 600 seconds with each policy.
search_portions=${#policies[@]}
search() {
    local part
    for part in "--bound steps" "--bound deviations --time 0" "--bound deviations"; do
        # shellcheck disable=SC2086  # words of their own
        bash tests/search.sh --only "${policies[$1]}" --seconds 200 $part || return
    done
}

# One million seeds of the pairs.
pair_seeds_portions=20
pair_seeds() { pair_programs && "$pairs/simulate_pair" --first $((1 + 50000 * $1)) --seeds 50000; }

# All that can happen to a pair with three writes, two promotions, two crashes and two lost frames; and with a frame that comes
# late, a link that is dropped, a hand-over beside.
pair_searches=("--late 0" "--late 1" "--late 0 --drops 1" "--late 0 --hand-overs 1" "--late 1 --drops 1")
pair_search_portions=$((2 * ${#pair_searches[@]}))
pair_search() {
    local kinds=("" "--async")
    # shellcheck disable=SC2086  # words of their own
    pair_programs && "$pairs/search_pair" ${kinds[$(($1 % 2))]} --writes 3 --promotions 2 --crashes 2 --losses 2 \
        ${pair_searches[$(($1 / 2))]}
}
pairs=build/test/tests/simulation/pair
pair_programs() {
    cmake --preset test >/dev/null &&
        cmake --build --preset test -j "$JOBS" --target simulate_pair search_pair >/dev/null
}

# kill -9 again and again, over logs on disks: 200 rounds with each of four policies.
kills_portions=16
kills() {
    local kinds=(semi-sync quorum majority sync)
    programs && bash examples/kv_restarts.sh build/test 50 --ack "${kinds[$(($1 % 4))]}" --seed $((100 + $1))
}

# Nothing is acknowledged under ack::Sync while a node is stopped, under load.
stopped_portions=10
stopped() { programs && bash tests/processes/run_stopped.sh build/test/examples 300 --load "$JOBS" --seed $((1 + $1)); }

# 200 hand-overs and 200 promotions of real processes; whoever takes over is killed in the middle of it.
takeovers_portions=10
takeovers() {
    local kinds=(semi-sync majority)
    programs && bash examples/kv_takeovers.sh build/test 20 --ack "${kinds[$(($1 % 2))]}" --seed $((200 + $1))
}

# 100 SIGTERMs to the leader under load with each policy; 0 answered writes are lost.
drains_portions=10
drains() {
    local logs=(memory file)
    programs && bash examples/kv_drains.sh build/test 50 --ack "${policies[$(($1 % 5))]}" --log "${logs[$(($1 / 5))]}" \
        --seed $((300 + $1))
}

# No call of the server's loop takes more than 20 ms of the processor, with 200,000 keys, over each log: over a ring, a
# blank node gets the whole table. On the wall, what else the machine does counts as well, so there is no limit.
loop_portions=4
loop() {
    local logs=(memory ring file ring) kinds=(semi-sync semi-sync semi-sync async)
    cmake --preset release >/dev/null && cmake --build --preset release -j "$JOBS" --target kv_server >/dev/null &&
        bash examples/kv_loop.sh build/release 200000 --ack "${kinds[$1]}" --log "${logs[$1]}" --at-most 20
}

# Builds what the parts with processes run.
programs() {
    cmake --preset test >/dev/null &&
        cmake --build --preset test -j "$JOBS" --target kv_server kv_load kv_history kv_check_history kv_proxy \
            >/dev/null
}

# --- What is done ---

portions_of() { local -n count=$1_portions && echo "$count"; }

# Portions of this commit that are done.
done_of() {
    [[ -f $folder/$1 ]] || { echo 0 && return; }
    grep -c '^done ' "$folder/$1"
}

# A state of another commit is put aside.
prepare() {
    local before
    mkdir -p "$folder"
    if [[ -f $folder/$1 ]]; then
        before=$(sed -n '1s/^commit //p' "$folder/$1")
        [[ $before == "$commit" ]] || mv "$folder/$1" "$folder/$1.$before"
    fi
    [[ -f $folder/$1 ]] || echo "commit $commit" >"$folder/$1"
}

run_part() {
    local part=$1 portion portions began
    prepare "$part"
    portions=$(portions_of "$part")
    for ((portion = 0; portion < portions; ++portion)); do
        grep -q "^done $portion " "$folder/$part" && continue
        echo "=== $part, portion $((portion + 1)) of $portions"
        began=$SECONDS
        if ! ("$part" "$portion") >"$folder/$part.log" 2>&1; then
            cp "$folder/$part.log" "$folder/$part.failed-$portion"
            tail -n 20 "$folder/$part.log"
            echo "=== $part FAILED in portion $portion, see $folder/$part.failed-$portion"
            return 1
        fi
        echo "done $portion in $((SECONDS - began)) s: $(tail -n 1 "$folder/$part.log")" | tee -a "$folder/$part"
    done
}

list() {
    local part portions finished
    for part in "${parts[@]}"; do
        portions=$(portions_of "$part")
        finished=$(done_of "$part")
        echo "$part: $finished of $portions portions done, $((portions - finished)) left"
        sed -n 's/^done /    /p' "$folder/$part" 2>/dev/null
    done
}

if [[ ${1:-} == --list ]]; then
    list
    exit
fi
wanted=("$@")
(($# > 0)) || wanted=("${parts[@]}")
for part in "${wanted[@]}"; do
    [[ " ${parts[*]} " == *" $part "* ]] || { echo "there is no part $part, but: ${parts[*]}" && exit 2; }
done
status=0
for part in "${wanted[@]}"; do run_part "$part" || status=1; done
list
exit $status
