#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# A short run of kv_failover.sh with two policies.
#
#   run_failover.sh FOLDER [ROUNDS [SEED]]      FOLDER has the programs; exit status 77: redis-cli is not installed

set -u -o pipefail

programs=$1
rounds=${2:-3}
seed=${3:-$((EPOCHSECONDS % 30000 + 1))}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
running=
# The script that runs cleans up after itself before it ends, so it is waited for.
stop() {
    status=$?
    trap - EXIT
    [ -n "$running" ] && kill "$running" 2>/dev/null && wait "$running"
    exit "$status"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

for policy in semi-sync sync; do
    bash "$here/../../examples/kv_failover.sh" "$programs/.." "$rounds" --stops "$rounds" --policy "$policy" \
        --seed "$seed" &
    running=$!
    wait "$running"
    status=$?
    running=
    ((status == 0)) || exit "$status"
done
