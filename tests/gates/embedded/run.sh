#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# Compiles the programs of this folder as firmware, refuses what firmware cannot have, and prints what the library
# costs.
#
#     run.sh cortex-m3 <folder to work in> [compiler]     links images; prints their sizes less those of the empty board,
#                                                         and the bytes of stack of the deepest path of calls
#     run.sh parts     <folder to work in> [compiler]     prints what each part costs that can be left out
#     run.sh host      <folder to work in> [compiler]     compiles objects for this machine
#
# Exit status 77: the compiler is not here.
set -euo pipefail

target=${1:?cortex-m3, parts or host}
work=${2:?a folder to work in}
here=$(cd "$(dirname "$0")" && pwd)
include=$here/../../../include

flags=(-std=c++20 -Os -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror
    -fno-exceptions -fno-rtti -fno-threadsafe-statics -fno-unwind-tables -fno-asynchronous-unwind-tables
    -ffunction-sections -fdata-sections -fno-common -fstack-usage -I "$include")
case $target in
    cortex-m3 | parts)
        compiler=${3:-arm-none-eabi-g++}
        tools=arm-none-eabi-
        # Old compilers passed some spans otherwise, of which this one tells at every call.
        flags+=(-mcpu=cortex-m3 -mthumb -Wno-psabi -fcallgraph-info=su)
        ;;
    host)
        compiler=${3:-g++}
        tools=
        flags+=(-fno-stack-protector -U_FORTIFY_SOURCE)
        ;;
    *)
        echo "unknown target $target" >&2
        exit 2
        ;;
esac
if ! command -v "$compiler" >/dev/null; then
    echo "skipped: there is no $compiler. Debian and Ubuntu:"
    echo "    apt-get install gcc-arm-none-eabi libstdc++-arm-none-eabi-newlib"
    exit 77
fi
mkdir -p "$work"

# Bytes of flash, memory and stack that the library may add. More is a mistake that somebody should see. A board with
# both roles has all features but `drain`, also those that two boards do not need; one with one role has no promotions.
programs=(leader follower group_leader_only group_follower_only)
declare -A flash_max=([leader]=37888 [follower]=37888 [group_leader_only]=24064 [group_follower_only]=18176)
declare -A memory_max=([leader]=6144 [follower]=6144 [group_leader_only]=5120 [group_follower_only]=5504)
declare -A stack_max=([leader]=1984 [follower]=1920 [group_leader_only]=1920 [group_follower_only]=1856)

# Heap, exceptions, type information, formatted output, division and atomics of 64 bits: nobody asked for these.
forbidden='^(malloc|calloc|realloc|free|_sbrk|_Zn[wa].*|_Zd[la].*|__cxa_.*'
forbidden+='|__gxx_personality.*|_Unwind_.*|__aeabi_unwind.*'
forbidden+='|_ZT[ISV].*|_ZSt.*throw.*|abort|raise|exit|.*printf.*|puts|__aeabi_u?ldivmod|__u?(div|mod)[dt]i[34]'
forbidden+='|__atomic_.*|__sync_.*|__assert.*)$'
# What the compiler itself may call, and what the board gives.
allowed='^(mem(cpy|move|set|cmp)|__aeabi_mem(cpy|move|set|clr)[48]?|__aeabi_[lu]?l(sl|sr|mul|cmp)|__aeabi_uidiv(mod)?'
allowed+='|_ZN5board.*|_GLOBAL_OFFSET_TABLE_'
# The checksum asks the processor of a large machine what it can do.
[[ $target == host ]] && allowed+='|__cpu_model|__cpu_indicator_init'
allowed+=')$'

failed=0
# Says, when there are any, which symbols somebody has and should not.
complain() {  # text, symbols one a line
    [[ -n $2 ]] || return 0
    echo "$1:"
    "${tools}c++filt" <<<"$2" | sed 's/^/    /'
    failed=1
}

# Objects: nothing undefined but what is allowed, nothing forbidden even if it is defined here.
for program in "${programs[@]}"; do
    [[ $target == parts ]] && break
    "$compiler" "${flags[@]}" -c "$here/$program.cpp" -o "$work/$program.o"
    undefined=$("${tools}nm" -u "$work/$program.o" | awk '{print $NF}')
    complain "$program.o needs what it should not need" "$(grep -vE "$allowed" <<<"$undefined" || true)"
    complain "$program.o has what it should not have" \
        "$("${tools}nm" "$work/$program.o" | awk '{print $NF}' | grep -E "$forbidden" || true)"
done

if [[ $target == host ]]; then
    ((failed == 0)) && echo "the firmware needs no more than memcpy and its kin"
    exit $failed
fi

# Images: what the standard library brings along is seen here.
# shellcheck disable=SC2054  # the comma is the linker's
link=(-nostartfiles --specs=nano.specs --specs=nosys.specs -Wl,--gc-sections -T "$here/board.ld")
"$compiler" "${flags[@]}" -c "$here/board.cpp" -o "$work/board.o"
"$compiler" "${flags[@]}" -c "$here/empty.cpp" -o "$work/empty.o"

sizes_of() { "${tools}size" -A "$1" | awk '
    $1 == ".text" { text = $2 } $1 == ".data" { data = $2 } $1 == ".bss" { bss = $2 }
    END { print text + 0, data + 0, bss + 0 }'; }

# shellcheck source=tests/gates/embedded/stack.sh
source "$here/stack.sh"

# Flash and memory of a board with both roles that leaves these parts out; less those of the empty board.
without() {  # what, in words; members of its options
    local work_header=$work/parts.hpp text data bss
    printf '#include <replicator/replicator.hpp>\nusing namespace replicator;\nstruct Parts : Options { %s };\n' \
        "$2" >"$work_header"
    "$compiler" "${flags[@]}" -include "$work_header" -DBOARD_PARTS=Parts -c "$here/leader.cpp" -o "$work/without.o"
    "$compiler" "${flags[@]}" "${link[@]}" "$work/board.o" "$work/without.o" -o "$work/without.elf"
    read -r text data bss < <(sizes_of "$work/without.elf")
    local flash=$((text + data - board_text - board_data)) memory=$((data + bss - board_data - board_bss))
    [[ -n ${all_flash:-} ]] || { all_flash=$flash all_memory=$memory; }
    printf '%-36s %8s %8s %8s %8s\n' "$1" "$flash" "$((flash - all_flash))" "$memory" "$((memory - all_memory))"
}

if [[ $target == parts ]]; then
    "$compiler" "${flags[@]}" "${link[@]}" "$work/board.o" "$work/empty.o" -o "$work/empty.elf"
    read -r board_text board_data board_bss < <(sizes_of "$work/empty.elf")
    no_hand_over='using HandOver = hand_over::Absent;'
    printf '%-36s %8s %8s %8s %8s\n' "Cortex-M3, bytes added" flash less memory less
    without "all parts" ''
    without "without tallies" 'using Tallies = tallies::Absent;'
    without "without hand-over" "$no_hand_over"
    without "without promotion and hand-over" "$no_hand_over using Promotion = promotion::Absent;"
    without "without snapshots" 'using Snapshots = snapshots::Absent;'
    without "without any of them" \
        "$no_hand_over using Promotion = promotion::Absent; using Snapshots = snapshots::Absent;
         using Tallies = tallies::Absent;"
    exit 0
fi

row() { printf '%-28s %8s %8s %8s %8s %8s %8s\n' "$@"; }
row "Cortex-M3, bytes" .text .data .bss flash memory stack
for program in empty "${programs[@]}"; do
    image=$work/$program.elf
    "$compiler" "${flags[@]}" "${link[@]}" "$work/board.o" "$work/$program.o" -o "$image"
    read -r text data bss < <(sizes_of "$image")
    if [[ $program == empty ]]; then
        board_text=$text board_data=$data board_bss=$bss
        row "the board alone" "$text" "$data" "$bss" $((text + data)) $((data + bss)) "$(stack_of "$work/empty.ci")"
        continue
    fi
    text=$((text - board_text)) data=$((data - board_data)) bss=$((bss - board_bss))
    stack=$(stack_of "$work/$program.ci")
    row "$program, added" "$text" "$data" "$bss" $((text + data)) $((data + bss)) "$stack"
    if ((text + data > flash_max[$program])); then
        echo "$program adds more than ${flash_max[$program]} bytes of flash"
        failed=1
    fi
    if ((data + bss > memory_max[$program])); then
        echo "$program adds more than ${memory_max[$program]} bytes of memory"
        failed=1
    fi
    if ((stack > stack_max[$program])); then
        echo "$program has a path of calls with more than ${stack_max[$program]} bytes of stack"
        failed=1
    fi
    complain "the image of the $program has what it should not have" \
        "$("${tools}nm" "$image" | awk '{print $NF}' | grep -E "$forbidden" || true)"
done
exit $failed
