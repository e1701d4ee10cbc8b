// SPDX-License-Identifier: BSL-1.0
// The roster: what the log says about the nodes. Who has the seat of the synchronous follower, and which incarnation of
// each node counts. It is a function of the entries alone, so every node can tell it, and a snapshot carries it.
#pragma once

#include "../../assert.hpp"
#include "../../encoding/bytes.hpp"
#include "../../encoding/entry.hpp"
#include "../../types.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace replicator::core {

/// The body of an entry of type `epoch_start`.
struct EpochStartBody {
    static constexpr std::size_t fixed_bytes = 56;
    static constexpr std::size_t member_bytes = 16;

    Epoch epoch;
    Run run{};
    std::uint32_t policy = 0;
    NodeId seat{};
    bool forced = false;
    Index forced_from;  ///< from here on, entries of before may have been lost
    std::uint64_t members = 0;

    /// The fixed fields in their order; the members follow.
    template <class Bytes, class Body>
    static void each_field(Bytes& bytes, Body& body) noexcept {
        bytes.each(body.epoch, body.run, body.policy, body.seat, body.forced, body.forced_from, body.members);
    }
};

/// The body of an entry of type `seat`.
struct SeatBody {
    static constexpr std::size_t bytes = 8;
    NodeId node{};
};

/// The body of an entry of type `admit`.
struct AdmitBody {
    static constexpr std::size_t bytes = 16;
    NodeId node{};
    Incarnation incarnation{};
};

struct RosterMember {
    NodeId node{};
    Incarnation counts{};  ///< the incarnation whose acknowledgements count; 0 when none ever did

    friend bool operator==(const RosterMember&, const RosterMember&) = default;
};

template <std::size_t NodesMax>
struct Roster {
    std::array<RosterMember, NodesMax> members{};
    std::size_t size = 0;
    NodeId seat{};
    Index seat_index;  ///< of the entry that gave it

    friend bool operator==(const Roster&, const Roster&) = default;

    void set_nodes(std::span<const NodeId> nodes) noexcept {
        *this = Roster{};
        for (const NodeId node : nodes) members[size++].node = node;
    }

    [[nodiscard]] Incarnation counting(NodeId node) const noexcept {
        for (const RosterMember& member : std::span(members).first(size)) {
            if (member.node == node) return member.counts;
        }
        return Incarnation{};
    }

    void admit(NodeId node, Incarnation incarnation) noexcept {
        for (RosterMember& member : std::span(members).first(size)) {
            if (member.node == node) member.counts = incarnation;
        }
    }

    /// Takes over what a correct entry at `index` says. Entries that say nothing about nodes are passed over.
    void take(const std::byte* entry, Index index) noexcept {
        const auto body = entry_body(entry);
        ByteReader from(body.data());
        switch (load_entry_header(entry).type()) {
            case EntryType::epoch_start:
                if (body.size() >= EpochStartBody::fixed_bytes) take_epoch_start(body, index);
                break;
            case EntryType::seat:
                if (body.size() == SeatBody::bytes) from.get(seat), seat_index = index;
                break;
            case EntryType::admit:
                if (body.size() == AdmitBody::bytes) {
                    AdmitBody admitted;
                    std::uint32_t unused = 0;
                    from.get(admitted.node).get(unused).get(admitted.incarnation);
                    admit(admitted.node, admitted.incarnation);
                }
                break;
            default: break;
        }
    }

private:
    void take_epoch_start(std::span<const std::byte> body, Index index) noexcept;
};

/// Reads the fixed part of an epoch-start body of at least `fixed_bytes` bytes.
[[nodiscard]] inline EpochStartBody read_epoch_start(const std::byte* from) noexcept {
    EpochStartBody body;
    ByteReader bytes(from);
    EpochStartBody::each_field(bytes, body);
    return body;
}

/// The bytes of an epoch-start body for a group of so many nodes.
[[nodiscard]] constexpr std::size_t epoch_start_bytes(std::size_t nodes) noexcept {
    return EpochStartBody::fixed_bytes + nodes * EpochStartBody::member_bytes;
}

/// Writes an epoch-start body with the members of `roster`, whose number `body` must say.
template <std::size_t NodesMax>
void write_epoch_start(std::byte* to, const EpochStartBody& body, const Roster<NodesMax>& roster) noexcept {
    REPLICATOR_ASSERT(body.members == roster.size);
    ByteWriter bytes(to);
    EpochStartBody::each_field(bytes, body);
    REPLICATOR_ASSERT(bytes.position() == to + EpochStartBody::fixed_bytes);
    for (std::size_t i = 0; i < roster.size; ++i) {
        bytes.each(roster.members[i].node, std::uint32_t{0}, roster.members[i].counts);
    }
}

template <std::size_t NodesMax>
void Roster<NodesMax>::take_epoch_start(std::span<const std::byte> body, Index index) noexcept {
    const EpochStartBody start = read_epoch_start(body.data());
    seat = start.seat;
    seat_index = index;
    const std::uint64_t count = (body.size() - EpochStartBody::fixed_bytes) / EpochStartBody::member_bytes;
    if (start.members != count || count > NodesMax) return;
    ByteReader from(body.data() + EpochStartBody::fixed_bytes);
    for (std::uint64_t i = 0; i < count; ++i) {
        RosterMember member;
        std::uint32_t unused = 0;
        from.each(member.node, unused, member.counts);
        admit(member.node, member.counts);
    }
}

}  // namespace replicator::core
