// SPDX-License-Identifier: BSL-1.0
// The engine: where bytes and time meet the member. It hands each frame to the part that it is for, and asks the parts
// what a peer is owed.
#pragma once

#include "apply_rest.hpp"
#include "member.hpp"

#include "../../config.hpp"
#include "../peer/links.hpp"
#include "../peer/peer.hpp"
#include "../promote/questions.hpp"
#include "../steady.hpp"
#include "../wire/frame.hpp"
#include "../wire/frame_reader.hpp"
#include "../wire/message.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace replicator::core {

template <class Composition>
class Engine : public Member<Composition> {
public:
    using Limits = typename Composition::Limits;
    using Member = core::Member<Composition>;
    using Member::Member;
    using Member::peers;

    /// The node is complete, and is going to hear from its peers.
    template <class Transport_>
    void begin(const Transport_& transport) noexcept {
        local_.delivery.ask(transport);
        for (Peer& peer : peers()) begin_frames(peer);
    }

    void connected(Peer& peer) noexcept { begin_anew(peer, true); }
    void disconnected(Peer& peer) noexcept { begin_anew(peer, false); }

    [[nodiscard]] Error receive(Peer& peer, std::span<const std::byte> bytes) noexcept {
        if (local_.role == Role::faulted) return Error::faulted;
        applier_.begin_call();
        local_.counters.bytes_received += bytes.size();
        peer.fed = true;
        Error error = Error::none;
        while (error == Error::none) {
            const Inbound::Event event = peer.inbound.next(bytes);
            if (event.kind == Inbound::Event::Kind::need_more) break;
            error = take(peer, event);
            if (error != Error::none && on_line() && event.kind != Inbound::Event::Kind::head) {
                pass_damage(peer);
                error = Error::none;
            }
        }
        const bool cut_off = local_.delivery.is(Delivers::frames) && peer.inbound.is_partial();
        if (error == Error::none && cut_off) error = Error::corrupt;
        if (error != Error::none) {
            ++local_.counters.frames_corrupt;
            begin_frames(peer);
        }
        if (local_.role == Role::follower) {
            flush();  // so that the ack tells of it
            follower_.settle(local_, applier_);
            if (candidacy_.fetching()) this->pursue();
        }
        return local_.role == Role::faulted ? Error::faulted : error;
    }

    [[nodiscard]] bool owes(const Peer& peer) const noexcept {
        if (local_.role == Role::faulted) return false;
        if (peer.hello_owed || peer.reply_owed || peer.request_owed) return true;
        if (peer.link == LinkId{}) return false;
        if (sends_to(peer)) return peer.hand_over_owed || sender_.owes(local_, peer);
        return peer.id == local_.source && follower_.owes();
    }

    /// True when the peer is owed entries, on a node that leads.
    [[nodiscard]] bool owes_entries(const Peer& peer) const noexcept {
        return peer.link != LinkId{} && Sender<Composition>::entries_owed(local_, peer.progress);
    }

    /// Writes one frame that the peer is owed; 0 when there is none, or `buffer` is too small.
    [[nodiscard]] std::size_t transmit(Peer& peer, std::span<std::byte> buffer) noexcept {
        const std::size_t size = owes(peer) ? write_frame(peer, buffer) : 0;
        // What was read from a disk that failed is not sent.
        if (local_.log.fault() != Error::none) return local_.fail(Error::log_failed), std::size_t{0};
        if (size > 0) {
            ++local_.counters.frames_sent;
            local_.counters.bytes_sent += size;
        }
        return size;
    }

    /// True when entries wait for a flush that nobody has begun.
    [[nodiscard]] bool flush_due() const noexcept {
        if constexpr (Composition::is_durable) {
            const bool can = !local_.log.flushing() && !disk_full_ && local_.role != Role::faulted;
            return can && local_.log.held() < local_.log.last();
        } else {
            return false;
        }
    }

    /// Writes to the disk what was gathered, or begins to, and finds out how far it has come.
    void flush() noexcept {
        if constexpr (Composition::is_durable) {
            if (local_.role == Role::faulted) return;
            // Without room, the log takes nothing more, and says so to writers; the next tick tries again.
            disk_full_ = local_.log.flush() == Error::log_full;
            if (local_.log.fault() != Error::none) return local_.fail(Error::log_failed);
            if (local_.log.held() == held_) return;
            const bool first = held_ == Index{};
            held_ = local_.log.held();
            if (local_.role == Role::leader) {
                // The history that began here lasts now, so the others may hear of it.
                for (Peer& peer : peers()) peer.hello_owed = peer.hello_owed || (first && peer.link == LinkId{});
                leader_.advance(local_, applier_, peers());
                if (local_.gives_way()) this->review_hand_over();
            } else {
                follower_.flushed();
            }
        }
    }

    void apply_more() noexcept { apply_rest(local_, applier_, leader_, follower_, peers()); }

    void tick(Instant told) noexcept {
        applier_.begin_call();
        const Instant now = steady_.at(local_, told);
        const Duration gap = now - local_.now;
        steady_.count(local_, gap);
        local_.now = now;
        if (local_.role == Role::faulted) return;
        // Who was not told the time for so long was not running, and must not blame others for having been silent.
        const bool absent = gap.microseconds * 2 > Limits::failure_timeout.microseconds;
        if (absent) local_.awake_since = now, return_.was_absent(local_);
        for (Peer& peer : peers()) {
            if (absent && peer.heard_at) peer.heard_at = now;
            if (absent && peer.progress.stands_since) peer.progress.stands_since = now;
            if (absent) peer.tail_began = now;
            const bool slow = peer.link_slow && !peer.link_confirmed;
            const Duration patience = slow ? frame_timeout<Limits> : Limits::failure_timeout;
            const bool silent = !peer.heard_at || now - *peer.heard_at >= patience;
            if (silent) peer.blank.reset();
            if (peer.link != LinkId{} && silent) this->lose(peer);
            if (peer.link == LinkId{} && hello_due(peer)) peer.hello_owed = true;
            if (on_line()) give_up_partial(peer);
        }
        for (Peer& peer : peers()) {
            if (sends_to(peer)) sender_.tick(local_, peer);
        }
        sender_.tick_snapshots(local_, peers());
        if (local_.role == Role::leader) leader_.tick(local_, applier_, peers());
        if (local_.gives_way()) this->review_hand_over();
        if (return_.due(local_)) {
            static_cast<void>(this->promote({.may_lose = false, .last_leader = {}, .unless_led = true}));
        }
        if (candidacy_.active()) {
            this->ask_again();
            this->pursue();
        }
        tick_disk();
        apply_more();
        if (local_.role == Role::follower && now - acked_at_ >= Limits::heartbeat_interval) {
            follower_.heartbeat_due();
        }
    }

private:
    /// What comes next is the beginning of a frame; but for a line, where nobody knows.
    void begin_frames(Peer& peer) noexcept {
        peer.inbound.restart();
        if (on_line()) peer.inbound.hunt();
    }

    void begin_anew(Peer& peer, bool connected) noexcept {
        peer.connected = connected;
        begin_frames(peer);
        this->lose(peer);
        // A new connection asks for a hello. A line has none, and whoever thinks that it is bad may call this often.
        if (on_line()) {
            peer.hello_owed = hello_due(peer);
        } else {
            peer.answers = 0;
        }
    }

    /// Nobody who was not asked says hello more often.
    [[nodiscard]] bool hello_due(const Peer& peer) const noexcept {
        return local_.now - peer.hello_at >= Limits::retry_interval;
    }

    // ---- A line, on which bytes get lost, come twice, or come as others ----

    [[nodiscard]] bool on_line() const noexcept { return local_.delivery.is(Delivers::line); }

    /// The link stands: what is missing is noticed, and sent again.
    void pass_damage(Peer& peer) noexcept {
        ++local_.counters.frames_corrupt;
        peer.inbound.hunt();
        if (peer.tail != Peer::Tail::dropped) follower_.damaged(local_);
        peer.tail = Peer::Tail::dropped;
    }

    /// What of a frame has not come in such a long silence was lost. Silence is counted from a tick on, so that bytes
    /// which wait for a busy loop are not given up.
    void give_up_partial(Peer& peer) noexcept {
        if (std::exchange(peer.fed, false)) peer.fed_at = local_.now;
        const bool silent = (local_.now - peer.fed_at).microseconds * 2 >= Limits::heartbeat_interval.microseconds;
        if (!silent || !peer.inbound.is_partial()) return;
        peer.inbound.give_up();
        pass_damage(peer);
        while (static_cast<void>(receive(peer, {})), peer.inbound.is_partial()) peer.inbound.give_up();
        peer.fed = false;
    }

    /// While it looks for the next frame, this node believes only what names the link, or repeats our number. All else
    /// may be bytes of a command.
    [[nodiscard]] bool believes(Peer& peer, const FrameHeader& header, std::span<const std::byte> head) noexcept {
        if (header.type != FrameType::hello) return header.link != LinkId{} && header.link == peer.link;
        const Hello theirs = read_hello(head.data());
        if (Links<Composition>::answers_us(local_, peer, theirs)) return true;
        answer_with_hello(peer, head, [&] { Links<Composition>::ask_back(peer, theirs); });
        return false;
    }

    /// Does what a hello asks for, and answers it if it may be answered.
    template <class Take>
    void answer_with_hello(Peer& peer, std::span<const std::byte> head, Take&& take) noexcept {
        const bool owed = peer.hello_owed;
        take();
        if (owed || !peer.hello_owed) return;
        peer.hello_owed = Links<Composition>::may_answer(local_, peer, load_head_checksum(head.data()));
    }

    using Member::applier_, Member::candidacy_, Member::follower_, Member::handing_over_, Member::keeper_,
        Member::leader_, Member::local_, Member::return_, Member::roster_, Member::sender_, Member::sends_to;

    /// Periodic work for logs on disks: flush, write states, retain the entries that peers may need, and clear a
    /// suspicion that no longer holds.
    void tick_disk() noexcept {
        if constexpr (Composition::is_durable) {
            flush();
            keeper_.tick(local_, applier_, follower_.installing());
            Index needed = local_.log.last() + 1;
            for (const Peer& peer : peers()) needed = smaller(needed, peer.progress.received + 1);
            local_.log.need(local_.role == Role::leader ? needed : local_.log.last() + 1);
            if (local_.log.is_suspect() && local_.held_through <= local_.log.held()) {
                static_cast<void>(local_.remember([](auto& metadata) { metadata.suspect_from = Index{}; }));
            }
            local_.fail_if_log_did();
        }
    }

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
        if (on_line() && peer.inbound.hunts()) {
            if (!believes(peer, header, head)) return peer.inbound.pass_over(), Error::none;
            peer.inbound.found();
        }
        if (header.tail_bytes > Limits::frame_bytes_max - head.size()) return Error::corrupt;
        ++local_.counters.frames_received;
        peer.tail = Peer::Tail::dropped;
        peer.tail_began = local_.now;
        if (header.type == FrameType::hello) {
            if (header.tail_bytes != 0) return Error::protocol;
            answer_with_hello(peer, head, [&] { this->take_hello(peer, read_hello(head.data())); });
            return Error::none;
        }
        if (header.type == FrameType::promise_request || header.type == FrameType::promise_reply) {
            if (header.tail_bytes != 0) return Error::protocol;
            header.type == FrameType::promise_request ? this->take_request(peer, read_promise_request(head.data()))
                                                      : this->take_reply(peer, read_promise_reply(head.data()));
            return Error::none;
        }
        if (header.link == LinkId{} || header.link != peer.link) {
            ++local_.counters.frames_stale;
            return Error::none;
        }
        peer.heard_at = local_.now;
        peer.link_confirmed = true;
        peer.tail = Peer::Tail::unwanted;
        return sends_to(peer) ? take_from_follower(peer, header, head) : take_from_source(peer, header, head);
    }

    [[nodiscard]] Error take_from_follower(Peer& peer, const FrameHeader& header,
                                           std::span<const std::byte> head) noexcept {
        if (header.type != FrameType::ack || header.tail_bytes != 0) return Error::protocol;
        const Ack ack = read_ack(head.data(), header.flags);
        if (const Error error = leader_.on_ack(peer.progress, ack); error != Error::none) return error;
        if (peer.progress.stuck) watch<Composition>(peer.progress, local_.now);  // it may be there again
        sender_.on_ack(local_, peer, ack);
        if (local_.role == Role::leader) leader_.review(local_, applier_, peers());
        if (local_.gives_way()) this->review_hand_over();
        return Error::none;
    }

    [[nodiscard]] Error take_from_source(Peer& peer, const FrameHeader& header,
                                         std::span<const std::byte> head) noexcept {
        bool wanted = false;
        Peer::Tail tail = Peer::Tail::snapshot;
        switch (header.type) {
            case FrameType::append:
                wanted = follower_.begin_append(local_, read_append(head.data(), header.flags, local_.epoch));
                tail = Peer::Tail::entries;
                break;
            case FrameType::snapshot_begin:
                wanted = follower_.begin_snapshot(local_, read_snapshot_begin(head.data()), header.tail_bytes);
                break;
            case FrameType::snapshot_piece:
                wanted = follower_.begin_piece(read_snapshot_piece(head.data()), header.tail_bytes);
                break;
            case FrameType::hand_over:
                if (header.tail_bytes != 0) return Error::protocol;
                this->take_hand_over(peer, read_hand_over(head.data()));
                return Error::none;
            default: return Error::protocol;
        }
        if (wanted) peer.tail = tail;
        return wanted && header.tail_bytes == 0 ? take_tail(peer, {}, true) : Error::none;
    }

    [[nodiscard]] Error take_tail(Peer& peer, std::span<const std::byte> piece, bool ends) noexcept {
        // A frame without an end would keep the stream for ever.
        if (local_.now - peer.tail_began >= frame_timeout<Limits>) return Error::protocol;
        // On a slow line a frame may take longer than a silent peer is waited for.
        if (peer.tail != Peer::Tail::dropped) peer.heard_at = local_.now;
        switch (peer.tail) {
            case Peer::Tail::entries: return follower_.entries(local_, applier_, piece, ends);
            case Peer::Tail::snapshot: return follower_.snapshot_bytes(local_, applier_, piece, ends);
            case Peer::Tail::unwanted:
            case Peer::Tail::dropped: break;
        }
        return Error::none;
    }

    [[nodiscard]] std::size_t write_frame(Peer& peer, std::span<std::byte> buffer) noexcept {
        if (peer.hello_owed) {
            if (buffer.size() < frame_head_bytes_max) return 0;
            const Hello hello =
                Links<Composition>::make_hello(local_, peer, follower_.installing(), follower_.snapshot_offset());
            peer.hello_owed = false;
            peer.refusal_owed = Error::none;
            peer.hello_at = local_.now;
            return write_head(buffer.data(), hello);
        }
        if (peer.reply_owed || peer.request_owed) return write_ballot(peer, buffer);
        if (sends_to(peer)) {
            if (peer.hand_over_owed) return write_hand_over(peer, buffer);
            return sender_.transmit(local_, applier_, leader_.current_round(), peer, buffer);
        }
        if (buffer.size() < frame_header_bytes + field_bytes(FrameType::ack, ack_flags::all)) return 0;
        acked_at_ = local_.now;
        return write_head(buffer.data(), follower_.make_ack(local_, applier_), peer.link);
    }

    [[nodiscard]] std::size_t write_ballot(Peer& peer, std::span<std::byte> buffer) noexcept {
        if (buffer.size() < frame_head_bytes_max) return 0;
        if (peer.reply_owed) {
            const auto& roster = roster_.of(local_, applier_);
            if (stalled(local_.log)) return 0;
            peer.reply_owed = false;
            const std::uint32_t flags = (follower_.installing() ? ballot_flags::installing : 0) |
                                        (candidacy_.of_a_person() ? ballot_flags::candidate : 0);
            return write_head(buffer.data(), Questions<Composition>::make_reply(local_, roster, flags, peer));
        }
        peer.request_owed = false;
        peer.requested_at = local_.now;
        return write_head(buffer.data(), Questions<Composition>::make_request(local_, candidacy_, peer));
    }

    [[nodiscard]] std::size_t write_hand_over(Peer& peer, std::span<std::byte> buffer) noexcept {
        if (buffer.size() < frame_head_bytes_max) return 0;
        peer.hand_over_owed = false;
        handing_over_.told(local_.now);
        return write_head(buffer.data(), HandOver{local_.last()}, peer.link);
    }

    Steady<Composition> steady_;
    Instant acked_at_;  // when the source was last told what this node holds
    bool disk_full_ = false;
    Index held_;  // how far the disk was, when somebody was last told
};

}  // namespace replicator::core
