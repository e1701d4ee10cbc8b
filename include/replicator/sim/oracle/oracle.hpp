// SPDX-License-Identifier: BSL-1.0
// The oracle stands outside the nodes: it knows in which order the leader wrote, what the state is after each entry,
// and what was promised for each write. It believes nothing that a node says about itself.
#pragma once

#include "results.hpp"

#include "../../codec/select.hpp"
#include "../../concepts/log_policy.hpp"
#include "../../concepts/state_machine.hpp"
#include "../../core/history/roster.hpp"
#include "../../encoding/entry.hpp"
#include "../../types.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <vector>

namespace replicator::sim {

/// The one true line of history, as long as one node leads.
template <class Machine>
class Oracle {
public:
    static constexpr std::size_t nodes_max = 8;

    /// Takes over what the leader wrote since the last call. The log must still have it, which it has right after it
    /// was written.
    template <LogPolicy Log>
    void follow(const Log& log) {
        if (last() == log.last()) return;
        for (Cursor at = log.seek(last() + 1); at.index <= log.last();) {
            const std::byte* const entry = log.read(at).bytes.data();
            const EntryHeader header = load_entry_header(entry);
            at = {at.index + 1, at.offset + header.bytes()};
            if (header.type() == EntryType::command) {
                results_.emplace_back();
                const bool decoded = codec::Select<Machine>::decode(entry_command(entry),
                                                                    [this](const typename Machine::Command& command) {
                                                                        results_.back() = result_of(machine_, command);
                                                                    });
                understands_ = understands_ && decoded;
                digests_.push_back(digest_of(machine_));
            } else {
                roster_.take(entry, last() + 1);
                digests_.push_back(digests_.back());
                results_.emplace_back();
            }
            chains_.push_back(header.chain);
        }
    }

    [[nodiscard]] Index last() const noexcept { return Index{digests_.size() - 1}; }
    /// Of the state after the entry at `index`.
    [[nodiscard]] std::uint64_t digest_at(Index index) const noexcept { return digests_[index.value]; }
    /// What is wrong on a node, see `sim::find_wrong`; it was known to be right up to `after`.
    template <class Node>
    [[nodiscard]] const char* find_wrong(const Node& node, Index after) const {
        return sim::find_wrong(
            node, digest_at(node.applied()),
            after, [this](Index index) -> const auto& { return results_[index.value]; });
    }
    /// Who has the seat, and which incarnations count, as the entries say.
    [[nodiscard]] const core::Roster<nodes_max>& roster() const noexcept { return roster_; }
    void set_nodes(std::span<const NodeId> nodes) noexcept { roster_.set_nodes(nodes); }
    /// False when a command that the leader encoded could not be decoded.
    [[nodiscard]] bool understands() const noexcept { return understands_; }

    /// How far a log holds what the leader wrote: its newest entry if that lies on the line, else nothing. Two lines
    /// that share an entry share everything before it.
    template <LogPolicy Log>
    [[nodiscard]] Index held_by(const Log& log) const noexcept {
        const Index index = log.last();
        if (index > last() || index == Index{}) return Index{};
        return chains_[index.value] == log.chain() ? index : Index{};
    }

private:
    using Stored = StoredResult<ApplyResult<Machine>>;

    Machine machine_{};
    core::Roster<nodes_max> roster_;
    std::vector<std::uint64_t> digests_{digest_of(Machine{})};
    std::deque<Stored> results_{Stored{}};  // a vector of truth values has no elements to refer to
    std::vector<Chain> chains_{Chain{}};
    bool understands_ = true;
};

}  // namespace replicator::sim
