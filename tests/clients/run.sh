#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# Real clients, from npm and of pinned versions, against real servers.
#
#   run.sh BUILD      BUILD is a folder in which the examples were built, such as build/test
#
# Installs Node.js and npm where they are missing, and the clients into BUILD/clients. Exit status 77: there is no npm,
# and it cannot be installed.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=$(cd "${1:?which build folder?}" && pwd)
# shellcheck source=../install.sh
source "$here/../install.sh"

(install_missing "node: nodejs" "npm: npm") || true
if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
    echo "skipped: there is no npm, and it could not be installed"
    exit 77
fi

mkdir -p "$build/clients"
cd "$build/clients"
# Node looks for packages beside the program, so the program goes where they are.
cp "$here"/*.mjs .
if ! cmp -s "$here/package-lock.json" package-lock.json; then
    cp "$here"/package{,-lock}.json .
    npm ci --no-audit --no-fund || { rm package-lock.json && exit 1; }
fi
node main.mjs "$build/examples/kv_server"
