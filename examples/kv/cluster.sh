# SPDX-License-Identifier: BSL-1.0
# Functions for scripts that start a cluster of kv_server on loopback ports. To be sourced by bash.
#
# Set before: kv_server and kv_load (the programs), run_dir (an empty folder for logs), node_count, node_options (an
# array, the same for all nodes). Where disks_dir is set, every node has a directory in there that outlives it.
# Everything that was started is stopped by stop_cluster.

declare -A node_pid client_port peer_port

# Milliseconds on some clock.
now_ms() { echo $((${EPOCHREALTIME/[.,]/} / 1000)); }

# Milliseconds as seconds with two digits behind the point.
as_seconds() { printf '%d.%02d' $(($1 / 1000)) $(($1 % 1000 / 10)); }

# A loopback port at which nobody answers, below those that the system gives away by itself.
free_port() {
    local port
    while :; do
        port=$((20000 + RANDOM % 12000))
        if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
            echo "$port"
            return
        fi
    done
}

choose_ports() {
    local node
    for ((node = 1; node <= node_count; node++)); do
        client_port[$node]=$(free_port)
        peer_port[$node]=$(free_port)
    done
}

# start_node NODE [OPTION...]: returns when the node is ready; fails when it ends before, or takes 10 seconds.
start_node() {
    local node=$1 other peers=() tries log="$run_dir/node$1.log"
    shift
    for ((other = 1; other <= node_count; other++)); do
        ((other == node)) || peers+=(--peer "$other=127.0.0.1:${peer_port[$other]},client=127.0.0.1:${client_port[$other]}")
    done
    [ -z "${disks_dir:-}" ] || peers+=(--dir "$disks_dir/node$node")
    : >"$log"  # here, because the process below may be slow, and an earlier one said that it was ready
    "$kv_server" --node "$node" --listen "127.0.0.1:${peer_port[$node]}" \
        --client-port "127.0.0.1:${client_port[$node]}" "${peers[@]}" "${node_options[@]}" "$@" \
        </dev/null >"$log" 2>&1 &
    node_pid[$node]=$!
    # Otherwise the shell reports the end of what it kills.
    disown "${node_pid[$node]}"
    for ((tries = 0; tries < 1000; tries++)); do
        grep -q '^ready' "$log" 2>/dev/null && return 0
        kill -0 "${node_pid[$node]}" 2>/dev/null || break
        sleep 0.01
    done
    cat "$log" >&2
    return 1
}

# start_group NODE...: the first one bootstraps the group and leads it. Chooses ports, and others when one was taken.
start_group() {
    local attempt node
    for attempt in 1 2 3; do
        choose_ports
        for node in "$@"; do
            if [ "$node" = "$1" ]; then
                start_node "$node" --bootstrap || break
            else
                start_node "$node" || break
            fi
            [ "$node" = "${!#}" ] && return 0
        done
        stop_cluster
    done
    return 1
}

# kill_node NODE...: kill -9, all of them at once.
kill_node() {
    local node pids=()
    for node in "$@"; do pids+=("${node_pid[$node]}"); done
    kill -9 "${pids[@]}" || return 1
    for node in "$@"; do
        wait_for_end "${node_pid[$node]}" || return 1
        unset "node_pid[$node]"
    done
}

wait_for_end() {
    local tries
    for ((tries = 0; tries < 1000; tries++)); do
        kill -0 "$1" 2>/dev/null || return 0
        sleep 0.005
    done
    return 1
}

# Ends every node by its process id: politely, and after five seconds not so.
stop_cluster() {
    local node
    for node in "${!node_pid[@]}"; do kill "${node_pid[$node]}" 2>/dev/null; done
    for node in "${!node_pid[@]}"; do
        wait_for_end "${node_pid[$node]}" || kill -9 "${node_pid[$node]}" 2>/dev/null
        unset "node_pid[$node]"
    done
    return 0
}

# ask NODE WORD...: through redis-cli.
ask() {
    local node=$1
    shift
    timeout 20 redis-cli -h 127.0.0.1 -p "${client_port[$node]}" "$@"
}

# info NODE FIELD...: fields of one answer to INFO, each on a line. The shell asks by itself: scripts do so many times a
# second, and programs would take longer to start than all the rest. To be called in a subshell, as that of $(...): it
# ends where the node closes the connection before the question is sent.
info() {
    local size text field
    {
        printf 'INFO\r\n' >&3 && read -r -t 20 -u 3 size && size=${size//[!0-9]/} &&
            read -r -t 20 -u 3 -N "${size:-0}" text
    } 2>/dev/null 3<>"/dev/tcp/127.0.0.1/${client_port[$1]}" || return 1
    for field in "${@:2}"; do
        [[ $text =~ $'\n'"$field":([^$'\r']*) ]] && printf '%s\n' "${BASH_REMATCH[1]}"
    done
}

# peer_info NODE PEER FIELD: what the node says of a peer.
peer_info() {
    [[ ,$(info "$1" "replicator_peer$2") =~ ",$3="([^,]*) ]] && printf '%s\n' "${BASH_REMATCH[1]}"
}

# wait_until SECONDS COMMAND...: until the command succeeds.
wait_until() {
    local end=$((${EPOCHREALTIME/[.,]/} + $1 * 1000000))
    shift
    until "$@"; do
        ((${EPOCHREALTIME/[.,]/} < end)) || return 1
        sleep 0.01
    done
}

# Whether a node has applied everything that the leader has, and has the same digest.
is_equal() {
    local leader node
    leader=$(info "$1" replicator_last replicator_digest)
    node=$(info "$2" replicator_applied replicator_digest)
    [ -n "$leader" ] && [ "$leader" = "$node" ]
}

leads() { [ "$(info "$1" role)" = master ]; }
confirmed() { [ "$(info "$1" replicator_confirmed)" = yes ]; }
counts() { [ "$(peer_info "$1" "$2" counts)" = yes ]; }
# That it counts is remembered of a process that is gone.
is_there() { counts "$1" "$2" && [ "$(peer_info "$1" "$2" state)" = streaming ]; }
