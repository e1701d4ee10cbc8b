// SPDX-License-Identifier: BSL-1.0
// A node of a simulated pair, whatever its parts are; and the pairs that are simulated.
#pragma once

#include "machine.hpp"

#include "support/inside_pair.hpp"

#include <replicator/ack/async.hpp>
#include <replicator/ack/semi_sync.hpp>
#include <replicator/pair/node.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <type_traits>
#include <vector>

namespace pair_simulation {

using namespace replicator;
using Command = Machine::Command;

/// Told by a node: see the observer of pair::Node.
struct Told {
    virtual ~Told() = default;
    virtual void on_discarded(pair::Ticket ticket, const Command& command) = 0;
    virtual void on_role(Role role, std::uint32_t epoch) = 0;
};

/// Each command begins with its number.
[[nodiscard]] inline std::uint32_t number_of(std::span<const std::byte> command) {
    std::uint32_t number = 0;
    std::memcpy(&number, command.data(), sizeof number);
    return number;
}

struct AnyNode {
    virtual ~AnyNode() = default;

    virtual void tick(Instant now) = 0;
    virtual void receive(NodeId peer, std::span<const std::byte> bytes) = 0;
    virtual std::size_t transmit(NodeId peer, std::span<std::byte> buffer) = 0;
    virtual void disconnected(NodeId peer) = 0;
    [[nodiscard]] virtual pair::NodeStatus status() const = 0;
    [[nodiscard]] virtual const Machine& state() const = 0;
    [[nodiscard]] virtual bool can_read(pair::Ticket after) const = 0;

    // What a node of one role cannot do is refused.
    virtual Result<void> bootstrap(HistoryId history) = 0;
    virtual Result<pair::Ticket> write(const Command& command) = 0;
    [[nodiscard]] virtual pair::Outcome outcome(pair::Ticket ticket) const = 0;
    virtual Result<void> promote(const PromotionOptions& options) = 0;
    virtual Result<void> hand_over(NodeId to) = 0;

    // Not for users.
    [[nodiscard]] virtual std::vector<std::uint32_t> pending() = 0;  // numbers of what is in the log, and not applied
    [[nodiscard]] virtual std::uint32_t history() = 0;
    virtual void set_epoch(std::uint32_t epoch) = 0;
};

template <class Ack, class Limits>
class Held final : public AnyNode {
public:
    Held(const pair::Config& config, Told& told) : node_(config, told) {}

    void tick(Instant now) override { node_.tick(now); }
    void receive(NodeId peer, std::span<const std::byte> bytes) override {
        static_cast<void>(node_.receive(peer, bytes));
    }
    std::size_t transmit(NodeId peer, std::span<std::byte> buffer) override { return node_.transmit(peer, buffer); }
    void disconnected(NodeId peer) override { node_.disconnected(peer); }
    [[nodiscard]] pair::NodeStatus status() const override { return node_.status(); }
    [[nodiscard]] const Machine& state() const override { return node_.state(); }
    [[nodiscard]] bool can_read(pair::Ticket after) const override { return bool(node_.read(after)); }

    Result<void> bootstrap([[maybe_unused]] HistoryId history) override {
        if constexpr (Limits::Roles::leads) return node_.bootstrap(history);
        return Error::not_leader;
    }
    Result<pair::Ticket> write([[maybe_unused]] const Command& command) override {
        if constexpr (Limits::Roles::leads) return node_.write(command);
        return Error::not_leader;
    }
    [[nodiscard]] pair::Outcome outcome([[maybe_unused]] pair::Ticket ticket) const override {
        if constexpr (Limits::Roles::leads) return node_.outcome(ticket);
        return {};
    }
    Result<void> promote([[maybe_unused]] const PromotionOptions& options) override {
        if constexpr (both) return node_.promote(options);
        return Error::not_leader;
    }
    Result<void> hand_over([[maybe_unused]] NodeId to) override {
        if constexpr (both && Limits::can_hand_over) return node_.hand_over(to);
        return Error::not_leader;
    }

    [[nodiscard]] std::vector<std::uint32_t> pending() override {
        const auto& self = pair::Inspect::self(node_);
        std::vector<std::uint32_t> numbers;
        for (std::uint32_t index = self.applied; index != self.log.last();) {
            ++index;
            if ((self.log.size_at(index) & self.log.opening) == 0)
                numbers.push_back(number_of(self.log.bytes_at(index)));
        }
        return numbers;
    }
    [[nodiscard]] std::uint32_t history() override { return pair::Inspect::self(node_).history; }
    void set_epoch(std::uint32_t epoch) override { pair::Inspect::self(node_).epoch = epoch; }

private:
    static constexpr bool both = Limits::Roles::leads && Limits::Roles::follows;

    pair::Node<Machine, Ack, Limits, Told> node_;
};

/// What both nodes of a pair are, and what they stand in.
struct Composition {
    const char* name;
    bool waits;          // ack::SemiSync
    bool on_line;        // delivery::Line
    bool one_role_each;  // the first only leads, the second only follows
    bool late_epochs;    // hardly any are left
    std::uint32_t before_first;
    std::size_t transmit_bytes;
    std::unique_ptr<AnyNode> (*start[2])(const pair::Config&, Told&);
};

template <class Limits, class Role>
struct WithRoles : Limits {
    using Roles = Role;
};
template <class Ack, class Limits>
std::unique_ptr<AnyNode> start_node(const pair::Config& config, Told& told) {
    return std::make_unique<Held<Ack, Limits>>(config, told);
}
template <class Ack, class Limits>
constexpr Composition compose(const char* name, bool late_epochs = false) {
    return {name,
            Ack::kind == PolicyKind::semi_sync,
            !Limits::Delivery::whole_frames,
            false,
            late_epochs,
            Limits::before_first,
            pair::Node<Machine, Ack, Limits, Told>::transmit_bytes_min,
            {start_node<Ack, Limits>, start_node<Ack, Limits>}};
}
template <class Ack, class Limits>
constexpr Composition compose_one_role(const char* name) {
    Composition composition = compose<Ack, Limits>(name);
    composition.one_role_each = true;
    composition.start[0] = start_node<Ack, WithRoles<Limits, pair::roles::LeadsOnly>>;
    composition.start[1] = start_node<Ack, WithRoles<Limits, pair::roles::FollowsOnly>>;
    return composition;
}

}  // namespace pair_simulation
