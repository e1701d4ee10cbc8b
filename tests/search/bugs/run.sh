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
command -v patch >/dev/null || { echo "this needs the program patch" && exit 1; }
mkdir -p "$work" && work=$(cd "$work" && pwd) || exit 2

is_wanted() {  # bug; then those that are wanted, none for all
    local bug=$1 prefix
    shift
    (($# == 0)) && return 0
    for prefix in "$@"; do [[ $bug == "$prefix"* ]] && return 0; done
    return 1
}

failures=0
for patch in "$here"/*.patch; do
    bug=$(basename "$patch" .patch)
    is_wanted "$bug" "$@" || continue
    folder=$work/$bug
    rm -rf "$folder" && mkdir -p "$folder" && cp -R "$project/include" "$folder/include"
    read -ra arguments <<<"$(sed -n 's/^# Search: //p' "$patch")"
    if ! (cd "$folder" && patch -s -p1 --fuzz=0 <"$patch" >log 2>&1 &&
        "${compile[@]}" -I include "$project/tests/search/main.cpp" -o search >>log 2>&1); then
        echo "$bug: does not apply or compile, see $folder/log"
        ((++failures))
        continue
    fi
    "$folder/search" "${arguments[@]}" --seconds "${SECONDS_EACH:-300}" >"$folder/found" 2>&1
    found=$(sed -n 's/^FAILED: //p' "$folder/found")
    echo "$bug: ${found:-NOT FOUND with ${arguments[*]}}"
    [[ -n $found ]] || ((++failures))
done
((failures == 0))
