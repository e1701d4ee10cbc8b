// SPDX-License-Identifier: BSL-1.0
// The epochs of a log as tables: which position can stand in it, where another log may still agree with it, and what
// the forgotten ones still say.

#include "support/frames.hpp"

#include <replicator/core/history/epochs.hpp>

#include <boost/test/unit_test.hpp>

#include <cstdint>

BOOST_AUTO_TEST_SUITE(epoch_tables)

namespace {

using namespace replicator;
using core::Epochs;

constexpr Epoch epoch(std::uint64_t counter) { return counter == 0 ? Epoch{} : Epoch{counter, NodeId{1}, 1}; }
constexpr Position at(std::uint64_t counter, std::uint64_t index) { return {epoch(counter), Index{index}}; }

/// Entries 1 to 4 are of epoch 1, 5 to 8 of epoch 3, and those from 9 on of epoch 6.
Epochs<4> three_epochs() {
    Epochs<4> epochs;
    epochs.push({epoch(1), Index{1}});
    epochs.push({epoch(3), Index{5}});
    epochs.push({epoch(6), Index{9}});
    return epochs;
}

/// Remembers 3 (from entry 30 on) and 4 (from 40 on); forgot 1 (from 10 on) and 2 (from 20 on).
Epochs<2> forgetful(bool forced = false) {
    Epochs<2> epochs;
    for (std::uint64_t i = 1; i <= 4; ++i) epochs.push({epoch(i), Index{10 * i}, Chain{}, forced && i == 2});
    return epochs;
}

}  // namespace

BOOST_AUTO_TEST_CASE(another_log_may_agree_up_to_the_newest_entry_that_is_not_of_a_newer_epoch) {
    const Epochs<4> epochs = three_epochs();
    const auto newest = [&epochs](Position bound, std::uint64_t last) {
        return epochs.newest_at_or_below(bound, Index{last});
    };
    BOOST_TEST((newest(at(6, 12), 12) == at(6, 12)));
    BOOST_TEST((newest(at(6, 12), 10) == at(6, 10)));
    BOOST_TEST((newest(at(6, 10), 12) == at(6, 10)));
    BOOST_TEST((newest(at(6, 9), 12) == at(6, 9)));
    BOOST_TEST((newest(at(6, 8), 12) == at(3, 8)));
    BOOST_TEST((newest(at(6, 12), 7) == at(3, 7)));
    BOOST_TEST((newest(at(5, 12), 12) == at(3, 8)));
    BOOST_TEST((newest(at(5, 6), 12) == at(3, 6)));
    BOOST_TEST((newest(at(3, 9), 12) == at(3, 8)));
    BOOST_TEST((newest(at(3, 5), 12) == at(3, 5)));
    BOOST_TEST((newest(at(2, 7), 12) == at(1, 4)));
    BOOST_TEST((newest(at(2, 5), 12) == at(1, 4)));
    BOOST_TEST((newest(at(0, 7), 12) == at(0, 0)));
    // Of forgotten epochs only the newest is known, and where it began.
    const Epochs<2> few = forgetful();
    BOOST_TEST((few.newest_at_or_below(at(2, 35), Index{45}) == at(2, 29)));
    BOOST_TEST((few.newest_at_or_below(at(2, 25), Index{45}) == at(2, 25)));
    BOOST_TEST((few.newest_at_or_below(at(1, 25), Index{45}) == at(0, 19)));
    BOOST_TEST((few.newest_at_or_below(at(1, 20), Index{45}) == at(0, 19)));
    BOOST_TEST((few.newest_at_or_below(at(1, 15), Index{45}) == at(0, 15)));
}

BOOST_AUTO_TEST_CASE(a_final_entry_of_another_epoch_excludes_a_position) {
    const Epochs<4> epochs = three_epochs();
    struct Row {
        Position position;
        std::uint64_t final;
        bool excluded;
    };
    for (const Row& row : {
             Row{at(1, 4), 10, false},
             Row{at(1, 5), 10, true},
             Row{at(2, 4), 10, true},
             Row{at(2, 5), 10, true},
             Row{at(3, 4), 10, true},
             Row{at(3, 5), 10, false},
             Row{at(3, 8), 10, false},
             Row{at(3, 9), 10, true},
             Row{at(6, 8), 10, true},
             Row{at(6, 9), 10, false},
             Row{at(6, 11), 10, false},
             Row{at(7, 9), 10, true},
             Row{at(7, 10), 10, true},
             Row{at(7, 11), 10, false},
             // What is not final may still become another entry, also one of an older epoch.
             Row{at(7, 9), 8, false},
             Row{at(7, 8), 8, true},
             Row{at(3, 9), 8, false},
             Row{at(3, 9), 9, true},
         }) {
        BOOST_TEST(epochs.excludes(row.position, Index{row.final}) == row.excluded,
                   support::text(row.position) << " of a log that is final up to " << row.final);
    }
    BOOST_TEST(!Epochs<2>().excludes(at(1, 1), Index{5}));
    const Epochs<2> few = forgetful();
    BOOST_TEST(!few.excludes(at(2, 25), Index{50}));
    BOOST_TEST(few.excludes(at(1, 25), Index{50}));
    BOOST_TEST(!few.excludes(at(1, 15), Index{50}));  // nobody can tell
}

BOOST_AUTO_TEST_CASE(the_newest_forced_epoch_is_remembered_longer_than_the_others) {
    Epochs<2> epochs;
    BOOST_TEST((epochs.newest_forced() == Position{}));
    epochs.push({epoch(1), Index{10}, Chain{}, true});
    BOOST_TEST((epochs.newest_forced() == at(1, 10)));
    epochs.push({epoch(2), Index{20}, Chain{}, true});
    BOOST_TEST((epochs.newest_forced() == at(2, 20)));
    epochs.push({epoch(3), Index{30}});
    epochs.push({epoch(4), Index{40}});
    BOOST_TEST((epochs.newest_forced() == at(2, 20)));
    epochs.cut(Index{21});
    BOOST_TEST((epochs.newest_forced() == at(2, 20)));
    epochs.cut(Index{20});
    BOOST_TEST((epochs.newest_forced() == Position{}));
}

BOOST_AUTO_TEST_CASE(a_cut_leaves_the_newest_forgotten_epoch_where_it_began_before) {
    Epochs<2> epochs = forgetful();
    BOOST_TEST(epochs.before() == epoch(2));
    BOOST_TEST(epochs.before_first() == Index{20});
    epochs.cut(Index{21});
    BOOST_TEST(epochs.last() == epoch(2));
    BOOST_TEST(epochs.at(Index{20}) == epoch(2));
    BOOST_TEST(epochs.at(Index{19}) == Epoch{});
    epochs.cut(Index{20});
    BOOST_TEST(epochs.last() == Epoch{});
    BOOST_TEST(epochs.before_first() == Index{});
}

BOOST_AUTO_TEST_CASE(what_somebody_says_of_the_end_counts_only_where_nothing_is_known) {
    Epochs<2> epochs;
    epochs.learn(at(3, 7));
    BOOST_TEST(epochs.at(Index{7}) == epoch(3));
    BOOST_TEST(epochs.at(Index{6}) == Epoch{});
    epochs.learn(at(4, 8));
    BOOST_TEST(epochs.last() == epoch(3));
    Epochs<4> known = three_epochs();
    known.learn(at(9, 12));
    BOOST_TEST(known.last() == epoch(6));
    BOOST_TEST(known.before() == Epoch{});
}

BOOST_AUTO_TEST_CASE(what_lay_before_a_state_is_known_by_what_it_left_behind) {
    Epochs<2> epochs = forgetful(true);
    epochs.begin(epoch(7), Index{70}, at(5, 50));
    BOOST_TEST(epochs.all().empty());
    BOOST_TEST(epochs.last() == epoch(7));
    BOOST_TEST(epochs.at(Index{70}) == epoch(7));
    BOOST_TEST(epochs.at(Index{69}) == Epoch{});
    BOOST_TEST((epochs.newest_forced() == at(5, 50)));
    BOOST_TEST((epochs.forced_before() == at(5, 50)));
}

BOOST_AUTO_TEST_SUITE_END()
