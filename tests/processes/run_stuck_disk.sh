#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# Three key-value servers over disks, semi-sync. The disk of the one with the seat hangs in a flush, and then that of
# the next one is full, while both answer. Writes must go on with the follower whose disk works.
#
#   run_stuck_disk.sh FOLDER      FOLDER has kv_server; exit status 77: there is no C compiler, or nothing is preloaded

# shellcheck disable=SC2034,SC2154  # cluster.sh shares variables
set -u -o pipefail

kv_server=$1/kv_server
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
kv_load=
node_count=3
node_options=(--ack semi-sync)
# shellcheck source=../../examples/kv/cluster.sh
. "$here/../../examples/kv/cluster.sh"

run_dir=$(cd "$(mktemp -d "${TMPDIR:-/tmp}/replicator-stuck-disk.XXXXXX")" && pwd -P) || exit 1
disks_dir=$run_dir/disks
mkdir "$disks_dir"
stop() {
    local status=$?
    trap - EXIT
    : >"$run_dir/control2"
    : >"$run_dir/control3"
    stop_cluster
    rm -rf "$run_dir"
    exit "$status"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

fail() {
    echo "run_stuck_disk: FAILED: $*"
    info 1 replicator_policy_satisfiable replicator_writes_pending replicator_peer2 replicator_peer3
    exit 1
}
skip() { echo "run_stuck_disk: $*" && exit 77; }

: >"$run_dir/control2"
: >"$run_dir/control3"
"${CC:-cc}" -shared -fPIC -O1 "$here/stuck_disk.c" -o "$run_dir/stuck_disk.so" -ldl 2>"$run_dir/compiler" ||
    skip "this needs a C compiler and a system on which a library can be preloaded"

# start_stuck NODE: with a disk that control<NODE> lets stand still.
start_stuck() {
    LD_PRELOAD=$run_dir/stuck_disk.so STUCK_DISK_FOLDER=$disks_dir/node$1/ STUCK_DISK_CONTROL=$run_dir/control$1 \
        ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}verify_asan_link_order=0 start_node "$1"
}

# write KEY SECONDS: an acknowledged write at the leader.
write() {
    local reply=
    { printf 'SET %s value\r\n' "$1" >&3 && read -r -t "$2" -u 3 reply; } 2>/dev/null \
        3<>"/dev/tcp/127.0.0.1/${client_port[1]}"
    [[ $reply == +OK* ]]
}
has_seat() { [ "$(peer_info 1 "$1" seat)" = yes ]; }
moves() { [ "$(peer_info 1 "$1" stuck)" = no ]; }
is_as_1() { is_equal 1 "$1"; }

# stands_still WHAT NODE OTHER: NODE has the seat, and OTHER must get it.
# Without that nobody answers as long as the disk stands still.
stands_still() {
    local what=$1 node=$2 other=$3 began took i
    has_seat "$node" || fail "node $node does not have the seat"
    echo "$what" >"$run_dir/control$node"
    began=$(now_ms)
    (write "$what" 10) || fail "no write is acknowledged while the disk of the seat says $what"
    took=$(($(now_ms) - began))
    has_seat "$other" || fail "a write was acknowledged, and the seat did not move ($what)"
    [ "$(peer_info 1 "$node" stuck)" = yes ] || fail "node $node is not said to be stuck ($what)"
    [ "$(peer_info 1 "$node" state)" = streaming ] || fail "node $node is not served any more ($what)"
    [ "$(info 1 replicator_policy_satisfiable)" = yes ] || fail "the policy is not satisfiable ($what)"
    for ((i = 0; i < 20; i++)); do (write "$what$i" 5) || fail "the next writes are not acknowledged ($what)"; done
    : >"$run_dir/control$node"
    wait_until 10 moves "$node" || fail "node $node stays stuck ($what)"
    wait_until 10 is_as_1 "$node" || fail "node $node does not become equal ($what)"
    has_seat "$other" || fail "the seat went back ($what)"
    echo "run_stuck_disk: $what: the next write was acknowledged after $took ms"
}

for attempt in 1 2 3; do
    choose_ports
    start_node 1 --bootstrap && start_stuck 2 && start_stuck 3 && break
    stop_cluster
    ((attempt < 3)) || fail "the servers do not start"
done
for node in 2 3; do
    wait_until 10 counts 1 "$node" || fail "node $node does not count"
done
(write first 10) || fail "no write is acknowledged"
# Whoever was there first has the seat.
if has_seat 2; then a=2 b=3; else a=3 b=2; fi
stands_still hang "$a" "$b"
stands_still full "$b" "$a"
