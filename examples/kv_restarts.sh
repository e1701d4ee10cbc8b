#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# Three nodes as real processes over logs on disks, killed one by one and all at once under load, and clients whose
# histories are checked.
#
#   bash examples/kv_restarts.sh BUILD [KILLS] [--ack POLICY] [--seed N] [--keep FOLDER] [--only KIND]
#
# BUILD is a folder in which the examples were built. KILLS times (default 10) the leader, a follower, or all nodes are
# killed at a random moment (kill -9), and started again on their directories:
#
#   all        at once, and started in any order: the one that led last leads again by itself
#   leader     alone: it leads again by itself
#   replaced   the leader, and another node is promoted, before or while the old one comes back
#   follower   alone, or together with the other one
#   disk       a follower, whose directory is then removed: it gets everything anew, and counts again by itself
#
# Sometimes a node is killed a second time while it comes back. All rounds are drawn from N, or are of one KIND. POLICY
# is semi-sync (default), quorum, majority or sync. In the end all nodes are stopped in order, their logs are verified
# and started once more. Exit status 0: no acknowledged write is lost, the history of the clients is linearizable, and
# all nodes have the same digest; 77: redis-cli is not installed. Uses the network on 127.0.0.1 alone, and leaves
# nothing running. It needs about 1 GiB of disk for a while. 200 kills take about two minutes.

# shellcheck disable=SC2034,SC2154  # faults.sh, histories.sh and cluster.sh share variables
set -u -o pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
script=kv_restarts number=kills options=(ack seed keep only)
kills=10 ack=semi-sync seed=1 keep="" only=""
# shellcheck source=kv/arguments.sh
. "$root/examples/kv/arguments.sh"
node_count=3
node_options=(--ack "$ack")
leader=1
# shellcheck source=kv/faults.sh
. "$root/examples/kv/faults.sh"
# shellcheck source=kv/histories.sh
. "$root/examples/kv/histories.sh"

disks_dir=$run_dir/disks
round=0 kind='' kinds=()
declare -A rounds=([all]=0 [leader]=0 [replaced]=0 [follower]=0 [disk]=0)
processes=0 again=0 promoted=0 not_promoted=0 helped=0 leader_changes=0
all_total=0 all_max=0 leader_total=0 leader_max=0 replaced_total=0 replaced_max=0 follower_total=0 follower_max=0 disk_total=0 disk_max=0

# Writes the same stanzas again and again, so that logs grow: files are begun and dropped, and states are written.
fill() {
    local node i all=() loader
    for node in 1 2 3; do all+=(--port "${client_port[$node]}"); done
    for ((i = 0; i < 1000; i++)); do printf 'Package: p%d\nText: %02000d\n\n' $i $i; done >"$run_dir/stanzas"
    trap '[ -n "$loader" ] && kill "$loader" 2>/dev/null; exit 0' TERM
    while :; do
        "$build/kv_load" "${all[@]}" --window 16 --prefix fill/ "$run_dir/stanzas" >>"$run_dir/fill.log" 2>&1 </dev/null &
        loader=$!
        wait "$loader" || exit 1
        loader=
        sleep 0.2 &
        wait $!
    done
}

# --- Rounds ---

# Sets `found` to the node that leads and is confirmed.
find_leader() {
    for found in 1 2 3; do
        [ -n "${node_pid[$found]:-}" ] && [ "$(info "$found" role replicator_confirmed)" = $'master\nyes' ] && return 0
    done
    return 1
}

# By itself, and by an operator's word only when that takes too long.
wait_for_leader() {
    local node
    wait_until 10 find_leader || {
        helped=$((helped + 1))
        for node in 1 2 3; do ask "$node" INFO >"$run_dir/helped$helped.$node.txt" 2>&1; done
        for node in 1 2 3; do [ "$(ask "$node" REPLICAOF NO ONE)" = OK ] && break; done
        wait_until 10 find_leader || fail "nobody leads"
    }
    take_leader
}

take_leader() {
    [ "$found" = "$leader" ] || leader_changes=$((leader_changes + 1))
    leader=$found
}

# How long a node is away: one time in three for longer than the others take it to be alive, which is 500 ms.
stay_away() {
    draw 0 2
    if ((drawn == 0)); then rest 500 600; else rest 0 100; fi
}

kill_some() {
    kill_node "$@" || fail "nodes $* could not be killed"
    processes=$((processes + $#))
}

# start_again NODE: on its directory; one time in six it is killed while it comes back.
start_again() {
    start_node "$1" || fail "node $1 did not start again"
    grep -q 'all sound\|torn write\|no history' "$run_dir/node$1.log" || fail "node $1 says nothing of its log"
    grep 'torn write' "$run_dir/node$1.log" >>"$run_dir/torn"
    draw 1 6
    ((drawn == 1)) || return 0
    rest 0 100
    kill_some "$1"
    again=$((again + 1))
    start_node "$1" || fail "node $1 did not start a second time"
}

kill_all() {
    local order
    kill_some 1 2 3
    draw 0 5
    order=("1 2 3" "1 3 2" "2 1 3" "2 3 1" "3 1 2" "3 2 1")
    for node in ${order[drawn]}; do
        start_again "$node"
        draw 0 3
        ((drawn > 0)) || stay_away
    done
    wait_for_leader
}

kill_leader() {
    local old=$leader
    kill_some "$old"
    stay_away
    start_again "$old"
    wait_for_leader
}

# The promotion may come before the old leader is there again, or after; then the old one may lead before.
replace_leader() {
    local old=$leader next answer
    draw 1 2
    next=$(((leader + drawn - 1) % 3 + 1))
    kill_some "$old"
    draw 0 2
    ((drawn > 0)) || start_again "$old"
    answer=$(ask "$next" REPLICAOF NO ONE)
    case $answer in
        OK | UNCONFIRMED*) promoted=$((promoted + 1)) ;;
        NODESMISSING* | STALEEPOCH*) not_promoted=$((not_promoted + 1)) ;;
        *) fail "node $next was not promoted: $answer" ;;
    esac
    [ -n "${node_pid[$old]:-}" ] || start_again "$old"
    wait_for_leader
}

kill_follower() {
    local node followers=()
    for node in 1 2 3; do ((node == leader)) || followers+=("$node"); done
    draw 0 2
    ((drawn == 2)) || followers=("${followers[drawn]}")
    kill_some "${followers[@]}"
    stay_away
    for node in "${followers[@]}"; do start_again "$node"; done
    wait_for_leader
}

has_data() { (($(info "$1" replicator_applied) > 0)); }

replace_disk() {
    local node
    draw 1 2
    node=$(((leader + drawn - 1) % 3 + 1))
    wait_for_all  # or an acknowledged write would have only one disk left
    kill_some "$node"
    rm -r "$disks_dir/node$node" || fail "the directory of node $node cannot be removed"
    stay_away
    start_node "$node" || fail "node $node did not start on a new disk"
    wait_for_leader
    # Until the leader has met it, the one before it is the one that counts.
    wait_until 10 has_data "$node" || fail "node $node got nothing on its new disk"
    wait_for_all
}

# Who leads is asked anew: where a leader comes back while another node is promoted, both may lead one after the other.
all_count() {
    local node
    find_leader || return 1
    take_leader
    for node in 1 2 3; do ((node == leader)) || counts "$leader" "$node" || return 1; done
}
wait_for_all() { wait_until 10 all_count || fail "not all nodes count again"; }

kill_round() {
    local began pid
    round=$((round + 1))
    # Each kind once, in any order, before it begins anew.
    ((${#kinds[@]})) || kinds=(all leader replaced follower disk)
    draw 0 $((${#kinds[@]} - 1))
    kind=${only:-${kinds[drawn]}}
    during="kill $round ($kind)"
    kinds=("${kinds[@]:0:drawn}" "${kinds[@]:drawn+1}")
    rounds[$kind]=$((rounds[$kind] + 1))
    # Mostly short, so that there are many kills; now and then long enough for clients and nodes to be at ease again.
    draw 0 5
    if ((drawn == 0)); then rest 20 800; else rest 20 120; fi
    began=$(now_ms)
    case $kind in
        all) kill_all ;;
        leader) kill_leader ;;
        replaced) replace_leader ;;
        follower) kill_follower ;;
        disk) replace_disk ;;
        *) fail "what is --only $kind?" ;;
    esac
    note_time "$kind" $(($(now_ms) - began))
    for pid in "${load_pids[@]}"; do kill -0 "$pid" 2>/dev/null || fail "a client has ended"; done
    # Mostly the next one comes when all is well again, and sometimes before.
    draw 0 3
    ((drawn == 0)) || wait_for_all
}

# --- The end ---

# Stopped in order, looked at, and started once more: nothing is torn then, and nothing is different.
check_disks() {
    local node digest last
    digest=$(ask "$leader" DEBUG DIGEST)
    stop_cluster
    for node in 1 2 3; do
        "$build/logtool" verify "$disks_dir/node$node" >"$run_dir/verify$node" || fail "$(cat "$run_dir/verify$node")"
        "$build/logtool" stat "$disks_dir/node$node" >"$run_dir/stat$node" || fail "$(cat "$run_dir/stat$node")"
        grep -q 'closed cleanly' "$run_dir/stat$node" || fail "node $node was not stopped in order"
        last=$("$build/logtool" dump "$disks_dir/node$node" | sed -n 's/^    \([0-9]*\) .*chain.*/\1/p' | tail -n 1)
        grep -q " to $last, .*: clean" "$run_dir/verify$node" || fail "logtool dump of node $node ends at $last"
    done
    for node in 1 2 3; do start_node "$node" || fail "node $node did not start after all"; done
    wait_for_leader
    for node in 1 2 3; do
        grep -q '; stopped in order, all sound' "$run_dir/node$node.log" || fail "node $node: $(head -n 1 "$run_dir/node$node.log")"
        wait_until 20 is_equal "$leader" "$node" || fail "node $node differs after all"
    done
    [ "$(ask "$leader" DEBUG DIGEST)" = "$digest" ] || fail "the data differ after all"
    states=$(info "$leader" replicator_state)
}

mkdir "$disks_dir" || fail "mkdir"
RANDOM=$seed
start_group 1 2 3 || fail "the nodes could not be started"
for node in 2 3; do wait_until 20 counts 1 "$node" || fail "node $node was not accepted by the leader"; done
start_loads
fill &
load_pids+=($!)
began=$(now_ms)
while ((round < kills)); do kill_round; done
rounds_ms=$(($(now_ms) - began))
rest 200 200
check_everything
for node in 1 2 3; do
    "$build/kv_load" --port "${client_port[$node]}" --verify --prefix fill/ "$run_dir/stanzas" >>"$run_dir/fill.log" ||
        fail "the stanzas cannot be read back from node $node"
done
check_disks
torn=0
[ ! -s "$run_dir/torn" ] || torn=$(wc -l <"$run_dir/torn")
stop_cluster

mean() { as_seconds $(($1 / ($2 > 0 ? $2 : 1))); }
printf 'kv_restarts: policy=%s seed=%s kills=%s seconds=%s acknowledged_writes=%s lost=0 digests=equal' \
    "$ack" "$seed" "$round" "$(as_seconds "$rounds_ms")" "$acknowledged"
printf ' processes_killed=%s again_while_coming_back=%s promoted=%s not_promoted=%s leader_changes=%s helped=%s torn=%s' \
    "$processes" "$again" "$promoted" "$not_promoted" "$leader_changes" "$helped" "$torn"
printf ' entries_in_the_state=%s' "$states"
for kind in all leader replaced follower disk; do
    total=${kind}_total max=${kind}_max
    printf ' %s=%s mean_seconds=%s max=%s' "$kind" "${rounds[$kind]}" "$(mean "${!total}" "${rounds[$kind]}")" \
        "$(as_seconds "${!max}")"
done
echo
