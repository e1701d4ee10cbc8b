#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# Compiles the programs of this folder as firmware, refuses what firmware cannot have, and prints what the library
# costs.
#
#     run.sh cortex-m3 <folder to work in> [compiler]     links images; prints their sizes less those of the empty board
#     run.sh host      <folder to work in> [compiler]     compiles objects for this machine
#
# Exit status 77: the compiler is not here.
set -euo pipefail

target=${1:?cortex-m3 or host}
work=${2:?a folder to work in}
here=$(cd "$(dirname "$0")" && pwd)
include=$here/../../../include

flags=(-std=c++20 -Os -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror
    -fno-exceptions -fno-rtti -fno-threadsafe-statics -fno-unwind-tables -fno-asynchronous-unwind-tables
    -ffunction-sections -fdata-sections -fno-common -fstack-usage -I "$include")
case $target in
    cortex-m3)
        compiler=${3:-arm-none-eabi-g++}
        tools=arm-none-eabi-
        # Old compilers passed some spans otherwise, of which this one tells at every call.
        flags+=(-mcpu=cortex-m3 -mthumb -Wno-psabi)
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

# Bytes of flash and memory that the library may add. More is a mistake that somebody should see. All features but
# `drain` are in each image, also those that two boards do not need.
flash_max=$((38 * 1024))
memory_max=$((6 * 1024 + 64))  # until counters can be left out

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
for program in leader follower; do
    "$compiler" "${flags[@]}" -c "$here/$program.cpp" -o "$work/$program.o"
    undefined=$("${tools}nm" -u "$work/$program.o" | awk '{print $NF}')
    complain "$program.o needs what it should not need" "$(grep -vE "$allowed" <<<"$undefined" || true)"
    complain "$program.o has what it should not have" \
        "$("${tools}nm" "$work/$program.o" | awk '{print $NF}' | grep -E "$forbidden" || true)"
done

if [[ $target == host ]]; then
    ((failed == 0)) && echo "leader and follower need no more than memcpy and its kin"
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

# The largest stack frame of one function.
frame_of() { awk -F'\t' '$2 > largest { largest = $2 } END { print largest + 0 }' "$work/$1.su"; }

row() { printf '%-20s %8s %8s %8s %8s %8s %8s\n' "$@"; }
row "Cortex-M3, bytes" .text .data .bss flash memory frame
for program in empty leader follower; do
    image=$work/$program.elf
    "$compiler" "${flags[@]}" "${link[@]}" "$work/board.o" "$work/$program.o" -o "$image"
    read -r text data bss < <(sizes_of "$image")
    if [[ $program == empty ]]; then
        board_text=$text board_data=$data board_bss=$bss
        row "the board alone" "$text" "$data" "$bss" $((text + data)) $((data + bss)) "$(frame_of empty)"
        continue
    fi
    text=$((text - board_text)) data=$((data - board_data)) bss=$((bss - board_bss))
    row "$program, added" "$text" "$data" "$bss" $((text + data)) $((data + bss)) "$(frame_of "$program")"
    if ((text + data > flash_max)); then
        echo "$program adds more than $flash_max bytes of flash"
        failed=1
    fi
    if ((data + bss > memory_max)); then
        echo "$program adds more than $memory_max bytes of memory"
        failed=1
    fi
    complain "the image of the $program has what it should not have" \
        "$("${tools}nm" "$image" | awk '{print $NF}' | grep -E "$forbidden" || true)"
done
exit $failed
