#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# A short run of kv_restarts.sh.
#
#   run_restarts.sh FOLDER [KILLS [SEED]]      FOLDER has the programs; exit status 77: redis-cli is not installed

set -u -o pipefail

programs=$1
kills=${2:-10}
seed=${3:-$((EPOCHSECONDS % 30000 + 1))}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# It takes the place of this script, so that it gets the signals.
exec bash "$here/../../examples/kv_restarts.sh" "$programs/.." "$kills" --seed "$seed"
