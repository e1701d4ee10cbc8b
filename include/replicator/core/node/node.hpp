// SPDX-License-Identifier: BSL-1.0
// The switchboard of a node: a frame goes to the part that it is for, time goes to all parts, and room in a buffer to
// the first debt.
#pragma once

#include "owed.hpp"
#include "parts.hpp"
#include "relations.hpp"
#include "settle.hpp"

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
    [[nodiscard]] Local<Composition>& local() noexcept { return parts_.local; }
    [[nodiscard]] const Local<Composition>& local() const noexcept { return parts_.local; }
    [[nodiscard]] Applier<Composition>& applier() noexcept { return parts_.applier; }
    [[nodiscard]] const Applier<Composition>& applier() const noexcept { return parts_.applier; }
    [[nodiscard]] std::span<Peer> peers() noexcept { return peers_of(parts_); }
    [[nodiscard]] std::span<const Peer> peers() const noexcept { return peers_of(parts_); }
    [[nodiscard]] Peer* find(NodeId node) noexcept { return find_peer(parts_, node); }
    /// What people ask of the node begins there.
    [[nodiscard]] Relations<Composition> relations() noexcept { return Relations<Composition>(parts_); }

    [[nodiscard]] Error receive(Peer& peer, std::span<const std::byte> bytes) noexcept {
        if (local().role == Role::faulted) return Error::faulted;
        applier().begin_call();
        local().counters.bytes_received += bytes.size();
        peer.fed = true;
        Error error = Error::none;
        while (error == Error::none) {
            const FrameReader::Event event = peer.inbound.next(bytes);
            if (event.kind == FrameReader::Event::Kind::need_more) break;
            error = take(peer, event);
            if (error != Error::none && on_line() && event.kind != FrameReader::Event::Kind::head) {
                Damage<Composition>::pass(local(), peer, parts_.follower);
                error = Error::none;
            }
        }
        const bool cut_off = local().delivery.is(Delivers::frames) && peer.inbound.is_partial();
        if (error == Error::none && cut_off) error = Error::corrupt;
        if (error != Error::none) {
            ++local().counters.frames_corrupt;
            Damage<Composition>::begin_frames(local(), peer);
        }
        if (local().role == Role::follower) {
            if constexpr (Composition::is_durable) flush(parts_);  // so that the ack tells of it
            parts_.follower.settle(local(), applier());
            if (local().donor != NodeId{}) parts_.promotion.took_entries(relations());
        }
        return local().role == Role::faulted ? Error::faulted : error;
    }

    /// Writes one frame that the peer is owed; 0 when there is none, or `buffer` is too small.
    [[nodiscard]] std::size_t transmit(Peer& peer, std::span<std::byte> buffer) noexcept {
        const Owed owed = next_owed(parts_, peer);
        const bool appends = owed == Owed::entries || owed == Owed::note;
        if (appends && Sender<Composition>::fell_behind(local(), peer)) return transmit(peer, buffer);
        const bool is_payable = owed != Owed::nothing && buffer.size() >= bytes_min(owed);
        const std::size_t size = is_payable ? write(owed, peer, buffer) : 0;
        local().fail_if_log_did();  // what was read from a disk that failed is not sent
        if (size == 0 || local().log().fault() != Error::none) return 0;
        ++local().counters.frames_sent;
        local().counters.bytes_sent += size;
        return size;
    }

    void tick(Instant told) noexcept {
        applier().begin_call();
        const Duration gap = parts_.steady.pass(local(), told);
        if (local().role == Role::faulted) return;
        // Who was not told the time for so long was not running.
        const bool absent = gap.microseconds * 2 > Limits::failure_timeout.microseconds;
        if (absent) {
            local().awake_since = local().now;
            parts_.promotion.wish().was_absent(local());
        }
        for (Peer& peer : peers()) {
            relations().tick(peer, absent);
            if (!on_line()) continue;
            Damage<Composition>::give_up_partial(local(), peer, parts_.follower,
                                                 [&] { static_cast<void>(receive(peer, {})); });
        }
        for (Peer& peer : peers()) {
            if (sends_to(local(), peer)) Sender<Composition>::tick(local(), peer);
        }
        parts_.snapshots.tick(local().now, peers());
        if (local().role == Role::leader) parts_.leader.tick(local(), applier(), peers());
        if (local().gives_way()) relations().review_giving_way();
        parts_.promotion.tick(relations());
        flush(parts_);
        parts_.disk.tick(local(), applier(), peers(), local().installing());
        apply_more(parts_);
        const bool acked_lately = local().now - parts_.acked_at < Limits::heartbeat_interval;
        if (local().role == Role::follower && !acked_lately) parts_.follower.heartbeat_due();
    }

private:
    [[nodiscard]] bool on_line() const noexcept { return local().delivery.is(Delivers::line); }

    [[nodiscard]] Error take(Peer& peer, const FrameReader::Event& event) noexcept {
        switch (event.kind) {
            case FrameReader::Event::Kind::head: return take_head(peer, event.bytes);
            case FrameReader::Event::Kind::tail: return take_tail(peer, event.bytes, event.tail_ends);
            case FrameReader::Event::Kind::garbage: return Error::corrupt;
            case FrameReader::Event::Kind::first_version: return Links<Composition>::refuse_version(local(), peer);
            default: return Error::none;
        }
    }

    [[nodiscard]] Error take_head(Peer& peer, std::span<const std::byte> head) noexcept {
        const FrameHeader header = load_header(head.data());
        const bool hunts = on_line() && peer.inbound.hunts();
        if (hunts && !Damage<Composition>::finds(local(), peer, header, head)) return Error::none;
        if (header.tail_bytes > Limits::frame_bytes_max - head.size()) return Error::corrupt;
        ++local().counters.frames_received;
        peer.tail = Peer::Tail::dropped;
        peer.tail_began = local().now;
        if (is_of_no_link(header.type)) return take_rare(peer, header, head);
        if (header.link == LinkId{} || header.link != peer.link) {
            ++local().counters.frames_stale;
            return Error::none;
        }
        peer.heard_at = local().now;
        peer.link_confirmed = true;
        peer.tail = Peer::Tail::unwanted;
        return sends_to(local(), peer) ? take_from_follower(peer, header, head) : take_from_source(peer, header, head);
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
            Links<Composition>::answer_in_turn(local(), peer, load_head_checksum(head.data()),
                                               [&] { relations().take_hello(peer, read_hello(head.data())); });
        }
        return Error::none;
    }

    [[nodiscard]] Error take_from_follower(Peer& peer, const FrameHeader& header,
                                           std::span<const std::byte> head) noexcept {
        if (header.type != FrameType::ack || header.tail_bytes != 0) return Error::protocol;
        const Ack ack = read_ack(head.data(), header.flags);
        if (const Error error = Leader<Composition>::on_ack(peer.progress, ack); error != Error::none) return error;
        if (peer.progress.stuck) watch<Composition>(peer.progress, local().now);  // it may be there again
        const bool takes_state = peer.progress.state() == FollowerState::snapshot;
        Sender<Composition>::on_ack(local(), peer, ack);
        if (takes_state) parts_.snapshots.on_ack(local(), peer, ack, Sender<Composition>{});
        if (local().role == Role::leader) parts_.leader.review(local(), applier(), peers());
        if (local().gives_way()) relations().review_giving_way();
        return Error::none;
    }

    [[nodiscard]] Error take_from_source(Peer& peer, const FrameHeader& header,
                                         std::span<const std::byte> head) noexcept {
        auto& follower = parts_.follower;
        bool wanted = false;
        Peer::Tail tail = Peer::Tail::snapshot;
        switch (header.type) {
            case FrameType::append:
                wanted = follower.begin_append(local(), read_append(head.data(), header.flags, local().epoch));
                if (wanted && local().installing()) parts_.incoming.drop(local());
                tail = Peer::Tail::entries;
                break;
            case FrameType::snapshot_begin:
            case FrameType::snapshot_piece: wanted = parts_.incoming.take_head(local(), follower, header, head); break;
            case FrameType::hand_over: return take_rare(peer, header, head);
            default: return Error::protocol;
        }
        if (wanted) peer.tail = tail;
        return wanted && header.tail_bytes == 0 ? take_tail(peer, {}, true) : Error::none;
    }

    [[nodiscard]] Error take_tail(Peer& peer, std::span<const std::byte> piece, bool ends) noexcept {
        // A frame without an end would keep the stream for ever.
        if (local().now - peer.tail_began >= frame_timeout<Limits>) return Error::protocol;
        // On a slow line a frame may take longer than a silent peer is waited for.
        if (peer.tail != Peer::Tail::dropped) peer.heard_at = local().now;
        switch (peer.tail) {
            case Peer::Tail::entries: return parts_.follower.entries(local(), applier(), piece, ends);
            case Peer::Tail::snapshot: return parts_.incoming.take(local(), applier(), parts_.follower, piece, ends);
            default: return Error::none;
        }
    }

    [[nodiscard]] std::size_t write(Owed owed, Peer& peer, std::span<std::byte> buffer) noexcept {
        const std::uint64_t round = parts_.leader.current_round();
        switch (owed) {
            case Owed::hello: return relations().write_hello(peer, buffer);
            case Owed::promise_reply: return parts_.promotion.write_reply(local(), applier(), peer, buffer);
            case Owed::promise_request: return parts_.promotion.write_request(local(), peer, buffer);
            case Owed::hand_over: return parts_.giving_way.write_hand_over(local(), peer, buffer);
            case Owed::snapshot: return parts_.snapshots.transmit(local(), applier(), peer, buffer);
            case Owed::entries:
            case Owed::note:
                return Sender<Composition>::write_append(local(), round, owed == Owed::entries, peer, buffer);
            case Owed::ack:
                parts_.acked_at = local().now;
                return write_head(buffer.data(), parts_.follower.make_ack(local(), applier()), peer.link);
            case Owed::nothing: break;
        }
        return 0;
    }

    NodeParts<Composition> parts_;
};

}  // namespace replicator::core
