// SPDX-License-Identifier: BSL-1.0
// AnyNode: any node of one state machine behind a table of functions, for programs that choose the log, the policy or
// the transport when they start.
#pragma once

#include "../api/drain.hpp"
#include "../api/options.hpp"
#include "../api/promotion.hpp"
#include "../api/session.hpp"
#include "../api/status.hpp"
#include "../api/write.hpp"
#include "../assert.hpp"
#include "../concepts/ack_policy.hpp"
#include "../concepts/state_machine.hpp"
#include "../concepts/storage.hpp"
#include "../error.hpp"
#include "../result.hpp"
#include "../types.hpp"

#include <cstddef>
#include <span>
#include <type_traits>

namespace replicator {

/// Refers to a `Replicator` of this machine and these limits, whatever else it is made of, as a pointer would: it owns
/// nothing, is copied freely, and is good as long as the node is there. Code that takes an `AnyNode` is compiled once,
/// and not for every composition. The members do what those of `Replicator` do; each costs a call through a pointer.
///
///     void add(AnyNode<Counter> node, std::int32_t amount);
///     ...
///     Replicator<Counter, log::Ring<4096>, ack::Sync<>, transport::Memory> first(network, config);
///     add(first, 5);
///
/// What a type has to say before there is a node stays with the type: `stage`, `command_bytes_max`, the constructors.
/// It has no `aside()`, which transports ask the node itself for.
template <class Machine, class Limits = Options>
class AnyNode {
public:
    using Command = typename Machine::Command;
    using Stored = StoredResult<ApplyResult<Machine>>;
    using Outcome = replicator::Outcome<Stored>;
    using NodeStatus = replicator::NodeStatus<Limits::nodes_max - 1, CountersOf<Limits>>;
    using PromotionStatus = replicator::PromotionStatus<Limits::nodes_max - 1>;

    /// Refers to nothing: then nothing may be called but `operator bool`.
    AnyNode() = default;
    template <class Node, class = std::enable_if_t<!std::is_base_of_v<AnyNode, Node>>>
    AnyNode(Node& node) noexcept : node_(&node) {
        constexpr bool is_of_machine =
            std::is_same_v<typename Node::Command, Command> && std::is_same_v<typename Node::Stored, Stored>;
        constexpr bool is_of_limits = std::is_same_v<typename Node::NodeStatus, NodeStatus>;
        static_assert(is_of_machine, "AnyNode<Machine, Limits> refers to nodes of that Machine.");
        static_assert(is_of_limits, "AnyNode<Machine, Limits> refers to nodes with the nodes_max of those Limits.");
        if constexpr (is_of_machine && is_of_limits) calls_ = &calls_of<Node>;
    }

    [[nodiscard]] explicit operator bool() const noexcept { return node_ != nullptr; }

    [[nodiscard]] NodeId id() const noexcept { return calls().id(node_); }
    [[nodiscard]] Result<void> bootstrap(HistoryId history) const noexcept { return calls().bootstrap(node_, history); }

    [[nodiscard]] Result<Ticket> write(const Command& command) const noexcept { return calls().write(node_, command); }
    [[nodiscard]] Result<Ticket> write(const Command& command, Instant now) const noexcept {
        tick(now);
        return write(command);
    }
    [[nodiscard]] Outcome outcome(Ticket ticket) const noexcept { return calls().outcome(node_, ticket); }

    [[nodiscard]] const Machine& state() const noexcept { return calls().state(node_); }
    [[nodiscard]] Result<const Machine*> read(Position after) const noexcept { return calls().read(node_, after); }
    [[nodiscard]] Result<const Machine*> read(Session& session) const noexcept {
        return calls().read_session(node_, session);
    }

    [[nodiscard]] Position position() const noexcept { return calls().position(node_); }
    [[nodiscard]] Role role() const noexcept { return calls().role(node_); }
    [[nodiscard]] NodeId leader() const noexcept { return calls().leader(node_); }
    [[nodiscard]] Position last() const noexcept { return calls().last(node_); }
    [[nodiscard]] Index commit() const noexcept { return calls().commit(node_); }
    [[nodiscard]] Index applied() const noexcept { return calls().applied(node_); }
    [[nodiscard]] Index acknowledged() const noexcept { return calls().acknowledged(node_); }
    [[nodiscard]] NodeStatus status() const noexcept { return calls().status(node_); }
    [[nodiscard]] bool confirmed() const noexcept { return calls().confirmed(node_); }
    [[nodiscard]] bool confirmed(Instant now) const noexcept { return calls().confirmed_at(node_, now); }
    /// That of the type, in a group of so many nodes.
    [[nodiscard]] Guarantee guarantee(std::size_t nodes = Limits::nodes_max) const noexcept {
        return calls().guarantee(nodes);
    }

    [[nodiscard]] Result<void> promote(const PromotionOptions& options = {}) const noexcept {
        return calls().promote(node_, options);
    }
    [[nodiscard]] PromotionStatus promotion() const noexcept { return calls().promotion(node_); }
    [[nodiscard]] Result<void> hand_over(NodeId to) const noexcept { return calls().hand_over(node_, to); }
    [[nodiscard]] Result<void> drain(Duration within) const noexcept requires(Limits::can_drain) {
        return calls().drain(node_, within);
    }
    [[nodiscard]] DrainStatus drain_status() const noexcept { return calls().drain_status(node_); }
    [[nodiscard]] Result<void> admit(NodeId node) const noexcept { return calls().admit(node_, node); }
    [[nodiscard]] typename Limits::Authority& authority() const noexcept { return calls().authority(node_); }

    void connected(NodeId peer) const noexcept { calls().connected(node_, peer); }
    void disconnected(NodeId peer) const noexcept { calls().disconnected(node_, peer); }
    [[nodiscard]] Result<void> receive(NodeId peer, std::span<const std::byte> bytes) const noexcept {
        return calls().receive(node_, peer, bytes);
    }
    [[nodiscard]] std::size_t transmit(NodeId peer, std::span<std::byte> buffer) const noexcept {
        return calls().transmit(node_, peer, buffer);
    }
    [[nodiscard]] std::size_t transmit_bytes_min() const noexcept { return calls().transmit_bytes_min; }
    void tick(Instant now) const noexcept { calls().tick(node_, now); }
    void flush() const noexcept { calls().flush(node_); }
    /// Over a log in memory there is nothing to close, and nothing happens.
    [[nodiscard]] Result<void> close() const noexcept { return calls().close(node_); }

    /// The `capacity_bytes` of its log.
    [[nodiscard]] std::size_t log_bytes_max() const noexcept { return calls().log_bytes_max; }
    /// What the system refused its log last; nothing, over a log in memory.
    [[nodiscard]] StorageFailure log_failure() const noexcept { return calls().log_failure(node_); }

private:
    struct Calls {
        NodeId (*id)(void*) noexcept;
        Result<void> (*bootstrap)(void*, HistoryId) noexcept;
        Result<Ticket> (*write)(void*, const Command&) noexcept;
        Outcome (*outcome)(void*, Ticket) noexcept;
        const Machine& (*state)(void*) noexcept;
        Result<const Machine*> (*read)(void*, Position) noexcept;
        Result<const Machine*> (*read_session)(void*, Session&) noexcept;
        Position (*position)(void*) noexcept;
        Role (*role)(void*) noexcept;
        NodeId (*leader)(void*) noexcept;
        Position (*last)(void*) noexcept;
        Index (*commit)(void*) noexcept;
        Index (*applied)(void*) noexcept;
        Index (*acknowledged)(void*) noexcept;
        NodeStatus (*status)(void*) noexcept;
        bool (*confirmed)(void*) noexcept;
        bool (*confirmed_at)(void*, Instant) noexcept;
        Guarantee (*guarantee)(std::size_t) noexcept;
        Result<void> (*promote)(void*, const PromotionOptions&) noexcept;
        PromotionStatus (*promotion)(void*) noexcept;
        Result<void> (*hand_over)(void*, NodeId) noexcept;
        Result<void> (*drain)(void*, Duration) noexcept;
        DrainStatus (*drain_status)(void*) noexcept;
        Result<void> (*admit)(void*, NodeId) noexcept;
        typename Limits::Authority& (*authority)(void*) noexcept;
        void (*connected)(void*, NodeId) noexcept;
        void (*disconnected)(void*, NodeId) noexcept;
        Result<void> (*receive)(void*, NodeId, std::span<const std::byte>) noexcept;
        std::size_t (*transmit)(void*, NodeId, std::span<std::byte>) noexcept;
        void (*tick)(void*, Instant) noexcept;
        void (*flush)(void*) noexcept;
        Result<void> (*close)(void*) noexcept;
        StorageFailure (*log_failure)(void*) noexcept;
        std::size_t transmit_bytes_min;
        std::size_t log_bytes_max;
    };

    template <class Node>
    static Node& as(void* node) noexcept {
        return *static_cast<Node*>(node);
    }
    template <class Node>
    static Result<void> drain_node([[maybe_unused]] Node& node, [[maybe_unused]] Duration within) noexcept {
        if constexpr (Limits::can_drain) return node.drain(within);
        return Error::not_leader;
    }
    template <class Node>
    static Result<void> close_node([[maybe_unused]] Node& node) noexcept {
        if constexpr (requires { node.close(); }) return node.close();
        return {};
    }
    template <class Log>
    static StorageFailure failure_of([[maybe_unused]] const Log& log) noexcept {
        if constexpr (requires { log.failure(); }) return log.failure();
        return {};
    }
    template <class Node>
    using LogOf = std::remove_cvref_t<decltype(as<Node>(nullptr).log())>;

    template <class Node>
    static constexpr Calls calls_of{
        .id = [](void* node) noexcept { return as<Node>(node).id(); },
        .bootstrap = [](void* node, HistoryId history) noexcept { return as<Node>(node).bootstrap(history); },
        .write = [](void* node, const Command& command) noexcept { return as<Node>(node).write(command); },
        .outcome = [](void* node, Ticket ticket) noexcept { return as<Node>(node).outcome(ticket); },
        .state = [](void* node) noexcept -> const Machine& { return as<Node>(node).state(); },
        .read = [](void* node, Position after) noexcept { return as<Node>(node).read(after); },
        .read_session = [](void* node, Session& session) noexcept { return as<Node>(node).read(session); },
        .position = [](void* node) noexcept { return as<Node>(node).position(); },
        .role = [](void* node) noexcept { return as<Node>(node).role(); },
        .leader = [](void* node) noexcept { return as<Node>(node).leader(); },
        .last = [](void* node) noexcept { return as<Node>(node).last(); },
        .commit = [](void* node) noexcept { return as<Node>(node).commit(); },
        .applied = [](void* node) noexcept { return as<Node>(node).applied(); },
        .acknowledged = [](void* node) noexcept { return as<Node>(node).acknowledged(); },
        .status = [](void* node) noexcept { return as<Node>(node).status(); },
        .confirmed = [](void* node) noexcept { return as<Node>(node).confirmed(); },
        .confirmed_at = [](void* node, Instant now) noexcept { return as<Node>(node).confirmed(now); },
        .guarantee = [](std::size_t nodes) noexcept { return Node::guarantee(nodes); },
        .promote = [](void* node, const PromotionOptions& options) noexcept { return as<Node>(node).promote(options); },
        .promotion = [](void* node) noexcept { return as<Node>(node).promotion(); },
        .hand_over = [](void* node, NodeId to) noexcept { return as<Node>(node).hand_over(to); },
        .drain = [](void* node, Duration within) noexcept { return drain_node(as<Node>(node), within); },
        .drain_status = [](void* node) noexcept { return as<Node>(node).drain_status(); },
        .admit = [](void* node, NodeId admitted) noexcept { return as<Node>(node).admit(admitted); },
        .authority = [](void* node) noexcept -> typename Limits::Authority& { return as<Node>(node).authority(); },
        .connected = [](void* node, NodeId peer) noexcept { as<Node>(node).connected(peer); },
        .disconnected = [](void* node, NodeId peer) noexcept { as<Node>(node).disconnected(peer); },
        .receive = [](void* node, NodeId peer,
                      std::span<const std::byte> bytes) noexcept { return as<Node>(node).receive(peer, bytes); },
        .transmit = [](void* node, NodeId peer,
                       std::span<std::byte> buffer) noexcept { return as<Node>(node).transmit(peer, buffer); },
        .tick = [](void* node, Instant now) noexcept { as<Node>(node).tick(now); },
        .flush = [](void* node) noexcept { as<Node>(node).flush(); },
        .close = [](void* node) noexcept { return close_node(as<Node>(node)); },
        .log_failure = [](void* node) noexcept { return failure_of(as<Node>(node).log()); },
        .transmit_bytes_min = Node::transmit_bytes_min,
        .log_bytes_max = LogOf<Node>::capacity_bytes,
    };

    [[nodiscard]] const Calls& calls() const noexcept {
        REPLICATOR_ASSERT(node_ != nullptr);
        return *calls_;
    }

    void* node_ = nullptr;
    const Calls* calls_ = nullptr;
};

}  // namespace replicator
