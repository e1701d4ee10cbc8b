#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# A real server whose disk fails in a flush: it says so, once and to everybody who asks, and ends for its supervisor.
# And one whose disk is full when it starts, which waits for a while.
#
#   run_faulted.sh FOLDER      FOLDER has kv_server; exit status 77: there is no C compiler, or nothing is preloaded

# shellcheck disable=SC2034,SC2154  # cluster.sh shares variables
set -u -o pipefail

kv_server=$1/kv_server
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
node_count=2
# shellcheck source=../../examples/kv/cluster.sh
. "$here/../../examples/kv/cluster.sh"

run_dir=$(cd "$(mktemp -d "${TMPDIR:-/tmp}/replicator-faulted.XXXXXX")" && pwd -P) || exit 1
trap 'status=$?; trap - EXIT; stop_cluster; rm -rf "$run_dir"; exit "$status"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

fail() {
    echo "run_faulted: FAILED: $*"
    cat "$run_dir/log"
    exit 1
}
"${CC:-cc}" -shared -fPIC -O1 "$here/stuck_disk.c" -o "$run_dir/stuck_disk.so" -ldl 2>"$run_dir/compiler" || {
    echo "run_faulted: this needs a C compiler and a system on which a library can be preloaded"
    exit 77
}

# A child of this shell, whose exit status it sees.
run_child() {
    : >"$run_dir/log"  # not below, where an earlier process may still seem to be ready
    LD_PRELOAD=$run_dir/stuck_disk.so STUCK_DISK_FOLDER=$run_dir/disk/ STUCK_DISK_CONTROL=$run_dir/control \
        ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}verify_asan_link_order=0 \
        "$kv_server" --node 1 --listen "${peer_port[1]}" --client-port "${client_port[1]}" --ack async \
        --peer "2=${peer_port[2]}" --dir "$run_dir/disk" --fault-stay 2 --bootstrap "$@" \
        </dev/null >"$run_dir/log" 2>&1 &
    node_pid[1]=$!
}
start_child() {
    : >"$run_dir/control"
    run_child
    wait_until 20 grep -q '^ready' "$run_dir/log"
}
# says WORD...: the first line of an answer.
says() {
    local reply=
    { printf '%s\r\n' "$*" >&3 && read -r -t 10 -u 3 reply; } 2>/dev/null 3<>"/dev/tcp/127.0.0.1/${client_port[1]}"
    printf '%s\n' "${reply%$'\r'}"
}
is_faulted() { [ "$(info 1 replicator_state replicator_fault 2>/dev/null)" != "$healthy" ]; }

for attempt in 1 2 3; do
    choose_ports
    start_child && break
    stop_cluster
    ((attempt < 3)) || fail "the server does not start"
done
[ "$(says PING)" = +PONG ] || fail "a healthy server answers PING with $(says PING)"
healthy=$(info 1 replicator_state replicator_fault)
echo fail >"$run_dir/control"
says SET key value >/dev/null
wait_until 10 is_faulted || fail "the flush failed, and INFO says nothing"
[[ $(says PING) == -* ]] || fail "PING is answered with $(says PING)"
[[ $(says GET key) == -* ]] || fail "a read is answered with $(says GET key)"
wait "${node_pid[1]}"
status=$?
unset 'node_pid[1]'
[ "$(grep -c 'takes part no more' "$run_dir/log")" = 1 ] || fail "that is not said once on stderr"
((status == 3)) || fail "the server ended with status $status"

# A disk that is full when the server starts: it says which call, and waits for room.
echo full >"$run_dir/control"
run_child --open-patience 60
wait_until 20 grep -q 'is refused: .* pwrite.* No space left on device (28); it is tried again for 60 s$' "$run_dir/log" ||
    fail "it does not say that it waits for room"
: >"$run_dir/control"
wait_until 20 grep -q '^ready' "$run_dir/log" || fail "there is room, and it does not start"
[ "$(grep -c 'is tried again' "$run_dir/log")" = 1 ] || fail "that is not said once"
[ "$(says PING)" = +PONG ] || fail "it waited for room, and answers PING with $(says PING)"
stop_cluster
echo full >"$run_dir/control"
run_child --open-patience 0
wait "${node_pid[1]}"
status=$?
unset 'node_pid[1]'
((status == 75)) || fail "without room the server ended with status $status"
[ "$(wc -l <"$run_dir/log")" = 1 ] || fail "it should say so in one line"
echo "run_faulted: PING and reads failed, stderr said why, and the status was 3; without room at the start it was 75"
