#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# Compiles unit tests and scenarios for a machine of another kind, and runs them.
#
#     run.sh x86-32|mips-be <folder to work in> [arguments for the tests]
#
#   x86-32    words and pointers of 32 bits, and std::uint64_t aligned to 4 bytes in structures
#   mips-be   big-endian, words of 32 bits; runs under emulation
#
# JOBS=n compiles with n processes. Exit status 77: the compiler or the emulator is not here.
set -euo pipefail

machine=${1:?x86-32 or mips-be}
work=${2:?a folder to work in}
shift 2
cd "$(dirname "${BASH_SOURCE[0]}")/../../.."
# So many files are compiled as one: more of them take less processor time and more memory.
files_a_part=12

# The headers of Boost and of codecs are no different on these machines, and come last: the rest is the compiler's own.
case $machine in
    x86-32)
        compiler=g++-12
        options=(-m32 -idirafter /usr/include/x86_64-linux-gnu)
        needs=(/usr/lib/gcc/x86_64-linux-gnu/12/32/libstdc++.a)
        packages="g++-12-multilib"
        emulator=()
        ;;
    mips-be)
        compiler=mips-linux-gnu-g++
        options=(-idirafter /usr/include)
        needs=(/usr/mips-linux-gnu/lib/libc.so.6 "$(command -v "$compiler" || echo /missing)"
            "$(command -v qemu-mips || echo /missing)")
        packages="g++-mips-linux-gnu qemu-user"
        emulator=(qemu-mips -L /usr/mips-linux-gnu)
        ;;
    *)
        echo "there is no machine $machine"
        exit 2
        ;;
esac
for file in "${needs[@]}" /usr/include/boost/test/included/unit_test.hpp; do
    if [[ ! -e $file ]]; then
        echo "skipped: something is missing for $machine. Debian and Ubuntu: apt-get install libboost-test-dev $packages"
        exit 77
    fi
done

rm -rf "$work"
mkdir -p "$work"
work=$(cd "$work" && pwd)
project=$PWD
# Without -Wconversion: the tests and the simulator count in 64 bits what they keep in memory.
options+=(-std=c++20 -O0 --param=ggc-min-heapsize=1048576 -Wall -Wextra -Wpedantic -Wshadow -Werror -Wno-psabi
    -Wno-subobject-linkage -I "$project/include" -I "$project/tests")
launcher=()
! command -v ccache >/dev/null || launcher=(ccache)

# What depends on the machine: not what runs on Asio, on the disk of this one, or goes through a million cases. An emulator
# is ten times as slow, and its assembler slow as well: it is given what is about bytes.
folders=(tests/scenarios tests/unit/{ack,api,codec,concepts,core,encoding,log,machine,pair})
if [[ $machine == mips-be ]]; then
    folders=(tests/unit/{api,codec,concepts,encoding,log,machine,pair} tests/unit/core/{history,peer,snapshot,wire}
        tests/unit/core/{node/transcript,own_disk}.cpp)
fi
mapfile -t sources < <(find "${folders[@]}" -name '*.cpp' |
    grep -vE '/(policies|semi_sync|line|serial|shortages)\.cpp$|/log/file/(copies|crashes|damage|snapshots)\.cpp$' | LC_ALL=C sort)
echo '#define BOOST_TEST_MODULE replicator
#include <boost/test/included/unit_test.hpp>' >"$work/main.cpp"
count=0
for source in "${sources[@]}"; do
    printf '#include "%s"\n' "$project/$source" >>"$work/part_$((count / files_a_part)).cpp"
    count=$((count + 1))
done

compile() { "${launcher[@]}" "$compiler" "${options[@]}" -c "$1" -o "${1%.cpp}.o"; }
running=0
failed=0
for part in "$work"/*.cpp; do
    if ((running >= ${JOBS:-$(nproc)})); then
        wait -n || failed=1
        running=$((running - 1))
    fi
    compile "$part" &
    running=$((running + 1))
done
while ((running > 0)); do
    wait -n || failed=1
    running=$((running - 1))
done
((failed == 0)) || exit 1

"$compiler" "${options[@]}" -static "$work"/*.o -o "$work/tests"
echo "$machine: ${#sources[@]} files of tests"
"${emulator[@]}" "$work/tests" --color_output=no "$@"
