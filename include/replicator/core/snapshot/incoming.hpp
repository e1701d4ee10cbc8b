// SPDX-License-Identifier: BSL-1.0
// The follower's side of a snapshot: pieces are gathered, checked and loaded into a new machine; only when all are
// there does it replace the old one, and the log begins anew behind it.
#pragma once

#include "../../api/observer.hpp"
#include "../../encoding/entry.hpp"
#include "../applier.hpp"
#include "../frozen.hpp"
#include "../self.hpp"
#include "../wire/hello.hpp"
#include "../wire/snapshot.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <utility>

namespace replicator::core {

template <class Composition>
class IncomingSnapshot {
public:
    /// What a piece of a tail led to.
    enum class Step : std::uint8_t {
        nothing,   ///< more has to come
        begun,     ///< another state than before is being received
        moved,     ///< the leader should hear how far it is
        useless,   ///< this node is further than the snapshot
        corrupt,   ///< the bytes are damaged
        foreign,   ///< it is of another history, or of another kind of group, which the handshake ruled out
        invalid,   ///< the bytes are sound, and the state machine refuses them
        no_room,   ///< the disk has no room for it; the leader will begin again
        complete,  ///< everything is there: call `finish`
    };

    // Of the node, `follower` is the part that takes entries: it says what it holds, and what the leader is owed.

    /// The head of a frame with a part of a state came. False when what follows is of no use.
    template <class Following>
    [[nodiscard]] bool take_head(Self<Composition>& self, Following& follower, const FrameHeader& header,
                                 std::span<const std::byte> head) noexcept {
        return header.type == FrameType::snapshot_piece
                   ? begin_piece(self, follower, read_snapshot_piece(head.data()), header.tail_bytes)
                   : begin(self, follower, read_snapshot_begin(head.data()), header.tail_bytes);
    }

    /// A state begins, with so many bytes to follow. False when they are of no use.
    template <class Following>
    [[nodiscard]] bool begin(Self<Composition>& self, const Following& follower, const SnapshotBegin& begin,
                             std::size_t tail_bytes) noexcept {
        const Position lacks = begin.lacks;
        const Index at = begin.position.index;
        // A head that comes late may be that of the state which is here by now.
        const bool late = lacks.index <= at && is_of_line(self.log(), at, begin.chain);
        // Where its epoch is forgotten, what the leader lacks is here only if it still is the newest that is committed.
        const bool own = lacks.epoch == Epoch{} ? lacks.index == self.commit : lacks.index <= self.commit;
        const bool replaces = lacks.index != Index{} && own && self.epochs().at(lacks.index) == lacks.epoch && !late;
        if (stalled(self.log())) return false;
        if (replaces && !follower.may_be_replaced(self, begin.common)) {
            self.fail(Error::diverged);
            return false;
        }
        return gather_begin(begin, tail_bytes, replaces);
    }
    template <class Following>
    [[nodiscard]] bool begin_piece(const Self<Composition>& self, Following& follower, const SnapshotPiece& piece,
                                   std::size_t tail_bytes) noexcept {
        const bool wanted = gather_piece(self, piece, tail_bytes);
        if (!wanted) follower.owe_ack();
        return wanted;
    }

    /// A piece of the tail of a snapshot frame came; `ends` with the last.
    template <class Following>
    [[nodiscard]] Error take(Self<Composition>& self, Applier<Composition>& applier, Following& follower,
                             std::span<const std::byte> piece, bool ends) noexcept {
        switch (gather(self, piece, ends)) {
            case Step::nothing: return Error::none;
            case Step::begun: notify(self, false); [[fallthrough]];
            case Step::moved: follower.owe_ack(); break;
            case Step::useless: follower.refuse(self, Error::snapshot_old, self.last()); break;
            case Step::corrupt: return Error::corrupt;
            case Step::foreign: return Error::protocol;
            case Step::invalid: self.fail(Error::snapshot_invalid); break;
            case Step::no_room: self.fail_if_log_did(); break;
            case Step::complete: complete(self, applier, follower); break;
        }
        return Error::none;
    }

    /// The beginning of a state that perhaps `replaces` a newer one on another line.
    [[nodiscard]] bool gather_begin(const SnapshotBegin& begin, std::size_t tail_bytes, bool replaces) noexcept {
        if (tail_bytes > tail_bytes_max || begin.id == SnapshotId{}) return false;
        replaces_ = replaces;
        gathering_begin_ = true;
        next_begin_ = begin;
        gathered_ = 0;
        return true;
    }

    /// False when the piece is not the next one; the leader should then hear which one is.
    [[nodiscard]] bool gather_piece(const Self<Composition>& self, const SnapshotPiece& piece,
                                    std::size_t tail_bytes) noexcept {
        const SnapshotOffset& here = self.incoming;
        if (!self.installing() || piece.id != here.id || piece.offset != here.offset) return false;
        if (tail_bytes > tail_bytes_max) return false;
        gathering_begin_ = false;
        piece_ = piece;
        gathered_ = 0;
        return true;
    }

    [[nodiscard]] Step gather(Self<Composition>& self, std::span<const std::byte> piece, bool ends) noexcept {
        // What came whole is used where it stands.
        if (Composition::whole_frames)
            return !ends ? Step::corrupt : gathering_begin_ ? start(self, piece) : load(self, piece);
        if (ends && gathered_ == 0 && !gathering_begin_) return load(self, piece);
        if (!piece.empty()) std::memcpy(buffer_.data() + gathered_, piece.data(), piece.size());
        gathered_ += piece.size();
        if (!ends) return Step::nothing;
        const auto whole = std::span<const std::byte>(buffer_).first(gathered_);
        return gathering_begin_ ? start(self, whole) : load(self, whole);
    }

    /// Puts the new state in the place of the old one, and begins the log behind it. Until that is on the disk, where
    /// there is one, the old one stays. False when the disk has no room, or failed, which its log then says. Up
    /// to `verified`, this node held what the leader holds.
    [[nodiscard]] bool finish(Self<Composition>& self, Applier<Composition>& applier, Index verified) noexcept {
        // What both lines share was held here, too; the state may be older than that.
        const Index position = begin_.position.index;
        if (replaces()) self.lost_through = larger(self.lost_through, begin_.common);
        if (verified > position) self.lost_through = larger(self.lost_through, verified);
        if (!replace_history(self, position)) {
            forget(self);
            return false;
        }
        self.commit = position;
        applier.install(std::move(loading_.machine()), self.log().begin());
        forget(self);
        return true;
    }

    /// What was received is given up; what this node holds stays.
    void drop(Self<Composition>& self) noexcept {
        if constexpr (Composition::is_durable) {
            if (self.installing()) self.history.drop_snapshot();
        }
        forget(self);
    }

private:
    template <class Following>
    void complete(Self<Composition>& self, Applier<Composition>& applier, Following& follower) noexcept {
        notify(self, true);
        // Without a replacement what is committed here is in the state; a tail of another line is not.
        follower.discard_after(self, replaces() ? begin_.common : larger(begin_.common, self.commit));
        if (!finish(self, applier, follower.verified())) return self.fail_if_log_did();
        follower.stand_at_state(self);
    }

    void notify(Self<Composition>& self, bool complete) const noexcept {
        if constexpr (requires { self.observer->on_snapshot(self.leader, SnapshotProgress{}); }) {
            self.observer->on_snapshot(self.leader, SnapshotProgress{
                                                        .id = begin_.id,
                                                        .index = begin_.position.index,
                                                        .bytes = self.incoming.offset,
                                                        .attempt = 0,
                                                        .complete = complete,
                                                    });
        }
    }

    void forget(Self<Composition>& self) noexcept {
        self.incoming = SnapshotOffset{};
        loading_.drop();
    }

    [[nodiscard]] bool replace_history(Self<Composition>& self, Index position) noexcept {
        if (position < self.lost_through) {
            const auto suspect = [position](auto& metadata) { metadata.suspect_from = position + 1; };
            if (!self.history.remember(suspect)) return false;
        }
        return self.history.install(position, begin_.chain, epochs_, roster_);
    }

    /// The state also goes to the disk, piece by piece.
    [[nodiscard]] bool begin_on_disk(Self<Composition>& self, std::span<const std::byte> tail) const noexcept {
        if constexpr (Composition::is_durable) {
            return self.history.begin_snapshot(begin_.id, begin_.position, begin_.chain, tail) == Error::none;
        } else {
            return true;
        }
    }
    [[nodiscard]] static bool append_on_disk(Self<Composition>& self, std::span<const std::byte> piece) noexcept {
        if constexpr (Composition::is_durable) {
            return self.history.append_snapshot(piece) == Error::none;
        } else {
            return true;
        }
    }

    /// The state takes the place of what is committed here, on another line.
    [[nodiscard]] bool replaces() const noexcept { return Composition::promotes && replaces_; }

    Step give_up(Self<Composition>& self, Step why) noexcept {
        drop(self);
        return why;
    }

    /// The beginning is whole. The same one again changes nothing, which is what lets a transfer resume.
    Step start(Self<Composition>& self, std::span<const std::byte> tail) noexcept {
        if (checksum(tail) != next_begin_.tail_checksum) return Step::corrupt;
        if (!fits(self, next_begin_)) return Step::foreign;
        if (next_begin_.position.index <= self.commit && !replaces()) return give_up(self, Step::useless);
        if (self.installing() && next_begin_.id == begin_.id) return Step::moved;
        if (!read_snapshot_tail<Composition>(tail, epochs_, roster_)) return Step::corrupt;
        begin_ = next_begin_;
        self.incoming = {begin_.id, 0};
        whole_checksum_ = 0;
        loading_.begin();
        return begin_on_disk(self, tail) ? Step::begun : give_up(self, Step::no_room);
    }

    [[nodiscard]] static bool fits(const Self<Composition>& self, const SnapshotBegin& begin) noexcept {
        return begin.history == self.history.id() && begin.schema == Composition::Codec::schema &&
               begin.policy == self.policy();
    }

    Step load(Self<Composition>& self, std::span<const std::byte> piece) noexcept {
        if (checksum(piece) != piece_.checksum) return Step::corrupt;
        if (piece.empty()) {
            const bool whole = whole_checksum_ == piece_.whole_checksum && loading_.complete();
            return whole ? Step::complete : give_up(self, Step::invalid);
        }
        if (!loading_.load(piece)) return give_up(self, Step::invalid);
        if (!append_on_disk(self, piece)) return give_up(self, Step::no_room);
        whole_checksum_ = value(detail::fold(Chain{whole_checksum_}, piece_.checksum));
        self.incoming.offset += piece.size();
        return Step::moved;
    }

    bool replaces_ = false;
    SnapshotBegin begin_;
    Epochs<Composition::epochs_max> epochs_;
    Roster<Composition::Limits::nodes_max> roster_;
    Loading<typename Composition::Machine> loading_;
    std::uint32_t whole_checksum_ = 0;

    // The frame whose tail is being gathered.
    bool gathering_begin_ = false;
    SnapshotBegin next_begin_;
    SnapshotPiece piece_;
    std::size_t gathered_ = 0;
    static constexpr std::size_t tail_bytes_max =
        larger(Composition::snapshot_piece_bytes, snapshot_tail_bytes_max<typename Composition::Limits>);
    static constexpr std::size_t buffer_bytes = Composition::whole_frames ? 0 : tail_bytes_max;
    alignas(8) std::array<std::byte, buffer_bytes> buffer_{};
};

}  // namespace replicator::core
