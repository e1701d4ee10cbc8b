// SPDX-License-Identifier: BSL-1.0
// EntryTree: every entry that any leader ever wrote, as a tree. Two logs that share an entry share everything before
// it, so what a log holds is a place in the tree, and where two logs part is where their lines meet.
#pragma once

#include "results.hpp"

#include "../../codec/select.hpp"
#include "../../concepts/log_policy.hpp"
#include "../../core/history/roster.hpp"
#include "../../encoding/entry.hpp"
#include "../../types.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace replicator::sim {

template <class Machine>
class EntryTree {
public:
    /// An entry, by its number in the tree; 0 is what lies before the first.
    using Entry = std::size_t;
    using Stored = StoredResult<ApplyResult<Machine>>;

    explicit EntryTree(HistoryId history) {
        entries_.push_back({.parent = 0,
                            .index = Index{},
                            .chain = first_chain(history),
                            .epoch = Epoch{},
                            .forced = false,
                            .digest = digest_of(Machine{}),
                            .command = {},
                            .result = {}});
        known_[{0, value(entries_[0].chain)}] = 0;
    }

    [[nodiscard]] Index index(Entry entry) const noexcept { return entries_[entry].index; }
    [[nodiscard]] Epoch epoch(Entry entry) const noexcept { return entries_[entry].epoch; }
    /// What is wrong on a node that applied all up to `applied`, see `sim::find_wrong`; up to `common` it was right.
    template <class Node>
    [[nodiscard]] const char* find_wrong(const Node& node, Entry applied, Entry common) const {
        return sim::find_wrong(
            node, entries_[applied].digest, index(common),
            [ this, applied ](Index at_index) -> const auto& { return entries_[at(applied, at_index)].result; });
    }

    [[nodiscard]] std::optional<Entry> find(Index index, Chain chain) const {
        const auto found = known_.find({index.value, value(chain)});
        return found == known_.end() ? std::nullopt : std::optional(found->second);
    }

    /// The entry at `index` on the line that ends with `entry`, which lies no lower. O(distance).
    [[nodiscard]] Entry at(Entry entry, Index index) const noexcept {
        while (index < entries_[entry].index) entry = entries_[entry].parent;
        return entry;
    }
    [[nodiscard]] bool has(Entry line, Entry entry) const noexcept {
        return index(entry) <= index(line) && at(line, index(entry)) == entry;
    }
    /// Where two lines part: the newest entry of both.
    [[nodiscard]] Entry common(Entry a, Entry b) const noexcept {
        a = at(a, smaller(index(a), index(b)));
        b = at(b, smaller(index(a), index(b)));
        while (a != b) a = entries_[a].parent, b = entries_[b].parent;
        return a;
    }
    /// True when a forced epoch, higher than `than`, begins on the line of `entry` after `common`.
    [[nodiscard]] bool forced_after(Entry entry, Entry common, Epoch than = {}) const noexcept {
        for (; entry != common; entry = entries_[entry].parent) {
            if (entries_[entry].forced && than < entries_[entry].epoch) return true;
        }
        return false;
    }

    /// The newest entry of a log, after taking in what is new there. `hint` is what this gave before for the same log.
    /// Nothing when the log does not hang together with what is known.
    template <LogPolicy Log>
    [[nodiscard]] std::optional<Entry> take(const Log& log, Entry hint) {
        Index index = larger(smaller(log.last(), entries_[hint].index), log.base().index);
        std::optional<Entry> known;
        for (;; index = index - 1) {
            known = find(index, chain_at(log, index));
            if (known) break;
            if (index == log.base().index) return std::nullopt;
        }
        if (index == log.last()) return known;
        for (Cursor at = log.seek(index + 1); at.index <= log.last();) {
            const std::byte* const entry = log.read(at).bytes.data();
            if (entry == nullptr) return std::nullopt;  // the log cannot be read
            at = {at.index + 1, at.offset + load_entry_header(entry).bytes()};
            known = append(*known, entry);
        }
        return known;
    }

    [[nodiscard]] bool understands() const noexcept { return understands_; }

private:
    struct Node {
        Entry parent = 0;
        Index index;
        Chain chain{};
        Epoch epoch;
        bool forced = false;       ///< opens a forced epoch
        std::uint64_t digest = 0;  ///< of the state after it
        std::vector<std::byte> command;
        Stored result{};
    };
    /// A machine at the end of some line, so that it need not be built anew for each entry.
    struct Tip {
        Entry entry = 0;
        Machine machine{};
    };

    Entry append(Entry parent, const std::byte* bytes) {
        const EntryHeader header = load_entry_header(bytes);
        const Index index = entries_[parent].index + 1;
        if (const auto known = find(index, header.chain)) return *known;
        Node node{.parent = parent,
                  .index = index,
                  .chain = header.chain,
                  .epoch = entries_[parent].epoch,
                  .forced = false,
                  .digest = entries_[parent].digest,
                  .command = {},
                  .result = {}};
        if (header.type() == EntryType::epoch_start) {
            const core::EpochStartBody start = core::read_epoch_start(entry_body(bytes).data());
            node.epoch = start.epoch;
            node.forced = start.forced;
        }
        Tip& tip = tip_at(parent);
        if (header.type() == EntryType::command) {
            const auto command = entry_command(bytes);
            node.command.assign(command.begin(), command.end());
            node.result = apply(tip.machine, node.command);
            node.digest = digest_of(tip.machine);
        }
        entries_.push_back(std::move(node));
        tip.entry = entries_.size() - 1;
        known_[{index.value, value(header.chain)}] = tip.entry;
        return tip.entry;
    }

    Stored apply(Machine& machine, std::span<const std::byte> command) {
        Stored result{};
        const bool decoded = codec::Select<Machine>::decode(
            command, [&](const typename Machine::Command& decodes) { result = result_of(machine, decodes); });
        understands_ = understands_ && decoded;
        return result;
    }

    [[nodiscard]] Tip& tip_at(Entry entry) {
        for (Tip& tip : tips_) {
            if (tip.entry == entry) return tip;
        }
        std::vector<Entry> path;
        for (Entry at = entry; at != 0; at = entries_[at].parent) path.push_back(at);
        Tip& tip = tips_[next_tip_++ % tips_.size()];
        tip = Tip{entry, Machine{}};
        for (; !path.empty(); path.pop_back()) {
            if (!entries_[path.back()].command.empty()) apply(tip.machine, entries_[path.back()].command);
        }
        return tip;
    }

    std::vector<Node> entries_;
    std::map<std::pair<std::uint64_t, std::uint32_t>, Entry> known_;
    std::array<Tip, 3> tips_{};
    std::size_t next_tip_ = 0;
    bool understands_ = true;
};

}  // namespace replicator::sim
