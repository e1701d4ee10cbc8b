// SPDX-License-Identifier: BSL-1.0
// Node: what the server needs of a replicated table, whatever it is composed of. The compositions stand behind it.
#pragma once

#include "command.hpp"
#include "limits.hpp"
#include "table.hpp"

#include <replicator/api/promotion.hpp>
#include <replicator/api/status.hpp>
#include <replicator/concepts/ack_policy.hpp>
#include <replicator/concepts/storage.hpp>
#include <replicator/error.hpp>
#include <replicator/types.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>

namespace kv {

using Status = replicator::NodeStatus<Limits::nodes_max - 1>;
using PromotionStatus = replicator::PromotionStatus<Limits::nodes_max - 1>;

/// How a write ended: acknowledged when there is no error.
struct WriteEnd {
    replicator::Error error = replicator::Error::none;
    bool reply_kept = true;  ///< false when the node no longer knows the reply
    Reply reply;
    replicator::Position position;
};

/// Who asked for writes, and numbered them.
class Writer {
public:
    virtual ~Writer() = default;
    virtual void written(std::uint64_t number, const WriteEnd& end) = 0;
};

class Node {
public:
    virtual ~Node() = default;

    /// False: there is no room now, and nothing happened; ask again when other writes have ended. Otherwise the writer
    /// is told later, in the order of the calls.
    virtual bool write(const Command& command, const std::shared_ptr<Writer>& writer, std::uint64_t number) = 0;

    /// Lets a node that came back blank count towards acknowledgements, because the operator says so by name.
    [[nodiscard]] virtual replicator::Error admit(replicator::NodeId node) = 0;

    /// Begins to make this node the leader; `promotion` and `confirmed` tell how far it is.
    [[nodiscard]] virtual replicator::Error promote(bool may_lose) = 0;
    /// Begins to hand over to another node, which leads when this one follows it.
    [[nodiscard]] virtual replicator::Error hand_over(replicator::NodeId to) = 0;
    [[nodiscard]] virtual PromotionStatus promotion() const noexcept = 0;
    /// True when this node leads and knows that nobody else does.
    [[nodiscard]] virtual bool confirmed() const noexcept = 0;

    [[nodiscard]] virtual replicator::Position last() const noexcept = 0;
    /// Whether the table includes that position: none, not_yet, or discarded, when it never will.
    [[nodiscard]] virtual replicator::Error includes(replicator::Position position) const noexcept = 0;

    [[nodiscard]] virtual const Table& table() const noexcept = 0;
    [[nodiscard]] virtual replicator::Role role() const noexcept = 0;
    [[nodiscard]] virtual replicator::NodeId leader() const noexcept = 0;
    [[nodiscard]] virtual Status status() const = 0;
    [[nodiscard]] virtual replicator::Guarantee guarantee(std::size_t nodes) const noexcept = 0;
    [[nodiscard]] virtual std::size_t log_bytes_max() const noexcept = 0;
    /// Of entries that the log has in memory.
    [[nodiscard]] virtual std::uint64_t log_memory_bytes() const noexcept { return 0; }
    /// What the system refused its log last.
    [[nodiscard]] virtual replicator::StorageFailure log_failure() const noexcept { return {}; }
};

}  // namespace kv
