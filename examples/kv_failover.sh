#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# Three nodes as real processes whose leader is killed or stopped again and again, and clients whose histories are
# checked.
#
#   bash examples/kv_failover.sh BUILD [KILLS] [--ack POLICY] [--stops N] [--seed N] [--keep FOLDER]
#
# BUILD is a folder in which the examples were built. KILLS times (default 10) the leader is killed under load (kill
# -9), another node is promoted, and the old leader is started again, blank, until it counts again. Then N times
# (default 0) the leader is stopped, another node is promoted, writes are sent to the old leader before and after that,
# and it is continued: it must acknowledge none of them. POLICY is semi-sync (default), quorum, majority or sync. Exit
# status 0: no acknowledged write is lost, the history of the clients is linearizable, and all nodes have the same
# digest; 77: redis-cli is not installed. Uses the network on 127.0.0.1 alone, and leaves nothing running.

# shellcheck disable=SC2034,SC2154  # faults.sh and cluster.sh share variables
set -u -o pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
script=kv_failover number=kills options=(ack stops seed keep)
kills=10 stops=0 ack=semi-sync seed=1 keep=""
# shellcheck source=kv/arguments.sh
. "$root/examples/kv/arguments.sh"
node_count=3
node_options=(--ack "$ack" --log ring)
leader=1
# shellcheck source=kv/faults.sh
. "$root/examples/kv/faults.sh"
# shellcheck source=kv/histories.sh
. "$root/examples/kv/histories.sh"

killed=0 stopped=0 unconfirmed=0 fenced=0 discarded=0
promote_total=0 promote_max=0 rejoin_total=0 rejoin_max=0

# --- Rounds ---

# Sets `next` to one of the nodes that do not lead.
choose_next() {
    draw 1 2
    next=$(((leader + drawn - 1) % 3 + 1))
}

# Who needs every node, as sync does, leads but is not confirmed while one is missing.
promote() {
    local answer
    answer=$(ask "$next" REPLICAOF NO ONE)
    case $answer in
        OK) ;;
        UNCONFIRMED*) unconfirmed=$((unconfirmed + 1)) ;;
        *) fail "node $next was not promoted: $answer" ;;
    esac
}

# wait_for_rejoin NODE: until it counts again, by itself: the third node can confirm the leader.
wait_for_rejoin() {
    local began=$(($(now_ms)))
    wait_until 10 counts "$next" "$1" || fail "node $1 does not count again"
    wait_until 10 confirmed "$next" || fail "node $next is not confirmed"
    note_time rejoin $(($(now_ms) - began))
}

kill_round() {
    local began old=$leader
    killed=$((killed + 1))
    during="kill $killed"
    choose_next
    rest 50 250
    began=$(now_ms)
    kill_node "$old" || fail "node $old could not be killed"
    # It may be there again before another one is promoted, and knows nothing.
    draw 0 2
    ((drawn > 0)) || start_node "$old" || fail "node $old did not start again"
    promote
    note_time promote $(($(now_ms) - began))
    leader=$next
    ((drawn == 0)) || start_node "$old" || fail "node $old did not start again"
    wait_for_rejoin "$old"
}

is_stopped() { [[ $(sed 's/.*) //' "/proc/${node_pid[$1]}/stat") == T* ]]; }

# Writes that the old leader finds when it goes on: some were sent before the promotion, some after.
stop_round() {
    local old=$leader i answer answers=0 before connection
    stopped=$((stopped + 1))
    during="stop $stopped"
    choose_next
    rest 50 250
    before=$(info "$old" replicator_discarded)
    exec {connection}<>"/dev/tcp/127.0.0.1/${client_port[$old]}" || fail "no connection to node $old"
    kill -STOP "${node_pid[$old]}"
    wait_until 5 is_stopped "$old" || fail "node $old does not stop"
    for i in 1 2 3 4; do printf 'SET fence.%s.%s x\r\n' "$stopped" "$i"; done >&"$connection"
    # Sometimes for longer than the others take it to be alive.
    rest 0 700
    promote
    leader=$next
    for i in 5 6 7 8; do printf 'SET fence.%s.%s x\r\n' "$stopped" "$i"; done >&"$connection"
    rest 0 200
    kill -CONT "${node_pid[$old]}"
    for i in 1 2 3 4 5 6 7 8; do
        read -r -t 10 -u "$connection" answer || fail "node $old does not answer"
        [[ $answer == -* ]] || fail "node $old acknowledged write $i in its old epoch: $answer"
    done
    exec {connection}>&-
    fenced=$((fenced + 8))
    wait_for_rejoin "$old"
    discarded=$((discarded + $(info "$old" replicator_discarded) - before))
    answer=$(ask "$leader" EXISTS fence."$stopped".{1..8})
    [ "$answer" = 0 ] || fail "$answer writes to the fenced leader survived"
}

# --- The run ---

RANDOM=$seed
start_group 1 2 3 || fail "the nodes could not be started"
for node in 2 3; do wait_until 20 counts 1 "$node" || fail "node $node was not accepted by the leader"; done
start_loads
began=$(now_ms)
for ((round = 0; round < kills; round++)); do kill_round; done
for ((round = 0; round < stops; round++)); do stop_round; done
rounds_ms=$(($(now_ms) - began))
rest 200 200
check_everything
stop_cluster
rounds=$((kills + stops))
printf 'kv_failover: policy=%s seed=%s kills=%s stops=%s seconds=%s acknowledged_writes=%s lost=0 unconfirmed_at_first=%s' \
    "$ack" "$seed" "$killed" "$stopped" "$(as_seconds "$rounds_ms")" "$acknowledged" "$unconfirmed"
printf ' fenced_writes=%s acknowledged_in_the_old_epoch=0 discarded=%s' "$fenced" "$discarded"
printf ' promotion_seconds_mean=%s max=%s rejoin_seconds_mean=%s max=%s\n' \
    "$(as_seconds $((promote_total / (killed > 0 ? killed : 1))))" "$(as_seconds "$promote_max")" \
    "$(as_seconds $((rejoin_total / (rounds > 0 ? rounds : 1))))" "$(as_seconds "$rejoin_max")"
