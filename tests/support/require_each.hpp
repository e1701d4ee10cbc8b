// SPDX-License-Identifier: BSL-1.0
// A check for loops of a million rounds.
#pragma once

#include <boost/test/unit_test.hpp>

/// BOOST_REQUIRE that counts only what fails: where nothing else is done, counting takes most of the time.
#define REPLICATOR_REQUIRE_EACH(...)                  \
    do {                                              \
        if (!(__VA_ARGS__)) BOOST_FAIL(#__VA_ARGS__); \
    } while (false)
