// SPDX-License-Identifier: BSL-1.0
// Clients put, compare and set, and read at the leader while everything goes wrong; what they saw must be explained by
// one order of the operations.

#include "simulation/journal.hpp"

#include <replicator/ack/majority.hpp>
#include <replicator/ack/semi_sync.hpp>
#include <replicator/ack/sync.hpp>
#include <replicator/sim/history.hpp>
#include <replicator/sim/linearizability.hpp>
#include <replicator/sim/scenario.hpp>
#include <replicator/sim/world.hpp>
#include <replicator/transport/manual.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace {

using namespace replicator;
using namespace replicator::tests;

/// A few registers of numbers; 0 is nothing.
struct Registers {
    struct Command {
        std::uint64_t key;
        std::uint64_t value;
        std::uint64_t expected;  ///< ~0: whatever is there
    };
    std::array<std::uint64_t, 4> values{};

    /// What was there before.
    std::uint64_t apply(const Command& command) {
        std::uint64_t& value = values[command.key % values.size()];
        const std::uint64_t before = value;
        if (command.expected == ~std::uint64_t{0} || command.expected == before) value = command.value;
        return before;
    }
};

sim::Value text(std::uint64_t number) {
    return number == 0 ? sim::Value{} : sim::Value{std::to_string(number)};
}

/// Turns what clients do into a history.
template <class Node>
class Recorder {
public:
    explicit Recorder(std::uint64_t seed) : random_(seed) {}

    Registers::Command next(sim::Random& random) {
        const std::uint64_t key = random.below(4);
        const bool compares = random.below(3) == 0;
        const std::uint64_t seen = seen_[key];
        return last_ = {key, ++written_, compares ? seen : ~std::uint64_t{0}};
    }

    sim::Clients<Node> clients() {
        return {
            .accepted = [this](Ticket ticket, Instant now) { open_[ticket.position.index] = begin(last_, now); },
            .ended = [this](Ticket ticket, const typename Node::Outcome& outcome,
                            Instant now) { end(ticket.position, outcome, now); },
            .look = [this](const Node& leader, Instant now) { look(leader, now); },
        };
    }

    /// Writes that never ended stay open.
    const sim::History& history() {
        for (auto& [index, operation] : open_) {
            operation.answer = sim::Answer::unknown;
            history_.append(operation);
        }
        open_.clear();
        return history_;
    }

private:
    sim::Operation begin(const Registers::Command& command, Instant now) {
        sim::Operation operation;
        operation.client = ++client_;
        operation.key = std::to_string(command.key);
        operation.kind = sim::OperationKind::put;
        operation.value = text(command.value);
        if (command.expected != ~std::uint64_t{0}) {
            operation.kind = sim::OperationKind::cas;
            operation.expected = text(command.expected);
        }
        operation.called = now.microseconds;
        return operation;
    }

    void end(Position position, const typename Node::Outcome& outcome, Instant now) {
        sim::Operation operation = open_.at(position.index);
        open_.erase(position.index);
        operation.returned = now.microseconds;
        operation.answer = sim::Answer::unknown;
        if (outcome.state == WriteState::acknowledged && outcome.result_kept) {
            operation.answer = sim::Answer::succeeded;
            if (operation.kind == sim::OperationKind::cas && text(outcome.result) != operation.expected) {
                operation.answer = sim::Answer::unequal;
                operation.output = text(outcome.result);
            }
        }
        history_.append(operation);
    }

    void look(const Node& leader, Instant now) {
        const std::uint64_t key = random_.below(4);
        seen_[key] = leader.state().values[key];
        sim::Operation operation;
        operation.client = ++client_;
        operation.key = std::to_string(key);
        operation.kind = sim::OperationKind::get;
        operation.called = operation.returned = now.microseconds;
        operation.answer = sim::Answer::succeeded;
        operation.output = text(seen_[key]);
        history_.append(operation);
    }

    sim::Random random_;
    sim::History history_;
    std::map<Index, sim::Operation> open_;
    std::array<std::uint64_t, 4> seen_{};
    Registers::Command last_{};
    std::uint64_t written_ = 0;
    std::uint64_t client_ = 0;
};

template <class Log, class Ack>
void explore_histories(std::uint64_t seeds) {
    using UserNode = Replicator<Registers, Log, Ack, transport::Manual, SmallOptions>;
    using Node = typename sim::Simulated<UserNode>::Node;
    std::size_t operations = 0;
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        const sim::Scenario scenario = sim::draw_scenario(seed, {});
        Recorder<Node> recorder(seed);
        const auto next = [&recorder](sim::Random& random) { return recorder.next(random); };
        sim::World<UserNode, decltype(next)> world(scenario, next);
        world.set_clients(recorder.clients());
        const sim::Verdict verdict = world.run();
        BOOST_TEST_REQUIRE(static_cast<bool>(verdict), "seed " << seed << ": " << verdict.failure);
        const auto checked = sim::check_linearizable(recorder.history());
        BOOST_TEST_REQUIRE(static_cast<bool>(checked), "seed " << seed << ": " << checked.explanation);
        operations += recorder.history().operations().size();
    }
    BOOST_TEST(operations > 100 * seeds);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(histories)

BOOST_AUTO_TEST_CASE(semi_sync) { explore_histories<SmallRing, ack::SemiSync<>>(300); }
BOOST_AUTO_TEST_CASE(sync_applied) { explore_histories<SmallMemory, ack::Sync<Stage::applied>>(200); }
BOOST_AUTO_TEST_CASE(majority) { explore_histories<SmallRing, ack::Majority<>>(300); }

BOOST_AUTO_TEST_SUITE_END()
