// SPDX-License-Identifier: BSL-1.0
// States that are made of containers: pieces of every size put together again, equal bytes for equal states, the work
// that a piece takes, and bytes that are none.

#include "support/cluster.hpp"

#include <replicator/state/frozen.hpp>
#include <replicator/state/loader.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <set>
#include <span>
#include <string>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

BOOST_AUTO_TEST_SUITE(state_frozen)

using namespace replicator;

namespace {

using Bytes = std::vector<std::byte>;

struct Parts {
    std::map<std::string, std::string> names;
    std::unordered_map<std::uint32_t, std::vector<std::uint16_t>> lists;
    std::unordered_set<std::string> words;
    std::vector<std::uint64_t> flat;
    std::string text;
    std::uint64_t number = 0;
    std::set<std::int32_t> none;

    auto freeze() const { return state::Frozen(names, lists, words, flat, text, number, none); }
    bool load(std::span<const std::byte> piece) {
        return loader.take(piece, names, lists, words, flat, text, number, none);
    }
    state::Loader loader;

    bool equals(const Parts& other) const {
        return names == other.names && lists == other.lists && words == other.words && flat == other.flat &&
               text == other.text && number == other.number && none == other.none;
    }
};

Parts some(bool backwards = false) {
    Parts parts;
    for (std::uint32_t k = 0; k < 300; ++k) {
        const std::uint32_t i = backwards ? 299 - k : k;
        parts.names["name " + std::to_string(i)] = std::string(i % 90, 'x');
        parts.lists[i * 31].assign(i % 7, static_cast<std::uint16_t>(i));
        parts.words.insert("word " + std::to_string(i));
        parts.flat.push_back(k);
    }
    parts.text.assign(1000, 't');
    parts.number = 42;
    return parts;
}

template <class Frozen>
Bytes all_of(const Frozen& frozen, std::size_t piece_bytes = 1000) {
    Bytes all, piece(piece_bytes);
    while (const std::size_t size = frozen.save(all.size(), piece))
        all.insert(all.end(), piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(size));
    return all;
}

Bytes bytes_of(std::initializer_list<unsigned> numbers) {
    Bytes all;
    for (const unsigned number : numbers) all.push_back(static_cast<std::byte>(number));
    return all;
}

/// Counts how often items are looked at.
struct Watched {
    std::uint32_t number = 0;
    inline static std::size_t looks = 0;
    static constexpr auto fields(auto& watched) {
        ++looks;
        return std::tie(watched.number);
    }
};

/// A machine whose state a follower gets in pieces.
struct Shelf {
    struct Command {
        std::uint32_t key;
        std::uint32_t copies;
    };
    std::unordered_map<std::uint32_t, std::string> books;
    std::uint32_t apply(const Command& command) {
        books[command.key].append(command.copies, 'b');
        return static_cast<std::uint32_t>(books.size());
    }
    auto freeze() const { return state::Frozen(books); }
    bool load(std::span<const std::byte> piece) { return loader.take(piece, books); }
    state::Loader loader;
};
static_assert(Freezable<Shelf>);

}  // namespace

BOOST_AUTO_TEST_CASE(pieces_of_every_size_are_put_together_again) {
    const Parts parts = some();
    const Bytes all = all_of(parts.freeze());
    for (const std::size_t size : {1u, 2u, 3u, 7u, 64u, 1000u, 100000u}) {
        const auto frozen = parts.freeze();
        Parts other;
        Bytes piece(size);
        std::uint64_t offset = 0;
        while (const std::size_t taken = frozen.save(offset, piece)) {
            BOOST_REQUIRE(other.load(std::span(piece).first(taken)));
            offset += taken;
            BOOST_TEST((taken == size || offset == all.size()));
        }
        BOOST_TEST(offset == all.size());
        BOOST_TEST(other.equals(parts), "in pieces of " << size);
    }
}

BOOST_AUTO_TEST_CASE(a_piece_may_be_asked_for_again_in_any_order) {
    const auto frozen = some().freeze();
    const Bytes all = all_of(frozen, 100);
    Bytes piece(100);
    for (std::size_t i = 0; i < 1000; ++i) {
        const std::size_t offset = i * 7919 % all.size();
        const std::size_t taken = frozen.save(offset, piece);
        BOOST_REQUIRE(taken == smaller(piece.size(), all.size() - offset));
        BOOST_REQUIRE(std::equal(piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(taken),
                                 all.begin() + static_cast<std::ptrdiff_t>(offset)));
    }
    BOOST_TEST(frozen.save(all.size(), piece) == 0u);
    BOOST_TEST(frozen.save(all.size() + 1, piece) == 0u);
}

BOOST_AUTO_TEST_CASE(equal_states_have_equal_bytes_whatever_came_first) {
    BOOST_TEST((all_of(some().freeze()) == all_of(some(true).freeze())));
}

BOOST_AUTO_TEST_CASE(a_frozen_state_stays_as_it_was_also_when_it_moves) {
    Parts parts = some();
    const Bytes all = all_of(parts.freeze());
    auto frozen = parts.freeze();
    Bytes piece(100);
    BOOST_TEST(frozen.save(0, piece) == 100u);
    parts.names.clear();
    parts.words.clear();
    auto moved = std::move(frozen);
    BOOST_TEST((all_of(moved) == all));
    auto copied = moved;
    moved = Parts{}.freeze();
    BOOST_TEST((all_of(copied) == all));
    BOOST_TEST((all_of(moved) == all_of(Parts{}.freeze())));
}

BOOST_AUTO_TEST_CASE(a_piece_takes_work_for_its_own_bytes) {
    std::vector<Watched> many(100000);
    const state::Frozen frozen(many);
    Bytes piece(400);
    std::uint64_t offset = 0;
    std::size_t most = 0;
    for (int i = 0; i < 900; ++i) {
        Watched::looks = 0;
        offset += frozen.save(offset, piece);
        most = larger(most, Watched::looks);
    }
    BOOST_TEST(most < 400u);  // a hundred items, each is measured and written
    // And again for those that are still on the way, for a follower that lost some.
    Watched::looks = 0;
    BOOST_TEST(frozen.save(offset - 8 * 400, piece) == 400u);
    BOOST_TEST(Watched::looks < 400u);
}

BOOST_AUTO_TEST_CASE(bytes_that_nobody_saved_are_refused) {
    std::map<std::uint8_t, std::uint8_t> map;
    const auto refused = [&](std::initializer_list<unsigned> numbers) {
        state::Loader loader;
        map.clear();
        return !loader.take(bytes_of(numbers), map);
    };
    BOOST_TEST(!refused({2, 0, 0, 0, 0, 0, 0, 0, 1, 1, 2, 2}));
    BOOST_TEST(map.size() == 2u);
    BOOST_TEST(!refused({2, 0, 0, 0, 0, 0, 0, 0, 1, 1, 2}));    // the rest may come
    BOOST_TEST(refused({2, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 2}));  // a key twice
    BOOST_TEST(refused({2, 0, 0, 0, 0, 0, 0, 0, 2, 1, 1, 2}));  // not in order
    BOOST_TEST(refused({1, 0, 0, 0, 0, 0, 0, 0, 1, 1, 2}));     // more than there is

    std::vector<std::string> lines;
    state::Loader loader;
    BOOST_TEST(
        !loader.take(bytes_of({1, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 9, 0, 0, 0, 'a'}), lines));  // of 9, in an item of 5
    BOOST_TEST(!loader.take(bytes_of({}), lines));                                              // and it stays refused
}

BOOST_AUTO_TEST_CASE(a_follower_gets_a_state_of_containers_in_pieces) {
    support::Cluster<support::Node<ack::Sync<>, Shelf>> group(2);
    for (std::uint32_t i = 0; i < 400; ++i) {
        BOOST_REQUIRE(group.at(1).write({i % 50, 20}));
        group.network.settle();
    }
    group.start(2);  // blank again, and the log of the leader no longer reaches back
    group.network.settle();
    BOOST_REQUIRE(group.at(1).write({1, 1}));
    for (int i = 0; i < 100; ++i) group.network.advance(milliseconds(10));
    BOOST_TEST((group.at(2).state().books == group.at(1).state().books));
    BOOST_TEST(group.at(2).state().books.size() == 50u);
}

BOOST_AUTO_TEST_SUITE_END()
