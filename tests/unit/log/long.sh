#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# The long forms of the tests of the log on a disk: every damage, many crashes, many traces. Takes about a minute.
#
#     tests/unit/log/long.sh build/test/tests/exhaustive_tests
set -euo pipefail

tests=${1:?the program exhaustive_tests}
export REPLICATOR_LONG_LOG_TESTS=1
"$tests" --color_output=no --log_level=message \
    --run_test='file_damage,file_crashes,file_snapshots,posix_storage'
