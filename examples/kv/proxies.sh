# SPDX-License-Identifier: BSL-1.0
# Functions for scripts whose nodes or clients talk through kv_proxy. To be sourced by bash, behind faults.sh.

declare -A real_port
peer_proxy='' client_proxy=''

# start_proxy NAME OPTION...: sets `started`, and `ports` to the ports of its routes.
start_proxy() {
    local name=$1 tries line
    shift
    "$build/kv_proxy" "$@" </dev/null >"$run_dir/$name.log" 2>&1 &
    started=$!
    disown "$started"
    for ((tries = 0; tries < 250; tries++)); do
        line=$(head -n 1 "$run_dir/$name.log" 2>/dev/null)
        [ -n "$line" ] && break
        kill -0 "$started" 2>/dev/null || return 1
        sleep 0.02
    done
    read -r -a ports <<<"${line#ready}"
    [[ $line == ready* ]]
}

stop_more() { stop_proxies; }
stop_proxies() {
    local pid
    for pid in $peer_proxy $client_proxy; do
        kill -CONT "$pid" 2>/dev/null
        kill "$pid" 2>/dev/null && { wait_for_end "$pid" || kill -9 "$pid" 2>/dev/null; }
    done
    peer_proxy='' client_proxy=''
}

# start_peer_proxy OPTION...: between all nodes, after choose_ports. Sets `peer_proxy`, which is empty when it failed.
start_peer_proxy() {
    local node routes=()
    for ((node = 1; node <= node_count; node++)); do
        real_port[$node]=${peer_port[$node]}
        routes+=(--route "${real_port[$node]}")
    done
    start_proxy peers --seed "$seed" "$@" "${routes[@]}" || return 1
    peer_proxy=$started
    for ((node = 1; node <= node_count; node++)); do peer_port[$node]=${ports[$((node - 1))]}; done
}

# What cluster.sh knows as the port of a node is the proxy's; the node itself listens elsewhere.
start_behind_proxy() { start_node "$1" --listen "127.0.0.1:${real_port[$1]}" "${@:2}"; }
