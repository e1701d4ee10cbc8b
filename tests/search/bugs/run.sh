#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# Plants the bugs of this folder one by one in a copy of the headers; the search must find each.
#
#     run.sh <folder to work in> [compiler] [bug...]
#
# A bug is a name, or its beginning. For each, the output of the search is left in the folder, with the choices that led
# to what is wrong.
set -u

here=$(cd "$(dirname "$0")" && pwd)
project=$(cd "$here/../../.." && pwd)
work=${1:?a folder to work in}
compiler=${2:-${CXX:-g++}}
shift $(($# < 2 ? $# : 2))
compile=("$compiler" -std=c++20 -O2)
# See the CMakeLists.txt of the project: less garbage is collected.
[[ $compiler == *clang* ]] || compile+=(--param=ggc-min-heapsize=1048576)
command -v patch >/dev/null || { echo "this needs the program patch" && exit 1; }
mkdir -p "$work" && work=$(cd "$work" && pwd) || exit 2

is_wanted() {  # bug; then those that are wanted, none for all
    local bug=$1 prefix
    shift
    (($# == 0)) && return 0
    for prefix in "$@"; do [[ $bug == "$prefix"* ]] && return 0; done
    return 1
}

# Says in one line what was found.
hunt() {  # patch
    local bug folder found arguments
    bug=$(basename "$1" .patch)
    folder=$work/$bug
    read -ra arguments <<<"$(sed -n 's/^# Search: //p' "$1")"
    if ! (cd "$folder" && patch -s -p1 --fuzz=0 <"$1" >log 2>&1 &&
        "${compile[@]}" -I include "$project/tests/search/main.cpp" -o search >>log 2>&1); then
        echo "$bug: does not apply or compile, see $folder/log"
        return
    fi
    "$folder/search" "${arguments[@]}" --seconds "${SECONDS_EACH:-300}" >"$folder/found" 2>&1
    found=$(sed -n 's/^FAILED: //p' "$folder/found")
    echo "$bug: ${found:-NOT FOUND with ${arguments[*]}}"
}

bugs=()
for patch in "$here"/*.patch; do
    bug=$(basename "$patch" .patch)
    is_wanted "$bug" "$@" || continue
    bugs+=("$bug")
    rm -rf "${work:?}/$bug" && mkdir -p "$work/$bug" && cp -R "$project/include" "$work/$bug/include"
    # At most so many at once.
    while (($(jobs -pr | wc -l) >= ${JOBS:-$(nproc)})); do wait -n; done
    hunt "$patch" &
done
wait
failures=0
for bug in "${bugs[@]}"; do
    grep -q '^FAILED: ' "$work/$bug/found" 2>/dev/null || ((++failures))
done
((failures == 0 && ${#bugs[@]} > 0))
