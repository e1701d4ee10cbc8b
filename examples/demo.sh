#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# The demonstration: replicates this machine's package database, kills a follower in the middle, then the leader, then
# all nodes of a group on disks at once, stops a leader in order, and compares.
#
#   bash examples/demo.sh             the stanzas of dpkg's status file, and of apt's lists where they are
#   bash examples/demo.sh FILE...     any other files of stanzas that blank lines separate
#
# Needs a C++20 compiler, CMake, Asio and redis-cli; on Debian and Ubuntu it installs what is missing, as root or with
# sudo. Uses the network only for that; all nodes are on 127.0.0.1. Leaves nothing running, and build/demo behind.

# shellcheck disable=SC2034,SC2154  # cluster.sh shares variables
set -u -o pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build="$root/build/demo"

# Small inputs are loaded several times, under other keys, so that the log really is too short for a blank node.
bytes_min=$((32 * 1024 * 1024))
node_count=4
leader=1
blank=4

say() { printf '%s\n' "$*"; }
step() { printf '\n== %s\n' "$*"; }
fail() {
    printf 'demo: FAILED: %s\n' "$*" >&2
    exit 1
}

# --- What it needs ---

find_missing() {
    missing=()
    command -v cmake >/dev/null || missing+=(cmake)
    command -v make >/dev/null || missing+=(make)
    command -v "${CXX:-g++}" >/dev/null || missing+=(g++)
    command -v redis-cli >/dev/null || missing+=(redis-tools)
    [ -n "$(find /usr/include /usr/local/include ${CPATH:+${CPATH//:/ }} -maxdepth 1 -name asio.hpp 2>/dev/null)" ] ||
        [ -n "${REPLICATOR_ASIO_INCLUDE_DIR:-}" ] || missing+=(libasio-dev)
}

install_missing() {
    find_missing
    ((${#missing[@]})) || return 0
    local as_root=()
    if ! command -v apt-get >/dev/null; then
        say "Missing, by their names in Debian: ${missing[*]}."
        say "Please install a C++20 compiler, CMake 3.25, make, standalone Asio 1.22 and redis-cli, then start again."
        exit 1
    fi
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null || {
            say "Missing: ${missing[*]}. As root: apt-get install --no-install-recommends ${missing[*]}"
            exit 1
        }
        as_root=(sudo)
    fi
    step "Installing ${missing[*]}"
    ${as_root[@]+"${as_root[@]}"} apt-get update -q || fail "apt-get update"
    ${as_root[@]+"${as_root[@]}"} env DEBIAN_FRONTEND=noninteractive \
        apt-get install -q -y --no-install-recommends "${missing[@]}" || fail "apt-get install ${missing[*]}"
}

build_programs() {
    local log jobs
    step "Building in build/demo (the first time takes a minute or two)"
    log="$run_dir/build.log"
    jobs=$(nproc 2>/dev/null || echo 2)
    cmake -S "$root" -B "$build" -DCMAKE_BUILD_TYPE=Release -DREPLICATOR_BUILD_TESTS=OFF -DREPLICATOR_WARNINGS_AS_ERRORS=OFF \
        -DREPLICATOR_BUILD_BENCHMARKS=OFF -DREPLICATOR_BUILD_EXAMPLES=ON \
        ${REPLICATOR_ASIO_INCLUDE_DIR:+-DREPLICATOR_ASIO_INCLUDE_DIR="$REPLICATOR_ASIO_INCLUDE_DIR"} >"$log" 2>&1 &&
        cmake --build "$build" --target kv_server kv_load --parallel "$jobs" 2>&1 | tee -a "$log" | grep --line-buffered '%'
    if ((PIPESTATUS[0] != 0)) || [ ! -x "$build/examples/kv_server" ] || [ ! -x "$build/examples/kv_load" ]; then
        cat "$log" >&2
        fail "the programs could not be built"
    fi
    kv_server="$build/examples/kv_server"
    kv_load="$build/examples/kv_load"
}

# --- The input ---

choose_input() {
    local lists=()
    if (($#)); then
        inputs=("$@")
        input_names=$*
        for file in "$@"; do [ -r "$file" ] || fail "cannot read $file"; done
        return
    fi
    [ -r /var/lib/dpkg/status ] ||
        fail "this machine has no /var/lib/dpkg/status; name a file of stanzas: bash examples/demo.sh FILE"
    inputs=(/var/lib/dpkg/status)
    input_names=/var/lib/dpkg/status
    # apt's lists may be compressed in any way that apt knows.
    mapfile -t lists < <(find /var/lib/apt/lists -maxdepth 1 -type f -name '*_Packages*' -readable 2>/dev/null | sort)
    ((${#lists[@]})) || return 0
    input_names+=" and the ${#lists[@]} package lists in /var/lib/apt/lists"
    if [ -x /usr/lib/apt/apt-helper ] && /usr/lib/apt/apt-helper cat-file "${lists[@]}" >"$run_dir/Packages" 2>/dev/null; then
        inputs+=("$run_dir/Packages")
    else
        for file in "${lists[@]}"; do [[ $file == *_Packages ]] && inputs+=("$file"); done
    fi
}

# --- What happens ---

# value NAME LINE: the number behind NAME= in a line of kv_load.
value() { sed -n "s/.* $1=\([0-9.]*\).*/\1/p" <<<"$2"; }

# Loads everything into the leader. In the middle the follower with the seat is killed and started again; meanwhile
# the loader writes one by one, so that it is not at the end before.
load_and_kill() {
    local line go progress
    mkfifo "$run_dir/go" || fail "mkfifo"
    exec {go}<>"$run_dir/go"
    exec {progress}< <(exec "$kv_load" --port "${client_port[$leader]}" --marks --calm-at 50 \
        --bytes-min "$bytes_min" "${inputs[@]}" <&"$go")
    loader=$!
    while IFS= read -r line; do
        case $line in
            'mark 50')
                say "    50 % acknowledged"
                kill_node "$victim" || fail "node $victim could not be killed"
                killed_at=$(now_ms)
                killed_keys=$(ask "$leader" DBSIZE)
                say "    killed node $victim, the synchronous follower (kill -9); the leader has $killed_keys entries"
                start_node "$victim" || fail "node $victim did not start again"
                say "    started node $victim again, blank: its log was in memory"
                echo go >&"$go"
                ;;
            mark*) say "    ${line#mark } % acknowledged" ;;
            *) loaded=$line ;;
        esac
    done <&"$progress"
    wait "$loader" || fail "the load did not end well: $loaded"
    loader=
    exec {go}>&- {progress}<&-
    [ -n "$killed_at" ] || fail "the load ended before a follower could be killed"
    ((killed_keys < $(value acknowledged "$loaded"))) || fail "the load ended before a follower was killed"
}

run_cluster() {
    local node verified
    step "Starting a leader and two followers; node $blank is configured and stays off"
    start_group 1 2 3 || fail "the nodes could not be started"
    for node in 2 3; do
        wait_until 20 counts "$leader" "$node" || fail "node $node was not accepted by the leader"
    done
    say "    leader on port ${client_port[1]}, followers on ${client_port[2]} and ${client_port[3]};" \
        "semi-synchronous: the leader and one follower hold every acknowledged write"
    victim=2
    [ "$(peer_info "$leader" 3 seat)" = yes ] && victim=3

    step "Loading $input_names"
    load_and_kill
    say "    $loaded"
    wait_until 60 is_equal "$leader" "$victim" || fail "node $victim did not catch up"
    caught_up_ms=$(($(now_ms) - killed_at))
    say "    node $victim has everything, $(as_seconds $caught_up_ms) s after it was killed"

    step "Starting node $blank, which never ran"
    local began
    began=$(now_ms)
    start_node "$blank" || fail "node $blank did not start"
    wait_until 60 is_equal "$leader" "$blank" || fail "node $blank did not get everything"
    snapshot_ms=$(($(now_ms) - began))
    wait_until 20 counts "$leader" "$blank" || fail "node $blank does not count"
    snapshot_bytes=$(peer_info "$leader" "$blank" snapshot_bytes)
    ((snapshot_bytes > 0)) || fail "node $blank got no snapshot"
    say "    node $blank has everything, after a snapshot of $snapshot_bytes bytes, in $(as_seconds $snapshot_ms) s"
    wait_until 20 counts "$leader" "$victim" || fail "node $victim does not count again"
    say "    node $victim counts again towards acknowledgements"

    step "Comparing"
    for node in 1 2 3 4; do
        say "    node $node: $(ask "$node" DBSIZE) keys, digest $(ask "$node" DEBUG DIGEST)," \
            "applied $(info "$node" replicator_applied)"
        is_equal "$leader" "$node" || fail "node $node differs from the leader"
    done
    verified=$("$kv_load" --port "${client_port[$victim]}" --verify --bytes-min "$bytes_min" "${inputs[@]}") ||
        fail "not everything could be read back from node $victim: $verified"
    say "    read back from node $victim: $verified"
    equal=$(value equal "$verified")
    [ "$(ask "$leader" DBSIZE)" = "$equal" ] || fail "the leader has keys that nobody wrote"
}

# Loads everything again, under other keys. In the middle the leader is killed, and the follower without the seat is
# promoted: it has to fetch first what it may lack. The old leader comes back without anything.
load_and_kill_leader() {
    local line progress node ports=() answer
    for node in 1 2 3 4; do ports+=(--port "${client_port[$node]}"); done
    exec {progress}< <(exec "$kv_load" "${ports[@]}" --prefix again/ --marks --bytes-min "$bytes_min" "${inputs[@]}" \
        </dev/null)
    loader=$!
    while IFS= read -r line; do
        case $line in
            'mark 50')
                leader_killed_at=$(now_ms)
                kill_node "$leader" || fail "the leader could not be killed"
                say "    50 % acknowledged"
                say "    killed node $leader, the leader (kill -9)"
                answer=$(ask "$successor" REPLICAOF NO ONE)
                [ "$answer" = OK ] || fail "node $successor was not promoted: $answer"
                promoted_ms=$(($(now_ms) - leader_killed_at))
                say "    promoted node $successor (REPLICAOF NO ONE): it leads and is confirmed, in epoch" \
                    "$(info "$successor" replicator_epoch), $(as_seconds $promoted_ms) s after the kill"
                rejoin_began=$(now_ms)
                start_node "$leader" || fail "node $leader did not start again"
                say "    started node $leader again, blank: its log was in memory"
                ;;
            mark*) say "    ${line#mark } % acknowledged" ;;
            *) loaded_again=$line ;;
        esac
    done <&"$progress"
    wait "$loader" || fail "the second load did not end well: $loaded_again"
    loader=
    exec {progress}<&-
    [ -n "$leader_killed_at" ] || fail "the second load ended before the leader could be killed"
    (($(value reconnects "$loaded_again") > 0)) || fail "the second load ended before the leader was killed"
}

replace_leader() {
    local node verified
    step "Loading it again under other keys, and killing the leader under full load"
    successor=2
    for node in 2 3 4; do [ "$(peer_info "$leader" "$node" seat)" = yes ] || successor=$node; done
    load_and_kill_leader
    say "    $loaded_again"
    wait_until 60 is_equal "$successor" "$leader" || fail "node $leader did not get everything"
    wait_until 20 counts "$successor" "$leader" || fail "node $leader does not count again"
    rejoin_ms=$(($(now_ms) - rejoin_began))
    rejoin_bytes=$(peer_info "$successor" "$leader" snapshot_bytes)
    ((rejoin_bytes > 0)) || fail "node $leader got no snapshot"
    survived=$(value survived "$loaded_again")
    discarded=$(value discarded "$loaded_again")
    say "    of the writes on the way when the leader died, $survived survived; $discarded died with it, and were" \
        "written again: nobody had been told that they were safe"
    say "    node $leader follows, has everything and counts again, after a snapshot of $rejoin_bytes bytes," \
        "in $(as_seconds $rejoin_ms) s"

    step "Comparing"
    for node in 1 2 3 4; do
        say "    node $node: $(ask "$node" ROLE | head -n 1), $(ask "$node" DBSIZE) keys, digest" \
            "$(ask "$node" DEBUG DIGEST), applied $(info "$node" replicator_applied)"
        wait_until 20 is_equal "$successor" "$node" || fail "node $node differs from the leader"
    done
    verified=$("$kv_load" --port "${client_port[$leader]}" --verify --prefix again/ --bytes-min "$bytes_min" \
        "${inputs[@]}") || fail "not everything could be read back from node $leader: $verified"
    say "    read back from node $leader: $verified"
    equal_again=$(value equal "$verified")
    [ "$(ask "$successor" DBSIZE)" = $((equal + equal_again)) ] || fail "the new leader has keys that nobody wrote"
    lost_again=$(($(value acknowledged "$loaded_again") - equal_again))
    ((lost_again == 0)) || fail "$lost_again acknowledged entries were lost with the leader"
}

# A new group, whose logs are on disks. In the middle of the load all of it is killed: what is left is on the disks.
load_and_kill_all() {
    local line progress node ports=()
    for node in 1 2 3; do ports+=(--port "${client_port[$node]}"); done
    exec {progress}< <(exec "$kv_load" "${ports[@]}" --marks --bytes-min "$bytes_min" "${inputs[@]}" </dev/null)
    loader=$!
    while IFS= read -r line; do
        case $line in
            'mark 50')
                all_killed_at=$(now_ms)
                kill_node 1 2 3 || fail "the nodes could not be killed"
                say "    50 % acknowledged"
                say "    killed all nodes at once (kill -9)"
                for node in 1 2 3; do
                    start_node "$node" || fail "node $node did not start again"
                    say "    started again: $(sed -n "1s|^$disks_dir/||p" "$run_dir/node$node.log")"
                done
                wait_until 20 confirmed 1 || fail "node 1, which led last, does not lead again"
                led_again_ms=$(($(now_ms) - all_killed_at))
                say "    node 1 leads again by itself, in epoch $(info 1 replicator_epoch)," \
                    "$(as_seconds $led_again_ms) s after the kill"
                ;;
            mark*) say "    ${line#mark } % acknowledged" ;;
            *) loaded_on_disks=$line ;;
        esac
    done <&"$progress"
    wait "$loader" || fail "the third load did not end well: $loaded_on_disks"
    loader=
    exec {progress}<&-
    [ -n "$all_killed_at" ] || fail "the third load ended before the nodes could be killed"
    (($(value reconnects "$loaded_on_disks") > 0)) || fail "the third load ended before the nodes were killed"
}

survive_loss_of_all() {
    local node verified
    step "Starting a group of three on disks, and killing all of it under full load"
    stop_cluster
    disks_dir=$run_dir/disks
    mkdir "$disks_dir" || fail "mkdir"
    node_count=3
    node_options=(--ack semi-sync)
    start_group 1 2 3 || fail "the nodes could not be started"
    for node in 2 3; do
        wait_until 20 counts 1 "$node" || fail "node $node was not accepted by the leader"
    done
    say "    every acknowledged write is on the disks of the leader and of one follower"
    load_and_kill_all
    say "    $loaded_on_disks"
    survived_all=$(value survived "$loaded_on_disks")
    discarded_all=$(value discarded "$loaded_on_disks")
    say "    of the writes on the way when all died, $survived_all survived; $discarded_all did not, and were written again"

    step "Comparing"
    for node in 1 2 3; do
        wait_until 20 is_equal 1 "$node" || fail "node $node differs from the leader"
        say "    node $node: $(ask "$node" ROLE | head -n 1), $(ask "$node" DBSIZE) keys, digest" \
            "$(ask "$node" DEBUG DIGEST), applied $(info "$node" replicator_applied), on its disk" \
            "$(info "$node" replicator_durable)"
    done
    verified=$("$kv_load" --port "${client_port[2]}" --verify --bytes-min "$bytes_min" "${inputs[@]}") ||
        fail "not everything could be read back from node 2: $verified"
    say "    read back from node 2: $verified"
    [ "$(ask 1 DBSIZE)" = "$(value equal "$verified")" ] || fail "the leader has keys that nobody wrote"
    lost_all=$(($(value acknowledged "$loaded_on_disks") - $(value equal "$verified")))
    ((lost_all == 0)) || fail "$lost_all acknowledged entries were lost with all nodes"
}

# The leader is told to end, and does so when another node holds everything and leads.
stop_leader() {
    local keys node
    step "Stopping the leader in order (SIGTERM)"
    keys=$(ask 1 DBSIZE)
    kill "${node_pid[1]}" && wait_for_end "${node_pid[1]}" || fail "the leader does not end"
    unset "node_pid[1]"
    grep -q '^handed over' "$run_dir/node1.log" || fail "the leader did not hand over: $(tail -n 1 "$run_dir/node1.log")"
    say "    node 1 $(grep '^handed over' "$run_dir/node1.log")"
    node=$(sed -n 's/^handed over to node=\([0-9]*\).*/\1/p' "$run_dir/node1.log")
    wait_until 20 confirmed "$node" || fail "node $node does not lead"
    [ "$(ask "$node" DBSIZE)" = "$keys" ] || fail "entries were lost with the leader"
    say "    node $node: $(ask "$node" ROLE | head -n 1), $(ask "$node" DBSIZE) keys"
}

stop_everything() {
    local status=$?
    trap - EXIT
    [ -n "$loader" ] && kill "$loader" 2>/dev/null
    stop_cluster
    rm -rf "$run_dir"
    exit "$status"
}

loader=
killed_at=
leader_killed_at=
loaded=
loaded_again=
all_killed_at=
loaded_on_disks=
run_dir=$(mktemp -d "${TMPDIR:-/tmp}/replicator-demo.XXXXXX") || exit 1
# shellcheck source=kv/cluster.sh
. "$root/examples/kv/cluster.sh"
trap stop_everything EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

node_options=(--ack semi-sync --log ring)
install_missing
build_programs
choose_input "$@"
run_cluster
replace_leader
survive_loss_of_all
stop_leader

acknowledged=$(value acknowledged "$loaded")
lost=$((acknowledged - equal))
stop_cluster
printf '\ndemo: %s entries, %s bytes in %s s; acknowledged %s, lost %s; killed follower equal again in %s s, longest pause %s s; ' \
    "$(value entries "$loaded")" "$(value bytes "$loaded")" "$(value seconds "$loaded")" "$acknowledged" "$lost" \
    "$(as_seconds "$caught_up_ms")" "$(value longest_pause "$loaded")"
printf 'blank node: snapshot of %s bytes, equal in %s s; ' "$snapshot_bytes" "$(as_seconds "$snapshot_ms")"
printf 'killed leader: acknowledged %s, lost %s, discarded %s, replaced in %s s, longest pause %s s, ' \
    "$(value acknowledged "$loaded_again")" "$lost_again" "$discarded" "$(as_seconds "$promoted_ms")" \
    "$(value longest_pause "$loaded_again")"
printf 'back by a snapshot of %s bytes in %s s; 4 nodes, equal digests; ' "$rejoin_bytes" "$(as_seconds "$rejoin_ms")"
printf 'all killed: acknowledged %s, lost %s, discarded %s, led again in %s s, longest pause %s s; 3 nodes, equal digests\n' \
    "$(value acknowledged "$loaded_on_disks")" "$lost_all" "$discarded_all" "$(as_seconds "$led_again_ms")" \
    "$(value longest_pause "$loaded_on_disks")"
((lost == 0)) || fail "$lost acknowledged entries were lost"
