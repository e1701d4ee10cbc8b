// SPDX-License-Identifier: BSL-1.0
// WriteRoom: gives a node no more writes than it takes.
#pragma once

#include "../base/limits.hpp"
#include "../table/command.hpp"
#include "networked_node.hpp"

#include <replicator/encoding/entry.hpp>
#include <replicator/error.hpp>

#include <algorithm>
#include <cstddef>
#include <system_error>
#include <utility>

namespace kv {

/// Writes beyond what the node would take are not even tried, so that a pipeline stays in order.
class WriteRoom {
public:
    explicit WriteRoom(NetworkedNode& node)
        : node_(node),
          bytes_max_(std::min(Limits::window_bytes_max, node.node().log_bytes_max() / 2) - own_entries * 256) {}

    /// False: there is no room now, and nothing happened; ask again when other writes have ended. Otherwise
    /// `ended(WriteEnd)` is called later, in the order of the calls.
    template <class Ended>
    [[nodiscard]] bool write(const Command& command, Ended ended) {
        const std::size_t bytes = replicator::entry_bytes(CommandCodec::size(command));
        if (writes_ >= writes_max || bytes_ + bytes > bytes_max_) return false;
        ++writes_;
        bytes_ += bytes;
        node_.async_write(command,
                          [this, bytes, ended = std::move(ended)](std::error_code error, const auto& written) mutable {
                              --writes_;
                              bytes_ -= bytes;
                              const auto why = static_cast<replicator::Error>(error.value());
                              const bool is_known = why != replicator::Error::none || written.result_kept;
                              ended(WriteEnd{why, is_known, written.result, written.acknowledgement.position});
                          });
        return true;
    }

private:
    // A little less than the node allows, because it adds entries of its own.
    static constexpr std::size_t own_entries = 16;
    static constexpr std::size_t writes_max = Limits::writes_pending_max - own_entries;

    NetworkedNode& node_;
    std::size_t bytes_max_;
    std::size_t writes_ = 0;  // given to the node, and not yet ended
    std::size_t bytes_ = 0;
};

}  // namespace kv
