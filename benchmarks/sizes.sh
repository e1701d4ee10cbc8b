#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# What it costs to have the library in a program: bytes of code, and seconds of a compiler. Prints the README's table.
#
#     benchmarks/sizes.sh
#
# CXX is the compiler, g++ if not said. Code is what `size` calls text, less that of a program that only prints; seconds are
# of processor time, the least of three. A row whose compiler or library is missing says so.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
compiler=${CXX:-g++}
compile=("$compiler" -std=c++20 -O2 -I "$root/include")

printf '#include <cstdio>\nint main() { std::printf("%%d\\n", 5); }\n' >"$work/prints.cpp"
printf '#include <replicator/replicator.hpp>\nint main() {}\n' >"$work/included.cpp"
printf '#include <iostream>\nint main() {}\n' >"$work/iostream.cpp"
cp "$root/examples/counter.cpp" "$work/counter.cpp"
# The README's program that begins with this line.
block() { awk -v first="$1" '/^```cpp/ { inside = 1; text = ""; next }
    /^```/ { if (inside && index(text, first) == 1) printf "%s", text; inside = 0; next }
    inside { text = text $0 "\n" }' "$root/README.md"; }
block '#include <replicator/ack/majority.hpp>' >"$work/asio.cpp"
block '#include <replicator/log/file.hpp>' >"$work/file.cpp"

text_of() { size "$1" | awk 'NR == 2 { print $1 }'; }
# Seconds of processor time for one object file, the least of three.
seconds_of() {  # source, options...
    local source=$1 turn least=
    shift
    for turn in 1 2 3; do
        { TIMEFORMAT='%U %S'; time "${compile[@]}" "$@" -c "$source" -o "$work/timed.o" 2>/dev/null; } 2>"$work/time"
        least=$(awk -v least="$least" '{ s = $1 + $2; print (least == "" || s < least) ? s : least }' "$work/time")
    done
    printf '%.1f' "$least"
}
row() {  # title, name, options...
    local title=$1 name=$2 code=-
    shift 2
    if ! "${compile[@]}" "$@" "$work/$name.cpp" -o "$work/$name" 2>"$work/errors"; then
        echo "| $title | does not compile here: $(grep -m 1 -o 'error.*' "$work/errors") | |"
        return
    fi
    code=$((($(text_of "$work/$name") - printing + 512) / 1024))
    echo "| $title | $code KB | $(seconds_of "$work/$name.cpp" "$@") s |"
}

"${compile[@]}" "$work/prints.cpp" -o "$work/prints"
printing=$(text_of "$work/prints")

echo "| $("$compiler" --version | head -n 1), \`-O2\` | code | compiles in |"
echo "|---|---|---|"
row '`#include <iostream>` alone, to compare' iostream
row '`#include <replicator/replicator.hpp>` alone' included
row 'the program above: ring, semi-sync, both roles' counter -fno-exceptions -fno-rtti
row 'with a log on a disk' file
row 'with Asio, most of which is Asio' asio -pthread
echo
bash "$root/tests/gates/embedded/run.sh" cortex-m3 "$work/firmware" || [[ $? == 77 ]]
bash "$root/tests/gates/embedded/pair.sh" "$work/pair" || [[ $? == 77 ]]
