// SPDX-License-Identifier: BSL-1.0
// What is promised for reads that may be old, and that each kind of violation is found where it is planted.

#include <replicator/sim/history/operation.hpp>
#include <replicator/sim/history/stale_reads.hpp>

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <string>
#include <vector>

using namespace replicator;
using sim::Answer;
using sim::Operation;
using sim::OperationKind;

BOOST_AUTO_TEST_SUITE(stale_reads)

namespace {

Operation put(const std::string& value, std::uint64_t called, std::uint64_t returned, Answer answer = Answer::succeeded,
              std::uint64_t client = 1) {
    Operation operation;
    operation.client = client;
    operation.kind = OperationKind::put;
    operation.key = "k";
    operation.value = value;
    operation.called = called;
    operation.returned = returned;
    operation.answer = answer;
    operation.node = NodeId{1};
    return operation;
}

Operation get(const std::string& output, std::uint64_t called, std::uint32_t node = 2, std::uint64_t client = 7) {
    Operation operation;
    operation.client = client;
    operation.key = "k";
    operation.output = output;
    operation.called = called;
    operation.returned = called + 1;
    operation.answer = Answer::succeeded;
    operation.node = NodeId{node};
    return operation;
}

Operation get_after(const std::string& output, std::uint64_t called, std::uint64_t client) {
    Operation operation = get(output, called, 2, client);
    operation.index = Index{1};
    return operation;
}

using Operations = std::vector<Operation>;

const Operations three_writes{put("a", 10, 20), put("b", 30, 40), put("c", 50, 60)};

}  // namespace

BOOST_AUTO_TEST_CASE(old_states_in_their_order_are_right) {
    const Operations reads{get("a", 100), get("a", 110), get("b", 120), get("c", 130)};
    const auto found = check_stale_reads(three_writes, reads);
    BOOST_TEST(static_cast<bool>(found), found.explanation);
    BOOST_TEST(found.checked == 4u);
    BOOST_TEST(found.skipped == 0u);
    BOOST_TEST(found.sessions == 1u);
}

BOOST_AUTO_TEST_CASE(a_value_that_nobody_wrote_is_found) {
    BOOST_TEST(check_stale_reads(three_writes, Operations{get("d", 100)}).wrong == 1u);
}

BOOST_AUTO_TEST_CASE(a_value_from_the_future_is_found) {
    BOOST_TEST(check_stale_reads(three_writes, Operations{get("c", 45)}).wrong == 1u);
    BOOST_TEST(check_stale_reads(three_writes, Operations{get("c", 50)}).wrong == 0u);
}

BOOST_AUTO_TEST_CASE(a_refused_write_is_never_shown) {
    const Operations writes{put("a", 10, 20, Answer::refused)};
    BOOST_TEST(check_stale_reads(writes, Operations{get("a", 100)}).wrong == 1u);
}

BOOST_AUTO_TEST_CASE(a_session_that_goes_back_in_time_is_found) {
    const auto found = check_stale_reads(three_writes, Operations{get("b", 100), get("a", 110)});
    BOOST_TEST(found.wrong == 1u);
    BOOST_TEST(found.explanation.find("this session had read") != std::string::npos, found.explanation);
    // Also when something that overlaps with both was read between.
    Operations writes = three_writes;
    writes.push_back(put("long", 10, 60));
    const Operations reads{get("b", 100), get("long", 110), get("a", 120)};
    BOOST_TEST(check_stale_reads(writes, reads).wrong == 1u);
}

BOOST_AUTO_TEST_CASE(what_another_session_read_does_not_bind) {
    BOOST_TEST(check_stale_reads(three_writes, Operations{get("b", 100, 2), get("a", 110, 3)}).wrong == 0u);
    BOOST_TEST(check_stale_reads(three_writes, Operations{get("b", 100, 2, 7), get("a", 110, 2, 8)}).wrong == 0u);
}

BOOST_AUTO_TEST_CASE(writes_that_overlap_may_come_in_either_order) {
    const Operations writes{put("a", 10, 40), put("b", 30, 50)};
    BOOST_TEST(check_stale_reads(writes, Operations{get("b", 100), get("a", 110)}).wrong == 0u);
}

BOOST_AUTO_TEST_CASE(a_write_of_unknown_end_may_come_late) {
    const Operations writes{put("a", 10, 0, Answer::unknown), put("b", 30, 40)};
    BOOST_TEST(check_stale_reads(writes, Operations{get("b", 100), get("a", 110)}).wrong == 0u);
    // But not when it was seen before.
    Operations seen = writes;
    seen.push_back(get("a", 20, 1, 3));
    BOOST_TEST(check_stale_reads(seen, Operations{get("b", 100), get("a", 110)}).wrong == 1u);
}

BOOST_AUTO_TEST_CASE(a_swap_shows_what_was_there) {
    Operation swap = put("c", 50, 60);
    swap.kind = OperationKind::cas;
    swap.expected = "a";
    const Operations writes{put("a", 10, 0, Answer::unknown), swap, put("d", 70, 80)};
    BOOST_TEST(check_stale_reads(writes, Operations{get("d", 100), get("a", 110)}).wrong == 1u);
}

BOOST_AUTO_TEST_CASE(own_writes_are_read_where_that_was_asked_for) {
    const Operations writes{put("a", 10, 20, Answer::succeeded, 7), put("b", 30, 40, Answer::succeeded, 7)};
    BOOST_TEST(check_stale_reads(writes, Operations{get_after("b", 100, 7)}).wrong == 0u);
    const auto found = check_stale_reads(writes, Operations{get_after("a", 100, 7)});
    BOOST_TEST(found.wrong == 1u);
    BOOST_TEST(found.explanation.find("this session had written") != std::string::npos, found.explanation);
    // Nobody asked for it, or somebody else wrote it, or the read was called before.
    BOOST_TEST(check_stale_reads(writes, Operations{get("a", 100, 2, 7)}).wrong == 0u);
    BOOST_TEST(check_stale_reads(writes, Operations{get_after("a", 100, 8)}).wrong == 0u);
    BOOST_TEST(check_stale_reads(writes, Operations{get_after("a", 35, 7)}).wrong == 0u);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_judged_is_counted) {
    Operation nothing = get("", 100);
    nothing.output.reset();
    Operation lost = get("a", 100);
    lost.answer = Answer::unknown;
    const Operations writes{put("a", 10, 20), put("twice", 30, 40), put("twice", 50, 60)};
    const auto found = check_stale_reads(writes, Operations{nothing, lost, get("twice", 100), get("a", 110)});
    BOOST_TEST(found.wrong == 0u);
    BOOST_TEST(found.skipped == 3u);
    BOOST_TEST(found.checked == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
