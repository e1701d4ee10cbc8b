// SPDX-License-Identifier: BSL-1.0
// A state that stands still while it is saved, and a new one that is filled from its pieces.

#include "support/frames.hpp"

#include <replicator/core/snapshot.hpp>

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
        Thawing<Odd> thawing;
        thawing.begin();
        std::array<std::byte, 20> piece{};
        for (std::uint64_t offset = 0;;) {
            const std::size_t saved = frozen.save(offset, std::span(piece).first(size));
            if (saved == 0) break;
            BOOST_TEST(!thawing.complete());
            BOOST_TEST(thawing.load(std::span(piece).first(saved)));
            offset += saved;
        }
        BOOST_TEST(thawing.complete());
        BOOST_TEST((thawing.machine().bytes == machine.bytes));
        BOOST_TEST(thawing.load({}));
        BOOST_TEST(!thawing.load(std::span(piece).first(1)));
        // The next one begins anew.
        thawing.begin();
        BOOST_TEST(!thawing.complete());
        BOOST_TEST((thawing.machine().bytes == Odd{}.bytes));
        frozen.drop();
        BOOST_TEST(!frozen.taken());
    }
}

BOOST_AUTO_TEST_SUITE_END()
