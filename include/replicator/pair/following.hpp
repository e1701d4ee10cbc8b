// SPDX-License-Identifier: BSL-1.0
// The half of a follower: what it takes, what it gives up for it, and what it takes in place of its state.
#pragma once

#include "options.hpp"
#include "parts/transfer.hpp"
#include "parts/wire.hpp"

#include "../encoding/bytes.hpp"
#include "../error.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace replicator::pair::detail {

/// No state of its own: what a follower knows is in `Self`.
template <class Self>
struct Following {
    static void take_append(Self& self, const std::byte* head, std::span<const std::byte> entries) noexcept {
        self.owed = true;
        std::uint32_t index = word(head, at::index);
        if (!self.log.holds(index, word(head, at::chain))) {
            if (!self.confirmed) self.state_due = true;
            return;  // or a frame before this one was lost
        }
        if (!self.confirmed) {
            if (is_after(self.applied, index)) {  // what was applied since then was replaced
                self.common = index;
                self.common_known = self.state_due = true;
                return;
            }
            confirm(self, index);
        }
        if (is_after(index, self.agreed)) self.agreed = index;
        const auto flags = std::to_integer<std::uint32_t>(head[at::flags]);
        if ((flags & flag::complete) != 0) self.complete = true;
        const std::uint32_t commit = word(head, at::commit);
        take_commit(self, commit);
        while (entries.size() >= 2) {
            const auto size = load<std::uint16_t>(entries.data());
            const std::size_t bytes = size & ~std::size_t{Self::LogOf::opening};
            if (bytes > entries.size() - 2) break;
            if (is_after(++index, self.agreed) && !take_entry(self, entries.subspan(2, bytes), size)) break;
            entries = entries.subspan(2 + bytes);
        }
        take_commit(self, commit);
        if constexpr (Self::hands_over) {
            if ((flags & flag::lead_now) != 0 && index == self.agreed && index == self.log.last() && self.complete) {
                self.promotion = self.open(false);
            }
        }
    }
    /// The entry that follows on what is agreed. An own one in its place is kept if it is the same, else discarded.
    [[nodiscard]] static bool take_entry(Self& self, std::span<const std::byte> bytes, std::uint16_t size) noexcept {
        if (self.agreed != self.log.last()) {
            if (self.log.chain_of(self.agreed, bytes.data(), size) == self.log.chain_at(self.agreed + 1)) {
                ++self.agreed;
                return true;
            }
            hand_back(self, self.agreed);
            self.log.cut(self.agreed);
        }
        std::byte* const room = self.log.room(bytes.size(), self.applied);
        if (room == nullptr) return false;
        std::memcpy(room, bytes.data(), bytes.size());
        self.log.seal(size);
        ++self.agreed;
        self.blank = false;
        return true;
    }
    static void take_commit(Self& self, std::uint32_t commit) noexcept {
        if (is_after(commit, self.agreed)) commit = self.agreed;
        if (!is_after(commit, self.commit)) return;
        self.commit = commit;
        self.advance();
    }
    static void take_state(Self& self, const std::byte* head, std::span<const std::byte> bytes) noexcept {
        self.owed = true;
        const StatePosition position{word(head, at::index), word(head, at::chain)};
        const bool held = self.log.holds(position.index, position.chain);
        if (self.confirmed && !is_after(position.index, self.agreed)) {
            self.state_due = false;
            self.transfer.reset();
            return;
        }
        if (held && !is_after(self.applied, position.index)) {  // the log has it: what is in it is committed
            confirm(self, self.commit = position.index);
            return self.advance();
        }
        if (!self.forced && !self.blank && self.applied - position.index < Self::Limits::log_entries_max)
            return self.fail(Error::diverged);
        self.state_due = true;
        if (!self.transfer.take(bytes, word(head, at::commit), position, self.machine)) return;
        if (!held) {
            if (self.common_known) {
                hand_back(self, self.common);
            } else {
                self.unsettled += self.log.last() - (self.forced ? self.log.base() : self.commit);
            }
            self.log.reset(position.index, position.chain);
        }
        self.applied = self.commit = position.index;
        self.blank = self.complete = false;
        confirm(self, position.index);
    }
    /// From here on this log is the leader's up to `index`.
    static void confirm(Self& self, std::uint32_t index) noexcept {
        self.confirmed = true;
        self.state_due = self.common_known = self.forced = false;
        self.agreed = index;
        self.transfer.reset();
    }
    /// Tells of the own commands after `common`, which are not on the leader's line.
    static void hand_back(Self& self, std::uint32_t common) noexcept {
        if constexpr (requires(const typename Self::Command& command) {
                          self.observer->on_discarded(Ticket{}, command);
                      }) {
            std::uint32_t epoch = 0;
            for (std::uint32_t index = self.log.base(); index != self.log.last();) {
                const std::span<const std::byte> bytes = self.log.bytes_at(++index);
                if ((self.log.size_at(index) & Self::LogOf::opening) != 0) {
                    epoch = load<std::uint32_t>(bytes.data());
                } else if (is_after(index, common)) {
                    static_cast<void>(
                        Self::Codec::decode(bytes, [&self, &epoch, index](const typename Self::Command& command) {
                            self.observer->on_discarded(Ticket{epoch, index}, command);
                        }));
                }
            }
        }
    }
};

}  // namespace replicator::pair::detail
