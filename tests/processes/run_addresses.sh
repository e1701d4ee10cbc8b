#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# Where real servers find each other: names of hosts, addresses of IPv6, and two processes with one node number.
#
#   run_addresses.sh FOLDER      FOLDER has kv_server

# shellcheck disable=SC2034,SC2154  # cluster.sh shares variables
set -u -o pipefail

kv_server=$1/kv_server
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=../../examples/kv/cluster.sh
. "$here/../../examples/kv/cluster.sh"

failures=0
checks=0
run_dir=$(mktemp -d "${TMPDIR:-/tmp}/replicator-addresses.XXXXXX") || exit 1
trap 'status=$?; trap - EXIT; stop_cluster; rm -rf "$run_dir"; exit "$status"' EXIT
trap 'exit 130' INT TERM HUP

# expect WHAT EXPECTED ACTUAL: EXPECTED is a pattern as `case` has it.
expect() {
    checks=$((checks + 1))
    case $3 in
        $2) ;;
        *)
            failures=$((failures + 1))
            printf 'FAILED: %s\n  expected: %s\n  actual:   %s\n' "$1" "$2" "$3"
            ;;
    esac
}

# launch PLACE OPTION...: a process, named by PLACE, which need not be its node's number.
launch() {
    local place=$1
    shift
    : >"$run_dir/$place.log"  # not below, where an earlier process may still seem to be ready
    "$kv_server" --ack semi-sync "$@" </dev/null >"$run_dir/$place.log" 2>&1 &
    node_pid["$place"]=$!
    disown "${node_pid[$place]}"
}
# ready PLACE: waits until it listens, and notes where.
ready() {
    wait_until 10 grep -q '^ready' "$run_dir/$1.log" || { cat "$run_dir/$1.log"; return 1; }
    read -r client_port["$1"] peer_port["$1"] < <(sed -n 's/^ready.* client=\(.*\) peer=\(.*\)/\1 \2/p' "$run_dir/$1.log")
}
lives() { kill -0 "${node_pid[$1]}" 2>/dev/null; }
follows() { [ "$(info "$1" master_link_status)" = up ]; }
# ends PLACE: politely, and soon.
ends() {
    kill "${node_pid[$1]}"
    wait_until 3 eval "! lives $1"
}

# The port of node 1 must be known to the others, and may be taken in between; then another one is tried.
begin() {
    local listen=$1 client=$2 attempt
    for attempt in 1 2 3; do
        at=$(free_port)
        launch 1 --node 1 --bootstrap --listen "$listen:$at" --client-port "$client" "${@:3}"
        ready 1 && return 0
    done
    exit 1
}

test_names() {
    # Node 2 is not called by node 1, so nobody needs to know where it is, but for whose calls are taken.
    begin localhost localhost:0 --peer 2=no..name:1 --links-from anywhere
    launch 2 --node 2 --listen 0 --client-port 0 --peer "1=localhost:$at,client=localhost:7"
    ready 2
    wait_until 10 follows 2
    expect 'a node that calls a name' 0 $?
    expect 'nothing is said of a name that is not needed' 0 "$(said 1 no..name)"
    expect 'the name, as it was given' "localhost" "$(info 2 master_host)"
    # The leader comes back at the same name.
    kill_node 1
    launch 1 --node 1 --bootstrap --listen "localhost:$at" --client-port 0 --peer 2=0
    ready 1
    wait_until 10 eval '[ "$(peer_info 1 2 refusal)" = "the peer holds another history" ]'
    expect 'the name is called again' 0 $?
    stop_cluster
}

# said PLACE PATTERN: how many lines of what a process said hold the pattern.
said() { grep -c "$2" "$run_dir/$1.log"; }

# Calls of other nodes are taken from where they are, by number and by name, and from nowhere else.
test_links_from_peers() {
    begin 127.0.0.1 0 --peer 2=192.0.2.7:1 --peer 3=localhost:1 --peer 4=no..name:1
    launch 2 --node 3 --listen 0 --client-port 0 --peer "1=127.0.0.1:$at" --peer 2=1 --peer 4=1
    ready 2
    wait_until 10 follows 2
    expect 'a peer that has a name' 0 $?
    expect 'nobody was closed' 0 "$(said 1 'closed a call')"
    expect 'a name that nobody knows' 1 "$(said 1 'cannot find node 4')"
    stop_cluster

    begin 127.0.0.1 0 --peer 2=192.0.2.7:1
    launch 2 --node 2 --listen 0 --client-port 0 --peer "1=127.0.0.1:$at"
    ready 2
    wait_until 10 eval '[ "$(said 1 "closed a call for nodes from 127.0.0.1")" = 1 ]'
    expect 'a caller from elsewhere is named' 0 $?
    sleep 1
    expect 'once' 1 "$(said 1 'closed a call')"
    expect 'it is not heard' 0 "$(info 1 replicator_handshakes)"
    stop_cluster
}

# Unless it is told otherwise, a server is for this machine alone.
test_loopback() {
    launch 1 --node 1 --bootstrap --listen 0 --client-port 0 --peer 2=1
    ready 1
    local port other
    other=$(hostname -I 2>/dev/null | tr ' ' '\n' | grep -m 1 -F .)
    for port in "${client_port[1]}" "${peer_port[1]}"; do
        expect "port $port, in /proc" 1 "$(grep -c "^ *[0-9]*: 0100007F:$(printf %04X "$port") 00000000:0000 0A" \
            /proc/net/tcp)"
        [ -z "$other" ] || expect "port $port at $other" 1 "$( (exec 3<>"/dev/tcp/$other/$port") 2>/dev/null; echo $?)"
    done
    stop_cluster
}

test_names_that_nobody_knows() {
    launch 2 --node 2 --listen 0 --client-port 0 --peer 1=no..name:4701
    launch 3 --node 2 --listen no..name:0 --client-port 0 --peer 1=1
    launch 4 --node 2 --listen 0 --client-port no..name:0 --peer 1=1
    ready 2
    sleep 2.5
    local place
    for place in 2 3 4; do
        lives "$place"
        expect "process $place runs" 0 $?
        expect "process $place says why, once" 1 \
            "$(grep -c 'no..name: .*; it is looked up again and again' "$run_dir/$place.log")"
        ends "$place"
        expect "process $place ends" 0 $?
        unset "node_pid[$place]"
    done
    local wrong
    for wrong in '--listen 300.1.1.1:0' '--client-port [fe80::x]:0' '--peer 3=1.2.3.4.5:1'; do
        # shellcheck disable=SC2086  # two words
        wrong=$(timeout 5 "$kv_server" --node 2 --listen 0 --client-port 0 --peer 1=1 $wrong 2>&1; echo "status $?")
        expect 'an address that is none' 'kv_server: *no address*status 1' "$wrong"
    done
}

test_ipv6() {
    launch 5 --node 1 --listen '[::1]:0' --client-port 0 --peer 2=1
    wait_until 5 grep -q -e '^ready' -e cannot "$run_dir/5.log"
    if grep -q cannot "$run_dir/5.log"; then
        echo "passed over: this machine has no IPv6"
        unset 'node_pid[5]'
        return
    fi
    stop_cluster
    begin '[::1]' 0 --peer 2=1
    launch 2 --node 2 --listen '[::1]:0' --client-port '[::1]:0' --peer "1=[::1]:$at"
    ready 2
    wait_until 10 eval '[ "$(peer_info 1 2 counts)" = yes ]'
    expect 'over IPv6' 0 $?
    stop_cluster
}

# write_for SECONDS: writes to node 1, one after the other, and prints the answers, each once.
write_for() {
    local end=$((${EPOCHREALTIME/[.,]/} + $1 * 1000000)) connection line
    exec {connection}<>"/dev/tcp/127.0.0.1/${client_port[1]}"
    while ((${EPOCHREALTIME/[.,]/} < end)); do
        printf 'SET k v\r\n' >&"$connection"
        read -r -t 10 -u "$connection" line || line=silence
        echo "${line%$'\r'}"
    done | sort -u
    exec {connection}>&-
}

test_two_processes() {
    begin 127.0.0.1 0 --peer 2=1
    launch 2 --node 2 --listen 0 --client-port 0 --peer "1=127.0.0.1:$at"
    ready 2
    wait_until 10 counts 1 2
    expect 'the first process counts' 0 $?
    launch 3 --node 2 --listen 0 --client-port 0 --peer "1=127.0.0.1:$at"
    ready 3
    refused() { [ "$(peer_info "$1" 1 refusal)" = 'two processes claim the same node' ]; }
    wait_until 10 refused 2
    expect 'the older one is told' 0 $?
    wait_until 10 follows 3 && wait_until 10 counts 1 2
    expect 'the newer one counts' 0 $?
    local before after
    before=$(info 1 replicator_handshakes)
    expect 'every write is acknowledged' '+OK' "$(write_for 2)"
    after=$(info 1 replicator_handshakes)
    expect 'nothing disturbs the newer one' "$before" "$after"
    expect 'and it is told nothing' none "$(peer_info 3 1 refusal)"
    refused 2
    expect 'the older one still knows why' 0 $?
    # So it goes on when the newer one is gone.
    kill_node 3
    wait_until 10 follows 2
    expect 'the older one is served again' 0 $?
    stop_cluster
}

test_loopback
test_names
test_links_from_peers
test_names_that_nobody_knows
test_ipv6
test_two_processes

echo "$checks checks, $failures failures"
((failures == 0))
