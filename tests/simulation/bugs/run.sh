#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# Plants the bugs of this folder one by one in a copy of the headers, and counts after how many seeds the simulator
# finds each. Clean headers must pass as many.
#
#     run.sh [-b bug]... [-j jobs] [-i include] <folder to work in> [compiler] [seeds]
#
# -b: only bugs whose names begin so, e.g. -b 22; may be repeated
# -j: so many at once, 1 if not said
# -i: other headers than those of this project
#
# Fails when a patch does not apply to the headers, when a bug is not found or clean headers fail, and, if all bugs are
# tried, when fewer than half of them are found within 100 seeds. The table is printed, and left in <folder>/table.
set -u

here=$(cd "$(dirname "$0")" && pwd)
project=$(cd "$here/../../.." && pwd)
headers=$project/include
wanted=()
jobs=1
while getopts b:j:i: option; do
    case $option in
        b) wanted+=("$OPTARG") ;;
        j) jobs=$OPTARG ;;
        i) headers=$OPTARG ;;
        *) exit 2 ;;
    esac
done
shift $((OPTIND - 1))
work=${1:?a folder to work in}
compiler=${2:-${CXX:-g++}}
seeds=${3:-10000}
soon=100
compile=("$compiler" -std=c++20 -O1)
# See the CMakeLists.txt of the project: less garbage is collected.
[[ $compiler == *clang* ]] || compile+=(--param=ggc-min-heapsize=1048576)
command -v patch >/dev/null || { echo "this needs the program patch" && exit 1; }
command -v ccache >/dev/null && compile=(ccache "${compile[@]}")
mkdir -p "$work" && work=$(cd "$work" && pwd) || exit 2

is_wanted() {  # bug
    local prefix
    ((${#wanted[@]} == 0)) && return 0
    for prefix in "${wanted[@]}"; do [[ $1 == "$prefix"* ]] && return 0; done
    return 1
}

field() { sed -n "s/^# $1: //p" "$here/$2.patch"; }

# Writes the line of the table into the folder of the bug: seeds, events of the shortest scenario, what was seen.
hunt() {  # name, composition, seeds; the headers are in its folder
    local folder=$work/$1
    if ! "${compile[@]}" "-DREPLICATOR_COMPOSITION=$2" -I"$folder/include" -I"$project/tests" "$here/hunt.cpp" \
        -o "$folder/hunt" >"$folder/log" 2>&1; then
        echo "broken - - it does not compile, see $folder/log"
        return
    fi
    "$folder/hunt" 1 "$3" 2>&1 || echo "broken - - the hunt failed"
}

prepare() {  # name
    rm -rf "${work:?}/$1"
    mkdir -p "$work/$1"
    cp -R "$headers" "$work/$1/include"
}

hunt_bug() {
    hunt "$1" "$(field Composition "$1")" "$seeds" >"$work/$1/result"
}
hunt_clean() { hunt "$1" "${1#clean-}" "$2" >"$work/$1/result"; }

# After how many seeds the last of a composition's bugs was found.
seeds_needed() {  # composition
    local bug kind after most=1
    for bug in "${bugs[@]}"; do
        [[ -n $bug && $(field Composition "$bug") == "$1" ]] || continue
        read -r kind after _ <"$work/$bug/result"
        if [[ $kind != found ]]; then after=$seeds; fi
        if ((after > most)); then most=$after; fi
    done
    echo "$most"
}

# At most `jobs` at once.
in_turn() {
    while (($(jobs -pr | wc -l) >= jobs)); do wait -n; done
    "$@" &
}

failures=0
complain() { echo "FAILED: $*" && ((++failures)); }

bugs=()
compositions=()
for patch in "$here"/*.patch; do
    bug=$(basename "$patch" .patch)
    is_wanted "$bug" && bugs+=("$bug")
    prepare "$bug"
    # All are applied, even if only some are hunted.
    if ! (cd "$work/$bug" && patch -s -p1 --fuzz=0 <"$patch" >apply.log 2>&1); then
        complain "$bug does not apply to the headers any more: $(head -1 "$work/$bug/apply.log")"
        bugs=("${bugs[@]/$bug/}")
    fi
done
for bug in "${bugs[@]}"; do
    [[ -n $bug ]] && compositions+=("$(field Composition "$bug")")
done
mapfile -t compositions < <(printf '%s\n' "${compositions[@]}" | sort -u)
((${#compositions[@]} > 0)) && [[ -n ${compositions[0]} ]] || { echo "no such bug" && exit 1; }

for bug in "${bugs[@]}"; do
    [[ -n $bug ]] && in_turn hunt_bug "$bug"
done
wait
for composition in "${compositions[@]}"; do
    prepare "clean-$composition"
    in_turn hunt_clean "clean-$composition" "$(seeds_needed "$composition")"
done
wait

found=0
found_soon=0
{
    printf '%-38s %-16s %6s %7s  %s\n' bug composition seeds events "what was seen"
    for bug in "${bugs[@]}"; do
        [[ -n $bug ]] || continue
        read -r kind after events why <"$work/$bug/result"
        case $kind in
            found) ;;
            clean) after="-" events="-" why="NOT FOUND in $seeds seeds" ;;
            *) after="-" events="-" ;;
        esac
        printf '%-38s %-16s %6s %7s  %s\n' "$bug" "$(field Composition "$bug")" "$after" "$events" "$why"
    done
} >"$work/table"
for bug in "${bugs[@]}"; do
    [[ -n $bug ]] || continue
    read -r kind after events why <"$work/$bug/result"
    case $kind in
        found) ((++found, after <= soon ? ++found_soon : 0)) ;;
        clean) complain "$bug is not found within $seeds seeds" ;;
        *) complain "$bug: $why" ;;
    esac
done
for composition in "${compositions[@]}"; do
    read -r kind after events why <"$work/clean-$composition/result"
    [[ $kind == clean ]] || complain "$composition without a bug: ${kind} ${after} ${events} ${why}"
done
{
    echo
    echo "${#compositions[@]} compositions without a bug, as many seeds as their bugs took; $found bugs found, $found_soon of them within $soon seeds"
} >>"$work/table"
cat "$work/table"
if ((${#wanted[@]} == 0 && found_soon * 2 < ${#bugs[@]})); then complain "less than half are found within $soon seeds"; fi
((failures == 0))
