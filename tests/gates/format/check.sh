#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# Holds every C++ file against .clang-format.
#
#     check.sh           names the files that differ
#     check.sh --fix     formats them
#
# concepts/ is left out: clang-format 14 breaks a line before the `noexcept` of a requirement.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../.." || exit

mapfile -t files < <(git ls-files -- '*.hpp' '*.cpp' ':!include/replicator/concepts/*.hpp')
if [[ ${1:-} == --fix ]]; then
    clang-format -i "${files[@]}"
    exit
fi
wrong=$({ clang-format --dry-run -Werror "${files[@]}" 2>&1 || true; } | sed -n 's/:[0-9]*:[0-9]*: error: .*//p' | uniq)
if [[ -n $wrong ]]; then
    printf '%s: not as .clang-format says\n' $wrong
    exit 1
fi
echo "${#files[@]} files are as .clang-format says"
