#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# Plants the bugs of this folder one by one in a copy of the headers, and says after how many states the search shows
# each; of the others, at which seed the simulated pairs do. Fails when a patch does not apply, or a bug is not found.
#
#     run.sh [-b bug]... <folder to work in> [compiler] [seeds]
#
# -b: only bugs whose names begin so, e.g. -b 04; may be repeated. JOBS=n hunts so many at once, by default as many as
# there are processors.
set -u

here=$(cd "$(dirname "$0")" && pwd)
project=$(cd "$here/../../../.." && pwd)
wanted=()
while getopts b: option; do
    case $option in
        b) wanted+=("$OPTARG") ;;
        *) exit 2 ;;
    esac
done
shift $((OPTIND - 1))
work=${1:?a folder to work in}
compiler=${2:-${CXX:-g++}}
seeds=${3:-20000}
compile=("$compiler" -std=c++20 -O1)
# See the CMakeLists.txt of the project: less garbage is collected.
[[ $compiler == *clang* ]] || compile+=(--param=ggc-min-heapsize=1048576)
command -v patch >/dev/null || { echo "this needs the program patch" && exit 1; }
command -v ccache >/dev/null && compile=(ccache "${compile[@]}")
mkdir -p "$work" || exit 2

is_wanted() {  # bug
    local prefix
    ((${#wanted[@]} == 0)) && return 0
    for prefix in "${wanted[@]}"; do [[ $1 == "$prefix"* ]] && return 0; done
    return 1
}

# Compiles a program of the folder above with the bug in it.
build() {  # bug program
    "${compile[@]}" -I "$work/$1/include" -I "$project/tests" "$here/../$2.cpp" -o "$work/$1/$2" >"$work/$1/log" 2>&1 ||
        { echo "it does not compile, see $work/$1/log" && return 1; }
}

# What the search does not find within these bounds, the simulator must.
searches=(
    "--writes 3 --promotions 2 --crashes 2 --losses 2 --late 0"
    "--writes 2 --promotions 1 --crashes 0 --losses 0 --drops 1 --late 1"
    "--async --writes 3 --promotions 2 --crashes 2 --losses 1 --late 0"
    "--async --writes 1 --promotions 1 --hand-overs 1 --crashes 0 --losses 0 --drops 1 --late 1"
)
look_for() {  # bug
    local bounds
    build "$1" search || return
    for bounds in "${searches[@]}"; do
        # shellcheck disable=SC2086  # words of their own
        shows "$1" "search $bounds" "$work/$1/search" $bounds && return
    done
    build "$1" simulate || return
    shows "$1" simulate "$work/$1/simulate" --seeds "$seeds" && return
    echo "not found by the search, nor in $seeds seeds"
    return 1
}
# True when the command ends with a fault. Says which; more than a time that is too long.
shows() {  # bug name command...
    local name=$2 seen status
    seen=$(timeout 600 "${@:3}" 2>>"$work/$1/log")
    status=$?
    ((status != 0 && status != 3 && status != 124)) || return 1
    seen=${seen%%:$'\n'*}
    echo "$name: ${seen:-it ended by a trap}"
}
# Leaves in the folder of the bug what became of it, and whether that is as it must be.
hunt() {  # bug
    if look_for "$1" >"$work/$1/result"; then touch "$work/$1/found"; fi
}

failed=0
bugs=()
for file in "$here"/*.patch; do
    bug=$(basename "$file" .patch)
    rm -rf "${work:?}/$bug"
    mkdir -p "$work/$bug/include/replicator"
    cp -R "$project/include/replicator/." "$work/$bug/include/replicator"
    if ! patch -d "$work/$bug" -p1 --fuzz=0 -s -f <"$file" >"$work/$bug/log"; then
        echo "$bug: the patch does not apply"
        failed=1
        continue
    fi
    is_wanted "$bug" || continue
    bugs+=("$bug")
    # At most so many at once.
    while (($(jobs -pr | wc -l) >= ${JOBS:-$(nproc)})); do wait -n; done
    hunt "$bug" &
done
wait
for bug in "${bugs[@]}"; do
    echo "$bug: $(<"$work/$bug/result")"
    [[ -e $work/$bug/found ]] || failed=1
done
exit $failed
