#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# Clients of real servers: those that wait, those that go, and those that are asked for a password.
#
#   run_clients.sh FOLDER      FOLDER has kv_server, kv_load and kv_history. Exit status 77: there is no redis-cli or no C compiler.

# shellcheck disable=SC2034,SC2154  # cluster.sh shares variables
set -u -o pipefail

programs=$1
kv_server=$1/kv_server
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=../../examples/kv/cluster.sh
. "$here/../../examples/kv/cluster.sh"

command -v redis-cli >/dev/null || { echo "skipped: there is no redis-cli" && exit 77; }
compiler=$(command -v cc || command -v gcc || command -v clang) ||
    { echo "skipped: there is no C compiler" && exit 77; }

failures=0
checks=0
gone_pids=()
run_dir=$(mktemp -d "${TMPDIR:-/tmp}/replicator-clients.XXXXXX") || exit 1
trap 'status=$?; trap - EXIT; end_gone; stop_cluster; rm -rf "$run_dir"; exit "$status"' EXIT
trap 'exit 130' INT TERM HUP
"$compiler" -O1 -o "$run_dir/gone_client" "$here/gone_client.c" || exit 1

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

# gone NODE TEXT [LATER]: a client that says this and vanishes.
gone() {
    "$run_dir/gone_client" "${client_port[$1]}" "${@:2}" >"$run_dir/gone" &
    gone_pids+=($!)
    disown "$!"
    wait_until 10 grep -q gone "$run_dir/gone" || { echo "a client cannot vanish here" && exit 1; }
    : >"$run_dir/gone"
}
end_gone() {
    ((${#gone_pids[@]} == 0)) || kill "${gone_pids[@]}" 2>/dev/null
    gone_pids=()
}

# Clients at the first node, but for the one that asks, and those that wait.
clients() { echo "$(($(info 1 connected_clients) - 1)) $(info 1 blocked_clients)"; }
are() { [ "$(clients)" = "$1" ]; }

# opens N TEXT: N connections, as descriptors in `connections`, that have said TEXT.
opens() {
    local i connection
    connections=()
    for ((i = 0; i < $1; ++i)); do
        exec {connection}<>"/dev/tcp/127.0.0.1/${client_port[1]}" || return 1
        printf '%b' "$2" >&"$connection"
        connections+=("$connection")
    done
}
closes() {
    local connection
    for connection in "${connections[@]}"; do exec {connection}>&-; done
}

# How often a process gave up the processor of its own accord: how often it had been woken.
wakeups() { sed -n 's/^voluntary_ctxt_switches:[^0-9]*//p' "/proc/${node_pid[1]}/status"; }
wakeups_of_a_second() {
    local before
    before=$(wakeups)
    sleep 1
    echo $(($(wakeups) - before))
}

# The follower is away, so nothing comes about that is waited for.
test_clients_that_wait() {
    opens 20 'SET a 1\r\nWAIT 2 0\r\n'
    wait_until 10 are '20 20'
    closes
    wait_until 10 are '0 0'
    expect 'clients that closed in WAIT' '0 0' "$(clients)"
    opens 20 'SET a 1\r\nWAIT 2 0\r\n'
    wait_until 10 are '20 20'
    local connection
    for connection in "${connections[@]}"; do printf 'PING\r\nWAIT 2 0\r\n' >&"$connection"; done
    expect 'they wait' '20 20' "$(clients)"
    closes
    wait_until 10 are '0 0'
    expect 'clients that closed in WAIT with bytes behind it' '0 0' "$(clients)"
    local owed
    owed=$(timeout 20 "$run_dir/gone_client" "${client_port[1]}" 'WAIT 2 0/PING/WAIT 2 0/PING/' half)
    expect 'who ends its own side alone hears what it is owed' ':0|+PONG|:0|+PONG' \
        "$(tr -d '\r' <<<"$owed" | paste -sd '|')"

    local without with
    without=$(wakeups_of_a_second)
    opens 100 'SET a 1\r\nWAIT 1 0\r\n'
    wait_until 10 are '100 100'
    with=$(wakeups_of_a_second)
    echo "wakeups of a second: $without, with 100 clients in WAIT $with"
    # The node looks at its clock 200 times a second, and its peers say something, too.
    expect 'waiting costs nothing' yes "$( ((with < 400 + without / 2)) && echo yes || echo "$without and then $with")"

    # One is closed by name, and one by number; the others go on waiting.
    local line address id
    line=$(ask 1 CLIENT LIST | grep -m 1 flags=b)
    expect 'a client in the list' 'id=* addr=127.0.0.1:* laddr=127.0.0.1:* name= age=* cmd=wait *' "$line"
    address=${line#* addr=} id=$(ask 1 CLIENT LIST | grep flags=b | tail -n 1)
    id=${id#id=}
    expect 'CLIENT KILL' OK "$(ask 1 CLIENT KILL "${address%% *}")"
    expect 'CLIENT KILL ID' 1 "$(ask 1 CLIENT KILL ID "${id%% *}")"
    wait_until 10 are '98 98'
    expect 'the others wait' '98 98' "$(clients)"
    # What is waited for comes, and wakes all of them.
    start_node 2 >/dev/null
    ask 1 REPLICATOR ADMIT 2 >/dev/null
    wait_until 20 are '98 0'
    expect 'all are answered' '98 0' "$(clients)"
    closes
}

test_clients_that_vanish() {
    gone 1 PING/
    gone 1 'PING/WAIT 2 0/'
    gone 1 'PING/WAIT 2 0/PING/'
    gone 1 PING/ ECHO/GET/
    gone 1 'PING/WAIT 2 0/' 'PING/'
    wait_until 30 are '0 0'
    expect 'clients that vanished' '0 0' "$(clients)"
    end_gone
}

# What loads servers says the password, too.
test_tools() {
    local load=("$programs/kv_load" --port "${client_port[1]}") told
    local history=("$programs/kv_history" --port "${client_port[1]}" --seconds 1 --out "$run_dir/history")
    printf '%s\n' 'Package: a' 'Version: 1' '' 'Package: b' 'Version: 2' '' >"$run_dir/stanzas"
    echo 'open' >"$run_dir/wrong"
    # They give up at once: trying again does not help.
    told=$(timeout 10 "${load[@]}" "$run_dir/stanzas" 2>&1 | paste -sd ' ')
    expect 'kv_load without a password' 'kv_load: NOAUTH * acknowledged=0 *' "$told"
    told=$(timeout 10 "${load[@]}" --password-file "$run_dir/wrong" "$run_dir/stanzas" 2>&1 | paste -sd ' ')
    expect 'kv_load with a wrong one' 'kv_load: WRONGPASS * acknowledged=0 *' "$told"
    load+=(--password-file "$run_dir/password")
    told=$("${load[@]}" "$run_dir/stanzas" 2>&1)
    expect 'kv_load with the right one' 'loaded entries=2 * acknowledged=2 *' "$told"
    expect 'kv_load --verify' 'verified entries=2 * equal=2 *' "$("${load[@]}" --verify "$run_dir/stanzas" 2>&1)"
    told=$("${load[@]}" --password-file "$run_dir/none" "$run_dir/stanzas" 2>&1)
    expect 'kv_load without its file' '*cannot read a password in*No such file*' "$told"

    for told in '' --sessions; do
        expect "kv_history $told without a password" 'kv_history: NOAUTH *' "$("${history[@]}" $told 2>&1)"
    done
    told=$("${history[@]}" --password-file "$run_dir/wrong" 2>&1)
    expect 'kv_history with a wrong one' 'kv_history: WRONGPASS *' "$told"
    history+=(--password-file "$run_dir/password")
    for told in '' --sessions "--keys-of $run_dir/first"; do
        # shellcheck disable=SC2086  # an option and its value
        expect "kv_history $told" ' 0' "$("${history[@]}" $told 2>&1) $?"
        cp "$run_dir/history" "$run_dir/first"
        expect "kv_history $told: it was served" yes "$(grep -q '"ok":true' "$run_dir/history" && echo yes)"
    done
}

test_password() {
    (umask 077 && echo 'open sesame' >"$run_dir/password")
    node_options+=(--requirepass-file "$run_dir/password")
    start_node 1 --bootstrap || exit 1
    expect 'without a password' 'NOAUTH *' "$(ask 1 PING 2>&1)"
    expect 'with a wrong one' '*WRONGPASS *NOAUTH *' "$(ask 1 -a open PING 2>&1 | paste -sd ' ')"
    expect 'with the right one' PONG "$(REDISCLI_AUTH='open sesame' ask 1 PING)"
    expect 'and its user, in the newer protocol' PONG \
        "$(REDISCLI_AUTH='open sesame' ask 1 -3 --user default PING)"
    test_tools
    expect 'not in the list of processes' 0 "$(tr '\0' ' ' <"/proc/${node_pid[1]}/cmdline" | grep -c sesame)"
    stop_cluster
    expect 'no such file' '*cannot read a password in*No such file*' \
        "$("$kv_server" --node 1 --peer 2=1 --requirepass-file "$run_dir/none" 2>&1)"
}

node_count=2
node_options=(--ack async --log ring --client-timeout 2)
choose_ports
start_node 1 --bootstrap || exit 1
start_node 2 || exit 1
wait_until 20 counts 1 2 || exit 1
kill_node 2
test_clients_that_vanish
test_clients_that_wait
stop_cluster
test_password

echo "$checks checks, $failures failures"
((failures == 0))
