#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# A short run of kv_faults.sh with two policies, and whether its check finds histories that were made wrong.
#
#   run_faults.sh FOLDER [SECONDS [SEED]]      FOLDER has the programs; exit status 77: redis-cli is not installed

set -u -o pipefail

programs=$1
seconds=${2:-3}
seed=${3:-$((EPOCHSECONDS % 30000 + 1))}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
kept=$(mktemp -d "${TMPDIR:-/tmp}/replicator-processes.XXXXXX") || exit 1
running=
# The script that runs cleans up after itself before it ends, so it is waited for.
stop() {
    status=$?
    trap - EXIT
    [ -n "$running" ] && kill "$running" 2>/dev/null && wait "$running"
    rm -rf "$kept"
    exit "$status"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

for ack in semi-sync sync; do
    bash "$here/../../examples/kv_faults.sh" "$programs/.." --ack "$ack" --seconds "$seconds" --seed "$seed" \
        --keep "$kept/$ack" &
    running=$!
    wait "$running"
    status=$?
    running=
    ((status == 0)) || exit "$status"
done

# --- The same history, made wrong: a check that never complains would be worth nothing. ---

history=$kept/semi-sync
# The last acknowledged value that some key has in the end, and the first that it had.
field() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"; }
while IFS= read -r last; do
    key=$(field k <<<"$last")
    value=$(field out <<<"$last")
    first=$(grep -F "\"op\":\"put\",\"k\":\"$key\",\"v\":\"" "$history"/[a-c].jsonl -h | grep -F '"ok":true' | head -n 1 | field v)
    written=$(grep -F "\"k\":\"$key\",\"v\":\"$value\"" "$history"/[a-c].jsonl -h)
    [ "$first" != "$value" ] && [ -n "$first" ] && [[ $written == *'"ok":true'* ]] && break
done < <(grep -F '"out":"' "$history/final1.jsonl")
[[ ${written:-} == *'"ok":true'* ]] || {
    echo "run_faults: FAILED: no key was written twice (--seed $seed)"
    exit 1
}

cat "$history"/[a-e].jsonl >"$kept/all.jsonl"
grep -vF "$written" "$kept/all.jsonl" >"$kept/lost.jsonl"
{
    cat "$kept/lost.jsonl"
    echo "${written/\"ok\":true/\"ok\":false}"
} >"$kept/refused.jsonl"
sed "s/\"out\":\"$value\"/\"out\":\"$first\"/" "$history/final.jsonl" >"$kept/old.jsonl"

# complains WHAT FILE FINAL
complains() {
    "$programs/kv_check_history" --leader 1 --final "$3" "$2" >"$kept/verdict"
    local status=$?
    ((status == 1)) && return
    echo "run_faults: FAILED: the check did not find $1, exit status $status (--seed $seed)"
    cat "$kept/verdict"
    exit 1
}
complains 'a value that nobody wrote' "$kept/lost.jsonl" "$history/final.jsonl"
complains 'a refused write that was read' "$kept/refused.jsonl" "$history/final.jsonl"
complains 'an acknowledged write that was lost' "$kept/all.jsonl" "$kept/old.jsonl"
grep -q 'is lost' "$kept/verdict" || {
    echo "run_faults: FAILED: a lost write got another name (--seed $seed)"
    exit 1
}
echo "run_faults: histories made wrong are found"
