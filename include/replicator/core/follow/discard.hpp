// SPDX-License-Identifier: BSL-1.0
// Discarded writes: what a node held beyond the line of its leader is counted and handed back before it goes.
#pragma once

#include "../../concepts/codec.hpp"
#include "../../encoding/entry.hpp"
#include "../../types.hpp"
#include "../self.hpp"

#include <cstddef>
#include <span>

namespace replicator::core {

/// Shows the observer the commands after `common`, as far as the log still has them: they are about to go.
template <class Composition>
void discard_after(Self<Composition>& self, Index common) noexcept {
    using Command = typename Composition::Machine::Command;
    if (self.log().last() <= common) return;
    self.counters.discarded += self.log().last() - common;
    constexpr bool typed = requires(const Command& command) { self.observer->on_discarded(Position{}, command); };
    constexpr bool raw = requires(std::span<const std::byte> bytes) { self.observer->on_discarded(Position{}, bytes); };
    if constexpr (typed || raw) {
        Cursor at = self.log().seek(larger(common + 1, self.log().begin().index));
        while (at.index <= self.log().last()) {
            const EntryRun run = self.log().read(at);
            if (run.count == 0 || stalled(self.log())) return;
            const std::byte* const entry = run.bytes.data();
            const EntryHeader header = load_entry_header(entry);
            const Position position{self.epochs().at(at.index), at.index};
            at = {at.index + 1, at.offset + header.bytes()};
            if (header.type() != EntryType::command) continue;
            if constexpr (typed) {
                static_cast<void>(Composition::Codec::decode(entry_command(entry), [&](const Command& command) {
                    self.observer->on_discarded(position, command);
                }));
            } else {
                self.observer->on_discarded(position, entry_command(entry));
            }
        }
    }
}

}  // namespace replicator::core
