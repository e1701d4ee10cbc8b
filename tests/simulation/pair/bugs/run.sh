#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# Plants the bugs of this folder one by one in a copy of the headers, and says at which seed the simulated pairs show
# each. Fails when a patch does not apply, or a bug is not found.
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

# Leaves in the folder of the bug what became of it, and whether that is as it must be.
hunt() {  # bug
    local folder=$work/$1 seen
    if ! "${compile[@]}" -I "$folder/include" -I "$project/tests" "$here/../simulate.cpp" -o "$folder/simulate" \
        >"$folder/log" 2>&1; then
        echo "it does not compile, see $folder/log" >"$folder/result"
    elif seen=$(timeout 600 "$folder/simulate" --seeds "$seeds"); then
        echo "not found in $seeds seeds" >"$folder/result"
    else
        echo "${seen:-it ended by a trap}" >"$folder/result"
        touch "$folder/found"
    fi
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
