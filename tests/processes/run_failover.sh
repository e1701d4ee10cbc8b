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
# shellcheck source=waited_for.sh
. "$here/waited_for.sh"

for policy in semi-sync sync; do
    waited_for bash "$here/../../examples/kv_failover.sh" "$programs/.." "$rounds" --stops "$rounds" \
        --ack "$policy" --seed "$seed" || exit
done
