// SPDX-License-Identifier: BSL-1.0
// Damage: what a node makes of a line, on which bytes get lost, come twice, or come as others. The link stands; what is
// missing is noticed, and sent again.
#pragma once

#include "../../concepts/transport.hpp"
#include "../peer/links.hpp"
#include "../peer/peer.hpp"
#include "../self.hpp"
#include "../wire/frame.hpp"
#include "../wire/hello.hpp"

#include <cstddef>
#include <span>
#include <utility>

namespace replicator::core {

template <class Composition>
struct Damage {
    using Limits = typename Composition::Limits;

    [[nodiscard]] static bool is_possible(const Self<Composition>& self) noexcept {
        return self.delivery.is(Delivers::line);
    }

    /// What comes next is the beginning of a frame; but for a line, where nobody knows.
    static void begin_frames(const Self<Composition>& self, Peer& peer) noexcept {
        peer.inbound.restart();
        if (is_possible(self)) peer.inbound.hunt();
    }

    /// Something that came is no frame, or the rest of one does not come. `follower` takes what the peer sends.
    template <class Follower>
    static void pass(Self<Composition>& self, Peer& peer, Follower& follower) noexcept {
        ++self.counters.frames_corrupt;
        peer.inbound.hunt();
        if (peer.tail != Peer::Tail::dropped) follower.damaged(self);
        peer.tail = Peer::Tail::dropped;
    }

    /// What of a frame has not come in such a long silence was lost. Silence is counted from a tick on, so that bytes
    /// which wait for a busy loop are not given up. `take_kept` takes the frames among the bytes that were kept.
    template <class Follower, class TakeKept>
    static void give_up_partial(Self<Composition>& self, Peer& peer, Follower& follower,
                                TakeKept&& take_kept) noexcept {
        if (std::exchange(peer.fed, false)) peer.fed_at = self.now;
        const bool silent = (self.now - peer.fed_at).microseconds * 2 >= Limits::heartbeat_interval.microseconds;
        if (!silent || !peer.inbound.is_partial()) return;
        peer.inbound.give_up();
        pass(self, peer, follower);
        take_kept();
        while (peer.inbound.is_partial()) {
            peer.inbound.give_up();
            take_kept();
        }
        peer.fed = false;
    }

    /// This head, which was found among damaged bytes, is to be taken. Else the search goes on behind its first byte.
    [[nodiscard]] static bool finds(const Self<Composition>& self, Peer& peer, const FrameHeader& header,
                                    std::span<const std::byte> head) noexcept {
        if (believes(self, peer, header, head)) {
            peer.inbound.found();
            return true;
        }
        peer.inbound.pass_over();
        return false;
    }

private:
    /// While it looks for the next frame, this node believes only what names the link, or repeats our number. All else
    /// may be bytes of a command.
    [[nodiscard]] static bool believes(const Self<Composition>& self, Peer& peer, const FrameHeader& header,
                                       std::span<const std::byte> head) noexcept {
        if (header.type != FrameType::hello) return header.link != LinkId{} && header.link == peer.link;
        const Hello theirs = read_hello(head.data());
        if (Links<Composition>::answers_us(self, peer, theirs)) return true;
        Links<Composition>::answer_in_turn(self, peer, load_head_checksum(head.data()),
                                           [&] { Links<Composition>::ask_back(peer, theirs); });
        return false;
    }
};

}  // namespace replicator::core
