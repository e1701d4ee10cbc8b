#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# Installs what is missing, builds, and runs all tests.
#
#     bash tests/run.sh [more arguments for ctest]
#
# JOBS=n compiles and tests with n processes; by default as many as there are processors.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# shellcheck source=tests/install.sh
source tests/install.sh
install_missing "cmake: cmake" "make: make" "g++: g++" \
    "/usr/include/asio.hpp: libasio-dev" "/usr/include/boost/test/unit_test.hpp: libboost-test-dev" \
    "patch: patch"
# A second build is much quicker with it, and nothing needs it.
install_missing_if_possible "ccache: ccache"

jobs=${JOBS:-$(nproc)}
log=build/test/tests.log

cmake --preset test
echo "building with $jobs processes ..."
cmake --build --preset test -j "$jobs"

status=0
# Two more than processors, because processes that are killed and started again are waited for.
ctest --preset test -j $((jobs + 2)) --output-log "$log" "$@" || status=$?

if ((status == 0)) && ! grep -q '100% tests passed' "$log"; then
    echo "no test ran"
    status=1
fi
exit $status
