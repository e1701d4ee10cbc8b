# SPDX-License-Identifier: BSL-1.0
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154  # the script that sources this shares variables
# What the scripts that drive a cluster are called with: BUILD [NUMBER] [--NAME VALUE]... To be sourced by bash, at the
# top of a script, whose arguments it takes.
#
# Set before: script (its name), number (the variable that takes the NUMBER, or empty), options (an array: the NAMEs,
# each a variable that has its default). Sets those variables, and build, the folder of the programs.

build=${1:?which build folder?}/examples
shift
if [[ -n $number && ${1:-} =~ ^[0-9]+$ ]]; then
    printf -v "$number" %s "$1"
    shift
fi
while (($#)); do
    option=${1#--}
    option=${option//-/_}
    if [[ $1 != --* || " ${options[*]} " != *" $option "* ]] || (($# < 2)); then
        echo "$script: what is $1?" >&2
        exit 2
    fi
    printf -v "$option" %s "$2"
    shift 2
done
