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
# shellcheck source=waited_for.sh
. "$here/waited_for.sh"

for ack in semi-sync sync; do
    waited_for bash "$here/../../examples/kv_faults.sh" "$programs/.." --ack "$ack" --seconds "$seconds" \
        --seed "$seed" --keep "$kept/$ack" || exit
done

# --- The same history, made wrong: a check that never complains would be worth nothing. ---

history=$kept/semi-sync
field() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"; }
# Prints a key and a value in each line: of every key the acknowledged value that was the first to return, if another
# acknowledged write of the key was called only after that. Every value is written once, so whoever reads this one after
# all the rest reads what was surely overwritten. Writes that overlap would not do: either may come last.
overwritten() {
    awk '
    function text(name) {
        if (!match($0, "\"" name "\":\"[^\"]*\"")) return ""
        return substr($0, RSTART + length(name) + 4, RLENGTH - length(name) - 5)
    }
    function number(name) {
        match($0, "\"" name "\":[0-9]+")
        return substr($0, RSTART + length(name) + 3, RLENGTH - length(name) - 3) + 0
    }
    /"op":"get"/ || !/"ok":true/ { next }
    {
        key = text("k")
        if (number("call") > last_call[key]) last_call[key] = number("call")
        if (text("v") != "" && (!(key in value) || number("ret") < returned[key])) {
            value[key] = text("v")
            returned[key] = number("ret")
        }
    }
    END { for (key in value) if (returned[key] < last_call[key]) print key, value[key] }
    ' "$history"/[a-c].jsonl
}

# A key that was surely overwritten, and whose value in the end is one that was acknowledged.
written=
while read -r key old; do
    value=$(grep -F "\"k\":\"$key\"," "$history/final1.jsonl" | field out)
    [ -n "$value" ] || continue
    written=$(grep -hF "\"k\":\"$key\",\"v\":\"$value\"" "$history"/[a-c].jsonl)
    [[ $written == *'"ok":true'* ]] && break
done < <(overwritten)
[[ $written == *'"ok":true'* ]] || {
    echo "run_faults: FAILED: no key was surely written twice (--seed $seed)"
    exit 1
}

cat "$history"/[a-f].jsonl >"$kept/all.jsonl"
grep -vF "$written" "$kept/all.jsonl" >"$kept/lost.jsonl"
{
    cat "$kept/lost.jsonl"
    echo "${written/\"ok\":true/\"ok\":false}"
} >"$kept/refused.jsonl"
sed "/\"k\":\"${key//./\\.}\"/s/\"out\":\"[^\"]*\"/\"out\":\"$old\"/" "$history/final.jsonl" >"$kept/old.jsonl"

# complains WHAT FILE FINAL [OPTION...]
complains() {
    "$programs/kv_check_history" --leader 1 --final "$3" "${@:4}" "$2" >"$kept/verdict"
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

# A read that waited for the last write of its session, and then shows the first one of the same key.
last=$(tail -n 1 "$history/f.stale")
key=$(field k <<<"$last")
first=$(grep -F "\"k\":\"$key\"" "$history/f.jsonl" | grep '"ok":true' | head -n 1 | field v)
{
    sed '$d' "$history/f.stale"
    sed "s/\"out\":\"[^\"]*\"/\"out\":\"$first\"/" <<<"$last"
} >"$kept/old.stale"
if [ "$(field out <<<"$last")" != "$first" ]; then
    complains 'a session that does not see its write' "$kept/all.jsonl" "$history/final.jsonl" --stale "$kept/old.stale"
fi
echo "run_faults: histories made wrong are found"
