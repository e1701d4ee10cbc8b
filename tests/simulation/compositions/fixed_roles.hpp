// SPDX-License-Identifier: BSL-1.0
// A group of two types of node under the simulator: node 1 only leads, all others only follow.
#pragma once

#include <replicator/basic_replicator.hpp>
#include <replicator/core/peer/past.hpp>
#include <replicator/core/peer/peer.hpp>
#include <replicator/sim/explore.hpp>

#include <cstddef>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>

namespace replicator::tests {

/// The simulated network, in scenarios in which it has no connections: the compiler knows that frames come whole.
struct Datagrams {
    static constexpr Delivers delivers = Delivers::frames;
    sim::Network& network;

    template <class Node>
    void attach(Node& node) {
        network.attach(node);
    }
    template <class Node>
    void wake(Node& node, NodeId peer) noexcept {
        network.wake(node, peer);
    }
};

/// One node of either type, and what the simulator looks at within it.
template <class Leading, class Following>
class EitherNode {
public:
    using Command = typename Leading::Command;
    using Stored = typename Leading::Stored;
    using Outcome = typename Leading::Outcome;
    static constexpr Stage stage = Leading::stage;
    static constexpr std::size_t transmit_bytes_min = Leading::transmit_bytes_min;
    static constexpr bool can_be_promoted = false;
    static_assert(!Leading::can_be_promoted && !Following::can_lead);

    /// What the node knows about itself, as of the last look.
    struct SelfView {
        NodeId id{};
        Run run{};
        Role role = Role::follower;
        Epoch epoch;
        Incarnation incarnation{};
        Index commit;
        Position known_commit;
        Instant now;
        Index suspect;

        [[nodiscard]] const auto& log() const { return *log_; }
        [[nodiscard]] const auto& epochs() const { return *epochs_; }
        [[nodiscard]] const auto& roster() const { return *roster_; }
        [[nodiscard]] const auto& applied_roster() const { return *applied_roster_; }
        [[nodiscard]] Index suspect_from() const { return suspect; }

        template <class Self>
        void look(const Self& self) {
            id = self.id, run = self.run, role = self.role, epoch = self.epoch, incarnation = self.incarnation;
            commit = self.commit, known_commit = self.known_commit, now = self.now, suspect = self.suspect_from();
            log_ = &self.log(), epochs_ = &self.epochs();
            roster_ = &self.roster(), applied_roster_ = &self.applied_roster();
        }

    private:
        using Seen = std::remove_cvref_t<decltype(testing::Inspect::inside(std::declval<Leading&>()).self())>;
        const std::remove_cvref_t<decltype(std::declval<Seen&>().log())>* log_ = nullptr;
        const std::remove_cvref_t<decltype(std::declval<Seen&>().epochs())>* epochs_ = nullptr;
        const std::remove_cvref_t<decltype(std::declval<Seen&>().roster())>* roster_ = nullptr;
        const std::remove_cvref_t<decltype(std::declval<Seen&>().roster())>* applied_roster_ = nullptr;
    };
    /// The results that the node keeps; who never leads keeps none.
    struct ApplierView {
        const EitherNode& node;
        [[nodiscard]] const Stored* result(Index index) const {
            return node.leading_ ? testing::Inspect::inside(*node.leading_).applier().result(index) : nullptr;
        }
    };
    struct View {
        SelfView seen;
        std::span<const core::Peer> all_peers;
        const EitherNode* node = nullptr;

        [[nodiscard]] const SelfView& self() const { return seen; }
        [[nodiscard]] std::span<const core::Peer> peers() const { return all_peers; }
        [[nodiscard]] ApplierView applier() const { return {*node}; }
        [[nodiscard]] static Index vouched(const core::Progress& follower) {
            return larger(follower.vouched, follower.received);
        }
    };

    EitherNode(sim::Network& network, const Config& config) : datagrams_{network} {
        const auto make = [&](auto& node) {
            if constexpr (std::is_constructible_v<Leading, Datagrams&, const Config&>) {
                node.emplace(datagrams_, config);
            } else {
                node.emplace(network, config);
            }
        };
        if (config.node == NodeId{1}) {
            make(leading_);
        } else {
            make(following_);
        }
    }

    [[nodiscard]] const View& inside() const {
        visit([this](const auto& node) {
            const auto& within = testing::Inspect::inside(node);
            view_.seen.look(within.self());
            view_.all_peers = within.peers();
        });
        view_.node = this;
        return view_;
    }

    [[nodiscard]] NodeId id() const {
        return ask([](const auto& node) { return node.id(); });
    }
    [[nodiscard]] Role role() const {
        return ask([](const auto& node) { return node.role(); });
    }
    [[nodiscard]] NodeId leader() const {
        return ask([](const auto& node) { return node.leader(); });
    }
    [[nodiscard]] Position last() const {
        return ask([](const auto& node) { return node.last(); });
    }
    [[nodiscard]] Index commit() const {
        return ask([](const auto& node) { return node.commit(); });
    }
    [[nodiscard]] Index applied() const {
        return ask([](const auto& node) { return node.applied(); });
    }
    [[nodiscard]] auto status() const {
        return ask([](const auto& node) { return node.status(); });
    }
    [[nodiscard]] auto promotion() const {
        return ask([](const auto& node) { return node.promotion(); });
    }
    [[nodiscard]] const auto& state() const { return leading_ ? leading_->state() : following_->state(); }
    void tick(Instant now) {
        if (leading_) leading_->tick(now);
        if (following_) following_->tick(now);
    }

    // Of the one that leads.
    [[nodiscard]] Result<void> bootstrap(HistoryId history) { return leading_->bootstrap(history); }
    [[nodiscard]] Result<Ticket> write(const Command& command) { return leading_->write(command); }
    [[nodiscard]] Outcome outcome(Ticket ticket) const { return leading_->outcome(ticket); }
    [[nodiscard]] Result<void> admit(NodeId node) { return leading_->admit(node); }

private:
    template <class Question>
    [[nodiscard]] auto ask(Question question) const {
        return leading_ ? question(*leading_) : question(*following_);
    }
    template <class Look>
    void visit(Look look) const {
        if (leading_) look(*leading_);
        if (following_) look(*following_);
    }

    Datagrams datagrams_;
    std::optional<Leading> leading_;
    std::optional<Following> following_;
    mutable View view_;
};

}  // namespace replicator::tests

namespace replicator::sim {

/// Over the simulated network as it is, or as it is where it gives datagrams.
template <class Node>
struct OnNetwork : Simulated<Node> {};
template <class Machine, class Log, class Ack, class Limits>
struct OnNetwork<Replicator<Machine, Log, Ack, tests::Datagrams, Limits>> {
    using Node = Replicator<Machine, Log, Ack, tests::Datagrams, Limits>;
};

template <class Leading, class Following>
struct Simulated<tests::EitherNode<Leading, Following>> : Simulated<Leading> {
    using Node = tests::EitherNode<typename OnNetwork<Leading>::Node, typename OnNetwork<Following>::Node>;
};

}  // namespace replicator::sim
