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
void discard_after(Local<Composition>& local, Index common) noexcept {
    using Command = typename Composition::Machine::Command;
    if (local.log().last() <= common) return;
    local.counters.discarded += local.log().last() - common;
    constexpr bool typed = requires(const Command& command) { local.observer->on_discarded(Position{}, command); };
    constexpr bool raw = requires(std::span<const std::byte> bytes) {
        local.observer->on_discarded(Position{}, bytes);
    };
    if constexpr (typed || raw) {
        Cursor at = local.log().seek(larger(common + 1, local.log().begin().index));
        while (at.index <= local.log().last()) {
            const EntryRun run = local.log().read(at);
            if (run.count == 0 || stalled(local.log())) return;
            const std::byte* const entry = run.bytes.data();
            const EntryHeader header = load_entry_header(entry);
            const Position position{local.epochs().at(at.index), at.index};
            at = {at.index + 1, at.offset + header.bytes()};
            if (header.type() != EntryType::command) continue;
            if constexpr (typed) {
                static_cast<void>(Composition::Codec::decode(entry_command(entry), [&](const Command& command) {
                    local.observer->on_discarded(position, command);
                }));
            } else {
                local.observer->on_discarded(position, entry_command(entry));
            }
        }
    }
}

}  // namespace replicator::core
