#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# A short run of kv_drains.sh, and what an orderly stop does where there is nobody to hand over to.
#
#   run_drains.sh FOLDER [SIGNALS [SEED]]      FOLDER has the programs; exit status 77: redis-cli is not installed

# shellcheck disable=SC2034,SC2154  # faults.sh and cluster.sh share variables
set -u -o pipefail

programs=$1
signals=${2:-3}
seed=${3:-$((EPOCHSECONDS % 30000 + 1))}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# How long it takes is not tested here, where anything may keep the machine busy.
for kind in "async memory" "semi-sync file"; do
    read -r policy log <<<"$kind"
    bash "$here/../../examples/kv_drains.sh" "$programs/.." "$signals" --ack "$policy" --log "$log" --within 15000 \
        --seed "$seed" &
    running=$!
    trap 'kill "$running" 2>/dev/null; wait "$running"; exit 143' INT TERM HUP
    wait "$running" || exit
done
trap - INT TERM HUP

build=$programs
node_count=2
node_options=(--ack semi-sync --stop-patience 60000)
keep=
# shellcheck source=../../examples/kv/faults.sh
. "$here/../../examples/kv/faults.sh"
fail() {
    printf 'run_drains: FAILED: %s (--seed %s)\n' "$*" "$seed" >&2
    exit 1
}
# started NODE OPTION...: as a child whose status is kept; it has the ports that were chosen. Sets `child`.
started() {
    local node=$1 other=$((3 - $1))
    shift
    : >"$run_dir/node$node.log"  # here, because the process below may be slow, and an earlier one said that it was ready
    "$kv_server" --node "$node" --listen "${peer_port[$node]}" --client-port "${client_port[$node]}" \
        --peer "$other=${peer_port[$other]}" "${node_options[@]}" "$@" >"$run_dir/node$node.log" 2>&1 </dev/null &
    child=$!
    node_pid[$node]=$child
    wait_until 20 grep -q '^ready' "$run_dir/node$node.log" || fail "node $node: $(cat "$run_dir/node$node.log")"
}
# ends NODE STATUS: and not otherwise.
ends() {
    wait "${node_pid[$1]}"
    local status=$?
    unset "node_pid[$1]"
    ((status == $2)) || fail "node $1 ended with status $status: $(cat "$run_dir/node$1.log")"
}

# is_there LEADER NODE: of two nodes the one that came back blank counts when an operator says so. That it counts is
# remembered of a process that is gone.
is_there() {
    [ "$(peer_info "$1" "$2" state)" = streaming ] && counts "$1" "$2" && return
    ask "$1" REPLICATOR ADMIT "$2" >/dev/null
    return 1
}

RANDOM=$seed
choose_ports
started 2
started 1 --bootstrap
wait_until 20 is_there 1 2 || fail "node 2 does not count"
# A follower has nothing to hand over.
kill -TERM "${node_pid[2]}"
ends 2 0
started 2
wait_until 20 is_there 1 2 || fail "node 2 does not count again"
# A leader hands over, and ends with status 0.
kill -TERM "${node_pid[1]}"
ends 1 0
grep -q '^handed over to node=2' "$run_dir/node1.log" || fail "$(cat "$run_dir/node1.log")"
# What is on the way while no follower answers: the second signal ends it at once.
exec 9<>"/dev/tcp/127.0.0.1/${client_port[2]}"
started 1
printf 'SET a 1\r\n' >&9
kill -TERM "${node_pid[2]}"
kill -STOP "${node_pid[1]}"
kill -TERM "${node_pid[2]}" 2>/dev/null
wait "${node_pid[2]}"
status=$?
unset 'node_pid[2]'
((status <= 1)) || fail "node 2 ended with status $status"
exec 9>&-
kill -CONT "${node_pid[1]}"
kill -TERM "${node_pid[1]}"
ends 1 0
# Alone, it says what is missing, and ends all the same.
choose_ports
started 1 --bootstrap
kill -TERM "${node_pid[1]}"
ends 1 0
grep -q 'without having handed over: no follower' "$run_dir/node1.log" || fail "$(cat "$run_dir/node1.log")"
echo "run_drains: a follower, a leader, a leader alone and a second signal ended as they should"
