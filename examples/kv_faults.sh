#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# A leader and two followers as real processes, with faults at random, and clients whose histories are checked.
#
#   bash examples/kv_faults.sh BUILD [--ack POLICY] [--seconds N] [--seed N] [--keep FOLDER]
#
# BUILD is a folder in which the examples were built. For N seconds followers are killed (kill -9) and started again,
# any node is stopped and continued, and proxies between all of them delay, split, damage, stall and reset connections;
# those of the clients too, without damage. Then everything heals. Exit status 0: every node has the same digest, the
# history of the clients is linearizable, and no acknowledged write is lost; 77: redis-cli is not installed. The seed
# fixes what is drawn, not how the processes meet. Uses the network on 127.0.0.1 alone, and leaves nothing running.

# shellcheck disable=SC2034,SC2154  # faults.sh and cluster.sh share variables
set -u -o pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
script=kv_faults number='' options=(ack seconds seed keep)
ack=semi-sync seconds=10 seed=1 keep=""
# shellcheck source=kv/arguments.sh
. "$root/examples/kv/arguments.sh"
node_count=3
node_options=(--ack "$ack" --log ring)
leader=1
followers=(2 3)

# shellcheck source=kv/faults.sh
. "$root/examples/kv/faults.sh"
# shellcheck source=kv/proxies.sh
. "$root/examples/kv/proxies.sh"

declare -A did=([kill]=0 [kill_both]=0 [admit]=0 [stop_follower]=0 [stop_leader]=0 [stop_network]=0 [reset]=0 [calm]=0)

# --- Processes ---

# Chooses ports, and others when one was taken meanwhile.
start_everything() {
    local attempt
    for attempt in 1 2 3; do
        choose_ports
        start_peer_proxy --reset 3000 --stall 5000 --stall-max 800 --silence 400 --damage 2000
        start_proxy clients --seed $((seed + 1)) --delay-max 3 --stall-max 1200 --route "${client_port[$leader]}" &&
            client_proxy=$started
        if [ -n "$peer_proxy" ] && [ -n "$client_proxy" ] && start_behind_proxy "$leader" --bootstrap &&
            start_behind_proxy 2 && start_behind_proxy 3; then
            leader_port=${ports[0]}
            return 0
        fi
        stop_cluster
        stop_proxies
    done
    return 1
}

# start_load NAME OPTION...: clients that end by themselves.
start_load() { start_history "$1" --seconds $((seconds + 1)) "${@:2}"; }

start_loads() {
    start_load a --port "$leader_port" --first-client 1 --clients 3 --window 4 --rate 300
    start_load b --port "$leader_port" --first-client 11 --clients 3 --window 1 --rate 300
    start_load c --port "${client_port[$leader]}" --first-client 21 --clients 2 --window 16 --rate 500
    start_load d --port "${client_port[2]}" --node 2 --first-client 31 --clients 1 --rate 200 --gets-only
    start_load e --port "${client_port[3]}" --node 3 --first-client 41 --clients 1 --rate 200 --gets-only
    start_load f --port "${client_port[$leader]}" --port "${client_port[2]}" --port "${client_port[3]}" \
        --first-client 51 --clients 2 --sessions --stale "$run_dir/f.stale"
}

# --- Faults ---

done_one() { did[$1]=$((did[$1] + 1)); }

# stop_for PID LOW HIGH: for so many milliseconds.
stop_for() {
    kill -STOP "$1"
    rest "$2" "$3"
    kill -CONT "$1"
}

# Nobody but this script could make another leader, so the operator's word can be given.
admit() {
    counts "$leader" "$1" && return 0
    [ "$(ask "$leader" REPLICATOR ADMIT "$1" 2>/dev/null)" = OK ] && done_one admit
    counts "$leader" "$1"
}

kill_one() {
    draw 0 1
    local victim=${followers[$drawn]} other=${followers[$((1 - drawn))]}
    # Two blank followers at once need an operator, and have a fault of their own.
    counts "$leader" "$other" || return 0
    kill_node "$victim"
    rest 0 800
    start_behind_proxy "$victim" || fail "node $victim did not start again"
    done_one kill
}

kill_both() {
    local node
    for node in "${followers[@]}"; do kill_node "$node"; done
    rest 0 500
    for node in "${followers[@]}"; do start_behind_proxy "$node" || fail "node $node did not start again"; done
    for node in "${followers[@]}"; do wait_until 10 admit "$node"; done
    done_one kill_both
}

# A stop is short as a rule, and now and then so long that the connections are given up.
stop_some() {
    draw 1 4
    if ((drawn == 1)); then stop_for "$1" 500 2500; else stop_for "$1" 50 700; fi
}

# One of a shuffled deck, so that even a short run has every kind.
deck=()
fault() {
    local i card
    if ((${#deck[@]} == 0)); then
        deck=(kill kill kill kill_both stop_follower stop_follower stop_leader stop_network reset reset_clients calm)
        for ((i = ${#deck[@]} - 1; i > 0; i--)); do
            draw 0 "$i"
            card=${deck[drawn]} deck[drawn]=${deck[i]} deck[i]=$card
        done
    fi
    card=${deck[-1]}
    unset 'deck[-1]'
    case $card in
        kill) kill_one ;;
        kill_both) kill_both ;;
        stop_follower)
            draw 0 1
            stop_some "${node_pid[${followers[$drawn]}]}"
            done_one stop_follower
            ;;
        stop_leader) stop_some "${node_pid[$leader]}" && done_one stop_leader ;;
        stop_network) stop_some "$peer_proxy" && done_one stop_network ;;
        reset) kill -HUP "$peer_proxy" && done_one reset ;;
        reset_clients) kill -HUP "$client_proxy" && done_one reset ;;
        calm)
            kill -USR2 "$peer_proxy"
            rest 200 1000
            kill -USR1 "$peer_proxy" && done_one calm
            ;;
    esac
    rest 50 400
}

heal() {
    local node
    kill -USR2 "$peer_proxy" "$client_proxy"
    wait_for_loads
    for node in "${followers[@]}"; do
        wait_until 10 counts "$leader" "$node" || wait_until 10 admit "$node" || fail "node $node does not count again"
    done
    wait_until 10 is_idle || fail "writes are pending for ever"
    for node in "${followers[@]}"; do
        wait_until 10 is_equal "$leader" "$node" || fail "node $node differs from the leader"
    done
    [ "$(ask "$leader" SET healed yes)" = OK ] || fail "the leader takes no writes"
    for node in "${followers[@]}"; do
        wait_until 10 is_equal "$leader" "$node" || fail "node $node differs from the leader"
    done
}

is_idle() { [ "$(info "$leader" replicator_writes_pending)" = 0 ]; }

# More than the log holds, so that a blank follower gets a snapshot, in many pieces. Prints how many writes failed.
write_filler() {
    local filler i
    printf -v filler '%08000d' 0
    for ((i = 0; i < 1200; i++)); do echo "SET filler:$((i % 200)) $filler"; done | ask "$leader" | grep -vc OK
}

# --- The run ---

RANDOM=$seed
start_everything || fail "the nodes could not be started"
for node in "${followers[@]}"; do
    wait_until 20 counts "$leader" "$node" || fail "node $node was not accepted by the leader"
done
[ "$(write_filler)" = 0 ] || fail "the first writes were refused"
kill -USR1 "$peer_proxy" "$client_proxy"
start_loads
end=$(($(now_ms) + seconds * 1000))
while (($(now_ms) < end)); do fault; done
healed_at=$(now_ms)
heal
healed_ms=$(($(now_ms) - healed_at))
snapshots=0
for node in "${followers[@]}"; do snapshots=$((snapshots + $(peer_info "$leader" "$node" snapshots))); done
histories=("$run_dir"/[a-f].jsonl)
check_histories --leader "$leader"
status=$?
stop_cluster
stop_proxies
printf '%s\n' "$verdict"
((status == 0)) || keep=${keep:-${TMPDIR:-/tmp}/replicator-faults-$ack-$seed}
((status == 0)) || fail "the history does not fit together; it is kept in $keep"
printf 'kv_faults: ack=%s seed=%s seconds=%s' "$ack" "$seed" "$seconds"
for what in kill kill_both admit stop_follower stop_leader stop_network reset calm; do
    printf ' %s=%s' "$what" "${did[$what]}"
done
printf ' snapshots=%s healed_seconds=%s peers: %s clients: %s\n' "$snapshots" "$(as_seconds "$healed_ms")" \
    "$(tail -n 1 "$run_dir/peers.log")" "$(tail -n 1 "$run_dir/clients.log")"
