// SPDX-License-Identifier: BSL-1.0
// A state that stands still while it is saved, and a new one that is filled from its pieces.

#include "support/frames.hpp"
#include "support/parts.hpp"

#include <replicator/core/frozen.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

BOOST_AUTO_TEST_SUITE(frozen_states)

namespace {

using namespace replicator;
using namespace replicator::core;

struct Odd {
    std::array<std::byte, 17> bytes{};
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_state_of_plain_bytes_is_saved_and_loaded_in_pieces_of_any_size) {
    Odd machine;
    for (std::size_t i = 0; i < machine.bytes.size(); ++i) machine.bytes[i] = static_cast<std::byte>(i + 1);
    for (std::size_t size = 1; size < 20; ++size) {
        Frozen<Odd> frozen;
        BOOST_TEST(!frozen.taken());
        frozen.take(machine);
        BOOST_TEST(frozen.taken());
        Loading<Odd> loading;
        loading.begin();
        std::array<std::byte, 20> piece{};
        for (std::uint64_t offset = 0;;) {
            const std::size_t saved = frozen.save(offset, std::span(piece).first(size));
            if (saved == 0) break;
            BOOST_TEST(!loading.complete());
            BOOST_TEST(loading.load(std::span(piece).first(saved)));
            offset += saved;
        }
        BOOST_TEST(loading.complete());
        BOOST_TEST((loading.machine().bytes == machine.bytes));
        BOOST_TEST(loading.load({}));
        BOOST_TEST(!loading.load(std::span(piece).first(1)));
        // The next one begins anew.
        loading.begin();
        BOOST_TEST(!loading.complete());
        BOOST_TEST((loading.machine().bytes == Odd{}.bytes));
        frozen.drop();
        BOOST_TEST(!frozen.taken());
    }
}

BOOST_AUTO_TEST_CASE(what_a_state_says_of_epochs_and_nodes_may_be_as_long_as_the_limits) {
    using Parts = support::PartsOf<>;
    Epochs<Parts::Limits::epochs_max> epochs;
    for (std::uint64_t i = 1; i <= Parts::Limits::epochs_max + 2; ++i) {
        epochs.push({support::epoch_of(i), Index{10 * i}, Chain{}, i % 2 == 0});
    }
    Roster<Parts::Limits::nodes_max> roster;
    constexpr std::array nodes{NodeId{1}, NodeId{2}, NodeId{3}, NodeId{4}, NodeId{5}};
    roster.set_nodes(nodes);
    std::array<std::byte, snapshot_tail_bytes_max<Parts::Limits>> tail{};
    BOOST_TEST(write_snapshot_tail<Parts>(tail.data(), epochs, roster) == tail.size());
    Epochs<Parts::Limits::epochs_max> read;
    Roster<Parts::Limits::nodes_max> roster_read;
    BOOST_REQUIRE(read_snapshot_tail<Parts>(tail, read, roster_read));
    BOOST_TEST((roster_read == roster));
    BOOST_TEST(read.all().size() == std::size_t{Parts::Limits::epochs_max});
    for (std::size_t i = 0; i < read.all().size(); ++i) BOOST_TEST(read.all()[i].forced == epochs.all()[i].forced);
    BOOST_TEST((read.before() == epochs.before() && read.before_first() == epochs.before_first()));
    BOOST_TEST((read.newest_forced() == epochs.newest_forced() && read.forced_before() == epochs.forced_before()));
}

BOOST_AUTO_TEST_SUITE_END()
