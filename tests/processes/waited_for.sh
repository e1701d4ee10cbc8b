# SPDX-License-Identifier: BSL-1.0
# For scripts that run other scripts which clean up after themselves. To be sourced by bash.

kept=$(mktemp -d "${TMPDIR:-/tmp}/replicator-processes.XXXXXX") || exit 1
running=

# waited_for COMMAND...: runs a script; when this one is stopped meanwhile, so is that, and its end is waited for.
waited_for() {
    "$@" &
    running=$!
    wait "$running"
    local status=$?
    running=
    return "$status"
}

stop() {
    local status=$?
    trap - EXIT
    [ -n "$running" ] && kill "$running" 2>/dev/null && wait "$running"
    rm -rf "$kept"
    exit "$status"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
