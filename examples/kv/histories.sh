# SPDX-License-Identifier: BSL-1.0
# The clients of the scripts that kill nodes again and again, and the check of what they were told. To be sourced by
# bash, behind faults.sh, for three nodes; `leader` is the one that leads.

# note_time NAME MILLISECONDS: adds to NAME_total, and keeps the largest in NAME_max.
note_time() {
    local -n total=$1_total max=$1_max
    total=$((total + $2))
    (($2 <= max)) || max=$2
}

# start_load NAME OPTION...: clients that go on until they are told to end.
start_load() { start_history "$1" --seconds 100000 --key-life 1000 --sure-gets --stale "$run_dir/$1.stale" \
    "${@:2}"; }

# Some follow the leader. Some read at any node what they wrote. Some stay with one node, whatever becomes of it, and
# wait for what they asked there.
start_loads() {
    local node all=()
    for node in 1 2 3; do all+=(--port "${client_port[$node]}"); done
    start_load follow "${all[@]}" --first-client 1 --clients 3 --window 4 --rate 200
    start_load once "${all[@]}" --first-client 11 --clients 2 --window 8 --rate 150 --padding-max 20 --once
    start_load sessions "${all[@]}" --first-client 31 --clients 2 --sessions --patience 2000
    for node in 1 2 3; do
        start_load "stay$node" --port "${client_port[$node]}" --node "$node" --first-client $((20 + node)) --clients 1 \
            --window 16 --rate 100 --patience 20000
    done
}

end_loads() {
    local pid
    for pid in "${load_pids[@]}"; do kill "$pid"; done
    wait_for_loads
}

# All nodes hold the same, and what clients were told fits to that. Sets `acknowledged`.
check_everything() {
    local node status
    end_loads
    for node in 1 2 3; do wait_until 20 is_equal "$leader" "$node" || fail "node $node differs from the leader"; done
    histories=("$run_dir"/{follow,once,sessions,stay?}.jsonl)
    [ ! -f "$run_dir/push.jsonl" ] || histories+=("$run_dir/push.jsonl")  # of a script that started one more
    check_histories
    status=$?
    printf '%s\n' "$verdict"
    ((status == 0)) || fail "the history does not fit together"
    acknowledged=$(cat "${histories[@]}" | grep -v '"op":"get"' | grep -c '"ok":true')
}
