// SPDX-License-Identifier: BSL-1.0
// A leader without its switchboard, and one follower: for tests of what that is sent.
#pragma once

#include "parts.hpp"

#include <replicator/core/lead/leader.hpp>
#include <replicator/core/lead/sender.hpp>
#include <replicator/core/snapshot/outgoing.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace support::one_leader {

using namespace replicator;
using namespace replicator::core;

using Parts = PartsOf<>;
using Limits = Parts::Limits;

constexpr Duration moment{1};
constexpr Duration just_before(Duration time) { return {time.microseconds - 1}; }

/// A leader with entries 1 (its epoch) to 5, and one follower that it has a link to.
template <class GivenParts>
struct LeaderOf : OneNode<GivenParts> {
    using Node = OneNode<GivenParts>;
    using Node::applier, Node::self, Node::open_epoch, Node::write;

    LeaderOf() {
        open_epoch(1);
        write(4);
        self.role = Role::leader;
        roster_of(self).admit(NodeId{2}, Incarnation{22});
        self.commit = Index{3};
        peer.id = NodeId{2};
        peer.link = LinkId{9};
    }

    Progress& follower() { return peer.progress; }

    /// A link begins, on which the follower says that its log ends here.
    void begin(Position last, Position commit = {}) {
        Hello hello;
        hello.incarnation = Incarnation{22};
        hello.last = last;
        hello.commit = commit;
        sender.begin(self, peer, hello);
    }
    /// The same, and it agrees.
    void begin_streaming(std::uint64_t index = 5) {
        begin(at(1, index));
        BOOST_REQUIRE(append());
        ack(index);
        BOOST_REQUIRE((follower().state() == FollowerState::catching_up));
    }

    Ack an_ack(std::uint64_t received) const {
        Ack ack;
        ack.received = Index{received};
        ack.credit = GivenParts::window_bytes;
        return ack;
    }
    void take(const Ack& ack) {
        BOOST_REQUIRE((Leader<GivenParts>::on_ack(follower(), ack) == Error::none));
        const bool takes_state = follower().state() == FollowerState::snapshot;
        sender.on_ack(self, peer, ack);
        if (takes_state) snapshots.on_ack(self, peer, ack, sender);
    }
    void ack(std::uint64_t received) { take(an_ack(received)); }
    void refuse(std::uint64_t received, Error error, Position hint, Position commit = {}) {
        Ack ack = an_ack(received);
        ack.refusal = Refusal{error, hint, commit};
        take(ack);
    }
    void tick(Duration time) {
        self.now = self.now + time;
        sender.tick(self, peer);
    }

    /// The frame that is sent now, if any.
    std::size_t transmit(std::size_t room = 2048) {
        buffer.fill(std::byte{0xee});
        const auto to = std::span(buffer).first(room);
        const auto runs = [&] { return follower().takes_state(self.now); };
        if (!runs()) {
            const bool entries = sender.entries_owed(self, follower());
            if (!entries && !sender.append_owed(self, follower())) return 0;
            if (!sender.fell_behind(self, peer)) return sender.write_append(self, round, entries, peer, to);
        }
        const bool owed = runs() && snapshots.owes(follower());
        return owed ? snapshots.transmit(self, applier, peer, to) : 0;
    }
    std::optional<Append> append(std::size_t room = 2048) {
        const std::size_t size = transmit(room);
        if (size == 0) return std::nullopt;
        const FrameHeader header = load_header(buffer.data());
        BOOST_REQUIRE((header.type == FrameType::append));
        BOOST_TEST((header.link == peer.link));
        const Append append = read_append(buffer.data(), header.flags, self.epoch);
        BOOST_TEST(size == append_head_bytes(append, self.epoch) + header.tail_bytes);
        return append;
    }
    /// How many entries are sent now.
    std::uint32_t entries(std::size_t room = 2048) {
        const auto sent = append(room);
        return sent ? sent->count : 0;
    }

    Sender<GivenParts> sender;
    OutgoingSnapshots<GivenParts> snapshots;
    Peer peer;
    std::uint64_t round = 0;
    alignas(8) std::array<std::byte, 2048> buffer{};
};
using Leading = LeaderOf<Parts>;

}  // namespace support::one_leader
