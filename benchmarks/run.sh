#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# Builds and runs the benchmarks; prints tables and writes them as CSV. It installs nothing.
#
#     benchmarks/run.sh                     everything, a few minutes
#     benchmarks/run.sh --quick             fewer and shorter rounds, under a minute once it is built
#     benchmarks/run.sh --only "depth 1"    only comparisons whose title contains this; "failover" for its pauses
#     benchmarks/run.sh --patience 300      waits up to so many seconds, for each program, for a quiet machine
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
build="$root/build/benchmarks"
csv="$build/results.csv"

need() {
    if ! eval "$2" > /dev/null 2>&1; then
        echo "benchmarks/run.sh: $1 is missing. On Debian and Ubuntu: apt-get install cmake make g++ libasio-dev" >&2
        exit 1
    fi
}
need "cmake" "command -v cmake"
need "make" "command -v make"
need "a C++ compiler" "command -v ${CXX:-g++}"
need "standalone Asio" "echo '#include <asio/version.hpp>' | ${CXX:-g++} ${CPPFLAGS:-} -x c++ -fsyntax-only -"
if [[ "$(uname -s)" != Linux ]]; then
    echo "benchmarks/run.sh: needs Linux, for pinning, fork and /proc" >&2
    exit 1
fi

# One level of optimization for ours and for the baselines. Fresh, because a cache of another compiler is thrown away
# together with the options.
mkdir -p "$root/build"
cmake --fresh -S "$root" -B "$build" -G "Unix Makefiles" \
    -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_FLAGS_RELEASE="-O2 -DNDEBUG" -DCMAKE_CXX_COMPILER="${CXX:-g++}" \
    -DREPLICATOR_BUILD_BENCHMARKS=ON -DREPLICATOR_BUILD_TESTS=OFF -DREPLICATOR_BUILD_EXAMPLES=OFF > "$build.log" 2>&1 ||
    { cat "$build.log" >&2; exit 1; }
cmake --build "$build" --parallel "${JOBS:-$(nproc)}"

echo
echo "processor   $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), $(nproc) cores"
echo "system      $(uname -sr)"
echo "compiler    $(${CXX:-g++} --version | head -n 1), -O2"
echo "load        $(cut -d ' ' -f 1-3 /proc/loadavg) before the first round"
echo "Read the ratios: both sides of one were measured in the same rounds, alternating."

rm -f "$csv"
"$build/benchmarks/benchmark_in_process" --csv "$csv" "$@"
"$build/benchmarks/benchmark_tcp" --csv "$csv" "$@"
"$build/benchmarks/benchmark_failover" --csv "$csv" "$@"
# Writes where it stands: about three gigabytes, removed afterwards.
(cd "$build" && benchmarks/benchmark_file_log --csv "$csv" "$@")
# Is there where liburing is.
if [[ -x "$build/benchmarks/benchmark_flush_ways" ]]; then
    (cd "$build" && benchmarks/benchmark_flush_ways --csv "$csv" "$@")
fi

echo
echo "load        $(cut -d ' ' -f 1-3 /proc/loadavg) after the last round"
echo "goals       $(grep -c ',met' "$csv" || true) met, $(grep -c ',missed' "$csv" || true) missed," \
    "of which $(grep -c ' on a busy machine$' "$csv" || true) were measured on a busy machine"
echo "as CSV      ${csv#"$root"/}"
