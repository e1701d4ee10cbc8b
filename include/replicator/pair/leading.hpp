// SPDX-License-Identifier: BSL-1.0
// The half of a leader: where a follower begins, what it is sent, what it says.
#pragma once

#include "options.hpp"
#include "parts/wire.hpp"

#include "../encoding/bytes.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace replicator::pair::detail {

/// No state of its own: what a leader knows is in `Self`.
template <class Self>
struct Leading {
    /// The follower's log ends at `index`. Where that is not on this line, both may agree up to what the follower
    /// applied, which under ack::SemiSync is on every line; or, where a leader applies alone, up to where this epoch
    /// began. The follower tells whether they do.
    static void begin(Self& self, std::uint32_t index, std::uint32_t chain, std::uint32_t applied) noexcept {
        self.handing_over = false;  // the follower dropped the former link: it will not act on what it was told there
        if (!self.log.holds(index, chain)) {
            const std::uint32_t common = Self::waits ? applied : self.opened;
            self.state_due = !self.log.reaches(common) || is_after(common, index);
            index = self.state_due ? self.applied : common;
        }
        self.agreed = self.sent = index;
        self.needed = is_after(self.opened, self.commit) ? self.opened : self.commit;
    }

    static void on_ack(Self& self, const std::byte* head) noexcept {
        const auto flags = std::to_integer<std::uint32_t>(head[at::flags]);
        if ((flags & flag::lacks) != 0) {
            if (!self.confirmed) self.state_due = true;
            if (self.state_due) {
                self.transfer.ask(word(head, at::commit));
                self.owed = true;
            }
            return;
        }
        const std::uint32_t index = word(head, at::index);
        if (!self.log.holds(index, word(head, at::chain))) {
            if (self.state_due) self.transfer.reset();  // it is so old by now that the log does not go on from there
            return;
        }
        if (!self.confirmed || self.state_due) {
            self.confirmed = self.owed = true;
            self.state_due = false;
            self.transfer.reset();
            self.agreed = self.sent = index;
        }
        if (is_after(index, self.agreed)) {
            self.agreed = index;
            self.moved_at = self.now;
        }
        if (is_after(self.agreed, self.sent)) self.sent = self.agreed;
        if constexpr (Self::hands_over) {
            if ((flags & flag::wants_lead) != 0 && !self.handing_over && self.peer_can_lead) give_way(self);
            if (self.handing_over) self.owed = true;
        }
        self.advance();
    }

    [[nodiscard]] static std::size_t write_entries(Self& self, std::byte* to) noexcept {
        if (!self.confirmed) return 0;
        if (self.sent == self.agreed) self.moved_at = self.now;
        std::size_t bytes = 0;
        while (self.sent != self.log.last()) {
            const std::span<const std::byte> entry = self.log.bytes_at(self.sent + 1);
            if (bytes + 2 + entry.size() > Self::payload_max) break;
            store(to + bytes, self.log.size_at(++self.sent));
            std::memcpy(to + bytes + 2, entry.data(), entry.size());
            bytes += 2 + entry.size();
        }
        return bytes;
    }

    static void give_way(Self& self) noexcept {
        self.handing_over = self.owed = true;
        self.asked_at = self.now;
    }
};

}  // namespace replicator::pair::detail
