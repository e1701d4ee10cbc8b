// SPDX-License-Identifier: BSL-1.0
// Two boards without a disk, as in tests/gates/embedded: whichever is reset, and whenever, there is one history,
// somebody leads, and writes are acknowledged.

#include "gates/embedded/history.hpp"
#include "support/frames.hpp"

#include <replicator/replicator.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

using namespace replicator;

BOOST_AUTO_TEST_SUITE(power_up)

namespace {

struct Sum {
    struct Command {
        std::uint64_t add;
    };
    std::uint64_t total = 0;
    void apply(const Command& command) { total += command.add; }
};

struct Small : Options {
    static constexpr std::size_t nodes_max = 2;
    static constexpr std::size_t frame_bytes_max = 1024;
    static constexpr std::size_t snapshot_piece_bytes_max = 64;
};

constexpr NodeId both[] = {NodeId{1}, NodeId{2}};

/// Two boards and the line between them. A step is a frame that was carried.
struct Boards {
    using Node = Replicator<Sum, log::Ring<2048>, ack::SemiSync<>, transport::Manual, Small>;

    transport::Manual none;
    std::array<std::optional<Node>, 2> nodes;
    std::uint64_t starts = 0;
    std::uint64_t histories = 0;
    Instant now{1'000'000};
    std::uint64_t steps = 0;
    std::array<std::uint64_t, 2> resets_at{~std::uint64_t{0}, ~std::uint64_t{0}};

    Boards() {
        for (const std::size_t board : {0u, 1u}) start(board);
    }
    void start(std::size_t board) {
        nodes[board].reset();
        nodes[board].emplace(
            none, Config{.node = both[board], .nodes = both, .run = Run{++starts}, .cluster = {}, .group = {}});
    }
    void carry(std::size_t from) {
        alignas(8) std::array<std::byte, Node::transmit_bytes_min> buffer;
        while (const std::size_t size = nodes[from]->transmit(both[1 - from], buffer)) {
            static_cast<void>(nodes[1 - from]->receive(both[from], std::span(buffer).first(size)));
            ++steps;
            for (const std::size_t board : {0u, 1u}) {
                if (steps == resets_at[board]) start(board);
            }
        }
    }
    void turn(bool keeps_history = true) {
        now = now + milliseconds(1);
        for (const std::size_t board : {0u, 1u}) {
            Node& node = *nodes[board];
            node.tick(now);
            if (keeps_history) keep_history(node, both[1 - board], both[0], HistoryId{10 * ++histories + board});
            carry(board);
        }
    }
    /// Writes on whoever leads, as often as it takes. True when one more write is acknowledged and on both boards.
    [[nodiscard]] bool writes(std::uint64_t add, std::uint64_t within_ms) {
        std::optional<Ticket> ticket;
        std::size_t leader = 0;
        for (std::uint64_t ms = 0; ms < within_ms; ++ms) {
            turn();
            if (!ticket || nodes[leader]->outcome(*ticket).state == WriteState::unknown) {
                ticket.reset();
                for (const std::size_t board : {0u, 1u}) {
                    if (const auto written = nodes[board]->write({add})) ticket = *written, leader = board;
                }
            } else if (nodes[leader]->outcome(*ticket).state == WriteState::acknowledged) {
                return true;
            }
        }
        return false;
    }
    /// How many frames it takes until a write is acknowledged and all is quiet.
    [[nodiscard]] static std::uint64_t steps_until_quiet() {
        Boards boards;
        BOOST_REQUIRE(boards.writes(1, 1000));
        for (int ms = 0; ms < 20; ++ms) boards.turn();
        return boards.steps;
    }
    void expect_one_history(const std::string& what) {
        BOOST_REQUIRE_MESSAGE(writes(100, 4000), what << ": no write is acknowledged; leaders "
                                                      << value(nodes[0]->leader()) << " " << value(nodes[1]->leader()));
        for (int ms = 0; ms < 1500; ++ms) turn();
        BOOST_REQUIRE_MESSAGE(nodes[0]->status().history == nodes[1]->status().history, what);
        BOOST_REQUIRE_MESSAGE(nodes[0]->role() == Role::leader, what << ": the first board does not lead");
        BOOST_REQUIRE_MESSAGE(nodes[1]->leader() == both[0], what);
        BOOST_REQUIRE_MESSAGE(nodes[0]->state().total == nodes[1]->state().total, what);
    }
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_board_that_is_reset_at_any_step_leaves_one_history) {
    const std::uint64_t all = Boards::steps_until_quiet();
    BOOST_TEST(all > 8u);
    for (const std::size_t board : {0u, 1u}) {
        for (std::uint64_t at = 1; at <= all; ++at) {
            Boards boards;
            boards.resets_at[board] = at;
            const bool written = boards.writes(1, 1000);
            const bool before = written && boards.steps < at;
            boards.expect_one_history("board " + std::to_string(board + 1) + " at step " + std::to_string(at));
            // What was acknowledged before is still there, for one board had it.
            if (before) BOOST_REQUIRE(boards.nodes[0]->state().total >= 101u);
        }
    }
}

BOOST_AUTO_TEST_CASE(both_boards_that_are_reset_at_any_steps_leave_one_history) {
    const std::uint64_t all = Boards::steps_until_quiet();
    for (std::uint64_t first = 1; first <= all + 12; ++first) {
        for (std::uint64_t second = 1; second <= all + 12; second += 3) {
            Boards boards;
            boards.resets_at = {first, second};
            static_cast<void>(boards.writes(1, 1000));
            boards.expect_one_history("boards at steps " + std::to_string(first) + " and " + std::to_string(second));
        }
    }
}

BOOST_AUTO_TEST_CASE(a_peer_is_known_to_be_blank_when_it_answered_and_until_it_is_silent) {
    Boards boards;
    const auto blank = [&](std::size_t board) { return boards.nodes[board]->status().peers()[0].blank; };
    BOOST_TEST((!blank(0) && !blank(1)));
    // What comes without our number may be from a former run.
    alignas(8) std::array<std::byte, Boards::Node::transmit_bytes_min> buffer;
    const std::size_t size = boards.nodes[1]->transmit(both[0], buffer);
    BOOST_REQUIRE(boards.nodes[0]->receive(both[1], std::span(buffer).first(size)));
    BOOST_TEST(!blank(0));
    for (int ms = 0; ms < 110; ++ms) boards.turn(false);
    BOOST_TEST((blank(0) && *blank(0)));
    BOOST_REQUIRE(boards.nodes[0]->bootstrap(HistoryId{1}));
    for (int ms = 0; ms < 10; ++ms) boards.turn(false);
    BOOST_TEST((blank(1) && !*blank(1)));
    for (std::uint64_t ms = 0; ms < 600; ++ms) boards.nodes[1]->tick(boards.now + milliseconds(ms));
    BOOST_TEST(!blank(1));
}

BOOST_AUTO_TEST_SUITE_END()
