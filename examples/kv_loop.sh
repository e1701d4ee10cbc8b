#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# Three nodes as real processes, and the longest call of each one's loop: while keys are loaded, a blank node gets them
# all, a node that was away catches up, everything is thrown away under load, and another node takes over.
#
#   bash examples/kv_loop.sh BUILD [KEYS] [--ack POLICY] [--log LOG] [--at-most MS] [--wall-at-most MS] [--keep FOLDER]
#
# BUILD is a folder in which the examples were built; with optimization, or the figures say little. KEYS (default
# 3000000) with values of 20 bytes are loaded, which take 260 bytes each on each node. POLICY is async, semi-sync
# (default), quorum, majority or sync; LOG is ring, memory (default) or file. A line is printed for each phase and node:
# the longest call on the clock on the wall, and the longest by what it took of the processor, each with what was done
# in it. On the wall, whatever else the machine does counts as well. Exit status 0: all nodes are equal in the end, and
# no call took longer than the limits, of the processor (--at-most) and on the wall (--wall-at-most), if there are any;
# 77: redis-cli is not installed. Uses the network on 127.0.0.1 alone, and leaves nothing running. 3000000 keys take a
# minute or two.

# shellcheck disable=SC2034,SC2154  # faults.sh and cluster.sh share variables
set -u -o pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
script=kv_loop number=keys options=(ack log at_most wall_at_most seed keep)
keys=3000000 ack=semi-sync log=memory at_most=0 wall_at_most=0 seed=1 keep=""
# shellcheck source=kv/arguments.sh
. "$root/examples/kv/arguments.sh"
node_count=3
node_options=(--ack "$ack" --memory-max 4000000000)
leader=1
# shellcheck source=kv/faults.sh
. "$root/examples/kv/faults.sh"
if [ "$log" = file ]; then
    disks_dir=$run_dir/disks
    mkdir "$disks_dir" || exit 1
else
    node_options+=(--log "$log")
fi

longest_wall=0 longest_cpu=0 stream_pid=

# stream FIRST LAST: writes keys as the Redis protocol has them, 100 to a command.
stream() {
    awk -v first="$1" -v last="$2" 'BEGIN {
        for (at = first; at <= last; at += 100) {
            end = at + 99 < last ? at + 99 : last
            printf "*%d\r\n$4\r\nMSET\r\n", 1 + 2 * (end - at + 1)
            # Scattered, because keys come in no order.
            for (i = at; i <= end; ++i) {
                printf "$13\r\nkey:%09d\r\n$20\r\nvalue-of-%011d\r\n", i * 7919 % 1000000007, i
            }
        }
    }'
}

# load FIRST LAST: into the leader.
load() {
    local said
    said=$(stream "$1" "$2" | timeout 1200 redis-cli -h 127.0.0.1 -p "${client_port[$leader]}" --pipe 2>&1)
    [[ $said == *"errors: 0"* ]] || fail "keys $1 to $2 were not loaded: $said"
}

# Single writes, some thousand a second, until end_stream.
begin_stream() {
    while :; do
        awk -v seed="$RANDOM" 'BEGIN {
            srand(seed)
            for (i = 0; i < 200; ++i) {
                printf "*3\r\n$3\r\nSET\r\n$13\r\nkey:%09d\r\n$4\r\nlive\r\n", int(rand() * 1000000007)
            }
        }' || break
        sleep 0.05
    done 2>/dev/null | redis-cli -h 127.0.0.1 -p "${client_port[$leader]}" --pipe >/dev/null 2>&1 &
    stream_pid=$!
}
end_stream() {
    [ -z "$stream_pid" ] || kill "$stream_pid" 2>/dev/null
    wait "$stream_pid" 2>/dev/null
    stream_pid=
}
stop_more() { end_stream; }

# phase NAME: says what the longest calls were since the phase before.
phase() {
    local node wall wall_work cpu cpu_work fields
    for node in 1 2 3; do
        [ -n "${node_pid[$node]:-}" ] || continue
        mapfile -t fields < <(info "$node" loop_longest_us loop_longest_work loop_longest_cpu_us loop_longest_cpu_work)
        ((${#fields[@]} == 4)) || fail "node $node does not answer"
        wall=${fields[0]} wall_work=${fields[1]} cpu=${fields[2]} cpu_work=${fields[3]}
        printf '%-32s node %d  wall %8.1f ms  %-24s cpu %8.1f ms  %s\n' "$1" "$node" "${wall}e-3" "$wall_work" \
            "${cpu}e-3" "$cpu_work"
        ((wall <= longest_wall)) || longest_wall=$wall
        ((cpu <= longest_cpu)) || longest_cpu=$cpu
        ask "$node" CONFIG RESETSTAT >/dev/null || fail "node $node does not answer"
    done
}

everybody_is_equal() {
    local node
    for node in 1 2 3; do
        if [ -z "${node_pid[$node]:-}" ] || ((node == leader)); then continue; fi
        wait_until 120 is_equal "$leader" "$node" || fail "node $node differs from the leader"
    done
}
# What was thrown away is freed by and by; what is written meanwhile stays.
is_freed() {
    local fields present
    mapfile -t fields < <(info "$1" used_memory_dataset db0)
    present=${fields[1]:-keys=0,}
    present=${present#keys=}
    ((fields[0] < ${present%%,*} * 400 + 1000000))
}
leads_elsewhere() {
    local node
    for node in 1 2 3; do
        ((node != leader)) && leads "$node" && confirmed "$node" && return
    done
    return 1
}

RANDOM=$seed
start_group 1 2 || fail "the nodes could not be started"
wait_until 20 is_there 1 2 || fail "node 2 was not accepted by the leader"
load 1 "$keys"
everybody_is_equal
phase "load $keys keys"

begin_stream
start_node 3 || fail "node 3 could not be started"
wait_until 300 is_there 1 3 || fail "node 3 does not count"
phase "a blank node gets the state"

load $((keys + 1)) $((keys + keys / 30))
phase "more keys, one at a time too"

# A log on a disk has everything that was written meanwhile; otherwise the node is blank, and gets the state again.
kill_node 3 || fail "node 3 cannot be killed"
load $((keys + keys / 30 + 1)) $((keys + keys / 15))
start_node 3 || fail "node 3 did not start again"
wait_until 300 is_there 1 3 || fail "node 3 does not count again"
phase "a killed node comes back"

ask 1 FLUSHALL >/dev/null || fail "FLUSHALL was refused"
for node in 1 2 3; do wait_until 120 is_freed "$node" || fail "node $node frees nothing"; done
phase "FLUSHALL, and all is freed"

load 1 $((keys / 30))
end_stream
everybody_is_equal
phase "written again"

kill -TERM "${node_pid[1]}"
wait_until 20 leads_elsewhere || fail "nobody else leads"
wait_for_end "${node_pid[1]}" || fail "node 1 does not end"
unset 'node_pid[1]'
phase "another node takes over"

printf 'longest: wall %.1f ms, cpu %.1f ms (%s keys, --ack %s, --log %s, load average %s)\n' "${longest_wall}e-3" \
    "${longest_cpu}e-3" "$keys" "$ack" "$log" "$(cut -d' ' -f1 /proc/loadavg 2>/dev/null)"
((at_most == 0 || longest_cpu <= at_most * 1000)) || fail "a call took more than $at_most ms of the processor"
((wall_at_most == 0 || longest_wall <= wall_at_most * 1000)) || fail "a call took more than $wall_at_most ms"
