// SPDX-License-Identifier: BSL-1.0
// The version macros agree with each other and with what the build read from them.

#include <replicator/version.hpp>

#include <boost/test/unit_test.hpp>

#include <string>

BOOST_AUTO_TEST_SUITE(version)

BOOST_AUTO_TEST_CASE(the_parts_make_up_the_number) {
    BOOST_TEST(REPLICATOR_VERSION / 1'000'000 == REPLICATOR_VERSION_MAJOR);
    BOOST_TEST(REPLICATOR_VERSION / 1'000 % 1'000 == REPLICATOR_VERSION_MINOR);
    BOOST_TEST(REPLICATOR_VERSION % 1'000 == REPLICATOR_VERSION_PATCH);
}

BOOST_AUTO_TEST_CASE(the_build_read_the_same_version) {
    const std::string from_macros = std::to_string(REPLICATOR_VERSION_MAJOR) + "." +
                                    std::to_string(REPLICATOR_VERSION_MINOR) + "." +
                                    std::to_string(REPLICATOR_VERSION_PATCH);
    BOOST_TEST(from_macros == REPLICATOR_TEST_PROJECT_VERSION);
}

BOOST_AUTO_TEST_SUITE_END()
