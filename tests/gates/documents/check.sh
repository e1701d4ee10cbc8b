#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# Compiles and runs the code blocks of one document, and follows its links to other files.
#
#     [CXX=g++] [ASIO=yes|no] check.sh <root of the project> <document, relative to it> <folder to work in>
#
# How blocks are marked, by the words behind the three backticks:
#
#   cpp            with `int main` in it: a program. It is compiled with the flags of the first line of README.md that
#                  begins with g++, and run; it must end with status 0.
#                  without: headers, types, functions. It must compile as it stands, its own #include lines in it.
#   text output    what the program in the last cpp block before it prints, to the letter.
#   cpp fragment   not compiled. The line before the block must be a comment that says why: <!-- fragment: ... -->
#
# All else (sh, text, cmake ...) is left alone. A block with Asio in it is compiled with exceptions and type
# information, which Asio uses unless it is told otherwise, and is passed over where Asio is not installed.
set -u

root=${1:?the root of the project}
document=${2:?a document, relative to the root}
work=${3:?a folder to work in}

rm -rf "$work"
mkdir -p "$work"
work=$(cd "$work" && pwd)
cd "$root" || exit 2

failures=0
programs=0 pieces=0 outputs=0 fragments=0 passed_over=0 links=0
fail() {  # line, text
    printf '%s:%s: %s\n' "$document" "$1" "$2"
    failures=$((failures + 1))
}

# The words of the README's own compile line that are flags; the line a reader copies is the one that must work.
compile_flags() {
    local line="" word skip=""
    [[ -f README.md ]] &&
        line=$(sed -nE 's/^[[:space:]]*(\$ )?(g\+\+ .*)$/\2/p' README.md | head -n 1)
    if [[ -z $line ]]; then
        echo "-std=c++20 -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror -Iinclude"
        return
    fi
    line=${line%%&&*}
    for word in ${line#g++ }; do
        if [[ -n $skip ]]; then
            [[ $skip == -I ]] && echo "-I$word"
            skip=""
        elif [[ $word == -o || $word == -I ]]; then
            skip=$word
        elif [[ $word == -* && $word != -o* ]]; then
            echo "$word"
        fi
    done
}
mapfile -t flags < <(compile_flags | tr ' ' '\n')
compiler=${CXX:-g++}

needs_asio() { grep -qE '^#include <(asio|replicator/asio/|replicator/transport/asio_)' "$1"; }

# Cuts the document into $work/<line of the opening fence>.block, and prints "line kind why" for each.
blocks=$(awk -v work="$work" '
    /^ *```/ && !inside {
        inside = 1; opened = NR; info = $0; sub(/^ *```+ */, "", info); sub(/ *$/, "", info)
        indent = match($0, /`/) - 1
        file = work "/" NR ".block"; printf "" > file
        why = last ~ /^<!-- *fragment: *[^ ].*-->$/ ? "why" : "-"
        gsub(/ /, "_", info); print NR, info == "" ? "-" : info, why
        next
    }
    /^ *``` *$/ && inside { inside = 0; close(file); last = ""; next }
    inside {
        line = $0
        if (indent > 0 && substr(line, 1, indent) ~ /^ *$/) line = substr(line, indent + 1)
        print line > file
        next
    }
    { last = $0 }
    END { if (inside) print opened, "open", "-" }' "$document")

program=""  # the last program that ran, and the line where it stands
program_line=0
while read -r line kind why; do
    block=$work/$line.block
    case $kind in
        open) fail "$line" "the block is never closed" ;;
        cpp)
            program=""
            source=$work/line_$line.cpp
            cp "$block" "$source"
            extra=()
            if needs_asio "$source"; then
                if [[ ${ASIO:-yes} == no ]]; then
                    passed_over=$((passed_over + 1))
                    program="passed over"
                    continue
                fi
                extra=(-pthread -fexceptions -frtti)
            fi
            if grep -qE '\bint main\b' "$source"; then
                programs=$((programs + 1))
                if ! "$compiler" "${flags[@]}" ${extra[@]+"${extra[@]}"} "$source" -o "$work/line_$line" \
                        >"$work/compiler" 2>&1; then
                    fail "$line" "the program does not compile:"
                    cat "$work/compiler"
                    continue
                fi
                if (cd "$work" && timeout -k 1 60 "./line_$line") >"$work/line_$line.out" 2>&1 </dev/null; then
                    program=$work/line_$line.out
                    program_line=$line
                else
                    fail "$line" "the program ends with status $? and says:"
                    cat "$work/line_$line.out"
                fi
            else
                pieces=$((pieces + 1))
                # Nothing in it has to be used.
                "$compiler" "${flags[@]}" ${extra[@]+"${extra[@]}"} -Wno-unused -fsyntax-only "$source" \
                    >"$work/compiler" 2>&1 || {
                    fail "$line" "the code does not compile (what is no whole file is marked: cpp fragment):"
                    cat "$work/compiler"
                }
            fi
            ;;
        cpp_fragment)
            fragments=$((fragments + 1))
            [[ $why == why ]] ||
                fail "$line" "a fragment is not compiled, so the line before it must say why: <!-- fragment: ... -->"
            ;;
        text_output)
            outputs=$((outputs + 1))
            if [[ $program == "passed over" ]]; then
                :
            elif [[ -z $program ]]; then
                fail "$line" "there is no program before this output that ran"
            elif ! difference=$(diff -u "$block" "$program"); then
                fail "$line" "the program of line $program_line prints something else (- as written, + as printed):"
                tail -n +3 <<<"$difference"
            fi
            program=""
            ;;
        cpp_* | c++* | C++*) fail "$line" "unknown mark: $kind; a block is cpp or cpp fragment" ;;
    esac
done < <(printf '%s' "${blocks:+$blocks$'\n'}")

# Links to files: relative, outside of blocks, without what follows a #.
folder=$(dirname "$document")
while IFS=: read -r line link; do
    [[ -n $line ]] || continue
    target=${link%%#*}
    [[ -n $target ]] || continue
    links=$((links + 1))
    [[ -e $folder/$target ]] || fail "$line" "links to $target, which does not exist"
done < <(awk '
    /^ *```/ { inside = !inside; next }
    inside { next }
    {
        text = $0
        gsub(/`[^`]*`/, "", text)
        while (match(text, /\]\([^) ]+\)/)) {
            link = substr(text, RSTART + 2, RLENGTH - 3)
            if (link !~ /^[a-z]+:/) print NR ":" link
            text = substr(text, RSTART + RLENGTH)
        }
    }' "$document")

printf '%s: %s programs, %s outputs, %s pieces, %s fragments, %s links; %s passed over; %s mistakes\n' "$document" \
    "$programs" "$outputs" "$pieces" "$fragments" "$links" "$passed_over" "$failures"
((failures == 0))
