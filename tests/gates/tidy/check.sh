#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# Holds the library, the examples, the benchmarks, and what the tests share against .clang-tidy: names, and checks that find
# faults. Headers and sources that may be compiled together are, which takes a third of the time.
#
#     check.sh           all of it, a minute on two processors; JOBS=n uses n
#     check.sh FILE...   only these sources
#
# The tests themselves are left out, for Boost.Test makes a type of each test's name; and tests/search, which makes public by
# a macro what is private.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../.." || exit

work=build/tidy
rm -rf "$work"
mkdir -p "$work"

together() {  # name, files...
    local file=$work/$1.cpp
    shift
    printf '#include "../../%s"\n' "$@" >"$file"
    echo "$file"
}

sources=("$@")
if (($# == 0)); then
    # Asio without exceptions must be the first header of a program, and is for those without them.
    mapfile -t headers < <(git ls-files -- 'include/*.hpp' ':!*/no_exceptions.hpp')
    # The first of these tells the standard library what an error code is, before anything asks.
    mapfile -t shared < <(echo include/replicator/asio/error_code.hpp && git ls-files -- 'tests/*.hpp' ':!tests/gates' ':!tests/search')
    mapfile -t programs < <(git grep -lE '^int main\(' -- 'examples/*.cpp' 'benchmarks/*.cpp' \
        'tests/simulation/*.cpp' | grep -vE 'flush_ways|bugs/hunt')
    mapfile -t parts < <(git ls-files -- ':(glob)examples/kv/**/*.cpp' ':!examples/kv/tools' ':!examples/kv/history' |
        grep -vxFf <(printf '%s\n' "${programs[@]}"))
    sources=("$(together headers "${headers[@]}")" "$(together kv "${parts[@]}")" "$(together shared "${shared[@]}")"
        "${programs[@]}")
fi

# Coroutines of Asio 1.22 and clang 14 need the definitions. Each says its own in one piece.
check_one() {  # source
    local output status=0
    output=$(clang-tidy --quiet "$1" -- -std=c++20 -I include -I tests -I examples -pthread \
        -DASIO_HAS_CO_AWAIT -DASIO_HAS_STD_COROUTINE "-DASIO_CUSTOM_HANDLER_TRACKING=<kv/process/call_begin.hpp>" \
        2>"$work/stderr.$$") || status=$?
    # What clang-tidy says of itself goes there too: so many warnings in others' headers.
    ((status == 0)) || { printf '%s\n' "$output"; grep -E 'error|fatal' "$work/stderr.$$" || true; }
    return $status
}
export -f check_one
export work
printf '%s\0' "${sources[@]}" | xargs -0 -n 1 -P "${JOBS:-$(nproc)}" bash -c 'check_one "$0"' || exit 1
echo "${#sources[@]} sources, and the headers that they include, are as .clang-tidy says"
