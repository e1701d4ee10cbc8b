// SPDX-License-Identifier: BSL-1.0
// Clients put, compare and set, and read at the leader while everything goes wrong; what they saw must be explained by
// one order of the operations.

#include "simulation/journal.hpp"

#include <replicator/ack/majority.hpp>
#include <replicator/ack/semi_sync.hpp>
#include <replicator/ack/sync.hpp>
#include <replicator/sim/history/history.hpp>
#include <replicator/sim/history/linearizability.hpp>
#include <replicator/sim/history/stale_reads.hpp>
#include <replicator/sim/scenario.hpp>
#include <replicator/sim/succession.hpp>
#include <replicator/sim/world.hpp>
#include <replicator/testing/inspect.hpp>
#include <replicator/transport/manual.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

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

sim::Value text(std::uint64_t number) { return number == 0 ? sim::Value{} : sim::Value{std::to_string(number)}; }

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
            .accepted = [this](Ticket ticket, Instant now) { open_[ticket.position] = begin(last_, now); },
            .ended = [this](Ticket ticket, const typename Node::Outcome& outcome,
                            Instant now) { end(ticket.position, outcome, now); },
            .look = [this](const Node& leader, Instant now) { history_.append(read(leader, now)); },
        };
    }

    /// The same where leaders fail, and any node is read now and then.
    sim::Clients<Node> clients_of_many() {
        sim::Clients<Node> clients = this->clients();
        clients.ended = [this](Ticket ticket, const typename Node::Outcome& outcome, Instant now) {
            if (outcome.state == WriteState::acknowledged) believe(ticket.position);
            end(ticket.position, outcome, now);
        };
        clients.look = [this](const Node& node, Instant now) { look(node, now); };
        return clients;
    }

    /// Writes that never ended stay open.
    const sim::History& history() {
        for (auto& [position, operation] : open_) {
            operation.answer = sim::Answer::unknown;
            history_.append(operation);
        }
        open_.clear();
        return history_;
    }

    /// Reads that may be old. Those at leaders of which nobody knows whether they still led are among them.
    const std::vector<sim::Operation>& stale() {
        for (auto& [position, operation] : doubtful_) stale_.push_back(std::move(operation));
        doubtful_.clear();
        return stale_;
    }
    /// Somebody took the risk to lose something, and then nothing is promised.
    [[nodiscard]] bool risked() const noexcept { return risked_; }

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
        sim::Operation operation = open_.at(position);
        open_.erase(position);
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

    void look(const Node& node, Instant now) {
        const auto& self = testing::Inspect::inside(node).self();
        for (const auto& epoch : self.epochs().all()) risked_ = risked_ || epoch.forced;
        if (random_.below(6) != 0) return;
        sim::Operation operation = read(node, now);
        operation.client = value(self.run);  // a process is a session
        operation.node = self.id;
        if (node.role() == Role::leader && node.confirmed()) {
            doubtful_.emplace_back(self.last(), std::move(operation));
        } else {
            stale_.push_back(std::move(operation));
        }
    }

    /// A write was acknowledged, so whoever took it led until it did: what was read there before counts.
    void believe(Position written) {
        std::vector<std::pair<Position, sim::Operation>> left;
        for (auto& [last, operation] : doubtful_) {
            const bool led = last.epoch == written.epoch && last < written;
            led ? history_.append(std::move(operation)) : left.push_back({last, std::move(operation)});
        }
        doubtful_ = std::move(left);
    }

    sim::Operation read(const Node& node, Instant now) {
        const std::uint64_t key = random_.below(4);
        seen_[key] = node.state().values[key];
        sim::Operation operation;
        operation.client = ++client_;
        operation.key = std::to_string(key);
        operation.kind = sim::OperationKind::get;
        operation.called = operation.returned = now.microseconds;
        operation.answer = sim::Answer::succeeded;
        operation.output = text(seen_[key]);
        return operation;
    }

    sim::Random random_;
    sim::History history_;
    std::map<Position, sim::Operation> open_;
    std::vector<std::pair<Position, sim::Operation>> doubtful_;  // with the last entry of the leader at that time
    std::vector<sim::Operation> stale_;
    bool risked_ = false;
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

/// Leaders fail, and nobody takes the risk of a loss.
template <class Log, class Ack, class Limits = SuccessionOptions>
void explore_successions(std::uint64_t seeds) {
    using UserNode = Replicator<Registers, Log, Ack, transport::Manual, Limits>;
    using Node = typename sim::Simulated<UserNode>::Node;
    std::size_t judged = 0;
    std::size_t sure = 0;
    std::size_t old = 0;
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        sim::Scenario scenario = sim::draw_scenario(seed, {.leaders_fail = true});
        std::erase_if(scenario.events, [](const sim::Event& event) { return event.kind == sim::EventKind::force; });
        Recorder<Node> recorder(seed);
        const auto next = [&recorder](sim::Random& random) { return recorder.next(random); };
        sim::Succession<UserNode, decltype(next)> world(scenario, next);
        world.set_clients(recorder.clients_of_many());
        const sim::Verdict verdict = world.run();
        BOOST_TEST_REQUIRE(static_cast<bool>(verdict), "seed " << seed << ": " << verdict.failure);
        const auto& history = recorder.history();
        const auto& stale = recorder.stale();
        // At the end operators may find that nothing else helps.
        if (recorder.risked()) continue;
        ++judged;
        const auto checked = sim::check_linearizable(history);
        BOOST_TEST_REQUIRE(static_cast<bool>(checked), "seed " << seed << ": " << checked.explanation);
        const auto checked_old = sim::check_stale_reads(history.operations(), stale);
        BOOST_TEST_REQUIRE(static_cast<bool>(checked_old), "seed " << seed << ": " << checked_old.explanation);
        for (const sim::Operation& operation : history.operations()) {
            sure += operation.kind == sim::OperationKind::get ? 1u : 0u;
        }
        old += checked_old.checked;
    }
    BOOST_TEST_MESSAGE(judged << " of " << seeds << " seeds, " << sure << " reads at leaders, " << old << " old ones");
    BOOST_TEST(judged > seeds / 4);
    BOOST_TEST(sure > 5 * judged);
    BOOST_TEST(old > 20 * judged);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(histories)

BOOST_AUTO_TEST_CASE(semi_sync) { explore_histories<SmallRing, ack::SemiSync<>>(300); }
BOOST_AUTO_TEST_CASE(sync_applied) { explore_histories<SmallMemory, ack::Sync<Stage::applied>>(200); }
BOOST_AUTO_TEST_CASE(majority) { explore_histories<SmallRing, ack::Majority<>>(300); }
BOOST_AUTO_TEST_CASE(semi_sync_while_leaders_fail) { explore_successions<SuccessionRing, ack::SemiSync<>>(150); }
BOOST_AUTO_TEST_CASE(majority_while_leaders_fail) { explore_successions<SuccessionRing, ack::Majority<>>(150); }

BOOST_AUTO_TEST_SUITE_END()
