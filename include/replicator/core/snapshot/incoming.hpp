// SPDX-License-Identifier: BSL-1.0
// The follower's side of a snapshot: pieces are gathered, checked and loaded into a new machine; only when all are
// there does it replace the old one, and the log begins anew behind it.
#pragma once

#include "frozen.hpp"

#include "../../api/observer.hpp"
#include "../../encoding/entry.hpp"
#include "../applier.hpp"
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
class Install {
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

    /// True while a state is being received. The node's own, older state stays as it is until the end.
    [[nodiscard]] bool active() const noexcept { return active_; }
    /// True when a snapshot was begun, and perhaps completed, so that the leader can be told.
    [[nodiscard]] bool known() const noexcept { return begin_.id != SnapshotId{}; }
    [[nodiscard]] SnapshotOffset offset() const noexcept { return {begin_.id, offset_}; }
    [[nodiscard]] SnapshotProgress progress(bool complete) const noexcept {
        return {.id = begin_.id, .index = begin_.position.index, .bytes = offset_, .attempt = 0, .complete = complete};
    }

    /// True when the state takes the place of a newer one that lies on another line, which parts from the leader's at
    /// `common`.
    [[nodiscard]] bool replaces() const noexcept { return replaces_; }
    [[nodiscard]] Index common() const noexcept { return begin_.common; }

    [[nodiscard]] bool gather_begin(const SnapshotBegin& begin, std::size_t tail_bytes, bool replaces) noexcept {
        if (tail_bytes > buffer_.size()) return false;
        replaces_ = replaces;
        gathering_begin_ = true;
        next_begin_ = begin;
        gathered_ = 0;
        return true;
    }

    /// False when the piece is not the next one; the leader should then hear which one is.
    [[nodiscard]] bool gather_piece(const SnapshotPiece& piece, std::size_t tail_bytes) noexcept {
        if (!active_ || piece.id != begin_.id || piece.offset != offset_) return false;
        if (tail_bytes > buffer_.size()) return false;
        gathering_begin_ = false;
        piece_ = piece;
        gathered_ = 0;
        return true;
    }

    [[nodiscard]] Step gather(Local<Composition>& local, std::span<const std::byte> piece, bool ends) noexcept {
        // What came whole is used where it stands.
        if (ends && gathered_ == 0 && !gathering_begin_) return load(local, piece);
        if (!piece.empty()) std::memcpy(buffer_.data() + gathered_, piece.data(), piece.size());
        gathered_ += piece.size();
        if (!ends) return Step::nothing;
        const auto whole = std::span<const std::byte>(buffer_).first(gathered_);
        return gathering_begin_ ? start(local, whole) : load(local, whole);
    }

    /// Puts the new state in the place of the old one, and begins the log behind it. Until that is on the disk, where
    /// there is one, the old one stays. False when the disk has no room, or failed, which its log then says. Up
    /// to `verified`, this node held what the leader holds.
    [[nodiscard]] bool finish(Local<Composition>& local, Applier<Composition>& applier, Index verified) noexcept {
        // What both lines share was held here, too; the state may be older than that.
        const Index position = begin_.position.index;
        if (replaces_) local.held_through = larger(local.held_through, begin_.common);
        if (verified > position) local.held_through = larger(local.held_through, verified);
        if (!replace_history(local, position)) return forget(), false;
        local.commit = position;
        applier.install(std::move(thawing_.machine()), local.log().begin());
        forget();
        return true;
    }

    void drop(Local<Composition>& local) noexcept {
        if constexpr (Composition::is_durable) {
            if (active_) local.history.drop_snapshot();
        }
        forget();
    }

private:
    void forget() noexcept {
        active_ = false;
        begin_.id = SnapshotId{};
        thawing_.drop();
    }

    [[nodiscard]] bool replace_history(Local<Composition>& local, Index position) noexcept {
        if (position < local.held_through) {
            const auto suspect = [position](auto& metadata) { metadata.suspect_from = position + 1; };
            if (!local.history.remember(suspect)) return false;
        }
        return local.history.install(begin_.history, position, begin_.chain, epochs_, roster_);
    }

    /// The state also goes to the disk, piece by piece.
    [[nodiscard]] bool begin_on_disk(Local<Composition>& local, std::span<const std::byte> tail) const noexcept {
        if constexpr (Composition::is_durable) {
            return local.history.begin_snapshot(begin_.id, begin_.position, begin_.chain, tail) == Error::none;
        } else {
            return true;
        }
    }
    [[nodiscard]] static bool append_on_disk(Local<Composition>& local, std::span<const std::byte> piece) noexcept {
        if constexpr (Composition::is_durable) {
            return local.history.append_snapshot(piece) == Error::none;
        } else {
            return true;
        }
    }

    /// The beginning is whole. The same one again changes nothing, which is what lets a transfer resume.
    Step start(Local<Composition>& local, std::span<const std::byte> tail) noexcept {
        if (checksum(tail) != next_begin_.tail_checksum) return Step::corrupt;
        if (!fits(local, next_begin_)) return Step::foreign;
        if (next_begin_.position.index <= local.commit && !replaces_) return drop(local), Step::useless;
        if (active_ && next_begin_.id == begin_.id) return Step::moved;
        if (!read_snapshot_tail<Composition>(tail, epochs_, roster_)) return Step::corrupt;
        begin_ = next_begin_;
        offset_ = 0;
        whole_checksum_ = 0;
        thawing_.begin();
        active_ = true;
        return begin_on_disk(local, tail) ? Step::begun : (drop(local), Step::no_room);
    }

    [[nodiscard]] static bool fits(const Local<Composition>& local, const SnapshotBegin& begin) noexcept {
        return begin.history == local.history.id() && begin.schema == Composition::Codec::schema &&
               begin.policy == local.policy();
    }

    Step load(Local<Composition>& local, std::span<const std::byte> piece) noexcept {
        if (checksum(piece) != piece_.checksum) return Step::corrupt;
        if (piece.empty()) {
            const bool whole = whole_checksum_ == piece_.whole_checksum && thawing_.complete();
            return whole ? Step::complete : (drop(local), Step::invalid);
        }
        if (!thawing_.load(piece)) return drop(local), Step::invalid;
        if (!append_on_disk(local, piece)) return drop(local), Step::no_room;
        whole_checksum_ = value(detail::fold(Chain{whole_checksum_}, piece_.checksum));
        offset_ += piece.size();
        return Step::moved;
    }

    bool active_ = false;
    bool replaces_ = false;
    SnapshotBegin begin_;
    Epochs<Composition::Limits::epochs_max> epochs_;
    Roster<Composition::Limits::nodes_max> roster_;
    Thawing<typename Composition::Machine> thawing_;
    std::uint64_t offset_ = 0;
    std::uint32_t whole_checksum_ = 0;

    // The frame whose tail is being gathered.
    bool gathering_begin_ = false;
    SnapshotBegin next_begin_;
    SnapshotPiece piece_;
    std::size_t gathered_ = 0;
    static constexpr std::size_t buffer_bytes =
        larger(Composition::snapshot_piece_bytes, snapshot_tail_bytes_max<typename Composition::Limits>);
    alignas(8) std::array<std::byte, buffer_bytes> buffer_{};
};

}  // namespace replicator::core
