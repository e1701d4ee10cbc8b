// SPDX-License-Identifier: BSL-1.0
// Which of the addresses behind a name is called next.

#include "kv/peers/address_choice.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(kv_addresses)

namespace {

using Found = std::vector<std::string>;

/// The connections and their ends are counted as the transport does.
struct Called {
    const std::string& look_up(const Found& found) {
        const std::string& chosen = choice.choose(found, connections);
        choice.chose(connections, failures);
        return chosen;
    }
    [[nodiscard]] bool is_due() const { return choice.is_due(failures); }

    kv::AddressChoice<std::string> choice;
    std::uint64_t connections = 0;
    std::uint64_t failures = 0;
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_name_is_looked_up_at_first_and_after_each_end) {
    Called called;
    BOOST_TEST(called.is_due());
    BOOST_TEST(called.look_up({"a"}) == "a");
    BOOST_TEST(!called.is_due());
    ++called.connections;
    BOOST_TEST(!called.is_due());
    ++called.failures;
    BOOST_TEST(called.is_due());
    BOOST_TEST(called.look_up({"b"}) == "b");
    BOOST_TEST(!called.is_due());
}

BOOST_AUTO_TEST_CASE(addresses_that_do_not_answer_take_turns) {
    Called called;
    for (const char* const expected : {"a", "b", "c", "a", "b"}) {
        BOOST_TEST(called.look_up({"a", "b", "c"}) == expected);
        ++called.failures;
    }
    // The one that was tried last is gone.
    BOOST_TEST(called.look_up({"c", "a"}) == "c");
}

BOOST_AUTO_TEST_CASE(an_address_that_worked_is_called_again_first) {
    Called called;
    const Found both{"a", "b"};
    BOOST_TEST(called.look_up(both) == "a");
    ++called.failures;
    BOOST_TEST(called.look_up(both) == "b");
    ++called.connections;
    ++called.failures;
    BOOST_TEST(called.look_up(both) == "b");
    ++called.failures;
    BOOST_TEST(called.look_up(both) == "a");
}

BOOST_AUTO_TEST_SUITE_END()
