#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# Three nodes as real processes. Again and again the leader is told to end (SIGTERM) under load, hands over, and is
# started again.
#
#   bash examples/kv_drains.sh BUILD [SIGNALS] [--ack POLICY] [--log LOG] [--within MS] [--seed N] [--keep FOLDER]
#
# BUILD is a folder in which the examples were built. SIGNALS times (default 10) the leader is told to end. POLICY is
# async (default), semi-sync, quorum, majority or sync; LOG is ring, memory (default) or file. Exit status 0: each time
# another node led and was confirmed within MS milliseconds (default 1000), the old one said that it handed over, no
# answered write is lost, under async neither, and the history of the clients is linearizable; 77: redis-cli is not
# installed. Uses the network on 127.0.0.1 alone, and leaves nothing running. 100 signals take about three minutes.

# shellcheck disable=SC2034,SC2154  # faults.sh and cluster.sh share variables
set -u -o pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
script=kv_drains number=signals options=(ack log within seed keep)
signals=10 ack=async log=memory within=1000 seed=1 keep=""
# shellcheck source=kv/arguments.sh
. "$root/examples/kv/arguments.sh"
node_count=3
node_options=(--ack "$ack")
leader=1
# shellcheck source=kv/faults.sh
. "$root/examples/kv/faults.sh"
# shellcheck source=kv/histories.sh
. "$root/examples/kv/histories.sh"
if [ "$log" = file ]; then
    disks_dir=$run_dir/disks
    mkdir "$disks_dir" || exit 1
else
    node_options+=(--log "$log")
fi

sent=0 led_total=0 led_max=0 ended_total=0 ended_max=0 served_before=0

# Sets `leader` to another node that leads and is confirmed.
another_leads() {
    local node
    for node in 1 2 3; do
        [ "$node" != "$old" ] && leads "$node" && confirmed "$node" && leader=$node && return
    done
    return 1
}

drain_round() {
    local pid=${node_pid[$leader]} began took
    old=$leader
    sent=$((sent + 1))
    during="signal $sent, --log $log"
    began=$(now_ms)
    kill -TERM "$pid" || fail "node $old is gone"
    wait_until 20 another_leads || fail "nobody else leads: $(cat "$run_dir/node$old.log")"
    took=$(($(now_ms) - began))
    note_time led "$took"
    ((took <= within)) || fail "another node led only after $took ms"
    wait_for_end "$pid" || fail "node $old does not end"
    note_time ended $(($(now_ms) - began))
    grep -q '^handed over to node=' "$run_dir/node$old.log" || fail "node $old: $(cat "$run_dir/node$old.log")"
    unset "node_pid[$old]"
    start_node "$old" || fail "node $old did not start again"
    wait_until 60 is_there "$leader" "$old" || fail "node $old does not count again"
}

RANDOM=$seed
start_group 1 2 3 || fail "the nodes could not be started"
for node in 2 3; do wait_until 20 is_there 1 "$node" || fail "node $node was not accepted by the leader"; done
start_loads
all=()
for node in 1 2 3; do all+=(--port "${client_port[$node]}"); done
start_load push "${all[@]}" --first-client 41 --clients 4 --window 8 --rate 1000
began=$(now_ms)
while ((sent < signals)); do
    rest 100 600
    drain_round
done
rounds_ms=$(($(now_ms) - began))
rest 200 200
check_everything
stop_cluster
printf 'kv_drains: policy=%s log=%s seed=%s signals=%s seconds=%s acknowledged_writes=%s lost=0' \
    "$ack" "$log" "$seed" "$sent" "$(as_seconds "$rounds_ms")" "$acknowledged"
printf ' another_leads_seconds_mean=%s max=%s must=%s ended_seconds_mean=%s max=%s\n' \
    "$(as_seconds $((led_total / sent)))" "$(as_seconds "$led_max")" "$(as_seconds "$within")" \
    "$(as_seconds $((ended_total / sent)))" "$(as_seconds "$ended_max")"
