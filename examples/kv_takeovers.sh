#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# Three nodes as real processes. Again and again a hand-over or a promotion begins while the leader lives, and whoever
# takes over is killed in the middle of it. Nobody promotes again: somebody must lead by itself in time.
#
#   bash examples/kv_takeovers.sh BUILD [ROUNDS] [--ack POLICY] [--seed N] [--at-most MILLISECONDS] [--keep FOLDER]
#
# BUILD is a folder in which the examples were built. There are ROUNDS hand-overs and as many promotions (default 10 of
# each), in turn. The nodes talk through a proxy that delays every piece by up to 20 ms, so that a kill falls between
# any two steps. A candidate that had led before it was killed is a leader that died, which a person replaces. POLICY is
# semi-sync (default) or majority. The last line says how long the old leader took to lead again, beside the failure and
# the promotion timeout, which it must keep on a machine that has time; --at-most makes that a failure. Exit status 0:
# after each other kill somebody led, no acknowledged write is lost, and the history of the clients is linearizable; 77:
# redis-cli is not installed. Uses the network on 127.0.0.1 alone, and leaves nothing running.

# shellcheck disable=SC2034,SC2154  # faults.sh and cluster.sh share variables
set -u -o pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
script=kv_takeovers number=rounds options=(ack seed at_most keep)
rounds=10 ack=semi-sync seed=1 at_most=0 keep=""
# shellcheck source=kv/arguments.sh
. "$root/examples/kv/arguments.sh"
node_count=3
node_options=(--ack "$ack" --log ring)
leader=1
# The server's failure_timeout and promotion_timeout.
patience_ms=$((500 + 1000))
# Then nobody will lead any more, however busy the machine is.
give_up_ms=30000
# shellcheck source=kv/faults.sh
. "$root/examples/kv/faults.sh"
# shellcheck source=kv/histories.sh
. "$root/examples/kv/histories.sh"
# shellcheck source=kv/proxies.sh
. "$root/examples/kv/proxies.sh"

declare -A begun=([hand_over]=0 [promotion]=0) ended=([old_leader]=0 [led_before]=0)
lead_total=0 lead_max=0

start_everything() {
    local attempt
    for attempt in 1 2 3; do
        choose_ports
        start_peer_proxy --delay-max 20 --reset 0 --cut 0 --stall 0 --silence 0 && start_behind_proxy 1 --bootstrap &&
            start_behind_proxy 2 && start_behind_proxy 3 && return 0
        stop_cluster
        stop_proxies
    done
    return 1
}

# Sets `leader` to one of these nodes that leads.
somebody_leads() {  # node...
    local node
    for node in "$@"; do leads "$node" && leader=$node && return; done
    return 1
}

# takeover_round KIND: of hand_over and promotion.
takeover_round() {
    local old=$leader next third died connection answer waited
    draw 1 2
    next=$(((old + drawn - 1) % 3 + 1))
    third=$((6 - old - next))
    begun[$1]=$((begun[$1] + 1))
    during="round $((begun[hand_over] + begun[promotion]))"
    if [ "$1" = hand_over ]; then
        exec {connection}<>"/dev/tcp/127.0.0.1/${client_port[$old]}" &&
            printf 'FAILOVER TO %s\r\n' "$next" >&"$connection"
    else
        exec {connection}<>"/dev/tcp/127.0.0.1/${client_port[$next]}" && printf 'REPLICAOF NO ONE\r\n' >&"$connection"
    fi || fail "no connection"
    rest 0 80
    kill_node "$next" || fail "node $next could not be killed"
    died=$(now_ms)
    exec {connection}>&-
    # A leader that is going to be fenced by what the dead one sent still leads for a moment.
    rest 60 60
    while ! somebody_leads "$old" "$third"; do
        waited=$(($(now_ms) - died))
        ((waited <= patience_ms)) && continue
        if grep -q '^role=leader' "$run_dir/node$next.log"; then
            ended[led_before]=$((ended[led_before] + 1))
            answer=$(ask "$third" REPLICAOF NO ONE)
            [ "$answer" = OK ] || fail "node $third was not promoted: $answer"
        fi
        ((waited <= give_up_ms)) || fail "node $next died, and nobody leads"
    done
    if [ "$leader" = "$old" ]; then
        ended[old_leader]=$((ended[old_leader] + 1))
        waited=$(($(now_ms) - died))
        note_time lead "$waited"
        ((at_most == 0 || waited <= at_most)) || fail "node $old led again after $waited ms, later than --at-most"
    fi
    start_behind_proxy "$next" || fail "node $next did not start again"
    wait_until 10 is_there "$leader" "$next" || fail "node $next does not count again"
    wait_until 10 confirmed "$leader" || fail "node $leader is not confirmed"
}

RANDOM=$seed
start_everything || fail "the nodes could not be started"
for node in 2 3; do wait_until 20 counts 1 "$node" || fail "node $node was not accepted by the leader"; done
kill -USR1 "$peer_proxy"  # its delays begin
start_loads
for ((round = 0; round < rounds; round++)); do
    takeover_round hand_over
    takeover_round promotion
done
kill -USR2 "$peer_proxy"
check_everything
stop_cluster
stop_proxies
printf 'kv_takeovers: policy=%s seed=%s hand_overs=%s promotions=%s acknowledged_writes=%s lost=0' \
    "$ack" "$seed" "${begun[hand_over]}" "${begun[promotion]}" "$acknowledged"
printf ' old_leader_leads=%s candidate_had_led=%s leads_again_seconds_mean=%s max=%s must=%s\n' \
    "${ended[old_leader]}" "${ended[led_before]}" \
    "$(as_seconds $((lead_total / (ended[old_leader] > 0 ? ended[old_leader] : 1))))" "$(as_seconds "$lead_max")" \
    "$(as_seconds "$patience_ms")"
