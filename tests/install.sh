# SPDX-License-Identifier: BSL-1.0
# shellcheck shell=bash
# To be sourced: installs the Debian packages that are not there yet, with or without sudo, and says so.
#
# What is needed is given as "what: package", where `what` is a program or the path of a file, perhaps with a *; so
# a system that has it from elsewhere installs nothing.

# The packages, of those given, whose program or file is missing.
missing_packages() {
    local need what
    for need in "$@"; do
        what=${need%%: *}
        if [[ $what == /* ]]; then
            compgen -G "$what" >/dev/null || echo "${need#*: }"
        else
            command -v "$what" >/dev/null || echo "${need#*: }"
        fi
    done
}

# Installs packages; fails when it cannot.
install_packages() {
    local as_root=()
    command -v apt-get >/dev/null || return 1
    if ((EUID != 0)); then
        command -v sudo >/dev/null || return 1
        as_root=(sudo)
    fi
    echo "installing: $*"
    # sudo drops the environment, so the variable is set behind it.
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -qq </dev/null ||
        echo "apt-get update failed; going on with what it knew before"
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" \
        </dev/null >/dev/null
}

# Installs what is missing. Where that does not work it says what is needed and, where there is no apt-get at all,
# goes on: CMake knows better where to look.
install_missing() {
    local packages
    mapfile -t packages < <(missing_packages "$@")
    ((${#packages[@]} > 0)) || return 0
    if ! install_packages "${packages[@]}"; then
        {
            echo "These are missing and could not be installed here. On Debian and Ubuntu, as root:"
            echo "    apt-get install ${packages[*]}"
            echo "Elsewhere: CMake 3.25 or newer, make, g++ 12 or clang 14 or newer, standalone Asio 1.22 or newer, and"
            echo "Boost.Test 1.71 or newer. With these in place: cmake --workflow --preset test"
        } >&2
        if command -v apt-get >/dev/null; then exit 1; fi
    fi
}

# The same for what is nice to have: nobody is asked for a password.
install_missing_if_possible() {
    local packages
    mapfile -t packages < <(missing_packages "$@")
    ((${#packages[@]} > 0)) || return 0
    ((EUID == 0)) || sudo -n true 2>/dev/null || return 0
    install_packages "${packages[@]}" || echo "going on without: ${packages[*]}"
}
