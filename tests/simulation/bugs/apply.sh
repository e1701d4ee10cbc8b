#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# Says which planted bugs, of groups, of pairs and of the search, are none any more: their patches do not apply to the
# headers.
set -u
cd "$(dirname "$0")/../../.." || exit

failed=0
count=0
for bug in tests/simulation/bugs/*.patch tests/simulation/pair/bugs/*.patch tests/search/bugs/*.patch; do
    count=$((count + 1))
    patch -p1 --dry-run --fuzz=0 --force --silent <"$bug" >/dev/null && continue
    echo "FAILED: $bug does not apply"
    failed=1
done
((failed == 1)) || echo "$count bugs apply"
exit $failed
