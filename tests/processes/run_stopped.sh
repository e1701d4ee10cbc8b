#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# Under ack::Sync nothing is acknowledged while a node is stopped.
#
#   run_stopped.sh FOLDER [ROUNDS] [--load N] [--seed N] [--naive]
#
# FOLDER has the programs. In each round a follower is stopped (SIGSTOP). Only when every thread of it is seen to be
# stopped (T in /proc/PID/task/*/stat), a write is sent to the leader: so no acknowledgement of this write can have been
# on its way before. When the answer comes while every thread is still stopped, it was given without that node. Clients
# write all the time beside that, and N processes do nothing but keep the machine busy.
#
# First the same is done under ack::SemiSync with the follower that has not the seat: there the answer must come, or the
# experiment could not see one. --naive sends at once when kill has returned, which proves nothing of the library: it
# counts how often some thread was not stopped yet. Exit status 77: redis-cli is not installed.

# shellcheck disable=SC2034,SC2154  # faults.sh and cluster.sh share variables
set -u -o pipefail

build=${1:?which folder?}
shift
rounds=10
[[ ${1:-} =~ ^[0-9]+$ ]] && rounds=$1 && shift
busy=0 seed=$((EPOCHSECONDS % 30000 + 1)) naive=no keep=
while (($#)); do
    case $1 in
        --load) busy=$2 && shift 2 ;;
        --seed) seed=$2 && shift 2 ;;
        --naive) naive=yes && shift ;;
        *) echo "run_stopped: what is $1?" >&2 && exit 2 ;;
    esac
done
node_count=3
node_options=()
# shellcheck source=../../examples/kv/faults.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../examples/kv/faults.sh"

busy_pids=()
stop_more() { ((${#busy_pids[@]} == 0)) || kill "${busy_pids[@]}" 2>/dev/null; }
fail() {
    printf 'run_stopped: FAILED: %s (--seed %s)\n' "$*" "$seed" >&2
    exit 1
}

# Whether every thread of a process is stopped. The name of a program, in parentheses, may hold anything.
is_stopped() {
    local file line any=no
    for file in "/proc/$1/task"/*/stat; do
        { read -r line <"$file"; } 2>/dev/null || continue  # that thread has ended
        line=${line##*) }
        [[ $line == T* ]] || return 1
        any=yes
    done
    [[ $any == yes ]]
}

# take_answer SECONDS: what the leader says next. The timeout leaves what was not read.
take_answer() {
    answer=
    read -r -t "$1" -u 9 answer && answer=${answer%$'\r'}
}

# One round with the follower on node $1. Sets `answered` to what came while it was stopped; nothing if nothing came.
stop_and_write() {
    local pid=${node_pid[$1]} tries=0
    kill -STOP "$pid" || fail "node $1 is gone"
    if [[ $naive == no ]]; then
        until is_stopped "$pid"; do
            sleep 0.002
            ((++tries < 5000)) || fail "node $1 does not stop"
        done
    elif ! is_stopped "$pid"; then
        ((++late_stops))
    fi
    ((++number))
    printf 'SET stopped:%s %s\r\n' $((number % 10)) "$number" >&9
    draw 20 600
    ((drawn % 4 > 0)) || drawn=$((drawn * 4)) # so that the connection may be given up
    take_answer "$((drawn / 1000)).$(printf %03d $((drawn % 1000)))"
    answered=$answer
    is_stopped "$pid" || fail "node $1 went on by itself"
    kill -CONT "$pid"
    [ -n "$answer" ] || take_answer 20
    [[ $answer == +OK || $answer == -* ]] || fail "after node $1 goes on, the answer is '$answer'"
    # When it was away for so long that it was given up, the outcome is unknown or the write was refused.
    [[ $answer == +OK ]] || wait_until 20 is_served || fail "after node $1 goes on, no write is acknowledged"
}

is_served() {
    printf 'SET served yes\r\n' >&9
    take_answer 20 && [[ $answer == +OK ]]
}

# group POLICY: starts it, and connects to the leader.
group() {
    node_options=(--ack "$1" --log ring)
    start_group 1 2 3 || fail "the nodes could not be started"
    wait_until 20 counts 1 2 && wait_until 20 counts 1 3 || fail "the followers do not count"
    exec 9<>"/dev/tcp/127.0.0.1/${client_port[1]}" || fail "the leader cannot be reached"
    start_history "load-$1" --port "${client_port[1]}" --clients 2 --window 8 --rate 300 --seconds 100000 \
        --patience 60000
}
end_group() {
    local pid
    exec 9>&-
    for pid in "${load_pids[@]}"; do kill "$pid"; done
    wait_for_loads
    stop_cluster
}

RANDOM=$seed
number=0 late_stops=0
for ((i = 0; i < busy; ++i)); do
    (while :; do :; done) &
    busy_pids+=($!)
    disown "$!"
done

# The leader of a group under semi-sync needs the one with the seat only.
group semi-sync
without=
for node in 2 3; do [ "$(peer_info 1 "$node" seat)" = yes ] || without=$node; done
seen=0
for ((i = 0; i < 5; ++i)); do
    stop_and_write "${without:-3}"
    [[ $answered != +OK ]] || ((++seen))
done
((seen > 0)) || fail "an answer is not seen under ack::SemiSync either"
end_group

group sync
acknowledged=0
for ((round = 1; round <= rounds; ++round)); do
    draw 2 3
    stopped=$drawn
    stop_and_write "$stopped"
    [[ $answered == +OK ]] || continue
    ((++acknowledged))
    [[ $naive == yes ]] ||
        fail "in round $round, '$answered' came while node $stopped was stopped, and the write was sent after that"
done
end_group
printf 'run_stopped: %s rounds under load %s: ' "$rounds" "$busy"
printf '%s acknowledged under ack::Sync while a node was stopped (%s of 5 under ack::SemiSync)' "$acknowledged" "$seen"
[[ $naive == no ]] || printf '; kill returned %s times before all threads were stopped' "$late_stops"
printf '\n'
