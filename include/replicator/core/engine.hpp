// SPDX-License-Identifier: BSL-1.0
// The engine: where bytes, time and the two roles meet. It hands each frame to the part that it is for, and asks the
// parts what a peer is owed.
#pragma once

#include "applier.hpp"
#include "follower.hpp"
#include "frame.hpp"
#include "handshake.hpp"
#include "leader.hpp"
#include "limits.hpp"
#include "links.hpp"
#include "local.hpp"
#include "message.hpp"
#include "peer.hpp"
#include "sender.hpp"

#include "../config.hpp"
#include "../result.hpp"

#include <array>
#include <cstddef>
#include <span>

namespace replicator::core {

template <class Composition>
class Engine {
public:
    using Limits = typename Composition::Limits;

    Engine(const Config& config, typename Composition::Observer* observer) noexcept {
        local_.observer = observer;
        local_.set(config);
        applier_.reseat(local_.log.begin());
        for (const NodeId node : local_.all_nodes()) {
            if (node == local_.self) continue;
            Peer& peer = peer_slots_[peer_count_++];
            peer.id = node;
            Links<Composition>::restart(local_, peer);
        }
    }

    [[nodiscard]] Local<Composition>& local() noexcept { return local_; }
    [[nodiscard]] const Local<Composition>& local() const noexcept { return local_; }
    [[nodiscard]] Applier<Composition>& applier() noexcept { return applier_; }
    [[nodiscard]] const Applier<Composition>& applier() const noexcept { return applier_; }
    [[nodiscard]] Leader<Composition>& leader() noexcept { return leader_; }
    [[nodiscard]] const Leader<Composition>& leader() const noexcept { return leader_; }
    [[nodiscard]] const Follower<Composition>& follower() const noexcept { return follower_; }
    [[nodiscard]] std::span<Peer> peers() noexcept { return std::span(peer_slots_).first(peer_count_); }
    [[nodiscard]] std::span<const Peer> peers() const noexcept { return std::span(peer_slots_).first(peer_count_); }

    [[nodiscard]] Peer* find(NodeId node) noexcept {
        for (Peer& peer : peers()) {
            if (peer.id == node) return &peer;
        }
        return nullptr;
    }

    /// Begins a history on a node that has none, and leads it.
    [[nodiscard]] Result<void> found(HistoryId history) noexcept {
        if (local_.role == Role::faulted) return Error::faulted;
        if (local_.founded()) return Error::already_founded;
        adopt(history);
        return lead({local_.promised.counter + 1, local_.self, static_cast<std::uint32_t>(value(local_.run))}, false);
    }

    /// Opens `epoch`, which must be higher than any that this node promised. Who may do so is decided elsewhere.
    [[nodiscard]] Result<void> lead(Epoch epoch, bool forced) noexcept {
        REPLICATOR_ASSERT(local_.founded() && epoch > local_.promised);
        sender_.restart();
        follower_.unlinked();
        const Result<void> opened = leader_.open(local_, applier_, peers(), epoch, forced);
        if (opened) {
            for (Peer& peer : peers()) Links<Composition>::restart(local_, peer);
        }
        return opened;
    }

    void connected(Peer& peer) noexcept {
        peer.inbound.restart();
        lose(peer);
    }
    void disconnected(Peer& peer) noexcept {
        peer.inbound.restart();
        lose(peer);
    }

    [[nodiscard]] Error receive(Peer& peer, std::span<const std::byte> bytes) noexcept {
        if (local_.role == Role::faulted) return Error::faulted;
        local_.counters.bytes_received += bytes.size();
        Error error = Error::none;
        while (error == Error::none) {
            const Inbound::Event event = peer.inbound.next(bytes);
            if (event.kind == Inbound::Event::Kind::need_more) break;
            error = take(peer, event);
        }
        if (error != Error::none) {
            ++local_.counters.frames_corrupt;
            peer.inbound.restart();
        }
        if (local_.role == Role::follower) follower_.settle(local_, applier_);
        return local_.role == Role::faulted ? Error::faulted : error;
    }

    [[nodiscard]] bool owes(const Peer& peer) const noexcept {
        if (local_.role == Role::faulted) return false;
        if (peer.hello_owed) return true;
        if (peer.link == LinkId{}) return false;
        return local_.role == Role::leader ? sender_.owes(local_, peer) : peer.id == local_.leader && follower_.owes();
    }

    /// Writes one frame that the peer is owed; 0 when there is none, or `buffer` is too small.
    [[nodiscard]] std::size_t transmit(Peer& peer, std::span<std::byte> buffer) noexcept {
        const std::size_t size = owes(peer) ? write_frame(peer, buffer) : 0;
        if (size > 0) {
            ++local_.counters.frames_sent;
            local_.counters.bytes_sent += size;
        }
        return size;
    }

    void tick(Instant now) noexcept {
        if (now < local_.now) now = local_.now;
        const Duration gap = now - local_.now;
        local_.now = now;
        if (local_.role == Role::faulted) return;
        // Who was not asked the time for so long was not running, and must not blame others for having been silent.
        const bool absent = gap.microseconds * 2 > Limits::failure_timeout.microseconds;
        for (Peer& peer : peers()) {
            if (absent && peer.heard_at) peer.heard_at = now;
            const bool silent = !peer.heard_at || now - *peer.heard_at >= Limits::failure_timeout;
            if (peer.link != LinkId{} && silent) lose(peer);
            if (peer.link == LinkId{} && now - peer.hello_at >= Limits::retry_interval) peer.hello_owed = true;
        }
        if (local_.role == Role::leader) {
            for (Peer& peer : peers()) sender_.tick(local_, peer);
            sender_.tick_snapshots(local_, peers());
            leader_.review(local_, applier_, peers());
        } else if (now - acked_at_ >= Limits::heartbeat_interval) {
            follower_.heartbeat_due();
        }
    }

private:
    [[nodiscard]] Error take(Peer& peer, const Inbound::Event& event) noexcept {
        switch (event.kind) {
            case Inbound::Event::Kind::head: return take_head(peer, event.bytes);
            case Inbound::Event::Kind::tail: return take_tail(peer, event.bytes, event.tail_ends);
            case Inbound::Event::Kind::garbage: return Error::corrupt;
            case Inbound::Event::Kind::need_more: break;
        }
        return Error::none;
    }

    [[nodiscard]] Error take_head(Peer& peer, std::span<const std::byte> head) noexcept {
        const FrameHeader header = load_header(head.data());
        if (header.tail_bytes > Limits::frame_bytes_max - head.size()) return Error::corrupt;
        ++local_.counters.frames_received;
        peer.tail = Peer::Tail::dropped;
        if (header.type == FrameType::hello) {
            if (header.tail_bytes != 0) return Error::protocol;
            take_hello(peer, read_hello(head.data()));
            return Error::none;
        }
        if (header.link == LinkId{} || header.link != peer.link) {
            ++local_.counters.frames_stale;
            return Error::none;
        }
        peer.heard_at = local_.now;
        peer.link_confirmed = true;
        return local_.role == Role::leader ? take_from_follower(peer, header, head)
                                           : take_from_leader(peer, header, head);
    }

    [[nodiscard]] Error take_from_follower(Peer& peer, const FrameHeader& header,
                                           std::span<const std::byte> head) noexcept {
        if (header.type != FrameType::ack || header.tail_bytes != 0) return Error::protocol;
        const Ack ack = read_ack(head.data(), header.flags);
        if (const Error error = leader_.take_ack(peer.progress, ack); error != Error::none) return error;
        sender_.take_ack(local_, peer, ack);
        leader_.review(local_, applier_, peers());
        return Error::none;
    }

    [[nodiscard]] Error take_from_leader(Peer& peer, const FrameHeader& header,
                                         std::span<const std::byte> head) noexcept {
        bool wanted = false;
        switch (header.type) {
            case FrameType::append:
                wanted = follower_.begin_append(local_, read_append(head.data(), header.flags, local_.epoch));
                peer.tail = wanted ? Peer::Tail::entries : Peer::Tail::dropped;
                return Error::none;
            case FrameType::snapshot_begin:
                wanted = follower_.begin_snapshot(read_snapshot_begin(head.data()), header.tail_bytes);
                break;
            case FrameType::snapshot_chunk:
                wanted = follower_.begin_chunk(read_snapshot_chunk(head.data()), header.tail_bytes);
                break;
            default: return Error::protocol;
        }
        peer.tail = wanted ? Peer::Tail::snapshot : Peer::Tail::dropped;
        return wanted && header.tail_bytes == 0 ? take_tail(peer, {}, true) : Error::none;
    }

    [[nodiscard]] Error take_tail(Peer& peer, std::span<const std::byte> piece, bool ends) noexcept {
        switch (peer.tail) {
            case Peer::Tail::entries: return follower_.entries(local_, applier_, piece);
            case Peer::Tail::snapshot: return follower_.snapshot_bytes(local_, applier_, piece, ends);
            case Peer::Tail::dropped: break;
        }
        return Error::none;
    }

    void take_hello(Peer& peer, const Hello& theirs) noexcept {
        const LinkId former = peer.link;
        const Met met = Links<Composition>::take_hello(local_, peer, theirs);
        if (former != LinkId{} && peer.link == LinkId{}) lost(peer);
        leave_old_leader();
        switch (met) {
            case Met::nothing: break;
            case Met::higher_epoch: step_down(); break;
            case Met::follower: serve(peer, theirs); break;
            case Met::leader: follow(peer, theirs); break;
        }
    }

    /// Nothing more is taken from a leader whose epoch is over, whoever said so.
    void leave_old_leader() noexcept {
        if (local_.role != Role::follower || local_.leader == NodeId{} || local_.epoch >= local_.promised) return;
        if (Peer* const old = find(local_.leader)) lose(*old);
    }

    /// A link to a follower begins. When it is another incarnation than the one that counts, the others are asked
    /// whether this node still leads.
    void serve(Peer& peer, const Hello& theirs) noexcept {
        ++local_.counters.handshakes;
        sender_.begin(local_, peer, theirs);
        if (!peer.progress.counts) {
            leader_.new_round();
            peer.progress.appeared_in_round = leader_.round();
            for (Peer& other : peers()) other.progress.heartbeat_owed = other.progress.linked();
        }
        leader_.review(local_, applier_, peers());
    }

    /// A link to a leader begins.
    void follow(Peer& peer, const Hello& theirs) noexcept {
        ++local_.counters.handshakes;
        for (Peer& other : peers()) {
            if (&other != &peer && other.link != LinkId{}) Links<Composition>::restart(local_, other);
        }
        if (!local_.founded()) adopt(theirs.history);
        const bool news = local_.leader != peer.id || local_.epoch != theirs.epoch;
        local_.leader = peer.id;
        local_.epoch = theirs.epoch;
        follower_.linked(followed_ == theirs.run);
        followed_ = theirs.run;
        if constexpr (requires { local_.observer->on_leader(peer.id, theirs.epoch); }) {
            if (news) local_.observer->on_leader(peer.id, theirs.epoch);
        }
    }

    /// A blank node takes up a history.
    void adopt(HistoryId history) noexcept {
        local_.history = history;
        local_.log.reset(Index{}, first_chain(history));
        applier_.reseat(local_.log.begin());
    }

    void step_down() noexcept {
        local_.leader = NodeId{};
        sender_.restart();
        for (Peer& peer : peers()) {
            peer.progress.state = FollowerState::down;
            Links<Composition>::restart(local_, peer);
        }
        local_.become(Role::follower);
    }

    /// The link to a peer is over, if there was one; a new one will be tried.
    void lose(Peer& peer) noexcept {
        Links<Composition>::restart(local_, peer);
        lost(peer);
    }

    void lost(Peer& peer) noexcept {
        if (local_.role == Role::leader && peer.progress.linked()) {
            peer.progress.state = FollowerState::down;
            peer.progress.in_flight.clear();
            Leader<Composition>::notify_follower(local_, peer);
            leader_.review(local_, applier_, peers());
        }
        if (local_.role != Role::follower || local_.leader != peer.id) return;
        local_.leader = NodeId{};
        follower_.unlinked();
        if constexpr (requires { local_.observer->on_leader(NodeId{}, local_.epoch); }) {
            local_.observer->on_leader(NodeId{}, local_.epoch);
        }
    }

    [[nodiscard]] std::size_t write_frame(Peer& peer, std::span<std::byte> buffer) noexcept {
        if (peer.hello_owed) {
            if (buffer.size() < frame_head_bytes_max) return 0;
            const Hello hello = Links<Composition>::make_hello(local_, peer, follower_.installing(),
                                                               follower_.snapshot_offset());
            peer.hello_owed = false;
            peer.refusal_owed = Error::none;
            peer.hello_at = local_.now;
            return write_head(buffer.data(), hello);
        }
        if (local_.role == Role::leader) return sender_.transmit(local_, applier_, leader_.round(), peer, buffer);
        if (buffer.size() < frame_header_bytes + field_bytes(FrameType::ack, ack_flags::all)) return 0;
        acked_at_ = local_.now;
        return write_head(buffer.data(), follower_.take_ack(local_, applier_), peer.link);
    }

    Local<Composition> local_;
    Applier<Composition> applier_;
    Leader<Composition> leader_;
    Follower<Composition> follower_;
    Sender<Composition> sender_;
    std::array<Peer, Composition::peers_max> peer_slots_{};
    std::size_t peer_count_ = 0;
    Run followed_{};    // the run of the leader that was followed last
    Instant acked_at_;  // when the leader was last told what this node holds
};

}  // namespace replicator::core
