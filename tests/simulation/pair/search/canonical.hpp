// SPDX-License-Identifier: BSL-1.0
// What of a world decides about its future, in one form for all worlds that have the same one.
//
// Not in it: what no rule reads again (fields of a link that is gone, an epoch in a frame that is no hello), and the
// values of numbers that are only compared: those of links, and those of starts that opened no epoch.
#pragma once

#include "visited.hpp"
#include "world.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace pair_search {

/// The numbers that one node gave to its links, as far as somebody remembers them. They are compared for equality; and
/// within one start, which is the earlier one.
class Nonces {
public:
    void add(std::uint32_t nonce) {
        if (nonce != 0) all_[size_++] = nonce;
    }
    void sort(std::uint32_t newest) {
        newest_ = newest;
        std::sort(all_, all_ + size_,
                  [this](std::uint32_t one, std::uint32_t other) { return newest_ - one < newest_ - other; });
        size_ = static_cast<std::size_t>(std::unique(all_, all_ + size_) - all_);
    }
    /// Its rank, and how many of the starts before it are known, each counted from the newest on.
    [[nodiscard]] std::uint32_t canonical(std::uint32_t nonce) const {
        if (nonce == 0) return 0;
        std::uint32_t start = 1, rank = 1;
        for (std::size_t i = 0; i < size_ && all_[i] != nonce; ++i) {
            ++rank;
            if (i + 1 < size_ && all_[i] - all_[i + 1] >= 256) ++start;
        }
        return start << 8 | rank;
    }

private:
    std::uint32_t all_[2 + 2 * line_max] = {};
    std::size_t size_ = 0;
    std::uint32_t newest_ = 0;
};

template <class Ack>
class Canonical {
public:
    /// `with_runs`: starts that differ in nothing but their numbers count as different ones.
    explicit Canonical(World<Ack>& world, bool with_runs = false) : world_(world), with_runs_(with_runs) {
        for (std::size_t place = 0; place < 2; ++place) {
            const std::size_t other = 1 - place;
            Nonces& nonces = nonces_[place];
            nonces.add(world.self(place).nonce);
            nonces.add(world.self(other).echo);
            for (std::size_t i = 0; i < world.waiting[other]; ++i) {
                const Frame& frame = world.lines[other][i];
                nonces.add(frame.is_hello() ? pair::detail::word(frame.bytes, pair::detail::at::nonce)
                                            : frame.from_nonce);
            }
            nonces.sort(world.self(place).nonce);
        }
    }
    [[nodiscard]] Hash hash() {
        for (std::size_t place = 0; place < 2; ++place) {
            add_node(place);
            add_line(place);
        }
        const Budget& left = world_.left;
        digest_.add(static_cast<std::uint64_t>(left.writes << 16 | left.hand_overs << 8 | left.drops));
        digest_.add(std::uint64_t{world_.pending} << 32 | world_.required);
        digest_.add(std::uint64_t{world_.holders[0]} << 32 | world_.holders[1]);
        if (!World<Ack>::waits) digest_.add(world_.newest_epoch);
        // A start that opened no epoch is known only as one before or after the others.
        for (const std::uint8_t run : world_.runs) {
            const unsigned before = world_.opened & ((1u << run) - 1);
            digest_.add(with_runs_ || (world_.opened & 1u << run) != 0 ? 0x100u | run
                                                                       : static_cast<unsigned>(std::popcount(before)));
        }
        digest_.add(world_.opened << 1 | (world_.runs[0] < world_.runs[1] ? 1u : 0u));
        digest_.add(world_.fresh);
        return digest_.value();
    }

private:
    void add_node(std::size_t place) {
        const auto& self = world_.self(place);
        digest_.add(std::as_bytes(std::span(self.machine.ids)));
        digest_.add(std::uint64_t{self.log.base()} << 32 | self.log.last());
        digest_.add(self.log.chain_at(self.log.base()));
        for (std::uint32_t index = self.log.base(); index != self.log.last();) {
            ++index;
            digest_.add(std::uint64_t{self.log.chain_at(index)} << 32 | self.log.size_at(index));
        }
        const bool linked = self.session != 0, leader = self.is_leader();
        digest_.add(std::uint64_t{self.epoch} << 32 | self.applied);
        digest_.add(std::uint64_t{self.commit} << 32 | (self.confirmed ? self.agreed : 0));
        digest_.add(std::uint64_t{leader && linked ? self.sent : 0} << 32 | (leader ? self.opened : 0));
        digest_.add(std::uint64_t{leader && linked ? self.needed : 0} << 32 | (self.common_known ? self.common : 0));
        digest_.add(nonces_[1 - place].canonical(self.echo));
        digest_.add(world_.observers[place].returned);
        std::uint64_t flags = static_cast<std::uint64_t>(self.role);
        for (const bool each : {linked, linked && self.owed, self.hello_due, self.confirmed, self.state_due, self.blank,
                                self.complete, self.forced, leader && linked && self.peer_can_lead, self.handing_over,
                                self.opening_due, self.common_known}) {
            flags = flags << 1 | (each ? 1u : 0u);
        }
        digest_.add(flags);
        add_transfer(place);
    }
    void add_transfer(std::size_t place) {
        /// The layout of pair::detail::Transfer.
        struct Copy {
            alignas(4) std::byte bytes[sizeof(Applied)];
            std::uint32_t index, chain, offset;
            bool frozen;
        } copy;
        const auto& self = world_.self(place);
        static_assert(sizeof copy == sizeof self.transfer);
        std::memcpy(&copy, &self.transfer, sizeof copy);
        if (copy.frozen) {
            digest_.add(std::span<const std::byte>(copy.bytes));
            digest_.add(std::uint64_t{copy.index} << 32 | copy.chain);
            digest_.add(copy.offset);
        } else if (copy.offset != 0 && !self.is_leader()) {
            digest_.add(std::span<const std::byte>(copy.bytes).first(copy.offset));
            digest_.add(copy.index);
        } else {
            digest_.add(~std::uint64_t{0});
        }
    }
    /// Frames may arrive in any order.
    void add_line(std::size_t place) {
        Hash hashes[line_max];
        const std::size_t count = world_.waiting[place];
        for (std::size_t i = 0; i < count; ++i) hashes[i] = hash_of(place, world_.lines[place][i]);
        std::sort(hashes, hashes + count, [](const Hash& one, const Hash& other) { return one.low < other.low; });
        digest_.add(count);
        for (std::size_t i = 0; i < count; ++i) digest_.add(hashes[i].low), digest_.add(hashes[i].high);
    }
    [[nodiscard]] Hash hash_of(std::size_t place, const Frame& frame) {
        using namespace pair::detail;
        Digest digest;
        const std::byte* const bytes = frame.bytes;
        const auto flags = std::to_integer<unsigned>(bytes[pair::detail::at::flags]);
        const auto word_at = [&](std::size_t offset) { return word(bytes, offset); };
        namespace where = pair::detail::at;
        if (frame.is_hello()) {
            digest.add(nonces_[1 - place].canonical(word_at(where::nonce)));
            const bool heard = word_at(where::echo) == world_.self(place).nonce;
            digest.add(heard ? 1 : 0);
            digest.add(heard ? flags : flags & flag::linked);
            if (!heard) return digest.value();  // nothing else in it counts
            digest.add(std::uint64_t{word_at(where::epoch)} << 32 | word_at(where::history));
            if ((flags & flag::leads) != 0) return digest.value();
            digest.add(std::uint64_t{word_at(where::index)} << 32 | word_at(where::chain));
            digest.add(word_at(where::commit));
            return digest.value();
        }
        digest.add(std::to_integer<std::uint64_t>(bytes[0]) << 8 | flags);
        digest.add(nonces_[1 - place].canonical(frame.from_nonce));
        const bool ack = bytes[0] == std::byte{static_cast<std::uint8_t>(FrameType::ack)};
        if (!ack || (flags & flag::lacks) == 0)
            digest.add(std::uint64_t{word_at(where::index)} << 32 | word_at(where::chain));
        if (!ack || (flags & flag::lacks) != 0) digest.add(word_at(where::commit));
        const std::size_t end = frame.size - checksum_bytes;
        digest.add(std::span(frame.bytes).subspan(where::end, end - where::end));
        return digest.value();
    }

    World<Ack>& world_;
    bool with_runs_;
    Nonces nonces_[2];
    Digest digest_;
};

}  // namespace pair_search
