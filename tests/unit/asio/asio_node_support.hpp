// SPDX-License-Identifier: BSL-1.0
// A node whose outcomes are set by hand, to test everything around writes without a network.
#pragma once

#include <replicator/api/options.hpp>
#include <replicator/api/write.hpp>
#include <replicator/error.hpp>
#include <replicator/result.hpp>
#include <replicator/types.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace replicator::test {

template <class Transport>
class ScriptedNode {
public:
    struct Command {
        std::int32_t add = 0;
    };
    using Stored = std::int32_t;

    ScriptedNode(Transport& transport, const Config& config) : transport_(transport), id_(config.node) {
        transport_.attach(*this);
    }
    ScriptedNode(const ScriptedNode&) = delete;
    ScriptedNode& operator=(const ScriptedNode&) = delete;
    ~ScriptedNode() { transport_.detach(*this); }

    // What the test decides.
    Error refusal = Error::none;
    std::uint64_t acknowledged = 0;            ///< up to this index
    std::uint64_t unknown = ~std::uint64_t{};  ///< from this index on
    bool acknowledges_at_once = false;

    [[nodiscard]] std::uint64_t written() const { return totals_.size(); }

    Result<Ticket> write(const Command& command) {
        if (refusal != Error::none) return refusal;
        totals_.push_back((totals_.empty() ? 0 : totals_.back()) + command.add);
        if (acknowledges_at_once) acknowledged = totals_.size();
        return Ticket{{{1, id_, 0}, {totals_.size()}}};
    }
    [[nodiscard]] Outcome<Stored> outcome(Ticket ticket) const {
        const std::uint64_t index = ticket.position.index.value;
        if (index <= acknowledged) {
            return {WriteState::acknowledged, {ticket.position, Stage::received, 2, false}, totals_[index - 1], true};
        }
        return {index >= unknown ? WriteState::unknown : WriteState::pending, {}, 0, false};
    }

    [[nodiscard]] NodeId id() const { return id_; }
    void connected(NodeId) {}
    void disconnected(NodeId) {}
    Result<void> receive(NodeId, std::span<const std::byte>) { return {}; }
    std::size_t transmit(NodeId, std::span<std::byte>) { return 0; }
    void tick(Instant) { ++ticks; }

    std::uint64_t ticks = 0;

private:
    Transport& transport_;
    NodeId id_;
    std::vector<std::int32_t> totals_;
};

}  // namespace replicator::test
