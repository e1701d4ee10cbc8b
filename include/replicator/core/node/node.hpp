// SPDX-License-Identifier: BSL-1.0
// The switchboard of a node: a frame goes to the part that it is for, time goes to all parts, and room in a buffer to
// the first debt.
#pragma once

#include "owed.hpp"
#include "parts.hpp"
#include "relations.hpp"
#include "short_way.hpp"

#include "../../api/options.hpp"
#include "../../concepts/transport.hpp"
#include "../../error.hpp"
#include "../../types.hpp"
#include "../lead/seat.hpp"
#include "../lead/sender.hpp"
#include "../peer/peer.hpp"
#include "../stream/damage.hpp"
#include "../wire/append.hpp"
#include "../wire/frame_reader.hpp"
#include "../wire/promise.hpp"
#include "../wire/snapshot.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace replicator::core {

template <class Composition>
class Node {
public:
    using Limits = typename Composition::Limits;

    /// A blank node.
    Node(const Config& config, typename Composition::Observer* observer) noexcept : parts_(config, observer) {}
    /// A node as its log knows it; faulted when the log cannot be used.
    Node(const Config& config, typename Composition::Observer* observer,
         typename Composition::Log&& log) noexcept requires Composition::is_durable
        : parts_(config, observer, std::move(log)) {}

    [[nodiscard]] NodeParts<Composition>& parts() noexcept { return parts_; }
    [[nodiscard]] const NodeParts<Composition>& parts() const noexcept { return parts_; }
    [[nodiscard]] Self<Composition>& self() noexcept { return parts_.self; }
    [[nodiscard]] const Self<Composition>& self() const noexcept { return parts_.self; }
    [[nodiscard]] Applier<Composition>& applier() noexcept { return parts_.applier; }
    [[nodiscard]] const Applier<Composition>& applier() const noexcept { return parts_.applier; }
    [[nodiscard]] std::span<Peer> peers() noexcept { return peers_of(parts_); }
    [[nodiscard]] std::span<const Peer> peers() const noexcept { return peers_of(parts_); }
    [[nodiscard]] Peer* find(NodeId node) noexcept { return find_peer(parts_, node); }
    /// What people ask of the node begins there.
    [[nodiscard]] Relations<Composition> relations() noexcept { return Relations<Composition>(parts_); }

    [[nodiscard]] Error receive(Peer& peer, std::span<const std::byte> bytes) noexcept {
        if (self().role == Role::faulted) return Error::faulted;
        applier().begin_call();
        self().counters.bytes_received += bytes.size();
        peer.fed = true;
        Error error = Error::none;
        while (error == Error::none) {
            if (ShortWay<Composition>::take(parts_, peer, bytes)) {
                if (bytes.empty()) break;
                continue;
            }
            const FrameReader::Event event =
                Composition::whole_frames ? peer.inbound.next_of_frame(bytes) : peer.inbound.next(bytes);
            if (event.kind == FrameReader::Event::Kind::need_more) break;
            error = take(peer, event);
            if (error != Error::none && on_line() && event.kind != FrameReader::Event::Kind::head) {
                Damage<Composition>::pass(self(), peer, parts_.follower);
                error = Error::none;
            }
        }
        const bool cut_off = self().delivery.is(Delivers::frames) && peer.inbound.is_partial();
        if (error == Error::none && cut_off) error = Error::corrupt;
        if (error != Error::none) {
            ++self().counters.frames_corrupt;
            Damage<Composition>::begin_frames(self(), peer);
        }
        if (self().is_follower()) {
            if constexpr (Composition::is_durable) flush(parts_);  // so that the ack tells of it
            parts_.follower.settle(self(), applier());
            if (self().donor != NodeId{}) parts_.promotion.took_entries(relations());
        }
        return self().role == Role::faulted ? Error::faulted : error;
    }

    /// Writes one frame that the peer is owed; 0 when there is none, or `buffer` is too small.
    [[nodiscard]] std::size_t transmit(Peer& peer, std::span<std::byte> buffer) noexcept {
        Owed owed = next_owed(parts_, peer);
        const bool appends = Composition::sends && (owed == Owed::entries || owed == Owed::append);
        if (appends && Sender<Composition>::fell_behind(self(), peer)) owed = next_owed(parts_, peer);
        const bool is_payable = owed != Owed::nothing && buffer.size() >= bytes_min(owed);
        const std::size_t size = is_payable ? write(owed, peer, buffer) : 0;
        self().fail_if_log_did();  // what was read from a disk that failed is not sent
        if (size == 0 || self().log().fault() != Error::none) return 0;
        ++self().counters.frames_sent;
        self().counters.bytes_sent += size;
        return size;
    }

    void tick(Instant told) noexcept {
        applier().begin_call();
        const Duration gap = parts_.steady.pass(self(), told);
        if (self().role == Role::faulted) return;
        // Who was not told the time for so long was not running.
        const bool absent = gap.microseconds * 2 > Limits::failure_timeout.microseconds;
        if (absent) {
            self().awake_since = self().now;
            parts_.promotion.wish().was_absent(self());
        }
        for (Peer& peer : peers()) {
            relations().tick(peer, absent);
            if (!on_line()) continue;
            Damage<Composition>::give_up_partial(self(), peer, parts_.follower,
                                                 [&] { static_cast<void>(receive(peer, {})); });
        }
        for (Peer& peer : peers()) {
            if (sends_to(self(), peer)) Sender<Composition>::tick(self(), peer);
        }
        parts_.snapshots.tick(self().now, peers());
        if (self().is_leader()) parts_.leader.tick(self(), applier(), peers());
        if (self().gives_way()) relations().review_giving_way();
        parts_.promotion.tick(relations());
        flush(parts_);
        parts_.disk.tick(self(), applier(), peers(), self().installing());
        apply_more(parts_);
        const bool acked_lately = self().now - parts_.acked_at < Limits::heartbeat_interval;
        if (self().is_follower() && !acked_lately) parts_.follower.heartbeat_due();
    }

private:
    [[nodiscard]] bool on_line() const noexcept { return self().delivery.is(Delivers::line); }

    [[nodiscard]] Error take(Peer& peer, const FrameReader::Event& event) noexcept {
        switch (event.kind) {
            case FrameReader::Event::Kind::head: return take_head(peer, event.bytes);
            case FrameReader::Event::Kind::tail: return take_tail(peer, event.bytes, event.tail_ends);
            case FrameReader::Event::Kind::garbage: return Error::corrupt;
            case FrameReader::Event::Kind::first_version: return Links<Composition>::refuse_version(self(), peer);
            default: return Error::none;
        }
    }

    [[nodiscard]] Error take_head(Peer& peer, std::span<const std::byte> head) noexcept {
        const FrameHeader header = load_header(head.data());
        const bool hunts = on_line() && peer.inbound.hunts();
        if (hunts && !Damage<Composition>::finds(self(), peer, header, head)) return Error::none;
        if (header.tail_bytes > Limits::frame_bytes_max - head.size()) return Error::corrupt;
        ++self().counters.frames_received;
        peer.tail = Peer::Tail::dropped;
        peer.tail_began = self().now;
        if (is_of_no_link(header.type)) return take_rare(peer, header, head);
        if (header.link == LinkId{} || header.link != peer.link) {
            ++self().counters.frames_stale;
            return Error::none;
        }
        peer.heard_at = self().now;
        peer.link_confirmed = true;
        peer.tail = Peer::Tail::unwanted;
        return sends_to(self(), peer) ? take_from_follower(peer, header, head) : take_from_source(peer, header, head);
    }

    [[nodiscard]] static bool is_of_no_link(FrameType type) noexcept {
        return type == FrameType::hello || type == FrameType::promise_request || type == FrameType::promise_reply;
    }

    /// What is no part of the flow of entries.
    [[nodiscard]] Error take_rare(Peer& peer, const FrameHeader& header, std::span<const std::byte> head) noexcept {
        if (header.tail_bytes != 0 && header.flags == 0) return Error::protocol;
        if (header.type == FrameType::promise_request) {
            parts_.promotion.take_request(relations(), peer, read_promise_request(head.data()));
        } else if (header.type == FrameType::promise_reply) {
            parts_.promotion.take_reply(relations(), peer, read_promise_reply(head.data()));
        } else if (header.type == FrameType::hand_over) {
            parts_.promotion.take_hand_over(relations(), peer, read_hand_over(head.data()));
        } else {
            Links<Composition>::answer_in_turn(self(), peer, load_head_checksum(head.data()),
                                               [&] { relations().take_hello(peer, read_hello(head.data())); });
        }
        return Error::none;
    }

    [[nodiscard]] Error take_from_follower(Peer& peer, const FrameHeader& header,
                                           std::span<const std::byte> head) noexcept {
        if (header.type != FrameType::ack || header.tail_bytes != 0) return Error::protocol;
        const Ack ack = read_ack(head.data(), header.flags);
        if (const Error error = Leader<Composition>::on_ack(peer.progress, ack); error != Error::none) return error;
        if (peer.progress.stuck) watch<Composition>(peer.progress, self().now);  // it may be there again
        const bool takes_state = Composition::has_snapshots && peer.progress.state() == FollowerState::snapshot;
        Sender<Composition>::on_ack(self(), peer, ack);
        if (takes_state) parts_.snapshots.on_ack(self(), peer, ack, Sender<Composition>{});
        if (self().is_leader()) parts_.leader.review(self(), applier(), peers());
        if (self().gives_way()) relations().review_giving_way();
        return Error::none;
    }

    [[nodiscard]] Error take_from_source(Peer& peer, const FrameHeader& header,
                                         std::span<const std::byte> head) noexcept {
        auto& follower = parts_.follower;
        bool wanted = false;
        Peer::Tail tail = Peer::Tail::snapshot;
        switch (header.type) {
            case FrameType::append:
                wanted = follower.begin_append(self(), read_append(head.data(), header.flags, self().epoch));
                if (wanted && self().installing()) parts_.incoming.drop(self());
                tail = Peer::Tail::entries;
                break;
            case FrameType::snapshot_begin:
            case FrameType::snapshot_piece: wanted = parts_.incoming.take_head(self(), follower, header, head); break;
            case FrameType::hand_over: return take_rare(peer, header, head);
            default: return Error::protocol;
        }
        if (wanted) peer.tail = tail;
        return wanted && header.tail_bytes == 0 ? take_tail(peer, {}, true) : Error::none;
    }

    [[nodiscard]] Error take_tail(Peer& peer, std::span<const std::byte> piece, bool ends) noexcept {
        // A frame without an end would keep the stream for ever.
        if (self().now - peer.tail_began >= frame_timeout<Limits>) return Error::protocol;
        // On a slow line a frame may take longer than a silent peer is waited for.
        if (peer.tail != Peer::Tail::dropped) peer.heard_at = self().now;
        switch (peer.tail) {
            case Peer::Tail::entries: return parts_.follower.entries(self(), applier(), piece, ends);
            case Peer::Tail::snapshot: return parts_.incoming.take(self(), applier(), parts_.follower, piece, ends);
            default: return Error::none;
        }
    }

    [[nodiscard]] std::size_t write(Owed owed, Peer& peer, std::span<std::byte> buffer) noexcept {
        switch (owed) {
            case Owed::entries:
            case Owed::append: {
                if (!Composition::sends) return 0;
                const std::uint64_t round = parts_.leader.current_round();
                return Sender<Composition>::write_append(self(), round, owed == Owed::entries, peer, buffer);
            }
            case Owed::ack:
                if (!Composition::follows) return 0;
                parts_.acked_at = self().now;
                return parts_.follower.write_ack(self(), applier(), peer.link, buffer.data());
            default: return write_rare(owed, peer, buffer);
        }
    }

    /// What is no part of the flow of entries. Apart, so that the rest is short.
    [[nodiscard, gnu::noinline]] std::size_t write_rare(Owed owed, Peer& peer, std::span<std::byte> buffer) noexcept {
        switch (owed) {
            case Owed::hello: return relations().write_hello(peer, buffer);
            case Owed::promise_reply: return parts_.promotion.write_reply(self(), applier(), peer, buffer);
            case Owed::promise_request: return parts_.promotion.write_request(self(), peer, buffer);
            case Owed::hand_over: return parts_.giving_way.write_hand_over(self(), peer, buffer);
            case Owed::snapshot: return parts_.snapshots.transmit(self(), applier(), peer, buffer);
            default: return 0;
        }
    }

    NodeParts<Composition> parts_;
};

}  // namespace replicator::core
