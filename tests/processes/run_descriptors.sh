#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# A key-value server over a disk that may open few files, and more idle clients than fit: the log gets its files, the
# server says how many clients it takes, and nothing stops.
#
#   run_descriptors.sh FOLDER      FOLDER has kv_server

# shellcheck disable=SC2034,SC2154  # cluster.sh shares variables
set -u -o pipefail

kv_server=$1/kv_server
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
kv_load=
node_count=2
node_options=(--clients-max 1000)
# shellcheck source=../../examples/kv/cluster.sh
. "$here/../../examples/kv/cluster.sh"

run_dir=$(mktemp -d "${TMPDIR:-/tmp}/replicator-descriptors.XXXXXX") || exit 1
disks_dir=$run_dir/disks
mkdir "$disks_dir"
trap 'status=$?; trap - EXIT; stop_cluster; rm -rf "$run_dir"; exit "$status"' EXIT
trap 'exit 130' INT TERM HUP

fail() {
    echo "run_descriptors: FAILED: $*"
    cat "$run_dir/node1.log"
    exit 1
}

files_max=80

choose_ports
(ulimit -n 40 && "$kv_server" --node 1 --peer 2=1 --bootstrap) >"$run_dir/too_few" 2>&1 &&
    fail "it started with 40 files"
grep -q 'room for no client.*ulimit -n' "$run_dir/too_few" || fail "what it said: $(<"$run_dir/too_few")"

# A hard limit, because the server raises a soft one.
limited=$run_dir/limited
printf '#!/bin/sh\nulimit -n %s && exec "%s" "$@"\n' "$files_max" "$kv_server" >"$limited"
chmod +x "$limited"
free=$kv_server
kv_server=$limited
start_node 1 --bootstrap || fail "no start with $files_max files"
kv_server=$free
start_node 2 || fail "no start of node 2"
grep -q -- '--clients-max 1000 is lowered to [1-9][0-9]*: .*ulimit -n' "$run_dir/node1.log" || fail "it did not say so"
wait_until 10 counts 1 2 || fail "node 2 does not count"

exec {writer}<>"/dev/tcp/127.0.0.1/${client_port[1]}"
idle=()
for ((i = 0; i < 100; i++)); do
    { exec {one}<>"/dev/tcp/127.0.0.1/${client_port[1]}"; } 2>/dev/null && idle+=("$one")
done
((${#idle[@]} > 60)) || fail "only ${#idle[@]} clients could connect"

# More than two segments of 8 MiB.
value=$(printf '%0100000d' 7)
for ((i = 0; i < 200; i++)); do
    printf '*3\r\n$3\r\nSET\r\n$%d\r\nkey%d\r\n$100000\r\n%s\r\n' $((${#i} + 3)) "$i" "$value" >&"$writer"
    read -r -t 20 -u "$writer" reply || fail "no answer to write $i"
    [[ $reply == +OK* ]] || fail "write $i: $reply"
done
for one in "${idle[@]}"; do exec {one}>&-; done
wait_until 10 is_equal 1 2 || fail "node 2 is not as node 1"
[ "$(info 1 replicator_fault)" = none ] || fail "node 1 faulted: $(info 1 replicator_fault)"
[ "$(info 1 replicator_disk_refused)" = nothing ] || fail "the disk refused: $(info 1 replicator_disk_refused)"

# A folder whose parent is a file.
: >"$run_dir/file"
"$kv_server" --node 1 --peer 2=1 --dir "$run_dir/file/folder" >"$run_dir/refused" 2>&1 && fail "it opened a folder in a file"
grep -q "is refused: .*open $run_dir/file/folder: Not a directory (20)" "$run_dir/refused" ||
    fail "what it said: $(<"$run_dir/refused")"
echo "run_descriptors: 200 writes of 100,000 bytes acknowledged beside ${#idle[@]} idle clients, with $files_max files"
