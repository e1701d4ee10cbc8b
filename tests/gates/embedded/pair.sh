#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# Links the boards of a pair for a Cortex-M3, and prints what the library adds: flash, memory, and the bytes of stack
# of the deepest path of calls. Fails above the bounds.
#
#     pair.sh <folder to work in> [compiler]
#
# Exit status 77: the compiler is not here.
set -euo pipefail

work=${1:?a folder to work in}
compiler=${2:-arm-none-eabi-g++}
here=$(cd "$(dirname "$0")" && pwd)

# flash of the promotable board, of the leader, of the follower; memory; stack
declare -A flash_max=([promotable]=5120 [leader]=3584 [follower]=3072)
memory_max=1536
stack_max=384

if ! command -v "$compiler" >/dev/null; then
    echo "skipped: there is no $compiler. Debian and Ubuntu:"
    echo "    apt-get install gcc-arm-none-eabi libstdc++-arm-none-eabi-newlib"
    exit 77
fi
mkdir -p "$work"

flags=(-std=c++20 -Os -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror
    -fno-exceptions -fno-rtti -fno-threadsafe-statics -fno-unwind-tables -fno-asynchronous-unwind-tables
    -ffunction-sections -fdata-sections -fno-common -fcallgraph-info=su -mcpu=cortex-m3 -mthumb -Wno-psabi
    -I "$here/../../../include")
# shellcheck disable=SC2054  # the comma is the linker's
link=(-nostartfiles --specs=nano.specs --specs=nosys.specs -Wl,--gc-sections -T "$here/board.ld")
forbidden='^(malloc|calloc|realloc|free|_sbrk|_Zn[wa].*|_Zd[la].*|__cxa_.*|__gxx_personality.*|_Unwind_.*'
forbidden+='|_ZT[ISV].*|abort|raise|exit|.*printf.*|puts|__aeabi_u?ldivmod|__u?(div|mod)[dt]i[34]|__atomic_.*|__sync_.*)$'

sizes_of() { arm-none-eabi-size -A "$1" | awk '
    $1 == ".text" { text = $2 } $1 == ".data" { data = $2 } $1 == ".bss" { bss = $2 }
    END { print text + data, data + bss }'; }

# shellcheck source=tests/gates/embedded/stack.sh
source "$here/stack.sh"

"$compiler" "${flags[@]}" -c "$here/board.cpp" -o "$work/board.o"
"$compiler" "${flags[@]}" -c "$here/empty.cpp" -o "$work/empty.o"
"$compiler" "${flags[@]}" "${link[@]}" "$work/board.o" "$work/empty.o" -o "$work/empty.elf"
read -r board_flash board_memory < <(sizes_of "$work/empty.elf")

failed=0
row() { printf '%-24s %8s %8s %8s\n' "$@"; }
check() {  # what, bytes, bound
    (($2 <= $3)) && return
    echo "$1: $2 bytes, and may have $3"
    failed=1
}
row "Cortex-M3, bytes added" flash memory stack
for program in promotable leader follower; do
    "$compiler" "${flags[@]}" -c "$here/pair_$program.cpp" -o "$work/$program.o"
    "$compiler" "${flags[@]}" "${link[@]}" "$work/board.o" "$work/$program.o" -o "$work/$program.elf"
    read -r flash memory < <(sizes_of "$work/$program.elf")
    stack=$(stack_of "$work/$program.ci")
    row "$program" $((flash - board_flash)) $((memory - board_memory)) "$stack"
    check "flash of the $program" $((flash - board_flash)) "${flash_max[$program]}"
    check "memory of the $program" $((memory - board_memory)) "$memory_max"
    check "stack of the $program" "$stack" "$stack_max"
    bad=$(arm-none-eabi-nm "$work/$program.elf" | awk '{print $NF}' | grep -E "$forbidden" || true)
    [[ -z $bad ]] || { echo "the $program has what it should not have: $bad"; failed=1; }
done

# The promotable board without one part each.
without() {  # what, in words; members of its options
    printf '#include <replicator/profile/pair.hpp>\nusing namespace replicator;\nstruct Parts : profile::Pair { %s };\n' \
        "$2" >"$work/parts.hpp"
    "$compiler" "${flags[@]}" -include "$work/parts.hpp" -DPAIR_PARTS=Parts -c "$here/pair_promotable.cpp" \
        -o "$work/without.o"
    "$compiler" "${flags[@]}" "${link[@]}" "$work/board.o" "$work/without.o" -o "$work/without.elf"
    read -r flash memory < <(sizes_of "$work/without.elf")
    row "$1" $((flash - board_flash)) $((memory - board_memory)) ""
}
without "without hand-over" 'using HandOver = hand_over::Absent; using Transfer = pair::transfer::Pieces<16>;'
without "the state in one frame" 'using Transfer = pair::transfer::Whole;'
without "without both" 'using HandOver = hand_over::Absent; using Transfer = pair::transfer::Whole;'
exit $failed
