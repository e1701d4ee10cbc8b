#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# The key-value server from outside, with the real redis-cli and redis-benchmark.
#
#   run_kv.sh KV_SERVER KV_LOAD LOGTOOL [PART]      exit status 77: redis-cli is not installed
#
# PART is `group`, one group all along, or `groups`, a new one for each question; both if not said.

# shellcheck disable=SC2034,SC2154  # cluster.sh shares variables
set -u -o pipefail

kv_server=$1
kv_load=$2
kv_logtool=$3
part=${4:-group groups}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=../../examples/kv/cluster.sh
. "$here/../../examples/kv/cluster.sh"

command -v redis-cli >/dev/null && command -v redis-benchmark >/dev/null || {
    echo "skipped: redis-cli and redis-benchmark are not installed (Debian: redis-tools)"
    exit 77
}

failures=0
checks=0
run_dir=$(mktemp -d "${TMPDIR:-/tmp}/replicator-kv.XXXXXX") || exit 1
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

# answers NODE EXPECTED WORD...: what redis-cli prints, on one line.
answers() {
    local node=$1 expected=$2
    shift 2
    expect "node $node: $*" "$expected" "$(ask "$node" "$@" 2>&1 | tr -d '\r' | paste -sd ' ' | sed 's/ *$//')"
}

# raw NODE BYTES: sends bytes as printf has them, and prints what comes back until the server closes, or a second long.
raw() {
    local connection
    exec {connection}<>"/dev/tcp/127.0.0.1/${client_port[$1]}" || return 1
    printf "$2" >&"$connection" 2>/dev/null
    timeout 1 cat <&"$connection" | tr -d '\r' | tr '\n' '|'
    exec {connection}>&-
}

alone() { [ "$(info "$1" connected_slaves)" = 0 ]; }

memory_kb() { sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' "/proc/${node_pid[$1]}/status"; }

test_commands() {
    answers 1 PONG PING
    answers 1 hello PING hello
    answers 1 'a b' ECHO 'a b'
    answers 1 OK SET a 1
    answers 1 1 GET a
    answers 1 '' GET none
    answers 1 '' SET a 2 NX
    answers 1 OK SET a 2 XX
    answers 1 '' SET none 2 XX
    answers 1 'ERR SET has only*' SET a 2 EX 10
    answers 1 'ERR syntax error' SET a 2 FOO
    answers 1 3 INCR a
    answers 1 13 INCRBY a 10
    answers 1 12 DECR a
    answers 1 2 DECRBY a 10
    answers 1 5 APPEND text hello
    answers 1 11 APPEND text ' world'
    answers 1 11 STRLEN text
    answers 1 'ERR value is not an integer or out of range' INCR text
    answers 1 OK SET big 9223372036854775807
    answers 1 'ERR increment or decrement would overflow' INCR big
    answers 1 OK MSET x 1 y 2
    answers 1 'ERR wrong number of arguments for*' MSET x 1 y
    answers 1 '1 2' MGET x y none
    answers 1 3 EXISTS x y none x
    answers 1 string TYPE x
    answers 1 none TYPE none
    answers 1 0 SETNX x 5
    answers 1 1 SETNX z 5
    answers 1 2 DEL x y none
    answers 1 1 UNLINK z
    answers 1 3 DBSIZE
    answers 1 OK SELECT 0
    answers 1 'ERR DB index is out of range' SELECT 1
    answers 1 'save  appendonly no' CONFIG GET save appendonly
    answers 1 'ERR CONFIG has only GET*' CONFIG SET save ''
    answers 1 36 COMMAND COUNT
    answers 1 '*append*wait*' COMMAND LIST
    answers 1 '' COMMAND DOCS
    answers 1 'get 2 readonly 1 1 1*' COMMAND INFO get
    answers 1 '*server*proto 3*role master*' -3 HELLO 3
    answers 1 'NOPROTO*' HELLO 4
    answers 1 OK CLIENT SETNAME me
    answers 1 OK CLIENT SETINFO lib-name x
    answers 1 'ERR unknown command *NOSUCH*' NOSUCH x y
    answers 1 "ERR wrong number of arguments for 'get' command" GET
    answers 1 OK QUIT
    printf '\0\r\n\377' | ask 1 -x SET binary >/dev/null
    expect 'a binary value' ' 00 0d 0a ff 0a' "$(ask 1 --raw GET binary | od -An -tx1)"
    expect 'pipe' '*errors: 0, replies: 3*' "$(printf 'SET p 1\r\n\r\nINCR p\r\nGET p\r\n' | ask 1 --pipe | paste -sd ' ')"
    answers 1 2 GET p
}

test_roles() {
    answers 1 'master * 127.0.0.1 * 127.0.0.1 *' ROLE
    answers 2 "slave 127.0.0.1 ${client_port[1]} connected *" ROLE
    answers 1 confirmed REPLICATOR STATE
    answers 2 following REPLICATOR STATE
    answers 2 "READONLY You can't write against a read only replica." SET a 1
    answers 2 'ERR WAIT cannot be used with replica instances.' WAIT 1 10
    answers 3 2 GET p
    expect 'INFO of the leader' 'master' "$(info 1 role)"
    expect 'INFO of a follower' 'slave' "$(info 2 role)"
    expect 'connected_slaves' 2 "$(info 1 connected_slaves)"
    expect 'slave0' "ip=127.0.0.1,port=${client_port[2]},state=online,offset=*,lag=0" "$(info 1 slave0)"
    # Who follows what ROLE and INFO say gets there.
    local host port
    host=$(info 2 master_host) port=$(info 2 master_port)
    expect 'writing to the master that a follower names' OK "$(redis-cli -h "$host" -p "$port" SET followed 1)"
    answers 1 '[12]' WAIT 1 2000
    { read -r _ && read -r _ && read -r host && read -r port; } <<<"$(ask 1 ROLE)"  # master, offset, the first replica
    expect 'reading from the replica that the leader names' '[01]' "$(redis-cli -h "$host" -p "$port" EXISTS followed)"
    answers 1 '*replica-announce-port '"${client_port[1]}" CONFIG GET replica-announce-port
    expect 'master_replid' '????????????????????????????????????????' "$(info 1 master_replid)"
    expect 'equal replids' "$(info 1 master_replid)" "$(info 2 master_replid)"
    expect 'link' up "$(info 2 master_link_status)"
    expect 'policy' semi-sync "$(info 1 replicator_policy)"
    expect 'WAIT after a write' 'OK 2' "$(printf 'SET w 1\nWAIT 2 2000\n' | ask 1 | paste -sd ' ')"
    answers 1 2 WAIT 3 20
    answers 1 'ERR timeout is negative' WAIT 1 -1
    expect 'the digest on a follower' "$(ask 1 DEBUG DIGEST)" "$(ask 2 DEBUG DIGEST)"
    expect '--stat' '*keys*' "$(timeout 2 stdbuf -oL redis-cli -p "${client_port[1]}" -i 0.1 --stat 2>&1 | head -n 3 | paste -sd ' ')"
}

# What is no request gets one clear sentence, and nothing else happens.
test_garbage() {
    local before after i
    expect 'a number that is none' '-ERR Protocol error: invalid multibulk length|' "$(raw 1 '*x\r\nPING\r\n')"
    expect 'a number that is too large' '-ERR Protocol error: invalid multibulk length|' "$(raw 1 '*9999999999\r\n')"
    expect 'a length that is too large' '-ERR Protocol error: invalid bulk length|' "$(raw 1 '*1\r\n$999999999\r\n')"
    expect 'too many words, and the connection goes on' '-ERR a request may have at most 262144 bytes|+PONG|' \
        "$(raw 1 "*50000\r\n$(printf '$1\\r\\nk\\r\\n%.0s' {1..50000})PING\r\n")"
    answers 1 0 DEL $(printf 'none%s ' {1..10000})
    expect 'no bulk string' "-ERR Protocol error: expected '\$', got 'x'|" "$(raw 1 '*1\r\nx\r\n')"
    expect 'quotes' '-ERR Protocol error: unbalanced quotes in request|' "$(raw 1 'GET "x\r\n')"
    expect 'a browser' '-ERR unknown command *|-ERR*|' "$(raw 1 'FETCH / HTTP/1.1\r\nHost: x\r\nSET evil 1\r\n')"
    answers 1 '' GET evil
    expect 'a key that is too long' '-ERR a key may have at most 4096 bytes|+PONG|' \
        "$(raw 1 "*3\r\n\$3\r\nSET\r\n\$5000\r\n$(printf 'k%.0s' {1..5000})\r\n\$1\r\nv\r\nPING\r\n")"
    expect 'order of errors' '+OK|-ERR unknown command *|+OK|-ERR wrong number *|:3|' \
        "$(raw 1 'SET o 1\r\nBAD\r\nSET o 2\r\nGET\r\nINCR o\r\n')"
    head -c 140000 /dev/zero >"$run_dir/large"
    expect 'a value that is too large' 'ERR string exceeds maximum allowed size*' \
        "$(ask 1 -x SET large <"$run_dir/large")"
    head -c 131072 /dev/zero >"$run_dir/large"
    expect 'the largest value' OK "$(ask 1 -x SET large <"$run_dir/large")"

    before=$(memory_kb 1)
    for i in {1..40}; do
        head -c 300000 /dev/urandom 2>/dev/null >"/dev/tcp/127.0.0.1/${client_port[1]}"
        head -c 3000 /dev/urandom 2>/dev/null >"/dev/tcp/127.0.0.1/${peer_port[1]}"
    done 2>/dev/null
    after=$(memory_kb 1)
    expect 'memory after garbage' yes "$( ((after - before < 20000)) && echo yes || echo "$before to $after kB")"
    answers 1 PONG PING
    expect 'followers after garbage' 2 "$(info 1 connected_slaves)"
}

test_benchmark() {
    local output
    output=$(timeout 120 redis-benchmark -p "${client_port[1]}" -t ping,set,get,incr,mset -P 16 -n 20000 -r 1000 -d 100 -q 2>&1)
    expect 'redis-benchmark' 0 $?
    expect 'redis-benchmark' '*SET: *requests per second*' "$output"
    expect 'redis-benchmark has no errors' 0 "$(grep -ci -e error -e warning <<<"$output")"
    wait_until 20 is_equal 1 2 && wait_until 20 is_equal 1 3
    expect 'all nodes are equal' 0 $?
}

# More writes at once than a node takes: they wait for their turn, and each is done once.
test_back_pressure() {
    local output
    output=$(timeout 120 redis-benchmark -p "${client_port[1]}" -c 40 -P 400 -n 80000 -q INCR counter 2>&1)
    expect 'no errors under back-pressure' 0 "$(grep -ci -e error <<<"$output")"
    answers 1 80000 GET counter
    wait_until 20 is_equal 1 3
    answers 3 80000 GET counter
}

# A client that asks and never reads: its replies wait in the bound that they have, and nobody else does.
test_slow_reader() {
    local connection before after i
    head -c 100000 /dev/zero | ask 1 -x SET large >/dev/null
    before=$(memory_kb 1)
    exec {connection}<>"/dev/tcp/127.0.0.1/${client_port[1]}"
    for ((i = 0; i < 2000; i++)); do echo 'GET large'; done >&"$connection"
    answers 1 PONG PING
    after=$(memory_kb 1)
    expect 'memory for a slow reader' yes "$( ((after - before < 20000)) && echo yes || echo "$before to $after kB")"
    expect 'all of its replies, in the end' 200022000 "$(timeout 20 head -c 200022000 <&"$connection" | wc -c)"
    exec {connection}>&-
}

test_load() {
    local line i
    for ((i = 0; i < 5000; i++)); do printf 'Package: p%d\nVersion: %d\nText: %0200d\n\n' $i $i $i; done >"$run_dir/stanzas"
    line=$("$kv_load" --port "${client_port[1]}" "$run_dir/stanzas")
    expect 'kv_load' 'loaded entries=5000 * acknowledged=5000 *' "$line"
    wait_until 20 is_equal 1 2
    line=$("$kv_load" --port "${client_port[2]}" --verify "$run_dir/stanzas")
    expect 'kv_load --verify' 'verified entries=5000 * equal=5000 *' "$line"
}

# Without any follower there is nobody who could hold a write.
test_missing_followers() {
    kill_node 2
    kill_node 3
    refused() { [[ $(ask 1 SET q 1) == NOREPLICAS* ]]; }
    wait_until 10 refused
    expect 'NOREPLICAS' 0 $?
    answers 1 PONG PING
    answers 1 2 GET p
    start_node 2 >/dev/null
    expect 'a restarted follower is blank at first, or follows' '[LO0-9]*' "$(ask 2 DBSIZE)"
    wait_until 20 is_equal 1 2
    expect 'the follower is equal again' 0 $?
    # Nobody is left who could confirm the leader, so it takes the operator's word.
    answers 1 'ERR REPLICATOR has *' REPLICATOR ADMIT x
    answers 2 'ERR only the leader*' REPLICATOR ADMIT 2
    answers 1 'ERR no such node*' REPLICATOR ADMIT 7
    expect 'not counting' no "$(peer_info 1 2 counts)"
    answers 1 OK REPLICATOR ADMIT 2
    accepted() { [ "$(ask 1 SET q 1)" = OK ]; }
    wait_until 10 accepted
    expect 'writes go on' 0 $?
    start_node 3 >/dev/null
    wait_until 20 counts 1 3
    expect 'the other one counts by itself' 0 $?
}

# Planned and unplanned changes of the leader, and positions that clients carry along.
test_failover() {
    local position discarded
    position=$(printf 'SET carried 1\nPOSITION\n' | ask 1 | tail -n 1)
    expect 'a position' '1:1:[0-9]*:[0-9]*' "$position"
    answers 2 OK AFTER "$position" 5000
    answers 2 1 GET carried
    answers 2 '' AFTER "${position%:*}:999999999" 20
    answers 2 'ERR no position*' AFTER x 20
    answers 2 'ERR FAILOVER is not valid*' FAILOVER
    answers 1 'ERR FAILOVER has only*' FAILOVER TO x
    answers 1 'ERR REPLICAOF has only*' REPLICAOF 127.0.0.1 7000
    answers 1 OK FAILOVER TO 2
    expect 'the one that took over' 'master yes leading' \
        "$(info 2 role replicator_confirmed replicator_promotion | paste -sd ' ')"
    answers 1 'READONLY *' SET a 1
    answers 2 OK SET after-the-hand-over 1
    answers 2 'OK' REPLICAOF NO ONE
    wait_until 10 counts 2 1 && wait_until 10 counts 2 3
    answers 2 OK FAILOVER
    wait_until 10 leads 1 || wait_until 10 leads 3
    expect 'somebody took over' 0 $?
    answers 1 OK AFTER "$position" 5000

    # The leader dies; who is missing is named where that matters.
    leads 1 || { answers 1 OK REPLICAOF NO ONE; }
    wait_until 10 counts 1 2 && wait_until 10 counts 1 3
    kill_node 1
    kill_node 3
    answers 2 'NODESMISSING heard 1 of 2, missing 1 3' REPLICAOF NO ONE
    answers 2 'UNCONFIRMED leads in epoch *missing 1 3' REPLICAOF NO ONE FORCE
    expect 'forced' 'no leading yes' \
        "$(info 2 replicator_confirmed replicator_promotion replicator_promotion_forced | paste -sd ' ')"
    start_node 1 >/dev/null
    start_node 3 >/dev/null
    wait_until 20 is_equal 2 1
    answers 2 OK REPLICATOR ADMIT 1
    wait_until 20 confirmed 2
    expect 'confirmed in the end' 0 $?
    wait_until 20 counts 2 3
    answers 2 OK SET after-all 1
    answers 2 OK AFTER "$position" 1000
}

# A leader that is cut off acknowledges what it alone holds, where the policy lets it. When it follows, that is
# discarded.
test_discarded() {
    local position
    node_options=(--ack async --log ring)
    start_group 1 2 3 || exit 1
    wait_until 20 is_equal 1 2 && wait_until 20 is_equal 1 3
    kill -STOP "${node_pid[2]}" "${node_pid[3]}"
    wait_until 10 alone 1
    answers 1 not_confirmed REPLICATOR STATE
    expect 'a leader that is cut off' 'no' "$(info 1 replicator_confirmed)"
    position=$(printf 'SET doomed 1\nPOSITION\n' | ask 1 | tail -n 1)
    kill -STOP "${node_pid[1]}"
    kill -CONT "${node_pid[2]}" "${node_pid[3]}"
    answers 2 'NODESMISSING heard * of 3, missing *1*' REPLICAOF NO ONE
    answers 2 OK REPLICAOF NO ONE FORCE
    answers 2 OK SET after 1
    kill -CONT "${node_pid[1]}"
    wait_until 20 is_equal 2 1
    expect 'the old leader is equal again' 0 $?
    expect 'one write was discarded' 1 "$(info 1 replicator_discarded)"
    answers 1 'DISCARDED *' AFTER "$position" 5000
    answers 1 '' GET doomed
    stop_cluster
}

# A node that has nothing yet, because there is no leader; and a leader that has as much as it may.
test_loading_and_full() {
    node_count=2
    node_options=(--ack async --log ring --memory-max 1000)
    choose_ports
    start_node 2 || exit 1
    answers 2 'LOADING *' GET a
    answers 2 'LOADING *' SET a 1
    answers 2 'LOADING *' PING
    answers 2 'slave * connect 0' ROLE
    answers 2 loading REPLICATOR STATE
    expect 'loading' '1 down' "$(info 2 loading master_link_status | paste -sd ' ')"
    answers 2 'ERR the promotion was refused: the node holds no history' REPLICAOF NO ONE
    start_node 1 --bootstrap || exit 1
    wait_until 20 is_equal 1 2
    answers 2 '' GET a
    answers 1 OK SET a "$(printf '%01000d' 0)"
    answers 1 "OOM command not allowed when used memory > 'maxmemory'." SET b 1
    answers 1 1 DEL a
    answers 1 OK SET b 1
    stop_cluster
    node_count=3
}

# does_not_start NODE EXPECTED OPTION...: the program does not start, and says why.
does_not_start() {
    local node=$1 expected=$2 output
    shift 2
    output=$(timeout 10 "$kv_server" --node "$node" --peer $((node % 3 + 1))=1 "$@" 2>&1)
    expect "exit status of node $node, $*" 1 $?
    expect "node $node, $*" "$expected" "$output"
}

says() { head -n 1 "$run_dir/node$1.log"; }

# Nodes that keep their log in a directory: they come back from there, and refuse what is not theirs or damaged.
test_disk() {
    local disks_dir=$run_dir/disks node segment
    mkdir "$disks_dir"
    node_options=(--ack semi-sync)
    start_group 1 2 3 || exit 1
    expect 'a new directory' '*/node1: no history yet' "$(says 1)"
    wait_until 20 counts 1 2 && wait_until 20 counts 1 3
    answers 1 OK SET a 1
    answers 1 'appendonly yes' CONFIG GET appendonly
    expect 'INFO persistence' '1 ok 1 clean none none file' "$(info 1 aof_enabled aof_last_write_status \
        replicator_starts replicator_found_log replicator_state replicator_suspect_from replicator_log | paste -sd ' ')"
    wait_until 20 is_equal 1 2 && wait_until 20 is_equal 1 3
    expect 'on the disk' "$(info 1 replicator_last)" "$(info 1 replicator_durable)"
    expect 'on the disk of a follower' "$(info 1 replicator_last)" "$(peer_info 1 2 durable)"
    expect 'bytes to loss' '[1-9]*' "$(peer_info 1 2 bytes_to_loss)"
    does_not_start 1 '*is refused: another process uses it: flock *' --dir "$disks_dir/node1"
    does_not_start 1 '*cannot understand --log file*' --log file
    does_not_start 1 '*--repair is for --dir*' --repair

    # All are killed; the one that led last leads again, and --bootstrap does not begin a second history.
    kill_node 1 2 3
    start_node 1 --bootstrap && start_node 2 && start_node 3 || exit 1
    expect 'a log that goes on' '*/node1: goes on after entry *; not stopped in order, all sound' "$(says 1)"
    wait_until 20 confirmed 1
    expect 'the last leader leads again' 0 $?
    answers 1 1 GET a
    answers 1 OK SET b 2
    expect 'it was started twice' 2 "$(info 1 replicator_starts)"
    wait_until 20 is_equal 1 2 && wait_until 20 is_equal 1 3
    stop_cluster

    for node in 1 2 3; do
        expect "logtool verify, node $node" 'entries 1 to *: clean' "$("$kv_logtool" verify "$disks_dir/node$node")"
        expect "logtool stat, node $node" '*closed cleanly*' "$("$kv_logtool" stat "$disks_dir/node$node" | paste -sd ' ')"
        expect "logtool dump, node $node" 2 "$("$kv_logtool" dump "$disks_dir/node$node" | grep -c ' command, ')"
    done
    node_options=(--ack semi-sync --leads-again no)
    start_node 1 && start_node 2 && start_node 3 || exit 1
    expect 'a log that was closed' '*; stopped in order, all sound' "$(says 1)"
    sleep 1
    expect 'nobody leads unless told to' 'slave slave slave' "$(info 1 role) $(info 2 role) $(info 3 role)"
    answers 3 OK REPLICAOF NO ONE
    wait_until 20 is_equal 3 1
    answers 1 2 GET b
    stop_cluster

    does_not_start 2 '*is refused: it belongs to another node' --dir "$disks_dir/node1"
    does_not_start 1 '*is refused: it belongs to another cluster' --dir "$disks_dir/node1" --cluster 7
    does_not_start 1 '*is refused: it was written with other nodes*' --dir "$disks_dir/node1"
    does_not_start 1 '*is refused: it was written with another --ack' --dir "$disks_dir/node1" --peer 3=1 --ack sync
    does_not_start 1 '*its parent is missing: mkdir *' --dir "$disks_dir/none/node1"
    segment=$(find "$disks_dir/node1" -name 'segment-*' | sort | head -n 1)
    printf 'damage' | dd of="$segment" bs=1 seek=4200 conv=notrunc 2>/dev/null
    does_not_start 1 '*is refused: entries from * on were on the disk, and are damaged (file *' --dir "$disks_dir/node1"
    expect 'logtool finds the damage' '*corrupt*' "$("$kv_logtool" verify "$disks_dir/node1" | paste -sd ' ')"
    does_not_start 1 '*is refused: entries from * on were on the disk*' --dir "$disks_dir/node1"
    start_node 2 && start_node 3 && start_node 1 --repair || exit 1
    expect 'a repair' '*what was damaged was given up*vouches for nothing until*' "$(says 1)"
    answers 3 OK REPLICAOF NO ONE
    wait_until 20 is_equal 3 1
    expect 'the repaired node is equal' 0 $?
    not_suspect() { [ "$(info 1 replicator_suspect_from)" = none ]; }
    wait_until 10 not_suspect
    expect 'and vouches for everything' 0 $?
    stop_cluster
    rm -rf "$disks_dir"
}

test_bounds_of_clients() {
    local connections=() i connection
    for i in 1 2 3 4 5 6 7 8; do
        exec {connection}<>"/dev/tcp/127.0.0.1/${client_port[1]}"
        connections+=("$connection")
    done
    expect 'one client too many' '-ERR max number of clients reached|' "$(raw 1 'PING\r\n')"
    for connection in "${connections[@]}"; do exec {connection}>&-; done
    wait_until 5 ask 1 PING >/dev/null
    answers 1 PONG PING
}

node_count=3

test_one_group() {
    node_options=(--ack semi-sync --log memory --clients-max 60)
    start_group 1 2 3 || exit 1
    wait_until 20 counts 1 2 && wait_until 20 counts 1 3 || { echo "the followers were not accepted"; exit 1; }
    test_commands
    test_roles
    test_garbage
    test_benchmark
    test_back_pressure
    test_slow_reader
    test_load
    test_missing_followers
    test_failover
    stop_cluster
}

test_policies_and_logs() {
    local policy log
    for policy in async quorum majority sync; do
        for log in ring memory file; do
            node_options=(--ack "$policy" --log "$log" --clients-max 8)
            disks_dir=
            [ "$log" = file ] && {
                disks_dir=$run_dir/$policy
                mkdir "$disks_dir"
                node_options=(--ack "$policy" --clients-max 8)
            }
            start_group 1 2 3 || exit 1
            wait_until 20 counts 1 2 && wait_until 20 counts 1 3
            answers 1 OK SET a 1
            expect "$policy, $log: policy" "$policy" "$(info 1 replicator_policy)"
            wait_until 20 is_equal 1 3
            answers 3 1 GET a
            [ "$policy$log" = asyncring ] && test_bounds_of_clients
            stop_cluster
        done
    done
}

if [[ " $part " == *" group "* ]]; then test_one_group; fi
if [[ " $part " == *" groups "* ]]; then
    node_options=(--ack semi-sync --log memory --clients-max 60)
    test_discarded
    test_loading_and_full
    test_disk
    test_policies_and_logs
fi

echo "$checks checks, $failures failures"
((failures == 0 && checks > 0))
