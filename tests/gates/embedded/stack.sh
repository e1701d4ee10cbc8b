#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# For the scripts of this folder: the stack that a board needs.

# The deepest path from board::run, in bytes, by the frames that the compiler tells in its call graph.
stack_of() {  # its call graph
    awk '
    /^node:/ {
        match($0, /title: "[^"]*"/); name = substr($0, RSTART + 8, RLENGTH - 9)
        frame[name] = match($0, /[0-9]+ bytes/) ? substr($0, RSTART, RLENGTH) + 0 : 0
    }
    /^edge:/ {
        match($0, /sourcename: "[^"]*"/); from = substr($0, RSTART + 13, RLENGTH - 14)
        match($0, /targetname: "[^"]*"/); to = substr($0, RSTART + 13, RLENGTH - 14)
        calls[from] = calls[from] "\n" to
    }
    function deepest(name,    list, count, i, below, most) {
        if (name in known) return known[name]
        known[name] = frame[name]  # what calls itself does so once
        count = split(calls[name], list, "\n")
        for (i = 1; i <= count; ++i) {
            if (list[i] == "") continue
            below = deepest(list[i])
            if (below > most) most = below
        }
        return known[name] = frame[name] + most
    }
    END { print deepest("_ZN5board3runEv") }' "$1"
}
