# SPDX-License-Identifier: BSL-1.0
# What the scripts have in common that put a cluster under faults and check the histories of its clients. To be sourced
# by bash, before anything is started; it sources cluster.sh.
#
# Set before, by arguments.sh and the script: build (the folder of the programs), ack, seed, keep, node_count,
# node_options. Set here: run_dir, load_pids. The histories of the clients are the files of run_dir that the array
# `histories` names in the end. A script may say with a function stop_more what else has to be stopped, and in `during`
# what it is doing; what run_dir holds is kept in the folder `keep` names, if it names one.

command -v redis-cli >/dev/null || {
    echo "skipped: redis-cli is not installed (Debian: redis-tools)"
    exit 77
}
kv_server=$build/kv_server
load_pids=()
during=

# shellcheck source=cluster.sh
. "$(dirname "${BASH_SOURCE[0]}")/cluster.sh"

# fail WHAT: says what went wrong, keeps what the nodes say of themselves, and ends the script.
fail() {
    local node
    printf '%s: FAILED%s: %s (--ack %s --seed %s)\n' "$script" "${during:+ in $during}" "$*" "$ack" "$seed" >&2
    keep=${keep:-${TMPDIR:-/tmp}/replicator-${script#kv_}-$ack-$seed}
    for node in "${!node_pid[@]}"; do ask "$node" INFO >"$run_dir/info$node.txt" 2>&1; done
    exit 1
}

# start_history NAME OPTION...: clients that write their history into a file.
start_history() {
    "$build/kv_history" --out "$run_dir/$1.jsonl" --seed "$seed" "${@:2}" </dev/null &
    load_pids+=($!)
}

wait_for_loads() {
    local pid
    for pid in "${load_pids[@]}"; do wait "$pid" || fail "a client ended badly"; done
    load_pids=()
}

# draw LOW HIGH: sets `drawn`. Not in a subshell, which would have random numbers of its own.
draw() { drawn=$(($1 + RANDOM % ($2 - $1 + 1))); }
rest() {
    local seconds
    draw "$1" "$2"
    printf -v seconds '%d.%03d' $((drawn / 1000)) $((drawn % 1000))
    sleep "$seconds"
}

# check_histories OPTION...: reads every key from every node, and judges that with all that the clients were told. Sets
# `verdict`; fails as the check does.
check_histories() {
    local node file stale=()
    for ((node = 1; node <= node_count; node++)); do
        "$build/kv_history" --port "${client_port[$node]}" --node "$node" --first-client $((90 + node)) \
            --out "$run_dir/final$node.jsonl" --keys-of "${histories[@]}" </dev/null &
        load_pids+=($!)
    done
    wait_for_loads
    for ((node = 1; node <= node_count; node++)); do cat "$run_dir/final$node.jsonl"; done >"$run_dir/final.jsonl"
    for file in "$run_dir"/*.stale; do [ -f "$file" ] && stale+=(--stale "$file"); done
    verdict=$("$build/kv_check_history" "$@" ${stale[@]+"${stale[@]}"} --final "$run_dir/final.jsonl" \
        --merged "$run_dir/merged.jsonl" "${histories[@]}")
}

stop_more() { :; }
stop_everything() {
    local status=$? pid
    trap - EXIT
    for pid in ${load_pids[@]+"${load_pids[@]}"}; do kill "$pid" 2>/dev/null; done
    for pid in ${node_pid[@]+"${node_pid[@]}"}; do kill -CONT "$pid" 2>/dev/null; done
    stop_cluster
    stop_more
    [ -n "$keep" ] && mkdir -p "$keep" && cp -r "$run_dir"/* "$keep"
    rm -rf "$run_dir"
    exit "$status"
}

run_dir=$(mktemp -d "${TMPDIR:-/tmp}/replicator-faults.XXXXXX") || exit 1
trap stop_everything EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
