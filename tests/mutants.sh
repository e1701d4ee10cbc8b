#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# Would the tests notice? Mutates the core and the policies by the rules of tests/mutants/mutate.py, and runs the
# quickest tests against each mutant that is drawn: scenarios and tests of single parts, then the simulator, then the
# search. All mutants are compiled into one program, in a copy of the headers, and one is alive in each run.
#
#     bash tests/mutants.sh [--count 500] [--seed SEED]     goes on where it was stopped
#     bash tests/mutants.sh --only core/lead/seat.hpp            see --help
#
# What survives either changes nothing, which tests/mutants/equivalent.txt then says and why, or needs a test.
# CXX is the compiler, JOBS=n uses n processes.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# shellcheck source=tests/install.sh
source tests/install.sh
install_missing "python3: python3" "g++: g++" "/usr/include/boost/test/unit_test.hpp: libboost-test-dev"

exec python3 -B tests/mutants/run.py "$@"
